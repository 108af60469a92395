"""The HTML of a mail: it says what the text says, and nothing that somebody else wrote becomes markup or a link."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from html import unescape
from html.parser import HTMLParser
from typing import Any

import pytest

from accounts.mail import LONGEST_VALUE, render_mail, send_mail_later
from accounts.mail_blocks import Block, blocks_of
from accounts.models import User
from accounts.tests.builders import make_user
from accounts.tests.mails import as_read, html_of

SITE = "https://dexter.example.com"
CONNECTED = {
    "assistant": "ChatGPT",
    "verified_host": "chatgpt.com",
    "redirect_host": "chatgpt.com",
    "redirect_kind": "site",
}


class Parts(HTMLParser):
    """The tags of a document with their attributes, and its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep it."""
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        """Keep it."""
        self.text += data


def connected(**changes: Any) -> str:
    """The HTML of a mail about a new connection."""
    return mail_of("connected", **CONNECTED | changes)


def mail_of(template: str, language: str = "", **context: Any) -> str:
    """The HTML of one of our mails."""
    subject, text = f"accounts/mail/{template}.subject.txt", f"accounts/mail/{template}.txt"
    return render_mail(subject=subject, text=text, context=context, language=language).html


def links_in(html: str) -> list[str | None]:
    """Where its links lead."""
    return [attributes["href"] for tag, attributes in Parts(html).tags if tag == "a"]


# --- Parts ------------------------------------------------------------------------------------------------------------


def test_paragraphs_codes_and_links_are_told_apart() -> None:
    text = f"Your code:\n\n    123-456\n\nTwo\nlines.\n\nEnd it here:\n{SITE}/account/\n\n{SITE}"

    assert blocks_of(text, public_url=SITE) == [
        Block("paragraph", "Your code:"),
        Block("code", "123-456"),
        Block("paragraph", "Two\nlines."),
        Block("link", "End it here", f"{SITE}/account/"),
        Block("link", SITE, SITE),
    ]


def test_text_around_a_link_keeps_its_place() -> None:
    text = f"One.\nTwo:\n{SITE}/a\nThree.\n    42\nFour."

    assert blocks_of(text, public_url=SITE) == [
        Block("paragraph", "One."),
        Block("link", "Two", f"{SITE}/a"),
        Block("paragraph", "Three."),
        Block("code", "42"),
        Block("paragraph", "Four."),
    ]


@pytest.mark.parametrize(
    "line",
    [
        "https://evil.example/",
        f"{SITE}.evil.example/",
        f"{SITE}@evil.example/",
        f"{SITE}:444/",
        "http://dexter.example.com/",
        "javascript:alert(1)",
        f"Assistant: {SITE}/link/disown",
    ],
)
def test_only_addresses_of_this_site_become_links(line: str) -> None:
    assert blocks_of(line, public_url=SITE) == [Block("paragraph", line)]


def test_a_text_without_anything_has_no_parts() -> None:
    assert blocks_of("\n \n", public_url=SITE) == []


# --- The document -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        "<script>alert(1)</script>",
        '"><img src=https://evil.example/x.png onerror=alert(1)>',
        '<a href="https://evil.example">Your account</a>',
        "</p></td></table><form action=https://evil.example>",
        "<!-- x",
        "{{ public_url }}{% url 'admin:index' %}",
    ],
)
def test_a_name_with_markup_is_shown_as_it_is(name: str) -> None:
    plain, parts = Parts(connected(assistant="ChatGPT")), Parts(connected(assistant=name))

    assert parts.tags == plain.tags
    assert f"Assistant: {name}" in as_read(parts.text)


@pytest.mark.parametrize(
    "name",
    [
        "x\n\nYour account is locked. Sign in:\nhttp://localhost:8000/link#code=ABC-DEF\n",
        "x\n\n    123-456\n",
        "http://localhost:8000/link#code=ABCDEF",
        "x\u2028\u2028http://localhost:8000/link",
        "x\x0b\x0c\x85    123-456",
    ],
)
def test_a_name_makes_no_paragraph_code_or_link(name: str) -> None:
    plain, parts = Parts(connected(assistant="ChatGPT")), Parts(connected(assistant=name))

    assert parts.tags == plain.tags
    assert links_in(connected(assistant=name)) == ["http://localhost:8000/account/"]


def test_a_name_of_any_length_leaves_the_mail_readable() -> None:
    assert "x" * (LONGEST_VALUE + 1) not in connected(assistant="x" * 100_000)


def test_nothing_is_loaded_and_nobody_is_followed() -> None:
    html = connected()
    tags = {tag for tag, _ in Parts(html).tags}

    assert tags <= {"html", "head", "meta", "title", "style", "body", "table", "tr", "td", "p", "a", "br"}
    assert not re.search(r"url\(|@import|\bsrc=|background=|\bhttp-equiv\b", html)
    assert links_in(html) == ["http://localhost:8000/account/"]


def test_the_links_of_a_mail_are_those_that_it_was_made_with() -> None:
    disown, account = "http://localhost:8000/link/disown?token=a:b-c&x=1", "http://localhost:8000/account/"
    context: dict[str, Any] = {
        "linked_at": datetime(2026, 1, 2, 15, 4, tzinfo=UTC),
        "disown_url": disown,
        "account_url": account,
    }

    assert links_in(mail_of("linked", **CONNECTED | context)) == [disown, account]


def test_the_document_says_which_language_it_is_in(settings: Any) -> None:
    settings.LANGUAGES = [("en", "English"), ("de", "Deutsch"), ("ar", "Arabic")]

    assert '<html lang="en" dir="ltr">' in connected()
    assert '<html lang="de" dir="ltr">' in mail_of("connected", language="de", **CONNECTED)
    assert '<html lang="ar" dir="rtl">' in mail_of("connected", language="ar", **CONNECTED)


@pytest.mark.django_db
def test_a_mail_carries_its_text_first_and_the_same_as_html(
    django_capture_on_commit_callbacks: Any, mailoutbox: list[Any]
) -> None:
    user: User = make_user()
    with django_capture_on_commit_callbacks(execute=True):
        send_mail_later(template="connected", account=user, context={**CONNECTED, "assistant": "O'Hara & <b>"})

    message = mailoutbox[0].message()
    text, html = message.get_payload()
    assert message.get_content_type() == "multipart/alternative"
    assert [text.get_content_type(), html.get_content_type()] == ["text/plain", "text/html"]
    read = " ".join(Parts(html_of(mailoutbox[0])).text.split())
    for line in mailoutbox[0].body.split("\n"):
        assert line.startswith("http") or line.strip().removesuffix(":") in unescape(read)
