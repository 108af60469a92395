"""`manage.py rotate_signing_key`: the new key signs, the old one is published until its tokens are gone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.core.management import call_command

from oauth.keys import current_signing_key, published_keys
from oauth.services import sweep_oauth

pytestmark = pytest.mark.django_db


def test_rotation_signs_with_a_new_key_and_publishes_both(pass_time: Callable[[timedelta], None]) -> None:
    old = current_signing_key().thumbprint()

    call_command("rotate_signing_key")

    new = current_signing_key().thumbprint()
    assert new != old
    assert {key["kid"] for key in published_keys()} == {old, new}


def test_an_old_key_is_forgotten_when_its_last_token_has_expired(pass_time: Callable[[timedelta], None]) -> None:
    old = current_signing_key().thumbprint()
    call_command("rotate_signing_key")

    pass_time(timedelta(minutes=59))
    sweep_oauth()
    assert old in {key["kid"] for key in published_keys()}
    pass_time(timedelta(minutes=2))
    sweep_oauth()

    assert [key["kid"] for key in published_keys()] == [current_signing_key().thumbprint()]
