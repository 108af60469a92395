"""The ASGI application: paths, lifespan, request ids, bodies, static files (connectors §3, holes 12 and 14)."""

from __future__ import annotations

import logging
import threading
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Any

import anyio
import httpx2
import pytest
from django.conf import settings
from django.utils.module_loading import import_string

from mcp_bridge.database import run_in_database_thread
from mcp_bridge.server import MAX_BODY_SIZE
from mcp_bridge.tests.running import RunningSite, lifespan, rpc, running_site
from oauth.tests.builders import make_access_token

BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}


def converse(application: Any, scope: dict[str, Any], *received: dict[str, Any]) -> list[dict[str, Any]]:
    """What the application sends when it receives these events."""
    incoming, sent = list(received), []

    async def receive() -> Any:
        return incoming.pop(0)

    async def send(event: dict[str, Any]) -> None:
        sent.append(event)

    anyio.run(application, scope, receive, send)
    return sent


def application() -> Any:
    return import_string(settings.ASGI_APPLICATION)


def another(**arguments: Any) -> Any:
    """An application that has not been started."""
    return type(application())(application()._django, **arguments)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("path", ["/mcp", "/mcp/"])
def test_a_browser_at_the_endpoint_gets_the_page(site: RunningSite, method: str, path: str) -> None:
    response = site.request(method, path, headers=BROWSER)
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "WWW-Authenticate" not in response.headers
    if method == "GET":
        assert settings.DEXTER_RESOURCE in response.text


@pytest.mark.parametrize("accept", ["text/event-stream", "application/json, text/event-stream", "*/*", "", None])
def test_a_client_that_opens_a_stream_gets_the_challenge(site: RunningSite, accept: str | None) -> None:
    headers = {} if accept is None else {"Accept": accept}
    assert site.request("GET", "/mcp", headers=headers).status_code == 401


def test_a_browser_that_posts_is_a_client(site: RunningSite) -> None:
    assert site.request("POST", "/mcp", headers=BROWSER).status_code == 401


def test_everything_else_is_djangos(site: RunningSite) -> None:
    assert site.request("GET", "/healthz").json() == {"status": "ok"}
    assert site.request("GET", "/no/such/page").status_code == 404


def test_the_lifespan_may_begin_again(transactional_db: None) -> None:
    token = make_access_token()[1]
    for _ in range(2):
        with running_site() as site:
            assert site.post(token, rpc("tools/list")).status_code == 200


def test_a_start_that_fails_is_reported() -> None:
    def fail(tools: object) -> Any:
        raise RuntimeError("no server today")

    sent = converse(another(run_endpoint=fail), {"type": "lifespan"}, {"type": "lifespan.startup"})
    assert sent == [{"type": "lifespan.startup.failed", "message": "RuntimeError: no server today"}]


def test_an_end_that_fails_is_reported() -> None:
    @asynccontextmanager
    async def fail_at_the_end(tools: object) -> Any:
        yield None
        raise RuntimeError("cannot stop")

    events = {"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}
    sent = converse(another(run_endpoint=fail_at_the_end), {"type": "lifespan"}, *events)
    assert [event["type"] for event in sent] == ["lifespan.startup.complete", "lifespan.shutdown.failed"]


def test_the_end_of_the_lifespan_closes_database_threads(transactional_db: None) -> None:
    with running_site() as site:
        site.post("dxa_unknown", rpc("tools/list"))
        assert any(thread.name.startswith("database") for thread in threading.enumerate())
    assert not any(thread.name.startswith("database") for thread in threading.enumerate())


def test_without_a_lifespan_the_endpoint_is_unavailable_and_says_why(caplog: pytest.LogCaptureFixture) -> None:
    scope = {"type": "http", "method": "POST", "path": "/mcp", "headers": [], "query_string": b""}
    start, _ = converse(another(), scope, {"type": "http.request", "body": b""})
    assert start["status"] == 503
    assert (b"retry-after", b"5") in start["headers"]
    assert "lifespan" in caplog.text


def test_websockets_are_closed() -> None:
    scope = {"type": "websocket", "path": "/mcp", "headers": []}
    assert converse(application(), scope, {"type": "websocket.connect"}) == [{"type": "websocket.close", "code": 1000}]


@pytest.mark.parametrize("path", ["/mcp", "/healthz"])
def test_a_request_id_that_a_proxy_gave_is_kept(site: RunningSite, path: str) -> None:
    response = site.request("GET", path, headers={"X-Request-ID": "0123abcd-EF"})
    assert response.headers["X-Request-ID"] == "0123abcd-EF"


@pytest.mark.parametrize("sent", ["short", "a" * 65, "with space 123", "line\tbreak", "émile-émile", "", "a;b;c;d;e"])
@pytest.mark.parametrize("path", ["/mcp", "/healthz"])
def test_any_other_request_id_is_replaced(site: RunningSite, path: str, sent: str) -> None:
    response = site.request("GET", path, headers=[("X-Request-ID", sent.encode("latin-1"))])
    assert len(response.headers["X-Request-ID"]) == 32
    assert response.headers["X-Request-ID"].isalnum()


def test_every_request_has_a_request_id_of_its_own(site: RunningSite) -> None:
    ids = {site.request("GET", "/healthz").headers["X-Request-ID"] for _ in range(5)}
    assert len(ids) == 5


@pytest.mark.parametrize(
    ("path", "route"),
    [
        ("/healthz?code=s3cret", "/healthz"),
        ("/admin/accounts/user/s3cret/change/", "/admin/accounts/user/<path:object_id>/change/"),
        ("/s3cret", "unknown"),
    ],
)
def test_django_pages_are_logged_by_route_and_never_by_value(
    site: RunningSite, caplog: pytest.LogCaptureFixture, path: str, route: str
) -> None:
    with caplog.at_level(logging.INFO):
        site.request("GET", path, headers={"X-Request-ID": "page-request-1"})
    (line,) = [record.msg for record in caplog.records if record.name == "dexter.application"]
    assert isinstance(line, dict)
    assert (line["event"], line["http_method"], line["route"]) == ("http.request", "GET", route)
    assert line["request_id"] == "page-request-1"
    assert "s3cret" not in str(line)


def test_a_page_takes_a_limited_body(site: RunningSite) -> None:
    response = site.request("POST", "/mcp/token", content=b"a" * (MAX_BODY_SIZE + 1))
    assert response.status_code == 413

    async def post_without_length() -> int:
        async def stream() -> Any:
            for _ in range(17):
                yield b"a" * 65536

        return (await site.http.post("/mcp/token", content=stream())).status_code

    assert site.run(post_without_length) == 413


@pytest.mark.parametrize("path", ["/api/link/preview", "/api/nothing?a=%FF&b", "/api"])
def test_a_body_that_is_too_large_for_the_api_is_a_problem(site: RunningSite, path: str) -> None:
    """RFC 9457, before anybody is asked who they are, and of a body that does not say its length as well."""

    async def post_without_length() -> httpx2.Response:
        async def stream() -> Any:
            for _ in range(17):
                yield b"a" * 65536

        return await site.http.post(path, content=stream(), headers={"Accept-Language": "de"})

    response = site.request("POST", path, content=b"a" * (MAX_BODY_SIZE + 1))
    streamed = site.run(post_without_length)

    assert response.json() == {
        "type": "about:blank",
        "title": HTTPStatus(413).phrase,
        "status": 413,
        "detail": "The request is too large.",
        "code": "too_large",
    }
    assert streamed.json()["detail"] == "Die Anfrage ist zu groß."
    for answer in (response, streamed):
        assert answer.status_code == 413
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["X-Request-ID"]


@pytest.mark.parametrize(
    "path", ["/mcp/token", "/mcp/register", "/mcp/revoke", "/token", "/api/connector/oauth/token", "/mcp/userinfo"]
)
def test_a_body_that_is_too_large_for_a_protocol_endpoint_is_an_oauth_error(site: RunningSite, path: str) -> None:
    """RFC 6749 §5.2, and a client that runs in a browser may read it."""
    response = site.request("POST", path, content=b"a" * (MAX_BODY_SIZE + 1), headers={"Accept-Language": "de"})

    assert response.status_code == 413
    assert response.json() == {"error": "invalid_request", "error_description": "The body is too large."}
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert response.headers["Cache-Control"] == "no-store"


def test_a_body_that_is_too_large_for_a_page_is_refused_in_words(site: RunningSite) -> None:
    response = site.request("POST", "/link", content=b"a" * (MAX_BODY_SIZE + 1), headers={"Accept-Language": "de"})

    assert (response.status_code, response.text) == (413, "Die Anfrage ist zu groß.")
    assert response.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert "Access-Control-Allow-Origin" not in response.headers


def test_a_page_gets_the_body_it_was_sent(transactional_db: None) -> None:
    async def echo(scope: Any, receive: Any, send: Any) -> None:
        event = await receive()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": event["body"]})

    with running_site(type(application())(echo)) as site:
        assert site.request("POST", "/anything", content=b"a" * 70_000).content == b"a" * 70_000


def test_static_files_are_served(site: RunningSite) -> None:
    response = site.request("GET", "/static/css/dexter.css")
    assert response.status_code == 200
    assert response.headers["Content-Type"].startswith("text/css")
    assert int(response.headers["Content-Length"]) == len(response.content)
    etag = response.headers["ETag"]
    assert site.request("GET", "/static/css/dexter.css", headers={"If-None-Match": etag}).status_code == 304
    part = site.request("GET", "/static/css/dexter.css", headers={"Range": "bytes=0-9"})
    assert (part.status_code, part.content) == (206, response.content[:10])
    head = site.request("HEAD", "/static/css/dexter.css")
    assert head.headers["Content-Length"] == response.headers["Content-Length"]
    assert site.request("GET", "/static/admin/css/base.css").status_code == 200
    assert site.request("GET", "/static/../manage.py").status_code == 404


def test_the_root_logger_is_ours() -> None:
    (handler,) = [h for h in logging.getLogger().handlers if type(h) is logging.StreamHandler]
    assert type(handler.formatter).__module__.startswith("structlog")
    assert not [h for h in logging.getLogger().handlers if type(h).__module__.startswith("rich")]


def test_lifespan_and_requests_share_an_event_loop_with_others(transactional_db: None) -> None:
    """A page and a tool at the same time: neither waits for the other's thread."""

    async def both() -> list[int]:
        app = application()
        statuses: list[int] = []
        async with lifespan(app), httpx2.AsyncClient(transport=httpx2.ASGITransport(app)) as http:

            async def get(path: str) -> None:
                statuses.append((await http.get(f"http://localhost:8000{path}")).status_code)

            async with anyio.create_task_group() as tasks:
                for path in ["/readyz", "/mcp"] * 10:
                    tasks.start_soon(get, path)
            await run_in_database_thread(lambda: None)
        return sorted(statuses)

    assert anyio.run(both) == [200] * 10 + [401] * 10
