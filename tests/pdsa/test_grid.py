"""The grid of numbers: what is right is saved, what is not stays typed, and nobody is written over."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from pdsa.charts.periods import step
from pdsa.charts.plausible import question_about
from pdsa.charts.values import Point
from pdsa.enums import PointKind, PointState
from pdsa.models import LocalMeasure, Observation
from teams.enums import Role
from teams.models import Team, User
from tests.factories.cycles import make_project
from tests.factories.local_measures import make_local_measure, stratum
from tests.factories.people import make_team, make_user, signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def team() -> Team:
    return make_team()


@pytest.fixture
def lead(team: Team) -> User:
    return make_user(Role.GROUP_LEAD, team=team, name="Denise Baptiste")


@pytest.fixture
def measure(team: Team, lead: User) -> LocalMeasure:
    return make_local_measure(make_project(team, by=lead), by=lead, name="Blood pressure")


@pytest.fixture
def client(lead: User) -> Client:
    return signed_in(lead)


def this_month(back: int = 0) -> date:
    return step(timezone.localdate().replace(day=1), "month", -back)


def key(code: str, back: int = 0) -> str:
    return f"{stratum(code).pk}_{this_month(back):%Y%m%d}"


def cell(
    code: str, back: int = 0, n: Any = "", d: Any = "", s: str = "", o: str = "|||"
) -> dict[str, str]:
    """The fields of one cell as a browser sends them; o: what the page was given."""
    name = key(code, back)
    return {f"n_{name}": str(n), f"d_{name}": str(d), f"s_{name}": s, f"o_{name}": o}


def path(measure: LocalMeasure) -> str:
    return f"/project-measures/{measure.pk}/numbers/"


def send(client: Client, measure: LocalMeasure, *cells: dict[str, str]) -> Any:
    data: dict[str, str] = {}
    for one in cells:
        data |= one
    return client.post(path(measure), data)


def found(code: str, back: int = 0) -> Observation:
    return Observation.objects.get(stratum=stratum(code), starts_on=this_month(back))


def test_a_month_of_all_groups_is_saved_at_once(client: Client, measure: LocalMeasure) -> None:
    response = send(
        client,
        measure,
        cell("nh_black", n=31, d=50),
        cell("nh_white", n="1,204", d="2 400"),
        cell("hispanic", s="not_collected"),
    )
    assert response.status_code == 302
    assert (found("nh_black").numerator, found("nh_black").denominator) == (31, 50)
    assert found("nh_white").numerator == 1204
    assert found("hispanic").state == PointState.NOT_COLLECTED


def test_what_is_right_is_saved_and_what_is_not_stays_typed(
    client: Client, measure: LocalMeasure
) -> None:
    response = send(
        client,
        measure,
        cell("nh_black", n=31, d=50),
        cell("nh_white", n=60, d=50),
        cell("hispanic", n="many", d=50),
    )
    assert response.status_code == 422
    page = response.content.decode()
    assert "n (60) cannot be larger than N (50)." in page
    assert 'value="many"' in page and "Write a whole number" in page
    assert "2 cells need another look; everything else is saved" in page
    assert Observation.objects.get() == found("nh_black")
    # What was saved a moment ago is not sent as new again.
    assert f'name="o_{key("nh_black")}" value="|31|50|"' in page


def test_an_empty_cell_is_no_zero_and_nobody_to_count_is_a_state(
    client: Client, measure: LocalMeasure
) -> None:
    send(client, measure, cell("nh_black"), cell("nh_white", n=0, d=0))
    assert Observation.objects.get() == found("nh_white")
    assert found("nh_white").state == PointState.NO_PATIENTS


def test_a_number_and_a_reason_for_none_exclude_each_other(
    client: Client, measure: LocalMeasure
) -> None:
    response = send(client, measure, cell("nh_black", n=3, d=5, s="not_collected"))
    assert "exclude each other" in response.content.decode()
    assert not Observation.objects.exists()


def test_a_number_of_somebody_else_is_not_written_over_unseen(
    client: Client, measure: LocalMeasure, team: Team
) -> None:
    other = signed_in(make_user(Role.GROUP_MEMBER, team=team, name="Owen Gallagher"))
    send(other, measure, cell("nh_black", n=40, d=50))
    response = send(client, measure, cell("nh_black", n=31, d=50))
    page = response.content.decode()
    assert response.status_code == 422
    assert "Meanwhile saved by Owen Gallagher: 40 of 50." in page
    assert 'value="31"' in page and found("nh_black").numerator == 40
    # Saving again after having seen it replaces it.
    assert send(client, measure, cell("nh_black", n=31, d=50, o="|40|50|")).status_code == 302
    assert found("nh_black").numerator == 31


def test_cells_that_were_not_touched_are_not_written(client: Client, measure: LocalMeasure) -> None:
    send(client, measure, cell("nh_black", n=40, d=50))
    before = found("nh_black").entered_at
    send(client, measure, cell("nh_black", n=40, d=50, o="|40|50|"), cell("nh_white", n=1, d=2))
    assert found("nh_black").entered_at == before


def test_unlikely_numbers_are_saved_and_asked_about(client: Client, measure: LocalMeasure) -> None:
    for back in range(6, 0, -1):
        send(client, measure, cell("nh_black", back, n=50 + back % 2, d=100))
    response = client.post(path(measure), cell("nh_black", n=95, d=100), follow=True)
    page = response.content.decode()
    assert found("nh_black").numerator == 95
    assert "Black, not Hispanic" in page and "Far from the months before" in page


@pytest.mark.parametrize("at", ["", "?until=2026-13-01", "?until=", "?until=2031-01-01"])
def test_the_last_column_is_never_in_the_future(
    client: Client, measure: LocalMeasure, at: str
) -> None:
    page = client.get(path(measure) + at).content.decode()
    assert f"{this_month():%b %Y}" in page
    assert f"{this_month(-1):%b %Y}" not in page
    assert f"{this_month(6):%b %Y}" in page and f"{this_month(7):%b %Y}" not in page


def test_earlier_months_can_be_reached(client: Client, measure: LocalMeasure) -> None:
    page = client.get(f"{path(measure)}?until={this_month(12):%Y-%m-%d}").content.decode()
    assert f"{this_month(12):%b %Y}" in page and f"{this_month():%b %Y}" not in page


def test_a_weekly_measure_is_entered_by_weeks_that_begin_on_mondays(
    client: Client, measure: LocalMeasure, lead: User
) -> None:
    weekly = make_local_measure(measure.project, by=lead, name="Calls", frequency="week")
    monday = timezone.localdate() - timedelta(days=timezone.localdate().weekday())
    page = client.get(path(weekly)).content.decode()
    pk = stratum("nh_black").pk
    shown = re.findall(rf'name="n_{pk}_(\d+)"', page)
    weeks = [monday - timedelta(weeks=back) for back in range(6, -1, -1)]
    assert shown == [f"{week:%Y%m%d}" for week in weeks]
    tuesday = monday - timedelta(days=6)
    for day in (tuesday, monday):
        name = f"{pk}_{day:%Y%m%d}"
        data = {f"n_{name}": "3", f"d_{name}": "5", f"s_{name}": "", f"o_{name}": "|||"}
        client.post(path(weekly), data)
    assert [row.starts_on for row in weekly.observations.all()] == [monday]


# --- questions -----------------------------------------------------------------------------------


def number(n: int, d: int) -> Point:
    return Point(PointState.NUMBER, n, d)


BEFORE = [number(n, 100) for n in (50, 53, 48, 51, 49, 52)]


@pytest.mark.parametrize(
    ("point", "asked"),
    [
        (number(50, 100), False),
        (number(90, 100), True),
        (number(10, 100), True),
        (number(5, 6), False),  # few people vary much
        (number(52, 100), True),  # the same as the month before
        (Point(PointState.NOT_COLLECTED), False),
    ],
)
def test_questions_are_asked_about_what_is_far_off_or_the_same(point: Point, asked: bool) -> None:
    assert bool(question_about(PointKind.PROPORTION, point, BEFORE, "month")) == asked


def test_the_first_months_raise_no_question() -> None:
    assert question_about(PointKind.PROPORTION, number(90, 100), BEFORE[:5], "month") is None
    assert question_about(PointKind.PROPORTION, number(90, 100), [], "month") is None


def test_values_are_asked_about_too() -> None:
    before = [Point(PointState.NUMBER, value=v) for v in (9.0, 10.0, 11.0, 9.5, 10.5, 9.0)]
    far = Point(PointState.NUMBER, value=31.0)
    assert "usually" in (question_about(PointKind.VALUE, far, before, "week") or "")
