"""The same protocol by hand, for what a well-behaved client does not do."""

from __future__ import annotations

import base64
import hashlib
import secrets
from dataclasses import dataclass, field
from urllib.parse import urlencode

import httpx2

from tests.journeys.server import Site

PROTOCOL_VERSION = "2025-11-25"


@dataclass
class Handshake:
    """One authorization request of a client that registered itself."""

    site: Site
    client_id: str
    redirect_uri: str
    state: str = field(default_factory=lambda: secrets.token_urlsafe(16))
    code_verifier: str = field(default_factory=lambda: secrets.token_urlsafe(48))

    @property
    def authorization_url(self) -> str:
        """Where the person decides."""
        challenge = base64.urlsafe_b64encode(hashlib.sha256(self.code_verifier.encode()).digest()).decode().rstrip("=")
        query = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": self.redirect_uri,
            "state": self.state,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
            "resource": self.site.mcp_url,
        }
        return f"{self.site.url}/mcp/authorize?{urlencode(query)}"


async def register(site: Site, redirect_uri: str, name: str = "Hand-made assistant") -> Handshake:
    """Register a client (RFC 7591) and prepare its authorization request."""
    body = {"client_name": name, "redirect_uris": [redirect_uri], "token_endpoint_auth_method": "none"}
    # At the first process's own address: the name and the certificate of a site may be known to its browsers only.
    async with httpx2.AsyncClient(verify=False) as client:
        answer = await client.post(f"{site.servers[0].url}/mcp/register", json=body)
    assert answer.status_code == 201, answer.text
    return Handshake(site, answer.json()["client_id"], redirect_uri)


async def call_tool(
    client: httpx2.AsyncClient,
    site: Site,
    tool: str,
    *,
    token: str | None = None,
    arguments: dict[str, object] | None = None,
    headers: dict[str, str] | None = None,
) -> httpx2.Response:
    """One `tools/call`, whatever the headers."""
    call = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": tool, "arguments": arguments or {}}}
    sent = {
        "Accept": "application/json, text/event-stream",
        "MCP-Protocol-Version": PROTOCOL_VERSION,
        **({"Authorization": f"Bearer {token}"} if token else {}),
        **(headers or {}),
    }
    return await client.post(site.mcp_url, json=call, headers=sent)
