"""`manage.py set_up_connector`: make the client that the environment names."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from oauth.services import set_up_connector_client


class Command(BaseCommand):
    """Makes the connector's client, or brings its redirect URIs up to date. May run at every deployment."""

    help = (
        "Make the public client that DEXTER_CONNECTOR_CLIENT_ID names, with the redirect URIs of "
        "DEXTER_CONNECTOR_REDIRECT_URIS, or bring it up to date."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        """Set the client up.

        Raises:
            CommandError: the environment names none.
        """
        client = set_up_connector_client()
        if client is None:
            raise CommandError("Set DEXTER_CONNECTOR_CLIENT_ID and DEXTER_CONNECTOR_REDIRECT_URIS first.")
        self.stdout.write(f"The client {client.client_id} answers at: {', '.join(client.redirect_uris.split())}")
