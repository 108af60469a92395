"""Typing codes, and every way in which one stops working, named as its reason is in the audit log; for tests."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import User
from accounts.tests.builders import make_user
from linking.errors import CodeRefused
from linking.models import LinkingCode
from linking.services import preview_linking_code
from linking.tests.builders import pass_time
from oauth.models import Client, ConnectorSession
from oauth.services import block_client

ADDRESS = "203.0.113.7"
WRONG = "AAA-AAA"


def type_code(account: User, code: str = WRONG, address: str | None = ADDRESS) -> LinkingCode:
    """Type a code, by default a wrong one."""
    return preview_linking_code(account=account, code=code, address=address)


def guess_wrong(account: User, times: int, address: str | None = ADDRESS) -> None:
    """Type a wrong code so often that it is compared each time."""
    for _ in range(times):
        with pytest.raises(CodeRefused):
            type_code(account, address=address)


def used(code: LinkingCode) -> None:
    LinkingCode.objects.filter(pk=code.pk).update(used_at=timezone.now())


def ended(code: LinkingCode) -> None:
    LinkingCode.objects.filter(pk=code.pk).update(ended_at=timezone.now())


def expired(code: LinkingCode) -> None:
    pass_time(timedelta(minutes=10))


def session_ended(code: LinkingCode) -> None:
    ConnectorSession.objects.filter(linking_codes=code).update(ended_at=timezone.now(), end_reason="user")


def client_blocked(code: LinkingCode) -> None:
    block_client(
        client=Client.objects.get(connector_sessions__linking_codes=code),
        actor=make_user("staff@example.com"),
        blocked=True,
    )


def identity_inactive(code: LinkingCode) -> None:
    assert code.identity is not None
    User.objects.filter(pk=code.identity.pk).update(is_active=False)


def issuer_changed(code: LinkingCode) -> None:
    LinkingCode.objects.filter(pk=code.pk).update(issuer="https://old.example.com/mcp")


DEAD: list[Callable[[LinkingCode], None]] = [
    used,
    ended,
    expired,
    session_ended,
    client_blocked,
    identity_inactive,
    issuer_changed,
]
