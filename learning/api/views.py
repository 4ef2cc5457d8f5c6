"""Endpoints: versions of the change package, one version, and the search over what was tried."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from learning.api.serializers import (
    FoundSerializer,
    PackageSerializer,
    PackageVersionSerializer,
)
from learning.queries.package import get_version, list_versions, view_version
from learning.queries.search import (
    SearchFilters,
    decision_choices,
    driver_choices,
    find_chapters,
    find_ideas,
    find_tests,
    measure_choices,
    patient_choices,
)
from pdsa.sharing import group_name
from teams.api.pagination import Pages
from teams.api.scoped import ERRORS, ScopedView, refuse_unknown
from teams.permissions import Permission

_FIND = {"tests": find_tests, "ideas": find_ideas, "chapters": find_chapters}
_FILTERS = ("text", "measure", "driver", "patients", "decision")


class PackageVersionListView(ScopedView):
    """Versions of the change package, the latest first; drafts for its faculty only."""

    required_permission = Permission.VIEW_SHARED_TESTS

    @extend_schema(
        operation_id="change_package_list",
        responses={200: PackageVersionSerializer(many=True), **ERRORS},
    )
    def get(self, request: Request) -> Response:
        refuse_unknown(request, set())
        return self.paged(request, list_versions(self.scope), PackageVersionSerializer)


class PackageVersionView(ScopedView):
    """One version with chapters, ideas and the contributed tests that are still shared."""

    required_permission = Permission.VIEW_SHARED_TESTS

    @extend_schema(operation_id="change_package_read", responses={200: PackageSerializer, **ERRORS})
    def get(self, request: Request, number: int) -> Response:
        version = get_version(self.scope, number)
        return Response(PackageSerializer(view_version(self.scope, version)).data)


class SearchView(ScopedView):
    """Shared tests, change ideas or chapters; the best fit first, whatever was decided."""

    required_permission = Permission.VIEW_SHARED_TESTS

    @extend_schema(
        operation_id="search_list",
        parameters=[
            OpenApiParameter("kind", str, enum=list(_FIND), description="Default: tests."),
            OpenApiParameter("text", str, description="Words; small typing mistakes are forgiven."),
            OpenApiParameter("measure", str, description="Code of a measure of the programme."),
            OpenApiParameter("driver", str, description="Code of a primary driver."),
            OpenApiParameter(
                "patients", str, description="stratum:CODE, or population:CODE of the library."
            ),
            OpenApiParameter("decision", str, description="What the group decided."),
        ],
        responses={200: FoundSerializer(many=True), **ERRORS},
    )
    def get(self, request: Request) -> Response:
        refuse_unknown(request, {"kind", *_FILTERS})
        kind = request.GET.get("kind", "tests")
        if kind not in _FIND:
            raise ValidationError({"kind": [f"Write {', '.join(_FIND)}."]})
        known = {
            "measure": {code for code, _ in measure_choices()},
            "driver": {code for code, _ in driver_choices()},
            "patients": {code for _, group in patient_choices() for code, _ in group},
            "decision": {code for code, _ in decision_choices()},
        }
        for name, values in known.items():
            if request.GET.get(name) and request.GET[name] not in values:
                raise ValidationError({name: ["There is no such choice."]})
        filters = SearchFilters(**{name: request.GET.get(name, "")[:100] for name in _FILTERS})
        pages = Pages()
        page = pages.paginate_queryset(_FIND[kind](self.scope, filters), request, view=self)
        found = [_found(kind, row) for row in page or []]
        return pages.get_paginated_response(FoundSerializer(found, many=True).data)


def _found(kind: str, row: Any) -> dict[str, Any]:
    said = {"kind": kind, "id": str(row.pk), "title": str(row), "group": None, "decision": None}
    if kind == "tests":
        return said | {
            "text": row.objective,
            "group": group_name(row),
            "decision": row.decision or None,
        }
    if kind == "ideas":
        return said | {"id": row.code, "text": row.what}
    return said | {"text": row.introduction}
