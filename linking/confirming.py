"""What a person has to see before a code joins an assistant to their account (design §7, confirm)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from linking.models import LinkingCode
from linking.services import scopes_that_act, sharing_identity, stamp_of
from oauth.models import Client, ConnectorSession
from oauth.scopes import scope_sentences

# What "not me" is answered with when nothing acts for the account. The same whether or not the code had ended before:
# it may have become somebody else's link.
DECLINED = _("Nothing is linked to your account by that code, and it does not work any more.")


@dataclass(frozen=True, slots=True)
class LinkQuestion:
    """The question whether to link, with the facts that decide it. Whoever asks it, page or API, shows them all.

    `code` is empty where only its digest is known; `others` are connections that will act for the account as well.
    """

    row: LinkingCode
    code: str
    account: User
    session: ConnectorSession
    others: list[ConnectorSession]

    @property
    def client(self) -> Client:
        """The assistant: its name, and the host that vouches for it, if one does."""
        return self.session.client

    @property
    def age(self) -> timedelta:
        """For how long the assistant has had the code: since it asked for it, or gave one that was made here."""
        return max(timedelta(), timezone.now() - (self.row.redeemed_at or self.row.created_at))

    @property
    def age_minutes(self) -> int:
        """The same in whole minutes."""
        return self.age // timedelta(minutes=1)

    @property
    def scopes(self) -> list[str]:
        """What the link allows: the whole identity is joined, so that is all that one of its connections may do."""
        return scopes_that_act([self.session, *self.others])

    @property
    def stamp(self) -> str:
        """What the answer has to come with, so that it is an answer to this."""
        return stamp_of([self.session, *self.others])

    @property
    def sentences(self) -> list[str]:
        """The same in words."""
        return scope_sentences(self.scopes)


def question_about(row: LinkingCode | None, *, account: User, code: str) -> LinkQuestion | None:
    """What to ask `account` about a code; None when there is nothing to ask: it ended, or no assistant has it yet."""
    if row is None or row.session is None or row.why_refused(timezone.now()):
        return None
    return LinkQuestion(row=row, code=code, account=account, session=row.session, others=list(sharing_identity(row)))
