"""`/api/schema`, the OpenAPI 3.1 document, and `/api/docs`, the page that shows it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client as Browser
from django.urls import reverse
from django.utils.translation import trans_real

from linking.api.reference import Member, read_document, reference

pytestmark = pytest.mark.django_db


def operations(document: Any) -> list[tuple[str, str, Any]]:
    """Method, path and description of each operation."""
    return [(method, path, each) for path, methods in document["paths"].items() for method, each in methods.items()]


def test_the_document_is_valid_and_free_of_warnings(tmp_path: Any) -> None:
    call_command("spectacular", validate=True, fail_on_warn=True, format="openapi-json", file=str(tmp_path / "s.json"))

    document = json.loads((tmp_path / "s.json").read_text())
    assert document["openapi"].startswith("3.1")
    assert document == Browser().get("/api/schema").json()


def test_no_language_changes_the_document() -> None:
    plain = Browser().get("/api/schema")

    asked = Browser().get("/api/schema?lang=de-00000001&version=2", headers={"Accept-Language": "de"})

    assert asked.content == plain.content
    assert "de-00000001" not in trans_real._translations  # type: ignore[attr-defined]


def test_who_may_call_is_what_the_views_ask_for() -> None:
    document = Browser().get("/api/schema").json()

    asked = {f"{method} {path}": each["security"] for method, path, each in operations(document)}

    bearer_or_session = [{"bearer": ["link.write"]}, {"session": []}]
    assert asked == {
        "get /api/link/status": [{"bearer": ["identity.read"]}, {"session": []}],
        "post /api/link/generate": bearer_or_session,
        "post /api/link/remove": bearer_or_session,
        "post /api/link/preview": [{"session": []}],
        "post /api/link/verify": [{"session": []}],
        "get /api/connections": [{"session": []}],
        "delete /api/connections/{connection_id}": [{"session": []}],
        "post /api/identity/resolve": [{"service": ["identity.resolve"]}],
    }


def test_every_way_in_that_an_operation_names_is_described() -> None:
    document = Browser().get("/api/schema").json()

    named = {scheme for _, _, each in operations(document) for asked in each["security"] for scheme in asked}

    assert named == set(document["components"]["securitySchemes"])


def test_the_page_shows_every_operation_and_member_of_the_document() -> None:
    document = Browser().get("/api/schema").json()

    page = Browser().get(reverse("api:docs"))

    text = page.content.decode()
    assert page.status_code == 200
    for method, path, each in operations(document):
        assert f"{method.upper()} {path}" in text
        assert each["summary"] in text
    for schema in document["components"]["schemas"].values():
        for name in schema.get("properties", {}):
            assert name in text


def test_members_of_objects_in_objects_and_lists_are_named_after_both() -> None:
    [preview] = [operation for operation in reference().operations if operation.path == "/api/link/preview"]

    members = {member.name: member for member in preview.success.members}

    assert members["assistant.verified_host"] == Member("assistant.verified_host", "string", "", is_required=False)
    assert members["also_connected[].assistant.name"].is_required
    assert members["allows"].type == "array of strings"
    assert preview.takes == (Member("code", "string", "At most 200 characters.", is_required=True),)


def test_the_page_says_what_a_changed_document_says() -> None:
    document = Browser().get("/api/schema").json()
    document["paths"] = {"/api/link/status": document["paths"]["/api/link/status"]}
    document["paths"]["/api/link/status"]["get"]["summary"] = "Something else"

    [operation] = read_document(document).operations

    assert operation.summary == "Something else"
    assert [refusal.status for refusal in operation.refusals] == [401, 403, 500, 503]
    assert [refusal.status for refusal in operation.refusals if refusal.has_retry_after] == [503]


def test_an_example_is_a_command_with_what_the_operation_needs() -> None:
    examples = {operation.path: operation.example for operation in reference().operations}

    assert examples["/api/link/preview"] == (
        'curl -b cookies -H "X-CSRFToken: $CSRF_TOKEN" -H "Content-Type: application/json" '
        """-d '{"code": "…"}' http://localhost:8000/api/link/preview"""
    )
    assert examples["/api/link/generate"].endswith("-X POST http://localhost:8000/api/link/generate")
    assert examples["/api/connections/{connection_id}"].endswith("/api/connections/$CONNECTION_ID")
