"""When the data behind a number last changed: what a document published earlier is held against."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Max

from measures.enums import FileForm
from measures.models import Period, Slice, Source
from teams.models import Team


@dataclass(frozen=True)
class DataChange:
    """The latest submission that holds current data: the source's data version it made, and when."""

    data_version: int
    published_at: datetime


def list_latest_changes(
    *, source_ids: Iterable[int], period_ids: Iterable[int]
) -> dict[tuple[int, int, int | None], DataChange]:
    """Latest change keyed by (source, period, team), and by (source, period, None) over all teams: one query."""
    rows = (
        Slice.objects.filter(
            is_current=True,
            source_id__in=set(source_ids),
            period_id__in=set(period_ids),
            submission__data_version__isnull=False,
        )
        .values_list("source_id", "period_id", "team_id")
        .annotate(Max("submission__data_version"), Max("submission__published_at"))
    )
    changes: dict[tuple[int, int, int | None], DataChange] = {}
    for source_id, period_id, team_id, version, published_at in rows:
        change = DataChange(version, published_at)
        changes[source_id, period_id, team_id] = change
        whole = changes.get((source_id, period_id, None))
        if whole is None or whole.data_version < version:
            changes[source_id, period_id, None] = change
    return changes


def list_counted_measures(*, source: Source, period: Period, team: Team | None) -> list[str]:
    """Codes of measures whose current numbers were sent as counts, of a team or of any: one query.

    No member row stands behind them, so nobody can look again who is in which stratum.
    """
    slices = Slice.objects.filter(
        is_current=True, source=source, period=period, submission__form=FileForm.COUNTS
    )
    if team is not None:
        slices = slices.filter(team=team)
    return sorted(set(slices.values_list("measure__code", flat=True)))


def get_data_version(source: Source) -> int:
    """How often the numbers of a source have changed so far, read anew from the database."""
    version: int = Source.objects.values_list("data_version", flat=True).get(pk=source.pk)
    return version
