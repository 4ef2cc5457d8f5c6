"""Reads of aims and charters, and the start that the programme's data give an aim."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

from measures import queries as measures
from pdsa.aims.checks import check_aim
from pdsa.aims.fields import AIM_LABELS, CHARTER_LABELS
from pdsa.aims.sentence import AimParts, sentence_text
from pdsa.models import Aim, AimVersion, Charter, CharterVersion, Project
from pdsa.queries.projects import list_projects
from teams.autosave import text_of
from teams.permissions import Permission
from teams.scoping import Scope

#: The set whose strata an aim can be bound to, and the one that readers of dashboards see first.
STRATUM_SET = "combined"


def find_aim(project: Project) -> Aim:
    """The project's aim; an empty one, not stored, where nobody wrote any."""
    aim = (
        Aim.objects.select_related("measure", "focus_stratum", "reviewed_by")
        .filter(project=project)
        .first()
    )
    return aim or Aim(project=project)


def list_aims(projects: QuerySet[Project]) -> QuerySet[Aim]:
    """The aims that were written for these projects."""
    return Aim.objects.filter(project__in=projects)


def get_aim_to_review(scope: Scope, project_id: int) -> Aim:
    """An aim of a team that the reader coaches. Raises Aim.DoesNotExist."""
    return Aim.objects.select_related("project__team").get(
        project_id=project_id, project__in=list_reviewable_projects(scope)
    )


def list_reviewable_projects(scope: Scope) -> QuerySet[Project]:
    """Projects whose aim and charter the reader reviews: those of the teams that the reader coaches."""
    if not scope.may(Permission.REVIEW_PROJECTS):
        return Project.objects.none()
    return list_projects(scope).filter(team_id__in=scope.coached_team_ids)


def can_review(scope: Scope, project: Project) -> bool:
    return scope.may(Permission.REVIEW_PROJECTS) and project.team_id in scope.coached_team_ids


def has_aim(project: Project) -> bool:
    return Aim.objects.filter(project=project).exclude(measure_name="").exists()


def was_whole_when_written(aim: Aim) -> bool:
    """Whether every check held on the day on which the aim was last written: its own day may be over by now."""
    if aim.pk is None:
        return False
    written_on = timezone.localdate(aim.changed_at)
    return all(check.passed for check in check_aim(parts_of(aim), today=written_on))


def parts_of(aim: Aim) -> AimParts:
    return AimParts(
        direction=aim.direction,
        measure=aim.measure_name,
        population=aim.population,
        place=aim.place,
        focus_group=aim.focus_group,
        reference_group=aim.reference_group,
        unit=aim.unit,
        baseline=aim.baseline,
        target=aim.target,
        due_on=aim.due_on,
        gap_from=aim.gap_from,
        gap_to=aim.gap_to,
        guards_everyone=aim.guards_everyone,
    )


def aim_content(aim: Aim) -> dict[str, Any]:
    """What a version of the aim keeps: every part as text, and the sentence."""
    content = {name: text_of(getattr(aim, name)) for name in AIM_LABELS if name != "sentence"}
    content["guards_everyone"] = "Yes" if aim.guards_everyone else "No"
    return {"sentence": sentence_text(parts_of(aim)), **content}


def charter_content(charter: Charter) -> dict[str, Any]:
    return {name: text_of(getattr(charter, name)) for name in CHARTER_LABELS}


def find_charter(project: Project) -> Charter:
    """The project's charter; an empty one, not stored, where nobody began it."""
    charter = (
        Charter.objects.select_related("reviewed_by", "agreed_by").filter(project=project).first()
    )
    return charter or Charter(project=project)


def get_charter(projects: QuerySet[Project], project_id: int) -> Charter:
    """The charter of one of these projects. Raises Charter.DoesNotExist."""
    return Charter.objects.select_related("project__team").get(
        project_id=project_id, project__in=projects
    )


def list_aim_versions(project: Project) -> QuerySet[AimVersion]:
    """Versions of the project's aim, latest first."""
    return AimVersion.objects.filter(aim__project=project).select_related("saved_by")


def list_charter_versions(project: Project) -> QuerySet[CharterVersion]:
    return CharterVersion.objects.filter(charter__project=project).select_related("saved_by")


@dataclass(frozen=True)
class AimStart:
    """Where a team stands today according to the programme's data.

    baseline and target-free: level of the focus group's measure for all patients, in percent; gap in points
    without a sign, None where the focus group is not behind or the gap may not be shown.
    """

    measure_name: str
    focus_group: str
    reference_group: str
    higher_is_better: bool
    baseline: Decimal | None
    gap_from: Decimal | None
    basis: str


@dataclass(frozen=True)
class Bindings:
    """What an aim can be bound to: the measures and the strata with which the programme computes gaps."""

    measures: list[tuple[int, str]]
    strata: list[tuple[int, str]]


def list_bindings(scope: Scope) -> Bindings:
    """Choices as (id, name); both empty where the reader's team has no data yet."""
    source = measures.get_default_source(scope)
    period = measures.get_period(source) if source else None
    if source is None or period is None:
        return Bindings([], [])
    chosen = measures.list_stratum_sets(source).filter(code=STRATUM_SET).first()
    strata = measures.list_strata(chosen) if chosen else []
    definitions = measures.list_definitions(year=period.year)
    return Bindings(
        [(d.measure_id, d.name) for d in definitions if d.measure.completeness_of == ""],
        [(s.id, s.label) for s in strata if s.kind == "specified" and not s.is_reference],
    )


def find_start(
    scope: Scope, *, project: Project, measure_id: int, stratum_id: int
) -> AimStart | None:
    """Level and gap of the team in the latest period; None where there is no such result."""
    source = measures.get_default_source(scope)
    period = measures.get_period(source) if source else None
    if source is None or period is None:
        return None
    chosen = measures.list_stratum_sets(source).filter(code=STRATUM_SET).first()
    if chosen is None:
        return None
    results = measures.list_team_results(
        scope,
        team=project.team,
        source=source,
        periods=[period],
        stratum_set=chosen,
        measure_ids=[measure_id],
    )
    if not results:
        return None
    result = results[0]
    focus = next((f for f in result.figures if f.stratum.id == stratum_id), None)
    if focus is None or result.reference is None:
        return None
    total = result.total
    gap = _behind(focus.gap_points, result.higher_is_better)
    return AimStart(
        measure_name=result.definition.name,
        focus_group=focus.stratum.short_label,
        reference_group=result.reference.short_label,
        higher_is_better=result.higher_is_better,
        baseline=_one_decimal(100 * total.rate) if total and total.rate is not None else None,
        gap_from=gap,
        basis=f"{source.name}, {period.label}, computed {result.computed_at:%b} "
        f"{result.computed_at.day}, {result.computed_at.year}",
    )


def _behind(gap_points: float | None, higher_is_better: bool) -> Decimal | None:
    """How far the focus group is behind, in points; None where it is not."""
    if gap_points is None:
        return None
    distance = -gap_points if higher_is_better else gap_points
    return _one_decimal(distance) if distance > 0 else None


def _one_decimal(value: float) -> Decimal:
    return Decimal(f"{value:.1f}")
