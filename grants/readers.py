"""Who reads the files of this app's objects, and the facts that the app itself can answer."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from datetime import date

from grants.enums import ReportState
from grants.facts import Finding, Question, register_answer
from grants.models import Award, GrantReport, Milestone
from grants.queries.awards import list_report_files, visible_awards
from teams.attachments import list_attachments_of, register_owner
from teams.enums import Role
from teams.models import Attachment, Membership, holds_on
from teams.scoping import Scope


def _reads_award(scope: Scope, award_id: int) -> bool:
    return Award.objects.filter(visible_awards(scope), pk=award_id).exists()


def _reads_report(scope: Scope, report_id: int) -> bool:
    return any(
        _reads_award(scope, award_id)
        for award_id in GrantReport.objects.filter(pk=report_id).values_list("award_id", flat=True)
    )


def _reads_report_file(scope: Scope, file: Attachment) -> bool:
    report = GrantReport.objects.select_related("award").get(pk=file.owner_id)
    return list_report_files(scope, report).filter(pk=file.pk).exists()


def _reads_milestone(scope: Scope, milestone_id: int) -> bool:
    return any(
        _reads_award(scope, award_id)
        for award_id in Milestone.objects.filter(pk=milestone_id).values_list("award_id", flat=True)
    )


def register_readers() -> None:
    register_owner("grants.award", _reads_award)
    register_owner("grants.grantreport", _reads_report, may_read_file=_reads_report_file)
    register_owner("grants.milestone", _reads_milestone)
    register_answer("agreement_signed", _agreement_signed)
    register_answer("team_named", _team_named)
    register_answer("report_accepted", _report_accepted)
    register_answer("document_on_file", _document_on_file)


def _agreement_signed(questions: Sequence[Question]) -> list[Finding]:
    awards = Award.objects.in_bulk({q.award_id for q in questions})
    return [_signed(awards[q.award_id]) for q in questions]


def _signed(award: Award) -> Finding:
    if award.agreement_signed_on is None:
        return Finding(False, "No signed agreement is on file.")
    return Finding(
        True, f"Signed by {award.agreement_signed_by} on {award.agreement_signed_on:%-d %b %Y}."
    )


def _team_named(questions: Sequence[Question]) -> list[Finding]:
    teams = {q.team_id for q in questions}
    leads = {day: _leads(teams, day) for day in {q.on for q in questions}}
    return [_named(leads[q.on].get(q.team_id, [])) for q in questions]


def _named(names: list[str]) -> Finding:
    return Finding(bool(names), f"Lead: {', '.join(names)}." if names else "No lead is named.")


def _leads(team_ids: Collection[int], on: date) -> dict[int, list[str]]:
    """Names of the leads by team, in the order of the alphabet."""
    found: dict[int, list[str]] = defaultdict(list)
    for team_id, name in (
        Membership.objects.filter(
            holds_on(on), role=Role.GROUP_LEAD, organisation__teams__in=team_ids
        )
        .order_by()
        .values_list("organisation__teams", "user__name")
    ):
        found[team_id].append(name)
    return {team_id: sorted(names) for team_id, names in found.items()}


def _report_accepted(questions: Sequence[Question]) -> list[Finding]:
    accepted = Counter(
        GrantReport.objects.filter(
            award__in={q.award_id for q in questions}, state=ReportState.ACCEPTED
        )
        .order_by()
        .values_list("award_id", flat=True)
    )
    found = []
    for question in questions:
        wanted = int(question.parameters.get("reports", 1))
        count = accepted[question.award_id]
        found.append(Finding(count >= wanted, f"Reports accepted: {count}. Asked for: {wanted}."))
    return found


def _document_on_file(questions: Sequence[Question]) -> list[Finding]:
    files = list_attachments_of(Milestone, {q.milestone_id for q in questions})
    found = []
    for question in questions:
        names = [file.name for file in files.get(question.milestone_id, [])]
        found.append(
            Finding(None, f"On file: {', '.join(names)}. A person has to read it.")
            if names
            else Finding(False, "No document is on file.")
        )
    return found
