"""The browsers of the tests: the system's Chromium where there is one, and Playwright's own otherwise.

`python -m tests.browser` fetches Playwright's when the system has none.
"""

from __future__ import annotations

import shutil
import subprocess
import sys

SYSTEM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# The same engine without a window: what Playwright's own is too, and much quicker to open than a window nobody sees.
SHELL_NAME = "chromium-headless-shell"


def find_system_chromium() -> str | None:
    """The path of the system's Chromium or Chrome; None means Playwright's own."""
    return next((path for path in map(shutil.which, SYSTEM_NAMES) if path), None)


def find_headless_chromium() -> str | None:
    """The same, for a test that drives it: Chromium without a window where the system has that."""
    return shutil.which(SHELL_NAME) or find_system_chromium()


def main() -> int:
    """Make sure that there is a browser; returns the exit code."""
    if find_system_chromium():
        return 0
    return subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
