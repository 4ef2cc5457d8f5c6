"""The programme's monthly synthesis: written from all reports of a month, published, on paper."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from learning.actions.synthesis import (
    open_synthesis,
    publish_synthesis,
    record_synthesis_print,
    take_synthesis_back,
)
from learning.enums import SynthesisState
from learning.forms import SynthesisForm, month_of
from learning.models import Synthesis
from learning.policies import check_synthesis_draft
from learning.printing import Section, print_document
from learning.queries.synthesis import (
    get_synthesis,
    get_writable_synthesis,
    list_syntheses,
    list_themes,
    summarise_month,
)
from pdsa.charts.periods import step
from pdsa.enums import Frequency
from teams.autosave import Editable, fields_of, list_boxes
from teams.permissions import Permission, require
from teams.queries import get_programme
from teams.requests import ScopedRequest
from teams.scoping import Scope
from teams.views.acting import done
from teams.views.autosave import autosave_view
from teams.views.downloads import download

AUDIENCE = {
    True: "The groups, the coaches, the payer and the evaluator",
    False: "The programme director",
}


def _synthesis(scope: Scope, month: str) -> Synthesis:
    day = month_of(month)
    if day is None:
        raise Http404("There is no such month.")
    return get_synthesis(scope, day)


@require(Permission.READ_SYNTHESES)
@require_safe
def syntheses_page(request: ScopedRequest) -> HttpResponse:
    scope = request.scope
    last = step(timezone.localdate(), Frequency.MONTH, -1).replace(day=1)
    found = list(list_syntheses(scope))
    return render(
        request,
        "learning/syntheses.html",
        {
            "syntheses": found,
            "may_write": scope.may(Permission.WRITE_SYNTHESES),
            "next_month": last if all(one.month != last for one in found) else None,
        },
    )


@require(Permission.WRITE_SYNTHESES)
@require_POST
def open_synthesis_page(request: ScopedRequest, month: str) -> HttpResponse:
    day = month_of(month)
    if day is None or day > timezone.localdate():
        raise Http404("There is no synthesis of that month yet.")
    open_synthesis(month=day, by=request.user)
    return redirect("learning:synthesis", month)


@require(Permission.READ_SYNTHESES)
@require_safe
def synthesis_page(request: ScopedRequest, month: str) -> HttpResponse:
    """The texts and the numbers; beside a draft what the groups wrote, for whoever writes it."""
    scope = request.scope
    synthesis = _synthesis(scope, month)
    published = synthesis.state == SynthesisState.PUBLISHED
    writes = scope.may(Permission.WRITE_SYNTHESES) and not published
    return render(
        request,
        "learning/synthesis.html",
        {
            "synthesis": synthesis,
            "facts": _facts(scope, synthesis),
            "published": published,
            "audience": AUDIENCE[published],
            "writes": writes,
            "may_take_back": scope.may(Permission.WRITE_SYNTHESES) and published,
            "themes": list_themes(scope, synthesis.month) if writes else [],
            "boxes": list_boxes(synthesis, SynthesisForm),
        },
    )


def _facts(scope: Scope, synthesis: Synthesis) -> dict[str, Any]:
    return synthesis.facts or summarise_month(scope, synthesis.month)


def _editable_synthesis(scope: Scope, pk: int) -> Editable:
    synthesis = get_writable_synthesis(scope, pk)
    return Editable(
        synthesis, None, fields_of(SynthesisForm), check=lambda: check_synthesis_draft(synthesis)
    )


save_synthesis = autosave_view(Permission.WRITE_SYNTHESES, _editable_synthesis)


@require(Permission.WRITE_SYNTHESES)
@require_POST
def publish_synthesis_page(request: ScopedRequest, month: str) -> HttpResponse:
    synthesis = _synthesis(request.scope, month)
    publish_synthesis(synthesis=synthesis, by=request.user, as_of=timezone.now())
    return done(request, "The programme reads it now.", "learning:synthesis", month)


@require(Permission.WRITE_SYNTHESES)
@require_POST
def take_synthesis_back_page(request: ScopedRequest, month: str) -> HttpResponse:
    take_synthesis_back(synthesis=_synthesis(request.scope, month), by=request.user)
    return done(request, "The synthesis is a draft again.", "learning:synthesis", month)


@require(Permission.READ_SYNTHESES)
@require_safe
def synthesis_pdf(request: ScopedRequest, month: str) -> HttpResponse:
    synthesis = _synthesis(request.scope, month)
    facts = _facts(request.scope, synthesis)
    sections = [
        Section(str(field.label), 2, (text,))
        for name, field in fields_of(SynthesisForm).items()
        if (text := getattr(synthesis, name))
    ]
    sections.append(Section("In numbers", 2, items=tuple(facts["lines"])))
    if facts["scores"]:
        sections.append(Section("Where the groups stand", 2, items=tuple(facts["scores"])))
    if facts["quotes"]:
        sections.append(Section("What patients said", 2, quotes=tuple(facts["quotes"])))
    content = print_document(
        title=f"{synthesis.month:%B %Y}",
        kicker=f"{get_programme().name} · synthesis of the month",
        sections=sections,
        audience=AUDIENCE[synthesis.state == SynthesisState.PUBLISHED],
        made_at=timezone.localtime(),
    )
    record_synthesis_print(synthesis=synthesis, by=request.user)
    return download(content, f"synthesis-{month}.pdf")
