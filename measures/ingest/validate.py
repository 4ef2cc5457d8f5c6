"""Checks a file against the contract and codes it: one pass, column by column, nothing kept but numbers.

The result is two frames. `facts` has one row per accepted row of the file, `members` one per member and
team. Keys are hashed, codes are ids, names are never read; a row that breaks a rule is set aside.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from measures.enums import FileForm, Severity, StratumKind
from measures.ingest.coders import Coders, PeriodSpan
from measures.ingest.codes import Reference
from measures.ingest.contract import PROBABILITIES, RULE_BY_CODE
from measures.ingest.descriptions import Descriptions, grown
from measures.ingest.findings import FindingLog, Tally
from measures.ingest.imputing import MemberProbabilities, RaceTables, impute_members
from measures.ingest.mapping import Mapping
from measures.ingest.readers import Table
from measures.member_keys import MemberKeys
from measures.stats.bisg import PlaceKind

DENOMINATOR, NUMERATOR, EXCLUDED = 1, 2, 4
NAMES = ("last_name", "first_name")
#: Up to this many places for each key, what occurs is ticked off in a table.
_PLACES_PER_KEY = 16

Array = NDArray[Any]
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Checked:
    """A file that was read to its end.

    form: what its rows are; for counts see `counts.check_counts`.
    facts: member_number i32, team_id i32, site_id i32 (0: not listed), measure_id i16, period i16
    (position in `periods`), event_number i32, line_of_business i8, flags i8; payer i16 (stratum, 0: not
    stated) where the file names payers.
    members: member_number, team_id, member_key and sealed_id (binary), race_codes (list), race …
    language_source, birth_year, zip_code, tract (null where unknown), probabilities (list or null).
    sets_given: optional stratum sets about which the file says something.
    unmapped: coded column → text → rows that it set aside.
    imputed: probabilities of the members, None where the file gives neither names nor probabilities.
    """

    form: FileForm
    facts: pl.DataFrame
    members: pl.DataFrame
    periods: tuple[PeriodSpan, ...]
    sets_given: frozenset[str]
    row_count: int
    accepted_count: int
    set_aside_count: int
    duplicate_count: int
    tallies: tuple[Tally, ...]
    unmapped: dict[str, dict[str, int]]
    imputed: MemberProbabilities | None = None


def check_table(
    table: Table,
    mapping: Mapping,
    reference: Reference,
    *,
    log: FindingLog,
    keys: MemberKeys,
    today: date,
    progress: Progress,
    race_tables: RaceTables | None = None,
) -> Checked:
    """Read a table to its end. Raises FileRefused when it cannot be read as a whole.

    race_tables: to estimate race by name and place; without them names are not read at all.
    """
    pass_ = _Pass(mapping, reference, log, keys, today, race_tables)
    positions = sorted(
        {
            o.position
            for name, o in mapping.origins.items()
            if o.position is not None
            and (name not in NAMES or name in pass_.coders.names)
            and (name != "payer" or pass_.coders.payer is not None)
        }
    )
    for chunk in table.chunks(positions, pass_.prepare):
        pass_.take(chunk.frame, chunk.lines, chunk.ragged)
        # Rows are counted, their total is guessed from the bytes that are done.
        share = chunk.consumed / max(table.total, 1)
        progress(pass_.row_count, max(round(pass_.row_count / max(share, 1e-9)), pass_.row_count))
    return pass_.finish()


class _Pass:
    """The state of one reading: what each chunk adds, and what must be known of all of them."""

    def __init__(
        self,
        mapping: Mapping,
        reference: Reference,
        log: FindingLog,
        keys: MemberKeys,
        today: date,
        race_tables: RaceTables | None,
    ) -> None:
        self.race_tables = race_tables
        self.mapping = mapping
        self.reference = reference
        self.log = log
        self.keys = keys
        self.coders = Coders(reference, mapping, today=today, race_tables=race_tables)
        self.descriptions = Descriptions(self.coders, mapping, reference)
        self.row_coders = [c for c in self.coders.all if c not in self.descriptions.coders]
        self.shares = [name for name in PROBABILITIES if name in mapping.origins]
        self.with_events = mapping.origins.get("event_id") is not None
        self.row_count = 0
        self.set_aside = 0
        self._parts: list[dict[str, Array]] = []
        # Of each member: description number, hashed key and sealed id.
        self._described: list[Array] = []
        self._hashed: list[pl.Series] = []
        self._sealed: list[pl.Series] = []
        # By member code: 0 before the member's first good row, then its number (1 …); its description.
        self._number = np.zeros(0, np.int32)
        self._description = np.zeros(0, np.int32)
        self._member_count = 0
        self._definition_state: dict[int, tuple[Array, Array]] = {}
        self._sites_allowed: dict[int, Array] = {}

    # In the reading threads.

    def prepare(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Texts → codes and hashes; of the texts only those that describe members are left."""
        columns = self.descriptions.prepare()
        for coder in self.row_coders:
            if coder.origin.position is not None:
                columns += coder.encode(str(coder.origin.position))
        if self.with_events:
            origin = self.mapping.origins["event_id"]
            text = pl.col(str(origin.position)).str.strip_chars()
            # 0 says "no event". Only compared within one member, measure and period.
            columns.append(
                pl.when(text == "")
                .then(pl.lit(0, pl.UInt64))
                .otherwise(text.hash(1))
                .alias("event")
            )
        return frame.select(columns)

    # In order, one chunk after the other.

    def take(self, frame: pl.DataFrame, lines: Array, ragged: Array) -> None:
        self.log.add("ragged_row", "", ragged)
        self.row_count += len(lines) + len(ragged)
        self.set_aside += len(ragged)
        if not len(lines):
            return
        bad = np.zeros(len(lines), bool)

        def note(rule: str, column: str, rows: Array) -> None:
            self.log.add(rule, column, lines[rows])
            if RULE_BY_CODE[rule].severity == Severity.ERROR:
                np.logical_or(bad, rows, out=bad)

        codes: dict[str, Array] = {}
        for coder in self.row_coders:
            name = coder.column.name
            if name not in self.mapping.origins and coder is not self.coders.team:
                continue
            codes[name] = coder.codes(frame)
            for rule, rows in coder.breaches(codes[name]):
                note(rule, name, rows)

        def value(coder: Any) -> Array:
            code = codes.get(coder.column.name)
            if code is None or coder.origin.position is None:
                return np.full(len(lines), coder.values[0])
            found: Array = coder.values[code]
            return found

        c = self.coders
        team, measure, period = value(c.team), value(c.measure), value(c.period)
        denominator, numerator = value(c.denominator), value(c.numerator)
        excluded = value(c.exclusion)
        note("numerator_without_denominator", "numerator", (numerator == 1) & (denominator == 0))
        note("excluded_in_numerator", "exclusion", (numerator == 1) & (excluded == 1))
        counts_events = self._check_definitions(measure, period, note)
        event = frame["event"].to_numpy() if self.with_events else None
        note(
            "event_missing",
            "event_id",
            counts_events if event is None else counts_events & (event == 0),
        )
        site = self._check_sites(value(c.site), team, period, note)
        described = self.descriptions.number(frame, codes["member_id"], period)
        for rule, column, rows in self.descriptions.flaws(described, frame):
            note(rule, column, rows)

        self.set_aside += int(np.count_nonzero(bad))
        flags = np.where(excluded == 1, EXCLUDED, denominator * DENOMINATOR + numerator * NUMERATOR)
        good = np.flatnonzero(~bad)
        member, different = self._number_members(
            codes["member_id"][good],
            described[good],
            lambda new: frame["member_id"].gather(good[new]),
        )
        rows = np.zeros(len(lines), bool)
        rows[good[different]] = True
        note("described_differently", "", rows)
        part = {
            "line": lines[good].astype(np.uint32),
            "member": member,
            "team": team[good],
            "site": site[good],
            "measure": measure[good],
            "period": period[good],
            "lob": value(c.line_of_business)[good],
            "flags": flags[good].astype(np.int8),
        }
        if event is not None:
            part["event"] = event[good]
        if c.payer is not None:
            part["payer"] = value(c.payer)[good]
        self._parts.append(part)

    def _check_definitions(self, measure: Array, period: Array, note: Callable[..., None]) -> Array:
        """Rows of measures that count events in their year; notes rows of years without a definition."""
        undefined = np.zeros(len(measure), bool)
        events = np.zeros(len(measure), bool)
        for position in np.flatnonzero(np.bincount(period[period >= 0])).tolist():
            if position not in self._definition_state:
                year = self.coders.periods[position].ends_on.year
                known = [
                    self.reference.definitions.get(i) for i in self.coders.measure_ids.tolist()
                ]
                self._definition_state[position] = (
                    np.array([d is not None and year not in d.years for d in known]),
                    np.array([d is not None and year in d.event_years for d in known]),
                )
            missing, counts_events = self._definition_state[position]
            rows = period == position
            undefined |= rows & missing[measure]
            events |= rows & counts_events[measure]
        note("measure_not_defined_for_year", "measure_id", undefined)
        return events

    def _check_sites(
        self, site: Array, team: Array, period: Array, note: Callable[..., None]
    ) -> Array:
        """Sites with those of other groups taken out."""
        if not site.any():
            return site
        elsewhere = np.zeros(len(site), bool)
        for position in np.flatnonzero(np.bincount(period[period >= 0])).tolist():
            if position not in self._sites_allowed:
                self._sites_allowed[position] = self._allowed(self.coders.periods[position])
            allowed = self._sites_allowed[position]
            elsewhere |= (period == position) & (site > 0) & (team > 0) & ~allowed[site, team]
        note("site_of_other_group", "site_id", elsewhere)
        return np.where(elsewhere, 0, site)

    def _allowed(self, span: PeriodSpan) -> Array:
        teams = {pk: n for n, pk in enumerate(self.coders.team_ids.tolist())}
        sites = {pk: n for n, pk in enumerate(self.coders.site_ids.tolist())}
        allowed = np.zeros((len(sites), len(teams)), bool)
        for site_id, team_id in self.reference.sites_of_team(span.starts_on, span.ends_on):
            allowed[sites[site_id], teams[team_id]] = True
        return allowed

    def _number_members(
        self, member: Array, described: Array, ids_of: Callable[[Array], pl.Series]
    ) -> tuple[Array, NDArray[np.bool_]]:
        """(number of each good row's member, rows that do not describe it as its first good row does).

        member: codes of good rows; described: their description numbers; ids_of: member
        ids of some of these rows.
        """
        size = int(member.max()) + 1 if len(member) else 0
        if size > len(self._number):
            self._number = grown(self._number, size)
            self._description = grown(self._description, size)
        new = np.flatnonzero(self._number[member] == 0)
        if len(new):
            first = np.zeros(size, np.int32)
            # Written backwards, so the first row of each member is what remains.
            first[member[new[::-1]]] = new[::-1]
            rows = new[first[member[new]] == new]
            count = self._member_count + len(rows)
            self._number[member[rows]] = np.arange(self._member_count + 1, count + 1)
            self._description[member[rows]] = described[rows]
            self._member_count = count
            self._described.append(described[rows])
            hashed, sealed = self.keys.of(ids_of(rows).cast(pl.String))
            self._hashed.append(hashed)
            self._sealed.append(sealed)
        # Numbers start at 1 inside and at 0 outside.
        numbers: Array = self._number[member] - 1
        return numbers, self.descriptions.differ(self._description[member], described)

    # After the last chunk.

    def finish(self) -> Checked:
        rows = _join(self._parts)
        described = self.descriptions.of(np.concatenate([np.zeros(0, np.int32), *self._described]))
        self._parts = []
        duplicates = 0
        if rows:
            rows, duplicates = self._settle_duplicates(rows)
        facts, members, imputed = self._frames(rows, described)
        tallies = tuple(self.log.close())
        unmapped = {c.column.name: found for c in self.coders.all if (found := c.unmapped())}
        sets_given = frozenset(
            name
            for name in ("gender_identity", "sexual_orientation")
            if described and not self.descriptions.is_unknown[described[name]].all()
        )
        return Checked(
            form=FileForm.MEMBERS,
            facts=facts,
            members=members,
            periods=tuple(self.coders.periods),
            sets_given=sets_given,
            row_count=self.row_count,
            accepted_count=facts.height,
            set_aside_count=self.set_aside,
            duplicate_count=duplicates,
            tallies=tallies,
            unmapped=unmapped,
            imputed=imputed,
        )

    def _settle_duplicates(self, rows: dict[str, Array]) -> tuple[dict[str, Array], int]:
        """Rows without duplicates, with `event_number`; how many agreeing ones were dropped."""
        key = rows["member"].astype(np.int64)
        key *= len(self.coders.measure_ids)
        key += rows["measure"]
        key *= len(self.coders.periods)
        key += rows["period"]
        rows["event_number"] = np.zeros(len(key), np.int32)
        again = _repeated(key)
        if not len(again):
            return rows, 0
        events = rows.get("event")
        subset = pl.DataFrame(
            {
                "row": again,
                "key": key[again],
                "lob": rows["lob"][again],
                "event": events[again] if events is not None else np.zeros(len(again), np.uint64),
                "says": (
                    (rows["team"][again].astype(np.int64) << 40)
                    | (rows["site"][again].astype(np.int64) << 8)
                    | rows["flags"][again].astype(np.int64)
                ),
            }
        )
        same = ["key", "lob", "event"]
        subset = subset.with_columns(
            disagree=pl.col("says").min().over(same) != pl.col("says").max().over(same),
            first=pl.col("row").min().over(same),
        )
        aside = subset.filter("disagree")["row"].to_numpy()
        repeated = subset.filter(~pl.col("disagree") & (pl.col("row") != pl.col("first")))[
            "row"
        ].to_numpy()
        self.log.add("duplicates_disagree", "", rows["line"][aside].astype(np.int64))
        self.log.add("duplicates_agree", "", rows["line"][repeated].astype(np.int64))
        self.set_aside += len(aside)
        kept = subset.filter(~pl.col("disagree") & (pl.col("row") == pl.col("first"))).with_columns(
            number=pl.col("row").rank("ordinal").over("key") - 1
        )
        rows["event_number"][kept["row"].to_numpy()] = kept["number"].to_numpy()
        keep = np.ones(len(key), bool)
        keep[aside] = keep[repeated] = False
        return {name: array[keep] for name, array in rows.items()}, len(repeated)

    def _frames(
        self, rows: dict[str, Array], described: dict[str, Array]
    ) -> tuple[pl.DataFrame, pl.DataFrame, MemberProbabilities | None]:
        if not rows or not len(rows["member"]):
            return pl.DataFrame(), pl.DataFrame(), None
        member, team = rows["member"], rows["team"]
        # A member is described once per team. Most have one team: theirs is settled by their first row.
        home = np.zeros(self._member_count, np.int16)
        home[member[::-1]] = team[::-1]
        used = home > 0
        number = np.cumsum(used, dtype=np.int32) - 1
        origin = np.flatnonzero(used)
        team_of = home[origin]
        numbers = number[member]
        guests = np.flatnonzero(home[member] != team)
        if len(guests):
            pairs, which = np.unique(
                member[guests].astype(np.int64) << 16 | team[guests], return_inverse=True
            )
            numbers[guests] = len(origin) + which
            origin = np.concatenate([origin, (pairs >> 16).astype(np.int64)])
            team_of = np.concatenate([team_of, (pairs & 0xFFFF).astype(np.int16)])
        c = self.coders
        facts = pl.DataFrame(
            {
                "member_number": numbers.astype(np.int32),
                "team_id": c.team_ids[team],
                "site_id": c.site_ids[rows["site"]],
                "measure_id": c.measure_ids[rows["measure"]],
                "period": rows["period"],
                "event_number": rows["event_number"],
                "line_of_business": rows["lob"].astype(np.int8),
                "flags": rows["flags"],
                **({"payer": rows["payer"].astype(np.int16)} if c.payer is not None else {}),
            }
        )
        return (
            facts,
            self._members(origin, team_of, described),
            self._imputed({name: array[origin] for name, array in described.items()}),
        )

    def _members(self, origin: Array, team_of: Array, described: dict[str, Array]) -> pl.DataFrame:
        of = {name: array[origin] for name, array in described.items()}
        reference, kinds = self.reference, self.descriptions.kinds
        size = len(kinds)
        combined_of = np.full(size, 0, np.int16)
        for race_id, combined_id in reference.combined_of.items():
            combined_of[race_id] = combined_id
        own = {code: stratum.pk for code, stratum in reference.strata["combined"].items()}
        ethnicity, race_kind = kinds[of["ethnicity"]], kinds[of["race"]]
        is_declined = StratumKind.DECLINED.value
        # Nobody is "not Hispanic" because a field is empty: that takes an answer.
        combined = np.select(
            [
                of["ethnicity"] == reference.hispanic,
                (ethnicity == is_declined) | (race_kind == is_declined),
                ethnicity == StratumKind.UNKNOWN.value,
            ],
            [own["hispanic"], own["declined"], own["unknown"]],
            default=combined_of[of["race"]],
        )
        answers = pl.Series(
            [list(a.given) for a in self.coders.answers] or [[]], dtype=pl.List(pl.Int16)
        )
        columns: dict[str, Any] = {
            "member_number": np.arange(len(origin), dtype=np.int32),
            "team_id": self.coders.team_ids[team_of],
            "member_key": pl.concat(self._hashed).gather(origin),
            "sealed_id": pl.concat(self._sealed).gather(origin),
            "race_codes": answers.gather(of["race_answer"]),
            "race": of["race"],
            "ethnicity": of["ethnicity"],
            "combined": combined.astype(np.int16),
        }
        for name in (
            "language",
            "sex",
            "gender_identity",
            "sexual_orientation",
            "race_source",
            "ethnicity_source",
            "language_source",
        ):
            columns[name] = of[name].astype(np.int16)
        for name in ("birth_year", "zip_code", "tract"):
            columns[name] = pl.Series(of[name]).replace(0, None)
        columns["probabilities"] = self._probabilities(of)
        return pl.DataFrame(columns)

    def _imputed(self, of: dict[str, Array]) -> MemberProbabilities | None:
        """Probabilities by the sender, else by name and place; of what was read only they are left."""
        if not self.shares and "last_name" not in of:
            return None
        height = len(of["race"])
        own = None
        if self.shares:
            own = np.stack(
                [of.get(name, np.zeros(height)).astype(np.float64) for name in PROBABILITIES],
                axis=1,
            )
            own[np.isnan(of[self.shares[0]])] = np.nan
        places = {PlaceKind.ZIP: of["zip_code"], PlaceKind.TRACT: of["tract"]}
        if "block_group" in of:
            places[PlaceKind.BLOCK_GROUP] = of["block_group"]
        return impute_members(
            self.race_tables,
            surname=of.get("last_name"),
            first_name=of.get("first_name"),
            places=places,
            own=own,
        )

    def _probabilities(self, of: dict[str, Array]) -> pl.Series:
        height = len(of["race"])
        if not self.shares:
            return pl.Series([None], dtype=pl.List(pl.Float32)).new_from_index(0, height)
        matrix = np.stack(
            [of.get(name, np.zeros(height, np.float32)) for name in PROBABILITIES], axis=1
        )
        none = np.isnan(of[self.shares[0]])
        whole = pl.Series(np.nan_to_num(matrix), dtype=pl.Array(pl.Float32, len(PROBABILITIES)))
        return (
            pl.DataFrame({"p": whole.cast(pl.List(pl.Float32)), "none": none})
            .select(pl.when("none").then(None).otherwise("p"))
            .to_series()
        )


def _join(parts: list[dict[str, Array]]) -> dict[str, Array]:
    if not parts:
        return {}
    joined: dict[str, Array] = {}
    for name in list(parts[0]):
        # Each part's column is let go as soon as it is copied: the peak is one column, not the table.
        joined[name] = np.concatenate([part.pop(name) for part in parts])
    return joined


def _repeated(keys: Array) -> Array:
    """Positions of keys (0 or more) that occur more than once."""
    highest = int(keys.max(initial=0))
    if highest < _PLACES_PER_KEY * len(keys):
        seen = np.zeros(highest + 1, bool)
        seen[keys] = True
        if np.count_nonzero(seen) == len(keys):
            return np.zeros(0, np.int64)
    # Sorting is eight times as fast as a hash table here.
    ordered = pl.Series(keys).sort().to_numpy()
    doubled = ordered[1:][ordered[1:] == ordered[:-1]]
    if not len(doubled):
        return np.zeros(0, np.int64)
    return np.flatnonzero(pl.Series(keys).is_in(pl.Series(doubled).unique()).to_numpy())
