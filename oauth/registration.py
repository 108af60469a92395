"""Dynamic client registration (RFC 7591): anybody may register, so nothing that a client says of itself is believed."""

from __future__ import annotations

import json
import re
import secrets
import unicodedata
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts.audit import record_audit
from oauth.audit import OAuthAction
from oauth.errors import InvalidClientMetadata, InvalidRedirectURI, InvalidRegistrationToken
from oauth.models import Client
from oauth.redirects import is_acceptable_redirect_uri, redirect_destination
from oauth.scopes import clamp_scopes
from oauth.tokens import digest

# What a client may change of its row.
METADATA_FIELDS = (
    *("client_type", "redirect_uris", "name", "client_uri", "grant_types"),
    *("token_endpoint_auth_method", "registered_scope", "software_id", "software_version"),
)
MAX_REDIRECT_URIS = 20
MAX_NAME_LENGTH = 80
MAX_TEXT_LENGTH = 255
SUPPORTED_GRANT_TYPES = ("authorization_code", "refresh_token")
# A private key is proved against the keys of a metadata document, which a registered client does not have.
REGISTRABLE_AUTH_METHODS = (Client.AuthMethod.NONE, Client.AuthMethod.BASIC, Client.AuthMethod.POST)
# A name that contains one of these makes people believe that somebody checked it.
CLAIMING_WORDS = ("official", "verified")
# Letters and marks that show nothing: Hangul fillers, the blank Braille pattern, the combining grapheme joiner.
_BLANK_LETTERS = frozenset("\u115f\u1160\u3164\uffa0\u2800\u034f")
_LOOKALIKE_SCRIPTS = frozenset({"LATIN", "GREEK", "CYRILLIC", "ARMENIAN", "CHEROKEE", "COPTIC", "LISU"})


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
    if "\x00" in client_id:
        # PostgreSQL does not look for it.
        return None
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


@transaction.atomic
def unregister_client(*, client: Client, address: str | None) -> None:
    """Remove a client with its sessions and tokens (RFC 7592 §2.3).

    One that a person reported is blocked instead: it must not take the evidence along before staff have looked at it.
    """
    record_audit(OAuthAction.CLIENT_REMOVED, client_id=client.client_id, address=address)
    Client.objects.filter(pk=client.pk).exclude(flagged_at=None).update(blocked_at=timezone.now())
    Client.objects.filter(pk=client.pk, flagged_at=None, blocked_at=None).delete()


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


def parse_object(body: bytes) -> dict[str, Any]:
    """Read a JSON object.

    Raises:
        InvalidClientMetadata: it is something else, or names a field twice.
    """

    def without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        fields = dict(pairs)
        if len(fields) != len(pairs):
            raise InvalidClientMetadata("A field is repeated.")
        return fields

    try:
        fields = json.loads(body, object_pairs_hook=without_repeats)
    except (ValueError, RecursionError):
        raise InvalidClientMetadata("The body must be a JSON object.") from None
    if not isinstance(fields, dict):
        raise InvalidClientMetadata("The body must be a JSON object.")
    return fields


def read_text(value: Any, name: str, *, limit: int = MAX_TEXT_LENGTH) -> str:
    """A string without control characters; null and absence are the empty string."""
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > limit:
        raise InvalidClientMetadata(f"{name} must be a string of at most {limit} characters.")
    if any(unicodedata.category(character) in {"Cc", "Cs"} for character in value):
        raise InvalidClientMetadata(f"{name} has a character that cannot be shown.")
    return value


def read_redirect_uris(value: Any) -> tuple[str, ...]:
    """The redirect URIs, each of them one that may be registered.

    Raises:
        InvalidRedirectURI: there is none, there are too many, or one may not be registered.
    """
    if not isinstance(value, list) or not value:
        raise InvalidRedirectURI("redirect_uris must be a list with at least one URI.")
    if len(value) > MAX_REDIRECT_URIS:
        raise InvalidRedirectURI(f"redirect_uris must have at most {MAX_REDIRECT_URIS} URIs.")
    for uri in value:
        if not isinstance(uri, str) or not is_acceptable_redirect_uri(
            uri, private_schemes=settings.DEXTER_PRIVATE_REDIRECT_SCHEMES
        ):
            raise InvalidRedirectURI(
                "Each redirect URI must be https, http on a loopback host, or an allowed private scheme, "
                "without fragment, user or white space."
            )
    return tuple(dict.fromkeys(value))


def read_grant_types(grant_types: Any, response_types: Any) -> tuple[str, ...]:
    """Those of the requested grant types that are offered; what is not offered is left out, not refused.

    Raises:
        InvalidClientMetadata: the authorization code, which everything here begins with, is not among them.
    """
    if response_types is not None and (not isinstance(response_types, list) or "code" not in response_types):
        raise InvalidClientMetadata("response_types must contain code.")
    if grant_types is None:
        return SUPPORTED_GRANT_TYPES
    if not isinstance(grant_types, list) or "authorization_code" not in grant_types:
        raise InvalidClientMetadata("grant_types must contain authorization_code.")
    return tuple(grant_type for grant_type in SUPPORTED_GRANT_TYPES if grant_type in grant_types)


def _auth_method(value: Any) -> str:
    """The method asked for, or the nearest one offered: RFC 7591 §2 says `client_secret_basic` when there is none."""
    if value is None:
        return Client.AuthMethod.BASIC
    method = read_text(value, "token_endpoint_auth_method")
    return method if method in REGISTRABLE_AUTH_METHODS else Client.AuthMethod.NONE


def read_https_uri(value: Any) -> str:
    """An https URL to show, or nothing for any other."""
    uri = read_text(value, "client_uri", limit=500)
    if not uri:
        return ""
    acceptable = uri.startswith("https://") and is_acceptable_redirect_uri(uri, private_schemes=())
    return uri if acceptable else ""


def read_client_name(value: Any) -> str:
    """A name fit to show: one line, no invisible or direction-changing characters, at most 80 characters.

    Raises:
        InvalidClientMetadata: the name is not a string, imitates ours, or claims that somebody checked it.
    """
    name = read_text(value, "client_name", limit=2000)
    visible = "".join(character for character in name if not _is_invisible(character))
    name = re.sub(r"\s+", " ", visible).strip()[:MAX_NAME_LENGTH].strip()
    if any(_mixes_scripts(word) for word in name.split()):
        raise InvalidClientMetadata("client_name must not mix letters that look alike.")
    letters = _skeleton(name)
    brand = _skeleton(settings.DEXTER_SITE_NAME)
    if (brand and brand in letters) or any(word in letters for word in CLAIMING_WORDS):
        raise InvalidClientMetadata("client_name must not use this site's name or claim to be checked.")
    return name


def _is_invisible(character: str) -> bool:
    return unicodedata.category(character) in {"Cf", "Co", "Cn"} or character in _BLANK_LETTERS


def _skeleton(text: str) -> str:
    """The letters and digits of `text`, whatever their width, style, accents and case (Unicode NFKD, case folded)."""
    plain = unicodedata.normalize("NFKD", text).casefold()
    return "".join(character for character in unicodedata.normalize("NFKD", plain) if character.isalnum())


def _mixes_scripts(word: str) -> bool:
    """Whether a word has letters of two scripts that share shapes: nobody spells so but to imitate (UTS #39 §5)."""
    scripts = {unicodedata.name(character, "").partition(" ")[0] for character in word if character.isalpha()}
    return len(scripts & _LOOKALIKE_SCRIPTS) > 1
