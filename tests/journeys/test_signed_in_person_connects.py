"""Somebody who has an account connects an assistant: it acts for the account at once (design §2, `sign_in`)."""

from __future__ import annotations

import pytest

from tests.journeys.conftest import People
from tests.journeys.connector import PROTOCOLS, Connector, ToolFailed
from tests.journeys.server import Site

pytestmark = [pytest.mark.journey, pytest.mark.anyio]


@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_a_signed_in_person_is_linked_without_a_code(site: Site, people: People, protocol: str) -> None:
    person = await people.new_account()
    assistant = Connector(site.mcp_url, browse=person.allow, protocol=protocol)

    async with assistant.connected() as session:
        who = await session.call("auth_info")
        with pytest.raises(ToolFailed, match="already_linked"):
            await session.call("generate_dexter_linking_code")

    assert (who["is_guest"], who["is_linked"]) == (False, True)
    assert who["account"]["link_initiated_by"] == "sign_in"
