"""Payers in a group's own file: right against the rows, kept as strata alone, and nothing for anybody else."""

from __future__ import annotations

import pytest
from django.db import connection

from measures import queries
from measures.models import Period, StratumSet
from measures.queries.own_sets import list_own_set_codes
from teams.enums import Role
from teams.models import Programme
from teams.queries import get_programme
from teams.scoping import member_rows_of, scope_of
from tests.factories.people import make_user, signed_in
from tests.factories.results import list_line_results
from tests.factories.submissions import (
    AS_OF,
    check,
    csv_bytes,
    found,
    make_groups,
    make_source,
    row,
    send,
)

#: Text of the file → stratum.
NAMES = {
    "Commonwealth  Mutual": "programme",
    "MassHealth": "masshealth",
    "bcbsma": "blue_cross",
    "Harvard Pilgrim or Tufts Health Plan": "point32",
    "Sunflower Assurance": "other",
    "": "unknown",
    "UNK": "unknown",
}


def rows_of(count: int) -> list[dict[str, str]]:
    names = list(NAMES)
    return [
        row(
            member_id=f"m{number}", payer=names[number % len(names)], numerator=int(number % 5 < 3),
            line_of_business=("commercial", "medicaid")[number % 2],
            site_id=("S1", "")[number % 4 == 0], race="white", ethnicity="not hispanic",
        )
        for number in range(count)
    ]  # fmt: skip


@pytest.fixture
def world(db):
    programme = get_programme()
    Programme.objects.filter(pk=programme.pk).update(payer_name="Commonwealth Mutual")
    teams = make_groups()
    source = make_source(team=teams[0], code="g01")
    submission = send(source, csv_bytes(rows_of(350)))
    assert submission.state == "published", submission.refusal
    return source, teams, submission


def scope_for(role, team=None):
    return scope_of(make_user(role, team=team), on=AS_OF.date())


def result(world, scope, reader=queries.list_team_results, **more):
    source, teams, _ = world
    period = Period.objects.get()
    when = {"periods": [period]} if reader is queries.list_team_results else {"period": period}
    return reader(
        scope, team=teams[0], source=source, stratum_set=StratumSet.objects.get(code="payer"),
        **when, **more,
    )  # fmt: skip


def test_each_row_counts_with_its_payer(world):
    [shown] = result(world, scope_for(Role.GROUP_LEAD, world[1][0]))
    expected: dict[str, list[int]] = {}
    for number, code in enumerate(list(NAMES.values()) * 50):
        of = expected.setdefault(code, [0, 0])
        of[0] += 1
        of[1] += int(number % 5 < 3)
    told = {f.stratum.code: [f.denominator, f.numerator] for f in shown.figures if f.denominator}
    assert told == expected
    assert shown.total.denominator == 350 and shown.reference is None


def test_sites_and_lines_add_up_to_the_team(world):
    scope = scope_for(Role.GROUP_LEAD, world[1][0])
    for reader in (queries.list_site_results, list_line_results):
        parts = result(world, scope, reader)
        assert sum(r.figure("blue_cross").denominator for r in parts) == 50


def test_a_name_that_is_not_listed_is_another_payer_and_is_said(world):
    checked = check(world[0], csv_bytes(rows_of(7)))
    assert found(checked) == {("unknown_payer", "payer"): [6]}
    assert checked.accepted_count == 7
    with member_rows_of([world[1][0].pk]), connection.cursor() as cursor:
        cursor.execute("select b::text from measures_factblock b")
        stored = " ".join(text for (text,) in cursor.fetchall())
    assert "191" in stored and "unflower" not in stored.lower()


def test_nobody_else_gets_anything(world):
    source, teams, _ = world
    own = scope_for(Role.GROUP_LEAD, teams[0])
    assert "payer" in list_own_set_codes(own, team=teams[0], source=source)
    for scope in (
        scope_for(Role.GROUP_LEAD, teams[1]),
        scope_for(Role.PAYER_ANALYST),
        scope_for(Role.EVALUATOR),
        own.as_outsider(),
    ):
        assert list_own_set_codes(scope, team=teams[0], source=source) == frozenset()
        for reader in (
            queries.list_team_results, queries.list_site_results, list_line_results,
        ):  # fmt: skip
            assert result(world, scope, reader) == []


def test_a_payers_own_file_keeps_no_payer(world):
    source = make_source()
    checked = check(source, csv_bytes(rows_of(7)))
    assert "payer" not in checked.facts.columns and found(checked) == {}
    assert send(source, csv_bytes(rows_of(70))).state == "published"
    own = scope_for(Role.GROUP_LEAD, world[1][0])
    assert "payer" not in list_own_set_codes(own, team=world[1][0], source=source)


def test_measure_page_offers_it_with_the_groups_own_data(world):
    team = world[1][0]
    client = signed_in(make_user(Role.GROUP_LEAD, team=team))
    page = client.get(f"/teams/{team.code}/measures/CBP/?source=g01&strata=payer").content.decode()
    assert "MassHealth" in page and "Programme’s payer" in page
    assert "These are rates without a comparison." in page
