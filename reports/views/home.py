"""The first page: what waits for the reader, by what the reader's roles allow."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from measures import queries
from reports.dashboards import home as pieces
from reports.dashboards.team import care_results
from reports.dashboards.wording import headline
from reports.enums import CardState
from reports.forms.filters import ResultFilters, Selection
from reports.queries.cards import list_cards
from teams.models import Team
from teams.permissions import Permission, require
from teams.queries import list_teams
from teams.requests import ScopedRequest
from teams.scoping import GROUP_ROLES, Scope


@require(Permission.VIEW_HOME)
@require_safe
def home(request: ScopedRequest) -> HttpResponse:
    """Every block appears by role or permission; a person with two roles sees the blocks of both."""
    scope = request.scope
    chosen = ResultFilters(request.GET, scope=scope, with_line=False).selection
    teams = list(list_teams(scope))
    in_group = bool(scope.roles & GROUP_ROLES)
    cards = list(list_cards(scope))
    context: dict[str, Any] = {
        "selection": chosen,
        "tasks": _tasks(scope, cards, in_group),
        "in_group": in_group,
    }
    if in_group and len(teams) == 1:
        context |= _own_team(scope, teams[0], chosen, cards)
    elif teams:
        context |= _many_teams(scope, teams, chosen, cards)
    if chosen is not None and scope.may(Permission.VIEW_OVERVIEW):
        totals = queries.list_programme_results(
            source=chosen.source, periods=[chosen.period], stratum_set=chosen.stratum_set
        )
        context["programme_headline"] = headline(care_results(totals))
    context["run_links"] = _run_links(scope)
    context["nothing"] = "" if _has_something(scope) else _why_nothing()
    return render(request, "reports/home.html", context)


@require(Permission.VIEW_TEAM_RESULTS)
@require_safe
def dashboard(request: ScopedRequest) -> HttpResponse:
    """The dashboard of the reader's only team, or the list of teams to choose from."""
    scope = request.scope
    teams = list(list_teams(scope))
    if len(teams) == 1:
        return redirect("reports:team_dashboard", teams[0].code)
    chosen = ResultFilters(request.GET, scope=scope, with_line=False).selection
    context = _many_teams(scope, teams, chosen, list(list_cards(scope)))
    return render(request, "reports/teams.html", context | {"selection": chosen})


#: What those who run the programme open: permission, address name, label, icon, text.
_RUN_LINKS = (
    (
        Permission.VIEW_ALL_GRANTS,
        "grants:home",
        "Grants",
        "star",
        "What waits for you, the payments, and all awards together.",
    ),
    (Permission.MANAGE_PEOPLE, "teams:people", "People", "people", "Invite, give roles, end them."),
    (
        Permission.MANAGE_ORGANISATIONS,
        "teams:organisations",
        "Organisations",
        "building",
        "Groups, payer, institute and their teams.",
    ),
    (
        Permission.MANAGE_SITES,
        "teams:sites",
        "Practice sites",
        "site",
        "Add sites and move them between groups.",
    ),
    (Permission.MANAGE_COACHES, "teams:coaches", "Coaches", "star", "Who works with which group."),
    (
        Permission.MANAGE_PROGRAMME,
        "teams:programme_settings",
        "Programme settings",
        "settings",
        "Its name, its words and its rules.",
    ),
    (
        Permission.VIEW_AUDIT,
        "teams:audit",
        "Audit trail",
        "history",
        "Who did what, and what left the site as a file.",
    ),
)


def _run_links(scope: Scope) -> list[dict[str, str]]:
    return [
        {"url": reverse(name), "label": label, "icon": icon, "text": text}
        for permission, name, label, icon, text in _RUN_LINKS
        if scope.may(permission)
    ]


def _has_something(scope: Scope) -> bool:
    return bool(scope.permissions - {Permission.VIEW_HOME, Permission.VIEW_CALENDAR})


def _why_nothing() -> str:
    return "Your role opens no other page at present. An administrator can change roles."


def _tasks(scope: Scope, cards: list[Any], in_group: bool) -> list[pieces.Task]:
    latest = list(queries.list_latest_submissions(scope))
    waiting = list(queries.list_waiting_submissions(scope))
    known = {s.pk for s in waiting}
    tasks = pieces.submission_tasks([*waiting, *(s for s in latest if s.pk not in known)])
    if scope.may(Permission.PREPARE_REPORT_CARDS):
        open_cards = [c for c in cards if c.state in (CardState.REVIEWED, CardState.DRAFT)]
        tasks += pieces.card_tasks(sorted(open_cards, key=lambda c: c.state != CardState.REVIEWED))
    if in_group and not latest and scope.may(Permission.SUBMIT_DATA):
        tasks.append(
            pieces.Task(
                "Send your own data",
                "Your group has not sent a file of its own yet. The payer's data are used until then.",
                "Upload data",
                "measures:upload",
            )
        )
    return tasks


def _own_team(
    scope: Scope, team: Team, chosen: Selection | None, cards: list[Any]
) -> dict[str, Any]:
    card = next((c for c in cards if c.team_id == team.pk and c.state == CardState.PUBLISHED), None)
    context: dict[str, Any] = {
        "team": team,
        "card": card,
        "submission": queries.list_latest_submissions(scope).first(),
    }
    if chosen is None:
        return context
    results = queries.list_team_results(
        scope,
        team=team,
        source=chosen.source,
        periods=[chosen.period],
        stratum_set=chosen.stratum_set,
    )
    return context | {
        "figures": pieces.key_figures(results),
        "headline": headline(care_results(results)),
        "as_of": max((r.computed_at for r in results), default=None),
        "completeness": queries.list_completeness(
            scope, source=chosen.source, period=chosen.period, teams=[team]
        ),
    }


def _many_teams(
    scope: Scope, teams: list[Team], chosen: Selection | None, cards: list[Any]
) -> dict[str, Any]:
    published = {
        c.team_id: c for c in reversed(cards) if c.state == CardState.PUBLISHED and c.team_id
    }
    if chosen is None:
        rows = pieces.team_rows(teams, changes={}, gap_counts={}, completeness=[], cards=published)
        return {"rows": rows, "without_data": []}
    changes = queries.list_latest_changes(
        source_ids=[chosen.source.pk], period_ids=[chosen.period.pk]
    )
    rows = pieces.team_rows(
        teams,
        changes={
            team_id: change for (_, _, team_id), change in changes.items() if team_id is not None
        },
        gap_counts=queries.list_gap_counts(
            scope, source=chosen.source, period=chosen.period, stratum_set=chosen.stratum_set
        ),
        completeness=queries.list_completeness(
            scope, source=chosen.source, period=chosen.period, teams=teams
        ),
        cards=published,
    )
    return {
        "rows": rows,
        "without_data": list(
            queries.list_teams_without_results(scope, source=chosen.source, period=chosen.period)
        ),
    }
