"""Not one secret of a whole journey is in a log, an audit row, an admin page, or in the clear in the database."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from urllib.parse import parse_qs

import anyio
import httpx2
import pytest
from django.core import signing
from playwright.async_api import Request

from tests.journeys.browser import Person
from tests.journeys.conftest import People
from tests.journeys.connector import Connector
from tests.journeys.databases import Database
from tests.journeys.handshake import call_tool
from tests.journeys.server import Site, open_site

pytestmark = [pytest.mark.journey, pytest.mark.anyio]

ADMIN_LISTS = [
    *("accounts/user", "accounts/auditentry", "linking/linkingcode", "linking/accountlink", "oauth/client"),
    *("oauth/connectorsession", "oauth/grant", "oauth/accesstoken", "oauth/refreshtoken", "mcp_bridge/toolcall"),
]


@dataclass
class Secrets:
    """What a journey made that nobody else may know, by what it is."""

    found: dict[str, set[str]] = field(default_factory=dict)

    def note(self, kind: str, *values: str | None) -> None:
        """Remember secrets, which must be there."""
        for value in values:
            assert value, f"No {kind}."
            self.found.setdefault(kind, set()).add(value)

    def watch(self, person: Person) -> None:
        """Remember every token against forgery that the person's browser sends."""

        def look(request: Request) -> None:
            for token in parse_qs(request.post_data or "").get("csrfmiddlewaretoken", []):
                self.note("csrf token", token)

        person.context.on("request", look)

    async def note_cookies(self, person: Person) -> None:
        """Remember the cookies that a person has now."""
        for cookie in await person.context.cookies(person.site.url):
            self.note(f"cookie {cookie['name']}", cookie["value"])

    def in_text(self, text: str, *, but: tuple[str, ...] = ()) -> list[str]:
        """The kinds of secret that a text has."""
        return sorted(
            kind for kind, values in self.found.items() if kind not in but and any(value in text for value in values)
        )


@pytest.fixture(scope="module")
async def site(database: Database, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    """A site that logs as much as it can."""
    settings = {"DEXTER_LOG_LEVEL": "DEBUG", "DEXTER_ACCESS_TOKEN_SECONDS": "5"}
    async with open_site(
        database, tmp_path_factory.mktemp("logs"), processes=2, worker=True, settings=settings
    ) as site:
        yield site


async def test_no_secret_of_a_whole_journey_is_written_down(site: Site, people: People) -> None:
    secrets = Secrets()
    guest, owner = await people.new(), await people.new()
    assistant = Connector(site.mcp_url, browse=guest.continue_without_account, auth_method="client_secret_post")

    await a_whole_journey(site, secrets, assistant, guest, owner)
    pages = await admin_pages(site, await people.new_account())

    assert {"password", "authorization code", "access token", "refresh token", "client secret", "code verifier"} <= set(
        secrets.found
    )
    assert {"linking code", "waiting linking code", "app secret"} <= set(secrets.found)
    assert {"csrf token", "cookie dexter_session", "cookie dexter_guest"} <= set(secrets.found)
    # The logs do tell about this journey, so that a secret in them would be found.
    assert assistant.client_id in site.logs()
    assert secrets.in_text(site.logs()) == []
    for url, page in pages.items():
        assert secrets.in_text(page) == [], url
    # Django keeps sessions under the value of the cookie.
    assert secrets.in_text(site.database.dump(), but=("cookie dexter_session",)) == []
    # As Django itself would keep the session, the search finds what is in it.
    [code, *_] = secrets.found["waiting linking code"]
    session = signing.dumps({"code": code, "more": "x" * 200}, compress=True)
    assert site.database.change("UPDATE django_session SET session_data = %s", session) > 0
    assert secrets.in_text(site.database.dump(), but=("cookie dexter_session",)) == ["waiting linking code"]


async def a_whole_journey(site: Site, secrets: Secrets, assistant: Connector, guest: Person, owner: Person) -> None:
    """Sign-up, guest, code, link, refresh, wrong guesses and passwords, replay, revocation, sign-in."""
    for person in (guest, owner):
        secrets.watch(person)
    secrets.note("password", owner.password)
    await owner.sign_up()
    await secrets.note_cookies(owner)
    async with assistant.connected() as session, httpx2.AsyncClient() as client:
        await secrets.note_cookies(guest)
        minted = await session.call("generate_dexter_linking_code")
        secrets.note("linking code", minted["code"], minted["code"].replace("-", ""))
        owner.expected_statuses.update((400, 401))
        wrong_code = "QQQ-QQQ"
        secrets.note("wrong linking code", wrong_code, wrong_code.replace("-", ""))
        await owner.type_code(wrong_code)
        await owner.link(minted["code"])
        first_token = assistant.access_token
        expires_at = session.provider.context.token_expiry_time
        assert expires_at is not None
        await anyio.sleep(max(0.0, expires_at - time.time()) + 0.1)
        who = await session.call("auth_info")
        # What is refused is not written down either.
        await call_tool(client, site, "auth_info", token=first_token)
        [exchange] = [sent for sent in assistant.requests_to("/mcp/token") if "code" in sent.form()]
        replayed = await client.post(f"{site.url}/mcp/token", data=exchange.form())
    assert who["is_linked"] is True
    assert replayed.status_code == 400
    secrets.note("authorization code", *(answer["code"] for answer in assistant.answers))
    secrets.note("state", *(answer["state"] for answer in assistant.answers))
    secrets.note("code verifier", exchange.form()["code_verifier"])
    assert assistant.memory.client is not None
    secrets.note("client secret", assistant.memory.client.client_secret)
    for tokens in assistant.memory.tokens:
        secrets.note("access token", tokens.access_token)
        secrets.note("refresh token", tokens.refresh_token)
    assert len(assistant.memory.tokens) > 1
    await owner.open("/account/")
    await owner.press("Unlink")
    await owner.sees("No assistant")
    await fail_to_sign_in_and_sign_in(secrets, owner)
    await leave_secrets_in_the_session(site, secrets, owner)


async def leave_secrets_in_the_session(site: Site, secrets: Secrets, owner: Person) -> None:
    """A code that waits for an assistant, and an authenticator app that is being added."""
    await owner.open("/link/code")
    await owner.press("Get a code")
    secrets.note("waiting linking code", await owner.page.locator(".code").text_content())
    site.database.change("UPDATE account_emailaddress SET verified = %s WHERE email = %s", True, owner.email)
    await owner.open("/account/security/app/add/")
    secrets.note("app secret", await owner.page.locator("#totp-key").text_content())


async def fail_to_sign_in_and_sign_in(secrets: Secrets, owner: Person) -> None:
    """A mistyped password is nearly the password."""
    await owner.context.clear_cookies()
    right = owner.password
    owner.password = f"{right}x"
    secrets.note("wrong password", owner.password)
    await owner.open("/account/login/")
    await owner.fill_in_sign_in()
    await owner.page.get_by_role("alert").first.wait_for()
    owner.password = right
    await owner.sign_in()
    await secrets.note_cookies(owner)


async def admin_pages(site: Site, staff: Person) -> dict[str, str]:
    """Every list of the admin, and the page of every row in it."""
    site.database.change(
        "UPDATE accounts_user SET is_staff = %s, is_superuser = %s WHERE email = %s", True, True, staff.email
    )
    # Django's admin has no icon, so the browser looks for one at the usual place.
    staff.expected_statuses.add(404)
    pages = {}
    for model in ADMIN_LISTS:
        await staff.open(f"/admin/{model}/?all=")
        pages[model] = await staff.page.content()
        links = staff.page.locator("#result_list th a")
        addresses = [await link.get_attribute("href") for link in await links.all()]
        for address in addresses:
            assert address is not None
            page = await staff.context.request.get(site.url + address)
            assert page.status == 200, address
            pages[address] = await page.text()
    assert len(pages) > len(ADMIN_LISTS)
    return pages
