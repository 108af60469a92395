"""Minting (design §7: made with, stored, lives, minting)."""

from __future__ import annotations

from dataclasses import fields
from datetime import timedelta

import pytest
from django.db import IntegrityError
from django.utils import timezone

from accounts.models import AuditEntry
from accounts.tests.builders import make_user
from linking.audit import LinkingAction
from linking.codes import digest_code, normalize_code
from linking.errors import AlreadyLinked, MintingLimited
from linking.models import LinkingCode
from linking.services import MintedCode, mint_linking_code
from linking.tests.builders import make_link, make_linking_code, make_principal, pass_time
from oauth.tests.builders import make_session

pytestmark = pytest.mark.django_db


def test_a_guest_gets_a_code_that_lives_for_ten_minutes() -> None:
    principal = make_principal()

    minted = mint_linking_code(principal=principal)

    row = LinkingCode.objects.get()
    assert row.code_digest == digest_code(normalize_code(minted.code) or "")
    assert (row.user, row.session, row.issuer) == (principal.user, principal.session, principal.issuer)
    assert row.expires_at - row.created_at == timedelta(minutes=10)
    assert minted.expires_at == row.expires_at
    assert minted.link_url == "http://localhost:8000/link"
    assert AuditEntry.objects.get(action=LinkingAction.CODE_MINTED).session_id == principal.session.pk


def test_the_code_itself_is_stored_nowhere() -> None:
    minted = mint_linking_code(principal=make_principal())

    bare = minted.code.replace("-", "")
    stored = [repr(vars(row)) for model in (LinkingCode, AuditEntry) for row in model.objects.all()]
    assert not [text for text in stored if bare in text or minted.code in text]
    assert minted.code not in f"{minted!r} {minted}"
    assert [field.name for field in fields(MintedCode)] == ["code", "expires_at", "link_url"]


def test_a_new_code_ends_the_old_one() -> None:
    principal = make_principal()
    mint_linking_code(principal=principal)
    old = LinkingCode.objects.get()

    mint_linking_code(principal=principal)

    old.refresh_from_db()
    assert old.ended_at is not None
    assert LinkingCode.objects.unspent().count() == 1


def test_the_code_of_another_identity_is_left_alone() -> None:
    other, _ = make_linking_code()

    mint_linking_code(principal=make_principal())

    other.refresh_from_db()
    assert other.ended_at is None


def test_a_code_that_somebody_holds_already_is_made_again(monkeypatch: pytest.MonkeyPatch) -> None:
    _, held = make_linking_code()
    codes = iter([held.replace("-", ""), held.replace("-", ""), "ABC234"])
    monkeypatch.setattr("linking.services.codes.generate_code", lambda: next(codes))

    minted = mint_linking_code(principal=make_principal())

    assert minted.code == "ABC-234"
    assert LinkingCode.objects.count() == 2


def test_a_generator_that_only_collides_is_an_error_and_not_an_endless_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    _, held = make_linking_code()
    monkeypatch.setattr("linking.services.codes.generate_code", lambda: held.replace("-", ""))

    with pytest.raises(IntegrityError):
        mint_linking_code(principal=make_principal())

    assert LinkingCode.objects.count() == 1


def test_five_codes_an_hour_and_no_more() -> None:
    principal = make_principal()
    for _ in range(5):
        mint_linking_code(principal=principal)

    with pytest.raises(MintingLimited) as refused:
        mint_linking_code(principal=principal)

    assert LinkingCode.objects.count() == 5
    assert LinkingCode.objects.unspent().count() == 1
    assert timedelta(minutes=59) < refused.value.retry_at - timezone.now() <= timedelta(hours=1)
    audited = AuditEntry.objects.get(action=LinkingAction.MINTING_REFUSED)
    assert (audited.actor, audited.reason) == (principal.user, "too_many_codes")


def test_there_is_room_again_after_an_hour_and_not_before() -> None:
    principal = make_principal()
    for _ in range(5):
        mint_linking_code(principal=principal)

    pass_time(timedelta(minutes=59))
    with pytest.raises(MintingLimited):
        mint_linking_code(principal=principal)
    pass_time(timedelta(minutes=1))

    assert mint_linking_code(principal=principal)


def test_twenty_codes_a_day_and_no_more() -> None:
    principal = make_principal()
    for _ in range(4):
        for _ in range(5):
            mint_linking_code(principal=principal)
        pass_time(timedelta(hours=2))

    with pytest.raises(MintingLimited) as refused:
        mint_linking_code(principal=principal)

    assert LinkingCode.objects.count() == 20
    assert timedelta(hours=15) < refused.value.retry_at - timezone.now() <= timedelta(hours=16)


def test_the_limits_are_those_of_the_identity_and_not_of_the_connection() -> None:
    principal = make_principal()
    for _ in range(5):
        mint_linking_code(principal=principal)
    another = make_principal(make_session(user=principal.user))

    with pytest.raises(MintingLimited):
        mint_linking_code(principal=another)

    assert mint_linking_code(principal=make_principal())


def test_a_linked_identity_gets_no_code() -> None:
    session = make_session()
    stale = make_principal(session)
    make_link(session=session)

    # The principal was read before the link was made: the database decides.
    with pytest.raises(AlreadyLinked) as refused:
        mint_linking_code(principal=stale)

    assert refused.value.reason == "linked"
    assert not LinkingCode.objects.exists()
    assert AuditEntry.objects.get(action=LinkingAction.MINTING_REFUSED).reason == "linked"


def test_a_signed_in_person_gets_no_code() -> None:
    principal = make_principal(make_session(user=make_user()))

    with pytest.raises(AlreadyLinked) as refused:
        mint_linking_code(principal=principal)

    assert refused.value.reason == "signed_in"
    assert not LinkingCode.objects.exists()
