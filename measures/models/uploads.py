"""Files that are still arriving."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now


class PartialUpload(models.Model):
    """A file of which the first `received_count` bytes are there; the rest may come after a pause.

    Belongs to the person who began it, and to the source that it is for. It becomes a submission or is
    deleted.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    source = models.ForeignKey("measures.Source", models.CASCADE, related_name="partial_uploads")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="partial_uploads"
    )
    file_name = models.CharField(max_length=255)
    byte_count = models.BigIntegerField(help_text="Bytes of the whole file, as announced.")
    received_count = models.BigIntegerField(default=0)
    begun_at = models.DateTimeField(db_default=Now())
    touched_at = models.DateTimeField(db_default=Now(), help_text="When bytes last came in.")

    class Meta:
        ordering = ["-touched_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["user", "source", "file_name", "byte_count"], name="upload_begun_once"
            ),
            models.CheckConstraint(
                condition=Q(byte_count__gt=0)
                & Q(received_count__gte=0)
                & Q(byte_count__gte=F("received_count")),
                name="upload_counts_fit",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.file_name} ({self.received_count} of {self.byte_count} bytes)"

    @property
    def received_share(self) -> float:
        return self.received_count / self.byte_count
