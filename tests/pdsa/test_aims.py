"""Aims and charters: versions, the coach's review, agreement; one test per reason of refusal."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from measures.models import Stratum
from pdsa.actions import aims
from pdsa.enums import AimState, CharterState
from pdsa.models import Aim, Charter, Project
from pdsa.queries.aims import find_aim, find_start, list_bindings, was_whole_when_written
from teams.enums import Role
from teams.errors import StateRefused
from teams.models import AuditEvent, Team, User
from teams.scoping import scope_of
from tests.factories import results
from tests.factories.aims import WHOLE_AIM, make_aim, make_charter
from tests.factories.cycles import NOW, make_project
from tests.factories.people import make_team, make_user

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(days=1)


@pytest.fixture
def team() -> Team:
    return make_team(name="Birch Health")


@pytest.fixture
def lead(team: Team) -> User:
    return make_user(Role.GROUP_LEAD, team=team)


@pytest.fixture
def coach(team: Team) -> User:
    return make_user(Role.COACH, team=team)


@pytest.fixture
def project(team: Team, lead: User) -> Project:
    return make_project(team, by=lead, title="Cedar")


def numbers(owner: Aim | Charter) -> list[int]:
    return list(owner.versions.order_by("number").values_list("number", flat=True))


# --- the aim ---------------------------------------------------------------------------------------------


def test_one_persons_stretch_of_writing_is_one_version(project: Project, lead: User) -> None:
    aim = make_aim(project, by=lead)
    soon = NOW + timedelta(minutes=20)
    aims.write_aim(project=project, values={"target": Decimal(72)}, by=lead, as_of=soon)
    assert numbers(aim) == [1]
    assert aim.versions.get().content["target"] == "72"
    aims.write_aim(project=project, values={"target": Decimal(75)}, by=lead, as_of=LATER)
    assert numbers(aim) == [1, 2]


def test_somebody_else_makes_a_new_version_at_once(
    project: Project, lead: User, team: Team
) -> None:
    aim = make_aim(project, by=lead)
    other = make_user(Role.GROUP_MEMBER, team=team)
    aims.write_aim(project=project, values={"place": "Main South"}, by=other, as_of=NOW)
    assert numbers(aim) == [1, 2]


def test_saving_the_same_again_changes_nothing(project: Project, lead: User) -> None:
    aim = make_aim(project, by=lead)
    events = AuditEvent.objects.count()
    aims.write_aim(project=project, values=WHOLE_AIM, by=lead, as_of=LATER)
    assert numbers(aim) == [1]
    assert AuditEvent.objects.count() == events


def test_reviewed_version_is_never_written_over(project: Project, lead: User, coach: User) -> None:
    aim = make_aim(project, by=lead)
    aim = aims.review_aim(aim=aim, seen_version=1, note="", is_right=True, by=coach, as_of=NOW)
    assert aim.state == AimState.REVIEWED
    aim = aims.write_aim(project=project, values={"target": Decimal(99)}, by=lead, as_of=NOW)
    assert aim.state == AimState.DRAFT
    assert aim.reviewed_by is None
    assert numbers(aim) == [1, 2]
    assert aim.versions.get(number=1).content["target"] == "70"


def test_note_alone_leaves_a_draft(project: Project, lead: User, coach: User) -> None:
    aim = make_aim(project, by=lead)
    aim = aims.review_aim(
        aim=aim, seen_version=1, note="Whose rate is it?", is_right=False, by=coach, as_of=NOW
    )
    assert aim.state == AimState.DRAFT
    assert aim.review_note == "Whose rate is it?"


def test_review_refused_when_the_aim_changed_meanwhile(
    project: Project, lead: User, coach: User
) -> None:
    aim = make_aim(project, by=lead)
    aims.write_aim(project=project, values={"target": Decimal(80)}, by=lead, as_of=LATER)
    with pytest.raises(StateRefused, match="changed while you were reading"):
        aims.review_aim(aim=aim, seen_version=1, note="", is_right=True, by=coach, as_of=LATER)


def test_review_refused_twice(project: Project, lead: User, coach: User) -> None:
    aim = make_aim(project, by=lead)
    aims.review_aim(aim=aim, seen_version=1, note="", is_right=True, by=coach, as_of=NOW)
    with pytest.raises(StateRefused, match="reviewed already"):
        aims.review_aim(aim=aim, seen_version=1, note="", is_right=True, by=coach, as_of=NOW)


def test_database_refuses_a_review_without_a_name(project: Project, lead: User) -> None:
    aim = make_aim(project, by=lead)
    with pytest.raises(IntegrityError, match="aim_reviewed_says_by_whom"), transaction.atomic():
        Aim.objects.filter(pk=aim.pk).update(state=AimState.REVIEWED)


# --- the start that the programme's data give ------------------------------------------------------------


def test_start_is_the_teams_own_level_and_distance(
    project: Project, lead: User, team: Team
) -> None:
    world = results.make_world()
    for whose in (team, None):
        results.make_results(world, whose, {"nh_white": (700, 1000), "nh_black": (280, 500)})
    scope = scope_of(lead, on=NOW.date())
    stratum = Stratum.objects.get(code="nh_black")
    start = find_start(scope, project=project, measure_id=world.measure.pk, stratum_id=stratum.pk)
    assert start is not None
    assert start.gap_from == Decimal("14.0")
    assert (start.focus_group, start.reference_group) == (stratum.short_label, "White")
    assert str(world.period.label) in start.basis
    bindings = list_bindings(scope)
    assert world.measure.pk in dict(bindings.measures)
    assert stratum.pk in dict(bindings.strata)


def test_aim_whose_day_is_over_was_still_whole_when_it_was_written(
    project: Project, lead: User
) -> None:
    assert not was_whole_when_written(find_aim(project))
    day = NOW.date()
    aim = make_aim(project, by=lead, due_on=day + timedelta(days=60))
    assert was_whole_when_written(aim)  # that day passed long before any run of this test
    later = {"due_on": day - timedelta(days=1)}
    aim = aims.write_aim(project=project, values=later, by=lead, as_of=NOW)
    assert not was_whole_when_written(aim)
    fixed = {"due_on": day + timedelta(days=60), "baseline": None}
    aim = aims.write_aim(project=project, values=fixed, by=lead, as_of=NOW)
    assert not was_whole_when_written(aim)


def test_without_data_there_is_nothing_to_bind_to(project: Project, lead: User) -> None:
    scope = scope_of(lead, on=NOW.date())
    assert list_bindings(scope).measures == []
    assert find_start(scope, project=project, measure_id=1, stratum_id=1) is None


def test_another_groups_result_is_no_start(project: Project, lead: User) -> None:
    world = results.make_world()
    for whose in (make_team(), None):
        results.make_results(world, whose, {"nh_white": (700, 1000), "nh_black": (280, 500)})
    scope = scope_of(lead, on=NOW.date())
    black = Stratum.objects.get(code="nh_black").pk
    assert find_start(scope, project=project, measure_id=world.measure.pk, stratum_id=black) is None


# --- the charter -----------------------------------------------------------------------------------------


def test_charter_goes_from_draft_to_agreed_with_a_version_for_each(
    project: Project, lead: User, coach: User
) -> None:
    make_aim(project, by=lead)
    charter = make_charter(project, by=lead)
    charter = aims.review_charter(charter=charter, note="Good", by=coach, as_of=LATER)
    charter = aims.agree_charter(charter=charter, by=lead, as_of=LATER)
    assert charter.state == CharterState.AGREED
    charter = aims.reopen_charter(charter=charter, by=lead, as_of=LATER)
    charter = aims.write_charter(
        charter=charter, values={"risks": "Turnover"}, by=lead, as_of=LATER
    )
    reviewed, agreed, latest = charter.versions.order_by("number")
    assert (reviewed.state, reviewed.is_fixed) == (CharterState.REVIEWED, True)
    assert (agreed.state, agreed.is_fixed) == (CharterState.AGREED, True)
    assert agreed.content["risks"] == ""
    assert (latest.state, latest.content["risks"]) == (CharterState.DRAFT, "Turnover")
    assert charter.agreed_by is None


@pytest.mark.parametrize(
    "name", ["problem", "population", "sponsor", "team_lead", "day_to_day_lead"]
)
def test_review_refused_while_a_needed_field_is_empty(
    name: str, project: Project, lead: User, coach: User
) -> None:
    make_aim(project, by=lead)
    charter = make_charter(project, by=lead, **{name: ""})
    with pytest.raises(StateRefused, match="still needs"):
        aims.review_charter(charter=charter, note="", by=coach, as_of=NOW)


def test_review_refused_without_an_aim(project: Project, lead: User, coach: User) -> None:
    charter = make_charter(project, by=lead)
    with pytest.raises(StateRefused, match="still needs: the aim"):
        aims.review_charter(charter=charter, note="", by=coach, as_of=NOW)


def test_agreement_refused_before_the_review(project: Project, lead: User) -> None:
    charter = make_charter(project, by=lead)
    with pytest.raises(StateRefused, match="Ask your coach"):
        aims.agree_charter(charter=charter, by=lead, as_of=NOW)


def test_reviewed_and_agreed_charters_cannot_be_written(
    project: Project, lead: User, coach: User
) -> None:
    make_aim(project, by=lead)
    charter = make_charter(project, by=lead)
    aims.review_charter(charter=charter, note="", by=coach, as_of=NOW)
    with pytest.raises(StateRefused, match="Reopen it"):
        aims.write_charter(charter=charter, values={"risks": "x"}, by=lead, as_of=NOW)
    with pytest.raises(StateRefused, match="reviewed already"):
        aims.review_charter(charter=charter, note="", by=coach, as_of=NOW)
    aims.agree_charter(charter=charter, by=lead, as_of=NOW)
    with pytest.raises(StateRefused, match="agreed"):
        aims.write_charter(charter=charter, values={"risks": "x"}, by=lead, as_of=NOW)
    with pytest.raises(StateRefused, match="agreed already"):
        aims.agree_charter(charter=charter, by=lead, as_of=NOW)


def test_draft_cannot_be_reopened(project: Project, lead: User) -> None:
    charter = make_charter(project, by=lead)
    with pytest.raises(StateRefused, match="draft already"):
        aims.reopen_charter(charter=charter, by=lead, as_of=NOW)


def test_what_fields_saved_by_themselves_comes_into_the_next_version(
    project: Project, lead: User
) -> None:
    charter = make_charter(project, by=lead)
    Charter.objects.filter(pk=charter.pk).update(risks="Turnover")
    charter.refresh_from_db()
    aims.write_charter(charter=charter, values={"risks": "Turnover"}, by=lead, as_of=LATER)
    assert numbers(charter) == [1, 2]
    assert charter.versions.get(number=2).content["risks"] == "Turnover"
