"""Who is told what of tests, aims and charters: the right people, once, and nobody else."""

from __future__ import annotations

from datetime import timedelta

import pytest

from pdsa.actions.aims import comment_on_charter, review_aim, review_charter, write_charter
from pdsa.actions.cycles import decide_cycle, move_cycle
from pdsa.actions.notices import remind_of_tests
from pdsa.enums import CycleState, ProjectStatus
from pdsa.models import Project
from teams.enums import Role, Topic
from teams.models import CoachAssignment, Membership, Notification, Team, User
from tests.factories import definitions
from tests.factories.aims import make_aim, make_charter
from tests.factories.cycles import NOW, make_cycle, make_project
from tests.factories.people import make_team, make_user

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def team() -> Team:
    return make_team()


@pytest.fixture
def people(team: Team) -> dict[str, User]:
    """Everybody of the team, and strangers of every kind."""
    found = {
        "lead": make_user(Role.GROUP_LEAD, team=team),
        "nurse": make_user(Role.GROUP_MEMBER, team=team),
        "colleague": make_user(Role.GROUP_MEMBER, team=team),
        "coach": make_user(Role.COACH, team=team),
    }
    for role in (Role.GROUP_LEAD, Role.COACH, Role.PAYER_ANALYST, Role.PROGRAMME_DIRECTOR):
        found[f"strange {role}"] = make_user(role)
    return found


def told(people: dict[str, User], words: str = "") -> set[str]:
    rows = Notification.objects.filter(topic=Topic.TESTS, title__contains=words)
    names = {user.pk: name for name, user in people.items()}
    return {names[pk] for pk in rows.values_list("user_id", flat=True)}


def test_test_that_begins_is_told_to_owner_and_lead_once_a_week(
    team: Team, people: dict[str, User]
) -> None:
    cycle = make_cycle(
        team, by=people["nurse"], state=CycleState.PLANNED, start_on=(NOW + 2 * DAY).date()
    )
    assert remind_of_tests(as_of=NOW) == 0
    assert remind_of_tests(as_of=NOW + 2 * DAY) == 2
    assert remind_of_tests(as_of=NOW + 3 * DAY) == 0
    assert told(people, "Planned to begin 4 Mar 2026") == {"lead", "nurse"}
    assert remind_of_tests(as_of=NOW + 7 * DAY) == 2
    move_cycle(cycle=cycle, act="start", by=people["nurse"], as_of=NOW + 8 * DAY)
    assert remind_of_tests(as_of=NOW + 9 * DAY) == 0


def test_late_test_is_told_weekly_for_four_weeks(team: Team, people: dict[str, User]) -> None:
    make_cycle(team, by=people["nurse"])  # planned to end after a week
    assert remind_of_tests(as_of=NOW + 7 * DAY) == 0
    weeks = [remind_of_tests(as_of=NOW + (8 + number) * DAY) for number in range(50)]
    assert sum(weeks) == 2 * 5  # the days of four weeks touch five of the calendar
    assert told(people, "Past its planned end") == {"lead", "nurse"}
    path = Notification.objects.filter(topic=Topic.TESTS).first().path
    assert path.endswith("/finish/")


def test_test_of_a_paused_project_and_of_somebody_who_left_wake_nobody(
    team: Team, people: dict[str, User]
) -> None:
    cycle = make_cycle(team, by=people["nurse"])
    Project.objects.update(status=ProjectStatus.PAUSED)
    assert remind_of_tests(as_of=NOW + 9 * DAY) == 0
    Project.objects.update(status=ProjectStatus.ACTIVE)
    Membership.objects.filter(user=cycle.owner).update(ends_on=(NOW + DAY).date())
    assert remind_of_tests(as_of=NOW + 9 * DAY) == 1
    assert told(people) == {"lead"}


def test_finished_test_is_told_to_owner_lead_and_coach(team: Team, people: dict[str, User]) -> None:
    cycle = make_cycle(team, by=people["nurse"])
    decide_cycle(cycle=cycle, decision="abandon", by=people["colleague"], as_of=NOW)
    assert told(people, "Decision: abandon") == {"lead", "nurse", "coach"}
    reopened = move_cycle(cycle=cycle, act="reopen", by=people["lead"], as_of=NOW)
    decide_cycle(cycle=reopened, decision="adopt", by=people["lead"], as_of=NOW)
    assert Notification.objects.filter(topic=Topic.TESTS).count() == 3


def test_coach_whose_role_ended_hears_nothing(team: Team, people: dict[str, User]) -> None:
    Membership.objects.filter(user=people["coach"]).update(ends_on=(NOW - DAY).date())
    assert CoachAssignment.objects.filter(user=people["coach"], ends_on=None).exists()
    cycle = make_cycle(team, by=people["nurse"])
    decide_cycle(cycle=cycle, decision="adopt", by=people["colleague"], as_of=NOW)
    assert told(people) == {"lead", "nurse"}


def test_aim_asks_the_coach_when_it_passes_every_check_and_tells_the_team_of_the_review(
    team: Team, people: dict[str, User]
) -> None:
    definitions.load()
    project = make_project(team, by=people["lead"])
    make_aim(project, by=people["lead"], target=None)
    assert told(people) == set()
    aim = make_aim(project, by=people["lead"])
    make_aim(project, by=people["lead"], place="Dorchester")
    assert told(people, "waits for your review") == {"coach"}
    assert Notification.objects.count() == 1
    review_aim(
        aim=aim,
        seen_version=aim.versions.first().number,
        note="",
        is_right=True,
        by=people["coach"],
        as_of=NOW,
    )
    assert told(people, "is reviewed") == {"lead", "nurse", "colleague"}


def test_charter_asks_the_coach_when_it_is_whole_and_tells_the_team_of_note_and_review(
    team: Team, people: dict[str, User]
) -> None:
    definitions.load()
    project = make_project(team, by=people["lead"])
    charter = make_charter(project, by=people["lead"])
    assert told(people) == set()  # the aim is missing
    make_aim(project, by=people["lead"], target=None)
    write_charter(charter=charter, values={"why_now": "Strokes"}, by=people["lead"], as_of=NOW)
    assert told(people, "waits for your review") == {"coach"}
    comment_on_charter(charter=charter, note="Who decides?", by=people["coach"], as_of=NOW)
    assert told(people, "has a note from your coach") == {"lead", "nurse", "colleague"}
    review_charter(charter=charter, note="", by=people["coach"], as_of=NOW)
    assert told(people, "is reviewed") == {"lead", "nurse", "colleague"}
    assert not Notification.objects.filter(title__contains="Who decides").exists()
