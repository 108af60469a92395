"""Whose word the name of an assistant is (design §7, confirm; connectors, rule 8): a host is proven, a name is not."""

from __future__ import annotations

from html import unescape
from typing import Any

import pytest
from django.test import Client as Browser

from accounts.models import User
from accounts.tests.builders import make_guest, make_user
from accounts.tests.mails import as_read, html_of
from linking.services import redeem_linking_code
from linking.tests.browsing import decide, signed_in, text_of
from linking.tests.builders import make_linking_code, make_principal
from linking.tests.test_offer_page import make_code
from oauth.models import Client
from oauth.tests.builders import make_client, make_client_document, make_grant, make_session
from oauth.tests.protocol import authorize_path, exchange_code

pytestmark = pytest.mark.django_db(transaction=True)
HOST = "claude-connect.attacker.example"
REDIRECT_URI = f"https://{HOST}/cb"
ON_PAGES = f"{HOST} says that it is called Claude. Go on only if you know {HOST}."
IN_MAILS = f"{HOST} says that it is called Claude. Keep the connection only if you know {HOST}."
Source = Client.RegistrationSource


@pytest.fixture
def ada() -> User:
    """Ada."""
    return make_user()


@pytest.fixture
def browser(ada: User) -> Browser:
    """Her browser."""
    return signed_in(ada)


def make_namesake(source: str = Source.CIMD) -> Client:
    """What calls itself Claude, at a host that anybody could have."""
    fields = {"client_id": f"https://{HOST}/c.json"} if source == Source.CIMD else {}
    client = make_client(name="Claude", registration_source=source, redirect_uris=REDIRECT_URI, **fields)
    if source == Source.CIMD:
        make_client_document(client)
    return client


def consent_page(browser: Browser, client: Client) -> str:
    """What the person is asked at the authorization endpoint."""
    return text_of(browser.get(authorize_path(client, redirect_uri=REDIRECT_URI)))


def confirm_page(browser: Browser, client: Client) -> str:
    """What the person is asked who typed a code of the assistant."""
    _row, code = make_linking_code(make_session(client=client, redirect_uri=REDIRECT_URI))
    browser.post("/link", {"code": code})
    return text_of(browser.get("/link/confirm"))


def offer_page(browser: Browser, client: Client) -> str:
    """What the person is asked whose code the assistant came with."""
    code = make_code(browser)
    session = make_session(make_guest(), client=client, redirect_uri=REDIRECT_URI)
    redeem_linking_code(principal=make_principal(session), code=code)
    return text_of(browser.get("/link/code"))


def told_of_connection(ada: User, client: Client) -> None:
    """The assistant connects to the account of a person who signed in."""
    grant, code = make_grant(make_session(user=ada, client=client, redirect_uri=REDIRECT_URI, connected_at=None))
    assert exchange_code(Browser(), client, code, redirect_uri=grant.redirect_uri).status_code == 200


PAGES = [consent_page, confirm_page, offer_page]


@pytest.mark.parametrize("page", PAGES)
def test_a_host_that_speaks_for_itself_is_named_with_what_it_claims(browser: Browser, page: Any) -> None:
    shown = page(browser, make_namesake())

    assert shown.count(ON_PAGES) == 1
    assert f"verified: {HOST}" in shown


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("source", [Source.MANUAL, Source.DCR])
def test_it_is_not_said_of_others(browser: Browser, page: Any, source: str) -> None:
    shown = page(browser, make_namesake(source))

    assert "says that it is called" not in shown
    # Staff know the one that they set up, and nobody the other.
    assert (f"verified: {HOST}" in shown) == (source == Source.MANUAL)


def test_a_name_that_is_claimed_cannot_write_html(browser: Browser) -> None:
    client = make_namesake()
    Client.objects.update(name="<b>Claude</b>")

    shown = consent_page(browser, client)

    assert "<b>" not in shown
    assert ON_PAGES.replace("Claude", "<b>Claude</b>") in unescape(shown)


def test_the_mail_about_a_connection_says_so(ada: User, mailoutbox: list[Any]) -> None:
    told_of_connection(ada, make_namesake())

    for text in (mailoutbox[0].body, html_of(mailoutbox[0])):
        assert as_read(text).count(IN_MAILS) == 1


@pytest.mark.parametrize("source", [Source.MANUAL, Source.DCR])
def test_the_mail_does_not_say_so_of_others(ada: User, mailoutbox: list[Any], source: str) -> None:
    told_of_connection(ada, make_namesake(source))

    assert "says that it is called" not in mailoutbox[0].body


def test_the_mail_about_a_link_says_so_and_where_the_connection_goes(browser: Browser, mailoutbox: list[Any]) -> None:
    confirm_page(browser, make_namesake())

    decide(browser, "link")

    for text in (mailoutbox[0].body, html_of(mailoutbox[0])):
        assert as_read(text).count(IN_MAILS) == 1
        assert f"The connection goes to: {HOST}" in as_read(text)


def test_the_mail_about_a_link_names_what_joined_with_it(browser: Browser, mailoutbox: list[Any]) -> None:
    session = make_session(client=make_client(name="Cursor"))
    other = make_client(name="X\n\nSign in:\nhttp://localhost:8000/link#code=ABCDEF")
    make_session(user=session.user, client=other, redirect_uri="https://other.example/cb")
    make_session(client=make_client(name="Hers"))
    _row, code = make_linking_code(session)
    browser.post("/link", {"code": code})

    decide(browser, "link")

    [message] = mailoutbox
    assert "these act for your account too:\n- " in message.body
    assert "- X Sign in: http://localhost:8000/link#code=ABCDEF. It goes to other.example" in as_read(message.body)
    assert "Hers" not in message.body
    # What others chose becomes no link, neither here nor in a mail program: there are two, to undo and to the account.
    assert "other.example" not in message.body
    assert html_of(message).count("<a ") == 2


def test_the_mail_about_a_link_is_not_as_long_as_somebody_wants(browser: Browser, mailoutbox: list[Any]) -> None:
    session = make_session()
    for number in range(22):
        make_session(user=session.user, client=make_client(name=f"Number {number}"))
    _row, code = make_linking_code(session)
    browser.post("/link", {"code": code})

    decide(browser, "link")

    assert mailoutbox[0].body.count("- Number") == 20
    assert "- and 2 more" in mailoutbox[0].body


def test_a_link_that_joins_nothing_else_names_nothing_else(browser: Browser, mailoutbox: list[Any]) -> None:
    confirm_page(browser, make_namesake())

    decide(browser, "link")

    assert "act for your account too" not in mailoutbox[0].body
