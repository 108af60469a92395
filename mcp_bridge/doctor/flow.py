"""A whole connection, from registration to revocation, as an assistant and a browser make it; cleaned up after."""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx2

from mcp_bridge.doctor.site import Answer, Failed, Site, Skipped

REDIRECT_URI = "http://127.0.0.1:33418/doctor"
# The port of a desktop assistant is another one each time (RFC 8252 §7.3).
REDIRECT_URI_AT_ANOTHER_PORT = "http://127.0.0.1:33419/doctor"


@dataclass
class Flow:
    """The answers of one connection, step by step; a step that was not reached is missing."""

    steps: dict[str, Answer] = field(default_factory=dict)
    stopped: str = ""

    def step(self, name: str) -> Answer:
        """The answer of a step.

        Raises:
            Skipped: the connection did not get there.
        """
        if name not in self.steps:
            raise Skipped(self.stopped or f"the connection did not get to: {name}")
        return self.steps[name]


def run_flow(site: Site) -> Flow:
    """Register, consent as a guest, trade the code, call, refresh twice, revoke, call again, unregister."""
    flow = Flow()
    try:
        _run(site, flow)
    except (Failed, Skipped) as reason:
        flow.stopped = str(reason)
    finally:
        _clean_up(site, flow)
    return flow


def _run(site: Site, flow: Flow) -> None:
    steps = flow.steps
    for name, method in (("registration", "none"), ("registration with a secret", "client_secret_post")):
        metadata = {
            "client_name": "Deployment check",
            "redirect_uris": [REDIRECT_URI],
            "grant_types": ["authorization_code", "refresh_token"],
            "token_endpoint_auth_method": method,
        }
        steps[name] = site.send("POST", f"{site.url}/register", json=metadata)
    client_id = _need(steps["registration"], 201, "registration").json().get("client_id", "")
    steps["denial"], _ = _decide(site, flow, client_id, decision="deny")
    steps["consent"], verifier = _decide(site, flow, client_id, decision="guest")
    code = parse_qs(urlsplit(_need(steps["consent"], 302, "consent").headers.get("location", "")).query).get(
        "code", [""]
    )
    steps["token"] = site.send(
        "POST",
        f"{site.url}/token",
        data={
            "grant_type": "authorization_code",
            "code": code[0],
            "client_id": client_id,
            "redirect_uri": REDIRECT_URI_AT_ANOTHER_PORT,
            "code_verifier": verifier,
            "resource": site.url,
        },
    )
    tokens = _need(steps["token"], 200, "token").json()
    access_token = str(tokens.get("access_token"))
    steps["call"] = site.call(token=access_token)
    steps["call in an old MCP session"] = site.call(token=access_token, **{"Mcp-Session-Id": secrets.token_hex(16)})
    refresh = {"grant_type": "refresh_token", "refresh_token": tokens.get("refresh_token", ""), "client_id": client_id}
    for name in ("refresh", "refresh again") if tokens.get("refresh_token") else ():
        steps[name] = site.send("POST", f"{site.url}/token", data=refresh)
    steps["revocation"] = site.send("POST", f"{site.url}/revoke", data={"token": access_token, "client_id": client_id})
    _need(steps["revocation"], 200, "revocation")
    steps["call after revocation"] = site.call(token=access_token)


def _decide(site: Site, flow: Flow, client_id: str, *, decision: str) -> tuple[Answer, str]:
    """What the browser gets for a decision on the consent page, and the PKCE verifier that belongs to it."""
    verifier = secrets.token_urlsafe(48)
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    query = {
        "response_type": "code",
        "client_id": client_id,
        "redirect_uri": REDIRECT_URI_AT_ANOTHER_PORT,
        "state": "doctor",
        "code_challenge": challenge,
        "code_challenge_method": "S256",
        "resource": site.url,
    }
    url = f"{site.url}/authorize?{urlencode(query)}"
    with httpx2.Client(timeout=10, follow_redirects=False) as browser:
        flow.steps["consent page"] = page = site.send("GET", url, http=browser)
        form = {name: _hidden(page, name) for name in ("csrfmiddlewaretoken", "stamp")}
        if page.status != 200 or not all(form.values()):
            raise Failed(f"the consent page answered {page.status} without a form")
        if f'value="{decision}"' not in page.content.decode(errors="replace"):
            raise Skipped("guests are turned off here, so nobody can consent for the check")
        headers = {"Origin": site.origin, "Referer": url}
        return site.send("POST", url, http=browser, data={**form, "decision": decision}, headers=headers), verifier


def _hidden(page: Answer, name: str) -> str:
    match = re.search(rf'name="{name}" value="([^"]+)"', page.content.decode(errors="replace"))
    return match[1] if match else ""


def _need(answer: Answer, status: int, step: str) -> Answer:
    if answer.status != status:
        raise Failed(f"the {step} answered {answer.status}")
    return answer


def _clean_up(site: Site, flow: Flow) -> None:
    for name in ("registration", "registration with a secret"):
        information = flow.steps[name].json() if name in flow.steps else {}
        client_id, token = information.get("client_id"), information.get("registration_access_token")
        if not client_id or not token:
            continue
        url, headers = f"{site.url}/register/{client_id}", {"Authorization": f"Bearer {token}"}
        try:
            flow.steps[f"removal of the {name}"] = site.send("DELETE", url, headers=headers)
        except Skipped as reason:
            flow.stopped = flow.stopped or str(reason)
