"""Checks of a whole connection, from registration to revocation. It is made once, and each check looks at one step."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit
from weakref import WeakKeyDictionary

from mcp_bridge.doctor.checks import Check
from mcp_bridge.doctor.flow import REDIRECT_URI, Flow, run_flow
from mcp_bridge.doctor.site import Failed, Site, Skipped

_flows: WeakKeyDictionary[Site, Flow] = WeakKeyDictionary()


def _flow(site: Site) -> Flow:
    if site not in _flows:
        _flows[site] = run_flow(site)
    return _flows[site]


def _registration(site: Site) -> str:
    answer = _flow(site).step("registration")
    fields = answer.json()
    if answer.status != 201:
        raise Failed(f"registration answers {answer.status} {answer.content[:120]!r}")
    missing = [name for name in ("client_id", "client_id_issued_at", "response_types") if name not in fields]
    if missing or None in fields.values() or fields.get("redirect_uris") != [REDIRECT_URI]:
        raise Failed(f"the answer lacks {missing or 'what was registered'}, or has a null in it")
    return "a client can register"


def _client_secret(site: Site) -> str:
    answer = _flow(site).step("registration with a secret")
    fields = answer.json()
    if answer.status != 201:
        raise Skipped(f"registration answers {answer.status}")
    if not fields.get("client_secret") or fields.get("client_secret_expires_at") != 0:
        raise Failed(f"client_secret_expires_at is {fields.get('client_secret_expires_at', 'missing')}")
    return "a client that keeps a secret gets one that does not expire"


def _consent_page(site: Site) -> str:
    answer = _flow(site).step("consent page")
    if answer.status != 200:
        raise Failed(f"the consent page of a client that just registered answers {answer.status}")
    return "the person is asked, and the redirect that was registered is accepted at any port"


def _redirect_back(name: str, wanted: str) -> Callable[[Site], str]:
    def look(site: Site) -> str:
        answer = _flow(site).step(name)
        query = parse_qs(urlsplit(answer.headers.get("location", "")).query)
        issuer = site.fields("oauth-authorization-server").get("issuer")
        if issuer not in (site.fields("oauth-protected-resource").get("authorization_servers") or []):
            raise Skipped("the documents disagree about the issuer")
        if answer.status != 302 or wanted not in query:
            raise Failed(f"the decision is answered {answer.status} without {wanted}")
        if query.get("state") != ["doctor"] or query.get("iss") != [issuer]:
            raise Failed(f"state is {query.get('state')}, iss is {query.get('iss')}")
        return f"{wanted}, state and iss go back to the assistant"

    return look


def _token(site: Site) -> str:
    answer = _flow(site).step("token")
    if answer.status != 200:
        raise Failed(f"the token endpoint answers {answer.status} {answer.content[:120]!r}")
    if not answer.json().get("refresh_token"):
        raise Failed("there is no refresh token")
    return "the code is traded for an access token and a refresh token"


def _call(site: Site) -> str:
    answer = _flow(site).step("call")
    if answer.status == 401 and "error=" not in answer.challenge:
        raise Skipped("the token did not arrive")
    if answer.status != 200 or "result" not in answer.json():
        raise Failed(f"a call with a new token answers {answer.status} {answer.challenge}")
    return f"{len(answer.json()['result'].get('tools', []))} tools are listed"


def _old_session(site: Site) -> str:
    answer = _flow(site).step("call in an old MCP session")
    if answer.status == 404:
        raise Failed("an MCP session that nobody knows answers 404")
    return "an MCP session from before a deployment goes on"


def _refresh(site: Site) -> str:
    for name in ("refresh", "refresh again"):
        answer = _flow(site).step(name)
        if answer.status != 200:
            raise Failed(f"to {name} answers {answer.status} {answer.content[:120]!r}")
    return "two refreshes with one token both succeed"


def _revocation(site: Site) -> str:
    answer = _flow(site).step("call after revocation")
    if answer.status != 401:
        raise Failed(f"a revoked token still answers {answer.status}")
    return "the call after a revocation is refused"


def _removal(site: Site) -> str:
    for name in ("registration", "registration with a secret"):
        answer = _flow(site).step(f"removal of the {name}")
        if answer.status == 401:
            raise Skipped("the token did not arrive")
        if answer.status != 204:
            raise Failed(f"the registration of this check could not be removed: {answer.status}")
    return "what this check registered is gone again"


CHECKS = [
    Check(
        "registration",
        "A client without a client id gets no further; some crash on a missing or null field.",
        "Let POST with JSON to /mcp/register through.",
        _registration,
    ),
    Check(
        "client-secret",
        "A client that gets a secret without client_secret_expires_at fails to read the answer.",
        "Let nothing in front rewrite the answer of /mcp/register.",
        _client_secret,
    ),
    Check(
        "consent-page",
        "A redirect that is accepted at registration and refused here ends the connection in front of the person.",
        "Let the query string of /mcp/authorize through as it is, with every character escaped as it came.",
        _consent_page,
    ),
    Check(
        "denial",
        "An assistant that is not told of a refusal waits forever.",
        "Let the redirect after the consent page through as it is.",
        _redirect_back("denial", "error"),
    ),
    Check(
        "consent",
        "The code, the state and the issuer have to reach the assistant unchanged.",
        "Let cookies, the form's POST and the redirect after it through as they are.",
        _redirect_back("consent", "code"),
    ),
    Check(
        "token",
        "Without tokens there is no connection; without a refresh token the person signs in again every hour.",
        "Let POST with a form to /mcp/token through; an empty User-Agent must not be refused.",
        _token,
    ),
    Check(
        "call",
        "A token that was just issued and is not accepted makes assistants sign in again and again.",
        "Pass the Authorization header on; point every host at the same database.",
        _call,
    ),
    Check(
        "old-session",
        "Clients keep a session id across a deployment, and 404 makes some of them give up.",
        "Let the Mcp-Session-Id header through and answer it on any worker.",
        _old_session,
    ),
    Check(
        "refresh",
        "Assistants refresh from several processes at once; one that fails ends the connection for all.",
        "Point every host at the same database and give them the same DEXTER_SECRET_KEY.",
        _refresh,
    ),
    Check(
        "revocation",
        "A connection that was ended has to be over at once.",
        "Let no cache answer for /mcp.",
        _revocation,
    ),
    Check(
        "removal",
        "Checks should leave nothing behind.",
        "Let DELETE to /mcp/register/ through.",
        _removal,
    ),
]
