"""A code that somebody made here to give to an assistant, typed here instead (design §7): no guess of theirs."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client as Browser

from accounts.models import Counter, User
from accounts.tests.builders import make_guest
from linking.models import AccountLink, LinkingCode
from linking.services import redeem_linking_code
from linking.services.guesses import typer_key
from linking.tests.browsing import signed_in, text_of
from linking.tests.builders import make_linking_code, make_principal, pass_time
from linking.tests.calling import assert_problem, send, written
from oauth.tests.builders import make_session

pytestmark = pytest.mark.django_db

WORDS = "That is the code that you made here."
REFUSED = "That code does not work."


def make_code(browser: Browser) -> str:
    """Make a code on the website."""
    browser.post("/link/code", {"decision": "new"})
    return str(browser.session["linking_offered_code"]["code"])


def type_on_page(browser: Browser, code: str) -> Any:
    """Type it where the assistant's codes are typed."""
    return browser.post("/link", {"code": code})


@pytest.mark.parametrize("given", [False, True])
def test_on_the_page_it_is_no_guess_and_the_page_says_what_it_is_for(browser: Browser, given: bool) -> None:
    code = make_code(browser)
    if given:
        redeem_linking_code(principal=make_principal(make_session(make_guest())), code=code)
    before = written()

    for spelled in (code, code.lower().replace("-", ""), f"Link my account with the code {code}."):
        refused = type_on_page(browser, spelled)
        page = text_of(refused)
        assert refused.status_code == 400
        assert WORDS in page and REFUSED not in page
        assert '<a href="/link/code">Show me that code</a>' in page

    assert written() == before
    assert not AccountLink.objects.exists()


def test_through_the_api_it_is_no_guess_either(browser: Browser) -> None:
    code = make_code(browser)
    before = written()

    assert_problem(send(browser, "/api/link/preview", {"code": code}), 400, "own_code")

    assert written() == before


def test_another_browser_of_the_account_guesses(browser: Browser, account: User) -> None:
    """It never saw the code: an answer that tells it from others would be one about a guess."""
    code = make_code(browser)
    elsewhere = signed_in(account)

    assert REFUSED in text_of(type_on_page(elsewhere, code))
    assert_problem(send(elsewhere, "/api/link/preview", {"code": code}), 400, "code_refused")

    assert Counter.objects.get(pk=typer_key(account)).count == 2


@pytest.mark.parametrize("how", ["expired", "replaced elsewhere"])
def test_once_it_has_ended_it_is_a_code_like_any_other(browser: Browser, account: User, how: str) -> None:
    code = make_code(browser)
    if how == "expired":
        pass_time(timedelta(minutes=10))
    else:
        make_code(signed_in(account))

    assert REFUSED in text_of(type_on_page(browser, code))


def test_an_assistants_code_with_the_same_characters_is_not_hidden_by_it(browser: Browser) -> None:
    code = make_code(browser)
    mine = LinkingCode.objects.get()
    pass_time(timedelta(minutes=10))
    LinkingCode.objects.update(ended_at=mine.expires_at)
    make_linking_code(code_digest=mine.code_digest)

    assert type_on_page(browser, code)["Location"] == "/link/confirm"
