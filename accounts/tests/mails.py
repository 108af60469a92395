"""What a person does with an e-mail."""

from __future__ import annotations

import re
from typing import Any


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
