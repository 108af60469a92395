"""`/link`, where a code is typed (design §7, typing; the accessible names of §3)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.core import signing
from django.test import Client as Browser
from django.utils import timezone

from accounts.guests import GUEST_COOKIE_SALT, guest_cookie_name
from accounts.models import Counter, User
from accounts.tests.builders import PASSWORD, make_guest, make_user
from linking.codes import LONGEST_TYPED
from linking.models import AccountLink, LinkingCode
from linking.services.guesses import typer_key
from linking.tests.browsing import decide, text_of
from linking.tests.builders import make_linking_code
from linking.tests.guessing import DEAD

pytestmark = pytest.mark.django_db

REFUSED = "That code does not work."


def without_csrf_token(page: str) -> str:
    return "\n".join(line for line in page.splitlines() if "csrfmiddlewaretoken" not in line)


def test_whoever_is_not_signed_in_is_sent_to_sign_in_and_back() -> None:
    _, code = make_linking_code()

    shown = Browser().get("/link")
    typed = Browser().post("/link", {"code": code})

    assert (shown.status_code, shown["Location"]) == (302, "/account/login/?next=/link")
    assert (typed.status_code, typed["Location"]) == (302, "/account/login/?next=/link")
    assert not Counter.objects.exists()


def test_signing_in_leads_back_to_the_page_and_counts_as_recent() -> None:
    User.objects.filter(pk=make_user().pk).update(date_joined=timezone.now() - timedelta(days=100))
    _, code = make_linking_code()
    browser = Browser()

    back = browser.post(
        "/account/login/?next=/link", {"login": "ada@example.com", "password": PASSWORD, "next": "/link"}
    )
    browser.post("/link", {"code": code})
    confirm = browser.get("/link/confirm")

    assert (back.status_code, back["Location"]) == (302, "/link")
    assert confirm.status_code == 200


def test_a_guest_cookie_opens_nothing() -> None:
    guest = make_guest()
    browser = Browser()
    browser.cookies[guest_cookie_name()] = signing.TimestampSigner(salt=GUEST_COOKIE_SALT).sign(guest.subject)

    for page in ("/link", "/link/confirm", "/link/done", "/account/"):
        response = browser.get(page)
        assert response.status_code == 302
        assert response["Location"].startswith("/account/login/?next=/")


def test_a_guest_that_was_fixed_into_a_website_session_is_put_out_of_it() -> None:
    _, code = make_linking_code()
    browser = Browser()
    browser.force_login(make_guest())

    refused = browser.post("/link", {"code": code})

    assert refused["Location"] == "/account/login/?next=/link"
    assert "_auth_user_id" not in browser.session
    assert not Counter.objects.exists()


def test_the_page_has_one_field_and_one_button_and_says_what_it_is_for(browser: Browser) -> None:
    page = text_of(browser.get("/link"))

    assert '<label for="id_code">Code</label>' in page
    assert page.count(">Continue</button>") == 1
    for attribute in ('autocomplete="one-time-code"', 'inputmode="text"', 'autocapitalize="characters"'):
        assert attribute in page
    assert "Nobody from Dexter will ever send you a code." in page
    assert "ada@example.com" in page


def test_the_page_is_kept_in_no_cache(browser: Browser) -> None:
    assert "no-store" in browser.get("/link")["Cache-Control"]


def test_a_right_code_leads_on_to_the_confirm_page_and_is_in_no_address(browser: Browser) -> None:
    row, code = make_linking_code()

    response = browser.post("/link", {"code": f" {code.lower()} "})

    assert (response.status_code, response["Location"]) == (302, "/link/confirm")
    row.refresh_from_db()
    assert row.used_at is None
    assert not AccountLink.objects.exists()


@pytest.mark.parametrize("blank", ["", "   ", "\u3000"])
def test_a_blank_field_is_no_guess(browser: Browser, blank: str) -> None:
    response = browser.post("/link", {"code": blank})

    assert response.status_code == 400
    assert "Type the code that your assistant shows you." in text_of(response)
    assert not Counter.objects.exists()


def test_a_missing_field_is_a_blank_one(browser: Browser) -> None:
    assert browser.post("/link").status_code == 400
    assert not Counter.objects.exists()


def test_a_wrong_code_is_shown_again_with_a_message_beside_the_field(browser: Browser) -> None:
    response = browser.post("/link", {"code": "wrx-ng2"})

    page = text_of(response)
    assert response.status_code == 400
    assert 'value="wrx-ng2"' in page
    assert 'aria-invalid="true"' in page
    assert 'aria-describedby="code-help code-error"' in page
    assert f'id="code-error" class="field-error" role="alert">{REFUSED}' in page


@pytest.mark.parametrize("kill", DEAD)
def test_every_wrong_code_gets_the_same_page_and_status(
    browser: Browser, account: User, kill: Callable[[LinkingCode], None]
) -> None:
    row, code = make_linking_code()
    kill(row)
    unknown = browser.post("/link", {"code": "AAA-AAA"})

    dead = browser.post("/link", {"code": code})

    assert dead.status_code == unknown.status_code == 400
    assert dead.headers.keys() == unknown.headers.keys()
    assert without_csrf_token(text_of(dead)).replace(code, "AAA-AAA") == without_csrf_token(text_of(unknown))


ALPHABET = "Some letters are from another alphabet"
FORM = "That is no code: one has six characters"
MORE = "There is more than the code in the field."


@pytest.mark.parametrize(
    ("typed", "error"),
    [
        ("АВС234", ALPHABET),  # noqa: RUF001  (Cyrillic look-alikes)
        ("🙂🙂🙂🙂🙂🙂", FORM),
        ("A" * 10_240, FORM),
        ("ABC\x00234", FORM),
        ("\x00", FORM),
        ("<script>alert(1)</script>", FORM),
        ("' OR 1=1 --", MORE),
        ("Your code is ABC 234", MORE),
        ("ABC\u202e234", REFUSED),
    ],
)
def test_odd_input_is_a_wrong_code_and_is_told_what_is_odd(
    browser: Browser, account: User, typed: str, error: str
) -> None:
    response = browser.post("/link", {"code": typed})

    page = text_of(response)
    assert response.status_code == 400
    assert error in page
    assert "\x00" not in page
    assert "<script>alert" not in page
    assert "A" * (LONGEST_TYPED + 1) not in page
    assert Counter.objects.get(pk=typer_key(account)).count == 1


def test_a_full_width_code_is_the_code(browser: Browser) -> None:
    _, code = make_linking_code()
    wide = "".join(chr(ord(character) + 0xFEE0) for character in code)

    assert browser.post("/link", {"code": wide})["Location"] == "/link/confirm"


def test_a_post_without_a_csrf_token_is_no_guess(account: User) -> None:
    browser = Browser(enforce_csrf_checks=True)
    browser.force_login(account)
    _, code = make_linking_code()

    assert browser.post("/link", {"code": code}).status_code == 403
    assert not Counter.objects.exists()


@pytest.mark.parametrize("method", ["put", "delete", "patch"])
def test_other_methods_are_refused(browser: Browser, method: str) -> None:
    assert getattr(browser, method)("/link").status_code == 405


def test_what_was_typed_is_in_no_log_line(browser: Browser, caplog: pytest.LogCaptureFixture) -> None:
    row, code = make_linking_code()
    with caplog.at_level("DEBUG"):
        browser.post("/link", {"code": "WWW-WWW"})
        browser.post("/link", {"code": code})
        browser.get("/link/confirm")
        decide(browser, "link")
        browser.get("/link/done")

    lines = "\n".join(str(vars(record)) for record in caplog.records)
    row.refresh_from_db()
    assert row.used_at is not None
    for secret in (code, code.replace("-", ""), "WWW-WWW", row.code_digest):
        assert secret not in lines


def test_nobody_without_a_password_types_a_code_that_signing_in_again_would_forget() -> None:
    account = make_user(date_joined=timezone.now() - timedelta(minutes=16))
    account.set_unusable_password()
    account.save()
    browser = Browser()
    browser.force_login(account)

    response = browser.get("/link")

    assert response["Location"] == "/account/reauthenticate/by-code/?next=%2Flink"
