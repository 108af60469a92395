"""Puts one signed-in person's live connection into an empty database, and prints its access token."""

from __future__ import annotations

import django

django.setup()

from accounts.tests.builders import make_user  # noqa: E402
from oauth.tests.builders import make_access_token, make_session  # noqa: E402


def main() -> None:
    """Write the rows."""
    _row, token = make_access_token(make_session(user=make_user()))
    print(token)


if __name__ == "__main__":
    main()
