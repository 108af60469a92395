"""A real nginx with deploy/nginx.conf: only the lines that it tells everybody to change are changed."""

from __future__ import annotations

import contextlib
import os
import re
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.journeys.databases import PROJECT
from tests.nginx import MISSING, find_nginx

CONFIGURATION = PROJECT / "deploy" / "nginx.conf"
# What is written for people, and no line of the configuration.
_MARK = re.compile(r"^(?!\s*#)(?P<directive>.*?;) *# CHANGE.*$", re.MULTILINE)
START_SECONDS = 10
STOP_SECONDS = 10


@dataclass(frozen=True)
class Nginx:
    """Where it listens, and where it writes."""

    https_port: int
    http_port: int
    directory: Path

    @property
    def access_log(self) -> str:
        """What it has logged so far."""
        return (self.directory / "access.log").read_text()

    @property
    def error_log(self) -> str:
        """What it has complained of so far."""
        return (self.directory / "error.log").read_text()


def marked_directives() -> list[str]:
    """Every line of deploy/nginx.conf that a deployment changes, without its comment."""
    return [match["directive"].strip() for match in _MARK.finditer(CONFIGURATION.read_text())]


def changed(substitutions: Mapping[str, str]) -> str:
    """deploy/nginx.conf with every marked line replaced by what stands for it."""
    return _MARK.sub(lambda match: substitutions[match["directive"].strip()], CONFIGURATION.read_text())


def substitutions(
    *, directory: Path, certificate: Path, https_port: int, http_port: int, upstreams: list[int]
) -> dict[str, str]:
    """What a test changes: addresses, and where things are written."""
    temporary = "".join(
        f"{name}_temp_path {directory / name};" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    return {
        "pid /run/nginx.pid;": f"pid {directory / 'nginx.pid'};",
        "access_log /var/log/nginx/access.log paths;": f"access_log {directory / 'access.log'} paths; {temporary}",
        "error_log /var/log/nginx/error.log warn;": f"error_log {directory / 'error.log'} warn;",
        "server 127.0.0.1:8000;": " ".join(f"server 127.0.0.1:{port};" for port in upstreams),
        "listen 80 default_server;": f"listen 127.0.0.1:{http_port} default_server;",
        "listen 443 ssl http2;": f"listen 127.0.0.1:{https_port} ssl http2;",
        "server_name dexter.example.com;": "server_name localhost;",
        "ssl_certificate /etc/ssl/dexter/fullchain.pem;": f"ssl_certificate {certificate};",
        "ssl_certificate_key /etc/ssl/dexter/privkey.pem;": f"ssl_certificate_key {certificate};",
    }


@contextlib.contextmanager
def running_nginx(
    directory: Path, *, certificate: Path, https_port: int, http_port: int, upstreams: list[int]
) -> Iterator[Nginx]:
    """Run it while the block does.

    Raises:
        AssertionError: there is no nginx, or it did not start.
    """
    program = find_nginx()
    assert program is not None, MISSING
    configuration = directory / "nginx.conf"
    configuration.write_text(
        changed(
            substitutions(
                directory=directory,
                certificate=certificate,
                https_port=https_port,
                http_port=http_port,
                upstreams=upstreams,
            )
        )
    )
    # Its workers give root up for nobody, who may not look into a test's directory.
    directives = "daemon off; user root;" if os.geteuid() == 0 else "daemon off;"
    command = [program, "-p", str(directory), "-c", str(configuration), "-g", directives]
    startup_log = directory / "startup.log"
    with startup_log.open("wb") as output:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT)
    try:
        deadline = time.monotonic() + START_SECONDS
        while not _listens(https_port):
            assert process.poll() is None and time.monotonic() < deadline, startup_log.read_text()
            time.sleep(0.05)
        yield Nginx(https_port, http_port, directory)
    finally:
        process.terminate()
        process.wait(STOP_SECONDS)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
