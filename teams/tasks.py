"""Celery tasks of the kernel."""

from celery import shared_task
from django.utils import timezone

from teams.actions.notifications import send_waiting_messages


@shared_task
def send_messages() -> None:
    send_waiting_messages(as_of=timezone.now())
