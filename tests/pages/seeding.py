"""Put a visitor into the state of each page, on the database of the site that the environment describes.

    python -m tests.pages.seeding OUTPUT [NAME...]

writes to OUTPUT, as JSON, what a browser needs to be that visitor: the path and the cookies, for each page and each
purpose, because looking at a state may use it up.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import django


def main() -> None:
    """Reach every state once for each purpose."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.pages.settings"
    django.setup()

    from django.test.utils import setup_test_environment

    from tests.pages.catalogue import PAGES, PURPOSES, STYLEGUIDE
    from tests.pages.visitor import Visitor

    output, *names = sys.argv[1:]
    # Mail stays in this process, where visitors read it.
    setup_test_environment()
    visits = {}
    for page in [*PAGES, *STYLEGUIDE]:
        if not names or page.name in names:
            for purpose in PURPOSES:
                visitor = Visitor()
                path = page.reach(visitor)
                cookies = {name: morsel.value for name, morsel in visitor.http.cookies.items()}
                visits[f"{page.name} {purpose}"] = {"path": path, "cookies": cookies}
    Path(output).write_text(json.dumps(visits))


if __name__ == "__main__":
    main()
