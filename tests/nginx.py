"""nginx, for the test of deploy/nginx.conf: the system's where there is one, and Debian's package unpacked otherwise.

`python -m tests.nginx` fetches the package into var/nginx when the system has none, which takes no root. Where that
does not work either, it says so, and the tests that need nginx fail with the same words.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

UNPACKED = Path(__file__).resolve().parents[1] / "var" / "nginx"
# Not everybody has the administrator's programs on the path.
SEARCHED = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin", str(UNPACKED / "usr" / "sbin")])
MISSING = "nginx is missing: install it (Debian: apt-get install nginx-core, macOS: brew install nginx)."


def find_nginx() -> str | None:
    """The path of a program that runs here, or None."""
    program = shutil.which("nginx", path=SEARCHED)
    if program is None or subprocess.run([program, "-v"], capture_output=True, check=False).returncode:
        return None
    return program


def main() -> int:
    """Make sure that there is an nginx; without one most tests run all the same, so this is never a failure."""
    if find_nginx() is None and not _unpack_package():
        print(MISSING, file=sys.stderr)
    return 0


def _unpack_package() -> bool:
    """Whether Debian's package could be had and its program runs here."""
    if not (shutil.which("apt-get") and shutil.which("dpkg-deb")):
        return False
    # Ubuntu's nginx is an empty package that asks for nginx-core.
    return any(_unpack(package) and find_nginx() is not None for package in ("nginx", "nginx-core"))


def _unpack(package: str) -> bool:
    with tempfile.TemporaryDirectory() as directory:
        # apt-get downloads into the directory that it runs in.
        download = ["apt-get", "--quiet", "download", package]
        if subprocess.run(download, cwd=directory, capture_output=True, check=False).returncode:
            return False
        UNPACKED.mkdir(parents=True, exist_ok=True)
        [archive] = Path(directory).glob("*.deb")
        return subprocess.run(["dpkg-deb", "--extract", archive, UNPACKED], check=False).returncode == 0


if __name__ == "__main__":
    sys.exit(main())
