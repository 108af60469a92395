"""`/api/link/status`."""

from __future__ import annotations

import pytest
from django.test import Client as Browser

from accounts.models import User
from linking.tests.builders import make_link
from linking.tests.calling import bearer
from oauth.tests.builders import make_session

pytestmark = pytest.mark.django_db


def test_status_says_whom_a_connection_acts_for(account: User) -> None:
    session = make_session()
    headers = bearer(session)
    unlinked = Browser().get("/api/link/status", headers=headers).json()
    make_link(account, session)
    linked = Browser().get("/api/link/status", headers=headers).json()

    assert unlinked == {"is_linked": False, "issuer": session.issuer, "subject": session.user.subject}
    assert (linked["is_linked"], linked["account_id"], linked["link_initiated_by"]) == (True, account.subject, "mcp")
