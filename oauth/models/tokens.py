"""The tokens, of people and of services, and the keys that sign."""

from __future__ import annotations

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from oauth2_provider.models import AbstractAccessToken, AbstractDeviceGrant, AbstractIDToken, AbstractRefreshToken

from oauth.models.clients import Client
from oauth.models.sessions import ConnectorSession


class AccessToken(AbstractAccessToken):
    """An access token, as the SHA-256 digest of it, good for one resource (RFC 6750, RFC 8707)."""

    session = models.ForeignKey(ConnectorSession, on_delete=models.CASCADE, related_name="access_tokens")

    class Meta:
        verbose_name = _("access token")
        verbose_name_plural = _("access tokens")
        indexes = [models.Index(fields=["expires"], name="oauth_accesstoken_expires")]


class ServiceToken(models.Model):
    """An access token of a service that speaks for itself and for nobody else, as its SHA-256 digest (RFC 6749 §4.4).

    In a table of its own: whatever resolves people's tokens can never find one.
    """

    token_checksum = models.CharField(_("digest"), max_length=64, unique=True)
    client = models.ForeignKey(
        Client, on_delete=models.CASCADE, related_name="service_tokens", verbose_name=_("client")
    )
    created_at = models.DateTimeField(_("created at"), default=timezone.now, editable=False)
    expires_at = models.DateTimeField(_("expires at"), db_index=True)

    class Meta:
        verbose_name = _("service token")
        verbose_name_plural = _("service tokens")

    def __str__(self) -> str:
        return f"{self.token_checksum[:8]}… of {self.client}"


class RefreshToken(AbstractRefreshToken):
    """A refresh token, as the SHA-256 digest of it, with its place in the rotation (RFC 9700 §4.14)."""

    session = models.ForeignKey(ConnectorSession, on_delete=models.CASCADE, related_name="refresh_tokens")
    predecessor = models.OneToOneField(
        "self", on_delete=models.SET_NULL, null=True, blank=True, related_name="successor"
    )
    expires_at = models.DateTimeField(_("expires at"))
    first_used_at = models.DateTimeField(_("first used at"), null=True, blank=True)

    class Meta:
        verbose_name = _("refresh token")
        verbose_name_plural = _("refresh tokens")
        constraints = [
            models.UniqueConstraint(fields=["token_checksum"], name="oauth_refreshtoken_one_per_digest"),
        ]
        indexes = [models.Index(fields=["expires_at"], name="oauth_refreshtoken_expires")]


class IDToken(AbstractIDToken):
    """The record of an issued ID token (OpenID Connect Core §2)."""

    class Meta:
        verbose_name = _("ID token")
        verbose_name_plural = _("ID tokens")


class DeviceGrant(AbstractDeviceGrant):
    """Swapped so that it can grow later; the device flow is not offered."""

    class Meta(AbstractDeviceGrant.Meta):
        verbose_name = _("device grant")
        verbose_name_plural = _("device grants")


class SigningKey(models.Model):
    """A private key that signs ID tokens, encrypted at rest under DEXTER_SECRET_KEY."""

    key_id = models.CharField(_("key ID"), max_length=64, primary_key=True)
    encrypted_pem = models.BinaryField(_("private key"), editable=False)
    created_at = models.DateTimeField(_("created at"), default=timezone.now, editable=False)
    retired_at = models.DateTimeField(_("retired at"), null=True, blank=True)

    class Meta:
        verbose_name = _("signing key")
        verbose_name_plural = _("signing keys")
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return self.key_id
