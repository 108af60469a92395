"""`manage.py housekeeping`: every app's sweep, by hand."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.utils import timezone

from linking.tests.builders import make_linking_code
from mcp_bridge.tests.builders import make_tool_call
from oauth.models import AccessToken
from oauth.tests.builders import make_access_token, make_session

pytestmark = pytest.mark.django_db


def test_it_sweeps_every_app_and_says_what_went() -> None:
    session = make_session()
    past = timezone.now() - timedelta(minutes=1)
    make_access_token(session, expires=past)
    live, _ = make_access_token(session)
    code, _ = make_linking_code(session, expires_at=past)
    make_tool_call(session, called_at=timezone.now() - timedelta(days=91))
    output = StringIO()

    call_command("housekeeping", stdout=output)

    assert list(AccessToken.objects.all()) == [live]
    code.refresh_from_db()
    assert code.ended_at is not None
    lines = output.getvalue().splitlines()
    assert [line.partition(":")[0] for line in lines] == ["accounts", "oauth", "linking", "mcp_bridge"]
    assert "access tokens 1" in lines[1]
    assert "expired codes 1" in lines[2]
    assert lines[3] == "mcp_bridge: tool calls 1"


def test_it_may_run_again() -> None:
    for _ in range(2):
        call_command("housekeeping", stdout=StringIO())
