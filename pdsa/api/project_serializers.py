"""What the API says about projects, aims, charters, driver diagrams and the library."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from pdsa.aims.fields import CHARTER_LABELS
from pdsa.enums import (
    AimDirection,
    AimState,
    CharterState,
    DriverStatus,
    Effort,
    PopulationScope,
    ProjectStatus,
    Workstream,
)
from pdsa.models import Aim, LibraryIdea, Project


class ProjectSerializer(serializers.ModelSerializer[Project]):
    team = serializers.SlugRelatedField[Any](slug_field="code", read_only=True)
    workstream = serializers.ChoiceField(Workstream.choices, read_only=True)
    population_scope = serializers.ChoiceField(PopulationScope.choices, read_only=True)
    status = serializers.ChoiceField(ProjectStatus.choices, read_only=True)
    focus_strata = serializers.SlugRelatedField[Any](slug_field="code", many=True, read_only=True)
    test_count = serializers.IntegerField(source="cycle_count", read_only=True)
    open_test_count = serializers.IntegerField(
        source="open_count", read_only=True, help_text="Planned, doing or studying."
    )

    class Meta:
        model = Project
        fields = [
            "id",
            "team",
            "title",
            "workstream",
            "population_scope",
            "focus_strata",
            "status",
            "test_count",
            "open_test_count",
            "coach_reviewed_at",
        ]


class AimSerializer(serializers.ModelSerializer[Aim]):
    sentence = serializers.SerializerMethodField()
    state = serializers.ChoiceField(AimState.choices, read_only=True)
    direction = serializers.ChoiceField(AimDirection.choices, read_only=True)
    measure = serializers.SlugRelatedField[Any](
        slug_field="code",
        read_only=True,
        help_text="Of the programme; null where it is free-standing.",
    )
    focus_stratum = serializers.SlugRelatedField[Any](slug_field="code", read_only=True)

    class Meta:
        model = Aim
        fields = [
            "sentence",
            "state",
            "reviewed_at",
            "direction",
            "measure",
            "measure_name",
            "population",
            "place",
            "focus_stratum",
            "focus_group",
            "reference_group",
            "unit",
            "baseline",
            "target",
            "due_on",
            "gap_from",
            "gap_to",
            "guards_everyone",
            "basis",
        ]

    def get_sentence(self, aim: Aim) -> str:
        return str(self.context["sentence"])


class CharterSerializer(serializers.Serializer[Any]):
    state = serializers.ChoiceField(CharterState.choices)
    reviewed_at = serializers.DateTimeField(allow_null=True)
    agreed_at = serializers.DateTimeField(allow_null=True)
    texts = serializers.DictField(
        child=serializers.CharField(), help_text=", ".join(CHARTER_LABELS)
    )


class DriverRowSerializer(serializers.Serializer[Any]):
    key = serializers.CharField(help_text="Of the row; an idea has one for each driver above it.")
    parent = serializers.CharField(allow_null=True)
    kind = serializers.ChoiceField(["primary", "secondary", "idea"])
    text = serializers.CharField()
    owner = serializers.CharField(allow_blank=True)
    status = serializers.ChoiceField(DriverStatus.choices, allow_null=True)
    measures = serializers.ListField(child=serializers.CharField())
    idea_id = serializers.IntegerField(allow_null=True)
    decisions = serializers.DictField(
        child=serializers.IntegerField(), help_text="Of an idea's closed tests: decision, how many."
    )


class LibraryIdeaSerializer(serializers.ModelSerializer[LibraryIdea]):
    effort = serializers.ChoiceField(Effort.choices, read_only=True)
    group_count = serializers.SerializerMethodField(help_text="Groups with a test you may read.")
    test_count = serializers.SerializerMethodField(help_text="Tests you may read.")
    decisions = serializers.SerializerMethodField()

    class Meta:
        model = LibraryIdea
        fields = [
            "code",
            "title",
            "what",
            "helps",
            "first_test",
            "prediction",
            "populations",
            "driver",
            "topics",
            "effort",
            "cost_note",
            "evidence",
            "origin",
            "group_count",
            "test_count",
            "decisions",
        ]

    def get_group_count(self, entry: LibraryIdea) -> int:
        return int(self.context["tally"].group_count)

    def get_test_count(self, entry: LibraryIdea) -> int:
        return int(self.context["tally"].test_count)

    def get_decisions(self, entry: LibraryIdea) -> dict[str, int]:
        return {str(d): n for d, n in self.context["tally"].decisions.items()}
