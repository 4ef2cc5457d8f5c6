"""What rows say about their members: race, language, year of birth and so on, a dozen columns of text.

A member has many rows, and nearly always the same description in each. So a row's description is
compared as a whole, by one hash of its texts, and only descriptions that are new are looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from measures.enums import ReportingSource, StratumKind
from measures.ingest.coders import UNKNOWN_CODE_RULES, Coder, Coders
from measures.ingest.codes import Reference
from measures.ingest.contract import PROBABILITIES, SOURCED_FIELDS
from measures.ingest.mapping import Mapping

PROBABILITY_TOLERANCE = 0.001
_HASH = "description"

Array = NDArray[Any]
Note = Callable[[str, str, Array], None]


class Descriptions:
    """The distinct descriptions of one file, numbered in the order in which they are found.

    Two members with the same texts may share a number; the same texts may have several numbers.
    """

    def __init__(self, coders: Coders, mapping: Mapping, reference: Reference) -> None:
        self._coders = coders
        self._mapping = mapping
        self._reference = reference
        self.kinds = np.zeros(
            1 + max(s.pk for d in reference.strata.values() for s in d.values()), "U10"
        )
        for strata in reference.strata.values():
            for stratum in strata.values():
                self.kinds[stratum.pk] = stratum.kind
        self.is_unknown: Array = self.kinds == StratumKind.UNKNOWN.value
        self.coders: list[Coder] = [
            coders.race,
            *coders.stratum_coders.values(),
            *coders.source_coders.values(),
            coders.birth_year,
            coders.birth_date,
            coders.age,
            coders.zip,
            coders.tract,
            *([coders.block_group] if coders.block_group is not None else []),
            *coders.names.values(),
        ]
        self._given = [c for c in self.coders if c.origin.position is not None]
        self._shares = [name for name in PROBABILITIES if name in mapping.origins]
        positions = {c.origin.position for c in self._given} | {
            mapping.origins[name].position for name in self._shares
        }
        self._texts = sorted(str(p) for p in positions if p is not None)
        # By member code: the member's first description, 0 before it, and the hash of its texts.
        self._first = np.zeros(0, np.int32)
        self._hash = np.zeros(0, np.uint64)
        # By description number.
        self._count = 0
        self._flaws = np.zeros(0, np.uint64)
        self._signatures = np.zeros(0, np.uint64)
        self._parts: list[dict[str, Array]] = []
        #: (rule, column) of each bit of a flaw.
        self._bits: list[tuple[str, str]] = []

    def prepare(self) -> list[pl.Expr]:
        """In the reading threads: one hash per row. The texts go along, for those that are new."""
        if not self._texts:
            return [pl.lit(0, pl.UInt64).alias(_HASH)]
        hashed = list(self._texts)
        period = self._coders.period.origin.position
        if self._coders.has("age") and period is not None and str(period) not in hashed:
            # The year of birth follows from the age at the end of the row's period.
            hashed.append(str(period))
        return [*(pl.col(t) for t in self._texts), pl.struct(hashed).hash(1).alias(_HASH)]

    def number(self, frame: pl.DataFrame, member: Array, period: Array) -> Array:
        """Description number of each row of a chunk, int32. member: member codes."""
        hashes = frame[_HASH].to_numpy()
        size = int(member.max()) + 1
        if size > len(self._first):
            self._first, self._hash = grown(self._first, size), grown(self._hash, size)
        numbers = self._first[member] - 1
        new = np.flatnonzero((numbers < 0) | (self._hash[member] != hashes))
        if len(new):
            _, at, which = np.unique(hashes[new], return_index=True, return_inverse=True)
            numbers[new] = self._count + which
            self._look_at(frame.select(_HASH, *self._texts)[new[at]], period[new[at]])
            unseen = new[self._first[member[new]] == 0]
            self._first[member[unseen]] = numbers[unseen] + 1
            self._hash[member[unseen]] = hashes[unseen]
        return numbers

    def flaws(
        self, numbers: Array, frame: pl.DataFrame
    ) -> Iterator[tuple[str, str, NDArray[np.bool_]]]:
        """(rule, column, rows) of a chunk for every rule that descriptions break."""
        flaws = self._flaws[numbers]
        if not flaws.any():
            return
        by_name = {c.column.name: c for c in self.coders}
        for bit, (rule, column) in enumerate(self._bits):
            rows = (flaws >> np.uint64(bit)) & np.uint64(1) != 0
            if not rows.any():
                continue
            if rule in UNKNOWN_CODE_RULES and column in by_name:
                coder = by_name[column]
                codes = np.zeros(int(np.count_nonzero(rows)), np.uint32)  # a constant
                if coder.origin.position is not None:
                    encoded = coder.encode(str(coder.origin.position))
                    codes = coder.codes(frame.filter(rows).select(encoded))
                coder.count_unmapped(rule, codes)
            yield rule, column, rows

    def differ(self, one: Array, other: Array) -> NDArray[np.bool_]:
        """Whether two descriptions say different things, in whatever words."""
        different: NDArray[np.bool_] = one != other
        rows = np.flatnonzero(different)
        different[rows] = self._signatures[one[rows]] != self._signatures[other[rows]]
        return different

    def of(self, numbers: Array) -> dict[str, Array]:
        """Columns of the descriptions with these numbers."""
        if not self._parts:
            return {}
        return {
            name: np.concatenate([part[name] for part in self._parts])[numbers]
            for name in self._parts[0]
        }

    def _look_at(self, frame: pl.DataFrame, period: Array) -> None:
        """Read new descriptions, one a row."""
        height = len(period)
        flaws = np.zeros(height, np.uint64)

        def note(rule: str, column: str, rows: Array) -> None:
            if rows.any():
                if (rule, column) not in self._bits:
                    self._bits.append((rule, column))
                flaws[rows] |= np.uint64(1 << self._bits.index((rule, column)))

        coded = frame.select(
            expression
            for coder in self._given
            for expression in coder.encode(str(coder.origin.position))
        )
        codes: dict[str, Array] = {}
        for coder in self._given:
            name = coder.column.name
            codes[name] = coder.codes(coded)
            for rule, rows in coder.broken(codes[name]):
                note(rule, name, rows)
        for coder in self.coders:
            if coder.origin.position is None and coder.column.name in self._mapping.origins:
                constant = np.zeros(height, np.uint32)
                for rule, rows in coder.broken(constant):
                    note(rule, coder.column.name, rows)

        def value(coder: Coder) -> Array:
            code = codes.get(coder.column.name)
            if code is None:
                return np.full(height, coder.values[0])
            found: Array = coder.values[code]
            return found

        described = self._describe(value, period, note)
        self._check_shares(frame, described, note)
        size = self._count + height
        if size > len(self._flaws):
            self._flaws, self._signatures = grown(self._flaws, size), grown(self._signatures, size)
        self._flaws[self._count : size] = flaws
        self._signatures[self._count : size] = _signature(list(described.values()))
        self._parts.append(described)
        self._count = size

    def _describe(
        self, value: Callable[[Coder], Array], period: Array, note: Note
    ) -> dict[str, Array]:
        """What the rows say about their members, as numbers."""
        c = self._coders
        race = value(c.race)
        answers = c.answers
        unknown = self._reference.unknown
        race_stratum = np.array([a.stratum for a in answers] + [unknown["race"]], np.int16)[race]
        race_not_collected = np.array([a.not_collected for a in answers] + [False])[race]
        implied = np.array([a.ethnicity for a in answers] + [0], np.int16)[race]
        described: dict[str, Array] = {"race_answer": race, "race": race_stratum}
        not_collected = {"race": race_not_collected}
        for name, coder in c.stratum_coders.items():
            signed = value(coder)
            not_collected[name] = signed < 0
            described[name] = np.abs(signed)
        sources = {name: value(coder) for name, coder in c.source_coders.items()}

        # A race code that states an ethnicity too speaks where the column ethnicity is silent.
        by_race = (implied > 0) & self.is_unknown[described["ethnicity"]]
        if by_race.any():
            described["ethnicity"] = np.where(by_race, implied, described["ethnicity"])
            not_collected["ethnicity"] = not_collected["ethnicity"] & ~by_race
            sources["ethnicity"] = np.where(
                by_race & (sources["ethnicity"] < 0), sources["race"], sources["ethnicity"]
            )
        for name in SOURCED_FIELDS:
            source = sources[name]
            nothing_known = self.is_unknown[described[name]]
            none, unknown_source = int(ReportingSource.NOT_COLLECTED), int(ReportingSource.UNKNOWN)
            claimed = nothing_known & (source > none) & (source < unknown_source)
            note("unknown_with_source", f"{name}_source", claimed)
            source = np.where(claimed, unknown_source, source)
            silent = np.where(not_collected[name], none, unknown_source)
            source = np.where(source < 0, silent, source)
            # Who gave an answer was asked.
            source = np.where(~nothing_known & (source == none), unknown_source, source)
            described[f"{name}_source"] = source.astype(np.int8)

        year = value(c.birth_year)
        if c.has("birth_date"):
            year = np.where(year == 0, value(c.birth_date), year)
        if c.has("age"):
            age = value(c.age)
            ends = np.array([s.ends_on.year for s in c.periods] + [0], np.int16)[period]
            year = np.where((year == 0) & (age >= 0) & (period >= 0), ends - age, year)
        described["birth_year"] = year.astype(np.int16)
        described["zip_code"] = value(c.zip)
        described["tract"] = value(c.tract)
        if c.block_group is not None:
            block_group = value(c.block_group)
            described["block_group"] = block_group
            described["tract"] = np.where(
                described["tract"] == 0, block_group // 10, described["tract"]
            )
        for name, coder in c.names.items():
            described[name] = value(coder)
        return described

    def _check_shares(self, frame: pl.DataFrame, described: dict[str, Array], note: Note) -> None:
        if not self._shares:
            return
        columns = []
        for name in self._shares:
            text = pl.col(str(self._mapping.origins[name].position)).str.strip_chars()
            number = text.cast(pl.Float64, strict=False)
            # Not a number where something stands that is none; -1 where nothing stands.
            columns.append(
                pl.when(text == "").then(-1.0).otherwise(number.fill_null(float("nan"))).alias(name)
            )
        shares = frame.select(columns).to_numpy()
        given = shares != -1.0
        out_of_range = given & ~((shares >= 0) & (shares <= 1))
        for position, name in enumerate(self._shares):
            note("bad_probability", name, out_of_range[:, position])
        any_given = given.any(axis=1)
        total = np.where(given & ~out_of_range, shares, 0).sum(axis=1)
        wrong = any_given & ~out_of_range.any(axis=1) & (np.abs(total - 1) > PROBABILITY_TOLERANCE)
        note("probabilities_do_not_add_up", "p_white", wrong)
        for position, name in enumerate(self._shares):
            described[name] = np.where(
                any_given, np.where(given[:, position], shares[:, position], 0), np.nan
            ).astype(np.float32)


def grown(values: Array, size: int) -> Array:
    """The same array with zeros behind, of `size` or more: it grows by doubling."""
    extra = max(size, 2 * len(values)) - len(values)
    return np.concatenate([values, np.zeros(extra, values.dtype)])


def _signature(columns: list[Array]) -> Array:
    """One 64-bit number per row that differs, but for a chance of 1 in 10^19, when any column does."""
    total = np.zeros(len(columns[0]), np.uint64)
    multiplier = np.uint64(0x9E3779B97F4A7C15)
    for column in columns:
        if column.dtype.kind == "f":
            column = column.view(np.uint32)
        total ^= column.astype(np.uint64)
        total *= multiplier
        total ^= total >> np.uint64(29)
    return total
