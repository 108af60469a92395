"""Another e-mail address: proven by a code that was sent there, told to the old one, and nobody else's."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.test import Client
from django.utils import timezone

from accounts import email_change
from accounts.audit import AccountAction
from accounts.models import AuditEntry, User
from accounts.services import change_email
from accounts.tests.builders import PASSWORD, make_user
from accounts.tests.mails import as_read, code_in, html_of

pytestmark = pytest.mark.django_db
NEW = "new@example.com"


@pytest.fixture
def ada(client: Client) -> User:
    """Ada, who has just signed in."""
    ada = make_user()
    client.post("/account/login/", {"login": ada.email, "password": PASSWORD})
    return ada


@pytest.fixture(autouse=True)
def _mail_leaves_at_once(transactional_db: None) -> None:
    """Codes and notices are sent when the transaction has committed."""


def email_of(user: User) -> tuple[str | None, bool]:
    """The address, and whether it is proven."""
    user.refresh_from_db()
    row = EmailAddress.objects.get(user=user)
    assert row.email == user.email and row.primary
    return user.email, row.verified


def test_nothing_changes_before_the_code_is_typed(client: Client, ada: User, mailoutbox: list[Any]) -> None:
    response = client.post("/account/email/", {"email": "New@Example.com"})

    assert response["Location"] == "/account/email/confirm/"
    assert mailoutbox[0].to == [NEW]
    assert email_of(ada) == ("ada@example.com", True)


def test_the_code_changes_it_and_the_old_address_is_told(client: Client, ada: User, mailoutbox: list[Any]) -> None:
    elsewhere = Client()
    elsewhere.force_login(ada)
    elsewhere.get("/account/")
    client.post("/account/email/", {"email": NEW})

    response = client.post("/account/email/confirm/", {"code": code_in(mailoutbox[0])})

    assert response["Location"] == "/account/profile/"
    assert email_of(ada) == (NEW, True)
    assert mailoutbox[1].to == ["ada@example.com"]
    assert mailoutbox[1].subject == "Your Dexter account has another email now"
    told = as_read(mailoutbox[1].body + html_of(mailoutbox[1]))
    assert told.count("n***@example.com") == 2 and NEW not in told
    assert client.get("/account/profile/").status_code == 200
    assert elsewhere.get("/account/profile/").status_code == 302
    assert AuditEntry.objects.filter(action=AccountAction.EMAIL_CHANGED).get().account == ada


def test_whoever_changes_an_address_shuts_the_other_browsers_out_with_it(ada: User) -> None:
    """One service does both: the stranger who is the reason for the change is never left in between."""
    stranger = Client()
    stranger.force_login(ada)
    stranger.get("/account/")

    change_email(account=ada, email=NEW, actor=ada, address=None, session_key=None)

    assert stranger.get("/account/profile/").status_code == 302
    actions = AuditEntry.objects.filter(account=ada).values_list("action", flat=True)
    assert {AccountAction.EMAIL_CHANGED, AccountAction.BROWSER_ENDED} <= set(actions)


def test_each_wrong_code_is_kept(client: Client, ada: User) -> None:
    client.post("/account/email/", {"email": NEW})

    client.post("/account/email/confirm/", {"code": "00000000"})

    kept = AuditEntry.objects.get(action=AccountAction.EMAIL_REFUSED)
    assert (kept.account, kept.reason) == (ada, "wrong_code")


def test_three_wrong_codes_and_it_is_over(client: Client, ada: User, mailoutbox: list[Any]) -> None:
    client.post("/account/email/", {"email": NEW})
    for _ in range(3):
        client.post("/account/email/confirm/", {"code": "00000000"})

    response = client.post("/account/email/confirm/", {"code": code_in(mailoutbox[0])})

    assert response["Location"] == "/account/email/"
    assert email_of(ada) == ("ada@example.com", True)


@pytest.mark.parametrize("page", ["/account/profile/", "/account/email/"])
def test_whoever_left_the_page_for_the_code_finds_it_again(
    client: Client, ada: User, mailoutbox: list[Any], page: str
) -> None:
    before = client.get(page).content.decode()
    client.post("/account/email/", {"email": NEW})
    meanwhile = client.get(page).content.decode()
    client.post("/account/email/confirm/", {"code": code_in(mailoutbox[0])})
    afterwards = client.get(page).content.decode()

    way = 'href="/account/email/confirm/"'
    assert way in meanwhile
    assert f"<strong>{NEW}</strong>" in meanwhile
    assert way not in before + afterwards


def test_another_account_in_the_same_browser_is_shown_no_address_of_the_first(client: Client, ada: User) -> None:
    client.post("/account/email/", {"email": NEW})
    kept = client.session[email_change.PENDING_KEY]
    client.force_login(make_user("grace@example.com"))
    session = client.session
    session[email_change.PENDING_KEY] = kept
    session.save()

    assert NEW not in client.get("/account/profile/").content.decode()


def test_an_old_code_is_over(client: Client, ada: User, mailoutbox: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    client.post("/account/email/", {"email": NEW})
    monkeypatch.setattr(email_change, "EMAIL_CODE_LIFETIME", timedelta(0))

    client.post("/account/email/confirm/", {"code": code_in(mailoutbox[0])})

    assert email_of(ada) == ("ada@example.com", True)


def test_an_address_that_is_taken_looks_like_any_other(client: Client, ada: User, mailoutbox: list[Any]) -> None:
    make_user("grace@example.com")

    taken = client.post("/account/email/", {"email": "grace@example.com"}, follow=True)
    client.post("/account/email/confirm/", {"action": "cancel"})
    free = client.post("/account/email/", {"email": NEW}, follow=True)

    assert taken.redirect_chain == free.redirect_chain
    assert mailoutbox[0].to == ["grace@example.com"]
    assert "nothing was changed" in mailoutbox[0].body
    assert mailoutbox[0].subject == "Your email already belongs to a Dexter account"
    assert "ada@example.com" not in as_read(mailoutbox[0].body + html_of(mailoutbox[0]))
    for code in ("", "00000000", "None"):
        client.post("/account/email/", {"email": "grace@example.com"})
        client.post("/account/email/confirm/", {"code": code})
    assert email_of(ada) == ("ada@example.com", True)


def test_an_address_that_was_taken_meanwhile_stays_with_who_has_it(
    client: Client, ada: User, mailoutbox: list[Any]
) -> None:
    elsewhere = Client()
    elsewhere.force_login(ada)
    elsewhere.get("/account/")
    client.post("/account/email/", {"email": NEW})
    grace = make_user(NEW)

    response = client.post("/account/email/confirm/", {"code": code_in(mailoutbox[0])}, follow=True)

    assert "another account with this email" in response.content.decode()
    assert email_of(ada) == ("ada@example.com", True)
    assert email_of(grace) == (NEW, True)
    assert not AuditEntry.objects.filter(action=AccountAction.EMAIL_CHANGED).exists()
    # The session that would have gone on is no reason to end another.
    assert elsewhere.get("/account/profile/").status_code == 200


def test_the_code_is_for_who_asked_for_it(client: Client, ada: User, mailoutbox: list[Any]) -> None:
    client.post("/account/email/", {"email": NEW})
    grace = make_user("grace@example.com")
    session = client.session
    kept = session[email_change.PENDING_KEY]
    client.force_login(grace)
    session = client.session
    session[email_change.PENDING_KEY] = kept
    session.save()

    client.post("/account/email/confirm/", {"code": code_in(mailoutbox[0])})

    assert email_of(grace) == ("grace@example.com", True)


def test_the_session_does_not_hold_the_code(client: Client, ada: User, mailoutbox: list[Any]) -> None:
    client.post("/account/email/", {"email": NEW})

    assert code_in(mailoutbox[0]).replace("-", "") not in str(dict(client.session)).replace("-", "")


def test_an_unproven_address_is_proven_the_same_way(client: Client, ada: User, mailoutbox: list[Any]) -> None:
    EmailAddress.objects.update(verified=False)

    client.post("/account/email/", {"email": "ada@example.com"})
    client.post("/account/email/confirm/", {"code": code_in(mailoutbox[0])})

    assert email_of(ada) == ("ada@example.com", True)
    assert len(mailoutbox) == 1


def test_a_proven_address_is_not_proven_again(client: Client, ada: User, mailoutbox: list[Any]) -> None:
    assert client.post("/account/email/", {"email": "ADA@example.com"}).status_code == 400
    assert not mailoutbox


def test_codes_to_strangers_are_limited(client: Client, ada: User, mailoutbox: list[Any]) -> None:
    answers = [client.post("/account/email/", {"email": f"stranger{n}@example.com"}).status_code for n in range(6)]

    assert answers == [302] * 5 + [429]
    assert len(mailoutbox) == 5


def test_a_code_that_went_to_the_old_address_signs_nobody_in(client: Client, ada: User, mailoutbox: list[Any]) -> None:
    thief = Client()
    thief.post("/account/login/code/", {"email": "ada@example.com"})
    old_code = code_in(mailoutbox[0])
    client.post("/account/email/", {"email": NEW})
    client.post("/account/email/confirm/", {"code": code_in(mailoutbox[1])})

    thief.post("/account/login/code/confirm/", {"code": old_code})

    assert "_auth_user_id" not in thief.session


@pytest.mark.parametrize("typed", ["before", "after"])
def test_a_reset_code_that_went_to_the_old_address_sets_no_password(
    client: Client, ada: User, mailoutbox: list[Any], typed: str
) -> None:
    thief = Client()
    thief.post("/account/password/reset/", {"email": "Ada@example.com"})
    old_code = code_in(mailoutbox[0])
    if typed == "before":
        thief.post("/account/password/reset/confirm/", {"code": old_code})
    client.post("/account/email/", {"email": NEW})
    client.post("/account/email/confirm/", {"code": code_in(mailoutbox[1])})

    thief.post("/account/password/reset/confirm/", {"code": old_code})
    response = thief.post("/account/password/reset/complete/", {"password1": "seven green herons"})

    ada.refresh_from_db()
    assert response["Location"] == "/account/password/reset/"
    assert ada.check_password(PASSWORD)
    assert "_auth_user_id" not in thief.session
    assert not AuditEntry.objects.filter(action=AccountAction.PASSWORD_CHANGED).exists()
    assert AuditEntry.objects.get(action=AccountAction.SIGN_IN_REFUSED).reason == "email_changed"


def test_a_reset_code_to_the_new_address_works(client: Client, ada: User, mailoutbox: list[Any]) -> None:
    client.post("/account/email/", {"email": NEW})
    client.post("/account/email/confirm/", {"code": code_in(mailoutbox[0])})
    browser = Client()
    browser.post("/account/password/reset/", {"email": "NEW@example.com"})

    browser.post("/account/password/reset/confirm/", {"code": code_in(mailoutbox[-1])})
    browser.post("/account/password/reset/complete/", {"password1": "seven green herons"})

    ada.refresh_from_db()
    assert ada.check_password("seven green herons")


@pytest.mark.parametrize("path", ["/account/email/", "/account/email/confirm/"])
def test_a_thief_at_an_unlocked_browser_is_asked_again(path: str, mailoutbox: list[Any]) -> None:
    browser = Client()
    browser.force_login(make_user(date_joined=timezone.now() - timedelta(days=1)))

    assert browser.post(path, {"email": NEW, "code": "1"})["Location"].startswith("/account/reauthenticate/")
    assert not mailoutbox


@pytest.mark.parametrize("email", ["", "x", "a@b\r\nBcc: c@example.com", "a" * 250 + "@example.com"])
def test_what_is_no_address_is_refused(client: Client, ada: User, mailoutbox: list[Any], email: str) -> None:
    assert client.post("/account/email/", {"email": email}).status_code == 400
    assert not mailoutbox
