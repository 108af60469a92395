"""People of the admin."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Permission

from accounts.models import User
from accounts.tests.builders import make_user


@pytest.fixture
def root() -> User:
    """A superuser."""
    return make_user("root@example.com", is_staff=True, is_superuser=True)


@pytest.fixture
def staff() -> User:
    """Somebody who may look after people, and is no superuser."""
    user = make_user("staff@example.com", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(content_type__app_label="accounts"))
    return user
