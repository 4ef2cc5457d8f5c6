"""Checks a file of counts: one row per stratum, for groups that can send nothing closer to the person.

The columns are read as those of a file of members. What counts need besides is looked at slice by slice
(group, measure and period): their strata must hold everybody once. A slice goes in as a whole or not at
all, because a stratum that is missing would make all others wrong. Such files are small (a row is a whole
stratum), so a slice is settled in plain Python.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import numpy as np
import polars as pl

from measures.enums import FileForm, ReportingSource, Severity, StratumKind
from measures.ingest.coders import Coder, Reading, UnitCoders
from measures.ingest.codes import CELL_SETS, Reference
from measures.ingest.contract import BY_NAME_OF, RULE_BY_CODE, SET_LEFT_OUT
from measures.ingest.findings import FindingLog
from measures.ingest.mapping import Mapping, Origin
from measures.ingest.readers import Table
from measures.ingest.validate import Checked, Progress

LARGEST_COUNT = 100_000_000
#: How far a rate that somebody rounded may be from the one that the counts give.
RATE_TOLERANCE = 0.006
UNMAPPED_LIMIT = 60
_LEFT_OUT = len(CELL_SETS)
_NONE, _INVALID = -2, -1
_COUNTS = ("denominator", "numerator", "exclusion")
SCHEMA: dict[str, Any] = {
    "team_id": pl.Int32,
    "site_id": pl.Int32,
    "measure_id": pl.Int16,
    "period": pl.Int16,
    "line_of_business": pl.Int8,
    "stratum_id": pl.Int16,
    "source": pl.Int8,
    "denominator": pl.Int64,
    "numerator": pl.Int64,
    "excluded": pl.Int64,
}

Sums = tuple[int, int, int]
Slice = tuple[int, int, int]
#: Where within a slice: site and line of business, 0 for none.
Place = tuple[int, int]
Note = Callable[[str, str, Iterable[int]], None]


@dataclass(frozen=True)
class CountRow:
    """One usable row. Ids as in the database, 0 for none; the stratum may be one that was worked out.

    code: the stratum as the file calls it; several codes of a stratum (Chinese, Vietnamese) are added up.
    """

    line: int
    slice: Slice
    site: int
    line_of_business: int
    set_code: str
    stratum: int
    code: str
    source: int
    sums: Sums

    @property
    def place(self) -> Place:
        return self.site, self.line_of_business


def check_counts(
    table: Table,
    mapping: Mapping,
    reference: Reference,
    *,
    log: FindingLog,
    today: date,
    progress: Progress,
) -> Checked:
    """Read a file of counts to its end. Raises FileRefused when it cannot be read as a whole.

    `facts` of the result has team_id, site_id (0: not listed), measure_id, period (position in
    `periods`), line_of_business, stratum_id, source, denominator, numerator, excluded; `members` is empty.
    """
    reading = _Reading(mapping, reference, log, today)
    positions = sorted({o.position for o in mapping.origins.values() if o.position is not None})
    for chunk in table.chunks(positions, reading.prepare):
        reading.take(chunk.frame, chunk.lines, chunk.ragged)
        share = chunk.consumed / max(table.total, 1)
        progress(reading.row_count, round(reading.row_count / max(share, 1e-9)))
    return reading.finish()


class _CountCoders(UnitCoders):
    """The columns of a count that hold codes. Sets are positions in CELL_SETS.

    Strata are the file's own texts: what one means depends on the set of its row.
    """

    def __init__(self, reference: Reference, mapping: Mapping, *, today: date) -> None:
        super().__init__(reference, mapping, today=today)
        self.texts: list[str] = []
        self.source = self.coder("stratum_source", np.int8, self.read_source)
        self.set = self.coder("stratum_set", np.int8, self._read_set)
        self.stratum = Coder(
            BY_NAME_OF[FileForm.COUNTS]["stratum"],
            mapping.origins.get("stratum", Origin(None)),
            replace(mapping, values={}),
            np.int32,
            self._read_stratum,
        )
        self.all: list[Coder] = [
            self.team,
            self.site,
            self.measure,
            self.period,
            self.line_of_business,
            self.source,
            self.set,
            self.stratum,
        ]

    def _read_set(self, text: str) -> Reading:
        if not text:
            return _INVALID, ("missing_value",)
        if text == SET_LEFT_OUT:
            return _LEFT_OUT, ()
        code = self._reference.set_named(text)
        return (_INVALID, ("unknown_code",)) if code is None else (CELL_SETS.index(code), ())

    def _read_stratum(self, text: str) -> Reading:
        self.texts.append(text)
        return len(self.texts) - 1, ()


class _Reading:
    def __init__(
        self, mapping: Mapping, reference: Reference, log: FindingLog, today: date
    ) -> None:
        self.mapping = mapping
        self.reference = reference
        self.log = log
        self.coders = _CountCoders(reference, mapping, today=today)
        self.numbers = [n for n in (*_COUNTS, "rate") if n in mapping.origins]
        self.row_count = 0
        self.aside: set[int] = set()
        self.repeated = 0
        self._broken: set[Slice] = set()
        self._unmapped: dict[str, int] = defaultdict(int)
        self._rows: list[CountRow] = []

    # In the reading threads.

    def prepare(self, frame: pl.DataFrame) -> pl.DataFrame:
        columns: list[pl.Expr] = []
        for coder in self.coders.all:
            if coder.origin.position is not None:
                columns += coder.encode(str(coder.origin.position))
        for name in self.numbers:
            text = pl.col(str(self.mapping.origins[name].position)).str.strip_chars()
            if name == "rate":
                number = text.str.strip_chars_end("%").cast(pl.Float64, strict=False)
            else:
                number = text.str.replace(r"\.0+$", "").cast(pl.Int64, strict=False)
            columns.append(
                pl.when(text == "")
                .then(_NONE)
                .when(number.is_null() | (number < 0))
                .then(_INVALID)
                .otherwise(number)
                .alias(name)
            )
        return frame.select(columns)

    # In order, one chunk after the other.

    def take(self, frame: pl.DataFrame, lines: Any, ragged: Any) -> None:
        self.log.add("ragged_row", "", ragged)
        self.row_count += len(lines) + len(ragged)
        self.aside.update(ragged.tolist())
        values: dict[str, list[int]] = {}
        for coder in self.coders.all:
            name = coder.column.name
            codes = coder.codes(frame)
            if name in self.mapping.origins or coder is self.coders.team:
                for rule, rows in coder.breaches(codes):
                    self.log.add(rule, name, lines[rows])
                    if not _keeps_row(rule):
                        self.aside.update(lines[rows].tolist())
            values[name] = coder.values[codes].tolist()
        for name in (*_COUNTS, "rate"):
            values[name] = frame[name].to_list() if name in frame.columns else [_NONE] * len(lines)
        found: dict[tuple[str, str], list[int]] = defaultdict(list)
        for number, line in enumerate(lines.tolist()):
            self._take_row({k: v[number] for k, v in values.items()}, line, found)
        for (rule, column), where in found.items():
            self._note(rule, column, where)

    def _take_row(
        self, value: dict[str, Any], line: int, found: dict[tuple[str, str], list[int]]
    ) -> None:
        set_position = value["stratum_set"]
        if set_position == _LEFT_OUT:
            found["set_left_out", "stratum_set"].append(line)
            return
        c = self.coders
        team, measure, period = value["group_id"], value["measure_id"], value["period"]
        slice_ = (int(c.team_ids[team]), int(c.measure_ids[measure]), period)
        problems: list[tuple[str, str]] = []
        if measure and period >= 0 and not self._is_defined(slice_[1], period):
            problems.append(("measure_not_defined_for_year", "measure_id"))
        stratum, code = 0, c.texts[value["stratum"]]
        if set_position >= 0:
            set_code = CELL_SETS[set_position]
            means = self.mapping.translate("stratum", code)
            stratum, problem = self.reference.stratum_in(set_code, means)
            if problem:
                problems.append((problem, "stratum"))
                if problem != "missing_value":
                    self._unmapped[code] += 1
        problems += _check_numbers(value)
        if stratum and not problems and _rate_differs(value):
            found["rate_differs", "rate"].append(line)
        for rule in problems:
            found[rule].append(line)
        if problems or line in self.aside:
            if team and measure and period >= 0:
                self._broken.add(slice_)
            return
        site = int(c.site_ids[value["site_id"]])
        if site and (site, slice_[0]) not in self._sites(period):
            found["site_of_other_group", "site_id"].append(line)
            site = 0
        excluded = max(value["exclusion"], 0)
        self._rows.append(
            CountRow(
                line=line,
                slice=slice_,
                site=site,
                line_of_business=value["line_of_business"],
                set_code=set_code,
                stratum=stratum,
                code="" if set_code == "all" else code,
                source=max(value["stratum_source"], int(ReportingSource.NOT_COLLECTED)),
                sums=(value["denominator"], value["numerator"], excluded),
            )
        )

    def _note(self, rule: str, column: str, lines: Iterable[int]) -> None:
        where = sorted(set(lines))
        self.log.add(rule, column, np.array(where, np.int64))
        if not _keeps_row(rule):
            self.aside.update(where)

    def _is_defined(self, measure_id: int, period: int) -> bool:
        known = self.reference.definitions.get(measure_id)
        return known is not None and self.coders.periods[period].ends_on.year in known.years

    def _sites(self, period: int) -> set[tuple[int, int]]:
        span = self.coders.periods[period]
        return self.reference.sites_of_team(span.starts_on, span.ends_on)

    # After the last chunk.

    def finish(self) -> Checked:
        rows = self._without_duplicates()
        slices: dict[Slice, list[CountRow]] = defaultdict(list)
        for row in rows:
            slices[row.slice].append(row)
        kept: list[CountRow] = []
        settled: list[CountRow] = []
        for key, of_slice in slices.items():
            good = [] if key in self._broken else self._settle(of_slice)
            if good:
                kept += of_slice
                settled += good
            else:
                left = {row.line for row in of_slice} - self.aside
                self._note("slice_incomplete", "", left)
        unmapped = {c.column.name: texts for c in self.coders.all if (texts := c.unmapped())}
        if self._unmapped and len(self._unmapped) <= UNMAPPED_LIMIT:
            unmapped["stratum"] = dict(self._unmapped)
        return Checked(
            form=FileForm.COUNTS,
            facts=_frame(settled),
            members=pl.DataFrame(),
            periods=tuple(self.coders.periods),
            sets_given=frozenset(),
            row_count=self.row_count,
            accepted_count=len(kept),
            set_aside_count=len(self.aside),
            duplicate_count=self.repeated,
            tallies=tuple(self.log.close()),
            unmapped=unmapped,
        )

    def _without_duplicates(self) -> list[CountRow]:
        """Each key once; keys whose rows disagree break their slice."""
        by_key: dict[tuple[Any, ...], list[CountRow]] = defaultdict(list)
        for row in self._rows:
            by_key[row.slice, row.place, row.set_code, row.code, row.source].append(row)
        kept, repeated, different = [], [], []
        for same in by_key.values():
            if len({row.sums for row in same}) > 1:
                different += same
                self._broken.add(same[0].slice)
            else:
                kept.append(same[0])
                repeated += same[1:]
        self.repeated = len(repeated)
        self._note("duplicates_disagree", "", [row.line for row in different])
        self._note("duplicates_agree", "", [row.line for row in repeated])
        return kept

    def _settle(self, rows: list[CountRow]) -> list[CountRow]:
        """The rows of one slice, each set holding everybody once; nothing where they contradict each other.

        Where the sets are not given by site and line alike, they are added up over what they do not share.
        """
        doubled = _totals_beside_parts(rows)
        if doubled:
            for column, lines in doubled.items():
                self._note("total_beside_parts", column, lines)
            return []
        problem: _Misfit | None = None
        for with_site, with_line in ((True, True), (True, False), (False, True), (False, False)):
            placed = [
                replace(
                    row,
                    site=row.site if with_site else 0,
                    line_of_business=row.line_of_business if with_line else 0,
                )
                for row in rows
            ]
            try:
                rest = self._rest(placed)
                implied = self._implied(placed + rest)
                self._check_overlaps(placed + rest + implied)
            except _Misfit as misfit:
                problem = misfit
                continue
            if not (with_site and with_line):
                dropped = [row.line for row, new in zip(rows, placed, strict=True) if row != new]
                self._note("breakdown_dropped", "", dropped)
            self._note(
                "rest_is_unknown",
                "stratum",
                [r.line for r in rest if r.set_code != "all" and any(r.sums[:2])],
            )
            return placed + rest + implied
        assert problem is not None
        self._note(problem.rule, "stratum_set", problem.lines)
        return []

    def _rest(self, rows: list[CountRow]) -> list[CountRow]:
        """Rows that each set lacks to hold everybody. Raises _Misfit where it holds more, or other people."""
        sums: dict[str, dict[Place, Sums]] = defaultdict(lambda: defaultdict(lambda: (0, 0, 0)))
        for row in rows:
            sums[row.set_code][row.place] = _add(sums[row.set_code][row.place], row.sums)
        lines = {code: [r.line for r in rows if r.set_code == code] for code in sums}
        rest: list[CountRow] = []
        if "all" not in sums:
            first = next(iter(sums))
            if any(dict(s) != dict(sums[first]) for s in sums.values()):
                raise _Misfit("sets_disagree", [row.line for row in rows])
            sums["all"] = sums[first]
            rest += [
                _made(rows[0], "all", self.reference.everyone, place, total)
                for place, total in sums["all"].items()
            ]
        everybody = sums.pop("all")
        for set_code, of_set in sums.items():
            unknown = self.reference.unknown[set_code]
            has_unknown = any(row.stratum == unknown for row in rows)
            for place in {**everybody, **of_set}:
                missing = _subtract(everybody[place], of_set[place])
                if min(missing) < 0:
                    raise _Misfit("strata_above_total", lines[set_code])
                if missing[1] > missing[0] or (any(missing[:2]) and has_unknown):
                    raise _Misfit("strata_below_total", lines[set_code])
                if any(missing):
                    first_row = next(row for row in rows if row.set_code == set_code)
                    rest.append(_made(first_row, set_code, unknown, place, missing))
        return rest

    def _implied(self, rows: list[CountRow]) -> list[CountRow]:
        """What one of race, ethnicity and the combined set says of another that the slice does not have.

        Hispanic of one set are the Hispanic of the other; a race "not Hispanic" is of that race. Whoever
        is not covered by that is unknown.
        """
        given = {row.set_code for row in rows}
        of = self.reference
        combined, ethnicity = of.strata["combined"], of.strata["ethnicity"]
        hispanic = combined["hispanic"].pk
        means: dict[tuple[str, str], dict[int, int]] = {}
        if "combined" in given:
            races = self._races()
            if "race" not in given:
                means["combined", "race"] = races
            if "ethnicity" not in given:
                not_hispanic = dict.fromkeys(races, ethnicity["not_hispanic"].pk)
                means["combined", "ethnicity"] = {hispanic: of.hispanic, **not_hispanic}
        elif "ethnicity" in given:
            means["ethnicity", "combined"] = {of.hispanic: hispanic}
        return [
            replace(
                row,
                set_code=target,
                stratum=strata.get(row.stratum, of.unknown[target]),
            )
            for (origin, target), strata in means.items()
            for row in rows
            if row.set_code == origin
        ]

    def _races(self) -> dict[int, int]:
        """Combined stratum of somebody who is not Hispanic → race."""
        specified = StratumKind.SPECIFIED
        return {
            combined: race
            for race, combined in self.reference.combined_of.items()
            if self.reference.kind(race) == specified
        }

    def _check_overlaps(self, rows: list[CountRow]) -> None:
        """Raise _Misfit where the combined set has other Hispanics, or more of a race, than the other sets."""
        if not any(row.set_code == "combined" for row in rows):
            return
        counts: dict[tuple[int, Place], Sums] = defaultdict(lambda: (0, 0, 0))
        for row in rows:
            counts[row.stratum, row.place] = _add(counts[row.stratum, row.place], row.sums)
        of = self.reference
        combined, ethnicity = of.strata["combined"], of.strata["ethnicity"]
        races = self._races()
        good = True
        for place in {row.place for row in rows}:
            not_hispanic = (0, 0, 0)
            for part, race in races.items():
                not_hispanic = _add(not_hispanic, counts[part, place])
                others = _subtract(counts[race, place], counts[part, place])
                good &= 0 <= others[1] <= others[0]
            others = _subtract(counts[ethnicity["not_hispanic"].pk, place], not_hispanic)
            good &= 0 <= others[1] <= others[0]
            ours, theirs = counts[of.hispanic, place], counts[combined["hispanic"].pk, place]
            good &= ours[:2] == theirs[:2]
        if not good:
            sets = {"race", "ethnicity", "combined"}
            lines = {row.line for row in rows if row.set_code in sets}
            raise _Misfit("sets_contradict", sorted(lines))


class _Misfit(Exception):
    def __init__(self, rule: str, lines: list[int]) -> None:
        super().__init__(rule)
        self.rule = rule
        self.lines = lines


def _keeps_row(rule: str) -> bool:
    """Whether a row that this rule is about counts all the same."""
    return RULE_BY_CODE[rule].severity != Severity.ERROR


def _check_numbers(value: dict[str, Any]) -> list[tuple[str, str]]:
    """(rule, column) that the counts of a row break."""
    problems = []
    for name in _COUNTS:
        number = value[name]
        if number == _NONE and name != "exclusion":
            problems.append(("missing_value", name))
        elif number == _INVALID or number > LARGEST_COUNT:
            problems.append(("not_a_count", name))
    if not problems and value["numerator"] > value["denominator"]:
        problems.append(("numerator_above_denominator", "numerator"))
    return problems


def _rate_differs(value: dict[str, Any]) -> bool:
    rate, denominator = value["rate"], value["denominator"]
    if rate == _NONE or not denominator:
        return False
    counted = value["numerator"] / denominator
    return min(abs(rate - counted), abs(rate / 100 - counted)) > RATE_TOLERANCE


def _totals_beside_parts(rows: list[CountRow]) -> dict[str, list[int]]:
    """Column → lines without a site (or line of business) that repeat what those with one add up to."""
    found: dict[str, list[int]] = {}
    for column, part_of in (
        ("site_id", lambda row: row.site),
        ("line_of_business", lambda row: row.line_of_business),
    ):
        parts: dict[int, Sums] = defaultdict(lambda: (0, 0, 0))
        whole: dict[int, Sums] = defaultdict(lambda: (0, 0, 0))
        for row in rows:
            side = parts if part_of(row) else whole
            side[row.stratum] = _add(side[row.stratum], row.sums)
        repeated = {s for s, sums in whole.items() if parts.get(s) == sums and any(sums)}
        if repeated and repeated == set(whole):
            found[column] = [row.line for row in rows if not part_of(row)]
    return found


def _add(one: Sums, other: Sums) -> Sums:
    return one[0] + other[0], one[1] + other[1], one[2] + other[2]


def _subtract(one: Sums, other: Sums) -> Sums:
    return one[0] - other[0], one[1] - other[1], one[2] - other[2]


def _made(like: CountRow, set_code: str, stratum: int, place: Place, sums: Sums) -> CountRow:
    """A row that no line of the file holds, but that follows from those it holds."""
    return replace(
        like,
        site=place[0],
        line_of_business=place[1],
        set_code=set_code,
        stratum=stratum,
        code="",
        source=int(ReportingSource.UNKNOWN),
        sums=sums,
    )


def _frame(rows: list[CountRow]) -> pl.DataFrame:
    return pl.DataFrame(
        [
            (r.slice[0], r.site, r.slice[1], r.slice[2], r.line_of_business, r.stratum, r.source, *r.sums)
            for r in rows
        ],
        schema=SCHEMA,
        orient="row",
    )  # fmt: skip
