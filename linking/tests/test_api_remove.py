"""`/api/link/remove`: everybody removes their own links only."""

from __future__ import annotations

import pytest
from django.test import Client as Browser

from accounts.models import User
from accounts.tests.builders import make_user
from linking.models import AccountLink
from linking.tests.builders import make_link
from linking.tests.calling import assert_problem, bearer, send
from oauth.tests.builders import make_session

pytestmark = pytest.mark.django_db


def test_a_connection_removes_its_own_link_only(account: User) -> None:
    session, other = make_session(), make_link(make_user("eve@example.com"))
    make_link(account, session)
    headers = bearer(session)

    assert_problem(send(Browser(), "/api/link/remove", {"link_id": str(other.pk)}, **headers), 400, "invalid_request")
    removed = send(Browser(), "/api/link/remove", **headers)
    again = send(Browser(), "/api/link/remove", **headers)

    assert removed.json() == {"is_linked": False, "connection_ended": False}
    assert_problem(again, 409, "not_linked")
    assert list(AccountLink.objects.all()) == [other]


def test_an_account_removes_its_own_links_only(browser: Browser, account: User) -> None:
    mine, theirs = make_link(account), make_link(make_user("eve@example.com"))

    assert_problem(send(browser, "/api/link/remove", {"link_id": str(theirs.pk)}), 404, "connection_not_found")
    assert send(browser, "/api/link/remove", {"link_id": str(mine.pk)}).status_code == 200
    assert list(AccountLink.objects.all()) == [theirs]
