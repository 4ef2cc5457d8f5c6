"""Reads of process maps."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import QuerySet

from pdsa.diagrams.process import MapStep
from pdsa.enums import StepKind
from pdsa.models import ProcessMap, ProcessStep, Project


def list_maps(project: Project) -> QuerySet[ProcessMap]:
    return ProcessMap.objects.filter(project=project)


def get_map(projects: QuerySet[Project], map_id: int) -> ProcessMap:
    """A map of one of these projects. Raises ProcessMap.DoesNotExist."""
    return ProcessMap.objects.select_related("project__team").get(pk=map_id, project__in=projects)


def list_steps(process_map: ProcessMap) -> list[ProcessStep]:
    return list(
        process_map.steps.filter(removed_at__isnull=True)
        .select_related("branch_to")
        .order_by("position", "id")
    )


def find_removed_step(process_map: ProcessMap) -> ProcessStep | None:
    """The step that was removed last, for the offer to put it back."""
    return process_map.steps.filter(removed_at__isnull=False).order_by("-removed_at").first()


def get_step(process_map: ProcessMap, step_id: int) -> ProcessStep:
    """A step of the map, removed ones too. Raises ProcessStep.DoesNotExist."""
    return ProcessStep.objects.select_related("process_map__project__team").get(
        pk=step_id, process_map=process_map
    )


def to_steps(rows: Iterable[ProcessStep]) -> tuple[MapStep, ...]:
    """Rows as what is added up, laid out and drawn."""
    rows = list(rows)
    here = {row.pk for row in rows}
    return tuple(
        MapStep(
            key=str(row.pk),
            text=row.text,
            actor=row.actor,
            kind=StepKind(row.kind),
            minutes=row.minutes,
            note=row.note,
            pain_point=row.pain_point,
            lost_percent=row.lost_percent,
            will_stop=row.will_stop,
            branch_to=str(row.branch_to_id) if row.branch_to_id in here else "",
            branch_label=row.branch_label,
        )
        for row in rows
    )
