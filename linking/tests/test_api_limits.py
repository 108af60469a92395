"""Wrong codes through the API (design §7, wrong guesses): the counters are those of the page."""

from __future__ import annotations

import pytest
from django.test import Client as Browser

from linking.limits import GUESSES_PER_ACCOUNT
from linking.tests.builders import make_linking_code
from linking.tests.calling import assert_problem, send

pytestmark = pytest.mark.django_db


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
