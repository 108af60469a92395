"""A code that an account makes through the API and gives to an assistant (design §7: same numbers, same care)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.test import Client as Browser

from accounts.models import AuditEntry, User
from accounts.sign_in import SIGN_IN_MAX_AGE
from accounts.tests.builders import make_guest, make_user
from linking.audit import LinkingAction
from linking.models import AccountLink, LinkingCode
from linking.services import redeem_linking_code
from linking.tests.browsing import answer_about, grow_old, signed_in
from linking.tests.builders import make_link, make_offered_code, make_principal, pass_time
from linking.tests.calling import assert_nothing_was_linked, assert_problem, bearer, send, verify
from oauth.bearer import Principal
from oauth.models import ConnectorSession
from oauth.services import end_session
from oauth.tests.builders import make_client, make_session

pytestmark = pytest.mark.django_db


@pytest.fixture
def principal() -> Principal:
    """A guest's assistant."""
    client = make_client(name="Helper")
    return make_principal(make_session(make_guest(), client=client, redirect_uri="https://helper.example/cb"))


def make_code(browser: Browser) -> str:
    """Ask for a code to give to an assistant."""
    made = send(browser, "/api/link/generate")
    assert made.status_code == 201
    return str(made.json()["code"])


def offer(browser: Browser) -> Any:
    """What status says of the code; None when there is none."""
    return browser.get("/api/link/status").json().get("offer")


def preview_id_of(browser: Browser) -> str:
    """The id that confirms, of a code that an assistant gave."""
    return str(offer(browser)["preview"]["preview_id"])


def test_from_code_to_link(
    browser: Browser, account: User, principal: Principal, django_capture_on_commit_callbacks: Any
) -> None:
    assert offer(browser) is None
    code = make_code(browser)
    assert offer(browser).keys() == {"is_redeemed", "expires_at"}

    redeem_linking_code(principal=principal, code=code)

    shown = offer(browser)
    assert shown["is_redeemed"]
    assert shown["preview"]["code"] == code
    assert shown["preview"]["assistant"] == {"name": "Helper", "is_verified": False}
    assert shown["preview"]["redirect_host"] == "helper.example"
    assert shown["preview"]["account"]["account_id"] == account.subject
    assert shown["preview"]["allows"]
    assert not AccountLink.objects.exists()
    with django_capture_on_commit_callbacks(execute=True):
        confirmed = verify(browser, shown["preview"]["preview_id"])

    assert confirmed.status_code == 200
    link = AccountLink.objects.get()
    assert (link.account, link.user, link.link_initiated_by) == (account, principal.user, "web")
    assert [message.to for message in mail.outbox] == [[account.email]]
    assert offer(browser) is None


def test_before_an_assistant_gave_the_code_there_is_nothing_to_confirm(browser: Browser) -> None:
    make_code(browser)
    row = LinkingCode.objects.get()

    assert str(row.pk) not in browser.get("/api/link/status").content.decode()
    assert_problem(verify(browser, str(row.pk)), 400, "code_refused")

    assert_nothing_was_linked(row)


def test_it_confirms_once(browser: Browser, principal: Principal) -> None:
    redeem_linking_code(principal=principal, code=make_code(browser))
    preview_id = preview_id_of(browser)
    verify(browser, preview_id)

    assert_problem(verify(browser, preview_id), 409, "already_linked")
    assert AccountLink.objects.count() == 1


def test_declining_ends_the_code(browser: Browser, principal: Principal) -> None:
    redeem_linking_code(principal=principal, code=make_code(browser))
    preview_id = preview_id_of(browser)

    assert verify(browser, preview_id, decline=True).json() == {"is_linked": False}

    assert offer(browser) is None
    assert_problem(verify(browser, preview_id), 400, "code_refused")
    assert not AccountLink.objects.exists()


def test_a_preview_of_an_older_code_links_nothing(browser: Browser, principal: Principal) -> None:
    redeem_linking_code(principal=principal, code=make_code(browser))
    older = preview_id_of(browser)
    stranger = make_principal(make_session(make_guest()))
    redeem_linking_code(principal=stranger, code=make_code(browser))

    assert_problem(verify(browser, older), 400, "code_refused")
    assert not AccountLink.objects.exists()


def test_an_old_sign_in_confirms_nothing(browser: Browser, principal: Principal) -> None:
    redeem_linking_code(principal=principal, code=make_code(browser))
    preview_id = preview_id_of(browser)
    grow_old(browser, SIGN_IN_MAX_AGE + timedelta(seconds=5))

    assert_problem(verify(browser, preview_id), 403, "sign_in_again")
    assert_nothing_was_linked(LinkingCode.objects.get())


def test_another_accounts_code_is_neither_shown_nor_decided(browser: Browser, principal: Principal) -> None:
    row, code = make_offered_code(make_user("bob@example.com"))
    redeem_linking_code(principal=principal, code=code)

    assert offer(browser) is None
    assert_problem(verify(browser, str(row.pk)), 400, "code_refused")
    verify(browser, str(row.pk), decline=True)

    row.refresh_from_db()
    assert (row.used_at, row.ended_at) == (None, None)
    assert not AccountLink.objects.exists()
    assert AuditEntry.objects.get(action=LinkingAction.LINK_REFUSED).reason == "offered_by_another_account"


def test_an_assistant_that_gives_a_code_neither_sees_nor_confirms_it(account: User, principal: Principal) -> None:
    row, code = make_offered_code(account)
    redeem_linking_code(principal=principal, code=code)
    headers = bearer(principal.session)

    assert "offer" not in Browser().get("/api/link/status", headers=headers).json()
    refused = send(Browser(), "/api/link/verify", {"preview_id": str(row.pk)}, **headers)

    assert_problem(refused, 403, "session_required")
    assert_nothing_was_linked(row)


@pytest.mark.parametrize("how", ["expired", "session ended", "linked elsewhere"])
def test_what_changed_meanwhile_links_nothing(browser: Browser, principal: Principal, how: str) -> None:
    redeem_linking_code(principal=principal, code=make_code(browser))
    preview_id = preview_id_of(browser)
    match how:
        case "expired":
            pass_time(timedelta(minutes=10))
        case "session ended":
            end_session(session=principal.session, reason=ConnectorSession.EndReason.STAFF)
        case "linked elsewhere":
            make_link(make_user("bob@example.com"), principal.session)

    expected = (409, "link_refused") if how == "linked elsewhere" else (400, "code_refused")
    assert_problem(verify(browser, preview_id), *expected)

    assert (offer(browser) is None) == (how != "linked elsewhere")
    assert LinkingCode.objects.get().used_at is None


def test_another_browser_of_the_account_does_not_see_the_code_itself(
    browser: Browser, account: User, principal: Principal
) -> None:
    redeem_linking_code(principal=principal, code=make_code(browser))

    shown = offer(signed_in(account))

    assert shown["is_redeemed"] and "code" not in shown["preview"]


def test_what_was_made_through_the_api_may_be_confirmed_on_the_page_and_the_other_way_round(
    browser: Browser, account: User, principal: Principal
) -> None:
    redeem_linking_code(principal=principal, code=make_code(browser))
    assert "Helper" in browser.get("/link/code").content.decode()
    browser.post("/link/code", answer_about(LinkingCode.objects.get().pk))
    assert AccountLink.objects.get().account == account

    another = make_principal(make_session(make_guest()))
    browser.post("/link/code", {"decision": "new"})
    redeem_linking_code(principal=another, code=browser.session["linking_offered_code"]["code"])
    assert verify(browser, preview_id_of(browser)).status_code == 200
    assert AccountLink.objects.count() == 2


def test_the_sixth_code_of_an_account_in_an_hour_has_to_wait(browser: Browser) -> None:
    for _ in range(5):
        make_code(browser)

    limited = send(browser, "/api/link/generate")

    assert_problem(limited, 429, "too_many_codes")
    assert 3500 < int(limited["Retry-After"]) <= 3600
    assert LinkingCode.objects.count() == 5
