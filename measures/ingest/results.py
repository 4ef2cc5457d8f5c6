"""Results of families to and from the database: only rows whose numbers differ are written."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from django.db import connection
from numpy.typing import NDArray

from measures.ingest.families import COUNTS, NONE, FamilyTable, Unit
from measures.models import Computation
from measures.queries.axis import PROGRAMME_ONLY
from measures.queries.references import ReferenceUsed, named_in_definitions
from measures.stats.disparity import Comparison, StratumSetLayout, compare_each
from measures.stats.gaps import benjamini_hochberg
from measures.stats.states import CellState, GapState
from measures.stats.suppression import own_states, shared_groups, suppress

_WHOLE_KEY = ("measure_id", "period_id", "team_id", "stratum_id")
_PART_KEY = ("measure_id", "period_id", "team_id", "by_site", "site_id", "line_of_business")
_STATES = ("state", "own_state", "gap_state", "own_gap_state", "reference_id")
_NUMBERS = (
    "rate", "rate_lower", "rate_upper", "gap", "gap_lower", "gap_upper",
    "ratio", "ratio_lower", "ratio_upper", "p_value", "q_value", "patients_to_parity",
)  # fmt: skip
#: Columns of `PartResult` that hold one number per stratum, and where the numbers come from.
_ARRAYS = {
    "strata": "stratum_id", "denominators": "denominator", "numerators": "numerator",
    "self_reported": "self_reported", "indirect": "indirect", "states": "state",
}  # fmt: skip
_NULLABLE_IDS = ("team_id", "site_id", "line_of_business", "reference_id")


@dataclass(frozen=True)
class FamilyCounts:
    """Results of a family, one per stratum of a unit: all of them, and those written anew."""

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
    references: Sequence[Mapping[str, ReferenceUsed]],
    method_version: str,
) -> Written:
    """Compute the results of the families and write those that differ from what is stored.

    higher_is_better, shared_denominator, computations, references: one per family, in the table's order.
    references: set code → the programme's rule and what it chose; empty where the definitions name it.
    A result of the programme or of a team differs if its counts, states, adjusted p-value or the rule of
    its reference do; a site or line of business is written as a whole when any of its counts or states,
    or any rule differ. Both are when another method version made them; everything else follows from those.
    """
    made_by = dict(zip(table.families, computations, strict=True))
    # While one thread computes, this one reads what is stored and writes what is ready.
    with ThreadPoolExecutor(1, thread_name_prefix="compute") as pool, connection.cursor() as cursor:
        protecting = pool.submit(_protect, table, shared_denominator)
        stored_wholes = _with_stored_rules(_read_wholes(source_id, table.families), table)
        stored_parts = _with_stored_rules(_read_parts(source_id, table.families), None)
        elsewhere = _read_p_values(source_id, table.families)
        protected = protecting.result()
        making_parts = pool.submit(_part_frame, table, protected, references)
        wholes, adjusted = _adjust(
            elsewhere, _whole_frame(table, protected, higher_is_better, references)
        )
        changed_wholes, gone_wholes = _difference(
            wholes,
            stored_wholes,
            keys=_WHOLE_KEY,
            deciding=(*COUNTS, *_STATES, "q_value", "rule"),
            method_version=method_version,
        )
        _delete(cursor, "measures_stratumresult", gone_wholes)
        _copy_in(
            cursor,
            "measures_stratumresult",
            (*_WHOLE_KEY, *COUNTS, *_STATES, *_NUMBERS),
            _bounded(changed_wholes),
            source_id,
            made_by,
        )
        parts = making_parts.result()
        changed_parts, gone_parts = _difference(
            parts,
            stored_parts,
            keys=_PART_KEY,
            deciding=(*_ARRAYS, "rule"),
            method_version=method_version,
        )
        _delete(cursor, "measures_partresult", gone_parts)
        _copy_in(
            cursor,
            "measures_partresult",
            (*_PART_KEY, *_ARRAYS),
            changed_parts,
            source_id,
            made_by,
        )
        _update_adjusted(cursor, adjusted)
    totals, changes = _count(wholes, parts), _count(changed_wholes, changed_parts)
    return Written(
        {f: FamilyCounts(totals.get(f, 0), changes.get(f, 0)) for f in table.families},
        len(adjusted),
    )


def _count(wholes: pl.DataFrame, parts: pl.DataFrame) -> dict[tuple[int, int], int]:
    """Results of each family: a part has as many as it has strata."""
    family = ["measure_id", "period_id"]
    both = pl.concat(
        [wholes.select(*family, pl.lit(1).alias("size")), parts.select(*family, "size")],
        how="vertical_relaxed",
    )
    counted = both.group_by(family).agg(pl.col("size").sum())
    return {(m, p): size for m, p, size in counted.iter_rows()}


def _difference(
    new: pl.DataFrame,
    stored: pl.DataFrame,
    *,
    keys: Sequence[str],
    deciding: Sequence[str],
    method_version: str,
) -> tuple[pl.DataFrame, pl.Series]:
    """(new rows that are not stored like that, ids of stored rows that are not like the new ones)."""
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
    kept = joined.filter("same")["id"]
    return joined.filter(~pl.col("same")), stored.filter(~pl.col("id").is_in(kept.implode()))["id"]


@dataclass(frozen=True)
class _Protected:
    """Counts and states [M, U, S] without the crossed cells, and which of them are worth a row."""

    counts: dict[str, NDArray[np.int64]]
    states: NDArray[np.int8]
    keep: NDArray[np.bool_]


def _protect(table: FamilyTable, shared_denominator: Sequence[str]) -> _Protected:
    axis = table.axis
    n, x = table.counts["denominator"], table.counts["numerator"]
    below_programme = np.array([unit != Unit() for unit in table.units], bool)
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
    states = states[:, :, shown]
    counts = {name: values[:, :, shown] for name, values in table.counts.items()}
    return _Protected(counts, states, _worth_a_row(table, counts["denominator"]))


def _whole_frame(
    table: FamilyTable,
    protected: _Protected,
    higher_is_better: Sequence[bool],
    references: Sequence[Mapping[str, ReferenceUsed]],
) -> pl.DataFrame:
    """One row per stratum of the programme and of each team, with every figure."""
    axis = table.axis
    wholes = np.flatnonzero([unit.is_whole for unit in table.units])
    if not len(wholes):
        return pl.DataFrame(schema=_whole_types())
    counts = {name: values[:, wholes] for name, values in protected.counts.items()}
    n, states = counts["denominator"], protected.states[:, wholes]
    layouts = [_layouts(table, of_family) for of_family in references]
    own = own_states(n)
    result: Comparison = compare_each(
        n,
        counts["numerator"],
        states,
        own,
        sets=layouts,
        higher_is_better=np.array(higher_is_better),
    )
    m, u, s = np.nonzero(protected.keep[:, wholes])
    team = np.array([table.units[i].team_id for i in wholes])
    stratum_ids = np.array([stratum.pk for stratum in axis.strata])
    reference = np.full((len(table.families), len(axis.strata)), NONE)
    for row, of_family in zip(reference, layouts, strict=True):
        for layout in of_family:
            at = layout.reference if layout.whole == -1 else layout.whole
            if at >= 0:
                row[list(layout.indices)] = stratum_ids[at]
    rules = np.array(
        [
            [_rule_text(of_family.get(s.stratum_set.code)) for s in axis.strata]
            for of_family in references
        ]
    )
    family = np.array(table.families)
    columns: dict[str, NDArray[np.generic]] = {
        "measure_id": family[m, 0],
        "period_id": family[m, 1],
        "team_id": team[u],
        "stratum_id": stratum_ids[s],
        "set_number": _set_numbers(table)[s],
        **{name: counts[name][m, u, s] for name in COUNTS},
        "state": states[m, u, s],
        "own_state": own[m, u, s],
        "gap_state": result.gap_state[m, u, s],
        "own_gap_state": result.own_gap_state[m, u, s],
        "reference_id": reference[m, s],
        "rule": rules[m, s],
        **{name: getattr(result, name)[m, u, s] for name in _NUMBERS if name != "q_value"},
    }
    return pl.DataFrame(columns)


def _layouts(table: FamilyTable, references: Mapping[str, ReferenceUsed]) -> list[StratumSetLayout]:
    """Where each set stands and what it is compared with, in one family."""
    axis = table.axis
    found = []
    for code, indices, _ in axis.sets():
        rule = references.get(code) or named_in_definitions(axis.strata[i] for i in indices)
        found.append(rule.layout(code, axis.strata, indices, axis.total))
    return found


def _rule_text(rule: ReferenceUsed | None) -> str:
    return "" if rule is None else json.dumps(rule.to_store(), sort_keys=True)


def _rules_text(rules: Mapping[str, Any]) -> str:
    return json.dumps(rules, sort_keys=True) if rules else ""


def _with_stored_rules(stored: pl.DataFrame, table: FamilyTable | None) -> pl.DataFrame:
    """Add `rule`: of the row's own stratum set, or without a table of all sets together."""
    rules = dict(
        Computation.objects.filter(pk__in=stored["computation_id"].unique().to_list())
        .exclude(reference_rules={})
        .values_list("pk", "reference_rules")
    )
    if not rules:
        return stored.with_columns(pl.lit("").alias("rule"))
    if table is None:
        texts = {pk: _rules_text(of_computation) for pk, of_computation in rules.items()}
        return stored.with_columns(
            pl.col("computation_id").replace_strict(texts, default="").alias("rule")
        )
    set_of = {s.pk: s.stratum_set.code for s in table.axis.strata}
    rows = [
        (pk, stratum_id, json.dumps(of_computation[code], sort_keys=True))
        for pk, of_computation in rules.items()
        for stratum_id, code in set_of.items()
        if code in of_computation
    ]
    known = pl.DataFrame(
        rows,
        schema={"computation_id": pl.Int64, "stratum_id": pl.Int64, "rule": pl.String},
        orient="row",
    )
    return stored.join(known, on=["computation_id", "stratum_id"], how="left").with_columns(
        pl.col("rule").fill_null("")
    )


def _part_frame(
    table: FamilyTable,
    protected: _Protected,
    references: Sequence[Mapping[str, ReferenceUsed]],
) -> pl.DataFrame:
    """One row per site and line of business; arrays are texts as PostgreSQL writes them."""
    parts = np.flatnonzero([not unit.is_whole for unit in table.units])
    m, u, s = np.nonzero(protected.keep[:, parts])
    if not len(m):
        return pl.DataFrame(schema=_part_types())
    stratum_ids = np.array([stratum.pk for stratum in table.axis.strata])
    at = (m, parts[u], s)
    numbers = {
        "stratum_id": stratum_ids[s],
        "state": protected.states[at],
        **{name: protected.counts[name][at] for name in COUNTS},
    }
    family, units = np.array(table.families), [table.units[i] for i in parts]
    keys = {
        "team_id": np.array([unit.team_id for unit in units]),
        "by_site": np.array([unit.by_site for unit in units]),
        "site_id": np.array([unit.site_id for unit in units]),
        "line_of_business": np.array([unit.line_of_business for unit in units]),
    }
    frame = (
        pl.DataFrame({"m": m, "u": u, **{name: numbers[of] for name, of in _ARRAYS.items()}})
        .group_by("m", "u", maintain_order=True)
        .agg(
            pl.len().cast(pl.Int64).alias("size"),
            *(pl.col(name).cast(pl.String).str.join(",") for name in _ARRAYS),
        )
    )
    m, u = frame["m"].to_numpy(), frame["u"].to_numpy()
    rules = np.array(
        [
            _rules_text({code: rule.to_store() for code, rule in of_family.items()})
            for of_family in references
        ]
    )
    return pl.DataFrame(
        {
            "rule": rules[m],
            "measure_id": family[m, 0],
            "period_id": family[m, 1],
            **{name: values[u] for name, values in keys.items()},
            "size": frame["size"],
            **{name: "{" + frame[name] + "}" for name in _ARRAYS},
        }
    )


def _set_numbers(table: FamilyTable) -> NDArray[np.int64]:
    return np.array([stratum.stratum_set_id for stratum in table.axis.strata])


def _worth_a_row(table: FamilyTable, n: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Strata with anybody in them; for the programme and the teams also the empty ones of a set in use.

    A site or a line of business without a row has no denominator there. A set is in use in a family
    if anybody is in one of its specified strata.
    """
    axis = table.axis
    counted = (n > 0) | (table.counts["excluded"][:, :, : len(axis.strata)] > 0)
    whole = np.array([unit.is_whole for unit in table.units], bool)
    present = n[:, :, axis.total] > 0
    keep = counted.copy()
    for _, indices, _ in axis.sets():
        specified = [i for i in indices if axis.strata[i].kind == "specified"]
        in_use = np.asarray((n[:, :, specified] > 0).any(axis=(1, 2)))
        keep[:, :, indices] &= in_use[:, None, None]
        empty = in_use[:, None] & whole[None, :] & present
        keep[:, :, specified] |= empty[:, :, None]
    return keep


def _adjust(
    elsewhere: pl.DataFrame, new: pl.DataFrame
) -> tuple[pl.DataFrame, list[tuple[int, float]]]:
    """Add q_value to the new results; returns also (id, q) of stored ones elsewhere that change.

    elsewhere: stored contrasts of the same periods in families that are not computed now.
    The family of a p-value: every contrast that readers outside may see, of one unit, period and
    stratum set, over all measures.
    """
    shown = pl.col("gap_state") == int(GapState.SHOWN)
    unit = ["period_id", "team_id", "set_number"]
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


_Types = dict[str, pl.DataType | type[pl.DataType]]


def _whole_types() -> _Types:
    whole = dict.fromkeys((*_WHOLE_KEY, "set_number", *COUNTS, *_STATES), pl.Int64)
    return {**whole, "rule": pl.String, **dict.fromkeys(_NUMBERS, pl.Float64)}


def _part_types() -> _Types:
    ids = dict.fromkeys(_PART_KEY, pl.Int64)
    more = {"by_site": pl.Boolean, "size": pl.Int64, "rule": pl.String}
    return {**ids, **more, **dict.fromkeys(_ARRAYS, pl.String)}


def _read(query: str, types: _Types) -> pl.DataFrame:
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


def _read_wholes(source_id: int, families: Sequence[tuple[int, int]]) -> pl.DataFrame:
    columns = (
        "r.state",
        "r.own_state",
        "r.gap_state",
        "r.own_gap_state",
        f"coalesce(r.reference_id, {NONE})",
    )
    return _read(
        f"""
        select r.id, r.computation_id, c.method_version, r.measure_id, r.period_id, coalesce(r.team_id, {NONE}),
            r.stratum_id, {",".join("r." + c for c in COUNTS)}, {",".join(columns)}, r.q_value
        from measures_stratumresult r join measures_computation c on c.id = r.computation_id
        where r.source_id = {int(source_id)} and (r.measure_id, r.period_id) in ({_pairs(families)})
        """,
        {
            "id": pl.Int64, "computation_id": pl.Int64, "method_version": pl.String,
            **dict.fromkeys((*_WHOLE_KEY, *COUNTS, *_STATES), pl.Int64), "q_value": pl.Float64,
        },
    )  # fmt: skip


def _read_parts(source_id: int, families: Sequence[tuple[int, int]]) -> pl.DataFrame:
    return _read(
        f"""
        select r.id, r.computation_id, c.method_version, r.measure_id, r.period_id, r.team_id, r.by_site,
            coalesce(r.site_id, {NONE}), coalesce(r.line_of_business, {NONE}),
            {",".join("r." + name for name in _ARRAYS)}
        from measures_partresult r join measures_computation c on c.id = r.computation_id
        where r.source_id = {int(source_id)} and (r.measure_id, r.period_id) in ({_pairs(families)})
        """,
        {
            "id": pl.Int64, "computation_id": pl.Int64, "method_version": pl.String, **dict.fromkeys(_PART_KEY, pl.Int64),
            "by_site": pl.Boolean, **dict.fromkeys(_ARRAYS, pl.String),
        },
    )  # fmt: skip


def _read_p_values(source_id: int, families: Sequence[tuple[int, int]]) -> pl.DataFrame:
    """Contrasts of the same periods in families that are not computed now."""
    periods = ",".join(str(int(p)) for p in sorted({p for _, p in families}))
    return _read(
        f"""
        select r.id, r.period_id, coalesce(r.team_id, {NONE}), s.stratum_set_id, r.p_value, r.q_value
        from measures_stratumresult r join measures_stratum s on s.id = r.stratum_id
        where r.source_id = {int(source_id)} and r.period_id in ({periods})
            and (r.measure_id, r.period_id) not in ({_pairs(families)})
            and r.gap_state = {int(GapState.SHOWN)} and r.p_value is not null
        order by r.id
        """,
        {
            "id": pl.Int64, "period_id": pl.Int64, "team_id": pl.Int64, "set_number": pl.Int64,
            "p_value": pl.Float64, "q_value": pl.Float64,
        },
    )  # fmt: skip


def _pairs(families: Sequence[tuple[int, int]]) -> str:
    return ",".join(f"({int(m)},{int(p)})" for m, p in families)


def _delete(cursor: Any, table: str, ids: pl.Series) -> None:
    if len(ids):
        cursor.execute(f"delete from {table} where id = any(%s)", [ids.to_list()])


def _bounded(wholes: pl.DataFrame) -> pl.DataFrame:
    """An upper bound that is infinite is stored as no bound: JSON has no infinity."""
    return wholes.with_columns(
        pl.when(pl.col(name).is_finite()).then(pl.col(name)).otherwise(None).alias(name)
        for name in _NUMBERS
    ).with_columns(pl.col("patients_to_parity").cast(pl.Int64))


def _copy_in(
    cursor: Any,
    table: str,
    columns: Sequence[str],
    frame: pl.DataFrame,
    source_id: int,
    made_by: dict[tuple[int, int], int],
) -> None:
    """made_by: id of each family's computation."""
    if not len(frame):
        return
    computations = pl.DataFrame(
        [(m, p, computation) for (m, p), computation in made_by.items()],
        schema=dict.fromkeys(("measure_id", "period_id", "computation_id"), pl.Int64),
        orient="row",
    )
    frame = frame.join(
        computations, on=["measure_id", "period_id"], maintain_order="left"
    ).with_columns(
        pl.lit(source_id).alias("source_id"),
        *(
            pl.when(pl.col(name) == NONE).then(None).otherwise(pl.col(name)).alias(name)
            for name in _NULLABLE_IDS
            if name in columns
        ),
    )
    columns = ("source_id", "computation_id", *columns)
    buffer = io.BytesIO()
    frame.select(columns).write_csv(buffer, include_header=False)
    buffer.seek(0)
    cursor.copy_expert(f"copy {table} ({','.join(columns)}) from stdin (format csv)", buffer)


def _update_adjusted(cursor: Any, adjusted: list[tuple[int, float]]) -> None:
    if not adjusted:
        return
    cursor.execute(
        """
        update measures_stratumresult r set q_value = new.q
        from unnest(%s::bigint[], %s::float8[]) as new (id, q) where r.id = new.id
        """,
        [[row_id for row_id, _ in adjusted], [q for _, q in adjusted]],
    )
