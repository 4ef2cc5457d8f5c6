"""Cells, slices and completeness counts of one checked file: each by counting, in one pass per stratum set.

Counting works on dense numbers: a row's group (team, measure, period and site, or line of business), its
stratum and its state make one position of an array, and `bincount` does the rest. Every result is a sum of
whole numbers, so the order of rows and the size of chunks cannot change it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from measures.enums import RealCategory, RealField, ReportingSource, StratumKind
from measures.ingest.coders import PeriodSpan
from measures.ingest.codes import CELL_SETS, OPTIONAL_SETS, Reference
from measures.ingest.validate import DENOMINATOR, EXCLUDED, NUMERATOR

Array = NDArray[Any]
#: Largest table of counters held at once; above it the positions that occur are numbered first.
DENSE_LIMIT = 30_000_000
# States of a row in a cell: nothing, excluded, then numerator (0, 1) × how the stratum is known.
_STATES = 8
_BASIS_OTHER, _BASIS_SELF, _BASIS_INDIRECT = 0, 1, 2

INDIRECT = (ReportingSource.SURNAME, ReportingSource.GEOCODING, ReportingSource.OTHER_INDIRECT)
_DIRECT = (ReportingSource.EHR, ReportingSource.STATE, ReportingSource.OTHER_DIRECT)


REAL_COUNT_SCHEMA: dict[str, Any] = {
    "team_id": pl.Int32,
    "period_id": pl.Int16,
    "site_id": pl.Int64,
    "field": pl.String,
    "category": pl.String,
    "member_count": pl.Int64,
}


@dataclass(frozen=True)
class Sums:
    """What a file adds up to, as frames whose columns are called as in their tables."""

    cells: pl.DataFrame
    slices: pl.DataFrame
    real_counts: pl.DataFrame


class SumsDoNotFit(Exception):
    """Cells do not add up to the rows: a fault of the program, so nothing may be stored."""


def add_up(
    facts: pl.DataFrame,
    members: pl.DataFrame,
    *,
    period_ids: Sequence[int],
    periods: Sequence[PeriodSpan],
    sets_given: frozenset[str],
    reference: Reference,
) -> Sums:
    """Count the rows of a checked file.

    facts, members: as in `validate.Checked`, at least one row. period_ids: database id of each period.
    Raises SumsDoNotFit unless every set of cells adds up to the rows.
    """
    counter = _Counter(facts, members, period_ids, periods, reference)
    sets = [s for s in CELL_SETS if s not in OPTIONAL_SETS or s in sets_given]
    sums = Sums(counter.cells(sets), counter.slices(), counter.real_counts())
    _check_sums(facts, sums, sets, reference)
    return sums


class _Counter:
    def __init__(
        self,
        facts: pl.DataFrame,
        members: pl.DataFrame,
        period_ids: Sequence[int],
        periods: Sequence[PeriodSpan],
        reference: Reference,
    ) -> None:
        self.reference = reference
        self.members = members
        self.member = facts["member_number"].to_numpy()
        self.period = facts["period"].to_numpy()
        self.flags = facts["flags"].to_numpy()
        self.line = facts["line_of_business"].to_numpy()
        self.period_ids = np.array(period_ids, np.int16)
        self.end_years = np.array([p.ends_on.year for p in periods], np.int16)
        self.team_ids, self.team = numbered(facts["team_id"].to_numpy())
        self.site_ids, self.site = numbered(facts["site_id"].to_numpy())
        self.measure_ids, self.measure = numbered(facts["measure_id"].to_numpy())
        kinds = {s.pk: s.kind for strata in reference.strata.values() for s in strata.values()}
        self.specified = np.zeros(max(kinds) + 1, bool)
        for pk, kind in kinds.items():
            self.specified[pk] = kind == StratumKind.SPECIFIED
        # Team, measure and period, numbered by those that occur.
        position = (self.team.astype(np.int64) * len(self.measure_ids) + self.measure) * len(
            periods
        ) + self.period
        self.slice_positions, self.slice = numbered(position)

    # Cells.

    def cells(self, sets: Sequence[str]) -> pl.DataFrame:
        counted = (self.flags & DENOMINATOR) > 0
        met = (self.flags & NUMERATOR) > 0
        plain = np.where(counted, 2 + 3 * met, 0).astype(np.int8)
        plain[(self.flags & EXCLUDED) > 0] = 1
        site_groups, by_site = numbered(
            self.slice.astype(np.int64) * len(self.site_ids) + self.site
        )
        line_groups, by_line = numbered(self.slice.astype(np.int64) * 16 + self.line)
        # A member stands twice in what is looked up for each row: for rows that count and for others.
        looked_up = self.member + counted * np.int32(self.members.height)
        frames = []
        for set_code in sets:
            strata = np.array(sorted(self.reference.strata_of(set_code)), np.int16)
            place = np.zeros(int(strata.max()) + 1, np.int16)
            place[strata] = np.arange(0, len(strata) * _STATES, _STATES)
            if set_code == "age_band":
                offset = place[self._age_bands()] + plain
            else:
                stratum, basis = self._strata(set_code)
                offset = np.concatenate([place[stratum], place[stratum] + basis])[looked_up] + plain
            for groups, group, is_site in (
                (site_groups, by_site, True),
                (line_groups, by_line, False),
            ):
                frames.append(self._count(groups, group, offset, strata, is_site))
        return pl.concat(frames).with_columns(pl.col("site_id").replace(0, None))

    def _count(
        self, groups: Array, group: Array, offset: Array, strata: Array, by_site: bool
    ) -> pl.DataFrame:
        width = len(strata) * _STATES
        positions = group.astype(np.int64)
        positions *= width
        positions += offset
        table = _counts(positions, len(groups) * width)
        del positions
        # One row per state and one column per cell: long rows are added up many times as fast as short ones.
        if table.ndim == 2:
            places, counts = table
            cell_places, which = np.unique(places // _STATES, return_inverse=True)
            states = np.zeros((_STATES, len(cell_places)), np.int64)
            states[places % _STATES, which] = counts
        else:
            states = np.ascontiguousarray(table.reshape(-1, _STATES).T)
            cell_places = np.arange(states.shape[1])
        filled = np.flatnonzero(states[1:].any(axis=0))
        cell_places, states = cell_places[filled], states[:, filled]
        key = groups[cell_places // len(strata)]
        per = len(self.site_ids) if by_site else 16
        columns = self._slice_columns(self.slice_positions[key // per])
        columns["by_site"] = np.full(len(key), by_site)
        site = self.site_ids[key % per] if by_site else np.zeros(len(key), np.int64)
        columns["site_id"] = site.astype(np.int64)
        line = pl.Series((key % per).astype(np.int16))
        columns["line_of_business"] = pl.Series([None], dtype=pl.Int16).new_from_index(
            0, len(key)
        ) if by_site else line  # fmt: skip
        columns["stratum_id"] = strata[cell_places % len(strata)]
        columns["denominator"] = states[2:].sum(axis=0)
        columns["numerator"] = states[5:].sum(axis=0)
        columns["excluded"] = states[1]
        columns["self_reported"] = states[2 + _BASIS_SELF] + states[5 + _BASIS_SELF]
        columns["indirect"] = states[2 + _BASIS_INDIRECT] + states[5 + _BASIS_INDIRECT]
        return pl.DataFrame(columns)

    def _slice_columns(self, position: Array) -> dict[str, Any]:
        """Ids of packed team, measure and period."""
        rest, period = np.divmod(position, len(self.period_ids))
        team, measure = np.divmod(rest, len(self.measure_ids))
        return {
            "team_id": self.team_ids[team],
            "measure_id": self.measure_ids[measure],
            "period_id": self.period_ids[period],
        }

    def _strata(self, set_code: str) -> tuple[Array, Array]:
        """(stratum, how it is known) of each member; the latter is 0 where the set has no source."""
        basis = np.full(self.members.height, _BASIS_OTHER, np.int8)
        if set_code == "all":
            return np.full(self.members.height, self.reference.everyone, np.int16), basis
        stratum = self.members[set_code].to_numpy()
        if set_code == "combined":
            hispanic = self.members["ethnicity"].to_numpy() == self.reference.hispanic
            source = np.where(
                hispanic,
                self.members["ethnicity_source"].to_numpy(),
                self.members["race_source"].to_numpy(),
            )
        elif set_code in {f.value for f in RealField}:
            source = self.members[f"{set_code}_source"].to_numpy()
        else:
            return stratum, basis
        basis[source == ReportingSource.SELF_REPORTED] = _BASIS_SELF
        basis[np.isin(source, INDIRECT)] = _BASIS_INDIRECT
        # Declined and unknown are no answers, so nobody gave them.
        basis[~self.specified[stratum]] = _BASIS_OTHER
        return stratum, basis

    def _age_bands(self) -> Array:
        """Age band of each row: full years at the end of the period, from the year of birth."""
        bands = np.array([*self.reference.age_bands, self.reference.unknown["age_band"]], np.int16)
        born = self.members["birth_year"].fill_null(0).to_numpy()[self.member]
        age = self.end_years[self.period] - born
        # Born after the period, or before anybody's time: no band.
        return bands[
            np.where((born > 0) & (age >= 0) & (age < len(bands) - 1), age, len(bands) - 1)
        ]

    # Slices and completeness.

    def slices(self) -> pl.DataFrame:
        size = len(self.slice_positions)
        columns = self._slice_columns(self.slice_positions)
        columns["row_count"] = np.bincount(self.slice, minlength=size)
        columns["denominator"] = np.bincount(
            self.slice[(self.flags & DENOMINATOR) > 0], minlength=size
        )
        columns["numerator"] = np.bincount(self.slice[(self.flags & NUMERATOR) > 0], minlength=size)
        return pl.DataFrame(columns)

    def real_counts(self) -> pl.DataFrame:
        """Members in any denominator by what is known of them; each once per team and period.

        Who was at several sites counts at the site of the first row, so that sites add up to the team.
        """
        rows = np.flatnonzero((self.flags & DENOMINATOR) > 0)
        if not len(rows):
            return pl.DataFrame(schema=REAL_COUNT_SCHEMA)
        # A member number belongs to one team, so number and period say which person of which team.
        person = self.member[rows].astype(np.int64) * len(self.period_ids) + self.period[rows]
        first = _first_rows(person, self.members.height * len(self.period_ids))
        chosen = rows[first]
        member, period = self.member[chosen], self.period[chosen]
        place = (self.team[chosen].astype(np.int64) * len(self.period_ids) + period) * len(
            self.site_ids
        ) + self.site[chosen]
        places, place = numbered(place)
        categories = list(RealCategory)
        frames = []
        for field in RealField:
            category = self._categories(field, categories)[member]
            table = np.bincount(
                place * len(categories) + category, minlength=len(places) * len(categories)
            )
            filled = np.flatnonzero(table)
            rest, site = np.divmod(places[filled // len(categories)], len(self.site_ids))
            team, at = np.divmod(rest, len(self.period_ids))
            frames.append(
                pl.DataFrame(
                    {
                        "team_id": self.team_ids[team],
                        "period_id": self.period_ids[at],
                        "site_id": pl.Series(self.site_ids[site].astype(np.int64)).replace(0, None),
                        "field": [field.value] * len(filled),
                        "category": [categories[c].value for c in filled % len(categories)],
                        "member_count": table[filled],
                    }
                )
            )
        return pl.concat(frames)

    def _categories(self, field: RealField, categories: list[RealCategory]) -> Array:
        """Position of each member's category among `categories`."""
        at = {category: position for position, category in enumerate(categories)}
        stratum = self.members[field.value].to_numpy()
        source = self.members[f"{field.value}_source"].to_numpy()
        declined = np.isin(
            stratum,
            [
                s.pk
                for s in self.reference.strata[field.value].values()
                if s.kind == StratumKind.DECLINED
            ],
        )
        category = np.full(len(stratum), at[RealCategory.SOURCE_UNKNOWN])
        category[source == ReportingSource.SELF_REPORTED] = at[RealCategory.SELF_REPORTED]
        category[np.isin(source, _DIRECT)] = at[RealCategory.OTHER_DIRECT]
        category[np.isin(source, INDIRECT)] = at[RealCategory.INDIRECT]
        unknown = ~self.specified[stratum] & ~declined
        category[declined] = at[RealCategory.DECLINED]
        category[unknown] = at[RealCategory.UNKNOWN]
        not_collected = unknown & (source == ReportingSource.NOT_COLLECTED)
        category[not_collected] = at[RealCategory.NOT_COLLECTED]
        return category


def numbered(values: Array) -> tuple[Array, Array]:
    """(distinct values ascending, int64; position of each value among them, int32)."""
    highest = int(values.max(initial=0))
    if highest > max(DENSE_LIMIT, 4 * len(values)):
        distinct, positions = np.unique(values, return_inverse=True)
        return distinct.astype(np.int64), positions.astype(np.int32)
    seen = np.zeros(highest + 1, bool)
    seen[values] = True
    number = np.cumsum(seen, dtype=np.int32) - np.int32(1)
    return np.flatnonzero(seen), number[values]


def _counts(positions: Array, size: int) -> Array:
    """Counts by position: an array of `size`, or two rows (positions, counts) where that would be too large."""
    if size <= DENSE_LIMIT:
        return np.bincount(positions, minlength=size)
    return np.stack(np.unique(positions, return_counts=True))


def _first_rows(keys: Array, size: int) -> Array:
    """Positions at which each key occurs first, ascending."""
    if size > max(DENSE_LIMIT, 4 * len(keys)):
        return np.sort(np.unique(keys, return_index=True)[1])
    first = np.full(size, -1, np.int64)
    first[keys[::-1]] = np.arange(len(keys) - 1, -1, -1)
    return np.sort(first[first >= 0])


def _check_sums(facts: pl.DataFrame, sums: Sums, sets: Sequence[str], reference: Reference) -> None:
    flags = facts["flags"].to_numpy()
    whole = {
        "denominator": int(np.count_nonzero(flags & DENOMINATOR)),
        "numerator": int(np.count_nonzero(flags & NUMERATOR)),
        "excluded": int(np.count_nonzero(flags & EXCLUDED)),
    }
    for set_code in sets:
        of_set = sums.cells.filter(pl.col("stratum_id").is_in(reference.strata_of(set_code)))
        for by_site in (True, False):
            half = of_set.filter(pl.col("by_site") == by_site)
            for name, expected in whole.items():
                if half[name].sum() != expected:
                    raise SumsDoNotFit(
                        f"Cells of {set_code} add up to {half[name].sum()} in {name}, rows to {expected}."
                    )
    if sums.slices["row_count"].sum() != facts.height:
        raise SumsDoNotFit("Slices do not add up to the rows.")
