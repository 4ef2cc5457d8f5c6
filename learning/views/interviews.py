"""Interviews and documents: the excerpts that were brought in, and how more are."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_safe

from learning.actions.coding import (
    add_excerpts,
)
from learning.forms.coding import (
    PassagesFileForm,
    PassagesForm,
)
from learning.queries.coding import (
    list_excerpts,
    list_interview_sources,
)
from teams.permissions import Permission, require
from teams.requests import ScopedRequest
from teams.views.acting import act_from_form, done, form_page

_CODE = require(Permission.CODE_INTERVIEWS)
_PER_PAGE = 25


@_CODE
@require_safe
def interviews_page(request: ScopedRequest) -> HttpResponse:
    """What was brought in, source by source."""
    scope = request.scope
    excerpts = list_excerpts(scope)
    if source := request.GET.get("source", ""):
        excerpts = excerpts.filter(source__code=source)
    return render(
        request,
        "evaluation/interviews.html",
        {
            "sources": list(list_interview_sources(scope)),
            "chosen": source,
            "page": Paginator(excerpts, _PER_PAGE).get_page(request.GET.get("page")),
            "here": "interviews",
        },
    )


@_CODE
@require_http_methods(["GET", "HEAD", "POST"])
def add_excerpts_page(request: ScopedRequest) -> HttpResponse:
    form = PassagesForm(request.POST or None)
    if act_from_form(
        request,
        form,
        lambda v: add_excerpts(passages=form.passages(), mask=v["mask"], by=request.user),
    ):
        return done(request, "The excerpts are there.", "evaluation:interviews")
    return form_page(request, "evaluation/add_excerpts.html", form)


@_CODE
@require_http_methods(["GET", "HEAD", "POST"])
def import_excerpts_page(request: ScopedRequest) -> HttpResponse:
    form = PassagesFileForm(request.POST or None, request.FILES or None)
    acted = act_from_form(
        request,
        form,
        lambda v: add_excerpts(passages=v["file"], mask=v["mask"], by=request.user),
    )
    if acted:
        return done(request, f"{acted.made} excerpts are there.", "evaluation:interviews")
    return form_page(request, "evaluation/import_excerpts.html", form)
