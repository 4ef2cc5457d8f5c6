"""Sheets of awards that were kept before, on their way in."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from grants.enums import SheetState
from grants.models.funds import Fund


class AwardSheet(models.Model):
    """A CSV or XLSX file as it was read: names of columns, rows as text, and what they were taken for.

    rows: list of [line of the file, [text, …]]; mapping: see `grants.award_sheets.columns`.
    """

    fund = models.ForeignKey(Fund, models.PROTECT, related_name="sheets")
    file_name = models.CharField(max_length=200)
    sha256 = models.CharField(max_length=64)
    headers = models.JSONField()
    rows = models.JSONField()
    mapping = models.JSONField(default=dict)
    state = models.CharField(max_length=10, choices=SheetState, default=SheetState.OPEN)
    received_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    received_at = models.DateTimeField()
    imported_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    imported_at = models.DateTimeField(null=True, blank=True)
    made_count = models.PositiveIntegerField(default=0, help_text="Awards that it made.")

    class Meta:
        ordering = ["-received_at", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["fund", "sha256"], name="awardsheet_file_once_a_fund"),
            models.CheckConstraint(
                condition=Q(state=SheetState.IMPORTED, imported_at__isnull=False)
                | ~Q(state=SheetState.IMPORTED) & Q(imported_at__isnull=True),
                name="awardsheet_import_whole",
            ),
        ]

    def __str__(self) -> str:
        return self.file_name


class SheetMapping(models.Model):
    """What the columns of sheets with these names are; the last one that somebody saved."""

    header_hash = models.CharField(max_length=64, unique=True)
    mapping = models.JSONField()
    changed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    changed_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"Mapping {self.header_hash[:12]}"
