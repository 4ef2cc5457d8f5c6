"""Endpoint: the tables of the evaluation, teams under pseudonyms. Every answer is written down as a download is."""

from __future__ import annotations

from typing import Any

from django.http import Http404
from django.utils import timezone
from drf_spectacular.utils import (
    OpenApiParameter,
    OpenApiResponse,
    extend_schema,
    inline_serializer,
)
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from learning.actions.evaluation import draw_pseudonyms, record_evaluation_download
from learning.queries.evaluation import TABLE_NAMES, get_table
from teams.api.scoped import ScopedView, refuse_unknown
from teams.permissions import Permission


class EvaluationTableView(ScopedView):
    """One table of the evaluation with its data dictionary. No group is named, and small numbers are hidden."""

    required_permission = Permission.VIEW_EVALUATION

    @extend_schema(
        operation_id="evaluation_table",
        parameters=[
            OpenApiParameter("name", str, OpenApiParameter.PATH, enum=TABLE_NAMES),
            OpenApiParameter("team", str, description="Pseudonym of one team."),
        ],
        responses={
            200: inline_serializer(
                "EvaluationTable",
                {
                    "name": serializers.CharField(),
                    "title": serializers.CharField(),
                    "columns": serializers.ListField(child=serializers.DictField()),
                    "rows": serializers.ListField(child=serializers.DictField()),
                },
            ),
            400: OpenApiResponse(description="A parameter is not known."),
            403: OpenApiResponse(description="Your role does not include this."),
            404: OpenApiResponse(description="There is no such table, or no such team in it."),
        },
    )
    def get(self, request: Request, name: str) -> Response:
        refuse_unknown(request, {"team"}, pages=False)
        if name not in TABLE_NAMES:
            raise Http404("There is no such table.")
        by: Any = request.user
        draw_pseudonyms(by=by)
        table = get_table(self.scope, name, today=timezone.localdate())
        if team := request.GET.get("team", ""):
            table = table.of("team", team) if "team" in table.header else table
            if "team" not in table.header or not table.rows:
                raise Http404("There is no such team in this table.")
        record_evaluation_download(what=name, form="api", tables=[name], by=by)
        return Response(
            {
                "name": table.name,
                "title": table.title,
                "columns": [{"name": c.name, "meaning": c.meaning} for c in table.columns],
                "rows": [dict(zip(table.header, row, strict=True)) for row in table.rows],
            }
        )
