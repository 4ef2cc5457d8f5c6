"""Reads of scripts and of staff training. Both belong to those who work with a team; no payer reads them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.db.models import Max, Q, QuerySet

from measures import queries as measures
from measures.enums import RealField
from pdsa.models import AskingScript, AskingText, ScriptUse, StaffTraining
from pdsa.queries.projects import list_writable_teams
from teams.models import Site, Team
from teams.permissions import Permission
from teams.queries import list_sites, list_teams
from teams.scoping import Scope


@dataclass(frozen=True)
class RoleTraining:
    """The latest training of one role at one site. trained: of `staff`, 0 once it is due."""

    training: StaffTraining
    trained: int
    staff: int
    is_due: bool


@dataclass(frozen=True)
class SiteAsking:
    """What is known of asking at one site.

    answered, asked: shares of the site's patients, 0–1, None without patients on file.
    """

    site: Site
    roles: tuple[RoleTraining, ...]
    uses: tuple[ScriptUse, ...]
    asked: float | None
    answered: float | None

    @property
    def staff(self) -> int:
        return sum(role.staff for role in self.roles)

    @property
    def trained(self) -> int:
        return sum(role.trained for role in self.roles)

    @property
    def due_on(self) -> date | None:
        """The next day on which a training has to be refreshed."""
        return min((role.training.due_on for role in self.roles), default=None)

    @property
    def is_due(self) -> bool:
        return any(role.is_due for role in self.roles)


@dataclass(frozen=True)
class TeamAsking:
    """A team's sites by name. period: of the shares; empty without data."""

    team: Team
    sites: tuple[SiteAsking, ...]
    period: str

    @property
    def staff(self) -> int:
        return sum(site.staff for site in self.sites)

    @property
    def trained(self) -> int:
        return sum(site.trained for site in self.sites)

    @property
    def sites_without_training(self) -> int:
        return sum(not site.roles for site in self.sites)

    @property
    def sites_due(self) -> int:
        return sum(site.is_due for site in self.sites)


def list_asking_teams(scope: Scope) -> list[Team]:
    """Teams whose training and scripts the reader may read: those worked with."""
    if not scope.may(Permission.VIEW_PROJECTS):
        return []
    return [team for team in list_teams(scope) if team.pk in scope.own_team_ids]


def get_asking_team(scope: Scope, code: str) -> Team:
    """Raises Team.DoesNotExist."""
    if not scope.may(Permission.VIEW_PROJECTS):
        raise Team.DoesNotExist
    return Team.objects.select_related("organisation").get(code=code, id__in=scope.own_team_ids)


def list_trainings(scope: Scope, team: Team) -> QuerySet[StaffTraining]:
    """The team's training log, latest first."""
    return _trainings(scope, [team])


def _trainings(scope: Scope, teams: Sequence[Team]) -> QuerySet[StaffTraining]:
    if not scope.may(Permission.VIEW_PROJECTS):
        return StaffTraining.objects.none()
    return StaffTraining.objects.filter(
        team__in=teams, team_id__in=scope.own_team_ids
    ).select_related("site", "text__script", "logged_by")


def get_writable_training(scope: Scope, training_id: int) -> StaffTraining:
    return StaffTraining.objects.select_related("team", "site").get(
        pk=training_id, team__in=list_writable_teams(scope)
    )


def list_sites_on(scope: Scope, team: Team, day: date) -> list[Site]:
    """Sites that belong to a team on a day, by name."""
    return [site for site in list_sites(scope, team.code) if team.pk in _team_ids_on(site, day)]


def _team_ids_on(site: Site, day: date) -> set[int]:
    """The teams to which a site of `list_sites` belongs on a day."""
    return {
        a.team_id
        for a in site.own_assignments  # type: ignore[attr-defined]
        if a.starts_on <= day and (a.ends_on is None or a.ends_on >= day)
    }


def read_asking(scope: Scope, teams: Sequence[Team], *, day: date) -> list[TeamAsking]:
    """Training, scripts and answers of every team by site; a constant number of queries.

    Raises Team.DoesNotExist for a team that the reader does not work with.
    """
    if not {team.pk for team in teams} <= scope.own_team_ids:
        raise Team.DoesNotExist
    roles: defaultdict[tuple[int, int], dict[str, RoleTraining]] = defaultdict(dict)
    for training in _trainings(scope, teams):
        is_due = training.due_on <= day
        roles[training.team_id, training.site_id].setdefault(
            training.role,
            RoleTraining(
                training=training,
                trained=0 if is_due else training.trained_count,
                staff=training.staff_count,
                is_due=is_due,
            ),
        )
    uses: defaultdict[tuple[int, int], list[ScriptUse]] = defaultdict(list)
    for use in _uses(teams):
        uses[use.team_id, use.site_id].append(use)
    shares, period = _shares(scope, teams)
    sites: defaultdict[int, list[SiteAsking]] = defaultdict(list)
    for site in list_sites(scope, teams[0].code if len(teams) == 1 else None):
        for team_id in _team_ids_on(site, day):
            key = team_id, site.pk
            asked, answered = shares.get(key, (None, None))
            sites[team_id].append(
                SiteAsking(
                    site=site,
                    roles=tuple(
                        sorted(roles[key].values(), key=lambda r: r.training.get_role_display())
                    ),
                    uses=tuple(uses[key]),
                    asked=asked,
                    answered=answered,
                )
            )
    return [TeamAsking(team=team, sites=tuple(sites[team.pk]), period=period) for team in teams]


def _shares(
    scope: Scope, teams: Sequence[Team]
) -> tuple[dict[tuple[int, int], tuple[float | None, float | None]], str]:
    """(team, site) → (asked, answered) of race in the latest period of the source that all groups share."""
    source = measures.get_default_source(scope)
    period = measures.get_period(source) if source else None
    if source is None or period is None:
        return {}, ""
    rows = measures.list_completeness(
        scope, source=source, period=period, teams=list(teams), by_site=True
    )
    return {
        (row.team.pk, row.site.pk): (row.asked_share, row.answered_share)
        for row in rows
        if row.site is not None and row.field == RealField.RACE
    }, period.label


def list_uses(team: Team) -> QuerySet[ScriptUse]:
    """Scripts in use at the team's sites."""
    return _uses([team])


def _uses(teams: Sequence[Team]) -> QuerySet[ScriptUse]:
    return (
        ScriptUse.objects.filter(team__in=teams, ends_on__isnull=True)
        .select_related("text__script", "site")
        .order_by("site__name", "text__script__position", "id")
    )


def get_writable_use(scope: Scope, use_id: int) -> ScriptUse:
    return ScriptUse.objects.select_related("team", "text__script", "site").get(
        pk=use_id, team__in=list_writable_teams(scope)
    )


def list_scripts(scope: Scope) -> QuerySet[AskingScript]:
    """The programme's current scripts, and those of the teams that the reader works with."""
    if not scope.may(Permission.VIEW_PROJECTS):
        return AskingScript.objects.none()
    return (
        AskingScript.objects.filter(Q(team=None) | Q(team_id__in=scope.own_team_ids))
        .filter(is_current=True)
        .select_related("team")
        .order_by("team__name", "position", "title", "id")
        .prefetch_related("texts")
    )


def get_script(scope: Scope, script_id: int) -> AskingScript:
    return list_scripts(scope).get(pk=script_id)


def get_writable_script(scope: Scope, script_id: int) -> AskingScript:
    """A group's own script; the programme's come from a reviewed file."""
    return list_scripts(scope).get(pk=script_id, team__in=list_writable_teams(scope))


def list_texts(scope: Scope) -> QuerySet[AskingText]:
    """Every version that the reader may use, newest first."""
    return (
        AskingText.objects.filter(script__in=list_scripts(scope).order_by().values("pk"))
        .select_related("script")
        .order_by("script__position", "script__title", "language", "-number")
    )


def newest_numbers(texts: Sequence[AskingText]) -> dict[tuple[int, str], int]:
    """(script, language) → number of its newest version."""
    rows = (
        AskingText.objects.filter(script__in={text.script_id for text in texts})
        .order_by()
        .values_list("script_id", "language")
        .annotate(newest=Max("number"))
    )
    return {(script, language): newest for script, language, newest in rows}


def list_uses_of(scope: Scope, script: AskingScript) -> QuerySet[ScriptUse]:
    """Sites of the reader's teams that ask with a script now."""
    return (
        ScriptUse.objects.filter(
            text__script=script, ends_on__isnull=True, team_id__in=scope.own_team_ids
        )
        .select_related("text", "site", "team")
        .order_by("team__name", "site__name")
    )


def list_due_trainings(*, before: date) -> list[StaffTraining]:
    """The latest trainings of every site and role that have to be refreshed before a day, of all teams."""
    latest: dict[tuple[int, int, str], StaffTraining] = {}
    for training in StaffTraining.objects.select_related("team", "site").order_by(
        "trained_on", "id"
    ):
        latest[training.team_id, training.site_id, training.role] = training
    return [training for training in latest.values() if training.due_on < before]
