"""`User`: rules about one row (design §2: account, guest, subject), held by the database."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from accounts.models import SUBJECT_ALPHABET, User, generate_subject
from accounts.tests.builders import make_guest, make_user

pytestmark = pytest.mark.django_db


def test_a_subject_is_user_and_twelve_characters() -> None:
    subjects = {generate_subject() for _ in range(200)}

    assert len(subjects) == 200
    assert all(re.fullmatch(rf"user:[{SUBJECT_ALPHABET}]{{12}}", subject) for subject in subjects)


def test_a_subject_is_nobody_elses() -> None:
    user = make_user()

    with pytest.raises(IntegrityError), transaction.atomic():
        make_guest(subject=user.subject)


@pytest.mark.parametrize("email", ["ada@example.com", "ADA@example.com"])
def test_an_address_in_any_case_has_one_account(email: str) -> None:
    make_user("ada@example.com")

    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.bulk_create([User(email=email)])


@pytest.mark.parametrize(
    "fields",
    [
        {"is_guest": True, "email": "ada@example.com"},
        {"is_guest": False, "email": None},
        {"is_guest": True, "is_staff": True},
        {"is_guest": True, "is_superuser": True},
    ],
)
def test_the_database_refuses_what_is_neither_an_account_nor_a_guest(fields: dict[str, Any]) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.bulk_create([User(**fields)])


def test_many_guests_have_no_address() -> None:
    make_guest()
    make_guest()

    assert User.objects.filter(email=None).count() == 2


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"email": "ada@example.com", "display_name": "Ada L."}, "Ada L."),
        ({"email": "ada@example.com"}, "ada"),
        ({"is_guest": True}, "Guest"),
    ],
)
def test_somebody_is_called_by_what_they_gave(fields: dict[str, Any], name: str) -> None:
    assert User(**fields).get_full_name() == name


def test_a_user_is_found_by_address_in_any_case() -> None:
    user = make_user("ada@example.com")

    assert User.objects.get_by_natural_key("Ada@Example.COM") == user
