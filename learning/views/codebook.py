"""The codebook in its versions: themes, codes, sub-codes."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from learning.actions.coding import (
    begin_codebook,
    fix_codebook,
    remove_entry,
    save_entry,
)
from learning.coding_tables import codebook_table
from learning.evaluation_files import table_csv
from learning.forms.coding import (
    EntryForm,
    NewEntryForm,
    VersionForm,
)
from learning.queries.coding import (
    get_codebook,
    get_entry,
    list_codebooks,
    list_entries,
)
from learning.views.evaluation import evaluation_file
from teams.permissions import Permission, require
from teams.requests import ScopedRequest
from teams.views.acting import act_from_form, done, form_page

_CODE = require(Permission.CODE_INTERVIEWS)


@_CODE
@require_safe
def codebook_page(request: ScopedRequest, version: int | None = None) -> HttpResponse:
    """A version of the codebook; the latest where none is named."""
    scope = request.scope
    versions = list(list_codebooks(scope))
    shown = get_codebook(scope, version) if version else (versions[0] if versions else None)
    return render(
        request,
        "evaluation/codebook.html",
        {
            "codebook": shown,
            "versions": versions,
            "entries": list_entries(shown) if shown else [],
            "here": "codebook",
        },
    )


@_CODE
@require_http_methods(["GET", "HEAD", "POST"])
def begin_codebook_page(request: ScopedRequest) -> HttpResponse:
    form = VersionForm(request.POST or None)
    if act_from_form(request, form, lambda v: begin_codebook(note=v["note"], by=request.user)):
        return done(request, "The new version is a draft.", "evaluation:codebook")
    return form_page(request, "evaluation/begin_codebook.html", form)


@_CODE
@require_POST
def fix_codebook_page(request: ScopedRequest, version: int) -> HttpResponse:
    codebook = get_codebook(request.scope, version)
    fix_codebook(codebook=codebook, by=request.user, as_of=timezone.now())
    return done(
        request, f"Version {version} is fixed and can be coded with.", "evaluation:codebook"
    )


@_CODE
@require_http_methods(["GET", "HEAD", "POST"])
def add_entry_page(request: ScopedRequest, version: int) -> HttpResponse:
    codebook = get_codebook(request.scope, version)
    form = NewEntryForm(
        request.POST or None,
        entries=codebook.entries.order_by("position"),
        initial={"parent": request.GET.get("under", "")},
    )
    if act_from_form(
        request,
        form,
        lambda v: save_entry(codebook=codebook, **v, by=request.user),
    ):
        return done(request, "The entry is there.", "evaluation:codebook_version", version)
    return form_page(request, "evaluation/entry_form.html", form, codebook=codebook)


@_CODE
@require_http_methods(["GET", "HEAD", "POST"])
def change_entry_page(request: ScopedRequest, entry_id: int) -> HttpResponse:
    entry = get_entry(request.scope, entry_id)
    form = EntryForm(
        request.POST or None,
        initial={name: getattr(entry, name) for name in EntryForm.base_fields},
    )
    if act_from_form(
        request,
        form,
        lambda v: save_entry(codebook=entry.codebook, entry=entry, **v, by=request.user),
    ):
        return done(
            request, "The entry is changed.", "evaluation:codebook_version", entry.codebook.version
        )
    return form_page(
        request, "evaluation/entry_form.html", form, codebook=entry.codebook, entry=entry
    )


@_CODE
@require_POST
def remove_entry_page(request: ScopedRequest, entry_id: int) -> HttpResponse:
    entry = get_entry(request.scope, entry_id)
    version = entry.codebook.version
    remove_entry(entry=entry, by=request.user)
    return done(request, f"“{entry.name}” is gone.", "evaluation:codebook_version", version)


@_CODE
@require_safe
def codebook_file(request: ScopedRequest, version: int) -> HttpResponse:
    codebook = get_codebook(request.scope, version)
    table = codebook_table(list_entries(codebook), codebook.version)
    return evaluation_file(
        request, table_csv(table), name=f"codebook-{version}", form="csv", tables=[table]
    )
