"""What connectors and people send to the authorization server, for tests."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from django.db import models
from django.http import HttpResponseBase
from django.test import Client as Browser

from accounts.models import AuditEntry, User
from oauth.models import (
    AccessToken,
    Client,
    ClientDocument,
    ClientLogo,
    ConnectorSession,
    Grant,
    IDToken,
    RefreshToken,
)
from oauth.tests.builders import CODE_CHALLENGE, CODE_VERIFIER, REDIRECT_URI

FORM = "application/x-www-form-urlencoded"
STATE = "state & more/+="
ROWS: tuple[type[models.Model], ...] = (
    *(Client, ClientDocument, ClientLogo, ConnectorSession, Grant, AccessToken, RefreshToken, IDToken, User),
)


def authorize_path(client: Client, **parameters: str | None) -> str:
    """The path that a connector opens the browser at. A parameter that is None is left out."""
    defaults: dict[str, str | None] = {
        "response_type": "code",
        "client_id": client.client_id,
        "redirect_uri": REDIRECT_URI,
        "code_challenge": CODE_CHALLENGE,
        "code_challenge_method": "S256",
        "state": STATE,
    }
    sent = {name: value for name, value in (defaults | parameters).items() if value is not None}
    return "/mcp/authorize?" + urlencode(sent)


def read_stamp(response: Any) -> str:
    """The stamp in a consent page's form."""
    found = re.search(r'name="stamp" value="(\w+)"', response.content.decode())
    assert found, response.content.decode()
    return found[1]


def decide(browser: Browser, path: str, decision: str) -> Any:
    """Look at the consent page, and press a button on it."""
    stamp = read_stamp(browser.get(path))
    return browser.post(path, {"stamp": stamp, "decision": decision})


def read_answer(response: HttpResponseBase) -> dict[str, str]:
    """The parameters that a redirect carries back to the connector."""
    assert response.status_code == 302, response
    pairs = parse_qsl(urlsplit(response["Location"]).query, keep_blank_values=True)
    answer = dict(pairs)
    assert len(answer) == len(pairs)
    return answer


def assert_asked_again(response: Any) -> None:
    """The consent page is shown once more, says that something changed, and holds a stamp for what now is."""
    assert response.status_code == 409
    assert b"Something changed while this page was open" in response.content
    assert read_stamp(response)


def assert_json_error(response: Any, error: str, status: int = 400) -> dict[str, str]:
    """A JSON error that nobody keeps, and no token in it (RFC 6749 §5.2)."""
    answer: dict[str, str] = response.json()
    assert (response.status_code, answer["error"]) == (status, error)
    assert response["Content-Type"].startswith("application/json")
    assert response["Cache-Control"] == "no-store"
    assert "access_token" not in answer
    return answer


def register(browser: Browser, **metadata: Any) -> Any:
    """Register a public client with one loopback redirect, unless `metadata` says otherwise."""
    defaults = {"redirect_uris": [REDIRECT_URI], "token_endpoint_auth_method": "none"}
    return post_registration(browser, json.dumps(defaults | metadata))


def post_registration(browser: Browser, body: str | bytes, content_type: str = "application/json") -> Any:
    """Send any body to the registration endpoint."""
    return browser.post("/mcp/register", body, content_type=content_type)


def post_form(browser: Browser, path: str, fields: Any, **options: Any) -> Any:
    """Send a form, as connectors do to the token and revocation endpoints. Fields that are None are left out."""
    pairs = fields.items() if isinstance(fields, dict) else fields
    body = urlencode([(name, value) for name, value in pairs if value is not None])
    return browser.post(path, body, content_type=FORM, **options)


def exchange_code(
    browser: Browser, client: Client, code: str | None, *, headers: Any = None, **fields: str | None
) -> Any:
    """Trade a code for tokens."""
    defaults: dict[str, str | None] = {
        "grant_type": "authorization_code",
        "code": code,
        "client_id": client.client_id,
        "redirect_uri": REDIRECT_URI,
        "code_verifier": CODE_VERIFIER,
    }
    return post_form(browser, "/mcp/token", defaults | fields, headers=headers)


def refresh(browser: Browser, client: Client, refresh_token: str, **fields: str | None) -> Any:
    """Trade a refresh token for new tokens."""
    defaults = {"grant_type": "refresh_token", "refresh_token": refresh_token, "client_id": client.client_id}
    return post_form(browser, "/mcp/token", defaults | fields)


def basic(client_id: str, secret: str) -> dict[str, str]:
    """The header of HTTP Basic authentication (RFC 6749 §2.3.1)."""
    pair = f"{quote(client_id, safe='')}:{quote(secret, safe='')}"
    return {"Authorization": "Basic " + base64.b64encode(pair.encode()).decode()}


@contextmanager
def nothing_written(*audited: str) -> Iterator[None]:
    """Assert that the block changes no row of the authorization server, and writes just these audit rows."""
    before, entries = _snapshot(), set(AuditEntry.objects.values_list("pk", flat=True))
    yield
    assert _snapshot() == before
    assert sorted(AuditEntry.objects.exclude(pk__in=entries).values_list("action", flat=True)) == sorted(audited)


def _snapshot() -> dict[str, list[dict[str, Any]]]:
    return {model.__name__: list(model._default_manager.order_by("pk").values()) for model in ROWS}
