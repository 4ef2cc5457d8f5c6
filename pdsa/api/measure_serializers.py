"""What the API says about local measures and their numbers, and what it takes."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from measures.enums import Direction
from pdsa.enums import (
    Frequency,
    MeasureKind,
    PointKind,
    PointState,
    PopulationScope,
    StratumRole,
)
from pdsa.models import LocalMeasure, MeasureStratum


class MeasureStratumSerializer(serializers.ModelSerializer[MeasureStratum]):
    stratum = serializers.SlugRelatedField[Any](slug_field="code", read_only=True)
    label = serializers.CharField(source="stratum.label", read_only=True)
    role = serializers.ChoiceField(StratumRole.choices, read_only=True)

    class Meta:
        model = MeasureStratum
        fields = ["stratum", "label", "role"]


class LocalMeasureSerializer(serializers.ModelSerializer[LocalMeasure]):
    """A measure with its definition sheet."""

    project_id = serializers.IntegerField(read_only=True)
    kind = serializers.ChoiceField(MeasureKind.choices, read_only=True)
    point_kind = serializers.ChoiceField(PointKind.choices, read_only=True)
    direction = serializers.ChoiceField(Direction.choices, read_only=True)
    frequency = serializers.ChoiceField(Frequency.choices, read_only=True)
    population_scope = serializers.ChoiceField(PopulationScope.choices, read_only=True)
    programme_measure = serializers.SlugRelatedField[Any](
        slug_field="code",
        read_only=True,
        help_text="Its definition is locked and its numbers arrive by themselves; null: the team enters them.",
    )
    strata = MeasureStratumSerializer(many=True, read_only=True)

    class Meta:
        model = LocalMeasure
        fields = [
            "id",
            "project_id",
            "name",
            "kind",
            "point_kind",
            "direction",
            "unit",
            "why",
            "definition",
            "numerator_meaning",
            "denominator_meaning",
            "exclusions",
            "data_source",
            "population_scope",
            "frequency",
            "lag_days",
            "collector",
            "minimum_denominator",
            "target",
            "target_on",
            "rule_set",
            "programme_measure",
            "strata",
            "version",
        ]


class PointSerializer(serializers.Serializer[Any]):
    """One group in one period: a number, or why there is none. Which of the numbers it holds depends on
    the measure: n and N of a share or a rate, n of a count, a value."""

    stratum = serializers.SlugField(help_text="Code of a group that the measure is counted for.")
    starts_on = serializers.DateField(help_text="First of the month, or Monday of the week.")
    state = serializers.ChoiceField(PointState.choices, default=PointState.NUMBER)
    numerator = serializers.IntegerField(
        required=False, allow_null=True, min_value=0, max_value=2_000_000_000
    )
    denominator = serializers.IntegerField(
        required=False, allow_null=True, min_value=0, max_value=2_000_000_000
    )
    value = serializers.DecimalField(
        max_digits=12, decimal_places=3, required=False, allow_null=True, coerce_to_string=False
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        given = any(attrs.get(name) is not None for name in ("numerator", "denominator", "value"))
        if attrs["state"] != PointState.NUMBER and given:
            raise serializers.ValidationError("A state and a number exclude each other.")
        return attrs


class PointsSerializer(serializers.Serializer[Any]):
    points = PointSerializer(many=True, allow_empty=False, max_length=2000)


class WrittenSerializer(serializers.Serializer[Any]):
    changed_count = serializers.IntegerField(help_text="Points that were not so before.")
