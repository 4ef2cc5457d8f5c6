"""Completeness of race, ethnicity and language: whose counts stand after a correction."""

from __future__ import annotations

from datetime import date

import pytest

from measures.enums import RealCategory, RealField, SourceKind
from measures.models import Period, RealCount, Source, Submission
from measures.queries.completeness import list_completeness
from teams.enums import OrganisationKind, Role
from teams.models import Team
from teams.scoping import Scope, scope_of
from tests.factories import definitions
from tests.factories.people import make_organisation, make_team, make_user
from tests.factories.submissions import make_current_slice

YEARS = (2023, 2024)


@pytest.fixture
def team(db: None) -> Team:
    definitions.load()
    return make_team()


@pytest.fixture
def reader(team: Team) -> Scope:
    return scope_of(make_user(Role.GROUP_LEAD, team=team), on=date(2026, 1, 1))


@pytest.fixture
def source(team: Team) -> Source:
    return Source.objects.create(
        organisation=make_organisation(OrganisationKind.PAYER),
        code="payer",
        name="Payer",
        kind=SourceKind.PAYER,
    )


def submit(source: Source, team: Team, year: int, codes: list[str], members: int) -> Submission:
    """A submission with current slices of these measures, which counts so many members."""
    number = Submission.objects.count() + 1
    submission = Submission.objects.create(
        source=source, sha256=f"{number:064}", file_name="a.csv", byte_count=1, stored_as="a"
    )
    period, _ = Period.objects.get_or_create(
        label=str(year), defaults={"starts_on": date(year, 1, 1), "ends_on": date(year, 12, 31)}
    )
    for code in codes:
        make_current_slice(
            submission,
            team=team,
            measure=definitions.measure(code),
            period=period,
            denominator=1,
        )
    RealCount.objects.create(
        submission=submission,
        team=team,
        period=period,
        field=RealField.RACE,
        category=RealCategory.SELF_REPORTED,
        member_count=members,
    )
    return submission


def counted(reader: Scope, source: Source) -> dict[str, int]:
    return {row.period.label: row.eligible for row in list_completeness(reader, source=source)}


def test_correction_of_one_measure_does_not_narrow_whom_completeness_counts(
    reader: Scope, source: Source, team: Team
) -> None:
    submit(source, team, 2023, ["CBP", "COL-E", "EED"], 900)
    submit(source, team, 2024, ["CBP", "COL-E", "EED"], 1000)
    submit(source, team, 2024, ["CBP"], 120)
    assert counted(reader, source) == {"2023": 900, "2024": 1000}


def test_replacement_of_all_measures_counts_the_new_members(
    reader: Scope, source: Source, team: Team
) -> None:
    submit(source, team, 2024, ["CBP", "COL-E"], 1000)
    submit(source, team, 2024, ["CBP", "COL-E"], 1010)
    assert counted(reader, source) == {"2024": 1010}


def test_of_two_halves_the_later_one_counts(reader: Scope, source: Source, team: Team) -> None:
    submit(source, team, 2024, ["CBP"], 300)
    submit(source, team, 2024, ["COL-E"], 400)
    assert counted(reader, source) == {"2024": 400}
