"""Problems in place of pages: what Django itself answers under `/api`, such as 404, is for a program too."""

from __future__ import annotations

import json
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from linking.api.problems import CONTENT_TYPE, problem_document

# An old family of OAuth endpoints that happens to live below /api answers as RFC 6749 says.
NOT_OURS = "/api/connector/"


class ProblemMiddleware:
    """The outermost, so that what other middleware answers goes through it; it also keeps answers out of caches."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if not is_api_path(request.path):
            return response
        if response.status_code >= 400 and response.get("Content-Type") != CONTENT_TYPE:
            _make_problem(response)
        if "Cache-Control" not in response:
            response["Cache-Control"] = "no-store"
        return response


def _make_problem(response: HttpResponse) -> None:
    """Say it as a problem. The headers and cookies stay, which are other middleware's and protect the answer."""
    response.content = json.dumps(problem_document(response.status_code)).encode()
    response["Content-Type"] = CONTENT_TYPE
    response["Content-Length"] = str(len(response.content))


def is_api_path(path: str) -> bool:
    """Whether the path is one of the API's, known or not."""
    return path == "/api" or (path.startswith("/api/") and not path.startswith(NOT_OURS))
