"""Tests of change over the API: list, read, log, and what other groups get of it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client

from pdsa.enums import CycleState, Sharing
from pdsa.models import Cycle
from teams.enums import Role
from teams.models import Team, User
from tests.factories.cycles import make_cycle
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
