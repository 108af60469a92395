"""The profile of the account, in the form that ChatGPT asks for (connectors §1)."""

from __future__ import annotations

from django.utils.translation import gettext_noop as _
from pydantic import Field

from mcp_bridge.errors import NotLinked
from mcp_bridge.tools.registry import ToolOutput, tool
from oauth.bearer import Principal


class Profile(ToolOutput):
    """The account's profile, in the fields that ChatGPT reads."""

    id: str = Field(description="Stable identifier of the account.")
    name: str = Field(description="The name to show.")
    email: str = Field(description="The e-mail address, whole.")
    nickname: str = Field(description="The name to speak to the person with.")

    def summary(self) -> str:
        """Who it is."""
        return f"{self.name} <{self.email}>"


@tool(
    scopes=["identity.read", "profile", "email"],
    title=_("Profile"),
    read_only=True,
    # ChatGPT shows the profile of the connected account with the one tool that is marked so.
    vendor_meta={"openai/profile": True},
)
def get_dexter_profile(principal: Principal) -> Profile:
    """Show the profile of the account that this connection acts for: id, name, whole e-mail address and nickname.

    Answers the error not_linked as long as there is no account. It changes nothing.
    """
    account = principal.account
    if account is None:
        raise NotLinked
    name = account.get_full_name()
    return Profile(id=account.subject, name=name, email=account.email or "", nickname=name)
