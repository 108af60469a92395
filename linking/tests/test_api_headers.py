"""What protects every page protects what is rewritten under `/api` as well."""

from __future__ import annotations

import json

import pytest
from django.http import HttpRequest, HttpResponse, HttpResponseNotFound
from django.test import Client as Browser
from django.test import RequestFactory

from linking.api.middleware import ProblemMiddleware

pytestmark = pytest.mark.django_db

PROTECTING = ("X-Content-Type-Options", "X-Frame-Options", "Content-Security-Policy", "Referrer-Policy")


@pytest.mark.parametrize("secure", [False, True])
def test_a_rewritten_error_keeps_the_headers_that_protect_it(secure: bool) -> None:
    page = Browser().get("/nothing", secure=secure)

    problem = Browser().get("/api/nothing", secure=secure)

    assert problem["Content-Type"] == "application/problem+json"
    assert all(problem[name] == page[name] for name in PROTECTING)
    assert problem.get("Strict-Transport-Security") == page.get("Strict-Transport-Security")


def test_a_rewritten_error_keeps_cookies_and_tells_its_length() -> None:
    def answer(request: HttpRequest) -> HttpResponse:
        response = HttpResponseNotFound("a page", headers={"Content-Length": "6", "Vary": "Cookie"})
        response.set_cookie("dexter_session", "x", httponly=True)
        return response

    response = ProblemMiddleware(answer)(RequestFactory().get("/api/nothing"))

    assert response.status_code == json.loads(response.content)["status"] == 404
    assert response.cookies["dexter_session"]["httponly"]
    assert response["Vary"] == "Cookie"
    assert int(response["Content-Length"]) == len(response.content)
