"""The chart page of a local measure: what it shows, what people decide about it, the tests that are linked."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from measures.stats.spc import RULE_SETS
from measures.stats.spc.charts import RULES_FROM
from pdsa.actions import measures as actions
from pdsa.charts.assemble import MeasureCharts, assemble, cycles_at
from pdsa.charts.draw import draw_measure
from pdsa.charts.effect import Effect, read_effect
from pdsa.charts.periods import label, step
from pdsa.charts.reading import method_note, read_charts
from pdsa.charts.slides import make_chart_slide
from pdsa.enums import ChartDecisionKind
from pdsa.forms.measures import DecisionForm, LinkForm
from pdsa.models import Cycle, LocalMeasure
from pdsa.queries.aims import find_charter
from pdsa.queries.arrivals import SiteReader
from pdsa.queries.cycles import get_cycle, list_cycles
from pdsa.queries.measures import (
    get_decision,
    get_measure,
    get_writable_measure,
    list_decisions,
    list_linked_cycles,
    list_measures_of_cycles,
    list_versions,
    read_data_of,
    read_measure_data,
)
from pdsa.queries.projects import can_write
from pdsa.wording import day_text
from teams.actions.audit import record_event
from teams.drawing.files import chart_png, chart_svg
from teams.exports import csv_lines
from teams.permissions import Permission, require
from teams.requests import ScopedRequest, wants_part
from teams.scoping import Scope
from teams.views.acting import act_from_form, done
from teams.views.downloads import download


def _wants_gap(request: ScopedRequest, charts: MeasureCharts) -> bool:
    return request.GET.get("view") == "gap" and charts.gap is not None


def _effects(
    scope: Scope, measure: LocalMeasure, charts: MeasureCharts, cycles: list[Cycle]
) -> list[dict[str, Any]]:
    """Did it work, for each test that began; the latest first."""
    found: list[dict[str, Any]] = []
    sites = SiteReader(scope, [measure])
    for cycle in cycles:
        if cycle.started_on is None:
            continue
        effect: Effect | None = read_effect(
            charts,
            started_on=cycle.started_on,
            sites=sites.compare(measure, site=cycle.site, started_on=cycle.started_on),
        )
        if effect is not None:
            found.append({"cycle": cycle, "effect": effect})
    found.sort(key=lambda item: item["cycle"].started_on, reverse=True)
    # Open is the latest of which something can be said.
    ready = next((item for item in found if not item["effect"].is_early), None)
    for item in found:
        item["open"] = item is (ready or found[0])
    return found


def _decision_context(measure: LocalMeasure, charts: MeasureCharts) -> dict[str, Any]:
    """Forms and lists around the chart."""
    data = charts.data
    decisions = []
    for row in list_decisions(measure, with_undone=True):
        when = (
            data.labels[data.periods.index(row.starts_on)]
            if row.starts_on in data.periods
            else label(row.starts_on, measure.frequency)
        )
        decisions.append({"row": row, "when": when})
    offered = None
    if charts.offer is not None:
        offered = {
            "label": data.labels[charts.offer.start],
            "starts_on": data.periods[charts.offer.start].isoformat(),
            "last": data.periods[-1].isoformat(),
            "length": charts.offer.length,
        }
    return {"decisions": decisions, "offered": offered}


def _baseline_offer(
    measure: LocalMeasure, charts: MeasureCharts, decisions: list[dict[str, Any]]
) -> dict[str, str] | None:
    """The baseline that ends with the last period before the charter was agreed, for a person to decide.

    None where the charter is not agreed, where somebody decided about a baseline before, also when it was
    taken back, and where too few points came before.
    """
    data = charts.data
    agreed_at = find_charter(measure.project).agreed_at
    was_decided = any(d["row"].kind == ChartDecisionKind.BASELINE for d in decisions)
    if agreed_at is None or was_decided or charts.rules_off or charts.focus is None:
        return None
    agreed_on = timezone.localdate(agreed_at)
    nexts = [*data.periods[1:], step(data.periods[-1], measure.frequency)]
    ended = sum(start <= agreed_on for start in nexts)
    if int(charts.focus.chart.series.useful[:ended].sum()) < RULES_FROM:
        return None
    return {
        "label": data.labels[ended - 1],
        "starts_on": data.periods[ended - 1].isoformat(),
        "reason": f"Charter agreed on {day_text(agreed_on)}",
    }


def _measure_page(
    request: ScopedRequest,
    scope: Scope,
    measure: LocalMeasure,
    *,
    decision_form: DecisionForm | None = None,
    status: int = 200,
) -> HttpResponse:
    charts = assemble(read_measure_data(scope, measure))
    data = charts.data
    gap = _wants_gap(request, charts)
    drawn = None
    if data.periods and charts.focus is not None:
        drawn = draw_measure(charts, gap=gap, ident=f"measure-{measure.pk}")
    cycles = list_linked_cycles(measure)
    may_write = can_write(scope, measure.project.team_id)
    query = "?view=gap" if gap else ""
    files = [
        {
            "label": name,
            "url": f"{reverse('local_measures:measure_file', args=[measure.pk, form])}{query}",
        }
        for name, form in (("PowerPoint", "pptx"), ("PNG", "png"), ("SVG", "svg"), ("CSV", "csv"))
    ]
    context = {
        "project": measure.project,
        "measure": measure,
        "may_write": may_write and measure.retired_at is None,
        "charts": charts,
        "chart": drawn,
        "gap": gap,
        "sentences": read_charts(charts),
        "note": method_note(charts, gap=gap),
        "files": files if drawn is not None else [],
        "cycles": cycles,
        "on_chart": bool(cycles_at(charts)),
        "effects": _effects(scope, measure, charts, cycles),
        "versions": list(list_versions(measure)),
        "rules": RULE_SETS.get(measure.rule_set),
        "kinds": ChartDecisionKind,
    }
    if drawn is not None:
        decided = _decision_context(measure, charts)
        context |= decided
        if may_write:
            context["baseline"] = _baseline_offer(measure, charts, decided["decisions"])
            context["decision_form"] = decision_form or DecisionForm(measure=measure, charts=charts)
    if may_write:
        context["link_form"] = LinkForm(measure=measure)
    return render(request, "pdsa/measure.html", context, status=status)


@require(Permission.VIEW_PROJECTS)
@require_safe
def measure(request: ScopedRequest, local_measure_id: int) -> HttpResponse:
    """The chart page."""
    scope = request.scope
    return _measure_page(request, scope, get_measure(scope, local_measure_id))


@require(Permission.VIEW_PROJECTS)
@require_safe
def measure_file(request: ScopedRequest, local_measure_id: int, form: str) -> HttpResponse:
    """The chart as PPTX, PNG or SVG, or its numbers as CSV. Written down."""
    scope = request.scope
    found = get_measure(scope, local_measure_id)
    charts = assemble(read_measure_data(scope, found))
    if not charts.data.periods or charts.focus is None or form not in ("pptx", "png", "svg", "csv"):
        raise Http404("There is no such file.")
    gap = _wants_gap(request, charts)
    team = found.project.team
    source = f"{team.name}, {found.project.title}. {charts.data.basis}"
    note = f"{method_note(charts, gap=gap)} {source}"
    chart = draw_measure(charts, gap=gap)
    content: bytes | str
    if form == "pptx":
        content = make_chart_slide(charts, gap=gap, source=source)
    elif form == "png":
        content = chart_png(chart, note)
    elif form == "svg":
        content = chart_svg(chart, note)
    else:
        content = "".join(csv_lines(chart.columns, chart.rows))
    record_event(
        act="download_chart",
        target=found,
        by=request.user,
        team=team,
        details={"form": form, "gap": gap},
    )
    return download(content, f"measure-{found.pk}{'-gap' if gap else ''}-{team.code}.{form}")


# --- decisions and links -------------------------------------------------------------------------


@require(Permission.EDIT_PROJECTS)
@require_POST
def decide_about_chart(request: ScopedRequest, local_measure_id: int) -> HttpResponse:
    scope = request.scope
    found = get_writable_measure(scope, local_measure_id)
    charts = assemble(read_measure_data(scope, found))
    form = DecisionForm(request.POST, measure=found, charts=charts)
    if act_from_form(
        request,
        form,
        lambda _: actions.decide_about_chart(
            measure=found,
            by=request.user,
            as_of=timezone.localdate(),
            **form.decision(),
        ),
    ):
        return done(
            request,
            "Done. It can be undone below the chart.",
            "local_measures:measure",
            found.pk,
        )
    return _measure_page(request, scope, found, decision_form=form, status=422)


@require(Permission.EDIT_PROJECTS)
@require_POST
def undo_chart_decision(
    request: ScopedRequest, local_measure_id: int, chart_decision_id: int
) -> HttpResponse:
    scope = request.scope
    found = get_writable_measure(scope, local_measure_id)
    actions.undo_chart_decision(
        decision=get_decision(found, chart_decision_id),
        by=request.user,
        as_of=timezone.now(),
    )
    messages.success(request, "Taken back. That it was decided stays on record.")
    return redirect("local_measures:measure", found.pk)


@require(Permission.EDIT_PROJECTS)
@require_POST
def link_cycle(request: ScopedRequest, local_measure_id: int) -> HttpResponse:
    scope = request.scope
    found = get_writable_measure(scope, local_measure_id)
    form = LinkForm(request.POST, measure=found)
    if form.is_valid():
        actions.link_cycle(
            measure=found,
            cycle=form.cleaned_data["cycle"],
            by=request.user,
            as_of=timezone.localdate(),
        )
        messages.success(request, "The test is drawn under the chart from the day it began.")
    else:
        messages.error(request, "Choose a test of this project.")
    return redirect("local_measures:measure", found.pk)


@require(Permission.EDIT_PROJECTS)
@require_POST
def unlink_cycle(request: ScopedRequest, local_measure_id: int, cycle_id: int) -> HttpResponse:
    scope = request.scope
    found = get_writable_measure(scope, local_measure_id)
    actions.unlink_cycle(
        measure=found,
        cycle=get_cycle(scope, cycle_id),
        by=request.user,
        as_of=timezone.localdate(),
    )
    messages.success(request, "The test is no longer drawn under the chart.")
    return redirect("local_measures:measure", found.pk)


def _start(cycle: Cycle) -> date:
    assert cycle.started_on is not None
    return cycle.started_on


@require(Permission.VIEW_PROJECTS)
@require_safe
def cycle_effect(request: ScopedRequest, cycle_id: int) -> HttpResponse:
    """Did it work: a test, or with ?ramp=1 its whole ramp, and each measure that it is meant to move."""
    scope = request.scope
    cycle = get_cycle(scope, cycle_id)
    is_ramp = request.GET.get("ramp") == "1"
    tests = list(list_cycles(scope).filter(idea=cycle.idea_id)) if is_ramp else [cycle]
    started = sorted((c for c in tests if c.started_on), key=_start)
    # A ramp that went from site to site is no test of one of them.
    places = {c.site for c in started if c.site is not None}
    site = places.pop() if len(places) == 1 else None
    linked = list_measures_of_cycles(scope, tests)
    data = read_data_of(scope, linked)
    sites = SiteReader(scope, linked)
    blocks = []
    for found in linked:
        charts = assemble(data[found.pk])
        effect = None
        if started:
            started_on = _start(started[0])
            effect = read_effect(
                charts,
                started_on=started_on,
                sites=sites.compare(found, site=site, started_on=started_on),
                ramp=[c.pk for c in tests],
            )
        drawn = None
        if charts.data.periods and charts.focus is not None:
            drawn = draw_measure(charts, ident=f"measure-{found.pk}")
        blocks.append({"measure": found, "effect": effect, "chart": drawn})
    template = "pdsa/parts/cycle_effect.html" if wants_part(request) else "pdsa/cycle_effect.html"
    response = render(
        request,
        template,
        {
            "cycle": cycle,
            "project": cycle.idea.project,
            "blocks": blocks,
            "is_ramp": is_ramp,
            "has_begun": bool(started),
            "may_write": can_write(scope, cycle.idea.project.team_id),
        },
    )
    response["Vary"] = "HX-Request, Cookie"
    return response
