"""Pulse surveys: made, opened and read by evaluator and director, answered by participants."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from learning.actions.surveys import (
    answer_survey,
    close_survey,
    delete_survey,
    open_survey,
    remind_of_survey,
    save_survey,
)
from learning.evaluation_files import table_csv, tables_workbook
from learning.forms.surveys import AnswerSurveyForm, SurveyForm
from learning.models import Survey
from learning.policies import can_with_survey
from learning.queries.surveys import (
    get_results,
    get_survey,
    get_survey_to_answer,
    has_answered,
    list_questions,
    list_surveys,
    list_trends,
    results_table,
)
from learning.survey_drawing import draw_distribution, draw_mean, draw_trend
from learning.survey_results import QuestionResult
from learning.views.evaluation import evaluation_file, file_notes
from teams.permissions import Permission, require
from teams.requests import ScopedRequest
from teams.views.acting import act_from_form, done, form_page

#: What people are given by default to answer.
_DAYS_OPEN = timedelta(days=14)


@require(Permission.MANAGE_SURVEYS)
@require_safe
def surveys_page(request: ScopedRequest) -> HttpResponse:
    """All surveys, and how scales that were asked more than once have moved."""
    scope = request.scope
    return render(
        request,
        "evaluation/surveys.html",
        {
            "surveys": list(list_surveys(scope)),
            "trends": [
                {"trend": trend, "drawing": draw_trend(trend)} for trend in list_trends(scope)
            ],
            "here": "surveys",
        },
    )


@require(Permission.MANAGE_SURVEYS)
@require_http_methods(["GET", "HEAD", "POST"])
def new_survey_page(request: ScopedRequest) -> HttpResponse:
    """A new survey; `?like=` fills it with the questions of an earlier one, so that they make a trend."""
    scope = request.scope
    like = request.GET.get("like", "")
    before = list_surveys(scope).filter(pk=int(like)).first() if like.isdecimal() else None
    initial: dict[str, Any] = {"closes_on": timezone.localdate() + _DAYS_OPEN}
    if before is not None:
        initial |= {"introduction": before.introduction}
    questions = list_questions(before) if before else []
    form = SurveyForm(request.POST or None, questions=questions, initial=initial)
    return _save(request, form, None)


@require(Permission.MANAGE_SURVEYS)
@require_http_methods(["GET", "HEAD", "POST"])
def change_survey_page(request: ScopedRequest, survey_id: int) -> HttpResponse:
    survey = get_survey(request.scope, survey_id)
    form = SurveyForm(
        request.POST or None,
        questions=list_questions(survey),
        initial={
            "title": survey.title,
            "introduction": survey.introduction,
            "closes_on": survey.closes_on,
        },
    )
    return _save(request, form, survey)


def _save(request: ScopedRequest, form: SurveyForm, survey: Survey | None) -> HttpResponse:
    acted = act_from_form(
        request,
        form,
        lambda v: save_survey(
            title=v["title"],
            introduction=v["introduction"],
            closes_on=v["closes_on"],
            questions=form.questions(),
            by=request.user,
            survey=survey,
        ),
    )
    if acted:
        return done(
            request,
            "The draft is saved. Look at it, then open it.",
            "evaluation:survey",
            acted.made.pk,
        )
    return form_page(request, "evaluation/survey_form.html", form, survey=survey)


def _drawn(result: QuestionResult) -> dict[str, Any]:
    return {
        "result": result,
        "distribution": draw_distribution(result),
        "mean": draw_mean(result.scale) if result.scale else "",
        "groups": [
            {"label": group.label, "scale": scale, "drawing": draw_mean(scale)}
            for group, scale in result.groups
        ],
    }


@require(Permission.MANAGE_SURVEYS)
@require_safe
def survey_page(request: ScopedRequest, survey_id: int) -> HttpResponse:
    """A survey: its questions while it is a draft or open, its results once it is closed."""
    scope = request.scope
    survey = get_survey(scope, survey_id)
    results = get_results(scope, survey)
    return render(
        request,
        "evaluation/survey.html",
        {
            "survey": survey,
            "questions": list_questions(survey),
            "results": results,
            "drawn": [_drawn(r) for r in results.questions] if results else [],
            "may": {
                act: can_with_survey(act, survey) for act in ("edit", "open", "remind", "close")
            },
            "here": "surveys",
        },
    )


@require(Permission.MANAGE_SURVEYS)
@require_POST
def act_on_survey_page(request: ScopedRequest, survey_id: int, act: str) -> HttpResponse:
    """Open, remind, close, or delete a draft."""
    survey = get_survey(request.scope, survey_id)
    by, now = request.user, timezone.now()
    if act == "delete":
        delete_survey(survey=survey, by=by)
        messages.success(request, f"“{survey.title}” is gone.")
        return redirect("evaluation:surveys")
    if act == "open":
        open_survey(survey=survey, by=by, as_of=now)
        said = "The survey is open, and everybody is told."
    elif act == "remind":
        count = remind_of_survey(survey=survey, by=by, as_of=now)
        said = f"{count} people are reminded. It will not happen again."
    elif act == "close":
        close_survey(survey=survey, by=by, as_of=now)
        said = "The survey is closed. These are its results."
    else:
        raise Http404("There is no such act.")
    return done(request, said, "evaluation:survey", survey.pk)


@require(Permission.MANAGE_SURVEYS)
@require_safe
def survey_file(request: ScopedRequest, survey_id: int, form: str) -> HttpResponse:
    scope = request.scope
    survey = get_survey(scope, survey_id)
    results = get_results(scope, survey)
    if results is None or form not in ("csv", "xlsx"):
        raise Http404("There are no results yet.")
    table = results_table([results])
    name = f"survey-{survey.closes_on:%Y-%m}-{survey.pk}"
    body = (
        table_csv(table)
        if form == "csv"
        else tables_workbook([table], notes=file_notes(f"survey “{survey.title}”"))
    )
    return evaluation_file(request, body, name=name, form=form, tables=[table])


@require(Permission.ANSWER_SURVEYS)
@require_http_methods(["GET", "HEAD", "POST"])
def answer_survey_page(request: ScopedRequest, survey_id: int) -> HttpResponse:
    """Once for each participant; what is typed stays on the device until it is sent."""
    survey = get_survey_to_answer(request.scope, survey_id)
    form = AnswerSurveyForm(
        request.POST if request.method == "POST" else None, questions=list_questions(survey)
    )
    if act_from_form(
        request,
        form,
        lambda _: answer_survey(
            survey=survey,
            answers=form.answers(),
            by=request.user,
            as_of=timezone.now(),
        ),
    ):
        return done(request, "Thank you. Your answers are kept without your name.", "reports:home")
    answered = has_answered(survey, request.user.pk or 0)
    is_open = survey.state == "open" and survey.closes_on >= timezone.localdate()
    return form_page(
        request,
        "evaluation/answer.html",
        form,
        survey=survey,
        answered=answered,
        is_open=is_open,
    )
