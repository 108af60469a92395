"""A person's history: what several apps keep of them, as one."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client as Browser
from django.utils import timezone

from accounts.audit import AccountAction, record_audit
from accounts.models import User
from accounts.tests.builders import make_user
from linking import history
from linking.activity import Activity, AuditLog
from linking.history import History, add_source
from oauth.tests.builders import make_client

pytestmark = pytest.mark.django_db


class Walks:
    """Something that another app keeps: two walks of everybody."""

    kinds = {"walk": "Walks"}
    remark = "Walks are kept for a week."

    def __init__(self, client_id: str) -> None:
        self.client_id = client_id

    def count(self, account: User, *, kind: str = "", client_id: str = "") -> int:
        """How many there are."""
        return 2

    def newest(self, account: User, limit: int, *, kind: str = "", client_id: str = "") -> list[Activity]:
        """Tomorrow's and yesterday's."""
        days = [("tomorrow", 1), ("yesterday", -1)]
        return [
            Activity(timezone.now() + timedelta(days=day), f"{account.display_name} walks {when}.", "", "walk", "")
            for when, day in days[:limit]
        ]

    def client_ids(self, account: User) -> Iterable[str]:
        """Who came along."""
        return [self.client_id]

    def export(self, account: User) -> dict[str, Any]:
        """For the file."""
        return {"walks": 2}


@pytest.fixture
def ada(monkeypatch: pytest.MonkeyPatch) -> User:
    """Ada, who walks and has signed in."""
    monkeypatch.setattr(history, "_sources", [AuditLog()])
    add_source(Walks(make_client(name="Dog").client_id))
    ada = make_user(display_name="Ada")
    record_audit(AccountAction.SIGNED_IN, actor=ada, account=ada)
    return ada


def test_everything_is_in_one_order(ada: User) -> None:
    sentences = [line.sentence for line in History(ada)]

    assert sentences == ["Ada walks tomorrow.", "You signed in.", "Ada walks yesterday."]
    assert [line.sentence for line in History(ada)[1:2]] == sentences[1:2]


def test_one_kind_is_of_one_source(ada: User) -> None:
    assert [line.sentence for line in History(ada, kind="sign_in")] == ["You signed in."]
    assert len(History(ada, kind="walk")) == 2


def test_the_page_and_the_file_have_what_was_added(ada: User) -> None:
    browser = Browser()
    browser.force_login(ada)

    page = browser.get("/account/activity/").content.decode()
    file = browser.post("/account/data/download").json()

    for text in ("Ada walks tomorrow.", "Walks are kept for a week.", '<option value="walk">Walks', ">Dog</option>"):
        assert text in page
    assert file["walks"] == 2
    assert [line["action"] for line in file["activity"]] == [AccountAction.DATA_EXPORTED, AccountAction.SIGNED_IN]
