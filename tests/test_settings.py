"""Settings: each is documented, and a wrong one stops the start with its name (design §10)."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys

import pytest

from dexter.env import BASE_DIR, INSECURE_DEBUG_KEY, Env, load_env

NAMES = {str(field.validation_alias) for field in Env.model_fields.values()}
GOOD_KEY = "k3y-" * 13
PRODUCTION = {"DEXTER_SECRET_KEY": GOOD_KEY, "DEXTER_PUBLIC_URL": "https://dexter.example.com"}


def start(**variables: str) -> subprocess.CompletedProcess[str]:
    """Start a process of the site with these settings and no others."""
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("DEXTER_") and name not in NAMES
    }
    return subprocess.run(
        [sys.executable, "manage.py", "check"],
        cwd=BASE_DIR,
        env={**environment, "DEXTER_ENV_FILE": os.devnull, **variables},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_every_setting_is_documented_and_nothing_else_is() -> None:
    table = (BASE_DIR / "docs/settings.md").read_text().partition("\n## ")[0]

    assert set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)) == NAMES


def test_every_setting_is_in_the_example_and_nothing_else_is() -> None:
    example = (BASE_DIR / ".env.example").read_text()

    assert set(re.findall(r"^#?([A-Z_]+)=", example, re.MULTILINE)) == NAMES


def test_documented_defaults_are_the_defaults() -> None:
    table = (BASE_DIR / "docs/settings.md").read_text()
    documented = dict(re.findall(r"^\| `(\w+)` \|.*\| `([^`]*)`[^|]*\|$", table, re.MULTILINE))

    for name in ("DEXTER_SITE_NAME", "DEXTER_EMAIL_URL", "DEXTER_EMAIL_FROM", "DEXTER_LOG_LEVEL"):
        assert documented[name] == default_of(name)
    for name in ("DEXTER_TRUSTED_PROXIES", "DEXTER_ACCESS_TOKEN_SECONDS"):
        assert documented[name] == str(default_of(name))
    for name in ("DEXTER_DEBUG", "DEXTER_GUESTS_ENABLED"):
        assert documented[name] == str(default_of(name)).lower()
    schemes = default_of("DEXTER_PRIVATE_REDIRECT_SCHEMES")
    assert isinstance(schemes, tuple)
    assert documented["DEXTER_PRIVATE_REDIRECT_SCHEMES"] == ",".join(schemes)


def default_of(name: str) -> object:
    return next(field.default for field in Env.model_fields.values() if field.validation_alias == name)


def test_only_env_reads_the_environment() -> None:
    reading = re.compile(r"os\.environ(?!\.setdefault\(\"DJANGO_SETTINGS_MODULE\")|os\.getenv|\bgetenv\(")
    readers = [
        str(path.relative_to(BASE_DIR))
        for app in ("accounts", "oauth", "linking", "mcp_bridge", "dexter")
        for path in (BASE_DIR / app).rglob("*.py")
        if "tests" not in path.parts and reading.search(path.read_text())
    ]

    assert readers == ["dexter/env.py"]


def test_good_settings_start() -> None:
    assert start(**PRODUCTION).returncode == 0


def test_debug_needs_no_setting() -> None:
    assert start(DEXTER_DEBUG="true").returncode == 0


def test_empty_variable_counts_as_absent() -> None:
    assert start(**PRODUCTION, DEXTER_ISSUER="", REDIS_URL="", DEXTER_LOG_LEVEL="").returncode == 0


@pytest.mark.parametrize(
    "contact", ["help@example.com", "o'neil+x@localhost", "https://example.com/help?from=dexter#us"]
)
def test_people_are_reached_at_an_address_or_a_page(contact: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEXTER_DEBUG", "true")
    monkeypatch.setenv("DEXTER_CONTACT", contact)

    assert load_env().contact == contact


def test_former_secret_keys_keep_their_case_and_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEXTER_DEBUG", "true")
    monkeypatch.setenv("DEXTER_SECRET_KEY_FALLBACKS", f"{'Ab' * 30}, {'cD' * 30},")

    assert load_env().secret_key_fallbacks == ("Ab" * 30, "cD" * 30)


WRONG = [
    ("DEXTER_DEBUG", "perhaps", "true or false"),
    ("DEXTER_SECRET_KEY", "short-pa55word", "50"),
    ("DEXTER_SECRET_KEY", INSECURE_DEBUG_KEY, "debug key"),
    ("DEXTER_SECRET_KEY_FALLBACKS", f"{GOOD_KEY},short-pa55word", "50"),
    ("DEXTER_SECRET_KEY_FALLBACKS", INSECURE_DEBUG_KEY, "debug key"),
    ("DEXTER_PUBLIC_URL", "http://dexter.example.com", "https://"),
    ("DEXTER_PUBLIC_URL", "https://dexter.example.com/", "slash"),
    ("DEXTER_PUBLIC_URL", "https://dexter.example.com/path", "origin"),
    ("DEXTER_PUBLIC_URL", "https://Dexter.example.com", "lower case"),
    ("DEXTER_PUBLIC_URL", "https://me:pa55word@dexter.example.com", "user"),
    ("DEXTER_PUBLIC_URL", "dexter.example.com", "https://"),
    ("DEXTER_PUBLIC_URL", "https://dexter.example.com:port", "https://"),
    ("DEXTER_PUBLIC_URL", "https://[::1", "https://"),
    ("DEXTER_ISSUER", "https://dexter.example.com/mcp?x=1", "query"),
    ("DEXTER_ISSUER", "mcp", "https://"),
    ("DEXTER_SITE_NAME", "x" * 41, "1 to 40 characters"),
    ("DEXTER_CONTACT", "help", "https URL"),
    ("DEXTER_CONTACT", "Help <help@example.com>", "help@example.com"),
    ("DEXTER_CONTACT", "help@example.com,other@example.com", "help@example.com"),
    ("DEXTER_CONTACT", "help@example.com\nBcc:x@example.com", "help@example.com"),
    ("DEXTER_CONTACT", "mailto:help@example.com", "help@example.com"),
    ("DEXTER_CONTACT", "http://example.com/help", "https://"),
    ("DEXTER_CONTACT", "javascript://example.com/%0aalert(1)", "https://"),
    ("DEXTER_CONTACT", "https:///help", "https://"),
    ("DEXTER_CONTACT", "https://me:pa55word@example.com/", "user"),
    ("DEXTER_CONTACT", "h" * 250 + "@example.com", "e-mail address"),
    ("DATABASE_URL", "mysql://me:pa55word@db/name", "postgresql://"),
    ("DATABASE_URL", "postgresql://me:pa55word@db:port/name", "postgresql://"),
    ("DATABASE_URL", "postgresql://me:pa55word@[db/name", "postgresql://"),
    ("DATABASE_URL", "nonsense", "sqlite://"),
    ("REDIS_URL", "http://:pa55word@redis:6379", "redis://"),
    ("REDIS_URL", "redis://:pa55word@redis:port", "redis://"),
    ("REDIS_URL", "redis:6379", "redis://"),
    ("DEXTER_TRUSTED_PROXIES", "-1", "0 to 9"),
    ("DEXTER_TRUSTED_PROXIES", "many", "0 to 9"),
    ("DEXTER_ACCESS_TOKEN_SECONDS", "1", "5 to 3600"),
    ("DEXTER_ACCESS_TOKEN_SECONDS", "7200", "5 to 3600"),
    ("DEXTER_ACCESS_TOKEN_SECONDS", "1h", "5 to 3600"),
    ("DEXTER_GUESTS_ENABLED", "sometimes", "true or false"),
    ("DEXTER_BLOCKED_CLIENT_HOSTS", "https://example.com", "example.com"),
    ("DEXTER_BLOCKED_CLIENT_HOSTS", "example.com,*.example.org", "example.com"),
    ("DEXTER_PRIVATE_REDIRECT_SCHEMES", "cursor,javascript", "cursor,vscode"),
    ("DEXTER_PRIVATE_REDIRECT_SCHEMES", "cursor://", "cursor,vscode"),
    ("DEXTER_EMAIL_URL", "imap://me:pa55word@mail", "smtp://"),
    ("DEXTER_EMAIL_URL", "smtp://me:pa55word@mail:port", "smtp://"),
    ("DEXTER_EMAIL_FROM", "not an address", "Name <address>"),
    ("DEXTER_EMAIL_VERIFICATION", "always", "none or mandatory"),
    ("DEXTER_LOG_LEVEL", "LOUD", "DEBUG, INFO, WARNING or ERROR"),
]


@pytest.mark.parametrize(("name", "value", "expected"), WRONG, ids=[f"{name}-{value[:40]}" for name, value, _ in WRONG])
def test_wrong_setting_is_refused_with_its_name_and_form(
    name: str, value: str, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in NAMES:
        monkeypatch.delenv(variable, raising=False)
    for variable, setting in {**PRODUCTION, name: value}.items():
        monkeypatch.setenv(variable, setting)

    with pytest.raises(SystemExit) as stopped:
        load_env()

    message = str(stopped.value)
    assert name in message
    assert expected in message
    # The value may hold a secret.
    assert "pa55word" not in message


@pytest.mark.parametrize(
    ("name", "value"), [("DATABASE_URL", "mysql://me:pa55word@db/name"), ("DEXTER_DEBUG", "maybe")]
)
def test_wrong_setting_stops_the_start_with_one_readable_message(name: str, value: str) -> None:
    stopped = start(**{**PRODUCTION, name: value})

    assert stopped.returncode != 0
    assert stopped.stderr.startswith(f"Dexter cannot start:\n{name}: ")
    assert stopped.stderr.count("\n") == 2
    assert "pa55word" not in stopped.stderr


@pytest.mark.parametrize("name", sorted(PRODUCTION))
def test_missing_setting_stops_the_start_with_its_name(name: str) -> None:
    stopped = start(**{other: value for other, value in PRODUCTION.items() if other != name})

    assert stopped.returncode != 0
    assert "Traceback" not in stopped.stderr
    assert name in stopped.stderr


def test_all_wrong_settings_are_named_at_once() -> None:
    stopped = start(**PRODUCTION, DEXTER_LOG_LEVEL="LOUD", DEXTER_TRUSTED_PROXIES="many")

    assert "DEXTER_LOG_LEVEL" in stopped.stderr
    assert "DEXTER_TRUSTED_PROXIES" in stopped.stderr


def test_each_of_djangos_settings_is_in_one_module_and_every_module_counts() -> None:
    """Of two, the one that is imported later would win, and nobody who reads the other would know."""
    modules = {path.stem: path for path in (BASE_DIR / "dexter/settings").glob("*.py")}
    entrance = ast.parse(modules.pop("__init__").read_text())
    imported = {node.module for node in ast.walk(entrance) if isinstance(node, ast.ImportFrom)}
    names = [
        target.id
        for path in modules.values()
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Assign | ast.AnnAssign)
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        if isinstance(target, ast.Name) and target.id.isupper()
    ]

    assert imported == {f"dexter.settings.{name}" for name in modules}
    assert len(names) > 100
    assert [name for name in set(names) if names.count(name) > 1] == []
