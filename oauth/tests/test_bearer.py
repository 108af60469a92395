"""A bearer token becomes a principal, and nothing else does (RFC 6750 §2.1, §3; RFC 8707 §2; design §9)."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from accounts.tests.builders import make_guest, make_user
from oauth.bearer import (
    MAX_TOKEN_LENGTH,
    bearer_challenge,
    challenge_for,
    linked_account,
    read_authorization_header,
    resolve_bearer_token,
)
from oauth.errors import InsufficientScope, InvalidToken, TokenMissing
from oauth.models import AccessToken, Client, ConnectorSession
from oauth.tests.builders import make_access_token, make_account_link, make_client, make_refresh_token, make_session

RESOURCE = "http://localhost:8000/mcp"
METADATA = "http://localhost:8000/.well-known/oauth-protected-resource/mcp"


def refusal_of(token: str, resource: str = RESOURCE) -> InvalidToken:
    """Why the token does not act."""
    with pytest.raises(InvalidToken) as caught:
        resolve_bearer_token(token, resource=resource)
    return caught.value


# --- The principal ----------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_signed_in_persons_token_acts_for_them(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    person, client = make_user(), make_client()
    session = make_session(person, client)
    row, token = make_access_token(session, scope="identity.read email")

    with django_assert_num_queries(1):
        principal = resolve_bearer_token(token, resource=RESOURCE)

    assert (principal.issuer, principal.subject) == (RESOURCE, person.subject)
    assert principal.user == principal.account == person
    assert (principal.client, principal.session) == (client, session)
    assert principal.scopes == {"identity.read", "email"}
    assert principal.expires_at == row.expires
    assert (principal.link_initiated_by, principal.linked_at) == ("sign_in", session.created_at)
    assert (principal.is_guest, principal.is_linked) == (False, True)


@pytest.mark.django_db
def test_a_guests_token_acts_for_nobody(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    guest = make_guest()
    _, token = make_access_token(make_session(guest))

    with django_assert_num_queries(1):
        principal = resolve_bearer_token(token, resource=RESOURCE)

    assert (principal.user, principal.subject) == (guest, guest.subject)
    assert (principal.account, principal.link_initiated_by, principal.linked_at) == (None, None, None)
    assert (principal.is_guest, principal.is_linked) == (True, False)


@pytest.mark.django_db
def test_a_linked_guests_token_acts_for_the_account(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    guest, account = make_guest(), make_user()
    _, token = make_access_token(make_session(guest))
    link = make_account_link(guest, account, link_initiated_by="web")

    with django_assert_num_queries(1):
        principal = resolve_bearer_token(token, resource=RESOURCE)

    assert (principal.user, principal.subject) == (guest, guest.subject)
    assert principal.account == account
    assert (principal.link_initiated_by, principal.linked_at) == ("web", link.linked_at)
    assert (principal.is_guest, principal.is_linked) == (True, True)


@pytest.mark.django_db
@pytest.mark.parametrize("broken", ["inactive account", "another issuer"])
def test_a_link_that_does_not_hold_gives_no_account(broken: str) -> None:
    guest = make_guest()
    _, token = make_access_token(make_session(guest))
    account = make_user(is_active=broken != "inactive account")
    make_account_link(guest, account, **({"issuer": "https://other.example"} if broken == "another issuer" else {}))

    principal = resolve_bearer_token(token, resource=RESOURCE)

    assert principal.account is None
    assert linked_account(User.objects.get(pk=guest.pk)) is None


@pytest.mark.django_db
def test_a_link_made_or_undone_counts_with_the_next_call() -> None:
    guest = make_guest()
    _, token = make_access_token(make_session(guest))

    before = resolve_bearer_token(token, resource=RESOURCE)
    link = make_account_link(guest, make_user())
    linked = resolve_bearer_token(token, resource=RESOURCE)
    link.delete()
    after = resolve_bearer_token(token, resource=RESOURCE)

    assert [principal.is_linked for principal in (before, linked, after)] == [False, True, False]


# --- What does not act ------------------------------------------------------------------------------------------------

BREAKS: dict[str, Callable[[], Any]] = {
    "expired": lambda: AccessToken.objects.update(expires=timezone.now()),
    "session ended": lambda: ConnectorSession.objects.update(ended_at=timezone.now(), end_reason="user"),
    "session over": lambda: ConnectorSession.objects.update(expires_at=timezone.now()),
    "client blocked": lambda: Client.objects.update(blocked_at=timezone.now()),
    "user inactive": lambda: User.objects.update(is_active=False),
    "other resource": lambda: AccessToken.objects.update(resource=["https://other.example/mcp"]),
    "resource prefix": lambda: AccessToken.objects.update(resource=["http://localhost:8000"]),
    "no resource": lambda: AccessToken.objects.update(resource=[]),
    "another issuer": lambda: ConnectorSession.objects.update(issuer="https://other.example"),
    "another client": lambda: AccessToken.objects.update(application=make_client()),
    "no client": lambda: AccessToken.objects.update(application=None),
}


@pytest.mark.django_db
@pytest.mark.parametrize("name", BREAKS)
def test_a_token_stops_acting_with_the_next_call(name: str) -> None:
    _, token = make_access_token()
    assert resolve_bearer_token(token, resource=RESOURCE)

    BREAKS[name]()

    assert refusal_of(token)


@pytest.mark.django_db
@pytest.mark.parametrize("name", [*BREAKS, "unknown"])
def test_every_cause_has_the_same_words_and_its_own_reason(name: str) -> None:
    """The caller learns nothing; the log does."""
    _, token = make_access_token()
    BREAKS.get(name, lambda: None)()

    refusal = refusal_of("dxa_unknown" if name == "unknown" else token)

    assert str(refusal) == InvalidToken.description
    # Staff filter by it: one spelling for all.
    assert re.fullmatch(r"[a-z_]+", refusal.reason) and refusal.reason != "invalid_token"
    assert token not in refusal.reason


@pytest.mark.django_db
@pytest.mark.parametrize(
    "resource", ["http://localhost:8000/mcp/", "http://localhost:8000/", "https://other.example", ""]
)
def test_a_token_is_good_for_its_resource_alone(resource: str) -> None:
    _, token = make_access_token()

    assert refusal_of(token, resource).reason == "other_resource"


@pytest.mark.django_db
def test_a_token_acts_until_its_last_moment(pass_time: Callable[[timedelta], None]) -> None:
    row, token = make_access_token()
    pass_time(row.expires - timezone.now() - timedelta(seconds=1))
    before = resolve_bearer_token(token, resource=RESOURCE)

    pass_time(timedelta(seconds=1))

    assert before
    assert refusal_of(token).reason == "expired"


@pytest.mark.django_db
def test_nothing_else_that_we_issue_or_store_is_an_access_token() -> None:
    session = make_session()
    row, _ = make_access_token(session)
    _, refresh_token = make_refresh_token(session)

    for value in (refresh_token, row.token_checksum, row.token, str(session.pk), session.user.subject, ""):
        assert refusal_of(value).reason == "unknown"


# --- The header (RFC 6750 §2.1) ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", ["Bearer dxa_x-._~+/y==", "bearer dxa_x-._~+/y==", "  BEARER   dxa_x-._~+/y==  "])
def test_the_token_is_what_follows_bearer(value: str) -> None:
    assert read_authorization_header(value) == "dxa_x-._~+/y=="


@pytest.mark.parametrize("value", [None, "", "Basic eDp5", "Bearerdxa_x", "Digest username=x", "dxa_x"])
def test_without_bearer_there_are_no_credentials(value: str | None) -> None:
    assert read_authorization_header(value) is None


@pytest.mark.parametrize(
    "value",
    [
        "Bearer",
        "Bearer ",
        "Bearer a b",
        "Bearer a,b",
        "Bearer a, Bearer b",
        'Bearer "a"',
        "Bearer ä",
        "Bearer a\x00",
        "Bearer =",
        "Bearer a=b",
        "Bearer " + "x" * (MAX_TOKEN_LENGTH + 1),
    ],
)
def test_what_cannot_be_a_token_is_refused_without_asking_the_database(value: str) -> None:
    with pytest.raises(InvalidToken) as caught:
        read_authorization_header(value)

    assert caught.value.reason == "malformed"


# --- The challenge (RFC 6750 §3, RFC 9728 §5.1) -----------------------------------------------------------------------


def test_a_challenge_without_a_token_names_metadata_and_scopes_only() -> None:
    assert bearer_challenge() == f'Bearer resource_metadata="{METADATA}", scope="identity.read link.write"'


def test_a_challenge_for_a_token_says_what_is_wrong_with_it() -> None:
    challenge = bearer_challenge(error="insufficient_scope", description="Not allowed.", scopes=["email", "openid"])

    assert challenge == (
        'Bearer error="insufficient_scope", error_description="Not allowed.", '
        f'resource_metadata="{METADATA}", scope="email openid"'
    )


def test_a_refusal_makes_its_own_challenge() -> None:
    """RFC 6750 §3.1: without a token there is no error in it. What a call needs is named instead of the endpoint's."""
    missing, bad = challenge_for(TokenMissing(), scopes=["openid"]), challenge_for(InvalidToken(), scopes=["openid"])
    narrow = challenge_for(InsufficientScope(["email"]), scopes=["openid"])

    assert missing == bearer_challenge(scopes=["openid"])
    assert bad == bearer_challenge(error="invalid_token", description=InvalidToken.description, scopes=["openid"])
    assert narrow == bearer_challenge(
        error="insufficient_scope", description=InsufficientScope.description, scopes=["email"]
    )


def test_a_description_without_an_error_is_left_out() -> None:
    assert "error" not in bearer_challenge(description="Not allowed.")
