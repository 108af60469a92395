"""Signing in, for tests: the form with a password, and whether it worked."""

from __future__ import annotations

from typing import Any

from django.test import Client

from accounts.tests.builders import PASSWORD

LOGIN = {"login": "ada@example.com", "password": PASSWORD}
# Where an assistant sent the person: what it asks comes back byte for byte.
AUTHORIZE = "/mcp/authorize?client_id=c%20d&redirect_uri=http%3A%2F%2F127.0.0.1%3A1%2Fcb&state=a%26b&scope=&x=%C3%A9"
SECOND_STEP = "/account/login/second-step/"


def sign_in(client: Client, email: str = "ada@example.com", password: str = PASSWORD, **fields: str) -> Any:
    """Post the sign-in form."""
    return client.post("/account/login/", {"login": email, "password": password, **fields})


def is_signed_in(client: Client) -> bool:
    """Whether the browser is."""
    return "_auth_user_id" in client.session
