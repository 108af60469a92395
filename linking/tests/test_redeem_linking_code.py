"""An assistant gives a code that a person made on the website, and the person confirms (design §7, same care)."""

from __future__ import annotations

import uuid
from collections.abc import Callable

import pytest
from django.utils import timezone

from accounts.models import AuditEntry, Counter, User
from accounts.tests.builders import make_guest, make_user
from linking.audit import LinkingAction
from linking.errors import AlreadyLinked, CodeRefused, LinkRefused, TypingLocked
from linking.models import AccountLink, LinkingCode
from linking.services import confirm_link, decline_link, preview_linking_code, redeem_linking_code
from linking.services.guesses import address_key, typer_key
from linking.tests.builders import make_link, make_linking_code, make_offered_code, make_principal
from linking.tests.guessing import ended, expired, issuer_changed, used
from oauth.bearer import Principal
from oauth.tests.builders import make_session

pytestmark = pytest.mark.django_db

# Where the person was when they connected the assistant; the assistant's own address is its vendor's.
ADDRESS = "203.0.113.7"
WRONG = "AAA-AAA"


@pytest.fixture
def principal() -> Principal:
    """An assistant of a guest."""
    return make_principal(make_session(make_guest(), address=ADDRESS))


def assert_not_redeemed(row: LinkingCode) -> None:
    """Nobody gave the code, and nothing was linked."""
    row.refresh_from_db()
    assert (row.session, row.redeemed_at) == (None, None)
    assert not AccountLink.objects.exists()


def test_a_redeemed_code_waits_for_its_account(principal: Principal) -> None:
    account = make_user()
    row, code = make_offered_code(account)

    redeemed = redeem_linking_code(principal=principal, code=code.lower().replace("-", " "))

    assert (redeemed.pk, redeemed.session, redeemed.identity) == (row.pk, principal.session, principal.user)
    assert redeemed.redeemed_at is not None
    assert not AccountLink.objects.exists()
    audited = AuditEntry.objects.get(action=LinkingAction.CODE_REDEEMED)
    assert (audited.actor, audited.account) == (principal.user, account)
    assert Counter.objects.get(pk=typer_key(principal.user)).count == 0


def test_the_account_confirms_and_the_link_says_where_it_came_from(principal: Principal) -> None:
    account = make_user()
    row, code = make_offered_code(account)
    redeem_linking_code(principal=principal, code=code)

    link = confirm_link(account=account, code_id=row.pk, address=ADDRESS)

    assert (link.user, link.account, link.session) == (principal.user, account, principal.session)
    assert make_principal(principal.session).link_initiated_by == "web"
    row.refresh_from_db()
    assert row.used_at is not None


def test_a_second_assistant_cannot_redeem_the_same_code(principal: Principal) -> None:
    row, code = make_offered_code()
    redeem_linking_code(principal=principal, code=code)
    other = make_principal(make_session(make_guest()))

    with pytest.raises(CodeRefused) as refused:
        redeem_linking_code(principal=other, code=code)

    assert refused.value.reason == "redeemed"
    row.refresh_from_db()
    assert row.session == principal.session


def test_of_two_that_found_it_free_one_redeems_it(principal: Principal, monkeypatch: pytest.MonkeyPatch) -> None:
    row, code = make_offered_code()
    other = make_session(make_guest())

    def somebody_is_faster(**_: object) -> None:
        LinkingCode.objects.filter(pk=row.pk).update(session=other, redeemed_at=timezone.now())

    monkeypatch.setattr("linking.services.typed.forgive_guess", somebody_is_faster)
    with pytest.raises(CodeRefused):
        redeem_linking_code(principal=principal, code=code)

    row.refresh_from_db()
    assert row.session == other
    assert AuditEntry.objects.get(action=LinkingAction.GUESS_REFUSED).reason == "redeemed"


@pytest.mark.parametrize("kill", [used, ended, expired, issuer_changed])
def test_a_dead_code_is_refused_and_counted(principal: Principal, kill: Callable[[LinkingCode], None]) -> None:
    row, code = make_offered_code()
    kill(row)
    with pytest.raises(CodeRefused) as refused:
        redeem_linking_code(principal=principal, code=code)
    assert str(refused.value.description) == str(CodeRefused.description)
    assert_not_redeemed(row)
    assert Counter.objects.get(pk=typer_key(principal.user)).count == 1
    assert Counter.objects.get(pk=address_key(ADDRESS)).count == 1


def test_a_code_of_the_other_direction_is_refused_each_way(principal: Principal) -> None:
    of_an_assistant, typed = make_linking_code()
    of_an_account, given = make_offered_code()

    with pytest.raises(CodeRefused):
        redeem_linking_code(principal=principal, code=typed)
    with pytest.raises(CodeRefused):
        preview_linking_code(account=make_user("bob@example.com"), code=given, address=None)

    assert_not_redeemed(of_an_account)
    assert not LinkingCode.objects.filter(pk=of_an_assistant.pk).exclude(redeemed_at=None).exists()
    reasons = AuditEntry.objects.filter(action=LinkingAction.GUESS_REFUSED).values_list("reason", flat=True)
    assert list(reasons) == ["other_direction", "other_direction"]


def test_five_wrong_codes_lock_the_identity_even_for_the_right_one(principal: Principal) -> None:
    row, code = make_offered_code()
    for _ in range(5):
        with pytest.raises(CodeRefused):
            redeem_linking_code(principal=principal, code=WRONG)
    with pytest.raises(TypingLocked):
        redeem_linking_code(principal=principal, code=code)
    assert_not_redeemed(row)


def test_new_guests_from_one_address_share_its_limit() -> None:
    row, code = make_offered_code()
    for _ in range(5):
        guesser = make_principal(make_session(make_guest(), address=ADDRESS))
        for _ in range(4):
            with pytest.raises(CodeRefused):
                redeem_linking_code(principal=guesser, code=WRONG)

    fresh = make_principal(make_session(make_guest(), address=ADDRESS))
    with pytest.raises(TypingLocked):
        redeem_linking_code(principal=fresh, code=code)
    assert_not_redeemed(row)


@pytest.mark.parametrize("kind", ["signed in", "linked"])
def test_whoever_acts_for_an_account_redeems_nothing(kind: str) -> None:
    session = make_session(make_user("bob@example.com") if kind == "signed in" else make_guest())
    if kind == "linked":
        make_link(make_user("carol@example.com"), session)
    row, code = make_offered_code()

    with pytest.raises(AlreadyLinked):
        redeem_linking_code(principal=make_principal(session), code=code)

    row.refresh_from_db()
    assert row.redeemed_at is None


def assert_refused(account: User, code_id: uuid.UUID, reason: str) -> None:
    """The confirmation is refused for this reason and links nothing."""
    with pytest.raises((CodeRefused, LinkRefused)) as refused:
        confirm_link(account=account, code_id=code_id, address=None)
    assert refused.value.reason == reason
    assert not AccountLink.objects.filter(account=account).exists()


def test_nobody_but_its_account_confirms_an_offered_code(principal: Principal) -> None:
    row, code = make_offered_code()
    redeem_linking_code(principal=principal, code=code)
    assert_refused(make_user("eve@example.com"), row.pk, "offered_by_another_account")
    row.refresh_from_db()
    assert row.used_at is None


def test_a_code_that_no_assistant_gave_links_nothing() -> None:
    row, _ = make_offered_code(account := make_user())
    assert_refused(account, row.pk, "not_redeemed")


def test_an_identity_that_was_linked_meanwhile_is_not_moved(principal: Principal) -> None:
    row, code = make_offered_code(account := make_user())
    redeem_linking_code(principal=principal, code=code)
    make_link(make_user("bob@example.com"), principal.session)
    assert_refused(account, row.pk, "linked_already")


def test_only_its_account_declines_an_offered_code(principal: Principal) -> None:
    row, code = make_offered_code(account := make_user())
    redeem_linking_code(principal=principal, code=code)

    assert not decline_link(account=make_user("eve@example.com"), code_id=row.pk, address=None)
    assert decline_link(account=account, code_id=row.pk, address=None)

    assert_refused(account, row.pk, "ended")
