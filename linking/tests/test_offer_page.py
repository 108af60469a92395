"""`/link/code`: make a code, wait for the assistant, confirm (design §7)."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.core import mail
from django.test import Client as Browser
from django.utils import timezone

from accounts.models import User
from accounts.sign_in import SIGN_IN_MAX_AGE
from accounts.tests.builders import make_guest, make_user
from linking.errors import CodeRefused
from linking.models import AccountLink, LinkingCode
from linking.services import redeem_linking_code
from linking.tests.browsing import answer_about, grow_old, text_of
from linking.tests.builders import make_linking_code, make_offered_code, make_principal, pass_time
from linking.tests.guessing import DEAD
from oauth.bearer import Principal
from oauth.tests.builders import make_client, make_session

pytestmark = pytest.mark.django_db

PAGE = "/link/code"


@pytest.fixture
def principal() -> Principal:
    """A guest's assistant."""
    client = make_client(name="Helper")
    return make_principal(make_session(make_guest(), client=client, redirect_uri="https://helper.example/cb"))


def make_code(browser: Browser) -> str:
    """Press the button, and read the code from the page."""
    assert browser.post(PAGE, {"decision": "new"})["Location"] == PAGE
    found = re.search(r'<p class="code">([A-Z2-9-]+)</p>', text_of(browser.get(PAGE)))
    assert found
    return found[1]


def state(browser: Browser) -> str:
    """What the waiting page is told."""
    return str(browser.get("/link/code/state").json()["state"])


def test_whoever_is_not_signed_in_is_sent_to_sign_in_and_back() -> None:
    assert Browser().get(PAGE)["Location"] == "/account/login/?next=/link/code"
    assert Browser().post(PAGE, {"decision": "new"}).status_code == 302
    assert not LinkingCode.objects.exists()


def test_opening_the_page_makes_no_code(browser: Browser) -> None:
    page = text_of(browser.get(PAGE))
    assert "Get a code" in page
    assert 'href="/link"' in page
    assert not LinkingCode.objects.exists()


def test_a_foreign_form_makes_no_code(account: User) -> None:
    browser = Browser(enforce_csrf_checks=True)
    browser.force_login(account)
    assert browser.post(PAGE, {"decision": "new"}).status_code == 403
    assert not LinkingCode.objects.exists()


def test_from_code_to_link(browser: Browser, account: User, principal: Principal) -> None:
    assert state(browser) == "ended"
    code = make_code(browser)
    assert state(browser) == "waiting"

    redeem_linking_code(principal=principal, code=code)

    assert state(browser) == "redeemed"
    page = text_of(browser.get(PAGE))
    for shown in (code, "Helper", "not verified", "helper.example", "ada@example.com"):
        assert shown in page
    assert not AccountLink.objects.exists()
    row = LinkingCode.objects.get()
    assert browser.post(PAGE, answer_about(row.pk))["Location"] == "/link/done"
    link = AccountLink.objects.get()
    assert (link.account, link.user, link.link_initiated_by) == (account, principal.user, "web")
    assert "Helper" in text_of(browser.get("/link/done"))
    assert state(browser) == "ended"


def test_the_owner_is_told_by_mail(
    browser: Browser, principal: Principal, django_capture_on_commit_callbacks: Any
) -> None:
    redeem_linking_code(principal=principal, code=make_code(browser))
    with django_capture_on_commit_callbacks(execute=True):
        browser.post(PAGE, answer_about(LinkingCode.objects.get().pk))
    assert [message.to for message in mail.outbox] == [["ada@example.com"]]


def test_not_me_links_nothing_and_ends_the_code(browser: Browser, principal: Principal) -> None:
    redeem_linking_code(principal=principal, code=make_code(browser))
    row = LinkingCode.objects.get()

    response = browser.post(PAGE, {"decision": "decline", "code_id": row.pk}, follow=True)

    assert "Nothing is linked to your account by that code" in text_of(response)
    row.refresh_from_db()
    assert row.ended_at is not None
    assert not AccountLink.objects.exists()


def test_a_code_that_is_cancelled_while_it_waits_works_for_nobody(browser: Browser, principal: Principal) -> None:
    code = make_code(browser)
    row = LinkingCode.objects.get()
    assert f'name="code_id" value="{row.pk}"' in text_of(browser.get(PAGE))

    browser.post(PAGE, {"decision": "decline", "code_id": row.pk})

    row.refresh_from_db()
    assert row.ended_at is not None
    with pytest.raises(CodeRefused):
        redeem_linking_code(principal=principal, code=code)


def test_whoever_waited_until_a_code_ended_is_told_once(browser: Browser) -> None:
    make_code(browser)
    LinkingCode.objects.update(expires_at=timezone.now())

    assert "Your code has ended, and nothing was linked." in text_of(browser.get(PAGE))
    assert "Your code has ended" not in text_of(browser.get(PAGE))


def test_a_sign_in_of_long_ago_confirms_nothing(browser: Browser, principal: Principal) -> None:
    redeem_linking_code(principal=principal, code=make_code(browser))
    grow_old(browser, SIGN_IN_MAX_AGE + timedelta(seconds=5))

    for response in (
        browser.get(PAGE),
        browser.post(PAGE, answer_about(LinkingCode.objects.get().pk)),
    ):
        assert response["Location"].startswith("/account/reauthenticate/?next=%2Flink%2Fcode")
    assert not AccountLink.objects.exists()


def test_a_page_that_shows_an_older_code_links_nothing(browser: Browser, principal: Principal) -> None:
    redeem_linking_code(principal=principal, code=make_code(browser))
    shown = LinkingCode.objects.get().pk
    stranger = make_principal(make_session(make_guest()))
    redeem_linking_code(principal=stranger, code=make_code(browser))

    response = browser.post(PAGE, answer_about(shown))

    assert response.status_code == 400
    assert "nothing was linked" in text_of(response)
    assert not AccountLink.objects.exists()


@pytest.mark.parametrize("kill", DEAD)
@pytest.mark.parametrize("decision", ["link", "decline"])
def test_whatever_ended_a_code_while_its_question_was_open_is_answered_in_the_same_words(
    browser: Browser, principal: Principal, kill: Callable[[LinkingCode], None], decision: str
) -> None:
    redeem_linking_code(principal=principal, code=make_code(browser))
    row = LinkingCode.objects.select_related("session__user").get()
    browser.get(PAGE)
    kill(row)
    kept = LinkingCode.objects.values().get()

    response = browser.post(PAGE, {"decision": decision, "code_id": row.pk}, follow=True)

    page = text_of(response)
    if decision == "link":
        assert response.status_code == 400
        assert "That code does not work any more, and nothing was linked." in page
        assert LinkingCode.objects.values().get() == kept
    else:
        assert "Nothing is linked to your account by that code, and it does not work any more." in page
    assert not AccountLink.objects.exists()
    assert not mail.outbox


@pytest.mark.parametrize("kill", DEAD)
def test_whoever_looks_at_a_code_that_ended_is_asked_nothing(
    browser: Browser, principal: Principal, kill: Callable[[LinkingCode], None]
) -> None:
    redeem_linking_code(principal=principal, code=make_code(browser))
    kill(LinkingCode.objects.select_related("session__user").get())

    page = text_of(browser.get(PAGE))

    assert "Link account" not in page and "Helper" not in page
    assert "Get a code" in page


@pytest.mark.parametrize("fields", [{}, {"decision": "link"}, {"decision": "link", "code_id": "x"}, {"decision": "?"}])
def test_a_decision_about_nothing_is_refused(browser: Browser, principal: Principal, fields: dict[str, str]) -> None:
    redeem_linking_code(principal=principal, code=make_code(browser))
    response = browser.post(PAGE, fields)
    assert response.status_code == 400
    assert "Link account" in text_of(response)
    assert not AccountLink.objects.exists()


def test_another_accounts_code_is_neither_shown_nor_confirmed(browser: Browser, principal: Principal) -> None:
    row, code = make_offered_code(make_user("bob@example.com"))
    redeem_linking_code(principal=principal, code=code)
    assert state(browser) == "ended"
    assert "Helper" not in text_of(browser.get(PAGE))
    assert browser.post(PAGE, answer_about(row.pk)).status_code == 400
    browser.post(PAGE, {"decision": "decline", "code_id": row.pk})
    row.refresh_from_db()
    assert (row.used_at, row.ended_at) == (None, None)


@pytest.mark.parametrize("decision", ["link", "decline"])
def test_a_code_that_an_assistant_asked_for_is_not_decided_here(browser: Browser, decision: str) -> None:
    """Whoever came by its id without typing it has passed no limit, and was never asked on a page."""
    row, _ = make_linking_code()

    response = browser.post(PAGE, {"decision": decision, "code_id": row.pk})

    assert response.status_code == 400
    row.refresh_from_db()
    assert (row.used_at, row.ended_at) == (None, None)
    assert not AccountLink.objects.exists()


def test_what_other_connections_of_the_identity_may_do_is_said_as_well(browser: Browser, principal: Principal) -> None:
    """The link joins the identity: a connection that may see the e-mail address sees that of the account."""
    make_session(principal.user, scope="identity.read email")
    redeem_linking_code(principal=principal, code=make_code(browser))

    assert settings.DEXTER_SCOPES["email"] in text_of(browser.get(PAGE))


def test_another_browser_of_the_account_does_not_see_the_code(browser: Browser, account: User) -> None:
    code = make_code(browser)
    other = Browser()
    other.force_login(account)
    page = text_of(other.get(PAGE))
    assert code not in page
    assert "<h1>Your code is in another browser</h1>" in page
    assert "Give this code to your assistant" not in page


def test_the_page_that_waits_learns_for_how_long_the_code_still_works(browser: Browser) -> None:
    make_code(browser)
    assert "<span data-left>10 minutes</span>" in text_of(browser.get(PAGE))

    pass_time(timedelta(minutes=7, seconds=30))

    assert browser.get("/link/code/state").json() == {"state": "waiting", "left": "3 minutes"}


def test_an_expired_code_gives_way_to_a_new_one(browser: Browser) -> None:
    make_code(browser)
    pass_time(timedelta(minutes=10))
    assert state(browser) == "ended"
    assert "Get a code" in text_of(browser.get(PAGE))


def test_too_many_codes_are_answered_with_the_time_to_wait(browser: Browser) -> None:
    for _ in range(5):
        make_code(browser)
    response = browser.post(PAGE, {"decision": "new"})
    assert response.status_code == 429
    assert 3500 < int(response["Retry-After"]) <= 3600
    assert "Try again in 1 hour" in text_of(response)
    assert LinkingCode.objects.count() == 5


def test_the_page_that_waits_can_be_opened_on_a_phone_and_never_loads_itself(browser: Browser) -> None:
    make_code(browser)

    page = text_of(browser.get(PAGE))

    assert 'aria-label="QR code of http://localhost:8000/link/code"' in page
    assert "http-equiv" not in page
    assert '<a class="button button-primary button-wide" href="/link/code">Look again</a>' in page


def test_nothing_is_cached(browser: Browser) -> None:
    make_code(browser)
    for path in (PAGE, "/link/code/state"):
        assert "no-store" in browser.get(path)["Cache-Control"]
