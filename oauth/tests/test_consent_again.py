"""Allowing once more what is connected already: somebody who went back, or who connects a second device."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client as Browser
from django.utils import timezone

from accounts.models import User
from accounts.tests.builders import make_user
from oauth.models import Client, ConnectorSession
from oauth.tests.builders import make_client, make_session
from oauth.tests.protocol import authorize_path, decide, exchange_code, read_answer

pytestmark = pytest.mark.django_db

NOTICE = "is connected to this account already, since"


@pytest.fixture
def ada() -> User:
    """Ada."""
    return make_user()


def page_of(browser: Browser, client: Client) -> str:
    """The consent page."""
    return str(browser.get(authorize_path(client)).content.decode())


def test_whoever_goes_back_after_allowing_is_told_that_it_is_connected(browser: Browser, ada: User) -> None:
    browser.force_login(ada)
    client = make_client(name="Cursor")
    before = page_of(browser, client)
    code = read_answer(decide(browser, authorize_path(client), "allow"))["code"]
    allowed = page_of(browser, client)
    assert exchange_code(Browser(), client, code).status_code == 200

    back = page_of(browser, client)

    # Until the assistant has fetched its tokens there is no connection, and a reason to allow it again.
    assert NOTICE not in before and NOTICE not in allowed
    assert f"Cursor {NOTICE} <time" in back and "If you allow it again, it is connected twice." in back


def test_it_is_a_remark_and_no_refusal(browser: Browser, ada: User) -> None:
    browser.force_login(ada)
    client = make_client()
    make_session(ada, client)

    assert "code" in read_answer(decide(browser, authorize_path(client), "allow"))
    assert ConnectorSession.objects.filter(user=ada, client=client).count() == 2


@pytest.mark.parametrize(
    "fields",
    [
        {"ended_at": timezone.now(), "end_reason": "user"},
        {"expires_at": timezone.now() - timedelta(days=1)},
        {"issuer": "https://old.example.com/mcp"},
    ],
    ids=["ended", "expired", "of another issuer"],
)
def test_what_acts_no_more_is_not_mentioned(browser: Browser, ada: User, fields: dict[str, Any]) -> None:
    browser.force_login(ada)
    client = make_client()
    make_session(ada, client, **fields)

    assert NOTICE not in page_of(browser, client)


def test_other_peoples_connections_and_other_assistants_are_not_mentioned(browser: Browser, ada: User) -> None:
    client = make_client()
    make_session(make_user("grace@example.com"), client)
    make_session(client=client)
    make_session(ada)

    signed_out = page_of(browser, client)
    browser.force_login(ada)

    assert NOTICE not in signed_out and NOTICE not in page_of(browser, client)
