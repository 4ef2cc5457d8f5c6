"""Writes of stories, thanks, followed topics and visits of the feed."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, BinaryIO

from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from learning.enums import StoryState
from learning.models import FeedVisit, Follow, Story, Thanks
from learning.policies import check_story_can
from learning.queries.feed import ONE_VISIT, list_followed_tests
from learning.queries.stories import group_of, list_told_stories, names_in_story
from learning.topics import list_topic_choices, topics_of_story
from pdsa.queries.cycles import get_shared_cycle
from teams.actions.attachments import remove_attachment, store_attachment
from teams.actions.audit import record_event
from teams.actions.notifications import notify
from teams.attachments import list_attachments
from teams.enums import Topic
from teams.errors import StateRefused
from teams.models import Attachment, Team, User
from teams.scoping import Scope, scope_of


@transaction.atomic
def begin_story(*, team: Team, by: User) -> Story:
    """An empty draft; its words then save themselves. An empty one of the same person is used again.

    Effects: the draft, an audit event.
    """
    empty = Story.objects.filter(
        team=team, author=by, state=StoryState.DRAFT, title="", what_we_changed="", what_happened=""
    ).first()
    if empty is not None:
        return empty
    story = Story.objects.create(team=team, author=by)
    record_event(act="begin_story", target=story, by=by, team=team)
    return story


@transaction.atomic
def tell_story(
    *, story: Story, is_named: bool, about: dict[str, Any], by: User, as_of: datetime
) -> Story:
    """Show a story to the programme, with the group's name or without. about: topic, driver, focus_stratum.

    Raises StateRefused while a part is missing, and where the words name the group although its name is to
    stay out. Effects: the state, an audit event; whoever follows what it is about is told.
    """
    story = Story.objects.select_for_update(of=("self",)).select_related("team").get(pk=story.pk)
    check_story_can("tell", story)
    if not (story.title and story.what_we_changed and story.what_happened):
        raise StateRefused("Give it a title, and say what you changed and what happened.")
    on = timezone.localdate(as_of)
    if not is_named and (names := names_in_story(story, on=on)):
        raise StateRefused(
            f"Your words name {', '.join(names)}. Change them, or tell it with your group's name."
        )
    story.state, story.is_named, story.told_at = StoryState.TOLD, is_named, as_of
    for name, value in about.items():
        setattr(story, name, value)
    story.save(update_fields=["state", "is_named", "told_at", *about])
    record_event(
        act="tell_story", target=story, by=by, team=story.team, details={"is_named": is_named}
    )
    _tell_followers(story, as_of)
    return story


def _tell_followers(story: Story, as_of: datetime) -> None:
    about = topics_of_story(story)
    followers = {
        follow.user
        for follow in Follow.objects.filter(value__in=[value for _, value in about])
        .exclude(user=story.author)
        .select_related("user")
        if (follow.kind, follow.value) in about
    }
    on = timezone.localdate(as_of)
    readers = []
    for user in followers:
        scope = scope_of(user, on=on)
        own = story.team_id in scope.staff_team_ids
        if not own and list_told_stories(scope).filter(pk=story.pk).exists():
            readers.append((user, group_of(scope, story)))
    for user, group in readers:
        notify(
            users=[user],
            topic=Topic.STORIES,
            title=f"A story that you follow: {story.title}"[:200],
            text=group,
            path=reverse("learning:story", args=[story.pk]),
            key=f"story-{story.pk}",
            as_of=as_of,
        )


#: The daily task looks back a little further than a day, so that a late run loses nothing.
_SHARED_SINCE = timedelta(days=3)


@transaction.atomic
def tell_of_shared_tests(*, as_of: datetime) -> int:
    """Tell people of tests that another group has shared about what they follow; each test once a person.

    Effects: notifications. Returns how many.
    """
    told = 0
    on = timezone.localdate(as_of)
    followers = User.objects.filter(pk__in=Follow.objects.values("user_id"), is_active=True)
    for user in followers.order_by("pk"):
        tests = list_followed_tests(scope_of(user, on=on), changed_after=as_of - _SHARED_SINCE)
        for item in tests:
            told += notify(
                users=[user],
                topic=Topic.STORIES,
                title=f"A shared test that you follow: {item.title}"[:200],
                text=item.who,
                path=item.path,
                key=f"shared-test-{item.path}",
                as_of=as_of,
            )
    return told


@transaction.atomic
def take_story_back(*, story: Story, by: User) -> None:
    """Make a told story a draft again; nobody else reads it then. Effects: the state, an audit event."""
    story = Story.objects.select_for_update().get(pk=story.pk)
    check_story_can("take_back", story)
    story.state, story.told_at = StoryState.DRAFT, None
    story.save(update_fields=["state", "told_at"])
    record_event(act="take_story_back", target=story, by=by, team=story.team)


@transaction.atomic
def add_story_file(
    *, story: Story, file: BinaryIO, name: str, by: User, as_of: datetime
) -> Attachment:
    """Hang a picture or document on a story. Raises StateRefused once it is told. Effects: of `store_attachment`."""
    check_story_can("edit", story)
    return store_attachment(owner=story, team=story.team, file=file, name=name, by=by, as_of=as_of)


@transaction.atomic
def remove_story_file(*, story: Story, attachment_id: int, by: User, as_of: datetime) -> None:
    """Raises StateRefused once the story is told. Effects: of `remove_attachment`."""
    check_story_can("edit", story)
    attachment = list_attachments(story).get(pk=attachment_id)
    remove_attachment(attachment=attachment, by=by, as_of=as_of)


@transaction.atomic
def say_thanks(
    *, scope: Scope, by: User, as_of: datetime, story: Story | None = None, cycle_id: int = 0
) -> None:
    """Thank a group for a story or a shared test; saying it twice is the same as once.

    Raises StateRefused for the own group. Effects: the thanks, an audit event; the author is told by whom.
    """
    post: Any = story if story is not None else get_shared_cycle(scope, cycle_id)
    team = post.team if story is not None else post.idea.project.team
    author = post.author if story is not None else post.owner
    if team.pk in scope.own_team_ids and team.pk in scope.staff_team_ids:
        raise StateRefused("This is your own group's.")
    which = {"story": post} if story is not None else {"cycle_id": post.pk}
    _, made = Thanks.objects.get_or_create(user=by, **which, defaults={"at": as_of})
    if not made:
        return
    record_event(act="say_thanks", target=post, by=by, team=team)
    path = (
        reverse("learning:story", args=[post.pk])
        if story is not None
        else reverse("pdsa:cycle", args=[post.pk])
    )
    notify(
        users=[author],
        topic=Topic.CONVERSATION,
        title=f"{by} says thank you for “{post}”"[:200],
        path=path,
        key=f"thanks-{post._meta.label_lower}-{post.pk}-{by.pk}",
        as_of=as_of,
    )


@transaction.atomic
def choose_follows(*, chosen: set[tuple[str, str]], by: User) -> None:
    """Keep what a person follows; what does not exist is left out. Effects: the rows, an audit event."""
    known = {(str(choice.kind), choice.value) for choice in list_topic_choices()}
    before = set(Follow.objects.filter(user=by).values_list("kind", "value"))
    after = chosen & known
    for kind, value in before - after:
        Follow.objects.filter(user=by, kind=kind, value=value).delete()
    Follow.objects.bulk_create(
        Follow(user=by, kind=kind, value=value) for kind, value in sorted(after - before)
    )
    if before != after:
        record_event(
            act="choose_follows",
            target=by,
            by=by,
            details={"added": sorted(after - before), "ended": sorted(before - after)},
        )


@transaction.atomic
def note_visit(*, by: User, as_of: datetime) -> datetime | None:
    """A person looks at the feed. Returns since when things are new: the visit before, None at the first.

    Looks within an hour are one visit. Effects: the row of the person, no audit event: it says nothing about
    anybody but the reader.
    """
    visit = FeedVisit.objects.select_for_update().filter(user=by).first()
    if visit is None:
        FeedVisit.objects.create(user=by, last_at=as_of, before_at=as_of)
        return None
    if as_of - visit.last_at >= ONE_VISIT:
        visit.before_at = visit.last_at
    visit.last_at = as_of
    visit.save(update_fields=["last_at", "before_at"])
    return visit.before_at
