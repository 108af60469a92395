"""One builder per model of linking, and the principal of a session."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db.models import F
from django.utils import timezone

from accounts.models import User
from accounts.tests.builders import let_counters_age, make_guest, make_user
from linking.codes import digest_code, display_code, generate_code
from linking.limits import CODE_LIFETIME
from linking.models import AccountLink, LinkingCode, LinkInitiator
from oauth.bearer import Principal, resolve_bearer_token
from oauth.models import ConnectorSession
from oauth.tests.builders import make_access_token, make_session


def make_linking_code(session: ConnectorSession | None = None, **fields: Any) -> tuple[LinkingCode, str]:
    """A live code of a guest's session, and the code as people see it."""
    session = session or make_session()
    code = generate_code()
    defaults: dict[str, Any] = {
        "code_digest": digest_code(code),
        "issuer": session.issuer,
        "user": session.user,
        "session": session,
        "expires_at": timezone.now() + CODE_LIFETIME,
    }
    return LinkingCode.objects.create(**defaults | fields), display_code(code)


def make_offered_code(account: User | None = None, **fields: Any) -> tuple[LinkingCode, str]:
    """A live code that an account made on the website; `session` is of the assistant that gave it already."""
    code, now = generate_code(), timezone.now()
    defaults: dict[str, Any] = {
        "code_digest": digest_code(code),
        "issuer": settings.DEXTER_ISSUER,
        "user": account or make_user(),
        "initiated_by": LinkInitiator.WEB,
        "redeemed_at": now if fields.get("session") else None,
        "expires_at": now + CODE_LIFETIME,
    }
    return LinkingCode.objects.create(**defaults | fields), display_code(code)


def make_link(account: User | None = None, session: ConnectorSession | None = None, **fields: Any) -> AccountLink:
    """A link that joins a guest's identity to an account."""
    session = session or make_session(user=make_guest())
    defaults: dict[str, Any] = {
        "issuer": session.issuer,
        "user": session.user,
        "account": account or make_user(),
        "session": session,
        "link_initiated_by": LinkInitiator.MCP,
    }
    return AccountLink.objects.create(**defaults | fields)


def make_principal(session: ConnectorSession | None = None) -> Principal:
    """What a token of `session` resolves to; of a new guest's session without one."""
    row, token = make_access_token(session)
    return resolve_bearer_token(token, resource=row.session.resource)


def pass_time(by: timedelta) -> None:
    """Let all codes and counters have happened `by` earlier."""
    let_counters_age(by)
    for column in ("created_at", "expires_at", "redeemed_at", "used_at", "ended_at"):
        LinkingCode.objects.exclude(**{column: None}).update(**{column: F(column) - by})
