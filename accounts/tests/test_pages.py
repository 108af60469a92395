"""Every account page: one control per contract name (design §3), labels, landmarks; and the pages of errors."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

import pytest
from django.test import Client, RequestFactory
from django.views import defaults

from accounts.tests.builders import make_user

pytestmark = pytest.mark.django_db


class Page(HTMLParser):
    """What a person meets on a page: its title, headings, labels, buttons and links."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.attributes: dict[str, list[dict[str, str | None]]] = {}
        self.words: dict[str, list[str]] = {}
        self._open: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes.setdefault(tag, []).append(dict(attrs))
        if tag in {"title", "h1", "label", "button", "a"}:
            self.words.setdefault(tag, []).append("")
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in self._open:
            self._open.remove(tag)

    def handle_data(self, data: str) -> None:
        for tag in self._open:
            self.words[tag][-1] += data

    def said(self, tag: str) -> list[str]:
        """The words of every element of that name."""
        return [" ".join(words.split()) for words in self.words.get(tag, [])]


SIGNED_OUT = {
    "/account/login/": (["Email", "Password"], ["Sign in", "Use a passkey"]),
    "/account/signup/": (["Email", "Password"], ["Create account"]),
    "/account/login/code/": (["Email"], ["Send me a code"]),
    "/account/password/reset/": (["Email"], ["Send me a code"]),
    "/account/inactive/": ([], []),
}
SIGNED_IN = {
    "/account/logout/": ([], ["Sign out"]),
    "/account/reauthenticate/": (["Password"], ["Confirm"]),
    "/account/password/change/": (["Current password", "New password"], ["Save password"]),
}


def check(html: str, labels: list[str], buttons: list[str]) -> None:
    """What every page owes to people, whatever they read it with."""
    page = Page(html)
    assert page.attributes["html"][0]["lang"] == "en"
    assert len(page.attributes["main"]) == 1
    assert len(page.said("h1")) == 1
    assert page.said("title")[0].endswith(" · Dexter")
    assert page.said("label") == labels
    assert page.said("button") == [*buttons, "Deutsch"]
    fields = [field for field in page.attributes.get("input", []) if field.get("type") != "hidden"]
    assert [field["id"] for field in fields] == [label["for"] for label in page.attributes.get("label", [])]
    # A second thing of the same name, or a region named after a field, would make it ambiguous to point at one.
    names = page.said("button") + page.said("a")
    assert len(names) == len(set(names)) or buttons == ["Sign out"]
    assert "aria-label=" not in html.replace('aria-label="Site"', "").replace('aria-label="Language"', "")
    assert all("style" not in attributes for found in page.attributes.values() for attributes in found)


@pytest.mark.parametrize("path", SIGNED_OUT)
def test_a_page_for_everybody(client: Client, path: str) -> None:
    check(client.get(path).content.decode(), *SIGNED_OUT[path])


@pytest.mark.parametrize("path", SIGNED_IN)
def test_a_page_for_who_is_signed_in(client: Client, path: str) -> None:
    client.force_login(make_user())

    check(client.get(path).content.decode(), *SIGNED_IN[path])


@pytest.mark.parametrize(
    ("path", "button"), [("/account/login/code/", "Sign in"), ("/account/password/reset/", "Confirm")]
)
def test_a_page_that_asks_for_a_code(client: Client, path: str, button: str) -> None:
    html = client.post(path, {"email": "ada@example.com"}, follow=True).content.decode()

    assert Page(html).said("label") == ["Code"]
    assert Page(html).said("button")[0] == button
    assert 'autocomplete="one-time-code"' in html
    assert 'inputmode="numeric"' in html


def test_password_managers_know_the_fields(client: Client) -> None:
    login = client.get("/account/login/").content.decode()
    signup = client.get("/account/signup/").content.decode()

    assert 'autocomplete="username"' in login
    assert 'autocomplete="current-password"' in login
    assert 'autocomplete="new-password"' in signup


def test_whoever_is_signed_in_sees_who_they_are_and_the_way_out(client: Client) -> None:
    client.force_login(make_user("ada@example.com"))

    html = client.get("/account/password/change/").content.decode()

    assert ">ada@example.com<" in html
    assert "Sign out" in Page(html).said("a")


def test_an_address_cannot_write_html(client: Client) -> None:
    html = client.post("/account/login/", {"login": '"><script>x</script>', "password": "x"}).content.decode()

    assert "<script>" not in html


def test_next_cannot_write_html(client: Client) -> None:
    html = client.get("/account/login/", {"next": '/"><script>x</script>'}).content.decode()

    assert "<script>" not in html


def test_pages_with_a_form_are_not_kept_by_caches(client: Client) -> None:
    for path in ("/account/login/", "/account/signup/", "/account/login/code/"):
        assert "no-store" in client.get(path)["Cache-Control"]


def test_pages_cannot_be_framed_and_run_no_foreign_code(client: Client) -> None:
    response = client.get("/account/login/")

    assert response["X-Frame-Options"] == "DENY"
    assert "default-src 'self'" in response["Content-Security-Policy"]
    assert "unsafe" not in response["Content-Security-Policy"]


def test_there_is_no_such_page(client: Client) -> None:
    response = client.get("/there/is/nothing")

    assert response.status_code == 404
    assert Page(response.content.decode()).said("h1") == ["There is no such page"]


@pytest.mark.parametrize(
    ("view", "heading"),
    [(defaults.bad_request, "That did not make sense to us"), (defaults.permission_denied, "This page is not for you")],
)
def test_a_refusal_says_what_to_do(view: Any, heading: str) -> None:
    request = RequestFactory().get("/")

    html = view(request, Exception()).content.decode()

    assert Page(html).said("h1") == [heading]
    assert "Start page" in Page(html).said("a")


def test_the_page_of_an_error_of_ours_needs_nothing_that_may_be_broken(django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        response = defaults.server_error(RequestFactory().get("/"))

    html = response.content.decode()
    assert response.status_code == 500
    assert Page(html).said("h1") == ["Something broke on our side"]
    assert 'aria-label="Home"' in html


def test_a_request_that_is_too_large_is_refused_in_words(client: Client) -> None:
    response = client.post("/account/login/", {"login": "a" * 70_000, "password": "x"})

    assert response.status_code == 400
    assert "too large" in response.content.decode()


def test_too_many_fields_are_refused_in_words(client: Client) -> None:
    response = client.post("/account/login/", {f"field{number}": "x" for number in range(101)})

    assert response.status_code == 400
