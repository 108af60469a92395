"""What holds for the whole project: migrations, templates, commands, requirements, and what no file may say."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command, get_commands
from django.template import TemplateSyntaxError
from django.template.loader import get_template

from dexter.env import BASE_DIR

OUR_APPS = ("accounts", "oauth", "linking", "mcp_bridge")
TEMPLATES = sorted(
    str(path.relative_to(directory))
    for directory in (BASE_DIR / "templates", *(BASE_DIR / app / "templates" for app in OUR_APPS))
    for path in directory.rglob("*")
    if path.is_file()
)
COMMANDS = sorted(
    path.stem
    for app in OUR_APPS
    for path in (BASE_DIR / app / "management" / "commands").glob("*.py")
    if not path.stem.startswith("_")
)


@pytest.mark.django_db
def test_models_and_migrations_agree() -> None:
    output = StringIO()

    try:
        call_command("makemigrations", check=True, dry_run=True, stdout=output)
    except SystemExit:
        pytest.fail(f"manage.py makemigrations would write:\n{output.getvalue()}")


@pytest.mark.parametrize("app", OUR_APPS)
def test_each_app_has_one_migration_until_the_first_release(app: str) -> None:
    migrations = [path.name for path in (BASE_DIR / app / "migrations").glob("[0-9]*.py")]

    assert len(migrations) <= 1


@pytest.mark.parametrize("name", TEMPLATES)
def test_template_compiles(name: str) -> None:
    try:
        get_template(name)
    except TemplateSyntaxError as error:
        pytest.fail(f"{name}: {error}")


# Mail programs load no style sheet, and know no content security policy.
@pytest.mark.parametrize(
    "name", [name for name in TEMPLATES if name.endswith(".html") and not name.startswith("accounts/mail/")]
)
def test_template_has_no_inline_script_or_style(name: str) -> None:
    source = get_template(name).template.source  # type: ignore[attr-defined]

    assert not re.search(r"<style\b|\sstyle=|\son[a-z]+=|javascript:", source, re.IGNORECASE)
    assert all("src=" in tag for tag in re.findall(r"<script\b[^>]*>", source, re.IGNORECASE))


@pytest.mark.parametrize("command", COMMANDS)
def test_command_says_what_it_is_for(command: str) -> None:
    answer = subprocess.run(
        [sys.executable, "manage.py", command, "--help"],
        cwd=BASE_DIR,
        env={**os.environ, "COLUMNS": "200"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert answer.returncode == 0, answer.stderr
    usage, _, description = answer.stdout.partition("\n\n")
    assert command in usage
    assert len(description.partition("\n\n")[0].split()) >= 5


def test_commands_are_ours() -> None:
    assert all(get_commands()[command] in OUR_APPS for command in COMMANDS)


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_every_requirement_is_pinned_and_names_no_server(name: str) -> None:
    lines = (BASE_DIR / name).read_text().splitlines()
    requirements = [line for line in lines if line.strip() and not line.lstrip().startswith("#")]

    assert requirements
    assert [
        line for line in requirements if not re.fullmatch(r"[a-z0-9.-]+(\[[a-z,]+\])?==[\w.!+]+( ;.*)?", line)
    ] == []
    assert [line for line in lines if "://" in line or line.lstrip().startswith("-")] == []


def test_development_has_what_production_has() -> None:
    production, development = (
        {line for line in (BASE_DIR / name).read_text().splitlines() if re.match(r"[a-z]", line)}
        for name in ("requirements.txt", "requirements-dev.txt")
    )

    assert production <= development


@pytest.mark.parametrize("path", [*sorted(BASE_DIR.glob("docs/**/*.md")), BASE_DIR / "README.md"], ids=lambda p: p.name)
def test_document_names_only_files_and_targets_that_exist(path: Path) -> None:
    text = path.read_text()
    links = [link.partition("#")[0] for link in re.findall(r"\]\((?!https?://|#)([^)]+)\)", text)]
    files = re.findall(r"`((?:accounts|oauth|linking|mcp_bridge|dexter|tests|bench|docs|deploy)/[\w./-]*\w)`", text)
    targets = re.findall(r"`make ([a-z]+)", text)

    assert [link for link in links if not (path.parent / link).exists()] == []
    assert [name for name in files if not (BASE_DIR / name).exists()] == []
    assert [name for name in targets if f"\n{name}:" not in (BASE_DIR / "Makefile").read_text()] == []
