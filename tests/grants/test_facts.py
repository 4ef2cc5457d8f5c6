"""Facts asked of many conditions at once say what they say of each alone, and of no other group."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime
from typing import Any

import pytest

from collaborative.grant_facts import Share, gained
from grants.actions.milestones import attach_evidence
from grants.facts import FACTS, Finding, Question, TeamSpan, ask, work_summaries
from grants.models import Award
from grants.terms import MilestoneTerms, TrancheTerms
from learning.models import Attendance
from measures.enums import RealCategory
from pdsa.enums import CharterState, CycleState
from pdsa.models import Charter, Project
from teams.models import Team, User
from tests.factories.cycles import make_cycle
from tests.factories.grants import NOW, Grants, make_award, make_grants, make_terms
from tests.factories.learning import make_report, make_session
from tests.factories.people import make_team, make_user, signed_in
from tests.factories.results import (
    World,
    make_completeness,
    make_period,
    make_results,
    make_world,
)

pytestmark = pytest.mark.django_db

ON = date(2026, 3, 31)


def award_with_every_fact(world: Grants, team: Team) -> Award:
    keys = tuple(fact.name for fact in FACTS)
    terms = make_terms(
        milestones=tuple(
            MilestoneTerms(name, f"Shown by {name}", date(2026, 6, 30), name) for name in keys
        ),
        tranches=(TrancheTerms(1, make_terms().amount, date(2026, 7, 1), keys),),
    )
    return make_award(world, terms, team=team)


def work_of(world: Grants, team: Team, *, tests: int, sessions: int) -> User:
    """Finished tests with seven patients each, sessions attended by two people, a report handed in."""
    lead = make_user("group_lead", team=team, name=f"Lead of {team.name}")
    other = make_user("group_member", team=team)
    for number in range(tests):
        make_cycle(
            team, by=lead, state=CycleState.CLOSED, objective=f"Test {number}",
            started_on=date(2026, 2, 1 + number), ended_on=date(2026, 2, 20), patient_count=7,
        )  # fmt: skip
    for number in range(sessions):
        session = make_session(world.director, title=f"Session {number} of {team.code}")
        for person in (lead, other):
            Attendance.objects.create(
                session=session, user=person, team=team, checked_in_by=lead,
                checked_in_at=datetime(2026, 2, 3 + number, 15, tzinfo=UTC),
            )  # fmt: skip
    make_report(team, lead, month=date(2026, 2, 1))
    return lead


def questions_of(award: Award, name: str, **parameters: Any) -> list[Question]:
    return [
        Question(award.team_id, award.pk, m.pk, award.starts_on, parameters, ON)
        for m in award.milestones.filter(fact=name)
    ]


def test_each_group_gets_its_own_answers() -> None:
    world = make_grants(amount="7000000")
    busy, idle = make_team(name="Busy"), make_team(name="Idle")
    work_of(world, busy, tests=3, sessions=2)
    first, second = award_with_every_fact(world, busy), award_with_every_fact(world, idle)
    for award, name in ((first, "busy.pdf"), (second, "idle.pdf")):
        attach_evidence(
            milestone=award.milestones.get(fact="document_on_file"),
            file=io.BytesIO(b"%PDF-1.7 " + name.encode()), name=name, by=world.director, as_of=NOW,
        )  # fmt: skip
    asked = [
        (fact.name, question)
        for fact in FACTS
        for award in (first, second)
        for question in questions_of(award, fact.name, sessions=2, points=1)
    ]
    together = ask(asked)
    assert together == [ask([one])[0] for one in asked]
    said = [finding.text for finding in together]
    assert "Sessions attended: 2. Asked for: 2." in said
    assert "Sessions attended: 0. Asked for: 2." in said
    assert "Tests of change finished since the award began: 3. Asked for: 1." in said
    assert "Lead: Lead of Busy." in said and "No lead is named." in said
    for name in ("busy.pdf", "idle.pdf"):
        assert f"On file: {name}. A person has to read it." in said


def test_agreed_charter_meets_the_condition_and_a_draft_does_not() -> None:
    world = make_grants(amount="7000000")
    award = award_with_every_fact(world, world.team)
    project = Project.objects.create(team=world.team, title="Cuffs", created_by=world.lead)
    charter = Charter.objects.create(project=project)
    asked = [("charter_agreed", question) for question in questions_of(award, "charter_agreed")]
    assert [f.met for f in ask(asked)] == [False]
    charter.state, charter.agreed_at = CharterState.AGREED, NOW
    charter.reviewed_by, charter.reviewed_at = world.coach, NOW
    charter.agreed_by = world.lead
    charter.save()
    assert ask(asked) == [Finding(True, "A charter was agreed on 2 Mar 2026.")]


def known(made: World, team: Team, year: str, share: int) -> None:
    """So many of 1,000 members whose race they said themselves."""
    make_completeness(
        made, team,
        {RealCategory.SELF_REPORTED: share, RealCategory.UNKNOWN: 1000 - share},
        period=make_period(year),
    )  # fmt: skip


@pytest.mark.parametrize(("share", "met", "said"), [
    (549, False, "+4.9"), (550, True, "+5.0"), (551, True, "+5.1"),
])  # fmt: skip
def test_points_of_completeness_just_below_at_and_above(share: int, met: bool, said: str) -> None:
    world = make_grants(amount="7000000")
    award = award_with_every_fact(world, world.team)
    made = make_world(period="2025")
    asked = [
        ("completeness_gained", q) for q in questions_of(award, "completeness_gained", points=5)
    ]
    known(made, world.team, "2025", 500)
    assert ask(asked)[0].met is False  # nothing from after the award began
    known(made, world.team, "2026", share)
    found = ask(asked)[0]
    assert found.met is met
    assert f"moved by {said} points (2025 to 2026); 5 are asked for." in found.text


def share(year: int, known: float) -> Share:
    return Share(date(year, 1, 1), date(year, 12, 31), known)


def test_year_that_the_award_began_in_is_neither_before_nor_after() -> None:
    question = Question(1, 1, 1, date(2025, 6, 1), {"points": 5}, ON)
    assert gained(question, [[share(2024, 0.5), share(2025, 0.9)]]).met is False
    found = gained(question, [[share(2024, 0.5), share(2025, 0.9), share(2026, 0.55)]])
    assert found.met is True and "+5.0 points (2024 to 2026)" in found.text


def test_sources_are_not_mixed_in_one_series() -> None:
    question = Question(1, 1, 1, date(2026, 1, 1), {"points": 5}, ON)
    first, second = share(2025, 0.5), share(2026, 0.9)
    assert gained(question, [[first, second]]).met is True
    assert gained(question, [[first], [second]]).met is False  # of two payers
    assert gained(question, [[first, share(2026, 0.51)], [second]]).met is False


def test_accepted_reports_and_stratified_results_are_seen() -> None:
    world = make_grants(amount="7000000")
    award = award_with_every_fact(world, world.team)
    accepted = [("report_accepted", q) for q in questions_of(award, "report_accepted", reports=2)]
    for count, met in ((1, False), (2, True)):
        report = award.reports.exclude(state="accepted").order_by("due_on", "pk")[0]
        report.state, report.decided_by, report.decided_at = "accepted", world.director, NOW
        report.save()
        assert ask(accepted) == [Finding(met, f"Reports accepted: {count}. Asked for: 2.")]
    baseline = [("baseline_stratified", q) for q in questions_of(award, "baseline_stratified")]
    assert ask(baseline)[0].met is False
    made = make_world(period="2025")
    for team in (world.team, None):
        make_results(made, team, {"nh_white": (150, 200), "nh_black": (50, 100)})
    assert ask(baseline) == [Finding(True, "Results by race and ethnicity are there.")]


def test_work_is_summed_up_for_each_span() -> None:
    world = make_grants()
    busy, idle = make_team(name="Busy"), make_team(name="Idle")
    work_of(world, busy, tests=3, sessions=2)
    february = (date(2026, 2, 1), date(2026, 2, 28))
    whole, part, nothing, unknown = work_summaries(
        [
            TeamSpan(busy.pk, *february),
            TeamSpan(busy.pk, date(2026, 2, 2), date(2026, 2, 3)),
            TeamSpan(idle.pk, *february),
            TeamSpan(0, *february),
        ]
    )
    assert whole is not None and part is not None and nothing is not None and unknown is None
    assert (whole.tests_started, whole.patients_reached, whole.sessions_attended) == (3, 21, 2)
    assert whole.last_test_on == date(2026, 2, 3)
    assert (part.tests_started, part.patients_reached, part.sessions_attended) == (2, 14, 1)
    assert (nothing.tests_started, nothing.patients_reached, nothing.last_test_on) == (
        0,
        None,
        None,
    )


@pytest.mark.parametrize("count", [1, 3])
def test_pages_of_the_programme_ask_no_more_for_more_groups(
    count: int, django_assert_num_queries: Any
) -> None:
    world = make_grants(amount="7000000")
    for number in range(count):
        team = make_team(name=f"Practice {number}")
        work_of(world, team, tests=1, sessions=1)
        award_with_every_fact(world, team)
    pages = {
        world.director: {"/grants/": 35, "/grants/portfolio/": 26, "/grants/conditions/": 12},
        world.finance: {"/grants/": 16, "/grants/finance/": 23},
    }
    for person, paths in pages.items():
        client = signed_in(person)
        for path, queries in paths.items():
            assert client.get(path).status_code == 200
            with django_assert_num_queries(queries):
                client.get(path)
