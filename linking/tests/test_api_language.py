"""The API's document and its codes are the same in every language; what a problem says to a person is in theirs."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client as Browser

pytestmark = pytest.mark.django_db

GERMAN = {"Accept-Language": "de-DE,de;q=0.9"}


def both(path: str) -> tuple[Any, Any]:
    """The answers to somebody who reads English, and to somebody who reads German."""
    browser = Browser(raise_request_exception=False)
    return browser.get(path, headers={"Accept-Language": "en"}), browser.get(path, headers=GERMAN)


def test_the_document_is_the_same_in_every_language() -> None:
    english, german = both("/api/schema")

    assert german.status_code == 200
    assert german.content == english.content
    assert "Accept-Language" not in german.headers.get("Vary", "")
    assert "Content-Language" not in german.headers


@pytest.mark.parametrize("path", ["/api/link/status", "/api/connections", "/api/identity/resolve", "/api/nothing"])
def test_only_the_words_for_a_person_are_in_their_language(path: str) -> None:
    english, german = both(path)

    assert german.status_code == english.status_code
    assert german.headers.get("WWW-Authenticate") == english.headers.get("WWW-Authenticate")
    assert german.json() | {"detail": ""} == english.json() | {"detail": ""}
    assert german.json()["detail"] != english.json()["detail"]
