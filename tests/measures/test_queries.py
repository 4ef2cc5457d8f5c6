"""The edge where raw results are opened: who gets which number, and what stands in its place."""

from __future__ import annotations

from datetime import date

import pytest
from django.utils import timezone

from measures import queries
from measures.actions.recompute import publish_submission
from measures.models import Period, Source, StratumResult, StratumSet
from measures.stats.states import CellState, GapState
from teams.enums import OrganisationKind, Role
from teams.errors import NotAllowed
from teams.models import Organisation, Team, User
from teams.scoping import Scope, scope_of
from tests.factories import definitions
from tests.factories.cells import load_rows, make_period, make_source, random_rows
from tests.factories.people import make_site, make_team, make_user

NUMBERS = [
    name
    for name in queries.Figure._fields
    if name
    not in {"stratum", "state", "numbers_shown", "caution", "decimals", "gap_state", "gap_shown"}
]
GAP_NUMBERS = [n for n in NUMBERS if "gap" in n or "ratio" in n or n in {"p_value", "q_value"}]


@pytest.fixture
def source(db: None) -> Source:
    definitions.load()
    payer = Organisation.objects.create(name="Payer", kind=OrganisationKind.PAYER)
    teams = {}
    for _ in range(7):
        team = make_team()
        teams[team.pk] = [make_site(team=team).pk for _ in range(2)]
    measures = [definitions.measure(c).pk for c in ("CBP", "GSD-POOR")]
    rows = random_rows(
        7, teams=teams, measures=measures, period_id=make_period("2024").pk, size=6000
    )
    source = make_source(payer)
    submission = load_rows(source, rows)
    publish_submission(submission_id=submission.pk, as_of=timezone.now())
    return source


@pytest.fixture
def team(source: Source) -> Team:
    return Team.objects.order_by("pk")[0]


def scope(user: User) -> Scope:
    return scope_of(user, on=date(2026, 1, 15))


def team_results(
    reader: Scope, team: Team, source: Source, code: str = "race"
) -> list[queries.SetResult]:
    return queries.list_team_results(
        reader,
        team=team,
        source=source,
        periods=list(Period.objects.all()),
        stratum_set=StratumSet.objects.get(code=code),
    )


def test_the_group_sees_its_small_numbers_with_caution(source: Source, team: Team) -> None:
    lead = scope(make_user(Role.GROUP_LEAD, team=team))
    small = [
        f
        for r in team_results(lead, team, source)
        for f in r.figures
        if f.denominator and f.denominator < 30
    ]
    assert small
    assert {f.state for f in small} == {CellState.SMALL_DENOMINATOR}
    assert all(f.caution and f.rate == f.numerator / f.denominator for f in small)


def test_others_get_no_number_of_a_hidden_stratum(source: Source, team: Team) -> None:
    analyst = scope(make_user(Role.PAYER_ANALYST))
    figures = [f for r in team_results(analyst, team, source, "combined") for f in r.figures]
    hidden = [f for f in figures if f.state != CellState.SHOWN]
    assert {f.state for f in hidden} >= {CellState.PRIVACY_PRIMARY, CellState.NO_DENOMINATOR}
    for figure in hidden:
        assert [getattr(figure, name) for name in NUMBERS] == [None] * len(NUMBERS)
    for figure in figures:
        if figure.gap_state != GapState.SHOWN:
            assert [getattr(figure, n) for n in GAP_NUMBERS] == [None] * len(GAP_NUMBERS)
    assert any(f.state == CellState.SHOWN for f in figures)


@pytest.mark.parametrize(
    "role", [Role.GROUP_MEMBER, Role.GROUP_LEAD, Role.SENIOR_SPONSOR, Role.COACH]
)
def test_another_teams_results_do_not_exist(source: Source, team: Team, role: Role) -> None:
    other = scope(make_user(role, team=Team.objects.exclude(pk=team.pk)[0]))
    period = Period.objects.get()
    race = StratumSet.objects.get(code="race")
    assert team_results(other, team, source) == []
    assert (
        queries.list_site_results(other, team=team, source=source, period=period, stratum_set=race)
        == []
    )
    assert (
        queries.list_peer_bands(other, team=team, source=source, period=period, stratum_set=race)
        == {}
    )
    assert queries.list_completeness(other, source=source, teams=[team]) == []


@pytest.mark.parametrize("role", [Role.GROUP_LEAD, Role.COACH, Role.PAYER_FINANCE])
def test_the_overview_is_refused_in_words(source: Source, team: Team, role: Role) -> None:
    reader = scope(make_user(role, team=team if role != Role.PAYER_FINANCE else None))
    with pytest.raises(NotAllowed, match="see the programme's results over all groups"):
        queries.list_overview(
            reader,
            source=source,
            period=Period.objects.get(),
            stratum_set=StratumSet.objects.get(code="race"),
        )


def test_an_evaluator_sees_no_group_in_the_overview(source: Source) -> None:
    reader = scope(make_user(Role.EVALUATOR))
    assert (
        queries.list_overview(
            reader,
            source=source,
            period=Period.objects.get(),
            stratum_set=StratumSet.objects.get(code="race"),
        )
        == []
    )


def test_programme_results_are_protected_for_every_reader(source: Source) -> None:
    results = queries.list_programme_results(
        source=source,
        periods=list(Period.objects.all()),
        stratum_set=StratumSet.objects.get(code="race"),
    )
    assert [r.definition.measure.code for r in results] == ["CBP", "GSD-POOR"]
    raw = StratumResult.objects.filter(team__isnull=True)
    for result in results:
        assert result.unit.team is None
        for figure in result.figures:
            row = raw.get(measure=result.definition.measure, stratum_id=figure.stratum.id)
            assert (figure.denominator is None) == (row.state != CellState.SHOWN)


def test_direction_and_reference_come_with_the_result(source: Source, team: Team) -> None:
    lead = scope(make_user(Role.GROUP_LEAD, team=team))
    by_code = {r.definition.measure.code: r for r in team_results(lead, team, source)}
    assert by_code["CBP"].higher_is_better and not by_code["GSD-POOR"].higher_is_better
    assert by_code["CBP"].reference.code == "white"
    white = by_code["CBP"].figure("white")
    assert (white.gap_state, white.gap_points) == (GapState.IS_REFERENCE, None)
    assert by_code["CBP"].total.denominator == sum(
        f.denominator or 0 for f in by_code["CBP"].figures
    )
    assert [
        f.stratum.code for f in by_code["CBP"].compared if f.stratum.code in {"declined", "unknown"}
    ] == []


def test_gaps_are_in_points(source: Source, team: Team) -> None:
    lead = scope(make_user(Role.GROUP_LEAD, team=team))
    cbp = team_results(lead, team, source)[0]
    black, white = cbp.figure("black"), cbp.figure("white")
    assert black.gap_points == pytest.approx(100 * (black.rate - white.rate), abs=1e-9)


def test_peer_band_leaves_the_own_team_out_and_needs_five(source: Source, team: Team) -> None:
    lead = scope(make_user(Role.GROUP_LEAD, team=team))
    race = StratumSet.objects.get(code="race")
    period = Period.objects.get()
    arguments = {"team": team, "source": source, "period": period, "stratum_set": race}
    white = definitions.stratum("race:white").pk
    cbp = definitions.measure("CBP").pk
    others = StratumResult.objects.filter(measure=cbp, stratum=white, team__isnull=False).exclude(
        team=team
    )
    others.update(state=CellState.SHOWN)
    band = queries.list_peer_bands(lead, **arguments)[cbp, white]
    rates = sorted(100 * r for r in others.values_list("rate", flat=True))
    assert band.peer_count == 6
    low, median, high = band.rate_percent
    assert rates[0] - 0.5 <= low <= median <= high <= rates[-1] + 0.5
    assert median == round((rates[2] + rates[3]) / 2)
    others.filter(team__in=[t.pk for t in Team.objects.exclude(pk=team.pk)[:2]]).update(
        state=CellState.PRIVACY_COMPLEMENTARY
    )
    fewer = queries.list_peer_bands(lead, **arguments)[cbp, white]
    assert (fewer.peer_count, fewer.rate_percent, fewer.gap_points) == (4, None, None)
