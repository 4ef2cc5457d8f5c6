"""Who may read the files of sessions and stories, which posts can be reported, and what the digest says."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.urls import reverse

from learning.models import GroupQuestion, Story, Storyboard, TriedToo
from learning.queries.exchange import (
    ANSWER_TYPE,
    QUESTION_TYPE,
    TRIED_TYPE,
    get_readable_question,
    get_readable_tried,
)
from learning.queries.feed import KINDS, new_for_digest
from learning.queries.sessions import list_sessions
from learning.queries.stories import POST_TYPE, get_story, get_told_story
from learning.queries.storyboards import POST_TYPE as BOARD_TYPE
from learning.queries.storyboards import get_shown_storyboard
from teams.attachments import register_owner
from teams.digest import register_part
from teams.moderation import Post, is_held, register_post
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


def find_tried(scope: Scope | None, pk: int) -> Post:
    """What a group said of its own try. The title says no word of it: it may be what was reported."""
    report = (
        TriedToo.objects.select_related("cycle", "team", "reported_by").get(pk=pk)
        if scope is None
        else get_readable_tried(scope, pk)
    )
    path = reverse("harvest:test", args=[report.cycle_id])
    return Post(
        post_type=TRIED_TYPE,
        post_id=report.pk,
        title=f"We tried this too: {report.cycle}",
        team=report.team,
        author=report.reported_by,
        path=path,
        own_path=path,
        told_as=f"tried-{report.pk}",
    )


def _question(scope: Scope | None, pk: int) -> GroupQuestion:
    if scope is not None:
        return get_readable_question(scope, pk)
    return GroupQuestion.objects.select_related(
        "cycle__idea__project__team", "team", "asked_by", "answered_by"
    ).get(pk=pk)


def find_question(scope: Scope | None, pk: int) -> Post:
    """A question to a group. One of the faculty belongs to no group: then it counts to the group that is asked."""
    question = _question(scope, pk)
    path = reverse("harvest:test", args=[question.cycle_id])
    return Post(
        post_type=QUESTION_TYPE,
        post_id=question.pk,
        title=f"A question about “{question.cycle}”",
        team=question.team or question.cycle.idea.project.team,
        author=question.asked_by,
        path=path,
        own_path=path,
        told_as=f"group-question-{question.pk}",
    )


def find_answer(scope: Scope | None, pk: int) -> Post:
    """The answer to a question. Raises GroupQuestion.DoesNotExist while there is none, or one that is hidden."""
    question = _question(scope, pk)
    if question.answered_by is None or (scope is not None and is_held(ANSWER_TYPE, pk)):
        raise GroupQuestion.DoesNotExist
    path = reverse("harvest:test", args=[question.cycle_id])
    return Post(
        post_type=ANSWER_TYPE,
        post_id=question.pk,
        title=f"An answer about “{question.cycle}”",
        team=question.cycle.idea.project.team,
        author=question.answered_by,
        path=path,
        own_path=path,
        told_as=f"group-question-{question.pk}-answer",
    )


def find_storyboard(scope: Scope | None, pk: int) -> Post:
    """A storyboard that is shown to other groups."""
    board = (
        Storyboard.objects.select_related("team", "session", "made_by").get(pk=pk)
        if scope is None
        else get_shown_storyboard(scope, pk)
    )
    path = reverse("learning:storyboard", args=[board.pk])
    return Post(
        post_type=BOARD_TYPE,
        post_id=board.pk,
        title=f"{board} for {board.session}",
        team=board.team,
        author=board.made_by,
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
    register_post(TRIED_TYPE, find_tried)
    register_post(QUESTION_TYPE, find_question)
    register_post(ANSWER_TYPE, find_answer)
    register_post(BOARD_TYPE, find_storyboard)
    register_part(digest_part)
