"""`manage.py prepare` (design §10): the first start prints where everything is, and a staff password once."""

from __future__ import annotations

import logging
import re
from io import StringIO

import pytest
from django.core.management import call_command
from django.test import Client

from accounts.management.commands.prepare import STAFF_EMAIL
from accounts.models import AuditEntry, User
from accounts.tests.builders import make_user

pytestmark = pytest.mark.django_db


def prepare() -> str:
    output = StringIO()
    call_command("prepare", stdout=output)
    return output.getvalue()


def printed_password(output: str) -> str | None:
    found = re.search(r"Password: (\S+)", output)
    return found[1] if found else None


def test_first_start_makes_a_staff_account_that_can_enter_the_admin(client: Client) -> None:
    password = printed_password(prepare())

    assert client.login(email=STAFF_EMAIL, password=password)
    assert client.get("/admin/").status_code == 200


def test_password_is_generated_anew_and_long() -> None:
    first = printed_password(prepare())
    User.objects.all().delete()
    second = printed_password(prepare())

    assert first and second and first != second
    assert len(first) >= 16


def test_second_start_makes_no_account_and_prints_no_password() -> None:
    prepare()

    output = prepare()

    assert printed_password(output) is None
    assert User.objects.count() == 1


def test_site_with_a_superuser_of_its_own_gets_no_second_one() -> None:
    make_user(email="root@example.com", is_staff=True, is_superuser=True)

    assert printed_password(prepare()) is None
    assert not User.objects.filter(email=STAFF_EMAIL).exists()


def test_person_who_holds_the_address_is_not_made_staff() -> None:
    person = make_user(email=STAFF_EMAIL)

    output = prepare()

    person.refresh_from_db()
    assert not person.is_staff and not person.is_superuser
    assert "createsuperuser" in output
    assert AuditEntry.objects.filter(account=person).count() == 0


def test_every_start_says_where_everything_is() -> None:
    prepare()

    output = prepare()

    for place in ("http://localhost:8000/mcp\n", "http://localhost:8000/link\n", "/account/\n", "/admin/\n"):
        assert place in output


def test_password_is_in_no_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)

    password = printed_password(prepare())

    assert password
    assert caplog.records
    assert password not in caplog.text
