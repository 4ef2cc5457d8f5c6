"""Writes about posts that were reported."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from teams.actions.audit import record_event
from teams.actions.notifications import notify
from teams.enums import HoldState, Role, Topic
from teams.errors import StateRefused
from teams.models import HeldPost, Membership, Notification, Team, User, holds_on
from teams.moderation import Post, find_held


@transaction.atomic
def report_post(*, post: Post, reason: str, by: User, as_of: datetime) -> HeldPost:
    """Hide a post at once, because it may hold details of a patient.

    Raises StateRefused for a post that is hidden already, and for a second report by the same person after
    somebody looked at it. Effects: the post is hidden, its words are taken out of the notification that
    repeated them, an audit event without the reason's words; moderators and author are told.
    """
    # Two reports at once would both find it free: the team's row lets them in one by one.
    Team.objects.select_for_update().get(pk=post.team.pk)
    earlier = HeldPost.objects.filter(post_type=post.post_type, post_id=post.post_id)
    if earlier.exclude(state=HoldState.RESTORED).exists():
        raise StateRefused("This post is hidden already. A moderator looks at it.")
    if earlier.filter(reported_by=by).exists():
        raise StateRefused("You reported this before, and a moderator decided that it can stay.")
    held = HeldPost.objects.create(
        post_type=post.post_type,
        post_id=post.post_id,
        title=post.title[:200],
        team=post.team,
        author=post.author,
        reason=reason,
        reported_by=by,
        reported_at=as_of,
    )
    if post.told_as:
        Notification.objects.filter(key=post.told_as).update(text="")
    record_event(act="report_post", target=held, by=by, team=post.team, details=_which(held))
    directors = Membership.objects.filter(
        holds_on(timezone.localdate(as_of)), role=Role.PROGRAMME_DIRECTOR
    )
    moderators = User.objects.filter(pk__in=directors.values("user_id"), is_active=True)
    notify(
        users=[user for user in moderators if user != by],
        topic=Topic.CONVERSATION,
        title=f"Reported and hidden: {held.title}"[:200],
        text="Look at it and decide: restore it, or remove it.",
        path=reverse("teams:held_post", args=[held.pk]),
        key=f"held-{held.pk}",
        as_of=as_of,
    )
    _tell_author(
        held,
        "was reported and is hidden for now",
        "Somebody saw what may be details of a patient. A moderator decides; you will be told.",
        post.own_path,
        as_of,
    )
    return held


@transaction.atomic
def decide_about_post(
    *, held: HeldPost, state: HoldState, decision: str, by: User, as_of: datetime
) -> HeldPost:
    """Restore a hidden post or remove it for good. state: RESTORED or REMOVED.

    Raises StateRefused when somebody decided before. Effects: the post is read again or never, an audit
    event; the author is told with the reason.
    """
    held = HeldPost.objects.select_for_update().get(pk=held.pk)
    if held.state != HoldState.HIDDEN:
        raise StateRefused("Somebody has decided about this post already.")
    held.state, held.decision = state, decision
    held.decided_by, held.decided_at = by, as_of
    held.save(update_fields=["state", "decision", "decided_by", "decided_at"])
    record_event(
        act="decide_about_post",
        target=held,
        by=by,
        team=held.team,
        details={**_which(held), "state": state, "decision": decision},
    )
    word = "can be read again" if state == HoldState.RESTORED else "was removed"
    post = find_held(held)
    path = post.own_path if post else reverse("teams:notifications")
    _tell_author(held, word, decision, path, as_of)
    return held


def _which(held: HeldPost) -> dict[str, object]:
    return {"post": f"{held.post_type}:{held.post_id}"}


def _tell_author(held: HeldPost, what: str, text: str, path: str, as_of: datetime) -> None:
    notify(
        users=[held.author],
        topic=Topic.CONVERSATION,
        title=f"Your post {what}: {held.title}"[:200],
        text=text,
        path=path,
        key=f"held-{held.pk}-{held.state}",
        as_of=as_of,
    )
