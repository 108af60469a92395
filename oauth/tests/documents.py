"""A client that has a metadata document, and its documents, good and bad."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.utils import timezone

from accounts.models import AuditEntry
from oauth.models import Client, ClientDocument
from oauth.tests.protocol import authorize_path
from oauth.tests.stand_ins import Answer, json_answer

PATH = "/client.json"
URL = f"https://app.example.com{PATH}"
CALLBACK = "https://app.example.com/callback"
DOCUMENT: dict[str, Any] = {"client_id": URL, "client_name": "Example Helper", "redirect_uris": [CALLBACK]}
REQUESTED, STORED, CHANGED = (f"oauth.client_document.{what}" for what in ("requested", "stored", "changed"))
FAILED, REFUSED = (f"oauth.client_document.{what}" for what in ("failed", "refused"))
AUTHORIZE = authorize_path(Client(client_id=URL), redirect_uri=CALLBACK)

BAD_DOCUMENTS = {
    "another client_id": json_answer(DOCUMENT | {"client_id": "https://chatgpt.com/oauth/client.json"}),
    "a secret": json_answer(DOCUMENT | {"client_secret": "s"}),
    "our name": json_answer(DOCUMENT | {"client_name": "Dexter"}),
    "a bad redirect": json_answer(DOCUMENT | {"redirect_uris": ["javascript:alert(1)"]}),
    "an array": json_answer([DOCUMENT]),
    "deep nesting": Answer(b'{"a":' * 2500),
    "duplicate keys": Answer(b'{"client_id": "%s", "client_id": "%s"}' % (URL.encode(), URL.encode())),
    "html": Answer(b"<html>", headers={"Content-Type": "text/html"}),
    "a redirect": Answer(status="302 Found", headers={"Location": "http://169.254.169.254/"}),
    "1 MB": Answer(b" " * 1024 * 1024),
    "404": Answer(status="404 Not Found"),
    "500": Answer(status="500 Internal Server Error"),
}


def grow_old(**ages: timedelta) -> None:
    """Make the stored copy older: `fetched_at=timedelta(days=1)` was fetched a day ago; by default it is due."""
    now = timezone.now()
    fields = {"next_fetch_at": timedelta(seconds=1)} | ages
    ClientDocument.objects.update(**{name: now - age for name, age in fields.items()})


def audited(action: str) -> list[AuditEntry]:
    """The audit rows of one kind, oldest first."""
    return list(AuditEntry.objects.filter(action=action).order_by("pk"))
