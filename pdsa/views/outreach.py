"""The outreach list of a group: its page, its files, and who is part of which test."""

from __future__ import annotations

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from pdsa.actions.outreach import (
    add_members_to_test,
    export_outreach_list,
    look_at_outreach_list,
    remove_members_from_test,
)
from pdsa.forms.outreach import MembersForm, OutreachForm
from pdsa.outreach_files import FORMS, outreach_file
from pdsa.queries.outreach import PAGE, get_outreach_team, list_looks, list_outreach_teams
from teams.errors import StateRefused
from teams.permissions import Permission, require
from teams.requests import ScopedRequest
from teams.views.downloads import download


@require(Permission.VIEW_OUTREACH)
@require_safe
def outreach(request: ScopedRequest) -> HttpResponse:
    """Leads to the list of the reader's own group."""
    scope = request.scope
    team = list_outreach_teams(scope).first()
    if team is None:
        raise Http404("You belong to no group's staff.")
    return redirect("pdsa:outreach_list", team.code)


@require(Permission.VIEW_OUTREACH)
@require_safe
def outreach_list(request: ScopedRequest, code: str) -> HttpResponse:
    """Members who have not met a measure."""
    scope = request.scope
    team = get_outreach_team(scope, code)
    form = OutreachForm(request.GET, scope=scope, team=team)
    context = {"team": team, "form": form, "found": None, "looks": list_looks(team)}
    if form.choice is not None:
        number = request.GET.get("page", "")
        wanted = min(int(number), 100_000) if number.isdecimal() else 1
        found = look_at_outreach_list(
            choice=form.choice,
            page=max(wanted, 1),
            scope=scope,
            by=request.user,
        )
        context |= {
            "choice": form.choice,
            "found": found,
            "page": Paginator(range(found.total), PAGE).get_page(wanted),
            "members_form": MembersForm(team=team),
            "query": form.query(),
            "unreadable": any(row.member.member_id is None for row in found.rows),
            "files": [
                {
                    "label": name.upper(),
                    "url": reverse("pdsa:outreach_file", args=[team.code, name]) + form.query(),
                }
                for name in FORMS
            ],
        }
    return render(request, "pdsa/outreach.html", context)


@require(Permission.VIEW_OUTREACH)
@require_safe
def outreach_download(request: ScopedRequest, code: str, form: str) -> HttpResponse:
    """The list as a file. Nothing but the group's own work needs it, so its name says whose it is."""
    scope = request.scope
    team = get_outreach_team(scope, code)
    choice = OutreachForm(request.GET, scope=scope, team=team).choice
    if choice is None or form not in FORMS:
        raise Http404("There is no such file.")
    page = export_outreach_list(choice=choice, form=form, scope=scope, by=request.user)
    return download(outreach_file(form, choice, page), f"outreach-{team.code}.{form}")


@require(Permission.VIEW_OUTREACH)
@require_POST
def add_to_test(request: ScopedRequest, code: str) -> HttpResponse:
    """Make ticked members, or all that were found, part of a test."""
    return _change(request, code, add=True)


@require(Permission.VIEW_OUTREACH)
@require_POST
def remove_from_test(request: ScopedRequest, code: str) -> HttpResponse:
    """Take ticked members out of a test."""
    return _change(request, code, add=False)


def _change(request: ScopedRequest, code: str, *, add: bool) -> HttpResponse:
    scope = request.scope
    team = get_outreach_team(scope, code)
    shown = OutreachForm(request.GET, scope=scope, team=team)
    form = MembersForm(request.POST, team=team)
    back = redirect(reverse("pdsa:outreach_list", args=[team.code]) + shown.query())
    if shown.choice is None or not form.is_valid():
        messages.error(request, "Choose a test that is not closed, then try again.")
        return back
    everyone = form.cleaned_data["everyone"]
    try:
        if add:
            count = add_members_to_test(
                cycle=form.cycle,
                choice=shown.choice,
                keys=None if everyone else form.keys(),
                scope=scope,
                by=request.user,
            )
            done = f"{count} more members are part of “{form.cycle}”."
        else:
            count = remove_members_from_test(
                cycle=form.cycle,
                choice=shown.choice,
                keys=form.keys(),
                scope=scope,
                by=request.user,
            )
            done = f"{count} members are no longer part of “{form.cycle}”."
    except StateRefused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, done)
    return back
