"""What deploy/nginx.conf makes of a request and of an answer, as a stand-in for the site sees it (design §10)."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
import pytest

from tests.journeys.certificates import make_certificate
from tests.journeys.listening import listening
from tests.journeys.nginx import Nginx, running_nginx
from tests.journeys.server import free_port

pytestmark = [pytest.mark.journey, pytest.mark.anyio]

SECONDS = 5
DONE = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
STREAM = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"


@dataclass
class StandIn:
    """A worker that keeps the head of every request, and answers with bytes or not at all."""

    answer: bytes = DONE
    heads: list[list[str]] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of one connection, or end it after the first."""
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            self.heads.append(head.decode().rstrip().split("\r\n"))
            if not self.answer:
                return
            writer.write(self.answer)

    def sent(self, name: str) -> list[str]:
        """Every value of a header of the last request."""
        pairs = [line.split(": ", 1) for line in self.heads[-1][1:]]
        return [value for found, value in pairs if found.lower() == name.lower()]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A self-signed certificate."""
    return make_certificate(tmp_path_factory.mktemp("certificate") / "localhost.pem", host="localhost")


@pytest.fixture
def ports() -> list[int]:
    """Where nginx looks for two workers."""
    return [free_port(), free_port()]


@pytest.fixture
def nginx(certificate: Path, ports: list[int], tmp_path: Path) -> Iterator[Nginx]:
    """nginx, in front of workers that are yet to come."""
    where = {"https_port": free_port(), "http_port": free_port()}
    with running_nginx(tmp_path, certificate=certificate, upstreams=ports, **where) as running:
        yield running


@pytest.fixture
def client(nginx: Nginx, certificate: Path) -> httpx2.AsyncClient:
    """A client of that nginx."""
    trust = ssl.create_default_context(cafile=str(certificate))
    return httpx2.AsyncClient(base_url=f"https://localhost:{nginx.https_port}", verify=trust, timeout=SECONDS)


async def test_what_the_sender_says_of_the_way_here_is_dropped(client: httpx2.AsyncClient, ports: list[int]) -> None:
    """One address, nginx's own: whoever counts more proxies than there are must not read the sender's words."""
    worker, forged = StandIn(), {"X-Forwarded-For": "203.0.113.7, 203.0.113.8", "X-Forwarded-Proto": "http"}

    async with listening(worker.serve, port=ports[0]), listening(worker.serve, port=ports[1]), client:
        await client.get("/mcp", headers={**forged, "X-Request-ID": "mine", "Connection": "close, Authorization"})

    assert worker.sent("X-Forwarded-For") == ["127.0.0.1"]
    assert worker.sent("X-Forwarded-Proto") == ["https"]
    assert worker.sent("Host") == ["localhost"]
    assert worker.sent("X-Request-ID") not in ([], ["mine"])
    assert worker.sent("Connection") == []


async def test_path_query_and_headers_arrive_as_they_were_sent(client: httpx2.AsyncClient, ports: list[int]) -> None:
    worker, sent = StandIn(), {"Authorization": "Bearer dxa_x", "User-Agent": "", "Mcp-Session-Id": "1"}

    async with listening(worker.serve, port=ports[0]), listening(worker.serve, port=ports[1]), client:
        await client.get("/mcp/a%2Fb//c/?a=%2F..%2F&b=+", headers=sent)

    assert worker.heads[-1][0] == "GET /mcp/a%2Fb//c/?a=%2F..%2F&b=+ HTTP/1.1"
    assert {name: worker.sent(name) for name in sent} == {name: [value] for name, value in sent.items()}


async def test_the_beginning_of_a_stream_arrives_before_its_end_is_sent(
    client: httpx2.AsyncClient, ports: list[int]
) -> None:
    """The end is not sent before the beginning has arrived. Nothing of the answer asks not to be buffered."""
    arrived = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(STREAM + b"c\r\ndata: first\n\r\n")
        await arrived.wait()
        writer.write(b"b\r\ndata: last\n\r\n0\r\n\r\n")
        await writer.drain()

    async with (
        listening(serve, port=ports[0]),
        listening(serve, port=ports[1]),
        client,
        client.stream("GET", "/mcp") as answer,
    ):
        lines = answer.aiter_lines()
        first = await asyncio.wait_for(anext(lines), SECONDS)
        arrived.set()
        rest = [line async for line in lines]

    assert (first, rest) == ("data: first", ["data: last"])


async def test_a_post_that_reached_a_worker_is_never_sent_twice(client: httpx2.AsyncClient, ports: list[int]) -> None:
    dying = StandIn(answer=b"")

    async with listening(dying.serve, port=ports[0]), listening(dying.serve, port=ports[1]), client:
        answer = await client.post("/mcp/token", content="grant_type=refresh_token")

    assert (answer.status_code, answer.json()["error"]) == (503, "temporarily_unavailable")
    assert len(dying.heads) == 1


async def test_a_post_that_reached_no_worker_goes_to_another(client: httpx2.AsyncClient, ports: list[int]) -> None:
    alive = StandIn()

    async with listening(alive.serve, port=ports[1]), client:
        answers = [await client.post("/mcp/token", content="grant_type=refresh_token") for _ in range(2)]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert len(alive.heads) == 2
