"""`/api/link/preview` and `/api/link/verify` (design §5, §7): look at a code, then confirm or decline it."""

from __future__ import annotations

import pytest
from django.test import Client as Browser

from accounts.models import AuditEntry, User
from accounts.sign_in import SIGN_IN_MAX_AGE
from accounts.tests.builders import make_user
from linking.models import AccountLink
from linking.tests.builders import make_linking_code
from linking.tests.calling import assert_problem, send, written

pytestmark = pytest.mark.django_db


def test_a_code_is_previewed_and_then_confirmed(browser: Browser, account: User) -> None:
    row, code = make_linking_code()

    preview = send(browser, "/api/link/preview", {"code": code.lower()}).json()
    linked = send(browser, "/api/link/verify", {"preview_id": preview["preview_id"]})

    assert preview["assistant"] == {"name": "Example Assistant", "is_verified": False}
    assert preview["account"]["account_id"] == account.subject
    assert preview["redirect_host"] and preview["allows"]
    assert linked.status_code == 200
    link = AccountLink.objects.get()
    assert (link.account, link.user) == (account, row.user)
    assert linked.json()["link"]["link_id"] == str(link.pk)
    assert AuditEntry.objects.filter(action="linking.link.confirmed", account=account).count() == 1


def test_a_preview_confirms_once(browser: Browser) -> None:
    _, code = make_linking_code()
    preview_id = send(browser, "/api/link/preview", {"code": code}).json()["preview_id"]
    send(browser, "/api/link/verify", {"preview_id": preview_id})

    before = written()
    again = send(browser, "/api/link/verify", {"preview_id": preview_id})

    assert_problem(again, 400, "preview_unknown")
    assert written() == before


def test_a_code_itself_does_not_confirm(browser: Browser) -> None:
    _, code = make_linking_code()
    send(browser, "/api/link/preview", {"code": code})

    assert_problem(send(browser, "/api/link/verify", {"preview_id": code}), 400, "preview_unknown")
    assert_problem(send(browser, "/api/link/verify", {"code": code}), 400, "invalid_request")
    assert not AccountLink.objects.exists()


def test_a_preview_is_of_one_session_and_account(browser: Browser, account: User) -> None:
    _, code = make_linking_code()
    preview_id = send(browser, "/api/link/preview", {"code": code}).json()["preview_id"]
    elsewhere, other = Browser(), Browser()
    elsewhere.force_login(account)
    other.force_login(make_user("eve@example.com"))

    for stranger in (elsewhere, other):
        assert_problem(send(stranger, "/api/link/verify", {"preview_id": preview_id}), 400, "preview_unknown")
    assert not AccountLink.objects.exists()


def test_declining_ends_the_code(browser: Browser) -> None:
    row, code = make_linking_code()
    preview_id = send(browser, "/api/link/preview", {"code": code}).json()["preview_id"]

    answer = send(browser, "/api/link/verify", {"preview_id": preview_id, "decline": True})

    assert answer.json() == {"is_linked": False}
    row.refresh_from_db()
    assert row.ended_at is not None
    assert not AccountLink.objects.exists()


def test_an_old_sign_in_confirms_nothing_and_keeps_the_preview(browser: Browser, account: User) -> None:
    _, code = make_linking_code()
    preview_id = send(browser, "/api/link/preview", {"code": code}).json()["preview_id"]
    joined_at = account.date_joined
    User.objects.filter(pk=account.pk).update(date_joined=joined_at - SIGN_IN_MAX_AGE)

    refused = send(browser, "/api/link/verify", {"preview_id": preview_id})
    assert_problem(refused, 403, "sign_in_again")
    assert not AccountLink.objects.exists()

    User.objects.filter(pk=account.pk).update(date_joined=joined_at)
    assert send(browser, "/api/link/verify", {"preview_id": preview_id}).status_code == 200
