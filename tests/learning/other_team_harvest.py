"""The harvest for the walk over every address: what a team shares, and what another one no longer does."""

from __future__ import annotations

from learning.actions.exchange import ask_group, report_tried
from learning.actions.package import begin_draft
from learning.models import Contribution
from pdsa.enums import Sharing
from pdsa.models import Cycle
from teams.enums import Role
from teams.models import Team, User
from tests.addresses import World
from tests.factories.harvest import (
    NOW,
    accept,
    make_chapter,
    make_chapter_idea,
    make_draft,
    make_nomination,
    make_shared,
    publish,
)
from tests.factories.people import make_team, make_user

_FACULTY = {Role.COACH, Role.PROGRAMME_DIRECTOR}


def build(world: World) -> None:
    """The other team shared a test and took the share back behind everybody's back: its nomination, a question,
    and its words in a published version and a draft are all still in the tables."""
    director = world.users[Role.PROGRAMME_DIRECTOR]
    own_lead = world.users[Role.GROUP_LEAD]
    strange_lead = make_user(Role.GROUP_LEAD, team=world.other)
    third = make_team()
    own, strange = (
        make_shared(team, by=by, sharing=Sharing.UNNAMED, learned=f"{word} willow learning")
        for team, by, word in (
            (world.mine, own_lead, "Own"),
            (world.other, strange_lead, "Strange"),
        )
    )
    thirds = make_shared(third, by=make_user(Role.GROUP_LEAD, team=third), sharing=Sharing.NAMED)
    nominations = {}
    for cycle, by, word in ((own, own_lead, "Own"), (strange, strange_lead, "Strange")):
        nomination = make_nomination(cycle, by)
        type(nomination).objects.filter(pk=nomination.pk).update(reason=f"{word} willow reason")
        nominations[word] = nomination
    idea = make_draft(director)
    for word, nomination in nominations.items():
        accept(nomination, idea, director, title=f"{word} willow title", summary=f"{word} willow")
    publish(director, idea.chapter.version)
    draft = begin_draft(by=director, as_of=NOW)
    chapter = make_chapter(draft, director, title="Chapter of a willow draft")
    make_chapter_idea(chapter, director)
    questions = {
        "mine": _ask(own, strange_lead, world.other, "Is this a question from outside?"),
        "other": _ask(strange, own_lead, world.mine, "Question about a strange willow?"),
    }
    reports = {
        "mine": _tried(thirds, world.mine, own_lead, "It worked here as well"),
        "other": _tried(own, world.other, strange_lead, "It did not work at all"),
    }
    _tried(strange, third, make_user(Role.GROUP_LEAD, team=third), "A report on a strange willow")
    Cycle.objects.filter(pk=strange.pk).update(sharing=Sharing.TEAM)

    for name in ("test", "nominate", "tried", "ask"):
        world.provide(f"harvest:{name}.cycle_id", mine=own.pk, other=strange.pk, seen_by=())
    world.provide(
        "nomination_id", mine=nominations["Own"].pk, other=nominations["Strange"].pk, seen_by=()
    )
    drafts = Contribution.objects.filter(idea__chapter__version__number=2)
    world.provide(
        "contribution_id",
        mine=drafts.get(cycle=own).pk,
        other=drafts.get(cycle=strange).pk,
        seen_by=(),
    )
    world.provide(
        "harvest:answer.question_id",
        mine=questions["mine"],
        other=questions["other"],
        seen_by=(),
    )
    world.provide("tried_id", mine=reports["mine"], other=reports["other"], seen_by=())
    for name in (
        "harvest:version",
        "harvest:changes",
        "harvest:package_pdf",
        "harvest:package_slides",
        "harvest:chapter",
        "api_change_package",
    ):
        world.provide(f"{name}.number", mine=1, other=2, seen_by=_FACULTY)
    world.provide(
        "harvest:chapter.chapter_id", mine=idea.chapter_id, other=chapter.pk, seen_by=_FACULTY
    )
    world.share("chapter_id", chapter.pk)
    world.share("chapter_idea_id", chapter.ideas.get().pk)
    world.share("way", "up")
    world.mark("Chapter of a willow draft", seen_by=_FACULTY)
    for text in (
        "Strange willow reason",
        "Strange willow title",
        "about a strange willow",
        "report on a strange willow",
    ):
        world.mark(text, seen_by=())
    world.mark("Strange willow learning", seen_by={Role.PROGRAMME_DIRECTOR})


def _ask(cycle: Cycle, by: User, team: Team, text: str) -> int:
    return ask_group(cycle=cycle, team=team, text=text, is_named=False, by=by, as_of=NOW).pk


def _tried(cycle: Cycle, team: Team, by: User, text: str) -> int:
    return report_tried(
        cycle=cycle,
        team=team,
        outcome="worked",
        decision="adopt",
        text=text,
        is_named=False,
        own_cycle=None,
        by=by,
        as_of=NOW,
    ).pk
