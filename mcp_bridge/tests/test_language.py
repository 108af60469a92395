"""What an assistant reads is English, whatever `Accept-Language` its requests carry."""

from __future__ import annotations

from accounts.tests.builders import make_guest
from mcp_bridge.tests.running import RunningSite, rpc, tool_call
from oauth.tests.builders import make_access_token, make_session

GERMAN = {"Accept-Language": "de-DE,de;q=0.9"}
VOLATILE = {"x-request-id", "date"}


def test_tools_answers_and_challenges_are_the_same_in_every_language(site: RunningSite) -> None:
    token = make_access_token(session=make_session(user=make_guest()))[1]
    calls = [
        (None, rpc("tools/list")),
        (token, rpc("tools/list")),
        (token, tool_call("auth_info")),
        (token, tool_call("get_linked_dexter_account")),
        (token, tool_call("unlink_dexter_account")),
        (token, tool_call("redeem_dexter_linking_code", code="ABC-234")),
        (token, tool_call("no_such_tool")),
    ]

    for bearer, message in calls:
        english, german = (site.post(bearer, message, headers=headers) for headers in ({}, GERMAN))

        assert german.content == english.content, message
        assert german.status_code == english.status_code
        assert {name: value for name, value in german.headers.items() if name not in VOLATILE} == {
            name: value for name, value in english.headers.items() if name not in VOLATILE
        }


def test_health_checks_are_the_same_in_every_language(site: RunningSite) -> None:
    for path in ("/healthz", "/readyz"):
        assert "Accept-Language" not in site.request("GET", path, headers=GERMAN).headers.get("Vary", "")


def test_a_person_at_the_same_address_reads_their_own_language(site: RunningSite) -> None:
    page = site.request("GET", headers={**GERMAN, "Accept": "text/html"})

    assert '<html lang="de"' in page.text
    assert page.headers["Content-Language"] == "de"
    assert "Accept-Language" in page.headers["Vary"]
