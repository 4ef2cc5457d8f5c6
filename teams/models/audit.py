"""The audit trail."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models.functions import Now

from teams.models.organisations import Team
from teams.models.people import User


class AuditEvent(models.Model):
    """One act: who, what, on which object, when. The database refuses to change or delete a row."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    at = models.DateTimeField(db_default=Now(), editable=False, db_index=True)
    actor = models.ForeignKey(
        User, models.PROTECT, null=True, related_name="audit_events", help_text="Empty: the system."
    )
    act = models.CharField(max_length=60)
    object_type = models.CharField(max_length=60)
    object_id = models.CharField(max_length=64)
    team = models.ForeignKey(Team, models.PROTECT, null=True, related_name="audit_events")
    details = models.JSONField(default=dict)
    request_id = models.CharField(max_length=36, blank=True)
    address = models.GenericIPAddressField(null=True)

    class Meta:
        ordering = ["-at"]
        indexes = [models.Index(fields=["object_type", "object_id"], name="audit_object")]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.act} {self.object_type} {self.object_id}"
