"""Making codes on the website (design §7, minting): five an hour and twenty a day, at the page and through the API."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client as Browser

from linking.models import LinkingCode
from linking.tests.builders import pass_time
from linking.tests.calling import send

pytestmark = pytest.mark.django_db


def make_code(browser: Browser, door: str) -> Any:
    """Make a code at the page or through the API."""
    if door == "page":
        return browser.post("/link/code", {"decision": "new"})
    return send(browser, "/api/link/generate")


@pytest.mark.parametrize("door", ["page", "api"])
def test_the_sixth_code_of_an_hour_and_the_twenty_first_of_a_day_are_refused(browser: Browser, door: str) -> None:
    waits = []
    for _ in range(4):
        for _ in range(5):
            assert make_code(browser, door).status_code in (200, 201, 302)
        refused = make_code(browser, door)
        assert refused.status_code == 429
        waits.append(timedelta(seconds=int(refused["Retry-After"])))
        pass_time(timedelta(hours=1))
    refused = make_code(browser, door)

    assert all(timedelta(minutes=59) < wait <= timedelta(hours=1) for wait in waits[:3])
    assert refused.status_code == 429
    assert timedelta(hours=19) < timedelta(seconds=int(refused["Retry-After"])) <= timedelta(hours=20)
    assert LinkingCode.objects.count() == 20
