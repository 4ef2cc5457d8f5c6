"""Files in contract v1 and what becomes of them.

source = make_source()                          # the payer's; make_source(team=group) is a group's own
file = csv_bytes([row(member_id="m1", race="white"), …])
submission = send(source, file)                 # received and processed until it rests
checked = check(source, file)                   # the check alone: counts, findings, frames
"""

from __future__ import annotations

import csv
import io
import tempfile
from collections.abc import Mapping as MappingType
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

from django.utils import timezone

from measures.actions.submissions import process_submission, receive_submission
from measures.enums import FileForm, SourceKind
from measures.ingest.codes import Reference
from measures.ingest.counts import check_counts
from measures.ingest.findings import FindingLog
from measures.ingest.mapping import apply_mapping
from measures.ingest.readers import open_table
from measures.ingest.store import IncomingFile, StoredFile
from measures.ingest.validate import Checked, check_table
from measures.member_keys import MemberKeys
from measures.models import Measure, Period, Slice, Source, Submission
from teams.enums import OrganisationKind
from teams.models import Team
from tests.factories import definitions
from tests.factories.people import make_organisation, make_site, make_team

AS_OF = timezone.make_aware(datetime(2026, 6, 15, 9, 30))
TODAY = date(2026, 6, 15)
LIMIT = 1024**3

_BASE = {
    "member_id": "m1",
    "group_id": "G01",
    "site_id": "S1",
    "measure_id": "CBP",
    "period": "2024",
    "denominator": "1",
    "numerator": "0",
}


def make_current_slice(
    submission: Submission, *, team: Team, measure: Measure, period: Period, denominator: int
) -> Slice:
    """A slice of which nobody has met the measure, in place of the one that was current."""
    place = {"source": submission.source, "team": team, "measure": measure, "period": period}
    Slice.objects.filter(**place).update(is_current=False)
    return Slice.objects.create(
        submission=submission,
        **place,
        row_count=denominator,
        denominator=denominator,
        numerator=0,
        is_current=True,
    )


def make_source(*, team: Team | None = None, code: str = "payer") -> Source:
    """A source with definitions loaded; the payer's belongs to the payer of the test."""
    definitions.load()
    if team is not None:
        return Source.objects.create(
            organisation=team.organisation,
            team=team,
            code=code,
            name=f"{team} itself",
            kind=SourceKind.GROUP,
        )
    return Source.objects.create(
        organisation=make_organisation(OrganisationKind.PAYER),
        code=code,
        name="Claims",
        kind=SourceKind.PAYER,
    )


def make_groups() -> tuple[Team, Team]:
    """Groups G01 with site S1 and G02 with site S2."""
    first, second = make_team(code="G01"), make_team(code="G02")
    make_site(code="S1", team=first)
    make_site(code="S2", team=second)
    return first, second


def row(**values: Any) -> dict[str, str]:
    """One row of the contract, good unless the values say otherwise. None leaves a column out."""
    merged = {**_BASE, **{k: None if v is None else str(v) for k, v in values.items()}}
    return {k: v for k, v in merged.items() if v is not None}


def csv_bytes(rows: Sequence[MappingType[str, str]], *, separator: str = ",") -> bytes:
    """Rows as CSV; columns in the order in which they first occur."""
    names = list(dict.fromkeys(name for one in rows for name in one))
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, names, delimiter=separator, lineterminator="\n", restval="")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


def store(data: bytes) -> StoredFile:
    with IncomingFile() as incoming:
        incoming.write(data)
        return incoming.keep()


def receive(source: Source, data: bytes, **options: Any) -> Submission:
    options = {"file_name": "results.csv", "by": None, "as_of": AS_OF, **options}
    return receive_submission(source=source, file=store(data), **options)


def send(source: Source, data: bytes, **options: Any) -> Submission:
    """Receive a file and move it on until it rests."""
    submission = receive(source, data, **options)
    process_submission(submission_id=submission.pk, as_of=AS_OF)
    submission.refresh_from_db()
    return submission


def check(
    source: Source, data: bytes, *, mapping: dict[str, Any] | None = None, today: date = TODAY
) -> Checked:
    """The check alone, with its findings; nothing is written to the database."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file"
        path.write_bytes(data)
        table = open_table(path, byte_limit=LIMIT)
        applied = apply_mapping(table.headers, mapping or {}, fixed=table.form)
        reference = Reference(source, code_systems=applied.code_systems)
        log = FindingLog(Path(folder) / "findings.csv.gz")
        log.places = table.places
        if applied.form == FileForm.COUNTS:
            return check_counts(
                table,
                applied,
                reference,
                log=log,
                today=today,
                progress=lambda done, total: None,
            )
        return check_table(
            table,
            applied,
            reference,
            log=log,
            keys=MemberKeys(source.pk, seal=source.kind == SourceKind.GROUP),
            today=today,
            progress=lambda done, total: None,
        )


def found(checked: Checked) -> dict[tuple[str, str], list[int]]:
    """(rule, column) → first lines."""
    return {(t.rule, t.column): t.first_lines for t in checked.tallies}
