"""A digest of everything in Django REST framework that the API overrides or relies on the inside of.

When an upgrade changes one of them this fails: read the change, see whether ours still holds, renew the digest.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.authentication import SessionAuthentication
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.parsers import JSONParser
from rest_framework.views import APIView, exception_handler

from accounts.tests.upstream import digest_of

DIGESTS: list[tuple[Callable[..., Any], str]] = [
    # Overridden by WebsiteSession: no guests, and a refusal of its own.
    (SessionAuthentication.authenticate, "09ed6cd8c2f1085e"),
    (SessionAuthentication.enforce_csrf, "e54fe9609c9c9c72"),
    # Overridden by ApiView: which method there is comes before who asks.
    (APIView.initial, "49a4a966fb04ec8a"),
    (APIView.options, "0a12b395b775487b"),
    # Replaced by ours: a parser with a limit, one format, and problems in place of every error.
    (JSONParser.parse, "c3e7fe4eca088920"),
    (DefaultContentNegotiation.select_parser, "ade132ec1e624c30"),
    (exception_handler, "9a8bc1986cccb916"),
    # Adds the challenge to a 401, which our handler takes over.
    (APIView.handle_exception, "c713c21f901e2562"),
]


@pytest.mark.parametrize(("upstream", "digest"), DIGESTS, ids=lambda value: getattr(value, "__qualname__", None))
def test_upstream_is_what_we_read(upstream: Callable[..., Any], digest: str) -> None:
    assert digest_of(upstream) == digest
