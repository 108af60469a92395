"""What happens between `/api/link/preview` and `/api/link/verify` (design §7): a preview outlives no change."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.core import mail
from django.test import Client as Browser

from accounts.models import AuditEntry, User
from accounts.tests.builders import make_user
from linking.audit import LinkingAction
from linking.models import AccountLink, LinkingCode
from linking.services import mint_linking_code
from linking.tests.browsing import answer_about, signed_in
from linking.tests.builders import make_link, make_linking_code, make_principal
from linking.tests.calling import assert_nothing_was_linked, assert_problem, preview, send, verify
from linking.tests.guessing import DEAD
from oauth.tests.builders import make_session

pytestmark = pytest.mark.django_db

VERIFY = "/api/link/verify"
KEPT = "linking_api_preview"


# --- The code ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kill", DEAD)
def test_a_code_that_died_meanwhile_links_nothing(
    browser: Browser, account: User, kill: Callable[[LinkingCode], None]
) -> None:
    row, code = make_linking_code()
    preview_id = preview(browser, code)
    kill(row)

    assert_problem(verify(browser, preview_id), 400, "code_refused")

    assert not AccountLink.objects.exists()
    assert not mail.outbox
    refused = AuditEntry.objects.get(action=LinkingAction.LINK_REFUSED)
    assert (refused.account, refused.reason) == (account, kill.__name__)
    # The preview was spent by this, so that nothing comes of it when whatever stopped the code is taken back.
    assert_problem(verify(browser, preview_id), 400, "preview_unknown")


def test_a_code_that_its_assistant_replaced_meanwhile_links_nothing(browser: Browser) -> None:
    session = make_session()
    row, code = make_linking_code(session)
    preview_id = preview(browser, code)
    mint_linking_code(principal=make_principal(session))

    assert_problem(verify(browser, preview_id), 400, "code_refused")
    assert_nothing_was_linked(row)


def test_a_code_that_somebody_else_confirmed_first_stays_theirs(browser: Browser) -> None:
    _, code = make_linking_code()
    owner = make_user("owner@example.com")
    faster = signed_in(owner)
    mine, theirs = preview(browser, code), preview(faster, code)
    assert verify(faster, theirs).status_code == 200

    assert_problem(verify(browser, mine), 400, "code_refused")
    assert AccountLink.objects.get().account == owner


def test_an_identity_that_was_linked_meanwhile_is_not_moved_and_only_staff_see_whose_it_is(browser: Browser) -> None:
    owner = make_user("owner@example.com")
    row, code = make_linking_code()
    preview_id = preview(browser, code)
    link = make_link(owner, row.session)

    assert_problem(verify(browser, preview_id), 409, "link_refused")

    assert AccountLink.objects.get() == link
    audited = AuditEntry.objects.get(action=LinkingAction.LINK_REFUSED)
    assert audited.detail == {"link": str(link.pk), "linked_to": owner.subject}
    assert not mail.outbox


def test_an_account_is_not_linked_to_itself(browser: Browser, account: User) -> None:
    row, code = make_linking_code(make_session(account))

    assert_problem(verify(browser, preview(browser, code)), 409, "link_refused")
    assert_nothing_was_linked(row)


def test_a_declined_preview_confirms_nothing_afterwards(browser: Browser) -> None:
    row, code = make_linking_code()
    preview_id = preview(browser, code)
    verify(browser, preview_id, decline=True)

    assert_problem(verify(browser, preview_id), 400, "preview_unknown")
    assert_problem(send(browser, "/api/link/preview", {"code": code}), 400, "code_refused")
    assert_nothing_was_linked(row)


# --- The preview ------------------------------------------------------------------------------------------------------


def test_of_two_previews_in_one_session_the_last_one_counts(browser: Browser) -> None:
    first, code = make_linking_code()
    second, another_code = make_linking_code()
    older, newer = preview(browser, code), preview(browser, another_code)

    assert_problem(verify(browser, older), 400, "preview_unknown")
    assert verify(browser, newer).status_code == 200

    assert_nothing_was_linked(first)
    assert AccountLink.objects.get().user == second.user


def test_two_previews_of_one_code_make_one_link(browser: Browser, account: User) -> None:
    _, code = make_linking_code()
    another = signed_in(account)
    here, there = preview(browser, code), preview(another, code)

    assert verify(browser, here).status_code == 200
    assert_problem(verify(another, there), 409, "already_linked")
    assert AccountLink.objects.count() == 1


def test_a_wrong_id_neither_confirms_nor_spends_the_right_one(browser: Browser) -> None:
    row, code = make_linking_code()
    preview_id = preview(browser, code)
    wrong: list[Any] = [code, str(row.pk), row.pk.hex, f"{{{row.pk}}}", str(uuid.uuid4()), preview_id.swapcase(), "é"]

    for posted in wrong:
        for decline in (False, True):
            assert_problem(verify(browser, posted, decline=decline), 400, "preview_unknown")
    assert_nothing_was_linked(row)
    assert LinkingCode.objects.get().ended_at is None

    assert verify(browser, preview_id).status_code == 200


@pytest.mark.parametrize(
    "members",
    [
        {"decline": "perhaps"},
        {"decline": None},
        {"decline": []},
        {"decline": {}},
        {"preview_id": None},
        {"preview_id": ["{id}"]},
        {"preview_id": {"id": "{id}"}},
        {"preview_id": "A" * 101},
    ],
    ids=str,
)
def test_what_is_no_decision_decides_nothing(browser: Browser, members: dict[str, Any]) -> None:
    row, code = make_linking_code()
    preview_id = preview(browser, code)

    body = {"preview_id": preview_id} | json.loads(json.dumps(members).replace("{id}", preview_id))
    assert_problem(send(browser, VERIFY, body), 400, "invalid_request")

    assert_nothing_was_linked(row)
    assert LinkingCode.objects.get().ended_at is None


def test_nothing_else_in_the_body_says_what_to_confirm(browser: Browser, account: User) -> None:
    mine, code = make_linking_code()
    other, _ = make_linking_code()
    preview_id, eve = preview(browser, code), make_user("eve@example.com")

    verify(browser, preview_id, code_id=str(other.pk), account_id=eve.subject, account=eve.pk, user=other.user.pk)

    link = AccountLink.objects.get()
    assert (link.user, link.account) == (mine.user, account)


def test_what_was_typed_through_the_api_is_not_confirmed_on_a_page(browser: Browser) -> None:
    row, code = make_linking_code()
    preview_id = preview(browser, code)
    form = {**answer_about(row.pk), "preview_id": preview_id, "code": code}

    assert browser.post("/link/confirm", form)["Location"] == "/link"
    assert browser.post("/link/code", form).status_code == 400
    assert_nothing_was_linked(row)


def test_what_was_typed_on_the_page_is_not_confirmed_through_the_api(browser: Browser) -> None:
    row, code = make_linking_code()
    browser.post("/link", {"code": code})

    for posted in (str(row.pk), code, browser.session["linking_pending_code"]["code_id"]):
        assert_problem(verify(browser, posted), 400, "preview_unknown")
    assert_nothing_was_linked(row)
