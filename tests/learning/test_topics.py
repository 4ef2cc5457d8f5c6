"""Everything that the page of preferences promises is really told: one act for every phrase of every topic."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

import pytest
from django.utils import timezone

from grants.actions.nightly import ask_for_reports
from learning.actions.coaching import add_action_item, hold_call, remind_of_calls
from learning.actions.exchange import answer_group_question, ask_group
from learning.actions.progress import close_report, remind_of_reports, submit_report
from learning.actions.sessions import add_session_link, change_session, move_session_on
from learning.actions.stories import (
    begin_story,
    choose_follows,
    tell_of_shared_tests,
    tell_story,
)
from learning.models import GroupQuestion, MonthlyReport, Story
from pdsa.actions.aims import review_aim, review_charter
from pdsa.actions.cycle_rows import add_comment
from pdsa.actions.cycles import decide_cycle
from pdsa.actions.feeds import send_weekly_digest
from pdsa.actions.notices import remind_of_tests
from pdsa.enums import CycleState
from reports.actions import report_cards
from reports.cards.content import reviewable_sha256
from reports.queries.cards import get_content
from teams.enums import TOPIC_MEANING, Role, Topic
from teams.models import Notification, Team, User
from teams.scoping import scope_of
from tests.factories import definitions
from tests.factories.aims import make_aim, make_charter
from tests.factories.cycles import NOW as CYCLE_NOW
from tests.factories.cycles import make_cycle, make_project
from tests.factories.grants import NOW as GRANT_NOW
from tests.factories.grants import approve_all, make_award, make_grants, pay, tranche_of
from tests.factories.harvest import make_shared
from tests.factories.learning import (
    DAY,
    NOW,
    TODAY,
    make_call,
    make_coach,
    make_report,
    make_session,
)
from tests.factories.members import load_members, make_members
from tests.factories.people import make_team, make_user

pytestmark = pytest.mark.django_db


class Told(NamedTuple):
    """Who has to be told, and words that say what."""

    user: User
    words: str


class World:
    """A group with its people, and somebody of another group."""

    def __init__(self) -> None:
        self.team = make_team(name="Harbor Health", code="HARBOR")
        self.lead = make_user(Role.GROUP_LEAD, team=self.team)
        self.member = make_user(Role.GROUP_MEMBER, team=self.team)
        self.coach = make_coach(self.team)
        self.director = make_user(Role.PROGRAMME_DIRECTOR)
        self.other_team: Team = make_team()
        self.other = make_user(Role.GROUP_LEAD, team=self.other_team)


def _ask(w: World) -> GroupQuestion:
    return ask_group(
        cycle=make_shared(w.team, by=w.lead),
        team=w.other_team,
        text="How long did it take?",
        is_named=False,
        by=w.other,
        as_of=NOW,
    )


def somebody_writes(w: World) -> Told:
    _ask(w)
    return Told(w.lead, "asks about your test")


def mentioned(w: World) -> Told:
    cycle = make_cycle(w.team, by=w.member)
    add_comment(cycle=cycle, text="Well done", mentions=[w.member], by=w.coach, as_of=NOW)
    return Told(w.member, "wrote to you")


def answered(w: World) -> Told:
    question = _ask(w)
    answer_group_question(question=question, answer="Two weeks", by=w.lead, as_of=NOW)
    return Told(w.other, "answered your question")


def begins(w: World) -> Told:
    start_on = (CYCLE_NOW + DAY).date()
    make_cycle(w.team, by=w.member, state=CycleState.PLANNED, start_on=start_on)
    remind_of_tests(as_of=CYCLE_NOW + DAY)
    return Told(w.member, "Planned to begin")


def is_late(w: World) -> Told:
    cycle = make_cycle(w.team, by=w.member)
    assert cycle.planned_end_on is not None
    late = datetime.combine(cycle.planned_end_on + DAY, CYCLE_NOW.timetz())
    remind_of_tests(as_of=late)
    return Told(w.member, "Past its planned end")


def finished(w: World) -> Told:
    cycle = make_cycle(w.team, by=w.member, state=CycleState.STUDYING)
    decide_cycle(cycle=cycle, decision="adopt", by=w.lead, as_of=CYCLE_NOW)
    return Told(w.member, "Finished")


def aim_reviewed(w: World) -> Told:
    definitions.load()
    aim = make_aim(make_project(w.team, by=w.lead), by=w.lead)
    number = aim.versions.first().number
    review_aim(aim=aim, seen_version=number, note="", is_right=True, by=w.coach, as_of=NOW)
    return Told(w.lead, "is reviewed")


def charter_reviewed(w: World) -> Told:
    definitions.load()
    project = make_project(w.team, by=w.lead)
    make_aim(project, by=w.lead)
    charter = make_charter(project, by=w.lead)
    review_charter(charter=charter, note="", by=w.coach, as_of=NOW)
    return Told(w.lead, "The charter of")


def call_is_near(w: World) -> Told:
    call = make_call(w.team, w.coach, in_days=7)
    remind_of_calls(as_of=call.planned_at - DAY)
    return Told(w.lead, "Tomorrow at")


def notes_are_there(w: World) -> Told:
    call = make_call(w.team, w.coach)
    hold_call(
        call=call, held_on=TODAY, attendees="", workstreams=["clinical"], by=w.coach, as_of=NOW
    )
    return Told(w.lead, "Notes of the call")


def action_is_yours(w: World) -> Told:
    add_action_item(
        team=w.team,
        text="Call the sites",
        owner=w.member,
        due_on=TODAY,
        workstream="clinical",
        by=w.coach,
        as_of=NOW,
    )
    return Told(w.member, "Call the sites")


def invited(w: World) -> Told:
    make_session(w.director)
    return Told(w.lead, "Invitation")


def session_moved(w: World) -> Told:
    session = make_session(w.director)
    values = {"starts_at": session.starts_at + DAY, "ends_at": session.ends_at + DAY}
    change_session(session=session, values=values, teams=[], by=w.director, as_of=NOW)
    return Told(w.lead, "New time or place")


def pre_work(w: World) -> Told:
    move_session_on(session=make_session(w.director), act="open", by=w.director, as_of=NOW)
    return Told(w.lead, "Pre-work")


def materials(w: World) -> Told:
    session = make_session(w.director)
    add_session_link(
        session=session, title="Slides", address="https://example.org/", by=w.director, as_of=NOW
    )
    return Told(w.lead, "New materials")


def report_is_due(w: World) -> Told:
    make_report(w.team, w.member, month=date(2026, 4, 1))
    remind_of_reports(as_of=timezone.make_aware(datetime(2026, 6, 5, 9)))
    return Told(w.member, "is due on 5 June")


def _submit(w: World) -> MonthlyReport:
    report = make_report(w.team, w.member)
    MonthlyReport.objects.update(next_steps="Call the sites")
    return submit_report(report=report, facts={}, by=w.member, as_of=NOW)


def report_handed_in(w: World) -> Told:
    _submit(w)
    return Told(w.coach, "handed in")


def report_has_feedback(w: World) -> Told:
    close_report(report=_submit(w), feedback="Good", by=w.coach, as_of=NOW)
    return Told(w.member, "Feedback")


def step_waits(w: World) -> Told:
    grants = make_grants()
    approve_all(grants, tranche_of(make_award(grants)))
    return Told(grants.second_director, "waits for the programme’s approval")


def grant_report_is_due(w: World) -> Told:
    grants = make_grants()
    award = make_award(grants)
    due_on = award.reports.order_by("due_on").first().due_on
    ask_for_reports(as_of=datetime(due_on.year, due_on.month, due_on.day, 15, tzinfo=UTC))
    return Told(grants.lead, "is due today")


def money_was_paid(w: World) -> Told:
    grants = make_grants()
    award = make_award(grants)
    approve_all(grants, tranche_of(award))
    pay(grants, tranche_of(award))
    return Told(grants.lead, "was sent to you")


def card_was_published(w: World) -> Told:
    world = load_members(make_members(teams=("Amber Health",), members=[60], seed=5))
    team = world.team("Amber Health")
    lead, analyst = make_user(Role.GROUP_LEAD, team=team), make_user(Role.PAYER_ANALYST)
    scope = scope_of(analyst, on=GRANT_NOW.date())
    (card,) = report_cards.draft_report_cards(
        teams=[team], source=world.source, period=world.period("2024"), by=analyst
    )
    card = report_cards.review_report_card(
        card=card,
        seen_sha256=reviewable_sha256(get_content(scope, card)),
        scope=scope,
        as_of=GRANT_NOW,
        by=analyst,
    )
    report_cards.publish_report_card(card=card, scope=scope, as_of=GRANT_NOW, by=analyst)
    return Told(lead, "The report card of Amber Health")


def story_told(w: World) -> Told:
    choose_follows(chosen={("topic", "blood_pressure")}, by=w.other)
    story = begin_story(team=w.team, by=w.lead)
    Story.objects.update(title="Calls", what_we_changed="We call", what_happened="They come")
    story.refresh_from_db()
    about = {"topic": "blood_pressure"}
    tell_story(story=story, is_named=False, about=about, by=w.lead, as_of=NOW)
    return Told(w.other, "A story that you follow")


def shared_test(w: World) -> Told:
    choose_follows(chosen={("team", w.team.code)}, by=w.other)
    cycle = make_shared(w.team, by=w.lead)
    tell_of_shared_tests(as_of=cycle.changed_at + timedelta(hours=1))
    return Told(w.other, "A shared test that you follow")


def digest_of_news(w: World) -> Told:
    cycle = make_shared(w.team, by=w.lead)
    send_weekly_digest(user=w.other, as_of=CYCLE_NOW + DAY)
    return Told(w.other, str(cycle))


def digest_of_work(w: World) -> Told:
    cycle = make_cycle(w.team, by=w.lead)
    send_weekly_digest(user=w.lead, as_of=CYCLE_NOW + DAY)
    return Told(w.lead, f"- Finish: {cycle}")


#: Topic → phrase of its meaning → an act that keeps what the phrase promises.
KEPT: dict[Topic, dict[str, Callable[[World], Told]]] = {
    Topic.CONVERSATION: {
        "Somebody writes to you": somebody_writes,
        "mentions you": mentioned,
        "answers you": answered,
    },
    Topic.TESTS: {
        "A planned test begins": begins,
        "is late": is_late,
        "was finished": finished,
        "an aim": aim_reviewed,
        "charter is reviewed": charter_reviewed,
    },
    Topic.COACHING: {
        "A call is near": call_is_near,
        "its notes are there": notes_are_there,
        "an action is yours": action_is_yours,
    },
    Topic.SESSIONS: {
        "An invitation": invited,
        "a change of date": session_moved,
        "pre-work": pre_work,
        "materials": materials,
    },
    Topic.REPORTS: {
        "A report is due": report_is_due,
        "was handed in": report_handed_in,
        "has feedback": report_has_feedback,
    },
    Topic.GRANTS: {
        "A step waits for you": step_waits,
        "a report is due": grant_report_is_due,
        "money was paid": money_was_paid,
    },
    Topic.RESULTS: {"A report card of your group was published": card_was_published},
    Topic.STORIES: {
        "Another group tells a story": story_told,
        "shares a test about a topic that you follow": shared_test,
    },
    Topic.DIGEST: {
        "what is new in your programme": digest_of_news,
        "what waits for you": digest_of_work,
    },
}


@pytest.mark.parametrize("topic", Topic)
def test_every_phrase_of_a_topic_has_its_act(topic: Topic) -> None:
    """A promise that is added to a sentence needs an act here, and one that is taken out loses it."""
    said = TOPIC_MEANING[topic].removeprefix("Once a week: ").removesuffix(".")
    assert set(re.split(r", |; | or | and (?=what)", said)) == set(KEPT[topic])


@pytest.mark.parametrize(
    ("topic", "phrase"), [(topic, phrase) for topic, acts in KEPT.items() for phrase in acts]
)
def test_what_a_topic_promises_is_told(topic: Topic, phrase: str) -> None:
    user, words = KEPT[topic][phrase](World())
    rows = Notification.objects.filter(user=user, topic=topic)
    assert any(words in f"{row.title}\n{row.text}" for row in rows), list(rows)
