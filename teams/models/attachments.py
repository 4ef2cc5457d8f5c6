"""Files that hang on an object of any app."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now


class Attachment(models.Model):
    """One file of one object. The bytes lie in the file store under their hash; the database refuses to
    change a row, except that it can be removed once: then it is no longer shown, and stays on record."""

    owner_type = models.CharField(
        max_length=60, help_text="The owning object's model, as in the audit trail."
    )
    owner_id = models.BigIntegerField()
    team = models.ForeignKey(
        "teams.Team",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="attachments",
        help_text="Whose file it is; empty for one of the programme.",
    )
    sha256 = models.CharField(max_length=64)
    byte_count = models.BigIntegerField()
    name = models.CharField(max_length=200, help_text="As the sender called it, without folders.")
    content_type = models.CharField(max_length=100, help_text="Worked out from the bytes.")
    uploaded_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    uploaded_at = models.DateTimeField(db_default=Now())
    removed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    removed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["uploaded_at", "id"]
        indexes = [models.Index(fields=["owner_type", "owner_id"], name="attachment_owner")]
        constraints = [
            models.UniqueConstraint(
                fields=["owner_type", "owner_id", "sha256"],
                condition=Q(removed_at__isnull=True),
                name="attachment_once_an_owner",
            ),
            models.CheckConstraint(
                condition=Q(sha256__regex=r"^[0-9a-f]{64}$"), name="attachment_hash_whole"
            ),
            models.CheckConstraint(
                condition=Q(byte_count__gt=0) & ~Q(name="") & ~Q(content_type=""),
                name="attachment_not_empty",
            ),
            models.CheckConstraint(
                condition=Q(removed_at__isnull=True, removed_by__isnull=True)
                | Q(removed_at__isnull=False, removed_by__isnull=False),
                name="attachment_removal_whole",
            ),
        ]

    def __str__(self) -> str:
        return self.name
