"""What the API says about tests of change."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from pdsa.enums import CycleKind, CycleState, Decision, Match, Sharing
from pdsa.models import Cycle, Prediction
from pdsa.sharing import SHARED_TEXTS, group_name
from teams.personal_details import find_personal_details


class PredictionSerializer(serializers.ModelSerializer[Prediction]):
    match = serializers.SerializerMethodField()

    class Meta:
        model = Prediction
        fields = [
            "question",
            "prediction",
            "expected_value",
            "unit",
            "result",
            "actual_value",
            "match",
        ]

    @extend_schema_field(serializers.ChoiceField(Match.choices, allow_null=True))
    def get_match(self, row: Prediction) -> str | None:
        return row.match or None


class CycleSerializer(serializers.Serializer[Cycle]):
    """A test. What a reader outside the team gets is what its page shows: no names of people or sites."""

    id = serializers.IntegerField(read_only=True)
    title = serializers.CharField(read_only=True)
    group = serializers.CharField(
        read_only=True, help_text="Name of the group, unless it shared without it."
    )
    idea = serializers.CharField(read_only=True)
    number = serializers.IntegerField(read_only=True)
    project_id = serializers.IntegerField(
        read_only=True, allow_null=True, help_text="Null for tests of other groups."
    )
    kind = serializers.ChoiceField(CycleKind.choices, read_only=True)
    state = serializers.ChoiceField(CycleState.choices, read_only=True)
    decision = serializers.ChoiceField(Decision.choices, read_only=True, allow_null=True)
    sharing = serializers.ChoiceField(Sharing.choices, read_only=True)
    is_retrospective = serializers.BooleanField(read_only=True)
    planned_start_on = serializers.DateField(read_only=True, allow_null=True)
    planned_end_on = serializers.DateField(read_only=True, allow_null=True)
    started_on = serializers.DateField(read_only=True, allow_null=True)
    ended_on = serializers.DateField(read_only=True, allow_null=True)
    patient_count = serializers.IntegerField(read_only=True, allow_null=True)
    clinician_count = serializers.IntegerField(read_only=True, allow_null=True)
    site_count = serializers.IntegerField(read_only=True, allow_null=True)
    duration_days = serializers.IntegerField(read_only=True, allow_null=True)
    texts = serializers.DictField(
        child=serializers.CharField(), read_only=True, help_text=", ".join(SHARED_TEXTS)
    )
    predictions = PredictionSerializer(many=True, read_only=True)
    changed_at = serializers.DateTimeField(read_only=True)

    def to_representation(self, instance: Cycle) -> dict[str, Any]:
        own = instance.idea.project.team_id in self.context["own_team_ids"]
        # Of a test that was opened again others read no decision before it is closed once more.
        told = own or instance.state == CycleState.CLOSED
        row = {
            name: getattr(instance, name)
            for name in self.fields
            if hasattr(instance, name) and name not in ("title", "predictions", "idea")
        }
        row |= {
            "title": str(instance),
            "group": instance.idea.project.team.name if own else group_name(instance),
            "idea": instance.idea.title,
            "project_id": instance.idea.project_id if own else None,
            "decision": instance.decision or None if told else None,
            "texts": {
                name: getattr(instance, name) if told or name != "next_change" else ""
                for name in SHARED_TEXTS
            },
            "predictions": PredictionSerializer(instance.predictions.all(), many=True).data,
        }
        return row


class LogSerializer(serializers.Serializer[Any]):
    """The log of a minute."""

    objective = serializers.CharField(max_length=1000)
    prediction = serializers.CharField(max_length=1000, required=False, allow_blank=True)
    who = serializers.CharField(max_length=200, required=False, allow_blank=True)
    start_on = serializers.DateField(
        required=False, allow_null=True, help_text="Default: today. A later day plans the test."
    )
    idea_id = serializers.IntegerField(
        required=False,
        allow_null=True,
        help_text="A change idea of your team; without it a new one is made.",
    )
    client_key = serializers.UUIDField(
        required=False, help_text="Your own key: the same log sent twice is one test."
    )
    keep_details = serializers.BooleanField(
        default=False,
        help_text="Keep texts although they look like details of a person: it is no patient.",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        found = {}
        for name in ("objective", "prediction", "who"):
            details = find_personal_details(attrs.get(name, ""))
            if details and not attrs["keep_details"]:
                found[name] = [f"“{d.text}” looks like {d.kind}." for d in details]
        if found:
            raise serializers.ValidationError(found)
        return attrs
