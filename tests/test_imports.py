"""Imports point left: accounts <- oauth <- linking <- mcp_bridge <- dexter (design §4). And never in a circle."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from dexter.env import BASE_DIR

ORDER = ("accounts", "oauth", "linking", "mcp_bridge", "dexter")
# Everything that runs on the site is one of the five; what tests and measures it may import all of them.
OUTSIDE = ("tests", "bench")


def imported_modules(path: Path) -> Iterator[tuple[int, str]]:
    """Every module that the file imports by name, wherever in it the import stands, with its line."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.lineno, "." * node.level + (node.module or "")


def wrong_imports(root: Path, app: str) -> list[str]:
    """The imports of `app` that do not point left, as `file:line imports module`."""
    forbidden = {*ORDER[ORDER.index(app) + 1 :], *OUTSIDE}
    return [
        f"{path.relative_to(root)}:{line} imports {module}"
        for path in sorted((root / app).rglob("*.py"))
        for line, module in imported_modules(path)
        if module.split(".")[0] in forbidden or module.startswith(".")
    ]


@pytest.mark.parametrize("app", ORDER)
def test_imports_point_left(app: str) -> None:
    assert wrong_imports(BASE_DIR, app) == []


def test_every_directory_with_code_has_a_place_in_the_order() -> None:
    with_code = {path.parent.name for path in BASE_DIR.glob("*/__init__.py")}

    assert with_code <= {*ORDER, *OUTSIDE}


def test_every_app_has_files_to_check() -> None:
    assert all(any((BASE_DIR / app).rglob("*.py")) for app in ORDER)


@pytest.mark.parametrize(
    "statement",
    [
        "import dexter.settings",
        "from linking.models import AccountLink",
        "def f():\n    import mcp_bridge",
        "from . import x",
    ],
)
def test_wrong_import_is_seen(tmp_path: Path, statement: str) -> None:
    (tmp_path / "oauth").mkdir()
    (tmp_path / "oauth" / "models.py").write_text(f"from accounts.models import User\n{statement}\n")

    assert len(wrong_imports(tmp_path, "oauth")) == 1


def imported_at_once(path: Path, modules: set[str]) -> set[str]:
    """Those of `modules` that the file imports when it is imported itself."""
    names = set[str]()
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            # `from a import b`: the module a.b if there is one, and something in a otherwise.
            inside = {f"{node.module}.{alias.name}" for alias in node.names}
            names |= (inside & modules) or {node.module}
    return names & modules


def imports_of(root: Path) -> dict[str, set[str]]:
    """What each module imports at once, by name."""
    paths = {module_name(path.relative_to(root)): path for app in ORDER for path in sorted((root / app).rglob("*.py"))}
    return {name: imported_at_once(path, set(paths)) for name, path in paths.items()}


def module_name(path: Path) -> str:
    """The name by which a file is imported."""
    parts = path.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def test_no_modules_import_each_other_in_a_circle() -> None:
    """Which of them can be imported would depend on which is imported first."""
    TopologicalSorter(imports_of(BASE_DIR)).prepare()


def test_a_circle_is_seen(tmp_path: Path) -> None:
    (tmp_path / "oauth").mkdir()
    (tmp_path / "oauth" / "models.py").write_text("from oauth import tasks\n")
    (tmp_path / "oauth" / "tasks.py").write_text("from oauth.services import end\n")
    (tmp_path / "oauth" / "services.py").write_text("import oauth.models\n")

    with pytest.raises(CycleError):
        TopologicalSorter(imports_of(tmp_path)).prepare()
