"""The texts that people read, and their translations.

`make messages` brings `locale/*/LC_MESSAGES/django.po` up to date with what code and templates say, and compiles it.
Babel does it and not `manage.py makemessages`, because the GNU tools that Django calls are not on every machine.
"""

from __future__ import annotations

import argparse
import io
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from babel.messages import Catalog
from babel.messages.extract import extract, extract_from_file
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.utils.translation.template import templatize

ROOT = Path(__file__).parent.parent
LOCALE = ROOT / "locale"
APPS = ["accounts", "dexter", "linking", "mcp_bridge", "oauth"]
TEMPLATE_KINDS = {".html", ".txt", ".xml"}
VOLATILE_HEADERS = (
    *('"Report-Msgid-Bugs-To', '"POT-Creation-Date', '"PO-Revision-Date', '"Generated-By'),
    *('"Last-Translator', '"Language-Team'),
)
KEYWORDS: dict[str, Any] = {
    **dict.fromkeys(["_", "gettext", "gettext_lazy", "gettext_noop"]),
    **dict.fromkeys(["ngettext", "ngettext_lazy"], (1, 2)),
    **dict.fromkeys(["pgettext", "pgettext_lazy"], ((1, "c"), 2)),
    **dict.fromkeys(["npgettext", "npgettext_lazy"], ((1, "c"), 2, 3)),
}


def extract_messages() -> Catalog:
    """Every text that is marked for translation, and where."""
    catalog = Catalog(project="Dexter", charset="utf-8")
    for path, (line, message, comments, context) in _found():
        catalog.add(message, None, [(path, line)], auto_comments=comments, context=context)
    return catalog


def read_catalogue(language: str) -> Catalog:
    """The translations into `language`."""
    with po_path(language).open("rb") as file:
        catalog = read_po(file, locale=language)
    # The same texts compile to the same bytes on any day.
    catalog.creation_date = catalog.revision_date = datetime.fromtimestamp(0, UTC)
    return catalog


def compiled(catalog: Catalog) -> bytes:
    """What Django loads."""
    file = io.BytesIO()
    write_mo(file, catalog)
    return file.getvalue()


def po_path(language: str) -> Path:
    """Where a language's translations are."""
    return LOCALE / language / "LC_MESSAGES" / "django.po"


def languages() -> list[str]:
    """Those that there are translations into."""
    return sorted(path.name for path in LOCALE.iterdir() if po_path(path.name).exists())


def updated(language: str) -> Catalog:
    """The translations into `language`, for the texts as they are now."""
    catalog = read_catalogue(language)
    catalog.fuzzy, catalog.project, catalog.header_comment = False, "Dexter", f"# Dexter, {language}."
    catalog.update(extract_messages(), no_fuzzy_matching=True)
    # What is not said any more is in the history, if anybody wants it back.
    catalog.obsolete.clear()
    return catalog


def rendered(catalog: Catalog) -> str:
    """How a catalogue is written down."""
    file = io.BytesIO()
    # No line numbers: they would change with every edit anywhere. So would the headers that are left out.
    write_po(file, catalog, width=120, sort_by_file=True, include_lineno=False, ignore_obsolete=True)
    lines = file.getvalue().decode().splitlines(keepends=True)
    return "".join(line for line in lines if not line.startswith(VOLATILE_HEADERS))


def update(language: str) -> int:
    """Bring one language up to date and compile it; returns how many texts lack a translation."""
    catalog = updated(language)
    po_path(language).write_text(rendered(catalog))
    po_path(language).with_suffix(".mo").write_bytes(compiled(read_catalogue(language)))
    return sum(not is_translated(message.string) for message in catalog if message.id)


def is_translated(string: str | Iterable[str] | None) -> bool:
    """Whether there is a text in every form."""
    return bool(string) if string is None or isinstance(string, str) else all(string)


def _found() -> Iterator[tuple[str, Any]]:
    for app in APPS:
        for path in sorted((ROOT / app).rglob("*.py")):
            if "tests" in path.parts or "migrations" in path.parts:
                continue
            yield from ((str(path.relative_to(ROOT)), found) for found in _in_python(path))
    for path in sorted((ROOT / "templates").rglob("*")):
        if path.suffix in TEMPLATE_KINDS:
            yield from ((str(path.relative_to(ROOT)), found) for found in _in_template(path))


def _in_python(path: Path) -> Iterable[Any]:
    return extract_from_file("python", path, keywords=KEYWORDS)


def _in_template(path: Path) -> Iterable[Any]:
    # Django turns a template into calls of gettext between placeholders; their indentation means nothing.
    source = "\n".join(line.strip() for line in templatize(path.read_text(), origin=str(path)).splitlines())
    return extract("python", io.BytesIO(source.encode()), keywords=KEYWORDS)


def main() -> int:
    """Update every language, and say what is left to do."""
    argparse.ArgumentParser(prog="make messages", description=__doc__).parse_args()
    missing = 0
    for language in languages():
        count = update(language)
        missing += count
        print(f"{po_path(language).relative_to(ROOT)}: {count} texts to translate")
    return 1 if missing else 0


if __name__ == "__main__":
    raise SystemExit(main())
