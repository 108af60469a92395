"""A decision counts only for what was shown: a client that changes under an open page is asked about again."""

from __future__ import annotations

import pytest

from tests.journeys.conftest import People
from tests.journeys.elsewhere import elsewhere
from tests.journeys.handshake import register
from tests.journeys.server import Site

pytestmark = [pytest.mark.journey, pytest.mark.anyio]

NOTHING_GRANTED = ("oauth_grant", "oauth_connectorsession", "oauth_accesstoken")
CHANGES = {
    "name": "UPDATE oauth_client SET name = 'Somebody else' WHERE client_id = %s",
    "redirects": "UPDATE oauth_client SET redirect_uris = redirect_uris || ' https://a.example/' WHERE client_id = %s",
}


@pytest.mark.parametrize("button", ["Allow", "Continue without an account"])
@pytest.mark.parametrize("change", CHANGES)
async def test_consent_to_a_client_that_changed_meanwhile_is_asked_for_again(
    site: Site, people: People, change: str, button: str
) -> None:
    person = await (people.new_account() if button == "Allow" else people.new())
    async with elsewhere() as assistant:
        handshake = await register(site, f"{assistant.url}/callback")
        await person.open(handshake.authorization_url)
        assert site.database.change(CHANGES[change], handshake.client_id) == 1
        before = site.database.counts()

        person.expected_statuses.add(409)
        await person.press(button)
        await person.sees("Something changed while this page was open")
        after = site.database.counts()

        assert assistant.asked_for == []
        assert [after[table] for table in NOTHING_GRANTED] == [before[table] for table in NOTHING_GRANTED]
        # Now that the person has seen the change, it is theirs to decide.
        await person.press(button)
        await person.sees("Elsewhere")
        assert assistant.asked_for[0].startswith("/callback?")


async def test_consent_to_a_client_that_is_gone_meanwhile_gets_a_page_with_a_next_step(
    site: Site, people: People
) -> None:
    person = await people.new_account()
    async with elsewhere() as assistant:
        handshake = await register(site, f"{assistant.url}/callback")
        await person.open(handshake.authorization_url)
        site.database.change("DELETE FROM oauth_client WHERE client_id = %s", handshake.client_id)
        before = site.database.counts()

        person.expected_statuses.add(400)
        await person.press("Allow")
        await person.page.get_by_text("For support").click()
        await person.sees(handshake.client_id)
        after = site.database.counts()

        assert assistant.asked_for == []
        assert [after[table] for table in NOTHING_GRANTED] == [before[table] for table in NOTHING_GRANTED]


async def test_consent_by_somebody_who_signed_in_meanwhile_is_asked_for_again(site: Site, people: People) -> None:
    ann, bob = await people.new_account(), await people.new_account()
    async with elsewhere() as assistant:
        handshake = await register(site, f"{assistant.url}/callback")
        await ann.open(handshake.authorization_url)
        # In another tab of the same browser.
        await ann.context.add_cookies(
            [{"name": "dexter_session", "value": await bob.cookie("dexter_session") or "", "url": site.url}]
        )

        ann.expected_statuses.update((403, 409))
        await ann.press("Allow")
        await ann.page.wait_for_load_state()

        assert assistant.asked_for == []
    query = (
        "SELECT count(*) FROM oauth_connectorsession s JOIN oauth_client c ON c.id = s.client_id WHERE c.client_id = %s"
    )
    assert site.database.value(query, handshake.client_id) == 0
