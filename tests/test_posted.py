"""Every address that only takes forms says which page has the form: whoever ends up there is led to that page."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from accounts.posted import page_at
from accounts.tests.builders import make_user

pytestmark = pytest.mark.django_db
SAMPLES: dict[str, Any] = {"UUIDConverter": uuid.UUID(int=1), "IntConverter": 1}


def addresses(resolver: URLResolver, namespace: str = "") -> Iterator[str]:
    """One of each route that has a name, but for the admin's."""
    for pattern in resolver.url_patterns:
        if isinstance(pattern, URLResolver) and pattern.namespace != "admin":
            yield from addresses(pattern, f"{pattern.namespace}:" if pattern.namespace else namespace)
        elif isinstance(pattern, URLPattern) and pattern.name:
            converters = pattern.pattern.converters
            arguments = {name: SAMPLES.get(type(each).__name__, "x") for name, each in converters.items()}
            yield reverse(namespace + pattern.name, kwargs=arguments)


def test_whoever_cannot_visit_an_address_is_led_to_a_page(client: Client) -> None:
    client.force_login(make_user())
    led_on = {}

    for address in addresses(get_resolver()):
        answer = client.get(address)
        # What programs post to answers them in JSON; no page of ours stands there.
        assert answer.status_code != 405 or "json" in answer.headers["Content-Type"], address
        if page_at(address) != address:
            led_on[address] = client.get(page_at(address)).status_code

    assert len(led_on) == 8
    assert set(led_on.values()) <= {200, 302}
