"""Clients as staff set them up and shut them out, and as people report them.

Staff set up those of connectors that cannot register themselves, and of servers that introspect tokens.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts.audit import record_audit
from accounts.models import User
from oauth.audit import OAuthAction
from oauth.metadata_fields import SUPPORTED_GRANT_TYPES
from oauth.models import Client
from oauth.telling import tell_blocked


@transaction.atomic
def set_up_client(
    *,
    name: str,
    redirect_uris: Sequence[str],
    confidential: bool,
    actor: User | None,
    client_id: str = "",
    served_resource: str = "",
    serves_legacy_family: bool = False,
    may_resolve_identities: bool = False,
) -> tuple[Client, str]:
    """Make a client that staff vouch for; returns it and its secret, which is empty for a public one.

    The secret is in the answer and nowhere else.
    """
    client_secret = "dxs_" + secrets.token_urlsafe(32) if confidential else ""
    client = Client.objects.create(
        client_id=client_id or "dxc_" + secrets.token_urlsafe(24),
        client_secret=client_secret,
        client_type=Client.CLIENT_CONFIDENTIAL if confidential else Client.CLIENT_PUBLIC,
        token_endpoint_auth_method=Client.AuthMethod.BASIC if confidential else Client.AuthMethod.NONE,
        authorization_grant_type=Client.GRANT_AUTHORIZATION_CODE,
        algorithm=Client.RS256_ALGORITHM,
        registration_source=Client.RegistrationSource.MANUAL,
        redirect_uris=" ".join(redirect_uris),
        grant_types=list(SUPPORTED_GRANT_TYPES),
        name=name,
        served_resource=served_resource,
        serves_legacy_family=serves_legacy_family,
        may_resolve_identities=may_resolve_identities,
    )
    record_audit(OAuthAction.CLIENT_SET_UP, actor=actor, client_id=client.client_id)
    return client, client_secret


@transaction.atomic
def set_up_connector_client() -> Client | None:
    """Make, or bring up to date, the public client that DEXTER_CONNECTOR_CLIENT_ID names; None when it names none.

    A client of that id that somebody registered is never taken over: the settings name a client of staff's own.
    """
    client_id = settings.DEXTER_CONNECTOR_CLIENT_ID
    redirect_uris = " ".join(settings.DEXTER_CONNECTOR_REDIRECT_URIS)
    if not client_id or not redirect_uris:
        return None
    client = Client.objects.select_for_update().filter(client_id=client_id).first()
    if client is None:
        made, _secret = set_up_client(
            name="Connector",
            client_id=client_id,
            redirect_uris=redirect_uris.split(),
            confidential=False,
            actor=None,
            serves_legacy_family=True,
        )
        return made
    if client.registration_source == Client.RegistrationSource.MANUAL and client.redirect_uris != redirect_uris:
        client.redirect_uris = redirect_uris
        client.save(update_fields=["redirect_uris", "updated"])
        record_audit(OAuthAction.CLIENT_SET_UP, client_id=client.client_id)
    return client


@transaction.atomic
def flag_client(*, client: Client, actor: User | None, address: str | None = None) -> None:
    """Mark a client that a person disowned, for staff to look at. The first report counts; nothing is blocked by it."""
    Client.objects.filter(pk=client.pk, flagged_at=None).update(flagged_at=timezone.now())
    record_audit(OAuthAction.CLIENT_FLAGGED, actor=actor, account=actor, client_id=client.client_id, address=address)


@transaction.atomic
def block_client(*, client: Client, actor: User, blocked: bool) -> bool:
    """Shut a client out, or let it in again. A blocked client can neither authorize nor use the tokens it has.

    The people for whom it acted are told by e-mail, unless it is only let in again.
    """
    now = timezone.now()
    changed = Client.objects.filter(pk=client.pk, blocked_at__isnull=blocked).update(
        blocked_at=now if blocked else None
    )
    if changed:
        action = OAuthAction.CLIENT_BLOCKED if blocked else OAuthAction.CLIENT_UNBLOCKED
        record_audit(action, actor=actor, client_id=client.client_id)
    if changed and blocked:
        # It is blocked whether they can be told or not.
        transaction.on_commit(lambda: tell_blocked.delay(client.pk), robust=True)
    return bool(changed)
