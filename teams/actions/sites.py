"""Writes about practice sites and about who coaches which team."""

from __future__ import annotations

from datetime import date, timedelta

from django.db import transaction

from teams.actions.audit import record_event
from teams.enums import Role
from teams.errors import StateRefused
from teams.models import CoachAssignment, Membership, Site, SiteAssignment, Team, User, holds_on
from teams.permissions import Permission, check_permission
from teams.policies import check_can_hand_over, check_can_move_site, check_last_day
from teams.scoping import scope_of

_ONE_DAY = timedelta(days=1)


@transaction.atomic
def add_site(
    *, code: str, name: str, zip_code: str, team: Team, starts_on: date, by: User, as_of: date
) -> Site:
    """A new practice site that belongs to a team from a day on. zip_code: five digits or empty."""
    check_permission(scope_of(by, on=as_of), Permission.MANAGE_SITES)
    site = Site.objects.create(code=code.strip(), name=name.strip(), zip_code=zip_code)
    SiteAssignment.objects.create(site=site, team=team, starts_on=starts_on)
    record_event(
        act="add_site",
        target=site,
        by=by,
        team=team,
        details={
            "after": {
                "code": site.code,
                "name": site.name,
                "zip_code": zip_code,
                "team": team.code,
                "starts_on": starts_on.isoformat(),
            }
        },
    )
    return site


@transaction.atomic
def change_site(*, site: Site, name: str, zip_code: str, by: User, as_of: date) -> Site:
    """The code stays: earlier files carry it."""
    check_permission(scope_of(by, on=as_of), Permission.MANAGE_SITES)
    site = Site.objects.select_for_update().get(pk=site.pk)
    before = {"name": site.name, "zip_code": site.zip_code}
    site.name, site.zip_code = name.strip(), zip_code
    site.save(update_fields=["name", "zip_code"])
    record_event(
        act="change_site",
        target=site,
        by=by,
        details={"before": before, "after": {"name": site.name, "zip_code": zip_code}},
    )
    return site


@transaction.atomic
def move_site(
    *, site: Site, team: Team | None, starts_on: date, by: User, as_of: date
) -> SiteAssignment | None:
    """Let a site belong to another team from a day on, or to none (it closed or left the programme).

    Effects: the stretch before ends the day before; both stay on record; one audit event for each team.
    Raises StateRefused when the day is not after the beginning of the last stretch.
    """
    check_permission(scope_of(by, on=as_of), Permission.MANAGE_SITES)
    site = Site.objects.select_for_update().get(pk=site.pk)
    latest = site.assignments.select_related("team").order_by("-starts_on").first()
    check_can_move_site(latest, starts_on)
    stays = latest is not None and (latest.ends_on is None or latest.ends_on >= starts_on)
    if stays and latest is not None and team is not None and latest.team_id == team.pk:
        raise StateRefused(f"The site belongs to {team} already.")
    if not stays and team is None:
        raise StateRefused("The site belongs to no group on that day already.")
    details = {
        "before": {"team": latest.team.code} if stays and latest else {"team": None},
        "after": {"team": team and team.code, "starts_on": starts_on.isoformat()},
    }
    if stays and latest is not None:
        latest.ends_on = starts_on - _ONE_DAY
        latest.save(update_fields=["ends_on"])
        record_event(act="move_site", target=site, by=by, team=latest.team, details=details)
    if team is None:
        return None
    record_event(act="move_site", target=site, by=by, team=team, details=details)
    return SiteAssignment.objects.create(site=site, team=team, starts_on=starts_on)


def _check_is_coach(person: User, on: date) -> None:
    if not Membership.objects.filter(holds_on(on), user=person, role=Role.COACH).exists():
        raise StateRefused(f"{person} does not hold the coach's role on {on:%-d %b %Y}.")


def _check_free(person: User, team: Team, starts_on: date) -> None:
    if (
        CoachAssignment.objects.filter(user=person, team=team)
        .exclude(ends_on__lt=starts_on)
        .exists()
    ):
        raise StateRefused(f"{person} works with {team} already on that day or later.")


@transaction.atomic
def assign_coach(
    *, coach: User, team: Team, starts_on: date, by: User, as_of: date
) -> CoachAssignment:
    """Let a coach work with a team from a day on. A team can have more than one coach."""
    check_permission(scope_of(by, on=as_of), Permission.MANAGE_COACHES)
    _check_is_coach(coach, starts_on)
    _check_free(coach, team, starts_on)
    assignment = CoachAssignment.objects.create(user=coach, team=team, starts_on=starts_on)
    record_event(
        act="assign_coach",
        target=assignment,
        by=by,
        team=team,
        details={"after": {"coach": coach.email, "starts_on": starts_on.isoformat()}},
    )
    return assignment


@transaction.atomic
def end_coach_assignment(
    *, assignment: CoachAssignment, ends_on: date, by: User, as_of: date
) -> CoachAssignment:
    """The last day is included; from the next one the coach does not see the team."""
    check_permission(scope_of(by, on=as_of), Permission.MANAGE_COACHES)
    check_last_day("This assignment", assignment.starts_on, ends_on)
    before = assignment.ends_on
    assignment.ends_on = ends_on
    assignment.save(update_fields=["ends_on"])
    record_event(
        act="end_coach_assignment",
        target=assignment,
        by=by,
        team=assignment.team,
        details={
            "coach": assignment.user.email,
            "before": {"ends_on": before and before.isoformat()},
            "after": {"ends_on": ends_on.isoformat()},
        },
    )
    return assignment


@transaction.atomic
def hand_over_team(
    *, assignment: CoachAssignment, to: User, starts_on: date, by: User, as_of: date
) -> CoachAssignment:
    """One coach's last day is the day before the other's first."""
    assignment = (
        CoachAssignment.objects.select_for_update(of=["self"])
        .select_related("user", "team")
        .get(pk=assignment.pk)
    )
    if to.pk == assignment.user_id:
        raise StateRefused(f"{to} works with {assignment.team} already. Choose another person.")
    check_can_hand_over(assignment, starts_on)
    end_coach_assignment(assignment=assignment, ends_on=starts_on - _ONE_DAY, by=by, as_of=as_of)
    return assign_coach(coach=to, team=assignment.team, starts_on=starts_on, by=by, as_of=as_of)
