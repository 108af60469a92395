"""What is done to clients, sessions and tokens. Each service owns its transaction and its audit row."""

from oauth.services.clients import block_client, flag_client, set_up_client, set_up_connector_client
from oauth.services.service_tokens import (
    issue_service_token,
    resolve_service_token,
    revoke_own_service_token,
    revoke_service_token,
)
from oauth.services.sessions import (
    Consent,
    deny_authorization,
    end_session,
    issue_authorization_code,
    open_session,
    touch_session,
)
from oauth.services.sweeping import sweep_oauth
from oauth.services.tokens import spend_code, store_access_token, store_refresh_token

__all__ = [
    "Consent",
    "block_client",
    "deny_authorization",
    "end_session",
    "flag_client",
    "issue_authorization_code",
    "issue_service_token",
    "open_session",
    "resolve_service_token",
    "revoke_own_service_token",
    "revoke_service_token",
    "set_up_client",
    "set_up_connector_client",
    "spend_code",
    "store_access_token",
    "store_refresh_token",
    "sweep_oauth",
    "touch_session",
]
