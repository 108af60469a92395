"""Who may see the pages on which codes are typed. The rule is every account page's, and `accounts.sign_in` has it."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse

from accounts import sign_in
from accounts.sign_in import View, ask_to_sign_in_again, signed_in_account, signed_in_recently
from linking.pending import remember_typed

__all__ = ["account_required", "ask_to_sign_in_again", "signed_in_account", "signed_in_recently"]


def account_required(*, then: str) -> Callable[[View], View]:
    """As for every account page; a code that a signed-out person typed is in the field when they come back."""

    def decorate(view: View) -> View:
        guarded = sign_in.account_required(then=then)(view)

        @wraps(view)
        def remembering(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            is_let_through = request.user.is_authenticated and not request.user.is_guest
            response = guarded(request, *args, **kwargs)
            if not is_let_through:
                # Afterwards: a guest that had to leave its session took with it what was in there.
                remember_typed(request)
            return response

        return remembering

    return decorate
