"""The sections that a reader's role can open, and the teams to switch between: what the top bar shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from teams.enums import Role
from teams.permissions import Permission
from teams.queries import list_teams
from teams.scoping import Scope


@dataclass(frozen=True)
class Section:
    """One entry: shown to whoever holds the permission. `names` are the address names that it covers.

    unless: whoever holds this permission has another entry for the same.
    """

    label: str
    icon: str
    permission: Permission
    address: str
    names: tuple[str, ...] = ()
    unless: Permission | None = None


#: The page that a team is shown on when the present page is nobody's.
TEAM_PAGE = "reports:team_dashboard"

#: In the order of the top bar.
SECTIONS = (
    Section("Home", "home", Permission.VIEW_HOME, "reports:home"),
    Section(
        "Overview", "overview", Permission.VIEW_OVERVIEW, "reports:overview", ("reports:overview",)
    ),
    Section(
        "Equity dashboard",
        "gap",
        Permission.VIEW_TEAM_RESULTS,
        "reports:dashboard",
        ("reports:team",),
    ),
    Section(
        "Projects",
        "flag",
        Permission.VIEW_PROJECTS,
        "pdsa:projects",
        ("pdsa:project", "pdsa:ramps", "pdsa:new_", "pdsa:edit_", "aims:"),
    ),
    Section(
        "Tests",
        "refresh",
        Permission.VIEW_PROJECTS,
        "pdsa:tests",
        ("pdsa:cycle", "pdsa:log", "pdsa:finish", "pdsa:shared_tests", "pdsa:history", "pdsa:copy"),
    ),
    Section("Outreach", "people", Permission.VIEW_OUTREACH, "pdsa:outreach", ("pdsa:outreach",)),
    Section(
        "Learning",
        "peers",
        Permission.VIEW_CALENDAR,
        "learning:calendar",
        ("learning:", "harvest:"),
    ),
    Section(
        "Evaluation",
        "table",
        Permission.VIEW_EVALUATION,
        "evaluation:overview",
        ("evaluation:",),
    ),
    Section("Grants", "star", Permission.VIEW_GRANTS, "grants:home", ("grants:",)),
    Section(
        "Grant totals",
        "star",
        Permission.VIEW_GRANT_TOTALS,
        "grants:portfolio",
        unless=Permission.VIEW_GRANTS,
    ),
    Section(
        "Report cards", "card", Permission.VIEW_REPORT_CARDS, "reports:cards", ("reports:card",)
    ),
    Section("Data", "upload", Permission.VIEW_SUBMISSIONS, "measures:submissions", ("measures:",)),
)
#: In the menu of the person, above password and sign-out.
PERSONAL_SECTIONS = (
    Section("Your account", "person", Permission.VIEW_HOME, "teams:profile"),
    Section("Change package", "file", Permission.VIEW_SHARED_TESTS, "harvest:package"),
    Section("What was tried", "search", Permission.VIEW_SHARED_TESTS, "harvest:search"),
    Section("Change ideas", "spark", Permission.VIEW_SHARED_TESTS, "aims:library"),
    Section("Asking: training and scripts", "people", Permission.VIEW_PROJECTS, "asking:home"),
    Section("Notifications", "bell", Permission.VIEW_HOME, "teams:notifications"),
    Section("People", "people", Permission.MANAGE_PEOPLE, "teams:people"),
    Section("Definitions", "info", Permission.VIEW_HOME, "definitions:definitions"),
    Section("Surveys", "help", Permission.MANAGE_SURVEYS, "evaluation:surveys"),
    Section("Texts for evaluation", "file", Permission.WRITE_REPORTS, "evaluation:released"),
    Section("API tokens", "code", Permission.USE_API, "teams:tokens"),
    Section("Organisations", "building", Permission.MANAGE_ORGANISATIONS, "teams:organisations"),
    Section("Practice sites", "site", Permission.MANAGE_SITES, "teams:sites"),
    Section("Assignments", "star", Permission.MANAGE_COACHES, "teams:coaches"),
    Section(
        "Programme settings", "settings", Permission.MANAGE_PROGRAMME, "teams:programme_settings"
    ),
    Section("Reported posts", "flag", Permission.MODERATE_POSTS, "teams:held_posts"),
    Section("E-mail not sent", "mail", Permission.MANAGE_MAIL, "teams:unsent_messages"),
    Section("Audit trail", "history", Permission.VIEW_AUDIT, "teams:audit"),
)


def list_sections(
    sections: tuple[Section, ...], scope: Scope, current: str
) -> list[dict[str, Any]]:
    """Entries {label, url, icon, active} that the scope may open; `current` is the page's address name."""
    entries = []
    for section in sections:
        if not scope.may(section.permission) or (section.unless and scope.may(section.unless)):
            continue
        active = current == section.address or any(current.startswith(n) for n in section.names)
        entries.append(
            {
                "label": section.label,
                "url": reverse(section.address),
                "icon": section.icon,
                "active": active,
            }
        )
    return entries


def list_team_menu(request: HttpRequest, scope: Scope) -> list[dict[str, Any]]:
    """The teams in scope as {name, url, active}: the same page for each where this page is one team's,
    else the team's dashboard. Empty with fewer than two teams: there is nothing to switch."""
    if len(scope.team_ids) < 2 or not scope.may(Permission.VIEW_TEAM_RESULTS):
        return []
    match = request.resolver_match
    page, kwargs = TEAM_PAGE, {}
    if match is not None and "code" in match.kwargs and match.view_name.startswith("reports:team"):
        page, kwargs = match.view_name, match.kwargs
    return [
        {
            "name": team.name,
            "url": reverse(page, kwargs={**kwargs, "code": team.code}),
            "active": kwargs.get("code") == team.code,
        }
        for team in list_teams(scope)
    ]


def role_label(scope: Scope) -> str:
    """The roles of the reader in words: "Coach, Administrator"."""
    return ", ".join(str(role.label) for role in Role if role in scope.roles)
