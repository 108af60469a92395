"""Problem details (RFC 9457): what every error under `/api` looks like, whoever answers it.

`detail` is for a person, `code` for a program. The words are those of the apps' own catalogues of refusals.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import structlog
from django.core.exceptions import BadRequest, RequestDataTooBig, SuspiciousOperation
from django.core.exceptions import PermissionDenied as DjangoPermissionDenied
from django.db import InterfaceError, OperationalError
from django.http import Http404
from django.http.request import UnreadablePostError
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.response import Response

from accounts.unstorable import is_unstorable_text
from linking import errors
from oauth.bearer import bearer_challenge
from oauth.endpoints import RETRY_AFTER_SECONDS
from oauth.errors import InsufficientScope

log = structlog.get_logger(__name__)

CONTENT_TYPE = "application/problem+json"

# Statuses that say it all: the code and the words of an error that has none of its own.
PLAIN: dict[int, tuple[str, str | Promise]] = {
    400: ("invalid_request", _("The request cannot be read.")),
    401: ("unauthenticated", _("Sign in on the website, or send an access token.")),
    403: ("forbidden", _("That is not allowed.")),
    404: ("not_found", _("There is nothing here.")),
    405: ("method_not_allowed", _("This address does not answer that method.")),
    413: ("too_large", _("The request is too large.")),
    415: ("unsupported_media_type", _("The body must be application/json.")),
    429: ("too_many_requests", _("Too many requests. Wait, then try again.")),
    500: ("server_error", _("Something went wrong on our side.")),
    503: ("temporarily_unavailable", _("The server cannot answer right now. Try again.")),
}

# What OAuth's own errors say in English, as the challenge beside them does, because programs read those.
TOKEN_REFUSED = _("The access token is missing, expired or revoked. Sign in again to get a new one.")
LACKS_SCOPE = _("The connection was not allowed to do this. Ask the person to allow it.")

REFUSALS: dict[type[errors.LinkingError], tuple[int, str]] = {
    errors.AccountRequired: (403, "account_required"),
    errors.AlreadyLinked: (409, "already_linked"),
    errors.NotLinked: (409, "not_linked"),
    errors.MintingLimited: (429, "too_many_codes"),
    errors.TypingLocked: (429, "too_many_wrong_codes"),
    errors.CodeRefused: (400, "code_refused"),
    errors.LinkRefused: (409, "link_refused"),
    errors.QuestionOutdated: (409, "preview_outdated"),
    errors.ConnectionNotFound: (404, "connection_not_found"),
}


class ApiRefusal(APIException):
    """A refusal that only the API has; `default_code` is the problem's code."""


class SessionRequired(ApiRefusal):
    """A route for a person who is signed in on the website; no access token opens it."""

    status_code = 403
    default_code = "session_required"
    default_detail = _("Only a person who is signed in on the website may do this. Access tokens are not accepted.")


class SignInAgain(ApiRefusal):
    """The sign-in is older than a confirmation may rest on (design §7)."""

    status_code = 403
    default_code = "sign_in_again"
    default_detail = _("You signed in too long ago. Sign in again to confirm.")


class CsrfRefused(ApiRefusal):
    """A session without the token that shows that the page which asks is ours."""

    status_code = 403
    default_code = "csrf_failed"
    default_detail = _("The X-CSRFToken header is missing or wrong, or the request came from another site.")


class PreviewUnknown(ApiRefusal):
    """The id of a preview that was decided about, replaced, or made in another session or for another account."""

    status_code = 400
    default_code = "preview_unknown"
    default_detail = _("There is no such preview. Type the code again.")


class OwnCode(ApiRefusal):
    """Somebody typed the code that their own session made: it goes the other way."""

    status_code = 400
    default_code = "own_code"
    default_detail = _("That is the code that you made here. Give it to your assistant.")


class LinkedAlready(ApiRefusal):
    """The account has linked what it is asked about, in another session or a moment ago."""

    status_code = 409
    default_code = "already_linked"
    default_detail = _("This assistant is linked to your account already. Remove the link if you do not want it.")


class TooLarge(ApiRefusal):
    """A body over the limit."""

    status_code = 413
    default_code = "too_large"
    default_detail = _("The request is too large.")


def problem_document(status: int, code: str = "", detail: str | Promise = "", **members: Any) -> dict[str, Any]:
    """The members of a problem (RFC 9457 §3.1), with what the status alone says where nothing else is given."""
    plain_code, plain_detail = PLAIN.get(status, ("refused", ""))
    code = code or plain_code
    return {
        # The status says what kind of problem it is, and `code` which (RFC 9457 §4.2.1).
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": str(detail or plain_detail),
        "code": code,
        **members,
    }


def answer_with_problem(error: Exception, context: dict[str, Any]) -> Response:
    """REST framework's `EXCEPTION_HANDLER`: nothing gets past it, so that a crash is answered in kind as well."""
    if isinstance(error, errors.LinkingError):
        return _answer_linking(error)
    if isinstance(error, InsufficientScope):
        challenge = bearer_challenge(error=error.error, description=error.description, scopes=error.scopes)
        return _answer(error.status, error.error, LACKS_SCOPE, {"WWW-Authenticate": challenge})
    if isinstance(error, ValidationError):
        faults = [
            {"field": field, "detail": str(fault)}
            for field, of_field in _by_field(error.detail).items()
            for fault in of_field
        ]
        return _answer(400, "invalid_request", "", errors=faults)
    if isinstance(error, APIException):
        return _answer_rest_framework(error)
    if isinstance(error, (Http404, DjangoPermissionDenied)):
        return _answer(404 if isinstance(error, Http404) else 403)
    if isinstance(error, RequestDataTooBig):
        return _answer(413)
    if isinstance(error, (SuspiciousOperation, BadRequest, UnreadablePostError)):
        return _answer(400)
    if is_unstorable_text(error):
        return _answer(400)
    if isinstance(error, (OperationalError, InterfaceError)):
        log.error("api.unavailable", exc_info=error)
        return _answer(503, headers={"Retry-After": str(RETRY_AFTER_SECONDS)})
    log.error("api.crashed", exc_info=error)
    return _answer(500)


def _answer(
    status: int, code: str = "", detail: str | Promise = "", headers: dict[str, str] | None = None, **members: Any
) -> Response:
    document = problem_document(status, code, detail, **members)
    return Response(document, status=status, headers=headers, content_type=CONTENT_TYPE)


def _answer_linking(error: errors.LinkingError) -> Response:
    status, code = REFUSALS[type(error)]
    headers = None
    if isinstance(error, errors.Limited):
        headers = {"Retry-After": str(max(1, round((error.retry_at - timezone.now()).total_seconds())))}
    return _answer(status, code, str(error.description), headers)


def _answer_rest_framework(error: APIException) -> Response:
    challenge = getattr(error, "auth_header", None)
    headers = {"WWW-Authenticate": challenge} if challenge else None
    if isinstance(error, ApiRefusal):
        return _answer(error.status_code, error.default_code, str(error.detail), headers)
    if error.status_code == 401 and error.get_codes() == "authentication_failed":
        return _answer(401, "invalid_token", TOKEN_REFUSED, headers)
    return _answer(error.status_code, headers=headers)


def _by_field(detail: Any) -> dict[str, list[Any]]:
    return detail if isinstance(detail, dict) else {"": detail if isinstance(detail, list) else [detail]}
