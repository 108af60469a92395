"""What Dexter reads of its own settings: the site, its name, its guests, its connector. All others build on it."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import urlsplit

from dexter import __version__
from dexter.env import load_env

env = load_env()
# False in debug only.
on_https = urlsplit(env.public_url).scheme == "https"

DEXTER_PUBLIC_URL = env.public_url
DEXTER_ISSUER = env.issuer_url
# The canonical resource of RFC 8707: the MCP endpoint, without a trailing slash.
DEXTER_RESOURCE = f"{env.public_url}/mcp"
DEXTER_SITE_NAME = env.site_name
DEXTER_CONTACT = env.contact
DEXTER_VERSION = __version__
DEXTER_GUESTS_ENABLED = env.guests_enabled
DEXTER_REFUSAL_RETENTION = timedelta(days=env.refusal_retention_days)
DEXTER_TOOL_CALL_RETENTION = timedelta(days=env.tool_call_retention_days)
DEXTER_PRIVATE_REDIRECT_SCHEMES = env.private_redirect_schemes
DEXTER_BLOCKED_CLIENT_HOSTS = env.blocked_client_hosts
DEXTER_TRUSTED_PROXIES = env.trusted_proxies
DEXTER_CONNECTOR_CLIENT_ID = env.connector_client_id
DEXTER_CONNECTOR_REDIRECT_URIS = env.connector_redirect_uris
