"""Pulse surveys: answered once and without a person, told from five answers on, by role only where that hides everybody."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from learning.actions.surveys import (
    Asked,
    answer_survey,
    close_survey,
    close_surveys_that_ended,
    delete_survey,
    open_survey,
    remind_of_survey,
    save_survey,
)
from learning.enums import QuestionKind, RespondentGroup, SurveyState
from learning.models import Survey, SurveyAnswer, SurveyQuestion, SurveyReply, SurveySheet
from learning.queries.surveys import (
    get_results,
    list_not_answered,
    list_open_surveys,
    list_participants_asked,
    list_trends,
    results_table,
)
from learning.survey_results import scale_result, shown_groups, summarise_scale
from teams.enums import Role
from teams.errors import StateRefused
from teams.models import AuditEvent, Notification, User
from teams.scoping import scope_of
from tests.factories.learning import DAY, NOW, TODAY
from tests.factories.people import make_team, make_user, signed_in

pytestmark = pytest.mark.django_db

STAFF, SPONSOR, COACH = RespondentGroup
QUESTIONS = (
    Asked(QuestionKind.SCALE, "We have the time"),
    Asked(QuestionKind.CHOICE, "What held you back?", ("Time", "Data")),
    Asked(QuestionKind.TEXT, "What else?"),
)


def make_survey(by: User, *, title: str = "Pulse", questions: Any = QUESTIONS) -> Survey:
    return save_survey(
        title=title, introduction="", closes_on=TODAY + 10 * DAY, questions=questions, by=by
    )


def opened(by: User, **fields: Any) -> Survey:
    return open_survey(survey=make_survey(by, **fields), by=by, as_of=NOW)


def answer(survey: Survey, by: User, *values: Any) -> None:
    questions = survey.questions.order_by("position")
    given = {q.pk: v for q, v in zip(questions, values, strict=False) if v is not None}
    answer_survey(survey=survey, answers=given, by=by, as_of=NOW)


def answered_by(
    survey: Survey, count: int, *, role: Role = Role.GROUP_MEMBER, value: int = 4
) -> None:
    for _ in range(count):
        answer(survey, make_user(role), value, 1, "Words of somebody")


def closed_results(survey: Survey, by: User) -> Any:
    survey = close_survey(survey=survey, by=by, as_of=NOW + DAY)
    return get_results(scope_of(by, on=TODAY), survey)


# --- answering -------------------------------------------------------------------------------------------------


def test_everybody_answers_once(evaluator: User) -> None:
    survey, person = opened(evaluator), make_user(Role.GROUP_MEMBER)
    answer(survey, person, 3)
    with pytest.raises(StateRefused, match="answers once"):
        answer(survey, person, 5)
    assert SurveyAnswer.objects.get().number == 3


def test_answers_hold_no_person_no_team_and_no_time(evaluator: User) -> None:
    """What links a sheet to somebody would have to be a field; there is none."""
    assert {f.name for f in SurveySheet._meta.get_fields()} == {"answers", "id", "survey", "group"}
    assert {f.name for f in SurveyAnswer._meta.get_fields()} == {
        "id", "sheet", "question", "number", "text",
    }  # fmt: skip
    assert {f.name for f in SurveyReply._meta.get_fields()} == {"id", "survey", "user"}
    survey, person = opened(evaluator), make_user(Role.GROUP_MEMBER)
    answer(survey, person, 3, None, "Secret words")
    event = AuditEvent.objects.get(act="answer_survey")
    assert (event.actor, event.team, event.details) == (person, None, {})


def test_numbers_of_sheets_tell_no_order(evaluator: User) -> None:
    survey = opened(evaluator)
    for value in (1, 2, 3, 4, 5) * 4:
        answer(survey, make_user(Role.GROUP_MEMBER), value)
    in_order = [a.number for a in SurveyAnswer.objects.order_by("pk")]
    assert in_order != [1, 2, 3, 4, 5] * 4
    assert sorted(in_order) == sorted([1, 2, 3, 4, 5] * 4)


@pytest.mark.parametrize(
    ("act", "reason"),
    [
        (lambda s, by: answer(s, make_user(Role.COACH)), "at least one"),
        (lambda s, by: answer(close_survey(survey=s, by=by, as_of=NOW), make_user(Role.COACH), 3), "no answers"),
        (
            lambda s, by: answer_survey(
                survey=s, answers={s.questions.first().pk: 3}, by=make_user(Role.COACH),
                as_of=NOW + timedelta(days=11),
            ),
            "last day",
        ),
        (lambda s, by: save_survey(title="x", introduction="", closes_on=TODAY, questions=QUESTIONS, by=by, survey=s), "until it is opened"),
        (lambda s, by: open_survey(survey=s, by=by, as_of=NOW), "Only a draft"),
        (lambda s, by: delete_survey(survey=s, by=by), "until it is opened"),
    ],
)  # fmt: skip
def test_refusals_of_an_open_survey(act: Any, reason: str, evaluator: User) -> None:
    with pytest.raises(StateRefused, match=reason):
        act(opened(evaluator), evaluator)


def test_draft_takes_no_answers_and_opens_only_before_its_last_day(evaluator: User) -> None:
    survey = make_survey(evaluator)
    with pytest.raises(StateRefused, match="no answers"):
        answer(survey, make_user(Role.COACH), 3)
    with pytest.raises(StateRefused, match="last day"):
        open_survey(survey=survey, by=evaluator, as_of=NOW + 11 * DAY)
    with pytest.raises(StateRefused, match="at least one question"):
        make_survey(evaluator, questions=())


def test_question_of_another_survey_is_left_out(evaluator: User) -> None:
    survey, other = opened(evaluator), make_survey(evaluator)
    with pytest.raises(StateRefused, match="at least one"):
        answer_survey(
            survey=survey,
            answers={other.questions.first().pk: 3},
            by=make_user(Role.COACH),
            as_of=NOW,
        )


def test_database_refuses_a_ninth_question_and_a_second_reply(evaluator: User) -> None:
    survey, person = opened(evaluator), make_user(Role.COACH)
    with pytest.raises(IntegrityError), transaction.atomic():
        SurveyQuestion.objects.create(survey=survey, position=9, kind="scale", text="Ninth")
    SurveyReply.objects.create(survey=survey, user=person)
    with pytest.raises(IntegrityError), transaction.atomic():
        SurveyReply.objects.create(survey=survey, user=person)


# --- who is asked ----------------------------------------------------------------------------------------------


def test_participants_are_told_once_and_reminded_once(evaluator: User) -> None:
    done, late = make_user(Role.GROUP_MEMBER), make_user(Role.COACH)
    make_user(Role.PAYER_ANALYST)
    survey = opened(evaluator)
    assert set(list_participants_asked(on=TODAY)) == {done, late}
    assert survey.invited_count == 2
    answer(survey, done, 3)
    assert remind_of_survey(survey=survey, by=evaluator, as_of=NOW + DAY) == 1
    with pytest.raises(StateRefused, match="Once is enough"):
        remind_of_survey(survey=survey, by=evaluator, as_of=NOW + 2 * DAY)
    told = list(Notification.objects.filter(key__startswith="survey-").values_list("user", "title"))
    assert sorted(told) == sorted(
        [
            (done.pk, "Two minutes: Pulse"),
            (late.pk, "Two minutes: Pulse"),
            (late.pk, "Still open: Pulse"),
        ]
    )
    assert list(list_not_answered(survey, on=TODAY)) == [late]


def test_survey_closes_by_itself_after_its_last_day(evaluator: User) -> None:
    survey = opened(evaluator)
    assert close_surveys_that_ended(as_of=NOW + 10 * DAY) == 0
    assert close_surveys_that_ended(as_of=NOW + 11 * DAY) == 1
    survey.refresh_from_db()
    assert survey.state == SurveyState.CLOSED


def test_home_shows_an_open_survey_until_it_is_answered(evaluator: User) -> None:
    survey, person = opened(evaluator), make_user(Role.SENIOR_SPONSOR)
    scope = scope_of(person, on=TODAY)
    assert list_open_surveys(scope, today=TODAY) == [survey]
    assert list_open_surveys(scope, today=TODAY + 11 * DAY) == []
    answer(survey, person, 3)
    assert list_open_surveys(scope, today=TODAY) == []
    assert list_open_surveys(scope_of(evaluator, on=TODAY), today=TODAY) == []


# --- results ---------------------------------------------------------------------------------------------------


def test_nothing_is_said_while_the_survey_is_open(evaluator: User) -> None:
    survey = opened(evaluator)
    answered_by(survey, 6)
    assert get_results(scope_of(evaluator, on=TODAY), survey) is None
    client = signed_in(evaluator)
    page = client.get(reverse("evaluation:survey", args=[survey.pk])).content.decode()
    assert "6 of" in page
    assert "Words of somebody" not in page
    assert client.get(reverse("evaluation:survey_file", args=[survey.pk, "csv"])).status_code == 404


def test_four_answers_say_nothing_and_five_do(evaluator: User) -> None:
    few, enough = opened(evaluator), opened(evaluator, title="Later")
    answered_by(few, 4)
    answered_by(enough, 5)
    for question in closed_results(few, evaluator).questions:
        assert (question.count, question.shares, question.scale, question.texts) == (
            4,
            (),
            None,
            (),
        )
    client = signed_in(evaluator)
    page = client.get(reverse("evaluation:survey", args=[few.pk])).content.decode()
    file = client.get(reverse("evaluation:survey_file", args=[few.pk, "csv"])).content.decode()
    for text in (page, file):
        assert "Words of somebody" not in text
    found = closed_results(enough, evaluator).questions
    assert found[0].scale.mean == 4
    assert [share.count for share in found[1].shares] == [5, 0]
    assert len(found[2].texts) == 5


def test_group_of_four_is_not_the_difference_between_all_and_the_others() -> None:
    assert shown_groups({STAFF: 9, COACH: 4}) == []
    assert shown_groups({STAFF: 9, COACH: 5}) == [STAFF, COACH]
    assert shown_groups({STAFF: 9, SPONSOR: 2, COACH: 3}) == [STAFF]
    assert shown_groups({STAFF: 9, SPONSOR: 6, COACH: 3}) == [STAFF]
    assert shown_groups({STAFF: 3}) == []


def test_roles_are_shown_where_each_hides_its_people(evaluator: User) -> None:
    survey = opened(evaluator)
    answered_by(survey, 6, value=2)
    answered_by(survey, 5, role=Role.COACH, value=5)
    question = closed_results(survey, evaluator).questions[0]
    assert [(group, scale.mean) for group, scale in question.groups] == [(STAFF, 2.0), (COACH, 5.0)]


def test_mean_and_interval_of_a_scale() -> None:
    """t for 5 degrees of freedom is 2.571: 3.5 ∓ 2.571 × 1.0488 / √6."""
    found = summarise_scale([2, 3, 3, 4, 4, 5])
    assert (found.mean, round(found.mean_lower, 2), round(found.mean_upper, 2)) == (3.5, 2.4, 4.6)
    assert (found.agree.count, round(found.agree.share, 2)) == (3, 0.5)
    alike = summarise_scale([4] * 6)
    assert (alike.mean, alike.mean_lower, alike.mean_upper) == (4, None, None)
    assert summarise_scale([1, 1, 1, 1]).mean is None


def test_own_words_come_without_names_and_in_the_order_of_the_alphabet(evaluator: User) -> None:
    make_team(name="Harborlight Medical Group")
    survey = opened(evaluator, questions=(Asked(QuestionKind.TEXT, "What else?"),))
    for text in ("Zeal", "At Harborlight", "Call 617-555-0114", "More", "Less"):
        answer(survey, make_user(Role.COACH), text)
    assert closed_results(survey, evaluator).questions[0].texts == (
        "At [group]", "Call [phone]", "Less", "More", "Zeal",
    )  # fmt: skip


def test_trend_joins_questions_asked_in_the_same_words(evaluator: User) -> None:
    for title, words, value in (("A", "We have the time", 2), ("B", "we have  the time.", 4)):
        survey = opened(evaluator, title=title, questions=(Asked(QuestionKind.SCALE, words),))
        answered_by(survey, 5, value=value)
        close_survey(survey=survey, by=evaluator, as_of=NOW + DAY)
    (trend,) = list_trends(scope_of(evaluator, on=TODAY))
    assert [(p.survey.title, p.scale.mean) for p in trend.points] == [("A", 2.0), ("B", 4.0)]
    assert list_trends(scope_of(make_user(Role.GROUP_LEAD), on=TODAY)) == []


def test_results_table_has_a_row_for_every_answer(evaluator: User) -> None:
    survey = opened(evaluator)
    answered_by(survey, 5)
    table = results_table([closed_results(survey, evaluator)])
    assert all(len(row) == len(table.columns) for row in table.rows)
    assert [row[5] for row in table.rows if row[3] == "scale"] == ["mean", "1", "2", "3", "4", "5"]
    few = scale_result("x", [(STAFF, 1)] * 4)
    assert few.count == 4 and not few.enough


# --- pages -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "role",
    [Role.GROUP_LEAD, Role.COACH, Role.PAYER_ANALYST, Role.SENIOR_SPONSOR, Role.ADMINISTRATOR],
)
def test_results_are_for_evaluators_and_the_director(role: Role, evaluator: User) -> None:
    survey = opened(evaluator)
    answered_by(survey, 6)
    survey = close_survey(survey=survey, by=evaluator, as_of=NOW + DAY)
    client = signed_in(make_user(role))
    for name, args in (
        ("surveys", []), ("survey", [survey.pk]), ("survey_file", [survey.pk, "csv"]),
        ("new_survey", []), ("change_survey", [survey.pk]),
    ):  # fmt: skip
        assert client.get(reverse(f"evaluation:{name}", args=args)).status_code == 403
    assert (
        client.post(reverse("evaluation:act_on_survey", args=[survey.pk, "close"])).status_code
        == 403
    )
    director = signed_in(make_user(Role.PROGRAMME_DIRECTOR))
    page = director.get(reverse("evaluation:survey", args=[survey.pk])).content.decode()
    assert "Words of somebody" in page


@pytest.mark.parametrize("role", [Role.EVALUATOR, Role.PAYER_ANALYST, Role.PROGRAMME_DIRECTOR])
def test_who_is_no_participant_does_not_answer(role: Role, evaluator: User) -> None:
    survey = opened(evaluator)
    address = reverse("evaluation:answer_survey", args=[survey.pk])
    assert signed_in(make_user(role)).post(address, {}).status_code == 403
    assert not SurveySheet.objects.exists()


def test_draft_does_not_exist_for_participants(evaluator: User) -> None:
    survey = make_survey(evaluator)
    address = reverse("evaluation:answer_survey", args=[survey.pk])
    assert signed_in(make_user(Role.COACH)).get(address).status_code == 404


def test_survey_is_made_opened_answered_and_read_on_pages(evaluator: User) -> None:
    client = signed_in(evaluator)
    closes = date.today() + timedelta(days=9)
    sent = {
        "title": "Spring", "introduction": "Two minutes", "closes_on": closes.isoformat(),
        **{f"kind_{n}": "scale" for n in range(1, 9)},
        "text_1": "We have the time", "text_3": "What held you back?", "kind_3": "choice",
        "options_3": "Time\n\nData\nTime",
    }  # fmt: skip
    refused = client.post(reverse("evaluation:new_survey"), sent | {"options_3": "Time"})
    assert refused.status_code == 422
    assert "We have the time" in refused.content.decode()
    assert client.post(reverse("evaluation:new_survey"), sent).status_code == 302
    survey = Survey.objects.get()
    assert [(q.text, q.options) for q in survey.questions.all()] == [
        ("We have the time", []),
        ("What held you back?", ["Time", "Data"]),
    ]
    client.post(reverse("evaluation:act_on_survey", args=[survey.pk, "open"]))
    address = reverse("evaluation:answer_survey", args=[survey.pk])
    first, second = survey.questions.all()
    for _ in range(5):
        person = signed_in(make_user(Role.GROUP_MEMBER))
        assert person.post(address, {f"q{first.pk}": "9"}).status_code == 422
        assert person.post(address, {f"q{first.pk}": "4", f"q{second.pk}": "2"}).status_code == 302
        again = person.post(address, {f"q{first.pk}": "1"})
        assert "Everybody answers once" in again.content.decode()
    client.post(reverse("evaluation:act_on_survey", args=[survey.pk, "close"]))
    page = client.get(reverse("evaluation:survey", args=[survey.pk])).content.decode()
    assert "5 answers" in page
    like = client.get(reverse("evaluation:new_survey") + f"?like={survey.pk}").content.decode()
    assert "What held you back?" in like
