"""`/link#code=…` prefills the field and never confirms by itself (design §7, last paragraph). In a real browser."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client as Browser
from playwright.sync_api import Route, sync_playwright

from accounts.tests.builders import make_user
from linking.codes import LONGEST_TYPED

pytestmark = pytest.mark.django_db

SYSTEM_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
SITE = "http://localhost:8000"


@dataclass(frozen=True)
class Visit:
    """What the browser shows and sent after it had opened an address."""

    value: str
    address: str
    requests: list[str]


def visit(page_source: str, *paths: str) -> list[Visit]:
    """Open each of `paths` in a browser for which the page is `page_source`."""
    script = (Path(settings.STATICFILES_DIRS[0]) / "js/link.js").read_text()
    requests: list[str] = []

    def answer(route: Route) -> None:
        requests.append(f"{route.request.method} {route.request.url}")
        if route.request.url == f"{SITE}/link":
            route.fulfill(body=page_source, content_type="text/html")
        elif route.request.url.endswith("/js/link.js"):
            route.fulfill(body=script, content_type="text/javascript")
        else:
            route.fulfill(status=404)

    visits = []
    system = next(filter(None, map(shutil.which, SYSTEM_BROWSERS)), None)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=system, args=["--no-sandbox"])
        for path in paths:
            page = browser.new_page()
            page.route("**/*", answer)
            page.goto(SITE + path)
            value = page.get_by_label("Code", exact=True).input_value()
            visits.append(Visit(value=value, address=page.url, requests=list(requests)))
            page.close()
            requests.clear()
        browser.close()
    return visits


@pytest.fixture
def page_source() -> str:
    """The page as it is when nothing was typed yet."""
    browser = Browser()
    browser.force_login(make_user())
    return browser.get("/link").content.decode()


def test_the_code_from_the_fragment_is_in_the_field_and_nothing_was_sent(page_source: str) -> None:
    markup = "%3Cimg%20src=x%3E" + "A" * 5000

    with_code, with_markup = visit(page_source, "/link#code=ABC-234", f"/link#code={markup}")

    # Each character stands in its box.
    assert with_code.value == "ABC234"
    assert with_code.address == f"{SITE}/link"
    assert f"GET {SITE}/static/js/link.js" in with_code.requests
    assert not [request for request in with_code.requests if request.startswith("POST") or "ABC" in request]
    assert with_markup.value == "<img src=x>" + "A" * (LONGEST_TYPED - 11)


def test_without_a_code_in_the_fragment_the_field_is_empty(page_source: str) -> None:
    visits = visit(page_source, "/link", "/link#", "/link#code=", "/link#other=ABC-234")

    assert [each.value for each in visits] == ["", "", "", ""]
