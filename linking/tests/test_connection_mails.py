"""What a person is told about connections by e-mail: one began to act for the account, or staff ended one."""

from __future__ import annotations

from typing import Any

import pytest
from django.conf import settings as site
from django.test import Client as Browser

from accounts.models import User
from accounts.tests.builders import make_guest, make_user
from accounts.tests.mails import as_read, html_of
from linking.tests.builders import make_link
from oauth.models import Client, ConnectorSession
from oauth.services import end_session
from oauth.tests.builders import make_client, make_grant, make_session
from oauth.tests.protocol import exchange_code, refresh

pytestmark = pytest.mark.django_db(transaction=True)
Reason = ConnectorSession.EndReason


@pytest.fixture
def ada() -> User:
    """Ada."""
    return make_user()


def connect(user: User, client: Client | None = None, **fields: Any) -> Any:
    """Trade the code that `user` allowed; the token endpoint's answer."""
    session = make_session(user=user, client=client or make_client(), connected_at=None, **fields)
    grant, code = make_grant(session)
    return exchange_code(Browser(), grant.application, code)


# --- Connected --------------------------------------------------------------------------------------------------------


def test_a_new_connection_is_told(ada: User, mailoutbox: list[Any]) -> None:
    assert connect(ada, make_client(name="Claude Code")).status_code == 200

    [message] = mailoutbox
    assert message.to == ["ada@example.com"]
    assert message.subject == "Claude Code acts for your Dexter account"
    assert "Verified: no. Anybody can choose any name for an assistant." in message.body
    assert "The connection goes to: " in message.body
    assert "http://localhost:8000/account/" in message.body
    assert 'href="http://localhost:8000/account/"' in html_of(message)


def test_a_verified_host_is_named(ada: User, mailoutbox: list[Any]) -> None:
    client = make_client(
        name="ChatGPT", client_id="https://chatgpt.com/c.json", registration_source=Client.RegistrationSource.CIMD
    )

    connect(ada, client)

    assert "Verified: chatgpt.com" in as_read(mailoutbox[0].body)


def test_a_new_connection_of_a_linked_guest_is_told_to_the_account(ada: User, mailoutbox: list[Any]) -> None:
    link = make_link(account=ada)

    connect(link.user, make_client(name="Cursor"))

    assert [(message.to, message.subject) for message in mailoutbox] == [
        (["ada@example.com"], "Cursor acts for your Dexter account")
    ]


def test_a_guest_that_acts_for_nobody_has_nobody_to_tell(ada: User, mailoutbox: list[Any]) -> None:
    assert connect(make_guest()).status_code == 200

    assert not mailoutbox


def test_nothing_is_told_before_the_assistant_has_its_tokens(ada: User, mailoutbox: list[Any]) -> None:
    grant, _code = make_grant(make_session(user=ada, connected_at=None))

    refused = exchange_code(Browser(), grant.application, "x" * 43)

    assert refused.status_code == 400
    assert not mailoutbox


def test_tokens_are_refreshed_without_a_word(ada: User, mailoutbox: list[Any]) -> None:
    client = make_client()
    answer = connect(ada, client).json()

    assert refresh(Browser(), client, answer["refresh_token"]).status_code == 200
    assert len(mailoutbox) == 1


def test_a_name_with_a_line_break_stays_on_its_line(ada: User, mailoutbox: list[Any]) -> None:
    name = "X\r\nBcc: everybody@example.com\n\nSign in:\nhttp://localhost:8000/link#code=ABCDEF"

    connect(ada, make_client(name=name))

    [message] = mailoutbox
    assert message.recipients() == ["ada@example.com"]
    assert message.message()["Bcc"] is None
    assert "\nhttp://localhost:8000/link" not in message.body
    assert html_of(message).count("<a ") == 1


def test_it_is_told_in_the_language_of_the_account_and_not_of_the_request(
    ada: User, mailoutbox: list[Any], settings: Any
) -> None:
    settings.LANGUAGES = [("en", "English"), ("de", "Deutsch")]
    User.objects.update(language="de")
    session = make_session(user=ada, connected_at=None)
    grant, code = make_grant(session)

    exchange_code(Browser(headers={"Accept-Language": "en"}), grant.application, code)

    assert '<html lang="de"' in html_of(mailoutbox[0])


# --- Ended ------------------------------------------------------------------------------------------------------------


def test_a_connection_that_staff_ended_is_told_once(ada: User, mailoutbox: list[Any]) -> None:
    session = make_session(user=ada, client=make_client(name="Cursor"))
    staff = make_user("staff@example.com", is_staff=True)

    for _ in range(2):
        end_session(session=session, reason=Reason.STAFF, actor=staff)

    [message] = mailoutbox
    assert message.to == ["ada@example.com"]
    assert message.subject == f"The connection of Cursor to your {site.DEXTER_SITE_NAME} account has ended"
    assert "The connection went to: a program on the device where it was connected, 127" in message.body
    assert "staff@example.com" not in as_read(message.body + html_of(message))


def test_a_linked_connection_that_staff_ended_is_told_to_the_account(ada: User, mailoutbox: list[Any]) -> None:
    link = make_link(account=ada)
    assert link.session is not None

    end_session(session=link.session, reason=Reason.STAFF)

    assert [message.to for message in mailoutbox] == [["ada@example.com"]]


def test_whoever_ends_a_connection_knows_it(ada: User, mailoutbox: list[Any]) -> None:
    for reason in set(Reason) - {Reason.STAFF}:
        end_session(session=make_session(user=ada), reason=reason)
    end_session(session=make_session(), reason=Reason.STAFF)

    assert not mailoutbox
