"""A double click on "delete my account", or two tabs: it is gone, and nobody gets an error."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from http.cookies import SimpleCookie
from threading import Barrier
from typing import Any

import pytest
from django.core import mail
from django.db import connections
from django.test import Client as Browser

from accounts.audit import AccountAction
from accounts.errors import AccountGone
from accounts.models import AuditEntry, User
from accounts.tests.builders import make_user
from linking.services import delete_account

pytestmark = pytest.mark.django_db(transaction=True)
DELETE = "/account/delete/"
GONE = "Your account is deleted."


def test_the_second_request_finds_it_gone_and_writes_nothing() -> None:
    ada = make_user()
    same = User.objects.get(pk=ada.pk)
    delete_account(account=ada, address=None)
    rows = AuditEntry.objects.count()

    with pytest.raises(AccountGone):
        delete_account(account=same, address=None)

    assert (AuditEntry.objects.count(), len(mail.outbox)) == (rows, 1)


def test_both_land_on_a_page_that_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """The other request deletes the account after this one has seen who is signed in."""
    ada, browser = make_user(), Browser()
    browser.force_login(ada)

    def second_of_two(*, account: User, address: str | None) -> None:
        delete_account(account=User.objects.get(pk=account.pk), address=address)
        delete_account(account=account, address=address)

    monkeypatch.setattr("linking.views.personal_data.delete_account", second_of_two)

    response = browser.post(DELETE, {"agreed": "yes"}, follow=True)

    assert response.redirect_chain == [("/", 302)]
    assert GONE in response.content.decode()
    assert "_auth_user_id" not in browser.session
    assert not User.objects.exists()


@pytest.mark.postgres
def test_of_many_clicks_at_once_one_deletes_and_none_fails() -> None:
    ada, browser = make_user(), Browser()
    browser.force_login(ada)
    barrier = Barrier(6)

    def click(_: int) -> Any:
        same = Browser(raise_request_exception=False)
        same.cookies = SimpleCookie({name: morsel.value for name, morsel in browser.cookies.items()})
        try:
            barrier.wait(20)
            return same.post(DELETE, {"agreed": "yes"}).status_code
        finally:
            connections.close_all()

    with ThreadPoolExecutor(6) as pool:
        statuses = set(pool.map(click, range(6)))

    assert statuses == {302}
    assert AuditEntry.objects.filter(action=AccountAction.DELETED).count() == 1
    assert len(mail.outbox) == 1
