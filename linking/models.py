"""Linking codes and links."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from datetime import datetime

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from oauth.models import ConnectorSession


class LinkInitiator(models.TextChoices):
    """Where a link's code came from (`link_initiated_by`)."""

    MCP = "mcp", _("the assistant")
    WEB = "web", _("the website")


class LinkingCodeQuerySet(models.QuerySet["LinkingCode"]):
    """Look-ups of codes."""

    def unspent(self) -> LinkingCodeQuerySet:
        """Neither used nor ended; maybe expired. The unique constraints look at these."""
        return self.filter(used_at=None, ended_at=None)

    def live(self, now: datetime) -> LinkingCodeQuerySet:
        """Those that a conditional UPDATE may consume.

        Columns of this table only: under concurrency PostgreSQL looks again at the changed row, not at joined ones.
        """
        return self.unspent().filter(expires_at__gt=now)

    def with_connection(self) -> LinkingCodeQuerySet:
        """With all that tells whether a code may be used, and for whom."""
        return self.select_related("user", "session__client", "session__user")

    def offered_by(self, account: User) -> LinkingCodeQuerySet:
        """Those that `account` asked for on the website."""
        return self.filter(user=account, initiated_by=LinkInitiator.WEB)

    def of_identities_of(self, account: User) -> LinkingCodeQuerySet:
        """Those that were made for `account`, or for an identity that is linked to it, newest first.

        Not what had expired before the link: the identity may have been another person's then.
        """
        linked = models.Q(
            user__account_link__account=account,
            user__account_link__issuer=models.F("issuer"),
            expires_at__gte=models.F("user__account_link__linked_at"),
        )
        return self.with_connection().filter(models.Q(user=account) | linked).order_by("-created_at")

    def current_offer(self, account: User, *, now: datetime) -> LinkingCode | None:
        """The code that `account` made last on the website and that still works; it has at most one."""
        row = self.offered_by(account).unspent().with_connection().first()
        return None if row is None or row.why_refused(now) else row

    def offered_id(self, posted: str) -> uuid.UUID | None:
        """The id that was posted, if a code was offered so: one that an assistant asked for has to be typed first."""
        try:
            code_id = uuid.UUID(posted)
        except ValueError:
            return None
        return code_id if self.filter(pk=code_id, initiated_by=LinkInitiator.WEB).exists() else None

    def newest_with_digest(self, code_digests: Collection[str]) -> LinkingCode | None:
        """The code with one of these digests, live or not."""
        return self.with_connection().filter(code_digest__in=code_digests).order_by("-created_at").first()


class LinkingCode(models.Model):
    """Six characters minted for an identity, as an HMAC-SHA256 digest of them.

    One that an assistant asked for (`mcp`) is of a guest, and a person types it at `/link`. One that a signed-in person
    asked for (`web`) is of their account, and they give it to an assistant, whose session is not known before that.
    Either way the account confirms.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    code_digest = models.CharField(_("code digest"), max_length=64, editable=False)
    issuer = models.CharField(_("issuer"), max_length=255)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="linking_codes",
        verbose_name=_("identity"),
    )
    initiated_by = models.CharField(
        _("initiated by"), max_length=8, choices=LinkInitiator.choices, default=LinkInitiator.MCP
    )
    session = models.ForeignKey(
        ConnectorSession,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="linking_codes",
        verbose_name=_("connector session"),
    )
    created_at = models.DateTimeField(_("minted at"), default=timezone.now, editable=False)
    expires_at = models.DateTimeField(_("expires at"))
    redeemed_at = models.DateTimeField(_("given by an assistant at"), null=True, blank=True)
    used_at = models.DateTimeField(_("used at"), null=True, blank=True)
    ended_at = models.DateTimeField(_("ended unused at"), null=True, blank=True)

    objects = LinkingCodeQuerySet.as_manager()

    class Meta:
        verbose_name = _("linking code")
        verbose_name_plural = _("linking codes")
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["code_digest"],
                condition=models.Q(used_at__isnull=True, ended_at__isnull=True),
                name="linking_linkingcode_unique_while_live",
            ),
            models.UniqueConstraint(
                fields=["user"],
                condition=models.Q(used_at__isnull=True, ended_at__isnull=True),
                name="linking_linkingcode_one_live_per_identity",
            ),
            models.CheckConstraint(
                condition=models.Q(initiated_by=LinkInitiator.MCP, session__isnull=False, redeemed_at__isnull=True)
                | models.Q(initiated_by=LinkInitiator.WEB, session__isnull=True, redeemed_at__isnull=True)
                | models.Q(initiated_by=LinkInitiator.WEB, session__isnull=False, redeemed_at__isnull=False),
                name="linking_linkingcode_session_known_once_redeemed",
            ),
        ]
        indexes = [
            models.Index(fields=["user", "created_at"], name="linking_code_minted"),
            models.Index(fields=["code_digest", "created_at"], name="linking_code_typed"),
        ]

    def __str__(self) -> str:
        return f"linking code {self.id}"

    def why_refused(self, now: datetime) -> str:
        """Why the code may not be used, for the log; an empty string when it may."""
        session = self.session
        causes = {
            "used": self.used_at is not None,
            "expired": self.expires_at <= now,
            "ended": self.ended_at is not None,
            "issuer_changed": self.issuer != settings.DEXTER_ISSUER,
            "session_ended": session is not None and not session.is_live(now),
            "client_blocked": session is not None and not session.client.is_usable(None),
            "identity_inactive": not (self.user.is_active and (session is None or session.user.is_active)),
        }
        return next((reason for reason, applies in causes.items() if applies), "")

    @property
    def is_offered(self) -> bool:
        """Whether the code was made on the website, to be given to an assistant."""
        return self.initiated_by == LinkInitiator.WEB

    @property
    def identity(self) -> User | None:
        """The guest whom a link would join to the account; None while no assistant has given an offered code."""
        return self.session.user if self.session else None


class AccountLinkQuerySet(models.QuerySet["AccountLink"]):
    """Look-ups of links."""

    def with_parties(self) -> AccountLinkQuerySet:
        """With the identity, the account and the connection that the code came from."""
        return self.select_related("user", "account", "session__client", "session__user")

    def made_from(self, code_id: uuid.UUID, *, account: User) -> AccountLink | None:
        """The link by which the identity behind a code acts for `account`.

        None also when it acts for another account, or when another account made the code: neither is for `account` to
        know.
        """
        codes = LinkingCode.objects.filter(
            models.Q(initiated_by=LinkInitiator.MCP) | models.Q(user=account), pk=code_id
        )
        links = self.filter(user__in=codes.values("session__user"), account=account, issuer=settings.DEXTER_ISSUER)
        return links.with_parties().first()


class AccountLink(models.Model):
    """Joins an identity to an account. One identity has at most one; an account may have many."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    issuer = models.CharField(_("issuer"), max_length=255)
    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="account_link", verbose_name=_("identity")
    )
    account = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="identity_links", verbose_name=_("account")
    )
    session = models.ForeignKey(
        ConnectorSession,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="account_links",
        verbose_name=_("connector session"),
    )
    link_initiated_by = models.CharField(_("link initiated by"), max_length=8, choices=LinkInitiator.choices)
    linked_at = models.DateTimeField(_("linked at"), default=timezone.now, editable=False)

    objects = AccountLinkQuerySet.as_manager()

    class Meta:
        verbose_name = _("account link")
        verbose_name_plural = _("account links")
        ordering = ["-linked_at"]
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(user=models.F("account")), name="linking_accountlink_not_to_itself"
            )
        ]

    def __str__(self) -> str:
        return f"link {self.id}"
