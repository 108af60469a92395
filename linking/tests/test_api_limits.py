"""Wrong codes through the API (design §7, wrong guesses): counted before comparison, on the counters of the page.

The limits themselves are tried in `test_typing_limits.py`.
"""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection
from django.test import Client as Browser
from django.utils import timezone

from accounts.models import AuditEntry, Counter, User
from accounts.tests.builders import make_counter
from linking.audit import LinkingAction
from linking.limits import GUESSES_PER_ACCOUNT
from linking.models import LinkingCode
from linking.services.guesses import typer_key
from linking.tests.browsing import signed_in
from linking.tests.builders import make_linking_code, pass_time
from linking.tests.calling import assert_problem, preview, send, written

pytestmark = pytest.mark.django_db

WRONG = "AAA-AAA"


def type_code(browser: Browser, code: str = WRONG) -> Any:
    """Type a code, by default a wrong one."""
    return send(browser, "/api/link/preview", {"code": code})


def guess_wrong(browser: Browser, times: int) -> None:
    """Type a wrong code so often that it is compared each time."""
    for _ in range(times):
        assert_problem(type_code(browser), 400, "code_refused")


def test_wrong_codes_count_the_same_through_api_and_page(browser: Browser) -> None:
    for turn in range(GUESSES_PER_ACCOUNT.count):
        if turn % 2:
            assert browser.post("/link", {"code": "AAAAAA"}).status_code == 400
        else:
            assert_problem(send(browser, "/api/link/preview", {"code": "AAAAAA"}), 400, "code_refused")
    _, code = make_linking_code()

    locked = send(browser, "/api/link/preview", {"code": code})

    assert_problem(locked, 429, "too_many_wrong_codes")
    assert int(locked["Retry-After"]) > 0
    assert browser.post("/link", {"code": code}).status_code == 429


def test_a_guess_is_counted_before_it_is_compared(
    browser: Browser, account: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted: list[int] = []

    def look(_: Any, digest: str) -> None:
        counted.extend(Counter.objects.filter(pk=typer_key(account)).values_list("count", flat=True))

    monkeypatch.setattr(type(LinkingCode.objects.all()), "newest_with_digest", look)
    monkeypatch.setattr(type(LinkingCode.objects), "newest_with_digest", look)

    guess_wrong(browser, 1)

    assert counted == [1]


@pytest.mark.django_db(transaction=True)
def test_a_guess_stays_counted_where_every_request_is_a_transaction_and_the_answer_crashes(
    browser: Browser, account: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", True)

    def fall_over(*args: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("linking.api.problems._answer_linking", fall_over)
    browser.raise_request_exception = False
    for _ in range(5):
        assert type_code(browser).status_code == 500

    assert Counter.objects.get(pk=typer_key(account)).locked_until is not None


def test_counters_that_cannot_be_read_let_nobody_type(browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    _, code = make_linking_code()

    def fail(*args: object, **kwargs: object) -> None:
        raise DatabaseError

    monkeypatch.setattr("accounts.counters.take", fail)
    browser.raise_request_exception = False

    assert_problem(type_code(browser, code), 500, "server_error")
    assert not AuditEntry.objects.filter(action=LinkingAction.CODE_PREVIEWED).exists()


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"code": ""},
        {"code": "   "},
        {"code": "\u3000"},
        {"code": None},
        {"code": ["{code}", WRONG]},
        {"code": {"0": "{code}"}},
        {"codes": ["{code}"]},
        [{"code": "{code}"}, {"code": WRONG}],
        "{code}",
    ],
    ids=str,
)
def test_what_is_not_one_code_is_neither_compared_nor_counted(browser: Browser, body: Any) -> None:
    """Many codes in one request would be many guesses for one."""
    _, code = make_linking_code()
    sent = json.loads(json.dumps(body).replace("{code}", code))
    before = written()

    assert_problem(send(browser, "/api/link/preview", sent), 400, "invalid_request")

    assert written() == before
    assert "linking_api_preview" not in browser.session


@pytest.mark.parametrize("method", ["get", "head", "options", "put", "patch", "delete"])
@pytest.mark.parametrize("path", ["/api/link/preview", "/api/link/verify"])
def test_nothing_but_a_post_is_a_guess_or_a_decision(browser: Browser, path: str, method: str) -> None:
    row, code = make_linking_code()
    preview_id = preview(browser, code)
    before = written()

    response = getattr(browser, method)(
        f"{path}?code={code}&preview_id={preview_id}", headers={"X-HTTP-Method-Override": "POST"}
    )

    assert response.status_code == (204 if method == "options" else 405)
    assert written() == before
    row.refresh_from_db()
    assert (row.used_at, row.ended_at) == (None, None)


def test_one_of_two_members_with_one_name_is_one_guess(browser: Browser, account: User) -> None:
    _, code = make_linking_code()

    body = f'{{"code": "{code}", "code": "{WRONG}"}}'
    refused = browser.generic("POST", "/api/link/preview", body.encode(), content_type="application/json")

    assert_problem(refused, 400, "code_refused")
    assert Counter.objects.get(pk=typer_key(account)).count == 1


def test_nobody_but_an_account_guesses_at_all(account: User) -> None:
    _, code = make_linking_code()
    inactive = signed_in(account)
    User.objects.filter(pk=account.pk).update(is_active=False)
    before = written()

    for caller in (Browser(), inactive):
        assert_problem(type_code(caller, code), 403, "session_required")

    assert written() == before


def test_a_lock_ends_by_itself(browser: Browser, account: User) -> None:
    make_counter(typer_key(account), count=5, locked_until=timezone.now() - timedelta(seconds=1), lock_count=1)
    pass_time(timedelta(minutes=10))

    assert preview(browser, make_linking_code()[1])
