"""A sign-in or a reset that waits for its next step ends with what shuts a stranger out (design §7 asks it of links).

The stranger has what the owner takes away from them: a password that leaked, or a code from a mailbox that was open.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.core.cache import cache
from django.db import connections
from django.test import Client

from accounts.audit import AccountAction
from accounts.models import AuditEntry, User
from accounts.services import end_other_browsers, set_active
from accounts.tests.builders import PASSWORD, make_user
from accounts.tests.mails import code_in
from accounts.tests.second_factors import code_of, make_app
from accounts.tests.signing_in import SECOND_STEP, is_signed_in, sign_in

pytestmark = pytest.mark.django_db(transaction=True)

EMAIL = "ada@example.com"
RESET, CODE = "/account/password/reset/", "/account/login/code/"
OWNERS, THIEFS = "the-owners-new-password", "the-thiefs-own-password"
AGAIN = "That did not work any more."


@pytest.fixture
def ada() -> User:
    """Whose account it is."""
    return make_user(EMAIL)


def ask(page: str) -> tuple[Client, str]:
    """Ask for a code, and read it in the mailbox."""
    cache.clear()
    browser = Client()
    browser.post(page, {"email": EMAIL})
    return browser, code_in(mail.outbox[-1])


def prove_by_reset() -> Client:
    """A browser that may choose a password."""
    browser, code = ask(RESET)
    browser.post(f"{RESET}confirm/", {"code": code})
    return browser


def choose(browser: Client, password: str) -> Any:
    """Choose the new password after the code of a reset."""
    return browser.post(f"{RESET}complete/", {"password1": password})


def _change_password(ada: User) -> None:
    browser = Client()
    sign_in(browser)
    browser.post("/account/password/change/", {"oldpassword": PASSWORD, "password1": OWNERS})


def _set_password(ada: User) -> None:
    ada.set_password(OWNERS)
    ada.save()


def _reset_password(ada: User) -> None:
    choose(prove_by_reset(), OWNERS)


def _sign_out_everywhere(ada: User) -> None:
    end_other_browsers(account=ada, session_key=None, address=None)


CHANGES = [_change_password, _reset_password, _sign_out_everywhere]
Change = Callable[[User], None]


def refusals(account: User) -> list[str]:
    """Why sign-ins and resets were refused."""
    rows = AuditEntry.objects.filter(account=account, action=AccountAction.SIGN_IN_REFUSED)
    return list(rows.values_list("reason", flat=True))


def nobody_got_in(browser: Client) -> bool:
    """Neither this browser, nor anybody with the password that the thief would have chosen."""
    return not is_signed_in(browser) and not User.objects.get().check_password(THIEFS)


# --- Resets -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("change", CHANGES)
def test_a_reset_ends_when_the_owner_shuts_strangers_out(ada: User, change: Change) -> None:
    thief = prove_by_reset()
    change(ada)

    response = choose(thief, THIEFS)

    assert response["Location"] == RESET
    assert AGAIN in thief.get(RESET).content.decode()
    assert nobody_got_in(thief)
    assert refusals(ada) == ["access_changed"]
    assert thief.get(f"{RESET}complete/")["Location"] == RESET


@pytest.mark.parametrize("change", CHANGES)
def test_so_does_a_code_that_was_not_typed_yet(ada: User, change: Change) -> None:
    thief, code = ask(RESET)
    change(ada)
    # Whoever has no code sees what anybody sees who asked for one.
    assert thief.get(f"{RESET}confirm/").status_code == 200

    response = thief.post(f"{RESET}confirm/", {"code": code})
    choose(thief, THIEFS)

    assert response["Location"] == RESET
    assert nobody_got_in(thief)
    assert refusals(ada) == ["access_changed"]


def test_asking_again_without_an_answer_renews_nothing(ada: User, settings: Any) -> None:
    thief = prove_by_reset()
    _change_password(ada)
    settings.ACCOUNT_RATE_LIMITS = {"reset_password": "1/m/ip"}
    cache.clear()
    Client().post(RESET, {"email": EMAIL})
    assert thief.post(RESET, {"email": EMAIL}).status_code == 429

    choose(thief, THIEFS)

    assert nobody_got_in(thief)


def test_a_deactivated_account_gets_no_password(ada: User) -> None:
    browser = prove_by_reset()
    set_active(account=ada, is_active=False, actor=ada, address=None)

    response = choose(browser, THIEFS)

    assert response["Location"] == "/account/inactive/"
    assert nobody_got_in(browser)
    assert refusals(ada) == ["inactive"]


def test_a_reset_from_before_this_was_kept_has_to_be_begun_anew(ada: User) -> None:
    """A session of an older release."""
    browser = prove_by_reset()
    session = browser.session
    del session["account_password_reset_verification"]["begun_with"]
    session.save()

    choose(browser, THIEFS)

    assert nobody_got_in(browser)


@pytest.mark.postgres
def test_of_two_resets_at_once_one_sets_the_password(ada: User) -> None:
    browsers = [prove_by_reset() for _ in range(4)]
    barrier = Barrier(len(browsers))

    def finish(browser: Client) -> None:
        try:
            barrier.wait(20)
            choose(browser, THIEFS)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(browsers)) as pool:
        list(pool.map(finish, browsers))

    assert AuditEntry.objects.filter(action=AccountAction.PASSWORD_CHANGED).count() == 1
    assert refusals(ada) == ["access_changed"] * 3
    assert [is_signed_in(browser) for browser in browsers].count(True) == 1


def test_whoever_has_an_app_gets_in_after_a_reset(ada: User) -> None:
    make_app(ada)
    browser = prove_by_reset()

    choose(browser, OWNERS)
    browser.post(SECOND_STEP, {"code": code_of()})

    assert is_signed_in(browser)
    assert User.objects.get().check_password(OWNERS)


# --- Sign-ins ---------------------------------------------------------------------------------------------------------


def _deactivate(ada: User) -> None:
    set_active(account=ada, is_active=False, actor=ada, address=None)


@pytest.mark.parametrize(
    ("change", "where", "reason"),
    [
        *((change, "/account/login/", "access_changed") for change in (_set_password, _sign_out_everywhere)),
        (_deactivate, "/account/inactive/", "inactive"),
    ],
)
@pytest.mark.parametrize("right", [True, False])
def test_the_second_step_ends_with_the_first(ada: User, change: Change, where: str, reason: str, right: bool) -> None:
    make_app(ada)
    thief = Client()
    sign_in(thief)
    change(ada)

    response = thief.post(SECOND_STEP, {"code": code_of() if right else "000000"})

    assert response["Location"] == where
    assert not is_signed_in(thief)
    assert refusals(ada) == [reason]
    # Nothing was compared, counted or written down as a sign-in.
    actions = AuditEntry.objects.values_list("action", flat=True)
    assert not {AccountAction.SIGNED_IN, AccountAction.FACTOR_REFUSED} & set(actions)
    assert User.objects.get().last_login is None
    assert thief.get(SECOND_STEP)["Location"] == "/account/login/"


@pytest.mark.parametrize("change", CHANGES)
def test_so_does_a_sign_in_by_code(ada: User, change: Change) -> None:
    thief, code = ask(CODE)
    change(ada)
    # Whoever has no code sees what anybody sees who asked for one.
    assert thief.get(f"{CODE}confirm/").status_code == 200

    response = thief.post(f"{CODE}confirm/", {"code": code})

    assert response["Location"] == "/account/login/"
    assert AGAIN in thief.get("/account/login/").content.decode()
    assert not is_signed_in(thief)
    assert refusals(ada) == ["access_changed"]


def test_a_new_code_is_good_again(ada: User) -> None:
    thief, _code = ask(CODE)
    _change_password(ada)

    owner, code = ask(CODE)
    owner.post(f"{CODE}confirm/", {"code": code})

    assert is_signed_in(owner)
    assert not is_signed_in(thief)


def test_whoever_signed_up_with_an_address_that_somebody_else_proves_is_out(settings: Any) -> None:
    settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"
    settings.ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED = True
    squatter = Client()
    url = squatter.post("/account/signup/", {"email": EMAIL, "password1": THIEFS})["Location"]
    code = code_in(mail.outbox[-1])
    owner, owners_code = ask(CODE)
    owner.post(f"{CODE}confirm/", {"code": owners_code})
    assert is_signed_in(owner)

    squatter.post(url, {"code": code})

    assert nobody_got_in(squatter)
    assert refusals(User.objects.get()) == ["access_changed"]


def test_whoever_proves_the_address_on_the_way_goes_on_to_the_second_step(ada: User) -> None:
    """The proof drops the password; that is this sign-in's own doing."""
    make_app(ada)
    EmailAddress.objects.update(verified=False)
    browser, code = ask(CODE)

    browser.post(f"{CODE}confirm/", {"code": code})
    browser.post(SECOND_STEP, {"code": code_of()})

    assert not User.objects.get().has_usable_password()
    assert is_signed_in(browser)
