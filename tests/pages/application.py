"""The site's ASGI application, telling on its own content security policy: `uvicorn tests.pages.application:application`.

Every answer carries the policy once more as report-only, with an address for reports; those are written to the log.
What the browser enforces is the site's own header, unchanged.
"""

from __future__ import annotations

import os

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.pages.settings"

from dexter.asgi import application as site  # noqa: E402

# isort: split
from starlette.datastructures import MutableHeaders  # noqa: E402
from starlette.types import Message, Receive, Scope, Send  # noqa: E402

from mcp_bridge.messages import read_body  # noqa: E402

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
            headers = MutableHeaders(scope=message)
            if policy := headers.get("content-security-policy"):
                headers["content-security-policy-report-only"] = f"{policy}; report-uri {REPORTS_PATH}"
        await send(message)

    await site(scope, receive, send_with_report_only)
