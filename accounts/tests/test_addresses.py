"""Where a request comes from: only what a trusted proxy wrote is believed."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import RequestFactory

from accounts.addresses import address_block, client_address


def request_from(remote: str, forwarded: str | None = None) -> Any:
    """A request from `remote` with that X-Forwarded-For."""
    extra: dict[str, Any] = {} if forwarded is None else {"HTTP_X_FORWARDED_FOR": forwarded}
    return RequestFactory().get("/", REMOTE_ADDR=remote, **extra)


def test_without_a_trusted_proxy_the_header_is_ignored(settings: Any) -> None:
    settings.DEXTER_TRUSTED_PROXIES = 0

    assert client_address(request_from("192.0.2.1", "198.51.100.1")) == "192.0.2.1"


@pytest.mark.parametrize(
    ("proxies", "forwarded", "expected"),
    [
        (1, "198.51.100.1", "198.51.100.1"),
        (1, "6.6.6.6, 198.51.100.1", "198.51.100.1"),
        (2, "6.6.6.6, 198.51.100.1, 10.0.0.1", "198.51.100.1"),
        (2, "10.0.0.1", None),
        (1, "", None),
        (1, "not an address", None),
        (1, "::ffff:198.51.100.1", "198.51.100.1"),
        (1, "[2001:db8::1]", "2001:db8::1"),
    ],
)
def test_each_trusted_proxy_wrote_one_entry_from_the_right(
    settings: Any, proxies: int, forwarded: str, expected: str | None
) -> None:
    settings.DEXTER_TRUSTED_PROXIES = proxies

    assert client_address(request_from("10.0.0.2", forwarded)) == expected


@pytest.mark.parametrize("remote", ["", "testserver", "unix:"])
def test_no_address_is_none(remote: str) -> None:
    assert client_address(request_from(remote)) is None


@pytest.mark.parametrize(
    ("address", "block"),
    [("192.0.2.1", "192.0.2.1"), ("2001:db8:1:2:3::4", "2001:db8:1:2::/64"), (None, "unknown")],
)
def test_limits_count_ipv6_by_network(address: str | None, block: str) -> None:
    assert address_block(address) == block
