"""A participant answers a survey on a phone, two evaluators code, and every page of the evaluation is in order."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import expect

from learning.actions.coding import (
    Passage,
    add_excerpts,
    begin_codebook,
    begin_round,
    code_excerpt,
    finish_coding,
    fix_codebook,
    save_entry,
)
from learning.actions.surveys import Asked, answer_survey, close_survey, open_survey, save_survey
from learning.enums import QuestionKind, SourceForm
from learning.models import CodingRound, Excerpt, Survey, SurveyAnswer
from teams.enums import Role
from teams.models import User
from teams.scoping import scope_of
from tests.e2e.accessibility import flaws
from tests.factories.people import make_team, make_user

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def evaluator() -> User:
    return make_user(Role.EVALUATOR, name="Samira Haddad")


def opened(by: User, title: str = "Pulse") -> Survey:
    survey = save_survey(
        title=title,
        introduction="Two minutes.",
        closes_on=timezone.localdate() + timedelta(days=5),
        questions=[
            Asked(QuestionKind.SCALE, "We have the time"),
            Asked(QuestionKind.CHOICE, "What held you back?", ("Time", "Data")),
            Asked(QuestionKind.TEXT, "What else?"),
        ],
        by=by,
    )
    return open_survey(survey=survey, by=by, as_of=timezone.now())


def test_participant_answers_on_a_phone_and_loses_nothing(open_as: Any, evaluator: User) -> None:
    survey = opened(evaluator)
    page = open_as(make_user(Role.GROUP_MEMBER), f"/surveys/{survey.pk}/", 390)
    assert flaws(page) == []
    page.get_by_role("radio", name="4", exact=True).check(force=True)
    page.get_by_label("Data").check()
    page.get_by_label("What else?").fill("More time for questions")
    page.reload()
    expect(page.get_by_label("What else?")).to_have_value("More time for questions")
    expect(page.get_by_role("radio", name="4", exact=True)).to_be_checked()
    page.get_by_role("button", name="Send the answers").click()
    expect(page.get_by_text("Your answers are kept without your name")).to_be_visible()
    assert sorted(SurveyAnswer.objects.values_list("number", "text"), key=str) == sorted(
        [(4, ""), (2, ""), (None, "More time for questions")], key=str
    )


def coded(first: User, second: User) -> CodingRound:
    codebook = begin_codebook(note="First", by=first)
    words = {
        "definition": "What it means",
        "when_to_use": "Often",
        "when_not": "Never",
        "by": first,
    }
    theme = save_entry(codebook=codebook, name="Theme", **words)
    code = save_entry(codebook=codebook, name="Coaching", parent=theme, **words)
    codebook = fix_codebook(codebook=codebook, by=first, as_of=timezone.now())
    add_excerpts(
        passages=[
            Passage("P-01", "Coach", SourceForm.INTERVIEW, None, f"Words {n}") for n in range(3)
        ],
        mask=False,
        by=first,
    )
    made = begin_round(
        name="Pilot",
        codebook=codebook,
        first=first,
        second=second,
        excerpts=list(Excerpt.objects.all()),
        scope=scope_of(first, on=timezone.localdate()),
        by=first,
    )
    for by, given in ((first, [[code], [], []]), (second, [[code], [code], []])):
        for excerpt, codes in zip(made.excerpts.order_by("number"), given, strict=True):
            code_excerpt(coding_round=made, excerpt=excerpt, codes=codes, by=by)
        made = finish_coding(coding_round=made, by=by, as_of=timezone.now())
    return made


@pytest.mark.heavy
@pytest.mark.parametrize("width", [1440, 390])
def test_pages_of_the_evaluation_are_in_order(
    width: int, open_as: Any, live_server: Any, evaluator: User
) -> None:
    make_team()
    for title in ("Spring", "Autumn"):
        survey = opened(evaluator, title)
        question = survey.questions.get(position=1)
        for value in (2, 3, 4, 4, 5):
            answer_survey(
                survey=survey,
                answers={question.pk: value},
                by=make_user(Role.GROUP_MEMBER),
                as_of=timezone.now(),
            )
        close_survey(survey=survey, by=evaluator, as_of=timezone.now())
    made = coded(evaluator, make_user(Role.EVALUATOR, name="Tom Lindgren"))
    second = made.excerpts.get(number=2)
    page = open_as(evaluator, width=width)
    wrong = []
    for name, args in (
        ("overview", []),
        ("table", ["dose"]),
        ("surveys", []),
        ("survey", [survey.pk]),
        ("new_survey", []),
        ("interviews", []),
        ("codebook", []),
        ("round", [made.pk]),
        ("settle_excerpt", [made.pk, second.pk]),
    ):
        page.goto(live_server.url + reverse(f"evaluation:{name}", args=args))
        wrong += flaws(page)
    assert wrong == []
