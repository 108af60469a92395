"""The connections of an account: its own sessions and those of identities linked to it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable

from django.db.models import F, Q, QuerySet
from django.utils import timezone

from accounts.models import User
from linking.models import AccountLink, LinkingCode
from oauth.models import ConnectorSession, ConnectorSessionQuerySet


def connections_of(account: User) -> QuerySet[ConnectorSession]:
    """The live sessions that act for `account`, last used first."""
    live = _all_of(account).live(timezone.now())
    return live.select_related("client", "user__account_link").order_by(
        F("last_used_at").desc(nulls_last=True), "-created_at"
    )


def sessions_of(account: User) -> QuerySet[ConnectorSession]:
    """Every session that is kept of `account` and of identities linked to it, ended ones too, newest first.

    Not what had ended before the link: the identity may have been another person's then.
    """
    since = Q(ended_at=None) | Q(ended_at__gte=F("user__account_link__linked_at"))
    kept = _all_of(account).filter(Q(user=account) | since)
    return kept.select_related("client").order_by("-created_at")


def connections_state(account: User) -> str:
    """A digest of what acts for `account` and through which links; it says nothing of what that is."""
    sessions = connections_of(account).order_by("pk").values_list("pk", "last_used_at")
    links = AccountLink.objects.filter(account=account).order_by("pk").values_list("pk", flat=True)
    return hashlib.sha256(repr((list(sessions), list(links))).encode()).hexdigest()[:16]


def sharing_identity(code: LinkingCode) -> QuerySet[ConnectorSession]:
    """The other live sessions of the identity that a code is for: they will act for the account as well."""
    live = ConnectorSession.objects.live(timezone.now()).filter(user=code.identity, issuer=code.issuer)
    return live.exclude(pk__in=[code.session_id]).select_related("client")


def stamp_of(sessions: Iterable[ConnectorSession]) -> str:
    """A digest of the connections that a person decides about, as told of them: which, whose, and what they may.

    Whoever asks for a link can add a connection, or widen what one may do, between the question and the answer.
    """
    told = [
        [str(session.pk), session.client.name, session.client.verified_host, session.redirect_host, session.scope]
        for session in sessions
    ]
    return hashlib.sha256(json.dumps(sorted(told, key=str)).encode()).hexdigest()[:32]


def scopes_that_act(sessions: Iterable[ConnectorSession]) -> list[str]:
    """Every scope that one of `sessions` was granted: what a link allows, because it joins the whole identity."""
    return list(dict.fromkeys(scope for session in sessions for scope in session.scope.split()))


def _all_of(account: User) -> ConnectorSessionQuerySet:
    linked = Q(user__account_link__account=account, user__account_link__issuer=F("issuer"))
    return ConnectorSession.objects.filter(Q(user=account) | linked)
