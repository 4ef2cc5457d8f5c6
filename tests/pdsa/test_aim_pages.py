"""Pages of aims, charters, diagrams, maps and the library: what they do, and whom they refuse."""

from __future__ import annotations

import io
from typing import Any

import pytest
from django.test import Client
from pptx import Presentation

from pdsa.actions.library import load_library
from pdsa.enums import AimState, CharterState, CycleState
from pdsa.models import Adoption, Aim, Charter, Cycle, Driver, IdeaPlacement, ProcessStep, Project
from teams.enums import Role
from teams.models import Team, User
from teams.permissions import ROLE_PERMISSIONS, Permission
from tests.factories.aims import NEEDED_CHARTER, make_aim, make_charter, make_map
from tests.factories.cycles import make_idea, make_project
from tests.factories.people import make_team, make_user, signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def team() -> Team:
    return make_team(name="Birch Health")


@pytest.fixture
def lead(team: Team) -> User:
    return make_user(Role.GROUP_LEAD, team=team)


@pytest.fixture
def project(team: Team, lead: User) -> Project:
    return make_project(team, by=lead, title="Cedar")


@pytest.fixture
def client(lead: User) -> Client:
    return signed_in(lead)


def page(client: Client, path: str, status: int = 200) -> str:
    response = client.get(path)
    assert response.status_code == status, (path, response.status_code)
    return str(response.content.decode())


# --- the aim ---------------------------------------------------------------------------------------------

AIM_FORM = {
    "direction": "increase",
    "measure_name": "Blood pressure control",
    "population": "adults with hypertension",
    "focus_group": "Black",
    "reference_group": "White",
    "unit": "%",
    "baseline": "61",
    "target": "70",
    "due_on": "2027-03-01",
    "gap_from": "9",
    "gap_to": "4",
    "guards_everyone": "on",
}


def test_aim_without_any_data_of_the_programme_is_saved_and_read(
    client: Client, project: Project
) -> None:
    response = client.post(f"/projects/{project.pk}/aim/write/", AIM_FORM)
    assert response["Location"] == f"/projects/{project.pk}/aim/"
    text = page(client, f"/projects/{project.pk}/aim/")
    assert "Increase blood pressure control for adults with hypertension" in text
    assert Aim.objects.get().state == AimState.DRAFT
    assert "Version 1" in text


def test_check_answers_for_half_an_aim_and_saves_nothing(client: Client, project: Project) -> None:
    response = client.post(f"/projects/{project.pk}/aim/check/", {"measure_name": "Control"})
    text = response.content.decode()
    assert "[which patients]" in text
    assert "0 of 6" in text
    assert not Aim.objects.exists()


def test_what_was_typed_stays_when_it_cannot_be_saved(client: Client, project: Project) -> None:
    response = client.post(
        f"/projects/{project.pk}/aim/write/", AIM_FORM | {"due_on": "soon", "place": "Main South"}
    )
    assert response.status_code == 400
    text = response.content.decode()
    assert "Main South" in text
    assert "year-month-day" in text
    assert not Aim.objects.exists()


def test_coach_reviews_what_the_page_showed(project: Project, lead: User, team: Team) -> None:
    make_aim(project, by=lead)
    coach = signed_in(make_user(Role.COACH, team=team))
    path = f"/projects/{project.pk}/aim/"
    assert 'name="seen_version" value="1"' in page(coach, path)
    coach.post(f"{path}review/", {"seen_version": 1, "note": "Good", "is_right": "1"})
    assert Aim.objects.get().state == AimState.REVIEWED
    assert "Reviewed by the coach" in page(coach, path)


# --- the charter -----------------------------------------------------------------------------------------


def test_charter_from_the_first_word_to_the_agreement(
    client: Client, project: Project, lead: User, team: Team
) -> None:
    base = f"/projects/{project.pk}/charter/"
    assert "No charter yet" in page(client, base)
    client.post(f"{base}edit/", NEEDED_CHARTER)
    assert "it still needs: the aim" in page(client, base)
    make_aim(project, by=lead)
    signed_in(make_user(Role.COACH, team=team)).post(f"{base}review/", {"is_right": "1"})
    client.post(f"{base}agree/")
    assert Charter.objects.get().state == CharterState.AGREED
    assert client.get(f"{base}edit/")["Location"] == base
    assert client.post(f"{base}agree/").status_code == 409


def test_charter_as_a_document_is_one_page(client: Client, project: Project, lead: User) -> None:
    make_charter(project, by=lead, risks='#import "secret.typ" $x$ *not bold*')
    data = client.get(f"/projects/{project.pk}/charter.pdf").content
    assert data.startswith(b"%PDF-")
    assert (
        data.count(b"/Type /Page\n") + data.count(b"/Type /Page ") + data.count(b"/Type/Page/") <= 1
    )


def test_field_of_the_charter_saves_itself_until_it_is_reviewed(
    client: Client, project: Project, lead: User
) -> None:
    charter = make_charter(project, by=lead)
    path = f"/projects/{project.pk}/charter/autosave/"
    sent = {"field": "risks", "text": "Turnover", "base": "0"}
    assert client.post(path, sent).status_code == 200
    charter.refresh_from_db()
    assert charter.risks == "Turnover"
    assert client.post(path, {"field": "state", "text": "agreed", "base": "0"}).status_code == 400


# --- the diagram -----------------------------------------------------------------------------------------


def change(client: Client, project: Project, **values: Any) -> Any:
    return client.post(f"/projects/{project.pk}/drivers/change/", values)


def test_outline_by_forms_alone(client: Client, project: Project) -> None:
    change(client, project, act="add", key="", text="Access")
    access = Driver.objects.get()
    change(client, project, act="add_under", key=f"d{access.pk}", text="Hours")
    hours = Driver.objects.get(text="Hours")
    change(client, project, act="add_under", key=f"d{hours.pk}", text="Evening clinic")
    placement = IdeaPlacement.objects.get()
    assert placement.driver == hours
    change(
        client, project, act="rename", key=f"p{placement.pk}", text="Night", seen="Evening clinic"
    )
    change(client, project, act="undo")
    text = page(client, f"/projects/{project.pk}/drivers/")
    assert "Evening clinic" in text
    assert "Night" not in text


def test_refused_change_comes_back_with_what_was_typed(client: Client, project: Project) -> None:
    change(client, project, act="add", key="", text="Access")
    key = f"d{Driver.objects.get().pk}"
    response = client.post(
        f"/projects/{project.pk}/drivers/change/",
        {"act": "rename", "key": key, "text": "My words", "seen": "Something else"},
        headers={"HX-Request": "true"},
    )
    text = response.content.decode()
    assert "It now says “Access”" in text
    assert "My words</textarea>" in text
    assert Driver.objects.get().text == "Access"


@pytest.mark.parametrize(
    "values",
    [
        {"act": "add", "key": "", "text": "  "},
        {"act": "rename", "key": "d999999", "text": "x", "seen": ""},
        {"act": "up", "key": "p999999"},
        {"act": "up", "key": "nonsense"},
        {"act": "template", "template": "none"},
        {"act": "undo"},
    ],
)
def test_change_that_cannot_be_done_is_a_sentence(
    values: dict[str, str], client: Client, project: Project
) -> None:
    response = client.post(
        f"/projects/{project.pk}/drivers/change/", values, headers={"HX-Request": "true"}
    )
    assert response.status_code == 200
    assert 'role="alert"' in response.content.decode()


def test_unknown_act_is_not_found(client: Client, project: Project) -> None:
    assert change(client, project, act="explode").status_code == 404


def test_row_of_another_project_cannot_be_changed_through_the_own_one(
    client: Client, project: Project, lead: User, team: Team
) -> None:
    other = make_project(team, by=lead, title="Oak")
    change(client, other, act="add", key="", text="Oak driver")
    strange = Driver.objects.get()
    change(client, other, act="add_idea", key=f"d{strange.pk}", text="Oak idea")
    placement = IdeaPlacement.objects.get()
    change(client, project, act="remove", key=f"d{strange.pk}")
    change(client, project, act="remove", key=f"p{placement.pk}")
    strange.refresh_from_db()
    assert not strange.is_removed
    assert IdeaPlacement.objects.get() == placement


def test_diagram_as_files(client: Client, project: Project) -> None:
    change(client, project, act="add", key="", text="Access")
    base = f"/projects/{project.pk}/driver-diagram"
    assert b"Access" in client.get(f"{base}.svg").content
    assert client.get(f"{base}.png").content.startswith(b"\x89PNG")
    slides = Presentation(io.BytesIO(client.get(f"{base}.pptx").content)).slides
    assert "Access" in [s.text_frame.text for s in slides[0].shapes if s.has_text_frame]
    assert client.get(f"{base}.exe").status_code == 404


# --- process maps and the library ------------------------------------------------------------------------


def test_map_from_the_first_step_to_a_file(client: Client, project: Project) -> None:
    sent = {"title": "Visit", "kind": "today", "focus_group": "Black"}
    path = client.post(f"/projects/{project.pk}/process-maps/new/", sent)["Location"]
    step = {
        "new-text": "Wait for it",
        "new-actor": "Patient",
        "new-kind": "wait",
        "new-minutes": "30",
    }
    client.post(f"{path}steps/", step | {"new-lost_percent": "20"})
    text = page(client, path)
    assert "20% of Black patients drop out here" in text
    assert "30 min" in text
    assert client.get(f"{path}process-map.pptx").status_code == 200
    response = client.post(
        f"{path}steps/", step | {"new-lost_percent": "120", "new-text": "Kept words"}
    )
    assert response.status_code == 400
    assert "Kept words" in response.content.decode()
    pk = ProcessStep.objects.get().pk
    client.post(f"{path}steps/{pk}/change/", {"act": "remove"})
    assert "Put back: Wait for it" in page(client, path)


def test_step_that_seems_to_name_a_patient_is_asked_about(
    client: Client, project: Project, lead: User
) -> None:
    made = make_map(project, by=lead)
    path = f"/process-maps/{made.pk}/steps/"
    step = {"new-text": "Call Mrs. Jones", "new-actor": "Nurse", "new-kind": "step"}
    response = client.post(path, step)
    assert response.status_code == 400
    assert "looks like a name" in response.content.decode()
    client.post(path, step | {"new-details": "mask"})
    assert list(made.steps.values_list("text", flat=True))[-1] == "Call Mrs. [name]"


def test_map_without_steps_has_no_picture(client: Client, project: Project, lead: User) -> None:
    made = make_map(project, by=lead)
    made.steps.all().delete()
    assert "No steps yet" in page(client, f"/process-maps/{made.pk}/")
    assert client.get(f"/process-maps/{made.pk}/process-map.svg").status_code == 404


def test_idea_is_taken_over_in_two_clicks(client: Client, project: Project) -> None:
    load_library()
    assert "Rides: vouchers" in page(client, "/library/?text=rides")
    assert "Plan a first test" in page(client, "/library/transport/")
    response = client.post("/library/transport/adopt/", {"project": project.pk})
    cycle = Cycle.objects.get()
    assert response["Location"] == f"/tests/{cycle.pk}/"
    assert cycle.state == CycleState.PLANNED


def test_idea_cannot_be_taken_over_into_another_groups_project(client: Client, lead: User) -> None:
    load_library()
    strange = make_project(make_team(), by=lead)
    client.post("/library/transport/adopt/", {"project": strange.pk})
    assert not Cycle.objects.exists()


def test_own_idea_is_linked_to_the_library_once(
    client: Client, project: Project, lead: User
) -> None:
    load_library()
    idea = make_idea(project, by=lead, title="Taxi money")
    strange = make_idea(make_project(make_team(), by=lead), by=lead, title="Foreign idea")
    assert "Foreign idea" not in page(client, "/library/transport/")
    client.post("/library/transport/link/", {"idea": strange.pk})
    assert not Adoption.objects.exists()
    client.post("/library/transport/link/", {"idea": idea.pk})
    assert Adoption.objects.get().library_idea.code == "transport"
    client.post("/library/stop-a-step/link/", {"idea": idea.pk})
    assert Adoption.objects.count() == 1


# --- who may -----------------------------------------------------------------------------------------------

READ = ("aim/", "aim/versions/", "charter/", "charter/versions/", "drivers/", "process-maps/")
WRITE = (
    "aim/write/",
    "aim/check/",
    "charter/agree/",
    "charter/reopen/",
    "drivers/change/",
    "process-maps/new/",
)
READERS = {
    Role.GROUP_MEMBER,
    Role.GROUP_LEAD,
    Role.SENIOR_SPONSOR,
    Role.COACH,
    Role.PROGRAMME_DIRECTOR,
}
WRITERS = {Role.GROUP_MEMBER, Role.GROUP_LEAD}


@pytest.mark.parametrize("role", list(Role))
def test_own_team_is_read_and_written_by_those_who_may(
    role: Role, project: Project, lead: User, team: Team
) -> None:
    make_aim(project, by=lead, population="the cedar population")
    make_charter(project, by=lead)
    user = signed_in(make_user(role, team=team))
    for path in READ:
        response = user.get(f"/projects/{project.pk}/{path}")
        assert (response.status_code == 200) == (role in READERS), (role, path)
        if role not in READERS:
            assert "the cedar population" not in response.content.decode()
    for path in WRITE:
        status = user.post(f"/projects/{project.pk}/{path}", {"act": "undo"}).status_code
        assert (status not in (403, 404)) == (role in WRITERS), (role, path, status)


@pytest.mark.parametrize("role", sorted(READERS - {Role.PROGRAMME_DIRECTOR}))
def test_another_team_is_not_there(role: Role, project: Project, lead: User) -> None:
    make_aim(project, by=lead)
    make_charter(project, by=lead)
    user = signed_in(make_user(role, team=make_team()))
    for path in READ:
        assert user.get(f"/projects/{project.pk}/{path}").status_code == 404, path
    for path in WRITE:
        assert user.post(f"/projects/{project.pk}/{path}", {"act": "undo"}).status_code in (
            403,
            404,
        ), path


@pytest.mark.parametrize("path", ["aim/review/", "charter/review/"])
def test_only_the_coach_of_the_team_reviews(
    path: str, project: Project, lead: User, team: Team
) -> None:
    make_aim(project, by=lead)
    make_charter(project, by=lead)
    where, sent = f"/projects/{project.pk}/{path}", {"is_right": "1", "seen_version": "1"}
    for role in Role:
        if Permission.REVIEW_PROJECTS not in ROLE_PERMISSIONS[role]:
            assert signed_in(make_user(role, team=team)).post(where, sent).status_code == 403, role
    strange = signed_in(make_user(Role.COACH, team=make_team()))
    assert strange.post(where, sent).status_code == 404
    assert Aim.objects.get().state == AimState.DRAFT
    assert Charter.objects.get().state == CharterState.DRAFT
    assert signed_in(make_user(Role.COACH, team=team)).post(where, sent).status_code == 302


def test_map_of_another_team_is_not_there(project: Project, lead: User) -> None:
    made = make_map(project, by=lead)
    step = made.steps.first()
    stranger = signed_in(make_user(Role.GROUP_LEAD, team=make_team()))
    for path in ("", "edit/", f"steps/{step.pk}/", "process-map.svg"):
        assert stranger.get(f"/process-maps/{made.pk}/{path}").status_code == 404, path
    for path in ("edit/", "steps/", f"steps/{step.pk}/", f"steps/{step.pk}/change/"):
        assert stranger.post(f"/process-maps/{made.pk}/{path}", {}).status_code == 404, path
