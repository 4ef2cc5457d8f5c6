"""Bringing in a sheet of awards: received, mapped, looked at, and imported whole or not at all."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any, BinaryIO

from django.db import transaction

from grants.actions.drafts import draft_award
from grants.award_sheets.columns import check_mapping, header_hash
from grants.award_sheets.sheet import read_sheet
from grants.enums import SheetState
from grants.models import Award, AwardSheet, Fund, SheetMapping
from grants.queries.sheets import remembered_mapping, try_import
from grants.steps import checked_scope
from teams.actions.audit import record_event
from teams.errors import StateRefused
from teams.file_types import plain_name
from teams.models import Team, User
from teams.permissions import Permission


@transaction.atomic
def receive_sheet(
    *, fund: Fund, file: BinaryIO, name: str, by: User, as_of: datetime
) -> AwardSheet:
    """Read a CSV or XLSX file and keep its rows. The same file of a fund sent twice is one sheet.

    Raises FileRefused for what is no table. Effects: no award; one audit event.
    """
    checked_scope(by, Permission.MANAGE_GRANTS, as_of)
    headers, rows = read_sheet(file)
    file.seek(0)
    digest = hashlib.sha256(file.read()).hexdigest()
    Fund.objects.select_for_update().get(pk=fund.pk)
    before = AwardSheet.objects.filter(fund=fund, sha256=digest).first()
    if before is not None:
        if before.state == SheetState.DISCARDED:
            before.state = SheetState.OPEN
            before.save(update_fields=["state"])
        return before
    sheet = AwardSheet.objects.create(
        fund=fund,
        file_name=plain_name(name),
        sha256=digest,
        headers=headers,
        rows=[[line, cells] for line, cells in rows],
        mapping=remembered_mapping(headers),
        received_by=by,
        received_at=as_of,
    )
    record_event(
        act="receive_award_sheet",
        target=sheet,
        by=by,
        details={"name": sheet.file_name, "sha256": digest, "rows": len(rows)},
    )
    return sheet


def _open(sheet: AwardSheet) -> AwardSheet:
    sheet = (
        AwardSheet.objects.select_for_update(of=["self"]).select_related("fund").get(pk=sheet.pk)
    )
    if sheet.state != SheetState.OPEN:
        raise StateRefused(
            f"This sheet is “{sheet.get_state_display().lower()}”. Send the file again to go on with it."
            if sheet.state == SheetState.DISCARDED
            else f"This sheet was imported on {sheet.imported_at:%-d %b %Y} already. Its awards are drafts of"
            " their own now."
        )
    return sheet


@transaction.atomic
def map_sheet(
    *, sheet: AwardSheet, mapping: dict[str, Any], by: User, as_of: datetime
) -> AwardSheet:
    """Say what its columns and texts are; remembered for every sheet with the same columns."""
    checked_scope(by, Permission.MANAGE_GRANTS, as_of)
    sheet = _open(sheet)
    if problems := check_mapping(mapping, sheet.headers):
        raise StateRefused(" ".join(problems))
    sheet.mapping = mapping
    sheet.save(update_fields=["mapping"])
    SheetMapping.objects.update_or_create(
        header_hash=header_hash(sheet.headers),
        defaults={"mapping": mapping, "changed_by": by, "changed_at": as_of},
    )
    record_event(
        act="map_award_sheet", target=sheet, by=by, details={"columns": mapping["columns"]}
    )
    return sheet


@transaction.atomic
def import_sheet(*, sheet: AwardSheet, by: User, as_of: datetime) -> list[Award]:
    """Draft every award of the sheet that is not there yet: all of them or, when anything does not fit, none.

    They are drafts like any other: submitted, reviewed by another person and paid step by step.
    Raises StateRefused with the first findings. Effects: drafts, each with its link and event.
    """
    checked_scope(by, Permission.MANAGE_GRANTS, as_of)
    sheet = _open(sheet)
    trial = try_import(sheet)
    if not trial.can_import:
        said = [*trial.problems, *(f"Line {f.line}, {f.label}: {f.text}" for f in trial.errors)]
        raise StateRefused(
            f"Nothing was imported. {' '.join(said[:3])}"
            if said
            else "Every award of this sheet is there already. There is nothing to import."
        )
    teams = Team.objects.in_bulk({a.team_code for a in trial.new}, field_name="code")
    made = [
        draft_award(
            fund=sheet.fund,
            team=teams[award.team_code],
            kind=award.kind,
            number=award.number,
            terms=award.terms,
            by=by,
            as_of=as_of,
        )
        for award in trial.new
    ]
    sheet.state, sheet.imported_by, sheet.imported_at = SheetState.IMPORTED, by, as_of
    sheet.made_count = len(made)
    sheet.save()
    record_event(
        act="import_award_sheet",
        target=sheet,
        by=by,
        details={"awards": [a.number for a in made], "there": [a.number for a in trial.there]},
    )
    return made


@transaction.atomic
def discard_sheet(*, sheet: AwardSheet, by: User, as_of: datetime) -> AwardSheet:
    """Give it up; nothing was made of it."""
    checked_scope(by, Permission.MANAGE_GRANTS, as_of)
    sheet = _open(sheet)
    sheet.state = SheetState.DISCARDED
    sheet.save(update_fields=["state"])
    record_event(act="discard_award_sheet", target=sheet, by=by)
    return sheet
