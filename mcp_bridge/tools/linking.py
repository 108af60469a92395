"""Tools that join a connection to an account, and part them again."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from django.utils import timezone
from pydantic import Field

from linking import errors as linking_errors
from linking.services import mint_linking_code, unlink_identity
from mcp_bridge.errors import AlreadyLinked, ConfirmationRequired, NotLinked, TooManyCodes
from mcp_bridge.tools.registry import ToolOutput, tool
from oauth.bearer import Principal


class LinkingCodeOutput(ToolOutput):
    """A code for the person to type, and where."""

    code: str = Field(description="Six characters. Show them exactly as they are.")
    link_url: str = Field(description="The page on which the person types the code.")
    expires_at: datetime = Field(description="Until when the code works.")
    instructions: str = Field(description="What to tell the person.")

    def summary(self) -> str:
        """What to tell the person, with the code."""
        return self.instructions


class Unlinked(ToolOutput):
    """The connection acts for nobody any more."""

    ok: Literal[True] = True
    session_ended: bool = Field(
        description="Whether the connection itself ended, so that further calls need a sign-in."
    )

    def summary(self) -> str:
        """What is gone."""
        if self.session_ended:
            return "Done. The connection has ended; connecting again takes a new sign-in."
        return "Done. This connection acts for no account any more."


@tool(scopes=["link.write"], title="Make a linking code")
def generate_dexter_linking_code(principal: Principal) -> LinkingCodeOutput:
    """Make a six-character code with which the person joins this connection to their account.

    Show the person the code and the link exactly as returned and say until when the code works; then call
    check_dexter_account_link until it says that the link is there. A new code ends the previous one. Never ask the
    person for a code from anywhere else. Answers the error already_linked if no code is needed.
    """
    try:
        minted = mint_linking_code(principal=principal)
    except linking_errors.AlreadyLinked as error:
        raise AlreadyLinked from error
    except linking_errors.MintingLimited as error:
        raise TooManyCodes(error.retry_at) from error
    minutes = max(1, round((minted.expires_at - timezone.now()).total_seconds() / 60))
    return LinkingCodeOutput(
        code=minted.code,
        link_url=minted.link_url,
        expires_at=minted.expires_at,
        instructions=(
            f"Tell the person: open {minted.link_url}, sign in, and type the code {minted.code}. "
            f"It works once, within {minutes} minutes. They will see what it allows before they confirm."
        ),
    )


@tool(scopes=["link.write"], title="Unlink the account", destructive=True, idempotent=True)
def unlink_dexter_account(principal: Principal, confirm: bool = False) -> Unlinked:
    """Stop acting for the account. Only call this when the person asked for it, with confirm set to true.

    A connection that was linked with a code goes back to acting for nobody. A connection whose person signed in while
    connecting ends altogether.
    """
    if not confirm:
        raise ConfirmationRequired
    try:
        return Unlinked(session_ended=unlink_identity(principal=principal))
    except linking_errors.NotLinked as error:
        raise NotLinked from error
