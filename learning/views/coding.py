"""Rounds of coding: two coders blind to each other, agreement, what differs, counts."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from learning.actions.coding import (
    begin_round,
    code_excerpt,
    finish_coding,
    settle_excerpt,
)
from learning.coding_tables import coding_tables
from learning.evaluation_files import tables_workbook, tables_zip
from learning.forms.coding import (
    CodesForm,
    RoundForm,
    SettleForm,
)
from learning.models import CodebookEntry, CodingRound, Excerpt
from learning.queries.coding import (
    count_codes,
    get_round,
    list_coders,
    list_entries,
    list_excerpts,
    list_fixed_codebooks,
    list_interview_sources,
    list_round_excerpts,
    list_rounds,
    read_both_codes,
    read_own_codes,
    read_round,
)
from learning.views.evaluation import evaluation_file, file_notes
from teams.permissions import Permission, require
from teams.requests import ScopedRequest
from teams.scoping import Scope
from teams.views.acting import act_from_form, done, form_page

_CODE = require(Permission.CODE_INTERVIEWS)


@_CODE
@require_safe
def rounds_page(request: ScopedRequest) -> HttpResponse:
    scope = request.scope
    return render(
        request,
        "evaluation/rounds.html",
        {
            "rows": [_round_row(scope, found) for found in list_rounds(scope)],
            "has_codebook": list_fixed_codebooks(scope).exists(),
            "has_excerpts": list_excerpts(scope).exists(),
            "here": "coding",
        },
    )


def _round_row(scope: Scope, coding_round: CodingRound) -> dict[str, Any]:
    """A round as its reader stands to it: coder still at work, coder who waits, or somebody else."""
    mine = scope.user_id in (coding_round.first_id, coding_round.second_id)
    is_first = scope.user_id == coding_round.first_id
    done_at = coding_round.first_done_at if is_first else coding_round.second_done_at
    return {
        "round": coding_round,
        "is_coder": mine,
        "working": mine and done_at is None,
        "coded": len(read_own_codes(scope, coding_round)) if mine else 0,
    }


@_CODE
@require_http_methods(["GET", "HEAD", "POST"])
def begin_round_page(request: ScopedRequest) -> HttpResponse:
    scope = request.scope
    form = RoundForm(
        request.POST or None,
        codebooks=list_fixed_codebooks(scope),
        coders=list_coders(today_scope=scope),
        sources=list_interview_sources(scope),
        initial={"first": request.user.pk},
    )

    def act(values: dict[str, Any]) -> CodingRound:
        values = dict(values)
        sources = values.pop("sources")
        excerpts = list_excerpts(scope)
        if sources:
            excerpts = excerpts.filter(source__in=sources)
        return begin_round(**values, excerpts=list(excerpts), scope=scope, by=request.user)

    acted = act_from_form(request, form, act)
    if acted:
        return done(
            request,
            "The round begins. Neither sees the other’s codes.",
            "evaluation:round",
            acted.made.pk,
        )
    return form_page(request, "evaluation/begin_round.html", form)


@_CODE
@require_safe
def round_page(request: ScopedRequest, round_id: int) -> HttpResponse:
    """Agreement, what differs and counts once both have finished; until then the reader's own progress."""
    scope = request.scope
    found = get_round(scope, round_id)
    row = _round_row(scope, found)
    result = read_round(scope, found)
    context: dict[str, Any] = {**row, "result": result, "here": "coding"}
    if result is None:
        own = read_own_codes(scope, found)
        excerpts = list_round_excerpts(found)
        context |= {
            "excerpts": [{"excerpt": e, "done": e.pk in own} for e in excerpts],
            "next": next((e for e in excerpts if e.pk not in own), None),
        }
    else:
        entries = {entry.pk: entry for entry in result.entries}
        context |= {
            "codes": [
                {"entry": entries[code.entry_id], "row": code} for code in result.agreement.codes
            ],
            "counts": count_codes(found, result),
        }
    return render(request, "evaluation/round.html", context)


def _excerpt_of(coding_round: CodingRound, excerpt_id: int) -> tuple[list[Excerpt], Excerpt]:
    excerpts = list_round_excerpts(coding_round)
    excerpt = next((e for e in excerpts if e.pk == excerpt_id), None)
    if excerpt is None:
        raise Excerpt.DoesNotExist
    return excerpts, excerpt


def _tree(entries: list[CodebookEntry], chosen: set[str]) -> list[dict[str, Any]]:
    return [{"entry": entry, "chosen": str(entry.pk) in chosen} for entry in entries]


def _chosen(form: CodesForm) -> set[str]:
    value = form["codes"].value() or []
    return {str(getattr(code, "pk", code)) for code in value}


@_CODE
@require_http_methods(["GET", "HEAD", "POST"])
def code_excerpt_page(request: ScopedRequest, round_id: int, excerpt_id: int) -> HttpResponse:
    """One excerpt beside the codebook: tick what applies, go on to the next."""
    scope = request.scope
    found = get_round(scope, round_id)
    excerpts, excerpt = _excerpt_of(found, excerpt_id)
    own = read_own_codes(scope, found)
    form = CodesForm(
        request.POST if request.method == "POST" else None,
        codebook=found.codebook,
        initial={"codes": list(own.get(excerpt.pk, ()))},
    )
    if act_from_form(
        request,
        form,
        lambda v: code_excerpt(
            coding_round=found,
            excerpt=excerpt,
            codes=v["codes"],
            by=request.user,
        ),
    ):
        left = [e for e in excerpts if e.pk not in own and e.pk != excerpt.pk]
        after = [e for e in left if excerpts.index(e) > excerpts.index(excerpt)]
        if left:
            return redirect("evaluation:code_excerpt", found.pk, (after or left)[0].pk)
        return done(request, "You have read every excerpt.", "evaluation:round", found.pk)
    place = excerpts.index(excerpt)
    return form_page(
        request,
        "evaluation/code_excerpt.html",
        form,
        round=found,
        excerpt=excerpt,
        place=place + 1,
        count=len(excerpts),
        before=excerpts[place - 1] if place else None,
        tree=_tree(list_entries(found.codebook), _chosen(form)),
        is_coded=excerpt.pk in own,
    )


@_CODE
@require_POST
def finish_coding_page(request: ScopedRequest, round_id: int) -> HttpResponse:
    found = get_round(request.scope, round_id)
    found = finish_coding(coding_round=found, by=request.user, as_of=timezone.now())
    said = (
        "Both have finished: here is how far you agree."
        if found.both_done
        else "You have finished. The codes of both are shown when the other has, too."
    )
    return done(request, said, "evaluation:round", found.pk)


@_CODE
@require_http_methods(["GET", "HEAD", "POST"])
def settle_excerpt_page(request: ScopedRequest, round_id: int, excerpt_id: int) -> HttpResponse:
    """Both coders' codes of one excerpt side by side, and what counts from now on."""
    scope = request.scope
    found = get_round(scope, round_id)
    result = read_round(scope, found)
    if result is None:
        raise Http404("Both coders finish first.")
    difference = next((d for d in result.differences if d.excerpt.pk == excerpt_id), None)
    if difference is None:
        raise Excerpt.DoesNotExist
    settled = difference.settled
    initial = (
        {"codes": [code.pk for code in settled.codes.all()], "reason": settled.reason}
        if settled
        else {"codes": [entry.pk for entry in difference.both]}
    )
    form = SettleForm(
        request.POST if request.method == "POST" else None, codebook=found.codebook, initial=initial
    )
    if act_from_form(
        request,
        form,
        lambda v: settle_excerpt(
            coding_round=found,
            excerpt=difference.excerpt,
            **v,
            by=request.user,
            as_of=timezone.now(),
        ),
    ):
        still = [d for d in result.differences if d.settled is None and d is not difference]
        if still:
            return redirect("evaluation:settle_excerpt", found.pk, still[0].excerpt.pk)
        return done(request, "Everything is settled.", "evaluation:round", found.pk)
    return form_page(
        request,
        "evaluation/settle.html",
        form,
        round=found,
        difference=difference,
        tree=_tree(result.entries, _chosen(form)),
    )


@_CODE
@require_safe
def round_file(request: ScopedRequest, round_id: int, form: str) -> HttpResponse:
    """Codebook, excerpts with codes, agreement and counts of a finished round."""
    scope = request.scope
    found = get_round(scope, round_id)
    result, both = read_round(scope, found), read_both_codes(scope, found)
    if result is None or both is None or form not in ("xlsx", "zip"):
        raise Http404("There is no such file yet.")
    first, second = both
    tables = coding_tables(
        found,
        list_round_excerpts(found),
        result,
        count_codes(found, result),
        (dict(first), dict(second)),
    )
    make = tables_workbook if form == "xlsx" else tables_zip
    body = make(tables, notes=file_notes(f"interviews, round “{found.name}”"))
    return evaluation_file(request, body, name=f"coding-{found.pk}", form=form, tables=tables)
