"""A site as its visitors meet it: one public URL, one database, one or more processes that can die and come back."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import anyio
import httpx2
import redis

from tests.journeys.databases import PROJECT, Database
from tests.journeys.forwarder import Alternating

START_SECONDS = 60
STOP_SECONDS = 30
MAIL_SECONDS = 60
METADATA_PATH = "/.well-known/oauth-protected-resource/mcp"


@dataclass
class Process:
    """One process of a site. What it writes goes to `log`, whatever becomes of it."""

    command: list[str]
    environment: dict[str, str]
    log: Path
    was_killed: bool = False
    _running: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, again if need be."""
        assert self._running is None, "it is running"
        with self.log.open("ab") as output:
            self._running = subprocess.Popen(
                self.command,
                env=self.environment,
                cwd=PROJECT,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def kill(self) -> None:
        """SIGKILL: it gets to do nothing more."""
        assert self._running is not None, "it is not running"
        self.was_killed = True
        self._running.kill()
        self._running.wait(STOP_SECONDS)
        self._running = None

    def stop(self) -> None:
        """SIGTERM: it finishes what it is at."""
        if self._running is None:
            return
        self._running.send_signal(signal.SIGTERM)
        try:
            self._running.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"It did not stop:\n{self.log.read_text(errors='replace')}") from None
        self._running = None

    def is_alive(self) -> bool:
        """Whether it runs."""
        return self._running is not None and self._running.poll() is None


@dataclass
class Server(Process):
    """One uvicorn process, on a port of its own."""

    port: int = 0
    scheme: str = "http"

    @property
    def url(self) -> str:
        """Where this process listens, whatever the site's public URL is."""
        return f"{self.scheme}://127.0.0.1:{self.port}"

    async def wait_until_ready(self) -> None:
        """Wait until it answers.

        Raises:
            AssertionError: it ended, or took too long; with its log.
        """
        deadline = time.monotonic() + START_SECONDS
        # With https the certificate is one of the test's own, for another name.
        async with httpx2.AsyncClient(timeout=5, verify=False) as client:
            while True:
                with contextlib.suppress(httpx2.TransportError):
                    answer = await client.get(self.url + METADATA_PATH)
                    if answer.status_code == 200:
                        return
                ended_or_late = not self.is_alive() or time.monotonic() > deadline
                assert not ended_or_late, self.log.read_text(errors="replace")
                await anyio.sleep(0.05)

    async def kill_and_start_again(self) -> None:
        """SIGKILL, and the same command on the same port."""
        self.kill()
        self.start()
        await self.wait_until_ready()


@dataclass
class Site:
    """Dexter at `url`."""

    url: str
    database: Database
    servers: list[Server]
    workers: list[Process] = field(default_factory=list)
    forwarder: Alternating | None = None

    @property
    def server(self) -> Server:
        """The one process of a site that has one."""
        [server] = self.servers
        return server

    @property
    def mcp_url(self) -> str:
        """What a person gives to an assistant."""
        return f"{self.url}/mcp"

    def logs(self) -> str:
        """Everything that every process has written so far."""
        return "\n".join(process.log.read_text(errors="replace") for process in [*self.servers, *self.workers])

    async def mail_to(self, address: str) -> str:
        """The log from the first e-mail to `address` on, as soon as there is one."""
        deadline = time.monotonic() + MAIL_SECONDS
        while f"To: {address}" not in self.logs():
            assert time.monotonic() < deadline, f"No mail to {address}:\n{self.logs()}"
            await anyio.sleep(0.05)
        return self.logs().partition(f"To: {address}")[2]


@contextlib.asynccontextmanager
async def open_site(
    database: Database,
    directory: Path,
    *,
    processes: int = 1,
    own_port: int | None = None,
    worker: bool = False,
    application: str = "dexter.asgi:application",
    origin: str = "http://127.0.0.1",
    certificate: Path | None = None,
    settings: Mapping[str, str] | None = None,
    may_crash: bool = False,
) -> AsyncIterator[Site]:
    """Serve `database` with so many uvicorn processes; `settings` are environment variables.

    With several processes, each request goes to another one than the last; a single one may be told its port. With
    `worker`, a Celery worker runs if there is a Redis, and without one tasks run where they are sent, as everywhere. An
    `origin` with https needs a `certificate`, a PEM file with its key. A stack trace in a log fails the test,
    unless the site `may_crash`.
    """
    ports = [own_port or free_port() for _ in range(processes)]
    public_port = ports[0] if processes == 1 else free_port()
    async with contextlib.AsyncExitStack() as stack:
        environment = {
            **os.environ,
            "DEXTER_PUBLIC_URL": f"{origin}:{public_port}",
            "DATABASE_URL": database.url,
            "REDIS_URL": stack.enter_context(_redis_database(os.environ.get("TEST_REDIS_URL", ""))),
            "PYTHONUNBUFFERED": "1",
            **(settings or {}),
        }
        site = Site(environment["DEXTER_PUBLIC_URL"], database, servers=[])
        for port in ports:
            log = directory / f"uvicorn-{port}.log"
            command = [*_uvicorn(application, port), *([f"--ssl-certfile={certificate}"] if certificate else [])]
            site.servers.append(Server(command, environment, log, port=port, scheme=urlsplit(origin).scheme))
        if worker and environment["REDIS_URL"]:
            site.workers.append(Process(_celery_worker(), environment, directory / "celery.log"))
        if processes > 1:
            site.forwarder = Alternating(ports)
            await stack.enter_async_context(site.forwarder.listening_at(public_port))
        for process in [*site.servers, *site.workers]:
            stack.callback(process.stop)
            process.start()
        for server in site.servers:
            await server.wait_until_ready()
        yield site
    _before, traceback, after = site.logs().partition("Traceback")
    assert may_crash or not traceback, f"Something crashed:\n{after[:4000]}"


def free_port() -> int:
    """A port that nothing listens on, below those that the system hands out to outgoing connections.

    So it stays free while the process that had it is dead.
    """
    # Not `random` itself, which the test run seeds: every parallel run would try the same ports.
    for port in random.SystemRandom().sample(range(12_000, 32_000), 50):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError("No port is free.")


def _uvicorn(application: str, port: int) -> list[str]:
    command = [sys.executable, "-m", "uvicorn", application, "--host=127.0.0.1", f"--port={port}"]
    return [*command, "--no-proxy-headers", "--no-access-log"]


def _celery_worker() -> list[str]:
    command = [sys.executable, "-m", "celery", "--app=dexter", "worker", "--pool=solo", "--loglevel=INFO"]
    return [*command, "--without-gossip", "--without-mingle"]


@contextlib.contextmanager
def _redis_database(url: str) -> Iterator[str]:
    """A database of the Redis at `url` that is this site's alone; an empty string if there is no Redis.

    The site's queue and cache must not be emptied by the tests around it, nor its mail sent by another site's worker.
    """
    if not url:
        yield ""
        return
    with redis.Redis.from_url(url) as server:
        databases = int(server.config_get("databases")["databases"])
    # From the top: the tests' own caches are at the bottom.
    for number in reversed(range(databases)):
        own_url = urlunsplit(urlsplit(url)._replace(path=f"/{number}"))
        with redis.Redis.from_url(own_url) as client:
            if not client.set("journey:taken", 1, nx=True, ex=3600):
                continue
            yield own_url
            client.flushdb()
            return
    raise AssertionError("Every database of the Redis is taken.")
