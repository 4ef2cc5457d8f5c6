"""Cells in, results out: dense tables of one source's measures and periods for the pure statistics.

A *family* is one measure in one period with every unit (programme, teams, sites, lines of business)
and every stratum: what has to be looked at together, because totals tie the numbers to each other.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from django.db import connection
from numpy.typing import NDArray

from measures.queries.axis import StratumAxis, read_stratum_axis
from measures.stats.suppression import Relation

IntArray = NDArray[np.int64]

COUNTS = ("denominator", "numerator", "excluded", "self_reported", "indirect")
_CELL_TYPES = {
    "measure_id": pl.Int64, "period_id": pl.Int64, "team_id": pl.Int64, "by_site": pl.String,
    "site_id": pl.Int64, "line_of_business": pl.Int64, "stratum_id": pl.Int64,
    **dict.fromkeys(COUNTS, pl.Int64),
}  # fmt: skip

_SLICE_TYPES = dict.fromkeys(("submission_id", "measure_id", "period_id", "team_id"), pl.Int64)

#: Parts of a unit's key are null in the database where they do not apply; here they are this.
NONE = -1


@dataclass(frozen=True, order=True)
class Unit:
    """Programme (no team), team, or site or line of business of a team.

    The programme is not divided by line of business: lines would then add up across teams as well as
    to their team, and protecting both ways at once costs more numbers than the table would show.
    """

    team_id: int = NONE
    by_site: bool = False
    site_id: int = NONE
    line_of_business: int = NONE

    @property
    def is_whole(self) -> bool:
        """The programme or a team, not a part of one."""
        return not self.by_site and self.line_of_business == NONE


@dataclass(frozen=True)
class FamilyTable:
    """Dense counts [M, U, S] of the families (measure id, period id), over the units and strata."""

    families: tuple[tuple[int, int], ...]
    units: tuple[Unit, ...]
    axis: StratumAxis
    counts: dict[str, IntArray]

    @property
    def unit_relations(self) -> list[Relation]:
        """Programme = teams, team = its sites, team = its lines of business."""
        index = {unit: i for i, unit in enumerate(self.units)}
        groups: dict[tuple[Unit, str], list[int]] = {}
        for i, unit in enumerate(self.units):
            if unit.team_id == NONE:
                continue
            if unit.by_site:
                groups.setdefault((Unit(unit.team_id), "sites"), []).append(i)
            elif unit.line_of_business != NONE:
                groups.setdefault((Unit(unit.team_id), "lines"), []).append(i)
            else:
                groups.setdefault((Unit(), "teams"), []).append(i)
        return [
            # A team knows its own row and sees the programme's.
            Relation(index[whole], tuple(parts), parts_are_readers=kind == "teams")
            for (whole, kind), parts in groups.items()
        ]


def read_families(source_id: int, families: Sequence[tuple[int, int]]) -> FamilyTable:
    """Current cells of the families as dense tables. Cost follows the families asked for."""
    axis = read_stratum_axis()
    cells = read_cells(source_id, families)
    lines = cells.filter(~pl.col("by_site"))
    keys = ["measure_id", "period_id", "stratum_id"]
    sums = [pl.col(c).sum() for c in COUNTS]
    frames = [
        cells,
        lines.group_by([*keys, "team_id"]).agg(sums),
        lines.group_by(keys).agg(sums),
    ]
    defaults = {"by_site": False, "team_id": NONE, "site_id": NONE, "line_of_business": NONE}
    order = [*keys, *defaults, *COUNTS]
    cells = pl.concat(
        [
            f.with_columns(pl.lit(v).alias(k) for k, v in defaults.items() if k not in f.columns)
            .select(order)
            .with_columns(pl.col("team_id", "site_id", "line_of_business").cast(pl.Int64))
            for f in frames
        ]
    )
    unit_frame = cells.select("team_id", "by_site", "site_id", "line_of_business").unique()
    units = tuple(sorted(Unit(*row) for row in unit_frame.iter_rows()))
    unit_index = {unit: i for i, unit in enumerate(units)}
    families = tuple(sorted(set(families)))
    stratum_index = {s.pk: i for i, s in enumerate(axis.strata)}

    unit_frame = unit_frame.with_columns(
        pl.Series("u", [unit_index[Unit(*row)] for row in unit_frame.iter_rows()], pl.Int64)
    )
    family_frame = pl.DataFrame(
        [(m, p, i) for i, (m, p) in enumerate(families)],
        schema={"measure_id": pl.Int64, "period_id": pl.Int64, "m": pl.Int64},
        orient="row",
    )
    placed = cells.join(unit_frame, on=["team_id", "by_site", "site_id", "line_of_business"]).join(
        family_frame, on=["measure_id", "period_id"]
    )
    m, u = placed["m"].to_numpy(), placed["u"].to_numpy()
    s = placed["stratum_id"].replace_strict(stratum_index, return_dtype=pl.Int64).to_numpy()
    counts: dict[str, IntArray] = {}
    for name in COUNTS:
        table = np.zeros((len(families), len(units), axis.size), dtype=np.int64)
        table[m, u, s] = placed[name].to_numpy()
        if name not in ("self_reported", "indirect"):  # how a stratum is known has no total
            _fill_unknown(table, axis)
        for offset, (whole, parts) in enumerate(axis.crossed, start=len(axis.strata)):
            table[:, :, offset] = table[:, :, whole] - table[:, :, list(parts)].sum(axis=2)
        counts[name] = table
    return FamilyTable(families, units, axis, counts)


def _fill_unknown(table: IntArray, axis: StratumAxis) -> None:
    """A set that a submission does not carry (no gender identity, say) is all unknown there."""
    for _, indices, _ in axis.sets():
        unknown = next((i for i in indices if axis.strata[i].kind == "unknown"), None)
        if unknown is not None:
            rest = table[:, :, axis.total] - table[:, :, indices].sum(axis=2)
            table[:, :, unknown] += rest


def read_cells(source_id: int, families: Sequence[tuple[int, int]]) -> pl.DataFrame:
    """Cells of the current slices.

    Which submission is current for which team is joined here and not in the database, which has no
    statistics yet on cells that were copied in a moment ago and would look them up one by one.
    """
    pairs = ",".join(f"({int(m)},{int(p)})" for m, p in families)
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            select submission_id, measure_id, period_id, team_id from measures_slice
            where is_current and source_id = {int(source_id)} and (measure_id, period_id) in ({pairs})
            """
        )
        current = pl.DataFrame(cursor.fetchall(), schema=_SLICE_TYPES, orient="row")
        if current.is_empty():
            return pl.DataFrame(schema=_CELL_TYPES | {"by_site": pl.Boolean})
        submissions = ",".join(str(i) for i in current["submission_id"].unique())
        buffer = io.BytesIO()
        cursor.copy_expert(
            f"""
            copy (
                select submission_id, measure_id, period_id, team_id, by_site,
                    coalesce(site_id, {NONE}), coalesce(line_of_business, {NONE}), stratum_id,
                    {", ".join(COUNTS)}
                from measures_cell
                where submission_id in ({submissions}) and (measure_id, period_id) in ({pairs})
            ) to stdout (format csv)
            """,
            buffer,
        )
    if not buffer.tell():
        # Slices without anybody in a denominator, and nobody excluded.
        return pl.DataFrame(schema=_CELL_TYPES | {"by_site": pl.Boolean})
    buffer.seek(0)
    types = {"submission_id": pl.Int64, **_CELL_TYPES}
    frame = pl.read_csv(
        buffer, has_header=False, new_columns=list(types), schema_overrides=list(types.values())
    )
    keys = list(_SLICE_TYPES)
    return (
        frame.join(current, on=keys, how="semi")
        .drop("submission_id")
        .with_columns(pl.col("by_site") == "t")
    )
