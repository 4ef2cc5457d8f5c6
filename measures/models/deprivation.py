"""How deprived the areas are in which people live: published indices by ZIP area, cut into fifths."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now


class DeprivationTable(models.Model):
    """A published index of deprivation by ZIP area, with its vintage and checksum."""

    id = models.SmallAutoField(primary_key=True)
    vintage = models.CharField(max_length=9, help_text="Year that the numbers are of.")
    layout = models.CharField(max_length=12, help_text="Column that the fifths were made from.")
    file_name = models.CharField(max_length=255)
    sha256 = models.CharField(max_length=64, unique=True)
    row_count = models.IntegerField()
    left_out_count = models.IntegerField(help_text="Areas for which the table gives no rank.")
    is_current = models.BooleanField(default=False)
    loaded_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["-loaded_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["is_current"], condition=Q(is_current=True), name="deprivation_one_current"
            )
        ]

    def __str__(self) -> str:
        return f"Deprivation {self.vintage} ({self.sha256[:8]})"


class DeprivationArea(models.Model):
    """One ZIP area. fifth: 1 the least deprived fifth of areas of the table, 5 the most."""

    table = models.ForeignKey(DeprivationTable, models.CASCADE, related_name="areas")
    zip_code = models.IntegerField()
    fifth = models.SmallIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["table", "zip_code"], name="deprivationarea_once"),
            models.CheckConstraint(
                condition=Q(fifth__range=(1, 5)), name="deprivationarea_is_a_fifth"
            ),
        ]
