"""Nobody decides for a person: forms posted from another origin, and our pages inside somebody else's.

The attacker of these tests knows everything that is on the page but the token against forgery, and the browser sends
its cookies along, because another port is the same site.
"""

from __future__ import annotations

from dataclasses import dataclass

import httpx2
import pytest
from playwright.async_api import expect

from tests.journeys.browser import Person
from tests.journeys.conftest import People
from tests.journeys.connector import Connector
from tests.journeys.elsewhere import Elsewhere, elsewhere, self_posting_form
from tests.journeys.handshake import register
from tests.journeys.server import Site

pytestmark = [pytest.mark.journey, pytest.mark.anyio]


@dataclass
class Form:
    """What pressing a button would send, without the token against forgery."""

    action: str
    fields: list[tuple[str, str]]


@pytest.mark.parametrize(
    ("is_signed_in", "button"),
    [(True, "Allow"), (True, "Deny"), (False, "Continue without an account")],
)
async def test_a_consent_posted_from_another_origin_is_refused(
    site: Site, people: People, is_signed_in: bool, button: str
) -> None:
    victim = await (people.new_account() if is_signed_in else people.new())
    async with elsewhere() as assistant, elsewhere() as attacker:
        handshake = await register(site, f"{assistant.url}/callback")
        await victim.open(handshake.authorization_url)
        form = await copy_form(victim, button)
        before = site.database.counts()

        status = await lure(victim, attacker, form)

        assert status == 403
        assert site.database.counts() == before
        assert assistant.asked_for == []
        # The same form from our own page works, so it was only its origin that was wrong.
        await victim.open(handshake.authorization_url)
        await victim.press(button)
        await victim.sees("Elsewhere")
        assert assistant.asked_for[0].startswith("/callback?")


async def test_a_link_confirmed_from_another_origin_is_refused(site: Site, people: People) -> None:
    attacker_as_guest, victim = await people.new(), await people.new_account()
    assistant = Connector(site.mcp_url, browse=attacker_as_guest.continue_without_account)
    async with assistant.connected() as session, elsewhere() as attacker:
        await victim.type_code((await session.call("generate_dexter_linking_code"))["code"])
        form = await copy_form(victim, "Link account")
        before = site.database.counts()

        status = await lure(victim, attacker, form)

        assert status == 403
        assert site.database.counts() == before
        assert (await session.call("check_dexter_account_link"))["is_linked"] is False
        await victim.open("/link/confirm")
        await victim.press("Link account")
        await victim.sees("Linked")


async def test_our_pages_do_not_show_inside_somebody_elses(site: Site, people: People) -> None:
    victim = await people.new_account()
    async with elsewhere() as attacker:
        handshake = await register(site, f"{attacker.url}/callback")
        attacker.page = (
            f'<h1>Win a prize</h1><iframe src="{handshake.authorization_url.replace("&", "&amp;")}"></iframe>'
        )
        await victim.open(attacker.url)
        await victim.sees("Win a prize")
        await expect(victim.page.frame_locator("iframe").get_by_role("button")).to_have_count(0)

    # The browser says why.
    assert any("frame-ancestors" in complaint or "X-Frame-Options" in complaint for complaint in victim.complaints)
    victim.complaints.clear()


async def test_every_page_that_decides_something_forbids_framing(site: Site, people: People) -> None:
    person = await people.new_account()
    consent = (await register(site, "http://127.0.0.1/callback")).authorization_url.removeprefix(site.url)
    cookies = {"dexter_session": await person.cookie("dexter_session") or ""}

    async with httpx2.AsyncClient(cookies=cookies) as client:
        for path in (consent, "/link", "/link/confirm", "/account/", "/account/login/"):
            answer = await client.get(site.url + path)

            assert answer.headers["X-Frame-Options"] == "DENY", path
            assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"].split("; "), path


async def copy_form(victim: Person, button: str) -> Form:
    """What the attacker may know of a form."""
    copied = await victim.button(button).evaluate(
        "button => ({action: button.form.action, fields: [...new FormData(button.form, button)]})"
    )
    fields = [(name, value) for name, value in copied["fields"] if name != "csrfmiddlewaretoken"]
    assert len(fields) == len(copied["fields"]) - 1
    return Form(copied["action"], fields)


async def lure(victim: Person, attacker: Elsewhere, form: Form) -> int:
    """The victim visits the attacker's page; gives the status of what was posted from it."""
    attacker.page = self_posting_form(form.action, form.fields)
    victim.expected_statuses.add(403)
    async with victim.page.expect_response(lambda response: response.request.method == "POST") as posted:
        await victim.open(attacker.url)
    response = await posted.value
    await victim.page.wait_for_load_state()
    cookies = await response.request.header_value("cookie")
    assert cookies, "The browser sent no cookies: the attack was not tried."
    return response.status
