"""Who is who: pseudonyms of teams, and the names that a text for evaluators must not hold."""

from __future__ import annotations

from django.db.models import QuerySet

from learning.deidentify import KnownName, NameFinder, name_finder, short_name
from learning.models import Pseudonym
from teams.enums import OrganisationKind
from teams.models import Organisation, Site, Team, User
from teams.permissions import Permission, check_permission
from teams.scoping import Scope


def list_pseudonyms(scope: Scope) -> dict[int, str]:
    """Team id → pseudonym, in the order of the pseudonyms, which is random; guarded by VIEW_EVALUATION."""
    check_permission(scope, Permission.VIEW_EVALUATION)
    return dict(Pseudonym.objects.order_by("code").values_list("team_id", "code"))


def list_teams_without_pseudonym() -> QuerySet[Team]:
    """In any order: whoever draws pseudonyms shuffles them."""
    return Team.objects.filter(pseudonym=None)


def known_names() -> list[KnownName]:
    """Every name of a group, a site, a place in a site's name, and a person with an account."""
    groups = Organisation.objects.filter(kind=OrganisationKind.PROVIDER_GROUP)
    names = [KnownName("group", name) for name in groups.values_list("name", flat=True)]
    teams = list(Team.objects.values_list("name", "code"))
    names += [KnownName("group", text) for pair in teams for text in pair]
    starts = {short_name(name) for name, _ in teams} - {""}
    for name, code in Site.objects.values_list("name", "code"):
        names += [KnownName("site", name), KnownName("site", code)]
        for start in starts:
            if name.startswith(start + " "):
                names.append(KnownName("place", name.removeprefix(start).strip()))
    names += [KnownName("person", name) for name in User.objects.values_list("name", flat=True)]
    return names


def get_name_finder() -> NameFinder:
    """Finds whatever names the programme knows; three queries."""
    return name_finder(known_names())
