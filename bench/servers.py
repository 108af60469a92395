"""The servers that are measured: each is one uvicorn process, set up as in production."""

from __future__ import annotations

import contextlib
import os
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import psutil

PUBLIC_HOST = "dexter.example.com"
START_SECONDS = 60


@dataclass(frozen=True)
class Server:
    """A running server: where it is, whom it knows, and how to measure its memory."""

    name: str
    host: str
    port: int
    token: str
    process: psutil.Process

    def resident_memory(self) -> int:
        """Bytes of memory that the process holds now."""
        resident: int = self.process.memory_info().rss
        return resident


@contextlib.contextmanager
def bare_server(directory: Path) -> Iterator[Server]:
    """The SDK alone."""
    token = secrets.token_urlsafe(32)
    with _uvicorn("bench.bare:app", {**os.environ, "BENCH_TOKEN": token}, directory / "bare.log") as (process, port):
        yield Server("bare SDK", f"127.0.0.1:{port}", port, token, process)


@contextlib.contextmanager
def dexter_server(name: str, directory: Path, backends: Mapping[str, str]) -> Iterator[Server]:
    """Dexter with the database and Redis that `backends` names, debug off and an https public URL."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("DEXTER_")} | {
        "DJANGO_SETTINGS_MODULE": "dexter.settings",
        "DEXTER_ENV_FILE": os.devnull,
        "DEXTER_DEBUG": "false",
        "DEXTER_PUBLIC_URL": f"https://{PUBLIC_HOST}",
        "DEXTER_SECRET_KEY": secrets.token_urlsafe(64),
        "DEXTER_EMAIL_URL": "smtp://127.0.0.1:9",
        **backends,
    }
    subprocess.run([sys.executable, "manage.py", "migrate", "--verbosity", "0"], env=environment, check=True)
    seeded = subprocess.run(
        [sys.executable, "-m", "bench.seed"], env=environment, check=True, stdout=subprocess.PIPE, text=True
    )
    log = directory / f"{name.replace(' ', '-')}.log"
    with _uvicorn("dexter.asgi:application", environment, log) as (process, port):
        yield Server(name, PUBLIC_HOST, port, seeded.stdout.strip(), process)


@contextlib.contextmanager
def _uvicorn(application: str, environment: Mapping[str, str], log: Path) -> Iterator[tuple[psutil.Process, int]]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    command = [sys.executable, "-m", "uvicorn", application, "--host", "127.0.0.1", "--port", str(port)]
    options = ["--no-access-log", "--no-proxy-headers", "--log-level", "warning"]
    with log.open("wb") as output:
        process = subprocess.Popen([*command, *options], env=environment, stdout=output, stderr=subprocess.STDOUT)
    try:
        _wait_for(port, process, log)
        yield psutil.Process(process.pid), port
    finally:
        process.terminate()
        process.wait(30)


def _wait_for(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"The server did not start:\n{log.read_text(errors='replace')[-4000:]}")
        time.sleep(0.1)
