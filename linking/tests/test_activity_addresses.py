"""Whose address the activity page shows: one's own, never a stranger's."""

from __future__ import annotations

import pytest
from django.test import Client as Browser

from accounts.models import AuditEntry
from linking.audit import LinkingAction
from linking.services import redeem_linking_code
from linking.tests.builders import make_offered_code, make_principal
from oauth.tests.builders import make_session

pytestmark = pytest.mark.django_db


def test_where_an_assistant_came_from_that_gave_a_code_is_not_shown() -> None:
    """It acts for the account only once the person has confirmed, and may be anybody's who saw the code."""
    row, code = make_offered_code()
    redeem_linking_code(principal=make_principal(make_session(address="198.51.100.66")), code=code)
    browser = Browser()
    browser.force_login(row.user)

    page = browser.get("/account/activity/").content.decode()

    assert AuditEntry.objects.get(action=LinkingAction.CODE_REDEEMED).address == "198.51.100.66"
    assert "came with a code of yours" in page
    assert "198.51.100.66" not in page
