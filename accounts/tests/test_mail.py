"""Mail: rendered at once, sent by a task after the commit, tried again when the server fails."""

from __future__ import annotations

import re
from pathlib import Path
from smtplib import SMTPServerDisconnected
from typing import Any

import pytest
from celery.exceptions import Retry
from django.core import mail
from django.db import transaction

from accounts import tasks
from accounts.mail import send_mail_later
from accounts.tests.builders import make_user
from accounts.tests.mails import as_read

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _template(settings: Any, tmp_path: Path) -> None:
    folder = tmp_path / "accounts" / "mail"
    folder.mkdir(parents=True)
    (folder / "hello.subject.txt").write_text("Hello {{ name }}\n")
    (folder / "hello.txt").write_text("{{ name }} & {{ site_name }}: {{ public_url }}/x\n")
    first = settings.TEMPLATES[0]
    settings.TEMPLATES = [{**first, "DIRS": [tmp_path, *first["DIRS"]]}]


def send(name: str = "Ada") -> None:
    """Send the template above."""
    send_mail_later(template="hello", account=make_user(), context={"name": name})


def test_the_mail_leaves_after_the_commit(django_capture_on_commit_callbacks: Any, mailoutbox: list[Any]) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        send("O'Hara <b>")
        assert not mailoutbox

    assert mailoutbox[0].to == ["ada@example.com"]
    assert mailoutbox[0].subject == "Hello O'Hara <b>"
    assert mailoutbox[0].body == "O'Hara <b> & Dexter: http://localhost:8000/x\n"


def test_nothing_leaves_when_the_transaction_fails(
    django_capture_on_commit_callbacks: Any, mailoutbox: list[Any]
) -> None:
    with django_capture_on_commit_callbacks(execute=True), transaction.atomic():
        send()
        transaction.set_rollback(True)

    assert not mailoutbox


def test_a_line_break_in_the_subject_starts_no_header(
    django_capture_on_commit_callbacks: Any, mailoutbox: list[Any]
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        send("Ada\r\nBcc: everybody@example.com")

    assert as_read(mailoutbox[0].subject) == "Hello Ada Bcc: everybody@example.com"
    assert mailoutbox[0].recipients() == ["ada@example.com"]


@pytest.mark.parametrize(
    "name",
    ["https://evil.example/x", "www.evil.example", "evil.example", "bob@evil.example", "evil\u3002example"],
)
def test_what_others_chose_becomes_no_link(
    name: str, django_capture_on_commit_callbacks: Any, mailoutbox: list[Any]
) -> None:
    """Mail programs make links of a text, and of the HTML too; this is what they look for."""
    with django_capture_on_commit_callbacks(execute=True):
        send(name)

    [message] = mailoutbox
    for text in (message.body, message.subject, message.alternatives[0][0]):
        assert not re.search(r"evil[.\u3002]example|www\.evil|https://evil|href=.http[^>]*evil", text)
        assert name in as_read(text)
    assert "http://localhost:8000/x" in message.body


@pytest.mark.parametrize("name", ["http://localhost:8000/account/", "http://localhost:8000/account/ evil.example"])
def test_only_an_address_of_ours_stays_as_it_is(
    name: str, django_capture_on_commit_callbacks: Any, mailoutbox: list[Any]
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        send(name)

    assert (name in mailoutbox[0].body) == name.endswith("/")


def test_the_arguments_of_the_task_stay_out_of_its_description(
    django_capture_on_commit_callbacks: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[Any] = []
    monkeypatch.setattr(tasks.send_mail, "apply_async", lambda **options: sent.append(options))

    with django_capture_on_commit_callbacks(execute=True):
        send("my-secret")

    assert "my-secret" in str(sent[0]["kwargs"])
    assert "my-secret" not in sent[0]["kwargsrepr"]


def test_a_failing_mail_server_is_tried_again_later(monkeypatch: pytest.MonkeyPatch) -> None:
    countdowns: list[int] = []

    def retry(*, exc: Exception, countdown: int) -> Retry:
        countdowns.append(countdown)
        return Retry(exc=exc)

    monkeypatch.setattr(mail.EmailMultiAlternatives, "send", _fail)
    task: Any = tasks.send_mail
    monkeypatch.setattr(task, "retry", retry)
    for retries in range(3):
        task.push_request(retries=retries, is_eager=False)
        with pytest.raises(Retry):
            task.run(subject="s", body="b", to="ada@example.com")
        task.pop_request()

    assert countdowns == [10, 20, 40]


def test_without_a_worker_nobody_waits_for_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    attempts: list[Any] = []

    def send_once(message: Any) -> None:
        attempts.append(message)
        raise SMTPServerDisconnected

    monkeypatch.setattr(mail.EmailMultiAlternatives, "send", send_once)

    with pytest.raises(SMTPServerDisconnected):
        tasks.send_mail.apply(kwargs={"subject": "s", "body": "b", "to": "ada@example.com"}, throw=True)

    assert len(attempts) == 1


def _fail(_: Any) -> None:
    raise SMTPServerDisconnected
