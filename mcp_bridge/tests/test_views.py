"""The front page, the page at the endpoint, and the health checks (design §5)."""

from __future__ import annotations

from typing import Any

import pytest
from django.conf import settings
from django.db import OperationalError, connection
from django.test import Client as Browser

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("path", ["/", "/mcp", "/mcp/"])
def test_the_page_says_how_to_connect(client: Browser, path: str) -> None:
    response = client.get(path)
    assert response.status_code == 200
    page = response.content.decode()
    assert settings.DEXTER_RESOURCE in page
    assert 'href="/link"' in page
    assert 'href="/account/"' in page


@pytest.mark.parametrize("path", ["/", "/mcp", "/mcp/", "/healthz", "/readyz"])
def test_head_is_answered_and_post_is_not(client: Browser, path: str) -> None:
    assert client.head(path).status_code == 200
    assert client.post(path).status_code == 405


def test_the_address_is_the_public_one_whatever_the_host(client: Browser) -> None:
    page = client.get("/", headers={"host": "127.0.0.1", "x-forwarded-host": "evil.example"}).content.decode()
    assert settings.DEXTER_RESOURCE in page
    assert "evil.example" not in page
    assert "127.0.0.1" not in page


@pytest.mark.parametrize("path", ["/", "/mcp"])
def test_pages_carry_no_inline_code(client: Browser, path: str) -> None:
    page = client.get(path).content.decode()
    assert "<style" not in page
    assert " style=" not in page
    assert "<script>" not in page
    assert "onclick" not in page


def test_healthz_needs_no_database(client: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "cursor", fail)
    response = client.get("/healthz")
    assert (response.status_code, response.json()) == (200, {"status": "ok"})
    assert "no-store" in response["Cache-Control"]


def test_readyz_asks_the_database(client: Browser) -> None:
    response = client.get("/readyz")
    assert (response.status_code, response.json()) == (200, {"status": "ok", "database": "ok"})
    assert "no-store" in response["Cache-Control"]


def test_readyz_is_503_without_the_database_and_tells_no_secrets(
    client: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "cursor", fail)
    response = client.get("/readyz")
    assert response.status_code == 503
    assert response.json() == {"status": "unavailable", "database": "unavailable"}


def fail(*args: Any) -> None:
    raise OperationalError("postgresql://user:hunter2@db")
