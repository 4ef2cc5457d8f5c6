"""Nominations, "we tried this too" and questions: who may, under which name, and what goes with the share."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from learning.actions.exchange import (
    answer_group_question,
    ask_group,
    decline_nomination,
    report_tried,
    take_nomination_back,
)
from learning.models import GroupQuestion, Nomination, TriedToo
from learning.queries.exchange import (
    get_answerable_question,
    get_nominable_cycle,
    get_own_report,
    list_nominations,
    list_waiting_questions,
    read_exchange,
)
from pdsa.actions.cycles import share_cycle
from pdsa.actions.measures import link_cycle
from pdsa.enums import Sharing
from pdsa.models import Cycle
from teams.enums import Role
from teams.errors import StateRefused
from teams.models import Notification, Team, User
from tests.factories.cycles import make_cycle, make_idea, make_project
from tests.factories.harvest import NOW, make_nomination, make_shared, scope_at_now
from tests.factories.learning import make_coach
from tests.factories.local_measures import enter, make_local_measure
from tests.factories.people import make_team, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def other() -> Team:
    return make_team(name="Alder Clinics")


@pytest.fixture
def reader(other: Team) -> User:
    return make_user(Role.GROUP_LEAD, team=other)


def tried(cycle: Cycle, team: Team, by: User, **values: Any) -> TriedToo:
    given = {
        "outcome": "worked",
        "decision": "adopt",
        "text": "It went as well here",
        "is_named": False,
        "own_cycle": None,
        **values,
    }
    return report_tried(cycle=cycle, team=team, by=by, as_of=NOW, **given)


def ask(cycle: Cycle, by: User, team: Team | None, **values: Any) -> GroupQuestion:
    given = {"text": "How long did it take?", "is_named": False, **values}
    return ask_group(cycle=cycle, team=team, by=by, as_of=NOW, **given)


# --- nominations --------------------------------------------------------------------------------------------------


def test_team_and_its_coach_nominate_and_the_group_is_told(team: Team, lead: User) -> None:
    mine = make_nomination(make_shared(team, by=lead), lead)
    assert not Notification.objects.filter(user=lead, key=f"nomination-{mine.pk}").exists()
    by_coach = make_nomination(make_shared(team, by=lead), make_coach(team))
    assert Notification.objects.filter(user=lead, key=f"nomination-{by_coach.pk}").exists()


def test_only_shared_tests_of_teams_worked_with_can_be_nominated(
    team: Team, lead: User, reader: User, director: User
) -> None:
    private, shared = make_cycle(team, by=lead), make_shared(team, by=lead)
    for user, cycle in ((lead, private), (reader, shared), (director, private)):
        with pytest.raises(Cycle.DoesNotExist):
            get_nominable_cycle(scope_at_now(user), cycle.pk)
        with pytest.raises(Cycle.DoesNotExist):
            make_nomination(cycle, user)
    for role in (Role.PAYER_ANALYST, Role.EVALUATOR, Role.SENIOR_SPONSOR):
        with pytest.raises(Cycle.DoesNotExist):
            make_nomination(shared, make_user(role, team=team))
    assert not Nomination.objects.exists()


def test_test_is_nominated_once_until_it_is_answered(
    team: Team, lead: User, director: User
) -> None:
    first = make_nomination(make_shared(team, by=lead), lead)
    with pytest.raises(StateRefused, match="nominated already"):
        make_nomination(first.cycle, lead)
    with pytest.raises(IntegrityError, match="nomination_once_a_test"), transaction.atomic():
        Nomination.objects.create(
            cycle=first.cycle, reason="Again", nominated_by=lead, nominated_at=NOW
        )
    decline_nomination(nomination=first, note="Tell us more", by=director, as_of=NOW)
    assert Notification.objects.filter(user=lead, text="Tell us more").exists()
    make_nomination(first.cycle, lead)
    with pytest.raises(StateRefused, match="Only a nomination that waits can be answered"):
        decline_nomination(nomination=first, note="No", by=director, as_of=NOW)


def test_nomination_is_taken_back_while_it_waits(team: Team, lead: User) -> None:
    nomination = make_nomination(make_shared(team, by=lead), lead)
    take_nomination_back(nomination=nomination, by=lead)
    with pytest.raises(StateRefused, match="Only a nomination that waits can be taken back"):
        take_nomination_back(nomination=nomination, by=lead)


def test_nominations_are_seen_by_the_faculty_and_the_own_team_only(
    team: Team, lead: User, reader: User, director: User
) -> None:
    nomination = make_nomination(make_shared(team, by=lead), lead)
    foreign_coach = make_coach(make_team())
    for user in (lead, director, foreign_coach):
        assert list(list_nominations(scope_at_now(user))) == [nomination], user
    for user in (reader, make_user(Role.PAYER_ANALYST), make_user(Role.EVALUATOR)):
        assert not list_nominations(scope_at_now(user)), user


def measured(team: Team, lead: User, *, focus: tuple[int, int], after: tuple[int, int]) -> Cycle:
    """A shared test that began in July 2025, with a measure of both groups over 18 months."""
    project = make_project(team, by=lead)
    idea = make_idea(project, by=lead)
    cycle = make_shared(team, by=lead, idea=idea, as_of=NOW - timedelta(days=340), start_on=None)
    private = make_cycle(
        team, by=lead, idea=idea, objective="A private sequel", as_of=NOW - timedelta(days=330)
    )
    measure = make_local_measure(project, by=lead, name="Kits that come back")
    enter(measure, "nh_black", [focus] * 6 + [after] * 11, by=lead)
    enter(measure, "nh_white", [(60, 100)] * 17, by=lead)
    for one in (cycle, private):
        link_cycle(measure=measure, cycle=one, by=lead, as_of=NOW.date())
    return cycle


def test_group_lets_its_changes_out_with_interval_and_without_levels(
    team: Team, lead: User
) -> None:
    cycle = measured(team, lead, focus=(40, 100), after=(60, 100))
    silent = make_nomination(cycle, lead)
    assert silent.effects == []
    take_nomination_back(nomination=silent, by=lead)
    effect = make_nomination(cycle, lead, effects=True).effects[0]
    changes = dict(effect["changes"])
    assert changes["Black"].startswith("+20.0 points (95% interval ")
    assert "Difference of the two changes" in changes
    said = str(effect)
    for secret in ("40.0", "40%", "60%", "A private sequel", lead.name, str(cycle.idea)):
        assert secret not in said, secret
    assert "Counted by the group itself; Black: 600 counted before" in effect["basis"]
    assert effect["as_of"] == "2026-06-15"


def test_small_counts_do_not_leave_the_group(team: Team, lead: User) -> None:
    cycle = measured(team, lead, focus=(1, 100), after=(60, 100))
    effect = make_nomination(cycle, lead, effects=True).effects[0]
    assert [name for name, _ in effect["changes"]] == ["White"]
    assert "too few people to show every group" in effect["basis"]
    assert "600" not in effect["basis"].split("White")[0]


def test_coach_cannot_let_a_groups_numbers_out(team: Team, lead: User) -> None:
    cycle = measured(team, lead, focus=(40, 100), after=(60, 100))
    with pytest.raises(StateRefused, match="Only the group itself"):
        make_nomination(cycle, make_coach(team), effects=True)


# --- we tried this too --------------------------------------------------------------------------------------------


def test_report_is_shown_under_the_name_that_the_group_chose(
    team: Team, lead: User, other: Team, reader: User
) -> None:
    cycle = make_shared(team, by=lead)
    tried(cycle, other, reader)
    said = read_exchange(scope_at_now(lead), cycle)
    assert said.reports[0].group == "A group of the programme"
    note = Notification.objects.get(user=lead)
    assert note.title == "Another group tried your test too"
    assert "Alder" not in f"{note.title}{note.text}"
    tried(cycle, other, reader, is_named=True, outcome="did_not")
    assert TriedToo.objects.count() == 1
    said = read_exchange(scope_at_now(lead), cycle)
    assert said.reports[0].group == "Alder Clinics"
    assert said.tally_text == "Tried by 1 more group: did not work for 1"


@pytest.mark.parametrize(
    ("sharing", "is_named", "linked"),
    [
        (Sharing.TEAM, True, False),  # nobody may read it
        (Sharing.NAMED, False, False),  # its page would say who wrote the report
        (Sharing.UNNAMED, False, True),
        (Sharing.NAMED, True, True),
    ],
)
def test_own_test_is_linked_only_where_that_tells_nothing_more(
    team: Team, lead: User, other: Team, reader: User, sharing: str, is_named: bool, linked: bool
) -> None:
    cycle = make_shared(team, by=lead)
    own = make_shared(other, by=reader, sharing=sharing)
    tried(cycle, other, reader, own_cycle=own, is_named=is_named)
    said = read_exchange(scope_at_now(lead), cycle).reports[0]
    assert said.own_cycle_id == (own.pk if linked else None)


def test_texts_name_no_group(team: Team, lead: User, other: Team, reader: User) -> None:
    cycle = make_shared(team, by=lead, sharing=Sharing.UNNAMED)
    with pytest.raises(StateRefused, match="names Alder Clinics"):
        tried(cycle, other, reader, text="At alder clinics it worked")
    with pytest.raises(StateRefused, match="names Harbor Health"):
        ask(cycle, reader, other, text="Are you Harbor Health?")
    question = ask(cycle, reader, other)
    with pytest.raises(StateRefused, match="Harbor Health"):
        answer_group_question(question=question, answer="Yes, Harbor Health", by=lead, as_of=NOW)
    with pytest.raises(StateRefused, match=lead.name):
        answer_group_question(question=question, answer=f"Call {lead.name}", by=lead, as_of=NOW)


def test_own_test_cannot_be_reported_as_tried_too(team: Team, lead: User) -> None:
    with pytest.raises(StateRefused, match="your own"):
        tried(make_shared(team, by=lead), team, lead)


def test_report_is_taken_back_by_its_group_only(
    team: Team, lead: User, other: Team, reader: User
) -> None:
    report = tried(make_shared(team, by=lead), other, reader)
    assert get_own_report(scope_at_now(reader), report.pk) == report
    with pytest.raises(TriedToo.DoesNotExist):
        get_own_report(scope_at_now(lead), report.pk)


# --- questions ----------------------------------------------------------------------------------------------------


def test_question_reaches_the_group_and_the_answer_whoever_asked(
    team: Team, lead: User, other: Team, reader: User
) -> None:
    cycle = make_shared(team, by=lead, sharing=Sharing.UNNAMED)
    question = ask(cycle, reader, other)
    assert Notification.objects.get(user=lead).title == "Another group asks about your test"
    assert list_waiting_questions(scope_at_now(lead), limit=5) == [question]
    assert list_waiting_questions(scope_at_now(reader), limit=5) == []
    answer_group_question(question=question, answer="Two weeks", by=lead, as_of=NOW)
    told = Notification.objects.get(user=reader)
    assert told.title == "A group of the programme answered your question"
    assert "Harbor" not in f"{told.title}{told.text}"
    with pytest.raises(StateRefused, match="answered this on"):
        answer_group_question(question=question, answer="Three", by=lead, as_of=NOW)
    said = read_exchange(scope_at_now(reader), cycle).questions[0]
    assert (said.asker, said.answerer) == (
        "A group of the programme",
        "A group of the programme",
    )


def test_question_is_answered_by_the_group_alone(
    team: Team, lead: User, other: Team, reader: User, director: User
) -> None:
    question = ask(make_shared(team, by=lead), reader, other)
    assert get_answerable_question(scope_at_now(lead), question.pk) == question
    for user in (reader, director, make_coach(team), make_user(Role.SENIOR_SPONSOR, team=team)):
        with pytest.raises(GroupQuestion.DoesNotExist):
            get_answerable_question(scope_at_now(user), question.pk)


def test_faculty_asks_under_the_own_name(team: Team, lead: User, director: User) -> None:
    cycle = make_shared(team, by=lead)
    ask(cycle, director, None)
    assert (
        read_exchange(scope_at_now(lead), cycle).questions[0].asker == f"{director.name}, faculty"
    )


# --- taking the share back ----------------------------------------------------------------------------------------


def test_without_the_share_everything_that_was_said_is_gone(
    team: Team, lead: User, other: Team, reader: User, director: User
) -> None:
    cycle = make_shared(team, by=lead)
    nomination = make_nomination(cycle, lead)
    report = tried(cycle, other, reader)
    question = ask(cycle, reader, other)
    share_cycle(cycle=cycle, sharing=Sharing.TEAM, by=lead, as_of=NOW)
    nomination.refresh_from_db()
    assert (nomination.state, nomination.effects) == ("withdrawn", [])
    assert not list_nominations(scope_at_now(director))
    assert list_waiting_questions(scope_at_now(lead), limit=5) == []
    with pytest.raises(GroupQuestion.DoesNotExist):
        get_answerable_question(scope_at_now(lead), question.pk)
    with pytest.raises(TriedToo.DoesNotExist):
        get_own_report(scope_at_now(reader), report.pk)


def test_exchange_is_read_in_a_constant_number_of_queries(
    team: Team, lead: User, django_assert_num_queries: Any
) -> None:
    cycle = make_shared(team, by=lead)
    own = scope_at_now(lead)
    for number in range(3):
        group = make_team()
        by = make_user(Role.GROUP_LEAD, team=group)
        tried(cycle, group, by, own_cycle=make_shared(group, by=by))
        ask(cycle, by, group)
        if number in (0, 2):
            with django_assert_num_queries(4):
                read_exchange(own, cycle)
