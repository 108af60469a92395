"""The admin of clients, sessions and tokens: read-only, without secrets, with actions that leave an audit row."""

from __future__ import annotations

from typing import Any

import pytest
from django.apps import apps
from django.contrib.admin import site
from django.contrib.admin.utils import quote
from django.contrib.auth.models import Permission
from django.test import Client as Browser
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuditEntry, User
from accounts.tests.builders import make_user
from oauth.keys import current_signing_key
from oauth.models import AccessToken, Client, ClientDocument, ConnectorSession, Grant, IDToken, RefreshToken, SigningKey
from oauth.tests.builders import (
    make_access_token,
    make_client,
    make_client_document,
    make_grant,
    make_id_token,
    make_refresh_token,
    make_session,
)
from oauth.tests.protocol import nothing_written

pytestmark = pytest.mark.django_db

SECRET = "dxs_" + "s" * 43
MODELS = [Client, ConnectorSession, Grant, AccessToken, RefreshToken, IDToken, SigningKey]


def url(model: Any, page: str, *args: Any) -> str:
    """The admin's URL of a page of a model. Keys are quoted as the admin does: an underscore has a meaning there."""
    return reverse(f"admin:oauth_{model._meta.model_name}_{page}", args=[quote(arg) for arg in args])


def act(browser: Browser, model: Any, action: str, *rows: Any) -> Any:
    """Select rows in the list, and run an action on them."""
    selected = {"action": action, "_selected_action": [str(row.pk) for row in rows]}
    return browser.post(url(model, "changelist"), selected)


@pytest.fixture
def staff(browser: Browser) -> User:
    """A signed-in member of staff who may do everything."""
    user = make_user("staff@example.com", is_staff=True, is_superuser=True)
    browser.force_login(user)
    return user


@pytest.fixture
def secrets() -> list[str]:
    """A row of every model; gives the secrets that belong to them, and the digests that are stored."""
    client = make_client(client_type=Client.CLIENT_CONFIDENTIAL, client_secret=SECRET)
    session = make_session(make_user(), client)
    grant, code = make_grant(session)
    access, access_token = make_access_token(session, id_token=make_id_token(session))
    refresh, refresh_token = make_refresh_token(session)
    current_signing_key()
    digests = [grant.code, access.token_checksum, refresh.token_checksum, client.client_secret.partition("$")[2]]
    return [SECRET, code, access_token, refresh_token, *digests, "PRIVATE KEY", grant.code_challenge]


@pytest.mark.usefixtures("staff")
@pytest.mark.parametrize("model", MODELS)
def test_every_page_opens_and_shows_no_secret(browser: Browser, secrets: list[str], model: Any) -> None:
    row = model.objects.get()

    pages = [browser.get(url(model, "changelist")), browser.get(url(model, "change", row.pk))]

    for page in pages:
        assert page.status_code == 200
        assert [secret for secret in secrets if secret in page.content.decode()] == []


@pytest.mark.usefixtures("staff")
@pytest.mark.parametrize("model", [AccessToken, RefreshToken])
def test_a_token_is_known_by_the_beginning_of_its_digest(browser: Browser, secrets: list[str], model: Any) -> None:
    row = model.objects.get()

    page = browser.get(url(model, "changelist")).content.decode()

    assert row.token_checksum[:8] in page
    assert row.token_checksum[:9] not in page


@pytest.mark.usefixtures("staff")
@pytest.mark.parametrize("model", MODELS)
def test_nobody_adds_changes_or_deletes_rows_by_hand(browser: Browser, secrets: list[str], model: Any) -> None:
    row = model.objects.get()
    # Staff set up clients of their own; `test_client_setup.py` is about that.
    adds = 200 if model is Client else 403

    with nothing_written():
        responses = [
            browser.get(url(model, "add")),
            browser.post(url(model, "add"), {}),
            browser.post(url(model, "change", row.pk), {"name": "x", "user": row.pk, "scope": "x"}),
            browser.get(url(model, "delete", row.pk)),
            browser.post(url(model, "delete", row.pk), {"post": "yes"}),
            act(browser, model, "delete_selected", row),
        ]

    assert [response.status_code for response in responses[:5]] == [adds] * 2 + [403] * 3
    assert model.objects.count() == 1
    assert secrets


@pytest.mark.usefixtures("staff")
@pytest.mark.parametrize("model", [Client, ConnectorSession, AccessToken, RefreshToken])
def test_rows_are_found_by_whose_they_are(browser: Browser, secrets: list[str], model: Any) -> None:
    found = browser.get(url(model, "changelist"), {"q": "ada@example.com" if model is not Client else "Example"})
    missed = browser.get(url(model, "changelist"), {"q": "nobody"})

    assert (found.context["cl"].result_count, missed.context["cl"].result_count) == (1, 0)
    assert secrets


@pytest.mark.usefixtures("staff")
@pytest.mark.parametrize("model", [AccessToken, RefreshToken])
def test_searching_for_a_secret_finds_nothing(browser: Browser, secrets: list[str], model: Any) -> None:
    """A search that found a token would be an oracle, and would leave it in the access log."""
    for secret in secrets[1:4]:
        page = browser.get(url(model, "changelist"), {"q": secret})

        assert page.context["cl"].result_count == 0


def test_sessions_are_ended_in_the_staff_members_name(browser: Browser, staff: User) -> None:
    first, second = make_session(), make_session()

    response = act(browser, ConnectorSession, "end_sessions", first, second)

    assert response.status_code == 302
    entries = AuditEntry.objects.filter(action="oauth.session.ended")
    assert set(ConnectorSession.objects.values_list("end_reason", flat=True)) == {"staff"}
    assert {entry.session_id for entry in entries} == {first.pk, second.pk}
    assert {(entry.actor, entry.reason, entry.address) for entry in entries} == {(staff, "staff", "127.0.0.1")}


@pytest.mark.parametrize(
    ("model", "make"), [(AccessToken, make_access_token), (RefreshToken, make_refresh_token), (Grant, make_grant)]
)
def test_revoking_a_credential_ends_its_session(browser: Browser, staff: User, model: Any, make: Any) -> None:
    row, _ = make()
    other = make_session()

    act(browser, model, "revoke", row)

    row.session.refresh_from_db()
    other.refresh_from_db()
    entry = AuditEntry.objects.get()
    assert row.session.end_reason == ConnectorSession.EndReason.STAFF
    assert other.is_live()
    assert (entry.action, entry.actor, entry.session_id) == ("oauth.session.ended", staff, row.session.pk)


def test_clients_are_blocked_and_unblocked_in_the_staff_members_name(browser: Browser, staff: User) -> None:
    client = make_client()

    act(browser, Client, "block", client)
    blocked_at = Client.objects.get().blocked_at
    act(browser, Client, "unblock", client)

    entries = AuditEntry.objects.order_by("created_at").values_list("action", "actor", "client_id")
    assert blocked_at is not None
    assert Client.objects.get().blocked_at is None
    assert list(entries) == [
        ("oauth.client.blocked", staff.pk, client.client_id),
        ("oauth.client.unblocked", staff.pk, client.client_id),
    ]


@pytest.mark.usefixtures("staff")
def test_a_reported_and_a_blocked_client_say_so(browser: Browser) -> None:
    make_client(name="One", flagged_at=timezone.now())
    make_client(name="Two", blocked_at=timezone.now())

    page = browser.get(url(Client, "changelist")).content.decode()

    assert page.count('field-state">reported<') == 1
    assert page.count('field-state">blocked<') == 1


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("kind", ["staff without permission", "account", "nobody"])
def test_without_permission_nothing_is_seen(browser: Browser, secrets: list[str], model: Any, kind: str) -> None:
    if kind != "nobody":
        browser.force_login(make_user("other@example.com", is_staff=kind.startswith("staff")))
    row = model.objects.get()

    responses = [browser.get(url(model, "changelist")), browser.get(url(model, "change", row.pk))]

    for response in responses:
        assert response.status_code in (302, 403)
        assert secrets[0] not in response.content.decode()


@pytest.mark.parametrize(
    ("model", "action"),
    [
        (ConnectorSession, "end_sessions"),
        (AccessToken, "revoke"),
        (RefreshToken, "revoke"),
        (Grant, "revoke"),
        (Client, "block"),
        (Client, "unblock"),
    ],
)
def test_who_may_only_look_may_not_act(browser: Browser, secrets: list[str], model: Any, action: str) -> None:
    viewer = make_user("viewer@example.com", is_staff=True)
    viewer.user_permissions.set(Permission.objects.filter(codename__startswith="view_"))
    browser.force_login(viewer)

    with nothing_written():
        seen = browser.get(url(model, "changelist"))
        act(browser, model, action, model.objects.get())

    assert seen.status_code == 200
    assert f'value="{action}"' not in seen.content.decode()
    assert secrets


@pytest.mark.parametrize(
    ("model", "action", "permission"),
    [(ConnectorSession, "end_sessions", "change_connectorsession"), (Client, "block", "change_client")],
)
def test_who_may_change_may_act(browser: Browser, secrets: list[str], model: Any, action: str, permission: str) -> None:
    support = make_user("support@example.com", is_staff=True)
    support.user_permissions.set(
        Permission.objects.filter(codename__in=["view_connectorsession", "view_client", permission])
    )
    browser.force_login(support)

    act(browser, model, action, model.objects.get())

    assert AuditEntry.objects.get().actor == support
    assert secrets


def test_every_model_of_the_app_is_registered_or_has_nothing_to_see() -> None:
    hidden = {model.__name__ for model in apps.get_app_config("oauth").get_models() if not site.is_registered(model)}

    assert hidden == {"DeviceGrant", "UsedAssertion"}


@pytest.mark.usefixtures("staff")
def test_staff_see_what_keeps_a_document_from_being_fetched(browser: Browser) -> None:
    document = make_client_document(failures=3, failure="status_404")

    listed = browser.get(url(ClientDocument, "changelist")).content.decode()
    shown = browser.get(url(ClientDocument, "change", document.pk)).content.decode()

    assert document.client.client_id in listed and "status_404" in listed
    assert "status_404" in shown
