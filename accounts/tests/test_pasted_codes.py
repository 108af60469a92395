"""A mailed code that is pasted with the words around it: the subject of its mail begins with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.core import mail

from accounts.forms import PASTED_LENGTH
from accounts.models import AuditEntry
from accounts.tests.typing_codes import EVERY_KIND, Waiting

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _addresses_are_confirmed_first(settings: Any) -> None:
    settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"
    settings.ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED = True


@pytest.fixture(params=EVERY_KIND, ids=lambda begin: begin.__name__)
def waiting(request: pytest.FixtureRequest) -> Waiting:
    """A browser that waits for a code, of each kind."""
    begin: Callable[[], Waiting] = request.param
    return begin()


def test_the_subject_of_the_mail_is_taken(waiting: Waiting) -> None:
    subject = str(mail.outbox[-1].subject)
    assert waiting.code in subject

    waiting.type(subject)

    assert waiting.was_taken()


@pytest.mark.parametrize("around", ["Your code is {}.", "{}\n", "\u201e{}\u201c", "code\u00a0{}"])
def test_so_are_other_words(waiting: Waiting, around: str) -> None:
    waiting.type(around.format(waiting.code))

    assert waiting.was_taken()


def test_more_digits_than_a_code_has_are_a_wrong_one(waiting: Waiting) -> None:
    response = waiting.type(f"{waiting.code} of 2026")

    assert response.status_code in (200, 400)
    assert not waiting.was_taken()
    assert AuditEntry.objects.filter(reason="wrong_code").count() == 1


def test_a_whole_page_is_not_searched(waiting: Waiting) -> None:
    waiting.type(waiting.code + "x" * PASTED_LENGTH)

    assert not waiting.was_taken()
