"""Organisations and their teams, sites, coaches, and the programme's settings."""

from __future__ import annotations

from datetime import timedelta

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from teams.actions.organisations import (
    add_organisation,
    add_team,
    change_programme,
    rename_organisation,
    rename_team,
)
from teams.actions.sites import (
    add_site,
    assign_coach,
    change_site,
    end_coach_assignment,
    hand_over_team,
    move_site,
)
from teams.enums import OrganisationKind
from teams.forms import (
    CoachForm,
    EndForm,
    HandOverForm,
    MoveSiteForm,
    NewSiteForm,
    OrganisationForm,
    OrganisationNameForm,
    ProgrammeForm,
    SiteForm,
    TeamForm,
    TeamNameForm,
)
from teams.models import Team
from teams.permissions import Permission, require
from teams.queries import (
    get_administered_site,
    get_coach_assignment,
    get_organisation,
    get_programme,
    list_administered_sites,
    list_administered_teams,
    list_coach_assignments,
    list_coaches,
    list_organisations,
    list_site_history,
)
from teams.requests import ScopedRequest
from teams.views.acting import act_from_form, done, form_page

either = require_http_methods(["GET", "HEAD", "POST"])


# --- organisations and teams -------------------------------------------------------------------------------


@require(Permission.MANAGE_ORGANISATIONS)
@require_safe
def organisations_page(request: ScopedRequest) -> HttpResponse:
    order = list(OrganisationKind)
    organisations = sorted(
        list_organisations(), key=lambda o: order.index(OrganisationKind(o.kind))
    )
    return render(request, "teams/organisations.html", {"organisations": organisations})


@require(Permission.MANAGE_ORGANISATIONS)
@either
def add_organisation_page(request: ScopedRequest) -> HttpResponse:
    form = OrganisationForm(request.POST or None, initial={"kind": OrganisationKind.PROVIDER_GROUP})
    if act_from_form(
        request,
        form,
        lambda v: add_organisation(**v, by=request.user, as_of=timezone.localdate()),
    ):
        return done(request, f"{form.cleaned_data['name']} is added.", "teams:organisations")
    return form_page(request, "teams/add_organisation.html", form)


@require(Permission.MANAGE_ORGANISATIONS)
@either
def organisation_page(request: ScopedRequest, organisation_id: int) -> HttpResponse:
    organisation = get_organisation(organisation_id)
    name = organisation.name
    form = OrganisationNameForm(request.POST or None, instance=organisation)
    if act_from_form(
        request,
        form,
        lambda v: rename_organisation(
            organisation=organisation, **v, by=request.user, as_of=timezone.localdate()
        ),
    ):
        return done(request, "The name is changed.", "teams:organisation", organisation_id)
    return form_page(
        request,
        "teams/organisation.html",
        form,
        name=name,
        organisation=organisation,
        teams=organisation.teams.all(),
        has_teams=organisation.kind == OrganisationKind.PROVIDER_GROUP,
    )


@require(Permission.MANAGE_ORGANISATIONS)
@either
def add_team_page(request: ScopedRequest, organisation_id: int) -> HttpResponse:
    organisation = get_organisation(organisation_id)
    form = TeamForm(request.POST or None)
    if act_from_form(
        request,
        form,
        lambda v: add_team(
            organisation=organisation, **v, by=request.user, as_of=timezone.localdate()
        ),
    ):
        return done(
            request, f"{form.cleaned_data['name']} is added.", "teams:organisation", organisation_id
        )
    return form_page(request, "teams/add_team.html", form, organisation=organisation)


@require(Permission.MANAGE_ORGANISATIONS)
@either
def team_name_page(request: ScopedRequest, team_id: int) -> HttpResponse:
    team = get_object_or_404(list_administered_teams(request.scope), pk=team_id)
    form = TeamNameForm(request.POST or None, instance=Team(pk=team.pk, name=team.name))
    if act_from_form(
        request,
        form,
        lambda v: rename_team(team=team, **v, by=request.user, as_of=timezone.localdate()),
    ):
        return done(request, "The name is changed.", "teams:organisation", team.organisation_id)
    return form_page(request, "teams/team_name.html", form, team=team)


# --- sites -------------------------------------------------------------------------------------------------


@require(Permission.MANAGE_SITES)
@require_safe
def sites_page(request: ScopedRequest) -> HttpResponse:
    sites = list_administered_sites(request.scope, day=timezone.localdate())
    teams = list(list_administered_teams(request.scope))
    chosen = next((t for t in teams if str(t.pk) == request.GET.get("team")), None)
    if chosen is not None:
        sites = sites.filter(team_id_now=chosen.pk)
    page = Paginator(sites, 50).get_page(request.GET.get("page"))
    return render(request, "teams/sites.html", {"page": page, "teams": teams, "chosen": chosen})


@require(Permission.MANAGE_SITES)
@either
def add_site_page(request: ScopedRequest) -> HttpResponse:
    today = timezone.localdate()
    form = NewSiteForm(request.POST or None, scope=request.scope, initial={"starts_on": today})
    if act_from_form(request, form, lambda v: add_site(**v, by=request.user, as_of=today)):
        return done(request, f"{form.cleaned_data['name']} is added.", "teams:sites")
    return form_page(
        request,
        "teams/add_site.html",
        form,
        no_teams=not list_administered_teams(request.scope).exists(),
    )


def _site_page(request: ScopedRequest, site_id: int, form: SiteForm | MoveSiteForm) -> HttpResponse:
    """The site with its two forms; `form` is the one that was sent, if any."""
    today = timezone.localdate()
    site = get_administered_site(request.scope, site_id, day=today)
    history = list(list_site_history(site))
    forms = {
        "form": SiteForm(instance=get_administered_site(request.scope, site_id, day=today)),
        "move_form": MoveSiteForm(
            scope=request.scope, initial={"starts_on": today + timedelta(days=1)}
        ),
    }
    forms["form" if isinstance(form, SiteForm) else "move_form"] = form
    return render(
        request,
        "teams/site.html",
        {**forms, "site": site, "history": history},
        status=422 if form.errors else 200,
    )


@require(Permission.MANAGE_SITES)
@either
def site_page(request: ScopedRequest, site_id: int) -> HttpResponse:
    today = timezone.localdate()
    site = get_administered_site(request.scope, site_id, day=today)
    form = SiteForm(request.POST or None, instance=site)
    if act_from_form(
        request, form, lambda v: change_site(site=site, **v, by=request.user, as_of=today)
    ):
        return done(request, "The site is changed.", "teams:site", site_id)
    return _site_page(request, site_id, form)


@require(Permission.MANAGE_SITES)
@either
def move_site_page(request: ScopedRequest, site_id: int) -> HttpResponse:
    today = timezone.localdate()
    site = get_administered_site(request.scope, site_id, day=today)
    form = MoveSiteForm(
        request.POST or None,
        scope=request.scope,
        initial={"starts_on": today + timedelta(days=1)},
    )
    if act_from_form(
        request, form, lambda v: move_site(site=site, **v, by=request.user, as_of=today)
    ):
        team = form.cleaned_data["team"]
        day = f"{form.cleaned_data['starts_on']:%-d %b %Y}"
        sentence = (
            f"From {day} the site belongs to {team}."
            if team
            else f"From {day} the site belongs to no group."
        )
        return done(request, sentence, "teams:site", site_id)
    return _site_page(request, site_id, form)


# --- coaches -----------------------------------------------------------------------------------------------


@require(Permission.MANAGE_COACHES)
@require_safe
def coaches_page(request: ScopedRequest) -> HttpResponse:
    today = timezone.localdate()
    by_team: dict[int, dict[str, list[object]]] = {
        team.pk: {"now": [], "past": []} for team in list_administered_teams(request.scope)
    }
    for assignment in list_coach_assignments(request.scope):
        over = assignment.ends_on is not None and assignment.ends_on < today
        by_team[assignment.team_id]["past" if over else "now"].append(assignment)
    rows = [{"team": team, **by_team[team.pk]} for team in list_administered_teams(request.scope)]
    has_past = any(row["past"] for row in rows)
    return render(
        request, "teams/coaches.html", {"rows": rows, "today": today, "has_past": has_past}
    )


@require(Permission.MANAGE_COACHES)
@either
def assign_coach_page(request: ScopedRequest) -> HttpResponse:
    today = timezone.localdate()
    form = CoachForm(
        request.POST or None,
        scope=request.scope,
        programme=get_programme(),
        day=today,
        initial={"starts_on": today, "team": request.GET.get("team")},
    )
    if act_from_form(request, form, lambda v: assign_coach(**v, by=request.user, as_of=today)):
        values = form.cleaned_data
        return done(
            request,
            f"{values['coach']} works with {values['team']} from {values['starts_on']:%-d %b %Y}.",
            "teams:coaches",
        )
    return form_page(
        request, "teams/assign_coach.html", form, no_coaches=not list_coaches(day=today).exists()
    )


@require(Permission.MANAGE_COACHES)
@either
def hand_over_page(request: ScopedRequest, assignment_id: int) -> HttpResponse:
    today = timezone.localdate()
    assignment = get_coach_assignment(request.scope, assignment_id)
    form = HandOverForm(
        request.POST or None,
        day=today,
        besides=assignment.user,
        initial={"starts_on": today + timedelta(days=1)},
    )
    if act_from_form(
        request,
        form,
        lambda v: hand_over_team(assignment=assignment, **v, by=request.user, as_of=today),
    ):
        values = form.cleaned_data
        return done(
            request,
            f"{values['to']} takes over {assignment.team} on {values['starts_on']:%-d %b %Y}.",
            "teams:coaches",
        )
    return form_page(request, "teams/hand_over.html", form, assignment=assignment)


@require(Permission.MANAGE_COACHES)
@either
def end_coach_page(request: ScopedRequest, assignment_id: int) -> HttpResponse:
    today = timezone.localdate()
    assignment = get_coach_assignment(request.scope, assignment_id)
    form = EndForm(request.POST or None, initial={"ends_on": today})
    if act_from_form(
        request,
        form,
        lambda v: end_coach_assignment(assignment=assignment, **v, by=request.user, as_of=today),
    ):
        day = form.cleaned_data["ends_on"]
        return done(
            request,
            f"The last day of {assignment.user} with {assignment.team} is {day:%-d %b %Y}.",
            "teams:coaches",
        )
    return form_page(request, "teams/end_coach.html", form, assignment=assignment)


# --- the programme -----------------------------------------------------------------------------------------


@require(Permission.MANAGE_PROGRAMME)
@either
def programme_settings_page(request: ScopedRequest) -> HttpResponse:
    form = ProgrammeForm(request.POST or None, instance=get_programme())
    if act_from_form(
        request,
        form,
        lambda v: change_programme(values=v, by=request.user, as_of=timezone.localdate()),
    ):
        return done(request, "The settings are saved.", "teams:programme_settings")
    return form_page(request, "teams/programme_settings.html", form)
