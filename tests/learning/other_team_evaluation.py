"""The evaluation for the walk over every address: what only evaluators read, and what nobody does."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from learning.models import (
    Codebook,
    CodebookEntry,
    CodingRound,
    Excerpt,
    ExcerptCoding,
    InterviewSource,
    MonthlyReport,
    Pseudonym,
    ReleasedText,
    Survey,
    SurveyAnswer,
    SurveyQuestion,
    SurveySheet,
)
from teams.enums import Role
from teams.models import Team
from tests.addresses import World
from tests.factories.people import make_user

_EVALUATORS = {Role.EVALUATOR}


def build(world: World) -> None:
    """Called after the reports of both teams are there."""
    Pseudonym.objects.create(team=world.mine, code="T-4WN3")
    Pseudonym.objects.create(team=world.other, code="T-9KX7")
    world.mark("T-9KX7", seen_by=_EVALUATORS)
    mine = _release(world, world.mine, "Own")
    other = _release(world, world.other, "Strange")
    world.provide("released_id", mine=mine.pk, other=other.pk, seen_by=())
    for name in ("choose_report_text", "release_report"):
        world.provide(
            f"evaluation:{name}.report_id", mine=mine.report_id, other=other.report_id, seen_by=()
        )
    for name in ("choose_test_text", "release_test"):
        cycle = world.values["cycle_id"]
        world.provide(f"evaluation:{name}.cycle_id", mine=cycle.mine, other=cycle.other, seen_by=())
    world.share("evaluation:release_report.field", "tested_and_learned")
    world.share("evaluation:release_test.field", "objective")
    world.mark("Strange released words", seen_by=_EVALUATORS)

    for name in ("evaluation:table", "evaluation:table_file", "api_evaluation_table"):
        world.share(f"{name}.name", "texts")
    for name, form in (("files", "zip"), ("survey_file", "csv"), ("round_file", "zip")):
        world.share(f"evaluation:{name}.form", form)
    world.share("survey_id", _survey(world).pk)
    world.mark("Strange words of one answer", seen_by=())
    _interviews(world)
    world.mark("Strange excerpt words", seen_by=_EVALUATORS)


def _release(world: World, team: Team, word: str) -> ReleasedText:
    report = MonthlyReport.objects.get(team=team)
    return ReleasedText.objects.create(
        team=team,
        report=report,
        field="tested_and_learned",
        text=f"{word} released words",
        released_by=world.users[Role.GROUP_LEAD],
    )


def _survey(world: World) -> Survey:
    """Closed, with one sheet: too few answers for anybody."""
    now = timezone.now()
    survey = Survey.objects.create(
        title="Pulse",
        state="closed",
        closes_on=timezone.localdate(),
        opened_at=now - timedelta(days=3),
        closed_at=now,
        invited_count=3,
        made_by=world.users[Role.EVALUATOR],
    )
    question = SurveyQuestion.objects.create(survey=survey, position=1, kind="text", text="Why?")
    sheet = SurveySheet.objects.create(survey=survey, group="staff")
    SurveyAnswer.objects.create(sheet=sheet, question=question, text="Strange words of one answer")
    return survey


def _interviews(world: World) -> None:
    evaluator, second = world.users[Role.EVALUATOR], make_user(Role.EVALUATOR)
    source = InterviewSource.objects.create(code="P-01", stakeholder="Coach")
    excerpt = Excerpt.objects.create(
        source=source, number=1, text="Strange excerpt words", added_by=evaluator
    )
    now = timezone.now()
    codebook = Codebook.objects.create(version=1, made_by=evaluator, fixed_at=now)
    theme = CodebookEntry.objects.create(
        codebook=codebook, key="theme", level="theme", position=1, name="Theme"
    )
    code = CodebookEntry.objects.create(
        codebook=codebook, key="code", level="code", position=2, name="Code", parent=theme
    )
    found = CodingRound.objects.create(
        name="Round",
        codebook=codebook,
        first=evaluator,
        second=second,
        first_done_at=now,
        second_done_at=now,
    )
    found.excerpts.set([excerpt])
    ExcerptCoding.objects.create(round=found, excerpt=excerpt, coder=evaluator).codes.set([code])
    ExcerptCoding.objects.create(round=found, excerpt=excerpt, coder=second)
    world.share("excerpt_id", excerpt.pk)
    world.share("round_id", found.pk)
    world.share("entry_id", code.pk)
    world.share("version", 1)
