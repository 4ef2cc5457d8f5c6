"""Asking for race, ethnicity and language: training by site, the log, and the scripts."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from pdsa.actions.asking import (
    adopt_script,
    change_training,
    log_training,
    remove_training,
    stop_using_script,
    use_script,
    write_script,
)
from pdsa.enums import ProjectStatus
from pdsa.forms.asking import AdoptScriptForm, ScriptForm, TrainingForm, UseForm
from pdsa.models import AskingScript, AskingText
from pdsa.queries.asking import (
    get_asking_team,
    get_script,
    get_writable_script,
    get_writable_training,
    get_writable_use,
    list_asking_teams,
    list_scripts,
    list_sites_on,
    list_texts,
    list_trainings,
    list_uses,
    list_uses_of,
    newest_numbers,
    read_asking,
)
from pdsa.queries.projects import can_write, list_writable_projects, list_writable_teams
from teams.errors import StateRefused
from teams.models import Team
from teams.permissions import Permission, require
from teams.requests import ScopedRequest
from teams.scoping import Scope
from teams.views.acting import act_from_form, done, form_page

_PAGE = 20


def _scope(request: ScopedRequest) -> Scope:
    scope = request.scope
    return scope


def _writable_team(scope: Scope, code: str) -> Team:
    team = get_asking_team(scope, code)
    if not can_write(scope, team.pk):
        raise Http404("Only the group's own staff write here.")
    return team


@require(Permission.VIEW_PROJECTS)
@require_safe
def home(request: ScopedRequest) -> HttpResponse:
    """The reader's own group, or a table of the teams worked with."""
    scope = _scope(request)
    teams = list_asking_teams(scope)
    if len(teams) == 1:
        return redirect("asking:team", teams[0].code)
    day = timezone.localdate()
    rows = read_asking(scope, teams, day=day)
    return render(request, "asking/teams.html", {"rows": rows})


@require(Permission.VIEW_PROJECTS)
@require_safe
def team_page(request: ScopedRequest, code: str) -> HttpResponse:
    """Who is trained at which site, which scripts are used there, what people answered, and the log."""
    scope = _scope(request)
    team = get_asking_team(scope, code)
    day = timezone.localdate()
    uses = list(list_uses(team))
    newest = newest_numbers([use.text for use in uses])
    context = {
        "team": team,
        "asking": read_asking(scope, [team], day=day)[0],
        "page": Paginator(list_trainings(scope, team), _PAGE).get_page(request.GET.get("page")),
        "uses": [
            {"use": use, "newer": newest[use.text.script_id, use.text.language] > use.text.number}
            for use in uses
        ],
        "may_write": can_write(scope, team.pk),
        "day": day,
    }
    return render(request, "asking/team.html", context)


@require(Permission.EDIT_PROJECTS)
@require_http_methods(["GET", "HEAD", "POST"])
def new_training(request: ScopedRequest, code: str) -> HttpResponse:
    """Log a training; `?after=` fills the form in from an earlier one, for a refresher."""
    scope = _scope(request)
    team = _writable_team(scope, code)
    today = timezone.localdate()
    after = request.GET.get("after", "")
    before = list_trainings(scope, team).filter(pk=after).first() if after.isdecimal() else None
    form = TrainingForm(
        request.POST or None,
        sites=list_sites_on(scope, team, today),
        texts=list_texts(scope),
        training=before,
        initial={"trained_on": today, "due_on": None}
        | ({"topic": "refresher", "note": ""} if before else {}),
    )
    by: Any = request.user
    if act_from_form(
        request,
        form,
        lambda _: log_training(team=team, values=form.values(), scope=scope, by=by),
    ):
        return done(request, "The training is in the log.", "asking:team", team.code)
    return form_page(request, "asking/training_form.html", form, team=team, is_new=True)


@require(Permission.EDIT_PROJECTS)
@require_http_methods(["GET", "HEAD", "POST"])
def training(request: ScopedRequest, training_id: int) -> HttpResponse:
    """Correct an entry of the log."""
    scope = _scope(request)
    entry = get_writable_training(scope, training_id)
    form = TrainingForm(
        request.POST or None,
        sites=list_sites_on(scope, entry.team, entry.trained_on),
        texts=list_texts(scope),
        training=entry,
    )
    by: Any = request.user
    if act_from_form(
        request,
        form,
        lambda _: change_training(training=entry, values=form.values(), scope=scope, by=by),
    ):
        return done(request, "The entry is corrected.", "asking:team", entry.team.code)
    return form_page(
        request, "asking/training_form.html", form, team=entry.team, entry=entry, is_new=False
    )


@require(Permission.EDIT_PROJECTS)
@require_POST
def take_out_training(request: ScopedRequest, training_id: int) -> HttpResponse:
    """Remove an entry that was a mistake."""
    entry = get_writable_training(_scope(request), training_id)
    remove_training(training=entry, by=request.user)
    return done(request, "The entry is out of the log.", "asking:team", entry.team.code)


@require(Permission.VIEW_PROJECTS)
@require_safe
def scripts(request: ScopedRequest) -> HttpResponse:
    """The words to ask with: the programme's, then those of the reader's own teams."""
    scope = _scope(request)
    found = list(list_scripts(scope))
    return render(
        request,
        "asking/scripts.html",
        {
            "programme_scripts": [_card(s) for s in found if s.team_id is None],
            "own_scripts": [_card(s) for s in found if s.team_id is not None],
            "may_write": bool(list_writable_teams(scope)),
        },
    )


def _card(script: AskingScript) -> dict[str, Any]:
    newest: dict[str, AskingText] = {}
    for text in script.texts.all():
        newest.setdefault(text.language, text)
    texts = sorted(newest.values(), key=lambda t: (t.language != "en", t.get_language_display()))
    return {"script": script, "texts": texts}


@require(Permission.VIEW_PROJECTS)
@require_safe
def script(request: ScopedRequest, script_id: int) -> HttpResponse:
    """A script in every language with its earlier versions, the sites that use it, and what to do with it."""
    scope = _scope(request)
    entry = get_script(scope, script_id)
    team = list_writable_teams(scope).first()
    today = timezone.localdate()
    projects = list_writable_projects(scope).filter(status=ProjectStatus.ACTIVE)
    texts = list(entry.texts.all())
    card = _card(entry)
    context = card | {
        "earlier": [text for text in texts if text not in card["texts"]],
        "uses": list_uses_of(scope, entry),
        "team": team,
        "is_own": team is not None and entry.team_id == team.pk,
        "use_form": UseForm(sites=list_sites_on(scope, team, today), script=entry, today=today)
        if team
        else None,
        "adopt_form": AdoptScriptForm(projects=projects, script=entry) if projects else None,
    }
    return render(request, "asking/script.html", context)


@require(Permission.EDIT_PROJECTS)
@require_http_methods(["GET", "HEAD", "POST"])
def new_script(request: ScopedRequest) -> HttpResponse:
    """A script of the own group; `?from=` starts with the words of another one."""
    scope = _scope(request)
    team = list_writable_teams(scope).first()
    if team is None:
        raise Http404("You belong to no group's staff.")
    wanted = request.GET.get("from", "")
    source = list_texts(scope).filter(pk=wanted).first() if wanted.isdecimal() else None
    form = ScriptForm(request.POST or None, script=source.script if source else None, text=source)
    written: list[AskingText] = []
    by: Any = request.user
    if act_from_form(
        request, form, lambda values: written.append(write_script(team=team, by=by, **values))
    ):
        return done(request, "Your script is kept.", "asking:script", written[0].script_id)
    return form_page(request, "asking/script_form.html", form, entry=None)


@require(Permission.EDIT_PROJECTS)
@require_http_methods(["GET", "HEAD", "POST"])
def next_version(request: ScopedRequest, script_id: int) -> HttpResponse:
    """The next version of an own script. The one before stays, because sites use it."""
    scope = _scope(request)
    entry = get_writable_script(scope, script_id)
    assert entry.team is not None
    team = entry.team
    form = ScriptForm(request.POST or None, script=entry, text=entry.texts.first())
    by: Any = request.user
    if act_from_form(
        request, form, lambda values: write_script(team=team, script=entry, by=by, **values)
    ):
        return done(request, "The new version is kept.", "asking:script", entry.pk)
    return form_page(request, "asking/script_form.html", form, entry=entry)


@require(Permission.EDIT_PROJECTS)
@require_POST
def use(request: ScopedRequest, script_id: int) -> HttpResponse:
    """Note which site asks with it."""
    scope = _scope(request)
    entry = get_script(scope, script_id)
    team = list_writable_teams(scope).first()
    if team is None:
        raise Http404("You belong to no group's staff.")
    today = timezone.localdate()
    form = UseForm(request.POST, sites=list_sites_on(scope, team, today), script=entry, today=today)
    if not form.is_valid():
        messages.error(request, "Choose the site, the version and the day.")
        return redirect("asking:script", entry.pk)
    try:
        made = use_script(team=team, scope=scope, by=request.user, **form.cleaned_data)
    except StateRefused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, f"{made.site} asks with it from now on.")
    return redirect("asking:script", entry.pk)


@require(Permission.EDIT_PROJECTS)
@require_POST
def stop_use(request: ScopedRequest, use_id: int) -> HttpResponse:
    """A site asks with it no longer."""
    entry = get_writable_use(_scope(request), use_id)
    stop_using_script(use=entry, by=request.user, as_of=timezone.now())
    return done(request, f"{entry.site} no longer asks with it.", "asking:team", entry.team.code)


@require(Permission.EDIT_PROJECTS)
@require_POST
def adopt(request: ScopedRequest, script_id: int) -> HttpResponse:
    """Take a script over as a change idea, with a first test planned."""
    scope = _scope(request)
    entry = get_script(scope, script_id)
    form = AdoptScriptForm(request.POST, projects=list_writable_projects(scope), script=entry)
    if not form.is_valid():
        messages.error(request, "Choose the project that takes the script over.")
        return redirect("asking:script", entry.pk)
    cycle = adopt_script(by=request.user, as_of=timezone.now(), **form.cleaned_data)
    messages.success(request, "The script is a change idea now. Its first test is planned.")
    return redirect("pdsa:cycle", cycle.pk)
