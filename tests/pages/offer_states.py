"""How the states of `/link/code`, where a person makes a code, are reached: each function gives the path to open."""

from __future__ import annotations

from django.utils import timezone

from accounts.sign_in import TYPED_KEY
from linking.limits import MINTING_PER_HOUR
from linking.models import LinkingCode
from linking.pending import OFFERED_KEY
from linking.services import confirm_link, offer_linking_code
from linking.tests.builders import make_offered_code
from oauth.tests.builders import make_client, make_session
from tests.pages.states import HOUR
from tests.pages.visitor import Visitor


def offer_limited(visitor: Visitor) -> str:
    """Made too many codes."""
    visitor.sign_in()
    for _ in range(MINTING_PER_HOUR.count):
        offer_linking_code(account=visitor.account, address=None)
    LinkingCode.objects.filter(user=visitor.account).update(ended_at=timezone.now())
    return "/link/code"


def offer_waiting(visitor: Visitor) -> str:
    """Made a code, and waits."""
    visitor.sign_in()
    visitor.post("/link/code", decision="new")
    return "/link/code"


def own_code_kept(visitor: Visitor) -> str:
    """Made a code, and has it in the field for those of assistants."""
    offer_waiting(visitor)
    session = visitor.http.session
    session[TYPED_KEY] = session[OFFERED_KEY]["code"]
    session.save()
    return "/link"


def offer_waiting_elsewhere(visitor: Visitor) -> str:
    """Made a code in another browser."""
    make_offered_code(visitor.sign_in())
    return "/link/code"


def offer_ended(visitor: Visitor) -> str:
    """Made a code that nobody used in time."""
    path = offer_waiting(visitor)
    LinkingCode.objects.filter(user=visitor.account).update(expires_at=timezone.now() - HOUR)
    return path


def offer_confirm(visitor: Visitor) -> str:
    """An assistant has come with the code."""
    path = offer_waiting(visitor)
    session = make_session(client=make_client(name="Claude Code"))
    LinkingCode.objects.filter(user=visitor.account).update(session=session, redeemed_at=timezone.now())
    return path


def offer_confirm_elsewhere(visitor: Visitor) -> str:
    """An assistant has come with a code that was made in another browser."""
    path = offer_waiting_elsewhere(visitor)
    session = make_session(client=make_client(name="Claude Code"))
    LinkingCode.objects.filter(user=visitor.account).update(session=session, redeemed_at=timezone.now())
    return path


def offer_linked_elsewhere(visitor: Visitor) -> str:
    """Made a code here, and linked what came with it in another browser."""
    path = offer_confirm(visitor)
    code_id = LinkingCode.objects.get(user=visitor.account).pk
    confirm_link(account=visitor.account, code_id=code_id, address=None)
    return path


def offer_confirm_sign_in_again(visitor: Visitor) -> str:
    """The same, and signed in too long ago."""
    path = offer_confirm(visitor)
    visitor.let_the_sign_in_grow_old()
    return path
