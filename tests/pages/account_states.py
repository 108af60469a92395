"""How the states of the account's pages are reached: each function gives the path to open."""

from __future__ import annotations

from allauth.account.models import EmailAddress

from accounts.audit import AccountAction
from accounts.models import AuditEntry
from accounts.tests.builders import PASSWORD
from linking.history import MOST_LINES
from linking.models import AccountLink
from mcp_bridge.errors import NotLinked
from mcp_bridge.models import ToolCall
from mcp_bridge.tests.builders import make_tool_call
from oauth.tests.builders import make_client, make_session
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


def activity_of_weeks(visitor: Visitor) -> str:
    """More than fits on a page; the second one."""
    visitor.sign_in()
    for number in range(30):
        visitor.post("/account/profile/", display_name=f"Ada {number}")
        visitor.read_messages()
    return "/account/activity/?page=2"


def activity_of_years(visitor: Visitor) -> str:
    """More than is shown; the page that goes back furthest."""
    account = visitor.sign_in()
    rows = [AuditEntry(action=AccountAction.PROFILE_CHANGED, actor=account, account=account) for _ in range(MOST_LINES)]
    AuditEntry.objects.bulk_create(rows)
    return f"/account/activity/?page={MOST_LINES}"


def connection_ended(visitor: Visitor) -> str:
    """Ended the only connection just now."""
    session = make_session(user=visitor.sign_in(), client=make_client(name="Claude Code"))
    visitor.post(f"/account/connections/{session.pk}/end")
    return "/account/"


def linked_connection_ended(visitor: Visitor) -> str:
    """Ended what was connected last in a linked browser just now."""
    states.confirm(visitor)
    link = AccountLink.objects.get(account=visitor.account)
    visitor.post(f"/account/connections/{link.session_id}/end")
    return "/account/"


def linked_others_left(visitor: Visitor) -> str:
    """The same, where another one of that browser acts for the account."""
    states.confirm(visitor)
    link = AccountLink.objects.get(account=visitor.account)
    make_session(user=link.user, client=make_client(name="MCP Inspector"))
    visitor.post(f"/account/connections/{link.session_id}/end")
    return "/account/"


def unlinked_not_connected(visitor: Visitor) -> str:
    """Unlinked an assistant that had ended its connection itself."""
    states.account_with_connections(visitor)
    link = AccountLink.objects.get(account=visitor.account, session__ended_at__isnull=False)
    visitor.post(f"/account/links/{link.pk}/unlink")
    return "/account/"


def unlinked(visitor: Visitor) -> str:
    """Unlinked the only assistant just now."""
    states.confirm(visitor)
    visitor.post(f"/account/links/{AccountLink.objects.get(account=visitor.account).pk}/unlink")
    return "/account/"


def browsers_elsewhere(visitor: Visitor) -> str:
    """Signed in in two browsers."""
    visitor.sign_in()
    other = Visitor(email=visitor.email)
    other.post_password()
    # A browser is noted with the first page that it asks for.
    for browser in (other, visitor):
        browser.http.get("/account/browsers/", secure=True)
    return "/account/browsers/"


def browser_ended(visitor: Visitor) -> str:
    """Signed the other browser out just now."""
    path = browsers_elsewhere(visitor)
    visitor.post("/account/browsers/end-others")
    return path


def all_ended(visitor: Visitor) -> str:
    """Ended every connection just now."""
    states.account_with_connections(visitor)
    visitor.post("/account/connections/end-all")
    return "/account/"


def profile_unconfirmed(visitor: Visitor) -> str:
    """Has an address that nobody has proven yet."""
    account = visitor.sign_in()
    EmailAddress.objects.filter(user=account).update(verified=False)
    return "/account/profile/"


def security_unconfirmed(visitor: Visitor) -> str:
    """The same, where a passkey would be added."""
    profile_unconfirmed(visitor)
    return "/account/security/"


def email_confirm(visitor: Visitor) -> str:
    """Asked for another e-mail address, and was sent a code."""
    visitor.sign_in()
    visitor.post("/account/email/", email=f"new.{visitor.email}")
    return "/account/email/confirm/"


def profile_waiting(visitor: Visitor) -> str:
    """The same, and left the page on which the code is typed."""
    email_confirm(visitor)
    return "/account/profile/"


def email_change_waiting(visitor: Visitor) -> str:
    """The same, where another address is asked for."""
    email_confirm(visitor)
    return "/account/email/"


def data_press_again(visitor: Visitor) -> str:
    """Pressed *Download my data*, and showed once more who they are."""
    visitor.sign_in()
    visitor.let_the_sign_in_grow_old()
    visitor.post("/account/data/download")
    visitor.post("/account/reauthenticate/?next=/account/data/", password=PASSWORD)
    return "/account/data/"


def delete(visitor: Visitor) -> str:
    """Has assistants, and means to leave."""
    states.account_with_connections(visitor)
    return "/account/delete/"


def deleted(visitor: Visitor) -> str:
    """Has just deleted the account."""
    visitor.sign_in()
    visitor.post("/account/delete/", agreed="yes")
    return "/"


def signed_out(visitor: Visitor) -> str:
    """Has just signed out."""
    visitor.sign_in()
    visitor.post("/account/logout/")
    return "/"
