"""How the states of the pages for connecting and linking are reached: each function gives the path to open."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import urlencode

from django.utils import timezone

from accounts.audit import record_audit
from accounts.tests.builders import make_counter, make_user
from linking.disowning import disown_token
from linking.models import AccountLink, LinkingCode
from linking.services.guesses import typer_key
from linking.tests.browsing import answer_about
from linking.tests.builders import make_link, make_linking_code
from oauth.audit import OAuthAction
from oauth.client_documents import MAX_NEW_DOCUMENTS_AN_ADDRESS
from oauth.models import Client, ConnectorSession
from oauth.tests.builders import CODE_CHALLENGE, make_client, make_client_document, make_client_logo, make_session
from tests.pages.visitor import Visitor

LOOPBACK = "http://127.0.0.1:33418/callback"
VENDOR = "https://assistant.example.com/callback"
PRIVATE = "cursor://anysphere.cursor-mcp/oauth/callback"
HOUR = timedelta(hours=1)


def authorize_path(client: Client, **changes: str) -> str:
    """An authorization request of `client`."""
    query = {
        "response_type": "code",
        "client_id": client.client_id,
        "redirect_uri": client.redirect_uris.split()[0],
        "state": "a-state",
        "code_challenge": CODE_CHALLENGE,
        "code_challenge_method": "S256",
    }
    return f"/mcp/authorize?{urlencode(query | changes)}"


def make_vendor_client() -> Client:
    """A client whose metadata document is at its vendor's host, which therefore is verified."""
    document = make_client_document()
    client: Client = document.client
    client.name, client.redirect_uris = "Example Assistant", VENDOR
    client.save()
    return client


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


# --- Consent ----------------------------------------------------------------------------------------------------------


def consent_signed_out(visitor: Visitor) -> str:
    """A program on this device asks somebody who has not signed in: three doors."""
    return authorize_path(make_client(redirect_uris=LOOPBACK))


def sign_in_for_consent(visitor: Visitor) -> str:
    """Chose the first door."""
    return f"/account/login/?{urlencode({'next': consent_signed_out(visitor)})}"


def consent_signed_in(visitor: Visitor) -> str:
    """The same, signed in."""
    visitor.sign_in()
    return consent_signed_out(visitor)


def consent_again(visitor: Visitor) -> str:
    """An assistant that is connected to the account already."""
    client = make_client(name="Cursor", redirect_uris=LOOPBACK)
    make_session(user=visitor.sign_in(), client=client)
    return authorize_path(client)


def consent_verified(visitor: Visitor) -> str:
    """An assistant that its host vouches for, signed in."""
    visitor.sign_in()
    return authorize_path(make_vendor_client())


def consent_vouched(visitor: Visitor) -> str:
    """An assistant that staff set up, signed in."""
    visitor.sign_in()
    return authorize_path(make_client(registration_source=Client.RegistrationSource.MANUAL, redirect_uris=VENDOR))


def consent_described_program(visitor: Visitor) -> str:
    """A program on this device that describes itself at a host with a long name, signed in."""
    visitor.sign_in()
    client = make_vendor_client()
    client.client_id = f"https://{'long' * 15}.{'host' * 15}.example.com/{client.pk}.json"
    client.redirect_uris = LOOPBACK
    client.save()
    return authorize_path(client)


def consent_elsewhere(visitor: Visitor) -> str:
    """An assistant that nobody vouches for, with an answer that goes to a host."""
    visitor.sign_in()
    return authorize_path(make_client(redirect_uris=VENDOR), scope="identity.read openid profile email offline_access")


def consent_private_scheme(visitor: Visitor) -> str:
    """An app on this device."""
    visitor.sign_in()
    return authorize_path(make_client(name="Cursor", redirect_uris=PRIVATE))


def consent_refused_for_an_app(visitor: Visitor) -> str:
    """An app on this device that asks for what is not done, and is told so."""
    return authorize_path(make_client(name="Cursor", redirect_uris=PRIVATE), response_type="token")


def consent_refused_for_a_stranger(visitor: Visitor) -> str:
    """An assistant that nobody vouches for asks for what is not done, and would have the answer at its own host."""
    return authorize_path(make_client(redirect_uris=VENDOR), response_type="token")


def consent_without_a_name(visitor: Visitor) -> str:
    """An assistant that registered no name, signed out."""
    return authorize_path(make_client(name="", redirect_uris=LOOPBACK))


def consent_long_name(visitor: Visitor) -> str:
    """A name without a place to break it, and an address of the same kind."""
    host = f"{'long' * 15}.{'host' * 15}.example.com"
    return authorize_path(make_client(name="Assistant" * 11, redirect_uris=f"https://{host}/callback"))


def consent_unknown_client(visitor: Visitor) -> str:
    """A client that was removed."""
    return authorize_path(Client(client_id="dxc_removed", redirect_uris=LOOPBACK))


def consent_wrong_redirect(visitor: Visitor) -> str:
    """An answer that would go where the client did not register."""
    return authorize_path(make_client(redirect_uris=LOOPBACK), redirect_uri="https://evil.example.com/")


def consent_bad_document(visitor: Visitor) -> str:
    """A client whose description is at an address that nothing is fetched from."""
    return authorize_path(Client(client_id="https://127.0.0.1/client.json", redirect_uris=LOOPBACK))


def consent_too_many_assistants(visitor: Visitor) -> str:
    """A client that describes itself, when so many unknown ones came that no other is looked at for now."""
    for _ in range(MAX_NEW_DOCUMENTS_AN_ADDRESS):
        record_audit(OAuthAction.CLIENT_DOCUMENT_REQUESTED, address="127.0.0.1")
    return authorize_path(Client(client_id="https://assistant.example.com/client.json", redirect_uris=VENDOR))


def consent_logo(visitor: Visitor) -> str:
    """An assistant with a picture that staff chose, signed in."""
    visitor.sign_in()
    client = make_client(registration_source=Client.RegistrationSource.MANUAL, redirect_uris=VENDOR)
    make_client_logo(client)
    return authorize_path(client)


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
        visitor.post(path, decision=decision, code_id=code_id)
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
