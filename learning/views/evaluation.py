"""The evaluator's pages: teams under pseudonyms, tables with their dictionary, files; and what teams release."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from learning.actions.evaluation import (
    draw_pseudonyms,
    record_evaluation_download,
    release_text,
    take_back_text,
)
from learning.evaluation_files import table_csv, tables_workbook, tables_zip
from learning.evaluation_tables import Table
from learning.forms.evaluation import ReleaseForm
from learning.queries.coding import list_rounds_to_do
from learning.queries.evaluation import (
    TABLE_NAMES,
    get_table,
    list_tables,
    tables_as_of,
)
from learning.queries.evaluation_summary import summarise_teams
from learning.queries.progress import get_writable_report
from learning.queries.releases import (
    get_released,
    list_releasable,
    list_released_of,
)
from learning.queries.surveys import list_open_surveys, list_surveys
from pdsa.queries.cycles import get_writable_cycle
from teams.permissions import Permission, require
from teams.queries import get_programme, list_teams
from teams.requests import ScopedRequest
from teams.scoping import Scope
from teams.views.acting import act_from_form, done, form_page
from teams.views.downloads import download

_PER_PAGE = 48


def evaluation_file(
    request: ScopedRequest, body: str | bytes, *, name: str, form: str, tables: list[Table]
) -> HttpResponse:
    """A download of the evaluation. Effects: one audit event."""
    record_evaluation_download(
        what=name,
        form=form,
        tables=[table.name for table in tables],
        by=request.user,
    )
    return download(body, f"{name}.{form}")


def file_notes(title: str) -> list[str]:
    """What stands in front of every file of the evaluation."""
    return [
        f"{get_programme().name}: {title}",
        f"Made on {timezone.localdate():%-d %B %Y}.",
        "Teams stand under pseudonyms drawn at random. Counts of 1 to 10 persons are hidden.",
        "Do not try to find out which team a pseudonym stands for.",
        "Do not put these tables together with others that name groups.",
        "An empty cell is never a zero: the state beside it says why there is no number.",
    ]


def _tabs(here: str) -> dict[str, Any]:
    return {"here": here}


@require(Permission.VIEW_EVALUATION)
@require_safe
def evaluation_page(request: ScopedRequest) -> HttpResponse:
    """Every team in one line, under its pseudonym, and the files."""
    scope = request.scope
    draw_pseudonyms(by=request.user)
    today = timezone.localdate()
    summary = [
        {
            "team": team,
            "bars": _bars(team.by_month),
            "bars_label": f"{sum(team.by_month)} tests started in the last {len(team.by_month)} months",
        }
        for team in summarise_teams(scope, today=today)
    ]
    return render(
        request,
        "evaluation/overview.html",
        {"summary": summary, "as_of": tables_as_of(today), **_tabs("overview")},
    )


def _bars(counts: tuple[int, ...]) -> dict[str, Any]:
    """Small bars, one a month, on a scale of their own; a month without any keeps a thin line."""
    highest = max(counts, default=0) or 1
    rows = []
    for place, count in enumerate(counts):
        drawn = round(22 * count / highest, 1) if count else 1
        rows.append({"x": 7 * place, "y": 24 - drawn, "drawn": drawn, "height": count})
    return {"width": max(7 * len(counts), 7), "rows": rows}


@require(Permission.VIEW_EVALUATION)
@require_safe
def table_page(request: ScopedRequest, name: str) -> HttpResponse:
    """One table with its dictionary beside it; one team's rows where a pseudonym is chosen."""
    scope = request.scope
    draw_pseudonyms(by=request.user)
    table = _table(scope, name)
    teams = sorted({str(row[0]) for row in table.rows}) if "team" in table.header else []
    team = request.GET.get("team", "")
    if team in teams:
        table = table.of("team", team)
    # The latest first: what happened lately is what is looked for.
    for when in {"month", "period"} & set(table.header):
        at = table.header.index(when)
        rows = tuple(sorted(table.rows, key=lambda row: str(row[at]), reverse=True))
        table = replace(table, rows=rows)
    hidden = 0
    if name == "outcomes" and request.GET.get("all") != "1":
        # Most groups of patients of most teams are too few to be compared: the page begins with what can be.
        shown = table.of("gap_state", "shown")
        hidden = len(table.rows) - len(shown.rows)
        table = shown
    page = Paginator(table.rows, _PER_PAGE).get_page(request.GET.get("page"))
    return render(
        request,
        "evaluation/table.html",
        {
            "table": table,
            "teams": teams,
            "chosen": team if team in teams else "",
            "page": page,
            "rows": [
                [pair for pair in zip(table.columns, row, strict=True) if not pair[0].file_only]
                for row in page
            ],
            "hidden": hidden,
            "as_of": tables_as_of(timezone.localdate()) if "month" in table.header else None,
            **_tabs(name),
        },
    )


def _table(scope: Scope, name: str) -> Table:
    if name not in TABLE_NAMES:
        raise Http404("There is no such table.")
    return get_table(scope, name, today=timezone.localdate())


@require(Permission.VIEW_EVALUATION)
@require_safe
def table_file(request: ScopedRequest, name: str) -> HttpResponse:
    draw_pseudonyms(by=request.user)
    table = _table(request.scope, name)
    return evaluation_file(request, table_csv(table), name=name, form="csv", tables=[table])


@require(Permission.VIEW_EVALUATION)
@require_safe
def tables_file(request: ScopedRequest, form: str) -> HttpResponse:
    """Every table and the data dictionary, as a workbook or as CSV files in a zip."""
    if form not in ("xlsx", "zip"):
        raise Http404("There is no such file.")
    draw_pseudonyms(by=request.user)
    tables = list_tables(request.scope, today=timezone.localdate())
    make = tables_workbook if form == "xlsx" else tables_zip
    body = make(tables, notes=file_notes("tables of the evaluation"))
    return evaluation_file(request, body, name="evaluation", form=form, tables=tables)


# --- what teams release ----------------------------------------------------------------------------------------


@require(Permission.WRITE_REPORTS)
@require_safe
def released_page(request: ScopedRequest) -> HttpResponse:
    """What the own team has given for evaluation, to read and to take back."""
    scope = request.scope
    staffed = list(list_teams(scope).filter(pk__in=scope.staff_team_ids))
    return render(
        request,
        "evaluation/released.html",
        {
            "rows": [
                {"team": team, "texts": list(list_released_of(scope, team_id=team.pk))}
                for team in staffed
            ],
        },
    )


@require(Permission.WRITE_REPORTS)
@require_http_methods(["GET", "HEAD", "POST"])
def release_report_page(request: ScopedRequest, report_id: int, field: str) -> HttpResponse:
    report = get_writable_report(request.scope, report_id)
    title = f"Report of {report.month:%B %Y}"
    return _release_page(request, report, field, title)


@require(Permission.WRITE_REPORTS)
@require_http_methods(["GET", "HEAD", "POST"])
def release_test_page(request: ScopedRequest, cycle_id: int, field: str) -> HttpResponse:
    cycle = get_writable_cycle(request.scope, cycle_id)
    return _release_page(request, cycle, field, str(cycle))


def _release_page(request: ScopedRequest, target: Any, field: str, title: str) -> HttpResponse:
    texts = {text.field: text for text in list_releasable(target)}
    if field not in texts:
        raise Http404("There is no such text.")
    text = texts[field]
    before = text.released.text if text.released else text.text
    form = ReleaseForm(request.POST or None, initial={"text": before})
    if act_from_form(
        request,
        form,
        lambda v: release_text(target=target, field=field, text=v["text"], by=request.user),
    ):
        return done(
            request, "The text is released, without your group’s name.", "evaluation:released"
        )
    return form_page(
        request, "evaluation/release.html", form, target=target, title=title, text=text
    )


@require(Permission.WRITE_REPORTS)
@require_safe
def choose_report_text_page(request: ScopedRequest, report_id: int) -> HttpResponse:
    """The texts of a report, to choose which one to release."""
    report = get_writable_report(request.scope, report_id)
    return render(
        request,
        "evaluation/choose_text.html",
        {
            "title": f"Report of {report.month:%B %Y}",
            "texts": list_releasable(report),
            "report": report,
        },
    )


@require(Permission.WRITE_REPORTS)
@require_safe
def choose_test_text_page(request: ScopedRequest, cycle_id: int) -> HttpResponse:
    cycle = get_writable_cycle(request.scope, cycle_id)
    return render(
        request,
        "evaluation/choose_text.html",
        {"title": str(cycle), "texts": list_releasable(cycle), "cycle": cycle},
    )


@require(Permission.WRITE_REPORTS)
@require_POST
def take_back_page(request: ScopedRequest, released_id: int) -> HttpResponse:
    released = get_released(request.scope, released_id)
    take_back_text(released=released, by=request.user)
    return done(request, "Evaluators read this text no more.", "evaluation:released")


# --- the home page ---------------------------------------------------------------------------------------------


@require(Permission.VIEW_HOME)
@require_safe
def home_part(request: ScopedRequest) -> HttpResponse:
    """What the evaluation has for the reader's home page: a survey to answer, codes to give, files to take."""
    scope = request.scope
    return render(
        request,
        "evaluation/parts/home.html",
        {
            "open_surveys": list_open_surveys(scope, today=timezone.localdate()),
            "rounds": _own_rounds(scope),
            "running": [s for s in list_surveys(scope) if s.state == "open"],
            "evaluates": scope.may(Permission.VIEW_EVALUATION),
        },
    )


def _own_rounds(scope: Scope) -> list[dict[str, Any]]:
    return [{"round": found, "left": left} for found, left in list_rounds_to_do(scope)]
