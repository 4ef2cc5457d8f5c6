"""Local measures: the list of a project, and their definitions."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from pdsa.actions import measures as actions
from pdsa.charts.assemble import assemble
from pdsa.charts.draw import draw_spark
from pdsa.charts.periods import is_behind
from pdsa.charts.reading import latest_sentence, verdict
from pdsa.forms.measures import DefinitionForm, ProgrammeCopyForm
from pdsa.queries.measures import (
    get_writable_measure,
    list_last_entries,
    list_measures_of,
    read_data_of,
)
from pdsa.queries.projects import get_project, get_writable_project
from pdsa.queries.signals import data_of, with_data
from pdsa.views.tabs import project_context
from teams.permissions import Permission, require
from teams.requests import ScopedRequest
from teams.views.acting import act_from_form, done

_LIST = "local_measures:measures"


@require(Permission.VIEW_PROJECTS)
@require_safe
def measures(request: ScopedRequest, project_id: int) -> HttpResponse:
    """All measures of a project, each with a small picture, its last number and what it says."""
    scope = request.scope
    project = get_project(scope, project_id)
    found = list(with_data(list_measures_of(scope, project)))
    last = list_last_entries(found)
    arrived = read_data_of(scope, [measure for measure in found if measure.is_bound])
    today = timezone.localdate()
    rows = []
    for measure in found:
        charts = assemble(arrived[measure.pk] if measure.is_bound else data_of(measure))
        data = charts.data
        rows.append(
            {
                "measure": measure,
                "spark": draw_spark(charts, ident=f"spark-{measure.pk}"),
                "latest": latest_sentence(data, data.focus, with_name=False) if data.focus else "",
                "says": verdict(charts).capitalize(),
                "behind": not measure.is_bound
                and is_behind(
                    last.get(measure.pk), measure.frequency, today, lag_days=measure.lag_days
                ),
            }
        )
    return render(
        request, "pdsa/measures.html", project_context(scope, project, _LIST) | {"rows": rows}
    )


@require(Permission.EDIT_PROJECTS)
@require_http_methods(["GET", "HEAD", "POST"])
def new_measure(request: ScopedRequest, project_id: int) -> HttpResponse:
    scope = request.scope
    project = get_writable_project(scope, project_id)
    form = DefinitionForm(request.POST or None, project=project)
    acted = act_from_form(
        request,
        form,
        lambda _: actions.define_measure(
            project=project,
            sheet=form.sheet(),
            strata=form.chosen_strata(),
            by=request.user,
            as_of=timezone.localdate(),
        ),
        refused_at="name",
    )
    if acted:
        return done(
            request,
            "The measure is there. Add the first numbers.",
            "local_measures:measure_numbers",
            acted.made.pk,
        )
    return render(request, "pdsa/measure_form.html", {"form": form, "project": project})


@require(Permission.EDIT_PROJECTS)
@require_http_methods(["GET", "HEAD", "POST"])
def copy_programme_measure(request: ScopedRequest, project_id: int) -> HttpResponse:
    """A measure of the programme: its definition is locked, its values arrive by themselves."""
    scope = request.scope
    project = get_writable_project(scope, project_id)
    today = timezone.localdate()
    year = today.year - 1
    form = ProgrammeCopyForm(request.POST or None, scope=scope, project=project, year=year)
    acted = act_from_form(
        request,
        form,
        lambda v: actions.copy_programme_measure(
            project=project,
            source_id=v["source"].pk,
            code=v["measure"],
            year=year,
            strata=form.chosen_strata(),
            by=request.user,
            as_of=today,
        ),
        refused_at="measure",
    )
    if acted:
        return done(
            request,
            "The measure is there. Its numbers come by themselves.",
            "local_measures:measure",
            acted.made.pk,
        )
    return render(
        request, "pdsa/measure_form.html", {"form": form, "project": project, "is_copy": True}
    )


@require(Permission.EDIT_PROJECTS)
@require_http_methods(["GET", "HEAD", "POST"])
def edit_measure(request: ScopedRequest, local_measure_id: int) -> HttpResponse:
    """The definition sheet; saving it makes a new version."""
    scope = request.scope
    measure = get_writable_measure(scope, local_measure_id)
    locked = set(actions.SHEET) - actions.OWN_OF_BOUND if measure.is_bound else set()
    form = DefinitionForm(
        request.POST or None, project=measure.project, measure=measure, locked=sorted(locked)
    )
    if act_from_form(
        request,
        form,
        lambda v: actions.change_definition(
            measure=measure,
            sheet=form.sheet(),
            strata=form.chosen_strata(),
            reason=v["reason"],
            by=request.user,
            as_of=timezone.localdate(),
        ),
    ):
        return done(request, "Saved as a new version.", "local_measures:measure", measure.pk)
    return render(
        request,
        "pdsa/measure_form.html",
        {"form": form, "project": measure.project, "measure": measure},
    )


@require(Permission.EDIT_PROJECTS)
@require_POST
def retire_measure(request: ScopedRequest, local_measure_id: int) -> HttpResponse:
    scope = request.scope
    measure = get_writable_measure(scope, local_measure_id)
    actions.retire_measure(measure=measure, by=request.user, as_of=timezone.now())
    messages.success(request, f"{measure.name} is no longer in use. Its numbers are kept.")
    return redirect(_LIST, measure.project_id)
