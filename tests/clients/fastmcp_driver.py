"""An application on FastMCP's client and its `OAuth`. Its argument is the URL that a person gave it.

It answers every line of its standard input with one line, as the drivers in JavaScript do.
"""

from __future__ import annotations

import asyncio
import json
import sys
import traceback
from typing import Any

from fastmcp import Client
from fastmcp.client.auth import OAuth
from key_value.aio.stores.memory import MemoryStore


async def main(url: str) -> None:
    """Serve until the standard input ends."""
    oauth = OAuth(client_name="Application on FastMCP", token_storage=MemoryStore(), callback_timeout=60)
    async with Client(url, auth=oauth) as client:
        while line := await asyncio.to_thread(sys.stdin.readline):
            try:
                said = {"answer": await answer(client, json.loads(line))}
            except Exception as error:
                traceback.print_exc()
                said = {"failed": f"{type(error).__name__}: {error}"}
            print(json.dumps(said), flush=True)


async def answer(client: Client[Any], asked: dict[str, Any]) -> Any:
    """What is asked for."""
    if asked["do"] == "tools":
        return [tool.name for tool in await client.list_tools()]
    result = await client.call_tool(asked["tool"], asked["arguments"])
    return result.structured_content


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
