"""What an ASGI server runs: `uvicorn dexter.asgi:application`."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from django.core.asgi import get_asgi_application

if TYPE_CHECKING:
    from dexter.application import Application


def make_application(**options: Any) -> Application:
    """The site, with the options of `Application`."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dexter.settings")
    # Loads the settings, and with them the logging: `MCPServer()` configures the root logger if nobody else has. What
    # the application imports needs both.
    django_application = get_asgi_application()
    from dexter.application import Application

    return Application(django_application, **options)


application = make_application()
