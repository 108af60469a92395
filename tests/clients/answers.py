"""What `auth_info` has to say, compared with what the database and the journey know."""

from __future__ import annotations

import time
from datetime import datetime
from typing import Any

import anyio

from tests.journeys.browser import Person
from tests.journeys.server import Site

TOOLS = [
    "auth_info",
    "check_dexter_account_link",
    "get_linked_dexter_account",
    "generate_dexter_linking_code",
    "unlink_dexter_account",
]


def assert_speaks_for_account(who: dict[str, Any], person: Person) -> None:
    """The token was issued to this person, signed in."""
    subject = person.site.database.value("SELECT subject FROM accounts_user WHERE email = %s", person.email)
    assert (who["subject"], who["is_guest"], who["is_linked"]) == (subject, False, True)
    assert who["account"]["account_id"] == subject
    assert who["account"]["link_initiated_by"] == "sign_in"


def assert_speaks_for_guest(who: dict[str, Any], site: Site) -> None:
    """The token was issued to somebody who continued without an account."""
    query = "SELECT is_guest FROM accounts_user WHERE subject = %s AND email IS NULL"
    assert site.database.value(query, who["subject"])
    assert (who["is_guest"], who["is_linked"], who["account"]) == (True, False, None)


def assert_same_connection(after: dict[str, Any], before: dict[str, Any]) -> None:
    """The connection went on with another token, without a new sign-in."""
    assert (after["session_id"], after["subject"]) == (before["session_id"], before["subject"])
    assert expires_at(after) > expires_at(before)


def expires_at(who: dict[str, Any]) -> float:
    """When the access token expires that `who` was asked with."""
    return datetime.fromisoformat(who["expires_at"]).timestamp()


async def wait_until_expired(who: dict[str, Any]) -> None:
    """Wait until the access token that `who` was asked with is of no use any more."""
    await anyio.sleep(max(0.0, expires_at(who) - time.time()) + 0.1)


def registration(site: Site, client_id: str) -> dict[str, Any]:
    """What a client said of itself when it registered, as it was understood."""
    query = (
        "SELECT name, redirect_uris, grant_types, registered_scope, token_endpoint_auth_method, client_type, "
        "registration_source FROM oauth_client WHERE client_id = %s"
    )
    [row] = site.database.rows(query, client_id)
    names = ["name", "redirect_uris", "grant_types", "scope", "auth_method", "type", "source"]
    return dict(zip(names, row, strict=True))
