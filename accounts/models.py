"""People: accounts, guests, the audit log of what was done to them, and the counters that guard them."""

from __future__ import annotations

import secrets
import uuid
from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

SUBJECT_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
SUBJECT_LENGTH = 12


def generate_subject() -> str:
    """A new subject identifier: `user:` and twelve random characters, about 59 bits (OpenID Connect Core §2 `sub`)."""
    return "user:" + "".join(secrets.choice(SUBJECT_ALPHABET) for _ in range(SUBJECT_LENGTH))


class UserManager(BaseUserManager["User"]):
    """Makes accounts; guests are made by `accounts.services.create_guest`."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        """Make an account that signs in with `email`, in lower case, and `password` if there is one."""
        user = self.model(email=email.strip().lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> User:
        """Make a staff account that may do everything in the admin."""
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)

    def get_by_natural_key(self, username: str | None) -> User:
        """Find an account by its e-mail address in any case."""
        return self.get(email=(username or "").lower())


class User(AbstractBaseUser, PermissionsMixin):
    """A person: an account with an e-mail address, or a guest that holds a stable identity and nothing else."""

    email = models.EmailField(_("e-mail address"), max_length=254, unique=True, null=True, blank=True)
    display_name = models.CharField(_("display name"), max_length=80, blank=True)
    subject = models.CharField(_("subject"), max_length=24, unique=True, default=generate_subject, editable=False)
    is_guest = models.BooleanField(_("guest"), default=False, editable=False)
    is_active = models.BooleanField(_("active"), default=True)
    is_staff = models.BooleanField(_("staff"), default=False)
    date_joined = models.DateTimeField(_("joined at"), default=timezone.now, editable=False)
    # What the person's mail is written in: the language of the browser that they last signed in with.
    language = models.CharField(_("language"), max_length=16, blank=True, editable=False)
    # Goes up whenever the account is signed out of other browsers: none that was known before is known any more.
    browser_epoch = models.PositiveIntegerField(default=0, editable=False)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        verbose_name = _("user")
        verbose_name_plural = _("users")
        constraints = [
            models.UniqueConstraint(Lower("email"), name="accounts_user_email_any_case"),
            models.CheckConstraint(
                condition=models.Q(is_guest=True, email__isnull=True) | models.Q(is_guest=False, email__isnull=False),
                name="accounts_user_guest_has_no_email",
            ),
            models.CheckConstraint(
                condition=models.Q(is_guest=False) | models.Q(is_staff=False, is_superuser=False),
                name="accounts_user_guest_is_not_staff",
            ),
        ]

    def __str__(self) -> str:
        return self.email or f"guest {self.subject}"

    def get_full_name(self) -> str:
        """The name to greet the person with: the display name, or the part of the address before the @."""
        return self.display_name or (self.email or "").partition("@")[0] or str(_("Guest"))

    def get_short_name(self) -> str:
        """Same as the full name: we ask for one name only."""
        return self.get_full_name()


class BrowserSession(models.Model):
    """A browser in which an account is signed in. It goes with the website session that it describes."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    session = models.OneToOneField("sessions.Session", on_delete=models.CASCADE, related_name="browser")
    account = models.ForeignKey(User, on_delete=models.CASCADE, related_name="browsers", verbose_name=_("account"))
    address = models.GenericIPAddressField(_("last seen from"), null=True, blank=True)
    user_agent = models.CharField(_("browser"), max_length=255, blank=True)
    signed_in_at = models.DateTimeField(_("signed in at"), default=timezone.now, editable=False)
    last_seen_at = models.DateTimeField(_("last seen at"), default=timezone.now)

    class Meta:
        verbose_name = _("signed-in browser")
        verbose_name_plural = _("signed-in browsers")
        ordering = ["-last_seen_at"]

    def __str__(self) -> str:
        return f"browser {self.id}"


class AuditEntry(models.Model):
    """One thing that was done or refused. Written in the same transaction as what it describes; never changed.

    The subjects stay when the people's rows are gone.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    created_at = models.DateTimeField(_("when"), default=timezone.now, editable=False, db_index=True)
    action = models.CharField(_("action"), max_length=80, db_index=True)
    actor = models.ForeignKey(
        User, on_delete=models.SET_NULL, null=True, blank=True, related_name="audit_entries_as_actor"
    )
    account = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, related_name="audit_entries")
    actor_subject = models.CharField(_("subject of the actor"), max_length=24, blank=True)
    account_subject = models.CharField(_("subject of the account"), max_length=24, blank=True, db_index=True)
    client_id = models.CharField(_("client ID"), max_length=255, blank=True, db_index=True)
    session_id = models.UUIDField(_("connector session"), null=True, blank=True, db_index=True)
    address = models.GenericIPAddressField(_("address"), null=True, blank=True)
    request_id = models.CharField(_("request ID"), max_length=64, blank=True)
    reason = models.CharField(_("reason"), max_length=120, blank=True)
    detail = models.JSONField(_("detail"), default=dict, blank=True)

    class Meta:
        verbose_name = _("audit entry")
        verbose_name_plural = _("audit entries")
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"{self.action} at {self.created_at:%Y-%m-%d %H:%M:%S}"


class Counter(models.Model):
    """How often something happened in a window, and until when it is locked. Counted in the database, on every worker.

    `key` names what is counted and for whom, such as `guess:account:42`; it never holds what was typed.
    """

    key = models.CharField(_("key"), max_length=120, primary_key=True)
    window_started_at = models.DateTimeField(_("window started at"))
    count = models.PositiveIntegerField(_("count"), default=0)
    locked_until = models.DateTimeField(_("locked until"), null=True, blank=True)
    lock_count = models.PositiveIntegerField(_("locks in a row"), default=0)

    class Meta:
        verbose_name = _("counter")
        verbose_name_plural = _("counters")

    def __str__(self) -> str:
        return self.key
