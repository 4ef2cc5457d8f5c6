"""Endpoints: measures and definitions, stratified results, report cards.

All numbers here are as readers outside a group may see them, also for the group itself: what leaves
the system as data can be combined with everything else that is published.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import (
    OpenApiParameter,
    extend_schema,
    inline_serializer,
)
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from measures import queries as measures
from measures.queries import SetResult
from reports.actions.report_cards import record_download, record_export
from reports.api.serializers import (
    DefinitionSerializer,
    ReportCardDetailSerializer,
    ReportCardSerializer,
    ResultSerializer,
)
from reports.cards.figures import result_content, rule_content
from reports.enums import CardState, DownloadFormat
from reports.models import ReportCard
from reports.queries.card_files import card_file
from reports.queries.cards import get_card, get_content, list_cards, list_restatements
from teams.api.scoped import ERRORS, ScopedView, refuse_unknown
from teams.enums import Audience
from teams.permissions import Permission, check_permission
from teams.queries import get_team
from teams.scoping import Scope
from teams.views.downloads import CONTENT_TYPES, download


def _parameter(name: str, description: str, **options: Any) -> OpenApiParameter:
    return OpenApiParameter(name, str, description=description, **options)


_PAGES = [
    OpenApiParameter("limit", int, description="At most this many at a time, up to 1,000."),
    OpenApiParameter("offset", int, description="Leave out this many first."),
]


def _paged_schema(item: Any, name: str) -> Any:
    """How a page of items looks in the schema."""
    return inline_serializer(
        name,
        {
            "count": serializers.IntegerField(),
            "next": serializers.URLField(allow_null=True),
            "previous": serializers.URLField(allow_null=True),
            "results": item(many=True),
        },
    )


class MeasureListView(ScopedView):
    """Measures as they are defined in one measurement year."""

    required_permission = Permission.VIEW_HOME

    @extend_schema(
        operation_id="measures_list",
        parameters=[
            _parameter("year", "Measurement year; default: of the latest results."),
            *_PAGES,
        ],
        responses={200: _paged_schema(DefinitionSerializer, "PageOfDefinitions"), **ERRORS},
    )
    def get(self, request: Request) -> Response:
        refuse_unknown(request, {"year"})
        definitions = measures.list_definitions(year=_year(request, self.scope))
        return self.paged(request, definitions, DefinitionSerializer)


class MeasureView(ScopedView):
    """One measure in one measurement year."""

    required_permission = Permission.VIEW_HOME

    @extend_schema(
        operation_id="measures_read",
        parameters=[_parameter("year", "Measurement year; default: of the latest results.")],
        responses={200: DefinitionSerializer, **ERRORS},
    )
    def get(self, request: Request, code: str) -> Response:
        refuse_unknown(request, {"year"})
        definition = measures.get_definition(code=code, year=_year(request, self.scope))
        return Response(DefinitionSerializer(definition).data)


def _year(request: Request, scope: Scope) -> int:
    text = request.GET.get("year")
    if text is None:
        source = measures.get_default_source(scope)
        period = measures.get_period(source) if source else None
        return period.year if period is not None else timezone.localdate().year
    if not (text.isdigit() and len(text) == 4):
        raise ValidationError({"year": ["Write a year with four digits."]})
    return int(text)


@dataclass(frozen=True)
class _Question:
    """A request for results, resolved: everything exists and is the reader's to see."""

    source: Any
    periods: list[Any]
    stratum_set: Any
    measure_ids: list[int] | None
    line_of_business: int | None
    team: Any | None
    unit: str


class ResultListView(ScopedView):
    """Stratified rates and gaps. One item for each measure, period and unit; every call is audited."""

    required_permission = Permission.VIEW_TEAM_RESULTS

    @extend_schema(
        operation_id="results_list",
        parameters=[
            _parameter("unit", "programme, team (default) or site", enum=["programme", "team", "site"]),
            _parameter("team", "Code of a team; needed for unit=site. Default: every team you may see."),
            _parameter("measure", "Code of a measure; several: repeat it.", many=True),
            _parameter("period", "Label of a period (2024, 2024-06); several: repeat it. Default: the latest.", many=True),
            _parameter("stratum_set", "combined (default), language, sex …; race and ethnicity for unit=programme only"),
            _parameter("line_of_business", "commercial, medicare …; default: all together."),
            _parameter("source", "Code of a source; default: the payer's."),
            *_PAGES,
        ],
        responses={200: _paged_schema(ResultSerializer, "PageOfResults"), **ERRORS},
    )  # fmt: skip
    def get(self, request: Request) -> Response:
        refuse_unknown(
            request,
            {"unit", "team", "measure", "period", "stratum_set", "line_of_business", "source"},
        )
        question = _question(request, self.scope)
        items = [_result(r, question.unit) for r in _results(question, self.scope)]
        record_export(
            what="results",
            parameters={key: request.GET.getlist(key) for key in sorted(request.GET)},
            by=request.user,
            team=question.team,
        )
        return self.paged(request, items, ResultSerializer)


def _question(request: Request, scope: Scope) -> _Question:
    chosen = request.GET
    sources = {s.code: s for s in measures.list_sources(scope)}
    source = (
        sources.get(chosen["source"]) if "source" in chosen else measures.get_default_source(scope)
    )
    if source is None:
        raise ValidationError({"source": ["There is no such source for you."]})
    known = {p.label: p for p in measures.list_periods(source)}
    labels = chosen.getlist("period") or list(known)[:1]
    periods = [known[label] for label in labels if label in known]
    if len(periods) < len(labels):
        raise ValidationError({"period": ["There are no results of this period."]})
    unit = chosen.get("unit", "team")
    if unit not in ("programme", "team", "site"):
        raise ValidationError({"unit": ["Write programme, team or site."]})
    audience = None if unit == "programme" else Audience.OTHERS
    sets = {s.code: s for s in measures.list_stratum_sets(source, audience=audience)}
    set_code = chosen.get("stratum_set", "combined" if "combined" in sets else next(iter(sets), ""))
    if set_code not in sets:
        raise ValidationError(
            {
                "stratum_set": [
                    f"There are no results by this set; there are {', '.join(sets) or 'none'}."
                ]
            }
        )
    team = get_team(scope, chosen["team"]) if "team" in chosen else None
    if unit == "site" and team is None:
        raise ValidationError({"team": ["Name the team whose sites you ask for."]})
    if unit == "programme" and team is not None:
        raise ValidationError({"team": ["The programme is all teams together."]})
    return _Question(
        source=source,
        periods=periods,
        stratum_set=sets[set_code],
        measure_ids=_measure_ids(chosen.getlist("measure"), periods),
        line_of_business=_line_of_business(chosen.get("line_of_business"), source, unit),
        team=team,
        unit=unit,
    )


def _measure_ids(codes: list[str], periods: list[Any]) -> list[int] | None:
    if not codes:
        return None
    known = {
        d.measure.code: d.measure_id
        for year in {p.year for p in periods}
        for d in measures.list_definitions(year=year)
    }
    unknown = [code for code in codes if code not in known]
    if unknown:
        raise ValidationError(
            {"measure": [f"There is no measure {', '.join(unknown)} in this year."]}
        )
    return [known[code] for code in codes]


def _line_of_business(text: str | None, source: Any, unit: str) -> int | None:
    if text is None:
        return None
    if unit != "team":
        raise ValidationError({"line_of_business": ["Only teams are divided by line of business."]})
    lines = {label.lower(): value for value, label in measures.list_lines_of_business(source)}
    if text.lower() not in lines:
        raise ValidationError(
            {"line_of_business": ["There are no results of this line of business."]}
        )
    return lines[text.lower()]


def _results(question: _Question, scope: Scope) -> list[SetResult]:
    outside = scope.as_outsider()
    common: dict[str, Any] = {
        "source": question.source,
        "stratum_set": question.stratum_set,
        "measure_ids": question.measure_ids,
    }
    if question.unit == "programme":
        check_permission(scope, Permission.VIEW_OVERVIEW)
        return measures.list_programme_results(periods=question.periods, **common)
    if question.unit == "site":
        return [
            result
            for period in question.periods
            for result in measures.list_site_results(
                outside, team=question.team, period=period, **common
            )
        ]
    common |= {"periods": question.periods, "line_of_business": question.line_of_business}
    if question.team is not None:
        return measures.list_team_results(outside, team=question.team, **common)
    return measures.list_results_of_teams(outside, **common)


def _result(result: SetResult, unit: str) -> dict[str, Any]:
    line = result.unit.line_of_business
    made = result_content(result)
    return {
        "unit": unit,
        "team": result.unit.team.code if result.unit.team else None,
        "site": result.unit.site.code if result.unit.site else None,
        "line_of_business": None if line is None else line.label,
        "measure": result.definition.measure.code,
        "year": result.definition.year,
        "higher_is_better": result.higher_is_better,
        "period": result.period.label,
        "source": result.source.code,
        "stratum_set": result.stratum_set.code,
        "reference": result.reference.code if result.reference else None,
        "reference_rule": rule_content(result),
        "total": made.total,
        "figures": made.figures,
        "computed_at": result.computed_at,
        "method_version": result.method_version,
        "data_version": result.data_version,
    }


class ReportCardListView(ScopedView):
    """Report cards that exist for you: published ones, and drafts for those who prepare cards."""

    required_permission = Permission.VIEW_REPORT_CARDS

    @extend_schema(
        operation_id="report_cards_list",
        parameters=[
            _parameter("team", "Code of a team."),
            _parameter("period", "Label of a period."),
            _parameter("state", "State of the card.", enum=CardState.values),
            *_PAGES,
        ],
        responses={200: _paged_schema(ReportCardSerializer, "PageOfReportCards"), **ERRORS},
    )
    def get(self, request: Request) -> Response:
        refuse_unknown(request, {"team", "period", "state"})
        cards = list_cards(self.scope).order_by("-period__ends_on", "team__name", "-pk")
        if "team" in request.GET:
            cards = cards.filter(team=get_team(self.scope, request.GET["team"]))
        if "period" in request.GET:
            cards = cards.filter(period__label=request.GET["period"])
        if "state" in request.GET:
            if request.GET["state"] not in CardState.values:
                raise ValidationError({"state": ["There is no such state."]})
            cards = cards.filter(state=request.GET["state"])
        found = list(cards)
        return self.paged(request, found, ReportCardSerializer, restated=list_restatements(found))


class ReportCardView(ScopedView):
    """One report card with everything on it; reading it is audited."""

    required_permission = Permission.VIEW_REPORT_CARDS

    @extend_schema(
        operation_id="report_cards_read", responses={200: ReportCardDetailSerializer, **ERRORS}
    )
    def get(self, request: Request, card_id: int) -> Response:
        card = _card(self.scope, card_id)
        context = {
            "restated": list_restatements([card]),
            "content": get_content(self.scope, card),
        }
        record_export(
            what="report_card", parameters={"card": card.pk}, by=request.user, team=card.team
        )
        return Response(ReportCardDetailSerializer(card, context=context).data)


class ReportCardDownloadView(ScopedView):
    """A report card as a file: the same bytes as on its page."""

    required_permission = Permission.VIEW_REPORT_CARDS

    def get_format_suffix(self, **kwargs: Any) -> None:
        """`format` chooses the file here, not how the answer is written."""

    def perform_content_negotiation(self, request: Request, force: bool = False) -> Any:
        renderer = self.get_renderers()[0]
        return renderer, renderer.media_type

    @extend_schema(
        operation_id="report_cards_download",
        parameters=[_parameter("format", "pdf (default), xlsx or csv", enum=DownloadFormat.values)],
        responses={
            (200, "application/pdf"): OpenApiTypes.BINARY,
            (200, CONTENT_TYPES["xlsx"]): OpenApiTypes.BINARY,
            (200, "text/csv"): OpenApiTypes.STR,
            **ERRORS,
        },
    )
    def get(self, request: Request, card_id: int) -> HttpResponse:
        card = _card(self.scope, card_id)
        wanted = request.GET.get("format", DownloadFormat.PDF.value)
        if wanted not in DownloadFormat.values:
            raise ValidationError({"format": ["Write pdf, xlsx or csv."]})
        chosen = DownloadFormat(wanted)
        data, name = card_file(card, get_content(self.scope, card), chosen)
        record_download(card=card, file_format=chosen, by=request.user)
        return download(data, name)


def _card(scope: Scope, card_id: int) -> ReportCard:
    """Raises ReportCard.DoesNotExist, which the API answers with 404, also for another team's card."""
    return get_card(scope, card_id)
