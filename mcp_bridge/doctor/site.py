"""The deployment under examination: requests to it, their timing, and what a check says about them."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from enum import StrEnum
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import httpx2

# Vendors give up after ten seconds (connectors §1, "everyone").
VENDOR_LIMIT_SECONDS = 10
DOCUMENTS = ("oauth-protected-resource", "oauth-authorization-server", "openid-configuration")


class Result(StrEnum):
    """What came of a check."""

    OK = "ok"
    FAILED = "failed"
    SKIPPED = "skipped"


class Failed(Exception):
    """A check found what it looks for; the message says what was seen."""


class Skipped(Exception):
    """A check has nothing to look at, because something else is off; the message says what."""


@dataclass(frozen=True)
class Finding:
    """One line of the report."""

    name: str
    result: Result
    seen: str
    why: str
    change: str


@dataclass(frozen=True)
class Answer:
    """An HTTP answer, or none."""

    method: str
    url: str
    status: int
    headers: httpx2.Headers
    content: bytes
    seconds: float

    @property
    def name(self) -> str:
        """The request in short."""
        return f"{self.method} {urlsplit(self.url).path}"

    def json(self) -> dict[str, Any]:
        """The body as a JSON object; empty when it is none."""
        try:
            decoded = json.loads(self.content)
        except ValueError:
            return {}
        return decoded if isinstance(decoded, dict) else {}

    @property
    def is_redirect(self) -> bool:
        """Whether the client is sent elsewhere."""
        return 300 <= self.status < 400

    @property
    def challenge(self) -> str:
        """The WWW-Authenticate header."""
        return str(self.headers.get("www-authenticate", ""))


class Site:
    """The site whose MCP endpoint is `url`. Redirects are never followed: connectors do not follow them either."""

    def __init__(self, url: str) -> None:
        self.url = url
        parts = urlsplit(url)
        self.origin = f"{parts.scheme}://{parts.netloc}"
        self.answers: list[Answer] = []
        self._http = httpx2.Client(timeout=VENDOR_LIMIT_SECONDS, follow_redirects=False)
        self._kept: dict[str, Answer] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._http.close()

    def send(self, method: str, url: str, *, http: httpx2.Client | None = None, **options: Any) -> Answer:
        """Send one request.

        Raises:
            Skipped: nothing answers, or not in time; the checks named reachable and timing report that.
        """
        started_at = time.perf_counter()
        try:
            response = (http or self._http).request(method, url, **options)
        except httpx2.TimeoutException:
            self.answers.append(Answer(method, url, 0, httpx2.Headers(), b"", time.perf_counter() - started_at))
            raise Skipped(f"{method} {url} had no answer within {VENDOR_LIMIT_SECONDS} seconds") from None
        except httpx2.HTTPError as error:
            raise Skipped(f"{method} {url}: {type(error).__name__}: {error}") from None
        seconds = time.perf_counter() - started_at
        answer = Answer(method, url, response.status_code, response.headers, response.content, seconds)
        self.answers.append(answer)
        return answer

    def document(self, path: str) -> Answer:
        """A public document, fetched once."""
        if path not in self._kept:
            self._kept[path] = self.send("GET", self.origin + path)
        return self._kept[path]

    def document_paths(self, document: str) -> list[str]:
        """Every form of a document: at the root, with the endpoint's path, and below it."""
        path = urlsplit(self.url).path.rstrip("/")
        return [f"/.well-known/{document}", f"/.well-known/{document}{path}", f"{path}/.well-known/{document}"]

    def fields(self, document: str) -> dict[str, Any]:
        """The fields of a document, in the form with the path, which the specifications name first.

        Raises:
            Skipped: there is no such document.
        """
        answer = self.document(self.document_paths(document)[1])
        if answer.status != 200 or not answer.json():
            raise Skipped(f"{answer.name} has no document")
        return answer.json()

    def call(self, *, token: str | None = None, **headers: str) -> Answer:
        """A `tools/list` over the stateless revision of 2025-11-25.

        Raises:
            Skipped: it is redirected; the check named no-redirect reports that.
        """
        answer = self.call_anyhow(token=token, **headers)
        if answer.is_redirect:
            raise Skipped(f"{answer.name} is redirected")
        return answer

    def call_anyhow(self, *, token: str | None = None, url: str | None = None, **headers: str) -> Answer:
        """The same, wherever it is answered from."""
        authorization = {"Authorization": f"Bearer {token}"} if token else {}
        return self.send(
            "POST",
            url or self.url,
            json={"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}},
            headers={
                "Accept": "application/json, text/event-stream",
                "MCP-Protocol-Version": "2025-11-25",
                **authorization,
                **headers,
            },
        )
