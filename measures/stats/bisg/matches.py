"""How a name or a place was found in its table, or why it was not: the reasons of the match report."""

from __future__ import annotations

from enum import IntEnum


class NameMatch(IntEnum):
    """How a name was matched. Everything from `NOT_LISTED` on has no row of its own."""

    AS_WRITTEN = 0
    """In full, after cleaning; words joined."""
    FIRST_PART = 1
    """By the part before the hyphen."""
    SECOND_PART = 2
    """By the part after the hyphen."""
    HYPHEN_JOINED = 3
    """With the hyphen left out."""
    ONE_WORD = 4
    """By one word of several: the joined words are not listed."""
    NOT_LISTED = 5
    MISSING = 6
    """Empty, or without a single letter."""

    @property
    def label(self) -> str:
        return _NAME_LABELS[self]


class PlaceMatch(IntEnum):
    """How a place was matched. Only `FOUND` has a row in the table."""

    FOUND = 0
    NOT_LISTED = 1
    NOBODY_COUNTED = 2
    """Listed, and nobody of the counted population lives there."""
    MALFORMED = 3
    MISSING = 4

    @property
    def label(self) -> str:
        return _PLACE_LABELS[self]


_NAME_LABELS = {
    NameMatch.AS_WRITTEN: "found as written",
    NameMatch.FIRST_PART: "found by the part before the hyphen",
    NameMatch.SECOND_PART: "found by the part after the hyphen",
    NameMatch.HYPHEN_JOINED: "found with the hyphen left out",
    NameMatch.ONE_WORD: "found by one of its words",
    NameMatch.NOT_LISTED: "not in the table",
    NameMatch.MISSING: "no name given",
}
_PLACE_LABELS = {
    PlaceMatch.FOUND: "found",
    PlaceMatch.NOT_LISTED: "not in the table",
    PlaceMatch.NOBODY_COUNTED: "in the table, but nobody was counted there",
    PlaceMatch.MALFORMED: "cannot be read",
    PlaceMatch.MISSING: "no place given",
}
