"""`/account/activity/`: what was done in the account's name, and nobody else's affairs."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client as Browser

from accounts.audit import AccountAction, record_audit
from accounts.models import User
from accounts.tests.builders import make_user
from linking.activity import HIDDEN, SENTENCES
from linking.audit import LinkingAction
from linking.services import end_unproven_connections
from linking.tests.builders import make_link
from oauth.audit import OAuthAction
from oauth.models import ConnectorSession
from oauth.services import end_session
from oauth.tests.builders import make_client, make_session

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada() -> User:
    """Ada."""
    return make_user()


@pytest.fixture
def browser(ada: User) -> Browser:
    """A browser in which she is signed in."""
    browser = Browser()
    browser.force_login(ada)
    return browser


def page_of(browser: Browser, **query: Any) -> str:
    """The page."""
    return str(browser.get("/account/activity/", query).content.decode())


@pytest.mark.parametrize("action", [*AccountAction, *OAuthAction, *LinkingAction])
def test_every_action_is_told_or_left_out_on_purpose(action: str) -> None:
    told = [action in sentences for sentences in SENTENCES.values()]

    assert sum(told) + (action in HIDDEN) == 1


def test_own_rows_are_told_and_nobody_elses(browser: Browser, ada: User) -> None:
    grace = make_user("grace@example.com")
    record_audit(AccountAction.SIGNED_IN, actor=ada, account=ada, address="192.0.2.1", detail={"method": "code"})
    record_audit(AccountAction.SIGNED_IN, actor=grace, account=grace, address="192.0.2.2")
    record_audit(AccountAction.STAFF_CHANGED, actor=ada, account=grace, address="192.0.2.3")

    page = page_of(browser)

    assert "You signed in with a code from an email." in page
    assert "192.0.2.1" in page
    assert "192.0.2.2" not in page and "192.0.2.3" not in page
    assert page.count("<time") == 1


def test_staff_have_no_address_and_no_reason_here(browser: Browser, ada: User) -> None:
    staff = make_user("root@example.com", is_staff=True)
    detail = {"change": "secret-detail"}
    record_audit(AccountAction.STAFF_CHANGED, actor=staff, account=ada, address="192.0.2.9", detail=detail)

    page = page_of(browser)

    assert "Staff changed your account." in page
    for hidden in ("192.0.2.9", "root@example.com", "secret-detail"):
        assert hidden not in page


def test_the_end_of_a_linked_connection_is_told(browser: Browser, ada: User) -> None:
    session = make_session(client=make_client(name="Cursor"))
    make_link(account=ada, session=session)

    end_session(session=session, reason=ConnectorSession.EndReason.STAFF)

    assert "The connection of Cursor ended: ended by staff." in page_of(browser)


def test_what_the_person_ended_is_told_as_theirs(browser: Browser, ada: User) -> None:
    session = make_session(user=ada, client=make_client(name="Cursor"))

    end_session(session=session, reason=ConnectorSession.EndReason.USER, actor=ada)

    page = page_of(browser)
    assert "You ended the connection of Cursor." in page and "ended by the person" not in page


def test_what_ended_with_the_proof_of_the_email_is_not_told_as_theirs(browser: Browser, ada: User) -> None:
    """They may never have heard of it: somebody else had signed up with their address."""
    make_session(user=ada, client=make_client(name="Cursor"))

    end_unproven_connections(ada, None)

    assert "The connection of Cursor ended: made before the email was proven." in page_of(browser)


def test_the_kinds_are_told_apart(browser: Browser) -> None:
    page = page_of(browser)

    assert ">Connecting and linking</option>" in page and ">What assistants did</option>" in page
    assert ">Assistants</option>" not in page


def test_it_is_narrowed_to_a_kind_and_to_an_assistant(browser: Browser, ada: User) -> None:
    for name in ("Cursor", "ChatGPT"):
        client = make_client(name=name)
        record_audit(OAuthAction.SESSION_CONNECTED, account=ada, client_id=client.client_id)
    record_audit(AccountAction.SIGNED_IN, actor=ada, account=ada)

    assert "<time" in page_of(browser, kind="sign_in")
    assert "Cursor connected." not in page_of(browser, kind="sign_in")
    narrowed = page_of(browser, assistant=client.client_id)
    assert "ChatGPT connected." in narrowed and "Cursor connected." not in narrowed


def test_somebody_elses_assistant_cannot_be_asked_about(browser: Browser) -> None:
    client = make_client(name="Hers")
    record_audit(OAuthAction.SESSION_CONNECTED, account=make_user("grace@example.com"), client_id=client.client_id)

    assert "Hers" not in page_of(browser, assistant=client.client_id)


@pytest.mark.parametrize("query", [{"page": "0"}, {"page": "x"}, {"page": "99"}, {"kind": "\x00"}, {"assistant": "'"}])
def test_what_makes_no_sense_shows_what_there_is(browser: Browser, query: dict[str, str]) -> None:
    assert browser.get("/account/activity/", query).status_code == 200


def test_it_comes_in_pages(browser: Browser, ada: User) -> None:
    for _ in range(30):
        record_audit(AccountAction.SIGNED_IN, actor=ada, account=ada)

    assert page_of(browser).count("<time") == 25
    assert page_of(browser, page="2").count("<time") == 5


def test_an_assistants_name_cannot_write_html(browser: Browser, ada: User) -> None:
    client = make_client(name="<script>x</script> %(reason)s")
    record_audit(OAuthAction.SESSION_CONNECTED, account=ada, client_id=client.client_id)

    assert "<script>" not in page_of(browser)
