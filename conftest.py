"""What every test of the project runs with."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.cache import cache
from django.db import connections
from django.utils import translation

from dexter.celery import app as celery_app


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect, rather than skip, what only PostgreSQL can show, and there what is the same on every database."""
    elsewhere = "once" if connections["default"].vendor == "postgresql" else "postgres"
    kept = [item for item in items if item.get_closest_marker(elsewhere) is None]
    config.hook.pytest_deselected(items=[item for item in items if item not in set(kept)])
    items[:] = kept


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings_parallel_suffix: None, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Keep SQLite in a file, as the site does: one in memory has other locks, and threads share its one connection."""
    database: dict[str, Any] = connections["default"].settings_dict
    if connections["default"].vendor == "sqlite":
        database["TEST"]["NAME"] = str(tmp_path_factory.mktemp("database") / "test.sqlite3")


@pytest.fixture(scope="session", autouse=True)
def _cheap_for_the_whole_run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Tasks run where they are sent, whether there is a Redis or not; files go to a place that is thrown away."""
    celery_app.conf.task_always_eager = True
    # As deployed: what fails in a task is for whoever enqueued it to notice.
    celery_app.conf.task_eager_propagates = settings.CELERY_TASK_EAGER_PROPAGATES
    static_root = Path(settings.STATIC_ROOT)
    settings.STATIC_ROOT = tmp_path_factory.mktemp("static")
    yield
    settings.STATIC_ROOT = static_root


@pytest.fixture(autouse=True)
def _fresh(settings: Any) -> Iterator[None]:
    """Every test starts with an empty cache, in the first language, and hashes passwords in no time."""
    # The language of the last request stays with the thread.
    translation.deactivate()
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher", *settings.PASSWORD_HASHERS]
    cache.clear()
    yield
    cache.clear()
