from django.apps import AppConfig


class MCPBridgeConfig(AppConfig):
    name = "mcp_bridge"
