"""A submission's way through its states, and everything that must not happen on it."""

from __future__ import annotations

import gzip
import json
import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection

from measures.actions import submissions
from measures.actions.submissions import (
    StepFailed,
    confirm_replacement,
    delete_expired_files,
    process_submission,
    save_mapping,
    withdraw_submission,
)
from measures.enums import SubmissionState as State
from measures.errors import FileRefused
from measures.ingest import store
from measures.models import Cell, Finding, RealCount, SavedMapping, Slice, Source, Submission
from measures.policies import AUTOMATIC, TRANSITIONS, check_transition
from measures.tasks import LEFT_BEHIND_AFTER, sweep_submissions
from teams.errors import StateRefused
from teams.models import AuditEvent, Programme
from tests.factories.submissions import (
    AS_OF,
    csv_bytes,
    make_groups,
    make_source,
    receive,
    row,
    send,
)
from tests.factories.submissions import store as store_file

pytestmark = pytest.mark.django_db

GOOD = csv_bytes([row(member_id=f"m{i}", numerator=i % 2) for i in range(40)])
FOREIGN = b"patient id,grp,yr,den,num,sex\n" + b"".join(
    b"p%d,G01,2024,1,0,%s\n" % (i, [b"chap", b"lass"][i % 2]) for i in range(40)
)
COLUMNS = {
    "columns": {
        "member_id": {"header": "patient id"},
        "group_id": {"header": "grp"},
        "period": {"header": "yr"},
        "measure_id": {"constant": "CBP"},
        "denominator": {"header": "den"},
        "numerator": {"header": "num"},
    }
}
WHOLE = COLUMNS | {"values": {"sex": {"chap": "male", "lass": "female"}}}


@pytest.fixture
def source() -> Source:
    make_groups()
    return make_source()


def partitions() -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute("select relname from pg_class where relname like 'measures_member%%_s%%'")
        return {name for (name,) in cursor.fetchall()}


def leftovers() -> set[str]:
    """Files in the state folder that are neither uploads nor findings."""
    root = Path(settings.STATE_DIR)
    return {
        str(p.relative_to(root))
        for folder in ("scratch", "files/incoming")
        for p in (root / folder).rglob("*")
    }


# --- states ------------------------------------------------------------------------------------------------


def test_good_file_is_published_and_told(source: Source) -> None:
    submission = send(source, GOOD)
    assert submission.state == State.PUBLISHED
    assert (submission.row_count, submission.accepted_count, submission.set_aside_count) == (
        40,
        40,
        0,
    )
    assert Slice.objects.get(submission=submission).is_current
    acts = list(
        AuditEvent.objects.filter(object_id=str(submission.pk), object_type="measures.submission")
        .order_by("at")
        .values_list("act", "details__to")
    )
    assert acts == [
        ("receive_submission", None),
        ("advance_submission", "checked"),
        ("advance_submission", "loaded"),
        ("publish_submission", None),
    ]


def test_every_state_has_its_transitions() -> None:
    assert set(TRANSITIONS) == set(State)
    submission = Submission(state=State.PUBLISHED)
    for state in State:
        with pytest.raises(StateRefused):
            check_transition(submission, state)
    assert all(TRANSITIONS[state] for state in AUTOMATIC)


def test_same_file_twice_is_one_submission(source: Source) -> None:
    first, second = send(source, GOOD), send(source, GOOD)
    assert first.pk == second.pk
    assert Submission.objects.count() == 1
    assert (
        AuditEvent.objects.filter(act="receive_submission", details__sent_before=True).count() == 1
    )
    other = send(make_source(code="elsewhere"), GOOD)
    assert other.pk != first.pk


def test_too_many_bad_rows_reject_the_file_and_leave_nothing(source: Source) -> None:
    rows = [row(member_id=f"m{i}", period="2027" if i < 3 else "2024") for i in range(40)]
    submission = send(source, csv_bytes(rows))
    assert submission.state == State.REJECTED
    assert submission.refusal_code == "too_many_bad_rows"
    assert submission.refusal.startswith("3 of 40 rows (7.5%) were set aside; at most 5% may be.")
    assert "column period, first in line 2" in submission.refusal
    assert not Cell.objects.exists()
    assert not Slice.objects.exists()
    assert partitions() == set()
    assert Finding.objects.get(submission=submission).line_count == 3


def test_share_of_bad_rows_is_a_setting_of_the_programme(source: Source) -> None:
    Programme.objects.update_or_create(id=1, defaults={"rejected_share_percent": 10})
    rows = [row(member_id=f"m{i}", period="2027" if i < 3 else "2024") for i in range(40)]
    submission = send(source, csv_bytes(rows))
    assert (submission.state, submission.accepted_count) == (State.PUBLISHED, 37)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "empty_file"),
        (csv_bytes([row()]).split(b"\n")[0] + b"\n", "no_rows"),
        (gzip.compress(GOOD)[:-9], "truncated_gzip"),
        (GOOD + b'm99,"G01', "open_quote"),
    ],
)
def test_unusable_file_is_rejected_with_a_sentence(source: Source, data: bytes, code: str) -> None:
    submission = send(source, data)
    assert (submission.state, submission.refusal_code) == (State.REJECTED, code)
    assert submission.refusal.endswith(".")
    assert not Finding.objects.exists()
    assert not submission.findings_stored_as


def test_rejected_file_sent_again_is_tried_again(source: Source) -> None:
    unknown = csv_bytes([row(group_id="G77", site_id="")])
    # One unknown code could be mapped; a code that looks like free text could not.
    first = send(source, csv_bytes([row(member_id="x" * 70)]))
    assert first.state == State.REJECTED
    second = send(source, csv_bytes([row(member_id="x" * 70)]))
    assert second.pk == first.pk
    assert AuditEvent.objects.filter(details__attempted_again=True).count() == 1
    assert send(source, unknown).state == State.NEEDS_MAPPING


# --- mapping -----------------------------------------------------------------------------------------------


def test_foreign_headers_ask_for_a_mapping_and_it_is_remembered(source: Source) -> None:
    submission = send(source, FOREIGN)
    assert (submission.state, submission.unmapped) == (State.NEEDS_MAPPING, {})
    assert submission.headers == ["patient id", "grp", "yr", "den", "num", "sex"]
    save_mapping(submission=submission, mapping=COLUMNS, by=None, as_of=AS_OF)
    process_submission(submission_id=submission.pk, as_of=AS_OF)
    submission.refresh_from_db()
    assert (submission.state, submission.unmapped) == (
        State.NEEDS_MAPPING,
        {"sex": {"chap": 20, "lass": 20}},
    )
    save_mapping(submission=submission, mapping=WHOLE, by=None, as_of=AS_OF)
    process_submission(submission_id=submission.pk, as_of=AS_OF)
    submission.refresh_from_db()
    assert (submission.state, submission.accepted_count, submission.unmapped) == (
        State.PUBLISHED,
        40,
        {},
    )
    assert SavedMapping.objects.get().mapping == WHOLE
    # The next file with these headers, in another order, needs no mapping.
    second = FOREIGN.replace(b",2024,", b",2023,")
    assert send(source, second).state == State.PUBLISHED


def test_mapping_is_refused_where_none_is_wanted(source: Source) -> None:
    submission = send(source, GOOD)
    with pytest.raises(StateRefused, match="correct"):
        save_mapping(submission=submission, mapping=COLUMNS, by=None, as_of=AS_OF)


@pytest.mark.parametrize(
    ("mapping", "words"),
    [
        ({"columns": {"member_id": {"header": "nowhere"}}}, "does not have"),
        ({"columns": {"shoe_size": {"header": "den"}}}, "not a column"),
        ({"columns": {"member_id": {"constant": "x"}}}, "cannot be a constant"),
        ({"columns": {"period": {"header": "yr", "constant": "2024"}}}, "either"),
        ({"values": {"zip": {"1": "2"}}}, "cannot be mapped"),
        ({"values": {"sex": ["m"]}}, "pairs"),
        ({"colums": {}}, "only"),
        ([], "only"),
    ],
)
def test_unusable_mapping_is_refused_in_words(source: Source, mapping: Any, words: str) -> None:
    submission = send(source, FOREIGN)
    with pytest.raises(FileRefused, match=words):
        save_mapping(submission=submission, mapping=mapping, by=None, as_of=AS_OF)
    submission.refresh_from_db()
    assert submission.state == State.NEEDS_MAPPING


def test_few_unknown_codes_are_set_aside_and_the_rest_goes_on(source: Source) -> None:
    rows = [row(member_id=f"m{i}", sex="??" if i == 7 else "F") for i in range(40)]
    submission = send(source, csv_bytes(rows))
    assert (submission.state, submission.set_aside_count) == (State.PUBLISHED, 1)


# --- replacing ---------------------------------------------------------------------------------------------


def test_correction_waits_for_confirmation_and_both_stay(source: Source) -> None:
    first = send(source, GOOD)
    corrected = csv_bytes([row(member_id=f"m{i}", numerator=1) for i in range(40)])
    second = send(source, corrected)
    assert second.state == State.NEEDS_CONFIRMATION
    assert Slice.objects.get(is_current=True).submission_id == first.pk
    confirm_replacement(submission=second, by=None, as_of=AS_OF)
    process_submission(submission_id=second.pk, as_of=AS_OF)
    second.refresh_from_db()
    assert second.state == State.PUBLISHED
    assert Slice.objects.get(is_current=True).submission_id == second.pk
    assert Slice.objects.get(submission=first).superseded_by_id == second.pk
    assert Cell.objects.filter(submission=first).exists()


def test_new_slices_need_no_confirmation(source: Source) -> None:
    send(source, GOOD)
    assert send(source, GOOD.replace(b"2024", b"2023")).state == State.PUBLISHED


def test_confirmation_is_refused_where_none_is_wanted(source: Source) -> None:
    with pytest.raises(StateRefused):
        confirm_replacement(submission=send(source, GOOD), by=None, as_of=AS_OF)


def test_sending_again_with_agreement_confirms(source: Source) -> None:
    send(source, GOOD)
    corrected = GOOD.replace(b",0\n", b",1\n")
    assert send(source, corrected).state == State.NEEDS_CONFIRMATION
    assert send(source, corrected, replace_confirmed=True).state == State.PUBLISHED


# --- withdrawing -------------------------------------------------------------------------------------------


def test_withdrawn_submission_leaves_nothing(
    source: Source, django_capture_on_commit_callbacks: Any
) -> None:
    send(source, GOOD)
    submission = send(source, GOOD.replace(b",0\n", b",1\n"))
    path = store.path_of(submission.stored_as)
    assert path.exists()
    with django_capture_on_commit_callbacks(execute=True):
        withdraw_submission(submission=submission, by=None, as_of=AS_OF)
    submission.refresh_from_db()
    assert (submission.state, submission.stored_as) == (State.WITHDRAWN, "")
    assert not path.exists()
    for model in (Cell, Slice, RealCount, Finding):
        assert not model.objects.filter(submission=submission).exists()
    assert not any(name.endswith(f"_s{submission.pk}") for name in partitions())


def test_published_data_cannot_be_withdrawn(source: Source) -> None:
    submission = send(source, GOOD)
    with pytest.raises(StateRefused, match="corrected file"):
        withdraw_submission(submission=submission, by=None, as_of=AS_OF)
    assert Cell.objects.exists()


def test_file_that_another_source_sent_too_is_kept(
    source: Source, django_capture_on_commit_callbacks: Any
) -> None:
    foreign, other = send(source, FOREIGN), send(make_source(code="elsewhere"), FOREIGN)
    with django_capture_on_commit_callbacks(execute=True):
        withdraw_submission(submission=foreign, by=None, as_of=AS_OF)
    assert store.path_of(other.stored_as).exists()


# --- running twice, failing --------------------------------------------------------------------------------


def test_processing_again_changes_nothing(source: Source) -> None:
    submission = send(source, GOOD)
    before = sorted(Cell.objects.values_list(), key=str)
    assert process_submission(submission_id=submission.pk, as_of=AS_OF) == State.PUBLISHED
    assert sorted(Cell.objects.values_list(), key=str) == before


def test_step_that_runs_again_rewrites_its_own_output(source: Source) -> None:
    submission = send(source, GOOD)
    whole = submission_numbers(submission)
    for state in (State.RECEIVED, State.CHECKED, State.LOADED):
        Submission.objects.filter(pk=submission.pk).update(
            state=state, published_at=None, data_version=None
        )
        store.delete_rows(submission.pk)
        process_submission(submission_id=submission.pk, as_of=AS_OF)
        submission.refresh_from_db()
        assert submission.state == State.PUBLISHED
        assert submission_numbers(submission) == whole


def submission_numbers(submission: Submission) -> list[Any]:
    """Everything that a submission says, without row ids."""
    return [
        sorted(map(str, model.objects.filter(submission=submission).values_list(*fields)))
        for model, fields in (
            (Cell, ("team", "measure", "period", "site", "line_of_business", "stratum", "denominator", "numerator")),
            (Slice, ("team", "measure", "period", "row_count", "denominator", "numerator", "is_current")),
            (RealCount, ("team", "period", "site", "field", "category", "member_count")),
            (Finding, ("rule", "column", "line_count", "first_lines")),
        )
    ]  # fmt: skip


def test_unexpected_error_keeps_the_state_and_says_nothing_of_the_file(
    source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    def explode(*args: Any, **kwargs: Any) -> None:
        raise RuntimeError("Keeling was here")

    submission = receive(source, GOOD)
    monkeypatch.setattr(submissions.load, "store_sums", explode)
    with pytest.raises(StepFailed) as failed:
        process_submission(submission_id=submission.pk, as_of=AS_OF)
    assert "Keeling" not in str(failed.value)
    assert failed.value.__cause__ is None
    assert "RuntimeError" in str(failed.value)
    submission.refresh_from_db()
    assert submission.state == State.CHECKED
    assert partitions() == set()
    assert not Cell.objects.exists()
    monkeypatch.undo()
    assert process_submission(submission_id=submission.pk, as_of=AS_OF) == State.PUBLISHED


def test_submission_is_given_up_after_five_attempts(source: Source) -> None:
    submission = receive(source, GOOD)
    Submission.objects.filter(pk=submission.pk).update(attempt_count=5)
    process_submission(submission_id=submission.pk, as_of=AS_OF)
    submission.refresh_from_db()
    assert (submission.state, submission.refusal_code) == (State.REJECTED, "gave_up")


def test_sweep_picks_up_what_was_left_behind(source: Source) -> None:
    from django.utils import timezone

    from collaborative.celery import app

    old = timezone.now() - 2 * LEFT_BEHIND_AFTER
    left = receive(source, GOOD, as_of=old)
    fresh = receive(source, GOOD.replace(b"2024", b"2023"), as_of=timezone.now())
    app.conf.task_always_eager = True
    try:
        sweep_submissions.delay()
    finally:
        app.conf.task_always_eager = False
    left.refresh_from_db()
    fresh.refresh_from_db()
    assert (left.state, fresh.state) == (State.PUBLISHED, State.RECEIVED)


# --- files -------------------------------------------------------------------------------------------------


def test_findings_list_holds_every_line_and_no_value(source: Source) -> None:
    rows = [
        row(member_id=f"m{i}", race="white", zip="2139", last_name="Keeling") for i in range(30)
    ]
    submission = send(source, csv_bytes(rows))
    text = gzip.decompress(store.path_of(submission.findings_stored_as).read_bytes()).decode()
    lines = text.splitlines()
    assert lines[0] == "line,column,rule,severity"
    assert lines[1:] == [f"{i},zip,zip_zero_restored,warning" for i in range(2, 32)]
    assert "Keeling" not in text


def test_files_are_the_applications_own(source: Source) -> None:
    submission = send(source, csv_bytes([row(zip="2139")]))
    for name in (submission.stored_as, submission.findings_stored_as):
        assert store.path_of(name).stat().st_mode & 0o777 == 0o600


def test_nothing_is_left_between_steps(
    source: Source, django_capture_on_commit_callbacks: Any
) -> None:
    before = leftovers()
    with django_capture_on_commit_callbacks(execute=True):
        send(source, GOOD)
        send(source, GOOD + b'm99,"G01')
    assert leftovers() == before


def test_upload_that_breaks_off_leaves_nothing() -> None:
    before = leftovers()
    with pytest.raises(ConnectionError), store.IncomingFile() as incoming:
        incoming.write(b"half of it")
        raise ConnectionError
    assert leftovers() == before


def test_upload_beyond_the_limit_is_refused(settings: Any) -> None:
    settings.UPLOAD_LIMIT_BYTES = 10
    before = leftovers()
    with pytest.raises(FileRefused) as refused, store.IncomingFile() as incoming:
        incoming.write(b"more than ten bytes")
    assert refused.value.code == "too_large"
    assert leftovers() == before


def test_uploads_are_deleted_when_their_time_is_over(
    source: Source, settings: Any, django_capture_on_commit_callbacks: Any
) -> None:
    submission = send(source, GOOD)
    path = store.path_of(submission.stored_as)
    limit = timedelta(days=settings.FILE_RETENTION_DAYS)
    assert delete_expired_files(as_of=AS_OF + limit) == 0
    with django_capture_on_commit_callbacks(execute=True):
        assert delete_expired_files(as_of=AS_OF + limit + timedelta(minutes=1)) == 1
    submission.refresh_from_db()
    assert not path.exists()
    assert (submission.stored_as, submission.state) == ("", State.PUBLISHED)
    assert AuditEvent.objects.filter(act="delete_expired_file").count() == 1


def test_upload_that_no_submission_wants_is_swept_away(source: Source) -> None:
    wanted = send(source, GOOD)
    orphan = store.path_of(store_file(b"nobody registered this").stored_as)
    for path in (orphan, store.path_of(wanted.stored_as)):
        os.utime(path, (0, 0))
    fresh = store.path_of(store_file(b"somebody registers this in a moment").stored_as)
    delete_expired_files(as_of=AS_OF)
    assert (orphan.exists(), fresh.exists()) == (False, True)
    assert store.path_of(wanted.stored_as).exists()


# --- the command -------------------------------------------------------------------------------------------


def test_command_sends_and_waits(source: Source, tmp_path: Path, capsys: Any) -> None:
    path = tmp_path / "results.csv"
    path.write_bytes(GOOD)
    call_command("ingest", str(path), source="payer", wait=True)
    assert "Published. 40 rows, 40 accepted" in capsys.readouterr().out
    path.write_bytes(GOOD.replace(b",0\n", b",1\n"))
    with pytest.raises(CommandError, match="--replace"):
        call_command("ingest", str(path), source="payer", wait=True)
    call_command("ingest", str(path), source="payer", wait=True, replace=True)
    assert Submission.objects.filter(state=State.PUBLISHED).count() == 2


def test_command_takes_a_mapping(source: Source, tmp_path: Path) -> None:
    path, mapping = tmp_path / "foreign.csv", tmp_path / "mapping.json"
    path.write_bytes(FOREIGN)
    with pytest.raises(CommandError, match="mapping"):
        call_command("ingest", str(path), source="payer", wait=True)
    mapping.write_text(json.dumps(WHOLE))
    call_command("ingest", str(path), source="payer", wait=True, mapping=str(mapping))
    assert Submission.objects.get().state == State.PUBLISHED


def test_command_refuses_in_words(source: Source, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="no source “nobody”. Known: payer"):
        call_command("ingest", "x.csv", source="nobody")
    with pytest.raises(CommandError, match="No such file"):
        call_command("ingest", str(tmp_path / "none.csv"), source="payer")
