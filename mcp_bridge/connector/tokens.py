"""Where the tokens of the terminal's MCP client are kept: in memory, or in a file that only its owner can read."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

from mcp.shared.auth import OAuthClientInformationFull, OAuthToken


class MemoryTokens:
    """Forgotten when the command ends. What the SDK calls a TokenStorage."""

    def __init__(self) -> None:
        self._tokens: OAuthToken | None = None
        self._client: OAuthClientInformationFull | None = None
        self.expires_at: float | None = None

    async def get_tokens(self) -> OAuthToken | None:
        """The tokens, if there are any."""
        return self._tokens

    async def set_tokens(self, tokens: OAuthToken) -> None:
        """Keep new tokens."""
        self._tokens = tokens
        self.expires_at = time.time() + tokens.expires_in if tokens.expires_in else None

    async def get_client_info(self) -> OAuthClientInformationFull | None:
        """The registration, if there is one."""
        return self._client

    async def set_client_info(self, client_info: OAuthClientInformationFull) -> None:
        """Keep a new registration."""
        self._client = client_info


class FileTokens(MemoryTokens):
    """Kept in `path` (mode 0600) for the next run against the same `server_url`."""

    def __init__(self, path: Path, *, server_url: str) -> None:
        super().__init__()
        self._path = path
        self._server_url = server_url
        self._load()

    async def set_tokens(self, tokens: OAuthToken) -> None:
        """Keep new tokens."""
        await super().set_tokens(tokens)
        self._save()

    async def set_client_info(self, client_info: OAuthClientInformationFull) -> None:
        """Keep a new registration."""
        await super().set_client_info(client_info)
        self._save()

    def _load(self) -> None:
        try:
            stored: dict[str, Any] = json.loads(self._path.read_text())
            if stored["server_url"] != self._server_url:
                return
            self._tokens = OAuthToken.model_validate(stored["tokens"]) if stored["tokens"] else None
            self._client = OAuthClientInformationFull.model_validate(stored["client"]) if stored["client"] else None
            self.expires_at = stored["expires_at"]
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            # A file that is not ours to read is written anew after the next sign-in.
            return

    def _save(self) -> None:
        stored = {
            "server_url": self._server_url,
            "expires_at": self.expires_at,
            "tokens": self._tokens.model_dump(mode="json") if self._tokens else None,
            "client": self._client.model_dump(mode="json", exclude_none=True) if self._client else None,
        }
        draft = self._path.with_name(f"{self._path.name}.{os.getpid()}")
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump(stored, file)
        draft.replace(self._path)
