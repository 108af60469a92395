"""A proxy that adds an access token to each request: the suite's server scenarios send none."""

from __future__ import annotations

from dataclasses import dataclass

from tests.journeys.forwarder import Alternating


@dataclass
class Authorizing(Alternating):
    """Forwards every request, its Host header untouched, with `token` in its Authorization header."""

    token: str = ""

    def rewritten(self, head: bytes) -> bytes:
        """The head with one more header."""
        return super().rewritten(head)[:-2] + f"Authorization: Bearer {self.token}\r\n\r\n".encode()
