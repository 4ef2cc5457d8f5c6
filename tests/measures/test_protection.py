"""What the exact check finds is hidden in the stored results, with every comparison that rests on it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.utils import timezone

from measures import queries
from measures.actions.protection import protect_results
from measures.actions.recompute import publish_submission
from measures.models import PartResult, Period, Source, StratumResult, StratumSet
from measures.queries.part_protection import read_part_tables
from measures.queries.protection import list_unprotected
from measures.stats.disclosure import audit
from measures.stats.states import CellState, GapState
from teams.enums import OrganisationKind
from teams.models import AuditEvent, Organisation, Team
from teams.scoping import NOBODY
from tests.factories import definitions
from tests.factories.cells import load_rows, make_period, make_source, random_rows
from tests.factories.people import make_site, make_team
from tests.factories.results import list_line_results


def publish(*, seed: int, sites: int, size: int = 4000, always_met: int | None = None) -> Source:
    """Five teams; always_met: a stratum (id of a race) in which everybody meets the measure."""
    definitions.load()
    payer = Organisation.objects.create(name="Payer", kind=OrganisationKind.PAYER)
    teams = {}
    for _ in range(5):
        team = make_team()
        teams[team.pk] = [make_site(team=team).pk for _ in range(sites)]
    rows = random_rows(
        seed,
        teams=teams,
        measures=[definitions.measure("CBP").pk],
        period_id=make_period("2024").pk,
        size=size,
    )
    if always_met is not None:
        rows.loc[rows.race == always_met, "numerator"] = rows.denominator
    source = make_source(payer)
    publish_submission(submission_id=load_rows(source, rows).pk, as_of=timezone.now())
    return source


@pytest.fixture
def source(db: None) -> Source:
    return publish(seed=3, sites=1)


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
    assert event.details == {
        "period": "2024",
        "hidden": hidden,
        "hidden_parts": event.details["hidden_parts"],
    }


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


OPEN = (CellState.SHOWN, CellState.SMALL_DENOMINATOR)


def hidden_sums(source: Source) -> list[tuple[int, int, str]]:
    """(team, stratum, way) where every part of a hidden cell of a team is shown: their sum is the cell."""
    found = []
    for row in StratumResult.objects.filter(source=source, team__isnull=False).exclude(
        state__in=[*OPEN, CellState.NO_DENOMINATOR]
    ):
        for by_site in (True, False):
            parts = PartResult.objects.filter(source=source, team=row.team_id, by_site=by_site)
            states = [
                dict(zip(part.strata, part.states, strict=True)).get(row.stratum_id)
                for part in parts
            ]
            private = [s for s in states if s not in (None, CellState.NO_DENOMINATOR, *OPEN)]
            if parts and not private:
                found.append((row.team_id, row.stratum_id, "sites" if by_site else "lines"))
    return found


def test_parts_do_not_add_up_to_a_cell_that_the_exact_check_hid(db: None) -> None:
    source = publish(seed=8, sites=2)
    period = Period.objects.get()
    # Undo the protection of everything that is not small itself, in teams and in their parts.
    rows = StratumResult.objects.filter(stratum__stratum_set__code="combined", team__isnull=False)
    rows.filter(state=CellState.PRIVACY_COMPLEMENTARY, denominator__gt=0).update(
        state=CellState.SHOWN
    )
    for part in PartResult.objects.all():
        part.states = [
            CellState.SHOWN if s == CellState.PRIVACY_COMPLEMENTARY else s for s in part.states
        ]
        part.save()
    shown_before = {row.pk for row in rows.filter(state__in=OPEN)}
    assert protect_results(source_id=source.pk, period_id=period.pk, as_of=timezone.now()) > 0
    hidden_since = rows.filter(pk__in=shown_before).exclude(state__in=OPEN)
    assert {(row.team_id, row.stratum_id) for row in hidden_since} - {
        key[:2] for key in hidden_sums(source)
    }
    assert [
        key for key in hidden_sums(source)
        if StratumResult.objects.filter(
            pk__in=hidden_since, team=key[0], stratum=key[1]
        ).exists()
    ] == []  # fmt: skip


def test_parts_that_give_a_small_count_away_are_hidden_from_others(db: None) -> None:
    """Line by line these are safe; the table of a team adds up three ways, and is not."""
    source = publish(seed=1, sites=8, size=6000, always_met=12)
    period = Period.objects.get()
    leaking = {
        table.team_id
        for table in read_part_tables(source, period)
        if audit(table.n, table.x, table.states, **table.arguments)
    }
    assert leaking
    protect_results(source_id=source.pk, period_id=period.pk, as_of=timezone.now())
    for table in read_part_tables(source, period):
        assert audit(table.n, table.x, table.states, **table.arguments) == []

    combined = StratumSet.objects.get(code="combined")
    team = Team.objects.get(pk=min(leaking))
    outside = replace(NOBODY, team_ids=(team.pk,))
    own = replace(outside, own_team_ids=frozenset([team.pk]))
    asked = {"team": team, "source": source, "period": period, "stratum_set": combined}
    for read in (queries.list_site_results, list_line_results):
        for result in read(outside, **asked):
            assert result.figures == ()
            assert result.total is not None and not result.total.numbers_shown
        assert any(f.numbers_shown for result in read(own, **asked) for f in result.figures)
    # A second look finds nothing more.
    event_count = AuditEvent.objects.filter(act="protect_results").count()
    protect_results(source_id=source.pk, period_id=period.pk, as_of=timezone.now())
    assert AuditEvent.objects.filter(act="protect_results").count() == event_count
