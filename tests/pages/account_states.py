"""How the states of the account's pages are reached: each function gives the path to open."""

from __future__ import annotations

from accounts.tests.second_factors import make_app
from linking.models import AccountLink
from mcp_bridge.errors import NotLinked
from mcp_bridge.models import ToolCall
from mcp_bridge.tests.builders import make_tool_call
from tests.pages import states
from tests.pages.visitor import Visitor


def activity(visitor: Visitor) -> str:
    """A day on which something happened, and an assistant was busy."""
    states.confirm(visitor)
    session = AccountLink.objects.with_parties().get(account__email=visitor.email).session
    assert session is not None
    for number in range(12):
        outcome = ToolCall.OK if number else NotLinked.code
        make_tool_call(session, tool="check_dexter_account_link", outcome=outcome)
    return "/account/activity/"


def email_confirm(visitor: Visitor) -> str:
    """Asked for another e-mail address, and was sent a code."""
    visitor.sign_in()
    visitor.post("/account/email/", email=f"new.{visitor.email}")
    return "/account/email/confirm/"


def security_with_app(visitor: Visitor) -> str:
    """Has an authenticator app."""
    make_app(visitor.sign_in())
    return "/account/security/"


def app_remove(visitor: Visitor) -> str:
    """May take the app away."""
    security_with_app(visitor)
    return "/account/security/app/remove/"


def recovery_codes_new(visitor: Visitor) -> str:
    """Has an app, and no recovery codes yet."""
    security_with_app(visitor)
    return "/account/security/recovery-codes/new/"


def recovery_codes(visitor: Visitor) -> str:
    """Has an app and recovery codes."""
    visitor.post(recovery_codes_new(visitor))
    return "/account/security/recovery-codes/"


def second_step(visitor: Visitor) -> str:
    """Typed the password, and is asked for the code of the app."""
    make_app(visitor.sign_in())
    visitor.http.logout()
    visitor.post_password()
    return "/account/login/second-step/"


def delete(visitor: Visitor) -> str:
    """Has assistants, and means to leave."""
    states.account_with_connections(visitor)
    return "/account/delete/"
