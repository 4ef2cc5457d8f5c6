"""Writes around a submission: receive it, map it, confirm it, withdraw it, and move it on step by step.

Work is a state in the database. Each step runs in one transaction that rewrites the step's own output,
sets the state and records the event; a worker that is killed leaves the state before, and the next
attempt gives the same result.
"""

from __future__ import annotations

import traceback
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from measures.actions.recompute import publish_submission
from measures.enums import FileForm, Severity, SourceKind
from measures.enums import SubmissionState as State
from measures.errors import FileRefused
from measures.ingest import load, store, without_names
from measures.ingest.aggregate import Sums, add_up
from measures.ingest.codes import Reference
from measures.ingest.contract import RULE_BY_CODE
from measures.ingest.count_cells import add_up_counts
from measures.ingest.counts import check_counts
from measures.ingest.findings import FindingLog, Tally
from measures.ingest.imputing import add_up_imputed, current_tables
from measures.ingest.mapping import (
    Mapping,
    apply_mapping,
    check_mapping,
    header_hash,
    missing_columns,
)
from measures.ingest.progress import ProgressWriter
from measures.ingest.readers import Table, open_table
from measures.ingest.turns import short_turns
from measures.ingest.validate import DENOMINATOR, NUMERATOR, Checked, check_table
from measures.member_keys import MemberKeys
from measures.models import Finding, Period, SavedMapping, Source, Submission
from measures.policies import (
    ATTEMPT_LIMIT,
    AUTOMATIC,
    check_can_confirm,
    check_can_map,
    check_can_withdraw,
    check_transition,
    replaces_current_data,
)
from measures.stats.registry import METHOD_VERSION
from teams.actions.audit import record_event
from teams.errors import StateRefused
from teams.models import User
from teams.queries import get_programme

#: Resting states in which the rows are loaded, so the file is not read again.
WITH_ROWS = frozenset({State.NEEDS_CONFIRMATION, State.PUBLISHED})
#: First half of the advisory lock's key; the second is the submission's id.
_LOCK_SPACE = 7201


class StepFailed(Exception):
    """A step met an unexpected error. Says where, and nothing of what was in the file."""


# --- what people do ----------------------------------------------------------------------------------------


@transaction.atomic
def receive_submission(
    *,
    source: Source,
    file: store.StoredFile,
    file_name: str,
    by: User | None,
    as_of: datetime,
    mapping: dict[str, Any] | None = None,
    replace_confirmed: bool = False,
) -> Submission:
    """Register an upload. The same file of the same source is the same submission, however often it comes.

    mapping: used instead of the remembered one. replace_confirmed: the sender agrees that current data of
    the same slices are replaced. A rejected or withdrawn file gets another attempt, and so does one that
    waits for the mapping or the agreement that comes with it now.
    Raises FileRefused for an unusable mapping.
    Effects: one submission at most, one audit event; the caller starts the work on commit.
    """
    check_mapping(mapping or {})
    submission, is_new = Submission.objects.select_for_update().get_or_create(
        source=source,
        sha256=file.sha256,
        defaults={
            "file_name": file_name[:255],
            "byte_count": file.byte_count,
            "stored_as": file.stored_as,
            "submitted_by": by,
            "mapping": mapping or {},
            "replace_confirmed": replace_confirmed,
            "received_at": as_of,
            "state_changed_at": as_of,
        },
    )
    again = False
    if not is_new:
        again = submission.state in {State.REJECTED, State.WITHDRAWN} or (
            submission.state == State.NEEDS_MAPPING and mapping is not None
        )
        if submission.state in {State.LOADED, State.NEEDS_CONFIRMATION, State.PUBLISHED} and (
            submission.stored_as.endswith(without_names.SUFFIX)
        ):
            # Kept without names already: what came now is not needed.
            transaction.on_commit(lambda: _delete_unused(file.stored_as))
        else:
            submission.stored_as = file.stored_as
        submission.replace_confirmed = submission.replace_confirmed or replace_confirmed
        if again:
            submission.mapping = submission.mapping if mapping is None else mapping
            submission.unmapped = {}
            submission.attempt_count = 0
            _move(submission, State.RECEIVED, as_of)
        elif submission.state == State.NEEDS_CONFIRMATION and replace_confirmed:
            _move(submission, State.LOADED, as_of)
        submission.save()
    record_event(
        act="receive_submission",
        target=submission,
        by=by,
        team=source.team,
        details={
            "source": source.code,
            "sha256": file.sha256,
            "bytes": file.byte_count,
            "sent_before": not is_new,
            "attempted_again": again,
        },
    )
    return submission


@transaction.atomic
def save_mapping(
    *, submission: Submission, mapping: dict[str, Any], by: User | None, as_of: datetime
) -> Submission:
    """Remember how the file's headers and codes map onto the contract, and check the file again.

    Raises StateRefused unless a mapping is asked for; FileRefused when the mapping cannot be used.
    """
    submission = _locked(submission.pk)
    check_can_map(submission)
    apply_mapping(submission.headers, mapping)
    SavedMapping.objects.update_or_create(
        source_id=submission.source_id,
        header_hash=header_hash(submission.headers),
        defaults={"mapping": mapping, "saved_by": by, "saved_at": as_of},
    )
    submission.mapping = mapping
    submission.unmapped = {}
    submission.attempt_count = 0
    _move(submission, State.RECEIVED, as_of)
    submission.save()
    record_event(
        act="save_mapping",
        target=submission,
        by=by,
        team=submission.source.team,
        details={
            "columns": sorted(mapping.get("columns", {})),
            "values_of": sorted(mapping.get("values", {})),
        },
    )
    return submission


@transaction.atomic
def confirm_replacement(*, submission: Submission, by: User | None, as_of: datetime) -> Submission:
    """Agree that this submission replaces current data of the same slices.

    Raises StateRefused unless the submission waits for that.
    """
    submission = _locked(submission.pk)
    check_can_confirm(submission)
    submission.replace_confirmed = True
    _move(submission, State.LOADED, as_of)
    submission.save()
    record_event(act="confirm_replacement", target=submission, by=by, team=submission.source.team)
    return submission


@transaction.atomic
def withdraw_submission(*, submission: Submission, by: User | None, as_of: datetime) -> Submission:
    """Take back a submission that is not published: its rows, findings and file go.

    Raises StateRefused for published data, and while a worker is busy with it.
    """
    if not _is_free(submission.pk):
        raise StateRefused("This submission is being processed right now. Try again in a minute.")
    submission = _locked(submission.pk)
    check_can_withdraw(submission)
    load.drop_rows(submission.pk)
    submission.findings.all().delete()
    old_file, old_findings = submission.stored_as, submission.findings_stored_as
    submission.stored_as = submission.findings_stored_as = ""
    submission.unmapped = {}
    _move(submission, State.WITHDRAWN, as_of)
    submission.save()
    record_event(act="withdraw_submission", target=submission, by=by, team=submission.source.team)
    if Submission.objects.filter(stored_as=old_file).exists():
        old_file = ""

    def delete_files() -> None:
        store.delete_rows(submission.pk)
        store.delete_file(old_file)
        store.delete_file(old_findings)

    transaction.on_commit(delete_files)
    return submission


@transaction.atomic
def download_findings(*, submission: Submission, by: User | None) -> Path | None:
    """Where the list of all findings lies (gzip), None without findings. Effects: one audit event."""
    if not submission.findings_stored_as:
        return None
    path = store.path_of(submission.findings_stored_as)
    if not path.exists():
        return None
    record_event(act="download_findings", target=submission, by=by, team=submission.source.team)
    return path


# --- the automatic steps -----------------------------------------------------------------------------------


def process_submission(*, submission_id: int, as_of: datetime) -> State | None:
    """Move a submission on until it rests. Returns its state, None when another worker is busy with it.

    Raises StepFailed when a step meets an unexpected error; the state stays as before that step.
    """
    while True:
        state = _take_step(submission_id, as_of)
        if state is None or state not in AUTOMATIC:
            if state in WITH_ROWS:
                take_names_out(submission_id=submission_id)
            return state


def _failure(submission_id: int, doing: str, problem: Exception) -> StepFailed:
    # The message of an error can quote the file, so only its kind and its places are told.
    places = " < ".join(
        f"{frame.name}:{frame.lineno}"
        for frame in reversed(traceback.extract_tb(problem.__traceback__))
    )
    return StepFailed(f"Submission {submission_id}, {doing}: {type(problem).__name__} at {places}.")


def take_names_out(*, submission_id: int) -> None:
    """Keep the file of loaded rows without its names: nobody needs them any more.

    The results are there before; a worker that is killed here leaves the file to the sweep.
    Raises StepFailed when the file cannot be read any more.
    Effects: another file in the store, `stored_as` that points to it, and one audit event.
    """
    with transaction.atomic():
        if not _is_free(submission_id):
            return
        # The row is not locked: writing a large file takes its time.
        submission = Submission.objects.select_related("source__team").get(pk=submission_id)
        old_file = submission.stored_as
        if (
            submission.state not in WITH_ROWS
            or not old_file
            or not store.path_of(old_file).exists()
        ):
            return
        try:
            table, mapping = _open(submission)
            new_file = without_names.keep_without_names(old_file, table, mapping)
        except Exception as problem:  # noqa: BLE001
            raise _failure(submission_id, "taking names out of its file", problem) from None
        if new_file == old_file:
            return
        Submission.objects.filter(pk=submission_id).update(stored_as=new_file)
        record_event(act="take_names_out", target=submission, by=None, team=submission.source.team)
        transaction.on_commit(lambda: _delete_unused(old_file))


def _take_step(submission_id: int, as_of: datetime) -> State | None:
    progress = None
    step = "start"
    try:
        with short_turns(), transaction.atomic():
            if not _is_free(submission_id):
                return None
            submission = Submission.objects.select_related("source__team").get(pk=submission_id)
            step = submission.state
            if step not in AUTOMATIC:
                return State(step)
            if submission.attempt_count >= ATTEMPT_LIMIT:
                _reject(
                    submission,
                    FileRefused(
                        "gave_up",
                        f"The file could not be processed in {ATTEMPT_LIMIT} attempts. The administrator of"
                        " the programme finds the reason in the server's log.",
                    ),
                    as_of,
                )
                return State.REJECTED
            progress = ProgressWriter(submission_id)
            progress.begin()
            {State.RECEIVED: _check, State.CHECKED: _load, State.LOADED: _adopt}[State(step)](
                submission, progress, as_of
            )
        return State(Submission.objects.values_list("state", flat=True).get(pk=submission_id))
    except (Submission.DoesNotExist, StateRefused):
        raise
    except Exception as problem:  # noqa: BLE001
        raise _failure(submission_id, f"step from “{step}”", problem) from None
    finally:
        if progress is not None:
            progress.close()


def _check(submission: Submission, progress: ProgressWriter, as_of: datetime) -> None:
    """received → checked, needs mapping or rejected."""
    store.delete_rows(submission.pk)
    submission.findings.all().delete()
    submission.unmapped = {}
    submission.refusal = submission.refusal_code = submission.findings_stored_as = ""
    submission.row_count = submission.accepted_count = 0
    submission.set_aside_count = submission.duplicate_count = 0
    log = FindingLog(store.path_of(store.findings_name(submission.pk)))
    try:
        table, mapping = _open(submission)
        submission.form = mapping.form
        if missing_columns(mapping, source_has_team=submission.source.team_id is not None):
            _finish(submission, State.NEEDS_MAPPING, as_of)
            return
        checked = _read(submission, table, mapping, log, progress, as_of)
        _note_counts(submission, checked, log.has_file)
        _check_share(checked)
    except FileRefused as refusal:
        log.close()
        _reject(submission, refusal, as_of)
        return
    except _MappingWanted as wanted:
        submission.unmapped = wanted.unmapped
        _finish(submission, State.NEEDS_MAPPING, as_of)
        return
    store.save_rows(submission.pk, _coded(checked))
    _finish(submission, State.CHECKED, as_of)


class _MappingWanted(Exception):
    def __init__(self, unmapped: dict[str, dict[str, int]]) -> None:
        super().__init__()
        self.unmapped = unmapped


def _open(submission: Submission) -> tuple[Table, Mapping]:
    if not submission.stored_as:
        raise FileRefused("file_deleted", "The uploaded file was deleted. Send it again.")
    path = store.path_of(submission.stored_as)
    if not path.exists():
        raise FileRefused(
            "file_missing", "The uploaded file is no longer in the store. Send it again."
        )
    table = open_table(path, byte_limit=settings.UPLOAD_LIMIT_BYTES)
    submission.headers = list(table.headers)
    if not submission.mapping:
        remembered = SavedMapping.objects.filter(
            source_id=submission.source_id, header_hash=header_hash(table.headers)
        ).first()
        if remembered:
            submission.mapping = remembered.mapping
    return table, apply_mapping(table.headers, submission.mapping, fixed=table.form)


def _read(
    submission: Submission,
    table: Table,
    mapping: Mapping,
    log: FindingLog,
    progress: ProgressWriter,
    as_of: datetime,
) -> Checked:
    source = submission.source
    reference = Reference(source, code_systems=mapping.code_systems)
    log.places = table.places
    if mapping.form == FileForm.COUNTS:
        return check_counts(
            table,
            mapping,
            reference,
            log=log,
            today=timezone.localdate(as_of),
            progress=progress,
        )
    return check_table(
        table,
        mapping,
        reference,
        log=log,
        keys=MemberKeys(source.pk, seal=source.kind == SourceKind.GROUP),
        today=timezone.localdate(as_of),
        progress=progress,
        race_tables=current_tables() if "last_name" in mapping.origins else None,
    )


def _note_counts(submission: Submission, checked: Checked, has_findings_file: bool) -> None:
    submission.row_count = checked.row_count
    submission.accepted_count = checked.accepted_count
    submission.set_aside_count = checked.set_aside_count
    submission.duplicate_count = checked.duplicate_count
    if has_findings_file:
        submission.findings_stored_as = store.findings_name(submission.pk)
    Finding.objects.bulk_create(
        Finding(
            submission=submission,
            rule=tally.rule,
            column=tally.column,
            severity=tally.severity,
            line_count=tally.line_count,
            first_lines=tally.first_lines,
            first_places=tally.first_places,
        )
        for tally in checked.tallies
    )


def _check_share(checked: Checked) -> None:
    """Raise FileRefused, or ask for a mapping, when too many rows were set aside."""
    if not checked.row_count:
        raise FileRefused("no_rows", "The file has a header and no rows.")
    percent = get_programme().rejected_share_percent
    if checked.accepted_count and checked.set_aside_count * 100 <= percent * checked.row_count:
        return
    if checked.unmapped:
        raise _MappingWanted(checked.unmapped)
    if not checked.set_aside_count:
        raise FileRefused("nothing_left", "The mapping leaves every row of the file out.")
    share = 100 * checked.set_aside_count / checked.row_count
    raise FileRefused(
        "too_many_bad_rows",
        f"{checked.set_aside_count:,} of {checked.row_count:,} rows ({share:.1f}%) were set aside; at most"
        f" {percent}% may be. {_most_frequent(checked.tallies)}",
    )


def _most_frequent(tallies: tuple[Tally, ...]) -> str:
    # That a slice is incomplete follows from something else.
    errors = [t for t in tallies if t.severity == Severity.ERROR and t.rule != "slice_incomplete"]
    if not errors:
        return ""
    worst = max(errors, key=lambda t: t.line_count)
    column = f" in column {worst.column}" if worst.column else ""
    place = worst.first_places[0] if worst.first_places else f"line {worst.first_lines[0]}"
    return f"The most frequent reason{column}, first in {place}: {RULE_BY_CODE[worst.rule].text}"


def _load(submission: Submission, progress: ProgressWriter, as_of: datetime) -> None:
    """checked → loaded: member rows (where there are any), cells, completeness counts and slices."""
    rows = store.read_rows(submission.pk)
    if rows is None:
        rows = _coded_again(submission, progress, as_of)
    reference = Reference(submission.source)
    load.drop_rows(submission.pk)
    period_ids = [
        Period.objects.get_or_create(
            label=span.label, defaults={"starts_on": span.starts_on, "ends_on": span.ends_on}
        )[0].pk
        for span in rows.periods
    ]
    if rows.form == FileForm.COUNTS:
        load.check_count_ids(rows.facts)
        sums = add_up_counts(rows.facts, period_ids=period_ids, reference=reference)
    else:
        sums = _load_members(submission, rows, period_ids, reference, progress)
    load.store_sums(submission.pk, submission.source_id, sums)
    _finish(submission, State.LOADED, as_of)
    transaction.on_commit(lambda: store.delete_rows(submission.pk))


def _load_members(
    submission: Submission,
    rows: store.CodedRows,
    period_ids: list[int],
    reference: Reference,
    progress: ProgressWriter,
) -> Sums:
    # Counting and COPY go side by side: one works here, the other in the database server.
    with ThreadPoolExecutor(1, thread_name_prefix="count") as pool:
        counting = pool.submit(
            add_up,
            rows.facts,
            rows.members,
            period_ids=period_ids,
            periods=rows.periods,
            sets_given=rows.sets_given,
            reference=reference,
        )
        load.load_rows(
            submission.pk, rows.facts, rows.members, period_ids=period_ids, progress=progress
        )
        if rows.imputed is not None:
            imputed = add_up_imputed(
                rows.facts,
                rows.members,
                rows.imputed.probabilities,
                denominator_flag=DENOMINATOR,
                numerator_flag=NUMERATOR,
                period_ids=period_ids,
                reference=reference,
            )
            load.store_imputed(submission.pk, rows.imputed, imputed, method_version=METHOD_VERSION)
        return counting.result()


def _coded_again(
    submission: Submission, progress: ProgressWriter, as_of: datetime
) -> store.CodedRows:
    """Coded rows made anew, when the scratch folder was emptied between two steps."""
    log = FindingLog(store.path_of(store.findings_name(submission.pk)))
    table, mapping = _open(submission)
    checked = _read(submission, table, mapping, log, progress, as_of)
    if checked.accepted_count != submission.accepted_count:
        raise StateRefused(
            "The programme's groups, sites or definitions changed since the check. Send the file again."
        )
    return _coded(checked)


def _coded(checked: Checked) -> store.CodedRows:
    return store.CodedRows(
        checked.form,
        checked.facts,
        checked.members,
        checked.periods,
        checked.sets_given,
        checked.imputed,
    )


def _adopt(submission: Submission, progress: ProgressWriter, as_of: datetime) -> None:
    """loaded → published, or needs confirmation when somebody's earlier data would be replaced."""
    if not submission.replace_confirmed and replaces_current_data(submission):
        _finish(submission, State.NEEDS_CONFIRMATION, as_of)
        return
    publish_submission(submission_id=submission.pk, as_of=as_of)
    Submission.objects.filter(pk=submission.pk).update(attempt_count=0)


def _delete_unused(stored_as: str) -> None:
    """Delete a file of the store unless a submission still needs it."""
    if not Submission.objects.filter(stored_as=stored_as).exists():
        store.delete_file(stored_as)


def _reject(submission: Submission, refusal: FileRefused, as_of: datetime) -> None:
    submission.refusal_code = refusal.code
    submission.refusal = str(refusal)
    load.drop_rows(submission.pk)
    transaction.on_commit(lambda: store.delete_rows(submission.pk))
    _finish(submission, State.REJECTED, as_of)


def _finish(submission: Submission, to: State, as_of: datetime) -> None:
    """End of a step: state, counts and audit event, all in the step's transaction."""
    before = submission.state
    current = _locked(submission.pk)
    if current.state != before:
        raise StateRefused("The submission changed while it was being processed.")
    _move(submission, to, as_of)
    submission.attempt_count = 0
    submission.progress_done = submission.progress_total = 0
    submission.save()
    record_event(
        act="advance_submission",
        target=submission,
        by=None,
        team=submission.source.team,
        details={
            "from": before,
            "to": to.value,
            "rows": submission.row_count,
            "set_aside": submission.set_aside_count,
            "refusal": submission.refusal_code,
        },
    )


def _move(submission: Submission, to: State, as_of: datetime) -> None:
    check_transition(submission, to)
    submission.state = to
    submission.state_changed_at = as_of


def _locked(submission_id: int) -> Submission:
    return (
        Submission.objects.select_for_update(of=("self",))
        .select_related("source__team")
        .get(pk=submission_id)
    )


def _is_free(submission_id: int) -> bool:
    """Take the submission's lock until the end of the transaction; False when a worker holds it.

    A lock of its own, not the row's: progress is written to the row meanwhile.
    """
    with connection.cursor() as cursor:
        cursor.execute("select pg_try_advisory_xact_lock(%s, %s)", [_LOCK_SPACE, submission_id])
        return bool(cursor.fetchone()[0])


# --- what the clock does -----------------------------------------------------------------------------------


def delete_expired_files(*, as_of: datetime) -> int:
    """Delete uploads (they hold names) kept longer than FILE_RETENTION_DAYS. Returns how many.

    Effects: `stored_as` is emptied and one audit event written per submission; its numbers stay.
    """
    limit = as_of - timedelta(days=settings.FILE_RETENTION_DAYS)
    expired = Submission.objects.filter(received_at__lt=limit).exclude(stored_as="")
    deleted = 0
    for submission in expired:
        with transaction.atomic():
            old_file = submission.stored_as
            Submission.objects.filter(pk=submission.pk).update(stored_as="")
            record_event(
                act="delete_expired_file", target=submission, by=None, team=submission.source.team
            )
            if not Submission.objects.filter(stored_as=old_file).exists():
                transaction.on_commit(partial(store.delete_file, old_file))
        deleted += 1
    store.delete_leftovers(
        older_than=(as_of - timedelta(days=2)).timestamp(),
        wanted=set(Submission.objects.values_list("stored_as", flat=True)),
    )
    return deleted
