"""Every page in every state: the one list that the browser tests, the keyboard test and the screenshots go through.

A `Page` says how its state is reached: `reach` puts a visitor there through real views and rows, and gives the path;
`acts` is what the person then does in the browser, for states that only a form's answer has. To add a page, write a
function in `states.py` or `account_states.py` unless the path alone does, and one line here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.pages import account_states, consent_states, offer_states, second_factor_states, states
from tests.pages.visitor import Visitor

Reach = Callable[[Visitor], str]


@dataclass(frozen=True)
class Fill:
    """Fill in the field with this label."""

    label: str
    value: str


@dataclass(frozen=True)
class Press:
    """Press the button with this name."""

    name: str


@dataclass(frozen=True)
class Tick:
    """Tick the box with this label."""

    label: str


@dataclass(frozen=True)
class Tamper:
    """Change the values of the fields with this name, as a page that is out of date would have them."""

    field: str


Act = Fill | Press | Tick | Tamper


@dataclass(frozen=True)
class Page:
    """One page in one state. `name` is the file name of its screenshots."""

    name: str
    reach: Reach
    acts: tuple[Act, ...] = ()
    # What the page that is looked at is answered with.
    status: int = 200
    # The page leaves by itself for an app that this machine has not; it is looked at as if it stayed.
    leaves: bool = False
    # Looked at on a site that lets guests in.
    guests: bool = True


def at(path: str) -> Reach:
    """For whoever is there, signed out."""
    return lambda visitor: path


def signed_in(path: str) -> Reach:
    """For somebody who has just signed in to a new account."""

    def reach(visitor: Visitor) -> str:
        visitor.sign_in()
        return path

    return reach


WRONG_CODE = (Fill("Code", "222-222"), Press("Continue"))
WRONG = Fill("Code", "00000000")
WRONG_PASSWORD = (Fill("Email", "locked@example.com"), Fill("Password", "wrong"), Press("Sign in"))

START = [
    Page("home", at("/")),
    Page("home-signed-in", signed_in("/")),
    Page("mcp", at("/mcp")),
    Page("home-signed-out", account_states.signed_out),
    Page("home-deleted", account_states.deleted),
    Page("connect", at("/connect")),
    Page("connect-opened", at("/connect#cursor")),
    Page("api-docs", at("/api/docs")),
]

ENTRANCE = [
    Page("sign-in", at("/account/login/")),
    Page("sign-in-to-go-on", consent_states.sign_in_for_consent),
    Page("sign-in-signed-out-elsewhere", states.signed_out_elsewhere),
    Page("sign-in-signed-out-meanwhile", states.signed_out_meanwhile),
    Page(
        "sign-in-wrong",
        at("/account/login/"),
        (Fill("Email", "ada@example.com"), Fill("Password", "wrong"), Press("Sign in")),
    ),
    # In the browser itself: the site counts wrong passwords in its memory, which no other process has.
    Page("sign-in-locked", at("/account/login/"), WRONG_PASSWORD * 6),
    Page("sign-up", at("/account/signup/")),
    Page("sign-up-to-go-on", at("/account/signup/?next=/link")),
    Page(
        "sign-up-refused",
        at("/account/signup/"),
        (Fill("Email", "ada@example.com"), Fill("Password", "12345678"), Press("Create account")),
    ),
    Page("sign-up-confirm", states.sign_up_to_confirm),
    Page("sign-up-confirm-wrong", states.sign_up_to_confirm, (WRONG, Press("Confirm"))),
    Page("sign-in-by-code", at("/account/login/code/")),
    Page("sign-in-by-code-confirm", states.sign_in_code_sent),
    Page("sign-in-by-code-wrong", states.sign_in_code_sent, (WRONG, Press("Sign in"))),
    Page("sign-in-by-code-too-many", states.sign_in_code_sent, (WRONG, Press("Sign in")) * 3),
    Page("password-reset", at("/account/password/reset/")),
    Page("password-reset-confirm", states.password_reset_sent),
    Page("password-reset-wrong", states.password_reset_sent, (WRONG, Press("Confirm"))),
    Page("password-reset-too-many", states.password_reset_sent, (WRONG, Press("Confirm")) * 3),
    Page("password-reset-complete", states.password_reset_confirmed),
    Page("password-reset-done", at("/account/password/reset/done/")),
    Page("account-inactive", at("/account/inactive/")),
]

CONSENT = [
    Page("consent-signed-out", consent_states.signed_out),
    Page("consent-signed-in", consent_states.signed_in),
    Page("consent-again", consent_states.again),
    Page("consent-verified", consent_states.verified),
    Page("consent-vouched", consent_states.vouched),
    Page("consent-described-program", consent_states.described_program),
    Page("consent-not-verified", consent_states.elsewhere),
    Page("consent-app", consent_states.private_scheme),
    Page("consent-without-a-name", consent_states.without_a_name),
    Page("consent-long-name", consent_states.long_name),
    Page("consent-changed", consent_states.signed_in, (Tamper("stamp"), Press("Allow")), status=409),
    Page("consent-unknown-client", consent_states.unknown_client, status=400),
    Page("consent-without-client", at("/mcp/authorize?response_type=code"), status=400),
    Page("consent-malformed", at("/mcp/authorize?client_id=a&client_id=b"), status=400),
    Page("consent-wrong-redirect", consent_states.wrong_redirect, status=400),
    Page("consent-bad-document", consent_states.bad_document, status=400),
    Page("consent-too-many-assistants", consent_states.too_many_assistants, status=503),
    Page("consent-logo", consent_states.logo),
    Page(
        "consent-form-too-old",
        consent_states.signed_in,
        (Tamper("csrfmiddlewaretoken"), Press("Allow")),
        status=403,
    ),
    Page("hand-back-denied", consent_states.private_scheme, (Press("Deny"),), leaves=True),
    Page("hand-back-refused", consent_states.refused_for_an_app, leaves=True),
    Page("hand-back-to-a-stranger", consent_states.refused_for_a_stranger, status=400),
    Page("hand-back", consent_states.private_scheme, (Press("Allow"),), leaves=True),
]

LINK = [
    Page("link", signed_in("/link")),
    Page("link-prefilled", signed_in("/link#code=ABC-DEF")),
    Page("link-kept", states.code_kept),
    Page(
        "link-form-too-old",
        signed_in("/link"),
        (WRONG_CODE[0], Tamper("csrfmiddlewaretoken"), WRONG_CODE[1]),
        status=403,
    ),
    Page("link-type-first", signed_in("/link/confirm")),
    Page("link-own-code", offer_states.own_code_kept, (Press("Continue"),), status=400),
    Page("link-empty", signed_in("/link"), (Press("Continue"),), status=400),
    Page("link-wrong-code", signed_in("/link"), WRONG_CODE, status=400),
    Page(
        "link-look-alikes",
        signed_in("/link"),
        (Fill("Code", "\u0410\u0412\u0421-234"), Press("Continue")),
        status=400,
    ),
    Page("link-no-code", signed_in("/link"), (Fill("Code", "🙂" * 300), Press("Continue")), status=400),
    Page("link-last-tries", states.link_last_tries, WRONG_CODE, status=400),
    Page("link-locked", states.link_locked, WRONG_CODE, status=429),
    Page("link-locked-on-arrival", states.link_locked),
    Page("link-confirm", states.link_confirm),
    Page("link-confirm-verified", states.link_confirm_verified),
    Page("link-confirm-others", states.link_confirm_others),
    Page("link-confirm-sign-in-again", states.link_confirm_sign_in_again),
    Page("link-confirm-other-tab", states.link_confirm, (Tamper("code_id"), Press("Link account")), status=409),
    Page("link-confirm-outdated", states.link_confirm, (Tamper("stamp"), Press("Link account")), status=409),
    Page("link-declined", states.link_confirm, (Press("Not me"),)),
    Page("link-declined-too-late", states.link_declined_too_late),
    Page("link-declined-before", states.link_declined_before),
    Page("link-done", states.link_done),
    Page("link-refused", states.link_refused, (Press("Link account"),), status=409),
    Page("link-ended", states.link_ended, status=400),
    Page("link-sign-in-again-without-password", states.link_without_password),
    Page("offer-start", signed_in("/link/code")),
    Page(
        "offer-form-too-old", signed_in("/link/code"), (Tamper("csrfmiddlewaretoken"), Press("Get a code")), status=403
    ),
    Page("offer-limited", offer_states.offer_limited, (Press("Get a code"),), status=429),
    Page("offer-waiting", offer_states.offer_waiting),
    Page("offer-waiting-elsewhere", offer_states.offer_waiting_elsewhere),
    Page("offer-ended", offer_states.offer_ended),
    Page("offer-confirm", offer_states.offer_confirm),
    Page("offer-confirm-other-tab", offer_states.offer_confirm, (Tamper("code_id"), Press("Link account")), status=400),
    Page("offer-confirm-outdated", offer_states.offer_confirm, (Tamper("stamp"), Press("Link account")), status=409),
    Page("offer-confirm-elsewhere", offer_states.offer_confirm_elsewhere),
    Page("offer-confirm-sign-in-again", offer_states.offer_confirm_sign_in_again),
    Page("offer-linked-elsewhere", offer_states.offer_linked_elsewhere),
    Page("offer-cancelled", offer_states.offer_waiting, (Press("Cancel this code"),)),
    Page("disown", states.disown),
    Page("disown-unlinked", states.disown_unlinked),
    Page("disown-newer", states.disown_newer),
    Page("disown-unknown", at("/link/disown?token=x"), status=404),
    Page("disowned", states.disown, (Press("This wasn\u2019t me"),)),
]

ACCOUNT = [
    Page("account-empty", signed_in("/account/")),
    Page("account", states.account_with_connections),
    Page("account-connection-ended", account_states.connection_ended),
    Page("account-linked-ended", account_states.linked_connection_ended),
    Page("account-linked-others-left", account_states.linked_others_left),
    Page("account-all-ended", account_states.all_ended),
    Page("account-unlinked", account_states.unlinked),
    Page("account-unlinked-not-connected", account_states.unlinked_not_connected),
    Page(
        "password-change-refused",
        signed_in("/account/password/change/"),
        (Fill("Current password", "wrong"), Fill("New password", "12345678"), Press("Save password")),
    ),
    Page("password-change", signed_in("/account/password/change/")),
    Page("password-set", states.password_set),
    Page("reauthenticate", signed_in("/account/reauthenticate/")),
    Page(
        "reauthenticate-wrong",
        signed_in("/account/reauthenticate/"),
        (Fill("Password", "wrong"), Press("Confirm")),
    ),
    Page("sign-out", signed_in("/account/logout/")),
    Page("activity", account_states.activity),
    Page("activity-second-page", account_states.activity_of_weeks),
    Page("activity-last-page", account_states.activity_of_years),
    Page("activity-empty", signed_in("/account/activity/?kind=tool_call")),
    Page("profile-unconfirmed", account_states.profile_unconfirmed),
    Page("profile-saved", signed_in("/account/profile/"), (Fill("Name", "Ada"), Press("Save name"))),
    Page("profile", signed_in("/account/profile/")),
    Page("profile-waiting-for-code", account_states.profile_waiting),
    Page("email-change-waiting-for-code", account_states.email_change_waiting),
    Page("email-change", signed_in("/account/email/")),
    Page(
        "email-change-refused",
        signed_in("/account/email/"),
        (Fill("New email", "ada@example"), Press("Send me a code")),
        status=400,
    ),
    Page("email-confirm-wrong", account_states.email_confirm, (WRONG, Press("Confirm")), status=400),
    Page("email-confirm", account_states.email_confirm),
    Page("browsers", signed_in("/account/browsers/")),
    Page("browsers-elsewhere", account_states.browsers_elsewhere),
    Page("browsers-ended", account_states.browser_ended),
    Page("data-press-again", account_states.data_press_again),
    Page("data", signed_in("/account/data/")),
    Page("delete", account_states.delete),
    Page(
        "delete-refused",
        account_states.delete,
        (Tamper("agreed"), Tick("I understand that this cannot be undone."), Press("Delete my account")),
        status=400,
    ),
    Page("security", signed_in("/account/security/")),
    Page("security-unconfirmed", account_states.security_unconfirmed),
    Page("security-with-app", second_factor_states.security_with_app),
    Page("security-with-passkey", second_factor_states.security_with_passkey),
    Page("passkey-rename", second_factor_states.passkey_rename),
    Page("passkey-remove", second_factor_states.passkey_remove),
    Page("passkey-add", signed_in("/account/security/passkeys/add/")),
    Page("app-add", signed_in("/account/security/app/add/")),
    Page("app-add-wrong", signed_in("/account/security/app/add/"), (WRONG, Press("Add app"))),
    Page("app-remove", second_factor_states.app_remove),
    Page("recovery-codes-new", second_factor_states.recovery_codes_new),
    Page("recovery-codes", second_factor_states.recovery_codes),
    Page("recovery-codes-anew", second_factor_states.recovery_codes_anew),
    Page("recovery-codes-unreadable", second_factor_states.recovery_codes_unreadable),
    Page("recovery-codes-used-up", second_factor_states.recovery_codes_used_up),
    Page("reauthenticate-by-app", second_factor_states.reauthenticate_by_app),
    Page("reauthenticate-by-recovery-code", second_factor_states.reauthenticate_by_recovery_code),
    Page("reauthenticate-by-passkey", second_factor_states.reauthenticate_by_passkey),
    Page("second-step-wrong", second_factor_states.second_step, (WRONG, Press("Sign in"))),
    Page("second-step-with-passkey", second_factor_states.second_step_with_passkey),
    Page("second-step-with-passkey-wrong", second_factor_states.second_step_with_passkey, (WRONG, Press("Sign in"))),
    Page("second-step-recovery-code-used", second_factor_states.second_step_by_recovery_code),
    Page("second-step", second_factor_states.second_step),
]

ERRORS = [
    Page("error-400", at("/error/400"), status=400),
    Page("error-403", at("/error/403"), status=403),
    Page("error-404", at("/nothing-here"), status=404),
    Page("error-404-signed-in", signed_in("/nothing-here"), status=404),
    Page("error-429", at("/error/429"), status=429),
    Page("error-500", at("/error/500"), status=500),
    Page("error-503", at("/error/503"), status=503),
    Page("error-no-mail", at("/error/no-mail"), status=503),
    Page("error-403-signed-in", signed_in("/error/403"), status=403),
    Page(
        "error-form-too-old",
        at("/account/login/"),
        (
            Fill("Email", "ada@example.com"),
            Fill("Password", "wrong"),
            Tamper("csrfmiddlewaretoken"),
            Press("Sign in"),
        ),
        status=403,
    ),
]

# A site that lets nobody go on without an account.
WITHOUT_GUESTS = [
    Page("home-without-guests", at("/"), guests=False),
    Page("connect-without-guests", at("/connect#cursor"), guests=False),
    Page("consent-without-guests", consent_states.signed_out, guests=False),
    Page("offer-without-guests", signed_in("/link/code"), guests=False),
]

# For whoever works on Dexter, in English: every component in every state, buttons that do nothing among them.
STYLEGUIDE = [Page("styleguide", at("/styleguide/")), Page("styleguide-mail", at("/styleguide/mail/"))]

PAGES = [*START, *ENTRANCE, *CONSENT, *LINK, *ACCOUNT, *ERRORS, *WITHOUT_GUESTS]
