"""Ramps and tests of the demo teams over the last year, written through the actions on the days of the story."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.db import transaction

from measures.queries import list_patient_groups
from pdsa.actions.cycle_rows import add_comment, add_reading, add_task
from pdsa.actions.cycles import (
    decide_cycle,
    log_cycle,
    log_done_cycle,
    move_cycle,
    set_focus,
    share_cycle,
)
from pdsa.actions.projects import add_idea, create_project
from pdsa.enums import Sharing, Workstream
from pdsa.models import ChangeIdea, Cycle, Project
from teams.actions.autosave import write_fields
from teams.models import Team, User

STORY = Path(__file__).parent / "tests_of_change.toml"
_REAL_PROJECT = "Race, ethnicity and language we can trust"
_FIRST_PROJECT = "First tests"
_HOUR = 10
#: Group → whom its tests are for; the others: Hispanic patients.
_FOCUS = {
    "G04": "nh_black",
    "G05": "nh_black",
    "G07": "nh_asian",
    "G10": "nh_black",
    "G12": "nh_black",
}


def load_tests_of_change(
    *, users: dict[str, User], now: datetime, say: Callable[[str], None]
) -> None:
    """Every ramp that is not there yet. users: by e-mail. Days before today count from `now`."""
    story = tomllib.loads(STORY.read_text("utf-8"))
    made = 0
    for ramp in story["ramp"]:
        team = Team.objects.select_related("organisation").get(code=ramp["team"])
        lead = users[f"lead.{team.code.lower()}@groups.example"]
        first = ramp["tests"][0]["try"]
        if not Cycle.objects.filter(idea__project__team=team, objective=first).exists():
            made += _make_ramp(ramp, team, lead, now)
    say(f"  {made} tests of change")


@transaction.atomic
def _make_ramp(ramp: dict[str, Any], team: Team, lead: User, now: datetime) -> int:
    project = _project(team, lead, ramp.get("workstream", ""))
    idea = add_idea(project=project, title=ramp["idea"], by=lead)
    coach = _coach(team, now)
    for planned in idea.cycles.filter(state="planned"):
        move_cycle(
            cycle=planned, act="cancel", by=lead, as_of=now, reason="We began smaller than that"
        )
    for test in ramp["tests"]:
        begun = (now - timedelta(days=test["ago"])).replace(hour=_HOUR, minute=15)
        _make_test(
            test, ramp, idea, team, lead, coach, min(begun, now) if test["ago"] > 0 else now, now
        )
    return len(ramp["tests"])


def _project(team: Team, lead: User, workstream: str) -> Project:
    """The team's project of the workstream: the first clinical one, or the one about data."""
    if workstream == Workstream.REAL_DATA:
        found = Project.objects.filter(team=team, workstream=workstream).first()
        return found or create_project(
            team=team, title=_REAL_PROJECT, workstream=Workstream.REAL_DATA, by=lead
        )
    found = Project.objects.filter(team=team, workstream=Workstream.CLINICAL).order_by("id").first()
    return found or create_project(team=team, title=_FIRST_PROJECT, by=lead)


def _coach(team: Team, now: datetime) -> User | None:
    assignment = (
        team.coach_assignments.filter(starts_on__lte=now.date()).order_by("-starts_on").first()
    )
    return assignment.user if assignment else None


def _make_test(
    test: dict[str, Any],
    ramp: dict[str, Any],
    idea: ChangeIdea,
    team: Team,
    lead: User,
    coach: User | None,
    begun: datetime,
    now: datetime,
) -> None:
    ended = min(begun + timedelta(days=test["days"]), now)
    first_day = begun.date() - timedelta(days=test["ago"]) if test["ago"] < 0 else begun.date()
    if ramp.get("done"):
        cycle = log_done_cycle(
            team=team,
            objective=test["try"],
            what_happened=test["did"],
            learned=test["learned"],
            decision=test["decision"],
            idea=idea,
            who=lead.name,
            started_on=begun.date(),
            ended_on=ended.date(),
            by=lead,
            as_of=ended,
        )
    else:
        cycle = log_cycle(
            team=team,
            objective=test["try"],
            prediction=test["guess"],
            idea=idea,
            who=lead.name,
            start_on=first_day,
            end_on=first_day + timedelta(days=test["days"]),
            start=test["ago"] > 0,
            by=lead,
            as_of=begun,
        )
    _write(
        cycle,
        {
            "patient_count": test["n"],
            "duration_days": test["days"],
            "kind": test.get("kind", "test"),
            "data_what": "A tick on the list for each patient",
            "data_who": lead.name,
            "patient_input": "asked" if test.get("share") == "named" else "",
        },
        team,
        lead,
        begun,
    )
    row = cycle.predictions.first()
    if row is not None and "number" in test:
        values = {"expected_value": Decimal(str(test["number"])), "unit": test.get("unit", "")}
        write_fields(target=row, team=team, values=values, by=lead, as_of=begun)
        row.save()
    add_task(cycle=cycle, what="Make the list of patients", who=lead.name, by=lead, as_of=begun)
    if not cycle.focus_strata.exists():
        focus = list_patient_groups().filter(code=_FOCUS.get(team.code, "hispanic"))
        set_focus(cycle=cycle, strata=focus, by=lead, as_of=begun)
    if "decision" in test and not ramp.get("done"):
        _close(cycle, test, team, lead, ended)
    elif test.get("paused"):
        move_cycle(cycle=cycle, act="pause", by=lead, as_of=ended)
    if test.get("share"):
        share_cycle(cycle=cycle, sharing=Sharing(test["share"]), by=lead, as_of=ended)
    if test.get("coach") and coach is not None:
        add_comment(cycle=cycle, text=test["coach"], mentions=[lead], by=coach, as_of=ended)


def _close(cycle: Cycle, test: dict[str, Any], team: Team, lead: User, ended: datetime) -> None:
    row = cycle.predictions.first()
    matches = {}
    if row is not None:
        values = {"result": test["came"], "actual_value": Decimal(str(test["got"]))}
        write_fields(target=row, team=team, values=values, by=lead, as_of=ended)
        row.save()
        matches = {row.pk: test["match"]}
    if test.get("unit") != "%" and test["got"] <= test["n"]:
        add_reading(
            cycle=cycle,
            read_on=ended.date(),
            label=test["came"],
            numerator=test["got"],
            denominator=test["n"],
            by=lead,
            as_of=ended,
        )
    decide_cycle(
        cycle=cycle,
        decision=test["decision"],
        values={
            "what_happened": test["did"],
            "learned": test["learned"],
            "focus_result": test["focus"],
            "carried_out": "yes" if test["match"] == "yes" else "partly",
            "next_change": test.get("next", ""),
        },
        matches=matches,
        by=lead,
        as_of=ended,
    )


def _write(cycle: Cycle, values: dict[str, Any], team: Team, lead: User, as_of: datetime) -> None:
    write_fields(target=cycle, team=team, values=values, by=lead, as_of=as_of)
    cycle.save()
