"""What a tool can answer instead of its result, and the words for it.

ToolRefused
├── NotLinked               not_linked: the connection acts for nobody yet
├── AlreadyLinked           already_linked: there is nothing to link
├── TooManyCodes            too_many_codes: the limits of design §7
├── CodeRefused             code_refused: a code from the website that does not work
├── TooManyWrongCodes       too_many_wrong_codes: the limits of design §7
├── ConfirmationRequired    confirmation_required: the person was not asked
├── ScopeMissing            insufficient_scope: the session was not granted this (RFC 6750 §3.1)
├── ArgumentsInvalid        invalid_arguments: they do not match the tool's input schema
├── TemporarilyUnavailable  temporarily_unavailable: the database is away
└── InternalFault           internal_error: anything else; nothing of its cause is told

One shape for all of them, a tool result with `isError`:

- `content`: one text, `<code>: <message> <next step>`, because some assistants show their model nothing else;
- `_meta["dexter/error"]`: `{"code": …, "message": …, "next_step": …}`, for programs;
- no `structuredContent`: the TypeScript SDK validates it against the tool's output schema even on errors.

Codes are stable. What an assistant cannot act on is an `InternalFault`.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import ClassVar

ERROR_META_KEY = "dexter/error"


class ToolRefused(Exception):
    """The root of the tree. `message` says what is the case, `next_step` what the assistant should do about it."""

    code: ClassVar[str]
    message: str
    next_step: str

    def __str__(self) -> str:
        return f"{self.code}: {self.message} {self.next_step}"


class NotLinked(ToolRefused):
    """The token acts for no account."""

    code = "not_linked"
    message = "This connection is not linked to an account, so it acts for nobody yet."
    next_step = "Call generate_dexter_linking_code and show the person the code and where to type it."


class AlreadyLinked(ToolRefused):
    """The token acts for an account already."""

    code = "already_linked"
    message = "This connection already acts for an account."
    next_step = "No code is needed. Call get_linked_dexter_account to see which account it is."


class TooManyCodes(ToolRefused):
    """The identity minted as many codes as it may (design §7)."""

    code = "too_many_codes"
    message = "Too many linking codes were made for this connection."

    def __init__(self, retry_at: datetime) -> None:
        super().__init__()
        self.next_step = f"Ask the person to use the latest code, or try again after {retry_at.isoformat()}."


class CodeRefused(ToolRefused):
    """Unknown, expired, used and foreign codes get the same words (design §7)."""

    code = "code_refused"
    message = "That code does not work: it may be mistyped, expired, used, or replaced by a newer one."
    next_step = "Ask the person to look at the code again, or to make a new one on the website."


class TooManyWrongCodes(ToolRefused):
    """The identity, or the address that it was connected from, gave too many wrong codes (design §7)."""

    code = "too_many_wrong_codes"
    message = "Too many wrong codes were given."

    def __init__(self, retry_at: datetime) -> None:
        super().__init__()
        self.next_step = f"Try again after {retry_at.isoformat()}, with a new code from the person."


class ConfirmationRequired(ToolRefused):
    """A destructive tool was called without `confirm: true`."""

    code = "confirmation_required"
    message = "Nothing was unlinked, because confirm was not true."
    next_step = "Ask the person whether to unlink. If they agree, call again with confirm set to true."


class ScopeMissing(ToolRefused):
    """The session was granted less than the tool needs."""

    code = "insufficient_scope"
    message = "The person did not allow this connection to do that."
    next_step = "Ask the person to connect again and allow it."

    def __init__(self, scopes: Iterable[str]) -> None:
        super().__init__()
        self.scopes = tuple(scopes)


class ArgumentsInvalid(ToolRefused):
    """The arguments do not match the tool's input schema. `faults` are `<argument>: <what is wrong>`."""

    code = "invalid_arguments"
    next_step = "Call again with arguments that match the tool's input schema."

    def __init__(self, faults: Iterable[str]) -> None:
        super().__init__()
        self.message = f"The arguments were refused: {'; '.join(faults)}."


class TemporarilyUnavailable(ToolRefused):
    """The database did not answer."""

    code = "temporarily_unavailable"
    message = "The service is not available right now."
    next_step = "Try again in a few seconds."


class InternalFault(ToolRefused):
    """Something broke on our side; the log has it under the request id."""

    code = "internal_error"
    message = "Something went wrong on our side."

    def __init__(self, request_id: str | None) -> None:
        super().__init__()
        reference = f" and mention reference {request_id}" if request_id else ""
        self.next_step = f"Try again once. If it fails again, tell the person to contact support{reference}."
