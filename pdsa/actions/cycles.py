"""Writes of cycles: logging, moving through the states, deciding, the next one, sharing."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Max

from pdsa.actions.notices import tell_finished
from pdsa.actions.projects import add_idea, first_project
from pdsa.enums import CycleState, Decision, Match, Sharing
from pdsa.models import ChangeIdea, Cycle, CycleMeasure, CycleTask, Prediction, Project
from pdsa.policies.cycles import check_can, state_after
from pdsa.withdrawal import tell_withdrawal
from pdsa.wording import short_title
from teams.actions.audit import record_event
from teams.actions.autosave import write_fields
from teams.autosave import Typed, only_changes
from teams.models import Team, User

#: Fields of the plan that the next cycle and a copy take over.
PLAN_FIELDS = (
    "kind",
    "objective",
    "data_what",
    "data_who",
    "data_how",
    "data_sample",
    "patient_count",
    "clinician_count",
    "site_count",
    "duration_days",
)
#: How long a test takes when nobody said.
USUAL_DAYS = 7


def _locked(cycle: Cycle, act: str) -> Cycle:
    """The cycle as it is now, locked, once the policy has agreed."""
    locked = (
        Cycle.objects.select_for_update(of=("self",))
        .select_related("idea__project__team")
        .get(pk=cycle.pk)
    )
    check_can(act, locked)
    return locked


def _team(cycle: Cycle) -> Team:
    return cycle.idea.project.team


def _save(
    cycle: Cycle, values: Mapping[str, Any], *, by: User, as_of: datetime, state: bool = False
) -> None:
    """Write fields with their history. state: the cycle's state and times changed too."""
    changed = write_fields(target=cycle, team=_team(cycle), values=values, by=by, as_of=as_of)
    if changed or state:
        cycle.changed_at = as_of
        cycle.save()


def _next_number(idea: ChangeIdea) -> int:
    # The idea's row is locked, so that two people who log at the same moment get two numbers.
    ChangeIdea.objects.select_for_update(no_key=True).get(pk=idea.pk)
    return (idea.cycles.aggregate(last=Max("number"))["last"] or 0) + 1


@transaction.atomic
def log_cycle(
    *,
    team: Team,
    objective: str,
    prediction: str,
    by: User,
    as_of: datetime,
    idea: ChangeIdea | None = None,
    project: Project | None = None,
    who: str = "",
    start_on: date | None = None,
    end_on: date | None = None,
    start: bool = True,
    client_key: uuid.UUID | None = None,
) -> Cycle:
    """The log of a minute: what, the guess, who and when. Everything else can come later.

    idea: under which it is tried; without one, a new idea named after the objective, in `project` or in the
    team's first project. start: begin today or on `start_on`; else it is planned for that day.
    client_key: the same log sent twice is one cycle.
    Effects: cycle, its first question, audit event; idea and project where they were missing.
    """
    if client_key is not None:
        known = Cycle.objects.filter(
            client_key=client_key, created_by=by, idea__project__team=team
        ).first()
        if known is not None:
            return known
    if idea is None:
        idea = add_idea(
            project=project or first_project(team=team, by=by),
            title=short_title(objective) or "A first test",
            by=by,
        )
    day = start_on or as_of.date()
    started = start and day <= as_of.date()
    cycle = Cycle.objects.create(
        idea=idea,
        number=_next_number(idea),
        previous=idea.cycles.order_by("-number").first(),
        state=CycleState.DOING if started else CycleState.PLANNED,
        owner=by,
        who=who,
        objective=objective,
        planned_start_on=day,
        planned_end_on=end_on or day + timedelta(days=USUAL_DAYS),
        started_on=day if started else None,
        created_by=by,
        changed_at=as_of,
        client_key=client_key,
    )
    cycle.focus_strata.set(idea.project.focus_strata.all())
    Prediction.objects.create(cycle=cycle, position=1, prediction=prediction)
    record_event(
        act="log_cycle", target=cycle, by=by, team=team, details={"state": str(cycle.state)}
    )
    return cycle


@transaction.atomic
def log_done_cycle(
    *,
    team: Team,
    objective: str,
    what_happened: str,
    learned: str,
    decision: str,
    by: User,
    as_of: datetime,
    idea: ChangeIdea | None = None,
    project: Project | None = None,
    who: str = "",
    started_on: date | None = None,
    ended_on: date | None = None,
    client_key: uuid.UUID | None = None,
) -> Cycle:
    """A test that was done before anybody wrote it down: marked as such, no credit for predictions.

    decision: a Decision, or "" to leave it at study. Effects: of `log_cycle`, and the decision.
    """
    begun = started_on or ended_on or as_of.date()
    cycle = log_cycle(
        team=team,
        objective=objective,
        prediction="",
        by=by,
        as_of=as_of,
        idea=idea,
        project=project,
        who=who,
        start_on=min(begun, as_of.date()),
        client_key=client_key,
    )
    if cycle.is_retrospective:  # sent twice
        return cycle
    cycle.predictions.all().delete()
    cycle.is_retrospective = True
    cycle.state = CycleState.STUDYING
    first_day = cycle.started_on or begun
    cycle.ended_on = max(ended_on or first_day, first_day)
    cycle.planned_end_on = cycle.ended_on
    cycle.what_happened, cycle.learned = what_happened, learned
    cycle.save()
    return decide_cycle(cycle=cycle, decision=decision, by=by, as_of=as_of) if decision else cycle


@transaction.atomic
def move_cycle(*, cycle: Cycle, act: str, by: User, as_of: datetime, reason: str = "") -> Cycle:
    """One step between states: plan, start, study, pause, resume, cancel, restore, reopen.

    No empty field stands in the way. reason: of a cancellation, may be empty.
    Raises StateRefused. Effects: state and its dates, audit event with both states.
    """
    cycle = _locked(cycle, act)
    before = CycleState(cycle.state)
    after = state_after(act, cycle)
    day = as_of.date()
    values: dict[str, Any] = {}
    cycle.paused_from = str(before) if act == "pause" else ""
    cycle.state = after
    if act == "start":
        values["started_on"] = day
        if cycle.planned_end_on is None or cycle.planned_end_on < day:
            values["planned_end_on"] = day + timedelta(days=cycle.duration_days or USUAL_DAYS)
    if act == "study" and cycle.ended_on is None:
        values["ended_on"] = max(day, cycle.started_on or day)
    if act == "reopen":
        cycle.closed_at = None
    cycle.cancelled_at = as_of if act == "cancel" else None
    cycle.cancel_reason = reason if act == "cancel" else ""
    _save(cycle, values, by=by, as_of=as_of, state=True)
    record_event(
        act=f"{act}_cycle",
        target=cycle,
        by=by,
        team=_team(cycle),
        details={"before": str(before), "after": str(after)},
    )
    return cycle


@transaction.atomic
def decide_cycle(
    *,
    cycle: Cycle,
    decision: str,
    by: User,
    as_of: datetime,
    values: Mapping[str, Any] | None = None,
    matches: Mapping[int, str] | None = None,
    bases: Mapping[str | int, int] | None = None,
) -> Cycle:
    """Close a cycle with the team's decision, from doing or studying.

    values: other fields written with it (what happened, learned, next change). matches: id of a question →
    whether the prediction held. bases: name of a field or id of a question → number of the version that the
    person saw; then only what the person changed is written.
    Raises StateRefused, EditConflicts.
    Effects: state, fields, audit event, notifications to the owner, the leads and the coaches.
    """
    held = {pk: Match(match).value for pk, match in (matches or {}).items()}
    # Questions before the cycle, in the order in which a question that saves itself locks them.
    rows = list(
        cycle.predictions.select_for_update(of=("self",)).filter(pk__in=held).order_by("pk")
    )
    cycle = _locked(cycle, "decide")
    before = CycleState(cycle.state)
    fields = dict(values or {})
    if bases is not None:
        typed = [Typed(name, cycle, name, text, bases[name]) for name, text in fields.items()]
        typed += [Typed(row.pk, row, "match", held[row.pk], bases[row.pk]) for row in rows]
        changed = {change.key for change in only_changes(typed)}
        fields = {name: text for name, text in fields.items() if name in changed}
        rows = [row for row in rows if row.pk in changed]
    for row in rows:
        values_of_row = {"match": held[row.pk]}
        write_fields(target=row, team=_team(cycle), values=values_of_row, by=by, as_of=as_of)
        row.save()
    fields["decision"] = Decision(decision).value
    if cycle.ended_on is None:
        fields["ended_on"] = max(as_of.date(), cycle.started_on or as_of.date())
    cycle.state, cycle.closed_at = CycleState.CLOSED, as_of
    _save(cycle, fields, by=by, as_of=as_of, state=True)
    record_event(
        act="decide_cycle",
        target=cycle,
        by=by,
        team=_team(cycle),
        details={"before": str(before), "decision": cycle.decision},
    )
    tell_finished(cycle=cycle, by=by, as_of=as_of)
    return cycle


@transaction.atomic
def say_not_predicted(*, cycle: Cycle, not_predicted: bool, by: User, as_of: datetime) -> Cycle:
    """The team says in one click that it did not predict. Effects: the field, audit event."""
    cycle = _locked(cycle, "edit")
    _save(cycle, {"not_predicted": not_predicted}, by=by, as_of=as_of)
    record_event(
        act="say_not_predicted",
        target=cycle,
        by=by,
        team=_team(cycle),
        details={"not_predicted": not_predicted},
    )
    return cycle


@transaction.atomic
def set_focus(*, cycle: Cycle, strata: Iterable[Any], by: User, as_of: datetime) -> Cycle:
    """Whose patients the test is about. Effects: the groups, audit event."""
    cycle = _locked(cycle, "edit")
    cycle.focus_strata.set(strata)
    cycle.changed_at = as_of
    cycle.save(update_fields=["changed_at"])
    record_event(act="set_focus", target=cycle, by=by, team=_team(cycle))
    return cycle


@transaction.atomic
def continue_cycle(*, cycle: Cycle, by: User, as_of: datetime) -> Cycle:
    """The next test of the ramp, planned with the plan of this one: questions and tasks without results,
    and the measures that it should move.

    What was to change next becomes its objective. Raises StateRefused.
    Effects: a planned cycle with rows, audit event.
    """
    cycle = _locked(cycle, "continue")
    made = _clone(cycle, idea=cycle.idea, previous=cycle, by=by, as_of=as_of)
    if cycle.next_change.strip():
        made.objective = cycle.next_change.strip()
        made.save(update_fields=["objective"])
    record_event(
        act="continue_cycle",
        target=made,
        by=by,
        team=_team(cycle),
        details={"previous": cycle.pk},
    )
    return made


@transaction.atomic
def copy_cycle(
    *,
    cycle: Cycle,
    team: Team,
    by: User,
    as_of: datetime,
    idea: ChangeIdea | None = None,
    project: Project | None = None,
) -> Cycle:
    """Another group's shared plan as a planned test of one's own; results and people stay behind.

    The caller has read the cycle through the reader's scope. idea, project: as in `log_cycle`.
    Effects: a planned cycle with rows, audit event for the copying team only.
    """
    if idea is None:
        idea = add_idea(
            project=project or first_project(team=team, by=by), title=cycle.idea.title, by=by
        )
    made = _clone(cycle, idea=idea, previous=None, by=by, as_of=as_of, strange=True)
    record_event(act="copy_cycle", target=made, by=by, team=team, details={"copied_from": cycle.pk})
    return made


def _clone(
    cycle: Cycle,
    *,
    idea: ChangeIdea,
    previous: Cycle | None,
    by: User,
    as_of: datetime,
    strange: bool = False,
) -> Cycle:
    """A planned cycle with the plan of another. strange: of another team, whose people are not named."""
    plan = {name: getattr(cycle, name) for name in PLAN_FIELDS}
    if strange:
        plan["data_who"] = ""
    made = Cycle.objects.create(
        idea=idea,
        number=_next_number(idea),
        previous=previous,
        copied_from=cycle if strange else None,
        state=CycleState.PLANNED,
        owner=by,
        who="" if strange else cycle.who,
        site=None if strange else cycle.site,
        created_by=by,
        changed_at=as_of,
        **plan,
    )
    made.focus_strata.set(idea.project.focus_strata.all() if strange else cycle.focus_strata.all())
    Prediction.objects.bulk_create(
        Prediction(
            cycle=made,
            position=row.position,
            question=row.question,
            prediction=row.prediction if strange else "",
            unit=row.unit,
        )
        for row in cycle.predictions.all()
    )
    CycleTask.objects.bulk_create(
        CycleTask(
            cycle=made,
            position=row.position,
            what=row.what,
            who="" if strange else row.who,
            where="" if strange else row.where,
        )
        for row in cycle.tasks.all()
    )
    if not strange:  # another group's measures are not ours
        CycleMeasure.objects.bulk_create(
            CycleMeasure(cycle=made, measure_id=link.measure_id, linked_by=by)
            for link in cycle.measure_links.filter(measure__retired_at=None)
        )
    return made


@transaction.atomic
def share_cycle(*, cycle: Cycle, sharing: str, by: User, as_of: datetime) -> Cycle:
    """Who else may read it, from now on.

    Effects: the field, audit event with both values; no longer shared: gone from where others made
    something of it.
    """
    cycle = _locked(cycle, "edit")
    before = cycle.sharing
    cycle.sharing = Sharing(sharing)
    cycle.changed_at = as_of
    cycle.save(update_fields=["sharing", "changed_at"])
    record_event(
        act="share_cycle",
        target=cycle,
        by=by,
        team=_team(cycle),
        details={"before": before, "after": str(cycle.sharing)},
    )
    if cycle.sharing == Sharing.TEAM != before:
        tell_withdrawal(cycle, by, as_of)
    return cycle
