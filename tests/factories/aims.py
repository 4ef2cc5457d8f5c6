"""Aims, charters, driver diagrams and process maps, made through the actions.

aim = make_aim(project, by=lead)                # whole: it passes every check on `cycles.NOW`
charter = make_charter(project, by=lead)        # with everything that a review needs
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from pdsa.actions import aims, drivers, process_maps
from pdsa.enums import MapKind, StepKind
from pdsa.models import Aim, Charter, ProcessMap, Project
from teams.models import User
from tests.factories.cycles import NOW

WHOLE_AIM: dict[str, Any] = {
    "direction": "increase",
    "measure_name": "Blood pressure control",
    "population": "adults with hypertension",
    "focus_group": "Black",
    "reference_group": "White",
    "unit": "%",
    "baseline": Decimal(61),
    "target": Decimal(70),
    "due_on": date(2027, 3, 1),
    "gap_from": Decimal(9),
    "gap_to": Decimal(4),
    "guards_everyone": True,
}
NEEDED_CHARTER = {
    "problem": "Too many leave with a high reading",
    "population": "Adults of two sites",
    "sponsor": "Dr. Lindqvist",
    "team_lead": "Denise",
    "day_to_day_lead": "Owen",
}


def make_aim(project: Project, *, by: User, **values: Any) -> Aim:
    return aims.write_aim(project=project, values=WHOLE_AIM | values, by=by, as_of=NOW)


def make_charter(project: Project, *, by: User, **values: Any) -> Charter:
    charter = aims.start_charter(project=project, by=by)
    return aims.write_charter(charter=charter, values=NEEDED_CHARTER | values, by=by, as_of=NOW)


def make_map(project: Project, *, by: User, title: str = "Visit") -> ProcessMap:
    """A map of two steps."""
    made = process_maps.create_map(
        project=project, title=title, kind=MapKind.TODAY, focus_group="Black", by=by
    )
    for text, kind in (("Call", StepKind.START), ("Wait", StepKind.WAIT)):
        values = {"text": text, "actor": "Patient", "kind": kind}
        process_maps.add_step(process_map=made, values=values, by=by)
    return made


def aim_parts(project: Project, *, by: User, word: str) -> dict[str, Any]:
    """One of each for a project, marked with a word; parts of addresses → their values."""
    make_aim(project, by=by, population=f"{word} cedar aim")
    make_charter(project, by=by, problem=f"{word} cedar charter")
    driver = drivers.add_driver(project=project, text=f"{word} cedar driver", by=by, as_of=NOW)
    made = make_map(project, by=by, title=f"{word} cedar map")
    values = {"text": f"{word} cedar step", "actor": "Patient"}
    step = process_maps.add_step(process_map=made, values=values, by=by)
    return {
        "driver_id": driver.pk,
        "map_id": made.pk,
        "step_id": step.pk,
        "aims:charter_autosave.pk": project.pk,
    }
