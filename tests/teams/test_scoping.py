"""Which teams exist for whom, and with whose eyes they are seen."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser

from teams.enums import Audience, Role
from teams.models import Team, User
from teams.permissions import ROLE_PERMISSIONS, Permission
from teams.queries import get_team, list_teams
from teams.scoping import NOBODY, Scope, administered_team_ids, managed_organisation_ids, scope_of
from tests.factories.people import add_role, make_coach_assignment, make_team, make_user

pytestmark = pytest.mark.django_db

TODAY = date(2026, 6, 15)
DAY = timedelta(days=1)


def scope(user: User, on: date = TODAY) -> Scope:
    """The scope of a fresh object: memberships are read once per object."""
    return scope_of(User.objects.get(pk=user.pk), on=on)


@pytest.mark.parametrize("role", [Role.GROUP_MEMBER, Role.GROUP_LEAD, Role.SENIOR_SPONSOR])
def test_group_role_sees_own_team_only_as_own(role: Role) -> None:
    mine, other = make_team(), make_team()
    seen = scope(make_user(role, team=mine))
    assert seen.team_ids == (mine.pk,)
    assert seen.audience(mine.pk) == Audience.OWN
    assert seen.audience(other.pk) == Audience.OTHERS
    assert seen.organisation_ids == (mine.organisation_id,)


def test_coach_sees_assigned_teams_on_the_days_of_the_assignment_only() -> None:
    team, other = make_team(), make_team()
    coach = make_user(Role.COACH)
    make_coach_assignment(coach, team, starts_on=TODAY, ends_on=TODAY + 9 * DAY)
    make_coach_assignment(coach, other, starts_on=TODAY + 10 * DAY)
    assert scope(coach, TODAY - DAY).team_ids == ()
    assert scope(coach, TODAY).team_ids == (team.pk,)
    assert scope(coach, TODAY).audience(team.pk) == Audience.OWN
    assert scope(coach, TODAY + 9 * DAY).team_ids == (team.pk,)
    assert scope(coach, TODAY + 10 * DAY).team_ids == (other.pk,)


def test_assignment_without_the_coachs_role_shows_nothing() -> None:
    coach = make_user(Role.COACH, team=make_team(), ends_on=TODAY - DAY)
    make_coach_assignment(coach, make_team())
    assert scope(coach) == NOBODY.__class__(coach.pk, (), frozenset(), (), frozenset(), frozenset())


def test_director_sees_every_team_as_own() -> None:
    teams = [make_team(), make_team()]
    seen = scope(make_user(Role.PROGRAMME_DIRECTOR))
    assert seen.team_ids == tuple(sorted(t.pk for t in teams))
    assert {seen.audience(t.pk) for t in teams} == {Audience.OWN}


def test_analyst_sees_every_team_with_the_eyes_of_others() -> None:
    teams = [make_team(), make_team()]
    seen = scope(make_user(Role.PAYER_ANALYST))
    assert seen.team_ids == tuple(sorted(t.pk for t in teams))
    assert seen.own_team_ids == frozenset()
    assert {seen.audience(t.pk) for t in teams} == {Audience.OTHERS}


@pytest.mark.parametrize("role", [Role.PAYER_FINANCE, Role.EVALUATOR, Role.ADMINISTRATOR])
def test_role_without_named_results_sees_no_team(role: Role) -> None:
    make_team()
    seen = scope(make_user(role))
    assert seen.team_ids == ()
    assert not seen.may(Permission.VIEW_TEAM_RESULTS)


def test_two_roles_add_up_and_keep_their_own_eyes() -> None:
    mine, other = make_team(), make_team()
    user = make_user(Role.PAYER_ANALYST)
    add_role(user, Role.COACH, team=mine)
    seen = scope(user)
    assert seen.team_ids == tuple(sorted([mine.pk, other.pk]))
    assert (seen.audience(mine.pk), seen.audience(other.pk)) == (Audience.OWN, Audience.OTHERS)
    assert seen.permissions == ROLE_PERMISSIONS[Role.PAYER_ANALYST] | ROLE_PERMISSIONS[Role.COACH]


def test_role_holds_from_first_to_last_day_both_included() -> None:
    team = make_team()
    user = make_user(Role.GROUP_MEMBER, team=team, starts_on=TODAY, ends_on=TODAY + DAY)
    add_role(user, Role.GROUP_LEAD, team=team, starts_on=TODAY + 2 * DAY)
    assert scope(user, TODAY - DAY).roles == frozenset()
    assert scope(user, TODAY).roles == {Role.GROUP_MEMBER}
    assert scope(user, TODAY + DAY).roles == {Role.GROUP_MEMBER}
    assert scope(user, TODAY + 2 * DAY).roles == {Role.GROUP_LEAD}


def test_nobody_without_sign_in_without_membership_or_with_closed_account() -> None:
    make_team()
    assert scope_of(AnonymousUser(), on=TODAY) is NOBODY
    assert scope(make_user(Role.PROGRAMME_DIRECTOR, is_active=False)) is NOBODY
    assert scope(make_user()).permissions == frozenset()
    assert list(list_teams(NOBODY)) == []


def test_another_teams_code_does_not_exist() -> None:
    mine, other = make_team(), make_team()
    seen = scope(make_user(Role.GROUP_LEAD, team=mine))
    assert get_team(seen, mine.code) == mine
    with pytest.raises(Team.DoesNotExist):
        get_team(seen, other.code)


def test_lead_manages_the_group_that_they_lead_and_no_other_of_theirs() -> None:
    led, joined = make_team(), make_team()
    user = make_user(Role.GROUP_LEAD, team=led)
    add_role(user, Role.GROUP_MEMBER, team=joined)
    managed = managed_organisation_ids(scope(user)).values_list("id", flat=True)
    assert list(managed) == [led.organisation_id]
    assert not administered_team_ids(scope(user)).exists()


@pytest.mark.parametrize("role", [Role.PROGRAMME_DIRECTOR, Role.ADMINISTRATOR])
def test_who_runs_the_programme_manages_every_organisation(role: Role) -> None:
    teams = [make_team(), make_team()]
    seen = scope(make_user(role))
    managed = set(managed_organisation_ids(seen).values_list("id", flat=True))
    assert managed >= {t.organisation_id for t in teams}
    assert administered_team_ids(seen).count() == 2


@pytest.mark.parametrize("role", list(Role))
def test_scope_takes_at_most_three_queries(role: Role, django_assert_max_num_queries: Any) -> None:
    for _ in range(3):
        make_team()
    user = User.objects.get(pk=make_user(role, team=make_team()).pk)
    with django_assert_max_num_queries(3):
        scope_of(user, on=TODAY)


def test_staff_writes_for_the_own_group_only_sponsors_and_coaches_for_none() -> None:
    mine, sponsored, coached = make_team(), make_team(), make_team()
    user = make_user(Role.GROUP_MEMBER, team=mine)
    add_role(user, Role.SENIOR_SPONSOR, team=sponsored)
    add_role(user, Role.COACH, team=coached)
    seen = scope(user)
    assert seen.own_team_ids == {mine.pk, sponsored.pk, coached.pk}
    assert seen.staff_team_ids == {mine.pk}
