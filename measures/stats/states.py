"""Why a number can or cannot be shown. Readable codes; the order is the order of the checks."""

from __future__ import annotations

from enum import IntEnum


class CellState(IntEnum):
    """State of one rate. Only `SHOWN` carries numbers; none of the others is a zero."""

    SHOWN = 0
    NO_DENOMINATOR = 1
    """Nobody is in the denominator: 0/0."""
    PRIVACY_PRIMARY = 2
    """The denominator, the numerator or their difference is 1 to k - 1."""
    PRIVACY_COMPLEMENTARY = 3
    """Hidden so that another hidden cell cannot be worked out."""
    SMALL_DENOMINATOR = 4
    """Fewer than 30 in the denominator: "NA"."""
    TOO_FEW_GROUPS = 5
    """Of the programme: it would tell a group the number of another one."""

    @property
    def is_private(self) -> bool:
        """Hidden for privacy. Readers must not learn for which of the reasons: that a cell is
        complementary says that it is not small, which narrows down the small ones beside it."""
        return self in PRIVATE_STATES


PRIVATE_STATES = (
    CellState.PRIVACY_PRIMARY,
    CellState.PRIVACY_COMPLEMENTARY,
    CellState.TOO_FEW_GROUPS,
)


class GapState(IntEnum):
    """State of one comparison with the reference. Only `SHOWN` carries numbers."""

    SHOWN = 0
    IS_REFERENCE = 1
    NO_REFERENCE = 2
    """The set has no reference, or the reference has no denominator."""
    NOT_COMPARED = 3
    """Total, declined, unknown: counted, but not a group to compare; or nobody is in the group."""
    HIDDEN = 4
    """The group or the reference is hidden for privacy."""
    SMALL_DENOMINATOR = 5
    """The group or the reference has fewer than 30 in the denominator."""
