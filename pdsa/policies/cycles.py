"""What the state of a cycle allows, as data; the checks raise a sentence for the reader.

Only the state decides. An empty field never does: a test can start without a prediction and close without
a word, and the quality hints say quietly what is missing.
"""

from __future__ import annotations

from pdsa.enums import CycleState
from pdsa.models import Cycle
from teams.errors import StateRefused

_IDEA, _PLANNED, _DOING = CycleState.IDEA, CycleState.PLANNED, CycleState.DOING
_STUDYING, _CLOSED = CycleState.STUDYING, CycleState.CLOSED
_PAUSED, _CANCELLED = CycleState.PAUSED, CycleState.CANCELLED

#: act → the states from which it may be done, and the state that it leads to (None: it stays, or, for
#: "resume", goes back to where it was paused).
TRANSITIONS: dict[str, tuple[frozenset[CycleState], CycleState | None]] = {
    "plan": (frozenset({_IDEA}), _PLANNED),
    "start": (frozenset({_IDEA, _PLANNED}), _DOING),
    "study": (frozenset({_DOING}), _STUDYING),
    "decide": (frozenset({_DOING, _STUDYING}), _CLOSED),
    "reopen": (frozenset({_CLOSED}), _STUDYING),
    "pause": (frozenset({_PLANNED, _DOING, _STUDYING}), _PAUSED),
    "resume": (frozenset({_PAUSED}), None),
    "cancel": (frozenset({_IDEA, _PLANNED, _DOING, _STUDYING, _PAUSED}), _CANCELLED),
    "restore": (frozenset({_CANCELLED}), _PLANNED),
    "edit": (frozenset(CycleState), None),
    "take_members": (frozenset({_IDEA, _PLANNED, _DOING, _STUDYING, _PAUSED}), None),
    "continue": (frozenset({_DOING, _STUDYING, _CLOSED, _CANCELLED}), None),
}

#: act → what the reader was about to do, to begin the sentence of refusal.
_DOING_WHAT: dict[str, str] = {
    "plan": "Only an idea can be planned",
    "start": "Only a test that is an idea or planned can be started",
    "study": "Only a test that is being done can go on to study",
    "decide": "A decision closes a test that has been started",
    "reopen": "Only a closed test can be reopened",
    "pause": "Only a planned or running test can be paused",
    "resume": "Only a paused test can go on",
    "cancel": "A closed or cancelled test cannot be cancelled",
    "restore": "Only a cancelled test can be brought back",
    "take_members": "Members join a test until it is closed or cancelled",
    "continue": "The next test follows one that has been started",
}


def check_can(act: str, cycle: Cycle) -> None:
    """Raise StateRefused with a sentence unless the cycle's state allows the act."""
    state = CycleState(cycle.state)
    if state not in TRANSITIONS[act][0]:
        raise StateRefused(f"{_DOING_WHAT[act]}. This one is {state.label.lower()}.")


def can(act: str, cycle: Cycle) -> bool:
    return CycleState(cycle.state) in TRANSITIONS[act][0]


def state_after(act: str, cycle: Cycle) -> CycleState:
    """Where the act leads. The act must be allowed."""
    if act == "resume":
        return CycleState(cycle.paused_from)
    return TRANSITIONS[act][1] or CycleState(cycle.state)
