"""The database, the cache and the queue of background work."""

from __future__ import annotations

from typing import Any

import dj_database_url

from dexter.settings.site import env


def _database() -> dict[str, Any]:
    config: dict[str, Any] = dict(dj_database_url.parse(env.database_url))
    if config["ENGINE"] == "django.db.backends.sqlite3":
        # IMMEDIATE takes the write lock at BEGIN, so that two writers wait for each other instead of failing halfway.
        config["OPTIONS"] = {
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA cache_size=-16384;",
        }
        config["CONN_MAX_AGE"] = None
        return config
    # Under ASGI every request has a thread of its own: connections live in a pool, not in threads.
    config["CONN_MAX_AGE"] = 0
    # After a restart of PostgreSQL each pooled connection is dead; to look before each use costs a round trip.
    config["CONN_HEALTH_CHECKS"] = True
    config["OPTIONS"] = {**config.get("OPTIONS", {}), "pool": {"min_size": 2, "max_size": 16, "timeout": 5}}
    return config


DATABASES = {"default": _database()}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

CACHES: dict[str, dict[str, Any]] = {
    "default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": env.redis_url}
    if env.redis_url
    else {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"},
}

CELERY_BROKER_URL = env.redis_url or "memory://"
CELERY_TASK_ALWAYS_EAGER = not env.redis_url
CELERY_TASK_EAGER_PROPAGATES = False
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TIMEZONE = "UTC"
