"""Every setting that comes from the environment, in one typed, frozen object.

No other module reads the environment. A value that is missing or wrong stops the start with the name of the variable
and what it should look like; see `docs/settings.md` for the list, and `dexter.env_values` for what a value may be.
"""

from __future__ import annotations

import os
from functools import cached_property
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import Field, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from dexter.env_values import (
    Contact,
    DatabaseURL,
    EmailFrom,
    EmailURL,
    HostNames,
    Names,
    Parts,
    PrivateSchemes,
    RedisURL,
    SecretKey,
    SecretKeys,
    SiteName,
    check_origin,
    check_url,
)

BASE_DIR = Path(__file__).resolve().parent.parent

INSECURE_DEBUG_KEY = "insecure-key-for-debug-only-never-accepted-when-DEXTER_DEBUG-is-off"
PRIVATE_SCHEMES = ("claude", "cursor", "vscode", "vscode-insiders", "windsurf", "zed")


class Env(BaseSettings):
    """The environment, read once at start.

    Raises:
        pydantic.ValidationError: from the constructor; `load_env` turns it into one readable message.
    """

    model_config = SettingsConfigDict(
        # The tests name /dev/null, so that nothing of a developer's own decides how they end.
        env_file=os.environ.get("DEXTER_ENV_FILE") or BASE_DIR / ".env",
        env_file_encoding="utf-8",
        extra="ignore",
        frozen=True,
        populate_by_name=True,
        env_ignore_empty=True,
    )

    debug: bool = Field(False, validation_alias="DEXTER_DEBUG", description="true or false")
    secret_key: SecretKey = Field(
        "", validation_alias="DEXTER_SECRET_KEY", description="at least 50 random characters, the same on every host"
    )
    secret_key_fallbacks: SecretKeys = Field(
        (),
        validation_alias="DEXTER_SECRET_KEY_FALLBACKS",
        description="former secret keys, separated by commas, each of at least 50 characters",
    )
    public_url: str = Field(
        "", validation_alias="DEXTER_PUBLIC_URL", description="the site's origin, such as https://dexter.example.com"
    )
    issuer: str = Field(
        "", validation_alias="DEXTER_ISSUER", description="the OAuth issuer, by default {DEXTER_PUBLIC_URL}/mcp"
    )
    site_name: SiteName = Field("Dexter", validation_alias="DEXTER_SITE_NAME", description="1 to 40 characters")
    contact: Contact = Field(
        "",
        max_length=254,
        validation_alias="DEXTER_CONTACT",
        description="an e-mail address or an https URL where people reach you, such as help@example.com",
    )
    database_url: DatabaseURL = Field(
        f"sqlite:///{BASE_DIR / 'var' / 'dexter.sqlite3'}",
        validation_alias="DATABASE_URL",
        description="sqlite:///path or postgresql://user:password@host:5432/name",
    )
    redis_url: RedisURL = Field(
        "", validation_alias="REDIS_URL", description="redis://host:6379/0 or unix:///path, or empty for none"
    )
    allowed_hosts: Names = Field(
        (), validation_alias="DEXTER_ALLOWED_HOSTS", description="further host names, separated by commas"
    )
    trusted_proxies: int = Field(
        0,
        ge=0,
        le=9,
        validation_alias="DEXTER_TRUSTED_PROXIES",
        description="how many proxies in front append to X-Forwarded-For, 0 to 9",
    )
    access_token_seconds: int = Field(
        3600,
        ge=5,
        le=3600,
        validation_alias="DEXTER_ACCESS_TOKEN_SECONDS",
        description="how long an access token lives, 5 to 3600 seconds",
    )
    refusal_retention_days: int = Field(
        90,
        ge=1,
        le=3650,
        validation_alias="DEXTER_REFUSAL_RETENTION_DAYS",
        description="how long the audit log keeps refusals that concern no account, 1 to 3650 days",
    )
    tool_call_retention_days: int = Field(
        90,
        ge=1,
        le=3650,
        validation_alias="DEXTER_TOOL_CALL_RETENTION_DAYS",
        description="how long it is kept which tools assistants called, 1 to 3650 days",
    )
    guests_enabled: bool = Field(True, validation_alias="DEXTER_GUESTS_ENABLED", description="true or false")
    private_redirect_schemes: PrivateSchemes = Field(
        PRIVATE_SCHEMES,
        validation_alias="DEXTER_PRIVATE_REDIRECT_SCHEMES",
        description="URI schemes of desktop assistants, separated by commas, such as cursor,vscode",
    )
    blocked_client_hosts: HostNames = Field(
        (),
        validation_alias="DEXTER_BLOCKED_CLIENT_HOSTS",
        description="hosts whose assistants are shut out, separated by commas, such as example.com",
    )
    connector_client_id: str = Field(
        "",
        pattern=r"^[A-Za-z0-9._~-]{0,200}$",
        validation_alias="DEXTER_CONNECTOR_CLIENT_ID",
        description="the client ID of the connector that staff set up, letters, digits and . _ ~ -",
    )
    connector_redirect_uris: Parts = Field(
        (),
        validation_alias="DEXTER_CONNECTOR_REDIRECT_URIS",
        description="redirect URIs of that connector, separated by commas; `manage.py set_up_connector` makes it",
    )
    email_url: EmailURL = Field(
        "console:",
        validation_alias="DEXTER_EMAIL_URL",
        description="console: or smtp://user:password@host:587 (smtps:// for implicit TLS)",
    )
    email_from: EmailFrom = Field(
        "Dexter <no-reply@localhost>", validation_alias="DEXTER_EMAIL_FROM", description="Name <address>"
    )
    email_verification: Literal["none", "mandatory"] | None = Field(
        None,
        validation_alias="DEXTER_EMAIL_VERIFICATION",
        description="none or mandatory (the default outside debug)",
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "INFO", validation_alias="DEXTER_LOG_LEVEL", description="DEBUG, INFO, WARNING or ERROR"
    )

    @model_validator(mode="before")
    @classmethod
    def _fill_in_debug_defaults(cls, values: dict[str, Any]) -> dict[str, Any]:
        debug = str(values.get("DEXTER_DEBUG", values.get("debug", ""))).strip().lower() in {"1", "true", "yes", "on"}
        if debug:
            values.setdefault("DEXTER_SECRET_KEY", INSECURE_DEBUG_KEY)
            values.setdefault("DEXTER_PUBLIC_URL", "http://localhost:8000")
        return values

    @model_validator(mode="after")
    def _required_outside_debug(self) -> Env:
        missing = [
            alias
            for alias, value in (("DEXTER_SECRET_KEY", self.secret_key), ("DEXTER_PUBLIC_URL", self.public_url))
            if not value
        ]
        if missing:
            raise ValueError(f"{' and '.join(missing)} must be set unless DEXTER_DEBUG is true")
        if not self.debug and self.secret_key == INSECURE_DEBUG_KEY:
            raise ValueError("DEXTER_SECRET_KEY is the debug key; make one of your own")
        if not self.debug and INSECURE_DEBUG_KEY in self.secret_key_fallbacks:
            raise ValueError("DEXTER_SECRET_KEY_FALLBACKS has the debug key, which anybody knows")
        check_origin("DEXTER_PUBLIC_URL", self.public_url, debug=self.debug)
        check_url("DEXTER_ISSUER", self.issuer or f"{self.public_url}/mcp", debug=self.debug)
        return self

    @cached_property
    def issuer_url(self) -> str:
        """The issuer, byte for byte as every document, redirect, token and row has it (RFC 8414 §2)."""
        return self.issuer or f"{self.public_url}/mcp"

    @cached_property
    def hosts(self) -> list[str]:
        """Django's ALLOWED_HOSTS: the public host, those that the operator added and, in debug, loopback."""
        loopback = ["localhost", "127.0.0.1", "[::1]"] if self.debug else []
        public_host = urlsplit(self.public_url).hostname or ""
        return [f"[{public_host}]" if ":" in public_host else public_host, *self.allowed_hosts, *loopback]


def describe(error: ValidationError) -> str:
    """One line per fault: the variable, what is wrong, and what it should look like. Values are never repeated."""
    lines = []
    for fault in error.errors(include_input=False, include_url=False):
        name = str(fault["loc"][0]) if fault["loc"] else ""
        message = fault["msg"].removeprefix("Value error, ")
        field = next((f for n, f in Env.model_fields.items() if name in (n, str(f.validation_alias))), None)
        if field is None:
            lines.append(message)
            continue
        lines.append(f"{field.validation_alias}: {message} (expected: {field.description})")
    return "\n".join(lines)


def load_env(**overrides: Any) -> Env:
    """Read the environment and `.env`.

    Raises:
        SystemExit: with one line per variable that is missing or wrong.
    """
    try:
        return Env(**overrides)
    except ValidationError as error:
        raise SystemExit(f"Dexter cannot start:\n{describe(error)}") from None
