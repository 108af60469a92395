"""`/link/confirm` and `/link/done` (design §7, confirm and afterwards)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.conf import settings
from django.core import mail
from django.test import Client as Browser
from django.utils import timezone

from accounts.models import User
from accounts.tests.builders import make_guest, make_user
from linking.models import AccountLink, LinkingCode
from linking.tests.browsing import answer_about, decide, signed_in, text_of, type_code
from linking.tests.builders import make_link, make_linking_code, pass_time
from linking.tests.guessing import DEAD
from oauth.models import Client
from oauth.tests.builders import make_client, make_session

pytestmark = pytest.mark.django_db


def test_the_page_shows_everything_that_a_person_needs_to_decide(browser: Browser) -> None:
    client = make_client(
        name="ChatGPT",
        client_id="https://chatgpt.com/oauth/client.json",
        registration_source=Client.RegistrationSource.CIMD,
    )
    session = make_session(client=client, redirect_uri="https://answers.example.com/callback")
    _, code = make_linking_code(session, created_at=timezone.now() - timedelta(minutes=3, seconds=10))
    browser.post("/link", {"code": code.lower().replace("-", "")})

    page = text_of(browser.get("/link/confirm"))

    assert f'<p class="code">{code}</p>' in page
    assert "ChatGPT" in page
    assert '<span class="badge badge-verified">verified: chatgpt.com</span>' in page
    assert "not verified" not in page
    assert "<strong>answers.example.com</strong>" in page
    assert "3 minutes ago" in page
    assert "(connected since <time" in page
    assert "<strong>ada@example.com</strong>" in page
    assert page.count(">Use another account</button>") == 1
    for scope in session.scope.split():
        assert settings.DEXTER_SCOPES[scope] in page
    assert settings.DEXTER_SCOPES["email"] not in page


def test_an_assistant_that_nobody_vouches_for_is_shown_as_not_verified_and_its_name_is_only_text(
    browser: Browser,
) -> None:
    type_code(browser, session=make_session(client=make_client(name="<b>ChatGPT</b>")))

    page = text_of(browser.get("/link/confirm"))

    assert "&lt;b&gt;ChatGPT&lt;/b&gt;" in page
    assert '<span class="badge badge-unverified">not verified</span>' in page
    badge, note = page.index(">not verified<"), page.index("Anybody can choose any name. Go on only if you connected")
    # Beside the badge, among what is read before the decision.
    assert badge < note < page.index("The connection goes to")


def test_other_live_connections_of_the_same_identity_are_shown_because_they_are_linked_too(browser: Browser) -> None:
    row = type_code(browser)
    assert "These will act for your account too" not in text_of(browser.get("/link/confirm"))
    make_session(user=row.user, client=make_client(name="Second Assistant"), redirect_uri="cursor://callback")
    ended = make_client(name="Ended Assistant")
    make_session(user=row.user, client=ended, ended_at=timezone.now(), end_reason="user")
    make_session(client=make_client(name="Assistant of a stranger"))

    page = text_of(browser.get("/link/confirm"))

    assert "These will act for your account too" in page
    assert "Second Assistant" in page
    assert "It goes to an app on the device where it was connected, cursor" in page
    assert "Ended Assistant" not in page
    assert "Assistant of a stranger" not in page


def test_what_other_connections_of_the_identity_may_do_is_said_as_well(browser: Browser) -> None:
    """The link joins the identity: a connection that may see the e-mail address sees that of the account."""
    row = type_code(browser)
    assert settings.DEXTER_SCOPES["email"] not in text_of(browser.get("/link/confirm"))

    make_session(row.user, scope="identity.read email")

    assert settings.DEXTER_SCOPES["email"] in text_of(browser.get("/link/confirm"))


def test_both_buttons_are_equally_prominent(browser: Browser) -> None:
    type_code(browser)

    page = text_of(browser.get("/link/confirm"))

    assert '<button type="submit" name="decision" value="link" class="button">Link account</button>' in page
    assert '<button type="submit" name="decision" value="decline" class="button">Not me</button>' in page


def test_looking_links_nothing(browser: Browser) -> None:
    row = type_code(browser)

    browser.get("/link/confirm?decision=link")
    browser.head("/link/confirm")

    row.refresh_from_db()
    assert row.used_at is None
    assert not AccountLink.objects.exists()


def test_link_account_links_and_says_what_to_do_next(browser: Browser, account: User) -> None:
    row = type_code(browser)

    response = decide(browser, "link", follow=True)

    assert response.redirect_chain == [("/link/done", 302)]
    page = text_of(response)
    assert "Example Assistant" in page
    assert "<strong>ada@example.com</strong>" in page
    assert "Go back to your assistant and say:" in page
    assert "This wasn’t me" in page  # noqa: RUF001
    link = AccountLink.objects.get()
    assert (link.user, link.account) == (row.user, account)


def test_not_me_links_nothing_and_ends_the_code(browser: Browser) -> None:
    row = type_code(browser)

    response = decide(browser, "decline", follow=True)

    assert response.redirect_chain == [("/link", 302)]
    assert "Nothing is linked to your account by that code, and it does not work any more." in text_of(response)
    row.refresh_from_db()
    assert row.ended_at is not None
    assert not AccountLink.objects.exists()
    assert decide(browser, "link")["Location"] == "/link"
    assert not AccountLink.objects.exists()


@pytest.mark.parametrize("form", [{}, {"decision": ""}, {"decision": "allow"}])
def test_a_post_without_a_decision_shows_the_page_again(browser: Browser, form: dict[str, str]) -> None:
    row = type_code(browser)

    response = browser.post("/link/confirm", form | {"code_id": str(row.pk)})

    assert response.status_code == 400
    assert "Link account" in text_of(response)
    row.refresh_from_db()
    assert (row.used_at, row.ended_at) == (None, None)


@pytest.mark.parametrize("decision", ["link", "decline"])
@pytest.mark.parametrize("answered", ["the code of the other tab", "none", "junk"])
def test_an_answer_to_what_another_tab_shows_does_nothing_and_asks_again(
    browser: Browser, decision: str, answered: str
) -> None:
    mine = type_code(browser, session=make_session(make_guest(), client=make_client(name="Mine")))
    strangers = type_code(browser, session=make_session(make_guest(), client=make_client(name="Stranger")))
    code_id = {"the code of the other tab": str(mine.pk), "none": "", "junk": "x\x00"}[answered]

    response = browser.post("/link/confirm", {"decision": decision, "code_id": code_id})

    assert response.status_code == 409
    assert "another code was typed in another tab" in text_of(response)
    assert "Stranger" in text_of(response)
    for row in (mine, strangers):
        row.refresh_from_db()
        assert (row.used_at, row.ended_at) == (None, None)
    assert not AccountLink.objects.exists()


def test_the_back_button_after_not_me_is_not_answered_with_an_older_link(browser: Browser) -> None:
    type_code(browser)
    decide(browser, "link")
    type_code(browser)
    decide(browser, "decline")

    assert browser.get("/link/confirm")["Location"] == "/link"
    assert browser.get("/link/done")["Location"] == "/account/"


def test_the_back_button_after_linking_says_that_it_is_done(browser: Browser) -> None:
    type_code(browser)
    decide(browser, "link")

    assert browser.get("/link/confirm")["Location"] == "/link/done"
    assert "no-store" in browser.get("/link/done")["Cache-Control"]


def test_confirming_in_a_second_tab_says_that_it_is_done_and_links_once(browser: Browser) -> None:
    type_code(browser)
    browser.get("/link/confirm")
    browser.get("/link/confirm")
    decide(browser, "link")

    assert decide(browser, "link")["Location"] == "/link/done"
    assert AccountLink.objects.count() == 1


def test_without_a_typed_code_there_is_nothing_to_confirm(browser: Browser) -> None:
    response = browser.get("/link/confirm", follow=True)

    assert response.redirect_chain == [("/link", 302)]
    assert "Type the code first." in text_of(response)
    assert browser.get("/link/done")["Location"] == "/account/"


@pytest.mark.parametrize("method", ["get", "post"])
def test_whoever_goes_back_after_not_me_is_not_told_to_type_that_code_again(browser: Browser, method: str) -> None:
    """It is dead by their own choice: typed again, it would be a wrong one."""
    row = type_code(browser)
    decide(browser, "decline", follow=True)

    back = getattr(browser, method)("/link/confirm", answer_about(row.pk), follow=True)

    assert back.redirect_chain == [("/link", 302)]
    assert "Nothing is linked to your account by that code, and it does not work any more." in text_of(back)
    assert "Type the code first." not in text_of(back)
    assert not AccountLink.objects.exists()


def test_what_was_declined_is_past_once_another_code_is_typed(browser: Browser) -> None:
    type_code(browser)
    decide(browser, "decline", follow=True)
    type_code(browser)
    decide(browser, "link")

    assert browser.get("/link/confirm")["Location"] == "/link/done"


def test_after_not_me_what_was_linked_before_is_not_shown(browser: Browser) -> None:
    type_code(browser)
    decide(browser, "link")
    type_code(browser)
    decide(browser, "decline", follow=True)

    assert "/link/done" not in str(browser.get("/link/confirm")["Location"])


@pytest.mark.parametrize("method", ["get", "post"])
def test_a_code_that_expired_between_the_pages_is_explained(browser: Browser, method: str) -> None:
    type_code(browser)
    pass_time(timedelta(minutes=10))

    response = getattr(browser, method)("/link/confirm", {"decision": "link"})

    page = text_of(response)
    assert response.status_code == 400
    assert "That code has ended" in page
    assert "Ask your assistant for a new code" in page
    assert not AccountLink.objects.exists()


@pytest.mark.parametrize("kill", DEAD)
@pytest.mark.parametrize("method", ["get", "post"])
def test_whatever_ended_a_code_between_the_pages_is_answered_with_the_same_page(
    browser: Browser, kill: Callable[[LinkingCode], None], method: str
) -> None:
    row = type_code(browser)
    browser.get("/link/confirm")
    kill(row)

    response = getattr(browser, method)("/link/confirm", answer_about(row.pk))

    assert response.status_code == 400
    assert "That code has ended" in text_of(response)
    assert not AccountLink.objects.exists()
    assert not mail.outbox


@pytest.mark.parametrize("kill", DEAD)
def test_not_me_to_a_code_that_has_ended_is_answered_with_the_same_words(
    browser: Browser, kill: Callable[[LinkingCode], None]
) -> None:
    row = type_code(browser)
    kill(row)

    response = decide(browser, "decline", follow=True)

    assert "Nothing is linked to your account by that code, and it does not work any more." in text_of(response)
    assert not AccountLink.objects.exists()


def test_a_code_that_was_replaced_while_the_page_was_open_links_nothing(browser: Browser) -> None:
    row = type_code(browser)
    browser.get("/link/confirm")
    LinkingCode.objects.filter(pk=row.pk).update(ended_at=timezone.now())

    response = decide(browser, "link")

    assert response.status_code == 400
    assert "That code has ended" in text_of(response)
    assert not AccountLink.objects.exists()


def test_an_identity_that_is_linked_elsewhere_is_refused_in_general_words(browser: Browser) -> None:
    owner = make_user("owner@example.com")
    row = type_code(browser)
    make_link(account=owner, session=row.session)

    response = decide(browser, "link")

    page = text_of(response)
    assert response.status_code == 409
    assert "This assistant cannot be linked to your account." in page
    assert "owner" not in page
    assert AccountLink.objects.get().account == owner


def test_a_post_without_a_csrf_token_links_nothing(account: User) -> None:
    row, code = make_linking_code()
    browser = signed_in(account, enforce_csrf_checks=True)
    browser.get("/link")
    token = browser.cookies[settings.CSRF_COOKIE_NAME].value
    browser.post("/link", {"code": code, "csrfmiddlewaretoken": token})
    assert browser.get("/link/confirm").status_code == 200

    for form in ({}, {"csrfmiddlewaretoken": "x" * 64}):
        assert browser.post("/link/confirm", {"decision": "link", **form}).status_code == 403
    foreign = browser.post(
        "/link/confirm",
        {"decision": "link", "csrfmiddlewaretoken": token},
        headers={"origin": "https://evil.example.com"},
    )

    assert foreign.status_code == 403
    row.refresh_from_db()
    assert row.used_at is None
    assert not AccountLink.objects.exists()
