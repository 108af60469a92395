"""DEXTER_CONTACT: whoever is told to write to those who run the site is told where."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.checks import run_checks
from django.template.loader import render_to_string
from django.test import Client, RequestFactory
from django.utils.html import escape

from accounts.delivery import send_mail
from accounts.mail import render_mail
from accounts.tests.builders import make_user

pytestmark = pytest.mark.django_db
ADDRESS, PAGE = "o'neil+help@example.com", "https://example.com/help?from=dexter&to=us"
MAILS = ["email_changed", "deleted", "factors_removed", "password_set_by_staff"]
HERE = "You reach them here:"


@pytest.fixture(params=[ADDRESS, PAGE])
def contact(request: pytest.FixtureRequest, settings: Any) -> str:
    """A site that says where."""
    settings.DEXTER_CONTACT = request.param
    return str(request.param)


def text_of_mail(name: str) -> str:
    """What it says."""
    return render_mail(subject=f"accounts/mail/{name}.subject.txt", text=f"accounts/mail/{name}.txt", context={}).text


@pytest.mark.parametrize("name", MAILS)
def test_a_mail_that_tells_people_to_write_says_where(name: str, contact: str) -> None:
    assert f"\n{HERE} {contact}\n" in text_of_mail(name)


@pytest.mark.parametrize("name", MAILS)
def test_a_mail_of_a_site_that_does_not_say_names_nothing(name: str) -> None:
    text = text_of_mail(name)

    assert HERE not in text and "None" not in text
    assert "\n\n\n" not in text


@pytest.mark.parametrize("template", ["account/account_inactive.html", "linking/refused.html"])
@pytest.mark.parametrize(("value", "href"), [(ADDRESS, "mailto:o%27neil%2Bhelp@example.com"), (PAGE, PAGE)])
def test_a_page_that_tells_people_to_ask_says_where(template: str, value: str, href: str, settings: Any) -> None:
    settings.DEXTER_CONTACT = value

    page = render_to_string(template, request=RequestFactory().get("/"))

    assert f'{HERE} <a href="{escape(href)}">{escape(value)}</a>' in page


def test_the_foot_of_a_page_leads_to_an_address(client: Client, settings: Any) -> None:
    settings.DEXTER_CONTACT = ADDRESS

    page = client.get("/").content.decode()

    assert '<a href="mailto:o%27neil%2Bhelp@example.com">Contact: o&#x27;neil+help@example.com</a>' in page


def test_the_foot_of_a_page_leads_to_a_page(client: Client, settings: Any) -> None:
    settings.DEXTER_CONTACT = PAGE

    page = client.get("/").content.decode()

    assert '<a href="https://example.com/help?from=dexter&amp;to=us">Contact: https://example.com/help?' in page


@pytest.mark.parametrize("path", ["/", "/account/inactive/"])
def test_a_site_that_does_not_say_shows_nothing(client: Client, path: str) -> None:
    page = client.get(path).content.decode()

    assert "Contact" not in page and HERE not in page


@pytest.mark.parametrize(("value", "answers_to"), [(ADDRESS, [ADDRESS]), (PAGE, []), ("", [])])
def test_answers_to_mails_go_to_the_address(
    value: str, answers_to: list[str], settings: Any, mailoutbox: list[Any]
) -> None:
    settings.DEXTER_CONTACT = value

    send_mail(subject="Hello", body="Hello", to=str(make_user().email))

    assert mailoutbox[0].reply_to == answers_to


@pytest.mark.parametrize(("value", "told"), [("", True), (ADDRESS, False)])
def test_a_deployment_without_it_is_told(value: str, told: bool, settings: Any) -> None:
    settings.DEXTER_CONTACT = value

    ids = [message.id for message in run_checks(include_deployment_checks=True)]

    assert ("accounts.I001" in ids) is told
