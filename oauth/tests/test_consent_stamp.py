"""A decision belongs to the page that was shown (RFC 6749 §10.12; connectors, rules 3 and 8)."""

from __future__ import annotations

import re

import pytest
from django.test import Client as Browser

from accounts.tests.builders import make_user
from oauth.models import Client, Grant
from oauth.tests.builders import REDIRECT_URI, make_client
from oauth.tests.protocol import (
    STATE,
    assert_asked_again,
    authorize_path,
    nothing_written,
    read_answer,
    read_stamp,
)

pytestmark = pytest.mark.django_db

REFUSED = "oauth.authorization.refused"
ISSUER = "http://localhost:8000/mcp"
CURSOR = "cursor://anysphere.cursor-mcp/oauth/callback"


def test_allow_without_being_signed_in_grants_nothing(browser: Browser) -> None:
    path = authorize_path(make_client())
    stamp = read_stamp(browser.get(path))

    with nothing_written(REFUSED):
        response = browser.post(path, {"stamp": stamp, "decision": "allow"})

    assert_asked_again(response)


def test_a_signed_in_person_does_not_become_a_guest(browser: Browser) -> None:
    browser.force_login(make_user())
    path = authorize_path(make_client())
    stamp = read_stamp(browser.get(path))

    with nothing_written(REFUSED):
        response = browser.post(path, {"stamp": stamp, "decision": "guest"})

    assert_asked_again(response)


@pytest.mark.parametrize("stamp", [None, "", "0" * 64, "ä"])
def test_a_decision_without_the_pages_stamp_grants_nothing(browser: Browser, stamp: str | None) -> None:
    browser.force_login(make_user())
    path = authorize_path(make_client())
    fields = {"decision": "allow"} if stamp is None else {"decision": "allow", "stamp": stamp}

    with nothing_written(REFUSED):
        response = browser.post(path, fields)

    assert_asked_again(response)


@pytest.mark.parametrize("decision", [None, "", "yes", "ALLOW"])
def test_another_decision_than_the_pages_grants_nothing(browser: Browser, decision: str | None) -> None:
    browser.force_login(make_user())
    path = authorize_path(make_client())
    fields = {"stamp": read_stamp(browser.get(path))}

    with nothing_written(REFUSED):
        response = browser.post(path, fields if decision is None else fields | {"decision": decision})

    assert_asked_again(response)


@pytest.mark.parametrize(
    "other",
    [
        {"state": "other"},
        {"scope": "identity.read link.write email"},
        {"code_challenge": "x" * 43},
        {"redirect_uri": "http://127.0.0.1:9/callback"},
        {"nonce": "other"},
    ],
)
def test_the_stamp_of_another_request_grants_nothing(browser: Browser, other: dict[str, str]) -> None:
    browser.force_login(make_user())
    client = make_client()
    stamp = read_stamp(browser.get(authorize_path(client, scope="identity.read")))
    path = authorize_path(client, **{"scope": "identity.read", **other})

    with nothing_written(REFUSED):
        response = browser.post(path, {"stamp": stamp, "decision": "allow"})

    assert_asked_again(response)


def test_the_stamp_for_another_client_grants_nothing(browser: Browser) -> None:
    browser.force_login(make_user())
    stamp = read_stamp(browser.get(authorize_path(make_client())))
    path = authorize_path(make_client())

    with nothing_written(REFUSED):
        response = browser.post(path, {"stamp": stamp, "decision": "allow"})

    assert_asked_again(response)


def test_the_stamp_of_another_account_grants_nothing(browser: Browser) -> None:
    path = authorize_path(make_client())
    browser.force_login(make_user("ada@example.com"))
    stamp = read_stamp(browser.get(path))
    browser.force_login(make_user("grace@example.com"))

    with nothing_written(REFUSED):
        response = browser.post(path, {"stamp": stamp, "decision": "allow"})

    assert_asked_again(response)


@pytest.mark.parametrize(
    "change",
    [
        {"name": "Your Bank"},
        {"redirect_uris": f"{REDIRECT_URI} https://attacker.example/"},
        {"registration_source": Client.RegistrationSource.MANUAL},
    ],
)
def test_a_client_that_changed_while_the_page_was_open_is_granted_nothing(
    browser: Browser, change: dict[str, str]
) -> None:
    browser.force_login(make_user())
    path = authorize_path(make_client())
    stamp = read_stamp(browser.get(path))
    Client.objects.update(**change)

    with nothing_written(REFUSED):
        response = browser.post(path, {"stamp": stamp, "decision": "allow"})

    assert_asked_again(response)


def test_a_client_that_was_swept_and_registered_again_is_granted_nothing(browser: Browser) -> None:
    browser.force_login(make_user())
    client = make_client()
    path = authorize_path(client)
    stamp = read_stamp(browser.get(path))
    client_id = client.client_id
    client.delete()
    make_client(client_id=client_id)

    with nothing_written(REFUSED):
        response = browser.post(path, {"stamp": stamp, "decision": "allow"})

    assert_asked_again(response)


def test_the_body_does_not_override_the_query(browser: Browser) -> None:
    """What was shown is what the query says; form fields of the same names are nothing."""
    browser.force_login(make_user())
    attacker = make_client(redirect_uris="https://attacker.example/")
    path = authorize_path(make_client(), scope="identity.read")
    stamp = read_stamp(browser.get(path))

    response = browser.post(
        path,
        {
            "stamp": stamp,
            "decision": "allow",
            "client_id": attacker.client_id,
            "redirect_uri": "https://attacker.example/",
            "scope": "identity.read link.write email",
            "code_challenge": "x" * 43,
            "state": "attacker",
        },
    )

    answer, grant = read_answer(response), Grant.objects.get()
    assert response["Location"].startswith(REDIRECT_URI)
    assert answer["state"] == STATE
    assert grant.application != attacker
    assert grant.scope == "identity.read"
    assert grant.code_challenge != "x" * 43


def test_parameters_in_the_body_alone_are_no_request(browser: Browser) -> None:
    client = make_client()
    fields = {"client_id": client.client_id, "redirect_uri": REDIRECT_URI, "response_type": "code"}

    with nothing_written("oauth.authorization.refused"):
        response = browser.post("/mcp/authorize", fields | {"decision": "guest"})

    assert response.status_code == 400


@pytest.mark.parametrize("decision", ["allow", "guest", "deny"])
def test_a_decision_from_another_site_is_refused(decision: str) -> None:
    browser = Browser(enforce_csrf_checks=True)
    if decision == "allow":
        browser.force_login(make_user())
    path = authorize_path(make_client())
    stamp = read_stamp(browser.get(path))

    with nothing_written():
        response = browser.post(path, {"stamp": stamp, "decision": decision}, headers={"Origin": "https://a.example"})

    assert response.status_code == 403


def test_a_decision_with_the_pages_own_token_counts() -> None:
    browser = Browser(enforce_csrf_checks=True)
    path = authorize_path(make_client())
    page = browser.get(path)
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page.content.decode())[1]  # type: ignore[index]

    response = browser.post(path, {"stamp": read_stamp(page), "decision": "guest", "csrfmiddlewaretoken": token})

    assert "code" in read_answer(response)
