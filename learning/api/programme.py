"""Endpoints: sessions, calls, actions, scores, monthly reports, stories and syntheses, as their pages show them.

The private note of a call is nowhere here.
"""

from __future__ import annotations

from typing import Any, ClassVar

from django.db.models import QuerySet
from drf_spectacular.utils import (
    OpenApiParameter,
    OpenApiResponse,
    extend_schema,
    extend_schema_view,
)
from rest_framework import serializers
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from learning.models import ActionItem, Call, MonthlyReport, Score, Session, Story, Synthesis
from learning.queries.coaching import list_action_items, list_calls
from learning.queries.progress import list_reports, list_scores_worked_with
from learning.queries.sessions import list_sessions
from learning.queries.stories import group_of, list_told_stories
from learning.queries.synthesis import list_syntheses
from teams.api.scoped import ScopedView, refuse_unknown
from teams.permissions import Permission

_TEAM = OpenApiParameter("team", str, description="Code of one team.")
_ERRORS = {
    400: OpenApiResponse(description="A parameter is not known."),
    403: OpenApiResponse(description="Your role does not include this."),
}


class SessionSerializer(serializers.ModelSerializer[Session]):
    class Meta:
        model = Session
        fields = [
            "id", "kind", "title", "starts_at", "ends_at", "place", "join_link", "state", "agenda",
            "pre_work", "recording_link",
        ]  # fmt: skip


class StreamNoteSerializer(serializers.Serializer[Any]):
    workstream = serializers.CharField()
    wins = serializers.CharField()
    what_data_say = serializers.CharField()
    stuck_on = serializers.CharField()
    decisions = serializers.CharField()


class CallSerializer(serializers.ModelSerializer[Call]):
    team = serializers.CharField(source="team.code")
    coach = serializers.CharField(source="coach.name")
    notes = StreamNoteSerializer(source="stream_notes", many=True)

    class Meta:
        model = Call
        fields = ["id", "team", "coach", "planned_at", "held_on", "state", "workstreams", "notes"]


class ActionItemSerializer(serializers.ModelSerializer[ActionItem]):
    team = serializers.CharField(source="team.code")
    owner = serializers.CharField(source="owner.name")

    class Meta:
        model = ActionItem
        fields = [
            "id", "team", "text", "owner", "due_on", "workstream", "state", "closed_on",
            "closed_note", "cycle_id", "measure_id", "milestone_id",
        ]  # fmt: skip


class ScoreSerializer(serializers.ModelSerializer[Score]):
    team = serializers.CharField(source="team.code")
    value = serializers.FloatField()
    suggested = serializers.FloatField()

    class Meta:
        model = Score
        fields = ["team", "month", "by_whom", "value", "suggested", "reason", "given_at"]


class MonthlyReportSerializer(serializers.ModelSerializer[MonthlyReport]):
    team = serializers.CharField(source="team.code")

    class Meta:
        model = MonthlyReport
        fields = [
            "id", "team", "month", "due_on", "state", "tested_and_learned", "help_needed",
            "next_steps", "patient_voice", "submitted_at", "acknowledged_at", "feedback",
        ]  # fmt: skip


class StorySerializer(serializers.ModelSerializer[Story]):
    group = serializers.SerializerMethodField(help_text="Its name, unless it told without it.")

    class Meta:
        model = Story
        fields = [
            "id", "group", "title", "what_we_changed", "for_whom", "what_happened", "topic",
            "driver", "told_at",
        ]  # fmt: skip

    def get_group(self, story: Story) -> str:
        return group_of(self.context["scope"], story)


class SynthesisSerializer(serializers.ModelSerializer[Synthesis]):
    numbers = serializers.SerializerMethodField(help_text="Sentences; empty while it is a draft.")

    class Meta:
        model = Synthesis
        fields = [
            "month", "state", "summary", "themes", "answers", "next_month", "numbers",
            "published_at",
        ]  # fmt: skip

    def get_numbers(self, synthesis: Synthesis) -> list[str]:
        return (synthesis.facts or {}).get("lines", [])


class _ListView(ScopedView, ListAPIView[Any]):
    """A list that its reader may see, narrowed by `?team=` where its rows have a team."""

    known: ClassVar[frozenset[str]] = frozenset({"team"})

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        refuse_unknown(request, self.known)
        return super().list(request, *args, **kwargs)

    def get_serializer_context(self) -> dict[str, Any]:
        return {**super().get_serializer_context(), "scope": self.scope}

    def of_team(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        code = self.request.GET.get("team", "")
        return rows.filter(team__code=code) if code else rows


@extend_schema_view(
    get=extend_schema(operation_id="sessions_list", responses={200: SessionSerializer, **_ERRORS})
)
class SessionListView(_ListView):
    """Sessions that concern you, by time."""

    required_permission = Permission.VIEW_CALENDAR
    serializer_class = SessionSerializer
    known = frozenset()

    def get_queryset(self) -> QuerySet[Session]:
        return list_sessions(self.scope)


@extend_schema_view(
    get=extend_schema(
        operation_id="calls_list", parameters=[_TEAM], responses={200: CallSerializer, **_ERRORS}
    )
)
class CallListView(_ListView):
    """Coaching calls of the teams that you work with, latest first, with the notes that both sides read."""

    required_permission = Permission.VIEW_COACHING
    serializer_class = CallSerializer

    def get_queryset(self) -> QuerySet[Call]:
        return self.of_team(list_calls(self.scope))


@extend_schema_view(
    get=extend_schema(
        operation_id="actions_list",
        parameters=[_TEAM],
        responses={200: ActionItemSerializer, **_ERRORS},
    )
)
class ActionItemListView(_ListView):
    """Actions of the teams that you work with, the next due first."""

    required_permission = Permission.VIEW_COACHING
    serializer_class = ActionItemSerializer

    def get_queryset(self) -> QuerySet[ActionItem]:
        return self.of_team(list_action_items(self.scope))


@extend_schema_view(
    get=extend_schema(
        operation_id="scores_list", parameters=[_TEAM], responses={200: ScoreSerializer, **_ERRORS}
    )
)
class ScoreListView(_ListView):
    """Every score that was given to the teams that you work with, latest month first."""

    required_permission = Permission.VIEW_COACHING
    serializer_class = ScoreSerializer

    def get_queryset(self) -> QuerySet[Score]:
        return self.of_team(list_scores_worked_with(self.scope))


@extend_schema_view(
    get=extend_schema(
        operation_id="monthly_reports_list",
        parameters=[_TEAM],
        responses={200: MonthlyReportSerializer, **_ERRORS},
    )
)
class MonthlyReportListView(_ListView):
    """Monthly reports of the teams that you work with, latest month first."""

    required_permission = Permission.VIEW_COACHING
    serializer_class = MonthlyReportSerializer

    def get_queryset(self) -> QuerySet[MonthlyReport]:
        return self.of_team(list_reports(self.scope))


@extend_schema_view(
    get=extend_schema(operation_id="stories_list", responses={200: StorySerializer, **_ERRORS})
)
class StoryListView(_ListView):
    """Stories that groups have told, latest first."""

    required_permission = Permission.VIEW_SHARED_TESTS
    serializer_class = StorySerializer
    known = frozenset()

    def get_queryset(self) -> QuerySet[Story]:
        return list_told_stories(self.scope)


@extend_schema_view(
    get=extend_schema(
        operation_id="syntheses_list", responses={200: SynthesisSerializer, **_ERRORS}
    )
)
class SynthesisListView(_ListView):
    """Monthly syntheses of the programme, latest month first."""

    required_permission = Permission.READ_SYNTHESES
    serializer_class = SynthesisSerializer
    known = frozenset()

    def get_queryset(self) -> QuerySet[Synthesis]:
        return list_syntheses(self.scope)
