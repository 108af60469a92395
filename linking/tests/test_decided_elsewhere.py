"""What the account has linked is never said to be unlinked: two tabs, two browsers, a second press (design §7).

Only the account that made a link may learn of it. For everybody else its code has ended, like any other.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client as Browser
from django.utils import timezone

from accounts.models import User
from accounts.tests.builders import make_guest, make_user
from linking.models import AccountLink, LinkingCode
from linking.services import redeem_linking_code, remove_link
from linking.tests.browsing import answer_about, decide, signed_in, text_of
from linking.tests.builders import make_link, make_linking_code, make_offered_code, make_principal, pass_time
from linking.tests.calling import assert_problem, preview, send, verify
from oauth.bearer import Principal
from oauth.tests.builders import make_client, make_session

pytestmark = pytest.mark.django_db

PAGE = "/link/code"
DECISIONS = ["link", "decline"]


@pytest.fixture
def principal() -> Principal:
    """A guest's assistant."""
    return make_principal(make_session(make_guest(), client=make_client(name="Helper")))


@pytest.fixture
def elsewhere(account: User) -> Browser:
    """Another browser of the same person."""
    return signed_in(account)


def make_code(browser: Browser) -> tuple[LinkingCode, str]:
    """Press the button, and read the code from the page."""
    browser.post(PAGE, {"decision": "new"})
    found = re.search(r'<p class="code">([A-Z2-9-]+)</p>', text_of(browser.get(PAGE)))
    assert found
    return LinkingCode.objects.latest("created_at"), found[1]


def offered(browser: Browser, principal: Principal) -> LinkingCode:
    """A code that was made in this browser, and that an assistant has given."""
    row, code = make_code(browser)
    redeem_linking_code(principal=principal, code=code)
    return row


def answer(browser: Browser, row: LinkingCode, decision: str) -> Any:
    """Press a button of a page that still shows `row`."""
    return browser.post(PAGE, answer_about(row.pk, decision), follow=True)


def typed_in(*browsers: Browser) -> LinkingCode:
    """A code that was typed in each of these browsers."""
    row, code = make_linking_code()
    for browser in browsers:
        browser.post("/link", {"code": code})
    return row


def assert_says_that_it_is_linked(response: Any, decision: str = "link") -> None:
    """The page about the link, on which it can be undone. Whoever said no is told why they see it."""
    assert response.redirect_chain == [("/link/done", 302)]
    assert ("It was linked already before you said no." in text_of(response)) == (decision == "decline")
    page = text_of(response)
    assert "now acts for" in page
    assert "othing was linked" not in page and "othing is linked" not in page
    assert "/link/disown?token=" in page


# --- A code that the person made --------------------------------------------------------------------------------------


@pytest.mark.parametrize("decision", DECISIONS)
def test_answering_twice_on_the_page_of_the_code_says_that_it_is_linked(
    browser: Browser, principal: Principal, decision: str
) -> None:
    row = offered(browser, principal)
    answer(browser, row, "link")

    assert_says_that_it_is_linked(answer(browser, row, decision), decision)

    assert AccountLink.objects.count() == 1


@pytest.mark.parametrize("decision", DECISIONS)
def test_answering_in_a_second_browser_says_that_it_is_linked(
    browser: Browser, elsewhere: Browser, principal: Principal, decision: str
) -> None:
    row = offered(browser, principal)
    answer(browser, row, "link")

    assert_says_that_it_is_linked(answer(elsewhere, row, decision), decision)


def test_the_browser_that_waits_says_that_it_is_linked_once(
    browser: Browser, elsewhere: Browser, principal: Principal
) -> None:
    """It is loaded again by itself: "your code has ended, and nothing was linked" would be wrong."""
    row = offered(browser, principal)
    answer(elsewhere, row, "link")

    assert_says_that_it_is_linked(browser.get(PAGE, follow=True))
    again = browser.get(PAGE)
    assert again.status_code == 200
    assert "Your code has ended" not in text_of(again)


def test_after_linking_the_page_of_the_code_begins_anew(browser: Browser, principal: Principal) -> None:
    answer(browser, offered(browser, principal), "link")

    page = browser.get(PAGE)

    assert page.status_code == 200
    assert "Your code has ended" not in text_of(page)


def test_a_link_that_was_undone_meanwhile_is_said_to_be_neither_there_nor_never_made(
    browser: Browser, elsewhere: Browser, account: User, principal: Principal
) -> None:
    row = offered(browser, principal)
    answer(elsewhere, row, "link")
    remove_link(link=AccountLink.objects.get(), actor=account)

    declined = text_of(answer(browser, row, "decline"))

    assert "Nothing was linked" not in declined
    assert "Nothing is linked to your account by that code" in declined


@pytest.mark.parametrize("decision", DECISIONS)
def test_what_became_of_another_accounts_code_is_not_told(browser: Browser, account: User, decision: str) -> None:
    """Not even when its identity acts for the one who asks: that would tell which codes Bob made, and who gave them."""
    session = make_session(make_guest())
    row, _ = make_offered_code(make_user("bob@example.com"), session=session, used_at=timezone.now())
    make_link(account, session)

    response = answer(browser, row, decision)

    page = text_of(response)
    assert "now acts for" not in page
    assert "That code does not work any more" in page or "Nothing is linked to your account by that code" in page


# --- A code that the person typed -------------------------------------------------------------------------------------


@pytest.mark.parametrize("decision", DECISIONS)
def test_a_typed_code_that_was_linked_in_another_browser_is_said_to_be_linked(
    browser: Browser, elsewhere: Browser, account: User, decision: str
) -> None:
    typed_in(browser, elsewhere)
    decide(elsewhere, "link")

    assert_says_that_it_is_linked(decide(browser, decision, follow=True), decision)

    assert AccountLink.objects.get().account == account


@pytest.mark.parametrize("decision", DECISIONS)
def test_a_second_tab_of_the_same_browser_is_told_that_it_is_linked(browser: Browser, decision: str) -> None:
    row = typed_in(browser)
    decide(browser, "link")

    second = browser.post("/link/confirm", answer_about(row.pk, decision), follow=True)

    assert_says_that_it_is_linked(second, decision)


def test_no_to_an_older_code_is_not_answered_with_what_was_linked_by_a_newer_one(browser: Browser) -> None:
    older = typed_in(browser)
    typed_in(browser)
    decide(browser, "link")

    second = browser.post("/link/confirm", answer_about(older.pk, "decline"), follow=True)

    assert second.redirect_chain == [("/link", 302)]
    assert "now acts for" not in text_of(second) and "already linked" not in text_of(second)


def test_looking_at_the_question_again_says_that_it_is_linked(browser: Browser, elsewhere: Browser) -> None:
    typed_in(browser, elsewhere)
    decide(elsewhere, "link")

    assert_says_that_it_is_linked(browser.get("/link/confirm", follow=True))


def test_the_slower_of_two_presses_is_not_told_to_type_a_new_code(browser: Browser) -> None:
    """Both requests read the session before either wrote it."""
    row = typed_in(browser)
    before = browser.session["linking_pending_code"]
    decide(browser, "link")
    session = browser.session
    session["linking_pending_code"] = before
    del session["linking_last_link"]
    session.save()

    second = browser.post("/link/confirm", answer_about(row.pk), follow=True)

    assert_says_that_it_is_linked(second)
    assert AccountLink.objects.count() == 1


def test_an_identity_that_was_linked_by_another_code_meanwhile_is_said_to_be_linked(
    browser: Browser, account: User
) -> None:
    row = typed_in(browser)
    make_link(account, row.session)

    assert_says_that_it_is_linked(decide(browser, "link", follow=True))


@pytest.mark.parametrize("decision", DECISIONS)
def test_a_code_that_another_account_linked_is_answered_as_one_that_expired(browser: Browser, decision: str) -> None:
    typed_in(browser, faster := signed_in(make_user("owner@example.com")))
    decide(faster, "link")
    taken = decide(browser, decision, follow=True)
    typed_in(browser)
    pass_time(timedelta(minutes=10))
    expired = decide(browser, decision, follow=True)

    main = [re.sub(r'name="csrfmiddlewaretoken"[^>]*>', "", text_of(page)) for page in (taken, expired)]
    assert (taken.status_code, taken.redirect_chain) == (expired.status_code, expired.redirect_chain)
    assert main[0] == main[1]
    assert "now acts for" not in main[0] and "owner" not in main[0]


# --- Through the API --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("declines", [True, False])
def test_the_api_says_that_it_is_linked(browser: Browser, elsewhere: Browser, account: User, declines: bool) -> None:
    _, code = make_linking_code()
    mine, theirs = preview(browser, code), preview(elsewhere, code)
    verify(elsewhere, theirs)

    assert_problem(verify(browser, mine, decline=declines), 409, "already_linked")

    assert AccountLink.objects.get().account == account


@pytest.mark.parametrize("declines", [True, False])
def test_the_api_tells_another_account_nothing(browser: Browser, declines: bool) -> None:
    _, code = make_linking_code()
    faster = signed_in(make_user("owner@example.com"))
    mine, theirs = preview(browser, code), preview(faster, code)
    verify(faster, theirs)

    answered = verify(browser, mine, decline=declines)

    if declines:
        assert (answered.status_code, answered.json()) == (200, {"is_linked": False})
    else:
        assert_problem(answered, 400, "code_refused")


def test_what_the_api_linked_is_no_code_that_ended(browser: Browser, principal: Principal) -> None:
    offered(browser, principal)
    preview_id = browser.get("/api/link/status").json()["offer"]["preview"]["preview_id"]
    assert send(browser, "/api/link/verify", {"preview_id": preview_id}).status_code == 200

    page = browser.get(PAGE)

    assert page.status_code == 200
    assert "Your code has ended" not in text_of(page)


# --- An old page about an older code ----------------------------------------------------------------------------------


def test_cancelling_an_older_code_leaves_the_newer_one_on_the_page(browser: Browser) -> None:
    older, _ = make_code(browser)
    newer, code = make_code(browser)

    page = text_of(answer(browser, older, "decline"))

    assert code in page
    assert "another browser" not in page
    newer.refresh_from_db()
    assert newer.ended_at is None


def test_linking_a_typed_code_leaves_the_code_for_another_assistant_on_the_page(browser: Browser) -> None:
    _, code = make_code(browser)
    typed_in(browser)
    decide(browser, "link")

    page = text_of(browser.get(PAGE))

    assert code in page
    assert "another browser" not in page
