"""Each tool: what it gives, and what it refuses (design §8)."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest
from django.conf import settings
from django.utils import timezone

from accounts.emails import mask_email
from accounts.models import AuditEntry, User
from accounts.tests.builders import make_guest, make_user
from linking.models import AccountLink, LinkingCode
from linking.tests.builders import make_link, make_offered_code
from mcp_bridge.tests.running import RunningSite, rpc, tool_call
from oauth.models import ConnectorSession
from oauth.tests.builders import make_access_token, make_client, make_session

TOOLS_THAT_ANSWER = ["auth_info", "check_dexter_account_link", "get_linked_dexter_account"]
EVERY_SCOPE = "identity.read link.write profile email"


def token_of(session: ConnectorSession | None = None) -> str:
    return make_access_token(session)[1]


def linked_session(**account: Any) -> ConnectorSession:
    """A guest's session, linked to an account."""
    session = make_session(make_guest())
    make_link(make_user(**account), session)
    return session


def error_of(result: dict[str, Any]) -> dict[str, str]:
    """The error of a tool result, in the one shape that all have."""
    assert result["isError"] is True
    # The TypeScript SDK would validate it against the tool's output schema.
    assert "structuredContent" not in result
    error: dict[str, str] = result["_meta"]["dexter/error"]
    assert set(error) == {"code", "message", "next_step"}
    (content,) = result["content"]
    assert content == {"type": "text", "text": f"{error['code']}: {error['message']} {error['next_step']}"}
    return error


def test_auth_info_of_a_guest(site: RunningSite, any_protocol: str) -> None:
    client = make_client(client_id="dxc_1", name="Helper")
    session = make_session(make_guest(), client)
    row, token = make_access_token(session)

    result = site.call_tool(token, "auth_info", any_protocol)

    info = result["structuredContent"]
    assert datetime.fromisoformat(info.pop("expires_at")) == row.expires
    assert info == {
        "issuer": settings.DEXTER_ISSUER,
        "subject": session.user.subject,
        "client_id": "dxc_1",
        "client_name": "Helper",
        "session_id": str(session.pk),
        "scopes": ["identity.read", "link.write", "offline_access"],
        "is_guest": True,
        "is_linked": False,
        "account": None,
    }
    assert session.user.subject in result["content"][0]["text"]
    assert "Not linked" in result["content"][0]["text"]


def test_auth_info_of_a_signed_in_person_is_linked_without_a_code(site: RunningSite, protocol: str) -> None:
    person = make_user("ada@example.com", display_name="Ada")
    session = make_session(person)

    info = site.call_tool(token_of(session), "auth_info", protocol)["structuredContent"]

    assert (info["is_guest"], info["is_linked"], info["subject"]) == (False, True, person.subject)
    account = info["account"]
    assert datetime.fromisoformat(account.pop("linked_at")) == session.created_at
    assert account == {
        "account_id": person.subject,
        "display_name": "Ada",
        "email": "a***@example.com",
        "link_initiated_by": "sign_in",
    }


def test_auth_info_of_a_linked_guest_names_both(site: RunningSite, protocol: str) -> None:
    session = linked_session(email="ada@example.com")
    link = AccountLink.objects.get()

    info = site.call_tool(token_of(session), "auth_info", protocol)["structuredContent"]

    assert (info["is_guest"], info["is_linked"], info["subject"]) == (True, True, session.user.subject)
    assert info["account"]["account_id"] == link.account.subject
    assert info["account"]["link_initiated_by"] == "mcp"
    assert datetime.fromisoformat(info["account"]["linked_at"]) == link.linked_at


def test_check_without_and_with_a_link(site: RunningSite, protocol: str) -> None:
    session = make_session(make_guest())
    token = token_of(session)
    before = site.call_tool(token, "check_dexter_account_link", protocol)
    assert before["structuredContent"] == {"is_linked": False, "account_id": None, "linked_at": None}

    link = make_link(session=session)

    after = site.call_tool(token, "check_dexter_account_link", protocol)["structuredContent"]
    assert (after["is_linked"], after["account_id"]) == (True, link.account.subject)
    assert datetime.fromisoformat(after["linked_at"]) == link.linked_at


def test_the_linked_account_is_shown_masked(site: RunningSite, protocol: str) -> None:
    session = linked_session(email="ada.lovelace@example.com", display_name="Ada L.")
    result = site.call_tool(token_of(session), "get_linked_dexter_account", protocol)
    account = result["structuredContent"]
    assert (account["display_name"], account["email"]) == ("Ada L.", "a***@example.com")
    assert "ada.lovelace" not in str(result)


def test_without_a_display_name_the_address_stays_masked(site: RunningSite) -> None:
    session = linked_session(email="ada.lovelace@example.com")
    for name in TOOLS_THAT_ANSWER:
        assert "lovelace" not in str(site.call_tool(token_of(session), name))
    account = site.call_tool(token_of(session), "get_linked_dexter_account")["structuredContent"]
    assert account["display_name"] == "a***@example.com"


@pytest.mark.parametrize(
    ("email", "masked"),
    [("eve@example.com", "e***@example.com"), ("e@example.com", "e***@example.com"), (None, ""), ("", "")],
)
def test_masking(email: str | None, masked: str) -> None:
    assert mask_email(email) == masked


def test_the_account_of_nobody_is_not_linked(site: RunningSite, protocol: str) -> None:
    error = error_of(site.call_tool(token_of(), "get_linked_dexter_account", protocol))
    assert error["code"] == "not_linked"
    assert "generate_dexter_linking_code" in error["next_step"]


def test_a_link_to_an_inactive_account_acts_for_nobody(site: RunningSite) -> None:
    session = linked_session()
    User.objects.filter(is_guest=False).update(is_active=False)
    assert error_of(site.call_tool(token_of(session), "get_linked_dexter_account"))["code"] == "not_linked"


def test_a_linking_code_comes_with_what_to_do(site: RunningSite, any_protocol: str) -> None:
    session = make_session(make_guest())

    result = site.call_tool(token_of(session), "generate_dexter_linking_code", any_protocol)

    minted = result["structuredContent"]
    row = LinkingCode.objects.get()
    assert re.fullmatch(r"[A-HJ-NP-Z2-9]{3}-[A-HJ-NP-Z2-9]{3}", minted["code"])
    assert minted["link_url"] == "http://localhost:8000/link"
    assert datetime.fromisoformat(minted["expires_at"]) == row.expires_at
    for part in (minted["code"], minted["link_url"], "10 minutes"):
        assert part in minted["instructions"]
    assert result["content"] == [{"type": "text", "text": minted["instructions"]}]
    assert row.session == session


@pytest.mark.parametrize("kind", ["signed in", "linked"])
def test_whoever_is_linked_gets_no_code(site: RunningSite, protocol: str, kind: str) -> None:
    session = make_session(make_user()) if kind == "signed in" else linked_session()
    error = error_of(site.call_tool(token_of(session), "generate_dexter_linking_code", protocol))
    assert error["code"] == "already_linked"
    assert "get_linked_dexter_account" in error["next_step"]
    assert not LinkingCode.objects.exists()


def test_the_sixth_code_in_an_hour_is_refused_with_a_time(site: RunningSite, protocol: str) -> None:
    token = token_of()
    for _ in range(5):
        assert not site.call_tool(token, "generate_dexter_linking_code", protocol)["isError"]
    error = error_of(site.call_tool(token, "generate_dexter_linking_code", protocol))
    assert error["code"] == "too_many_codes"
    (retry_at,) = re.findall(r"after (\S+)\.$", error["next_step"])
    assert timezone.now() < datetime.fromisoformat(retry_at) < timezone.now() + timedelta(hours=1, minutes=1)
    assert LinkingCode.objects.count() == 5


@pytest.mark.parametrize("arguments", [{}, {"confirm": False}])
def test_unlinking_wants_to_be_confirmed(site: RunningSite, protocol: str, arguments: dict[str, Any]) -> None:
    session = linked_session()
    before = AuditEntry.objects.count()
    error = error_of(site.call_tool(token_of(session), "unlink_dexter_account", protocol, **arguments))
    assert error["code"] == "confirmation_required"
    assert "confirm" in error["next_step"]
    assert AccountLink.objects.count() == 1
    assert AuditEntry.objects.count() == before


def test_unlinking_a_guest_leaves_the_connection_acting_for_nobody(site: RunningSite, protocol: str) -> None:
    session = linked_session()
    token = token_of(session)

    result = site.call_tool(token, "unlink_dexter_account", protocol, confirm=True)

    assert result["structuredContent"] == {"ok": True, "session_ended": False}
    assert not AccountLink.objects.exists()
    info = site.call_tool(token, "auth_info", protocol)["structuredContent"]
    assert (info["is_linked"], info["subject"]) == (False, session.user.subject)


def test_unlinking_a_signed_in_person_ends_the_connection(site: RunningSite, protocol: str) -> None:
    session = make_session(make_user())
    token = token_of(session)

    result = site.call_tool(token, "unlink_dexter_account", protocol, confirm=True)

    assert result["structuredContent"] == {"ok": True, "session_ended": True}
    session.refresh_from_db()
    assert session.end_reason == ConnectorSession.EndReason.UNLINKED
    assert site.post(token, tool_call("auth_info", protocol), protocol=protocol).status_code == 401


def test_a_code_from_the_website_says_whose_it_is_and_links_nothing(site: RunningSite, any_protocol: str) -> None:
    row, code = make_offered_code(make_user("ada@example.com"))

    result = site.call_tool(token_of(), "redeem_dexter_linking_code", any_protocol, code=code)

    redeemed = result["structuredContent"]
    assert (redeemed["account_id"], redeemed["email"]) == (row.user.subject, "a***@example.com")
    assert redeemed["confirm_url"] == "http://localhost:8000/link/code"
    assert "ada@example.com" not in str(result)
    assert result["content"] == [{"type": "text", "text": redeemed["instructions"]}]
    assert not AccountLink.objects.exists()


def test_a_wrong_code_is_refused_and_the_sixth_with_a_time(site: RunningSite, protocol: str) -> None:
    token = token_of()
    for _ in range(5):
        error = error_of(site.call_tool(token, "redeem_dexter_linking_code", protocol, code="AAA-AAA"))
        assert error["code"] == "code_refused"
    error = error_of(site.call_tool(token, "redeem_dexter_linking_code", protocol, code=make_offered_code()[1]))
    assert error["code"] == "too_many_wrong_codes"
    (retry_at,) = re.findall(r"after (\S+), with", error["next_step"])
    assert datetime.fromisoformat(retry_at) > timezone.now() + timedelta(minutes=14)
    assert not LinkingCode.objects.exclude(redeemed_at=None).exists()


def test_whoever_acts_for_an_account_redeems_no_code(site: RunningSite, protocol: str) -> None:
    _, code = make_offered_code(make_user("bob@example.com"))
    error = error_of(site.call_tool(token_of(linked_session()), "redeem_dexter_linking_code", protocol, code=code))
    assert error["code"] == "already_linked"


def test_unlinking_nobody_is_not_linked(site: RunningSite, protocol: str) -> None:
    error = error_of(site.call_tool(token_of(), "unlink_dexter_account", protocol, confirm=True))
    assert error["code"] == "not_linked"


def test_what_tools_answer_is_what_they_declare(site: RunningSite) -> None:
    session = make_session(make_guest(), scope=EVERY_SCOPE)
    token = token_of(session)
    tools = site.post(token, rpc("tools/list")).json()["result"]["tools"]
    schemas = {tool["name"]: tool["outputSchema"] for tool in tools}
    answers = {"generate_dexter_linking_code": site.call_tool(token, "generate_dexter_linking_code")}
    _, code = make_offered_code(make_user("bob@example.com"))
    answers["redeem_dexter_linking_code"] = site.call_tool(token, "redeem_dexter_linking_code", code=code)
    make_link(session=session)
    answers |= {name: site.call_tool(token, name) for name in [*TOOLS_THAT_ANSWER, "get_dexter_profile"]}
    answers["unlink_dexter_account"] = site.call_tool(token, "unlink_dexter_account", confirm=True)
    assert answers.keys() == schemas.keys()
    for name, answer in answers.items():
        jsonschema.validate(answer["structuredContent"], schemas[name])
        assert set(answer["structuredContent"]) == set(schemas[name]["properties"])
