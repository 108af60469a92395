"""`/api/link/generate`: codes of both directions, within the limits of minting (design §7)."""

from __future__ import annotations

import pytest
from django.test import Client as Browser

from accounts.models import User
from linking.tests.calling import assert_problem, bearer
from oauth.tests.builders import make_session

pytestmark = pytest.mark.django_db


def test_a_connection_gets_a_code_for_the_page_and_an_account_one_for_an_assistant(browser: Browser) -> None:
    for_page = Browser().post("/api/link/generate", headers=bearer())
    for_assistant = browser.post("/api/link/generate")

    assert (for_page.status_code, for_assistant.status_code) == (201, 201)
    assert for_page.json()["link_url"].endswith("/link")
    assert for_assistant.json()["link_url"].endswith("/link/code")
    assert for_assistant.json()["code"] in browser.get("/link/code").content.decode()


def test_a_linked_connection_gets_no_code_and_one_that_asks_too_often_waits(account: User) -> None:
    assert_problem(Browser().post("/api/link/generate", headers=bearer(make_session(account))), 409, "already_linked")
    headers = bearer()
    for _ in range(5):
        Browser().post("/api/link/generate", headers=headers)

    limited = Browser().post("/api/link/generate", headers=headers)

    assert_problem(limited, 429, "too_many_codes")
    assert int(limited["Retry-After"]) > 0
