"""allauth's forms with our words, and with the limits of our columns."""

from __future__ import annotations

import re
from typing import Any

from allauth.account import forms as allauth_forms
from allauth.account.adapter import get_adapter
from allauth.account.fields import EmailField, PasswordField, SetPasswordField
from allauth.account.utils import passthrough_next_redirect_url
from allauth.core import context
from allauth.core.internal.httpkit import add_query_params
from allauth.utils import get_request_param
from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator
from django.db import IntegrityError, transaction
from django.forms import Form
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.emails import email_is_verified
from accounts.invisible import is_invisible
from accounts.models import User

EMAIL_LENGTH = 254
PASSWORD_LENGTH = 256
# With room for the spaces and dashes that people type.
CODE_LENGTH = 40
# A line that somebody copied with the code in it.
PASTED_LENGTH = 200


class PlainForm(Form):
    """A visible label instead of a placeholder, and an end to every field."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.widget.attrs.pop("placeholder", None)
            if isinstance(field, EmailField):
                # allauth cuts what is longer than the column, and would make an account for another address.
                field.validators.append(MaxLengthValidator(EMAIL_LENGTH))
                field.widget.attrs["maxlength"] = str(EMAIL_LENGTH)
            if isinstance(field, PasswordField):
                field.validators.append(MaxLengthValidator(PASSWORD_LENGTH))
                field.help_text = ""
            if isinstance(field, SetPasswordField) or field.widget.attrs.get("autocomplete") == "new-password":
                field.help_text = _("At least 8 characters, and not easy to guess.")


class ProfileForm(PlainForm):
    """What a person is called here."""

    display_name = forms.CharField(
        label=_("Name"),
        required=False,
        max_length=80,
        help_text=_(
            "Assistants that may see your name are told this one. Leave it empty to be called after your email."
        ),
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )

    def clean_display_name(self) -> str:
        """The name on one line, of what can be seen: it stands in mail and in the admin, and assistants are told it."""
        name = str(self.cleaned_data["display_name"])
        return " ".join("".join(character for character in name if not is_invisible(character)).split())


class ChangeEmailForm(PlainForm):
    """Another e-mail address for the account."""

    email = EmailField(required=True, label=_("New email"))

    def __init__(self, *args: Any, account: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.account = account
        self.fields["email"].widget.attrs["autocomplete"] = "email"

    def clean_email(self) -> str:
        """The address in lower case, as sign-up saves it; the one that the account has, to prove it."""
        email = str(self.cleaned_data["email"]).lower()
        if email == self.account.email and email_is_verified(self.account):
            raise ValidationError(_("That is your email already."))
        return email


def _begin_with_the_email(form: Form) -> None:
    # After a refusal, what is wrong is read first.
    if not form.is_bound:
        form.fields["email"].widget.attrs["autofocus"] = True


def _ways_to_that_account() -> str:
    def page(name: str) -> str:
        return passthrough_next_redirect_url(context.request, reverse(name), REDIRECT_FIELD_NAME)

    return format_html(
        gettext(
            "There is already an account with this email."
            ' <a href="{sign_in}">Sign in to it</a>, or <a href="{reset}">reset its password</a>.'
        ),
        sign_in=page("account_login"),
        reset=page("account_reset_password"),
    )


class LoginForm(PlainForm, allauth_forms.LoginForm):
    """Sign in with a password."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # What a password manager fills in beside `current-password`.
        self.fields["login"].widget.attrs["autocomplete"] = "username"
        # The email is there after a refusal; the password has to be typed anew.
        self.fields["password" if self["login"].value() else "login"].widget.attrs["autofocus"] = True


class SignupForm(PlainForm, allauth_forms.SignupForm):
    """Create an account."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _begin_with_the_email(self)

    def validate_unique_email(self, value: str) -> str:
        """As upstream, with the ways on for whoever has an account already."""
        try:
            unique: str = super().validate_unique_email(value)
        except ValidationError as error:
            if error.code == "email_taken":
                raise ValidationError(_ways_to_that_account(), code=error.code) from None
            raise
        return unique

    def try_save(self, request: HttpRequest) -> tuple[User | None, HttpResponse | None]:
        """Save the account with its address and audit row, or answer as for an address that has an account.

        allauth looks the address up before it inserts: of two sign-ups at once the second meets the constraint.
        """
        if self.account_already_exists:
            # It is what takes long with a new account: nobody reads from a clock which address has one.
            User().set_password(self.cleaned_data["password1"])
        try:
            with transaction.atomic():
                return super().try_save(request)
        except IntegrityError:
            pass
        messages.warning(request, get_adapter().error_messages["email_taken"])
        following = get_request_param(request, "next")
        query = {"next": following} if following and get_adapter().is_safe_url(following) else {}
        return None, HttpResponseRedirect(add_query_params(reverse("account_login"), query))


class CodeForm(PlainForm):
    """A code from an e-mail: the only thing on its page to type, and digits."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"].validators.append(MaxLengthValidator(CODE_LENGTH))
        self.fields["code"].widget.attrs |= {"inputmode": "numeric", "autofocus": True}


class MailedCodeField(forms.CharField):
    """The digits of a mailed code, out of whatever was pasted with them, such as the subject of the mail."""

    def to_python(self, value: Any) -> str:
        """The code, where the text has exactly as many digits as a code has; otherwise the text, to be refused."""
        text = str(super().to_python(value))
        digits = re.sub(r"[^0-9]", "", text)
        is_one_code = len(digits) == settings.ALLAUTH_USER_CODE_FORMAT["length"]
        return digits if is_one_code and len(text) <= PASTED_LENGTH else text


class MailedCodeForm(CodeForm):
    """A code that went to an address."""

    code = MailedCodeField(label=_("Code"), widget=forms.TextInput(attrs={"autocomplete": "one-time-code"}))


class NewEmailCodeForm(MailedCodeForm):
    """The code that was sent to a new address."""


class RequestLoginCodeForm(PlainForm, allauth_forms.RequestLoginCodeForm):
    """Ask for a sign-in code by e-mail."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _begin_with_the_email(self)


class ConfirmLoginCodeForm(MailedCodeForm, allauth_forms.ConfirmLoginCodeForm):
    """Sign in with the code from the e-mail."""


class ConfirmEmailVerificationCodeForm(MailedCodeForm, allauth_forms.ConfirmEmailVerificationCodeForm):
    """Confirm the address that an account was made with."""


class ResetPasswordForm(PlainForm, allauth_forms.ResetPasswordForm):
    """Ask for a password reset code by e-mail."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _begin_with_the_email(self)


class ConfirmPasswordResetCodeForm(MailedCodeForm, allauth_forms.ConfirmPasswordResetCodeForm):
    """Type the code from the password reset e-mail."""


class ReauthenticateForm(PlainForm, allauth_forms.ReauthenticateForm):
    """Show once more that it is you."""


class _OnePasswordForm(PlainForm):
    """A new password is typed once: who mistypes it can see it in the password manager or reset it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields.pop("password2", None)
        self.fields["password1"].label = _("New password")


class ResetPasswordKeyForm(_OnePasswordForm, allauth_forms.ResetPasswordKeyForm):
    """Choose a password after a reset code."""


class SetPasswordForm(_OnePasswordForm, allauth_forms.SetPasswordForm):
    """Choose the first password of an account that signs in by code."""


class ChangePasswordForm(_OnePasswordForm, allauth_forms.ChangePasswordForm):
    """Change the password, knowing the old one."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["oldpassword"].label = _("Current password")

    def clean_oldpassword(self) -> str:
        """The password that the account has; a wrong one is counted and kept as at signing in."""
        password: str = self.cleaned_data["oldpassword"]
        if not get_adapter().reauthenticate(self.user, password):
            raise get_adapter().validation_error("enter_current_password")
        return password
