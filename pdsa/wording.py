"""Sentences about cycles: one wording for pages, files, feeds and mails. PURE."""

from __future__ import annotations

from datetime import date

from pdsa.enums import CycleState, Decision, Sharing

#: What the next step of a test is called where it waits for somebody.
NEXT_VERB: dict[str, str] = {
    CycleState.IDEA: "Plan",
    CycleState.PLANNED: "Start",
    CycleState.DOING: "Finish",
    CycleState.STUDYING: "Decide",
    CycleState.PAUSED: "Go on",
}

#: Icon beside a state or a decision: never colour alone.
STATE_ICON: dict[str, str] = {
    CycleState.IDEA: "spark",
    CycleState.PLANNED: "calendar",
    CycleState.DOING: "refresh",
    CycleState.STUDYING: "search",
    CycleState.CLOSED: "check-circle",
    CycleState.PAUSED: "clock",
    CycleState.CANCELLED: "close",
}
DECISION_ICON: dict[str, str] = {
    Decision.ADOPT: "check",
    Decision.ADAPT: "edit",
    Decision.ABANDON: "stop",
    Decision.EXPAND: "trend",
    Decision.MORE_DATA: "search",
}
DECIDED: dict[str, str] = {
    Decision.ADOPT: "Adopted",
    Decision.ADAPT: "Adapted",
    Decision.ABANDON: "Abandoned",
    Decision.EXPAND: "Expanded",
    Decision.MORE_DATA: "Needs more data",
}

WHO_CAN_SEE: dict[str, str] = {
    Sharing.TEAM: "Only your team, your coach and the programme director",
    Sharing.UNNAMED: "Everybody in the programme and the payer, without your group's name",
    Sharing.NAMED: "Everybody in the programme and the payer, with your group's name",
}


def short_title(text: str) -> str:
    """A title out of an objective: its first sentence or line, at most 80 characters."""
    first = text.strip().split("\n")[0].split(". ")[0].strip().rstrip(".")
    return first if len(first) <= 80 else first[:79].rsplit(" ", 1)[0] + "…"


def day_text(day: date) -> str:
    return f"{day:%-d %b %Y}"


def scale_text(
    *,
    patient_count: int | None,
    clinician_count: int | None,
    site_count: int | None,
    duration_days: int | None,
) -> str:
    """The scale of a test: "5 patients, 1 clinician, 7 days"; empty when nobody said."""
    parts = [
        f"{number:,} {word if number == 1 else word + 's'}"
        for number, word in (
            (patient_count, "patient"),
            (clinician_count, "clinician"),
            (site_count, "site"),
            (duration_days, "day"),
        )
        if number
    ]
    return ", ".join(parts)
