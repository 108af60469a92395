"""What proxies do wrong in the wild, each with the one check that has to find it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from starlette.responses import JSONResponse, RedirectResponse, Response

from tests.doctor.proxy import Exchange, Fault

BEFORE: dict[str, tuple[str, Fault]] = {}
AFTER: dict[str, tuple[str, Fault]] = {}


def before(check: str) -> Callable[[Fault], Fault]:
    """A fault on the way in, which `check` finds."""

    def register(fault: Fault) -> Fault:
        BEFORE[fault.__name__] = (check, fault)
        return fault

    return register


def after(check: str) -> Callable[[Fault], Fault]:
    """A fault on the way out, which `check` finds."""

    def register(fault: Fault) -> Fault:
        AFTER[fault.__name__] = (check, fault)
        return fault

    return register


def _path(exchange: Exchange) -> str:
    return exchange.request.url.path


def _replace_body(exchange: Exchange, body: bytes) -> None:
    assert exchange.answer is not None
    exchange.answer.body = body
    exchange.answer.headers["content-length"] = str(len(body))


def _edit(exchange: Exchange, document: str, edit: Callable[[dict[str, Any]], None]) -> None:
    assert exchange.answer is not None
    if f"/.well-known/{document}" in _path(exchange) and exchange.answer.status_code == 200 and exchange.answer.body:
        fields = json.loads(bytes(exchange.answer.body))
        edit(fields)
        _replace_body(exchange, json.dumps(fields).encode())


def _strip(exchange: Exchange, *names: str) -> None:
    assert exchange.answer is not None
    for name in names:
        if name in exchange.answer.headers:
            del exchange.answer.headers[name]


@before("no-redirect")
def adds_a_slash_to_the_endpoint(exchange: Exchange) -> None:
    if _path(exchange) == "/mcp" and exchange.request.method == "POST":
        exchange.answer = RedirectResponse("/mcp/", 307)


@before("documents-found")
def hides_well_known_below_the_path(exchange: Exchange) -> None:
    if _path(exchange).startswith("/mcp/.well-known/openid"):
        exchange.answer = Response("not found", 404)


@after("documents-equal")
def serves_an_old_copy_of_one_form(exchange: Exchange) -> None:
    if _path(exchange) == "/.well-known/oauth-authorization-server":
        _edit(exchange, "oauth-authorization-server", lambda fields: fields.update(service_documentation="https://x"))


@after("documents-complete")
def nulls_the_registration_endpoint(exchange: Exchange) -> None:
    _edit(exchange, "oauth-authorization-server", lambda fields: fields.update(registration_endpoint=None))


@after("resource")
def adds_a_slash_to_the_resource(exchange: Exchange) -> None:
    _edit(exchange, "oauth-protected-resource", lambda fields: fields.update(resource=fields["resource"] + "/"))


@after("issuer")
def adds_a_slash_to_the_issuer(exchange: Exchange) -> None:
    for document in ("oauth-authorization-server", "openid-configuration"):
        _edit(exchange, document, lambda fields: fields.update(issuer=fields["issuer"] + "/"))


@after("addresses")
def announces_another_scheme(exchange: Exchange) -> None:
    for document in ("oauth-authorization-server", "openid-configuration"):
        _edit(
            exchange,
            document,
            lambda fields: fields.update(token_endpoint=fields["token_endpoint"].replace("http://", "https://")),
        )


@after("abilities")
def drops_offline_access(exchange: Exchange) -> None:
    for document in ("oauth-authorization-server", "openid-configuration"):
        _edit(exchange, document, lambda fields: fields["scopes_supported"].remove("offline_access"))


@after("clock")
def lives_in_the_past(exchange: Exchange) -> None:
    assert exchange.answer is not None
    exchange.answer.headers["date"] = "Mon, 01 Jan 2024 00:00:00 GMT"


@after("challenge")
def drops_the_challenge(exchange: Exchange) -> None:
    if _path(exchange) == "/mcp":
        _strip(exchange, "www-authenticate")


@before("authorization-header")
def drops_the_authorization_header(exchange: Exchange) -> None:
    exchange.headers.pop("authorization", None)


@before("user-agents")
def blocks_an_empty_user_agent(exchange: Exchange) -> None:
    if not exchange.headers.get("user-agent"):
        exchange.answer = Response("Forbidden", 403)


@before("user-agents")
def blocks_bots(exchange: Exchange) -> None:
    if "openai" in exchange.headers.get("user-agent", "").lower():
        exchange.answer = Response("Forbidden", 403)


@after("cors")
def drops_the_cors_headers(exchange: Exchange) -> None:
    _strip(exchange, "access-control-allow-origin")


@before("cors")
def refuses_options(exchange: Exchange) -> None:
    if exchange.request.method == "OPTIONS":
        exchange.answer = Response("Method Not Allowed", 405)


@after("unknown-client")
def answers_people_in_json(exchange: Exchange) -> None:
    assert exchange.answer is not None
    if _path(exchange) == "/mcp/authorize" and exchange.answer.status_code == 400:
        exchange.answer = JSONResponse({"error": "invalid_request"}, 400)


@after("consent-policy")
def adds_form_action(exchange: Exchange) -> None:
    assert exchange.answer is not None
    exchange.answer.headers["content-security-policy"] = "default-src 'self'; form-action 'self'"


@after("token-errors")
def makes_error_pages_of_its_own(exchange: Exchange) -> None:
    assert exchange.answer is not None
    if _path(exchange) == "/mcp/token" and exchange.answer.status_code == 401:
        exchange.answer = Response("<h1>Unauthorized</h1>", 401)


@before("registration")
def blocks_registration(exchange: Exchange) -> None:
    if _path(exchange) == "/mcp/register" and exchange.body not in (b"", b"{}"):
        exchange.answer = Response("Forbidden", 403)


@after("client-secret")
def drops_the_expiry_of_the_secret(exchange: Exchange) -> None:
    assert exchange.answer is not None
    if _path(exchange) == "/mcp/register" and exchange.answer.status_code == 201:
        fields = json.loads(bytes(exchange.answer.body))
        fields.pop("client_secret_expires_at", None)
        _replace_body(exchange, json.dumps(fields).encode())


@before("consent-page")
def blocks_addresses_in_query_strings(exchange: Exchange) -> None:
    if _path(exchange) == "/mcp/authorize" and "127.0.0.1" in exchange.request.url.query:
        exchange.answer = Response("Forbidden", 403)


def _edit_location(exchange: Exchange, edit: Callable[[dict[str, str]], object], *, having: str) -> None:
    assert exchange.answer is not None
    location = exchange.answer.headers.get("location", "")
    query = dict(parse_qsl(urlsplit(location).query))
    if exchange.answer.status_code == 302 and having in query:
        edit(query)
        exchange.answer.headers["location"] = f"{location.partition('?')[0]}?{urlencode(query)}"


@after("denial")
def drops_the_issuer_of_a_denial(exchange: Exchange) -> None:
    _edit_location(exchange, lambda query: query.pop("iss"), having="error")


@after("consent")
def drops_the_state(exchange: Exchange) -> None:
    _edit_location(exchange, lambda query: query.pop("state"), having="code")


@after("token")
def drops_the_refresh_token(exchange: Exchange) -> None:
    assert exchange.answer is not None
    if _path(exchange) == "/mcp/token" and exchange.answer.status_code == 200:
        fields = json.loads(bytes(exchange.answer.body))
        fields.pop("refresh_token")
        _replace_body(exchange, json.dumps(fields).encode())


@before("call")
def mangles_every_token(exchange: Exchange) -> None:
    authorization = exchange.headers.get("authorization", "")
    if authorization.startswith("Bearer dxa_"):
        exchange.headers["authorization"] = authorization + "x"


@before("old-session")
def forgets_sessions(exchange: Exchange) -> None:
    if "mcp-session-id" in exchange.headers:
        exchange.answer = Response("Session not found", 404)


class RefusesTheSecondRefresh:
    """Like a host with another key, or another database."""

    def __init__(self) -> None:
        self.seen = 0

    def __call__(self, exchange: Exchange) -> None:
        if b"refresh_token=dxr_" in exchange.body:
            self.seen += 1
            if self.seen > 1:
                exchange.answer = JSONResponse({"error": "invalid_grant"}, 400)


BEFORE["refuses_the_second_refresh"] = ("refresh", RefusesTheSecondRefresh())


class AnswersFromACache:
    """A cache that answers `/mcp` by the token."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}

    def __call__(self, exchange: Exchange) -> None:
        assert exchange.answer is not None
        authorization = exchange.headers.get("authorization", "")
        if _path(exchange) != "/mcp" or not authorization.startswith("Bearer dxa_"):
            return
        if exchange.answer.status_code == 200:
            self.kept[authorization] = bytes(exchange.answer.body)
        elif authorization in self.kept:
            exchange.answer = Response(self.kept[authorization], 200, media_type="application/json")


AFTER["answers_from_a_cache"] = ("revocation", AnswersFromACache())


@before("removal")
def blocks_delete(exchange: Exchange) -> None:
    if exchange.request.method == "DELETE":
        exchange.answer = Response("Method Not Allowed", 405)


class IsSlowOnce:
    """One answer that takes longer than half of what vendors wait."""

    def __init__(self) -> None:
        self.done = False

    def __call__(self, exchange: Exchange) -> None:
        if not self.done and "openid-configuration" in _path(exchange):
            self.done = True
            time.sleep(5.2)


BEFORE["is_slow_once"] = ("timing", IsSlowOnce())
