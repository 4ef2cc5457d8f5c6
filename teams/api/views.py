"""Endpoints about the reader, teams and sites."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.generics import ListAPIView, RetrieveAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from teams.api.scoped import ScopedView
from teams.api.serializers import MeSerializer, SiteSerializer, TeamSerializer
from teams.models import Team
from teams.permissions import Permission
from teams.queries import get_team, list_sites, list_teams


class MeView(ScopedView):
    """Who you are, what you may do, and whose results you may see."""

    required_permission = Permission.VIEW_HOME

    @extend_schema(responses=MeSerializer, operation_id="me")
    def get(self, request: Request) -> Response:
        scope = self.scope
        teams = list(list_teams(scope))
        me = {
            "email": request.user.email,
            "name": request.user.name,
            "roles": request.user.memberships_on(timezone.localdate()),
            "permissions": sorted(scope.permissions),
            "teams": [team.code for team in teams],
            "own_teams": [team.code for team in teams if team.pk in scope.own_team_ids],
        }
        return Response(MeSerializer(me).data)


class TeamListView(ScopedView, ListAPIView[Team]):
    """Teams whose results you may see, by name."""

    required_permission = Permission.VIEW_TEAM_RESULTS
    serializer_class = TeamSerializer

    def get_queryset(self) -> Any:
        return list_teams(self.scope)


class TeamView(ScopedView, RetrieveAPIView[Team]):
    """One team by its code."""

    required_permission = Permission.VIEW_TEAM_RESULTS
    serializer_class = TeamSerializer

    def get_object(self) -> Team:
        return get_team(self.scope, self.kwargs["code"])


@extend_schema(parameters=[OpenApiParameter("team", str, description="Code of a team.")])
class SiteListView(ScopedView, ListAPIView[Any]):
    """Practice sites that belong or belonged to teams whose results you may see."""

    required_permission = Permission.VIEW_TEAM_RESULTS
    serializer_class = SiteSerializer

    def get_queryset(self) -> Any:
        return list_sites(self.scope, team_code=self.request.GET.get("team"))
