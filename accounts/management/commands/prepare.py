"""`manage.py prepare`: what `make run` does between migrating and serving."""

from __future__ import annotations

import secrets
from typing import Any

from allauth.account.models import EmailAddress
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.db import transaction

from accounts.audit import AccountAction, record_audit
from accounts.models import User

STAFF_EMAIL = "admin@example.com"


class Command(BaseCommand):
    """Makes a staff account if the site has none, and says where everything is. May run at every start."""

    help = (
        "Make a staff account if there is none, and print where everything is. The staff account's password is printed "
        "when the account is made and never again."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        """Prepare a site whose migrations have run."""
        if not settings.DEBUG:
            call_command("collectstatic", interactive=False, verbosity=0)
        lines = _places()
        if not User.objects.filter(is_superuser=True, is_active=True).exists():
            lines += ["", *_staff_account()]
        rule = "-" * max(map(len, lines))
        self.stdout.write("\n".join([rule, *lines, rule]))


def _places() -> list[str]:
    url = settings.DEXTER_PUBLIC_URL
    places = {
        "The site": f"{url}/",
        "For an assistant": settings.DEXTER_RESOURCE,
        "Type a code": f"{url}/link",
        "Your account": f"{url}/account/",
        "Staff": f"{url}/admin/",
    }
    return [f"{name + ':':<18} {place}" for name, place in places.items()]


def _staff_account() -> list[str]:
    if User.objects.filter(email=STAFF_EMAIL).exists():
        # Whoever signed up with this address is not made staff by a restart.
        return [f"No staff account: {STAFF_EMAIL} is taken. Make one with: manage.py createsuperuser"]
    password = secrets.token_urlsafe(12)
    with transaction.atomic():
        user = User.objects.create_superuser(STAFF_EMAIL, password)
        EmailAddress.objects.create(user=user, email=STAFF_EMAIL, primary=True, verified=True)
        record_audit(AccountAction.STAFF_ADDED, account=user, reason="first_start")
    return [
        "A staff account was made. Its password is shown this once:",
        f"  Email:    {STAFF_EMAIL}",
        f"  Password: {password}",
    ]
