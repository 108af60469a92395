"""`/styleguide/mail/`: every mail there is, in debug, and as a page that runs and loads nothing."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from django.conf import settings as site
from django.test import Client as Browser

from accounts.tests.mails import as_read
from dexter.mail_previews import Example, examples, render_example

pytestmark = pytest.mark.django_db
FOLDERS = ("accounts/mail", "account/email", "mfa/email")
MISSING = "¿missing?"


@pytest.fixture
def browser(client: Browser, settings: Any) -> Browser:
    """A browser of somebody who works on the site."""
    settings.DEBUG = True
    return client


def test_every_mail_template_is_in_the_list() -> None:
    root = site.BASE_DIR / "templates"
    there = {str(path.relative_to(root)) for folder in FOLDERS for path in (root / folder).glob("[!_]*.txt")}

    listed = [path for example in examples() for path in (example.subject, example.text)]

    assert len(there) > 30
    assert set(listed) == there
    names = [example.name for example in examples()]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("example", examples(), ids=lambda example: example.name)
def test_a_mail_has_all_it_names_and_one_line_as_its_subject(example: Example, settings: Any) -> None:
    templates = copy.deepcopy(settings.TEMPLATES)
    templates[0]["OPTIONS"]["string_if_invalid"] = MISSING
    settings.TEMPLATES = templates

    mail = render_example(example)

    assert MISSING not in mail.subject + mail.text + mail.html
    assert mail.subject == " ".join(mail.subject.split()) and 0 < len(mail.subject) < 120
    for value in example.context.values():
        assert not isinstance(value, str) or value in as_read(mail.subject + mail.text)
    assert settings.DEXTER_PUBLIC_URL in mail.text


def test_the_page_shows_subject_text_and_html_of_each(browser: Browser) -> None:
    page = browser.get("/styleguide/mail/").content.decode()

    for example in examples():
        assert f'href="/styleguide/mail/{example.name}.html"' in page
        shown = browser.get(f"/styleguide/mail/{example.name}.html").content.decode()
        assert shown == render_example(example).html
    assert page.count("<pre ") == len(examples())
    assert 'href="/styleguide/mail/"' in browser.get("/styleguide/").content.decode()


def test_a_mail_may_have_its_inline_style_and_nothing_else(browser: Browser) -> None:
    response = browser.get("/styleguide/mail/login_code.html")

    policy = dict(part.strip().partition(" ")[::2] for part in response["Content-Security-Policy"].split(";"))
    assert policy == {
        "default-src": "'none'",
        "style-src": "'unsafe-inline'",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
        "sandbox": "",
    }
    assert response["X-Frame-Options"] == "DENY"
    assert "unsafe-inline" not in browser.get("/styleguide/mail/")["Content-Security-Policy"]


@pytest.mark.parametrize("path", ["/styleguide/mail/", "/styleguide/mail/login_code.html"])
def test_outside_debug_nothing_is_there(client: Browser, settings: Any, path: str) -> None:
    settings.DEBUG = False
    assert client.get(path).status_code == 404

    settings.DEBUG = True
    assert client.get(path).status_code == 200


def test_a_mail_that_does_not_exist_is_not_found(browser: Browser) -> None:
    assert browser.get("/styleguide/mail/nothing.html").status_code == 404
