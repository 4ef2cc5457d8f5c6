"""Pages and files of imputed results: what they say, to whom, and that they stay with the group."""

from __future__ import annotations

import csv
import io

import pytest
from django.test import Client
from django.urls import reverse

from measures.models import Source
from reports.dashboards.imputed import IMPUTED_COLUMNS, VALIDITY_COLUMNS
from teams.enums import Role
from teams.models import AuditEvent
from tests.factories.people import PASSWORD, make_site, make_team, make_user
from tests.factories.submissions import csv_bytes, make_groups, make_source, send
from tests.measures.test_imputed_queries import NAMES, SAID
from tests.measures.test_imputing import person, state, tables  # noqa: F401

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(tables):  # noqa: F811
    first, second = make_groups()
    rows = []
    for n in range(400):
        # Hispanic people are reached less often.
        values = {"last_name": NAMES[n % 5], "numerator": int(n % 5 != 1 or n % 4 == 0)}
        if n < 150:
            values |= SAID | {"race": "black" if n < 5 else "white"}
        rows.append(person(n, **values))
    rows += [person(900 + n, group_id="G02", site_id="S2") for n in range(60)]
    submission = send(make_source(), csv_bytes(rows))
    assert submission.state == "published", submission.refusal
    return submission, first, second


def client_of(role: str, **options) -> Client:
    user = make_user(role, password=PASSWORD, **options)
    client = Client()
    client.force_login(user)
    return client


def text(client: Client, address: str) -> str:
    response = client.get(address)
    assert response.status_code == 200, address
    return response.content.decode()


def lines(client: Client, address: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text(client, address).lstrip("\ufeff"))))


def test_page_shows_ranges_basis_and_validity(world):
    submission, team, _ = world
    page = text(client_of(Role.GROUP_LEAD, team=team), "/teams/G01/imputed/")
    assert "Hispanic patients are probably behind." in page
    assert "38% known directly, 62% imputed from name and place." in page
    assert "No gap shown; one of" in page and "effective " in page
    assert "most likely" in page and "How good is the estimate here?" in page
    for version in submission.imputation.tables:
        assert version in page
    assert "Garcia" not in page and "Smith" not in page


def test_measure_page_has_its_block(world):
    _, team, _ = world
    page = text(client_of(Role.GROUP_LEAD, team=team), "/teams/G01/measures/CBP/")
    assert 'id="imputed"' in page and "Each range runs from one way of estimating" in page


def test_outside_reader_sees_less(world):
    client = client_of(Role.PAYER_ANALYST, organisation=Source.objects.get().organisation)
    page = text(client, "/teams/G01/imputed/")
    assert "Hidden: it rests on the answers of fewer than 11 people." in page
    assert "most likely" not in page and "How good is the estimate here?" not in page
    assert "effective " not in page
    assert lines(client, "/teams/G01/validity.csv") == []
    rows = lines(client, "/teams/G01/imputed.csv")
    black = next(r for r in rows if r["stratum"] == "black")
    assert black["low"] == "" and "fewer than 11" in black["state"]
    assert all(r["most_likely"] == "" for r in rows)


def test_files_hold_every_number_and_are_written_down(world):
    _, team, _ = world
    client = client_of(Role.GROUP_LEAD, team=team)
    rows = lines(client, "/teams/G01/imputed.csv")
    assert tuple(rows[0]) == IMPUTED_COLUMNS
    assert [r["stratum"] for r in rows if r["estimate"] == "rate"] == [
        "white", "black", "hispanic", "api",
    ]  # fmt: skip
    gap = next(r for r in rows if r["estimate"] == "gap" and r["stratum"] == "hispanic")
    assert float(gap["interval_lower"]) <= float(gap["low"]) <= float(gap["high"]) < 0
    assert float(gap["direct_share"]) == 150 / 400 and "Surnames 2010" in gap["tables"]
    validity = lines(client, "/teams/G01/validity.csv")
    assert tuple(validity[0]) == VALIDITY_COLUMNS and len(validity) == 8
    assert AuditEvent.objects.filter(act="download_results").count() == 2


def test_site_finder_orders_by_name_unless_asked(world):
    _, team, _ = world
    client = client_of(Role.GROUP_LEAD, team=team)
    page = text(client, "/teams/G01/site-finder/")
    assert "Sites and the people around them" in page and "ZIP areas 2010" in page
    assert 'aria-current="page">Site name' in page
    assert 'aria-current="page">Black' in text(client, "/teams/G01/site-finder/?order=black")
    assert 'aria-current="page">Site name' in text(client, "/teams/G01/site-finder/?order=worst")
    rows = lines(client, "/teams/G01/site-finder.csv")
    assert {r["stratum"] for r in rows} == {"white", "black", "hispanic", "api"}


@pytest.mark.parametrize(
    "address", ["imputed/", "imputed.csv", "validity.csv", "site-finder/", "site-finder.csv"]
)
def test_other_groups_get_nothing(world, address):
    _, _, other = world
    client = client_of(Role.GROUP_LEAD, team=other)
    assert client.get(f"/teams/G01/{address}").status_code == 404
    assert client.get(f"/teams/G02/{address}").status_code == 200


def test_without_names_the_page_says_what_to_do(state):  # noqa: F811
    team, _ = make_groups()
    send(make_source(), csv_bytes([person(n, last_name=None) for n in range(40)]))
    page = text(client_of(Role.GROUP_LEAD, team=team), "/teams/G01/imputed/")
    assert "Nothing was imputed" in page and "a column with surnames" in page


def test_sender_sees_how_names_were_matched(world):
    submission, *_ = world
    client = client_of(Role.PAYER_ANALYST, organisation=submission.source.organisation)
    page = text(client, reverse("measures:submission", args=[submission.pk]))
    assert "how names and places were matched" in page and "Not in the table" in page


def test_api_gives_what_outsiders_may_see_also_to_the_group(world):
    _, team, other = world
    client = client_of(Role.GROUP_LEAD, team=team)
    address = "/api/v1/imputed-results/"
    (item,) = client.get(address, {"team": "G01"}).json()
    assert (item["measure"], item["basis"]) == ("CBP", "mixed") and len(item["tables"]) == 2
    rates = {rate["group"]: rate for rate in item["rates"]}
    assert rates["black"]["low"] is None and "fewer than 11" in rates["black"]["why_not"]
    assert rates["hispanic"]["low"] == round(rates["hispanic"]["low"], 2)
    # White is hidden on the card because of Black, and too few imputed people blur it.
    assert rates["white"]["low"] is None and "hidden elsewhere" in rates["white"]["why_not"]
    assert item["gaps"] == []
    assert client.get(address, {"team": "G02"}).status_code == 404
    assert client.get(address).status_code == 400
    assert client.get(address, {"team": "G01", "tema": "x"}).status_code == 400
    # All of it comes at once, so no limit is passed over in silence.
    assert client.get(address, {"team": "G01", "limit": "1"}).status_code == 400
    assert client.get(address, {"team": "G01", "period": "1999"}).status_code == 400
    assert AuditEvent.objects.filter(act__contains="export").count() == 1
    assert client_of(Role.GROUP_LEAD, team=other).get(address, {"team": "G01"}).status_code == 404


def test_programme_page_and_file_name_no_group(tables):  # noqa: F811
    """Three groups of the same size: with two, each would have the other's numbers."""
    team, _ = make_groups()
    make_site(code="S3", team=make_team(code="G03"))
    rows = [
        person(1000 * g + n, group_id=f"G0{g}", site_id=f"S{g}", last_name=NAMES[n % 5],
               numerator=int(n % 5 != 1 or n % 4 == 0),
               **(SAID | {"race": "white"} if n < 100 else {}))
        for g in (1, 2, 3)
        for n in range(250)
    ]  # fmt: skip
    submission = send(make_source(), csv_bytes(rows))
    assert submission.state == "published", submission.refusal
    client = client_of(Role.EVALUATOR)
    page = text(client, "/programme/imputed/")
    assert "Controlling" in page and "people who told their race" in page.lower()
    assert team.name not in page and "most likely" not in page
    found = lines(client, "/programme/imputed.csv")
    assert {row["group_id"] for row in found} == {""}
    assert list(found[0]) == list(IMPUTED_COLUMNS)
    shown = [row for row in found if row["state"] == "shown" and row["estimate"] == "rate"]
    assert shown and all(float(row["low"]) == round(float(row["low"]), 2) for row in shown)
    assert client_of(Role.GROUP_LEAD, team=team).get("/programme/imputed/").status_code == 403
    assert AuditEvent.objects.filter(act__contains="download").count() == 1
