"""How the states of the pages about second factors are reached: each function gives the path to open."""

from __future__ import annotations

from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from django.conf import settings

from accounts.tests.second_factors import Passkey, add_passkey, make_app
from tests.pages.visitor import Visitor


def security_with_app(visitor: Visitor) -> str:
    """Has an authenticator app."""
    make_app(visitor.sign_in())
    return "/account/security/"


def security_with_passkey(visitor: Visitor) -> str:
    """Has a passkey."""
    visitor.sign_in()
    add_passkey(visitor.http, Passkey(origin=settings.DEXTER_PUBLIC_URL), name="Ada\u2019s phone")
    visitor.read_messages()
    return "/account/security/"


def passkey_rename(visitor: Visitor) -> str:
    """Gives a passkey another name."""
    return f"/account/security/passkeys/{_passkey(visitor).pk}/edit/"


def passkey_remove(visitor: Visitor) -> str:
    """Takes a passkey away."""
    return f"/account/security/passkeys/{_passkey(visitor).pk}/remove/"


def app_remove(visitor: Visitor) -> str:
    """May take the app away."""
    security_with_app(visitor)
    return "/account/security/app/remove/"


def recovery_codes_new(visitor: Visitor) -> str:
    """Has an app, and no recovery codes yet."""
    security_with_app(visitor)
    return "/account/security/recovery-codes/new/"


def recovery_codes(visitor: Visitor) -> str:
    """Has an app and recovery codes."""
    visitor.post(recovery_codes_new(visitor))
    return "/account/security/recovery-codes/"


def recovery_codes_anew(visitor: Visitor) -> str:
    """Would replace the codes that there are."""
    recovery_codes(visitor)
    visitor.read_messages()
    return "/account/security/recovery-codes/new/"


def recovery_codes_used_up(visitor: Visitor) -> str:
    """Has used every code."""
    path = recovery_codes(visitor)
    visitor.read_messages()
    row = _recovery_codes(visitor)
    # One bit for each code, set once it is used.
    row.data["used_mask"] = (1 << 10) - 1
    row.save()
    return path


def recovery_codes_unreadable(visitor: Visitor) -> str:
    """Has codes from before the secret key was changed."""
    path = recovery_codes_anew(visitor)
    row = _recovery_codes(visitor)
    row.data["seed"] = "gAAAAA"
    row.save()
    return path


def second_step(visitor: Visitor) -> str:
    """Typed the password, and is asked for the code of the app."""
    make_app(visitor.sign_in())
    return _sign_in_again(visitor)


def second_step_with_passkey(visitor: Visitor) -> str:
    """Typed the password, and is asked for the passkey."""
    security_with_passkey(visitor)
    return _sign_in_again(visitor)


def second_step_by_recovery_code(visitor: Visitor) -> str:
    """Came in with a recovery code, because the passkey is on another device."""
    path = second_step_with_passkey(visitor)
    visitor.post(path, code=RecoveryCodes(_recovery_codes(visitor)).get_unused_codes()[0])
    return "/account/"


def reauthenticate_by_recovery_code(visitor: Visitor) -> str:
    """Has only a passkey, and it is on another device."""
    reauthenticate_by_passkey(visitor)
    return "/account/reauthenticate/code/"


def reauthenticate_by_app(visitor: Visitor) -> str:
    """Signed in a while ago, and shows the code of the app again."""
    security_with_app(visitor)
    visitor.let_the_sign_in_grow_old()
    return "/account/reauthenticate/code/"


def reauthenticate_by_passkey(visitor: Visitor) -> str:
    """The same with a passkey."""
    security_with_passkey(visitor)
    visitor.let_the_sign_in_grow_old()
    return "/account/reauthenticate/passkey/"


def _recovery_codes(visitor: Visitor) -> Authenticator:
    found: Authenticator = Authenticator.objects.get(user=visitor.account, type=Authenticator.Type.RECOVERY_CODES)
    return found


def _passkey(visitor: Visitor) -> Authenticator:
    security_with_passkey(visitor)
    found: Authenticator = Authenticator.objects.get(user=visitor.account, type=Authenticator.Type.WEBAUTHN)
    return found


def _sign_in_again(visitor: Visitor) -> str:
    visitor.http.logout()
    visitor.post_password()
    return "/account/login/second-step/"
