"""Hide what the exact check finds, before it leaves as a document."""

from __future__ import annotations

from datetime import datetime

import numpy as np
from django.db import connection, transaction
from numpy.typing import NDArray

from measures.models import Computation, Measure, Period, Source
from measures.queries.part_protection import read_part_tables
from measures.queries.protection import CardTable, read_beside, read_card_table
from measures.queries.released import list_released_hidden
from measures.stats.disclosure import Beside, protect
from measures.stats.exposed_parts import exposing_measures
from measures.stats.states import PRIVATE_STATES, CellState, GapState
from teams.actions.audit import record_event


@transaction.atomic
def protect_results(*, source_id: int, period_id: int, as_of: datetime) -> int:
    """Hide further results of a period until no hidden count that cards show can be worked out.

    Returns how many were hidden. Until the data change they stay hidden everywhere; what a published
    card of the period hid stays hidden whatever the data become. Where a team's row
    was hidden further, or its sites and lines of business give a small count away, these parts are
    hidden from readers outside the group.
    Effects: states of stored results; the period's computations are marked as protected; one audit
    event where anything was hidden.
    """
    source = Source.objects.select_for_update().get(pk=source_id)
    period = Period.objects.get(pk=period_id)
    Computation.objects.filter(source=source, period=period, protected_at__isnull=True).update(
        protected_at=as_of
    )
    table = read_card_table(source, period)
    if table is None:
        return 0
    # What too few groups stand behind is found anew: nothing of a group is hidden beside it.
    few = table.states == CellState.TOO_FEW_GROUPS
    also = (table.hidden | _hidden_before(source, period, table)) & ~few
    beside = read_beside(source, period, table)
    hidden: list[tuple[int, int | None, int]] = []
    while True:
        states = protect(table.n, table.x, also_hide=also, beside=beside, **table.arguments)
        few = states == CellState.TOO_FEW_GROUPS
        private = np.isin(states, PRIVATE_STATES) & ~few
        found = _cells(table, private & ~table.hidden) - set(hidden)
        of_few = _cells(table, few & ~table.hidden) - set(hidden)
        if not found and not of_few:
            break
        _hide(source, period, sorted(found, key=str), CellState.PRIVACY_COMPLEMENTARY)
        _hide(source, period, sorted(of_few, key=str), CellState.TOO_FEW_GROUPS)
        hidden += [*found, *of_few]
        # With more cells hidden, an imputed rate that would have told may be one that does not.
        seen, also = read_beside(source, period, table), also | private
        known = {repr(limit) for limit in beside.limits}
        more = [limit for limit in seen.limits if repr(limit) not in known]
        if not more:
            break
        beside = Beside([*beside.limits, *more], seen.others)
    exposed = _exposing_parts(source, period, {(t, m) for m, t, _ in hidden if t is not None})
    parts = _hide_parts(source, period, exposed) if exposed else 0
    if hidden or parts:
        record_event(
            act="protect_results",
            target=source,
            by=None,
            details={"period": period.label, "hidden": len(hidden), "hidden_parts": parts},
        )
    return len(hidden)


def _cells(table: CardTable, mask: NDArray[np.bool_]) -> set[tuple[int, int | None, int]]:
    """(measure id, team id or None, stratum id) of the cells [M, U, S] that have somebody and can be stored."""
    return {
        (
            table.measure_ids[m],
            table.team_ids[u - 1] if u else None,
            table.axis.strata[table.kept[s]].pk,
        )
        for m, u, s in np.argwhere(mask & (table.n > 0)).tolist()
        if table.kept[s] < len(table.axis.strata)
    }


def _hidden_before(source: Source, period: Period, table: CardTable) -> NDArray[np.bool_]:
    """Mask [M, U, S] of what a published card of the period hid: with the restated number beside it,
    the old one could be guessed to within the few people that were corrected."""
    mask = np.zeros(table.n.shape, dtype=bool)
    released = list_released_hidden(source, period)
    if not released:
        return mask
    codes = dict(Measure.objects.filter(pk__in=table.measure_ids).values_list("code", "pk"))
    measures = {code: table.measure_ids.index(pk) for code, pk in codes.items()}
    units: dict[int | None, int] = {None: 0}
    units |= {pk: i for i, pk in enumerate(table.team_ids, start=1)}
    strata = {
        (table.axis.strata[at].stratum_set.code, table.axis.strata[at].code): i
        for i, at in enumerate(table.kept)
        if at < len(table.axis.strata)
    }
    for cell in released:
        stratum = strata.get((cell.set_code, cell.stratum_code))
        if cell.measure_code in measures and cell.team_id in units and stratum is not None:
            mask[measures[cell.measure_code], units[cell.team_id], stratum] = True
    # An empty cell is known to be empty: hiding it protects nothing.
    return mask & (table.n > 0)


def _exposing_parts(
    source: Source, period: Period, touched: set[tuple[int, int]]
) -> list[tuple[int, int]]:
    """(team id, measure id) of the parts that have to go; touched: rows of teams hidden just now."""
    found = []
    for table in read_part_tables(source, period):
        of_team = [(table.team_id, measure_id) for measure_id in table.measure_ids]
        mask = exposing_measures(
            table.n,
            table.x,
            table.states,
            touched=[key in touched for key in of_team],
            **table.arguments,
        )
        found += [key for key, gone in zip(of_team, mask, strict=True) if gone]
    return found


def _hide_parts(source: Source, period: Period, exposed: list[tuple[int, int]]) -> int:
    """Close the parts of these teams and measures. Returns how many parts that were not closed.

    Empty strata are hidden too: which sites have nobody of a small stratum says much about the others.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            update measures_partresult p set states = (
                select array_agg(
                    case when state = %(primary)s then state else %(private)s end order by place
                )
                from unnest(p.states) with ordinality as of_part (state, place)
            )
            from unnest(%(teams)s::bigint[], %(measures)s::int[]) as exposed (team_id, measure_id)
            where p.source_id = %(source)s and p.period_id = %(period)s
                and p.team_id = exposed.team_id and p.measure_id = exposed.measure_id
                and not p.states <@ array[%(primary)s, %(private)s]::smallint[]
            """,
            {
                "teams": [team_id for team_id, _ in exposed],
                "measures": [measure_id for _, measure_id in exposed],
                "source": source.pk,
                "period": period.pk,
                "primary": int(CellState.PRIVACY_PRIMARY),
                "private": int(CellState.PRIVACY_COMPLEMENTARY),
            },
        )
        count: int = cursor.rowcount
    return count


def _hide(
    source: Source, period: Period, cells: list[tuple[int, int | None, int]], state: CellState
) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            with hidden as (
                select r.id, r.measure_id, r.team_id, r.stratum_id
                from measures_stratumresult r
                join unnest(%(measures)s::int[], %(teams)s::bigint[], %(strata)s::int[])
                    as wanted (measure_id, team_id, stratum_id)
                    on wanted.measure_id = r.measure_id and wanted.stratum_id = r.stratum_id
                    and wanted.team_id is not distinct from r.team_id
                where r.source_id = %(source)s and r.period_id = %(period)s
            )
            update measures_stratumresult r set
                state = case when r.id in (select id from hidden) then %(private)s else r.state end,
                gap_state = case when r.gap_state in (%(shown)s, %(small)s) then %(no_gap)s
                    else r.gap_state end,
                q_value = null
            where r.source_id = %(source)s and r.period_id = %(period)s
                and (
                    r.id in (select id from hidden)
                    -- With the reference, every comparison with it goes.
                    or exists (
                        select 1 from hidden h where h.measure_id = r.measure_id
                            and h.team_id is not distinct from r.team_id
                            and h.stratum_id = r.reference_id
                    )
                )
            """,
            {
                "measures": [m for m, _, _ in cells],
                "teams": [t for _, t, _ in cells],
                "strata": [s for _, _, s in cells],
                "source": source.pk,
                "period": period.pk,
                "private": state,
                "shown": GapState.SHOWN,
                "small": GapState.SMALL_DENOMINATOR,
                "no_gap": GapState.HIDDEN,
            },
        )
