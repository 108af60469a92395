"""The shape of a message, read from its text: the HTML says what the text says, and cannot say anything else.

Paragraphs are parted by empty lines. A line that is indented by four spaces is a code. A line that is an address of
this site is a link, and the line before it, when it ends with a colon, is what the link is called.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

CODE_INDENT = "    "


@dataclass(frozen=True, slots=True)
class Block:
    """One part of a message. `url` is there for a link only."""

    kind: Literal["paragraph", "code", "link"]
    text: str
    url: str = ""


def blocks_of(text: str, *, public_url: str) -> list[Block]:
    """The parts of `text`, in order. Only addresses below `public_url` become links."""
    blocks: list[Block] = []
    for paragraph in re.split(r"\n\s*\n", text.strip("\n")):
        lines: list[str] = []
        for line in paragraph.splitlines():
            if line.startswith(CODE_INDENT):
                blocks += [*_paragraph(lines), Block("code", line.strip())]
                lines = []
            elif line == public_url or line.startswith(f"{public_url}/"):
                label = lines.pop() if lines and lines[-1].endswith(":") else ""
                blocks += [*_paragraph(lines), Block("link", label.removesuffix(":") or line, line)]
                lines = []
            else:
                lines.append(line)
        blocks += _paragraph(lines)
    return blocks


def _paragraph(lines: list[str]) -> list[Block]:
    text = "\n".join(lines).strip()
    return [Block("paragraph", text)] if text else []
