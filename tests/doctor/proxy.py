"""A reverse proxy on loopback that does one thing wrong."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass

import httpx2
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route


@dataclass
class Exchange:
    """One request on its way through: a fault may change it, its answer, or answer in the site's place."""

    request: Request
    headers: dict[str, str]
    body: bytes
    answer: Response | None = None


Fault = Callable[[Exchange], None]
HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "content-encoding"}


class Proxy:
    """Forwards to `upstream`. `before` sees the request, `after` the answer; both may change it."""

    def __init__(self, upstream: str, port: int) -> None:
        self._upstream_url = upstream
        self._port = port
        self.before: Fault | None = None
        self.after: Fault | None = None

    async def _forward(self, request: Request) -> Response:
        headers = {name: value for name, value in request.headers.items() if name not in HOP_BY_HOP}
        exchange = Exchange(request, headers, await request.body())
        if self.before:
            self.before(exchange)
        if exchange.answer is None:
            target = request.url.path + (f"?{request.url.query}" if request.url.query else "")
            upstream: httpx2.AsyncClient = request.state.upstream
            answer = await upstream.request(request.method, target, content=exchange.body, headers=exchange.headers)
            exchange.answer = Response(answer.content, answer.status_code)
            for name, value in answer.headers.multi_items():
                if name.lower() not in HOP_BY_HOP:
                    exchange.answer.headers.append(name, value)
            if self.after:
                self.after(exchange)
        return exchange.answer

    @contextlib.asynccontextmanager
    async def _live(self, _app: Starlette) -> AsyncIterator[dict[str, httpx2.AsyncClient]]:
        async with httpx2.AsyncClient(base_url=self._upstream_url, follow_redirects=False, timeout=30) as upstream:
            yield {"upstream": upstream}

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """Listen, in a thread of its own."""
        methods = ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"]
        app = Starlette(routes=[Route("/{path:path}", self._forward, methods=methods)], lifespan=self._live)
        config = uvicorn.Config(
            app,
            host="127.0.0.1",
            port=self._port,
            loop="asyncio",
            log_config=None,
            date_header=False,
            server_header=False,
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        deadline = time.monotonic() + 10
        while not server.started:
            assert time.monotonic() < deadline and thread.is_alive(), "the proxy did not start"
            time.sleep(0.02)
        try:
            yield
        finally:
            server.should_exit = True
            thread.join(10)
