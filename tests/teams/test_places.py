"""Organisations, teams, sites, who coaches whom, and the programme's settings."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

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
from teams.enums import OrganisationKind, Role
from teams.errors import NotAllowed, StateRefused
from teams.models import AuditEvent, Organisation, Site, Team, User
from teams.queries import get_programme, list_sites
from teams.scoping import scope_of
from tests.factories.people import (
    make_coach_assignment,
    make_organisation,
    make_site,
    make_team,
    make_user,
    signed_in,
)

pytestmark = pytest.mark.django_db

TODAY = date(2026, 6, 15)
DAY = timedelta(days=1)


@pytest.fixture
def director() -> User:
    return make_user(Role.PROGRAMME_DIRECTOR)


# --- organisations -----------------------------------------------------------------------------------------


def test_provider_group_comes_with_its_team(director: User) -> None:
    organisation = add_organisation(
        name="Harbor Health",
        kind=OrganisationKind.PROVIDER_GROUP,
        team_code="HARBOR",
        by=director,
        as_of=TODAY,
    )
    assert organisation.teams.get().code == "HARBOR"
    assert set(AuditEvent.objects.values_list("act", flat=True)) == {"add_organisation", "add_team"}


@pytest.mark.parametrize(
    ("kind", "code"), [(OrganisationKind.PROVIDER_GROUP, ""), (OrganisationKind.PAYER, "P")]
)
def test_code_is_for_provider_groups_only(director: User, kind: str, code: str) -> None:
    with pytest.raises(StateRefused, match="code"):
        add_organisation(name="X", kind=kind, team_code=code, by=director, as_of=TODAY)
    assert not Organisation.objects.filter(name="X").exists()


def test_only_a_provider_group_has_teams(director: User) -> None:
    with pytest.raises(StateRefused, match="not a provider group"):
        add_team(
            organisation=make_organisation(OrganisationKind.PAYER),
            code="T",
            name="T",
            by=director,
            as_of=TODAY,
        )


def test_renaming_keeps_before_and_after(director: User) -> None:
    team = make_team(name="Old")
    rename_team(team=team, name="New", by=director, as_of=TODAY)
    rename_organisation(organisation=team.organisation, name="Newer", by=director, as_of=TODAY)
    assert AuditEvent.objects.get(act="rename_team").details == {
        "before": {"name": "Old"},
        "after": {"name": "New"},
    }
    assert AuditEvent.objects.get(act="rename_organisation").details["before"] == {"name": "Old"}


@pytest.mark.parametrize(
    "role", [r for r in Role if r not in (Role.PROGRAMME_DIRECTOR, Role.ADMINISTRATOR)]
)
def test_other_roles_arrange_nothing(role: Role) -> None:
    team = make_team()
    user = make_user(role, team=team)
    site = make_site(team=team)
    for attempt in (
        lambda: add_organisation(name="X", kind="payer", team_code="", by=user, as_of=TODAY),
        lambda: rename_organisation(organisation=team.organisation, name="X", by=user, as_of=TODAY),
        lambda: add_team(organisation=team.organisation, code="X", name="X", by=user, as_of=TODAY),
        lambda: rename_team(team=team, name="X", by=user, as_of=TODAY),
        lambda: change_programme(values={"name": "X"}, by=user, as_of=TODAY),
        lambda: add_site(
            code="X", name="X", zip_code="", team=team, starts_on=TODAY, by=user, as_of=TODAY
        ),
        lambda: change_site(site=site, name="X", zip_code="", by=user, as_of=TODAY),
        lambda: move_site(site=site, team=None, starts_on=TODAY, by=user, as_of=TODAY),
        lambda: assign_coach(coach=user, team=team, starts_on=TODAY, by=user, as_of=TODAY),
    ):
        with pytest.raises(NotAllowed):
            attempt()
    assert not AuditEvent.objects.exists()


def test_organisation_pages(director: User) -> None:
    client = signed_in(director)
    response = client.post(
        "/organisations/add/", {"name": "Kept", "kind": "provider_group", "team_code": ""}
    )
    assert response.status_code == 422
    assert 'value="Kept"' in response.content.decode()
    assert "needs the code" in response.content.decode()
    client.post(
        "/organisations/add/", {"name": "Harbor", "kind": "provider_group", "team_code": "HH"}
    )
    organisation = Organisation.objects.get(name="Harbor")
    assert "HH" in client.get("/organisations/").content.decode()
    taken = client.post(
        "/organisations/add/", {"name": "Harbor", "kind": "provider_group", "team_code": "HH"}
    ).content.decode()
    assert "of this name already" in taken
    assert "Another group has this code" in taken
    client.post(f"/organisations/{organisation.pk}/", {"name": "Harbor Two"})
    client.post(f"/organisations/{organisation.pk}/teams/add/", {"name": "Second", "code": "H2"})
    team = Team.objects.get(code="H2")
    client.post(f"/organisations/teams/{team.pk}/", {"name": "Second renamed"})
    page = client.get(f"/organisations/{organisation.pk}/").content.decode()
    assert "Harbor Two" in page
    assert "Second renamed" in page


# --- sites -------------------------------------------------------------------------------------------------


def test_site_moves_with_dates_and_both_stretches_stay(director: User) -> None:
    first, second = make_team(), make_team()
    site = make_site(team=first, starts_on=date(2024, 1, 1))
    move_site(site=site, team=second, starts_on=TODAY, by=director, as_of=TODAY)
    stretches = list(site.assignments.values_list("team_id", "starts_on", "ends_on"))
    assert stretches == [
        (first.pk, date(2024, 1, 1), TODAY - DAY),
        (second.pk, TODAY, None),
    ]
    # Each group finds the move on its own trail.
    events = AuditEvent.objects.filter(act="move_site")
    assert set(events.values_list("team_id", flat=True)) == {first.pk, second.pk}


def test_each_team_sees_its_own_stretch_of_a_moved_site_only(director: User) -> None:
    first, second = make_team(), make_team()
    site = make_site(team=first)
    move_site(site=site, team=second, starts_on=TODAY, by=director, as_of=TODAY)
    member = make_user(Role.GROUP_MEMBER, team=first)
    [seen] = list_sites(scope_of(member, on=TODAY))
    assert [stretch.team for stretch in seen.own_assignments] == [first]


def test_site_leaves_and_comes_back(director: User) -> None:
    team = make_team()
    site = make_site(team=team, starts_on=date(2024, 1, 1))
    move_site(site=site, team=None, starts_on=TODAY, by=director, as_of=TODAY)
    assert site.assignments.get().ends_on == TODAY - DAY
    with pytest.raises(StateRefused, match="no group on that day"):
        move_site(site=site, team=None, starts_on=TODAY + DAY, by=director, as_of=TODAY)
    move_site(site=site, team=team, starts_on=TODAY + 30 * DAY, by=director, as_of=TODAY)
    assert site.assignments.count() == 2


@pytest.mark.parametrize(
    ("days", "same_team", "words"),
    [(0, False, "later day only"), (-5, False, "later day only"), (5, True, "already")],
)
def test_move_refused(director: User, days: int, same_team: bool, words: str) -> None:
    team = make_team()
    site = make_site(team=team, starts_on=TODAY)
    with pytest.raises(StateRefused, match=words):
        move_site(
            site=site,
            team=team if same_team else make_team(),
            starts_on=TODAY + days * DAY,
            by=director,
            as_of=TODAY,
        )
    assert site.assignments.get().ends_on is None


def test_site_pages(director: User) -> None:
    client = signed_in(director)
    team, other = make_team(name="Harbor Health"), make_team(name="Valley Care")
    fields = {"name": "Main Street", "code": "MS1", "team": team.pk, "starts_on": "2025-01-01"}
    refused = client.post("/sites/add/", {**fields, "zip_code": "123"})
    assert refused.status_code == 422
    assert "five digits" in refused.content.decode()
    assert 'value="Main Street"' in refused.content.decode()
    client.post("/sites/add/", {**fields, "zip_code": "02118"})
    site = Site.objects.get(code="MS1")
    path = f"/sites/{site.pk}/"
    client.post(path, {"name": "Main Street Clinic", "zip_code": "02119"})
    assert client.post(f"{path}move/", {"team": other.pk, "starts_on": "x"}).status_code == 422
    early = client.post(f"{path}move/", {"team": other.pk, "starts_on": "2024-01-01"})
    assert "later day only" in early.content.decode()
    client.post(f"{path}move/", {"team": other.pk, "starts_on": "2025-07-01"})
    page = client.get(path).content.decode()
    assert "Main Street Clinic" in page
    assert "30 Jun 2025" in page
    assert "Valley Care" in page
    assert "Main Street Clinic" not in client.get(f"/sites/?team={team.pk}").content.decode()
    assert "Main Street Clinic" in client.get(f"/sites/?team={other.pk}").content.decode()


# --- coaches -----------------------------------------------------------------------------------------------


def test_hand_over_leaves_no_gap_and_no_overlap(director: User) -> None:
    team = make_team()
    leaving, coming = make_user(Role.COACH), make_user(Role.COACH)
    assignment = make_coach_assignment(leaving, team)
    hand_over_team(assignment=assignment, to=coming, starts_on=TODAY, by=director, as_of=TODAY)

    def sees(person: User, day: date) -> bool:
        return bool(scope_of(User.objects.get(pk=person.pk), on=day).team_ids)

    assert (sees(leaving, TODAY - DAY), sees(coming, TODAY - DAY)) == (True, False)
    assert (sees(leaving, TODAY), sees(coming, TODAY)) == (False, True)
    acts = AuditEvent.objects.filter(team=team).values_list("act", flat=True)
    assert set(acts) == {"end_coach_assignment", "assign_coach"}


def test_only_a_coach_is_assigned(director: User) -> None:
    with pytest.raises(StateRefused, match="does not hold"):
        assign_coach(
            coach=make_user(Role.COACH, ends_on=TODAY - DAY),
            team=make_team(),
            starts_on=TODAY,
            by=director,
            as_of=TODAY,
        )


def test_coach_is_not_assigned_twice(director: User) -> None:
    team = make_team()
    coach = make_user(Role.COACH, team=team)
    with pytest.raises(StateRefused, match="already"):
        assign_coach(coach=coach, team=team, starts_on=TODAY, by=director, as_of=TODAY)


def test_failed_hand_over_leaves_the_first_coach_in_place(director: User) -> None:
    team = make_team()
    assignment = make_coach_assignment(make_user(Role.COACH), team)
    with pytest.raises(StateRefused):
        hand_over_team(
            assignment=assignment, to=make_user(), starts_on=TODAY, by=director, as_of=TODAY
        )
    assignment.refresh_from_db()
    assert assignment.ends_on is None
    assert not AuditEvent.objects.exists()


def test_assignment_does_not_end_before_it_began(director: User) -> None:
    assignment = make_coach_assignment(make_user(Role.COACH), make_team(), starts_on=TODAY)
    with pytest.raises(StateRefused, match="began on"):
        end_coach_assignment(assignment=assignment, ends_on=TODAY - DAY, by=director, as_of=TODAY)


def test_coach_pages_speak_the_programmes_words(director: User) -> None:
    change_programme(
        values={"coach_word": "facilitator", "team_word": "clinic"}, by=director, as_of=TODAY
    )
    team = make_team(name="Harbor Health")
    client = signed_in(director)
    page = client.get("/coaches/").content.decode()
    assert "Facilitator assignments" in page
    assert "Nobody" in page
    coach, next_coach = make_user(Role.COACH, name="Cora"), make_user(Role.COACH, name="Nell")
    client.post("/coaches/assign/", {"team": team.pk, "coach": coach.pk, "starts_on": "2025-01-01"})
    assignment = team.coach_assignments.get()
    client.post(
        f"/coaches/{assignment.pk}/hand-over/", {"to": next_coach.pk, "starts_on": "2025-03-01"}
    )
    page = client.get("/coaches/").content.decode()
    assert "Cora, 1 Jan 2025 to 28 Feb 2025" in page
    assert "Nell" in page
    assert "Facilitator" in client.get("/people/").content.decode()
    assert ">Coach<" not in client.get("/people/invite/").content.decode()


# --- the programme -----------------------------------------------------------------------------------------


def test_settings_are_saved_and_only_what_changed_is_recorded(director: User) -> None:
    get_programme()
    client = signed_in(director)
    fields = {
        "name": "Equity Together",
        "payer_name": "The payer",
        "institute_name": "The improvement institute",
        "team_word": "team",
        "coach_word": "coach",
        "starts_on": "2026-01-01",
        "ends_on": "",
        "rejected_share_percent": "8",
        "second_reference": "best",
        "simulation_seed": "20250101",
    }
    assert client.post("/programme/settings/", fields).status_code == 302
    assert get_programme().name == "Equity Together"
    assert AuditEvent.objects.get(act="change_programme").details == {
        "before": {
            "name": "Equity Action Community",
            "starts_on": None,
            "rejected_share_percent": 5,
            "second_reference": "",
        },
        "after": {
            "name": "Equity Together",
            "starts_on": "2026-01-01",
            "rejected_share_percent": 8,
            "second_reference": "best",
        },
    }
    assert "Equity Together" in client.get("/people/").content.decode()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"rejected_share_percent": "101"}, "0 to 100 percent"),
        ({"second_reference": "worst"}, "worst is not one of"),
        ({"simulation_seed": "-1"}, "greater than or equal to 0"),
        ({"ends_on": "2025-01-01"}, "cannot be before the first"),
        ({"starts_on": "soon"}, "year-month-day"),
    ],
)
def test_settings_refused_with_a_sentence(
    director: User, change: dict[str, str], words: str
) -> None:
    response = signed_in(director).post(
        "/programme/settings/",
        {
            "name": "Typed name",
            "payer_name": "P",
            "institute_name": "I",
            "team_word": "team",
            "coach_word": "coach",
            "starts_on": "2026-01-01",
            "ends_on": "",
            "rejected_share_percent": "5",
            "simulation_seed": "20250101",
            **change,
        },
    )
    assert response.status_code == 422
    assert words in response.content.decode()
    assert 'value="Typed name"' in response.content.decode()
    assert not AuditEvent.objects.filter(act="change_programme").exists()
