"""How the states of the pages for connecting and linking are reached: each function gives the path to open."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import urlencode

from django.utils import timezone

from accounts.tests.builders import make_counter, make_user
from linking.disowning import disown_token
from linking.models import AccountLink, LinkingCode
from linking.services.guesses import typer_key
from linking.tests.browsing import answer_about
from linking.tests.builders import make_link, make_linking_code
from oauth.models import ConnectorSession
from oauth.tests.builders import make_client, make_session
from tests.pages.consent_states import VENDOR, make_vendor_client
from tests.pages.visitor import Visitor

HOUR = timedelta(hours=1)


# --- On the way in ----------------------------------------------------------------------------------------------------


def sign_up_to_confirm(visitor: Visitor) -> str:
    """Signed up, and asked for the code from the e-mail."""
    visitor.post("/account/signup/", email=visitor.email, password1="seven green herons")
    return "/account/confirm-email/"


def sign_in_code_sent(visitor: Visitor) -> str:
    """Asked for a code instead of the password."""
    visitor.make_account()
    visitor.post("/account/login/code/", email=visitor.email)
    return "/account/login/code/confirm/"


def password_reset_sent(visitor: Visitor) -> str:
    """Forgot the password, and was sent a code."""
    visitor.make_account()
    visitor.post("/account/password/reset/", email=visitor.email)
    return "/account/password/reset/confirm/"


def password_reset_confirmed(visitor: Visitor) -> str:
    """Typed that code, and may choose a new password."""
    visitor.post(password_reset_sent(visitor), code=visitor.mailed_code())
    return "/account/password/reset/complete/"


def password_set(visitor: Visitor) -> str:
    """Signs in by code only, and may choose a password."""
    _sign_in_without_password(visitor)
    return "/account/password/set/"


# --- Codes that an assistant shows ------------------------------------------------------------------------------------


def link_locked(visitor: Visitor) -> str:
    """Typed too many wrong codes."""
    visitor.sign_in()
    make_counter(typer_key(visitor.account), count=5, locked_until=timezone.now() + timedelta(minutes=14))
    return "/link"


def link_last_tries(visitor: Visitor) -> str:
    """Typed so many wrong codes that the next one is among the last."""
    visitor.sign_in()
    make_counter(typer_key(visitor.account), count=2)
    return "/link"


def link_confirm(visitor: Visitor) -> str:
    """Typed the code of an assistant that nobody vouches for."""
    return _type_code_of(visitor, make_session(client=make_client(name="Claude Code")))


def link_confirm_verified(visitor: Visitor) -> str:
    """Typed the code of an assistant whose host is verified."""
    return _type_code_of(visitor, make_session(client=make_vendor_client(), redirect_uri=VENDOR))


def link_confirm_others(visitor: Visitor) -> str:
    """Typed the code of an assistant that shares its browser's identity with two more."""
    session = make_session(client=make_client(name="Claude Code"))
    for name in ("MCP Inspector", "Something else"):
        make_session(user=session.user, client=make_client(name=name))
    return _type_code_of(visitor, session)


def link_confirm_sign_in_again(visitor: Visitor) -> str:
    """Typed a code, and signed in too long ago to confirm it."""
    path = link_confirm(visitor)
    visitor.let_the_sign_in_grow_old()
    return path


def link_done(visitor: Visitor) -> str:
    """Confirmed a code just now."""
    confirm(visitor)
    return "/link/done"


def link_declined_too_late(visitor: Visitor) -> str:
    """Said no in a second tab, after linking in the first."""
    path = link_confirm(visitor)
    code_id = visitor.http.session["linking_pending_code"]["code_id"]
    for decision in ("link", "decline"):
        visitor.post(path, **answer_about(code_id, decision))
    return "/link/done"


def link_declined_before(visitor: Visitor) -> str:
    """Went back to the question after saying no, and read the answer to that already."""
    path = link_confirm(visitor)
    visitor.post(path, decision="decline", code_id=visitor.http.session["linking_pending_code"]["code_id"])
    visitor.http.get("/link", secure=True)
    return path


def confirm(visitor: Visitor) -> None:
    """Type a code and link what it is for."""
    path = link_confirm(visitor)
    visitor.post(path, **answer_about(visitor.http.session["linking_pending_code"]["code_id"]))


def link_refused(visitor: Visitor) -> str:
    """Typed the code of an assistant that somebody else has linked meanwhile."""
    session = make_session(client=make_client(name="Claude Code"))
    path = _type_code_of(visitor, session)
    make_link(make_user(f"other.{visitor.email}"), session)
    return path


def link_ended(visitor: Visitor) -> str:
    """Typed a code that has ended since."""
    session = make_session()
    path = _type_code_of(visitor, session)
    LinkingCode.objects.filter(session=session).update(expires_at=timezone.now() - HOUR)
    return path


def link_without_password(visitor: Visitor) -> str:
    """Has no password, and signed in too long ago."""
    _sign_in_without_password(visitor)
    visitor.let_the_sign_in_grow_old()
    return "/link"


def signed_out_meanwhile(visitor: Visitor) -> str:
    """Typed a code after signing out in another tab."""
    visitor.post("/link", code="ABC-234")
    return "/account/login/?next=/link"


def signed_out_elsewhere(visitor: Visitor) -> str:
    """Was signed out in another browser, and goes on here."""
    visitor.sign_in()
    other = Visitor(email=visitor.email)
    other.post_password()
    other.post("/account/browsers/end-others")
    return "/account/"


def code_kept(visitor: Visitor) -> str:
    """Typed a code, and signed in since."""
    visitor.post("/link", code="ABC-234")
    visitor.sign_in()
    return "/link"


# --- What is linked ---------------------------------------------------------------------------------------------------


def disown(visitor: Visitor) -> str:
    """Follows the address in the e-mail, signed out."""
    link = make_link(make_user(visitor.email), make_session(client=make_client(name="Claude Code")))
    return f"/link/disown?{urlencode({'token': disown_token(link)})}"


def disown_unlinked(visitor: Visitor) -> str:
    """Follows it after the assistant has unlinked itself."""
    path = disown(visitor)
    AccountLink.objects.filter(account__email=visitor.email).delete()
    return path


def disown_newer(visitor: Visitor) -> str:
    """Follows it after the same assistant was unlinked and linked again."""
    path = disown(visitor)
    link = AccountLink.objects.with_parties().get(account__email=visitor.email)
    link.delete()
    assert link.session is not None
    make_link(link.account, link.session)
    return path


def account_with_connections(visitor: Visitor) -> str:
    """Several assistants act for the account: connected, linked, long unused, with a long name."""
    account, now = visitor.sign_in(), timezone.now()
    make_session(user=account, client=make_vendor_client(), redirect_uri=VENDOR, last_used_at=now - HOUR)
    make_session(user=account, client=make_client(name="Assistant" * 11), last_used_at=now - 900 * HOUR)
    linked = make_session(client=make_client(name="Claude Code"), last_used_at=now)
    make_link(account, linked)
    # Nobody linked this one.
    make_session(user=linked.user, client=make_client(name="Codex"), created_at=now)
    # Nothing is connected through this one.
    gone = make_session(
        client=make_client(name="MCP Inspector"), ended_at=now, end_reason=ConnectorSession.EndReason.CLIENT
    )
    make_link(account, gone)
    return "/account/"


def _type_code_of(visitor: Visitor, session: ConnectorSession) -> str:
    visitor.sign_in()
    _row, code = make_linking_code(session, created_at=timezone.now() - timedelta(minutes=3))
    visitor.post("/link", code=code)
    return "/link/confirm"


def _sign_in_without_password(visitor: Visitor) -> None:
    account = visitor.sign_in()
    # A session is bound to the password: it changes behind the back of one that begins afterwards.
    account.set_unusable_password()
    account.save()
    visitor.http.logout()
    visitor.post("/account/login/code/", email=visitor.email)
    visitor.post("/account/login/code/confirm/", code=visitor.mailed_code())
