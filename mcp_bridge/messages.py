"""What the gate has to know of a request's body: how large it is, and which tools it calls."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from starlette.types import Message, Receive


class BodyTooLarge(Exception):
    """The body has more bytes than the limit."""


class ClientLeft(Exception):
    """The client closed the connection before it had sent its whole body."""


@dataclass(frozen=True)
class Call:
    """One JSON-RPC message as far as the gate reads it. `tool` is set for a tools/call."""

    method: str
    tool: str | None


async def read_body(receive: Receive, *, limit: int, content_length: str | None = None) -> bytes:
    """The whole body.

    Raises:
        BodyTooLarge: it is, or says that it is, larger than `limit` bytes.
        ClientLeft: it never arrived.
    """
    if content_length is not None and content_length.isdecimal() and int(content_length[:20]) > limit:
        raise BodyTooLarge
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise ClientLeft
        body += message.get("body", b"")
        if len(body) > limit:
            raise BodyTooLarge
        if not message.get("more_body", False):
            return bytes(body)


def replay_body(body: bytes, receive: Receive) -> Receive:
    """A `receive` that gives `body` once and then whatever comes next."""
    pending: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Message:
        return pending.pop() if pending else await receive()

    return replay


def decode(body: bytes) -> Any:
    """The body's JSON, or None where there is none; what that means is for the SDK to say."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def read_calls(decoded: Any) -> list[Call]:
    """The messages of a decoded body, single or batch."""
    return [_read_call(message) for message in (decoded if isinstance(decoded, list) else [decoded])]


def has_malformed_id(decoded: Any) -> bool:
    """Whether a message has an `id` that is none (JSON-RPC 2.0 §4; MCP: not null). The SDK takes it for a notification,
    and its sender would wait for an answer."""
    if not isinstance(decoded, Mapping) or "id" not in decoded:
        return False
    return isinstance(decoded["id"], bool) or not isinstance(decoded["id"], str | int)


def _read_call(message: Any) -> Call:
    method = message.get("method") if isinstance(message, Mapping) else None
    params = message.get("params") if isinstance(message, Mapping) else None
    tool = params.get("name") if method == "tools/call" and isinstance(params, Mapping) else None
    return Call(method=method if isinstance(method, str) else "", tool=tool if isinstance(tool, str) else None)
