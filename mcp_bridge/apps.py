from django.apps import AppConfig


class MCPBridgeConfig(AppConfig):
    name = "mcp_bridge"

    def ready(self) -> None:
        """Let people see in their activity, and in the file with their data, what assistants did."""
        # Models can be imported from here on, and not before.
        from linking.history import add_source
        from mcp_bridge.activity import ToolCalls

        add_source(ToolCalls())
