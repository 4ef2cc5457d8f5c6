"""Writes of the tables that race is imputed from."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction

from measures.ingest.race_tables import ReadTable, store_table
from measures.models import RaceTable
from teams.actions.audit import record_event
from teams.models import User


@transaction.atomic
def load_race_tables(
    *, tables: Sequence[ReadTable], keep_current: bool = False, by: User | None = None
) -> list[RaceTable]:
    """Register tables and use them from now on, in place of others of their kind.

    Results that were made before keep naming the tables that they were made with. A table that is there
    already is only made the current one. keep_current: where a table of the kind is in use, it stays so.
    Effects: a file per table in the state folder; one audit event per table that changes.
    """
    loaded = []
    for read in tables:
        stored_as = store_table(read)
        row, is_new = RaceTable.objects.select_for_update().get_or_create(
            kind=read.kind,
            sha256=read.sha256,
            defaults={
                "vintage": read.vintage,
                "layout": read.layout,
                "file_name": read.file_name[:255],
                "row_count": read.row_count,
                "stored_as": stored_as,
            },
        )
        in_use = RaceTable.objects.filter(kind=read.kind, is_current=True)
        if not row.is_current and not (keep_current and in_use.exists()):
            in_use.update(is_current=False)
            row.is_current = True
            row.save(update_fields=["is_current"])
            record_event(
                act="load_race_table",
                target=row,
                by=by,
                details={
                    "kind": row.kind,
                    "vintage": row.vintage,
                    "sha256": row.sha256,
                    "rows": row.row_count,
                    "new": is_new,
                },
            )
        loaded.append(row)
    return loaded
