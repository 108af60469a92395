"""One `auth_info` call in each protocol revision, as the SDK's own client writes it, and wrk sending it."""

from __future__ import annotations

import json
import re
import subprocess
import tempfile
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mcp_types import CLIENT_CAPABILITIES_META_KEY, CLIENT_INFO_META_KEY, PROTOCOL_VERSION_META_KEY

REVISIONS = ("2026-07-28", "2025-11-25")
TOOL = "auth_info"


@dataclass(frozen=True)
class Call:
    """A request that wrk repeats."""

    url: str
    headers: Mapping[str, str]
    body: str

    def send(self) -> dict[str, Any]:
        """Send it once; returns the tool's structured answer.

        Raises:
            RuntimeError: the answer is not a successful one; there is nothing to measure then.
        """
        request = urllib.request.Request(self.url, self.body.encode(), dict(self.headers), method="POST")
        with urllib.request.urlopen(request, timeout=30) as response:
            answer = json.load(response)
        result = answer.get("result", {})
        if result.get("isError") or not result.get("structuredContent", {}).get("subject"):
            raise RuntimeError(f"{self.url} did not answer {TOOL}: {answer}")
        structured: dict[str, Any] = result["structuredContent"]
        return structured

    def script(self) -> str:
        """The call as a script for wrk."""
        headers = "\n".join(f"wrk.headers[ {_lua(name)} ] = {_lua(value)}" for name, value in self.headers.items())
        return f'wrk.method = "POST"\nwrk.body = {_lua(self.body)}\n{headers}\n'


@dataclass(frozen=True)
class Measurement:
    """What wrk saw."""

    calls: int
    calls_per_second: float
    median_ms: float
    p99_ms: float


def make_call(port: int, token: str, revision: str, *, host: str) -> Call:
    """An `auth_info` call to the server at `port`."""
    headers = {
        "Host": host,
        "Authorization": f"Bearer {token}",
        "Content-Type": "application/json",
        "Accept": "application/json, text/event-stream",
        "MCP-Protocol-Version": revision,
    }
    params: dict[str, Any] = {"name": TOOL, "arguments": {}}
    if revision == "2026-07-28":
        headers |= {"Mcp-Method": "tools/call", "Mcp-Name": TOOL}
        params["_meta"] = {
            PROTOCOL_VERSION_META_KEY: revision,
            CLIENT_INFO_META_KEY: {"name": "bench", "version": "1"},
            CLIENT_CAPABILITIES_META_KEY: {},
        }
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params})
    return Call(f"http://127.0.0.1:{port}/mcp", headers, body)


def run_wrk(call: Call, *, seconds: int, connections: int) -> Measurement:
    """Repeat `call` for `seconds` over `connections`, from one thread.

    Raises:
        RuntimeError: an answer was not 200, or a connection failed; such a figure would say nothing.
    """
    with tempfile.TemporaryDirectory() as directory:
        script = Path(directory) / "call.lua"
        script.write_text(call.script())
        command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s", "--latency"]
        done = subprocess.run([*command, "-s", str(script), call.url], capture_output=True, text=True, check=True)
    if "Non-2xx" in done.stdout or "Socket errors" in done.stdout:
        raise RuntimeError(f"wrk saw failures:\n{done.stdout}{done.stderr}")
    return Measurement(
        calls=int(_find(r"(\d+) requests in", done.stdout)),
        calls_per_second=float(_find(r"Requests/sec:\s+([\d.]+)", done.stdout)),
        median_ms=_milliseconds(_find(r"\n +50% +(\S+)", done.stdout)),
        p99_ms=_milliseconds(_find(r"\n +99% +(\S+)", done.stdout)),
    )


def _find(pattern: str, text: str) -> str:
    found = re.search(pattern, text)
    if found is None:
        raise RuntimeError(f"wrk printed something else than expected:\n{text}")
    return found[1]


def _milliseconds(duration: str) -> float:
    unit = duration.lstrip("0123456789.")
    return float(duration.removesuffix(unit)) * {"us": 0.001, "ms": 1, "s": 1000, "m": 60_000}[unit]


def _lua(text: str) -> str:
    return "[==[" + text + "]==]"
