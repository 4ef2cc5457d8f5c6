"""Reads of stories: told ones for the programme, drafts for the group and its coach."""

from __future__ import annotations

from datetime import date

from django.db.models import Q, QuerySet

from learning.enums import StoryState
from learning.models import Story, Thanks
from learning.queries.coaching import list_teams_worked_with
from pdsa.sharing import UNNAMED_GROUP
from teams.models import Team, User
from teams.moderation import held_ids
from teams.permissions import Permission
from teams.queries import list_people_around
from teams.scoping import Scope

_WITH = ("team", "author", "focus_stratum")
POST_TYPE = "learning.story"


def list_told_stories(scope: Scope) -> QuerySet[Story]:
    """Stories of every group that are told and that nobody reported, latest first."""
    if not scope.may(Permission.VIEW_SHARED_TESTS):
        return Story.objects.none()
    return (
        Story.objects.filter(state=StoryState.TOLD)
        .exclude(pk__in=held_ids(POST_TYPE))
        .select_related(*_WITH)
        .order_by("-told_at", "-pk")
    )


def list_own_stories(scope: Scope) -> QuerySet[Story]:
    """Stories of the teams worked with: drafts, told ones, and those that somebody reported."""
    return (
        Story.objects.filter(team__in=list_teams_worked_with(scope))
        .select_related(*_WITH)
        .order_by("state", "-told_at", "-pk")
    )


def get_story(scope: Scope, story_id: int) -> Story:
    """A told story, or one of a team that the reader works with."""
    readable = Q(pk__in=list_told_stories(scope).order_by().values("pk"))
    readable |= Q(pk__in=list_own_stories(scope).order_by().values("pk"))
    return Story.objects.filter(readable).select_related(*_WITH).get(pk=story_id)


def get_told_story(scope: Scope, story_id: int) -> Story:
    return list_told_stories(scope).get(pk=story_id)


def may_tell(scope: Scope, team_id: int) -> bool:
    return scope.may(Permission.TELL_STORIES) and team_id in scope.staff_team_ids


def get_writable_story(scope: Scope, story_id: int) -> Story:
    """A story of the own group."""
    story = list_own_stories(scope).get(pk=story_id)
    if not may_tell(scope, story.team_id):
        raise Story.DoesNotExist
    return story


def group_of(scope: Scope, story: Story) -> str:
    """The name of the group as the reader may know it."""
    if story.is_named or story.team_id in scope.own_team_ids:
        return story.team.name
    return UNNAMED_GROUP


def names_in_story(story: Story, *, on: date) -> list[str]:
    """Names of the group, its sites and its people that the words mention: told without a name they would tell it."""
    texts = (story.title, story.what_we_changed, story.for_whom, story.what_happened)
    together = "\n".join(texts).lower()
    names = {
        story.team.name,
        story.team.code,
        *story.team.sites.values_list("name", flat=True),
        *list_people_around(story.team, on=on).values_list("name", flat=True),
    }
    return sorted(name for name in names if len(name) > 3 and name.lower() in together)


def has_thanked(user: User, story: Story) -> bool:
    return Thanks.objects.filter(user=user, story=story).exists()


def list_thankers(team: Team, story: Story) -> list[User]:
    """Who thanked, for the group itself; a number of thanks is shown nowhere."""
    if story.team_id != team.pk:
        return []
    return list(
        User.objects.filter(pk__in=Thanks.objects.filter(story=story).values("user_id")).order_by(
            "name"
        )
    )
