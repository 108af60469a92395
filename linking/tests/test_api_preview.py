"""`/api/link/preview` (design §7: typing, answers, confirm): what may be typed, and what an answer tells."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.core import signing
from django.test import Client as Browser
from django.utils import timezone

from accounts.guests import GUEST_COOKIE_SALT, guest_cookie_name
from accounts.models import Counter, User
from accounts.tests.builders import make_guest, make_user
from linking.api import views
from linking.models import AccountLink, LinkingCode
from linking.services import preview_linking_code
from linking.services.guesses import typer_key
from linking.tests.builders import make_link, make_linking_code, make_offered_code
from linking.tests.calling import assert_problem, preview, send, verify, written
from linking.tests.guessing import DEAD
from oauth.models import Client
from oauth.tests.builders import make_client, make_session

pytestmark = pytest.mark.django_db

PREVIEW = "/api/link/preview"


def test_the_preview_says_everything_that_the_confirm_page_shows(browser: Browser, account: User) -> None:
    client = make_client(
        name="ChatGPT",
        client_id="https://chatgpt.com/oauth/client.json",
        registration_source=Client.RegistrationSource.CIMD,
    )
    session = make_session(client=client, redirect_uri="https://answers.example.com/callback")
    other = make_session(session.user, client=make_client(name="Second"), scope="identity.read email")
    make_session(client=make_client(name="Assistant of a stranger"))
    _, code = make_linking_code(session, created_at=timezone.now() - timedelta(minutes=3, seconds=10))

    answer = send(browser, PREVIEW, {"code": code.lower().replace("-", " ")})

    assert "no-store" in answer["Cache-Control"]
    shown = answer.json()
    assert shown["code"] == code
    assert shown["assistant"] == {"name": "ChatGPT", "is_verified": True, "verified_host": "chatgpt.com"}
    assert shown["redirect_host"] == "answers.example.com"
    assert 190 <= shown["age_seconds"] < 220
    assert shown["account"]["account_id"] == account.subject
    # The link joins the identity: what its other connections may do is allowed as well.
    assert shown["scopes"] == [*session.scope.split(), "email"]
    assert set(shown["allows"]) == {settings.DEXTER_SCOPES[scope] for scope in shown["scopes"]}
    [also] = shown["also_connected"]
    assert also["assistant"] == {"name": "Second", "is_verified": False}
    assert also["redirect_host"] == other.redirect_host
    page = browser.post("/link", {"code": code}, follow=True).content.decode()
    for fact in (code, "ChatGPT", "chatgpt.com", "answers.example.com", "3 minutes ago", "Second", *shown["allows"]):
        assert fact in page


def test_looking_links_nothing(browser: Browser) -> None:
    row, code = make_linking_code()

    preview(browser, code)
    preview(browser, code)

    row.refresh_from_db()
    assert (row.used_at, row.ended_at) == (None, None)
    assert not AccountLink.objects.exists()


@pytest.mark.parametrize("kill", DEAD)
def test_every_wrong_code_gets_the_same_answer(browser: Browser, kill: Callable[[LinkingCode], None]) -> None:
    row, code = make_linking_code()
    kill(row)
    unknown = send(browser, PREVIEW, {"code": "AAA-AAA"})

    dead = send(browser, PREVIEW, {"code": code})

    assert_problem(dead, 400, "code_refused")
    assert dead.content == unknown.content
    assert dead.headers.keys() == unknown.headers.keys()


def test_a_code_that_expires_while_it_is_looked_at_is_not_asked_about(
    browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, code = make_linking_code()

    def look_slowly(**typed: Any) -> LinkingCode:
        row = preview_linking_code(**typed)
        row.expires_at = timezone.now()
        return row

    monkeypatch.setattr(views, "preview_linking_code", look_slowly)

    assert_problem(send(browser, PREVIEW, {"code": code}), 400, "code_refused")
    assert "linking_api_preview" not in browser.session


@pytest.mark.parametrize("redeemed", [False, True])
def test_a_code_of_the_other_direction_is_a_wrong_one(browser: Browser, account: User, redeemed: bool) -> None:
    """Also the account's own: whoever is given a code is the one to be asked about."""
    _, code = make_offered_code(account, session=make_session(make_guest()) if redeemed else None)

    unknown = send(browser, PREVIEW, {"code": "AAA-AAA"})
    refused = send(browser, PREVIEW, {"code": code})

    assert_problem(refused, 400, "code_refused")
    assert refused.content == unknown.content
    assert Counter.objects.get(pk=typer_key(account)).count == 2


@pytest.mark.parametrize(
    "typed",
    [
        "АВС234",  # noqa: RUF001  (Cyrillic look-alikes)
        "🙂🙂🙂🙂🙂🙂",
        "A" * 64,
        "<script>alert(1)</script>",
        "' OR 1=1 --",
        "ABC\u202e234",
        "ABC\u200b234",
        "000000",
        234567,
        "ıııııı",  # noqa: RUF001  (dotless i, whose upper case is I)
    ],
)
def test_odd_input_is_a_wrong_code_and_comes_back_in_no_answer(browser: Browser, account: User, typed: Any) -> None:
    refused = send(browser, PREVIEW, {"code": typed})

    assert_problem(refused, 400, "code_refused")
    assert str(typed) not in refused.content.decode() and json.dumps(typed) not in refused.content.decode()
    assert Counter.objects.get(pk=typer_key(account)).count == 1


@pytest.mark.parametrize("typed", ["A" * 201, "A" * 10_240, "ABC\x00234", "\x00"])
def test_what_no_field_would_hold_is_refused_before_it_is_a_guess(browser: Browser, typed: str) -> None:
    before = written()

    problem = assert_problem(send(browser, PREVIEW, {"code": typed}), 400, "invalid_request")

    assert [fault["field"] for fault in problem["errors"]] == ["code"]
    assert written() == before


@pytest.mark.parametrize("spelling", ["full width", "spaces", "long dash", "lower case", "tab and line end"])
def test_a_code_is_the_code_however_it_is_spelled(browser: Browser, spelling: str) -> None:
    _, code = make_linking_code()
    spelled = {
        "full width": "".join(chr(ord(character) + 0xFEE0) for character in code),
        "spaces": "  ".join(code.replace("-", "")),
        "long dash": code.replace("-", " \u2014 "),
        "lower case": code.lower(),
        "tab and line end": f"\t{code}\r\n",
    }[spelling]

    assert send(browser, PREVIEW, {"code": spelled}).json()["code"] == code


def test_a_code_in_the_address_is_not_read(browser: Browser) -> None:
    _, code = make_linking_code()
    before = written()

    refused = send(browser, f"{PREVIEW}?code={code}")

    assert_problem(refused, 400, "invalid_request")
    assert written() == before


def test_a_guests_cookie_types_nothing() -> None:
    guest, (_, code) = make_guest(), make_linking_code()
    browser = Browser()
    browser.cookies[guest_cookie_name()] = signing.TimestampSigner(salt=GUEST_COOKIE_SALT).sign(guest.subject)
    before = written()

    assert_problem(send(browser, PREVIEW, {"code": code}), 403, "session_required")
    assert written() == before


def test_whom_an_identity_is_linked_to_is_told_to_nobody(browser: Browser) -> None:
    owner = make_user("owner@example.com", display_name="The Owner")
    row, code = make_linking_code()
    make_link(owner, row.session)
    preview_id = preview(browser, code)

    refused = verify(browser, preview_id)

    assert_problem(refused, 409, "link_refused")
    for secret in ("owner", "The Owner", owner.subject):
        assert secret not in refused.content.decode()
    assert AccountLink.objects.get().account == owner


def test_what_was_typed_is_in_no_log_line(browser: Browser, caplog: pytest.LogCaptureFixture) -> None:
    row, code = make_linking_code()
    with caplog.at_level("DEBUG"):
        send(browser, PREVIEW, {"code": "WWW-WWW"})
        preview_id = preview(browser, code)
        verify(browser, preview_id)

    lines: Any = "\n".join(str(vars(record)) for record in caplog.records)
    row.refresh_from_db()
    assert row.used_at is not None
    for secret in (code, code.replace("-", ""), "WWW-WWW", row.code_digest, preview_id):
        assert secret not in lines
