"""Composition root: settings, URLs, Celery, servers. Imports every app; no app imports it."""

from collaborative.celery import app as celery_app

__all__ = ["celery_app"]
