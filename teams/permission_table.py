"""The page docs/permissions.md, written from the table in `teams.permissions`."""

from __future__ import annotations

from teams.enums import ROLES_OF_KIND, OrganisationKind, Role
from teams.permissions import ROLE_PERMISSIONS, Permission
from teams.scoping import CROSS_TEAM, GROUP_ROLES, RUNS_THE_PROGRAMME


def _sees(role: Role) -> str:
    if role in GROUP_ROLES:
        return "the own group, with its small numbers"
    if role == Role.COACH:
        return "assigned groups, on the days of the assignment, with their small numbers"
    if role in CROSS_TEAM:
        own = CROSS_TEAM[role] == "own"
        return "every group, " + ("with small numbers" if own else "privacy-protected")
    return "no group by name"


def permissions_page() -> str:
    """Markdown: what each role may do, what it sees, and what each permission means."""
    lines = [
        "# Roles and permissions",
        "",
        "Written by `manage.py write_docs` from `teams/permissions.py` and `teams/scoping.py`; do not edit by hand.",
        "",
        "Three questions are asked, each denying by default: which rows exist for a person (scope), whether the",
        "role may do this at all (permission), and whether the object's state allows it (policy). An object out",
        "of scope answers as if it did not exist.",
        "",
        "## What each role may do",
        "",
        "| permission | " + " | ".join(str(role.label) for role in Role) + " |",
        "|---|" + "---|" * len(Role),
    ]
    for permission in Permission:
        marks = ["yes" if permission in ROLE_PERMISSIONS[role] else "" for role in Role]
        lines.append(f"| {permission.meaning} | " + " | ".join(marks) + " |")
    lines += [
        "",
        "## Whose results each role sees",
        "",
        "| role | in an organisation of kind | results of | people, groups and sites |",
        "|---|---|---|---|",
    ]
    for role in Role:
        kinds = ", ".join(
            str(kind.label) for kind in OrganisationKind if role in ROLES_OF_KIND[kind]
        )
        if role in RUNS_THE_PROGRAMME:
            manages = "looks after all of them"
        elif Permission.MANAGE_PEOPLE in ROLE_PERMISSIONS[role]:
            manages = "looks after the people of the own group"
        else:
            manages = ""
        lines.append(f"| {role.label} | {kinds} | {_sees(role)} | {manages} |")
    lines += [
        "",
        "## Names in code",
        "",
        "| permission | name |",
        "|---|---|",
        *(f"| {permission.meaning} | `{permission.value}` |" for permission in Permission),
        "",
    ]
    return "\n".join(lines)
