"""The API answers with the numbers of the cards, in strict JSON, scoped and written down."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from measures.enums import SourceKind
from measures.models import Source
from reports.enums import CardState
from teams.enums import Role
from teams.models import AuditEvent, User
from tests.factories.members import LoadedWorld
from tests.factories.people import make_token, make_user, signed_in
from tests.reports.cards.conftest import TEAMS


class Api:
    """A client with a token; every answer must be strict JSON."""

    def __init__(self, user: User) -> None:
        self.client = Client(headers={"authorization": f"Token {make_token(user)}"})

    def get(self, path: str, status: int = 200, **parameters: Any) -> Any:
        answer = self.client.get(f"/api/v1/{path}", parameters)
        assert answer.status_code == status, answer.content

        def refuse(word: str) -> None:
            raise AssertionError(f"{word} in JSON")

        return json.loads(answer.content, parse_constant=refuse)


@pytest.fixture
def api(analyst: User) -> Api:
    return Api(analyst)


def test_results_equal_the_report_card(
    world: LoadedWorld,
    api: Api,
    make_card: Any,
) -> None:
    team = world.team("Dune Health")
    card = make_card(team, "published")
    answer = api.get("results/", team=team.code)
    assert answer["count"] == len(card.content["measures"])
    for item, measure in zip(answer["results"], card.content["measures"], strict=True):
        assert (item["measure"], item["period"]) == (measure["code"], "2024")
        assert item["reference"] == measure["reference"]
        assert item["total"].items() <= measure["total"].items()
        for figure, wanted in zip(item["figures"], measure["figures"], strict=True):
            assert figure.items() <= wanted.items()


def test_results_hide_small_counts_from_the_group_itself(world: LoadedWorld) -> None:
    team = world.team("Gale Health")
    api = Api(make_user(Role.GROUP_LEAD, team=team))
    figures = [f for item in api.get("results/")["results"] for f in item["figures"]]
    assert {f["state"] for f in figures} >= {"protected"}
    for figure in figures:
        if figure["state"] != "shown":
            assert [v for k, v in figure.items() if isinstance(v, int | float)] == []


def test_group_gets_its_own_results_only(world: LoadedWorld) -> None:
    api = Api(make_user(Role.GROUP_MEMBER, team=world.team("Amber Health")))
    answer = api.get("results/")
    assert {item["team"] for item in answer["results"]} == {world.team("Amber Health").code}
    other = world.team("Birch Health").code
    assert api.get("results/", status=404, team=other)["error"] == "not_found"
    assert api.get("results/", status=404, team=other, unit="site")["error"] == "not_found"
    assert api.get("results/", status=403, unit="programme")["error"] == "not_allowed"


def test_results_of_programme_sites_and_lines(world: LoadedWorld, api: Api) -> None:
    programme = api.get("results/", unit="programme", stratum_set="race", measure="CBP")
    (item,) = programme["results"]
    assert (item["unit"], item["team"], item["stratum_set"]) == ("programme", None, "race")
    sites = api.get("results/", unit="site", team=world.team("Amber Health").code)
    assert {(i["unit"], i["site"]) for i in sites["results"]} == {("site", None)}
    lines = api.get("results/", line_of_business="commercial", measure=["CBP", "COL-E"])
    assert {i["line_of_business"] for i in lines["results"]} == {"Commercial"}
    assert {i["measure"] for i in lines["results"]} == {"CBP", "COL-E"}


def test_results_of_another_groups_own_source_are_not_there(
    world: LoadedWorld,
    api: Api,
) -> None:
    team = world.team("Birch Health")
    Source.objects.create(
        organisation=team.organisation, team=team, code="own", name="Own", kind=SourceKind.GROUP
    )
    assert "source" in api.get("results/", status=400, source="own")["fields"]


@pytest.mark.parametrize(
    ("parameters", "field"),
    [
        ({"perod": "2024"}, "perod"),
        ({"period": "1999"}, "period"),
        ({"measure": "NOPE"}, "measure"),
        ({"stratum_set": "shoe"}, "stratum_set"),
        ({"unit": "planet"}, "unit"),
        ({"unit": "site"}, "team"),
        ({"unit": "programme", "line_of_business": "commercial"}, "line_of_business"),
        ({"line_of_business": "medicare"}, "line_of_business"),
    ],
)
def test_results_refuse_what_they_do_not_know(
    parameters: dict[str, str],
    field: str,
    world: LoadedWorld,
    api: Api,
) -> None:
    answer = api.get("results/", status=400, **parameters)
    assert answer["error"] == "input_refused"
    assert list(answer["fields"]) == [field]


def test_results_come_in_pages_and_are_written_down(
    world: LoadedWorld,
    api: Api,
    analyst: User,
) -> None:
    first = api.get("results/", limit=4)
    second = api.get("results/", limit=4, offset=4)
    assert first["count"] == second["count"] == len(TEAMS) * 3
    assert len(first["results"]) == len(second["results"]) == 4
    assert first["results"] != second["results"] and "offset=4" in first["next"]
    events = AuditEvent.objects.filter(act="export_results")
    assert [e.actor for e in events] == [analyst, analyst]
    assert {str(e.details) for e in events} == {
        "{'limit': ['4']}",
        "{'limit': ['4'], 'offset': ['4']}",
    }


def test_number_of_queries_does_not_grow_with_teams(
    world: LoadedWorld,
    api: Api,
) -> None:
    def count(**parameters: Any) -> int:
        api.get("results/", **parameters)
        with CaptureQueriesContext(connection) as counted:
            api.get("results/", **parameters)
        return len(counted)

    assert count() == count(team=world.team("Amber Health").code) - 1  # the team itself


def test_measures_and_one_measure(world: LoadedWorld, api: Api) -> None:
    answer = api.get("measures/", year=2024)
    codes = [item["code"] for item in answer["results"]]
    assert {"CBP", "COL-E", "GSD-POOR"} <= set(codes)
    one = api.get("measures/GSD-POOR/", year=2024)
    assert one in answer["results"]
    assert one["direction"] == "lower" and one["numerator_meaning"]
    assert api.get("measures/NOPE/", status=404)["error"] == "not_found"
    assert "year" in api.get("measures/", status=400, year="late")["fields"]


def test_report_cards_list_read_and_download(
    world: LoadedWorld,
    api: Api,
    make_card: Any,
) -> None:
    card = make_card(world.team("Amber Health"), "published")
    make_card(world.team("Birch Health"))
    answer = api.get("report-cards/", state="published")
    (item,) = answer["results"]
    assert item["id"] == card.pk and item["team"] == card.team.code
    assert item["content_sha256"] == card.content_sha256
    assert item["data_changed_since"] is False
    whole = api.get(f"report-cards/{card.pk}/")
    card.refresh_from_db()
    assert whole["content"] == card.content
    browser = signed_in(make_user(Role.PAYER_ANALYST))
    for form in ("pdf", "xlsx", "csv"):
        by_api = api.client.get(f"/api/v1/report-cards/{card.pk}/download", {"format": form})
        assert by_api.status_code == 200
        page = browser.get(reverse("reports:card_download", args=[card.pk, form]))
        assert by_api["Content-Type"] == page["Content-Type"]
        assert by_api.content == page.content
    bad = api.get(f"report-cards/{card.pk}/download", status=400, format="docx")
    assert "format" in bad["fields"]
    assert AuditEvent.objects.filter(act="download_report_card").count() == 6


def test_group_reads_its_own_published_cards_only(
    world: LoadedWorld,
    make_card: Any,
) -> None:
    mine = make_card(world.team("Amber Health"), "published")
    draft = make_card(world.team("Amber Health"))
    other = make_card(world.team("Birch Health"), "published")
    api = Api(make_user(Role.GROUP_MEMBER, team=world.team("Amber Health")))
    assert [c["id"] for c in api.get("report-cards/")["results"]] == [mine.pk]
    assert api.get("report-cards/", state=CardState.DRAFT.value)["results"] == []
    for card in (draft, other):
        assert api.get(f"report-cards/{card.pk}/", status=404)["error"] == "not_found"
        assert api.get(f"report-cards/{card.pk}/download", status=404)["error"] == "not_found"
    assert api.get("report-cards/", status=404, team=other.team.code)["error"] == "not_found"


@pytest.mark.parametrize("path", ["results/", "report-cards/", "measures/"])
def test_without_a_token_nothing_is_answered(path: str, db: None) -> None:
    answer = Client().get(f"/api/v1/{path}")
    assert answer.status_code == 401
    assert answer.json()["error"] == "sign_in_needed"


def test_role_without_results_is_refused(world: LoadedWorld) -> None:
    api = Api(make_user(Role.PAYER_FINANCE))
    assert api.get("results/", status=403)["error"] == "not_allowed"
    assert api.get("report-cards/", status=403)["error"] == "not_allowed"


def test_schema_describes_every_endpoint(db: None) -> None:
    from drf_spectacular.generators import SchemaGenerator

    schema = SchemaGenerator().get_schema(request=None, public=True)
    assert schema["openapi"].startswith("3.1")
    figure = schema["components"]["schemas"]["Figure"]["properties"]
    assert figure["rate"]["type"] == ["number", "null"]
    for path in ("measures/", "measures/{code}/", "results/", "report-cards/", "report-cards/{card_id}/", "report-cards/{card_id}/download"):  # fmt: skip
        operation = schema["paths"][f"/api/v1/{path}"]["get"]
        assert {"200", "403", "404"} <= set(operation["responses"])
        assert operation["description"]
