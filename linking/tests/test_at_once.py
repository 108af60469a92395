"""Two people, tabs or processes at the same moment (design §7: consumed by one conditional UPDATE)."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from urllib.parse import quote

import pytest
from django.db import connection
from django.test import Client as Browser

from accounts.models import AuditEntry, User
from accounts.tests.builders import make_user
from linking.audit import LinkingAction
from linking.errors import CodeRefused, LinkingError, MintingLimited, TypingLocked
from linking.models import AccountLink, LinkingCode
from linking.services import (
    confirm_link,
    decline_link,
    mint_linking_code,
    offer_linking_code,
    preview_linking_code,
    redeem_linking_code,
)
from linking.tests.browsing import signed_in
from linking.tests.builders import make_linking_code, make_offered_code, make_principal
from linking.tests.calling import preview, verify

pytestmark = pytest.mark.django_db(transaction=True)

WORKERS = 6

PROCESS = """
import sys, uuid
import django
django.setup()
from django.db import connection
from django.test import Client as Browser
from accounts.models import User
from linking.errors import LinkingError
from linking.services import confirm_link, preview_linking_code
job, account_id, argument = sys.argv[1:]
account = User.objects.get(pk=account_id)
print("ready", flush=True)
sys.stdin.readline()
try:
    if job == "confirm":
        confirm_link(account=account, code_id=uuid.UUID(argument), address="203.0.113.7")
    else:
        preview_linking_code(account=account, code=argument, address="203.0.113.7")
except LinkingError as refusal:
    print(type(refusal).__name__)
else:
    print("done")
"""


def at_once(*jobs: Callable[[], object]) -> list[str]:
    """Run all jobs at the same moment, each on a connection of its own; the names of their errors, or "done"."""
    barrier = Barrier(len(jobs))

    def run(job: Callable[[], object]) -> str:
        try:
            barrier.wait(10)
            job()
        except LinkingError as refusal:
            return type(refusal).__name__
        else:
            return "done"
        finally:
            connection.close()

    with ThreadPoolExecutor(len(jobs)) as workers:
        return sorted(workers.map(run, jobs))


def in_processes(*arguments: tuple[str, int, str]) -> list[str]:
    """The same with processes, each with its own Django, on the database of this test."""
    database = connection.settings_dict
    credentials = f"{quote(database['USER'])}:{quote(database['PASSWORD'])}"
    url = f"postgresql://{credentials}@{database['HOST']}:{database['PORT']}/{quote(database['NAME'])}"
    environment = {**os.environ, "DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "dexter.settings"}
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", PROCESS, *map(str, each)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )
        for each in arguments
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    return sorted(process.communicate(timeout=60)[0].splitlines()[-1] for process in processes)


def make_people(count: int) -> list[User]:
    """That many accounts."""
    return [make_user(f"person{number}@example.com") for number in range(count)]


def assert_exactly_one_link(code: LinkingCode) -> None:
    code.refresh_from_db()
    assert code.used_at is not None
    assert AccountLink.objects.count() == 1
    assert AuditEntry.objects.filter(action=LinkingAction.LINK_CONFIRMED).count() == 1
    assert AuditEntry.objects.filter(action=LinkingAction.LINK_REFUSED).count() == WORKERS - 1


def test_of_many_accounts_that_confirm_one_code_at_once_exactly_one_is_linked() -> None:
    code, _ = make_linking_code()

    results = at_once(
        *(
            lambda person=person: confirm_link(account=person, code_id=code.pk, address=None)
            for person in make_people(WORKERS)
        )
    )

    assert results == ["CodeRefused"] * (WORKERS - 1) + ["done"]
    assert_exactly_one_link(code)


@pytest.mark.postgres
def test_of_many_processes_that_confirm_one_code_at_once_exactly_one_links() -> None:
    code, _ = make_linking_code()

    results = in_processes(*(("confirm", person.pk, str(code.pk)) for person in make_people(WORKERS)))

    assert results == ["CodeRefused"] * (WORKERS - 1) + ["done"]
    assert_exactly_one_link(code)


@pytest.mark.postgres
def test_of_many_processes_that_guess_for_one_account_at_once_five_are_compared() -> None:
    account = make_user()

    results = in_processes(*(("guess", account.pk, "AAA-AAA") for _ in range(10)))

    assert results == [CodeRefused.__name__] * 5 + [TypingLocked.__name__] * 5


def test_of_many_guesses_for_one_account_at_once_five_are_compared() -> None:
    account = make_user()

    results = at_once(
        *[lambda: preview_linking_code(account=account, code="AAA-AAA", address="203.0.113.7") for _ in range(12)]
    )

    assert results == [CodeRefused.__name__] * 5 + [TypingLocked.__name__] * 7


def test_of_many_requests_that_confirm_one_preview_at_once_exactly_one_links() -> None:
    browser = signed_in(make_user())
    code, typed = make_linking_code()
    preview_id = preview(browser, typed)
    statuses: list[int] = []

    def confirm() -> None:
        same_session = Browser()
        same_session.cookies = browser.cookies
        statuses.append(verify(same_session, preview_id).status_code)

    at_once(*[confirm] * WORKERS)

    # The others are told that it is linked, or that the preview is spent: it depends on when they read the session.
    first, *others = sorted(statuses)
    assert first == 200
    assert len(others) == WORKERS - 1 and set(others) <= {400, 409}
    code.refresh_from_db()
    assert code.used_at is not None
    assert AccountLink.objects.count() == 1


def test_of_many_codes_minted_at_once_five_are_made_and_one_lives() -> None:
    principal = make_principal()

    results = at_once(*[lambda: mint_linking_code(principal=principal) for _ in range(8)])

    assert results == [MintingLimited.__name__] * 3 + ["done"] * 5
    assert LinkingCode.objects.count() == 5
    assert LinkingCode.objects.unspent().count() == 1


def test_of_many_assistants_that_give_one_code_at_once_exactly_one_is_asked_about() -> None:
    row, code = make_offered_code()
    principals = [make_principal() for _ in range(WORKERS)]

    results = at_once(
        *(lambda principal=principal: redeem_linking_code(principal=principal, code=code) for principal in principals)
    )

    assert results == ["CodeRefused"] * (WORKERS - 1) + ["done"]
    row.refresh_from_db()
    assert row.session in [principal.session for principal in principals]
    assert AuditEntry.objects.filter(action=LinkingAction.CODE_REDEEMED).count() == 1


def test_both_directions_at_once_link_an_identity_once() -> None:
    """A guest's own code and codes of two accounts, all confirmed at the same moment: nobody waits in a circle."""
    principal = make_principal()
    first, second, third = make_people(3)
    own, _ = make_linking_code(principal.session)
    given = [make_offered_code(account, session=principal.session)[0] for account in (second, third)]

    results = at_once(
        lambda: confirm_link(account=first, code_id=own.pk, address=None),
        lambda: confirm_link(account=second, code_id=given[0].pk, address=None),
        lambda: confirm_link(account=third, code_id=given[1].pk, address=None),
    )

    assert results == ["LinkRefused", "LinkRefused", "done"]
    assert AccountLink.objects.count() == 1


@pytest.mark.parametrize("_turn", range(3))
def test_whatever_is_done_to_one_offered_code_at_once_at_most_one_link_comes_of_it(_turn: int) -> None:
    account = make_user()
    row, code = make_offered_code(account)
    principal = make_principal()

    at_once(
        lambda: redeem_linking_code(principal=principal, code=code),
        lambda: confirm_link(account=account, code_id=row.pk, address=None),
        lambda: confirm_link(account=account, code_id=row.pk, address=None),
        lambda: decline_link(account=account, code_id=row.pk, address=None),
        lambda: offer_linking_code(account=account, address=None),
        lambda: mint_linking_code(principal=principal),
    )

    row.refresh_from_db()
    assert AccountLink.objects.count() == (1 if row.used_at else 0)
    assert not (row.used_at and row.ended_at)
