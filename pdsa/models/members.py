"""Which members of a group's own file are part of a test. Personal data: row-level security is forced."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from pdsa.models.cycles import Cycle


class CycleMember(models.Model):
    """One member in one test, by the keyed hash that the member has in every file of its source.

    Rows exist only for a connection that names the team (`teams.scoping.member_rows_of`); what the
    group calls the member stands sealed in its file and nowhere else.
    """

    cycle = models.ForeignKey(Cycle, models.PROTECT, related_name="members")
    team = models.ForeignKey("teams.Team", models.PROTECT, related_name="+")
    source = models.ForeignKey("measures.Source", models.PROTECT, related_name="+")
    member_key = models.BinaryField(
        max_length=16, help_text="As in the member rows of the source; says nothing by itself."
    )
    added_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    added_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["cycle", "source", "member_key"], name="cyclemember_once_a_test"
            )
        ]
        indexes = [models.Index(fields=["source", "member_key"], name="cyclemember_member")]

    def __str__(self) -> str:
        return f"Member of test {self.cycle_id}"
