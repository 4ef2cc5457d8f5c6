"""What the API says about grants. Amounts are text with two decimals, so that no reader rounds them."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from grants.models import Award, GrantReport, Milestone, Posting, Tranche
from grants.queries.money import FundTotals


class MoneyText(serializers.DecimalField):
    def __init__(self, **options: Any) -> None:
        super().__init__(max_digits=14, decimal_places=2, read_only=True, **options)


class FundSerializer(serializers.Serializer[FundTotals]):
    id = serializers.IntegerField(source="fund.pk")
    name = serializers.CharField(source="fund.name")
    amount = MoneyText(source="fund.amount")
    starts_on = serializers.DateField(source="fund.starts_on")
    ends_on = serializers.DateField(source="fund.ends_on")
    committed = MoneyText()
    not_committed = MoneyText(source="left")
    received = MoneyText()
    paid = MoneyText()
    returned = MoneyText()
    held = MoneyText(help_text="With the institute: received, less paid, plus what came back.")


class ConditionSerializer(serializers.ModelSerializer[Milestone]):
    seen_met = serializers.BooleanField(
        allow_null=True,
        help_text="What the system saw last; a person decides. Null: it cannot tell.",
    )

    class Meta:
        model = Milestone
        fields = ["id", "title", "due_on", "fact", "state", "seen_met", "seen_text", "decided_at"]


class PaymentSerializer(serializers.ModelSerializer[Tranche]):
    amount = MoneyText()
    conditions = serializers.SerializerMethodField(help_text="Ids of its conditions.")
    without_conditions = serializers.SerializerMethodField(
        help_text="It went on without its conditions."
    )

    class Meta:
        model = Tranche
        fields = [
            "id", "number", "amount", "planned_on", "state", "state_changed_at", "conditions",
            "without_conditions",
        ]  # fmt: skip

    @extend_schema_field(serializers.ListField(child=serializers.IntegerField()))
    def get_conditions(self, tranche: Tranche) -> list[int]:
        return sorted(m.pk for m in tranche.conditions.all())

    def get_without_conditions(self, tranche: Tranche) -> bool:
        return tranche.override_by_id is not None


class AwardSerializer(serializers.ModelSerializer[Award]):
    group = serializers.CharField(source="team.code", help_text="Code of the group.")
    fund = serializers.CharField(source="fund.name")
    amount = MoneyText()
    paid = MoneyText(help_text="Paid and not failed.")
    returned = MoneyText()

    class Meta:
        model = Award
        fields = [
            "id", "number", "title", "group", "fund", "kind", "state", "amount", "paid", "returned",
            "starts_on", "ends_on", "agreement_signed_on",
        ]  # fmt: skip


class AwardDetailSerializer(AwardSerializer):
    payments = PaymentSerializer(source="tranches", many=True)
    conditions = ConditionSerializer(source="milestones", many=True)

    class Meta(AwardSerializer.Meta):
        fields = [*AwardSerializer.Meta.fields, "scope_text", "payments", "conditions"]


class MovementSerializer(serializers.ModelSerializer[Posting]):
    award = serializers.CharField(source="award.number", default=None)
    payment = serializers.IntegerField(source="tranche.number", default=None)
    amount = MoneyText(help_text="Always positive; `kind` says which way it went.")

    class Meta:
        model = Posting
        fields = ["id", "kind", "award", "payment", "amount", "on", "reference"]


class GrantReportSerializer(serializers.ModelSerializer[GrantReport]):
    award = serializers.CharField(source="award.number")
    group = serializers.CharField(source="award.team.code")

    class Meta:
        model = GrantReport
        fields = ["id", "award", "group", "kind", "starts_on", "ends_on", "due_on", "state"]


class LineSerializer(serializers.Serializer[object]):
    line = serializers.CharField(max_length=20, help_text="Code of the budget line, such as 01.")
    spent = serializers.DecimalField(
        max_digits=14, decimal_places=2, help_text="Dollars spent in the report's period."
    )
    ordered = serializers.DecimalField(
        max_digits=14, decimal_places=2, min_value=0, default=0, help_text="Ordered, not paid yet."
    )
    note = serializers.CharField(max_length=500, default="", allow_blank=True)


class LinesSerializer(serializers.Serializer[object]):
    lines = LineSerializer(many=True, allow_empty=False)

    def validate_lines(self, lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
        codes = [line["line"] for line in lines]
        if len(set(codes)) < len(codes):
            raise serializers.ValidationError("A budget line stands there twice.")
        return lines
