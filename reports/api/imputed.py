"""Endpoint: rates and gaps of one team with race imputed where nobody asked."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from measures import queries as measures
from measures.queries import ImputedResult
from reports.actions.report_cards import record_export
from teams.api.scoped import ERRORS, ScopedView, refuse_unknown
from teams.models import Team
from teams.permissions import Permission
from teams.queries import get_team

_HELP = "Proportion 0 to 1, in steps of 0.01; null where `why_not` says why."


class ImputedRateSerializer(serializers.Serializer[Any]):
    group = serializers.CharField(help_text="white, black, hispanic or api.")
    low = serializers.FloatField(allow_null=True, help_text=_HELP)
    high = serializers.FloatField(allow_null=True, help_text="The other end of the range.")
    lower = serializers.FloatField(allow_null=True, help_text="95 % limit below both ends.")
    upper = serializers.FloatField(allow_null=True, help_text="95 % limit above both ends.")
    expected = serializers.FloatField(allow_null=True, help_text="Expected people, to the ten.")
    n_effective = serializers.FloatField(allow_null=True, help_text="Effective people, to the ten.")
    why_not = serializers.CharField(allow_blank=True)


class ImputedGapSerializer(serializers.Serializer[Any]):
    group = serializers.CharField()
    reference = serializers.CharField()
    low = serializers.FloatField(help_text="Rate of the group less the reference's, -1 to 1.")
    high = serializers.FloatField()
    lower = serializers.FloatField()
    upper = serializers.FloatField()


class ImputedResultSerializer(serializers.Serializer[Any]):
    team = serializers.CharField()
    measure = serializers.CharField()
    period = serializers.CharField()
    source = serializers.CharField()
    higher_is_better = serializers.BooleanField()
    basis = serializers.ChoiceField(["direct", "imputed", "mixed"])
    direct_share = serializers.FloatField(help_text="Of the rows, known directly.")
    imputed_share = serializers.FloatField()
    no_estimate_share = serializers.FloatField()
    declined_share = serializers.FloatField(help_text="Asked and not answered; left out.")
    rates = ImputedRateSerializer(many=True)
    gaps = ImputedGapSerializer(many=True)
    tables = serializers.ListField(child=serializers.CharField(), help_text="Tables with versions.")
    method_version = serializers.CharField()
    computed_at = serializers.DateTimeField()


class ImputedResultListView(ScopedView):
    """Ranges for every measure of one team and period; as readers outside the group may see them."""

    required_permission = Permission.VIEW_TEAM_RESULTS

    @extend_schema(
        operation_id="imputed_results_list",
        parameters=[
            OpenApiParameter("team", str, required=True, description="Code of the team."),
            OpenApiParameter("period", str, description="Label of a period; default: the latest."),
            OpenApiParameter("source", str, description="Code of a source; default: the payer's."),
        ],
        responses={200: ImputedResultSerializer(many=True), **ERRORS},
    )
    def get(self, request: Request) -> Response:
        scope = self.scope
        refuse_unknown(request, {"team", "period", "source"}, pages=False)
        if "team" not in request.GET:
            raise ValidationError({"team": ["Name the team."]})
        team: Team = get_team(scope, request.GET["team"])
        sources = {s.code: s for s in measures.list_sources(scope)}
        source = (
            sources.get(request.GET["source"])
            if "source" in request.GET
            else measures.get_default_source(scope)
        )
        if source is None:
            raise ValidationError({"source": ["There is no such source for you."]})
        periods = {p.label: p for p in measures.list_periods(source)}
        label = request.GET.get("period", next(iter(periods), ""))
        if label not in periods:
            raise ValidationError({"period": ["There are no results of this period."]})
        results = measures.list_imputed(
            scope.as_outsider(), team=team, source=source, period=periods[label]
        )
        record_export(
            what="imputed_results",
            parameters={key: request.GET.getlist(key) for key in sorted(request.GET)},
            by=request.user,
            team=team,
        )
        return Response(ImputedResultSerializer([_item(r) for r in results], many=True).data)


def _item(result: ImputedResult) -> dict[str, Any]:
    numbers = ("low", "high", "lower", "upper", "expected", "n_effective")
    return {
        "team": result.team.code if result.team else None,
        "measure": result.definition.measure.code,
        "period": result.period.label,
        "source": result.source.code,
        "higher_is_better": result.definition.higher_is_better,
        "basis": result.basis,
        "direct_share": result.direct_share,
        "imputed_share": result.imputed_share,
        "no_estimate_share": result.no_estimate_share,
        "declined_share": result.declined_share,
        "rates": [
            {
                "group": rate.group,
                "why_not": rate.why_not,
                **{n: None if rate.range is None else getattr(rate.range, n) for n in numbers},
            }
            for rate in result.rates
        ],
        "gaps": [asdict(gap.range) for gap in result.gaps],
        "tables": result.tables,
        "method_version": result.method_version,
        "computed_at": result.computed_at,
    }
