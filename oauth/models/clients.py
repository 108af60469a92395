"""The clients: who asks for tokens."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import ClassVar
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _
from oauth2_provider.models import AbstractApplication, ApplicationManager
from oauthlib.oauth2.rfc6749.errors import MissingRedirectURIError

from oauth.document_urls import is_blocked_host
from oauth.redirects import is_acceptable_redirect_uri, redirect_uri_matches

# How long a stored metadata document serves after the last good fetch, when the fetches since then failed.
STORED_DOCUMENT_SERVES = timedelta(days=7)


class Client(AbstractApplication):
    """An OAuth client: the connector of an assistant (RFC 6749 §2)."""

    class AuthMethod(models.TextChoices):
        """How a client proves itself at the token endpoint (RFC 7591 §2 `token_endpoint_auth_method`)."""

        NONE = "none", _("none (public client with PKCE)")
        BASIC = "client_secret_basic", _("secret in the Authorization header")
        POST = "client_secret_post", _("secret in the body")
        PRIVATE_KEY_JWT = "private_key_jwt", _("signed with a key that its metadata document names")

    token_endpoint_auth_method = models.CharField(
        _("token endpoint authentication"), max_length=40, choices=AuthMethod.choices, default=AuthMethod.NONE
    )
    grant_types = models.JSONField(_("grant types"), default=list, blank=True)
    client_uri = models.URLField(_("client URI"), max_length=500, blank=True)
    registered_scope = models.TextField(_("scope it asked for when it registered"), blank=True)
    software_id = models.CharField(_("software ID"), max_length=255, blank=True)
    software_version = models.CharField(_("software version"), max_length=255, blank=True)
    registration_token_digest = models.CharField(
        _("registration token digest"), max_length=64, blank=True, editable=False
    )
    served_resource = models.CharField(
        _("serves the resource"),
        max_length=500,
        blank=True,
        help_text=_("A confidential client that may introspect tokens for this resource, such as the MCP endpoint."),
    )
    serves_legacy_family = models.BooleanField(
        _("serves the old endpoints"),
        default=False,
        help_text=_("Stands in for a connector that calls /api/connector/oauth/authorize without a client ID."),
    )
    may_resolve_identities = models.BooleanField(
        _("may look up identities"),
        default=False,
        help_text=_(
            "A confidential client of yours that may ask which account an identity acts for, such as a service."
        ),
    )
    last_used_at = models.DateTimeField(_("last used at"), null=True, blank=True, editable=False)
    blocked_at = models.DateTimeField(_("blocked at"), null=True, blank=True)
    flagged_at = models.DateTimeField(_("reported by a person at"), null=True, blank=True, editable=False)

    objects: ClassVar[ApplicationManager] = ApplicationManager()

    class Meta:
        verbose_name = _("client")
        verbose_name_plural = _("clients")

    def __str__(self) -> str:
        return self.name or self.client_id

    def redirect_uri_allowed(self, uri: str) -> bool:
        """Whether `uri` is one of the registered redirect URIs (RFC 6749 §3.1.2.3, RFC 8252 §7.3).

        And still one that may be registered: staff may have taken its private scheme off the list, or typed it in.
        """
        acceptable = is_acceptable_redirect_uri(uri, private_schemes=settings.DEXTER_PRIVATE_REDIRECT_SCHEMES)
        return acceptable and any(redirect_uri_matches(registered, uri) for registered in self.redirect_uris.split())

    @property
    def default_redirect_uri(self) -> str:
        """The redirect URI of a request that names none: the only one registered (RFC 6749 §3.1.2.3).

        Raises:
            MissingRedirectURIError: there is none, there are several, or it is not allowed.
        """
        uri: str = super().default_redirect_uri
        if not self.redirect_uri_allowed(uri):
            raise MissingRedirectURIError
        return uri

    def clean(self) -> None:
        """As upstream, with our own rules for redirects: `manage.py createapplication` asks here.

        Raises:
            django.core.exceptions.ValidationError: with the fields that are wrong.
        """
        super().clean()
        if not all(self.redirect_uri_allowed(uri) for uri in self.redirect_uris.split()):
            message = _("Each must be https, http on a loopback host, or an allowed private scheme.")
            raise ValidationError({"redirect_uris": message})

    @property
    def may_refresh(self) -> bool:
        """Whether the client gets refresh tokens: it asked for them, or staff set it up without saying."""
        return not self.grant_types or "refresh_token" in self.grant_types

    def is_usable(self, request: object) -> bool:
        """Whether staff still let the client in. django-oauth-toolkit asks on every look-up."""
        return self.blocked_at is None and not (self.is_document and is_blocked_host(self.client_id))

    @property
    def is_document(self) -> bool:
        """Whether the client ID is the URL of a metadata document that describes the client."""
        return self.registration_source == self.RegistrationSource.CIMD

    @property
    def may_show_logo(self) -> bool:
        """Whether a logo may stand for the client: one that registered itself can rename itself the next minute."""
        return bool(self.registration_source != self.RegistrationSource.DCR)

    @property
    def is_set_up_by_staff(self) -> bool:
        """Whether staff vouch for the client, its name and its redirects."""
        return bool(self.registration_source == self.RegistrationSource.MANUAL)

    @property
    def is_confidential(self) -> bool:
        """Whether the client has to prove a secret or a private key (RFC 6749 §2.1)."""
        return self.client_type == self.CLIENT_CONFIDENTIAL

    @property
    def has_secret(self) -> bool:
        """Whether the client was given a secret; one with a metadata document proves a key instead."""
        return self.is_confidential and not self.is_document

    @property
    def verified_host(self) -> str | None:
        """The host that the client is known to belong to, or None when none is.

        Anybody can register any name, so a registered client has no verified host; a client ID metadata document is
        served by its host; a client that staff set up is vouched for by them, at the host of its first https redirect.
        """
        if self.is_document:
            return self.claiming_host
        if self.is_set_up_by_staff:
            hosts = (urlsplit(uri).hostname for uri in self.redirect_uris.split() if uri.startswith("https://"))
            return next(hosts, None)
        return None

    @property
    def claiming_host(self) -> str | None:
        """The host whose word for the client's name is the only one, or None when there is no such host.

        Whoever has a host can serve a metadata document with any name. So people read whose word it is: the host is
        proven, the name is not. Staff have looked at the name of a client that they set up.
        """
        return urlsplit(self.client_id).hostname if self.is_document else None


class ClientDocument(models.Model):
    """The stored copy of a client ID metadata document: its age, and the keys that it names.

    What the document says of the client is on the client's own row.
    """

    client = models.OneToOneField(Client, on_delete=models.CASCADE, related_name="document", verbose_name=_("client"))
    fetched_at = models.DateTimeField(_("last good fetch at"))
    next_fetch_at = models.DateTimeField(_("next fetch not before"))
    failures = models.PositiveSmallIntegerField(_("failed fetches since the last good one"), default=0)
    failure = models.CharField(_("why the last fetch failed"), max_length=120, blank=True)
    signing_alg = models.CharField(_("signs with"), max_length=10, blank=True)
    jwks_uri = models.CharField(_("keys are at"), max_length=255, blank=True)
    keys = models.JSONField(_("public keys"), default=list, blank=True)
    keys_fetched_at = models.DateTimeField(_("last good fetch of the keys at"), null=True, blank=True)
    keys_fresh_until = models.DateTimeField(_("keys are fresh until"), null=True, blank=True)
    keys_failures = models.PositiveSmallIntegerField(_("failed fetches of the keys since the last good one"), default=0)
    keys_attempted_at = models.DateTimeField(_("last fetch of the keys begun at"), null=True, blank=True)

    class Meta:
        verbose_name = _("client metadata document")
        verbose_name_plural = _("client metadata documents")

    def __str__(self) -> str:
        return self.client.client_id

    def has_lapsed(self, now: datetime) -> bool:
        """Whether the stored copy is too old to stand in for a document that cannot be fetched any more."""
        return self.failures > 0 and self.fetched_at < now - STORED_DOCUMENT_SERVES

    def keys_are_due(self, now: datetime) -> bool:
        """Whether the keys were never fetched, or their host does not let them be kept any longer."""
        return self.keys_fresh_until is None or self.keys_fresh_until <= now

    def keys_are_known(self, now: datetime) -> bool:
        """Whether the stored keys may still stand in for those at their host."""
        return self.keys_fetched_at is not None and self.keys_fetched_at >= now - STORED_DOCUMENT_SERVES

    def keys_are_awaited(self) -> bool:
        """Whether the last fetch of the keys did not bring them: it failed, or another worker is at it."""
        attempted_at, fetched_at = self.keys_attempted_at, self.keys_fetched_at
        return fetched_at is None or (attempted_at is not None and attempted_at > fetched_at)


class ClientLogo(models.Model):
    """The logo that staff chose for a client. Its address holds the digest, so that browsers may keep it."""

    client = models.OneToOneField(Client, on_delete=models.CASCADE, related_name="logo", verbose_name=_("client"))
    digest = models.CharField(_("SHA-256 of the image"), max_length=64, db_index=True, editable=False)
    image = models.BinaryField(_("image (PNG)"))
    updated_at = models.DateTimeField(_("updated at"), auto_now=True)

    class Meta:
        verbose_name = _("client logo")
        verbose_name_plural = _("client logos")

    def __str__(self) -> str:
        return str(self.client)


class UsedAssertion(models.Model):
    """The digest of a client assertion's `jti`, kept until the assertion expires (RFC 7523 §3: used once)."""

    digest = models.CharField(_("digest"), max_length=64, primary_key=True)
    expires_at = models.DateTimeField(_("expires at"), db_index=True)

    class Meta:
        verbose_name = _("used client assertion")
        verbose_name_plural = _("used client assertions")

    def __str__(self) -> str:
        return self.digest[:8]
