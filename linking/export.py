"""Everything that the site keeps about an account, for its owner: no digests, no secrets, nobody else's affairs."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.utils import timezone

from accounts.browsers import describe_browser, live_browsers
from accounts.emails import email_is_verified
from accounts.models import User
from accounts.second_factor import second_factors_of
from linking.history import exported_history
from linking.models import AccountLink, LinkingCode
from linking.services.connections import sessions_of


def data_of(account: User) -> dict[str, Any]:
    """The account as JSON can hold it; times are aware datetimes."""
    return {
        "site": settings.DEXTER_PUBLIC_URL,
        "exported_at": timezone.now(),
        "profile": {
            "issuer": settings.DEXTER_ISSUER,
            "subject": account.subject,
            "email": account.email,
            "email_is_confirmed": email_is_verified(account),
            "display_name": account.display_name,
            "language": account.language,
            "joined_at": account.date_joined,
            "last_sign_in_at": account.last_login,
        },
        "signing_in": {"has_password": account.has_usable_password(), **second_factors_of(account)},
        "browsers": [
            {
                "browser": describe_browser(row.user_agent),
                "address": row.address,
                "first_seen_at": row.signed_in_at,
                "last_seen_at": row.last_seen_at,
            }
            for row in live_browsers(account)
        ],
        "connections": [_connection(session, account) for session in sessions_of(account)],
        "links": [
            {"identity": link.user.subject, "linked_at": link.linked_at, "link_initiated_by": link.link_initiated_by}
            for link in AccountLink.objects.with_parties().filter(account=account)
        ],
        "linking_codes": [_linking_code(row) for row in LinkingCode.objects.of_identities_of(account)],
        **exported_history(account),
    }


def _linking_code(row: LinkingCode) -> dict[str, Any]:
    """When it was made and what became of it; nobody knows the code itself any more."""
    return {
        "identity": row.user.subject,
        "asked_for_by": row.initiated_by,
        "assistant": str(row.session.client) if row.session else "",
        "made_at": row.created_at,
        "expires_at": row.expires_at,
        "given_at": row.redeemed_at,
        "used_at": row.used_at,
        "ended_at": row.ended_at,
    }


def _connection(session: Any, account: User) -> dict[str, Any]:
    return {
        "assistant": str(session.client),
        "client_id": session.client.client_id,
        "verified_host": session.client.verified_host,
        "answers_go_to": session.redirect_host,
        "may": session.scope.split(),
        "linked": session.user_id != account.pk,
        "connected_at": session.created_at,
        "connected_from": session.address,
        "browser": session.user_agent,
        "last_used_at": session.last_used_at,
        "ended_at": session.ended_at,
        "end_reason": session.end_reason,
    }
