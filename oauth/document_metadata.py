"""What a client ID metadata document may say (draft-ietf-oauth-client-id-metadata-document §4, connectors rule 3)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from oauth.client_keys import ASSERTION_ALGORITHMS, read_keys
from oauth.document_urls import fault_of_document_url
from oauth.errors import InvalidClientMetadata
from oauth.metadata_fields import (
    parse_object,
    read_client_name,
    read_grant_types,
    read_https_uri,
    read_redirect_uris,
    read_text,
)
from oauth.models import Client

NONE, PRIVATE_KEY_JWT = str(Client.AuthMethod.NONE), str(Client.AuthMethod.PRIVATE_KEY_JWT)
# What both sides can do: a secret cannot be agreed on through a public document.
OFFERED_METHODS = frozenset({NONE, PRIVATE_KEY_JWT})
# Their presence alone is a mistake, whatever their value (draft §4.1).
_SECRET_FIELDS = ("client_secret", "client_secret_expires_at")


@dataclass(frozen=True, slots=True)
class DocumentMetadata:
    """What is kept of a document. The rules are those of registration; what is not offered is left out, not refused.

    `auth_methods` are those that both sides can do. The document's scope is ignored: what is granted is asked for.
    """

    redirect_uris: tuple[str, ...]
    client_name: str
    client_uri: str
    grant_types: tuple[str, ...]
    auth_methods: frozenset[str]
    signing_alg: str
    jwks_uri: str
    keys: list[dict[str, str]]

    @classmethod
    def from_json(cls, body: bytes, *, url: str) -> DocumentMetadata:
        """Read and check the document that was served at `url`, which has to name itself byte for byte.

        Raises:
            InvalidRedirectURI: a redirect URI is missing or may not be registered.
            InvalidClientMetadata: anything else.
        """
        fields = parse_object(body)
        if fields.get("client_id") != url:
            raise InvalidClientMetadata("client_id must be the URL of the document.")
        if any(name in fields for name in _SECRET_FIELDS):
            raise InvalidClientMetadata("A public document must not hold a secret.")
        jwks_uri, keys = _keys(fields)
        signing_alg = read_text(fields.get("token_endpoint_auth_signing_alg"), "token_endpoint_auth_signing_alg")
        can_sign = bool(jwks_uri or keys) and (not signing_alg or signing_alg in ASSERTION_ALGORITHMS)
        auth_methods = _auth_methods(fields) & (OFFERED_METHODS if can_sign else {NONE})
        if not auth_methods:
            raise InvalidClientMetadata("No way to authenticate is offered by both sides.")
        signs = PRIVATE_KEY_JWT in auth_methods
        return cls(
            redirect_uris=read_redirect_uris(fields.get("redirect_uris")),
            client_name=read_client_name(fields.get("client_name")),
            client_uri=read_https_uri(fields.get("client_uri")),
            grant_types=read_grant_types(fields.get("grant_types"), fields.get("response_types")),
            auth_methods=auth_methods,
            signing_alg=signing_alg if signs else "",
            jwks_uri=jwks_uri if signs else "",
            keys=keys if signs else [],
        )

    @property
    def must_authenticate(self) -> bool:
        """Whether the client proves its key with every call; one that can also do without may choose each time."""
        return NONE not in self.auth_methods


def _auth_methods(fields: dict[str, Any]) -> frozenset[str]:
    """What the client can do: the one method of RFC 7591 §2, the list of OpenID Connect RP Metadata Choices, or both.

    RFC 7591's default is a secret, which a document cannot have, so one that says nothing is a public client.
    """
    listed = fields.get("token_endpoint_auth_methods_supported", [])
    if not isinstance(listed, list) or not all(isinstance(method, str) for method in listed):
        raise InvalidClientMetadata("token_endpoint_auth_methods_supported must be a list of strings.")
    preferred = read_text(fields.get("token_endpoint_auth_method"), "token_endpoint_auth_method")
    return frozenset({*listed, preferred} - {""}) or frozenset({NONE})


def _keys(fields: dict[str, Any]) -> tuple[str, list[dict[str, str]]]:
    """Where the keys are, or the keys themselves (RFC 7591 §2: never both)."""
    jwks_uri = read_text(fields.get("jwks_uri"), "jwks_uri")
    if jwks_uri and fields.get("jwks") is not None:
        raise InvalidClientMetadata("jwks and jwks_uri must not both be there.")
    if jwks_uri and fault_of_document_url(jwks_uri, may_have_query=True):
        raise InvalidClientMetadata("jwks_uri must be an https URL of a public host.")
    return jwks_uri, [] if fields.get("jwks") is None else read_keys(fields["jwks"])
