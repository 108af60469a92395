"""`/styleguide/`: there in debug, and nowhere else; with every component that pages have, and no other."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as project
from django.test import Client as Browser

from accounts.tests.builders import make_user

pytestmark = pytest.mark.django_db


def test_the_style_guide_is_there_in_debug_only(client: Browser, settings: Any) -> None:
    settings.DEBUG = False
    outside = client.get("/styleguide/")
    settings.DEBUG = True
    inside = client.get("/styleguide/")

    assert (outside.status_code, inside.status_code) == (404, 200)
    assert "notice-danger" in inside.content.decode()


def classes_in(markup: str) -> set[str]:
    """The classes of its elements; in a template, of every branch."""
    found = " ".join(re.findall(r'class="([^"]*)"', re.sub(r"{#.*?#}", "", markup)))
    return set(re.sub(r"{%.*?%}|{{.*?}}|'", " ", found).split())


def styled() -> set[str]:
    """The classes that the style sheets know."""
    sheets = "".join(path.read_text() for path in (Path(project.STATICFILES_DIRS[0]) / "css").glob("*.css"))
    return set(re.findall(r"\.([a-z][\w-]*)(?=[^{}]*\{)", re.sub(r"/\*.*?\*/", "", sheets, flags=re.DOTALL)))


def test_it_shows_everything_that_has_a_style(client: Browser, settings: Any) -> None:
    settings.DEBUG = True
    client.force_login(make_user())

    shown = client.get("/styleguide/").content.decode() + client.get("/styleguide/mail/").content.decode()

    assert styled() - classes_in(shown) == set()


def test_everything_that_has_a_style_is_on_some_page() -> None:
    templates = [path for path in (project.BASE_DIR / "templates").rglob("*.html") if path.parent.name != "styleguide"]
    used = set().union(*(classes_in(path.read_text()) for path in templates))

    # The page with the mails has a component of its own.
    assert styled() - used == {"mail-text"}
