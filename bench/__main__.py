"""`make bench`: `auth_info` calls per second on one uvicorn process, and memory after many of them.

The servers take turns, so that whatever else the machine does meets all of them.
"""

from __future__ import annotations

import argparse
import contextlib
import shutil
import statistics
import sys
import tempfile
from pathlib import Path

from bench.calls import REVISIONS, Measurement, make_call, run_wrk
from bench.machine import describe_machine
from bench.servers import Server, bare_server, dexter_server
from tests.backends import postgres_server, redis_server, stop_in_order_on_signals

WARM_UP_SECONDS = 2


def main() -> int:
    """Measure and print; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--seconds", type=int, default=8, help="length of each measurement (default: 8)")
    parser.add_argument("--rounds", type=int, default=3, help="measurements of each server and revision (default: 3)")
    parser.add_argument("--connections", type=int, default=16, help="connections that wrk keeps open (default: 16)")
    parser.add_argument(
        "--memory-calls", type=int, default=50_000, help="calls before memory is looked at again (default: 50000)"
    )
    options = parser.parse_args()
    if shutil.which("wrk") is None:
        print("wrk is missing. Get it with: apt-get install wrk (Debian, Ubuntu) or: brew install wrk (macOS)")
        return 1
    stop_in_order_on_signals()
    with contextlib.ExitStack() as stack:
        servers = _start(stack)
        at_start = {server.name: server.resident_memory() for server in servers}
        print(f"\nThe machine\n\n{describe_machine()}\n", flush=True)
        results = _take_turns(servers, options)
        _print_speed(servers, results, options)
        _print_memory(servers, results, at_start, options)
    return 0


def _start(stack: contextlib.ExitStack) -> list[Server]:
    """The bare SDK, Dexter as it runs by default, and Dexter as it runs in production."""
    directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="dexter-bench-")))
    sqlite = {"DATABASE_URL": f"sqlite:///{directory}/bench.sqlite3", "REDIS_URL": ""}
    postgres = {
        "DATABASE_URL": stack.enter_context(postgres_server()),
        "REDIS_URL": stack.enter_context(redis_server()),
    }
    return [
        stack.enter_context(bare_server(directory)),
        stack.enter_context(dexter_server("Dexter, SQLite", directory, sqlite)),
        stack.enter_context(dexter_server("Dexter, PostgreSQL", directory, postgres)),
    ]


Results = dict[tuple[str, str], list[Measurement]]


def _take_turns(servers: list[Server], options: argparse.Namespace) -> Results:
    results: Results = {(server.name, revision): [] for server in servers for revision in REVISIONS}
    for measured in (False, *[True] * options.rounds):
        for revision in REVISIONS:
            for server in servers:
                results[server.name, revision] += [_measure(server, revision, measured, options)]
    return results


def _measure(server: Server, revision: str, measured: bool, options: argparse.Namespace) -> Measurement:
    call = make_call(server.port, server.token, revision, host=server.host)
    call.send()
    seconds = options.seconds if measured else WARM_UP_SECONDS
    measurement = run_wrk(call, seconds=seconds, connections=options.connections)
    call.send()
    return measurement


def _print_speed(servers: list[Server], results: Results, options: argparse.Namespace) -> None:
    print(
        f"`auth_info`, one uvicorn process, {options.connections} connections; the median of {options.rounds} rounds "
        f"of {options.seconds} s, after a warm-up\n"
    )
    print(f"  {'revision':<12} {'server':<20} {'calls/s':>9} {'50% ms':>8} {'99% ms':>8}  of bare")
    for revision in REVISIONS:
        bare = _median(results[servers[0].name, revision])
        for server in servers:
            speed = _median(results[server.name, revision])
            measured = results[server.name, revision][1:]
            half, slow = (
                statistics.median(getattr(one, field) for one in measured) for field in ("median_ms", "p99_ms")
            )
            print(f"  {revision:<12} {server.name:<20} {speed:>9.0f} {half:>8.1f} {slow:>8.1f}  {speed / bare:>7.2f}")


def _median(measurements: list[Measurement]) -> float:
    # The first is the warm-up.
    return statistics.median(one.calls_per_second for one in measurements[1:])


def _print_memory(
    servers: list[Server], results: Results, at_start: dict[str, int], options: argparse.Namespace
) -> None:
    print(f"\nResident memory, at the start and after at least {options.memory_calls:,} calls\n")
    print(f"  {'server':<20} {'start MiB':>10} {'end MiB':>10} {'calls':>10}")
    for server in servers:
        calls = sum(one.calls for revision in REVISIONS for one in results[server.name, revision])
        while calls < options.memory_calls:
            calls += _measure(server, REVISIONS[0], True, options).calls
        start, end = at_start[server.name] / 2**20, server.resident_memory() / 2**20
        print(f"  {server.name:<20} {start:>10.1f} {end:>10.1f} {calls:>10,}")


if __name__ == "__main__":
    sys.exit(main())
