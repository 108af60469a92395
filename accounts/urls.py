"""The pages on which people sign up, sign in and look after their account. `/account/` itself is linking's.

Names are allauth's, which looks its own pages up by them. Pages of allauth that are not here are not offered: an
account has one e-mail address, confirmed by code.
"""

from allauth.account import views as allauth_views
from allauth.mfa.totp import views as totp_views
from allauth.mfa.webauthn import views as webauthn_views
from django.urls import URLPattern, path
from django.views.generic import RedirectView

from accounts.posted import used_by
from accounts.sign_in import View, account_required, recent_sign_in_required
from accounts.views import browsers, entrance, language, mailed_codes, profile, second_factor


def _guarded(route: str, view: View, name: str) -> URLPattern:
    """A page that adds or removes a way to sign in, or shows one: for who signed in recently."""
    return path(route, recent_sign_in_required(then=name)(view), name=name)


urlpatterns = [
    path("language", language.choose_language, name="set_language"),
    path("account/login/", entrance.LoginView.as_view(), name="account_login"),
    path("account/login/code/", entrance.RequestLoginCodeView.as_view(), name="account_request_login_code"),
    path("account/login/code/confirm/", mailed_codes.ConfirmLoginCodeView.as_view(), name="account_confirm_login_code"),
    path("account/signup/", entrance.SignupView.as_view(), name="account_signup"),
    path(
        "account/confirm-email/",
        mailed_codes.ConfirmEmailView.as_view(),
        name="account_email_verification_sent",
    ),
    path("account/inactive/", allauth_views.account_inactive, name="account_inactive"),
    path("account/logout/", entrance.LogoutView.as_view(), name="account_logout"),
    path("account/reauthenticate/", allauth_views.reauthenticate, name="account_reauthenticate"),
    path("account/reauthenticate/by-code/", entrance.sign_in_again, name="account_sign_in_again"),
    _guarded("account/password/change/", allauth_views.password_change, "account_change_password"),
    _guarded("account/password/set/", allauth_views.password_set, "account_set_password"),
    path("account/password/reset/", entrance.ResetPasswordView.as_view(), name="account_reset_password"),
    path(
        "account/password/reset/confirm/",
        mailed_codes.ConfirmPasswordResetCodeView.as_view(),
        name="account_confirm_password_reset_code",
    ),
    path(
        "account/password/reset/complete/",
        mailed_codes.CompletePasswordResetView.as_view(),
        name="account_complete_password_reset",
    ),
    path(
        "account/password/reset/done/",
        allauth_views.password_reset_from_key_done,
        name="account_password_reset_completed",
    ),
    path(
        "account/security/", account_required(then="mfa_index")(second_factor.SecurityView.as_view()), name="mfa_index"
    ),
    path("account/login/second-step/", mailed_codes.SecondStepView.as_view(), name="mfa_authenticate"),
    # A script of the sign-in page asks it for a challenge.
    path(
        "account/login/passkey/",
        used_by("account_login", second_factor.LoginPasskeyView.as_view()),
        name="mfa_login_webauthn",
    ),
    path("account/reauthenticate/code/", second_factor.ReauthenticateView.as_view(), name="mfa_reauthenticate"),
    path(
        "account/reauthenticate/passkey/",
        second_factor.ReauthenticatePasskeyView.as_view(),
        name="mfa_reauthenticate_webauthn",
    ),
    # allauth leads here after a passkey was removed or renamed.
    path("account/security/passkeys/", RedirectView.as_view(pattern_name="mfa_index"), name="mfa_list_webauthn"),
    _guarded("account/security/passkeys/add/", second_factor.AddPasskeyView.as_view(), "mfa_add_webauthn"),
    path(
        "account/security/passkeys/<int:pk>/remove/",
        recent_sign_in_required(then="mfa_index")(webauthn_views.remove_webauthn),
        name="mfa_remove_webauthn",
    ),
    path(
        "account/security/passkeys/<int:pk>/edit/",
        recent_sign_in_required(then="mfa_index")(webauthn_views.edit_webauthn),
        name="mfa_edit_webauthn",
    ),
    _guarded("account/security/app/add/", totp_views.activate_totp, "mfa_activate_totp"),
    _guarded("account/security/app/remove/", totp_views.deactivate_totp, "mfa_deactivate_totp"),
    _guarded("account/security/recovery-codes/", second_factor.RecoveryCodesView.as_view(), "mfa_view_recovery_codes"),
    _guarded(
        "account/security/recovery-codes/new/",
        second_factor.NewRecoveryCodesView.as_view(),
        "mfa_generate_recovery_codes",
    ),
    _guarded(
        "account/security/recovery-codes/file/",
        second_factor.RecoveryCodesFileView.as_view(),
        "mfa_download_recovery_codes",
    ),
    path("account/profile/", profile.profile, name="account_profile"),
    path("account/email/", profile.new_email, name="account_email"),
    path("account/email/confirm/", profile.confirm_new_email, name="account_confirm_new_email"),
    path("account/browsers/", browsers.browsers, name="account_browsers"),
    path("account/browsers/<uuid:browser_id>/end", browsers.end, name="account_end_browser"),
    path("account/browsers/end-others", browsers.end_others, name="account_end_other_browsers"),
]
