"""Phases, sessions, coaching calls, actions, scores and reports of the demo year, made through the actions."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from datetime import datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.db import transaction
from django.utils import timezone

from collaborative.demo.people import DIRECTOR
from learning.actions.coaching import (
    add_action_item,
    answer_help,
    ask_for_help,
    close_action_item,
    hold_call,
    plan_call,
)
from learning.actions.holding import answer_control, plan_control, watch_over_gains
from learning.actions.progress import (
    acknowledge_report,
    close_report,
    give_score,
    open_monthly_report,
    submit_report,
)
from learning.actions.sessions import (
    add_session_link,
    check_in,
    finish_pre_work,
    give_feedback,
    move_session_on,
    plan_session,
    save_phase,
)
from learning.enums import ActionState, PhaseKind, ScoreBy
from learning.models import (
    Call,
    ControlPlan,
    MonthlyReport,
    Phase,
    PrivateNote,
    Session,
    StreamNote,
)
from learning.queries.charts import list_small_charts
from learning.queries.facts import get_facts
from learning.queries.since import list_since
from learning.scale import suggest_score
from pdsa.charts.periods import step
from pdsa.enums import Frequency, Workstream
from pdsa.queries.measures import list_measures
from teams.actions.autosave import write_fields
from teams.models import Team, User
from teams.queries import list_coaches_of, list_people_around
from teams.scoping import scope_of

STORY = Path(__file__).with_name("learning.toml")
#: Days between two calls of a team; how many were held; how many reports were written.
_RHYTHM = 35
_CALLS = 6
_REPORTS = 4
#: Groups that the story leaves waiting for something, so that a caseload has reasons.
_SILENT = frozenset({"G08"})
_ASKING = ("G03", "G09", "G11")
_APART = "G07"
#: Group → its coach's score of the last month; the team's is the same or half a step off.
_SCORES = {
    "G01": "3.5", "G02": "2.5", "G03": "2.5", "G04": "3.0", "G05": "3.5", "G06": "2.5",
    "G07": "2.0", "G08": "1.5", "G09": "2.5", "G10": "3.0", "G11": "2.0", "G12": "2.5",
}  # fmt: skip


def load_learning(*, users: dict[str, User], now: datetime, say: Callable[[str], None]) -> None:
    """Everything that is not there yet. Days of the story count from `now`."""
    story = tomllib.loads(STORY.read_text("utf-8"))
    director = users[DIRECTOR]
    if not Phase.objects.exists():
        _make_phases(story, director, now)
    for session in story["session"]:
        if not Session.objects.filter(title=session["title"]).exists():
            _make_session(session, director, now)
    for number, team in enumerate(Team.objects.select_related("organisation").order_by("code")):
        if not Call.objects.filter(team=team).exists():
            _make_coaching(story, team, number, now)
        if not MonthlyReport.objects.filter(team=team).exists():
            _make_reports(story, team, number, now)
    if not ControlPlan.objects.exists():
        _make_control_plans(story, now)
        watch_over_gains(as_of=now)
    say(
        f"  {Session.objects.count()} sessions, {Call.objects.count()} calls,"
        f" {MonthlyReport.objects.count()} monthly reports"
    )


def _pick(texts: list[str], number: int) -> str:
    return texts[number % len(texts)]


def _at(now: datetime, ago: int, hour: int) -> datetime:
    """An hour of a working day so many days before now."""
    day = timezone.localdate(now) - timedelta(days=ago)
    day += timedelta(days=(7 - day.weekday()) % 7 if day.weekday() > 4 else 0)
    return timezone.make_aware(datetime.combine(day, time(hour)))


@transaction.atomic
def _make_phases(story: dict[str, Any], by: User, now: datetime) -> None:
    today = timezone.localdate(now)
    for row in story["phases"]:
        save_phase(
            name=row["name"],
            kind=PhaseKind(row["kind"]),
            starts_on=today - timedelta(days=row["from"]),
            ends_on=today - timedelta(days=row["to"]),
            by=by,
        )


@transaction.atomic
def _make_session(row: dict[str, Any], by: User, now: datetime) -> None:
    starts_at = _at(now, row["ago"], row["hour"])
    planned_at = min(now, starts_at - timedelta(days=40))
    session = plan_session(
        values={
            "kind": row["kind"],
            "title": row["title"],
            "starts_at": starts_at,
            "ends_at": starts_at + timedelta(minutes=row["minutes"]),
            "place": row.get("place", ""),
            "join_link": row.get("join_link", ""),
            "agenda": row["agenda"],
            "pre_work": row.get("pre_work", ""),
            "notes": row.get("notes", ""),
            "recording_link": row.get("recording", ""),
        },
        teams=[],
        by=by,
        as_of=planned_at,
    )
    for title, address in row.get("links", []):
        add_session_link(session=session, title=title, address=address, by=by, as_of=planned_at)
    if starts_at > now:
        if session.pre_work:
            move_session_on(session=session, act="open", by=by, as_of=now)
        return
    after = starts_at + timedelta(minutes=row["minutes"])
    for number, team in enumerate(Team.objects.order_by("code")):
        people = list(list_people_around(team, on=timezone.localdate(starts_at)))
        for person in people[: 1 + number % 3]:
            check_in(session=session, person=person, by=person, as_of=starts_at)
        if people and session.pre_work and number % 4:
            finish_pre_work(session=session, team=team, by=people[0], as_of=starts_at)
        if people and number % 2:
            give_feedback(
                session=session,
                useful=4 + number % 2 - number % 3 // 2,
                will_use=3 + number % 3,
                best=_pick(["Other teams' storyboards", "Time with our own coach", ""], number),
                better=_pick(["", "More time for questions", ""], number),
                by=people[0],
                as_of=after,
            )
    move_session_on(session=session, act="hold", by=by, as_of=after)
    if session.notes:
        move_session_on(
            session=session, act="publish", by=by, as_of=min(now, after + timedelta(days=3))
        )


@transaction.atomic
def _make_coaching(story: dict[str, Any], team: Team, number: int, now: datetime) -> None:
    """Six calls, the actions agreed in them, requests for help, and for most teams the next call."""
    texts = story["calls"]
    coach = list_coaches_of(team, on=timezone.localdate(now)).first()
    if coach is None:
        return
    staff = list(list_people_around(team, on=timezone.localdate(now)).exclude(pk=coach.pk))
    silent = team.code in _SILENT
    for turn in range(_CALLS):
        ago = 14 + number + _RHYTHM * (_CALLS - 1 - turn) + (60 if silent else 0)
        at = _at(now, ago, 10 + number % 5)
        seed = number + 2 * turn
        call = plan_call(
            team=team, coach=coach, planned_at=at, by=coach, as_of=at - timedelta(days=20)
        )
        notes = {
            name: _pick(texts[name], seed + place)
            for place, name in enumerate(("wins", "what_data_say", "stuck_on", "decisions"))
        }
        stream = [Workstream.CLINICAL, Workstream.REAL_DATA][turn % 2]
        boxes = StreamNote.objects.get(call=call, workstream=stream)
        write_fields(target=boxes, team=team, values=notes, by=coach, as_of=at)
        boxes.save()
        if turn == _CALLS - 1:
            note = PrivateNote.objects.get(call=call)
            private = {"text": _pick(texts["private"], number)}
            write_fields(target=note, team=team, values=private, by=coach, as_of=at)
            note.save()
        item = add_action_item(
            team=team,
            text=_pick(texts["actions"], seed),
            owner=_pick_person(staff, seed) or coach,
            due_on=timezone.localdate(at) + timedelta(days=21),
            workstream=[*Workstream][turn % 2],
            by=coach,
            as_of=at,
            call=call,
        )
        hold_call(
            call=call,
            held_on=timezone.localdate(at),
            attendees=", ".join(person.name for person in staff[:2]),
            workstreams=[Workstream.CLINICAL, Workstream.REAL_DATA][: 1 + turn % 2],
            by=coach,
            as_of=at,
        )
        if turn < _CALLS - 1:
            done = ActionState.DROPPED if seed % 5 == 4 else ActionState.DONE
            close_action_item(
                item=item, state=done, note="", by=item.owner, as_of=at + timedelta(days=18)
            )
    if not silent:
        plan_call(
            team=team,
            coach=coach,
            planned_at=_at(now, -(5 + number), 10 + number % 5),
            by=coach,
            as_of=now,
        )
    if team.code in _ASKING and staff:
        asked_at = now - timedelta(days=4 + number)
        asked = ask_for_help(
            team=team, text=_pick(texts["help"], number), by=staff[0], as_of=asked_at
        )
        if team.code != _ASKING[0]:
            answer_help(
                asked=asked,
                answer=_pick(texts["answers"], number),
                by=coach,
                as_of=asked_at + timedelta(days=1),
            )


def _pick_person(people: list[User], number: int) -> User | None:
    return people[number % len(people)] if people else None


@transaction.atomic
def _make_reports(story: dict[str, Any], team: Team, number: int, now: datetime) -> None:
    """The reports and scores of the last months; the newest of some teams is missing or waits for feedback."""
    texts = story["reports"]
    today = timezone.localdate(now)
    coach = list_coaches_of(team, on=today).first()
    people = list(list_people_around(team, on=today))
    lead = next((p for p in people if p.email.startswith("lead.")), None)
    sponsor = next((p for p in people if p.email.startswith("sponsor.")), None)
    if coach is None or lead is None:
        return
    scope = scope_of(lead, on=today)
    suggestion = suggest_score(get_facts(scope, team, today=today))
    evidence = [
        {"level": str(e.level), "met": e.met, "sentence": e.sentence} for e in suggestion.evidence
    ]
    for back in range(_REPORTS - 1, -1, -1):
        month = step(today, Frequency.MONTH, -1 - back)
        if back == 0 and team.code in _SILENT:
            break
        seed = number + back
        following = step(month, Frequency.MONTH)
        at = min(
            now, timezone.make_aware(datetime.combine(following + timedelta(days=3), time(11)))
        )
        report = open_monthly_report(team=team, month=month, by=lead)
        boxes = ("tested_and_learned", "help_needed", "next_steps", "patient_voice")
        values = {name: _pick(texts[name], seed + place) for place, name in enumerate(boxes)}
        write_fields(target=report, team=team, values=values, by=lead, as_of=at)
        report.save()
        final = Decimal(_SCORES[team.code])
        coach_value = max(Decimal("1.0"), final - Decimal("0.5") * (back // 2))
        team_value = coach_value + (Decimal("1.5") if team.code == _APART else Decimal(0))
        for by_whom, value, by in (
            (ScoreBy.TEAM, team_value, lead),
            (ScoreBy.COACH, coach_value, coach),
        ):
            give_score(
                team=team,
                month=month,
                by_whom=by_whom,
                value=value,
                reason=_pick(texts["reasons"], seed),
                suggested=suggestion.value,
                evidence=evidence,
                by=by,
                as_of=at,
            )
        items = list_since(scope, team, since=month, until=following - timedelta(days=1))
        facts = {
            "as_of": (following - timedelta(days=1)).isoformat(),
            "items": [item.as_json() for item in items],
            # The charts of older months are not kept: they would show numbers that came later.
            "charts": [] if back else list_small_charts(scope, team),
        }
        if back == 0 and number % 4 == 3:
            continue  # a draft that waits for its team
        submit_report(report=report, facts=facts, by=lead, as_of=at)
        if sponsor is not None and (back or number % 2):
            acknowledge_report(report=report, comment="", by=sponsor, as_of=at + timedelta(days=1))
        if back:
            close_report(
                report=report,
                feedback=_pick(texts["feedback"], seed),
                by=coach,
                as_of=at + timedelta(days=2),
            )


@transaction.atomic
def _make_control_plans(story: dict[str, Any], now: datetime) -> None:
    """One team's measures, each watched by its lead; where a measure does not exist, nothing is made."""
    for row in story["control"]:
        team = Team.objects.get(code=row["team"])
        lead = next(
            person
            for person in list_people_around(team, on=timezone.localdate(now))
            if person.email.startswith("lead.")
        )
        scope = scope_of(lead, on=timezone.localdate(now))
        measure = list_measures(scope).filter(project__team=team, name=row["measure"]).first()
        if measure is None:
            continue
        planned_at = now - timedelta(days=row["ago"])
        plan = plan_control(
            team=team,
            measure_id=measure.pk,
            values={
                "owner": lead,
                "check_every_days": row["every"],
                "trigger": row["trigger"],
                "threshold": Decimal(row["threshold"]) if "threshold" in row else None,
                "response": row["response"],
                "standard_work": "",
            },
            by=lead,
            as_of=planned_at,
        )
        answer_control(
            plan=plan, note=row["note"], by=lead, as_of=now - timedelta(days=row["checked"])
        )
