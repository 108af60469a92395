"""Ada and her browser, which most tests of pages and of the API begin with."""

from __future__ import annotations

import pytest
from django.test import Client as Browser

from accounts.models import User
from accounts.tests.builders import make_user
from linking.tests.browsing import signed_in


@pytest.fixture
def account() -> User:
    """Ada, who has just signed up."""
    return make_user()


@pytest.fixture
def browser(account: User) -> Browser:
    """A browser in which Ada is signed in."""
    return signed_in(account)
