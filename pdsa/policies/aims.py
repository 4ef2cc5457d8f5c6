"""What the states of aims and charters allow, as data; the checks raise a sentence for the reader."""

from __future__ import annotations

from collections.abc import Sequence

from pdsa.aims.fields import CHARTER_LABELS, CHARTER_NEEDED
from pdsa.enums import AimState, CharterState
from pdsa.models import Aim, Charter
from teams.errors import StateRefused

#: act → the states from which it may be done, and the state that it leads to.
AIM_TRANSITIONS: dict[str, tuple[frozenset[AimState], AimState]] = {
    "write": (frozenset(AimState), AimState.DRAFT),
    "review": (frozenset({AimState.DRAFT}), AimState.REVIEWED),
}
CHARTER_TRANSITIONS: dict[str, tuple[frozenset[CharterState], CharterState]] = {
    "write": (frozenset({CharterState.DRAFT}), CharterState.DRAFT),
    "review": (frozenset({CharterState.DRAFT}), CharterState.REVIEWED),
    "agree": (frozenset({CharterState.REVIEWED}), CharterState.AGREED),
    "reopen": (frozenset({CharterState.REVIEWED, CharterState.AGREED}), CharterState.DRAFT),
}
_CHARTER_REFUSALS: dict[str, dict[CharterState, str]] = {
    "write": {
        CharterState.REVIEWED: "The coach has reviewed this charter. Reopen it to change it.",
        CharterState.AGREED: "This charter is agreed. Reopen it to change it.",
    },
    "review": {
        CharterState.REVIEWED: "This charter has been reviewed already.",
        CharterState.AGREED: "This charter is agreed already.",
    },
    "agree": {
        CharterState.DRAFT: "Ask your coach to review the charter first.",
        CharterState.AGREED: "This charter is agreed already.",
    },
    "reopen": {CharterState.DRAFT: "This charter is a draft already."},
}


def check_can_review_aim(aim: Aim) -> None:
    """Raise StateRefused unless the aim waits for a review."""
    if AimState(aim.state) not in AIM_TRANSITIONS["review"][0]:
        raise StateRefused("This aim has been reviewed already.")


def check_can(act: str, charter: Charter) -> None:
    """Raise StateRefused with a sentence unless the charter's state allows the act."""
    state = CharterState(charter.state)
    if state not in CHARTER_TRANSITIONS[act][0]:
        raise StateRefused(_CHARTER_REFUSALS[act][state])


def can(act: str, charter: Charter) -> bool:
    return CharterState(charter.state) in CHARTER_TRANSITIONS[act][0]


def list_missing(charter: Charter, *, has_aim: bool) -> Sequence[str]:
    """Names of what a charter still needs before it can be reviewed."""
    missing = [CHARTER_LABELS[name] for name in CHARTER_NEEDED if not getattr(charter, name)]
    return missing if has_aim else [*missing, "The aim"]


def check_is_whole(charter: Charter, *, has_aim: bool) -> None:
    """Raise StateRefused, naming what is missing, for a charter that says too little to be reviewed."""
    missing = list_missing(charter, has_aim=has_aim)
    if missing:
        raise StateRefused(f"The charter still needs: {', '.join(m.lower() for m in missing)}.")
