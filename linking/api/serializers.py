"""What the API takes and gives. A member that has no value is left out; none is ever null."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from accounts.emails import mask_email
from accounts.models import User
from linking.codes import LONGEST_TYPED
from linking.confirming import LinkQuestion
from linking.disowning import disown_url
from linking.models import AccountLink, LinkingCode, LinkInitiator
from linking.services import MintedCode
from oauth.bearer import Principal
from oauth.models import Client, ConnectorSession

INITIATORS = ["sign_in", *LinkInitiator.values]


class Schema(serializers.Serializer[Any]):
    """A serializer that only describes: answers are built by the functions below."""


class FaultSchema(Schema):
    field = serializers.CharField(help_text="The member of the body, or empty for the body as a whole.")
    detail = serializers.CharField()


class ProblemSchema(Schema):
    """A problem (RFC 9457). `code` is for programs, `detail` for people."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField(allow_blank=True)
    code = serializers.CharField()
    # Upstream's name for something else; here it is a member of the answer.
    errors = FaultSchema(many=True, required=False)  # type: ignore[assignment]


class AssistantSchema(Schema):
    """An assistant. `verified_host` is there only where the host is proven; its name may be its own word."""

    name = serializers.CharField(help_text="The name that it gave itself; anybody can give themselves any name.")
    is_verified = serializers.BooleanField()
    verified_host = serializers.CharField(required=False)


class AccountSchema(Schema):
    account_id = serializers.CharField()
    display_name = serializers.CharField()
    email = serializers.CharField(help_text="Masked.")


class LinkSchema(Schema):
    """An identity that was joined to the account with a code."""

    link_id = serializers.UUIDField()
    issuer = serializers.CharField()
    subject = serializers.CharField()
    linked_at = serializers.DateTimeField()
    link_initiated_by = serializers.ChoiceField(INITIATORS)
    assistant = AssistantSchema(required=False)


class ConnectedSchema(Schema):
    """An assistant that somebody connected."""

    assistant = AssistantSchema()
    redirect_host = serializers.CharField(help_text="Where the answer of the sign-in went.")
    connected_at = serializers.DateTimeField()


class PreviewRequest(serializers.Serializer[Any]):
    """The code as the person typed it: any case, with or without dashes and spaces."""

    code = serializers.CharField(max_length=LONGEST_TYPED)


class PreviewSchema(ConnectedSchema):
    """What confirming would do. Show all of it before you ask."""

    preview_id = serializers.CharField(
        help_text="Confirms once. Of a code that was typed: in this session and for this account only."
    )
    code = serializers.CharField(required=False, help_text="Left out where another browser made it.")
    minted_at = serializers.DateTimeField()
    age_seconds = serializers.IntegerField(help_text="Since the assistant asked for the code, or gave it.")
    expires_at = serializers.DateTimeField()
    account = AccountSchema()
    allows = serializers.ListField(child=serializers.CharField(), help_text="What the assistant may do, in words.")
    scopes = serializers.ListField(child=serializers.CharField())
    also_connected = ConnectedSchema(many=True, help_text="Other connections of the same identity; they join too.")


class OfferSchema(Schema):
    """A code that the account made to give to an assistant, while it works."""

    is_redeemed = serializers.BooleanField(help_text="Whether an assistant has given it.")
    expires_at = serializers.DateTimeField()
    preview = PreviewSchema(required=False, help_text="There once an assistant has given it: what confirming would do.")


class StatusSchema(Schema):
    """For an access token: whom its connection acts for. For a session: the account, its links, a code that it made."""

    is_linked = serializers.BooleanField()
    account_id = serializers.CharField(required=False)
    issuer = serializers.CharField(required=False)
    subject = serializers.CharField(required=False)
    linked_at = serializers.DateTimeField(required=False)
    link_initiated_by = serializers.ChoiceField(INITIATORS, required=False)
    links = LinkSchema(many=True, required=False)
    offer = OfferSchema(required=False)
    csrf_token = serializers.CharField(required=False, help_text="Send it as X-CSRFToken with every change.")


class VerifyRequest(serializers.Serializer[Any]):
    """A preview, and whether the person declined it; declining ends the code."""

    preview_id = serializers.CharField(max_length=100)
    decline = serializers.BooleanField(default=False)


class VerifySchema(Schema):
    is_linked = serializers.BooleanField()
    link = LinkSchema(required=False)
    undo_url = serializers.CharField(required=False, help_text='"This wasn\'t me": show it to the person.')


class CodeSchema(Schema):
    code = serializers.CharField()
    expires_at = serializers.DateTimeField()
    link_url = serializers.CharField(
        help_text="For an access token: where the person types the code. For a session: where they may confirm."
    )


class RemoveRequest(serializers.Serializer[Any]):
    """Which link; a session has to say, and an access token can only mean its own."""

    link_id = serializers.UUIDField(required=False)


class RemoveSchema(Schema):
    is_linked = serializers.BooleanField()
    connection_ended = serializers.BooleanField()


class ConnectionSchema(ConnectedSchema):
    connection_id = serializers.UUIDField()
    last_used_at = serializers.DateTimeField(required=False)
    connected_from = serializers.CharField(required=False)
    scopes = serializers.ListField(child=serializers.CharField())
    link_initiated_by = serializers.ChoiceField(INITIATORS)
    link_id = serializers.UUIDField(required=False, help_text="The link by which it acts, unless it was signed in.")


class ConnectionsSchema(Schema):
    connections = ConnectionSchema(many=True)


class ResolveRequest(serializers.Serializer[Any]):
    """An identity, as `auth_info` and ID tokens name it."""

    issuer = serializers.CharField(max_length=255)
    subject = serializers.CharField(max_length=255)


class ResolveSchema(Schema):
    """The account that an identity acts for; only `is_linked` when it acts for nobody or is not known."""

    is_linked = serializers.BooleanField()
    account_id = serializers.CharField(required=False)
    display_name = serializers.CharField(required=False)


def describe_assistant(client: Client) -> dict[str, Any]:
    """The assistant behind a connection; nothing that it says of itself counts as verified."""
    host = client.verified_host
    return {"name": str(client), "is_verified": bool(host), **({"verified_host": host} if host else {})}


def describe_account(account: User) -> dict[str, Any]:
    """The account, as its own owner is shown it."""
    return {
        "account_id": account.subject,
        "display_name": account.get_full_name(),
        "email": mask_email(account.email),
    }


def describe_link(link: AccountLink) -> dict[str, Any]:
    """A link of the account that asks."""
    return {
        "link_id": link.pk,
        "issuer": link.issuer,
        "subject": link.user.subject,
        "linked_at": link.linked_at,
        "link_initiated_by": link.link_initiated_by,
        **({"assistant": describe_assistant(link.session.client)} if link.session else {}),
    }


def describe_principal(principal: Principal) -> dict[str, Any]:
    """Whom a connection acts for."""
    answer: dict[str, Any] = {
        "is_linked": principal.is_linked,
        "issuer": principal.issuer,
        "subject": principal.subject,
    }
    if principal.account is not None:
        answer |= {
            "account_id": principal.account.subject,
            "linked_at": principal.linked_at,
            "link_initiated_by": principal.link_initiated_by,
        }
    return answer


def describe_preview(question: LinkQuestion, *, preview_id: str) -> dict[str, Any]:
    """What the confirm page of the website shows, too."""
    return {
        "preview_id": preview_id,
        **({"code": question.code} if question.code else {}),
        "minted_at": question.row.created_at,
        "age_seconds": int(question.age.total_seconds()),
        "expires_at": question.row.expires_at,
        **_describe_session(question.session),
        "account": describe_account(question.account),
        "allows": question.sentences,
        "scopes": question.scopes,
        "also_connected": [_describe_session(other) for other in question.others],
    }


def _describe_session(session: ConnectorSession) -> dict[str, Any]:
    return {
        "assistant": describe_assistant(session.client),
        "redirect_host": session.redirect_host,
        "connected_at": session.created_at,
    }


def describe_offer(row: LinkingCode, question: LinkQuestion | None) -> dict[str, Any]:
    """A code that the account made and has not decided about. `question` is there once an assistant has given it."""
    # The id of a code that an assistant asked for opens nothing: those have to be typed. This one is the account's own.
    preview = {"preview": describe_preview(question, preview_id=f"{row.pk}.{question.stamp}")} if question else {}
    return {"is_redeemed": question is not None, "expires_at": row.expires_at, **preview}


def describe_resolved(account: User | None) -> dict[str, Any]:
    """What a service may know."""
    if account is None:
        return {"is_linked": False}
    # Not get_full_name(): without a display name that is a part of the address.
    named = {"display_name": account.display_name} if account.display_name else {}
    return {"is_linked": True, "account_id": account.subject, **named}


def describe_confirmed(link: AccountLink) -> dict[str, Any]:
    """A link that was just made, and how to undo it."""
    return {"is_linked": True, "link": describe_link(link), "undo_url": disown_url(link)}


def describe_code(minted: MintedCode) -> dict[str, Any]:
    """A new code; the only time that it is told."""
    return {"code": minted.code, "expires_at": minted.expires_at, "link_url": minted.link_url}


def describe_connection(session: ConnectorSession, account: User) -> dict[str, Any]:
    """A connection that acts for `account`."""
    own = session.user_id == account.pk
    link: AccountLink | None = None if own else session.user.account_link
    return {
        "connection_id": session.pk,
        **_describe_session(session),
        **({"last_used_at": session.last_used_at} if session.last_used_at else {}),
        **({"connected_from": session.address} if session.address else {}),
        "scopes": session.scope.split(),
        "link_initiated_by": link.link_initiated_by if link else "sign_in",
        **({"link_id": link.pk} if link else {}),
    }
