"""A test, or a project with its ramps, as a document: tagged PDF, US Letter, typefaces from pinned wheels."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from pdsa.drawing import draw_ramp, word_of
from pdsa.models import Cycle, Project
from pdsa.queries.cycles import Ramp
from pdsa.wording import day_text, scale_text
from teams.autosave import text_of
from teams.drawing.documents import typeset
from teams.drawing.svg import PRINT

TEMPLATE = Path(__file__).parent / "tests.typ"


def print_test(cycle: Cycle, *, who_can_see: str, made_at: datetime) -> bytes:
    """One test on its page. cycle: with its rows (`with_rows`)."""
    project = cycle.idea.project
    return _document(
        {
            "title": str(cycle),
            "kicker": f"{project.team.name} · {project.title}",
            "lead": "",
            "audience": who_can_see,
            "facts": [],
            "ramps": [],
            "tests": [_test(cycle, _readings(cycle))],
            "is_storyboard": False,
        },
        made_at,
    )


def print_storyboard(
    project: Project,
    ramps: Sequence[Ramp],
    *,
    focus: Sequence[str],
    tally: dict[str, int],
    who_can_see: str,
    made_at: datetime,
) -> bytes:
    """A project: its ramps as steps, then what each test tried, showed and taught.

    ramps: with rows (`list_ramps`); ideas without tests are left out.
    tally: decision in words → how often.
    """
    tried = [ramp for ramp in ramps if ramp.cycles]
    decided = ", ".join(f"{word.lower()} {count}" for word, count in tally.items() if count)
    return _document(
        {
            "title": project.title,
            "kicker": f"{project.team.name} · storyboard",
            "lead": "",
            "audience": who_can_see,
            "facts": [
                ["For", ", ".join(focus) or "not chosen yet"],
                ["Whose care", project.get_population_scope_display()],
                ["Decided", decided or "nothing yet"],
            ],
            "ramps": [_ramp(ramp) for ramp in tried],
            "tests": [_test(cycle) for ramp in tried for cycle in ramp.cycles],
            "is_storyboard": True,
        },
        made_at,
    )


def _ramp(ramp: Ramp) -> dict[str, str]:
    drawing = draw_ramp(ramp.idea, ramp.cycles, palette=PRINT)
    return {"idea": ramp.idea.title, "svg": drawing.svg, "words": "; ".join(drawing.lines)}


def _readings(cycle: Cycle) -> str:
    """Numbers written down while doing, one after the other: "5 Mar 2026, calls answered, Black: 3 of 5"."""
    lines = []
    for row in cycle.readings.all():
        number = text_of(row.value) if row.value is not None else str(row)
        about = [day_text(row.read_on), row.label, row.stratum.label if row.stratum else ""]
        lines.append(f"{', '.join(filter(None, about))}: {number}")
    return "; ".join(lines)


def _test(cycle: Cycle, readings: str = "") -> dict[str, Any]:
    dates = [
        f"{word} {day_text(day)}"
        for word, day in (
            ("started", cycle.started_on),
            ("ended", cycle.ended_on),
            ("planned end", None if cycle.ended_on else cycle.planned_end_on),
        )
        if day
    ]
    scale = scale_text(
        patient_count=cycle.patient_count,
        clinician_count=cycle.clinician_count,
        site_count=cycle.site_count,
        duration_days=cycle.duration_days,
    )
    focus = ", ".join(row.label for row in cycle.focus_strata.all())
    return {
        "title": str(cycle),
        "word": word_of(cycle),
        "facts": " · ".join(filter(None, [", ".join(dates), scale, focus])),
        "objective": cycle.objective,
        "predictions": [
            {
                "question": row.question,
                "prediction": _with_number(row.prediction, row.expected_value, row.unit),
                "result": _with_number(row.result, row.actual_value, row.unit),
                "match": row.get_match_display() if row.match else "",
            }
            for row in cycle.predictions.all()
        ],
        "tasks": [" · ".join(filter(None, [t.what, t.who])) for t in cycle.tasks.all() if t.what],
        "parts": [
            [label, text]
            for label, text in (
                ("Data", cycle.data_what),
                ("Carried out as planned", cycle.get_carried_out_display()),
                ("What happened", cycle.what_happened),
                ("Problems", cycle.problems),
                ("Counted", readings),
                ("Learned", cycle.learned),
                ("Surprises", cycle.surprises),
                ("For the group it was for", cycle.focus_result),
                ("Next", cycle.next_change),
            )
            if text.strip()
        ],
    }


def _with_number(text: str, number: Any, unit: str) -> str:
    said = f"{text_of(number)} {unit}".strip() if number is not None else ""
    return f"{text} ({said})" if text and said else text or said


def _document(data: dict[str, Any], made_at: datetime) -> bytes:
    data["footer"] = f"{data['audience']} · printed {day_text(made_at.date())}"
    return typeset(TEMPLATE, data, made_at=made_at)
