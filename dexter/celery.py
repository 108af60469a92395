"""The Celery application: tasks run in a worker when REDIS_URL is set, and in the calling process otherwise."""

from __future__ import annotations

import os

from celery import Celery
from celery.schedules import crontab

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dexter.settings")

app = Celery("dexter")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.conf.beat_schedule = {
    "sweep-oauth": {"task": "oauth.tasks.sweep", "schedule": crontab(minute="17")},
    "sweep-linking": {"task": "linking.tasks.sweep", "schedule": crontab(minute="*/10")},
    "sweep-tool-calls": {"task": "mcp_bridge.tasks.sweep", "schedule": crontab(minute="29")},
    "sweep-accounts": {"task": "accounts.tasks.sweep", "schedule": crontab(minute="41", hour="3")},
}
