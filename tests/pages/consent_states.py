"""How the states of the consent page, and of what is there in its place, are reached: each gives the path to open."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import urlencode

from accounts.audit import record_audit
from oauth.audit import OAuthAction
from oauth.client_documents import MAX_NEW_DOCUMENTS_AN_ADDRESS
from oauth.models import Client
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


def signed_out(visitor: Visitor) -> str:
    """A program on this device asks somebody who has not signed in: three doors."""
    return authorize_path(make_client(redirect_uris=LOOPBACK))


def sign_in_for_consent(visitor: Visitor) -> str:
    """Chose the first door."""
    return f"/account/login/?{urlencode({'next': signed_out(visitor)})}"


def signed_in(visitor: Visitor) -> str:
    """The same, signed in."""
    visitor.sign_in()
    return signed_out(visitor)


def again(visitor: Visitor) -> str:
    """An assistant that is connected to the account already."""
    client = make_client(name="Cursor", redirect_uris=LOOPBACK)
    make_session(user=visitor.sign_in(), client=client)
    return authorize_path(client)


def verified(visitor: Visitor) -> str:
    """An assistant that its host vouches for, signed in."""
    visitor.sign_in()
    return authorize_path(make_vendor_client())


def vouched(visitor: Visitor) -> str:
    """An assistant that staff set up, signed in."""
    visitor.sign_in()
    return authorize_path(make_client(registration_source=Client.RegistrationSource.MANUAL, redirect_uris=VENDOR))


def described_program(visitor: Visitor) -> str:
    """A program on this device that describes itself at a host with a long name, signed in."""
    visitor.sign_in()
    client = make_vendor_client()
    client.client_id = f"https://{'long' * 15}.{'host' * 15}.example.com/{client.pk}.json"
    client.redirect_uris = LOOPBACK
    client.save()
    return authorize_path(client)


def elsewhere(visitor: Visitor) -> str:
    """An assistant that nobody vouches for, with an answer that goes to a host."""
    visitor.sign_in()
    return authorize_path(make_client(redirect_uris=VENDOR), scope="identity.read openid profile email offline_access")


def private_scheme(visitor: Visitor) -> str:
    """An app on this device."""
    visitor.sign_in()
    return authorize_path(make_client(name="Cursor", redirect_uris=PRIVATE))


def refused_for_an_app(visitor: Visitor) -> str:
    """An app on this device that asks for what is not done, and is told so."""
    return authorize_path(make_client(name="Cursor", redirect_uris=PRIVATE), response_type="token")


def refused_for_a_stranger(visitor: Visitor) -> str:
    """An assistant that nobody vouches for asks for what is not done, and would have the answer at its own host."""
    return authorize_path(make_client(redirect_uris=VENDOR), response_type="token")


def without_a_name(visitor: Visitor) -> str:
    """An assistant that registered no name, signed out."""
    return authorize_path(make_client(name="", redirect_uris=LOOPBACK))


def long_name(visitor: Visitor) -> str:
    """A name without a place to break it, and an address of the same kind."""
    host = f"{'long' * 15}.{'host' * 15}.example.com"
    return authorize_path(make_client(name="Assistant" * 11, redirect_uris=f"https://{host}/callback"))


def unknown_client(visitor: Visitor) -> str:
    """A client that was removed."""
    return authorize_path(Client(client_id="dxc_removed", redirect_uris=LOOPBACK))


def wrong_redirect(visitor: Visitor) -> str:
    """An answer that would go where the client did not register."""
    return authorize_path(make_client(redirect_uris=LOOPBACK), redirect_uri="https://evil.example.com/")


def bad_document(visitor: Visitor) -> str:
    """A client whose description is at an address that nothing is fetched from."""
    return authorize_path(Client(client_id="https://127.0.0.1/client.json", redirect_uris=LOOPBACK))


def too_many_assistants(visitor: Visitor) -> str:
    """A client that describes itself, when so many unknown ones came that no other is looked at for now."""
    for _ in range(MAX_NEW_DOCUMENTS_AN_ADDRESS):
        record_audit(OAuthAction.CLIENT_DOCUMENT_REQUESTED, address="127.0.0.1")
    return authorize_path(Client(client_id="https://assistant.example.com/client.json", redirect_uris=VENDOR))


def logo(visitor: Visitor) -> str:
    """An assistant with a picture that staff chose, signed in."""
    visitor.sign_in()
    client = make_client(registration_source=Client.RegistrationSource.MANUAL, redirect_uris=VENDOR)
    make_client_logo(client)
    return authorize_path(client)
