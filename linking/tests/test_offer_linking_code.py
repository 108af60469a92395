"""Making a code on the website (design §7: the same numbers as in the other direction)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from accounts.models import AuditEntry
from accounts.tests.builders import make_guest, make_user
from linking.audit import LinkingAction
from linking.codes import digest_code, normalize_code
from linking.errors import AccountRequired, MintingLimited
from linking.models import LinkingCode, LinkInitiator
from linking.services import offer_linking_code
from linking.tests.builders import make_linking_code, make_offered_code, pass_time
from oauth.tests.builders import make_session

pytestmark = pytest.mark.django_db

ADDRESS = "203.0.113.7"


def test_an_account_gets_a_code_of_its_own_for_no_assistant_yet() -> None:
    account = make_user()

    minted = offer_linking_code(account=account, address=ADDRESS)

    row = LinkingCode.objects.get()
    assert row.code_digest == digest_code(normalize_code(minted.code) or "")
    assert (row.user, row.session, row.identity) == (account, None, None)
    assert (row.initiated_by, row.redeemed_at) == (LinkInitiator.WEB, None)
    assert row.expires_at - row.created_at == timedelta(minutes=10)
    assert minted.link_url == "http://localhost:8000/link/code"
    audited = AuditEntry.objects.get(action=LinkingAction.CODE_OFFERED)
    assert (audited.account, audited.address) == (account, ADDRESS)
    assert minted.code not in repr([vars(entry) for entry in AuditEntry.objects.all()])


def test_a_new_code_ends_the_old_one() -> None:
    account = make_user()
    old, _ = make_offered_code(account)
    offer_linking_code(account=account, address=None)
    old.refresh_from_db()
    assert old.ended_at is not None
    assert LinkingCode.objects.unspent().count() == 1


def test_the_sixth_code_in_an_hour_is_refused_and_audited() -> None:
    account = make_user()
    for _ in range(5):
        offer_linking_code(account=account, address=ADDRESS)
    with pytest.raises(MintingLimited):
        offer_linking_code(account=account, address=ADDRESS)
    assert LinkingCode.objects.count() == 5
    assert AuditEntry.objects.get(action=LinkingAction.MINTING_REFUSED).reason == "too_many_codes"

    pass_time(timedelta(hours=1))
    offer_linking_code(account=account, address=ADDRESS)


def test_a_guest_is_refused() -> None:
    guest = make_guest()
    with pytest.raises(AccountRequired):
        offer_linking_code(account=guest, address=ADDRESS)
    assert not LinkingCode.objects.exists()
    assert AuditEntry.objects.get().reason == "guest"


def test_an_inactive_account_is_refused() -> None:
    with pytest.raises(AccountRequired):
        offer_linking_code(account=make_user(is_active=False), address=ADDRESS)
    assert not LinkingCode.objects.exists()


def test_the_database_takes_no_code_of_both_directions() -> None:
    row, _ = make_linking_code()
    with pytest.raises(IntegrityError), transaction.atomic():
        LinkingCode.objects.filter(pk=row.pk).update(session=None)
    offered, _ = make_offered_code()
    with pytest.raises(IntegrityError), transaction.atomic():
        LinkingCode.objects.filter(pk=offered.pk).update(session=make_session())
