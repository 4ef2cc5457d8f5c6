"""Projects, tests of change, measures and the library over the API, and what other groups get of them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client

from pdsa.actions import drivers
from pdsa.actions.cycles import move_cycle
from pdsa.actions.library import adopt_idea, load_library
from pdsa.enums import CycleState, Sharing
from pdsa.models import Cycle, LibraryIdea, LocalMeasure, Observation, Project
from teams.enums import Role
from teams.models import Team, User
from tests.factories import definitions
from tests.factories.aims import make_aim, make_charter
from tests.factories.cycles import NOW, make_cycle, make_project
from tests.factories.local_measures import make_local_measure
from tests.factories.people import make_team, make_token, make_user

pytestmark = pytest.mark.django_db


class Api:
    def __init__(self, user: User) -> None:
        self.client = Client(headers={"authorization": f"Token {make_token(user)}"})

    def get(self, path: str, status: int = 200) -> Any:
        answer = self.client.get(f"/api/v1/{path}")
        assert answer.status_code == status, answer.content
        return json.loads(answer.content)

    def post(self, path: str, data: dict[str, Any], status: int = 201) -> Any:
        answer = self.client.post(f"/api/v1/{path}", data, content_type="application/json")
        assert answer.status_code == status, answer.content
        return json.loads(answer.content)


@pytest.fixture
def team() -> Team:
    return make_team(name="Harborlight Medical")


@pytest.fixture
def lead(team: Team) -> User:
    return make_user(Role.GROUP_LEAD, team=team)


def test_test_is_logged_once_and_read(lead: User) -> None:
    api = Api(lead)
    key = "6a1c5c0e-54dd-4f43-8a3c-4d4f6a4f7d11"
    sent = {"objective": "Call 5 patients", "prediction": "3 answer", "client_key": key}
    made = api.post("tests/", sent)
    assert api.post("tests/", sent)["id"] == made["id"]
    assert Cycle.objects.count() == 1
    read = api.get(f"tests/{made['id']}/")
    assert (read["state"], read["decision"]) == ("doing", None)
    assert read["texts"]["objective"] == "Call 5 patients"
    assert read["predictions"][0]["prediction"] == "3 answer"
    assert api.get("tests/?state=doing")["count"] == 1
    assert api.get("tests/?state=closed")["count"] == 0


def test_mistyped_parameter_is_refused(lead: User) -> None:
    api = Api(lead)
    api.get("tests/?stat=doing", 400)
    api.get("tests/?state=going", 400)
    api.post("tests/", {"objective": ""}, 400)


def test_patients_name_is_not_stored_unless_told(lead: User) -> None:
    api = Api(lead)
    answer = api.post("tests/", {"objective": "Call Mrs. Jones"}, 400)
    assert "looks like a name" in json.dumps(answer, ensure_ascii=False)
    api.post("tests/", {"objective": "Ask Mrs. Baptiste", "keep_details": True})
    assert [c.objective for c in Cycle.objects.all()] == ["Ask Mrs. Baptiste"]


def test_other_readers_get_shared_tests_without_names(team: Team, lead: User) -> None:
    private = make_cycle(team, by=lead, objective="Private one")
    shared = make_cycle(
        team,
        by=lead,
        state=CycleState.CLOSED,
        sharing=Sharing.UNNAMED,
        who="Nurse Odalys",
        quotes="Said a patient",
        learned="Call after six",
    )
    for role in (Role.PAYER_ANALYST, Role.GROUP_LEAD, Role.COACH):
        api = Api(make_user(role))
        assert api.get("tests/")["count"] == 0
        found = api.get("tests/?shared=true")
        assert [row["id"] for row in found["results"]] == [shared.pk]
        row = api.get(f"tests/{shared.pk}/")
        assert row["texts"]["learned"] == "Call after six"
        assert row["project_id"] is None
        said = json.dumps([found, row])
        for secret in ("Harborlight", "Odalys", "Said a patient", shared.idea.project.title):
            assert secret not in said
        api.get(f"tests/{private.pk}/", 404)


def test_decision_of_a_test_that_was_opened_again_is_for_its_own_group(
    team: Team, lead: User
) -> None:
    cycle = make_cycle(
        team,
        by=lead,
        state=CycleState.CLOSED,
        decision="abandon",
        sharing=Sharing.NAMED,
        next_change="Ask the night shift",
    )
    strange = Api(make_user(Role.GROUP_LEAD, team=make_team()))
    payer = Api(make_user(Role.PAYER_ANALYST))
    path = f"tests/{cycle.pk}/"
    for api in (strange, payer):
        read = api.get(path)
        assert (read["decision"], read["texts"]["next_change"]) == (
            "abandon",
            "Ask the night shift",
        )
    move_cycle(cycle=cycle, act="reopen", by=lead, as_of=NOW)
    for api in (strange, payer):
        read = api.get(path)
        assert (read["decision"], read["texts"]["next_change"]) == (None, "")
    assert Api(lead).get(path)["texts"]["next_change"] == "Ask the night shift"


@pytest.mark.parametrize("role", [Role.PAYER_ANALYST, Role.COACH, Role.SENIOR_SPONSOR])
def test_readers_log_nothing(role: Role, team: Team) -> None:
    user = make_user(role, team=None if role == Role.PAYER_ANALYST else team)
    Api(user).post("tests/", {"objective": "x"}, 403)
    assert not Cycle.objects.exists()


def test_idea_of_another_group_is_unknown(team: Team, lead: User) -> None:
    idea = make_cycle(team, by=lead).idea
    other = make_user(Role.GROUP_LEAD)
    Api(other).post("tests/", {"objective": "x", "idea_id": idea.pk}, 400)
    assert idea.cycles.count() == 1


@pytest.mark.parametrize("count", [1, 3])
def test_list_asks_a_fixed_number_of_questions(
    count: int, team: Team, lead: User, django_assert_num_queries: Any
) -> None:
    for _ in range(count):
        make_cycle(team, by=lead)
    api = Api(lead)
    api.get("tests/")
    with django_assert_num_queries(8):
        api.get("tests/")


# --- projects, aims, charters, drivers, library, measures ---------------------------------------------------


@pytest.fixture
def project(team: Team, lead: User) -> Project:
    definitions.load()
    made = make_project(team, by=lead, title="Pressure in Dorchester")
    make_aim(made, by=lead)
    make_charter(made, by=lead)
    return made


def test_project_is_read_with_aim_charter_and_drivers(project: Project, lead: User) -> None:
    api = Api(lead)
    row = api.get("projects/?status=active")["results"][0]
    assert (row["title"], row["team"], row["test_count"]) == (
        "Pressure in Dorchester",
        project.team.code,
        0,
    )
    assert api.get(f"projects/{project.pk}/")["id"] == project.pk
    aim = api.get(f"projects/{project.pk}/aim/")
    assert aim["sentence"].startswith("Increase blood pressure control")
    assert (aim["measure"], aim["gap_to"], aim["state"]) == (None, "4.0", "draft")
    charter = api.get(f"projects/{project.pk}/charter/")
    assert charter["texts"]["sponsor"] == "Dr. Lindqvist"
    assert charter["state"] == "draft"


def test_drivers_come_as_rows_with_their_measures(project: Project, lead: User) -> None:
    measure = make_local_measure(project, by=lead, name="Plan changed in 30 days")
    primary = drivers.add_driver(project=project, text="Care process", by=lead, as_of=NOW)
    second = drivers.add_driver(project=project, text="Recall", parent=primary, by=lead, as_of=NOW)
    drivers.place_idea(driver=second, title="Call on Friday", by=lead, as_of=NOW)
    drivers.describe_driver(
        driver=primary,
        owner="Denise",
        status="now",
        measures=[],
        local_measures=[measure],
        by=lead,
        as_of=NOW,
    )
    rows = Api(lead).get(f"projects/{project.pk}/drivers/")
    assert [(r["kind"], r["text"]) for r in rows] == [
        ("primary", "Care process"),
        ("secondary", "Recall"),
        ("idea", "Call on Friday"),
    ]
    assert rows[0]["measures"] == ["Plan changed in 30 days"]
    assert [r["parent"] for r in rows] == [None, rows[0]["key"], rows[1]["key"]]


def test_points_are_written_once_read_back_and_refused_by_place(
    project: Project, lead: User
) -> None:
    measure = make_local_measure(project, by=lead)
    api, path = Api(lead), f"project-measures/{measure.pk}/points/"
    right = {"stratum": "nh_black", "starts_on": "2025-01-01", "numerator": 31, "denominator": 50}
    none = {"stratum": "nh_white", "starts_on": "2025-01-01", "state": "not_collected"}
    assert api.post(path, {"points": [right, none]}, 200) == {"changed_count": 2}
    assert api.post(path, {"points": [right, none]}, 200) == {"changed_count": 0}
    found = {r["stratum"]: r for r in api.get(path)}
    assert (found["nh_black"]["numerator"], found["nh_black"]["denominator"]) == (31, 50)
    assert (found["nh_white"]["state"], found["nh_white"]["numerator"]) == ("not_collected", None)
    wrong = right | {"starts_on": "2025-02-01", "numerator": 51}
    answer = api.post(path, {"points": [right | {"numerator": 30}, wrong]}, 400)
    assert "cannot be larger" in json.dumps(answer)
    api.post(path, {"points": [none | {"numerator": 1}]}, 400)
    api.post(path, {"points": [right | {"stratum": "nobody"}]}, 400)
    assert Observation.objects.get(stratum__code="nh_black").numerator == 31
    listed = api.get(f"project-measures/?project={project.pk}")["results"]
    assert [row["name"] for row in listed] == [measure.name]
    assert api.get(f"project-measures/{measure.pk}/")["strata"][0]["role"] == "focus"


def _paths(project: Project, measure: LocalMeasure) -> list[str]:
    base = f"projects/{project.pk}/"
    mine = f"project-measures/{measure.pk}/"
    return [base, f"{base}aim/", f"{base}charter/", f"{base}drivers/", mine, f"{mine}points/"]


def test_another_group_and_its_coach_find_nothing_of_a_project(
    project: Project, lead: User
) -> None:
    measure = make_local_measure(project, by=lead, name="Cedar measure")
    for role in (Role.GROUP_LEAD, Role.COACH):
        api = Api(make_user(role))
        for path in _paths(project, measure):
            api.get(path, 404)
        assert api.get("projects/")["count"] == 0
        assert api.get("project-measures/")["count"] == 0


@pytest.mark.parametrize("role", [Role.PAYER_ANALYST, Role.PAYER_FINANCE, Role.EVALUATOR])
def test_payer_and_evaluator_are_refused_projects(role: Role, project: Project, lead: User) -> None:
    measure = make_local_measure(project, by=lead)
    api = Api(make_user(role))
    for path in ["projects/", "project-measures/", *_paths(project, measure)]:
        api.get(path, 403)


def test_coach_reads_points_and_writes_none(project: Project, team: Team, lead: User) -> None:
    measure = make_local_measure(project, by=lead)
    api, path = Api(make_user(Role.COACH, team=team)), f"project-measures/{measure.pk}/points/"
    assert api.get(path) == []
    sent = {"stratum": "nh_black", "starts_on": "2025-01-01", "numerator": 1, "denominator": 2}
    api.post(path, {"points": [sent]}, 403)
    assert not Observation.objects.exists()


def test_library_counts_only_what_the_reader_may_read(project: Project, lead: User) -> None:
    load_library()
    entry = LibraryIdea.objects.get(code="transport")
    cycle = adopt_idea(project=project, entry=entry, by=lead, as_of=NOW)
    move_cycle(cycle=cycle, act="start", by=lead, as_of=NOW)
    assert Api(lead).get("library/transport/")["test_count"] == 1
    other = Api(make_user(Role.GROUP_LEAD))
    assert other.get("library/transport/")["test_count"] == 0
    assert other.get("library/?text=ride")["count"] >= 1
    Api(make_user(Role.PAYER_FINANCE)).get("library/", 403)


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize(("path", "queries"), [("projects/", 8), ("project-measures/", 8)])
def test_lists_of_projects_and_measures_ask_a_fixed_number_of_questions(
    path: str,
    queries: int,
    count: int,
    team: Team,
    lead: User,
    django_assert_num_queries: Any,
) -> None:
    for _ in range(count):
        made = make_project(team, by=lead)
        make_local_measure(made, by=lead)
    api = Api(lead)
    api.get(path)
    with django_assert_num_queries(queries):
        assert api.get(path)["count"] == count
