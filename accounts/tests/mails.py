"""What a person does with an e-mail."""

from __future__ import annotations

import re
from typing import Any

from accounts.links import WORD_JOINER


def code_in(mail: Any) -> str:
    """The code of an e-mail."""
    found = re.search(r"^    ([\d-]+)$", mail.body, re.MULTILINE)
    assert found, mail.body
    return found[1]


def html_of(mail: Any) -> str:
    """The other half of an e-mail."""
    [(html, kind)] = mail.alternatives
    assert kind == "text/html"
    return str(html)


def as_read(text: str) -> str:
    """A text of an e-mail as the eye sees it: without the marks that keep what others chose from becoming links."""
    return text.replace(WORD_JOINER, "")
