"""Posts that can be reported, and which of them are hidden at present.

Each app says for its own posts, when it starts, which of them a reader may read:

    register_post("learning.story", lambda scope, pk: …)

Whoever may read a post may report it. The app's own queries leave out what is held (`held_ids`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.core.exceptions import ObjectDoesNotExist
from django.db.models import QuerySet

from teams.enums import HoldState
from teams.models import HeldPost, Team, User
from teams.permissions import Permission
from teams.scoping import Scope


@dataclass(frozen=True)
class Post:
    """What a report needs to know of a post. own_path: where its authors find it; they still read it there.
    told_as: the key of the notification that repeats its words, where one does; they are taken out of it.
    """

    post_type: str
    post_id: int
    title: str
    team: Team
    author: User
    path: str
    own_path: str
    told_as: str = ""


#: The post for a reader; raises ObjectDoesNotExist for one that the reader may not read. With scope None it
#: answers for every post, also for a hidden one.
FindPost = Callable[[Scope | None, int], Post]

_POSTS: dict[str, FindPost] = {}


def register_post(post_type: str, find: FindPost) -> None:
    """post_type: the model's lower-case label. Called from the app's `ready`."""
    _POSTS[post_type] = find


def get_post(scope: Scope, post_type: str, post_id: int) -> Post:
    """Raises HeldPost.DoesNotExist for a kind of object that is no post."""
    if post_type not in _POSTS:
        raise HeldPost.DoesNotExist
    return _POSTS[post_type](scope, post_id)


def find_held(held: HeldPost) -> Post | None:
    """The post of a report, for those who moderate and for telling its authors; None when it was taken back since."""
    try:
        return _POSTS[held.post_type](None, held.post_id)
    except ObjectDoesNotExist:
        return None


def is_held(post_type: str, post_id: int) -> bool:
    """Whether a post is hidden or removed at present."""
    return held_ids(post_type).filter(post_id=post_id).exists()


def held_ids(post_type: str) -> QuerySet[HeldPost, int]:
    """Ids of the posts of a kind that are hidden or removed, for `exclude(pk__in=…)`."""
    return (
        HeldPost.objects.filter(post_type=post_type)
        .exclude(state=HoldState.RESTORED)
        .order_by()
        .values_list("post_id", flat=True)
    )


def list_held(scope: Scope) -> QuerySet[HeldPost]:
    """Every report, those that wait first; nothing for those who do not moderate."""
    if not scope.may(Permission.MODERATE_POSTS):
        return HeldPost.objects.none()
    return HeldPost.objects.select_related("team", "author", "reported_by", "decided_by").order_by(
        "decided_at", "-reported_at"
    )


def get_held(scope: Scope, held_id: int) -> HeldPost:
    return list_held(scope).get(pk=held_id)
