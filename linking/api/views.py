"""`/api`: each route reads its parameters, calls the service that pages and tools call, and describes the result."""

from __future__ import annotations

import uuid
from typing import Any, cast

from django.db import transaction
from django.http import HttpRequest
from django.middleware.csrf import get_token
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_variables
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.addresses import client_address
from accounts.models import User
from accounts.sign_in import signed_in_recently
from linking.api import serializers
from linking.api.problems import LinkedAlready, OwnCode, PreviewUnknown, SignInAgain
from linking.api.requests import AccountOnly, ApiView, ServiceOnly
from linking.api.schema import documented
from linking.codes import display_code, normalize_code
from linking.confirming import question_about
from linking.errors import CodeRefused, LinkRefused
from linking.models import AccountLink, LinkingCode
from linking.pending import drop_offer, is_own_offer, read_offer, remember_offer, remember_preview, take_preview
from linking.services import (
    confirm_link,
    connections_of,
    decline_link,
    end_connection,
    mint_linking_code,
    offer_linking_code,
    preview_linking_code,
    remove_own_link,
    resolve_identity,
    unlink_identity,
)
from oauth.authentication import ServiceAuthentication
from oauth.bearer import Principal
from oauth.models import Client


def _website(request: Request) -> HttpRequest:
    """Django's own request, with the session in it."""
    return request._request


def _account(request: Request) -> User:
    """The account of a request that came with a session."""
    return cast("User", request.user)


class LinkStatus(ApiView):
    """Whom the caller is, and what is linked."""

    required_scopes = ("identity.read",)

    @documented("Is it linked?", answers=serializers.StatusSchema, refusals=(401, 403))
    def get(self, request: Request) -> Response:
        """For an access token, whom its connection acts for. For a session, the account and its links."""
        if isinstance(request.auth, Principal):
            return Response(serializers.describe_principal(request.auth))
        account = _account(request)
        links = AccountLink.objects.with_parties().filter(account=account)
        described = [serializers.describe_link(link) for link in links]
        return Response(
            {
                "is_linked": bool(described),
                "account_id": account.subject,
                "links": described,
                **_offer(_website(request), account),
                "csrf_token": get_token(_website(request)),
            }
        )


def _offer(website: HttpRequest, account: User) -> dict[str, Any]:
    row = LinkingCode.objects.current_offer(account, now=timezone.now())
    if row is None:
        return {}
    question = question_about(row, account=account, code=read_offer(website, row))
    return {"offer": serializers.describe_offer(row, question)}


# A guess is counted in a transaction of its own, which it could not be inside one of the request.
@method_decorator(transaction.non_atomic_requests, name="dispatch")
class LinkPreview(ApiView):
    """Look at what a typed code would do."""

    permission_classes = [AccountOnly]

    @documented(
        "See what a code would do",
        takes=serializers.PreviewRequest,
        answers=serializers.PreviewSchema,
        refusals=(400, 401, 403, 413, 415, 429),
    )
    @method_decorator(sensitive_variables())
    def post(self, request: Request) -> Response:
        """Every call counts as a guess, on the same counters as the page, until the code turns out to be right.

        A code that this session made, to give to an assistant, is no guess, and answered 400 `own_code`.
        """
        sent = serializers.PreviewRequest(data=request.data)
        sent.is_valid(raise_exception=True)
        account, website, typed = _account(request), _website(request), sent.validated_data["code"]
        if is_own_offer(website, typed):
            raise OwnCode
        row = preview_linking_code(account=account, code=typed, address=client_address(website))
        question = question_about(row, account=account, code=display_code(normalize_code(typed) or ""))
        if question is None:
            raise CodeRefused("ended_meanwhile")
        preview_id = remember_preview(website, row, stamp=question.stamp)
        return Response(serializers.describe_preview(question, preview_id=preview_id))


class LinkVerify(ApiView):
    """Confirm or decline what was previewed."""

    permission_classes = [AccountOnly]

    @documented(
        "Confirm or decline a preview",
        takes=serializers.VerifyRequest,
        answers=serializers.VerifySchema,
        refusals=(400, 401, 403, 409, 413, 415),
    )
    def post(self, request: Request) -> Response:
        """Takes a preview, of a typed code or of the account's own, and never a code.

        Confirming needs a sign-in no older than 15 minutes. What the account linked meanwhile, in another session, is
        answered 409 `already_linked`, also to `decline`: remove the link to undo it.
        """
        sent = serializers.VerifyRequest(data=request.data)
        sent.is_valid(raise_exception=True)
        account, website = _account(request), _website(request)
        declined: bool = sent.validated_data["decline"]
        # Asked before the preview is spent, so that it can still be confirmed after signing in again.
        if not declined and not signed_in_recently(website):
            raise SignInAgain
        code_id, shown = _what_was_previewed(website, sent.validated_data["preview_id"])
        if declined:
            decline_link(account=account, code_id=code_id, address=client_address(website))
            _refuse_if_linked(account, code_id)
            return Response({"is_linked": False})
        try:
            link = confirm_link(account=account, code_id=code_id, address=client_address(website), shown=shown)
        except (CodeRefused, LinkRefused):
            _refuse_if_linked(account, code_id)
            raise
        drop_offer(website, code_id)
        return Response(serializers.describe_confirmed(link))


def _what_was_previewed(request: HttpRequest, preview_id: str) -> tuple[uuid.UUID, str]:
    """The code that a preview was of, and the stamp of what it showed. Of an own code the id says both."""
    if taken := take_preview(request, preview_id):
        return taken
    offered, _dot, stamp = preview_id.partition(".")
    code_id = LinkingCode.objects.offered_id(offered)
    if code_id is None:
        raise PreviewUnknown
    return code_id, stamp


def _refuse_if_linked(account: User, code_id: uuid.UUID) -> None:
    """Whoever decides too late is told what the account decided elsewhere, and never that nothing was linked."""
    if AccountLink.objects.made_from(code_id, account=account):
        raise LinkedAlready


class LinkGenerate(ApiView):
    """Make a linking code."""

    required_scopes = ("link.write",)

    @documented(
        "Make a code",
        answers=serializers.CodeSchema,
        refusals=(400, 401, 403, 409, 413, 415, 429),
        status=201,
    )
    def post(self, request: Request) -> Response:
        """With an access token, a code that the person types. With a session, one for an assistant: see the status."""
        if isinstance(request.auth, Principal):
            minted = mint_linking_code(principal=request.auth)
        else:
            minted = offer_linking_code(account=_account(request), address=client_address(_website(request)))
            remember_offer(_website(request), minted)
        return Response(serializers.describe_code(minted), status=201)


class LinkRemove(ApiView):
    """Take a link away."""

    required_scopes = ("link.write",)

    @documented(
        "Unlink",
        takes=serializers.RemoveRequest,
        answers=serializers.RemoveSchema,
        refusals=(400, 401, 403, 404, 409, 413, 415),
    )
    def post(self, request: Request) -> Response:
        """With an access token, its own link; that of a signed-in person ends. With a session, one of the account's."""
        sent = serializers.RemoveRequest(data=request.data)
        sent.is_valid(raise_exception=True)
        link_id: uuid.UUID | None = sent.validated_data.get("link_id")
        address = client_address(_website(request))
        if isinstance(request.auth, Principal):
            if link_id is not None:
                raise ValidationError({"link_id": [_("An access token removes its own link only.")]})
            ended = unlink_identity(principal=request.auth, address=address)
            return Response({"is_linked": False, "connection_ended": ended})
        if link_id is None:
            raise ValidationError({"link_id": [_("This field is required.")]})
        remove_own_link(account=_account(request), link_id=link_id, address=address)
        return Response({"is_linked": False, "connection_ended": False})


class Connections(ApiView):
    """What acts for the account."""

    permission_classes = [AccountOnly]

    @documented("List connections", answers=serializers.ConnectionsSchema, refusals=(401, 403))
    def get(self, request: Request) -> Response:
        """The live connections of the account, last used first."""
        account = _account(request)
        described = [serializers.describe_connection(session, account) for session in connections_of(account)]
        return Response({"connections": described})


class Connection(ApiView):
    """One connection."""

    permission_classes = [AccountOnly]

    @documented("End a connection", refusals=(401, 403, 404), status=204)
    def delete(self, request: Request, connection_id: uuid.UUID) -> Response:
        """The assistant's next call is refused. With the last connection of a linked identity its link goes as well.

        Somebody else's connection is answered as one that does not exist.
        """
        end_connection(account=_account(request), session_id=connection_id, address=client_address(_website(request)))
        return Response(status=204)


class IdentityResolve(ApiView):
    """Which account an identity acts for."""

    authentication_classes = [ServiceAuthentication]
    permission_classes = [ServiceOnly]

    @documented(
        "Resolve an identity",
        takes=serializers.ResolveRequest,
        answers=serializers.ResolveSchema,
        refusals=(400, 401, 413, 415),
    )
    def post(self, request: Request) -> Response:
        """For services with a token from the client credentials grant. An unknown identity acts for nobody."""
        sent = serializers.ResolveRequest(data=request.data)
        sent.is_valid(raise_exception=True)
        service, address = cast("Client", request.auth), client_address(_website(request))
        return Response(
            serializers.describe_resolved(resolve_identity(service=service, address=address, **sent.validated_data))
        )
