"""The API's document and its codes are the same in every language; what a problem says to a person is in theirs."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client as Browser

from linking.api.problems import LACKS_SCOPE, TOKEN_REFUSED
from linking.tests.calling import bearer, send
from oauth.errors import InsufficientScope, InvalidToken
from oauth.tests.builders import make_session

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


def test_what_a_token_or_a_field_is_refused_for_is_in_their_language_too() -> None:
    unknown, unlinked = {"Authorization": "Bearer dxa_unknown"}, bearer(make_session(scope="openid"))
    of_field = bearer(make_session())
    asked: list[tuple[dict[str, str], dict[str, str]]] = [
        (unknown, {}),
        (unlinked, {}),
        (of_field, {"link_id": "11111111-1111-4111-8111-111111111111"}),
    ]

    for headers, body in asked:
        english, german = (
            send(Browser(), "/api/link/remove", body, **headers, **language)
            for language in ({"Accept-Language": "en"}, GERMAN)
        )

        assert german.status_code == english.status_code in (400, 401, 403)
        assert german.headers.get("WWW-Authenticate") == english.headers.get("WWW-Authenticate")
        assert german.json()["code"] == english.json()["code"]
        assert german.json()["detail"] != english.json()["detail"]
        assert german.json().get("errors") != english.json().get("errors") or not body


def test_a_refused_token_is_told_in_english_what_programs_are_told() -> None:
    assert (str(TOKEN_REFUSED), str(LACKS_SCOPE)) == (InvalidToken.description, InsufficientScope.description)
