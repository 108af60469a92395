"""`/account/state`: what the page asks for while it waits."""

from __future__ import annotations

import pytest
from django.test import Client as Browser
from django.utils import timezone

from accounts.models import User
from accounts.tests.builders import make_user
from linking.tests.browsing import end, text_of, unlink
from linking.tests.builders import make_link
from oauth.models import ConnectorSession
from oauth.tests.builders import make_client, make_session

pytestmark = pytest.mark.django_db


def state_of(browser: Browser) -> str:
    """What the page's script is told."""
    return str(browser.get("/account/state").json()["state"])


def test_the_state_changes_with_what_the_page_shows_and_with_nothing_else(browser: Browser, account: User) -> None:
    seen = [state_of(browser)]

    def note() -> None:
        assert state_of(browser) == state_of(browser)
        seen.append(state_of(browser))

    session = make_session(user=account)
    note()
    ConnectorSession.objects.filter(pk=session.pk).update(last_used_at=timezone.now())
    note()
    link = make_link(account=account)
    note()
    unlink(browser, link)
    note()
    end(browser, session)

    assert len(set(seen)) >= 4 and seen[1:4] == list(dict.fromkeys(seen[1:4]))
    assert state_of(browser) == seen[0]
    make_session()
    make_link(account=make_user("grace@example.com"))
    assert state_of(browser) == seen[0]


def test_the_state_is_on_the_page_and_says_nothing_of_what_it_is(browser: Browser, account: User) -> None:
    session = make_session(user=account, client=make_client(name="Cursor"))

    response = browser.get("/account/state")

    state = response.json()["state"]
    assert response.json().keys() == {"state"} and len(state) == 16
    assert f'data-state="{state}"' in text_of(browser.get("/account/"))
    assert str(session.pk) not in response.content.decode()
    assert "no-store" in response["Cache-Control"]


def test_the_state_is_for_whoever_is_signed_in(account: User) -> None:
    make_session(user=account)

    response = Browser().get("/account/state")

    assert response["Location"] == "/account/login/?next=/account/"
    assert b"state" not in response.content
