"""A digest of every method of allauth and Django that we override or rely on the inside of.

When an upgrade changes one of them this fails: read the change, see whether the override still holds, renew the digest.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.decorators import secure_admin_login
from allauth.account.forms import BaseSignupForm, ChangePasswordForm, SignupForm
from allauth.account.internal.flows.code_verification import AbstractCodeVerificationProcess
from allauth.account.internal.flows.email_verification import verify_email, verify_email_indirectly
from allauth.account.internal.flows.login import get_authentication_records, perform_login
from allauth.account.internal.flows.login_by_code import LoginCodeVerificationProcess
from allauth.account.internal.flows.password_reset_by_code import PasswordResetVerificationProcess
from allauth.account.internal.flows.reauthentication import did_recently_reauthenticate, is_reauthentication_required
from allauth.account.internal.stagekit import clear_login, unstash_login
from allauth.account.mixins import RedirectAuthenticatedUserMixin
from allauth.account.models import Login
from allauth.account.utils import get_next_redirect_url
from allauth.account.views import (
    CompletePasswordResetView,
    ConfirmEmailVerificationCodeView,
    ConfirmLoginCodeView,
    ConfirmPasswordResetCodeView,
    LogoutView,
    PasswordResetView,
    RequestLoginCodeView,
)
from allauth.core.internal.ratelimit import get_cache_key
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.base.forms import BaseAuthenticateForm
from allauth.mfa.base.internal.flows import check_rate_limit
from allauth.mfa.base.views import AuthenticateView, IndexView
from allauth.mfa.recovery_codes.views import (
    DownloadRecoveryCodesView,
    GenerateRecoveryCodesView,
    ViewRecoveryCodesView,
)
from allauth.mfa.stages import AuthenticateStage
from allauth.mfa.totp.internal.auth import TOTP
from allauth.mfa.webauthn.forms import AuthenticateWebAuthnForm, EditWebAuthnForm, _BaseAddWebAuthnForm
from allauth.mfa.webauthn.internal.auth import begin_registration, get_server
from allauth.mfa.webauthn.views import AddWebAuthnView, LoginWebAuthnView, ReauthenticateWebAuthnView
from django.contrib.sessions.backends.base import SessionBase
from django.contrib.sessions.backends.db import SessionStore
from django.forms import JSONField

from accounts.tests.upstream import digest_of

DIGESTS: list[tuple[Callable[..., Any], str]] = [
    (DefaultAccountAdapter.get_client_ip, "a9dfa19abcc741da"),
    (DefaultAccountAdapter.is_safe_url, "f07f22d892824438"),
    (DefaultAccountAdapter.is_ajax, "c5363f94f6db1587"),
    (DefaultAccountAdapter.send_mail, "50801b474d151451"),
    (DefaultAccountAdapter.save_user, "1951765f6bc4d5b2"),
    (DefaultAccountAdapter.login, "4e02e26418acb378"),
    (DefaultAccountAdapter.pre_login, "bb066fd4b44951e8"),
    (DefaultAccountAdapter.authentication_failed, "e2804409128c2612"),
    (DefaultAccountAdapter.authenticate, "7b29ce7dcc16ad09"),
    (DefaultAccountAdapter.pre_authenticate, "2cf668171ab31a72"),
    (DefaultAccountAdapter._delete_login_attempts_cached_email, "8ef85bf1a8a26a04"),
    (check_rate_limit, "f9b22c5dee5802c5"),
    (DefaultAccountAdapter.reauthenticate, "84895da42380a184"),
    (ChangePasswordForm.clean_oldpassword, "3a4c5ba7e3623597"),
    (DefaultAccountAdapter.set_password, "bb1268e325c3d710"),
    (DefaultAccountAdapter.get_reauthentication_methods, "7497c3b53851a733"),
    (SignupForm.try_save, "916adf1f6a9d3ac9"),
    (BaseSignupForm.try_save, "fc5529ece8eefb93"),
    (BaseSignupForm.validate_unique_email, "e22938254838d9b8"),
    (BaseSignupForm.save, "ad3c9ab3a3572e42"),
    (RedirectAuthenticatedUserMixin.dispatch, "bc8a4efe912b92a6"),
    (RedirectAuthenticatedUserMixin._redirect_to_pending_stage, "1c516ae5f7b9d185"),
    (verify_email, "906506cda75ff07b"),
    (verify_email_indirectly, "ecb20a75b164af24"),
    (LoginCodeVerificationProcess.finish, "f79e2eab870ed5e3"),
    (PasswordResetVerificationProcess.initiate.__func__, "fdc8bf1dc27e09ac"),
    (PasswordResetVerificationProcess.resume.__func__, "33dd5cf323d76c63"),
    (PasswordResetVerificationProcess.confirm_code, "6321beee28d53bae"),
    (PasswordResetVerificationProcess.finish, "140c7f66c59736fb"),
    (PasswordResetView.form_valid, "db9eab118427e2b5"),
    (CompletePasswordResetView.dispatch, "44ad4bb66dd9a47a"),
    (CompletePasswordResetView.form_valid, "6f67409b2a31af0b"),
    (ConfirmPasswordResetCodeView.dispatch, "48255cfa44733883"),
    (AbstractCodeVerificationProcess.initial_state.__func__, "2d08e17f1d51dd73"),
    (AbstractCodeVerificationProcess.record_invalid_attempt, "fb94af9dcfeed15e"),
    (Login.serialize, "196d21f631eaa247"),
    (Login.deserialize.__func__, "5361791f4d59ec4e"),
    (unstash_login, "1b898dacfb5d8fdb"),
    (perform_login, "04d6c1da844dbe07"),
    (RequestLoginCodeView.form_valid, "a2b7fd7fef22b0a9"),
    (ConfirmLoginCodeView.form_valid, "4576b4c4511bae71"),
    (ConfirmLoginCodeView._action.func, "f1b04c51af4f1861"),
    (ConfirmEmailVerificationCodeView.dispatch, "34f4c112244b91b7"),
    (ConfirmEmailVerificationCodeView.form_valid, "9af366c014d7e439"),
    (ConfirmEmailVerificationCodeView._action.func, "114aaac8de2ec1bc"),
    (ConfirmPasswordResetCodeView.form_valid, "3bb4a35159eb8027"),
    (LogoutView.post, "fa920d8bde31acfa"),
    (AuthenticateView.dispatch, "de8df9618b26085e"),
    (BaseAuthenticateForm.clean_code, "15c1e72ada31eb5f"),
    (GenerateRecoveryCodesView.get_context_data, "269001a47f188a9f"),
    (ViewRecoveryCodesView.get_context_data, "990b5e22b5eb2c8e"),
    (DownloadRecoveryCodesView.dispatch, "7b3a592e3bd4a5f5"),
    (clear_login, "3aa0cdfc927d1310"),
    (get_authentication_records, "1c5c6d3561ba7817"),
    (get_next_redirect_url, "64ce216ef1eb4c40"),
    (get_cache_key, "f3b2abae21d0db74"),
    (SessionStore._get_session_from_db, "775c8d22becd60bd"),  # type: ignore[attr-defined]
    (SessionBase._validate_session_key, "f7f2292232cc9b3c"),  # type: ignore[attr-defined]
    (SessionBase.encode, "86571b37fe18277c"),
    (SessionBase.decode, "fa6d20af8948af8a"),
    (DefaultAccountAdapter.is_reauthentication_required, "10eae41ead18f27b"),
    (DefaultAccountAdapter.send_notification_mail, "75ff99f03d581d0d"),
    (is_reauthentication_required, "5be1235009e1e0a2"),
    (did_recently_reauthenticate, "fb4808dcd60699be"),
    (DefaultMFAAdapter.encrypt, "1fa32bfcd5fd3c34"),
    (DefaultMFAAdapter.decrypt, "fe651908df88c5dd"),
    (DefaultMFAAdapter.get_public_key_credential_rp_entity, "f21f0f18c6e7655b"),
    (DefaultMFAAdapter.generate_authenticator_name, "a4792b4e86500076"),
    (DefaultMFAAdapter._get_site_name, "606de6b5367833bb"),
    (IndexView.get_context_data, "eadc9f844611a2c0"),
    (AuthenticateStage._should_handle, "fd4b2813866411a5"),
    (TOTP._mark_code_used, "c45d4d5938a47a19"),
    (_BaseAddWebAuthnForm.clean, "027e1074747dca6c"),
    (_BaseAddWebAuthnForm.clean_name, "5fd689d99128cf40"),
    (AuthenticateWebAuthnForm.clean_credential, "6ba3d57f91ab8f22"),
    (EditWebAuthnForm.save, "566cc2acf670cfa4"),
    (begin_registration, "fd44fff0de9954c9"),
    (get_server, "b6f4126e5a565285"),
    (AddWebAuthnView.get_context_data, "bafd65578dcb4edd"),
    (AddWebAuthnView.form_valid, "cfdc8f0fe0b352fa"),
    (LoginWebAuthnView.get, "2705f9cf4823d4b7"),
    (LoginWebAuthnView.form_valid, "5409297c64dbf148"),
    (LoginWebAuthnView.form_invalid, "709849ce1ea12146"),
    (ReauthenticateWebAuthnView.form_invalid, "709849ce1ea12146"),
    (JSONField.to_python, "b00c2c092c938d16"),
    (JSONField.bound_data, "b530b7afb7f2aa2e"),
    (secure_admin_login, "aa7ff1df7da6d746"),
]


@pytest.mark.parametrize(("upstream", "digest"), DIGESTS, ids=lambda value: getattr(value, "__qualname__", None))
def test_upstream_is_what_we_read(upstream: Callable[..., Any], digest: str) -> None:
    assert digest_of(upstream) == digest
