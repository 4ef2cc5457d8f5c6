"""What people are told: notifications on the site, e-mails waiting to be sent, and what each person wants."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from teams.enums import Topic
from teams.models.people import User


class NotificationPreference(models.Model):
    """A person's choice for one topic. Without a row the topic's default holds."""

    user = models.ForeignKey(User, models.CASCADE, related_name="notification_preferences")
    topic = models.CharField(max_length=20, choices=Topic)
    on_site = models.BooleanField()
    by_email = models.BooleanField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "topic"], name="preference_once_per_topic"),
            models.CheckConstraint(
                condition=Q(topic__in=Topic.values), name="preference_topic_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user}: {self.topic}"


class Notification(models.Model):
    """One sentence for one person, with the address where it leads.

    key: what makes it the same notification if it is sent again; the database keeps one per person and key.
    """

    user = models.ForeignKey(User, models.CASCADE, related_name="notifications")
    topic = models.CharField(max_length=20, choices=Topic)
    title = models.CharField(max_length=200)
    text = models.TextField(blank=True)
    path = models.CharField(max_length=300)
    key = models.CharField(max_length=120)
    on_site = models.BooleanField()
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    read_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["user", "key"], name="notification_once_per_key"),
            models.CheckConstraint(
                condition=Q(topic__in=Topic.values), name="notification_topic_known"
            ),
            # An address of another site must never be reached from here.
            models.CheckConstraint(
                condition=Q(path__startswith="/") & ~Q(path__startswith="//"),
                name="notification_path_is_ours",
            ),
        ]
        indexes = [
            models.Index(
                F("user"),
                F("created_at").desc(),
                name="notification_list",
                condition=Q(on_site=True),
            ),
        ]

    def __str__(self) -> str:
        return self.title


class OutboxMessage(models.Model):
    """An e-mail that is to be sent. The row is written with the act that causes it and sent afterwards,
    so a mail server that is down for a day delays mail and loses none."""

    notification = models.OneToOneField(Notification, models.CASCADE, related_name="message")
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    next_try_at = models.DateTimeField(null=True)
    tries = models.PositiveSmallIntegerField(default=0)
    sent_at = models.DateTimeField(null=True)
    problem = models.CharField(max_length=300, blank=True)
    invitation = models.TextField(
        blank=True, help_text="A calendar entry (iCalendar) that goes with the e-mail."
    )

    class Meta:
        ordering = ["-created_at", "-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(sent_at__isnull=True) | Q(next_try_at__isnull=True),
                name="message_sent_is_not_tried_again",
            ),
        ]
        indexes = [
            models.Index(
                fields=["next_try_at"], name="message_due", condition=Q(next_try_at__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.notification.title} to {self.notification.user.email}"
