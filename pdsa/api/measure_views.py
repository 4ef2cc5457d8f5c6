"""Endpoints about local measures: list, read, their numbers, and writing numbers."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from pdsa.actions.measures import enter_observations
from pdsa.api.measure_serializers import (
    LocalMeasureSerializer,
    PointSerializer,
    PointsSerializer,
    WrittenSerializer,
)
from pdsa.models import LocalMeasure
from pdsa.policies.measures import Entry, check_entry
from pdsa.queries.measures import (
    get_measure,
    get_writable_measure,
    list_measures,
    read_measure_data,
)
from teams.api.scoped import ERRORS, ScopedView, refuse_unknown
from teams.errors import StateRefused
from teams.permissions import Permission


class LocalMeasureListView(ScopedView):
    """Measures in use of the projects that you work with."""

    required_permission = Permission.VIEW_PROJECTS

    @extend_schema(
        operation_id="project_measures_list",
        parameters=[OpenApiParameter("project", int, description="Id of a project.")],
        responses={200: LocalMeasureSerializer(many=True), **ERRORS},
    )
    def get(self, request: Request) -> Response:
        refuse_unknown(request, {"project"})
        found = list_measures(self.scope).order_by("project_id", "id")
        project = request.GET.get("project", "")
        if project:
            if not project.isascii() or not project.isdigit() or len(project) > 18:
                raise ValidationError({"project": ["Not a number."]})
            found = found.filter(project_id=int(project))
        return self.paged(request, found, LocalMeasureSerializer)


class LocalMeasureView(ScopedView):
    """One measure with its definition sheet."""

    required_permission = Permission.VIEW_PROJECTS

    @extend_schema(
        operation_id="project_measures_read", responses={200: LocalMeasureSerializer, **ERRORS}
    )
    def get(self, request: Request, local_measure_id: int) -> Response:
        return Response(LocalMeasureSerializer(get_measure(self.scope, local_measure_id)).data)


class PointListView(ScopedView):
    """The numbers of a measure by group and period; those of the programme as you may see them."""

    @property
    def required_permission(self) -> Permission:  # type: ignore[override]
        if self.request.method == "POST":
            return Permission.EDIT_PROJECTS
        return Permission.VIEW_PROJECTS

    @extend_schema(
        operation_id="project_measures_points",
        responses={200: PointSerializer(many=True), **ERRORS},
    )
    def get(self, request: Request, local_measure_id: int) -> Response:
        measure = get_measure(self.scope, local_measure_id)
        codes = {row.stratum_id: row.stratum.code for row in measure.strata.all()}
        data = read_measure_data(self.scope, measure)
        rows = [
            {
                "stratum": codes[group.stratum_id],
                "starts_on": day,
                "state": point.state,
                "numerator": point.numerator,
                "denominator": point.denominator,
                "value": point.value,
            }
            for group in data.groups
            for day, point in zip(data.periods, group.points, strict=True)
            if point.state is not None
        ]
        return Response(PointSerializer(rows, many=True).data)

    @extend_schema(
        operation_id="project_measures_write_points",
        request=PointsSerializer,
        responses={200: WrittenSerializer, **ERRORS},
    )
    def post(self, request: Request, local_measure_id: int) -> Response:
        """Write numbers: all of them, or none where one does not fit. A point without a number is removed.

        Sent twice it changes nothing the second time.
        """
        measure = get_writable_measure(self.scope, local_measure_id)
        form = PointsSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        entries = _entries(measure, form.validated_data["points"])
        changed = enter_observations(
            measure=measure,
            entries=entries,
            by=request.user,
            as_of=timezone.now(),
        )
        return Response({"changed_count": changed})


def _entries(measure: LocalMeasure, points: list[dict[str, Any]]) -> list[Entry]:
    """Raises ValidationError that names every point that does not fit, by its place in the list."""
    strata = {row.stratum.code: row.stratum_id for row in measure.strata.all()}
    today = timezone.localdate()
    entries, wrong = [], {}
    for place, point in enumerate(points):
        entry = Entry(
            strata.get(point["stratum"], 0),
            point["starts_on"],
            point["state"],
            point.get("numerator"),
            point.get("denominator"),
            point.get("value"),
        )
        try:
            check_entry(measure, entry, set(strata.values()), today)
        except StateRefused as refusal:
            wrong[str(place)] = [str(refusal)]
        entries.append(entry)
    if wrong:
        raise ValidationError({"points": wrong})
    return entries
