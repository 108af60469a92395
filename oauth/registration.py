"""Dynamic client registration (RFC 7591): anybody may register, so nothing that a client says of itself is believed."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts.audit import record_audit
from accounts.overtaking import again_if_overtaken
from oauth.audit import OAuthAction
from oauth.errors import InvalidClientMetadata, InvalidRegistrationToken
from oauth.metadata_fields import (
    parse_object,
    read_client_name,
    read_grant_types,
    read_https_uri,
    read_redirect_uris,
    read_text,
)
from oauth.models import Client, ConnectorSession
from oauth.redirects import redirect_destination
from oauth.scopes import clamp_scopes
from oauth.tokens import digest

# What a client may change of its row.
METADATA_FIELDS = (
    *("client_type", "redirect_uris", "name", "client_uri", "grant_types"),
    *("token_endpoint_auth_method", "registered_scope", "software_id", "software_version"),
)
# A private key is proved against the keys of a metadata document, which a registered client does not have.
REGISTRABLE_AUTH_METHODS = (Client.AuthMethod.NONE, Client.AuthMethod.BASIC, Client.AuthMethod.POST)


@dataclass(frozen=True, slots=True)
class ClientMetadata:
    """What is kept of a registration, after coercion: what the answer echoes (RFC 7591 §3.2.1)."""

    redirect_uris: tuple[str, ...]
    client_name: str
    client_uri: str
    grant_types: tuple[str, ...]
    token_endpoint_auth_method: str
    scope: str
    software_id: str
    software_version: str

    @classmethod
    def from_json(cls, body: bytes, *, client_id: str | None = None) -> ClientMetadata:
        """Read and check a registration body; an update must name its `client_id` (RFC 7592 §2.2).

        Raises:
            InvalidRedirectURI: a redirect URI is missing or may not be registered.
            InvalidClientMetadata: anything else that cannot be coerced.
        """
        fields = parse_object(body)
        if client_id is not None and fields.get("client_id") != client_id:
            raise InvalidClientMetadata("client_id must be that of the client.")
        return cls(
            redirect_uris=read_redirect_uris(fields.get("redirect_uris")),
            client_name=read_client_name(fields.get("client_name")),
            client_uri=read_https_uri(fields.get("client_uri")),
            grant_types=read_grant_types(fields.get("grant_types"), fields.get("response_types")),
            token_endpoint_auth_method=_auth_method(fields.get("token_endpoint_auth_method")),
            scope=" ".join(clamp_scopes(read_text(fields.get("scope"), "scope", limit=2000).split())),
            software_id=read_text(fields.get("software_id"), "software_id"),
            software_version=read_text(fields.get("software_version"), "software_version"),
        )


@transaction.atomic
def register_client(*, metadata: ClientMetadata, address: str | None) -> dict[str, Any]:
    """Register a client and return the client information response (RFC 7591 §3.2.1), which has no null in it.

    A confidential client's secret and the registration access token are in the answer and nowhere else.
    """
    client_secret = "dxs_" + secrets.token_urlsafe(32)
    registration_access_token = "dxt_" + secrets.token_urlsafe(32)
    client = Client(
        client_id="dxc_" + secrets.token_urlsafe(24),
        client_secret=client_secret,
        authorization_grant_type=Client.GRANT_AUTHORIZATION_CODE,
        algorithm=Client.RS256_ALGORITHM,
        registration_source=Client.RegistrationSource.DCR,
        registration_token_digest=digest(registration_access_token),
    )
    _apply(metadata, client)
    client.save(force_insert=True)
    record_audit(
        OAuthAction.CLIENT_REGISTERED,
        client_id=client.client_id,
        address=address,
        detail=_what_it_says(metadata),
    )
    answer = client_information(client) | {"registration_access_token": registration_access_token}
    if client.is_confidential:
        answer |= {"client_secret": client_secret, "client_secret_expires_at": 0}
    return answer


def find_registered_client(*, client_id: str, registration_access_token: str) -> Client | None:
    """The client that registered itself and got this token, unless staff blocked it."""
    return Client.objects.filter(
        client_id=client_id,
        registration_token_digest=digest(registration_access_token),
        registration_source=Client.RegistrationSource.DCR,
        blocked_at=None,
    ).first()


@transaction.atomic
def update_registration(*, client: Client, metadata: ClientMetadata, address: str | None) -> Client:
    """Replace what a client registered (RFC 7592 §2.2). It stays public or confidential, as its secret is.

    Raises:
        InvalidClientMetadata: the update would change how the client authenticates.
        InvalidRegistrationToken: staff blocked the client meanwhile, or it is gone.
    """
    confidential = metadata.token_endpoint_auth_method != Client.AuthMethod.NONE
    if confidential != client.is_confidential:
        raise InvalidClientMetadata("token_endpoint_auth_method cannot change between none and a secret.")
    _apply(metadata, client)
    # Those columns only, and only while it may: staff may block the client, or a person report it, while it writes.
    changes = {name: getattr(client, name) for name in METADATA_FIELDS} | {"updated": timezone.now()}
    if not Client.objects.filter(pk=client.pk, blocked_at=None).update(**changes):
        raise InvalidRegistrationToken
    record_audit(
        OAuthAction.CLIENT_UPDATED, client_id=client.client_id, address=address, detail=_what_it_says(metadata)
    )
    return client


def unregister_client(*, client: Client, address: str | None) -> None:
    """Remove a client with its sessions and tokens (RFC 7592 §2.3), after what is being done in them.

    One that a person reported is blocked instead: it must not take the evidence along before staff have looked at it.
    """
    again_if_overtaken(lambda: _unregister(client, address))


@transaction.atomic
def _unregister(client: Client, address: str | None) -> None:
    # Before the client, as a refresh takes them; in one order for everybody.
    list(ConnectorSession.objects.select_for_update(no_key=True).filter(client=client).order_by("pk").values_list("pk"))
    itself = Client.objects.filter(pk=client.pk, blocked_at=None)
    blocked = itself.exclude(flagged_at=None).update(blocked_at=timezone.now())
    if blocked or itself.filter(flagged_at=None).delete()[0]:
        record_audit(OAuthAction.CLIENT_REMOVED, client_id=client.client_id, address=address)


def client_information(client: Client) -> dict[str, Any]:
    """The client information response without secrets (RFC 7591 §3.2.1, RFC 7592 §3). Nothing in it is null."""
    information = {
        "client_id": client.client_id,
        "client_id_issued_at": int(client.created.timestamp()),
        "registration_client_uri": f"{settings.DEXTER_RESOURCE}/register/{client.client_id}",
        "redirect_uris": client.redirect_uris.split(),
        "grant_types": client.grant_types,
        "response_types": ["code"],
        "token_endpoint_auth_method": str(client.token_endpoint_auth_method),
        "scope": client.registered_scope,
    }
    optional = {
        "client_name": client.name,
        "client_uri": client.client_uri,
        "software_id": client.software_id,
        "software_version": client.software_version,
    }
    return information | {name: value for name, value in optional.items() if value}


def _what_it_says(metadata: ClientMetadata) -> dict[str, Any]:
    """Whom the client gives itself out for. It can change its row; the audit log keeps what people were shown."""
    hosts = sorted({urlsplit(uri).netloc or redirect_destination(uri) for uri in metadata.redirect_uris})
    return {"name": metadata.client_name, "redirect_hosts": hosts}


def _apply(metadata: ClientMetadata, client: Client) -> None:
    confidential = metadata.token_endpoint_auth_method != Client.AuthMethod.NONE
    client.client_type = Client.CLIENT_CONFIDENTIAL if confidential else Client.CLIENT_PUBLIC
    client.redirect_uris = " ".join(metadata.redirect_uris)
    client.name = metadata.client_name
    client.client_uri = metadata.client_uri
    client.grant_types = list(metadata.grant_types)
    client.token_endpoint_auth_method = metadata.token_endpoint_auth_method
    client.registered_scope = metadata.scope
    client.software_id = metadata.software_id
    client.software_version = metadata.software_version


def _auth_method(value: Any) -> str:
    """The method asked for, or the nearest one offered: RFC 7591 §2 says `client_secret_basic` when there is none."""
    if value is None:
        return Client.AuthMethod.BASIC
    method = read_text(value, "token_endpoint_auth_method")
    return method if method in REGISTRABLE_AUTH_METHODS else Client.AuthMethod.NONE
