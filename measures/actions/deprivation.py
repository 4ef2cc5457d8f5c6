"""Writes of the tables of deprivation."""

from __future__ import annotations

from django.db import transaction

from measures.ingest.deprivation import ReadDeprivation
from measures.models import DeprivationArea, DeprivationTable
from teams.actions.audit import record_event
from teams.models import User


@transaction.atomic
def load_deprivation(
    *, read: ReadDeprivation, vintage: str, by: User | None = None
) -> DeprivationTable:
    """Register a table and use it from now on; one that is there already is only made the current one.

    Effects: a row per area; one audit event where anything changes.
    """
    table = DeprivationTable.objects.select_for_update().filter(sha256=read.sha256).first()
    is_new = table is None
    if table is None:
        table = DeprivationTable.objects.create(
            vintage=vintage,
            layout=read.layout,
            file_name=read.file_name[:255],
            sha256=read.sha256,
            row_count=len(read.areas),
            left_out_count=read.left_out_count,
        )
        DeprivationArea.objects.bulk_create(
            (DeprivationArea(table=table, zip_code=z, fifth=f) for z, f in read.areas.items()),
            batch_size=5_000,
        )
    if not table.is_current:
        DeprivationTable.objects.filter(is_current=True).update(is_current=False)
        table.is_current = True
        table.save(update_fields=["is_current"])
        record_event(
            act="load_deprivation",
            target=table,
            by=by,
            details={
                "vintage": table.vintage,
                "layout": table.layout,
                "sha256": table.sha256,
                "rows": table.row_count,
                "new": is_new,
            },
        )
    return table
