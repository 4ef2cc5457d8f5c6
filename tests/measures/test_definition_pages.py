"""Pages of definitions: for every role, by year, with what a reader must know about a measure."""

from __future__ import annotations

import html

import pytest
from django.test import Client
from django.urls import reverse

from measures.models import StratumSet
from measures.queries.definitions import list_stretches, list_years_of
from measures.stats.registry import METHOD_VERSION, METRICS
from teams.enums import Role
from tests.factories import definitions
from tests.factories.people import make_user, signed_in


@pytest.fixture
def reader(db: None) -> Client:
    definitions.load()
    return signed_in(make_user(Role.SENIOR_SPONSOR))


@pytest.mark.django_db
@pytest.mark.parametrize("role", list(Role))
def test_every_role_reads_definitions(role: Role) -> None:
    definitions.load()
    client = signed_in(make_user(role))
    assert client.get("/definitions/").status_code == 200
    assert client.get("/definitions/CBP/").status_code == 200


def test_list_shows_measures_of_the_year_and_all_sets(reader: Client) -> None:
    page = reader.get("/definitions/?year=2019").content.decode()
    assert "Measures of 2019" in page
    assert "Kidney health evaluation" not in page  # defined from 2020 on
    for stratum_set in StratumSet.objects.exclude(code="all"):
        assert f'id="set-{stratum_set.code}"' in page
    assert "Kidney health evaluation" in reader.get("/definitions/?year=2024").content.decode()


def test_list_says_how_numbers_are_worked_out(reader: Client) -> None:
    page = html.unescape(reader.get("/definitions/").content.decode())
    assert f"Methods of version {METHOD_VERSION}." in page
    for metric in METRICS.values():
        assert f'id="metric-{metric.code}"' in page
        assert metric.definition in page and metric.formula in page


@pytest.mark.parametrize("query", ["", "?year=", "?year=1066", "?year=soon"])
def test_missing_or_unknown_year_shows_the_default_one(reader: Client, query: str) -> None:
    response = reader.get(f"/definitions/{query}")
    assert response.status_code == 200
    assert response.context["domains"]


def test_inverse_measure_says_so(reader: Client) -> None:
    page = reader.get("/definitions/GSD-POOR/?year=2024").content.decode()
    assert "a rate above the reference is a worse result" in page
    assert reverse("definitions:definition", args=["GSD-GOOD"]) in page  # same people


def test_completeness_measure_says_that_it_is_never_sent(reader: Client) -> None:
    assert "never sent in a file" in reader.get("/definitions/REAL-RACE/").content.decode()


def test_break_of_a_trend_is_told(reader: Client) -> None:
    page = reader.get("/definitions/BCS-E/?year=2025").content.decode()
    assert "aged 40 to 74" in page
    assert "2018 to 2024" in page


def test_unknown_measure_is_not_found(reader: Client) -> None:
    assert reader.get("/definitions/NOPE/").status_code == 404


def test_pages_need_a_constant_number_of_queries(
    reader: Client, django_assert_max_num_queries: object
) -> None:
    reader.get("/definitions/")
    with django_assert_max_num_queries(12):  # type: ignore[operator]
        reader.get("/definitions/?year=2024")
    with django_assert_max_num_queries(10):  # type: ignore[operator]
        reader.get("/definitions/CBP/?year=2024")


def test_stretches_join_years_that_mean_the_same(reader: Client) -> None:
    stretches = list_stretches(list_years_of("CBP"))
    assert [(s.first, s.last) for s in stretches] == [(2018, 2027), (1999, 2017)]
