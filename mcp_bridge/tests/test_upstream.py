"""A digest of everything in the MCP SDK and WhiteNoise that we override or rely on the inside of.

When an upgrade changes one of them this fails: read the change, see whether ours still holds, renew the digest.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from mcp.client.auth import OAuthClientProvider
from mcp.server._streamable_http_modern import handle_modern_request
from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.tools import Tool
from mcp.server.mcpserver.utilities.context_injection import find_context_parameter
from mcp.server.mcpserver.utilities.func_metadata import FuncMetadata
from mcp.server.mcpserver.utilities.logging import configure_logging
from mcp.server.streamable_http import StreamableHTTPServerTransport
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from whitenoise.middleware import WhiteNoiseMiddleware  # type: ignore[import-untyped]

from accounts.tests.upstream import digest_of

DIGESTS: list[tuple[Callable[..., Any], str]] = [
    # Overridden by MCPBridgeServer, which reads the cause of the errors that Tool.run raises.
    (MCPServer.call_tool, "b3d984eca5c9de2f"),
    (MCPServer.get_prompt, "7f5bf7fa6748d95c"),
    (Tool.run, "9cee795c7c20787b"),
    # How our functions are called: with a context found by its annotation, and arguments that the model validated.
    (find_context_parameter, "3b317fd2b33392bb"),
    (FuncMetadata.validate_arguments, "30eb8d87b4b7341d"),
    (FuncMetadata.convert_result, "421ae6bc33c6e337"),
    # How the request, and with it the principal, reaches a tool.
    (StreamableHTTPSessionManager._handle_request, "a3e1f9718d1bed01"),
    (StreamableHTTPSessionManager._handle_stateless_request, "5f73a16dea80a855"),
    (StreamableHTTPServerTransport._message_metadata, "002bfacae313cd7e"),
    (handle_modern_request, "cde3cb6094dd5193"),
    # Does nothing, because we configured the root logger before.
    (configure_logging, "2bdb0a2824fdf626"),
    # The terminal's connector sets the expiry of stored tokens, and rewrites the scope of the address.
    (OAuthClientProvider._initialize, "19197aeb34c05419"),
    (OAuthClientProvider._perform_authorization_code_grant, "2e4bb2686ed7437e"),
    (WhiteNoiseMiddleware.serve, "5858d32edfbb9db2"),
]


@pytest.mark.parametrize(("upstream", "digest"), DIGESTS, ids=lambda value: getattr(value, "__qualname__", None))
def test_upstream_is_what_we_read(upstream: Callable[..., Any], digest: str) -> None:
    assert digest_of(upstream) == digest
