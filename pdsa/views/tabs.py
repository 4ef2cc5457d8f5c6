"""What every page of a project shows around its content: its head with aim and coach, and its tabs."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils import timezone

from pdsa.aims.sentence import sentence_text
from pdsa.models import Project
from pdsa.queries.aims import find_aim, parts_of
from pdsa.queries.projects import can_write
from teams.queries import list_coaches_of
from teams.scoping import Scope

#: Label and address name, in their order; each address takes `project_id`. Every module that adds a page of a
#: project adds its row here.
PROJECT_TABS: tuple[tuple[str, str], ...] = (
    ("Overview", "pdsa:project"),
    ("Aim and charter", "aims:aim"),
    ("Driver diagram", "aims:drivers"),
    ("Process maps", "aims:maps"),
    ("Measures", "local_measures:measures"),
    ("Ramps", "pdsa:ramps"),
    ("Tests", "pdsa:project_tests"),
)

#: Pages that begin with the aim themselves: the head does not say it twice.
_WITH_AIM = ("aims:aim", "aims:drivers")


def project_context(scope: Scope, project: Project, current: str) -> dict[str, Any]:
    """Context of pdsa/parts/project_header.html. current: address name of the page. At most two queries."""
    coaches = list_coaches_of(project.team, on=timezone.localdate())
    aim = None if current in _WITH_AIM else find_aim(project)
    return {
        "project": project,
        "tabs": project_tabs(project, current),
        "may_write": can_write(scope, project.team_id),
        "says_aim": aim is not None,
        "project_aim": sentence_text(parts_of(aim)) if aim and aim.measure_name else "",
        "coaches": [coach.name for coach in coaches],
    }


def project_tabs(project: Project, current: str) -> list[dict[str, Any]]:
    """Items for components/tabs.html. current: address name of the page."""
    return [
        {
            "label": label,
            "url": reverse(name, kwargs={"project_id": project.pk}),
            "active": name == current,
        }
        for label, name in PROJECT_TABS
    ]
