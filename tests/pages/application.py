"""`uvicorn tests.pages.application:application`: the site, and what browsers report about its policy.

Every answer carries the policy once more as report-only, with an address for reports; those are written to the log.
What the browser enforces is the site's own header, unchanged.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.pages.settings"

from dexter.asgi import application as site

# isort: split
from starlette.types import Message, Receive, Scope, Send

from mcp_bridge.messages import read_body

REPORTS_PATH = "/csp-reports"
REPORT = "Policy violated: "


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """The site, or the collection of a report."""
    if scope["type"] != "http":
        await site(scope, receive, send)
        return
    if scope["path"] == REPORTS_PATH:
        body = await read_body(receive, limit=64 * 1024, content_length=None)
        print(REPORT + body.decode(), flush=True)
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})
        return

    async def send_with_report_only(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message["headers"], *_report_only(message["headers"])]}
        await send(message)

    await site(scope, receive, send_with_report_only)


def _report_only(headers: Iterable[tuple[bytes, bytes]]) -> Iterator[tuple[bytes, bytes]]:
    for name, value in headers:
        if name.lower() == b"content-security-policy":
            yield b"Content-Security-Policy-Report-Only", value + f"; report-uri {REPORTS_PATH}".encode()
