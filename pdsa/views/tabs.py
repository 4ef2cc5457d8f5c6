"""The tabs of a project's page: every module that adds a page of a project adds its row here."""

from __future__ import annotations

from typing import Any

from django.urls import reverse

from pdsa.models import Project

#: Label and address name, in their order; each address takes `project_id`.
PROJECT_TABS: tuple[tuple[str, str], ...] = (
    ("Overview", "pdsa:project"),
    ("Aim and charter", "aims:aim"),
    ("Driver diagram", "aims:drivers"),
    ("Process maps", "aims:maps"),
    ("Measures", "local_measures:measures"),
    ("Ramps", "pdsa:ramps"),
    ("Tests", "pdsa:project_tests"),
)


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
