"""What oauthlib asks of us, on top of django-oauth-toolkit's answers.

Each override says what it changes and why. `oauth/tests/test_upstream.py` holds a digest of every upstream method
overridden here, so that an upgrade that touches one is seen.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from jwcrypto.jwt import JWT
from oauth2_provider.oauth2_validators import OAuth2Validator
from oauthlib.oauth2.rfc6749 import errors

from oauth.backends import PROVED_CLIENT
from oauth.claims import identity_claims
from oauth.errors import CodeReplayed, RefreshTokenReplayed
from oauth.keys import current_signing_key
from oauth.models import AccessToken, Client, ClientDocument, ConnectorSession, Grant, RefreshToken
from oauth.resources import canonical_resources
from oauth.scopes import clamp_scopes
from oauth.services import (
    end_session,
    revoke_own_service_token,
    spend_code,
    store_access_token,
    store_refresh_token,
    touch_session,
)
from oauth.tokens import digest, successors_of


class DexterValidator(OAuth2Validator):
    """`OAUTH2_VALIDATOR_CLASS`. It runs inside the endpoint's transaction, so rows it locks stay locked to the end."""

    # --- Clients ------------------------------------------------------------------------------------------------------

    def _load_application(self, client_id: str | None, request: Any) -> Client | None:
        """As upstream, and no client for a NUL: psycopg raises DataError for it, where upstream expects ValueError.

        Nor for a metadata document that was gone for a week (connectors, rule 3). Nothing is fetched here: upstream's
        resolution is off, and ours ran before the transaction.
        """
        if client_id is None or "\x00" in client_id:
            return None
        client: Client | None = super()._load_application(client_id, request)
        if client is None or not client.is_document:
            return client
        document = ClientDocument.objects.filter(client=client).first()
        if document is not None and document.has_lapsed(timezone.now()):
            request.client = client = None
        return client

    def client_authentication_required(self, request: Any, *args: Any, **kwargs: Any) -> bool:
        """As upstream, and when a client that may do without proved its key all the same (RFC 7523 §2.2)."""
        required: bool = super().client_authentication_required(request, *args, **kwargs)
        return required or PROVED_CLIENT in request.headers

    def authenticate_client(self, request: Any, *args: Any, **kwargs: Any) -> bool:
        """As upstream, or by the key that was checked before the transaction began."""
        if PROVED_CLIENT in request.headers:
            return self._load_application(request.headers[PROVED_CLIENT], request) is not None
        authenticated: bool = super().authenticate_client(request, *args, **kwargs)
        return authenticated

    def _authenticate_request_body(self, request: Any) -> bool:
        """As upstream, but only for a client that has a secret; upstream lets a public one in for the device grant."""
        client = self._load_application(request.client_id, request)
        if client is None or not client.has_secret:
            return False
        return self._check_secret(request.client_secret or "", client.client_secret)

    def _authenticate_basic_auth(self, request: Any) -> bool:
        """As upstream, but never for a public client, whatever the grant type says (connectors §3, hole 5).

        Nor for credentials of another client than `client_id` names; oauthlib would call that a server error.
        """
        try:
            authenticated: bool = super()._authenticate_basic_auth(request)
        except ValueError:
            # Upstream foresees bad base64, but not characters that are not ASCII.
            return False
        if not authenticated or not request.client.has_secret:
            return False
        return not request.client_id or request.client_id == request.client.client_id

    def _check_secret(self, provided_secret: str, stored_secret: str) -> bool:
        """As upstream, but an empty secret matches nothing: upstream stores the digest of one for a client without."""
        matches: bool = super()._check_secret(provided_secret, stored_secret)
        return matches and bool(provided_secret and stored_secret)

    # --- Authorization codes ------------------------------------------------------------------------------------------

    def validate_scopes(
        self, client_id: str, scopes: list[str], client: Client, request: Any, *args: Any, **kwargs: Any
    ) -> bool:
        """Clamp instead of refusing (connectors, rule 4): unknown scopes are dropped from the request."""
        request.scopes = clamp_scopes(scopes)
        return True

    def validate_code(self, client_id: str, code: str, client: Client, request: Any, *args: Any, **kwargs: Any) -> bool:
        """As upstream, with the session locked, and a second use ending it (RFC 6749 §4.1.2).

        Raises:
            CodeReplayed: the code was already traded.
        """
        session = _lock_session(client, grant__code=code)
        grant = Grant.objects.filter(session=session, code=code).first()
        if session is None or grant is None:
            return False
        if grant.used_at is not None:
            raise CodeReplayed(session)
        if grant.is_expired() or not session.is_live() or not session.user.is_active:
            return False
        request.grant_row = grant
        request.connector_session = session
        request.user = session.user
        request.scope = grant.scope
        request.scopes = grant.scope.split()
        return True

    def confirm_redirect_uri(
        self, client_id: str, code: str, redirect_uri: str, client: Client, *args: Any, **kwargs: Any
    ) -> bool:
        """As upstream, on the row that is already locked, and as `invalid_grant` (RFC 6749 §5.2).

        oauthlib raises `MismatchingRedirectURIError` when this is false: `invalid_request`, which tells a client that
        its request is malformed rather than that the grant is not for this redirect.
        """
        request = args[0] if args else kwargs["request"]
        if not constant_time_compare(request.grant_row.redirect_uri, redirect_uri):
            raise errors.InvalidGrantError(request=request)
        return True

    def invalidate_authorization_code(self, client_id: str, code: str, request: Any, *args: Any, **kwargs: Any) -> None:
        """Nothing: the code was spent before its tokens were made, and stays so that its replay is seen."""

    # --- Refresh tokens -----------------------------------------------------------------------------------------------

    def validate_refresh_token(
        self, refresh_token: str, client: Client, request: Any, *args: Any, **kwargs: Any
    ) -> bool:
        """Our own rotation (design §6); upstream's raises for digests at rest (connectors §3, hole 3).

        A token that was already rotated still works for ten minutes, as long as its successor was not used: two
        processes may refresh at once, and an answer may be lost. The session is locked, so they come one by one.

        Raises:
            RefreshTokenReplayed: it was used after that; the session has to end (RFC 9700 §4.14.2).
        """
        session = _lock_session(client, refresh_tokens__token_checksum=digest(refresh_token))
        row = RefreshToken.objects.filter(session=session, token_checksum=digest(refresh_token)).first()
        now = timezone.now()
        if session is None or row is None or not session.is_live(now) or not session.user.is_active:
            return False
        if row.revoked is not None or row.expires_at <= now:
            return False
        if row.first_used_at is not None and not _is_within_grace(row, row.first_used_at, now):
            raise RefreshTokenReplayed(session)
        request.refresh_token_instance = row
        request.connector_session = session
        request.user = session.user
        if request.scope:
            # Clamped instead of refused (connectors, rule 4): what was not granted is dropped.
            request.scope = " ".join(clamp_scopes(request.scope.split(), within=session.scope.split()))
        return True

    def get_original_scopes(self, refresh_token: str, request: Any, *args: Any, **kwargs: Any) -> str:
        """What the person granted; upstream reads it from the previous access token, which may be gone."""
        scope: str = request.connector_session.scope
        return scope

    def refresh_id_token(self, request: Any) -> bool:
        """A refresh answers with a new ID token when `openid` was granted (OpenID Connect Core §12.2)."""
        return "openid" in request.scopes

    # --- Saving -------------------------------------------------------------------------------------------------------

    def _check_and_set_request_resource(self, request: Any) -> None:
        """Every token is for the MCP endpoint; a spelling of it is accepted, anything else refused (RFC 8707 §2.2)."""
        requested = [value for name, value in request.decoded_body or [] if name == "resource"]
        resources = canonical_resources(requested)
        if resources is None:
            raise errors.CustomOAuth2Error(
                error="invalid_target", description="The resource is not served here.", request=request
            )
        request.resource = resources

    def _save_bearer_token(self, token: dict[str, Any], request: Any, *args: Any, **kwargs: Any) -> None:
        """Spend the code or refresh token, then store the digests of what it was traded for.

        Raises:
            CodeReplayed: another request spent the code first.
        """
        self._check_and_set_request_resource(request)
        session: ConnectorSession = request.connector_session
        now = timezone.now()
        if request.grant_type == "authorization_code":
            spend_code(grant=request.grant_row, session=session, now=now)
        lifetime = store_access_token(
            session=session,
            value=token["access_token"],
            scope=token["scope"],
            resource=request.resource,
            lifetime=timedelta(seconds=token["expires_in"]),
            id_token=getattr(request, "id_token", None),
            now=now,
        )
        # The answer is made from `token` after this (RFC 6749 §5.1).
        token["expires_in"] = int(lifetime.total_seconds())
        refresh_token = token.pop("refresh_token", None)
        if refresh_token and session.client.may_refresh:
            predecessor: RefreshToken | None = getattr(request, "refresh_token_instance", None)
            token["refresh_token"] = store_refresh_token(
                session=session,
                values=[refresh_token] if predecessor is None else successors_of(request.refresh_token),
                resource=request.resource,
                predecessor=predecessor,
                now=now,
            )
        touch_session(session=session, used_at=now)

    # --- Revocation ---------------------------------------------------------------------------------------------------

    def revoke_token(self, token: str, token_type_hint: str | None, request: Any, *args: Any, **kwargs: Any) -> None:
        """Revoking either token ends the session (RFC 7009 §2.1); a service's ends alone. Only the caller's own."""
        for model in (AccessToken, RefreshToken):
            row = (
                model.objects.select_related("session__client", "session__user")
                .filter(token_checksum=digest(token), application=request.client)
                .first()
            )
            if row is not None:
                end_session(session=row.session, reason=ConnectorSession.EndReason.CLIENT)
        revoke_own_service_token(token, client=request.client)

    # --- OpenID Connect -----------------------------------------------------------------------------------------------

    def get_additional_claims(self, request: Any) -> dict[str, Any]:
        """The subject, and the claims of the granted scopes (OpenID Connect Core §5.4)."""
        return identity_claims(request.user, request.scopes)

    def finalize_id_token(self, id_token: dict[str, Any], token: Any, token_handler: Any, request: Any) -> str:
        """As upstream, signed with our rotating keys instead of one from the settings.

        `auth_time` is when the person signed in where they consented, also after a refresh (OpenID Connect Core §2,
        §12.2). Upstream's is `User.last_login`, which another browser moves, and for somebody who never signed in, now.
        """
        claims, expires_at = self.get_id_token_dictionary(token, token_handler, request)
        authenticated_at: datetime | None = request.connector_session.authenticated_at
        del claims["auth_time"]
        if authenticated_at is not None:
            claims["auth_time"] = int(authenticated_at.timestamp())
        id_token.update(claims)
        key = current_signing_key()
        jwt = JWT(header={"typ": "JWT", "alg": "RS256", "kid": key.thumbprint()}, claims=id_token)
        jwt.make_signed_token(key)
        request.id_token = self._save_id_token(id_token["jti"], request, expires_at)
        serialized: str = jwt.serialize()
        return serialized


def _lock_session(client: Client, **of_credential: str) -> ConnectorSession | None:
    """The session of a code or refresh token, locked to the end of the transaction.

    Whatever else changes its rows takes the same lock first, so nobody waits in a circle: trading a credential, ending
    the session, and deleting its client or person. Its `no_key` lets the foreign keys of new rows be checked meanwhile.
    """
    sessions = ConnectorSession.objects.select_for_update(of=("self",), no_key=True)
    return sessions.select_related("client", "user").filter(client=client, **of_credential).first()


def _is_within_grace(row: RefreshToken, first_used_at: datetime, now: datetime) -> bool:
    successor_is_unused = RefreshToken.objects.filter(predecessor=row, first_used_at=None).exists()
    return successor_is_unused and now - first_used_at <= settings.DEXTER_REFRESH_TOKEN_GRACE
