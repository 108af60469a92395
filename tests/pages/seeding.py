"""Put visitors into the states of pages, on the database of the site that the environment describes.

    python -m tests.pages.seeding

reads names of pages from the standard input, a line each, and answers each with a line of JSON: what a browser needs to
be such a visitor, the path and the cookies, or the `fault` that kept it from that. Each is a new visitor, because
looking at a state may use it up, and reaches it when asked, because codes and sign-ins grow old.
"""

from __future__ import annotations

import json
import os
import sys
import traceback
from typing import Any

import django


def main() -> None:
    """Reach one state after the other."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.pages.settings"
    django.setup()

    from django.test.utils import setup_test_environment

    from tests.pages.catalogue import PAGES, STYLEGUIDE, Page
    from tests.pages.visitor import Visitor

    # Mail stays in this process, where visitors read it.
    setup_test_environment()
    pages = {page.name: page for page in [*PAGES, *STYLEGUIDE]}

    def reach(page: Page) -> dict[str, Any]:
        visitor = Visitor()
        path = page.reach(visitor)
        return {"path": path, "cookies": {name: morsel.value for name, morsel in visitor.http.cookies.items()}}

    for line in sys.stdin:
        try:
            answer = reach(pages[line.strip()])
        except Exception:
            # Whatever it is, the test that asked shall say it, and the next one shall be answered.
            answer = {"fault": traceback.format_exc()}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
