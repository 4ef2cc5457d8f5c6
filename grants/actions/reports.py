"""Writes about financial and narrative reports."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from hashlib import sha256
from typing import Any, BinaryIO

from django.db import transaction
from django.utils import timezone

from grants.actions.events import record_award_event
from grants.enums import AwardState, ReportKind, ReportState
from grants.models import ActualLine, Award, GrantReport, ReportVersion
from grants.narrative import NEEDED, SECTIONS
from grants.policies.checks import check_not_own_group, check_reason
from grants.policies.transitions import check_step
from grants.queries.awards import may_report
from grants.queries.rules import get_rules
from grants.queries.spending import list_line_spending
from grants.report_content import content_hash
from grants.steps import checked_scope, lock_award
from grants.terms import newest_budget
from teams.actions.attachments import store_attachment
from teams.actions.autosave import keep_text
from teams.errors import NotAllowed, StateRefused
from teams.formats import format_money
from teams.models import Attachment, User
from teams.permissions import Permission

#: States of an award in which it is reported on.
REPORTING = (AwardState.ACTIVE, AwardState.SUSPENDED, AwardState.CLOSING, AwardState.TERMINATED)


@dataclass(frozen=True)
class LineEntry:
    """What a group says of one line: dollars spent in the period, ordered and not yet paid, and why."""

    actual: Decimal
    committed: Decimal = Decimal("0.00")
    variance_note: str = ""


def _begin(
    report: GrantReport, act: str, permission: Permission, *, by: User, as_of: datetime
) -> tuple[Award, GrantReport]:
    scope = checked_scope(by, permission, as_of)
    award = lock_award(report.award_id)
    if permission == Permission.REPORT_GRANTS and not may_report(scope, award.team_id):
        raise NotAllowed(f"Reports on this award are written by {award.team.name}.")
    report = GrantReport.objects.select_for_update().get(pk=report.pk)
    report.award = award
    check_step(act, report)
    return award, report


def _move(
    award: Award,
    report: GrantReport,
    act: str,
    *,
    by: User | None,
    as_of: datetime,
    reason: str = "",
    more: dict[str, Any] | None = None,
) -> GrantReport:
    step = check_step(act, report)
    before = report.state
    report.state = step.to or report.state
    report.state_reason, report.state_changed_at = reason.strip(), as_of
    report.save()
    record_award_event(
        award=award,
        act=f"{act}_report",
        target=report,
        by=by,
        as_of=as_of,
        before={"state": before},
        after={"state": report.state, **(more or {})},
        reason=reason,
    )
    return report


def _newest(report: GrantReport) -> ReportVersion:
    return report.versions.order_by("-number")[0]


@transaction.atomic
def add_report(
    *,
    award: Award,
    kind: ReportKind,
    starts_on: date,
    ends_on: date,
    due_on: date,
    by: User,
    as_of: datetime,
) -> GrantReport:
    """Ask for one more report than the award's kind has. Reminders go with it as with the others."""
    checked_scope(by, Permission.MANAGE_GRANTS, as_of)
    award = lock_award(award.pk)
    check_not_own_group(by, award, on=timezone.localdate(as_of))
    if award.state not in REPORTING:
        raise StateRefused(
            f"This award is “{award.get_state_display().lower()}”: reports are asked for once it is active and"
            " until it is closed."
        )
    if not award.starts_on <= starts_on < ends_on <= award.ends_on:
        raise StateRefused(
            f"The time of a report lies within the award: {award.starts_on:%-d %b %Y} to {award.ends_on:%-d %b %Y}."
        )
    if due_on <= ends_on:
        raise StateRefused("A report is due after the time that it is about.")
    same = award.reports.filter(kind=kind)
    if same.filter(starts_on=starts_on, ends_on=ends_on).exists():
        raise StateRefused("There is a report about exactly this time already.")
    overlap = same.filter(starts_on__lte=ends_on, ends_on__gte=starts_on).first()
    if kind == ReportKind.FINANCIAL and overlap is not None:
        raise StateRefused(
            f"{overlap} is about a part of this time. Money of one day is reported once."
        )
    report = GrantReport.objects.create(
        award=award, kind=kind, starts_on=starts_on, ends_on=ends_on, due_on=due_on
    )
    record_award_event(
        award=award,
        act="add_report",
        target=report,
        by=by,
        as_of=as_of,
        after={"kind": kind, "starts_on": starts_on, "ends_on": ends_on, "due_on": due_on},
    )
    return report


@transaction.atomic
def announce_report(*, report: GrantReport, as_of: datetime) -> GrantReport:
    """The time for a report has come. The system does this."""
    award = lock_award(report.award_id)
    report = GrantReport.objects.select_for_update().get(pk=report.pk)
    report.award = award
    return _move(award, report, "announce", by=None, as_of=as_of)


@transaction.atomic
def start_report(
    *, report: GrantReport, by: User, as_of: datetime, answers: Mapping[str, str] | None = None
) -> ReportVersion:
    """Begin the first version: a financial one with a line for every budget line, a narrative one with the
    sentences that the system can write (answers)."""
    award, report = _begin(report, "start", Permission.REPORT_GRANTS, by=by, as_of=as_of)
    version = ReportVersion.objects.create(
        report=report,
        number=1,
        started_by=by,
        started_at=as_of,
        answers={name: (answers or {}).get(name, "") for name in SECTIONS}
        if report.kind == ReportKind.NARRATIVE
        else {},
    )
    if report.kind == ReportKind.FINANCIAL:
        budget = newest_budget(award)
        ActualLine.objects.bulk_create(
            [
                ActualLine(version=version, line_code=line.line_code)
                for line in (budget.lines.all() if budget else [])
            ]
        )
    _move(award, report, "start", by=by, as_of=as_of, more={"version": 1})
    return version


def _text_hash(text: str) -> str:
    """Words of a draft are the group's own: its history proves them and does not show them. The words
    themselves stay in the versions of the text."""
    return sha256(text.encode()).hexdigest()


def _kept(line: LineEntry | ActualLine) -> dict[str, Any]:
    return {
        "actual": line.actual,
        "committed": line.committed,
        "note_sha256": _text_hash(line.variance_note.strip()),
    }


@transaction.atomic
def write_financial_report(
    *,
    report: GrantReport,
    lines: Mapping[str, LineEntry],
    comment: str,
    by: User,
    as_of: datetime,
) -> ReportVersion:
    """Keep what was typed so far. Nothing has to be complete until the report is handed in."""
    award, report = _begin(report, "write", Permission.REPORT_GRANTS, by=by, as_of=as_of)
    version = _newest(report)
    budget = newest_budget(award)
    known = {line.line_code for line in budget.lines.all()} if budget else set()
    said = {line.line_code: line for line in version.lines.all()}
    was = {
        "version": version.number,
        "comment_sha256": _text_hash(version.comment),
        "lines": {code: _kept(said[code]) for code in lines if code in said},
    }
    for code, entry in lines.items():
        if code not in known:
            raise StateRefused(f"There is no budget line {code}. Choose a line of the budget.")
        before = version.lines.filter(line_code=code).first() or ActualLine(
            version=version, line_code=code
        )
        line, _ = ActualLine.objects.update_or_create(
            version=version,
            line_code=code,
            defaults={
                "actual": entry.actual,
                "committed": entry.committed,
                "variance_note": entry.variance_note.strip(),
            },
        )
        for name, new in (
            ("actual", entry.actual),
            ("committed", entry.committed),
            ("variance_note", entry.variance_note.strip()),
        ):
            field = f"{'note' if name == 'variance_note' else name}-{code}"
            keep_text(
                target=line, team=award.team, field=field, before=getattr(before, name) or "",
                after=new or "", by=by, as_of=as_of,
            )  # fmt: skip
    keep_text(
        target=version, team=award.team, field="comment", before=version.comment,
        after=comment.strip(), by=by, as_of=as_of,
    )  # fmt: skip
    version.comment = comment.strip()
    version.save(update_fields=["comment"])
    record_award_event(
        award=award,
        act="write_financial_report",
        target=report,
        by=by,
        as_of=as_of,
        before=was,
        after={
            "version": version.number,
            "comment_sha256": _text_hash(version.comment),
            "lines": {code: _kept(entry) for code, entry in lines.items()},
        },
    )
    return version


@transaction.atomic
def write_narrative_report(
    *, report: GrantReport, answers: Mapping[str, str], by: User, as_of: datetime
) -> ReportVersion:
    """Keep what was typed so far."""
    award, report = _begin(report, "write", Permission.REPORT_GRANTS, by=by, as_of=as_of)
    version = _newest(report)
    changed = {
        name: text.strip()
        for name, text in answers.items()
        if name in SECTIONS and text.strip() != version.answers.get(name, "")
    }
    for name, text in changed.items():
        keep_text(
            target=version, team=award.team, field=name, before=version.answers.get(name, ""),
            after=text, by=by, as_of=as_of,
        )  # fmt: skip
    was = {name: _text_hash(version.answers.get(name, "")) for name in sorted(changed)}
    version.answers = {**version.answers, **changed}
    version.save(update_fields=["answers"])
    record_award_event(
        award=award,
        act="write_narrative_report",
        target=report,
        by=by,
        as_of=as_of,
        before={"version": version.number, "sections_sha256": was},
        after={
            "version": version.number,
            "sections_sha256": {name: _text_hash(changed[name]) for name in sorted(changed)},
        },
    )
    return version


@transaction.atomic
def submit_report(*, report: GrantReport, by: User, as_of: datetime) -> GrantReport:
    """Hand it in. From then on this version stays as it is.

    Raises StateRefused, naming the line or the section, while something is missing, or when more was spent
    than the whole award.
    """
    award, report = _begin(report, "submit", Permission.REPORT_GRANTS, by=by, as_of=as_of)
    version = _newest(report)
    version.report = report
    if report.kind == ReportKind.FINANCIAL:
        _check_lines(award, version)
    else:
        missing = [SECTIONS[name] for name in NEEDED if not version.answers.get(name, "").strip()]
        if missing:
            raise StateRefused(f"Still to answer: {' '.join(missing)}")
    version.content_sha256 = content_hash(version)
    version.submitted_by, version.submitted_at = by, as_of
    version.save(update_fields=["content_sha256", "submitted_by", "submitted_at"])
    return _move(
        award,
        report,
        "submit",
        by=by,
        as_of=as_of,
        more={"version": version.number, "sha256": version.content_sha256},
    )


def _check_lines(award: Award, version: ReportVersion) -> None:
    spending = list_line_spending(version, get_rules(), award=award)
    total = sum((line.spent for line in spending), Decimal(0))
    if total > award.amount:
        raise StateRefused(
            f"With this report {format_money(total)} would be spent, more than the award of "
            f"{format_money(award.amount)}. Correct the amounts, or ask for an amendment first."
        )
    below = [s.line.line_code for s in spending if s.spent < 0]
    if below:
        raise StateRefused(f"Line {below[0]} would be spent below zero. Correct its amount.")
    missing = [s.line for s in spending if s.needs_note and not s.note.strip()]
    if missing:
        names = ", ".join(f"{line.line_code} {line.description}" for line in missing)
        raise StateRefused(
            f"These lines are far from their planned pace and need a note that says why: {names}."
        )


@transaction.atomic
def request_report_changes(
    *, report: GrantReport, reason: str, by: User, as_of: datetime
) -> GrantReport:
    """Ask the group to change it. Effects: a new version with the same content, which the group can change."""
    award, report = _begin(report, "request_changes", Permission.MANAGE_GRANTS, by=by, as_of=as_of)
    check_not_own_group(by, award, on=timezone.localdate(as_of))
    check_reason(reason, "what should change")
    number = _copy(report, reason=reason, by=by, as_of=as_of)
    return _move(
        award,
        report,
        "request_changes",
        by=by,
        as_of=as_of,
        reason=reason,
        more={"version": number},
    )


def _copy(report: GrantReport, *, reason: str, by: User, as_of: datetime) -> int:
    old = _newest(report)
    new = ReportVersion.objects.create(
        report=report,
        number=old.number + 1,
        reason=reason.strip(),
        answers=old.answers,
        comment=old.comment,
        started_by=by,
        started_at=as_of,
    )
    ActualLine.objects.bulk_create(
        [
            ActualLine(
                version=new,
                line_code=line.line_code,
                actual=line.actual,
                committed=line.committed,
                variance_note=line.variance_note,
            )
            for line in old.lines.all()
        ]
    )
    return new.number


@transaction.atomic
def accept_report(*, report: GrantReport, by: User, as_of: datetime) -> GrantReport:
    """Somebody outside the group has read it and agrees."""
    award, report = _begin(report, "accept", Permission.MANAGE_GRANTS, by=by, as_of=as_of)
    check_not_own_group(by, award, on=timezone.localdate(as_of))
    report.decided_by, report.decided_at = by, as_of
    return _move(award, report, "accept", by=by, as_of=as_of)


@transaction.atomic
def reopen_report(*, report: GrantReport, reason: str, by: User, as_of: datetime) -> GrantReport:
    """Only finance opens a report again that was handed in. Effects: a new version; the old one stays."""
    award, report = _begin(report, "reopen", Permission.PAY_GRANTS, by=by, as_of=as_of)
    check_not_own_group(by, award, on=timezone.localdate(as_of))
    check_reason(reason, "why it is opened again")
    number = _copy(report, reason=reason, by=by, as_of=as_of)
    report.decided_by, report.decided_at = None, None
    return _move(
        award,
        report,
        "reopen",
        by=by,
        as_of=as_of,
        reason=reason,
        more={"version": number, "was": ReportState.ACCEPTED},
    )


@transaction.atomic
def attach_to_report(
    *, report: GrantReport, file: BinaryIO, name: str, by: User, as_of: datetime
) -> Attachment:
    """A receipt or another file, while the report is written."""
    award, report = _begin(report, "write", Permission.REPORT_GRANTS, by=by, as_of=as_of)
    attachment = store_attachment(
        owner=report, team=award.team, file=file, name=name, by=by, as_of=as_of
    )
    record_award_event(
        award=award,
        act="attach_to_report",
        target=report,
        by=by,
        as_of=as_of,
        after={"name": attachment.name, "sha256": attachment.sha256},
    )
    return attachment
