"""How Dexter logs: structlog, one line an event, a request id on each; for a reader in debug, JSON otherwise."""

from __future__ import annotations

from typing import Any

import structlog


def logging_settings(*, debug: bool, level: str) -> dict[str, Any]:
    """Django's LOGGING dict, with structlog's own configuration as a side effect.

    It runs when settings are loaded, before the MCP SDK is imported: `MCPServer()` calls `logging.basicConfig`, which
    does nothing once the root logger has a handler.
    """
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.processors.format_exc_info,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    renderer: Any = structlog.dev.ConsoleRenderer(colors=False) if debug else structlog.processors.JSONRenderer()
    config: dict[str, Any] = {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "structlog": {
                "()": structlog.stdlib.ProcessorFormatter,
                "foreign_pre_chain": [*shared, structlog.processors.format_exc_info],
                "processors": [structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
            },
        },
        "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "structlog"}},
        "root": {"handlers": ["console"], "level": level},
        "loggers": {
            # Their debug lines carry whole requests; nothing of ours needs them.
            "oauthlib": {"level": "INFO"},
            "oauth2_provider": {"level": "INFO"},
            "mcp": {"level": "WARNING"},
            # Its lines are whole URLs.
            "httpx2": {"level": "WARNING"},
            "django": {"handlers": [], "level": "INFO", "propagate": True},
            "django.server": {"handlers": [], "level": "WARNING", "propagate": True},
            "django.db.backends": {"level": "INFO"},
        },
    }
    return config
