"""How an upgrade that touches what we override is seen."""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable
from typing import Any


def digest_of(upstream: Callable[..., Any]) -> str:
    """The start of the SHA-256 of its source."""
    return hashlib.sha256(inspect.getsource(upstream).encode()).hexdigest()[:16]
