"""A document that is fetched from a host of the tests' own."""

from __future__ import annotations

import time

import pytest

from oauth import fetching
from oauth.errors import DocumentNotFetched
from oauth.fetching import fetch_document
from oauth.tests.documents import URL

JSON_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


def refusal(url: str = URL) -> str:
    """Why nothing could be fetched."""
    with pytest.raises(DocumentNotFetched) as refused:
        fetch_document(url)
    return refused.value.reason


def all_slots_come_back() -> bool:
    """Whether every thread that fetched is done before long: none is left behind at a slow host."""
    until = time.monotonic() + 3
    while time.monotonic() < until:
        if fetching._slots._value == fetching.MAX_CONCURRENT_FETCHES:
            return True
        time.sleep(0.02)
    return False
