"""Choosing a language: it is kept, the page stays the same, and nobody leads a person away from the site with it."""

from __future__ import annotations

import re
import uuid
from datetime import UTC, datetime
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.template import Context, Template
from django.test import Client as Browser
from django.utils import translation

from accounts.mail import send_mail_later
from accounts.tests.builders import PASSWORD, make_user

pytestmark = pytest.mark.django_db

CHOOSER = "/language"
TEMPLATES: list[Path] = django_settings.TEMPLATES[0]["DIRS"]


@pytest.fixture
def on_commit(django_capture_on_commit_callbacks: Any) -> Any:
    """Do what waits for the commit."""
    return django_capture_on_commit_callbacks


def choose(browser: Browser, language: str, **fields: Any) -> Any:
    """Press the button of a language."""
    headers = fields.pop("headers", {})
    return browser.post(CHOOSER, {"language": language, **fields}, headers=headers)


def test_each_other_language_has_a_button_in_its_own_words(client: Browser) -> None:
    english = client.get("/").content.decode()
    choose(client, "de")
    german = client.get("/").content.decode()

    assert re.findall(r'<button[^>]*name="language"[^>]*lang="(\w+)">(\w+)', english) == [("de", "Deutsch")]
    assert re.findall(r'<button[^>]*name="language"[^>]*lang="(\w+)">(\w+)', german) == [("en", "English")]


def test_the_choice_is_kept_and_wins_over_the_browser(client: Browser) -> None:
    response = choose(client, "de", next="/account/login/?next=/link")

    page = client.get("/account/login/", headers={"Accept-Language": "en"})
    assert (response.status_code, response["Location"]) == (302, "/account/login/?next=/link")
    assert '<html lang="de"' in page.content.decode()
    assert {"Accept-Language", "Cookie"} <= {part.strip() for part in page["Vary"].split(",")}


def test_the_cookie_is_for_the_server_only(client: Browser) -> None:
    cookie = choose(client, "de").cookies["dexter_language"]

    assert (cookie.value, cookie["httponly"], cookie["samesite"], cookie["path"]) == ("de", True, "Lax", "/")
    assert (cookie["domain"], cookie["max-age"]) == ("", 365 * 24 * 3600)


def test_the_cookie_is_secure_on_https(client: Browser, settings: Any) -> None:
    settings.LANGUAGE_COOKIE_SECURE = True

    assert choose(client, "de").cookies["dexter_language"]["secure"] is True


@pytest.mark.parametrize("language", ["", "fr", "xx", "de-AT", "../../etc/passwd", "de\r\nSet-Cookie: a=b", "d" * 9000])
def test_a_language_that_is_not_offered_changes_nothing(client: Browser, language: str) -> None:
    response = choose(client, language, next="/link")

    assert response["Location"] == "/link"
    assert "dexter_language" not in response.cookies


@pytest.mark.parametrize(
    "elsewhere",
    [
        "",
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example/",
        "\\\\evil.example",
        "http:///evil.example",
        "http:evil.example",
        "javascript:alert(1)",
        "http://localhost:8000@evil.example/",
        "http://testserver/link",
        "http://127.0.0.1/link",
        "link",
        "http://[::1",
        "/link\r\nSet-Cookie: a=b",
    ],
)
def test_it_never_leads_away_from_the_site(client: Browser, elsewhere: str) -> None:
    """Not with `next`, not with a Referer, and not to another name that the site answers to."""
    for host in ("localhost", "127.0.0.1"):
        response = client.post(
            CHOOSER,
            {"language": "de", "next": elsewhere},
            headers={"Referer": "https://evil.example/", "Host": host},
        )

        assert (response.status_code, response["Location"]) == (302, "/")


def test_the_public_address_is_the_site_behind_any_proxy(client: Browser) -> None:
    response = client.post(CHOOSER, {"next": "http://localhost:8000/link"}, headers={"Host": "127.0.0.1"})

    assert response["Location"] == "http://localhost:8000/link"


def test_only_a_form_of_ours_changes_it() -> None:
    browser = Browser(enforce_csrf_checks=True)

    forged, followed = browser.post(CHOOSER, {"language": "de"}), browser.get(CHOOSER, {"language": "de"})

    assert forged.status_code == 403
    assert (followed.status_code, followed["Location"]) == (302, "/")
    assert "dexter_language" not in browser.cookies


def test_the_page_comes_back_with_its_question(client: Browser) -> None:
    page = client.get("/account/login/?next=/link%3Fa%3Db&x=%22%3E%3Cb%3E").content.decode()

    found = re.search(r'<input type="hidden" name="next" value="(/account/login/[^"]*)">\s*<button', page)
    assert found
    assert found[1] == "/account/login/?next=/link%3Fa%3Db&amp;x=%22%3E%3Cb%3E"


def test_a_page_that_does_not_exist_offers_the_choice_too(client: Browser) -> None:
    page = client.get("/nothing?x=1", headers={"Accept-Language": "de"})

    assert page.status_code == 404
    assert 'name="next" value="/nothing?x=1"' in page.content.decode()
    assert "Diese Seite gibt es nicht" in page.content.decode()


@pytest.mark.parametrize(
    ("address", "page"),
    [
        (f"/account/browsers/{uuid.UUID(int=1)}/end", "/account/browsers/"),
        ("/account/browsers/end-others?x=1", "/account/browsers/"),
        (f"/account/connections/{uuid.UUID(int=1)}/end", "/account/"),
        ("/account/data/download", "/account/data/"),
        ("/account/login/passkey/?next=/link", "/account/login/"),
        (CHOOSER, "/"),
    ],
)
def test_an_address_that_only_takes_forms_leads_to_the_page_with_the_form(address: str, page: str) -> None:
    """A refused form stands at that address; to go back there would only lead here a step later."""
    browser = Browser(enforce_csrf_checks=True)
    browser.force_login(make_user())
    refused = browser.post(address, headers={"Referer": "http://localhost:8000/"}).content.decode()
    found = re.search(r'name="next" value="([^"]*)"', refused)
    assert found

    token = browser.cookies["dexter_csrf"].value
    response = browser.post(CHOOSER, {"language": "de", "next": unescape(found[1]), "csrfmiddlewaretoken": token})

    assert (response.status_code, response["Location"]) == (302, page)
    assert '<html lang="de"' in browser.get(page, follow=True).content.decode()


# --- Mail -------------------------------------------------------------------------------------------------------------


def test_mail_is_in_the_language_of_who_reads_it(client: Browser, mailoutbox: list[Any], on_commit: Any) -> None:
    """Whoever causes it may read another one: staff, an assistant, or somebody who only knows the address."""
    account = make_user("ada@example.com")
    client.post("/account/login/", {"login": account.email, "password": PASSWORD}, headers={"Accept-Language": "de"})
    account.refresh_from_db()

    with on_commit(execute=True), translation.override("en"):
        send_mail_later(template="email_wanted", account=account, context={"login_path": "/account/login/"})
    with on_commit(execute=True):
        Browser().post("/account/login/code/", {"email": account.email}, headers={"Accept-Language": "en"})

    assert account.language == "de"
    assert mailoutbox[0].subject == "Ihre E-Mail-Adresse gehört schon zu einem Konto bei Dexter"
    assert "Wenn Sie es nicht waren, tun Sie nichts." in mailoutbox[0].body
    [(html, _)] = mailoutbox[0].alternatives
    assert '<html lang="de"' in html
    assert "ist Ihr Code, um sich bei Dexter anzumelden" in mailoutbox[1].subject


def test_the_choice_of_a_signed_in_person_counts_for_mail_too(client: Browser) -> None:
    account = make_user()
    client.force_login(account)

    choose(client, "de")

    account.refresh_from_db()
    assert account.language == "de"


def test_mail_to_somebody_unknown_is_in_the_language_of_who_asked(mailoutbox: list[Any], on_commit: Any) -> None:
    with on_commit(execute=True):
        Browser().post("/account/password/reset/", {"email": "x@example.com"}, headers={"Accept-Language": "de"})

    assert [mail.subject for mail in mailoutbox] == ["Für diese E-Mail-Adresse gibt es bei Dexter kein Konto"]


# --- Dates ------------------------------------------------------------------------------------------------------------


def test_dates_are_written_as_in_the_language() -> None:
    """Pages and mails print them with Django's formats, by name."""
    template = Template("{{ at|date:'DATETIME_FORMAT' }}")
    at = datetime(2026, 11, 21, 5, 12, tzinfo=UTC)

    with translation.override("de"):
        assert template.render(Context({"at": at})) == "21. November 2026 05:12"


def test_no_template_has_a_date_format_of_its_own() -> None:
    pattern = re.compile(r"\|(?:date|time)(?::([^\s|}%]+))?")
    formats = {
        found for folder in TEMPLATES for path in folder.rglob("*.*") for found in pattern.findall(path.read_text())
    }

    # "c" is for programs: the datetime attribute.
    assert formats - {"'c'"} <= {'"DATETIME_FORMAT"', '"DATE_FORMAT"', '"TIME_FORMAT"'}
