"""Results of families to and from the database: only rows whose numbers differ are written."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from django.db import connection
from numpy.typing import NDArray

from measures.ingest.families import COUNTS, NONE, FamilyTable, Unit
from measures.queries.axis import PROGRAMME_ONLY
from measures.stats.disparity import Comparison, StratumSetLayout, compare
from measures.stats.gaps import benjamini_hochberg
from measures.stats.states import CellState, GapState
from measures.stats.suppression import own_states, shared_groups, suppress

_KEY = ("team_id", "by_site", "site_id", "line_of_business", "stratum_id")
_STATES = ("state", "own_state", "gap_state", "own_gap_state", "reference_id")
_NUMBERS = (
    "rate", "rate_lower", "rate_upper", "gap", "gap_lower", "gap_upper",
    "ratio", "ratio_lower", "ratio_upper", "p_value", "q_value", "patients_to_parity",
)  # fmt: skip
_COLUMNS = (
    "source_id",
    "measure_id",
    "period_id",
    *_KEY,
    "computation_id",
    *COUNTS,
    *_STATES,
    *_NUMBERS,
)
_NULLABLE_IDS = ("team_id", "site_id", "line_of_business", "reference_id")


@dataclass(frozen=True)
class FamilyCounts:
    total: int
    changed: int


@dataclass(frozen=True)
class Written:
    """How many results were written per family, and adjusted p-values of other families."""

    by_family: dict[tuple[int, int], FamilyCounts]
    adjusted_elsewhere: int


def write_results(
    source_id: int,
    table: FamilyTable,
    *,
    higher_is_better: Sequence[bool],
    shared_denominator: Sequence[str],
    computations: Sequence[int],
    method_version: str,
) -> Written:
    """Compute the results of the families and write those that differ from what is stored.

    higher_is_better, shared_denominator, computations: one per family, in the table's order.
    A result differs if its counts, states or adjusted p-value do, or if it was made by another
    method version; everything else follows from those.
    """
    new = _compute(table, higher_is_better, shared_denominator)
    stored = _read_stored(source_id, table.families)
    new, adjusted = _adjust(source_id, table, new)
    keys = ["measure_id", "period_id", *_KEY]
    deciding = [*COUNTS, *_STATES, "q_value"]
    joined = new.join(
        stored.select(
            *keys, "id", "method_version", *(pl.col(c).alias(f"old_{c}") for c in deciding)
        ),
        on=keys,
        how="left",
    )
    same = pl.col("id").is_not_null() & (pl.col("method_version") == method_version)
    for name in deciding:
        same &= pl.col(name).eq_missing(pl.col(f"old_{name}"))
    joined = joined.with_columns(same.alias("same"))
    changed = joined.filter(~pl.col("same"))
    kept = joined.filter("same")["id"]
    gone = stored.filter(~pl.col("id").is_in(kept.implode()))["id"]
    with connection.cursor() as cursor:
        if len(gone):
            cursor.execute(
                "delete from measures_stratumresult where id = any(%s)", [gone.to_list()]
            )
        _copy_in(cursor, source_id, table, computations, changed)
        _update_adjusted(cursor, adjusted)
    totals = {(m, p): n for m, p, n in new.group_by("measure_id", "period_id").len().iter_rows()}
    changes = {
        (m, p): n for m, p, n in changed.group_by("measure_id", "period_id").len().iter_rows()
    }
    return Written(
        {f: FamilyCounts(totals.get(f, 0), changes.get(f, 0)) for f in table.families},
        len(adjusted),
    )


def _compute(
    table: FamilyTable, higher_is_better: Sequence[bool], shared_denominator: Sequence[str]
) -> pl.DataFrame:
    axis = table.axis
    n, x = table.counts["denominator"], table.counts["numerator"]
    if not n.size:
        return pl.DataFrame(schema=_result_types())
    below_programme = np.array([unit != Unit() for unit in table.units])
    programme_only = axis.in_sets(PROGRAMME_ONLY)
    withheld = below_programme[:, None] & programme_only
    states = suppress(
        n,
        x,
        unit_relations=table.unit_relations,
        stratum_relations=axis.relations,
        shared_denominator=shared_groups(
            [
                (label, period) if label else ""
                for label, (_, period) in zip(shared_denominator, table.families, strict=True)
            ],
            n,
        ),
        # What another set shows under the same name is not out of sight.
        unpublished=(withheld & ~axis.is_shown_twice) | axis.is_crossed,
        hide_first=programme_only | axis.is_unspecified,
    )
    states[:, withheld] = CellState.PRIVACY_COMPLEMENTARY
    shown = slice(0, len(axis.strata))
    n, x, states = n[:, :, shown], x[:, :, shown], states[:, :, shown]
    layouts = [
        StratumSetLayout(
            code,
            tuple(indices),
            reference,
            tuple(i for i in indices if axis.strata[i].kind == "specified"),
        )
        for code, indices, reference in axis.sets()
    ]
    result: Comparison = compare(
        n, x, states, own_states(n), sets=layouts, higher_is_better=np.array(higher_is_better)
    )
    m, u, s = np.nonzero(_worth_a_row(table, n))
    units = table.units
    team = np.array([unit.team_id for unit in units])
    by_site = np.array([unit.by_site for unit in units])
    site = np.array([unit.site_id for unit in units])
    line = np.array([unit.line_of_business for unit in units])
    stratum_ids = np.array([stratum.pk for stratum in axis.strata])
    reference = np.full(len(axis.strata), NONE)
    for layout in layouts:
        if layout.reference >= 0:
            reference[list(layout.indices)] = stratum_ids[layout.reference]
    family = np.array(table.families)
    columns: dict[str, NDArray[np.generic]] = {
        "m": m,
        "measure_id": family[m, 0],
        "period_id": family[m, 1],
        "team_id": team[u],
        "by_site": by_site[u],
        "site_id": site[u],
        "line_of_business": line[u],
        "stratum_id": stratum_ids[s],
        "set_number": _set_numbers(table)[s],
        **{name: table.counts[name][:, :, shown][m, u, s] for name in COUNTS},
        "state": states[m, u, s],
        "own_state": own_states(n)[m, u, s],
        "gap_state": result.gap_state[m, u, s],
        "own_gap_state": result.own_gap_state[m, u, s],
        "reference_id": reference[s],
        **{name: getattr(result, name)[m, u, s] for name in _NUMBERS if name != "q_value"},
    }
    return pl.DataFrame(columns)


def _set_numbers(table: FamilyTable) -> NDArray[np.int64]:
    return np.array([stratum.stratum_set_id for stratum in table.axis.strata])


def _worth_a_row(table: FamilyTable, n: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Strata with anybody in them; for the programme and the teams also the empty ones of a set in use.

    A site or a line of business without a row has no denominator there. A set is in use in a family
    if anybody is in one of its specified strata.
    """
    axis = table.axis
    counted = (n > 0) | (table.counts["excluded"][:, :, : len(axis.strata)] > 0)
    whole = np.array([not u.by_site and u.line_of_business == NONE for u in table.units])
    present = n[:, :, axis.total] > 0
    keep = counted.copy()
    for _, indices, _ in axis.sets():
        specified = [i for i in indices if axis.strata[i].kind == "specified"]
        in_use = (n[:, :, specified] > 0).any(axis=(1, 2))
        keep[:, :, indices] &= in_use[:, None, None]
        empty = in_use[:, None] & whole[None, :] & present
        keep[:, :, specified] |= empty[:, :, None]
    return keep


def _adjust(
    source_id: int, table: FamilyTable, new: pl.DataFrame
) -> tuple[pl.DataFrame, list[tuple[int, float]]]:
    """Add q_value to the new results; returns also (id, q) of stored ones elsewhere that change.

    The family of a p-value: every contrast that readers outside may see, of one unit, period and
    stratum set, over all measures.
    """
    elsewhere = _read_p_values(source_id, table.families)
    shown = pl.col("gap_state") == int(GapState.SHOWN)
    unit = ["period_id", "team_id", "by_site", "site_id", "line_of_business", "set_number"]
    ours = new.with_row_index("row").filter(shown).select("row", *unit, "p_value")
    elsewhere = elsewhere.join(ours.select(unit).unique(), on=unit, how="semi")
    both = pl.concat([ours.drop("row"), elsewhere.select(*unit, "p_value")])
    q = np.full(len(new), np.nan)
    if not len(both):
        return new.with_columns(pl.Series("q_value", q).fill_nan(None)), []
    groups = both.select(pl.struct(unit).rank("dense")).to_series().to_numpy()
    adjusted = benjamini_hochberg(both["p_value"].fill_null(np.nan).to_numpy(), groups)
    q[ours["row"].to_numpy()] = adjusted[: len(ours)]
    rest = adjusted[len(ours) :]
    moved = [
        (row_id, float(value))
        for row_id, old, value in zip(elsewhere["id"], elsewhere["q_value"], rest, strict=True)
        if old is None or old != value
    ]
    return new.with_columns(pl.Series("q_value", q).fill_nan(None)), moved


def _result_types() -> dict[str, pl.DataType | type[pl.DataType]]:
    whole = dict.fromkeys(("m", "measure_id", "period_id", "team_id"), pl.Int64)
    return {
        **whole, "by_site": pl.Boolean, "site_id": pl.Int64, "line_of_business": pl.Int64,
        "stratum_id": pl.Int64, "set_number": pl.Int64, **dict.fromkeys(COUNTS, pl.Int64),
        **dict.fromkeys(_STATES, pl.Int64), **dict.fromkeys(_NUMBERS, pl.Float64),
    }  # fmt: skip


def _read(query: str, types: dict[str, pl.DataType | type[pl.DataType]]) -> pl.DataFrame:
    buffer = io.BytesIO()
    with connection.cursor() as cursor:
        cursor.copy_expert(f"copy ({query}) to stdout (format csv)", buffer)
    if not buffer.tell():
        return pl.DataFrame(schema=types)
    buffer.seek(0)
    text = {name: pl.String if kind == pl.Boolean else kind for name, kind in types.items()}
    frame = pl.read_csv(
        buffer, has_header=False, new_columns=list(types), schema_overrides=list(text.values())
    )
    return frame.with_columns(pl.col(n) == "t" for n, kind in types.items() if kind == pl.Boolean)


_UNIT_SQL = f"""
    coalesce(r.team_id, {NONE}), r.by_site, coalesce(r.site_id, {NONE}), coalesce(r.line_of_business, {NONE})
"""
_UNIT_TYPES = {
    "team_id": pl.Int64, "by_site": pl.Boolean, "site_id": pl.Int64, "line_of_business": pl.Int64,
}  # fmt: skip


def _read_stored(source_id: int, families: Sequence[tuple[int, int]]) -> pl.DataFrame:
    pairs = ",".join(f"({int(m)},{int(p)})" for m, p in families)
    return _read(
        f"""
        select r.id, r.measure_id, r.period_id, {_UNIT_SQL}, r.stratum_id, c.method_version,
            {",".join("r." + c for c in COUNTS)}, r.state, r.own_state, r.gap_state, r.own_gap_state,
            coalesce(r.reference_id, {NONE}), r.q_value
        from measures_stratumresult r join measures_computation c on c.id = r.computation_id
        where r.source_id = {int(source_id)} and (r.measure_id, r.period_id) in ({pairs})
        """,
        {
            "id": pl.Int64, "measure_id": pl.Int64, "period_id": pl.Int64, **_UNIT_TYPES,
            "stratum_id": pl.Int64, "method_version": pl.String, **dict.fromkeys(COUNTS, pl.Int64),
            **dict.fromkeys(_STATES, pl.Int64), "q_value": pl.Float64,
        },
    )  # fmt: skip


def _read_p_values(source_id: int, families: Sequence[tuple[int, int]]) -> pl.DataFrame:
    """Contrasts of the same periods in families that are not computed now."""
    pairs = ",".join(f"({int(m)},{int(p)})" for m, p in families)
    periods = ",".join(str(int(p)) for p in sorted({p for _, p in families}))
    return _read(
        f"""
        select r.id, r.period_id, {_UNIT_SQL}, s.stratum_set_id, r.p_value, r.q_value
        from measures_stratumresult r join measures_stratum s on s.id = r.stratum_id
        where r.source_id = {int(source_id)} and r.period_id in ({periods})
            and (r.measure_id, r.period_id) not in ({pairs})
            and r.gap_state = {int(GapState.SHOWN)} and r.p_value is not null
        order by r.id
        """,
        {
            "id": pl.Int64, "period_id": pl.Int64, **_UNIT_TYPES, "set_number": pl.Int64,
            "p_value": pl.Float64, "q_value": pl.Float64,
        },
    )  # fmt: skip


def _copy_in(
    cursor: object,
    source_id: int,
    table: FamilyTable,
    computations: Sequence[int],
    changed: pl.DataFrame,
) -> None:
    if not len(changed):
        return
    frame = changed.with_columns(
        pl.lit(source_id).alias("source_id"),
        pl.col("m").replace_strict(dict(enumerate(computations))).alias("computation_id"),
        *(
            pl.when(pl.col(name) == NONE).then(None).otherwise(pl.col(name)).alias(name)
            for name in _NULLABLE_IDS
        ),
        # An upper bound that is infinite is stored as no bound: JSON has no infinity.
        *(
            pl.when(pl.col(name).is_finite()).then(pl.col(name)).otherwise(None).alias(name)
            for name in _NUMBERS
        ),
    ).with_columns(pl.col("patients_to_parity").cast(pl.Int64))
    buffer = io.BytesIO()
    # In the order of the index, its pages are filled one after the other.
    frame = frame.sort("period_id", "measure_id", *_KEY)
    frame.select(_COLUMNS).write_csv(buffer, include_header=False)
    buffer.seek(0)
    cursor.copy_expert(  # type: ignore[attr-defined]
        f"copy measures_stratumresult ({','.join(_COLUMNS)}) from stdin (format csv)", buffer
    )


def _update_adjusted(cursor: object, adjusted: list[tuple[int, float]]) -> None:
    if not adjusted:
        return
    cursor.execute(  # type: ignore[attr-defined]
        """
        update measures_stratumresult r set q_value = new.q
        from unnest(%s::bigint[], %s::float8[]) as new (id, q) where r.id = new.id
        """,
        [[row_id for row_id, _ in adjusted], [q for _, q in adjusted]],
    )
