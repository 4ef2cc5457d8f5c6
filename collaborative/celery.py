"""The Celery application: workers and beat are started from here."""

import os

from celery import Celery
from celery.signals import worker_init, worker_process_init

from collaborative.servers.processes import end_with_parent

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "collaborative.settings")

app = Celery("collaborative")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

_main_process = 0


@worker_init.connect
def _remember_main_process(**kwargs: object) -> None:
    global _main_process
    _main_process = os.getpid()


@worker_process_init.connect
def _never_outlive_main_process(**kwargs: object) -> None:
    # A worker that is killed must not leave a process behind that goes on with its task.
    end_with_parent(_main_process)
