"""The evaluation of the demo year, made through the actions: surveys, interviews coded by two, released texts."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.db import transaction
from django.utils import timezone

from collaborative.demo.people import EVALUATORS
from learning.actions.coding import (
    Passage,
    add_excerpts,
    begin_codebook,
    begin_round,
    code_excerpt,
    finish_coding,
    fix_codebook,
    save_entry,
    settle_excerpt,
)
from learning.actions.evaluation import draw_pseudonyms, release_text
from learning.actions.surveys import Asked, answer_survey, close_survey, open_survey, save_survey
from learning.enums import QuestionKind, ReportState, SourceForm
from learning.models import (
    Codebook,
    CodebookEntry,
    CodingRound,
    Excerpt,
    MonthlyReport,
    ReleasedText,
    Survey,
)
from learning.queries.surveys import list_participants_asked, list_questions
from pdsa.charts.periods import step
from pdsa.enums import Frequency
from teams.models import User
from teams.scoping import scope_of

STORY = Path(__file__).with_name("evaluation.toml")
#: Days for which a survey of the story was open.
_OPEN_FOR = 14


def make_evaluation(*, users: dict[str, User], now: datetime, say: Callable[[str], None]) -> None:
    """Everything that is not there yet. Days of the story count from `now`."""
    story = tomllib.loads(STORY.read_text("utf-8"))
    first, second = (users[email] for email in EVALUATORS)
    draw_pseudonyms(by=first)
    for row in story["survey"]:
        if not Survey.objects.filter(title=row["title"]).exists():
            _make_survey(row, first, now)
    if not Codebook.objects.exists():
        _make_codebook(story["codebook"], first, now)
    if not CodingRound.objects.exists():
        _make_round(story, first, second, now)
    if not ReleasedText.objects.exists():
        _release(story["release"])
    say(
        f"  {Survey.objects.count()} surveys, {Excerpt.objects.count()} excerpts coded by two,"
        f" {ReleasedText.objects.count()} released texts"
    )


@transaction.atomic
def _make_survey(row: dict[str, Any], by: User, now: datetime) -> None:
    """Open for two weeks, answered by the first people asked; a survey without answers is still open."""
    opened_at = now - timedelta(
        days=row.get("ago", 0) + _OPEN_FOR if "ago" in row else row["opens_ago"]
    )
    source = row.get("question") or [
        {"kind": q.kind, "text": q.text, "options": q.options}
        for q in list_questions(Survey.objects.get(title=row["like"]))
    ]
    survey = save_survey(
        title=row["title"],
        introduction=row["introduction"],
        closes_on=timezone.localdate(opened_at) + timedelta(days=_OPEN_FOR),
        questions=[
            Asked(QuestionKind(q["kind"]), q["text"], tuple(q.get("options", ()))) for q in source
        ],
        by=by,
    )
    survey = open_survey(survey=survey, by=by, as_of=opened_at)
    if "question" not in row:
        return
    questions = list_questions(survey)
    people = list(list_participants_asked(on=timezone.localdate(opened_at)))
    count = max(len(q["answers"]) for q in row["question"] if "answers" in q)
    # Every third person leaves it: answers come from all groups, not from the first ones.
    asked = [person for place, person in enumerate(people) if place % 3][:count]
    for place, person in enumerate(asked):
        answers: dict[int, int | str] = {}
        for question, said in zip(questions, row["question"], strict=True):
            if "words" in said:
                if place < len(said["words"]):
                    answers[question.pk] = said["words"][place]
            elif place < len(said["answers"]):
                answers[question.pk] = said["answers"][place]
        answer_survey(
            survey=survey,
            answers=answers,
            by=person,
            as_of=opened_at + timedelta(hours=5 + 9 * (place % 20)),
        )
    close_survey(survey=survey, by=by, as_of=opened_at + timedelta(days=_OPEN_FOR + 1))


@transaction.atomic
def _make_codebook(story: dict[str, Any], by: User, now: datetime) -> None:
    codebook = begin_codebook(note=story["note"], by=by)

    def add(row: dict[str, Any], parent: CodebookEntry | None) -> CodebookEntry:
        return save_entry(
            codebook=codebook,
            parent=parent,
            name=row["name"],
            definition=row.get("definition", ""),
            when_to_use=row.get("use", ""),
            when_not=row.get("not", ""),
            by=by,
        )

    for theme in story["theme"]:
        top = add(theme, None)
        for code in theme["code"]:
            middle = add(code, top)
            for name in code.get("sub", ()):
                add({"name": name}, middle)
    fix_codebook(codebook=codebook, by=by, as_of=now - timedelta(days=60))


@transaction.atomic
def _make_round(story: dict[str, Any], first: User, second: User, now: datetime) -> None:
    """Both coders have finished; what differs is settled but for the last few."""
    rows = story["excerpt"]
    month = step(timezone.localdate(now), Frequency.MONTH, -3)
    add_excerpts(
        passages=[
            Passage(
                row["source"],
                row["who"],
                SourceForm(row.get("form", "interview")),
                month,
                row["text"],
            )
            for row in rows
        ],
        mask=False,
        by=first,
    )
    excerpts = {excerpt.text: excerpt for excerpt in Excerpt.objects.all()}
    codebook = Codebook.objects.get()
    codes = {entry.name: entry for entry in codebook.entries.all()}
    made = begin_round(
        name=story["round"]["name"],
        codebook=codebook,
        first=first,
        second=second,
        excerpts=list(excerpts.values()),
        scope=scope_of(first, on=timezone.localdate(now)),
        by=first,
    )
    for coder, given in ((first, "a"), (second, "b")):
        for row in rows:
            code_excerpt(
                coding_round=made,
                excerpt=excerpts[row["text"]],
                codes=[codes[name] for name in row[given]],
                by=coder,
            )
        made = finish_coding(coding_round=made, by=coder, as_of=now - timedelta(days=20))
    for row in rows:
        if "settled" in row:
            settle_excerpt(
                coding_round=made,
                excerpt=excerpts[row["text"]],
                codes=[codes[name] for name in row["settled"]],
                reason="Read together.",
                by=second,
                as_of=now - timedelta(days=12),
            )


@transaction.atomic
def _release(rows: list[dict[str, str]]) -> None:
    """A text of each team's latest report that was handed in, released by who handed it in."""
    for row in rows:
        report = (
            MonthlyReport.objects.filter(team__code=row["team"])
            .exclude(state=ReportState.DRAFT)
            .select_related("team", "submitted_by")
            .order_by("-month")
            .first()
        )
        if report is not None and report.submitted_by is not None and getattr(report, row["field"]):
            release_text(
                target=report,
                field=row["field"],
                text=getattr(report, row["field"]),
                by=report.submitted_by,
            )
