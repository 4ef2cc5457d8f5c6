"""What the weekly digest says."""

from __future__ import annotations

from datetime import datetime, timedelta

from pdsa.queries.cycles import (
    list_changed_since,
    list_news_of_others,
    list_unanswered_mentions,
    list_waiting,
)
from pdsa.queries.measures import list_overdue
from pdsa.sharing import group_name
from pdsa.wording import NEXT_VERB, day_text
from teams.digest import list_parts
from teams.permissions import Permission
from teams.scoping import Scope

_LINES = 5
_WEEK = timedelta(days=7)


def digest_text(scope: Scope, as_of: datetime) -> str:
    """What waits and what is new for a reader, as plain text; empty when there is nothing to say.

    At most six queries of its own, whatever the programme's size; other apps add their parts.
    """
    day = as_of.date()
    parts = []
    waiting = [
        f"{NEXT_VERB.get(cycle.state, 'Plan the next test after')}: {cycle}"
        + (f" (planned end {day_text(cycle.planned_end_on)})" if cycle.planned_end_on else "")
        for cycle in list_waiting(scope, day=day, limit=_LINES)
    ]
    waiting += [
        f"Enter numbers: {measure} ({measure.project})"
        for measure in list_overdue(scope, day=day, limit=_LINES)
    ]
    if waiting:
        parts.append(_list("What waits for you", waiting))
    mentions = list_unanswered_mentions(scope, limit=_LINES)
    if mentions:
        parts.append(
            _list("Answers asked of you", [f"{c.author.name} in {c.cycle}" for c in mentions])
        )
    since = as_of - _WEEK
    changed = list(list_changed_since(scope, since=since)[: _LINES + 1])
    if changed:
        lines = [f"{cycle}: {cycle.get_state_display().lower()}" for cycle in changed[:_LINES]]
        if len(changed) > _LINES:
            lines.append("and more")
        parts.append(_list("Changed in your teams this week", lines))
    if scope.may(Permission.VIEW_SHARED_TESTS):
        news = [
            cycle
            for cycle in list_news_of_others(scope, limit=_LINES)
            if cycle.closed_at and cycle.closed_at >= since
        ]
        if news:
            parts.append(
                _list(
                    "Shared by other groups",
                    [f"{c}: {c.get_decision_display().lower()} ({group_name(c)})" for c in news],
                )
            )
    return "\n\n".join([*parts, *list_parts(scope, as_of)])


def _list(title: str, lines: list[str]) -> str:
    return "\n".join([title, *(f"- {line}" for line in lines)])
