"""Who reads the files of this app's objects, and the facts that the app itself can answer."""

from __future__ import annotations

from grants.enums import ReportState
from grants.facts import Finding, Question, register_answer
from grants.models import Award, GrantReport, Milestone
from grants.queries.awards import visible_awards
from teams.attachments import list_attachments, register_owner
from teams.enums import Role
from teams.models import Membership, holds_on
from teams.scoping import Scope


def _reads_award(scope: Scope, award_id: int) -> bool:
    return Award.objects.filter(visible_awards(scope), pk=award_id).exists()


def _reads_report(scope: Scope, report_id: int) -> bool:
    return any(
        _reads_award(scope, award_id)
        for award_id in GrantReport.objects.filter(pk=report_id).values_list("award_id", flat=True)
    )


def _reads_milestone(scope: Scope, milestone_id: int) -> bool:
    return any(
        _reads_award(scope, award_id)
        for award_id in Milestone.objects.filter(pk=milestone_id).values_list("award_id", flat=True)
    )


def register_readers() -> None:
    register_owner("grants.award", _reads_award)
    register_owner("grants.grantreport", _reads_report)
    register_owner("grants.milestone", _reads_milestone)
    register_answer("agreement_signed", _agreement_signed)
    register_answer("team_named", _team_named)
    register_answer("report_accepted", _report_accepted)
    register_answer("document_on_file", _document_on_file)


def _agreement_signed(question: Question) -> Finding:
    award = Award.objects.get(pk=question.award_id)
    if award.agreement_signed_on is None:
        return Finding(False, "No signed agreement is on file.")
    return Finding(
        True, f"Signed by {award.agreement_signed_by} on {award.agreement_signed_on:%-d %b %Y}."
    )


def _team_named(question: Question) -> Finding:
    leads = Membership.objects.filter(
        holds_on(question.on), role=Role.GROUP_LEAD, organisation__teams=question.team_id
    )
    names = sorted(leads.values_list("user__name", flat=True))
    return Finding(bool(names), f"Lead: {', '.join(names)}." if names else "No lead is named.")


def _report_accepted(question: Question) -> Finding:
    wanted = int(question.parameters.get("reports", 1))
    accepted = GrantReport.objects.filter(
        award=question.award_id, state=ReportState.ACCEPTED
    ).count()
    return Finding(accepted >= wanted, f"{accepted} of {wanted} reports accepted.")


def _document_on_file(question: Question) -> Finding:
    names = [f.name for f in list_attachments(Milestone.objects.get(pk=question.milestone_id))]
    if not names:
        return Finding(False, "No document is on file.")
    return Finding(None, f"On file: {', '.join(names)}. A person has to read it.")
