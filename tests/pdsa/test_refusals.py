"""Who must not see or do what: one test per refusal, each with something that could leak."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from pdsa.enums import CycleState, Sharing
from pdsa.models import ChangeIdea, Cycle, CycleReading, CycleTask, Prediction, Project
from pdsa.queries.cycles import list_changed_since, list_cycles, list_shared_cycles
from pdsa.queries.projects import list_projects
from teams.enums import Role
from teams.models import Attachment, Team, User
from teams.scoping import scope_of
from tests.factories import definitions
from tests.factories.cycles import NOW, make_cycle, make_project
from tests.factories.local_measures import stratum
from tests.factories.people import add_role, make_coach_assignment, make_team, make_user, signed_in

pytestmark = pytest.mark.django_db

SECRETS = {
    "objective": "Objective of the harbor",
    "learned": "Learning of the harbor",
    "who": "Nurse Odalys Vega",
    "quotes": "Quote of a patient",
    "data_who": "Data clerk Pim",
}
#: What even a shared test keeps back.
KEPT_BACK = (
    "Nurse Odalys Vega",
    "Quote of a patient",
    "Data clerk Pim",
    "Comment of the coach",
    "Harbor site",
    "Denise Baptiste",
    "Task person Lou",
    "Counted by hand",
    "Could this be tried with 1 patient tomorrow?",
)


@pytest.fixture
def team() -> Team:
    return make_team(name="Harborlight Medical")


@pytest.fixture
def lead(team: Team) -> User:
    return make_user(Role.GROUP_LEAD, team=team, name="Denise Baptiste")


def rich_cycle(team: Team, lead: User, sharing: str) -> Cycle:
    cycle = make_cycle(
        team,
        by=lead,
        state=CycleState.CLOSED,
        decision="abandon",
        sharing=sharing,
        patient_count=400,
        **SECRETS,
    )
    coach = make_user(Role.COACH, team=team, name="Linh Tran")
    cycle.comments.create(author=coach, text="Comment of the coach")
    cycle.tasks.create(position=1, what="Call them", who="Task person Lou")
    cycle.readings.create(read_on=NOW.date(), label="Counted by hand", value=3, entered_by=lead)
    return cycle


def pages(cycle: Cycle) -> list[str]:
    """Every address that shows something of a test."""
    project = cycle.idea.project_id
    return [
        f"/tests/{cycle.pk}/",
        f"/tests/{cycle.pk}/as-shared/",
        f"/tests/{cycle.pk}/history/",
        f"/tests/{cycle.pk}/copy/",
        f"/tests/{cycle.pk}/finish/",
        reverse("pdsa:save_cycle", args=[cycle.pk]),
        reverse("pdsa:save_prediction", args=[cycle.predictions.get().pk]),
        reverse("pdsa:save_task", args=[cycle.tasks.get().pk]),
        f"/projects/{project}/",
        f"/projects/{project}/ramps/",
        f"/projects/{project}/tests/",
        "/tests/",
        "/tests/shared/",
        "/tests/next/",
        "/projects/",
    ]


def read_by(user: User, cycle: Cycle) -> str:
    """Everything that any page about the test says to a person."""
    client = signed_in(user)
    return "\n".join(client.get(page).content.decode() for page in pages(cycle))


OUTSIDERS = [
    Role.GROUP_LEAD,
    Role.GROUP_MEMBER,
    Role.SENIOR_SPONSOR,
    Role.COACH,
    Role.PAYER_ANALYST,
    Role.PAYER_FINANCE,
    Role.EVALUATOR,
    Role.ADMINISTRATOR,
]


def outsider(role: Role) -> User:
    """Somebody with the role who does not work with the team."""
    inside = role in (Role.GROUP_LEAD, Role.GROUP_MEMBER, Role.SENIOR_SPONSOR, Role.COACH)
    return make_user(role, team=make_team() if inside else None)


@pytest.mark.parametrize("role", OUTSIDERS)
def test_private_test_reaches_nobody_outside(role: Role, team: Team, lead: User) -> None:
    cycle = rich_cycle(team, lead, Sharing.TEAM)
    said = read_by(outsider(role), cycle)
    for secret in (*SECRETS.values(), *KEPT_BACK, str(cycle.idea), cycle.idea.project.title):
        assert secret not in said


@pytest.mark.parametrize("role", [Role.PAYER_ANALYST, Role.GROUP_LEAD, Role.COACH])
@pytest.mark.parametrize("sharing", [Sharing.NAMED, Sharing.UNNAMED])
def test_shared_test_tells_the_method_and_keeps_people_and_notes_back(
    sharing: Sharing, role: Role, team: Team, lead: User
) -> None:
    cycle = rich_cycle(team, lead, sharing)
    user = outsider(role)
    page = signed_in(user).get(f"/tests/{cycle.pk}/").content.decode()
    assert "Learning of the harbor" in page
    assert "Abandon" in page  # as findable as an adopted one
    said = read_by(user, cycle)
    for secret in KEPT_BACK:
        assert secret not in said
    assert cycle.idea.project.title not in said
    named = team.name in page
    assert named == (sharing == Sharing.NAMED)


@pytest.mark.parametrize("role", [Role.GROUP_LEAD, Role.PAYER_ANALYST])
def test_test_shared_without_name_cannot_be_found_by_the_name(
    role: Role, team: Team, lead: User
) -> None:
    rich_cycle(team, lead, Sharing.UNNAMED)
    client = signed_in(outsider(role))
    hidden = client.get("/tests/shared/?text=Harborlight").content.decode()
    assert "Objective of the harbor" not in hidden
    assert "Objective of the harbor" in client.get("/tests/shared/?text=harbor").content.decode()
    found = client.get(f"/tests/shared/?team={team.code}").content.decode()
    assert team.name not in found


@pytest.mark.parametrize("role", [Role.PAYER_FINANCE, Role.EVALUATOR, Role.ADMINISTRATOR])
def test_shared_test_is_not_for_roles_without_the_permission(
    role: Role, team: Team, lead: User
) -> None:
    cycle = rich_cycle(team, lead, Sharing.NAMED)
    client = signed_in(make_user(role))
    for page in (f"/tests/{cycle.pk}/", "/tests/shared/"):
        assert client.get(page).status_code == 403


@pytest.mark.parametrize("role", [Role.PAYER_ANALYST, Role.EVALUATOR])
def test_payer_and_evaluator_see_no_list_of_tests_or_projects(role: Role) -> None:
    client = signed_in(make_user(role))
    for page in ("/tests/", "/projects/", "/tests/next/", "/tests/log/"):
        assert client.get(page).status_code == 403


def test_unsharing_takes_it_back_at_once(team: Team, lead: User) -> None:
    cycle = rich_cycle(team, lead, Sharing.NAMED)
    client = signed_in(make_user(Role.PAYER_ANALYST))
    assert client.get(f"/tests/{cycle.pk}/").status_code == 200
    signed_in(lead).post(f"/tests/{cycle.pk}/share/", {"sharing": "team"})
    assert client.get(f"/tests/{cycle.pk}/").status_code == 404


_TEST = "/tests/{c}/"
#: Address of each act → the state from which it can be done, and what is sent.
_WRITES: dict[str, tuple[str, dict[str, Any]]] = {
    f"{_TEST}start/": (CycleState.PLANNED, {}),
    f"{_TEST}study/": (CycleState.DOING, {}),
    f"{_TEST}pause/": (CycleState.DOING, {}),
    f"{_TEST}resume/": (CycleState.PAUSED, {}),
    f"{_TEST}cancel/": (CycleState.DOING, {}),
    f"{_TEST}restore/": (CycleState.CANCELLED, {}),
    f"{_TEST}reopen/": (CycleState.CLOSED, {}),
    f"{_TEST}decide/adopt/": (CycleState.STUDYING, {}),
    f"{_TEST}finish/": (CycleState.DOING, {"what_happened": "Taken over", "decision": "adopt"}),
    f"{_TEST}next/": (CycleState.CLOSED, {}),
    f"{_TEST}share/": (CycleState.CLOSED, {"sharing": "unnamed"}),
    f"{_TEST}focus/": (CycleState.DOING, {"strata": "{s}"}),
    f"{_TEST}not-predicted/": (CycleState.DOING, {"value": "1"}),
    **{f"{_TEST}{row}/add/": (CycleState.DOING, {}) for row in ("questions", "tasks")},
    f"{_TEST}numbers/add/": (CycleState.DOING, {"read_on": "2026-03-03", "value": "7"}),
    f"{_TEST}files/add/": (CycleState.DOING, {"file": b"%PDF-1.4\n%\xe2\xe3\n1 0 obj\n%%EOF\n"}),
    f"{_TEST}autosave/": (CycleState.DOING, {"field": "learned", "text": "New", "base": "0"}),
    "/test-questions/{q}/autosave/": (
        CycleState.DOING,
        {"field": "result", "text": "New", "base": "0"},
    ),
    "/test-tasks/{t}/autosave/": (CycleState.DOING, {"field": "who", "text": "Me", "base": "0"}),
    "/test-tasks/{t}/done/": (CycleState.DOING, {"done": "1"}),
    "/test-questions/{q}/remove/": (CycleState.DOING, {}),
    "/test-tasks/{t}/remove/": (CycleState.DOING, {}),
    "/test-numbers/{n}/remove/": (CycleState.DOING, {}),
    "/test-questions/{gone_q}/put-back/": (CycleState.DOING, {}),
    "/test-tasks/{gone_t}/put-back/": (CycleState.DOING, {}),
    "/test-numbers/{gone_n}/put-back/": (CycleState.DOING, {}),
    "/projects/{p}/edit/": (
        CycleState.DOING,
        {
            "title": "Taken over",
            "workstream": "clinical",
            "population_scope": "all_patients",
            "status": "active",
        },
    ),
    "/projects/{p}/ideas/new/": (CycleState.DOING, {"title": "Taken over"}),
    "/ideas/{i}/edit/": (CycleState.DOING, {"title": "Taken over"}),
}


def prepare(path: str, team: Team, lead: User) -> tuple[str, dict[str, Any]]:
    """An act that the group of a shared test could do now: its address and what is sent."""
    definitions.load()
    state, fields = _WRITES[path]
    cycle = make_cycle(team, by=lead, state=state, sharing=Sharing.NAMED)
    values = {
        "c": cycle.pk,
        "p": cycle.idea.project_id,
        "i": cycle.idea_id,
        "s": stratum("nh_black").pk,
    }
    for place, prefix, removed_at in ((8, "", None), (9, "gone_", NOW)):
        gone = {"removed_at": removed_at, "removed_by": lead if removed_at else None}
        question = cycle.predictions.create(position=place, question="When", **gone)
        task = cycle.tasks.create(position=place, what="Call them", **gone)
        number = cycle.readings.create(read_on=NOW.date(), value=3, entered_by=lead, **gone)
        values |= {f"{prefix}q": question.pk, f"{prefix}t": task.pk, f"{prefix}n": number.pk}
    sent = {
        name: SimpleUploadedFile("notes.pdf", value)
        if isinstance(value, bytes)
        else value.format(**values)
        for name, value in fields.items()
    }
    return path.format(**values), sent


def everything() -> list[Any]:
    models = (Project, ChangeIdea, Cycle, Cycle.focus_strata.through, Attachment)
    rows = (Prediction.with_removed, CycleTask.with_removed, CycleReading.with_removed)
    managers = (*(model.objects for model in models), *rows)
    return [list(manager.order_by("pk").values()) for manager in managers]


@pytest.mark.parametrize("path", _WRITES)
def test_nobody_but_the_own_group_writes_in_a_shared_test(
    path: str, team: Team, lead: User
) -> None:
    address, sent = prepare(path, team, lead)
    before = everything()
    for role, of_team, status in (
        (Role.COACH, team, 403),
        (Role.PROGRAMME_DIRECTOR, None, 403),
        (Role.SENIOR_SPONSOR, team, 403),
        (Role.PAYER_ANALYST, None, 403),
        (Role.EVALUATOR, None, 403),
        (Role.GROUP_LEAD, make_team(), 404),
    ):
        answer = signed_in(make_user(role, team=of_team)).post(address, sent)
        assert answer.status_code == status, role
        assert everything() == before, role


@pytest.mark.parametrize("path", _WRITES)
def test_own_group_does_what_others_are_refused(path: str, team: Team, lead: User) -> None:
    address, sent = prepare(path, team, lead)
    before = everything()
    assert signed_in(lead).post(address, sent).status_code in (200, 302)
    assert everything() != before


def test_member_of_one_group_who_coaches_another_writes_for_the_own_only(
    team: Team, lead: User
) -> None:
    cycle = make_cycle(team, by=lead)
    mine = make_team()
    user = make_user(Role.GROUP_MEMBER, team=mine)
    make_coach_assignment(user, team)
    add_role(user, Role.COACH)
    client = signed_in(user)
    assert client.get(f"/tests/{cycle.pk}/").status_code == 200
    assert client.post(f"/tests/{cycle.pk}/cancel/").status_code == 404


@pytest.mark.parametrize(
    ("role", "may"),
    [
        (Role.GROUP_MEMBER, True),
        (Role.SENIOR_SPONSOR, True),
        (Role.COACH, True),
        (Role.PROGRAMME_DIRECTOR, False),
        (Role.PAYER_ANALYST, False),
    ],
)
def test_who_may_comment(role: Role, may: bool, team: Team, lead: User) -> None:
    cycle = make_cycle(team, by=lead, sharing=Sharing.NAMED)
    inside = role in (Role.GROUP_MEMBER, Role.SENIOR_SPONSOR, Role.COACH)
    user = make_user(role, team=team if inside else None)
    signed_in(user).post(f"/tests/{cycle.pk}/comments/add/", {"text": "A word"})
    assert cycle.comments.exists() == may


def test_other_group_comments_not_even_on_a_shared_test(team: Team, lead: User) -> None:
    cycle = make_cycle(team, by=lead, sharing=Sharing.NAMED)
    client = signed_in(outsider(Role.GROUP_LEAD))
    assert client.post(f"/tests/{cycle.pk}/comments/add/", {"text": "x"}).status_code == 404
    assert not cycle.comments.exists()


def test_log_under_another_groups_idea_goes_to_the_own_team(team: Team, lead: User) -> None:
    strange = make_cycle(team, by=lead).idea
    user = outsider(Role.GROUP_LEAD)
    response = signed_in(user).post("/tests/log/", {"objective": "Mine", "idea": str(strange.pk)})
    assert response.status_code == 200  # refused: the idea is none of the choices
    assert strange.cycles.count() == 1
    assert not Cycle.objects.filter(objective="Mine").exists()


def test_test_that_is_not_shared_cannot_be_copied(team: Team, lead: User) -> None:
    cycle = rich_cycle(team, lead, Sharing.TEAM)
    client = signed_in(outsider(Role.GROUP_LEAD))
    assert client.post(f"/tests/{cycle.pk}/copy/").status_code == 404


def test_queries_of_a_reader_without_role_are_empty(team: Team, lead: User) -> None:
    rich_cycle(team, lead, Sharing.NAMED)
    nobody = scope_of(make_user(), on=NOW.date())
    for rows in (list_cycles(nobody), list_shared_cycles(nobody), list_projects(nobody)):
        assert not rows.exists()
    assert not list_changed_since(nobody, since=NOW).exists()


def test_membership_that_ended_shows_nothing(team: Team, lead: User) -> None:
    cycle = rich_cycle(team, lead, Sharing.TEAM)
    former = make_user(Role.GROUP_LEAD, team=team, ends_on=NOW.date().replace(year=2021))
    response: Any = signed_in(former).get(f"/tests/{cycle.pk}/")
    assert response.status_code == 403
    assert "Objective of the harbor" not in response.content.decode()


def test_hints_are_for_team_coach_and_director_only(team: Team, lead: User) -> None:
    cycle = rich_cycle(team, lead, Sharing.NAMED)
    hint = "Could this be tried with 1 patient tomorrow?"
    for user in (lead, make_user(Role.COACH, team=team), make_user(Role.PROGRAMME_DIRECTOR)):
        assert hint in signed_in(user).get(f"/tests/{cycle.pk}/").content.decode()
    for role in (Role.PAYER_ANALYST, Role.EVALUATOR):
        assert hint not in signed_in(make_user(role)).get(f"/tests/{cycle.pk}/").content.decode()


def test_project_of_another_team_is_unknown(team: Team, lead: User) -> None:
    project: Project = make_project(team, by=lead)
    for role in (Role.GROUP_LEAD, Role.COACH):
        client = signed_in(outsider(role))
        assert client.get(f"/projects/{project.pk}/").status_code == 404


def test_coach_reads_the_data_plan_and_the_quotes_of_a_test(team: Team, lead: User) -> None:
    words = {
        "data_who": "Maria collects",
        "data_how": "Tally on the wall",
        "data_sample": "Every third call",
        "quotes": "Nobody asked me before",
    }
    cycle = make_cycle(team, by=lead, sharing=Sharing.NAMED, **words)
    page = signed_in(make_user(Role.COACH, team=team)).get(f"/tests/{cycle.pk}/").content.decode()
    assert all(text in page for text in words.values())
    payer = signed_in(make_user(Role.PAYER_ANALYST))
    others = payer.get(f"/tests/{cycle.pk}/").content.decode()
    assert words["quotes"] not in others and words["data_who"] not in others
