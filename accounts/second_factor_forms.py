"""allauth's forms for passkeys, authenticator apps and recovery codes, with our words and a closer look."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import structlog
from allauth.core import context
from allauth.mfa.adapter import get_adapter
from allauth.mfa.base import forms as base_forms
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp import forms as totp_forms
from allauth.mfa.webauthn import forms as webauthn_forms
from allauth.mfa.webauthn.internal import auth
from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from fido2.webauthn import RegistrationResponse

from accounts.addresses import client_address
from accounts.audit import AccountAction, record_audit
from accounts.errors import TooManyGuesses
from accounts.forms import CodeForm, PlainForm
from accounts.known_browsers import read_known_browser
from accounts.models import User
from accounts.services import admit_factor_code, admit_passkey_refusal, forgive_factor_code

log = structlog.get_logger(__name__)
NAME_LENGTH = 60


class _CountedForm(CodeForm, base_forms.BaseAuthenticateForm):
    """A code of an app, or a recovery code: counted in the database before it is compared."""

    def clean_code(self) -> str:
        """Upstream's comparison, and its own limit, which the cache keeps."""
        account: User = self.user
        browser = read_known_browser(context.request, email=account.email or "")
        try:
            admit_factor_code(account=account, browser=browser)
        except TooManyGuesses as refusal:
            raise ValidationError(refusal.description) from None
        code: str = super().clean_code()
        forgive_factor_code(account=account, browser=browser)
        return code


def _say_what_is_left(used: Authenticator) -> None:
    """After one of ten recovery codes. Upstream's form has what the code belongs to, as it was before."""
    if used.type == Authenticator.Type.RECOVERY_CODES:
        used.refresh_from_db(fields=["data"])
        messages.warning(context.request, _what_is_left(len(RecoveryCodes(used).get_unused_codes())))


def _what_is_left(count: int) -> str:
    if not count:
        return gettext("You used your last recovery code. Make new ones under “Signing in”.")
    text = ngettext(
        "You used a recovery code. %(count)d is left.", "You used a recovery code. %(count)d are left.", count
    )
    return text % {"count": count}


class AuthenticateForm(_CountedForm, base_forms.AuthenticateForm):
    """The second step of signing in."""

    def save(self) -> None:
        """As upstream, and say what is left."""
        super().save()
        _say_what_is_left(self.authenticator)


class ReauthenticateForm(_CountedForm, base_forms.ReauthenticateForm):
    """Show once more that it is you, with an app or a recovery code."""

    def save(self) -> None:
        """As upstream, and say what is left."""
        super().save()
        _say_what_is_left(self.authenticator)


class ActivateTOTPForm(CodeForm, totp_forms.ActivateTOTPForm):
    """The first code of a new authenticator app."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"].label = _("Code")


class _NamedForm(PlainForm):
    """A passkey's name, on one line."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"] = forms.CharField(
            label=_("Name"),
            required=False,
            max_length=NAME_LENGTH,
            help_text=_("What you know it by: “My phone”, “Work laptop”."),
        )

    def clean_name(self) -> str:
        """The name, or one that is made up."""
        return " ".join(str(self.cleaned_data["name"]).split()) or str(_("Passkey"))


class CredentialField(forms.JSONField):
    """What a browser answers about a passkey.

    Django's field catches the decoder's own error only. A number of 5,000 digits is another ValueError, an array in an
    array in an array a RecursionError, and both would be crashes.
    """

    widget = forms.HiddenInput

    def to_python(self, value: Any) -> Any:
        """What the JSON says.

        Raises:
            ValidationError: nothing that Python reads.
        """
        try:
            return super().to_python(value)
        except (ValueError, RecursionError):
            raise get_adapter().validation_error("incorrect_passkey") from None

    def bound_data(self, data: Any, initial: Any) -> Any:
        """Nothing to show again: a credential is good for one question."""
        return initial


class AddPasskeyForm(_NamedForm, webauthn_forms._BaseAddWebAuthnForm):
    """A new passkey. It is always one that signs in on its own: nobody has to know another kind."""

    credential = CredentialField()

    def clean(self) -> dict[str, Any]:
        """Upstream's checks, from our own origin only, and with the person's presence proven by finger, face or PIN."""

        def check() -> dict[str, Any]:
            cleaned: dict[str, Any] = super(AddPasskeyForm, self).clean() or {}
            if credential := cleaned.get("credential"):
                response = auth.parse_registration_response(credential)
                _check_origin(response)
                cleaned["credential"] = _what_counts(response, credential)
            return cleaned

        return _refusing_what_breaks(check)


class EditPasskeyForm(_NamedForm, webauthn_forms.EditWebAuthnForm):
    """Another name for a passkey."""

    def save(self) -> Any:
        """Save the name, with its audit row."""
        with transaction.atomic():
            saved = super().save()
            user, address = saved.user, client_address(context.request)
            record_audit(AccountAction.FACTOR_RENAMED, actor=user, account=user, address=address)
        return saved


def _what_counts(response: RegistrationResponse, credential: dict[str, Any]) -> dict[str, Any]:
    """The members that are read again later, as the library understood them.

    allauth keeps whatever came: a NUL, half a surrogate pair or a NaN in some other member is no JSON to PostgreSQL.
    """
    understood = dict(response)
    signs_in_alone = credential.get("clientExtensionResults", {}).get("credProps", {}).get("rk") is True
    return {
        "id": understood["id"],
        "rawId": understood["rawId"],
        "type": "public-key",
        "response": {name: understood["response"][name] for name in ("clientDataJSON", "attestationObject")},
        "clientExtensionResults": {"credProps": {"rk": True}} if signs_in_alone else {},
    }


class _PasskeyForm(webauthn_forms.AuthenticateWebAuthnForm):
    credential = CredentialField()

    def clean_credential(self) -> Any:
        """Upstream's checks, from our own origin only; a failed one is kept."""

        def check() -> Any:
            credential = self.cleaned_data["credential"]
            found = super(_PasskeyForm, self).clean_credential()
            _check_origin(auth.parse_authentication_response(credential))
            return found

        try:
            return _refusing_what_breaks(check)
        except ValidationError:
            user = getattr(self, "user", None)
            # Without a user the credential itself says whose it is, and that was not proven.
            address = client_address(context.request)
            if user is None or admit_passkey_refusal(account=user):
                record_audit(AccountAction.FACTOR_REFUSED, account=user, address=address, reason="wrong_passkey")
            else:
                log.warning("second_factor.refusals_not_written", account=user.subject)
            raise


class AuthenticatePasskeyForm(_PasskeyForm, webauthn_forms.AuthenticateWebAuthnForm):
    """The second step of signing in, with a passkey."""


class LoginPasskeyForm(_PasskeyForm, webauthn_forms.LoginWebAuthnForm):
    """Sign in with a passkey alone."""


class ReauthenticatePasskeyForm(_PasskeyForm, webauthn_forms.ReauthenticateWebAuthnForm):
    """Show once more that it is you, with a passkey."""


def _check_origin(response: Any) -> None:
    """The browser was on this very site: upstream lets any host below the relying party's speak for it."""
    public = urlsplit(settings.DEXTER_PUBLIC_URL)
    if response.response.client_data.origin != f"{public.scheme}://{public.netloc}":
        raise get_adapter().validation_error("incorrect_passkey")


def _refusing_what_breaks(check: Callable[[], Any]) -> Any:
    """Whatever upstream makes of a credential that no browser sends is a refusal.

    allauth catches some of what the FIDO2 library raises: not a wrong signature, for one, nor CBOR that is cut off. To
    what it catches it says what it says to a wrong code of an app.
    """
    try:
        return check()
    except ValidationError as error:
        if error.code == "incorrect_code":
            raise get_adapter().validation_error("incorrect_passkey") from None
        raise
    # The library raises its own, cryptography's, CBOR's and KeyError alike; there is no common root below Exception.
    except Exception as error:
        log.info("second_factor.credential_refused", error=type(error).__name__)
        raise get_adapter().validation_error("incorrect_passkey") from None
