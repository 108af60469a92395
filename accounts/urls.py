"""The pages on which people sign up, sign in and look after their password. `/account/` itself is linking's.

Names are allauth's, which looks its own pages up by them. Pages of allauth that are not here are not offered: an
account has one e-mail address, confirmed by code.
"""

from allauth.account import views as allauth_views
from django.urls import path
from django.views.generic import RedirectView

from accounts import views

urlpatterns = [
    path("account/login/", views.LoginView.as_view(), name="account_login"),
    path("account/login/code/", views.RequestLoginCodeView.as_view(), name="account_request_login_code"),
    path("account/login/code/confirm/", allauth_views.confirm_login_code, name="account_confirm_login_code"),
    path("account/signup/", views.SignupView.as_view(), name="account_signup"),
    path(
        "account/confirm-email/",
        allauth_views.ConfirmEmailVerificationCodeView.as_view(),
        name="account_email_verification_sent",
    ),
    path("account/inactive/", allauth_views.account_inactive, name="account_inactive"),
    path("account/logout/", allauth_views.logout, name="account_logout"),
    path("account/reauthenticate/", allauth_views.reauthenticate, name="account_reauthenticate"),
    path("account/reauthenticate/by-code/", views.sign_in_again, name="account_sign_in_again"),
    path("account/password/change/", allauth_views.password_change, name="account_change_password"),
    path("account/password/set/", allauth_views.password_set, name="account_set_password"),
    path("account/password/reset/", allauth_views.password_reset, name="account_reset_password"),
    path(
        "account/password/reset/confirm/",
        allauth_views.confirm_password_reset_code,
        name="account_confirm_password_reset_code",
    ),
    path(
        "account/password/reset/complete/",
        allauth_views.complete_password_reset,
        name="account_complete_password_reset",
    ),
    path(
        "account/password/reset/done/",
        allauth_views.password_reset_from_key_done,
        name="account_password_reset_completed",
    ),
    # allauth sends signed-in people here when there is nothing to confirm.
    path("account/email/", RedirectView.as_view(url="/account/"), name="account_email"),
]
