"""What the exact check finds is hidden in the stored results, with every comparison that rests on it."""

from __future__ import annotations

import pytest
from django.utils import timezone

from measures.actions.protection import protect_results
from measures.actions.recompute import publish_submission
from measures.models import Period, Source, StratumResult
from measures.queries.protection import list_unprotected
from measures.stats.states import CellState, GapState
from teams.enums import OrganisationKind
from teams.models import AuditEvent, Organisation
from tests.factories import definitions
from tests.factories.cells import load_rows, make_period, make_source, random_rows
from tests.factories.people import make_site, make_team


@pytest.fixture
def source(db: None) -> Source:
    definitions.load()
    payer = Organisation.objects.create(name="Payer", kind=OrganisationKind.PAYER)
    teams = {}
    for _ in range(5):
        team = make_team()
        teams[team.pk] = [make_site(team=team).pk]
    rows = random_rows(
        3,
        teams=teams,
        measures=[definitions.measure("CBP").pk],
        period_id=make_period("2024").pk,
        size=4000,
    )
    source = make_source(payer)
    publish_submission(submission_id=load_rows(source, rows).pk, as_of=timezone.now())
    return source


def test_a_cell_that_gives_a_hidden_one_away_is_hidden(source: Source) -> None:
    period = Period.objects.get()
    assert list_unprotected(source, period) == []
    assert protect_results(source_id=source.pk, period_id=period.pk, as_of=timezone.now()) == 0

    # Undo the protection of one group by hand: only its sensitive cells stay hidden.
    rows = StratumResult.objects.filter(stratum__stratum_set__code="combined")
    opened = rows.filter(
        state=CellState.PRIVACY_COMPLEMENTARY, team__isnull=False, denominator__gt=0
    )
    assert opened.update(state=CellState.SHOWN) > 2
    leaking = list_unprotected(source, period)
    assert leaking
    hidden = protect_results(source_id=source.pk, period_id=period.pk, as_of=timezone.now())
    assert hidden > 0
    assert list_unprotected(source, period) == []
    event = AuditEvent.objects.get(act="protect_results")
    assert event.details == {"period": "2024", "hidden": hidden}


def test_with_the_reference_all_comparisons_go(source: Source) -> None:
    period = Period.objects.get()
    rows = StratumResult.objects.filter(stratum__stratum_set__code="combined")
    white = definitions.stratum("combined:nh_white")
    for team_id in rows.filter(team__isnull=False).values_list("team_id", flat=True).distinct():
        of_team = rows.filter(team_id=team_id)
        # Everything but one sensitive cell is shown, so whatever is smallest has to go.
        of_team.exclude(state=CellState.PRIVACY_PRIMARY).update(state=CellState.SHOWN)
    protect_results(source_id=source.pk, period_id=period.pk, as_of=timezone.now())
    gone = rows.filter(stratum=white).exclude(
        state__in=[CellState.SHOWN, CellState.SMALL_DENOMINATOR]
    )
    for reference in gone:
        compared = rows.filter(team_id=reference.team_id, reference=white).exclude(stratum=white)
        assert not compared.filter(gap_state=GapState.SHOWN).exists()
    for row in rows.exclude(
        state__in=[CellState.SHOWN, CellState.SMALL_DENOMINATOR, CellState.NO_DENOMINATOR]
    ):
        assert row.gap_state not in (GapState.SHOWN, GapState.SMALL_DENOMINATOR)
