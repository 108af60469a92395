"""The tools that assistants call. A module of tools starts with `from mcp_bridge.tools import ToolOutput, tool`."""

from mcp_bridge.tools.registry import Tool, ToolOutput, registered_tools, tool

__all__ = ["Tool", "ToolOutput", "registered_tools", "tool"]
