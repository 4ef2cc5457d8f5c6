"""What the API says about measures, results and report cards; the same words and numbers as a card's JSON.

A number that may not be shown is null and the state beside it says why. Rates are proportions 0–1, gaps
percentage points. There is never a NaN or an infinity.
"""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from measures.enums import ReferenceStrategy
from reports.cards.figures import GAP_STATE_WORDS, STATE_WORDS
from reports.dashboards.reliability import PRESENTATION_CODES
from reports.enums import CardState
from reports.models import ReportCard

STATES = tuple(dict.fromkeys(STATE_WORDS.values()))


class DefinitionSerializer(serializers.Serializer[Any]):
    code = serializers.CharField(source="measure.code")
    year = serializers.IntegerField()
    name = serializers.CharField()
    short_name = serializers.CharField()
    steward = serializers.CharField()
    domain = serializers.CharField()
    direction = serializers.ChoiceField(["higher", "lower"], help_text="Which rate is better.")
    counting_unit = serializers.ChoiceField(["person", "event"])
    denominator_meaning = serializers.CharField()
    numerator_meaning = serializers.CharField()
    stratified = serializers.BooleanField(
        help_text="Stratified by race and ethnicity for HEDIS in this year."
    )
    minimum_denominator = serializers.IntegerField()
    target_rate = serializers.FloatField(allow_null=True)
    benchmark_rate = serializers.FloatField(allow_null=True)
    benchmark_source = serializers.CharField()
    source = serializers.CharField(help_text="Where the definition comes from.")


class FigureSerializer(serializers.Serializer[Any]):
    stratum = serializers.CharField()
    label = serializers.CharField()
    kind = serializers.ChoiceField(["specified", "declined", "unknown", "total"])
    state = serializers.ChoiceField(STATES, help_text="Only a shown figure has numbers.")
    denominator = serializers.IntegerField(allow_null=True)
    numerator = serializers.IntegerField(allow_null=True)
    rate = serializers.FloatField(allow_null=True, help_text="Proportion 0 to 1.")
    rate_lower = serializers.FloatField(allow_null=True, help_text="95% Wilson score interval.")
    rate_upper = serializers.FloatField(allow_null=True)
    nchs_rule = serializers.ChoiceField(
        [code for code in PRESENTATION_CODES.values() if code],
        allow_null=True,
        help_text="What the NCHS presentation standards for proportions say of a shown rate; “wide” and “wide_for_its_size” are unreliable. Null: no rate to judge.",
    )
    self_reported_share = serializers.FloatField(
        allow_null=True, help_text="Of the denominator, in steps of 0.05."
    )
    indirect_share = serializers.FloatField(allow_null=True)
    gap_state = serializers.ChoiceField(list(GAP_STATE_WORDS.values()))
    gap_points = serializers.FloatField(
        allow_null=True, help_text="Rate minus the reference's rate, percentage points."
    )
    gap_points_lower = serializers.FloatField(allow_null=True, help_text="95% Newcombe interval.")
    gap_points_upper = serializers.FloatField(allow_null=True)
    ratio = serializers.FloatField(allow_null=True)
    ratio_lower = serializers.FloatField(allow_null=True, help_text="95% MOVER-Wilson interval.")
    ratio_upper = serializers.FloatField(
        allow_null=True, help_text="Null beside a ratio: there is no upper end."
    )
    p_value = serializers.FloatField(allow_null=True)
    q_value = serializers.FloatField(allow_null=True, help_text="Benjamini-Hochberg.")
    patients_to_parity = serializers.IntegerField(allow_null=True)


class ReferenceRuleSerializer(serializers.Serializer[Any]):
    strategy = serializers.ChoiceField(
        ReferenceStrategy.values, help_text="How the reference was chosen."
    )
    version = serializers.IntegerField(
        help_text="Of the programme's rule; 0: the stratum that the definitions name."
    )
    sentence = serializers.CharField(help_text="The rule in words, with what it chose.")
    benchmark = serializers.FloatField(allow_null=True, help_text="Proportion 0 to 1.")


class ResultSerializer(serializers.Serializer[Any]):
    unit = serializers.ChoiceField(["programme", "team", "site"])
    team = serializers.CharField(allow_null=True, help_text="Code of the team.")
    site = serializers.CharField(allow_null=True, help_text="Code of the site; null: not listed.")
    line_of_business = serializers.CharField(allow_null=True, help_text="Null: all together.")
    measure = serializers.CharField()
    year = serializers.IntegerField()
    higher_is_better = serializers.BooleanField()
    period = serializers.CharField()
    source = serializers.CharField()
    stratum_set = serializers.CharField()
    reference = serializers.CharField(
        allow_null=True,
        help_text="Code of the reference stratum; “all” for everybody together, “benchmark” for a fixed number.",
    )
    reference_rule = ReferenceRuleSerializer()
    total = FigureSerializer(allow_null=True)
    figures = FigureSerializer(many=True)
    computed_at = serializers.DateTimeField()
    method_version = serializers.CharField()
    data_version = serializers.IntegerField()


class ReportCardSerializer(serializers.ModelSerializer[ReportCard]):
    team = serializers.CharField(
        source="team.code", default=None, allow_null=True, help_text="Null: all teams together."
    )
    period = serializers.CharField(source="period.label")
    source = serializers.CharField(source="source.code")
    state = serializers.ChoiceField(CardState.choices)
    data_changed_since = serializers.SerializerMethodField(
        help_text="The data behind a published card have changed; the card stays as it was."
    )

    class Meta:
        model = ReportCard
        fields = [
            "id", "team", "period", "source", "state", "published_at", "method_version",
            "data_version", "content_sha256", "data_changed_since",
        ]  # fmt: skip

    def get_data_changed_since(self, card: ReportCard) -> bool:
        return card.pk in self.context["restated"]


class ReportCardDetailSerializer(ReportCardSerializer):
    content = serializers.SerializerMethodField(
        help_text="Everything on the card: findings, measures with figures, race and ethnicity, completeness."
    )

    class Meta(ReportCardSerializer.Meta):
        fields = [*ReportCardSerializer.Meta.fields, "content"]

    def get_content(self, card: ReportCard) -> dict[str, Any]:
        content: dict[str, Any] = self.context["content"]
        return content
