"""Stories, storyboards, the programme's months and futures of changes of the demo year, made through the actions."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from datetime import datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

from django.db import transaction
from django.utils import timezone

from collaborative.demo.people import DIRECTOR
from grants.enums import PlanDecision
from learning.actions.holding import decide_future
from learning.actions.sessions import add_session_file
from learning.actions.stories import begin_story, choose_follows, note_visit, say_thanks, tell_story
from learning.actions.storyboards import make_storyboard, show_storyboard
from learning.actions.synthesis import open_synthesis, publish_synthesis
from learning.enums import SessionState
from learning.models import (
    ChangeFuture,
    FeedVisit,
    MonthlyReport,
    Session,
    Story,
    Storyboard,
    Synthesis,
)
from learning.printing import Section, print_document
from learning.queries.holding import list_held_changes
from learning.queries.stories import list_told_stories
from pdsa.charts.periods import step
from pdsa.enums import Frequency
from teams.actions.autosave import write_fields
from teams.actions.moderation import decide_about_post, report_post
from teams.attachments import list_attachments
from teams.enums import HoldState
from teams.models import HeldPost, Team, User
from teams.moderation import get_post
from teams.scoping import scope_of

STORY = Path(__file__).with_name("programme_life.toml")
#: Groups that made a storyboard for the next learning session, and those of them that show it.
_BOARDS, _SHOWN = ("G01", "G02", "G04", "G05", "G09"), ("G01", "G02", "G09")
_WORDS = ("title", "what_we_changed", "for_whom", "what_happened")


def load_programme_life(
    *, users: dict[str, User], now: datetime, say: Callable[[str], None]
) -> None:
    """Everything that is not there yet. Days of the story count from `now`."""
    story = tomllib.loads(STORY.read_text("utf-8"))
    if not Story.objects.exists():
        _tell_stories(story, users, now)
    if not Synthesis.objects.exists():
        _write_months(story, users[DIRECTOR], now)
    if not ChangeFuture.objects.exists():
        _decide_futures(story, users, now)
    if not Storyboard.objects.exists():
        _make_storyboards(users, now)
    _add_slides(users[DIRECTOR], now)
    say(
        f"  {Story.objects.count()} stories, {Synthesis.objects.count()} months,"
        f" {Storyboard.objects.count()} storyboards"
    )


def _lead(users: dict[str, User], code: str) -> User:
    return users[f"lead.{code.lower()}@groups.example"]


@transaction.atomic
def _tell_stories(story: dict[str, Any], users: dict[str, User], now: datetime) -> None:
    readers = [users[f"member.{code}@groups.example"] for code in ("g03", "g05", "g08")]
    for reader, topic in zip(readers, ("blood_pressure", "diabetes", "access"), strict=True):
        choose_follows(chosen={("topic", topic), ("driver", "trust")}, by=reader)
        note_visit(by=reader, as_of=now - timedelta(days=26))
        FeedVisit.objects.filter(user=reader).update(last_at=now - timedelta(days=8))
    told = []
    for row in story["story"]:
        lead = _lead(users, row["team"])
        at = now - timedelta(days=row["ago"])
        team = Team.objects.get(code=row["team"])
        post = begin_story(team=team, by=lead)
        values = {name: row.get(name, "") for name in _WORDS}
        write_fields(target=post, team=team, values=values, by=lead, as_of=at)
        post.save()
        if row.get("draft"):
            continue
        about = {"topic": row["topic"], "driver": row["driver"], "focus_stratum": None}
        told.append(tell_story(story=post, is_named=row["named"], about=about, by=lead, as_of=at))
    for number, post in enumerate(told):
        for reader in readers[: 1 + number % 3]:
            at = (post.told_at or now) + timedelta(days=1)
            scope = scope_of(reader, on=timezone.localdate(now))
            if list_told_stories(scope).filter(pk=post.pk).exists():
                say_thanks(scope=scope, story=post, by=reader, as_of=min(at, now))
    _report_one(told[3], readers[0], users, now)


def _report_one(post: Story, by: User, users: dict[str, User], now: datetime) -> None:
    """Somebody was careful; the director looked and restored it."""
    if HeldPost.objects.exists():
        return
    at = now - timedelta(days=16)
    found = get_post(scope_of(by, on=timezone.localdate(now)), "learning.story", post.pk)
    held = report_post(
        post=found, reason="I thought the diabetes patients could be recognised", by=by, as_of=at
    )
    decide_about_post(
        held=held,
        state=HoldState.RESTORED,
        decision="No name, no place and no number small enough: it can stay. Thank you for looking.",
        by=users[DIRECTOR],
        as_of=at + timedelta(hours=3),
    )


@transaction.atomic
def _write_months(story: dict[str, Any], director: User, now: datetime) -> None:
    released = MonthlyReport.objects.filter(team__code__in=story["quotes"]["released"])
    released.exclude(submitted_at=None).exclude(patient_voice="").update(voice_released=True)
    today = timezone.localdate(now)
    for row in story["month"]:
        month = step(today, Frequency.MONTH, -row["back"]).replace(day=1)
        at = min(now, now.replace(day=12) - timedelta(days=30 * (row["back"] - 1)))
        synthesis = open_synthesis(month=month, by=director)
        values = {name: row[name] for name in ("summary", "themes", "answers", "next_month")}
        write_fields(target=synthesis, team=None, values=values, by=director, as_of=at)
        synthesis.save()
        publish_synthesis(synthesis=synthesis, by=director, as_of=at)


@transaction.atomic
def _decide_futures(story: dict[str, Any], users: dict[str, User], now: datetime) -> None:
    for row in story["future"]:
        lead = _lead(users, row["team"])
        team = Team.objects.get(code=row["team"])
        scope = scope_of(lead, on=timezone.localdate(now))
        change = next(iter(list_held_changes(scope, team)), None)
        if change is None:
            continue
        decide_future(
            team=team,
            idea_id=change.idea.pk,
            values={
                "decision": PlanDecision(row["decision"]),
                "replaces_step": row["replaces"],
                "owner": lead,
                "reason": row["reason"],
            },
            by=lead,
            as_of=now - timedelta(days=9),
        )


@transaction.atomic
def _make_storyboards(users: dict[str, User], now: datetime) -> None:
    session = (
        Session.objects.filter(
            kind="learning_session",
            starts_at__gt=now,
            state__in=[SessionState.PLANNED, SessionState.OPEN],
        )
        .order_by("starts_at")
        .first()
    )
    if session is None:
        return
    for code in _BOARDS:
        lead = _lead(users, code)
        board = make_storyboard(
            session=session, team=Team.objects.get(code=code), by=lead, as_of=now
        )
        if code in _SHOWN:
            show_storyboard(board=board, is_shown=True, by=lead)


@transaction.atomic
def _add_slides(director: User, now: datetime) -> None:
    """A hand-out of the last session that was held, as a file."""
    session = Session.objects.filter(ends_at__lt=now).order_by("-ends_at").first()
    if session is None or list_attachments(session).exists():
        return
    content = print_document(
        title="Reading small numbers",
        kicker=session.title,
        sections=[
            Section(
                "Before you look at a point", 2, items=("How many people is it?", "Pool a quarter.")
            ),
            Section(
                "Then read the line",
                2,
                ("Eight months on one side say more than one month far away.",),
            ),
        ],
        audience="Everybody in the programme",
        made_at=timezone.localtime(session.ends_at),
    )
    add_session_file(
        session=session,
        file=BytesIO(content),
        name="reading-small-numbers.pdf",
        by=director,
        as_of=session.ends_at,
    )
