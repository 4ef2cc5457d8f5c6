"""What changed between two versions of a text or of a form, word by word."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum

_TOKENS = re.compile(r"\s+|[^\s]+")


class Change(StrEnum):
    SAME = "same"
    REMOVED = "removed"
    ADDED = "added"


@dataclass(frozen=True)
class Stretch:
    change: Change
    text: str


@dataclass(frozen=True)
class FieldDifference:
    """One field that differs. label: what the page calls it."""

    name: str
    label: str
    stretches: tuple[Stretch, ...]


def compare_texts(before: str, after: str) -> tuple[Stretch, ...]:
    """Stretches in reading order. Same and added joined are `after`; same and removed joined are `before`."""
    old, new = _TOKENS.findall(before), _TOKENS.findall(after)
    stretches: list[Stretch] = []

    def add(change: Change, words: list[str]) -> None:
        if words:
            stretches.append(Stretch(change, "".join(words)))

    for kind, i1, i2, j1, j2 in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind == "equal":
            add(Change.SAME, old[i1:i2])
        else:
            add(Change.REMOVED, old[i1:i2])
            add(Change.ADDED, new[j1:j2])
    return tuple(stretches)


def compare_fields(
    before: Mapping[str, str], after: Mapping[str, str], labels: Mapping[str, str]
) -> tuple[FieldDifference, ...]:
    """Fields that differ, in the order of `labels`. A field that one side lacks counts as empty there."""
    return tuple(
        FieldDifference(name, label, compare_texts(before.get(name, ""), after.get(name, "")))
        for name, label in labels.items()
        if before.get(name, "") != after.get(name, "")
    )
