"""The name by which a person is known here."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts.audit import AccountAction
from accounts.models import AuditEntry
from accounts.tests.builders import make_user

pytestmark = pytest.mark.django_db


def test_a_name_is_saved_on_one_line(client: Client) -> None:
    user = make_user()
    client.force_login(user)

    response = client.post("/account/profile/", {"display_name": " Ada\r\nLovelace "})

    user.refresh_from_db()
    assert response["Location"] == "/account/profile/"
    assert user.display_name == "Ada Lovelace"
    assert AuditEntry.objects.get(action=AccountAction.PROFILE_CHANGED).detail == {}


@pytest.mark.parametrize(
    ("typed", "saved"),
    [
        ("\u202eecalevoL adA", "ecalevoL adA"),
        ("A\u200bd\u2060a\ufeff", "Ada"),
        ("\u2800\u3164", ""),
        ("Ada\u2028x", "Ada x"),
    ],
)
def test_what_nobody_sees_is_left_out(client: Client, typed: str, saved: str) -> None:
    """Assistants of others are told the name when a code of the account is given to them."""
    user = make_user(display_name="before")
    client.force_login(user)

    client.post("/account/profile/", {"display_name": typed})

    user.refresh_from_db()
    assert user.display_name == saved


def test_the_same_name_changes_nothing(client: Client) -> None:
    client.force_login(make_user(display_name="Ada"))

    client.post("/account/profile/", {"display_name": "Ada"})

    assert not AuditEntry.objects.exists()


@pytest.mark.parametrize("name", ["x" * 81, "a\x00b"])
def test_what_the_column_cannot_hold_is_refused(client: Client, name: str) -> None:
    user = make_user()
    client.force_login(user)

    assert client.post("/account/profile/", {"display_name": name}).status_code == 400
    user.refresh_from_db()
    assert user.display_name == ""


def test_a_name_cannot_write_html(client: Client) -> None:
    client.force_login(make_user(display_name='"><script>x</script>'))

    assert "<script>" not in client.get("/account/profile/").content.decode()


def test_a_form_from_another_site_is_refused() -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(make_user())

    assert client.post("/account/profile/", {"display_name": "Eve"}).status_code == 403
