"""Clients that prove a private key (RFC 7523 §2.2 and §3, OpenID Connect Core §9 `private_key_jwt`).

Only clients with a metadata document have keys here. An assertion is checked, and spent, before the transaction of the
token endpoint begins: one that was shown must not work again because the rest of its request was refused.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone
from jwcrypto.common import JWException, base64url_decode
from jwcrypto.jwk import JWK
from jwcrypto.jws import JWS

from oauth.client_documents import refresh_client_keys
from oauth.client_keys import ASSERTION_ALGORITHMS, candidate_keys
from oauth.document_urls import fault_of_document_url
from oauth.errors import ClientKeysUnavailable, InvalidClientAssertion, RegistrationError
from oauth.metadata_fields import parse_object
from oauth.models import ClientDocument, UsedAssertion
from oauth.tokens import digest

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
MAX_ASSERTION_LENGTH = 8192
MAX_LIFETIME = timedelta(minutes=5)
# How far apart two clocks may be.
CLOCK_SKEW = timedelta(seconds=60)
# In seconds since 1970: the year 2100, which no clock that we should believe is in.
_END_OF_TIME = 4_102_444_800
_COMPACT_JWS = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")


def authenticate_by_assertion(*, assertion: str, assertion_type: str, client_id: str | None) -> str:
    """Check and spend a client assertion, and return the id of the client that it proves.

    `client_id` is the parameter of the request, which may be left out (RFC 7521 §4.2). To be called outside of any
    transaction: unknown keys are fetched, and the assertion stays spent whatever becomes of the request.

    Raises:
        InvalidClientAssertion: it does not hold; `reason` says why, for the log.
        ClientKeysUnavailable: the client's keys cannot be fetched right now.
    """
    if assertion_type != ASSERTION_TYPE:
        raise InvalidClientAssertion("assertion_type")
    header, claims = _read(assertion)
    subject = claims.get("sub")
    if not isinstance(subject, str) or claims.get("iss") != subject or client_id not in (None, subject):
        raise InvalidClientAssertion("issuer_or_subject")
    now = timezone.now()
    document = _document_of(subject, now)
    if document.signing_alg not in ("", header["alg"]):
        raise InvalidClientAssertion("algorithm_not_declared")
    expires_at = _check_claims(claims, now)
    _check_signature(assertion, header, document, now)
    _spend(f"{subject} {claims['jti']}", expires_at)
    return subject


def _read(assertion: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The header and claims of a compact JWS, not yet believed."""
    if len(assertion) > MAX_ASSERTION_LENGTH or not _COMPACT_JWS.fullmatch(assertion):
        raise InvalidClientAssertion("malformed")
    try:
        header, claims = (parse_object(base64url_decode(part)) for part in assertion.split(".")[:2])
    except (RegistrationError, ValueError):
        raise InvalidClientAssertion("malformed") from None
    if not all(isinstance(header.get(name, ""), str) for name in ("alg", "kid")) or "crit" in header or "b64" in header:
        raise InvalidClientAssertion("header")
    if header.get("alg") not in ASSERTION_ALGORITHMS:
        raise InvalidClientAssertion("algorithm")
    return header, claims


def _document_of(client_id: str, now: datetime) -> ClientDocument:
    if fault_of_document_url(client_id):
        raise InvalidClientAssertion("client_unknown")
    document = ClientDocument.objects.select_related("client").filter(client__client_id=client_id).first()
    if document is None or not document.client.is_usable(None) or document.has_lapsed(now):
        raise InvalidClientAssertion("client_unknown")
    if not document.jwks_uri and not document.keys:
        raise InvalidClientAssertion("client_without_keys")
    return document


def _check_claims(claims: dict[str, Any], now: datetime) -> datetime:
    """Check whom the assertion is for, that it is of now, and that it can be told from others (RFC 7523 §3)."""
    audience = claims.get("aud")
    ours = (settings.DEXTER_ISSUER, f"{settings.DEXTER_RESOURCE}/token")
    # Not for us and somebody else: who else could show it to us?
    if audience not in ours and not (isinstance(audience, list) and audience and all(one in ours for one in audience)):
        raise InvalidClientAssertion("audience")
    expires_at = _time(claims, "exp")
    if expires_at is None or expires_at + CLOCK_SKEW <= now:
        raise InvalidClientAssertion("expired")
    if expires_at > now + MAX_LIFETIME + CLOCK_SKEW:
        raise InvalidClientAssertion("expires_too_late")
    for name in ("iat", "nbf"):
        time = _time(claims, name)
        if time is not None and (time > now + CLOCK_SKEW or time >= expires_at):
            raise InvalidClientAssertion(f"{name}_in_the_future")
    jti = claims.get("jti")
    if not isinstance(jti, str) or not 0 < len(jti) <= 255:
        raise InvalidClientAssertion("jti")
    return expires_at


def _time(claims: dict[str, Any], name: str) -> datetime | None:
    value = claims.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < _END_OF_TIME:
        raise InvalidClientAssertion(f"{name}_is_no_time")
    return datetime.fromtimestamp(value, UTC)


def _check_signature(assertion: str, header: dict[str, Any], document: ClientDocument, now: datetime) -> None:
    """Check against the stored keys, and against fresh ones when those are too old or do not know the key."""
    if not document.keys_are_due(now):
        if _verifies(assertion, header, document):
            return
        if "kid" in header and _candidates(header, document):
            raise InvalidClientAssertion("signature")
    try:
        document = refresh_client_keys(document=document)
    except ClientDocument.DoesNotExist:
        raise InvalidClientAssertion("client_unknown") from None
    if document.keys_are_known(now) and _verifies(assertion, header, document):
        return
    if document.keys_are_awaited():
        raise ClientKeysUnavailable("keys_awaited")
    raise InvalidClientAssertion("signature" if _candidates(header, document) else "key_unknown")


def _candidates(header: dict[str, Any], document: ClientDocument) -> list[JWK]:
    return candidate_keys(document.keys, key_id=header.get("kid"), algorithm=header["alg"])


def _verifies(assertion: str, header: dict[str, Any], document: ClientDocument) -> bool:
    for key in _candidates(header, document):
        signed = JWS()
        signed.allowed_algs = [header["alg"]]
        try:
            signed.deserialize(assertion)
            signed.verify(key, alg=header["alg"])
        except (JWException, ValueError, TypeError):
            continue
        return True
    return False


def _spend(identifier: str, expires_at: datetime) -> None:
    """Remember the assertion until nobody would take it any more (RFC 7523 §3: `jti` is accepted once)."""
    try:
        with transaction.atomic():
            UsedAssertion.objects.create(digest=digest(identifier), expires_at=expires_at + CLOCK_SKEW)
    except IntegrityError:
        raise InvalidClientAssertion("replayed") from None
