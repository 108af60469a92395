"""schemathesis: whatever is sent to the API, no answer is a crash or one that the OpenAPI document does not name."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from django.test import Client as Browser
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.specs.openapi import checks

from accounts.tests.builders import make_guest, make_user
from linking.tests.builders import make_link, make_linking_code
from oauth.services import issue_service_token
from oauth.tests.builders import make_access_token, make_session
from oauth.tests.test_service_tokens import make_service

pytestmark = pytest.mark.django_db

# Not `positive_data_acceptance`: a code, a preview or a subject that fits the document may still be a wrong one.
CHECKS = [
    schemathesis.checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
    checks.negative_data_rejection,
]
CALLERS = ["nobody", "person", "assistant", "service"]
# For each of the operations and each kind of caller.
EXAMPLES = 20


def headers_of(caller: str) -> dict[str, str]:
    """What a caller sends with everything."""
    account = make_user()
    make_link(account, make_session(make_guest()))
    make_linking_code()
    match caller:
        case "person":
            browser = Browser()
            browser.force_login(account)
            csrf_token = browser.get("/api/link/status").json()["csrf_token"]
            cookies = "; ".join(f"{name}={morsel.value}" for name, morsel in browser.cookies.items())
            return {"Cookie": cookies, "X-CSRFToken": csrf_token}
        case "assistant":
            return {"Authorization": f"Bearer {make_access_token(make_session(make_guest()))[1]}"}
        case "service":
            return {"Authorization": f"Bearer {issue_service_token(client=make_service(), address=None)}"}
    return {}


def try_operation(operation: Any, headers: dict[str, str]) -> int:
    """Send what fits the document and what does not; returns how many cases were sent."""
    right, wrong = (operation.as_strategy(generation_mode=mode) for mode in GenerationMode)
    sent = 0

    @given(case=right | wrong)
    # The database is that of all examples: limits fill up, which is an answer to look at, too.
    @settings(max_examples=EXAMPLES, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    def answers(case: Any) -> None:
        nonlocal sent
        sent += 1
        case.call_and_validate(headers=headers, checks=CHECKS)

    answers()
    return sent


@contextlib.contextmanager
def one_connection() -> Iterator[None]:
    """Let a request neither close nor replace the test's connection; Django's own test client does the same."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.mark.parametrize("caller", CALLERS)
def test_every_answer_is_one_that_the_document_names(caller: str) -> None:
    headers = headers_of(caller)
    called: Counter[str] = Counter()

    with one_connection():
        api = schemathesis.openapi.from_wsgi("/api/schema", get_wsgi_application())
        # Each caller sends its own credentials; with others in their place it would not be that caller.
        api.config.generation.update(with_security_parameters=False)
        # An operation that cannot be read has no `ok`, and the test ends here.
        operations: list[Any] = [found.ok() for found in api.get_all_operations()]  # type: ignore[union-attr]
        for operation in operations:
            called[operation.label] += try_operation(operation, headers)

    assert len(called) == len(operations) == 8
