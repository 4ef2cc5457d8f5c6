"""The coach's caseload, the coaching page of a team, and the page of a call."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from learning.actions.coaching import (
    add_action_item,
    answer_help,
    ask_for_help,
    cancel_call,
    close_action_item,
    hold_call,
    plan_call,
    reopen_action_item,
    take_over_team,
)
from learning.attention import RULES
from learning.enums import ActionState, CallState
from learning.forms import (
    ActionItemForm,
    AnswerForm,
    CallForm,
    CallNotesForm,
    CloseActionForm,
    HelpForm,
    HoldCallForm,
    PrivateNoteForm,
)
from learning.models import Call
from learning.policies import check_call_open, months_to_score
from learning.queries.caseload import list_caseload
from learning.queries.coaching import (
    get_action_item,
    get_call,
    get_coached_call,
    get_help_request,
    get_last_call,
    get_planned_call,
    get_private_note,
    get_team_coached,
    get_team_worked_with,
    get_writable_note,
    list_about_choices,
    list_calls,
    list_closed_action_items,
    list_help_requests,
    list_open_action_items,
    list_own_action_items,
    list_private_notes,
    list_waiting_after_hand_over,
    may_coach,
    may_read_private_notes,
)
from learning.queries.items import KINDS, Item
from learning.queries.since import list_since
from teams.autosave import Editable, fields_of, list_boxes
from teams.models import Team
from teams.permissions import Permission, require
from teams.queries import list_coaches_of, list_people_around
from teams.requests import ScopedRequest
from teams.scoping import Scope
from teams.views.acting import act_from_form, done, form_page
from teams.views.autosave import autosave_view

#: How far back "since the last call" looks where there was none.
FIRST_LOOK = timedelta(days=60)


@require(Permission.COACH_TEAMS)
@require_safe
def caseload_page(request: ScopedRequest) -> HttpResponse:
    rows = list_caseload(request.scope, today=timezone.localdate())
    rules = [
        {"name": name, "meaning": meaning, "weight": weight}
        for name, meaning, weight in RULES.values()
    ]
    return render(request, "learning/caseload.html", {"rows": rows, "rules": rules})


@require(Permission.VIEW_COACHING)
@require_safe
def coaching_page(request: ScopedRequest, code: str) -> HttpResponse:
    """Calls, actions and requests for help of one team; the same page for both sides."""
    scope = request.scope
    team = get_team_worked_with(scope, code)
    planned = get_planned_call(team)
    calls = list(list_calls(scope).filter(team=team, state=CallState.HELD)[:24])
    return render(
        request,
        "learning/coaching.html",
        {
            "team": team,
            "planned": planned,
            "calls": calls,
            "actions": list(list_open_action_items(scope, team)),
            "closed": list(list_closed_action_items(scope, team, since=None)[:10]),
            "asked": list(list_help_requests(scope, team)[:10]),
            "coaches": list(list_coaches_of(team, on=timezone.localdate())),
            "private_notes": list(list_private_notes(scope, team)[:5]),
            "left_open": list_waiting_after_hand_over(team, on=timezone.localdate())
            if team.pk in scope.coached_team_ids
            else None,
            "may_coach": may_coach(scope, team.pk),
            "may_ask": scope.may(Permission.WRITE_REPORTS) and team.pk in scope.staff_team_ids,
            "today": timezone.localdate(),
        },
    )


@require(Permission.COACH_TEAMS)
@require_http_methods(["GET", "HEAD", "POST"])
def plan_call_page(request: ScopedRequest, code: str) -> HttpResponse:
    team = get_team_coached(request.scope, code)
    coaches = list_coaches_of(team, on=timezone.localdate())
    planned = get_planned_call(team)
    initial: dict[str, Any] = {"coach": request.user}
    if planned is not None:
        at = timezone.localtime(planned.planned_at)
        initial = {"on": at.date(), "at": at.time(), "coach": planned.coach}
    form = CallForm(request.POST or None, coaches=coaches, initial=initial)
    if act_from_form(
        request,
        form,
        lambda v: plan_call(
            team=team,
            coach=v["coach"],
            planned_at=v["moment"],
            by=request.user,
            as_of=timezone.now(),
        ),
    ):
        return done(request, "The next call is planned.", "learning:coaching", team.code)
    return form_page(request, "learning/plan_call.html", form, team=team, planned=planned)


@require(Permission.VIEW_COACHING)
@require_safe
def call_page(request: ScopedRequest, call_id: int) -> HttpResponse:
    """One call: what happened since the last one, the notes, the actions, the next call."""
    scope = request.scope
    call = get_call(scope, call_id)
    today = timezone.localdate()
    last = get_last_call(call.team, before=call)
    since = last.held_on if last and last.held_on else (call.held_on or today) - FIRST_LOOK
    until = call.held_on or today
    writes = may_coach(scope, call.team_id) and call.state != CallState.CANCELLED
    note = get_private_note(scope, call.pk) if may_read_private_notes(scope, call.team_id) else None
    return render(
        request,
        "learning/call.html",
        {
            "call": call,
            "team": call.team,
            "since": since,
            "until": until,
            "happened": _by_kind(list_since(scope, call.team, since=since, until=until)),
            "writes": writes,
            "streams": _streams(call),
            "private": list_boxes(note, PrivateNoteForm) if note else None,
            "note": note,
            "actions": list(list_open_action_items(scope, call.team)),
            "action_form": _action_form(None, scope, call.team),
            "hold_form": HoldCallForm(
                initial={"held_on": today, "workstreams": _written_about(call)}
            ),
            "planned": get_planned_call(call.team),
            "score_month": _month_of_call(call, today),
            "today": today,
        },
    )


def _written_about(call: Call) -> list[str]:
    """The streams that a call was about as far as its notes say."""
    return [note.workstream for note in call.stream_notes.all() if not note.is_empty]


def _month_of_call(call: Call, today: date) -> date | None:
    """The month that a score given in the call is for; None where it cannot be scored any more, or not yet."""
    month = (call.held_on or timezone.localdate(call.planned_at)).replace(day=1)
    return month if month in months_to_score(today) else None


def _by_kind(items: list[Item]) -> list[dict[str, Any]]:
    return [
        {"title": title, "rows": rows}
        for kind, title in KINDS.items()
        if (rows := [item for item in items if item.kind == kind])
    ]


def _streams(call: Call) -> list[dict[str, Any]]:
    """The boxes of each stream. Open: what the call was about or where something is written, else the first."""
    notes = list(call.stream_notes.all())
    wanted = [n for n in notes if n.workstream in call.workstreams or not n.is_empty] or notes[:1]
    return [
        {
            "note": note,
            "boxes": list_boxes(note, CallNotesForm, prefix=f"{note.workstream}-"),
            "open": note in wanted,
        }
        for note in notes
    ]


def _editable_call(scope: Scope, pk: int) -> Editable:
    note = get_writable_note(scope, pk)
    return Editable(
        note, note.call.team, fields_of(CallNotesForm), check=lambda: check_call_open(note.call)
    )


def _editable_note(scope: Scope, pk: int) -> Editable:
    note = get_private_note(scope, pk)
    return Editable(note, note.call.team, fields_of(PrivateNoteForm))


save_call_notes = autosave_view(Permission.COACH_TEAMS, _editable_call)
save_private_note = autosave_view(Permission.COACH_TEAMS, _editable_note)


@require(Permission.COACH_TEAMS)
@require_http_methods(["GET", "HEAD", "POST"])
def hold_call_page(request: ScopedRequest, call_id: int) -> HttpResponse:
    call = get_coached_call(request.scope, call_id)
    form = HoldCallForm(request.POST or None, initial={"held_on": timezone.localdate()})
    if act_from_form(
        request,
        form,
        lambda v: hold_call(call=call, **v, by=request.user, as_of=timezone.now()),
    ):
        return done(request, "The call is recorded.", "learning:call", call.pk)
    return form_page(request, "learning/hold_call.html", form, call=call)


@require(Permission.COACH_TEAMS)
@require_http_methods(["GET", "HEAD", "POST"])
def cancel_call_page(request: ScopedRequest, call_id: int) -> HttpResponse:
    call = get_coached_call(request.scope, call_id)
    if request.method == "POST":
        cancel_call(call=call, by=request.user, as_of=timezone.now())
        return done(request, "The call is cancelled.", "learning:coaching", call.team.code)
    return render(request, "learning/cancel_call.html", {"call": call})


@require(Permission.COACH_TEAMS)
@require_POST
def take_over_page(request: ScopedRequest, code: str) -> HttpResponse:
    team = get_team_coached(request.scope, code)
    take_over_team(team=team, by=request.user, as_of=timezone.now())
    return done(request, "What was open is yours now.", "learning:coaching", team.code)


# --- action items ------------------------------------------------------------------------------------------


@require(Permission.VIEW_CALENDAR)
@require_safe
def own_actions_page(request: ScopedRequest) -> HttpResponse:
    """Everything that the reader said to do, over all teams worked with."""
    return render(
        request,
        "learning/own_actions.html",
        {
            "actions": list_own_action_items(request.scope),
            "today": timezone.localdate(),
            "with_team": True,
        },
    )


def _action_form(data: Any, scope: Scope, team: Team) -> ActionItemForm:
    today = timezone.localdate()
    return ActionItemForm(
        data,
        people=list_people_around(team, on=today),
        about=list_about_choices(scope, team),
        initial={"due_on": today + timedelta(days=14)},
    )


@require(Permission.VIEW_COACHING)
@require_http_methods(["GET", "HEAD", "POST"])
def add_action_page(request: ScopedRequest, code: str) -> HttpResponse:
    """Both sides may add one: who coaches the team and who works in it. `call` in the query ties it to a call."""
    scope = request.scope
    team = get_team_worked_with(scope, code)
    call_id = request.GET.get("call", "")
    call = get_call(scope, int(call_id)) if call_id.isdecimal() else None
    form = _action_form(request.POST or None, scope, team)
    if act_from_form(
        request,
        form,
        lambda v: add_action_item(
            team=team,
            **v,
            call=call if call and call.team_id == team.pk else None,
            by=request.user,
            as_of=timezone.now(),
        ),
    ):
        if call is not None:
            return done(request, "The action is written down.", "learning:call", call.pk)
        return done(request, "The action is written down.", "learning:coaching", team.code)
    return form_page(request, "learning/add_action.html", form, team=team, call=call)


@require(Permission.VIEW_COACHING)
@require_http_methods(["GET", "HEAD", "POST"])
def close_action_page(request: ScopedRequest, item_id: int) -> HttpResponse:
    item = get_action_item(request.scope, item_id)
    form = CloseActionForm(request.POST or None)
    if act_from_form(
        request,
        form,
        lambda v: close_action_item(
            item=item,
            state=ActionState(v["state"]),
            note=v["note"],
            by=request.user,
            as_of=timezone.now(),
        ),
    ):
        return done(request, "The action is closed.", "learning:coaching", item.team.code)
    return form_page(request, "learning/close_action.html", form, item=item)


@require(Permission.VIEW_COACHING)
@require_POST
def reopen_action_page(request: ScopedRequest, item_id: int) -> HttpResponse:
    item = get_action_item(request.scope, item_id)
    reopen_action_item(item=item, by=request.user)
    return done(request, "The action is open again.", "learning:coaching", item.team.code)


# --- help -----------------------------------------------------------------------------------------------------


@require(Permission.WRITE_REPORTS)
@require_http_methods(["GET", "HEAD", "POST"])
def ask_for_help_page(request: ScopedRequest, code: str) -> HttpResponse:
    scope = request.scope
    team = get_team_worked_with(scope, code)
    if team.pk not in scope.staff_team_ids:
        raise Team.DoesNotExist
    form = HelpForm(request.POST or None)
    if act_from_form(
        request,
        form,
        lambda v: ask_for_help(team=team, **v, by=request.user, as_of=timezone.now()),
    ):
        return done(request, "Your coach has been told.", "learning:coaching", team.code)
    return form_page(request, "learning/ask_for_help.html", form, team=team)


@require(Permission.COACH_TEAMS)
@require_http_methods(["GET", "HEAD", "POST"])
def answer_help_page(request: ScopedRequest, help_id: int) -> HttpResponse:
    asked = get_help_request(request.scope, help_id)
    form = AnswerForm(request.POST or None)
    if act_from_form(
        request,
        form,
        lambda v: answer_help(asked=asked, **v, by=request.user, as_of=timezone.now()),
    ):
        return done(request, "Your answer is there.", "learning:coaching", asked.team.code)
    return form_page(request, "learning/answer_help.html", form, asked=asked)
