"""Who may read the files of sessions and stories, which posts can be reported, and what the digest says."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.urls import reverse

from learning.models import Story
from learning.queries.feed import KINDS, new_for_digest
from learning.queries.sessions import list_sessions
from learning.queries.stories import POST_TYPE, get_story, get_told_story
from teams.attachments import register_owner
from teams.digest import register_part
from teams.moderation import Post, register_post
from teams.permissions import Permission
from teams.scoping import Scope


def can_read_session(scope: Scope, pk: int) -> bool:
    return list_sessions(scope).filter(pk=pk).exists()


def can_read_story(scope: Scope, pk: int) -> bool:
    try:
        get_story(scope, pk)
    except Story.DoesNotExist:
        return False
    return True


def find_story(scope: Scope | None, pk: int) -> Post:
    """A told story as a post; without a scope any story, for whoever decides about a report."""
    story = (
        Story.objects.select_related("team", "author").get(pk=pk)
        if scope is None
        else get_told_story(scope, pk)
    )
    path = reverse("learning:story", args=[story.pk])
    return Post(
        post_type=POST_TYPE,
        post_id=story.pk,
        title=str(story),
        team=story.team,
        author=story.author,
        path=path,
        own_path=path,
    )


def digest_part(scope: Scope, as_of: datetime) -> str:
    """What the weekly digest says of stories, ideas, packages and syntheses; empty when nothing is new."""
    if not scope.may(Permission.VIEW_SHARED_TESTS):
        return ""
    items = new_for_digest(scope, since=as_of - timedelta(days=7), as_of=as_of, limit=5)
    if not items:
        return ""
    lines = [f"- {KINDS[item.kind]}: {item.title}" for item in items]
    return "\n".join(["New in the programme", *lines])


def register_readers() -> None:
    """Called once, when the app starts."""
    register_owner("learning.session", can_read_session)
    register_owner(POST_TYPE, can_read_story)
    register_post(POST_TYPE, find_story)
    register_part(digest_part)
