"""Endpoints about tests of change: list, read, log."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ObjectDoesNotExist
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from pdsa.actions.cycles import log_cycle
from pdsa.api.serializers import CycleSerializer, LogSerializer
from pdsa.enums import CycleState, Decision
from pdsa.queries.cycles import (
    CycleFilters,
    find_cycles,
    list_cycles,
    list_shared_cycles,
)
from pdsa.queries.projects import get_writable_idea, list_writable_teams
from teams.api.pagination import Pages
from teams.api.scoped import ScopedView, refuse_other, refuse_unknown
from teams.permissions import Permission

_FILTERS = {"shared", "state", "decision", "text"}


class _TestView(ScopedView):
    def said(self, cycles: Any, *, many: bool) -> Any:
        context = {"own_team_ids": self.scope.own_team_ids}
        return CycleSerializer(cycles, many=many, context=context).data


class CycleListView(_TestView):
    """Tests of the teams you work with, or those that groups have shared; POST logs one."""

    @property
    def required_permission(self) -> Permission:  # type: ignore[override]
        return (
            Permission.EDIT_PROJECTS
            if self.request.method == "POST"
            else Permission.VIEW_SHARED_TESTS
        )

    @extend_schema(
        operation_id="tests_list",
        parameters=[
            OpenApiParameter("shared", bool, description="Those that groups have shared."),
            OpenApiParameter("state", str, enum=CycleState.values),
            OpenApiParameter("decision", str, enum=Decision.values),
            OpenApiParameter("text", str, description="Words that must all be found."),
        ],
        responses=CycleSerializer(many=True),
    )
    def get(self, request: Request) -> Response:
        refuse_unknown(request, _FILTERS)
        state = refuse_other(request, "state", CycleState.values)
        decision = refuse_other(request, "decision", Decision.values)
        shared = request.GET.get("shared", "").lower() in ("1", "true")
        cycles = find_cycles(
            list_shared_cycles(self.scope) if shared else list_cycles(self.scope),
            CycleFilters(
                text=request.GET.get("text", "")[:100],
                state=state,
                decision=decision,
            ),
            named=not shared,
        ).prefetch_related("predictions")
        pages = Pages()
        page = pages.paginate_queryset(cycles, request, view=self)
        return pages.get_paginated_response(self.said(page, many=True))

    @extend_schema(
        operation_id="tests_log", request=LogSerializer, responses={201: CycleSerializer}
    )
    def post(self, request: Request) -> Response:
        """Log a test: it starts today, or is planned for `start_on`."""
        form = LogSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        given = form.validated_data
        idea = None
        if given.get("idea_id") is not None:
            try:
                idea = get_writable_idea(self.scope, given["idea_id"])
            except ObjectDoesNotExist:
                raise ValidationError({"idea_id": ["There is no such idea for you."]}) from None
        team = idea.project.team if idea else list_writable_teams(self.scope).first()
        if team is None:
            raise ValidationError({"idea_id": ["You belong to no team."]})
        cycle = log_cycle(
            team=team,
            idea=idea,
            objective=given["objective"],
            prediction=given.get("prediction", ""),
            who=given.get("who", ""),
            start_on=given.get("start_on"),
            client_key=given.get("client_key"),
            by=request.user,
            as_of=timezone.localtime(),
        )
        return Response(self.said(cycle, many=False), status=201)


class CycleView(_TestView):
    """One test: of a team you work with, or one that its group has shared."""

    required_permission = Permission.VIEW_SHARED_TESTS

    @extend_schema(operation_id="tests_read", responses=CycleSerializer)
    def get(self, request: Request, cycle_id: int) -> Response:
        own = list_cycles(self.scope).filter(id=cycle_id)
        readable = own if own.exists() else list_shared_cycles(self.scope)
        cycle = readable.prefetch_related("predictions").get(id=cycle_id)
        return Response(self.said(cycle, many=False))
