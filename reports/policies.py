"""What the state of a report card allows, as data; the checks raise a sentence for the reader."""

from __future__ import annotations

from reports.enums import CardState
from reports.models import ProtectionCheck, ReportCard
from teams.errors import StateRefused

#: act → the states from which it may be done, and the state that it leads to (None: it stays).
TRANSITIONS: dict[str, tuple[frozenset[CardState], CardState | None]] = {
    "write_commentary": (frozenset({CardState.DRAFT}), None),
    "review": (frozenset({CardState.DRAFT}), CardState.REVIEWED),
    "reopen": (frozenset({CardState.REVIEWED}), CardState.DRAFT),
    "publish": (frozenset({CardState.REVIEWED}), CardState.PUBLISHED),
    "withdraw": (frozenset({CardState.DRAFT, CardState.REVIEWED}), CardState.WITHDRAWN),
}

_REFUSALS: dict[str, dict[CardState, str]] = {
    "write_commentary": {
        CardState.REVIEWED: "This card has been reviewed. Reopen it to change its commentary.",
        CardState.PUBLISHED: "This card is published and stays as it is.",
        CardState.SUPERSEDED: "This card was published and stays as it is.",
        CardState.WITHDRAWN: "This draft was withdrawn. Draft a new card.",
    },
    "review": {
        CardState.REVIEWED: "This card has already been reviewed.",
        CardState.PUBLISHED: "This card is already published.",
        CardState.SUPERSEDED: "This card was published and has been replaced by a newer one.",
        CardState.WITHDRAWN: "This draft was withdrawn. Draft a new card.",
    },
    "reopen": {
        CardState.DRAFT: "This card is a draft already.",
        CardState.PUBLISHED: "A published card stays as it is. Draft a new card instead.",
        CardState.SUPERSEDED: "A published card stays as it is. Draft a new card instead.",
        CardState.WITHDRAWN: "This draft was withdrawn. Draft a new card.",
    },
    "publish": {
        CardState.DRAFT: "Review the card first: only a reviewed card can be published.",
        CardState.PUBLISHED: "This card is already published.",
        CardState.SUPERSEDED: "This card was published and has been replaced by a newer one.",
        CardState.WITHDRAWN: "This draft was withdrawn. Draft a new card.",
    },
    "withdraw": {
        CardState.PUBLISHED: "A published card cannot be withdrawn: others may hold it. "
        "Draft a new card; publishing it replaces this one.",
        CardState.SUPERSEDED: "A published card cannot be withdrawn: others may hold it.",
        CardState.WITHDRAWN: "This draft is withdrawn already.",
    },
}


def check_can(act: str, card: ReportCard) -> None:
    """Raise StateRefused with a sentence unless the card's state allows the act."""
    state = CardState(card.state)
    if state not in TRANSITIONS[act][0]:
        raise StateRefused(_REFUSALS[act][state])


def can(act: str, card: ReportCard) -> bool:
    try:
        check_can(act, card)
    except StateRefused:
        return False
    return True


def check_unchanged_since_review(card: ReportCard, reviewable_sha256: str) -> None:
    """Raise StateRefused when what would be published is not what was reviewed."""
    if reviewable_sha256 != card.reviewed_sha256:
        raise StateRefused("The numbers changed since review; review again.")


def check_has_results(content: dict[str, object]) -> None:
    """Raise StateRefused for a card that would say nothing at all."""
    if not content["measures"]:
        raise StateRefused(
            "There are no stratified results for this group and period yet, so there is nothing to put on a card."
        )


def check_protected(check: ProtectionCheck) -> None:
    """Raise StateRefused, naming the cell, when a hidden number could be worked out."""
    if check.problem:
        raise StateRefused(
            f"Not published: {check.problem} Nothing of this period can be published until that is mended."
        )
