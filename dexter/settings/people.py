"""How people sign up and in: passwords, codes by mail, second factors (django-allauth)."""

from __future__ import annotations

from accounts.limits import EMAIL_CODE_LIFETIME, MAILED_CODE_LIFETIME
from dexter.settings.site import env, on_https

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
    # For generated 256-bit client secrets only; never the preferred hasher of a person's password.
    "oauth.hashers.GeneratedSecretHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 8}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/account/"
LOGOUT_REDIRECT_URL = "/"

ACCOUNT_ADAPTER = "accounts.adapter.AccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = env.email_verification or ("none" if env.debug else "mandatory")
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED = ACCOUNT_EMAIL_VERIFICATION == "mandatory"
ACCOUNT_EMAIL_VERIFICATION_SUPPORTS_RESEND = True
ACCOUNT_PASSWORD_RESET_BY_CODE_ENABLED = True
ACCOUNT_LOGIN_BY_CODE_ENABLED = True
ACCOUNT_LOGIN_BY_CODE_SUPPORTS_RESEND = True
ACCOUNT_PASSWORD_RESET_BY_CODE_TIMEOUT = ACCOUNT_LOGIN_BY_CODE_TIMEOUT = int(MAILED_CODE_LIFETIME.total_seconds())
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_TIMEOUT = int(EMAIL_CODE_LIFETIME.total_seconds())
# Whoever reset the password with a code from their mailbox has shown who they are.
ACCOUNT_LOGIN_ON_PASSWORD_RESET = True
# Digits only: nobody takes a code from an e-mail for a linking code.
ALLAUTH_USER_CODE_FORMAT = {"numeric": True, "length": 8}
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_LOGOUT_ON_GET = False
# Design §7: a link is confirmed only by a sign-in no older than 15 minutes.
ACCOUNT_REAUTHENTICATION_TIMEOUT = 15 * 60
ACCOUNT_SESSION_REMEMBER = True
# A changed password, address or second factor is told to the address.
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_RATE_LIMITS = {
    # Codes to a new address: of one account, and to one address, which may be a stranger's.
    "manage_email": "5/h/user,3/h/key",
    # Not by address, as upstream has it: three requests a minute would keep its owner from asking, for as long as
    # somebody likes. What reaches an address is limited by accounts/limits.py, which knows the owner's browser.
    "request_login_code": "20/m/ip",
    # Nor this: five wrong passwords, codes or passkeys in five minutes would keep the owner from signing in and from
    # showing who they are. What is typed for an account is counted in the database, for known browsers by themselves.
    "login_failed": "10/m/ip",
    "reset_password": "20/m/ip",
}
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_FORMS = {
    "login": "accounts.forms.LoginForm",
    "signup": "accounts.forms.SignupForm",
    "request_login_code": "accounts.forms.RequestLoginCodeForm",
    "confirm_login_code": "accounts.forms.ConfirmLoginCodeForm",
    "confirm_email_verification_code": "accounts.forms.ConfirmEmailVerificationCodeForm",
    "reset_password": "accounts.forms.ResetPasswordForm",
    "confirm_password_reset_code": "accounts.forms.ConfirmPasswordResetCodeForm",
    "reset_password_from_key": "accounts.forms.ResetPasswordKeyForm",
    "set_password": "accounts.forms.SetPasswordForm",
    "change_password": "accounts.forms.ChangePasswordForm",
    "reauthenticate": "accounts.forms.ReauthenticateForm",
}
# A passkey signs in on its own. Whoever has one, or an app, is asked for it after a password or an e-mailed code too.
MFA_ADAPTER = "accounts.second_factor.SecondFactorAdapter"
MFA_SUPPORTED_TYPES = ["webauthn", "totp", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_ISSUER = env.site_name
# A wider window would outlast allauth's memory of used codes, which is one period long: a code would work twice.
MFA_TOTP_TOLERANCE = 0
MFA_FORMS = {
    "authenticate": "accounts.second_factor_forms.AuthenticateForm",
    "authenticate_webauthn": "accounts.second_factor_forms.AuthenticatePasskeyForm",
    "reauthenticate": "accounts.second_factor_forms.ReauthenticateForm",
    "reauthenticate_webauthn": "accounts.second_factor_forms.ReauthenticatePasskeyForm",
    "login_webauthn": "accounts.second_factor_forms.LoginPasskeyForm",
    "add_webauthn": "accounts.second_factor_forms.AddPasskeyForm",
    "edit_webauthn": "accounts.second_factor_forms.EditPasskeyForm",
    "activate_totp": "accounts.second_factor_forms.ActivateTOTPForm",
}
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https" if on_https else "http"
