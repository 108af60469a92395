"""Bearer authentication of the REST API (RFC 6750 §2.1, §3)."""

from __future__ import annotations

from typing import Any, cast

import pytest
from django.test import RequestFactory
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import User
from accounts.tests.builders import make_user
from oauth.bearer import Principal
from oauth.tests.builders import make_access_token, make_session

pytestmark = pytest.mark.django_db

METADATA = "http://localhost:8000/.well-known/oauth-protected-resource/mcp"


@api_view(["GET"])
def who(request: Request) -> Response:
    """Any view of the API, with the settings' own authentication and permission classes."""
    assert isinstance(request.auth, Principal)
    return Response({"subject": cast("User", request.user).subject, "client_id": request.auth.client.client_id})


def ask(authorization: str | None = None, **headers: str) -> Any:
    """Call the view."""
    if authorization is not None:
        headers["Authorization"] = authorization
    response = who(RequestFactory().get("/api/who", headers=headers))
    response.render()
    return response


def test_a_good_token_is_its_principal() -> None:
    session = make_session(make_user())
    _, token = make_access_token(session)

    response = ask(f"Bearer {token}")

    assert response.status_code == 200
    assert response.data == {"subject": session.user.subject, "client_id": session.client.client_id}


@pytest.mark.parametrize("authorization", ["Bearer dxa_unknown", "Bearer", "Bearer a b"])
def test_a_token_that_does_not_act_is_401_with_a_complete_challenge(authorization: str) -> None:
    response = ask(authorization)

    assert response.status_code == 401
    assert response["WWW-Authenticate"].startswith('Bearer error="invalid_token", error_description="')
    assert f'resource_metadata="{METADATA}", scope="identity.read link.write"' in response["WWW-Authenticate"]


@pytest.mark.parametrize("authorization", [None, "Basic eDp5"])
def test_without_a_token_the_challenge_names_no_error(authorization: str | None) -> None:
    response = ask(authorization)

    assert response.status_code == 401
    assert response["WWW-Authenticate"] == f'Bearer resource_metadata="{METADATA}", scope="identity.read link.write"'


def test_identity_headers_and_website_sessions_are_nothing() -> None:
    person = make_user()
    request = RequestFactory().get("/api/who", headers={"X-User-Sub": person.subject})
    request.user = person

    response = who(request)

    assert response.status_code == 401
