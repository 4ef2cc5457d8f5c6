"""Facts asked of many conditions at once say what they say of each alone, and of no other group."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime
from typing import Any

import pytest

from grants.actions.milestones import attach_evidence
from grants.facts import FACTS, Question, TeamSpan, ask, work_summaries
from grants.models import Award
from grants.terms import MilestoneTerms, TrancheTerms
from learning.models import Attendance
from pdsa.enums import CycleState
from teams.models import Team, User
from tests.factories.cycles import make_cycle
from tests.factories.grants import NOW, Grants, make_award, make_grants, make_terms
from tests.factories.learning import make_report, make_session
from tests.factories.people import make_team, make_user, signed_in

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
    assert "2 of 2 sessions attended." in said and "0 of 2 sessions attended." in said
    assert "3 of 1 tests of change are finished since the award began." in said
    assert "Lead: Lead of Busy." in said and "No lead is named." in said
    for name in ("busy.pdf", "idle.pdf"):
        assert f"On file: {name}. A person has to read it." in said


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
        team = make_team(name=f"Group {number}")
        work_of(world, team, tests=1, sessions=1)
        award_with_every_fact(world, team)
    pages = {
        world.director: {"/grants/": 31, "/grants/portfolio/": 27, "/grants/conditions/": 11},
        world.finance: {"/grants/": 15, "/grants/finance/": 25},
    }
    for person, paths in pages.items():
        client = signed_in(person)
        for path, queries in paths.items():
            assert client.get(path).status_code == 200
            with django_assert_num_queries(queries):
                client.get(path)
