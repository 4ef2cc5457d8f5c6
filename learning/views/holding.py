"""Control plans of a team: what watches over a measure after the work."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from learning.actions.holding import (
    answer_control,
    change_control,
    decide_future,
    end_control,
    plan_control,
)
from learning.forms import CheckForm, ControlPlanForm, FutureForm, NewControlPlanForm
from learning.models import ChangeFuture
from learning.queries.coaching import get_team_worked_with
from learning.queries.holding import (
    get_team_held,
    get_writable_control_plan,
    list_control_plans,
    list_held_changes,
    list_unwatched_measures,
    may_hold,
)
from teams.permissions import Permission, require
from teams.queries import list_people_around
from teams.requests import ScopedRequest
from teams.views.acting import act_from_form, done, form_page


@require(Permission.VIEW_COACHING)
@require_safe
def holding_page(request: ScopedRequest, code: str) -> HttpResponse:
    """The team's control plans: what fired, what is to be checked, what runs, what ended."""
    scope = request.scope
    team = get_team_worked_with(scope, code)
    plans = list(list_control_plans(scope).filter(team=team))
    running = [plan for plan in plans if plan.ended_on is None]
    return render(
        request,
        "learning/holding.html",
        {
            "team": team,
            # What waits for an answer stands first; sorting keeps the order of the names.
            "plans": sorted(running, key=lambda plan: plan.fired_at is None),
            "ended": [plan for plan in plans if plan.ended_on is not None],
            "changes": list_held_changes(scope, team),
            "may_hold": may_hold(scope, team.pk),
            "today": timezone.localdate(),
        },
    )


@require(Permission.WRITE_REPORTS)
@require_http_methods(["GET", "HEAD", "POST"])
def decide_future_page(request: ScopedRequest, code: str, idea_id: int) -> HttpResponse:
    """Embed, scale or stop a change."""
    scope = request.scope
    team = get_team_held(scope, code)
    change = next((c for c in list_held_changes(scope, team) if c.idea.pk == idea_id), None)
    if change is None:
        raise ChangeFuture.DoesNotExist
    before = change.future
    form = FutureForm(
        request.POST or None,
        people=list_people_around(team, on=timezone.localdate()),
        initial={name: getattr(before, name) for name in FutureForm.base_fields}
        if before
        else {"owner": request.user.pk},
    )
    if act_from_form(
        request,
        form,
        lambda v: decide_future(
            team=team, idea_id=idea_id, values=v, by=request.user, as_of=timezone.now()
        ),
    ):
        return done(request, "It is decided what becomes of it.", "learning:holding", team.code)
    return form_page(request, "learning/decide_future.html", form, team=team, change=change)


@require(Permission.WRITE_REPORTS)
@require_http_methods(["GET", "HEAD", "POST"])
def plan_control_page(request: ScopedRequest, code: str) -> HttpResponse:
    scope = request.scope
    team = get_team_held(scope, code)
    form = NewControlPlanForm(
        request.POST or None,
        people=list_people_around(team, on=timezone.localdate()),
        measures=list_unwatched_measures(scope, team),
        initial={"owner": request.user.pk},
    )

    def act(values: dict[str, Any]) -> None:
        values = dict(values)
        measure = values.pop("measure")
        plan_control(
            team=team, measure_id=measure.pk, values=values, by=request.user, as_of=timezone.now()
        )

    if act_from_form(request, form, act):
        return done(request, "The measure is watched from now on.", "learning:holding", team.code)
    return form_page(request, "learning/plan_control.html", form, team=team)


@require(Permission.WRITE_REPORTS)
@require_http_methods(["GET", "HEAD", "POST"])
def change_control_page(request: ScopedRequest, control_id: int) -> HttpResponse:
    plan = get_writable_control_plan(request.scope, control_id)
    form = ControlPlanForm(
        request.POST or None,
        people=list_people_around(plan.team, on=timezone.localdate()),
        initial={name: getattr(plan, name) for name in ControlPlanForm.base_fields},
    )
    if act_from_form(
        request,
        form,
        lambda v: change_control(plan=plan, values=v, by=request.user, as_of=timezone.now()),
    ):
        return done(request, "The plan is changed.", "learning:holding", plan.team.code)
    return form_page(request, "learning/change_control.html", form, plan=plan)


@require(Permission.WRITE_REPORTS)
@require_http_methods(["GET", "HEAD", "POST"])
def check_control_page(request: ScopedRequest, control_id: int) -> HttpResponse:
    """All is well, or what was done about it."""
    plan = get_writable_control_plan(request.scope, control_id)
    form = CheckForm(request.POST or None)
    if act_from_form(
        request,
        form,
        lambda v: answer_control(plan=plan, **v, by=request.user, as_of=timezone.now()),
    ):
        return done(
            request, "Thank you. The measure is watched on.", "learning:holding", plan.team.code
        )
    return form_page(request, "learning/check_control.html", form, plan=plan)


@require(Permission.WRITE_REPORTS)
@require_http_methods(["GET", "HEAD", "POST"])
def end_control_page(request: ScopedRequest, control_id: int) -> HttpResponse:
    plan = get_writable_control_plan(request.scope, control_id)
    if request.method == "POST":
        end_control(plan=plan, by=request.user, as_of=timezone.now())
        return done(request, "The plan has ended.", "learning:holding", plan.team.code)
    return render(request, "learning/end_control.html", {"plan": plan})
