"""The consent page, and requests that have nowhere to be answered to (RFC 6749 §3.1, §4.1.2.1; connectors, rule 5).

Errors for the assistant are in `test_authorization_errors.py`, what a person decides in `test_consent.py`.
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
from oauth.models import Client
from oauth.tests.builders import REDIRECT_URI, make_client
from oauth.tests.protocol import authorize_path, decide, nothing_written, read_stamp, register

pytestmark = pytest.mark.django_db

REFUSED = "oauth.authorization.refused"
ISSUER = "http://localhost:8000/mcp"
CURSOR = "cursor://anysphere.cursor-mcp/oauth/callback"


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
    assert "See which account it acts for" in page
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

    assert "ada@example.com" in page
    assert "Use another account" in page
    assert page.count(">Allow</button>") == 1
    assert page.count(">Deny</button>") == 1
    assert "Continue without an account" not in page
    assert ">Sign in</button>" not in page
    # What nobody needs for the decision is below it.
    assert page.index(">Allow</button>") < page.index("365 days") < page.index("In technical words")


def test_a_loopback_redirect_is_warned_of(browser: Browser) -> None:
    page = browser.get(authorize_path(make_client())).content.decode()

    assert "<strong>127.0.0.1</strong>" in page
    assert page.count("a program on this device") == 1
    assert "Go on only if you just started that program yourself." in page


def test_a_private_scheme_is_shown_as_such_and_warned_of(browser: Browser) -> None:
    client = make_client(redirect_uris="cursor://bank.example/callback")

    page = browser.get(authorize_path(client, redirect_uri="cursor://bank.example/callback")).content.decode()

    assert "<strong>cursor</strong>" in page
    assert page.count("an app on this device") == 1
    assert "Go on only if you just used that app yourself." in page
    assert "<strong>bank.example</strong>" not in page


def test_a_client_that_staff_set_up_is_shown_with_its_host(browser: Browser) -> None:
    client = make_client(
        registration_source=Client.RegistrationSource.MANUAL, redirect_uris="https://assistant.example/callback"
    )

    page = browser.get(authorize_path(client, redirect_uri="https://assistant.example/callback")).content.decode()

    assert 'badge-verified">verified: assistant.example<' in page
    assert "badge-unverified" not in page


def test_a_name_is_text_and_never_markup(browser: Browser) -> None:
    client = make_client(name='<img src=x onerror="alert(1)">')

    page = browser.get(authorize_path(client)).content.decode()

    assert "<img src=x" not in page
    assert "&lt;img src=x" in page


def test_a_name_is_no_address(browser: Browser) -> None:
    """The only addresses on the page are the host that vouches for the name, and where the answer goes."""
    register(browser, client_name="https://claude.ai")

    page = browser.get(authorize_path(Client.objects.get())).content.decode()

    assert "https: claude·ai" in page
    assert "claude.ai" not in page


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
    assert "Remove the connection in the assistant and add it again" in page
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


@pytest.mark.parametrize("client_id", ["x" * 5000, "\ud83d\ude00", "%F0%28%8C%28", "' OR 1=1 --", "http://a.example/c"])
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
