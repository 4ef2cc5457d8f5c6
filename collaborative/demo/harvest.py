"""The change package of the demo, nominations for it, and what groups say to each other, through the actions."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.db import transaction

from collaborative.demo.people import COACHES, DIRECTOR, STARTS_ON
from learning.actions.exchange import (
    answer_group_question,
    ask_group,
    nominate_test,
    report_tried,
)
from learning.actions.package import (
    accept_nomination,
    add_chapter,
    add_chapter_idea,
    begin_draft,
    change_package,
    publish_package,
)
from learning.models import Chapter, ChapterIdea, Nomination, PackageVersion
from pdsa.enums import Sharing
from pdsa.models import Cycle, LibraryIdea
from teams.models import Team, User

STORY = Path(__file__).with_name("harvest.toml")
#: Nothing of the story is longer ago; on a clock that stands before it, nobody had a role to act in.
_LONGEST_AGO = 180


def load_harvest(*, users: dict[str, User], now: datetime, say: Callable[[str], None]) -> None:
    """Everything, unless it is there already. Days of the story count from `now`."""
    too_early = (now - timedelta(days=_LONGEST_AGO)).date() < STARTS_ON
    if too_early or PackageVersion.objects.exists():
        return
    _Story(users, now).tell()
    say(
        f"  Change package: version {PackageVersion.objects.count()} in the making,"
        f" {Nomination.objects.count()} nominations"
    )


class _Story:
    """The story being told: who acts, and when."""

    def __init__(self, users: dict[str, User], now: datetime) -> None:
        self.users, self.now = users, now
        self.director, self.coach = users[DIRECTOR], users[COACHES[0]]
        self.story = tomllib.loads(STORY.read_text("utf-8"))

    def _at(self, ago: int) -> datetime:
        return self.now - timedelta(days=ago)

    def _lead(self, code: str) -> User:
        return self.users[f"lead.{code.lower()}@groups.example"]

    @transaction.atomic
    def tell(self) -> None:
        story = self.story
        begun = self._at(story["published_ago"] + 20)
        draft = begin_draft(by=self.director, as_of=begun)
        values = {"title": story["title"], "introduction": story["introduction"].strip()}
        change_package(
            version=draft,
            values=values | {"whats_new": ""},
            seen=draft.revision,
            by=self.coach,
            as_of=begun,
        )
        for row in story["chapter"]:
            self._chapter(draft, row, self._at(story["published_ago"] + 5))
        publish_package(version=draft, by=self.director, as_of=self._at(story["published_ago"]))
        self._second()
        for row in story["waiting"]:
            self._nominate(row)
        self._said()

    def _second(self) -> None:
        story, at = self.story, self._at(self.story["draft_ago"])
        draft = begin_draft(by=self.coach, as_of=at)
        second = story["second"]
        change_package(
            version=draft,
            values={name: second[name].strip() for name in ("title", "introduction", "whats_new")},
            seen=draft.revision,
            by=self.coach,
            as_of=at,
        )
        for row in story["add"]:
            idea = ChapterIdea.objects.get(
                chapter__version=draft, chapter__title=row["chapter"], title=row["idea"]
            )
            self._place(idea, row, at)
        for row in story["new_chapter"]:
            self._chapter(draft, row, at)

    def _chapter(self, draft: PackageVersion, row: dict[str, Any], at: datetime) -> None:
        chapter = add_chapter(
            version=draft,
            values={
                "title": row["title"],
                "introduction": row["introduction"],
                "driver": row["driver"],
                "drivers": "\n".join(row["drivers"]),
                "measure_codes": row["measures"],
                "focus_codes": row["focus"],
            },
            by=self.coach,
            as_of=at,
        )
        for idea in row["idea"]:
            self._idea(chapter, idea, at)

    def _idea(self, chapter: Chapter, row: dict[str, Any], at: datetime) -> None:
        entry = LibraryIdea.objects.filter(code=row.get("library", "")).first()
        known = [] if entry is None else entry.evidence
        idea = add_chapter_idea(
            chapter=chapter,
            values={
                "title": row["title"],
                "what": row.get("what") or (entry.what if entry else ""),
                "first_test": row.get("first_test") or (entry.first_test if entry else ""),
                "evidence_grade": row["grade"],
                "evidence": row.get("evidence")
                or "\n".join(" ".join(filter(None, [k["text"], k["url"]])) for k in known),
                "library_idea_id": entry.pk if entry else None,
            },
            by=self.coach,
            as_of=at,
        )
        for test in row.get("test", []):
            self._place(idea, test, at)

    def _cycle(self, row: dict[str, Any]) -> Cycle | None:
        """The test of the story; None where this demo has none, or does not share it."""
        code, idea, number = row["test"]
        return (
            Cycle.objects.filter(idea__project__team__code=code, idea__title=idea, number=number)
            .exclude(sharing=Sharing.TEAM)
            .select_related("idea__project__team", "owner", "site")
            .first()
        )

    def _nominate(self, row: dict[str, Any]) -> Nomination | None:
        cycle = self._cycle(row)
        if cycle is None:
            return None
        return nominate_test(
            cycle_id=cycle.pk,
            reason=row["reason"],
            afterwards=row.get("afterwards", "undecided"),
            shows_effects=row.get("effects", False),
            by=self._lead(row["test"][0]),
            as_of=self._at(row["nominated_ago"]),
        )

    def _place(self, idea: ChapterIdea, row: dict[str, Any], at: datetime) -> None:
        nomination = self._nominate(row)
        if nomination is not None:
            accept_nomination(
                nomination=nomination,
                idea=idea,
                title=row["title"],
                summary=row["summary"],
                by=self.coach,
                as_of=at,
            )

    def _pairs(self, rows: list[dict[str, Any]]) -> Iterator[tuple[dict[str, Any], Cycle, Team]]:
        for row in rows:
            cycle = self._cycle(row)
            if cycle is not None:
                yield row, cycle, Team.objects.get(code=row["group"])

    def _said(self) -> None:
        for row, cycle, team in self._pairs(self.story["tried"]):
            report_tried(
                cycle=cycle,
                team=team,
                outcome=row["outcome"],
                decision=row["decision"],
                text=row["text"],
                is_named=row["named"],
                own_cycle=None,
                by=self._lead(row["group"]),
                as_of=self._at(row["ago"]),
            )
        for row, cycle, team in self._pairs(self.story["question"]):
            question = ask_group(
                cycle=cycle,
                team=team,
                text=row["text"],
                is_named=row["named"],
                by=self._lead(row["group"]),
                as_of=self._at(row["ago"]),
            )
            if "answer" in row:
                answer_group_question(
                    question=question,
                    answer=row["answer"],
                    by=cycle.owner,
                    as_of=self._at(row["answered_ago"]),
                )
