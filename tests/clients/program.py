"""A program that is asked one thing at a time, by JSON lines, or once, by its arguments."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.clients.desktop import Desktop
from tests.nodejs import PACKAGES, node

# What takes longer is stuck: a sign-in of a person in a browser is the longest there is.
LIMIT_SECONDS = 90
DRIVERS = Path(__file__).parent
# A line may hold a whole answer.
LINE_LIMIT = 4 * 1024 * 1024


class ClientFailed(Exception):
    """The client says that it could not do what it was asked."""


@dataclass
class Finished:
    """What became of a program that ran to its end."""

    exit_code: int | None
    output: str
    errors: str


@dataclass
class Driver:
    """A small program around a client library; it answers each line with one line."""

    process: asyncio.subprocess.Process
    written: list[str] = field(default_factory=list)

    async def ask(self, what: str, **arguments: object) -> Any:
        """What the client answers.

        Raises:
            ClientFailed: it could not; with the library's own words.
            AssertionError: it ended, or took too long; with what it wrote.
        """
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write(json.dumps({"do": what, **arguments}).encode() + b"\n")
        try:
            async with asyncio.timeout(LIMIT_SECONDS):
                await self.process.stdin.drain()
                line = await self.process.stdout.readline()
        except TimeoutError:
            raise AssertionError(f"No answer to {what!r}:\n{self.output}") from None
        assert line, f"It ended instead of answering {what!r}:\n{self.output}"
        answer = json.loads(line)
        if "failed" in answer:
            raise ClientFailed(f"{what}: {answer['failed']}\n{self.output}")
        return answer["answer"]

    async def call(self, tool: str, **arguments: object) -> Any:
        """A tool's structured answer."""
        return await self.ask("call", tool=tool, arguments=arguments)

    @property
    def output(self) -> str:
        """What it has written to its standard error so far."""
        return "".join(self.written)

    async def listen(self) -> None:
        """Keep what it writes to its standard error."""
        assert self.process.stderr is not None
        async for line in self.process.stderr:
            self.written.append(line.decode(errors="replace"))


@contextlib.asynccontextmanager
async def driver(desktop: Desktop, *command: str | Path, **environment: str) -> AsyncIterator[Driver]:
    """Run a driver while the block runs."""
    async with _process(desktop, command, environment, stdin=asyncio.subprocess.PIPE) as process:
        running = Driver(process)
        listening = asyncio.create_task(running.listen())
        try:
            yield running
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await listening


def node_driver(desktop: Desktop, name: str, *arguments: str) -> contextlib.AbstractAsyncContextManager[Driver]:
    """Run one of the drivers around JavaScript libraries."""
    return driver(desktop, node(), "--import", DRIVERS / "packages.mjs", DRIVERS / name, *arguments)


async def run(desktop: Desktop, *command: str | Path, typed: str = "", **environment: str) -> Finished:
    """Run a program to its end; `typed` is what it finds on its standard input.

    Raises:
        AssertionError: it was not done in time; with what it wrote.
    """
    async with _process(desktop, command, environment, stdin=asyncio.subprocess.PIPE) as process:
        assert process.stdin is not None and process.stdout is not None and process.stderr is not None
        process.stdin.write(typed.encode())
        process.stdin.close()
        output, errors = bytearray(), bytearray()
        try:
            async with asyncio.timeout(LIMIT_SECONDS), asyncio.TaskGroup() as tasks:
                tasks.create_task(_collect(process.stdout, output))
                tasks.create_task(_collect(process.stderr, errors))
                await process.wait()
        except TimeoutError:
            raise AssertionError(f"Not done in time:\n{output.decode()}\n{errors.decode()}") from None
        return Finished(process.returncode, output.decode(), errors.decode())


async def _collect(stream: asyncio.StreamReader, into: bytearray) -> None:
    while piece := await stream.read(65536):
        into += piece


@contextlib.asynccontextmanager
async def _process(
    desktop: Desktop, command: tuple[str | Path, ...], environment: dict[str, str], *, stdin: int
) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=PACKAGES,
        env=desktop.environment(**environment),
        stdin=stdin,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        limit=LINE_LIMIT,
    )
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
