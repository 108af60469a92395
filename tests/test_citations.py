"""What comments and tests cite of docs/design.md and docs/connectors.md is there: sections, steps, rules, holes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from dexter.env import BASE_DIR

DOCUMENTS = {name: (BASE_DIR / "docs" / f"{name}.md").read_text() for name in ("design", "connectors")}
PLACES = (
    *("accounts", "oauth", "linking", "mcp_bridge", "dexter", "templates", "static"),
    *("tests", "bench", "deploy", "docs", "conftest.py", "README.md", "CHANGELOG.md"),
)
SUFFIXES = (".py", ".html", ".txt", ".md", ".css", ".js", ".mjs", ".conf")
NUMBERS = r"(?P<numbers>\d+(?:(?:, | and | to )\d+)*)"
# What is said of a section in quotes or as code has to stand in it.
SECTION = re.compile(r"§(?P<section>\d+)(?: step (?P<step>\d+))?(?:, (?P<quote>[\"`])(?P<quoted>[^\"`]+)(?P=quote))?")
OF_OURS = re.compile(r"\b(?P<document>design|connectors?)(?:\.md)?,?$", re.IGNORECASE)
# `design §7, afterwards; §8`: the second is of the same document, unless a word before it says otherwise.
SAME_AGAIN = re.compile(r"(?:[,;(]|\bof)$")
NEARBY = 80
RULES = re.compile(rf"\bconnectors?,? rules? {NUMBERS}", re.IGNORECASE)
HOLES = re.compile(rf"(?<![a-z])holes?[ _]{NUMBERS}")
WITHOUT_PLACE = re.compile(r"(?<![\[(/])\b(?:design|connectors)\.md\b(?!,? §)")


def places(document: str) -> dict[str, str]:
    """The numbered sections of a document, with what stands in them."""
    parts = re.split(r"^## (\d+)\. ", DOCUMENTS[document], flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def numbered(text: str) -> set[str]:
    """The numbers of a list's items, or of a table's rows."""
    return set(re.findall(r"^(?:\| )?(\d+)(?:\. | \|)", text, re.MULTILINE))


def spread(numbers: str) -> list[str]:
    """Each of `6 and 8`, `3`, `11 to 14`."""
    found = [int(number) for number in re.findall(r"\d+", numbers)]
    return [str(number) for number in (range(found[0], found[1] + 1) if " to " in numbers else found)]


def cited(text: str) -> Iterator[tuple[str, bool]]:
    """Every citation in `text`, and whether what it names is there."""
    # Comments and docstrings are wrapped wherever they are full.
    flat = re.sub(r"\s*\n\s*(?:(?:#|//|\*)\s+)?", " ", text)
    yield from _cited_sections(flat)
    for pattern, section in ((RULES, "2"), (HOLES, "3")):
        for found in pattern.finditer(flat):
            for number in spread(found["numbers"]):
                yield f"{found[0]}: {number}", number in numbered(places("connectors")[section])
    for found in WITHOUT_PLACE.finditer(flat):
        yield f"{found[0]} without a section", False


def _cited_sections(flat: str) -> Iterator[tuple[str, bool]]:
    document, end = None, 0
    for found in SECTION.finditer(flat):
        before = flat[end : found.start()].rstrip()
        if named := OF_OURS.search(before):
            document = "design" if named["document"].lower() == "design" else "connectors"
        elif len(before) > NEARBY or not SAME_AGAIN.search(before):
            document = None
        end = found.end()
        if document is None:
            continue
        section = places(document).get(found["section"], "")
        is_there = bool(section) and (not found["step"] or found["step"] in numbered(section))
        yield f"{document} {found[0]}", is_there and (found["quoted"] or "").lower() in section.lower()


def sources() -> Iterator[Path]:
    """The project's own text files, but for this one, whose examples are wrong on purpose."""
    for place in PLACES:
        for path in sorted((BASE_DIR / place).rglob("*")) if (BASE_DIR / place).is_dir() else [BASE_DIR / place]:
            if path.suffix in SUFFIXES and "node_modules" not in path.parts and path != Path(__file__):
                yield path


def test_every_citation_names_something_that_is_there() -> None:
    found = [
        (f"{path.relative_to(BASE_DIR)}: {words}", is_there)
        for path in sources()
        for words, is_there in cited(path.read_text())
    ]

    assert len(found) > 150
    assert [words for words, is_there in found if not is_there] == []


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("(design §2)", 1),
        ("(design §3 step 4)", 1),
        ("(design §2, §6)", 2),
        ('(design §7, "wrong guesses")', 1),
        ("(design §5, `mcp.client_id`)", 1),
        ("(design §7, afterwards; §8, `unlink_dexter_account`)", 2),
        ("(RFC 6749 §6, RFC 9700 §4.14, design §6)", 1),
        ("(design §1, connectors §1)", 2),
        ("(connectors §3,\n# hole 5)", 2),
        ("holes 11 to 14", 4),
        ("(connectors, rules 6 and 8)", 2),
        ("(design §5; RFC 6750 §3)", 1),
        ("def test_hole_15_a_secret", 1),
    ],
)
def test_a_citation_is_found(text: str, count: int) -> None:
    found = list(cited(text))

    assert len(found) == count
    assert all(is_there for _words, is_there in found)


@pytest.mark.parametrize(
    "text",
    [
        "design §11",
        "design §3 step 9",
        "design §2, §12",
        'design §7, "right guesses"',
        "connectors §9",
        "connectors, rule 9",
        "connectors §3, hole 16",
        "where design.md asks for more",
    ],
)
def test_a_citation_of_what_is_not_there_is_found_out(text: str) -> None:
    assert not all(is_there for _words, is_there in cited(text))


@pytest.mark.parametrize("document", DOCUMENTS)
def test_the_sections_are_numbered_one_after_the_other(document: str) -> None:
    numbers = [int(number) for number in places(document)]

    assert numbers == list(range(1, len(numbers) + 1))
