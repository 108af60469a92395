"""`/api/connections`: what acts for the account, and an end to it."""

from __future__ import annotations

import pytest
from django.test import Client as Browser

from accounts.models import User
from accounts.tests.builders import make_user
from linking.models import AccountLink
from linking.tests.builders import make_link
from linking.tests.calling import assert_problem
from oauth.models import ConnectorSession
from oauth.tests.builders import make_session

pytestmark = pytest.mark.django_db


def test_connections_are_listed_and_ended_and_strangers_ones_do_not_exist(browser: Browser, account: User) -> None:
    own, linked, theirs = make_session(account), make_session(), make_session(make_user("eve@example.com"))
    make_link(account, linked)

    listed = browser.get("/api/connections").json()["connections"]
    assert {each["connection_id"] for each in listed} == {str(own.pk), str(linked.pk)}
    assert all(value is not None for each in listed for value in each.values())

    assert_problem(browser.delete(f"/api/connections/{theirs.pk}"), 404, "connection_not_found")
    assert browser.delete(f"/api/connections/{own.pk}").status_code == 204
    assert browser.delete(f"/api/connections/{own.pk}").status_code == 204
    assert list(ConnectorSession.objects.filter(ended_at__isnull=False)) == [own]


def test_with_the_last_connection_of_an_identity_its_link_goes(browser: Browser, account: User) -> None:
    first = make_session()
    link, second = make_link(account, first), make_session(first.user)
    listed = browser.get("/api/connections").json()["connections"]
    assert {each["link_id"] for each in listed} == {str(link.pk)}

    assert browser.delete(f"/api/connections/{first.pk}").status_code == 204
    assert AccountLink.objects.get() == link
    assert browser.delete(f"/api/connections/{second.pk}").status_code == 204

    assert not AccountLink.objects.exists()
    assert browser.get("/api/link/status").json()["links"] == []
    assert_problem(browser.delete(f"/api/connections/{second.pk}"), 404, "connection_not_found")
