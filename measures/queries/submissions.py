"""Reads around submissions, for the organisation that sends the data and nobody else."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import connection
from django.db.models import QuerySet

from measures.models import Finding, PartialUpload, Source, Submission
from measures.queries.results import PRIVACY_THRESHOLD
from measures.queries.standing import own_submissions
from teams.models import User
from teams.permissions import Permission
from teams.scoping import Scope


def list_own_sources(scope: Scope) -> QuerySet[Source]:
    """Sources of the reader's own organisations that the reader may send data for."""
    if not scope.may(Permission.SUBMIT_DATA):
        return Source.objects.none()
    return Source.objects.filter(organisation_id__in=scope.organisation_ids).select_related("team")


def list_partial_uploads(scope: Scope, user: User) -> QuerySet[PartialUpload]:
    """Unfinished uploads that a person began, for sources that the person may still send data for."""
    return PartialUpload.objects.filter(
        user=user, source__in=list_own_sources(scope)
    ).select_related("source")


def list_submissions(scope: Scope) -> QuerySet[Submission]:
    """Submissions of the reader's own organisations, latest first."""
    return own_submissions(scope).select_related("submitted_by").order_by("-received_at", "-id")


def get_submission(scope: Scope, submission_id: int) -> Submission:
    """One submission. Raises Submission.DoesNotExist also when it is another organisation's."""
    return list_submissions(scope).get(pk=submission_id)


def list_findings(submission: Submission) -> QuerySet[Finding]:
    """What was found in a submission: errors first, then the most frequent."""
    return submission.findings.order_by("severity", "-line_count", "rule", "column")


@dataclass(frozen=True)
class SliceChange:
    """What a submission says about one team, measure and period, beside what is current.

    Rates are 0–1, None where the denominator is 0, or so small that it is protected (`*_denominator` is
    None then too). `old_*` are None where nothing would be replaced.
    """

    team_name: str
    measure_code: str
    period_label: str
    rows: int
    denominator: int | None
    rate: float | None
    old_rows: int | None
    old_denominator: int | None
    old_rate: float | None

    @property
    def replaces(self) -> bool:
        return self.old_rows is not None


def list_slice_changes(submission: Submission) -> list[SliceChange]:
    """Every slice of a submission, those that replace something first: one query."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            select t.name, m.code, p.label, new.row_count, new.denominator, new.numerator,
                old.row_count, old.denominator, old.numerator
            from measures_slice new
            join teams_team t on t.id = new.team_id
            join measures_measure m on m.id = new.measure_id
            join measures_period p on p.id = new.period_id
            left join measures_slice old on old.is_current and old.source_id = new.source_id
                and old.team_id = new.team_id and old.measure_id = new.measure_id
                and old.period_id = new.period_id and old.submission_id <> new.submission_id
            where new.submission_id = %s
            order by (old.id is null), t.name, m.position, p.ends_on, p.label
            """,
            [submission.pk],
        )
        return [
            SliceChange(
                team,
                measure,
                period,
                rows,
                *_protected(denominator, numerator),
                old_rows,
                *((None, None) if old_rows is None else _protected(old_denominator, old_numerator)),
            )
            for (
                team,
                measure,
                period,
                rows,
                denominator,
                numerator,
                old_rows,
                old_denominator,
                old_numerator,
            ) in cursor.fetchall()
        ]


def _protected(denominator: int, numerator: int) -> tuple[int | None, float | None]:
    """(denominator, rate) as the sender's staff see them: nothing about fewer than eleven people."""
    if denominator == 0:
        return 0, None
    if denominator < PRIVACY_THRESHOLD:
        return None, None
    return denominator, numerator / denominator
