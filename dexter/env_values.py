"""What the values of settings may be: each type says what is wrong with any other. See `dexter.env`."""

from __future__ import annotations

import re
from email.utils import parseaddr
from typing import Annotated, Any
from urllib.parse import SplitResult, urlsplit

from pydantic import AfterValidator, BeforeValidator
from pydantic_settings import NoDecode

# Schemes that belong to browsers, and to no application.
BROWSER_SCHEMES = frozenset(
    ["about", "blob", "data", "file", "filesystem", "ftp", "http", "https", "javascript", "vbscript", "ws", "wss"]
)
SHORTEST_KEY = 50


def _parts(value: Any) -> Any:
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


def _names(value: Any) -> Any:
    return _parts(value.lower()) if isinstance(value, str) else value


def _private_schemes(value: tuple[str, ...]) -> tuple[str, ...]:
    for scheme in value:
        if not re.fullmatch(r"[a-z][a-z0-9+.-]*", scheme) or scheme in BROWSER_SCHEMES:
            raise ValueError(f"{scheme!r} is not a scheme that an application can own")
    return value


def _host_names(value: tuple[str, ...]) -> tuple[str, ...]:
    for host in value:
        if not re.fullmatch(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*", host):
            raise ValueError(f"{host!r} is not a host name; write example.com, which stands for all hosts below it")
    return value


def _site_name(value: str) -> str:
    if not 1 <= len(value.strip()) <= 40:
        raise ValueError("must have 1 to 40 characters")
    return value.strip()


def _contact(value: str) -> str:
    if not value:
        return value
    # urlsplit overlooks line breaks, and one of these stands in a header.
    if not re.fullmatch(r"[!-~]+", value):
        raise ValueError("has a space or a character that is not ASCII")
    if "://" not in value:
        if not re.fullmatch(r"[^@:<>,;\"()\[\]\\]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*", value):
            raise ValueError("is neither an e-mail address nor an https URL")
        return value
    parts = _split_url(value)
    if parts.scheme != "https" or not value.startswith("https://") or not parts.hostname:
        raise ValueError("must start with https:// unless it is an e-mail address")
    if parts.username is not None:
        raise ValueError("must have no user in the URL")
    return value


def _database_url(value: str) -> str:
    if _split_url(value).scheme not in {"sqlite", "postgres", "postgresql"} or "://" not in value:
        raise ValueError("must start with sqlite:// or postgresql://")
    return value


def _redis_url(value: str) -> str:
    if value and (_split_url(value).scheme not in {"redis", "rediss", "unix"} or "://" not in value):
        raise ValueError("must start with redis://, rediss:// or unix://")
    return value


def _email_url(value: str) -> str:
    parts = _split_url(value)
    if parts.scheme not in {"console", "smtp", "smtps"} or (parts.scheme != "console" and not parts.hostname):
        raise ValueError("must be console:, smtp://host:port or smtps://host:port")
    return value


def _email_from(value: str) -> str:
    name, partition, domain = parseaddr(value)[1].partition("@")
    if not (name and partition and domain) or "\n" in value:
        raise ValueError("has no e-mail address")
    return value


def _secret_key(value: str) -> str:
    if value and len(value) < SHORTEST_KEY:
        raise ValueError(f"must have at least {SHORTEST_KEY} characters")
    return value


def _secret_keys(value: tuple[str, ...]) -> tuple[str, ...]:
    if any(len(key) < SHORTEST_KEY for key in value):
        raise ValueError(f"each must have at least {SHORTEST_KEY} characters")
    return value


def _split_url(value: str) -> SplitResult:
    # urlsplit looks at a port only when it is asked for.
    try:
        parts = urlsplit(value)
        _ = parts.port
    except ValueError:
        raise ValueError("is not a URL") from None
    return parts


def check_url(name: str, value: str, *, debug: bool) -> None:
    """Raise a ValueError unless it is an absolute URL that can stand in documents byte for byte."""
    try:
        parts = _split_url(value)
    except ValueError as error:
        raise ValueError(f"{name} {error}; it should look like https://dexter.example.com") from None
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError(f"{name} must be an absolute URL such as https://dexter.example.com")
    if parts.scheme == "http" and not debug:
        raise ValueError(f"{name} must start with https:// unless DEXTER_DEBUG is true")
    if parts.query or parts.fragment or parts.username is not None or value.endswith("/"):
        raise ValueError(f"{name} must have no user, query, fragment or trailing slash")
    if parts.netloc != parts.netloc.lower():
        raise ValueError(f"{name} must have its host in lower case")


def check_origin(name: str, value: str, *, debug: bool) -> None:
    """Raise a ValueError unless it is such a URL without a path."""
    check_url(name, value, debug=debug)
    if urlsplit(value).path:
        raise ValueError(f"{name} must be an origin without a path, such as https://dexter.example.com")


# Separated by commas; names are the same in any case.
Parts = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_parts)]
Names = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_names)]
PrivateSchemes = Annotated[Names, AfterValidator(_private_schemes)]
HostNames = Annotated[Names, AfterValidator(_host_names)]
SecretKey = Annotated[str, AfterValidator(_secret_key)]
SecretKeys = Annotated[Parts, AfterValidator(_secret_keys)]
SiteName = Annotated[str, AfterValidator(_site_name)]
Contact = Annotated[str, AfterValidator(_contact)]
DatabaseURL = Annotated[str, AfterValidator(_database_url)]
RedisURL = Annotated[str, AfterValidator(_redis_url)]
EmailURL = Annotated[str, AfterValidator(_email_url)]
EmailFrom = Annotated[str, AfterValidator(_email_from)]
