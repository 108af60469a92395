"""The decision on the consent page (RFC 6749 §4.1.2, §10.12; RFC 9207 §2; connectors, rules 6 and 8)."""

from __future__ import annotations

import json
import re
from html import unescape
from typing import Any

import pytest
from django.core import signing
from django.test import Client as Browser
from django.utils import timezone

from accounts.guests import GUEST_COOKIE_SALT, guest_cookie_name
from accounts.models import AuditEntry, User
from accounts.tests.builders import make_guest, make_user
from oauth.bearer import linked_account
from oauth.models import Client, ConnectorSession, Grant
from oauth.services import sessions
from oauth.tests.builders import REDIRECT_URI, make_account_link, make_client
from oauth.tests.protocol import (
    STATE,
    assert_asked_again,
    authorize_path,
    decide,
    nothing_written,
    read_answer,
    read_stamp,
)
from oauth.tokens import digest

pytestmark = pytest.mark.django_db

ISSUER = "http://localhost:8000/mcp"
CURSOR = "cursor://anysphere.cursor-mcp/oauth/callback"


# --- Allow ------------------------------------------------------------------------------------------------------------


def test_allow_sends_a_code_for_the_signed_in_person(browser: Browser) -> None:
    person, client = make_user(), make_client()
    browser.force_login(person)

    response = decide(browser, authorize_path(client, scope="identity.read openid", nonce="n-1"), "allow")

    answer = read_answer(response)
    grant = Grant.objects.select_related("session").get()
    assert response["Location"].startswith(REDIRECT_URI + "?")
    assert answer.keys() == {"code", "state", "iss"}
    assert (answer["state"], answer["iss"]) == (STATE, ISSUER)
    assert grant.user == grant.session.user == person
    assert grant.application == grant.session.client == client
    assert grant.session.scope == "identity.read openid"
    assert grant.session.redirect_uri == REDIRECT_URI
    assert grant.session.connected_at is None
    assert grant.session.authenticated_at == person.date_joined
    assert grant.nonce == "n-1"
    assert 0 < (grant.expires - timezone.now()).total_seconds() <= 60
    assert not User.objects.filter(is_guest=True).exists()


def test_a_code_is_long_and_stored_as_a_digest_only(browser: Browser) -> None:
    browser.force_login(make_user())

    code = read_answer(decide(browser, authorize_path(make_client()), "allow"))["code"]

    assert len(code) >= 43
    assert Grant.objects.get().code == digest(code)
    stored = json.dumps([*Grant.objects.values(), *AuditEntry.objects.values()], default=str)
    assert code not in stored


def test_allow_is_audited_with_who_where_and_what(browser: Browser) -> None:
    person, client = make_user(), make_client()
    browser.force_login(person)
    path = authorize_path(client, scope="identity.read")
    stamp = read_stamp(browser.get(path))

    browser.post(
        path,
        {"stamp": stamp, "decision": "allow"},
        REMOTE_ADDR="203.0.113.9",
        headers={"User-Agent": "Firefox " + "x" * 300},
    )

    session = ConnectorSession.objects.get()
    entry = AuditEntry.objects.get(action="oauth.session.opened")
    assert (session.address, len(session.user_agent)) == ("203.0.113.9", 255)
    assert (entry.actor, entry.account, entry.client_id) == (person, person, client.client_id)
    assert (entry.session_id, entry.address) == (session.pk, "203.0.113.9")
    assert entry.detail == {"scope": "identity.read", "redirect_host": "127.0.0.1", "guest": False}


def test_a_loopback_redirect_is_answered_on_the_port_that_was_asked_for(browser: Browser) -> None:
    response = decide(browser, authorize_path(make_client(), redirect_uri="http://127.0.0.1:50123/callback"), "guest")

    assert response["Location"].startswith("http://127.0.0.1:50123/callback?code=")
    assert Grant.objects.get().redirect_uri == "http://127.0.0.1:50123/callback"


def test_an_answer_keeps_the_query_of_the_redirect(browser: Browser) -> None:
    redirect_uri = "https://assistant.example/callback?tenant=a%2Fb&x"
    client = make_client(redirect_uris=redirect_uri)

    response = decide(browser, authorize_path(client, redirect_uri=redirect_uri), "guest")

    assert response["Location"].startswith(f"{redirect_uri}&code=")


def test_without_a_state_the_answer_has_none(browser: Browser) -> None:
    answer = read_answer(decide(browser, authorize_path(make_client(), state=None), "guest"))

    assert answer.keys() == {"code", "iss"}


def test_a_private_scheme_is_handed_back_on_a_page_that_also_has_a_button(browser: Browser) -> None:
    client = make_client(name="Cursor", redirect_uris=CURSOR)

    response = decide(browser, authorize_path(client, redirect_uri=CURSOR), "guest")

    page = response.content.decode()
    link = unescape(re.search(r'class="button button-primary button-wide" href="([^"]+)"', page)[1])  # type: ignore[index]
    assert response.status_code == 200
    assert link.startswith(f"{CURSOR}?code=dxg_")
    assert f'content="0; url={CURSOR}?code=dxg_' in page
    assert "Open Cursor" in page
    assert "Cursor may connect. Go back to it to finish." in page
    assert "no-store" in response["Cache-Control"]


def test_the_page_that_hands_a_refusal_back_says_that_nothing_was_connected(browser: Browser) -> None:
    client = make_client(name="Cursor", redirect_uris=CURSOR)

    page = decide(browser, authorize_path(client, redirect_uri=CURSOR), "deny").content.decode()

    assert "You said no: nothing was connected. Cursor is told so." in page
    assert "may connect" not in page
    assert "button-primary" not in page
    assert "start the connection again" not in page


def test_a_page_that_hands_back_names_an_assistant_without_a_name_as_such(browser: Browser) -> None:
    client = make_client(name="", redirect_uris=CURSOR)

    page = decide(browser, authorize_path(client, redirect_uri=CURSOR), "guest").content.decode()

    assert "The assistant may connect. Go back to it to finish." in page


# --- Deny -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("signed_in", [False, True])
def test_deny_tells_the_connector_and_grants_nothing(browser: Browser, signed_in: bool) -> None:
    person, client = make_user(), make_client()
    if signed_in:
        browser.force_login(person)

    with nothing_written("oauth.authorization.denied"):
        response = decide(browser, authorize_path(client), "deny")

    answer = read_answer(response)
    entry = AuditEntry.objects.get(action="oauth.authorization.denied")
    assert answer.keys() == {"error", "state", "iss"}
    assert (answer["error"], answer["state"], answer["iss"]) == ("access_denied", STATE, ISSUER)
    assert entry.actor == (person if signed_in else None)
    assert entry.client_id == client.client_id
    assert guest_cookie_name() not in response.cookies


# --- Continue without an account (design §2) --------------------------------------------------------------------------


def test_a_guest_is_made_and_remembered_but_not_signed_in(browser: Browser) -> None:
    response = decide(browser, authorize_path(make_client()), "guest")

    guest = User.objects.get()
    cookie = response.cookies[guest_cookie_name()]
    assert guest.is_guest
    assert Grant.objects.get().user == guest
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
    assert cookie["max-age"] == 365 * 24 * 3600
    assert "dexter_session" not in browser.cookies
    assert b"Continue without an account" in browser.get(authorize_path(make_client())).content


def test_the_same_browser_is_the_same_guest_with_every_assistant(browser: Browser) -> None:
    decide(browser, authorize_path(make_client()), "guest")
    decide(browser, authorize_path(make_client()), "guest")

    assert User.objects.count() == 1
    assert ConnectorSession.objects.count() == 2


def test_another_browser_is_another_guest(browser: Browser) -> None:
    decide(browser, authorize_path(make_client()), "guest")
    decide(Browser(), authorize_path(make_client()), "guest")

    assert User.objects.count() == 2


@pytest.mark.parametrize("forge", ["account", "unsigned", "another salt"])
def test_a_forged_guest_cookie_makes_a_new_guest(browser: Browser, forge: str) -> None:
    victim = make_user() if forge == "account" else make_guest()
    salt = GUEST_COOKIE_SALT if forge == "account" else "other"
    signed = signing.TimestampSigner(salt=salt).sign(victim.subject)
    browser.cookies[guest_cookie_name()] = victim.subject if forge == "unsigned" else signed

    decide(browser, authorize_path(make_client()), "guest")

    grant = Grant.objects.get()
    assert grant.user != victim
    assert grant.user.is_guest


def test_an_inactive_guest_is_not_resumed(browser: Browser) -> None:
    decide(browser, authorize_path(make_client()), "guest")
    first = User.objects.get()
    User.objects.update(is_active=False)

    decide(browser, authorize_path(make_client()), "guest")

    assert ConnectorSession.objects.latest("created_at").user != first


def test_where_guests_are_off_nobody_is_offered_it_and_nobody_gets_it(browser: Browser, settings: Any) -> None:
    path = authorize_path(make_client())
    settings.DEXTER_GUESTS_ENABLED = False
    page = browser.get(path)

    with nothing_written("oauth.authorization.refused"):
        response = browser.post(path, {"stamp": read_stamp(page), "decision": "guest"})

    assert b"Continue without an account" not in page.content
    assert_asked_again(response)


def test_a_linked_guests_browser_connects_as_somebody_new(browser: Browser) -> None:
    """Whoever sits there next has proven nothing: what they connect acts for nobody, and they learn nothing."""
    decide(browser, authorize_path(make_client()), "guest")
    linked = User.objects.get()
    make_account_link(linked, make_user("ada@example.com"))

    page = browser.get(authorize_path(make_client())).content.decode()
    decide(browser, authorize_path(make_client()), "guest")
    decide(browser, authorize_path(make_client()), "guest")

    assert "example.com" not in page.replace("testserver", "")
    second, third = ConnectorSession.objects.exclude(user=linked).order_by("created_at")
    assert second.user == third.user
    assert linked_account(second.user) is None


def test_a_guest_linked_while_the_page_is_open_connects_as_somebody_new(browser: Browser) -> None:
    decide(browser, authorize_path(make_client()), "guest")
    guest, path = User.objects.get(), authorize_path(make_client())
    stamp = read_stamp(browser.get(path))
    make_account_link(guest, make_user())

    browser.post(path, {"stamp": stamp, "decision": "guest"})

    assert ConnectorSession.objects.filter(user=guest).count() == 1
    assert ConnectorSession.objects.count() == 2


def test_a_guest_linked_in_the_last_moment_is_asked_again(browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    """The page has read the cookie and looked for a link; then somebody confirms, before the session is opened."""
    decide(browser, authorize_path(make_client()), "guest")
    guest, path = User.objects.get(), authorize_path(make_client())
    stamp = read_stamp(browser.get(path))
    hold_parties = sessions._hold_parties

    def link_first(user: User | None, client: Client) -> None:
        if not hasattr(User.objects.get(pk=guest.pk), "account_link"):
            make_account_link(guest, make_user())
        hold_parties(user, client)

    monkeypatch.setattr(sessions, "_hold_parties", link_first)

    response = browser.post(path, {"stamp": stamp, "decision": "guest"})

    assert (response.status_code, response["Location"]) == (303, path)
    assert ConnectorSession.objects.count() == 1
    assert AuditEntry.objects.get(action="oauth.authorization.refused").reason == "guest_linked"


# --- The page itself --------------------------------------------------------------------------------------------------


def test_the_page_folds_the_technical_words_away_and_runs_no_script(browser: Browser) -> None:
    browser.force_login(make_user())

    page = browser.get(authorize_path(make_client(), scope="identity.read")).content.decode()

    folded = page[page.index("<details") : page.index("</details>")]
    assert "<code>identity.read</code>" in folded
    assert REDIRECT_URI in folded
    assert "<script" not in page
    # No host of a stranger is asked for a picture.
    assert re.findall(r'<img src="([^"]+)"', page) == ["/static/img/logo.svg"] * 2


def test_a_form_that_is_too_old_leads_back_to_the_question() -> None:
    path = authorize_path(make_client())

    with nothing_written():
        response = Browser(enforce_csrf_checks=True).post(path, {"decision": "guest"})

    assert response.status_code == 403
    assert f'href="{path.replace("&", "&amp;")}"' in response.content.decode()
