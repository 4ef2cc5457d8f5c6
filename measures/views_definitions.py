"""Pages of definitions: which measures there are, what one means, how people are grouped."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from measures.forms_definitions import YearForm
from measures.queries.definitions import (
    list_definition_years,
    list_domains,
    list_sets_with_strata,
    list_sharing,
    list_stretches,
    list_years_of,
)
from measures.stats.registry import METHOD_VERSION, METRICS
from teams.permissions import Permission, require


def _default(years: list[int]) -> int:
    """Last year: the one whose results come in now. Where it is not defined, the nearest before it."""
    wanted = timezone.localdate().year - 1
    return next((year for year in years if year <= wanted), years[0] if years else wanted)


@require(Permission.VIEW_HOME)
@require_safe
def definitions_page(request: HttpRequest) -> HttpResponse:
    years = list_definition_years()
    form = YearForm(request.GET, years=years, default=_default(years))
    year = form.chosen()
    return render(
        request,
        "measures/definitions.html",
        {
            "form": form,
            "year": year,
            "domains": list_domains(year=year),
            "stratum_sets": list_sets_with_strata(),
            "metrics": METRICS.values(),
            "method_version": METHOD_VERSION,
        },
    )


@require(Permission.VIEW_HOME)
@require_safe
def definition_page(request: HttpRequest, measure: str) -> HttpResponse:
    definitions = list_years_of(measure)
    if not definitions:
        raise Http404(f"There is no measure {measure}.")
    years = [row.year for row in definitions]
    form = YearForm(request.GET, years=years, default=_default(years))
    year = form.chosen()
    definition = next(row for row in definitions if row.year == year)
    stretches = list_stretches(definitions)
    return render(
        request,
        "measures/definition.html",
        {
            "form": form,
            "definition": definition,
            "stretches": stretches,
            "stretch": next(s for s in stretches if s.first <= year <= s.last),
            "sharing": list_sharing(definition),
            "stratified_from": min((r.year for r in definitions if r.stratified), default=None),
        },
    )
