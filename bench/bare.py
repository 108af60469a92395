"""What Dexter is measured against: the SDK's own server, an in-memory verifier, and an `auth_info` tool.

It does as little as a server with authentication can: one token in a dictionary, no database, no log lines.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime

from mcp.server.auth.middleware.auth_context import get_access_token
from mcp.server.auth.provider import AccessToken
from mcp.server.auth.settings import AuthSettings
from mcp.server.mcpserver import MCPServer
from pydantic import AnyHttpUrl, BaseModel

RESOURCE = "https://bare.example.com/mcp"
EXPIRES_AT = 4102444800


class Account(BaseModel):
    """The same fields as Dexter's answer has."""

    account_id: str
    display_name: str
    email: str
    linked_at: datetime | None
    link_initiated_by: str | None


class AuthInfo(BaseModel):
    """The same fields as Dexter's answer has."""

    issuer: str
    subject: str
    client_id: str
    client_name: str
    session_id: str
    scopes: list[str]
    expires_at: datetime
    is_guest: bool
    is_linked: bool
    account: Account | None


class InMemoryVerifier:
    """One token, known from the start."""

    def __init__(self, token: str) -> None:
        self._tokens = {
            token: AccessToken(
                token=token,
                client_id="dxc_bench",
                scopes=["identity.read", "link.write", "offline_access"],
                expires_at=EXPIRES_AT,
                resource=RESOURCE,
                subject="user:abcdefghjkmn",
            )
        }

    async def verify_token(self, token: str) -> AccessToken | None:
        """The token's meaning, or None."""
        return self._tokens.get(token)


server = MCPServer(
    name="bare",
    token_verifier=InMemoryVerifier(os.environ["BENCH_TOKEN"]),
    auth=AuthSettings(
        issuer_url=AnyHttpUrl(RESOURCE),
        resource_server_url=AnyHttpUrl(RESOURCE),
        required_scopes=["identity.read"],
        validate_token_resource=True,
    ),
    log_level="WARNING",
)


@server.tool()
async def auth_info() -> AuthInfo:
    """Who is calling."""
    token = get_access_token()
    if token is None or token.subject is None or token.expires_at is None:
        raise LookupError("no token")
    return AuthInfo(
        issuer=RESOURCE,
        subject=token.subject,
        client_id=token.client_id,
        client_name="Example Assistant",
        session_id="b7f1c1de-6b1f-4a86-9d0e-3f1f0c7f0a11",
        scopes=token.scopes,
        expires_at=datetime.fromtimestamp(token.expires_at, UTC),
        is_guest=False,
        is_linked=True,
        account=Account(
            account_id="user:abcdefghjkmn",
            display_name="ada",
            email="a***@example.com",
            linked_at=None,
            link_initiated_by="sign_in",
        ),
    )


app = server.streamable_http_app(stateless_http=True, json_response=True)
