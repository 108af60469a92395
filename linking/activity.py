"""What happened in an account's name, in sentences for the person; the audit log has more, which is for staff.

An action that has no sentence here is not shown. `HIDDEN` names those that are left out on purpose.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.audit import AccountAction
from accounts.models import AuditEntry, User
from linking.audit import WHILE_LOCKED, LinkingAction
from oauth.audit import OAuthAction
from oauth.models import Client, ConnectorSession

# Of one account, the newest. There are more only after a flood, and no page or file should cost the site that much.
MOST_ON_PAGES = 20_000
MOST_IN_FILE = 50_000

KINDS: dict[str, Promise] = {
    "sign_in": gettext_lazy("Signing in"),
    "account": gettext_lazy("Changes to your account"),
    "assistant": gettext_lazy("Connecting and linking"),
}

_SIGN_IN: dict[str, Promise] = {
    AccountAction.SIGNED_UP: gettext_lazy("You created this account."),
    AccountAction.SIGNED_IN: gettext_lazy("You signed in."),
    AccountAction.SIGNED_OUT: gettext_lazy("You signed out."),
    AccountAction.SIGN_IN_REFUSED: gettext_lazy("Somebody tried to sign in to your account and was turned away."),
    AccountAction.FACTOR_REFUSED: gettext_lazy("Somebody gave a wrong second proof while signing in to your account."),
    AccountAction.BROWSER_ENDED: gettext_lazy("A browser was signed out from elsewhere."),
}
_ACCOUNT: dict[str, Promise] = {
    AccountAction.PASSWORD_CHANGED: gettext_lazy("The password was changed."),
    AccountAction.EMAIL_CHANGED: gettext_lazy("The email was changed."),
    AccountAction.EMAIL_CODE_SENT: gettext_lazy("A code was sent to a new email, to prove that it is yours."),
    AccountAction.EMAIL_REFUSED: gettext_lazy("A wrong code was typed for a new email."),
    AccountAction.PROFILE_CHANGED: gettext_lazy("The name was changed."),
    AccountAction.FACTOR_ADDED: gettext_lazy("A passkey or an authenticator app was added."),
    AccountAction.FACTOR_REMOVED: gettext_lazy("A passkey or an authenticator app was removed."),
    AccountAction.FACTOR_RENAMED: gettext_lazy("A passkey was given another name."),
    AccountAction.RECOVERY_CODES_MADE: gettext_lazy("New recovery codes were made."),
    AccountAction.DATA_EXPORTED: gettext_lazy("You downloaded your data."),
    AccountAction.DELETION_REFUSED: gettext_lazy("You tried to delete this account, which is not possible."),
    AccountAction.ACTIVATED: gettext_lazy("Staff turned your account on again."),
    AccountAction.DEACTIVATED: gettext_lazy("Staff turned your account off."),
    AccountAction.STAFF_ADDED: gettext_lazy("Staff made this account."),
    AccountAction.STAFF_CHANGED: gettext_lazy("Staff changed your account."),
}
_ASSISTANT: dict[str, Promise] = {
    OAuthAction.SESSION_OPENED: gettext_lazy("You allowed %(assistant)s to connect."),
    OAuthAction.SESSION_CONNECTED: gettext_lazy("%(assistant)s connected."),
    OAuthAction.SESSION_ENDED: gettext_lazy("The connection of %(assistant)s ended: %(reason)s."),
    OAuthAction.AUTHORIZATION_DENIED: gettext_lazy("You did not let %(assistant)s connect."),
    OAuthAction.CLIENT_FLAGGED: gettext_lazy("You reported %(assistant)s."),
    LinkingAction.CODE_PREVIEWED: gettext_lazy("You typed a code of %(assistant)s."),
    LinkingAction.CODE_OFFERED: gettext_lazy("You made a code for an assistant."),
    LinkingAction.CODE_REDEEMED: gettext_lazy("%(assistant)s came with a code of yours, and waits for your answer."),
    LinkingAction.CODE_DECLINED: gettext_lazy("You did not link %(assistant)s."),
    LinkingAction.GUESS_REFUSED: gettext_lazy("A code was typed that does not work."),
    LinkingAction.ACCOUNT_LOCKED: gettext_lazy(
        "Too many wrong codes were typed, and typing codes was locked for a time."
    ),
    LinkingAction.LINK_CONFIRMED: gettext_lazy("You linked %(assistant)s to your account."),
    LinkingAction.LINK_REFUSED: gettext_lazy("An assistant could not be linked to your account."),
    LinkingAction.LINK_REMOVED: gettext_lazy("%(assistant)s was unlinked from your account."),
    LinkingAction.LINK_DISOWNED: gettext_lazy("Somebody said that linking %(assistant)s was not you."),
}
# The reason would be about the reader, as if they were somebody else.
_ENDED_BY_YOU = gettext_lazy("You ended the connection of %(assistant)s.")
SENTENCES: dict[str, dict[str, Promise]] = {"sign_in": _SIGN_IN, "account": _ACCOUNT, "assistant": _ASSISTANT}

METHODS: dict[str, Promise] = {
    "password": gettext_lazy("You signed in with your password."),
    "code": gettext_lazy("You signed in with a code from an email."),
    "totp": gettext_lazy("You signed in with your authenticator app."),
    "webauthn": gettext_lazy("You signed in with a passkey."),
    "recovery_codes": gettext_lazy("You signed in with a recovery code."),
}

# Of the site or of staff, or of a row that is gone with its account.
HIDDEN = {
    AccountAction.GUEST_CREATED,
    AccountAction.GUESTS_SWEPT,
    AccountAction.REFUSALS_SWEPT,
    AccountAction.DELETED,
    LinkingAction.CODE_MINTED,
    LinkingAction.IDENTITY_RESOLVED,
    LinkingAction.CODES_SWEPT,
    LinkingAction.MINTING_REFUSED,
    LinkingAction.GUESSES_ALARMED,
    *(action for action in OAuthAction if action not in _ASSISTANT),
}


@dataclass(frozen=True, slots=True)
class Activity:
    """One line for the person. `address` is empty where somebody else's would show."""

    at: datetime
    sentence: str
    address: str
    action: str
    client_id: str


def activity_of(account: User, *, kind: str = "", client_id: str = "") -> QuerySet[AuditEntry]:
    """The rows that concern `account` and nobody else, newest first; of one kind, or of one assistant, if asked for.

    Without the guesses while it was locked, which `linking.locked_guesses` sums up.
    """
    kinds = [SENTENCES[kind]] if kind in SENTENCES else SENTENCES.values()
    rows = AuditEntry.objects.filter(account=account, action__in=[action for each in kinds for action in each])
    rows = rows.exclude(action=LinkingAction.GUESS_REFUSED, reason__in=WHILE_LOCKED)
    if client_id:
        rows = rows.filter(client_id=client_id)
    return rows.select_related("actor").order_by("-created_at", "-pk")


def in_words(entries: Iterable[AuditEntry], *, account: User) -> list[Activity]:
    """Audit rows as the person reads them."""
    rows = list(entries)
    names = assistant_names(row.client_id for row in rows)
    return [
        Activity(
            at=row.created_at,
            sentence=_sentence(row, assistant=names[row.client_id]),
            address=_address(row, account),
            action=row.action,
            client_id=row.client_id,
        )
        for row in rows
    ]


def assistant_names(client_ids: Iterable[str]) -> dict[str, str]:
    """What each assistant is called, whether it is still there or not."""
    wanted = set(client_ids)
    known = {client.client_id: str(client) for client in Client.objects.filter(client_id__in=wanted)}
    return {client_id: known.get(client_id) or _("an assistant that is gone") for client_id in wanted}


class AuditLog:
    """The audit log as a source of a person's history (`linking.history.Source`)."""

    kinds = KINDS
    remark = ""

    def count(self, account: User, *, kind: str = "", client_id: str = "") -> int:
        """How many rows people see of it."""
        return activity_of(account, kind=kind, client_id=client_id)[:MOST_ON_PAGES].count()

    def newest(self, account: User, limit: int, *, kind: str = "", client_id: str = "") -> list[Activity]:
        """The newest of them, in words."""
        return in_words(activity_of(account, kind=kind, client_id=client_id)[:limit], account=account)

    def client_ids(self, account: User) -> Iterable[str]:
        """The assistants that connected, were linked, or were turned away."""
        rows = activity_of(account, kind="assistant").exclude(client_id="").order_by()
        return rows.values_list("client_id", flat=True).distinct()

    def export(self, account: User) -> dict[str, Any]:
        """Every row, those that have no sentence too; of a flood the newest, and how many were left out."""
        told, untold = activity_of(account), _untold(account)
        records = list(untold[:MOST_IN_FILE])
        names = assistant_names(row.client_id for row in records)
        return {
            "activity": [
                {"at": row.at, "what": row.sentence, "action": row.action, "address": row.address}
                for row in in_words(told[:MOST_IN_FILE], account=account)
            ],
            "older_activity": max(0, told.count() - MOST_IN_FILE),
            "other_records": [
                {
                    "at": row.created_at,
                    "action": row.action,
                    "by": names[row.client_id] if row.client_id else "",
                    "address": row.address or "" if row.actor_id == account.pk else "",
                }
                for row in records
            ],
            "older_other_records": max(0, untold.count() - MOST_IN_FILE),
        }


def _untold(account: User) -> QuerySet[AuditEntry]:
    """The rows of `account` that the pages leave out, such as look-ups by services and codes that were not made."""
    told = [action for each in SENTENCES.values() for action in each]
    return AuditEntry.objects.filter(account=account).exclude(action__in=told).order_by("-created_at", "-pk")


def _sentence(row: AuditEntry, *, assistant: str) -> str:
    detail: dict[str, Any] = row.detail
    sentence = next(each[row.action] for each in SENTENCES.values() if row.action in each)
    if row.action == AccountAction.SIGNED_IN:
        sentence = METHODS.get(str(detail.get("method", "")), sentence)
    if row.action == OAuthAction.SESSION_ENDED and row.reason == ConnectorSession.EndReason.USER:
        sentence = _ENDED_BY_YOU
    reasons = dict(ConnectorSession.EndReason.choices)
    return str(sentence) % {"assistant": assistant, "reason": reasons.get(row.reason, row.reason)}


def _address(row: AuditEntry, account: User) -> str:
    """Where it was done from: by the account, its own identity, or somebody unknown; never where staff sit.

    Nor where an assistant came from that gave a code: it is nobody's of the account before the person has confirmed.
    """
    actor = row.actor
    if row.action == LinkingAction.CODE_REDEEMED:
        return ""
    if actor is not None and actor != account and not actor.is_guest:
        return ""
    return row.address or ""
