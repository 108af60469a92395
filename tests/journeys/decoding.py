"""What can be read out of a stored value by anybody: no encoding hides a secret, only encryption does."""

from __future__ import annotations

import base64
import binascii
import contextlib
import re
import zlib
from collections.abc import Iterator

# base64 in either alphabet, with or without padding.
ENCODED = re.compile(r"[A-Za-z0-9+/_-]{12,}=*")


def readings(text: str) -> Iterator[str]:
    """The text itself, what is base64 in it, and what is compressed in that."""
    yield text
    for run in ENCODED.findall(text):
        plain = run.rstrip("=").replace("+", "-").replace("/", "_")
        with contextlib.suppress(binascii.Error):
            decoded = base64.urlsafe_b64decode(plain + "=" * (-len(plain) % 4))
            yield decoded.decode("utf-8", errors="replace")
            with contextlib.suppress(zlib.error):
                yield zlib.decompress(decoded).decode("utf-8", errors="replace")
