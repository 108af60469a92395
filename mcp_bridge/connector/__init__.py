"""A real MCP client for the terminal, on the official SDK: what an assistant does, for people to watch.

It knows the server by its URL only: it needs no database, and works against any MCP server with OAuth.
"""

from mcp_bridge.connector.errors import ConnectorError
from mcp_bridge.connector.flow import Options, run_connector

__all__ = ["ConnectorError", "Options", "run_connector"]
