"""The examples of docs/api.md, sent to the site in the order of the page: their answers are as the page says."""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client as Browser
from django.utils import timezone

from accounts.models import User
from accounts.tests.builders import make_user
from linking.codes import digest_code
from linking.models import AccountLink
from linking.services import redeem_linking_code
from linking.tests.browsing import signed_in
from linking.tests.builders import make_linking_code, make_principal
from oauth.tests.builders import SECRET, make_access_token, make_client, make_session
from oauth.tests.test_service_tokens import make_service

pytestmark = pytest.mark.django_db

PAGE = Path(settings.BASE_DIR) / "docs" / "api.md"
EXAMPLE = re.compile(r"```http\n(?P<request>[A-Z]+ /.*?)\n```\n\n```http\n(?P<answer>HTTP/1\.1 .*?)\n```", re.DOTALL)
# Also tells it from the braces of JSON.
PLACEHOLDER = re.compile(r"\{(\w+)\}")


def members_of(answer: Any) -> dict[str, str]:
    """Every text of an answer under the name of its member, for the placeholders of the examples after it."""
    if isinstance(answer, list):
        answer = dict(enumerate(answer))
    if not isinstance(answer, dict):
        return {}
    inner = [members_of(value) for value in answer.values()]
    texts = {name: value for name, value in answer.items() if isinstance(value, str)}
    return {name: text for each in [*inner, texts] for name, text in each.items()}


def form_of(value: Any) -> Any:
    """What the page promises about a value: the members of an object, what a list holds, and of the rest the kind."""
    if isinstance(value, dict):
        return {name: form_of(each) for name, each in value.items()}
    if isinstance(value, list):
        return [form_of(value[0])] if value else []
    return value if isinstance(value, bool) else type(value)


def fill(request: str, known: dict[str, str]) -> str:
    """A request with what earlier answers gave in the place of its placeholders."""
    return PLACEHOLDER.sub(lambda found: known[found[1]], request)


def send(request: str, browser: Browser) -> Any:
    """Send a request as it is written."""
    head, _, body = request.partition("\n\n")
    line, *fields = head.splitlines()
    method, path, _ = line.split()
    headers = dict(field.split(": ", 1) for field in fields)
    content_type = headers.pop("Content-Type", "application/octet-stream")
    # A caller with a token has no cookies.
    caller = Browser() if "Authorization" in headers else browser
    return caller.generic(method, path, body, content_type=content_type, headers=headers)


@pytest.fixture
def ada() -> User:
    """Ada, whose assistant shows the code of the page."""
    session = make_session(
        client=make_client(name="Claude Code"),
        scope="identity.read",
        last_used_at=timezone.now(),
        address="203.0.113.7",
    )
    make_linking_code(session, code_digest=digest_code("K7QM2X"))
    return make_user(display_name="Ada")


def test_every_example_gets_the_answer_that_is_written_below_it(ada: User) -> None:
    text = PAGE.read_text()
    examples = list(EXAMPLE.finditer(text))
    assert len(examples) == text.count("```http\n") / 2 > 10
    browser = signed_in(ada, enforce_csrf_checks=True)
    known = {
        "connector_token": make_access_token()[1],
        "service_credentials": base64.b64encode(f"{make_service().client_id}:{SECRET}".encode()).decode(),
    }

    for example in examples:
        request = fill(example["request"], known)
        if request.startswith("GET /api/connections "):
            # The same browser connects another assistant.
            linked = AccountLink.objects.get(account=ada).user
            make_session(user=linked, client=make_client(name="Codex"), scope="identity.read")
        response = send(request, browser)

        status, _, body = example["answer"].partition("\n\n")
        assert f"HTTP/1.1 {response.status_code} {response.reason_phrase}" == status, (request, response.content)
        answer, documented = (json.loads(each) if each else None for each in (response.content, body))
        assert form_of(answer) == form_of(documented), request
        known |= members_of(answer)
        if str(known.get("link_url")).endswith("/link/code"):
            # The person gives the code to another assistant.
            session = make_session(client=make_client(name="Cursor"), scope="identity.read")
            redeem_linking_code(principal=make_principal(session), code=known.pop("code"))
            del known["link_url"]
