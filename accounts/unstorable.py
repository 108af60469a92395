"""Text that no database keeps or looks for: PostgreSQL refuses a NUL, and half of a surrogate pair is no UTF-8.

Forms and serializers refuse such text before a query is made. This is for what gets past them: whoever sent it is told
so, in the words of the place that they sent it to, and it is no error of ours.
"""

from __future__ import annotations

from django.db import DataError


def is_unstorable_text(error: BaseException) -> bool:
    """Whether a query failed because of the text in it, whatever the text is for."""
    if isinstance(error, UnicodeEncodeError):
        return "surrogates" in error.reason
    return isinstance(error, DataError) and "NUL" in str(error)
