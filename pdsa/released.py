"""What groups let others read of their measures: an app above asks them, and tells it here."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection
from dataclasses import dataclass


@dataclass(frozen=True)
class ReleasedEffect:
    """What a group's own measure did after a test, in the words that its staff let out."""

    sentence: str
    basis: str


#: Cycle ids → what was let out of each, for those of which something was.
Finder = Callable[[Collection[int]], dict[int, list[ReleasedEffect]]]
_finders: list[Finder] = []


def register_finder(find: Finder) -> None:
    """Called from the app's `ready`."""
    _finders.append(find)


def list_released(cycle_ids: Collection[int]) -> dict[int, list[ReleasedEffect]]:
    found: dict[int, list[ReleasedEffect]] = defaultdict(list)
    for find in _finders:
        for cycle_id, effects in find(cycle_ids).items():
            found[cycle_id].extend(effects)
    return dict(found)
