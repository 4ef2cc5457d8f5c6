"""Cells and slices of a checked file of counts: the counts are cells already, they only have to be gathered."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from measures.enums import ReportingSource, StratumKind
from measures.ingest.aggregate import INDIRECT, REAL_COUNT_SCHEMA, Sums, SumsDoNotFit
from measures.ingest.codes import CELL_SETS, Reference

_SLICE = ["team_id", "measure_id", "period_id"]
_SUMMED = ["denominator", "numerator", "excluded"]


def add_up_counts(counts: pl.DataFrame, *, period_ids: Sequence[int], reference: Reference) -> Sums:
    """Cells by site and by line of business, and slices, of `facts` as `counts.check_counts` leaves them.

    Nothing is said of members: how many different people stand behind several measures cannot be told
    from counts, so there are no completeness counts.
    Raises SumsDoNotFit unless every set of every slice adds up to everybody.
    """
    specified = [
        s.pk
        for strata in reference.strata.values()
        for s in strata.values()
        if s.kind == StratumKind.SPECIFIED
    ]
    known = pl.col("stratum_id").is_in(specified)
    own = pl.col("source") == int(ReportingSource.SELF_REPORTED)
    imputed = pl.col("source").is_in([int(source) for source in INDIRECT])
    rows = counts.with_columns(
        pl.Series("period_id", period_ids, pl.Int16).gather(counts["period"]),
        pl.col("site_id").replace(0, None),
        # Declined and unknown are no answers, so nobody gave them.
        self_reported=pl.when(known & own).then("denominator").otherwise(0),
        indirect=pl.when(known & imputed).then("denominator").otherwise(0),
    )
    cells = pl.concat(
        [
            _cells(rows, by_site=True),
            _cells(rows, by_site=False),
        ]
    )
    of_everyone = rows.filter(pl.col("stratum_id") == reference.everyone)
    slices = (
        of_everyone.group_by(_SLICE)
        .agg(pl.col(name).sum() for name in _SUMMED)
        .select(
            *_SLICE,
            (pl.col("denominator") + pl.col("excluded")).alias("row_count"),
            "denominator",
            "numerator",
        )
        .sort(_SLICE)
    )
    _check_sums(cells, of_everyone, reference)
    return Sums(cells, slices, pl.DataFrame(schema=REAL_COUNT_SCHEMA))


def _cells(rows: pl.DataFrame, *, by_site: bool) -> pl.DataFrame:
    place = "site_id" if by_site else "line_of_business"
    other = "line_of_business" if by_site else "site_id"
    keys = [*_SLICE, place, "stratum_id"]
    sums = [*_SUMMED, "self_reported", "indirect"]
    return (
        rows.group_by(keys)
        .agg(pl.col(name).sum() for name in sums)
        .filter(pl.any_horizontal(pl.col("denominator") > 0, pl.col("excluded") > 0))
        .with_columns(pl.lit(None, rows.schema[other]).alias(other), by_site=pl.lit(by_site))
        .select(*_SLICE, "by_site", "site_id", "line_of_business", "stratum_id", *sums)
        .sort(keys, nulls_last=True)
    )


def _check_sums(cells: pl.DataFrame, of_everyone: pl.DataFrame, reference: Reference) -> None:
    set_of = {pk: code for code in CELL_SETS for pk in reference.strata_of(code)}
    totals = (
        cells.with_columns(
            pl.col("stratum_id").replace_strict(set_of, return_dtype=pl.String).alias("set")
        )
        .group_by([*_SLICE, "by_site", "set"])
        .agg(pl.col(name).sum() for name in _SUMMED)
    )
    whole = of_everyone.group_by(_SLICE).agg(pl.col(name).sum() for name in _SUMMED)
    compared = totals.join(whole, on=_SLICE, how="left", suffix="_whole")
    for name in _SUMMED:
        if not compared[name].equals(compared[f"{name}_whole"]):
            raise SumsDoNotFit(f"Cells of a set do not add up to everybody in {name}.")
