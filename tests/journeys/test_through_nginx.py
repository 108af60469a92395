"""The deployment of deploy/nginx.conf: TLS at a real nginx, uvicorn behind it, journeys through both (design §10)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import anyio
import httpx2
import pytest
from playwright.async_api import Browser

from tests.conformance.rows import issue_token
from tests.journeys.browser import open_chromium
from tests.journeys.certificates import make_certificate
from tests.journeys.databases import PROJECT, Database
from tests.journeys.nginx import CONFIGURATION, Nginx, changed, marked_directives, running_nginx, substitutions
from tests.journeys.server import Site, free_port, open_site
from tests.journeys.test_deny_and_sign_up import test_a_denial_reaches_the_assistant
from tests.journeys.test_guest_links_with_code import (
    test_a_person_unlinks_at_their_account_page_and_may_link_again,
    test_the_same_token_acts_for_the_account_once_the_code_is_confirmed,
)

# The same journeys, on this site.
__all__ = [
    "test_a_denial_reaches_the_assistant",
    "test_a_person_unlinks_at_their_account_page_and_may_link_again",
    "test_the_same_token_acts_for_the_account_once_the_code_is_confirmed",
]

LOG_SECONDS = 10

pytestmark = [pytest.mark.journey, pytest.mark.anyio]

LIST_TOOLS = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}
SSE = {"Accept": "application/json, text/event-stream", "MCP-Protocol-Version": "2025-11-25"}
MIB = 1024 * 1024


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A self-signed certificate that everything here trusts."""
    path = make_certificate(tmp_path_factory.mktemp("certificate") / "localhost.pem", host="localhost")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SSL_CERT_FILE", str(path))
        yield path


@pytest.fixture(scope="module")
def nginx(certificate: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Nginx, int]]:
    """nginx, and the port where it looks for uvicorn."""
    upstream = free_port()
    with running_nginx(
        tmp_path_factory.mktemp("nginx"),
        certificate=certificate,
        https_port=free_port(),
        http_port=free_port(),
        upstreams=[upstream],
    ) as running:
        yield running, upstream


@pytest.fixture(scope="module")
async def site(
    anyio_backend: str, nginx: tuple[Nginx, int], database: Database, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Site]:
    """A site whose public URL is nginx's, with tools that answer in a stream."""
    running, upstream = nginx
    async with open_site(
        database,
        tmp_path_factory.mktemp("logs"),
        application="tests.conformance.application:application",
        own_port=upstream,
        settings={"DEXTER_PUBLIC_URL": f"https://localhost:{running.https_port}", "DEXTER_TRUSTED_PROXIES": "1"},
    ) as site:
        yield site


@pytest.fixture(scope="module")
async def chromium(anyio_backend: str) -> AsyncIterator[Browser]:
    """A browser that minds no certificate."""
    async with open_chromium("--ignore-certificate-errors") as browser:
        yield browser


@pytest.fixture(scope="module")
async def token(site: Site) -> str:
    """An access token of a guest."""
    return await anyio.to_thread.run_sync(issue_token, site.database, site.url)


def test_every_marked_line_is_substituted_and_no_other(tmp_path: Path) -> None:
    chosen = substitutions(
        directory=tmp_path, certificate=tmp_path / "pem", https_port=1, http_port=2, upstreams=[3, 4]
    )
    configuration = changed(chosen)

    assert sorted(chosen) == sorted(marked_directives())
    original, ours = CONFIGURATION.read_text().splitlines(), configuration.splitlines()
    differing = [before for before, after in zip(original, ours, strict=True) if before != after]
    assert [line.partition(";")[0].strip() + ";" for line in differing] == marked_directives()
    assert not [line for line in ours if "CHANGE" in line and not line.startswith("#")]


async def test_every_check_of_the_doctor_is_green(site: Site, certificate: Path) -> None:
    command = [sys.executable, "manage.py", "doctor", site.mcp_url, "--json"]
    environment = {**os.environ, "SSL_CERT_FILE": str(certificate)}

    done = await anyio.run_process(command, cwd=PROJECT, env=environment, check=False)

    assert done.returncode == 0, done.stdout.decode() + done.stderr.decode()
    assert {finding["result"] for finding in json.loads(done.stdout)} == {"ok"}


async def test_without_trust_in_the_certificate_the_doctor_says_so(site: Site) -> None:
    command = [sys.executable, "manage.py", "doctor", site.mcp_url, "--json"]
    environment = {name: value for name, value in os.environ.items() if name != "SSL_CERT_FILE"}

    done = await anyio.run_process(command, cwd=PROJECT, env=environment, check=False, stderr=subprocess.STDOUT)

    assert done.returncode == 1
    assert b"certificate" in done.stdout.lower()


async def test_a_stream_is_passed_on_as_it_comes(site: Site, token: str) -> None:
    call = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "tools/call",
        "params": {"name": "test_tool_with_progress", "arguments": {}, "_meta": {"progressToken": "p"}},
    }

    async with (
        httpx2.AsyncClient(headers={**SSE, "Authorization": f"Bearer {token}"}) as client,
        client.stream("POST", site.mcp_url, json=call) as answer,
    ):
        seen = [time.perf_counter() async for line in answer.aiter_lines() if line.startswith("data: {")]

    assert answer.headers["content-type"].startswith("text/event-stream")
    assert len(seen) == 4
    # The tool pauses three times for 50 ms. Here the transport asks not to be buffered as well (X-Accel-Buffering);
    # that nginx would not without it either is for test_nginx_passes_on.py to show.
    assert seen[-1] - seen[0] > 0.1


async def test_the_limits_of_bodies_are_ours_and_say_so(site: Site, token: str) -> None:
    headers = {**SSE, "Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    fits = json.dumps({**LIST_TOOLS, "params": {"_meta": {"filler": "x" * (MIB - 1024)}}})

    async with httpx2.AsyncClient(timeout=30) as client:
        large = await client.post(site.mcp_url, content=fits, headers=headers)
        too_large = await client.post(site.mcp_url, content="x" * (MIB + 1), headers=headers)
        registration = await client.post(f"{site.mcp_url}/register", json={"client_name": "x" * 65 * 1024})
        beyond = await client.post(site.mcp_url, content="x" * (3 * MIB), headers=headers)

    assert large.status_code == 200, large.text
    assert (too_large.status_code, too_large.json()["jsonrpc"]) == (413, "2.0")
    assert (registration.status_code, registration.json()["error"]) == (413, "invalid_request")
    assert beyond.status_code == 413


async def test_authorization_and_an_empty_user_agent_arrive(site: Site, token: str) -> None:
    async with httpx2.AsyncClient(headers={**SSE, "User-Agent": ""}) as client:
        without = await client.post(site.mcp_url, json=LIST_TOOLS)
        wrong = await client.post(site.mcp_url, json=LIST_TOOLS, headers={"Authorization": "Bearer dxa_wrong"})
        right = await client.post(f"{site.mcp_url}/", json=LIST_TOOLS, headers={"Authorization": f"Bearer {token}"})
        refused = await client.post(f"{site.mcp_url}/token", data={"grant_type": "refresh_token", "client_id": "gone"})

    assert "error=" not in without.headers["WWW-Authenticate"]
    assert 'error="invalid_token"' in wrong.headers["WWW-Authenticate"]
    assert f'resource_metadata="{site.url}/.well-known/' in wrong.headers["WWW-Authenticate"]
    assert (right.status_code, right.history) == (200, [])
    assert refused.json()["error"] in ("invalid_client", "invalid_request")


async def test_an_address_that_the_sender_wrote_is_not_recorded(site: Site) -> None:
    """With one trusted proxy, whatever stands left of nginx's own entry; that nothing does: test_nginx_passes_on.py."""
    body = {"redirect_uris": ["http://127.0.0.1/callback"], "token_endpoint_auth_method": "none"}

    async with httpx2.AsyncClient() as client:
        answer = await client.post(
            f"{site.mcp_url}/register", json=body, headers={"X-Forwarded-For": "203.0.113.7, 203.0.113.8"}
        )

    query = "SELECT address FROM accounts_auditentry WHERE client_id = %s"
    assert str(site.database.value(query, answer.json()["client_id"])) == "127.0.0.1"


async def test_the_http_port_refuses_and_does_not_redirect(site: Site, nginx: tuple[Nginx, int]) -> None:
    async with httpx2.AsyncClient() as client:
        answer = await client.post(f"http://127.0.0.1:{nginx[0].http_port}/mcp", json=LIST_TOOLS)

    assert answer.status_code == 421
    assert "location" not in answer.headers


async def test_nothing_of_a_query_is_logged(site: Site, nginx: tuple[Nginx, int]) -> None:
    async with httpx2.AsyncClient() as client:
        await client.get(f"{site.mcp_url}/authorize", params={"state": "not-for-the-log"})

    # A line is written once the answer is out.
    deadline = time.monotonic() + LOG_SECONDS
    while '"GET /mcp/authorize" 400' not in nginx[0].access_log:
        assert time.monotonic() < deadline, nginx[0].access_log
        await anyio.sleep(0.1)
    assert "not-for-the-log" not in nginx[0].access_log + nginx[0].error_log


async def test_while_no_worker_answers_assistants_and_people_are_told_to_wait(site: Site) -> None:
    site.server.kill()
    try:
        async with httpx2.AsyncClient() as client:
            for_assistants = await client.post(f"{site.mcp_url}/token", data={"grant_type": "refresh_token"})
            for_people = await client.get(f"{site.url}/link", headers={"Accept": "text/html,*/*;q=0.8"})
    finally:
        site.server.start()
        await site.server.wait_until_ready()

    assert (for_assistants.status_code, for_assistants.json()["error"]) == (503, "temporarily_unavailable")
    assert for_people.status_code == 503
    assert "Back soon" in for_people.text
    assert for_people.headers["content-type"] == "text/html"
    assert {answer.headers["Retry-After"] for answer in (for_assistants, for_people)} == {"5"}
