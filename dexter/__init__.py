"""Dexter: the identity bridge between AI assistants and a website's users."""

from dexter.celery import app as celery_app

__version__ = "0.1.0"
__all__ = ["celery_app"]
