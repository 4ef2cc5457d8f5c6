"""What the state of a submission allows. The message of a refusal is a sentence for the person who asked."""

from __future__ import annotations

from django.db.models import Exists, OuterRef

from measures.enums import SubmissionState as S
from measures.models import Slice, Submission
from teams.errors import StateRefused

#: Each state and the states that may follow it.
TRANSITIONS: dict[S, frozenset[S]] = {
    S.RECEIVED: frozenset({S.CHECKED, S.NEEDS_MAPPING, S.REJECTED, S.WITHDRAWN}),
    S.NEEDS_MAPPING: frozenset({S.RECEIVED, S.WITHDRAWN}),
    S.CHECKED: frozenset({S.LOADED, S.REJECTED, S.WITHDRAWN}),
    S.LOADED: frozenset({S.PUBLISHED, S.NEEDS_CONFIRMATION, S.REJECTED, S.WITHDRAWN}),
    S.NEEDS_CONFIRMATION: frozenset({S.LOADED, S.WITHDRAWN}),
    S.PUBLISHED: frozenset(),
    # The same file sent again, or mapped differently, gets another chance.
    S.REJECTED: frozenset({S.RECEIVED}),
    S.WITHDRAWN: frozenset({S.RECEIVED}),
}

#: States that the next automatic step moves on; the others wait for a person or are final.
AUTOMATIC = frozenset({S.RECEIVED, S.CHECKED, S.LOADED})

#: Attempts at one step before the file is given up; a worker that is killed costs one.
ATTEMPT_LIMIT = 5


def check_transition(submission: Submission, to: S) -> None:
    """Raise StateRefused unless `to` may follow the submission's state."""
    if to not in TRANSITIONS[S(submission.state)]:
        raise StateRefused(
            f"This submission is “{submission.get_state_display()}” and cannot become “{to.label}”."
        )


def can_map(submission: Submission) -> bool:
    """A mapping is asked for, or could save a file that was rejected and is still kept."""
    return submission.state in {S.NEEDS_MAPPING, S.REJECTED} and bool(submission.stored_as)


def check_can_map(submission: Submission) -> None:
    if not can_map(submission):
        raise StateRefused(
            f"This submission is “{submission.get_state_display()}”: its columns can be mapped only while it"
            " waits for a mapping or was rejected. To change published data, send a corrected file."
        )


def can_confirm(submission: Submission) -> bool:
    return submission.state == S.NEEDS_CONFIRMATION


def check_can_confirm(submission: Submission) -> None:
    if not can_confirm(submission):
        raise StateRefused(
            f"This submission is “{submission.get_state_display()}”: there is no replacement to confirm."
        )


def can_withdraw(submission: Submission) -> bool:
    return S.WITHDRAWN in TRANSITIONS[S(submission.state)]


def check_can_withdraw(submission: Submission) -> None:
    if submission.state == S.PUBLISHED:
        raise StateRefused(
            "Published data cannot be withdrawn, because numbers rest on them. Send a corrected file: it"
            " replaces them, and both stay answerable."
        )
    if not can_withdraw(submission):
        raise StateRefused(f"This submission is “{submission.get_state_display()}” already.")


def replaces_current_data(submission: Submission) -> bool:
    """Whether a slice of this submission is current under another submission of the same source."""
    current = Slice.objects.filter(
        is_current=True,
        source=OuterRef("source"),
        team=OuterRef("team"),
        measure=OuterRef("measure"),
        period=OuterRef("period"),
    ).exclude(submission=submission.pk)
    return Slice.objects.filter(Exists(current), submission=submission.pk).exists()


def check_can_publish(submission: Submission) -> None:
    """Raise StateRefused unless the rows are loaded and a replacement, if it is one, is agreed to."""
    if submission.state != S.LOADED:
        raise StateRefused(
            f"This submission is “{submission.get_state_display()}”: only a loaded one can be published."
        )
    if not submission.replace_confirmed and replaces_current_data(submission):
        raise StateRefused(
            "This submission replaces earlier data, and nobody has confirmed that yet."
        )
