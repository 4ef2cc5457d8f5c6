"""Writes about pulse surveys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from learning.enums import QuestionKind, RespondentGroup, SurveyState
from learning.models import Survey, SurveyAnswer, SurveyQuestion, SurveyReply, SurveySheet
from learning.policies import check_reminded_once, check_survey_can, check_survey_takes_answers
from learning.queries.surveys import (
    has_answered,
    list_not_answered,
    list_participants_asked,
    respondent_group,
)
from teams.actions.audit import record_event
from teams.actions.notifications import notify
from teams.enums import Topic
from teams.errors import StateRefused
from teams.models import User
from teams.scoping import scope_of


@dataclass(frozen=True)
class Asked:
    """One question as somebody wrote it."""

    kind: QuestionKind
    text: str
    options: tuple[str, ...] = field(default=())


@transaction.atomic
def save_survey(
    *,
    title: str,
    introduction: str,
    closes_on: date,
    questions: Sequence[Asked],
    by: User,
    survey: Survey | None = None,
) -> Survey:
    """Make a draft, or change one. Effects: survey and questions, an audit event.

    Raises StateRefused for a survey that is open or closed, and without a question.
    """
    if survey is not None:
        survey = Survey.objects.select_for_update().get(pk=survey.pk)
        check_survey_can("edit", survey)
    if not questions:
        raise StateRefused("Ask at least one question.")
    survey = survey or Survey(made_by=by)
    survey.title, survey.introduction, survey.closes_on = title, introduction, closes_on
    survey.save()
    survey.questions.all().delete()
    SurveyQuestion.objects.bulk_create(
        SurveyQuestion(
            survey=survey,
            position=position,
            kind=asked.kind,
            text=asked.text,
            options=list(asked.options),
        )
        for position, asked in enumerate(questions, start=1)
    )
    record_event(
        act="save_survey",
        target=survey,
        by=by,
        details={"title": title, "questions": len(questions)},
    )
    return survey


@transaction.atomic
def delete_survey(*, survey: Survey, by: User) -> None:
    """Only a draft: what people have answered stays. Effects: it is gone, an audit event."""
    survey = Survey.objects.select_for_update().get(pk=survey.pk)
    check_survey_can("edit", survey)
    record_event(act="delete_survey", target=survey, by=by, details={"title": survey.title})
    survey.delete()


@transaction.atomic
def open_survey(*, survey: Survey, by: User, as_of: datetime) -> Survey:
    """Let people answer, and tell them. Effects: the state, an audit event, one notification each."""
    survey = Survey.objects.select_for_update().get(pk=survey.pk)
    check_survey_can("open", survey)
    today = timezone.localdate(as_of)
    if survey.closes_on < today:
        raise StateRefused("The last day for answers is past. Choose a later one first.")
    people = list(list_participants_asked(on=today))
    survey.state, survey.opened_at = SurveyState.OPEN, as_of
    survey.invited_count = len(people)
    survey.save(update_fields=["state", "opened_at", "invited_count"])
    record_event(act="open_survey", target=survey, by=by, details={"asked": len(people)})
    _tell(survey, people, f"Two minutes: {survey.title}", "opened", as_of)
    return survey


def _tell(survey: Survey, people: Sequence[User], title: str, key: str, as_of: datetime) -> None:
    notify(
        users=people,
        topic=Topic.SESSIONS,
        title=title[:200],
        text=f"A short survey without names, until {survey.closes_on:%-d %B}.",
        path=reverse("evaluation:answer_survey", args=[survey.pk]),
        key=f"survey-{survey.pk}-{key}",
        as_of=as_of,
    )


@transaction.atomic
def remind_of_survey(*, survey: Survey, by: User, as_of: datetime) -> int:
    """Remind those who have not answered, once. Returns how many were told. Effects: when, an audit event."""
    survey = Survey.objects.select_for_update().get(pk=survey.pk)
    check_survey_can("remind", survey)
    check_reminded_once(survey)
    people = list(list_not_answered(survey, on=timezone.localdate(as_of)))
    survey.reminded_at = as_of
    survey.save(update_fields=["reminded_at"])
    record_event(act="remind_of_survey", target=survey, by=by, details={"count": len(people)})
    _tell(survey, people, f"Still open: {survey.title}", "reminder", as_of)
    return len(people)


@transaction.atomic
def close_survey(*, survey: Survey, by: User | None, as_of: datetime) -> Survey:
    """No more answers; results can be read. Effects: the state, an audit event."""
    survey = Survey.objects.select_for_update().get(pk=survey.pk)
    check_survey_can("close", survey)
    survey.state, survey.closed_at = SurveyState.CLOSED, as_of
    survey.save(update_fields=["state", "closed_at"])
    record_event(act="close_survey", target=survey, by=by)
    return survey


def close_surveys_that_ended(*, as_of: datetime) -> int:
    """Close every open survey whose last day is past. Returns how many."""
    ended = Survey.objects.filter(
        state=SurveyState.OPEN, closes_on__lt=timezone.localdate(as_of)
    ).order_by("pk")
    for survey in ended:
        close_survey(survey=survey, by=None, as_of=as_of)
    return len(ended)


@transaction.atomic
def answer_survey(
    *, survey: Survey, answers: Mapping[int, int | str], by: User, as_of: datetime
) -> None:
    """Keep one person's answers, once and without the person.

    answers: question id → 1 to 5, the place of an option from 1, or own words; left out: no answer.
    Effects: who has answered in one table, what was answered in another, with nothing that links them; an audit
    event without content. Raises StateRefused outside the days, for a second time, and without any answer.
    """
    # One after the other: two clicks at once are one answer.
    survey = Survey.objects.select_for_update().get(pk=survey.pk)
    today = timezone.localdate(as_of)
    check_survey_takes_answers(survey, today=today, has_answered=has_answered(survey, by.pk))
    questions = {question.pk: question for question in survey.questions.all()}
    given = {
        questions[pk]: value for pk, value in answers.items() if pk in questions and value != ""
    }
    if not given:
        raise StateRefused("Answer at least one question.")
    group: RespondentGroup = respondent_group(scope_of(by, on=today))
    sheet = SurveySheet.objects.create(survey=survey, group=group)
    SurveyAnswer.objects.bulk_create(
        SurveyAnswer(
            sheet=sheet,
            question=question,
            number=value if isinstance(value, int) else None,
            text="" if isinstance(value, int) else value,
        )
        for question, value in given.items()
    )
    SurveyReply.objects.create(survey=survey, user=by)
    record_event(act="answer_survey", target=survey, by=by)
