"""Endpoints: versions of the change package, one version, and the search over what was tried."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

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
from teams.authentication import RequirePermission
from teams.permissions import Permission
from teams.scoping import Scope

_FIND = {"tests": find_tests, "ideas": find_ideas, "chapters": find_chapters}
_FILTERS = ("text", "measure", "driver", "patients", "decision")
_ERRORS = {
    400: OpenApiResponse(description="A parameter is not known or does not fit."),
    403: OpenApiResponse(description="Your role does not include this."),
    404: OpenApiResponse(description="There is no such thing for you."),
}


def _refuse_unknown(request: Request, known: set[str]) -> None:
    """A mistyped filter must not quietly answer with everything."""
    unknown = sorted(set(request.GET) - known - {"limit", "offset", "format"})
    if unknown:
        raise ValidationError({name: ["There is no such parameter."] for name in unknown})


class _ReaderView(APIView):
    permission_classes = [RequirePermission]
    required_permission = Permission.VIEW_SHARED_TESTS

    @property
    def scope(self) -> Scope:
        return self.request._request.scope


class PackageVersionListView(_ReaderView):
    """Versions of the change package, the latest first; drafts for its faculty only."""

    @extend_schema(
        operation_id="change_package_list",
        responses={200: PackageVersionSerializer(many=True), **_ERRORS},
    )
    def get(self, request: Request) -> Response:
        _refuse_unknown(request, set())
        pages = Pages()
        page = pages.paginate_queryset(list_versions(self.scope), request, view=self)
        return pages.get_paginated_response(PackageVersionSerializer(page, many=True).data)


class PackageVersionView(_ReaderView):
    """One version with chapters, ideas and the contributed tests that are still shared."""

    @extend_schema(
        operation_id="change_package_read", responses={200: PackageSerializer, **_ERRORS}
    )
    def get(self, request: Request, number: int) -> Response:
        version = get_version(self.scope, number)
        return Response(PackageSerializer(view_version(self.scope, version)).data)


class SearchView(_ReaderView):
    """Shared tests, change ideas or chapters; the best fit first, whatever was decided."""

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
        responses={200: FoundSerializer(many=True), **_ERRORS},
    )
    def get(self, request: Request) -> Response:
        _refuse_unknown(request, {"kind", *_FILTERS})
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
