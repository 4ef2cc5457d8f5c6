"""What is new in the programme, stories, topics that are followed, and thanks."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from learning.actions.stories import (
    add_story_file,
    begin_story,
    choose_follows,
    note_visit,
    remove_story_file,
    say_thanks,
    take_story_back,
    tell_story,
)
from learning.enums import FollowKind, StoryState
from learning.forms import StoryFileForm, StoryForm, TellStoryForm
from learning.policies import check_story_can
from learning.queries.coaching import get_only_team
from learning.queries.feed import KINDS, FeedItem, list_feed, list_followable, list_follows
from learning.queries.stories import (
    get_story,
    get_told_story,
    get_writable_story,
    group_of,
    has_thanked,
    list_own_stories,
    list_thankers,
    may_tell,
)
from teams.attachments import list_attachments
from teams.autosave import Editable, fields_of, list_boxes
from teams.file_types import SHOWN_IN_PAGE
from teams.models import Team
from teams.moderation import held_ids
from teams.permissions import Permission, require
from teams.queries import team_of
from teams.requests import ScopedRequest
from teams.scoping import Scope
from teams.views.acting import act_from_form, done, form_page
from teams.views.autosave import autosave_view


@require(Permission.VIEW_SHARED_TESTS)
@require_safe
def feed_page(request: ScopedRequest) -> HttpResponse:
    """News, the newest first; what came since the visit before is marked. Opening it notes the visit."""
    scope = request.scope
    now = timezone.now()
    since = note_visit(by=request.user, as_of=now)
    items = list_feed(scope, as_of=now)
    followed = list_follows(request.user)
    kind = request.GET.get("kind", "")
    if kind in KINDS:
        items = [item for item in items if item.kind == kind]
    if request.GET.get("followed"):
        items = [item for item in items if item.topics & followed]
    return render(
        request,
        "learning/feed.html",
        {
            "rows": [_row(item, followed, since) for item in items[:60]],
            "since": since,
            "fresh": sum(bool(since and item.at > since) for item in items),
            "kinds": KINDS,
            "kind": kind,
            "only_followed": bool(request.GET.get("followed")),
            "follows": len(followed),
            "may_tell": scope.may(Permission.TELL_STORIES),
            "tab_team": get_only_team(scope),
        },
    )


def _row(item: FeedItem, followed: set[tuple[str, str]], since: Any) -> dict[str, Any]:
    return {
        "item": item,
        "kind": KINDS[item.kind],
        "followed": bool(item.topics & followed),
        "is_new": bool(since and item.at > since),
    }


@require(Permission.VIEW_SHARED_TESTS)
@require_http_methods(["GET", "HEAD", "POST"])
def follows_page(request: ScopedRequest) -> HttpResponse:
    """Boxes and nothing else: there is nothing that could be typed wrong."""
    if request.method == "POST":
        chosen = {
            (kind, value)
            for pair in request.POST.getlist("follow")
            for kind, _, value in [pair.partition(":")]
        }
        choose_follows(chosen=chosen, by=request.user)
        return done(request, "Your choice is saved.", "learning:feed")
    followed = list_follows(request.user)
    groups = [
        {
            "label": kind.label,
            "choices": [
                {"choice": choice, "followed": (str(choice.kind), choice.value) in followed}
                for choice in list_followable(request.scope)
                if choice.kind == kind
            ],
        }
        for kind in FollowKind
    ]
    return render(request, "learning/follows.html", {"groups": groups})


@require(Permission.VIEW_COACHING)
@require_safe
def own_stories_page(request: ScopedRequest) -> HttpResponse:
    """Stories of the teams worked with, drafts among them."""
    scope = request.scope
    hidden = set(held_ids("learning.story"))
    return render(
        request,
        "learning/own_stories.html",
        {
            "rows": [
                {
                    "story": story,
                    "hidden": story.pk in hidden,
                    "may_write": may_tell(scope, story.team_id),
                }
                for story in list_own_stories(scope)
            ],
            "may_tell": scope.may(Permission.TELL_STORIES),
        },
    )


@require(Permission.TELL_STORIES)
@require_POST
def begin_story_page(request: ScopedRequest) -> HttpResponse:
    team = team_of(request.user, on=timezone.localdate())
    if team is None or team.pk not in request.scope.staff_team_ids:
        raise Team.DoesNotExist
    return redirect("learning:story", begin_story(team=team, by=request.user).pk)


@require(Permission.VIEW_SHARED_TESTS)
@require_safe
def story_page(request: ScopedRequest, story_id: int) -> HttpResponse:
    """A draft for its group to write, or a told story to read."""
    scope = request.scope
    story = get_story(scope, story_id)
    own = story.team_id in scope.own_team_ids
    writes = may_tell(scope, story.team_id) and story.state == StoryState.DRAFT
    files = list(list_attachments(story))
    context = {
        "story": story,
        "group": group_of(scope, story),
        "own": own,
        "writes": writes,
        "may_take_back": may_tell(scope, story.team_id) and story.state == StoryState.TOLD,
        "hidden": story.pk in set(held_ids("learning.story")),
        "boxes": list_boxes(story, StoryForm),
        "pictures": [file for file in files if file.content_type in SHOWN_IN_PAGE],
        "files": [file for file in files if file.content_type not in SHOWN_IN_PAGE],
        "all_files": files,
        "file_form": StoryFileForm() if writes else None,
        "tell_form": _tell_form(story) if writes else None,
        "thanked": has_thanked(request.user, story),
        "thankers": list_thankers(story.team, story) if own else [],
    }
    return render(request, "learning/story.html", context)


def _tell_form(story: Any, data: Any = None) -> TellStoryForm:
    return TellStoryForm(
        data,
        initial={
            "topic": story.topic,
            "driver": story.driver,
            "focus_stratum": story.focus_stratum_id,
            "is_named": "yes" if story.is_named else "no",
        },
    )


def _editable_story(scope: Scope, pk: int) -> Editable:
    story = get_writable_story(scope, pk)
    return Editable(
        story, story.team, fields_of(StoryForm), check=lambda: check_story_can("edit", story)
    )


save_story = autosave_view(Permission.TELL_STORIES, _editable_story)


@require(Permission.TELL_STORIES)
@require_POST
def tell_story_page(request: ScopedRequest, story_id: int) -> HttpResponse:
    story = get_writable_story(request.scope, story_id)
    form = _tell_form(story, request.POST)

    def act(values: dict[str, Any]) -> None:
        values = dict(values)
        named = values.pop("is_named") == "yes"
        tell_story(story=story, is_named=named, about=values, by=request.user, as_of=timezone.now())

    if act_from_form(request, form, act):
        return done(request, "Your story is told. Thank you.", "learning:story", story.pk)
    return form_page(request, "learning/tell_story.html", form, story=story)


@require(Permission.TELL_STORIES)
@require_POST
def take_story_back_page(request: ScopedRequest, story_id: int) -> HttpResponse:
    story = get_writable_story(request.scope, story_id)
    take_story_back(story=story, by=request.user)
    return done(request, "The story is a draft again.", "learning:story", story.pk)


@require(Permission.TELL_STORIES)
@require_POST
def add_story_file_page(request: ScopedRequest, story_id: int) -> HttpResponse:
    story = get_writable_story(request.scope, story_id)
    form = StoryFileForm(request.POST, request.FILES)
    if act_from_form(
        request,
        form,
        lambda v: add_story_file(
            story=story,
            file=v["file"],
            name=v["file"].name,
            by=request.user,
            as_of=timezone.now(),
        ),
    ):
        return done(request, "The file is added.", "learning:story", story.pk)
    return form_page(request, "learning/add_story_file.html", form, story=story)


@require(Permission.TELL_STORIES)
@require_POST
def remove_story_file_page(
    request: ScopedRequest, story_id: int, attachment_id: int
) -> HttpResponse:
    story = get_writable_story(request.scope, story_id)
    remove_story_file(
        story=story, attachment_id=attachment_id, by=request.user, as_of=timezone.now()
    )
    return done(request, "The file is taken off.", "learning:story", story.pk)


@require(Permission.VIEW_SHARED_TESTS)
@require_POST
def thank_story_page(request: ScopedRequest, story_id: int) -> HttpResponse:
    story = get_told_story(request.scope, story_id)
    say_thanks(scope=request.scope, story=story, by=request.user, as_of=timezone.now())
    return done(request, "The group reads your thanks.", "learning:story", story.pk)


@require(Permission.VIEW_SHARED_TESTS)
@require_POST
def thank_test_page(request: ScopedRequest, cycle_id: int) -> HttpResponse:
    say_thanks(scope=request.scope, cycle_id=cycle_id, by=request.user, as_of=timezone.now())
    return done(request, "The group reads your thanks.", "pdsa:cycle", cycle_id)
