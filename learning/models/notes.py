"""Notes of a coaching call, one set of boxes for each stream of the work."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from learning.models.coaching import Call
from pdsa.enums import Workstream


class StreamNote(models.Model):
    """The four boxes of one call about one stream. Made with the call; both sides read them."""

    call = models.ForeignKey(Call, models.PROTECT, related_name="stream_notes")
    workstream = models.CharField(max_length=20, choices=Workstream)
    wins = models.TextField(blank=True)
    what_data_say = models.TextField(blank=True)
    stuck_on = models.TextField(blank=True)
    decisions = models.TextField(blank=True)

    class Meta:
        ordering = ["call", "id"]
        constraints = [
            models.UniqueConstraint(fields=["call", "workstream"], name="streamnote_once_a_stream"),
            models.CheckConstraint(
                condition=Q(workstream__in=Workstream.values), name="streamnote_workstream_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_workstream_display()}: {self.call}"

    @property
    def is_empty(self) -> bool:
        return not (self.wins or self.what_data_say or self.stuck_on or self.decisions)
