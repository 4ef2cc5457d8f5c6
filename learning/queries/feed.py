"""What is new in the programme for one reader: stories, shared tests, ideas, packages, syntheses, report cards."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db.models import Q
from django.urls import reverse

from learning.enums import FollowKind, PackageState, SynthesisState
from learning.models import Follow, PackageVersion, Synthesis, Thanks
from learning.queries.stories import group_of, list_told_stories
from learning.topics import TopicChoice, list_topic_choices, topics_of_story
from pdsa.enums import Sharing
from pdsa.queries.cycles import list_news_of_others, list_shared_cycles
from pdsa.queries.library import list_library
from pdsa.sharing import group_name
from teams.models import AuditEvent, Team, User
from teams.permissions import Permission
from teams.scoping import Scope

#: So far back the feed reaches, and at most so many of a kind.
FEED_BACK = timedelta(days=120)
_MOST = 40
#: Two looks within this time are one visit.
ONE_VISIT = timedelta(hours=1)


@dataclass(frozen=True)
class FeedItem:
    """One piece of news. kind: story, test, idea, package, synthesis or card. topics: (kind, value) pairs."""

    kind: str
    title: str
    text: str
    who: str
    at: datetime
    path: str
    topics: frozenset[tuple[str, str]] = field(default_factory=frozenset)
    decision: str = ""
    thanks_path: str = ""
    thanked: bool = False
    report_path: str = ""


KINDS = {
    "story": "Story",
    "test": "Shared test",
    "idea": "Change idea",
    "package": "Change package",
    "synthesis": "Synthesis of the month",
    "card": "Report card",
}


def list_feed(scope: Scope, *, as_of: datetime) -> list[FeedItem]:
    """Everything that became readable for the reader in the last months, latest first.

    About a dozen queries, whatever there is.
    """
    after = as_of - FEED_BACK
    items = [
        *_stories(scope, after),
        *_tests(scope, after),
        *_ideas(scope, after),
        *_packages(scope, after),
        *_syntheses(scope, after),
        *_cards(scope, after),
    ]
    return sorted(items, key=lambda item: item.at, reverse=True)


def _stories(scope: Scope, after: datetime) -> Iterable[FeedItem]:
    stories = list(list_told_stories(scope).filter(told_at__gte=after)[:_MOST])
    thanked = set(
        Thanks.objects.filter(user_id=scope.user_id or 0, story__in=stories).values_list(
            "story_id", flat=True
        )
    )
    for story in stories:
        own = story.team_id in scope.own_team_ids
        yield FeedItem(
            "story",
            story.title,
            story.what_happened,
            group_of(scope, story),
            story.told_at or after,
            reverse("learning:story", args=[story.pk]),
            frozenset(topics_of_story(story)),
            thanks_path="" if own else reverse("learning:thank_story", args=[story.pk]),
            thanked=story.pk in thanked,
            report_path=reverse("teams:report_post", args=["learning.story", story.pk]),
        )


def list_followed_tests(scope: Scope, *, changed_after: datetime) -> list[FeedItem]:
    """Tests of others about something that the reader follows, shared or changed after a moment."""
    followed = set(Follow.objects.filter(user_id=scope.user_id or 0).values_list("kind", "value"))
    if not followed:
        return []
    tests = _tests(scope, changed_after - FEED_BACK, changed_after=changed_after)
    return [item for item in tests if item.topics & followed]


def _tests(
    scope: Scope, after: datetime, *, changed_after: datetime | None = None
) -> Iterable[FeedItem]:
    """Closed after `after`; changed_after: only those whose sharing or text changed since then."""
    cycles = [
        c
        for c in list_news_of_others(scope, limit=_MOST)
        if (c.closed_at or after) >= after and (not changed_after or c.changed_at >= changed_after)
    ]
    ideas = {
        entry.pk: entry
        for entry in list_library(scope).filter(adoptions__idea__in=[c.idea_id for c in cycles])
    }
    adopted = dict(
        list_library(scope)
        .filter(adoptions__idea__in=[c.idea_id for c in cycles])
        .values_list("adoptions__idea_id", "pk")
    )
    thanked = set(
        Thanks.objects.filter(user_id=scope.user_id or 0, cycle__in=cycles).values_list(
            "cycle_id", flat=True
        )
    )
    for cycle in cycles:
        topics = {(str(FollowKind.STRATUM), str(row.pk)) for row in cycle.focus_strata.all()}
        entry = ideas.get(adopted.get(cycle.idea_id, 0))
        if entry is not None:
            topics |= {(str(FollowKind.TOPIC), code) for code in entry.topics}
            topics.add((str(FollowKind.DRIVER), entry.driver))
        who = group_name(cycle)
        if who == cycle.idea.project.team.name:
            topics.add((str(FollowKind.TEAM), cycle.idea.project.team.code))
        yield FeedItem(
            "test",
            str(cycle),
            cycle.learned or cycle.objective,
            who,
            cycle.closed_at or after,
            reverse("pdsa:cycle", args=[cycle.pk]),
            frozenset(topics),
            decision=cycle.get_decision_display(),
            thanks_path=reverse("learning:thank_test", args=[cycle.pk]),
            thanked=cycle.pk in thanked,
            report_path=reverse("teams:report_post", args=["pdsa.cycle", cycle.pk]),
        )


def _ideas(scope: Scope, after: datetime) -> Iterable[FeedItem]:
    """Ideas that were added to the library or changed: the trail says when."""
    changed: dict[str, datetime] = {}
    for at, details in (
        AuditEvent.objects.filter(act="load_library", at__gte=after)
        .order_by("at")
        .values_list("at", "details")
    ):
        found = details.get("changed", [])
        changed |= dict.fromkeys(found if isinstance(found, list) else [], at)
    entries = list_library(scope).filter(code__in=changed)
    # When the whole library comes at once, it is one piece of news.
    if len(changed) > _MOST // 4:
        if scope.may(Permission.VIEW_SHARED_TESTS):
            yield FeedItem(
                "idea",
                f"{len(changed)} change ideas in the library",
                "What each is, whom it helps, and a first small test.",
                "",
                max(changed.values()),
                reverse("aims:library"),
            )
        return
    for entry in entries:
        yield FeedItem(
            "idea",
            entry.title,
            entry.what,
            "",
            changed[entry.code],
            reverse("aims:library_idea", args=[entry.code]),
            frozenset(
                {
                    *((str(FollowKind.TOPIC), code) for code in entry.topics),
                    (str(FollowKind.DRIVER), entry.driver),
                }
            ),
        )


def _packages(scope: Scope, after: datetime) -> Iterable[FeedItem]:
    if not scope.may(Permission.VIEW_SHARED_TESTS):
        return
    for version in PackageVersion.objects.filter(
        state=PackageState.PUBLISHED, published_at__gte=after
    ):
        yield FeedItem(
            "package",
            str(version),
            version.whats_new or version.introduction,
            "",
            version.published_at or after,
            reverse("harvest:version", args=[version.number]),
        )


def _syntheses(scope: Scope, after: datetime) -> Iterable[FeedItem]:
    if not scope.may(Permission.READ_SYNTHESES):
        return
    for synthesis in Synthesis.objects.filter(
        state=SynthesisState.PUBLISHED, published_at__gte=after
    ):
        yield FeedItem(
            "synthesis",
            f"{synthesis.month:%B %Y} in the programme",
            synthesis.summary,
            "",
            synthesis.published_at or after,
            reverse("learning:synthesis", args=[f"{synthesis.month:%Y-%m}"]),
        )


def _cards(scope: Scope, after: datetime) -> Iterable[FeedItem]:
    """Report cards of the own group; the trail says when they were published."""
    if not scope.may(Permission.VIEW_REPORT_CARDS):
        return
    events = AuditEvent.objects.filter(
        act="publish_report_card", at__gte=after, team_id__in=scope.own_team_ids
    ).select_related("team")
    for event in events[:_MOST]:
        yield FeedItem(
            "card",
            f"A report card of {event.team} was published",
            "",
            "",
            event.at,
            reverse("reports:card", args=[int(event.object_id)]),
        )


# --- visits and topics ------------------------------------------------------------------------------------------


def list_follows(user: User) -> set[tuple[str, str]]:
    return set(Follow.objects.filter(user=user).values_list("kind", "value"))


def list_followable(scope: Scope) -> list[TopicChoice]:
    """What the reader can follow: of the groups only those worked with and those that tell with their name."""
    told = list_told_stories(scope).filter(is_named=True).order_by().values("team_id")
    shared = list_shared_cycles(scope).filter(sharing=Sharing.NAMED).order_by()
    known = set(
        Team.objects.filter(
            Q(pk__in=scope.own_team_ids)
            | Q(pk__in=told)
            | Q(pk__in=shared.values("idea__project__team_id"))
        ).values_list("code", flat=True)
    )
    return [
        choice
        for choice in list_topic_choices()
        if choice.kind != FollowKind.TEAM or choice.value in known
    ]


def new_for_digest(scope: Scope, *, since: datetime, as_of: datetime, limit: int) -> list[FeedItem]:
    """What the weekly digest names: news since a moment, what the reader follows first."""
    followed = set(Follow.objects.filter(user_id=scope.user_id or 0).values_list("kind", "value"))
    fresh = [item for item in list_feed(scope, as_of=as_of) if item.at >= since]
    # Shared tests have a part of their own in the digest.
    fresh = [item for item in fresh if item.kind != "test" or item.topics & followed]
    return sorted(fresh, key=lambda item: not (item.topics & followed))[:limit]
