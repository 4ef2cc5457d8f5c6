"""Endpoints about projects: what they are about, their aim, charter and driver diagram, and the library."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from pdsa.aims.fields import CHARTER_LABELS
from pdsa.aims.sentence import sentence_text
from pdsa.api.project_serializers import (
    AimSerializer,
    CharterSerializer,
    DriverRowSerializer,
    LibraryIdeaSerializer,
    ProjectSerializer,
)
from pdsa.enums import ProjectStatus
from pdsa.queries.aims import find_aim, find_charter, parts_of
from pdsa.queries.drivers import read_outline
from pdsa.queries.library import (
    NO_TESTS,
    LibraryFilters,
    get_library_idea,
    list_library,
    list_tallies_of,
)
from pdsa.queries.projects import get_project, list_projects, with_counts
from teams.api.scoped import ERRORS, ScopedView, refuse_other, refuse_unknown
from teams.permissions import Permission


class ProjectListView(ScopedView):
    """Projects of the teams that you work with, by title."""

    required_permission = Permission.VIEW_PROJECTS

    @extend_schema(
        operation_id="projects_list",
        parameters=[
            OpenApiParameter("team", str, description="Code of a team."),
            OpenApiParameter("status", str, enum=ProjectStatus.values),
        ],
        responses={200: ProjectSerializer(many=True), **ERRORS},
    )
    def get(self, request: Request) -> Response:
        refuse_unknown(request, {"team", "status"})
        found = with_counts(list_projects(self.scope)).prefetch_related("focus_strata")
        if team := request.GET.get("team", ""):
            found = found.filter(team__code=team)
        if status := refuse_other(request, "status", ProjectStatus.values):
            found = found.filter(status=status)
        return self.paged(request, found.order_by("title", "id"), ProjectSerializer)


class ProjectView(ScopedView):
    """One project."""

    required_permission = Permission.VIEW_PROJECTS

    @extend_schema(operation_id="projects_read", responses={200: ProjectSerializer, **ERRORS})
    def get(self, request: Request, project_id: int) -> Response:
        found = with_counts(list_projects(self.scope)).prefetch_related("focus_strata")
        return Response(ProjectSerializer(found.get(pk=project_id)).data)


class AimView(ScopedView):
    """The aim of a project in its parts, and as the sentence that they make."""

    required_permission = Permission.VIEW_PROJECTS

    @extend_schema(operation_id="projects_aim", responses={200: AimSerializer, **ERRORS})
    def get(self, request: Request, project_id: int) -> Response:
        aim = find_aim(get_project(self.scope, project_id))
        sentence = sentence_text(parts_of(aim)) if aim.measure_name else ""
        return Response(AimSerializer(aim, context={"sentence": sentence}).data)


class CharterView(ScopedView):
    """The charter of a project, with its state."""

    required_permission = Permission.VIEW_PROJECTS

    @extend_schema(operation_id="projects_charter", responses={200: CharterSerializer, **ERRORS})
    def get(self, request: Request, project_id: int) -> Response:
        charter = find_charter(get_project(self.scope, project_id))
        said: dict[str, Any] = {
            "state": charter.state,
            "reviewed_at": charter.reviewed_at,
            "agreed_at": charter.agreed_at,
            "texts": {name: str(getattr(charter, name) or "") for name in CHARTER_LABELS},
        }
        return Response(CharterSerializer(said).data)


class DriverListView(ScopedView):
    """The driver diagram of a project as rows in reading order; an idea may come under several drivers."""

    required_permission = Permission.VIEW_PROJECTS

    @extend_schema(
        operation_id="projects_drivers",
        responses={200: DriverRowSerializer(many=True), **ERRORS},
    )
    def get(self, request: Request, project_id: int) -> Response:
        outline = read_outline(get_project(self.scope, project_id))
        rows = []
        above = ["", "", ""]
        for row in outline.rows:
            above[row.depth] = row.key
            rows.append(
                {
                    "key": row.key,
                    "parent": above[row.depth - 1] if row.depth else None,
                    "kind": {1: "primary", 2: "secondary", 3: "idea"}[row.level],
                    "text": row.text,
                    "owner": row.driver.owner if row.driver else row.tally.owner,
                    "status": (row.driver.status or None) if row.driver else None,
                    "measures": row.measure_names,
                    "idea_id": row.idea.pk if row.idea else None,
                    "decisions": {str(d): n for d, n in row.tally.decisions.items()},
                }
            )
        return Response(DriverRowSerializer(rows, many=True).data)


class LibraryView(ScopedView):
    """Change ideas of the library, with the tests of them that you may read, counted."""

    required_permission = Permission.VIEW_SHARED_TESTS

    @extend_schema(
        operation_id="library_list",
        parameters=[
            OpenApiParameter("text", str, description="Words."),
            OpenApiParameter("topic", str, description="Code of a topic."),
        ],
        responses={200: LibraryIdeaSerializer(many=True), **ERRORS},
    )
    def get(self, request: Request) -> Response:
        refuse_unknown(request, {"text", "topic"})
        filters = LibraryFilters(
            text=request.GET.get("text", "")[:100], topic=request.GET.get("topic", "")
        )
        found = list(list_library(self.scope, filters))
        tallies = list_tallies_of(self.scope, found)
        rows = [
            LibraryIdeaSerializer(e, context={"tally": tallies.get(e.pk, NO_TESTS)}).data
            for e in found
        ]
        return Response({"count": len(rows), "next": None, "previous": None, "results": rows})


class LibraryIdeaView(ScopedView):
    """One idea of the library."""

    required_permission = Permission.VIEW_SHARED_TESTS

    @extend_schema(operation_id="library_read", responses={200: LibraryIdeaSerializer, **ERRORS})
    def get(self, request: Request, code: str) -> Response:
        entry = get_library_idea(self.scope, code)
        tally = list_tallies_of(self.scope, [entry]).get(entry.pk, NO_TESTS)
        return Response(LibraryIdeaSerializer(entry, context={"tally": tally}).data)
