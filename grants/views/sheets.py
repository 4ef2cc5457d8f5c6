"""Pages of a sheet of awards: choose the file, say what is what, look at what would be made, import."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from grants.actions.sheets import discard_sheet, import_sheet, map_sheet, receive_sheet
from grants.award_sheets.columns import COLUMNS
from grants.enums import SheetState
from grants.forms.sheets import SheetForm, SheetMappingForm
from grants.queries.money import list_funds
from grants.queries.rules import list_categories
from grants.queries.sheets import get_sheet, list_sheets, try_import
from teams.exports import csv_lines
from teams.permissions import Permission, require
from teams.queries import list_teams
from teams.requests import ScopedRequest
from teams.views.acting import act_from_form, done, form_page
from teams.views.downloads import download


@require(Permission.MANAGE_GRANTS)
@require_http_methods(["GET", "HEAD", "POST"])
def sheets_page(request: ScopedRequest) -> HttpResponse:
    """Choose a file; below it the sheets that were sent before."""
    form = SheetForm(request.POST or None, request.FILES or None, funds=list_funds())
    acted = act_from_form(
        request,
        form,
        lambda v: receive_sheet(
            fund=v["fund"],
            file=v["file"],
            name=v["file"].name,
            by=request.user,
            as_of=timezone.now(),
        ),
        refused_at="file",
    )
    if acted:
        return redirect("grants:sheet", acted.made.pk)
    return render(
        request,
        "grants/sheets.html",
        {
            "form": form,
            "sheets": list_sheets(request.scope),
            "columns": COLUMNS,
            "section": "sheets",
        },
        status=422 if form.errors else 200,
    )


@require(Permission.MANAGE_GRANTS)
@require_safe
def sheet_page(request: ScopedRequest, sheet_id: int) -> HttpResponse:
    """What would be made of a sheet, and what does not fit, line by line."""
    sheet = get_sheet(request.scope, sheet_id)
    return render(
        request,
        "grants/sheet.html",
        {"sheet": sheet, "trial": try_import(sheet), "is_open": sheet.state == SheetState.OPEN},
    )


@require(Permission.MANAGE_GRANTS)
@require_http_methods(["GET", "HEAD", "POST"])
def sheet_mapping_page(request: ScopedRequest, sheet_id: int) -> HttpResponse:
    scope = request.scope
    sheet = get_sheet(scope, sheet_id)
    form = SheetMappingForm(
        request.POST or None,
        sheet=sheet,
        unknown=try_import(sheet).unknown,
        teams=[(team.code, team.name) for team in list_teams(scope)],
        categories=list(list_categories()),
    )
    if act_from_form(
        request,
        form,
        lambda _: map_sheet(
            sheet=sheet,
            mapping=form.mapping(),
            by=request.user,
            as_of=timezone.now(),
        ),
    ):
        return done(
            request,
            "Saved, and remembered for sheets with the same columns.",
            "grants:sheet",
            sheet.pk,
        )
    return form_page(request, "grants/sheet_mapping.html", form, sheet=sheet)


@require(Permission.MANAGE_GRANTS)
@require_POST
def import_sheet_page(request: ScopedRequest, sheet_id: int) -> HttpResponse:
    sheet = get_sheet(request.scope, sheet_id)
    made = import_sheet(sheet=sheet, by=request.user, as_of=timezone.now())
    messages.success(
        request, f"{len(made)} drafts are there. Read each, then submit it: finance reviews next."
    )
    return redirect("grants:sheet", sheet.pk)


@require(Permission.MANAGE_GRANTS)
@require_POST
def discard_sheet_page(request: ScopedRequest, sheet_id: int) -> HttpResponse:
    sheet = get_sheet(request.scope, sheet_id)
    discard_sheet(sheet=sheet, by=request.user, as_of=timezone.now())
    messages.success(request, "The sheet is given up. Nothing was made of it.")
    return redirect("grants:sheets")


@require(Permission.MANAGE_GRANTS)
@require_safe
def sheet_findings_file(request: ScopedRequest, sheet_id: int) -> HttpResponse:
    """Every finding with its line, for whoever corrects the file."""
    sheet = get_sheet(request.scope, sheet_id)
    trial = try_import(sheet)
    rows = [
        (f.line, f.label, "error" if f.is_error else "note", f.text)
        for f in [*trial.errors, *trial.notes]
    ]
    return download(
        "".join(csv_lines(["line", "column", "weight", "finding"], rows)),
        f"findings-{sheet.pk}.csv",
    )
