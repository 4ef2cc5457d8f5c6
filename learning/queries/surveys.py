"""Reads of pulse surveys. Results exist once a survey is closed: two looks at an open one would tell one answer."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.db.models import Count, Q, QuerySet

from learning.enums import QuestionKind, RespondentGroup, SurveyState
from learning.evaluation_tables import Column, Table, number_column, rounded
from learning.models import Survey, SurveyAnswer, SurveyQuestion, SurveyReply, SurveySheet
from learning.queries.identities import get_name_finder
from learning.survey_results import (
    QuestionResult,
    ScaleSummary,
    Share,
    choice_result,
    scale_result,
    text_result,
)
from teams.enums import Role
from teams.models import Membership, User, holds_on
from teams.permissions import ROLE_PERMISSIONS, Permission
from teams.scoping import Scope

_GROUP_OF: dict[Role, RespondentGroup] = {
    Role.COACH: RespondentGroup.COACH,
    Role.SENIOR_SPONSOR: RespondentGroup.SPONSOR,
    Role.GROUP_LEAD: RespondentGroup.STAFF,
    Role.GROUP_MEMBER: RespondentGroup.STAFF,
}


def list_surveys(scope: Scope) -> QuerySet[Survey]:
    """Every survey, for whoever makes them; the last to close first. reply_count: how many have answered."""
    if not scope.may(Permission.MANAGE_SURVEYS):
        return Survey.objects.none()
    return Survey.objects.annotate(reply_count=Count("replies")).order_by("-closes_on", "-id")


def get_survey(scope: Scope, survey_id: int) -> Survey:
    return list_surveys(scope).get(pk=survey_id)


def list_questions(survey: Survey) -> list[SurveyQuestion]:
    return list(survey.questions.order_by("position"))


def list_participants_asked(*, on: date) -> QuerySet[User]:
    """Everybody who may answer on a day: people of the groups and coaches, with an open account."""
    roles = [role for role, held in ROLE_PERMISSIONS.items() if Permission.ANSWER_SURVEYS in held]
    held = Membership.objects.filter(holds_on(on), role__in=roles)
    return User.objects.filter(pk__in=held.values("user_id"), is_active=True).order_by("pk")


def list_not_answered(survey: Survey, *, on: date) -> QuerySet[User]:
    """For the reminder only; no page shows who they are."""
    return list_participants_asked(on=on).exclude(
        pk__in=SurveyReply.objects.filter(survey=survey).values("user_id")
    )


def respondent_group(scope: Scope) -> RespondentGroup:
    """As what a person answers: the first of coach, sponsor, staff that holds."""
    return next(group for role, group in _GROUP_OF.items() if role in scope.roles)


def list_open_surveys(scope: Scope, *, today: date) -> list[Survey]:
    """Surveys that the reader may answer and has not, the first to close first."""
    if scope.user_id is None or not scope.may(Permission.ANSWER_SURVEYS):
        return []
    return list(
        Survey.objects.filter(state=SurveyState.OPEN, closes_on__gte=today)
        .exclude(replies__user_id=scope.user_id)
        .order_by("closes_on", "id")
    )


def get_survey_to_answer(scope: Scope, survey_id: int) -> Survey:
    """An open or closed survey; a draft does not exist for those who answer."""
    if not scope.may(Permission.ANSWER_SURVEYS):
        raise Survey.DoesNotExist
    return Survey.objects.exclude(state=SurveyState.DRAFT).get(pk=survey_id)


def has_answered(survey: Survey, user_id: int) -> bool:
    return survey.replies.filter(user_id=user_id).exists()


@dataclass(frozen=True)
class SurveyResults:
    """sheet_count: how many answered. questions: None of them says anything of fewer than five answers."""

    survey: Survey
    sheet_count: int
    questions: tuple[QuestionResult, ...]


def get_results(scope: Scope, survey: Survey) -> SurveyResults | None:
    """Results of a closed survey; None before that, and for readers who make no surveys."""
    if not scope.may(Permission.MANAGE_SURVEYS) or survey.state != SurveyState.CLOSED:
        return None
    finder = get_name_finder()
    numbers: dict[int, list[tuple[RespondentGroup, int]]] = defaultdict(list)
    texts: dict[int, list[str]] = defaultdict(list)
    answers = SurveyAnswer.objects.filter(sheet__survey=survey).order_by("pk")
    for question_id, group, number, text in answers.values_list(
        "question_id", "sheet__group", "number", "text"
    ):
        if number is None:
            texts[question_id].append(finder.mask(text))
        else:
            numbers[question_id].append((RespondentGroup(group), number))
    results = []
    for question in list_questions(survey):
        given = numbers[question.pk]
        if question.kind == QuestionKind.SCALE:
            results.append(scale_result(question.text, given))
        elif question.kind == QuestionKind.CHOICE:
            found = choice_result(question.text, question.options, [n for _, n in given])
            results.append(found)
        else:
            results.append(text_result(question.text, texts[question.pk]))
    count = SurveySheet.objects.filter(survey=survey).count()
    return SurveyResults(survey, count, tuple(results))


@dataclass(frozen=True)
class TrendPoint:
    survey: Survey
    scale: ScaleSummary


@dataclass(frozen=True)
class Trend:
    """One question that was asked in the same words more than once, the earliest survey first."""

    text: str
    points: tuple[TrendPoint, ...]


def list_trends(scope: Scope) -> list[Trend]:
    """Scales that two or more closed surveys asked in the same words, in the order of the latest survey."""
    closed = list_surveys(scope).filter(state=SurveyState.CLOSED).order_by("closed_at", "id")
    points: dict[str, list[TrendPoint]] = defaultdict(list)
    order: dict[str, tuple[int, int]] = {}
    for place, survey in enumerate(closed):
        results = get_results(scope, survey)
        for position, result in enumerate(results.questions if results else ()):
            if result.kind == QuestionKind.SCALE and result.scale is not None:
                key = _same_words(result.text)
                points[key].append(TrendPoint(survey, result.scale))
                order[key] = (-place, position)
    wanted = sorted((key for key in points if len(points[key]) > 1), key=lambda key: order[key])
    return [Trend(_words_of(points[key], key), tuple(points[key])) for key in wanted]


def _same_words(text: str) -> str:
    return " ".join(text.lower().split()).rstrip(".?! ")


def _words_of(points: Sequence[TrendPoint], key: str) -> str:
    texts = (
        points[-1]
        .survey.questions.filter(Q(kind=QuestionKind.SCALE))
        .values_list("text", flat=True)
    )
    return next((text for text in texts if _same_words(text) == key), key)


# --- as a table ------------------------------------------------------------------------------------------------


def results_table(found: Sequence[SurveyResults]) -> Table:
    """Results of surveys as rows: one for each question, group of respondents and answer."""
    rows: list[tuple[object, ...]] = []
    for results in found:
        survey = results.survey
        head = (survey.title, f"{survey.closes_on:%Y-%m}")
        for question in results.questions:
            about = (*head, question.text, question.kind.value)
            if not question.enough:
                rows.append(
                    (*about, "all", "", None, None, None, None, None, None, None, "too few answers")
                )
                continue
            if question.scale is not None:
                rows.append(_mean_row(about, "all", question.scale))
                rows += [_mean_row(about, group.value, scale) for group, scale in question.groups]
            rows += [_share_row(about, share, question.count) for share in question.shares]
            rows += [
                (*about, "all", text, question.count, None, None, None, None, None, None, "shown")
                for text in question.texts
            ]
    return Table(
        "survey-results",
        "Survey results",
        "Pulse surveys that are closed. Nothing is said of fewer than five answers.",
        (
            Column("survey", "Survey", "Title of the survey."),
            Column("month", "Month", "Month of its last day, YYYY-MM."),
            Column("question", "Question", "Its words."),
            Column("kind", "Kind", "scale (1 to 5), choice or text."),
            Column("respondents", "Respondents", "all, staff, sponsor or coach."),
            Column("answer", "Answer", "The answer that the row counts; “mean” for the mean of a scale; own words of a text."),
            number_column("answers", "Answers", "How many answered the question."),
            number_column("count", "Count", "How many gave this answer."),
            number_column("share", "Share", "Proportion 0–1 of them."),
            number_column("share_lower", "from", "Lower limit of its 95% interval (Wilson)."),
            number_column("share_upper", "to", "Upper limit of its 95% interval."),
            number_column("mean", "Mean", "Mean of a scale, 1 to 5."),
            Column("mean_interval", "Interval", "Its 95% interval (Student’s t), “from to”; empty where all gave the same answer."),
            Column("state", "State", "“shown”, or “too few answers”: fewer than five."),
        ),
        tuple(rows),
    )  # fmt: skip


def _mean_row(about: tuple[object, ...], who: str, scale: ScaleSummary) -> tuple[object, ...]:
    interval = (
        "" if scale.mean_lower is None or scale.mean_upper is None
        else f"{scale.mean_lower:.2f} to {scale.mean_upper:.2f}"
    )  # fmt: skip
    mean = rounded(scale.mean, 2)
    return (*about, who, "mean", scale.count, None, None, None, None, mean, interval, "shown")


def _share_row(about: tuple[object, ...], share: Share, answers: int) -> tuple[object, ...]:
    numbers = (rounded(share.share, 4), rounded(share.lower, 4), rounded(share.upper, 4))
    return (*about, "all", share.label, answers, share.count, *numbers, None, "", "shown")
