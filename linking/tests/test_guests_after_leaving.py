"""On a shared computer the next person does not get the connections of the one before (design §2)."""

from __future__ import annotations

import pytest
from django.test import Client as Browser

from accounts.models import User
from accounts.tests.builders import make_user
from linking.tests.builders import make_link
from oauth.models import Client, ConnectorSession
from oauth.tests.builders import make_client
from oauth.tests.protocol import authorize_path, decide

pytestmark = pytest.mark.django_db(transaction=True)


def connect_without_an_account(browser: Browser, client: Client) -> ConnectorSession:
    """Press the button on the consent page."""
    assert decide(browser, authorize_path(client), "guest").status_code == 302
    return ConnectorSession.objects.get(client=client)


@pytest.mark.parametrize(("path", "form"), [("/account/logout/", {}), ("/account/delete/", {"agreed": "yes"})])
def test_the_next_person_is_a_guest_without_a_link(path: str, form: dict[str, str]) -> None:
    ada, browser = make_user(), Browser()
    mine = connect_without_an_account(browser, make_client())
    make_link(ada, mine)
    browser.force_login(ada)
    browser.post(path, form)

    theirs = connect_without_an_account(browser, make_client(name="Of the next person"))

    assert theirs.user != mine.user
    assert not User.objects.filter(pk=theirs.user_id, account_link__isnull=False).exists()


def test_who_does_not_sign_out_is_the_same_guest() -> None:
    browser = Browser()
    first = connect_without_an_account(browser, make_client())

    second = connect_without_an_account(browser, make_client(name="Another"))

    assert second.user == first.user
