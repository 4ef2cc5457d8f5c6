"""A shared test, a nomination and a change package, made through the actions.

cycle = make_shared(team, by=lead)
version = make_package(director, [make_nomination(cycle, lead)])
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import count
from typing import Any

from django.utils import timezone

from learning.actions.exchange import nominate_test
from learning.actions.package import (
    accept_nomination,
    add_chapter,
    add_chapter_idea,
    begin_draft,
    change_package,
    publish_package,
)
from learning.models import Chapter, ChapterIdea, Nomination, PackageVersion
from pdsa.enums import CycleState, Decision, Sharing
from pdsa.models import Cycle
from teams.models import Team, User
from teams.scoping import Scope, scope_of
from tests.factories.cycles import make_cycle

_numbers = count(1)

#: After the tests of `tests.factories.cycles`.
NOW = timezone.make_aware(datetime(2026, 6, 15, 9, 30))


def scope_at_now(user: User) -> Scope:
    return scope_of(user, on=NOW.date())


def make_shared(
    team: Team, *, by: User, sharing: str = Sharing.NAMED, decision: str = Decision.ADOPT, **f: Any
) -> Cycle:
    """A closed test that its group shares."""
    f.setdefault("learned", f"Learned {next(_numbers)}")
    return make_cycle(team, by=by, state=CycleState.CLOSED, decision=decision, sharing=sharing, **f)


def make_nomination(cycle: Cycle, by: User, *, effects: bool = False) -> Nomination:
    return nominate_test(
        cycle_id=cycle.pk,
        reason="Others should know it",
        afterwards="undecided",
        shows_effects=effects,
        by=by,
        as_of=NOW,
    )


def make_chapter(version: PackageVersion, by: User, **values: Any) -> Chapter:
    values = {"title": f"Chapter {next(_numbers)}", **values}
    return add_chapter(version=version, values=values, by=by, as_of=NOW)


def make_chapter_idea(chapter: Chapter, by: User, **values: Any) -> ChapterIdea:
    values = {"title": f"Idea {next(_numbers)}", "what": "What to do", **values}
    return add_chapter_idea(chapter=chapter, values=values, by=by, as_of=NOW)


def accept(nomination: Nomination, idea: ChapterIdea, by: User, **words: str) -> Any:
    words = {"title": "A test", "summary": "Tried and learned", **words}
    return accept_nomination(nomination=nomination, idea=idea, by=by, as_of=NOW, **words)


def make_draft(
    by: User,
    nominations: Sequence[Nomination] = (),
    **words: str,
) -> ChapterIdea:
    """A draft with one chapter and one idea that holds the nominations' tests; returns the idea."""
    draft = begin_draft(by=by, as_of=NOW)
    idea = make_chapter_idea(make_chapter(draft, by), by)
    for nomination in nominations:
        accept(nomination, idea, by, **words)
    return idea


def publish(by: User, version: PackageVersion) -> PackageVersion:
    version = change_package(
        version=version,
        values={"title": version.title, "introduction": "", "whats_new": "More of it"},
        seen=version.revision,
        by=by,
        as_of=NOW,
    )
    return publish_package(version=version, by=by, as_of=NOW)


def make_package(by: User, nominations: list[Nomination], **words: str) -> PackageVersion:
    """A published version with one chapter and one idea."""
    return publish(by, make_draft(by, nominations, **words).chapter.version)
