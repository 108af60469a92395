"""What a person allowed, and the code that it began with."""

from __future__ import annotations

import uuid
from datetime import datetime

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from oauth2_provider.models import AbstractGrant

from oauth.models.clients import Client
from oauth.redirects import DestinationKind, destination_kind, redirect_destination


class ConnectorSessionQuerySet(models.QuerySet["ConnectorSession"]):
    """Look-ups of sessions."""

    def unended(self, now: datetime) -> ConnectorSessionQuerySet:
        """Neither ended nor expired, of whichever issuer: what removes rows asks this.

        A site may become again what it was, and the sessions of that issuer live again.
        """
        return self.filter(ended_at=None, expires_at__gt=now)

    def live(self, now: datetime) -> ConnectorSessionQuerySet:
        """Those whose codes and tokens may act, as `ConnectorSession.is_live` says of one."""
        return self.unended(now).filter(issuer=settings.DEXTER_ISSUER)


class ConnectorSession(models.Model):
    """One consent and everything that grew from it: the grant, its token family, the MCP traffic."""

    class EndReason(models.TextChoices):
        """Why a session ended; the words are for staff and for the person."""

        USER = "user", _("ended by the person")
        STAFF = "staff", _("ended by staff")
        CLIENT = "client", _("ended by the assistant")
        CODE_REPLAYED = "code_replayed", _("an authorization code was used twice")
        REFRESH_REPLAYED = "refresh_replayed", _("an old refresh token was used again")
        DISOWNED = "disowned", _("the person said that it was not them")
        UNPROVEN = "unproven", _("made before the email was proven")
        UNLINKED = "unlinked", _("the account was unlinked")
        EXPIRED = "expired", _("expired")
        DELETED = "deleted", _("the account was deleted")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="connector_sessions", verbose_name=_("user")
    )
    client = models.ForeignKey(
        Client, on_delete=models.CASCADE, related_name="connector_sessions", verbose_name=_("client")
    )
    issuer = models.CharField(_("issuer"), max_length=255)
    resource = models.CharField(_("resource"), max_length=500)
    scope = models.TextField(_("scope"))
    redirect_uri = models.TextField(_("redirect URI"))
    address = models.GenericIPAddressField(_("consented from"), null=True, blank=True)
    user_agent = models.CharField(_("browser"), max_length=255, blank=True)
    # When the person last showed who they are in that browser; a guest never did (OpenID Connect Core §2, `auth_time`).
    authenticated_at = models.DateTimeField(_("signed in at"), null=True, blank=True)
    created_at = models.DateTimeField(_("consented at"), default=timezone.now, editable=False)
    connected_at = models.DateTimeField(_("first tokens at"), null=True, blank=True)
    last_used_at = models.DateTimeField(_("last used at"), null=True, blank=True)
    expires_at = models.DateTimeField(_("ends at the latest"))
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True)
    end_reason = models.CharField(_("end reason"), max_length=20, choices=EndReason.choices, blank=True)

    objects = ConnectorSessionQuerySet.as_manager()

    class Meta:
        verbose_name = _("connector session")
        verbose_name_plural = _("connector sessions")
        ordering = ["-created_at"]
        indexes = [models.Index(fields=["user", "ended_at"], name="oauth_session_user_live")]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(ended_at__isnull=True, end_reason="")
                | (models.Q(ended_at__isnull=False) & ~models.Q(end_reason="")),
                name="oauth_connectorsession_end_has_reason",
            )
        ]

    def __str__(self) -> str:
        return f"session {self.id}"

    def is_live(self, now: datetime | None = None) -> bool:
        """Whether its code and tokens may still act.

        Not those of an issuer that this site was once: they speak for identities that are no more (design §2).
        """
        is_ours = self.issuer == settings.DEXTER_ISSUER
        return is_ours and self.ended_at is None and (now or timezone.now()) < self.expires_at

    @property
    def redirect_host(self) -> str:
        """Where the answer went: the redirect's host, or its private scheme."""
        return redirect_destination(self.redirect_uri)

    @property
    def redirect_kind(self) -> DestinationKind:
        """What that is: a site, or a program or an app on the device on which it was connected."""
        return destination_kind(self.redirect_uri)


class Grant(AbstractGrant):
    """An authorization code, as the SHA-256 digest of it (RFC 6749 §4.1.2). Kept after use, so that replay is seen."""

    session = models.OneToOneField(ConnectorSession, on_delete=models.CASCADE, related_name="grant")
    used_at = models.DateTimeField(_("used at"), null=True, blank=True)

    class Meta:
        verbose_name = _("authorization code")
        verbose_name_plural = _("authorization codes")
