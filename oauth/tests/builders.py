"""One builder per model of the authorization server."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta
from io import BytesIO
from typing import Any

from django.apps import apps
from django.conf import settings
from django.utils import timezone
from PIL import Image, ImageDraw

from accounts.models import User
from accounts.tests.builders import make_guest
from oauth.logos import read_logo
from oauth.models import (
    AccessToken,
    Client,
    ClientDocument,
    ClientLogo,
    ConnectorSession,
    Grant,
    IDToken,
    RefreshToken,
)
from oauth.tokens import digest, generate_access_token, generate_authorization_code, generate_refresh_token

REDIRECT_URI = "http://127.0.0.1:3334/callback"
SECRET = "dxs_" + "s" * 43
# RFC 7636, appendix B.
CODE_VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
CODE_CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


def make_client(**fields: Any) -> Client:
    """A public client that registered itself."""
    defaults: dict[str, Any] = {
        "client_id": "dxc_" + secrets.token_urlsafe(12),
        "client_secret": "",
        "client_type": Client.CLIENT_PUBLIC,
        "authorization_grant_type": Client.GRANT_AUTHORIZATION_CODE,
        "algorithm": Client.RS256_ALGORITHM,
        "registration_source": Client.RegistrationSource.DCR,
        "redirect_uris": REDIRECT_URI,
        "grant_types": ["authorization_code", "refresh_token"],
        "name": "Example Assistant",
    }
    return Client.objects.create(**defaults | fields)


def make_confidential_client(**fields: Any) -> Client:
    """A client whose secret is SECRET."""
    return make_client(**{"client_type": Client.CLIENT_CONFIDENTIAL, "client_secret": SECRET} | fields)


def make_client_document(client: Client | None = None, **fields: Any) -> ClientDocument:
    """The stored copy of a metadata document, fetched just now and good for an hour."""
    now = timezone.now()
    url = f"https://app.example.com/{secrets.token_hex(4)}.json"
    client = client or make_client(client_id=url, registration_source=Client.RegistrationSource.CIMD)
    defaults: dict[str, Any] = {"fetched_at": now, "next_fetch_at": now + timedelta(hours=1)}
    return ClientDocument.objects.create(client=client, **defaults | fields)


def make_client_logo(client: Client) -> ClientLogo:
    """A blue disc for the client, as staff would have let people see it."""
    picture, file = Image.new("RGBA", (200, 200)), BytesIO()
    ImageDraw.Draw(picture).ellipse((20, 20, 180, 180), fill="navy")
    picture.save(file, "PNG")
    image = read_logo(file.getvalue())
    return ClientLogo.objects.create(client=client, image=image, digest=hashlib.sha256(image).hexdigest())


def make_session(user: User | None = None, client: Client | None = None, **fields: Any) -> ConnectorSession:
    """A connected session of a guest, unless `user` says whose."""
    now = timezone.now()
    defaults: dict[str, Any] = {
        "issuer": settings.DEXTER_ISSUER,
        "resource": settings.DEXTER_RESOURCE,
        "scope": "identity.read link.write offline_access",
        "redirect_uri": REDIRECT_URI,
        "connected_at": now,
        "expires_at": now + timedelta(days=365),
    }
    return ConnectorSession.objects.create(
        user=user or make_guest(), client=client or make_client(), **defaults | fields
    )


def make_access_token(session: ConnectorSession | None = None, **fields: Any) -> tuple[AccessToken, str]:
    """A live access token of `session`, and its value."""
    session = session or make_session()
    value = generate_access_token(None)
    defaults: dict[str, Any] = {
        "scope": session.scope,
        "expires": timezone.now() + timedelta(hours=1),
        "resource": [session.resource],
    }
    row = AccessToken(session=session, user=session.user, application=session.client, **defaults | fields)
    row._raw_token = value
    row.save()
    return row, value


def make_refresh_token(session: ConnectorSession | None = None, **fields: Any) -> tuple[RefreshToken, str]:
    """A live refresh token of `session`, and its value."""
    session = session or make_session()
    value = generate_refresh_token(None)
    defaults: dict[str, Any] = {"expires_at": timezone.now() + timedelta(days=60), "resource": [session.resource]}
    row = RefreshToken(session=session, user=session.user, application=session.client, **defaults | fields)
    row._raw_token = value
    row.save()
    return row, value


def make_grant(session: ConnectorSession | None = None, **fields: Any) -> tuple[Grant, str]:
    """A live authorization code of `session` for CODE_CHALLENGE, and its value."""
    session = session or make_session(connected_at=None)
    value = generate_authorization_code()
    defaults: dict[str, Any] = {
        "code": digest(value),
        "expires": timezone.now() + timedelta(seconds=60),
        "redirect_uri": session.redirect_uri,
        "scope": session.scope,
        "code_challenge": CODE_CHALLENGE,
        "code_challenge_method": "S256",
        "resource": [session.resource],
        "claims": "{}",
    }
    row = Grant.objects.create(session=session, user=session.user, application=session.client, **defaults | fields)
    return row, value


def make_id_token(session: ConnectorSession | None = None, **fields: Any) -> IDToken:
    """The record of an ID token of `session`."""
    session = session or make_session()
    defaults: dict[str, Any] = {"scope": "openid", "expires": timezone.now() + timedelta(hours=1)}
    return IDToken.objects.create(user=session.user, application=session.client, **defaults | fields)


def make_account_link(guest: User, account: User, **fields: Any) -> Any:
    """A link that joins a guest's identity to an account. The model belongs to an app to the right, so it is named."""
    defaults: dict[str, Any] = {"issuer": settings.DEXTER_ISSUER, "link_initiated_by": "mcp"}
    model = apps.get_model("linking", "AccountLink")
    return model._default_manager.create(user=guest, account=account, **defaults | fields)
