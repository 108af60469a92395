"""Checks of single requests to the endpoints: challenge, headers, user agents, CORS, errors, timing."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from urllib.parse import urlencode

from mcp_bridge.doctor.checks import Check
from mcp_bridge.doctor.site import VENDOR_LIMIT_SECONDS, Answer, Failed, Site, Skipped

# What connectors call themselves, and the empty one that Claude Code sends on OAuth calls.
USER_AGENTS = (
    "",
    "Claude-User",
    "claude-code/2.1",
    "openai-mcp/1.0.0",
    "ChatGPT-User/1.0",
    "Cursor/1.7",
    "Visual Studio Code",
    "node",
    "python-httpx/0.28",
)
BROWSER_ORIGIN = "http://localhost:6274"


def _post_form(site: Site, path: str, **headers: str) -> Answer:
    return site.send("POST", site.url + path, data={"client_id": "doctor", "token": "x"}, headers=headers)


def _no_redirect(site: Site) -> str:
    answers = [
        site.call_anyhow(),
        site.call_anyhow(url=f"{site.url}/"),
        *(_post_form(site, p) for p in ("/token", "/revoke")),
    ]
    answers.append(site.send("POST", f"{site.url}/register", json={}))
    if moved := [f"{answer.name} answers {answer.status}" for answer in answers if answer.is_redirect]:
        raise Failed("; ".join(moved))
    return "no POST is redirected, with or without a slash at the end"


def _challenge(site: Site) -> str:
    answer = site.call()
    if answer.status != 401:
        raise Failed(f"without a token it answers {answer.status} instead of 401")
    expected = f'resource_metadata="{site.origin}{site.document_paths("oauth-protected-resource")[1]}"'
    if not answer.challenge.lower().startswith("bearer ") or expected not in answer.challenge:
        raise Failed(f"WWW-Authenticate is {answer.challenge or 'missing'}")
    if "scope=" not in answer.challenge or "error=" in answer.challenge:
        raise Failed(f"WWW-Authenticate is {answer.challenge}")
    return "401 with a complete challenge"


def _authorization_header(site: Site) -> str:
    answer = site.call(token="doctor-" + secrets.token_hex(16))
    if answer.status != 401 or not answer.challenge:
        raise Skipped(f"a wrong token answers {answer.status} without a challenge")
    if 'error="invalid_token"' not in answer.challenge:
        raise Failed("a wrong token is answered as if there were none")
    return "a token that is sent arrives"


def _user_agents(site: Site) -> str:
    usual = (site.document("/.well-known/oauth-protected-resource").status, _post_form(site, "/token").status)
    for user_agent in USER_AGENTS:
        headers = {"User-Agent": user_agent}
        document = site.send("GET", f"{site.origin}/.well-known/oauth-protected-resource", headers=headers)
        if (document.status, _post_form(site, "/token", **headers).status) != usual:
            raise Failed(f"the user agent {user_agent!r} is answered otherwise")
    return f"{len(USER_AGENTS)} user agents, the empty one among them"


def _preflights(site: Site) -> Iterator[tuple[str, Answer]]:
    targets = [site.origin + path for path in site.document_paths("oauth-protected-resource")[:2]]
    for url in (*targets, f"{site.url}/register", f"{site.url}/token", site.url):
        method = "GET" if "/.well-known/" in url else "POST"
        headers = {
            "Origin": BROWSER_ORIGIN,
            "Access-Control-Request-Method": method,
            "Access-Control-Request-Headers": "authorization, content-type, mcp-protocol-version",
        }
        yield method, site.send("OPTIONS", url, headers=headers)


def _cors(site: Site) -> str:
    for method, answer in _preflights(site):
        allowed = answer.headers.get("access-control-allow-headers", "").lower()
        if answer.status not in (200, 204) or answer.headers.get("access-control-allow-origin") not in (
            "*",
            BROWSER_ORIGIN,
        ):
            raise Failed(f"{answer.name} does not let a page of {BROWSER_ORIGIN} in")
        if method == "POST" and not ("authorization" in allowed and "mcp-protocol-version" in allowed):
            raise Failed(f"{answer.name} does not allow the headers that a client in a browser sends")
    exposed = site.call(Origin=BROWSER_ORIGIN).headers.get("access-control-expose-headers", "").lower()
    if "www-authenticate" not in exposed:
        raise Failed("a page cannot read the WWW-Authenticate header")
    return "clients that run in a browser are let in"


def _authorization_page(site: Site) -> Answer:
    query = {"client_id": f"doctor-{secrets.token_hex(8)}", "response_type": "code"}
    return site.send("GET", f"{site.url}/authorize?{urlencode(query)}", headers={"Accept": "text/html"})


def _unknown_client(site: Site) -> str:
    answer = _authorization_page(site)
    if answer.status >= 500 or answer.status < 400 or "text/html" not in answer.headers.get("content-type", ""):
        raise Failed(f"an unknown client is answered {answer.status} {answer.headers.get('content-type', '')}")
    return "a person whose client is unknown gets a page"


def _consent_policy(site: Site) -> str:
    policy = _authorization_page(site).headers.get("content-security-policy", "")
    if "form-action" in policy:
        raise Failed(f"the policy of the page has {policy[policy.index('form-action') :].split(';')[0]}")
    return "nothing keeps the browser from going back to the assistant"


def _token_errors(site: Site) -> str:
    form = {"grant_type": "refresh_token", "refresh_token": "doctor", "client_id": f"doctor-{secrets.token_hex(8)}"}
    answer = site.send("POST", f"{site.url}/token", data=form)
    if answer.is_redirect:
        raise Skipped("it is redirected")
    if answer.status != 401 or answer.json().get("error") != "invalid_client":
        raise Failed(f"an unknown client is answered {answer.status} {answer.content[:80]!r}")
    return "an unknown client is told so in JSON"


def _timing(site: Site) -> str:
    slowest = max(site.answers, key=lambda answer: answer.seconds, default=None)
    if slowest is None:
        raise Skipped("nothing was answered")
    if slowest.seconds > VENDOR_LIMIT_SECONDS / 2:
        raise Failed(f"{slowest.name} took {slowest.seconds:.1f} s")
    return f"{len(site.answers)} answers, the slowest after {slowest.seconds:.2f} s ({slowest.name})"


CHECKS = [
    Check(
        "no-redirect",
        "A client that is redirected sends its request again without body or token, if at all.",
        "Turn off the proxy's rules that add or remove a slash at the end.",
        _no_redirect,
    ),
    Check(
        "challenge",
        "The 401 is how a client learns where to sign in; without it, it never asks.",
        "Let the proxy pass the 401 and its WWW-Authenticate header through; let it make no error pages of its own.",
        _challenge,
    ),
    Check(
        "authorization-header",
        "A proxy that drops the Authorization header makes every call a call without a token.",
        "Pass the Authorization header on, and do not let the proxy use it for a login of its own.",
        _authorization_header,
    ),
    Check(
        "user-agents",
        "A firewall that blocks an assistant's user agent, or an empty one, ends the connection after the consent.",
        "Let /.well-known/ and /mcp through the firewall's bot rules for every user agent.",
        _user_agents,
    ),
    Check(
        "cors",
        "MCP Inspector and other clients in a browser cannot call what their browser does not let them.",
        "Let OPTIONS and the Access-Control headers through, and add none in front.",
        _cors,
    ),
    Check(
        "unknown-client",
        "A client that was removed sends a person here; raw JSON or a redirect helps nobody.",
        "Let the proxy pass our page through.",
        _unknown_client,
    ),
    Check(
        "consent-policy",
        "With form-action in the policy the browser blocks the way back, and 'Allow' seems to do nothing.",
        "Remove form-action from the Content-Security-Policy that is added in front.",
        _consent_policy,
    ),
    Check(
        "token-errors",
        "Clients decide by the error code whether to refresh, to register again or to give up.",
        "Let the proxy pass our errors through; let it make no error pages of its own.",
        _token_errors,
    ),
]

TIMING = Check(
    "timing",
    "Vendors give up on discovery, registration and token after ten seconds.",
    "Give the site more workers, or look at what it waits for.",
    _timing,
)
