"""What the system can already say in a narrative report: tests, sessions and what the measures show."""

from __future__ import annotations

from grants.facts import TeamSpan, WorkSummary, work_summaries
from grants.models import GrantReport
from grants.plan_chart import plan_sentence
from grants.queries.outcomes import list_outcomes
from grants.queries.plans import list_plans, view_plan
from teams.scoping import Scope


def narrative_answers(scope: Scope, report: GrantReport) -> dict[str, str]:
    """Sections that can be filled in; people read and change them.

    The payer reads the report: of gaps only those are said that readers outside the group may see.
    """
    award = report.award
    answers = {}
    [work] = work_summaries([TeamSpan(award.team_id, report.starts_on, report.ends_on)])
    if work is not None:
        answers["done"] = _done(work)
        if work.patients_reached is not None:
            answers["patients"] = f"The tests reached {work.patients_reached:,} patients."
    outcome = list_outcomes(scope.as_outsider(), [award], on=report.ends_on)[award.pk]
    shown = [
        f"{gap.measure_name}, {gap.stratum} against {gap.reference}: {gap.movement_text} ({gap.data_basis})"
        for gap in outcome.gaps
        if gap.moved is not None
    ]
    if shown:
        answers["numbers"] = "\n".join(shown)
    plans = [view_plan(plan) for plan in list_plans(scope).filter(team=award.team_id)]
    if plans:
        answers["next"] = "\n".join(
            f"Five-year plan “{view.plan.name}”: {plan_sentence(view.case, view.years)}"
            for view in plans
        )
    return answers


def _done(work: WorkSummary) -> str:
    if work.tests_started:
        said = f"We started {work.tests_started} tests of change and finished {work.tests_closed}."
        if work.last_test_on:
            said += f" The last one began on {work.last_test_on:%-d %B %Y}."
    else:
        said = "No test of change was started in this period."
    if work.sessions_attended:
        sessions = "session" if work.sessions_attended == 1 else "sessions"
        said += f" We took part in {work.sessions_attended} {sessions} of the programme."
    return said
