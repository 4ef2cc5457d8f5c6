"""What groups say about a shared test: its page, which the test's own page also includes, and the forms."""

from __future__ import annotations

from typing import Any

from django.forms import model_to_dict
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from learning.actions.exchange import (
    answer_group_question,
    ask_group,
    nominate_test,
    report_tried,
    take_nomination_back,
    take_report_of_try_back,
)
from learning.forms.harvest import GroupAnswerForm, NominationForm, QuestionForm, TriedForm
from learning.models import GroupQuestion
from learning.queries.effects import read_effects
from learning.queries.exchange import (
    find_own_report,
    find_plan_decision,
    get_answerable_question,
    get_nominable_cycle,
    get_nomination,
    get_own_report,
    get_team_of_writer,
    may_speak_for,
    read_exchange,
)
from pdsa.queries.cycles import get_shared_cycle, list_cycles
from pdsa.sharing import UNNAMED_GROUP, group_name
from teams.errors import NotAllowed
from teams.models import Team
from teams.permissions import Permission, require
from teams.requests import ScopedRequest, wants_part
from teams.scoping import Scope
from teams.views.acting import act_from_form, done, form_page


@require(Permission.VIEW_SHARED_TESTS)
@require_safe
def test_page(request: ScopedRequest, cycle_id: int) -> HttpResponse:
    """What is said about a shared test; as a part where another page loads it."""
    scope = request.scope
    cycle = get_shared_cycle(scope, cycle_id)
    is_part = wants_part(request)
    response = render(
        request,
        "harvest/parts/exchange.html" if is_part else "harvest/test.html",
        {
            "cycle": cycle,
            "exchange": read_exchange(scope, cycle),
            "may_copy": scope.may(Permission.EDIT_PROJECTS),
            "is_own": may_speak_for(scope, cycle.idea.project.team_id),
        },
    )
    response["Vary"] = "HX-Request, Cookie"
    return response


@require(Permission.NOMINATE_TESTS)
@require_http_methods(["GET", "HEAD", "POST"])
def nominate_page(request: ScopedRequest, cycle_id: int) -> HttpResponse:
    scope = request.scope
    cycle = get_nominable_cycle(scope, cycle_id)
    today = timezone.localdate()
    effects = []
    if may_speak_for(scope, cycle.idea.project.team_id):
        effects = read_effects(scope, cycle, today=today)
    form = NominationForm(
        request.POST or None,
        asks_for_effects=bool(effects),
        initial={"afterwards": find_plan_decision(scope, cycle)},
    )

    def act(values: dict[str, Any]) -> None:
        nominate_test(
            cycle_id=cycle.pk,
            reason=values["reason"],
            afterwards=values["afterwards"],
            shows_effects=values.get("shows_effects", False),
            by=request.user,
            as_of=timezone.now(),
        )

    if act_from_form(request, form, act):
        return done(request, "Nominated. The faculty reads it next.", "harvest:test", cycle.pk)
    return form_page(
        request,
        "harvest/nominate.html",
        form,
        cycle=cycle,
        group=group_name(cycle),
        effects=effects,
    )


@require(Permission.NOMINATE_TESTS)
@require_http_methods(["GET", "HEAD", "POST"])
def take_nomination_back_page(request: ScopedRequest, nomination_id: int) -> HttpResponse:
    """For the group, its coach, and whoever nominated."""
    nomination = get_nomination(request.scope, nomination_id)
    get_nominable_cycle(request.scope, nomination.cycle_id)
    if request.method == "POST":
        take_nomination_back(nomination=nomination, by=request.user)
        return done(request, "The nomination is taken back.", "harvest:test", nomination.cycle_id)
    return render(request, "harvest/take_back.html", {"nomination": nomination})


def _writing_team(scope: Scope) -> Team:
    team = get_team_of_writer(scope)
    if team is None:
        raise NotAllowed("You belong to no team, so there is none to report for.")
    return team


@require(Permission.EDIT_PROJECTS)
@require_http_methods(["GET", "HEAD", "POST"])
def tried_page(request: ScopedRequest, cycle_id: int) -> HttpResponse:
    """ "We tried this too"."""
    scope = request.scope
    cycle = get_shared_cycle(scope, cycle_id)
    team = _writing_team(scope)
    earlier = find_own_report(scope, cycle.pk)
    form = TriedForm(
        request.POST or None,
        cycles=list_cycles(scope).filter(idea__project__team=team).order_by("-changed_at", "-id"),
        initial=None if earlier is None else model_to_dict(earlier),
    )

    def act(values: dict[str, Any]) -> None:
        report_tried(
            cycle=cycle,
            team=team,
            outcome=values["outcome"],
            decision=values["decision"],
            text=values["text"],
            is_named=values["is_named"],
            own_cycle=values["own_cycle"],
            by=request.user,
            as_of=timezone.now(),
        )

    if act_from_form(request, form, act):
        return done(request, "Thank you. Others can read it now.", "harvest:test", cycle.pk)
    return form_page(request, "harvest/tried.html", form, cycle=cycle, group=group_name(cycle))


@require(Permission.EDIT_PROJECTS)
@require_http_methods(["GET", "HEAD", "POST"])
def take_tried_back_page(request: ScopedRequest, tried_id: int) -> HttpResponse:
    report = get_own_report(request.scope, tried_id)
    if request.method == "POST":
        cycle_id = report.cycle_id
        take_report_of_try_back(report=report, by=request.user)
        return done(request, "Your report is taken back.", "harvest:test", cycle_id)
    return render(request, "harvest/take_tried_back.html", {"report": report})


@require(Permission.ASK_GROUPS)
@require_http_methods(["GET", "HEAD", "POST"])
def ask_page(request: ScopedRequest, cycle_id: int) -> HttpResponse:
    scope = request.scope
    cycle = get_shared_cycle(scope, cycle_id)
    team = get_team_of_writer(scope)
    form = QuestionForm(request.POST or None, of_a_group=team is not None)

    def act(values: dict[str, Any]) -> None:
        ask_group(
            cycle=cycle,
            team=team,
            text=values["text"],
            is_named=values.get("is_named", False),
            by=request.user,
            as_of=timezone.now(),
        )

    if act_from_form(request, form, act):
        return done(request, "Asked. The group is told.", "harvest:test", cycle.pk)
    return form_page(request, "harvest/ask.html", form, cycle=cycle, group=group_name(cycle))


@require(Permission.EDIT_PROJECTS)
@require_http_methods(["GET", "HEAD", "POST"])
def answer_page(request: ScopedRequest, question_id: int) -> HttpResponse:
    question = get_answerable_question(request.scope, question_id)
    form = GroupAnswerForm(request.POST or None)
    if act_from_form(
        request,
        form,
        lambda values: answer_group_question(
            question=question, answer=values["answer"], by=request.user, as_of=timezone.now()
        ),
    ):
        return done(request, "Answered. Whoever asked is told.", "harvest:test", question.cycle_id)
    return form_page(
        request,
        "harvest/answer.html",
        form,
        question=question,
        asker=_asker(question),
        shown_as=group_name(question.cycle),
    )


def _asker(question: GroupQuestion) -> str:
    if question.team is None:
        return str(question.asked_by.name)
    return question.team.name if question.is_named else UNNAMED_GROUP
