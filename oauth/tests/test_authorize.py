"""The authorization request, and how it is refused (RFC 6749 §4.1; RFC 7636 §4.3; RFC 8707 §2; RFC 9207 §2).

What a person decides on the page is in `test_consent.py`.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client as Browser
from django.utils import timezone

from accounts.models import AuditEntry
from accounts.tests.builders import make_user
from oauth.backends import MAX_QUERY_LENGTH
from oauth.models import Client, Grant
from oauth.tests.builders import CODE_CHALLENGE, CODE_VERIFIER, REDIRECT_URI, make_client
from oauth.tests.protocol import STATE, authorize_path, decide, nothing_written, read_answer, read_stamp

pytestmark = pytest.mark.django_db

REFUSED = "oauth.authorization.refused"
ISSUER = "http://localhost:8000/mcp"
CURSOR = "cursor://anysphere.cursor-mcp/oauth/callback"


def assert_error(response: Any, error: str) -> dict[str, str]:
    """The connector gets the error with its state and the issuer, and no code."""
    answer = read_answer(response)
    assert answer["error"] == error
    assert answer["state"] == STATE
    assert answer["iss"] == ISSUER
    assert "code" not in answer
    return answer


def assert_page(response: Any) -> str:
    """A person gets a page with words and a next step; nothing goes to the redirect."""
    page: str = response.content.decode()
    assert response.status_code == 400
    assert "Location" not in response
    assert response["Content-Type"].startswith("text/html")
    assert "What to do" in page
    return page


# --- The page ---------------------------------------------------------------------------------------------------------


def test_the_page_says_who_asks_for_what_and_where_the_answer_goes(browser: Browser) -> None:
    client = make_client(name="Example Assistant", redirect_uris="https://assistant.example/callback")

    with nothing_written():
        response = browser.get(authorize_path(client, redirect_uri="https://assistant.example/callback"))

    page = response.content.decode()
    assert response.status_code == 200
    assert "Example Assistant" in page
    assert "<strong>assistant.example</strong>" in page
    assert "badge-unverified" in page
    assert "Know who you are here" in page
    assert "365 days" in page
    for button in ("Sign in", "Create account", "Continue without an account", "Deny"):
        assert page.count(f">{button}</button>") == 1
    assert ">Allow</button>" not in page


def test_the_page_is_neither_kept_nor_framed_and_runs_no_script(browser: Browser) -> None:
    response = browser.get(authorize_path(make_client()))

    assert "no-store" in response["Cache-Control"]
    assert response["X-Frame-Options"] == "DENY"
    assert "frame-ancestors 'none'" in response["Content-Security-Policy"]
    assert "form-action" not in response["Content-Security-Policy"]
    assert b"<script" not in response.content


def test_a_signed_in_person_sees_their_account_and_may_allow(browser: Browser) -> None:
    browser.force_login(make_user("ada@example.com"))

    page = browser.get(authorize_path(make_client())).content.decode()

    assert "<dd>ada@example.com</dd>" in page
    assert "Use another account" in page
    assert page.count(">Allow</button>") == 1
    assert page.count(">Deny</button>") == 1
    assert "Continue without an account" not in page
    assert ">Sign in</button>" not in page


def test_a_loopback_redirect_is_warned_of(browser: Browser) -> None:
    page = browser.get(authorize_path(make_client())).content.decode()

    assert "<strong>127.0.0.1</strong>" in page
    assert "a program on this device" in page


def test_a_private_scheme_is_shown_as_such_and_warned_of(browser: Browser) -> None:
    client = make_client(redirect_uris="cursor://bank.example/callback")

    page = browser.get(authorize_path(client, redirect_uri="cursor://bank.example/callback")).content.decode()

    assert "<strong>cursor:</strong>" in page
    assert "an app on this device" in page
    assert "<strong>bank.example</strong>" not in page


def test_a_client_that_staff_set_up_is_shown_with_its_host(browser: Browser) -> None:
    client = make_client(
        registration_source=Client.RegistrationSource.MANUAL, redirect_uris="https://assistant.example/callback"
    )

    page = browser.get(authorize_path(client, redirect_uri="https://assistant.example/callback")).content.decode()

    assert 'badge-verified">assistant.example<' in page
    assert "badge-unverified" not in page


def test_a_name_is_text_and_never_markup(browser: Browser) -> None:
    client = make_client(name='<img src=x onerror="alert(1)">')

    page = browser.get(authorize_path(client)).content.decode()

    assert "<img src=x" not in page
    assert "&lt;img src=x" in page


def test_a_client_without_a_name_is_shown_by_its_id(browser: Browser) -> None:
    client = make_client(name="")

    page = browser.get(authorize_path(client)).content.decode()

    assert "an assistant without a name" in page
    assert client.client_id in page


# --- Nowhere to redirect to: a page (RFC 6749 §4.1.2.1) ---------------------------------------------------------------


def test_an_unknown_client_gets_a_page_with_its_id_and_the_next_step(browser: Browser) -> None:
    client = Client(client_id='dxc_gone"><script>alert(1)</script>')

    with nothing_written(REFUSED):
        response = browser.get(authorize_path(client))

    page = assert_page(response)
    assert "remove the connection in the assistant and add it again" in page
    assert "dxc_gone&quot;&gt;&lt;script&gt;" in page
    assert "<script>alert" not in page
    assert AuditEntry.objects.get().reason == "InvalidClientIdError"


def test_a_blocked_client_is_as_good_as_unknown(browser: Browser) -> None:
    client = make_client(blocked_at=timezone.now())

    with nothing_written(REFUSED):
        response = browser.get(authorize_path(client))

    assert_page(response)


def test_a_client_blocked_while_the_page_is_open_is_granted_nothing(browser: Browser) -> None:
    client = make_client()
    path = authorize_path(client)
    stamp = read_stamp(browser.get(path))
    Client.objects.update(blocked_at=timezone.now())

    with nothing_written(REFUSED):
        response = browser.post(path, {"stamp": stamp, "decision": "guest"})

    assert_page(response)


@pytest.mark.parametrize(
    "redirect_uri",
    [
        "https://attacker.example/",
        "https://127.0.0.1:3334/callback",
        "http://127.0.0.1:3334/callback/../../",
        "http://127.0.0.1:3334@attacker.example/callback",
        "http://127.0.0.1:3334/callback#",
        "http://localhost:3334/callback",
        "javascript:alert(1)",
        "//attacker.example/callback",
        "/callback",
        "",
    ],
)
@pytest.mark.parametrize("extra", [{}, {"response_type": None}, {"prompt": "none"}, {"resource": "https://b.example"}])
def test_a_redirect_that_is_not_registered_is_never_followed(
    browser: Browser, redirect_uri: str, extra: dict[str, str | None]
) -> None:
    """Open redirect: not with a good request, and not with one that is in error for another reason as well."""
    path = authorize_path(make_client(), redirect_uri=redirect_uri, **extra)

    with nothing_written(REFUSED, REFUSED):
        shown = browser.get(path)
        posted = browser.post(path, {"decision": "deny"})

    assert_page(shown)
    assert_page(posted)


def test_a_missing_redirect_is_the_only_one_registered(browser: Browser) -> None:
    response = decide(browser, authorize_path(make_client(), redirect_uri=None), "deny")

    assert response["Location"].startswith(REDIRECT_URI)


def test_a_missing_redirect_among_several_is_a_page(browser: Browser) -> None:
    client = make_client(redirect_uris=f"{REDIRECT_URI} https://assistant.example/callback")

    with nothing_written(REFUSED):
        response = browser.get(authorize_path(client, redirect_uri=None))

    assert_page(response)


def test_a_missing_client_id_is_a_page(browser: Browser) -> None:
    path = authorize_path(make_client(), client_id=None)

    with nothing_written(REFUSED):
        response = browser.get(path)

    assert "did not say who it is" in assert_page(response)


@pytest.mark.parametrize("name", ["client_id", "redirect_uri", "response_type", "scope", "state"])
def test_a_repeated_parameter_that_names_the_redirect_or_the_request_is_a_page(browser: Browser, name: str) -> None:
    path = authorize_path(make_client(), scope="identity.read") + f"&{name}=https://attacker.example/"

    with nothing_written(REFUSED):
        response = browser.get(path)

    assert_page(response)


@pytest.mark.parametrize("junk", ["&x=%zz", "&%=1", "&x=%4x", "&x=%00", "&state=a%00b", "&client_id=%00", "&%00=x"])
def test_a_query_that_cannot_be_read_is_a_page(browser: Browser, junk: str) -> None:
    path = authorize_path(make_client(), state=None) + junk

    with nothing_written(REFUSED):
        response = browser.get(path)

    assert_page(response)


def test_a_query_over_the_limit_is_a_page_and_one_at_the_limit_is_read(browser: Browser) -> None:
    path = authorize_path(make_client()) + "&x="
    room = MAX_QUERY_LENGTH - len(path.partition("?")[2])

    fits = browser.get(path + "x" * room)
    with nothing_written(REFUSED):
        too_long = browser.get(path + "x" * (room + 1))

    assert fits.status_code == 200
    assert str(MAX_QUERY_LENGTH) in assert_page(too_long)


@pytest.mark.parametrize(
    "client_id", ["x" * 5000, "\ud83d\ude00", "%F0%28%8C%28", "' OR 1=1 --", "https://a.example/c"]
)
def test_any_client_id_is_just_an_unknown_one(browser: Browser, client_id: str) -> None:
    query = urlencode({"client_id": client_id.encode("utf-16", "surrogatepass").decode("utf-16"), "state": "s"})

    with nothing_written(REFUSED):
        response = browser.get(f"/mcp/authorize?{query}")

    assert_page(response)


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_other_methods_are_not_allowed(browser: Browser, method: str) -> None:
    path = authorize_path(make_client())

    with nothing_written():
        response = browser.generic(method, path)

    assert response.status_code == 405


# --- Errors for the connector (RFC 6749 §4.1.2.1) ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parameters", "error"),
    [
        ({"response_type": None}, "invalid_request"),
        ({"response_type": ""}, "unsupported_response_type"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": "id_token"}, "unsupported_response_type"),
        ({"response_type": "code token"}, "unauthorized_client"),
        ({"response_type": "code id_token"}, "unauthorized_client"),
        ({"response_type": "none"}, "unauthorized_client"),
        ({"response_mode": "fragment"}, "invalid_request"),
        ({"response_mode": "form_post"}, "invalid_request"),
        ({"nonce": "n" * 256}, "invalid_request"),
    ],
)
def test_a_request_for_what_is_not_offered_is_refused(
    browser: Browser, parameters: dict[str, str | None], error: str
) -> None:
    path = authorize_path(make_client(), **parameters)

    with nothing_written(REFUSED):
        response = browser.get(path)

    assert_error(response, error)


@pytest.mark.parametrize("name", ["code_challenge", "code_challenge_method", "nonce", "prompt", "whatever"])
def test_a_repeated_parameter_is_refused(browser: Browser, name: str) -> None:
    path = authorize_path(make_client(), **{name: "x"}) + f"&{name}=y"

    with nothing_written(REFUSED):
        response = browser.get(path)

    assert_error(response, "invalid_request")


@pytest.mark.parametrize(
    "parameters",
    [
        {"code_challenge": None, "code_challenge_method": None},
        {"code_challenge": None},
        {"code_challenge": ""},
        {"code_challenge_method": None},
        {"code_challenge_method": ""},
        {"code_challenge_method": "plain"},
        {"code_challenge": CODE_VERIFIER, "code_challenge_method": "plain"},
        {"code_challenge_method": "s256"},
        {"code_challenge_method": "S512"},
        {"code_challenge": CODE_CHALLENGE + "="},
        {"code_challenge": CODE_CHALLENGE[:-1]},
        {"code_challenge": CODE_CHALLENGE + "x"},
        {"code_challenge": CODE_CHALLENGE[:-1] + "+"},
        {"code_challenge": CODE_CHALLENGE + "\n"},
    ],
)
def test_pkce_cannot_be_downgraded(browser: Browser, parameters: dict[str, str | None]) -> None:
    """RFC 9700 §2.1.1, §4.8: S256 and nothing else; a challenge without a method would mean `plain`."""
    path = authorize_path(make_client(), **parameters)

    with nothing_written(REFUSED):
        response = browser.get(path)

    assert_error(response, "invalid_request")


@pytest.mark.parametrize(
    "resource",
    [
        "http://localhost:8000/mcp",
        "http://localhost:8000/mcp/",
        "HTTP://LOCALHOST:8000/mcp",
        "",
        None,
    ],
)
def test_our_resource_in_any_spelling_is_the_canonical_one(browser: Browser, resource: str | None) -> None:
    decide(browser, authorize_path(make_client(), resource=resource), "guest")

    grant = Grant.objects.get()
    assert grant.resource == ["http://localhost:8000/mcp"]
    assert grant.session.resource == "http://localhost:8000/mcp"


@pytest.mark.parametrize(
    "resource",
    [
        "https://localhost:8000/mcp",
        "http://localhost/mcp",
        "http://localhost:8000",
        "http://localhost:8000/MCP",
        "http://localhost:8000/mcp//",
        "http://localhost:8000/mcp?x",
        "http://localhost:8000/mcp#x",
        "http://x@localhost:8000/mcp",
        "http://localhost:8000/mcp/x",
        "http://localhost:8000/x/../mcp",
        "https://other.example/mcp",
        "urn:mcp",
        "mcp",
        "http://[",
    ],
)
def test_another_resource_is_refused(browser: Browser, resource: str) -> None:
    path = authorize_path(make_client(), resource=resource)

    with nothing_written(REFUSED):
        response = browser.get(path)

    assert_error(response, "invalid_target")


def test_a_repeated_resource_must_be_ours_each_time(browser: Browser) -> None:
    path = authorize_path(make_client(), resource="http://localhost:8000/mcp")

    ours = browser.get(path + "&resource=http://localhost:8000/mcp/")
    with nothing_written(REFUSED):
        other = browser.get(path + "&resource=https://other.example/")

    assert ours.status_code == 200
    assert_error(other, "invalid_target")


@pytest.mark.parametrize(
    ("scope", "granted"),
    [
        (None, "identity.read link.write offline_access"),
        ("", "identity.read link.write offline_access"),
        ("unknown", "identity.read link.write offline_access"),
        ("identity.read unknown", "identity.read"),
        ("email openid email", "email openid"),
        ("  identity.read   link.write ", "identity.read link.write"),
        ("IDENTITY.READ link.write", "link.write"),
    ],
)
def test_scopes_are_clamped_and_never_refused(browser: Browser, scope: str | None, granted: str) -> None:
    decide(browser, authorize_path(make_client(), scope=scope), "guest")

    assert Grant.objects.get().scope == granted


@pytest.mark.parametrize("scope", ["identity.read", "openid identity.read"])
@pytest.mark.parametrize(("signed_in", "error"), [(False, "login_required"), (True, "consent_required")])
def test_nobody_is_let_in_silently(browser: Browser, scope: str, signed_in: bool, error: str) -> None:
    """OpenID Connect Core §3.1.2.6, for `openid` and without (connectors §3, hole 9)."""
    if signed_in:
        browser.force_login(make_user())

    path = authorize_path(make_client(), scope=scope, prompt="none")

    with nothing_written(REFUSED):
        response = browser.get(path)

    assert_error(response, error)


def test_prompt_none_stands_alone(browser: Browser) -> None:
    path = authorize_path(make_client(), prompt="none login")

    with nothing_written(REFUSED):
        response = browser.get(path)

    assert_error(response, "invalid_request")


@pytest.mark.parametrize(
    "parameters",
    [
        {"approval_prompt": "auto"},
        {"approval_prompt": "auto", "prompt": "consent"},
        {"prompt": "login"},
        {"prompt": "select_account"},
        {"skip_authorization": "true"},
    ],
)
def test_no_parameter_does_without_the_page(browser: Browser, parameters: dict[str, str]) -> None:
    client = make_client(skip_authorization=True)
    browser.force_login(make_user())
    decide(browser, authorize_path(client), "allow")

    with nothing_written():
        response = browser.get(authorize_path(client, **parameters))

    assert response.status_code == 200
    assert b">Allow</button>" in response.content


@pytest.mark.parametrize("claims", ["{", "[]", '{"id_token": {"email": null}}'])
def test_claims_are_not_supported_and_ignored(browser: Browser, claims: str) -> None:
    response = browser.get(authorize_path(make_client(), scope="openid", claims=claims))

    assert response.status_code == 200


def test_an_error_without_a_state_has_none(browser: Browser) -> None:
    answer = read_answer(browser.get(authorize_path(make_client(), state=None, response_type="token")))

    assert answer["error"] == "unsupported_response_type"
    assert answer["iss"] == ISSUER
    assert "state" not in answer


def test_an_error_keeps_the_query_of_the_redirect(browser: Browser) -> None:
    redirect_uri = "https://assistant.example/callback?tenant=a%2Fb&x"
    client = make_client(redirect_uris=redirect_uri)

    response = browser.get(authorize_path(client, redirect_uri=redirect_uri, response_type="token"))

    assert response["Location"].startswith(f"{redirect_uri}&error=unsupported_response_type&")


def test_an_error_for_a_private_scheme_is_handed_back_on_a_page(browser: Browser) -> None:
    client = make_client(redirect_uris=CURSOR)

    with nothing_written(REFUSED):
        response = browser.get(authorize_path(client, redirect_uri=CURSOR, response_type="token"))

    page = response.content.decode()
    assert response.status_code == 200
    assert f'href="{CURSOR}?error=unsupported_response_type&amp;' in page
    assert "iss=http" in page


def test_a_refusal_says_why_in_the_audit_log(browser: Browser) -> None:
    client = make_client()

    browser.get(authorize_path(client, response_type="token"), REMOTE_ADDR="203.0.113.9")

    entry = AuditEntry.objects.get()
    assert entry.client_id == client.client_id
    assert entry.reason == "UnsupportedResponseTypeError"
    assert entry.address == "203.0.113.9"
