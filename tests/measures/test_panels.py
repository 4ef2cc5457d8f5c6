"""Rows of people over two periods: right against the file, for the group alone, and on its expert view."""

from __future__ import annotations

import html
import re

import numpy as np
import pytest

from measures import queries
from measures.models import Measure, Period, Stratum, StratumSet
from measures.stats.clusters import clustered_rate, paired_gap_change
from reports.dashboards import persons
from teams.enums import Role
from teams.scoping import scope_of
from tests.factories.people import make_user, signed_in
from tests.factories.submissions import AS_OF, csv_bytes, make_groups, make_source, row, send

pytestmark = pytest.mark.django_db


def met(number: int, later: bool) -> int:
    """Most people stay as they were; fewer of the others than of the first."""
    stays = number % 7 < (5 if number % 2 else 3)
    return int(not stays if number % 11 == 0 and later else stays)


@pytest.fixture
def world():
    """200 people in both periods, 60 in the earlier and 80 in the later alone; every other one is Black."""
    teams = make_groups()
    rows = [
        row(
            member_id=f"a{number}", period=str(2024 + later), numerator=met(number, later),
            race="white" if number % 2 else "black", ethnicity="not hispanic",
            race_source="self-reported", ethnicity_source="self-reported",
        )
        for later in (False, True)
        for number in [*range(200), *(range(300, 380) if later else range(400, 460))]
    ]  # fmt: skip
    rows.append(
        row(member_id="gone", period="2025", denominator=0, exclusion=1, race="black", ethnicity="not hispanic",
            race_source="self-reported", ethnicity_source="self-reported")
    )  # fmt: skip
    rows += [
        row(
            member_id=f"c{n // 3}", measure_id="FUH-30", period="2025", event_id=f"e{n}",
            numerator=int(n // 3 % 4 < 3), race="black", ethnicity="not hispanic",
            race_source="self-reported", ethnicity_source="self-reported",
        )
        for n in range(120)
    ]  # fmt: skip
    rows += [row(member_id=f"b{n}", group_id="G02", site_id="S2", period="2025") for n in range(40)]
    source = make_source()
    submission = send(source, csv_bytes(rows))
    assert submission.state == "published", submission.state
    return source, teams


def scope_for(role, team=None):
    return scope_of(make_user(role, team=team), on=AS_OF.date())


def read(world, scope, **more):
    source, teams = world
    wanted = {
        "team": teams[0],
        "source": source,
        "measure_id": Measure.objects.get(code="CBP").pk,
        "periods": list(Period.objects.filter(label__in=("2024", "2025")).order_by("ends_on")),
        "set_code": "combined",
    }
    return queries.read_panel(scope, **(wanted | more))


def test_rows_are_those_of_the_file_and_for_the_group_alone(world):
    found = read(world, scope_for(Role.GROUP_LEAD, world[1][0]))
    earlier, later = Period.objects.get(label="2024").pk, Period.objects.get(label="2025").pk
    assert len(found.met) == 260 + 280 and len(np.unique(found.person)) == 340
    both = np.intersect1d(
        found.person[found.period == later], found.person[found.period == earlier]
    )
    assert len(both) == 200
    assert found.met.sum() == sum(met(n, False) for n in [*range(200), *range(400, 460)]) + sum(
        met(n, True) for n in [*range(200), *range(300, 380)]
    )
    assert len(np.unique(found.stratum)) == 2
    # The same person has the same number in both periods, and two people never share one.
    assert np.bincount(found.person).max() == 2

    # Nobody else gets any.
    teams = world[1]
    own = scope_for(Role.GROUP_LEAD, teams[0])
    for scope in (
        scope_for(Role.GROUP_LEAD, teams[1]),
        scope_for(Role.PAYER_ANALYST),
        scope_for(Role.EVALUATOR),
        own.as_outsider(),
    ):
        assert read(world, scope) is None
    assert read(world, own, set_code="age_band") is None
    assert read(world, own, measure_id=Measure.objects.get(code="BCS-E").pk) is None
    of_two = read(world, scope_for(Role.GROUP_LEAD, teams[1]), team=teams[1])
    assert len(of_two.met) == 40


def test_expert_view_has_both_for_the_group_alone(world):
    teams = world[1]
    scope = scope_for(Role.GROUP_LEAD, teams[0])
    address = f"/teams/{teams[0].code}/measures/CBP/expert/?period=2025&strata=combined"
    page = signed_in(make_user(Role.GROUP_LEAD, team=teams[0])).get(address).content.decode()
    table = page.split("Change of the gap with people paired</h3>")[1].split("</table>")[0]
    cells = [html.unescape(c) for c in re.findall(r'<td class="cell-num">([^<]*)', table)]
    panel = read(world, scope)
    black = Stratum.objects.get(stratum_set__code="combined", code="nh_black").pk
    later = panel.period == Period.objects.get(label="2025").pk
    found = paired_gap_change(panel.met, panel.person, panel.stratum == black, later)
    low, high = (f"{100 * v:+.1f}".replace("-", "−") for v in found.interval)
    assert cells[2] == f"{low} to {high}" and cells[3:] == ["340", "59%"]
    apart = [float(v.replace("−", "-")) for v in cells[1].split(" to ")]
    assert found.interval[1] - found.interval[0] < (apart[1] - apart[0]) / 100
    assert "Events of one person" not in page
    outside = signed_in(make_user(Role.PAYER_ANALYST)).get(address).content.decode()
    assert "Each comparison" in outside and "people paired" not in outside


def test_events_of_one_person(world):
    """40 people with three events each: the interval by persons stands beside that of the events."""
    source, teams = world
    scope = scope_for(Role.GROUP_LEAD, teams[0])
    period = Period.objects.get(label="2025")
    measure = Measure.objects.get(code="FUH-30")
    (result,) = queries.list_team_results(
        scope,
        team=teams[0],
        source=source,
        periods=[period],
        stratum_set=StratumSet.objects.get(code="combined"),
        measure_ids=[measure.pk],
    )
    panel = read(world, scope, measure_id=measure.pk)
    (row_of_black,) = persons.event_rows(result, panel)
    expected = clustered_rate([n // 3 % 4 < 3 for n in range(120)], [n // 3 for n in range(120)])
    low, high = (f"{100 * v:.1f}%" for v in expected.interval)
    assert (
        row_of_black.by_person == f"{low} to {high}"
        and row_of_black.by_person != row_of_black.apart
    )
    assert (row_of_black.events, row_of_black.people) == ("120", "40")
    # Rows that are not those of the page's numbers say nothing.
    assert persons.event_rows(result, panel.of(panel.person != panel.person[0])) == ()
    assert persons.event_rows(result, None) == ()
