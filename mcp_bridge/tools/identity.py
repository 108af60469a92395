"""Tools that tell an assistant who it is speaking for."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext_noop as _
from pydantic import Field

from accounts.emails import mask_email
from accounts.models import User
from mcp_bridge.errors import NotLinked
from mcp_bridge.tools.registry import ToolOutput, tool
from oauth.bearer import Principal


class Account(ToolOutput):
    """An account that a connection acts for."""

    account_id: str = Field(description="Stable identifier of the account.")
    display_name: str = Field(description="What to call the person.")
    email: str = Field(description="The e-mail address, masked: enough to recognise it, not enough to write to it.")
    linked_at: datetime | None = Field(description="Since when this connection acts for the account.")
    link_initiated_by: str | None = Field(
        description="How it came to: sign_in (the person signed in while connecting), mcp (with a code from this "
        "connection) or web (with a code from the website)."
    )

    def summary(self) -> str:
        """Whom the connection acts for."""
        return f"Acting for {self.display_name} ({self.email}), account {self.account_id}."


class AuthInfo(ToolOutput):
    """What this site knows about a connection."""

    issuer: str = Field(description="The issuer of the identity. Issuer and subject together name it for good.")
    subject: str = Field(description="The identity of whoever connected: an account or a guest.")
    client_id: str = Field(description="The OAuth client of this assistant.")
    client_name: str = Field(description="The name that the assistant registered with.")
    session_id: str = Field(description="The connection: it stays the same when tokens are refreshed.")
    scopes: list[str] = Field(description="What the person allowed.")
    expires_at: datetime = Field(description="When the access token of this call expires.")
    is_guest: bool = Field(description="Whether the person connected without signing in.")
    is_linked: bool = Field(description="Whether the connection acts for an account.")
    account: Account | None = Field(description="The account it acts for, or null.")

    def summary(self) -> str:
        """Who is connected, and whom the connection acts for."""
        who = "a guest" if self.is_guest else "a signed-in person"
        acting = self.account.summary() if self.account else "Not linked: acting for no account."
        return (
            f"Connected as {who}, subject {self.subject} at {self.issuer}. {acting} "
            f"Allowed: {', '.join(self.scopes)}. The access token expires at {self.expires_at.isoformat()}."
        )


class LinkStatus(ToolOutput):
    """Whether a connection acts for an account."""

    is_linked: bool = Field(description="Whether the connection acts for an account.")
    account_id: str | None = Field(description="Stable identifier of the account, or null.")
    linked_at: datetime | None = Field(description="Since when, or null.")

    def summary(self) -> str:
        """Linked or not."""
        if not self.is_linked:
            return "Not linked: this connection acts for no account yet."
        since = f" since {self.linked_at.isoformat()}" if self.linked_at else ""
        return f"Linked to account {self.account_id}{since}."


def describe_account(principal: Principal, account: User) -> Account:
    """The account in the words that an assistant may know."""
    email = mask_email(account.email)
    return Account(
        account_id=account.subject,
        # Not get_full_name(): without a display name that is the part of the address that the mask hides.
        display_name=account.display_name or email,
        email=email,
        linked_at=principal.linked_at,
        link_initiated_by=principal.link_initiated_by,
    )


@tool(scopes=["identity.read"], title=_("Who am I speaking for"), read_only=True)
def auth_info(principal: Principal) -> AuthInfo:
    """Tell who this connection belongs to and which account it acts for.

    Call this first, and again whenever it matters whom you are acting for. It changes nothing.
    """
    return AuthInfo(
        issuer=principal.issuer,
        subject=principal.subject,
        client_id=principal.client.client_id,
        client_name=principal.client.name,
        session_id=str(principal.session.pk),
        scopes=sorted(principal.scopes),
        expires_at=principal.expires_at,
        is_guest=principal.is_guest,
        is_linked=principal.is_linked,
        account=describe_account(principal, principal.account) if principal.account else None,
    )


@tool(scopes=["identity.read"], title=_("Check the account link"), read_only=True)
def check_dexter_account_link(principal: Principal) -> LinkStatus:
    """Tell whether this connection acts for an account.

    After showing a linking code, call this every few seconds until is_linked is true or the code has expired.
    """
    return LinkStatus(
        is_linked=principal.is_linked,
        account_id=principal.account.subject if principal.account else None,
        linked_at=principal.linked_at,
    )


@tool(scopes=["identity.read"], title=_("Show the linked account"), read_only=True)
def get_linked_dexter_account(principal: Principal) -> Account:
    """Show the account that this connection acts for: its id, name and masked e-mail address.

    Answers the error not_linked while there is none; then call generate_dexter_linking_code.
    """
    if principal.account is None:
        raise NotLinked
    return describe_account(principal, principal.account)
