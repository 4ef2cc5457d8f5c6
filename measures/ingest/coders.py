"""Turns a column of texts into small numbers by looking at each distinct text once.

polars gives every distinct text a number (a categorical code); what the text means is worked out once
per text and kept in an array, so a column of ten million rows costs ten million array look-ups and a
few hundred calls of Python.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from measures.enums import ReportingSource
from measures.ingest.codes import OLDEST_AGE, Answer, Reference
from measures.ingest.contract import BY_NAME, BY_NAME_OF, Column, Kind
from measures.ingest.imputing import RaceTables, pack_names
from measures.ingest.mapping import Mapping, Origin
from measures.stats.bisg import FirstNameTable, SurnameTable
from measures.stats.bisg.names import match_names

KEY_LENGTH_LIMIT = 64
OLDEST_BIRTH_YEAR = 1890
#: Distinct texts of a coded column that the mapping page can offer; more are no codes.
UNMAPPED_LIMIT = 60
UNKNOWN_CODE_RULES = frozenset(
    {"unknown_code", "not_zero_or_one", "bad_period", "unknown_measure", "unknown_group"}
)
#: Value and the rules that the text breaks.
Reading = tuple[Any, tuple[str, ...]]


@dataclass(frozen=True)
class PeriodSpan:
    """A measurement period as its label, first and last day."""

    label: str
    starts_on: date
    ends_on: date


class Coder:
    """One column of the contract: texts → codes (in the reading threads) → values and broken rules.

    read: meaning of one trimmed text, already translated by the mapping. dtype: of the values.
    """

    #: Rules that a single text can break, in the order of their bits.
    RULES: tuple[str, ...] = ()

    def __init__(
        self,
        column: Column,
        origin: Origin,
        mapping: Mapping,
        dtype: Any,
        read: Callable[[str], Reading],
    ) -> None:
        self.column = column
        self.origin = origin
        self._mapping = mapping
        self._read = read
        self._categories = pl.Categories.random()
        self._type = pl.Categorical(self._categories)
        self.values: NDArray[Any] = np.zeros(0, dtype)
        self.rules = list(self.RULES)
        self._broken: NDArray[np.uint8] = np.zeros(0, np.uint8)
        self._unmapped: NDArray[np.int64] = np.zeros(0, np.int64)
        self._known: NDArray[np.bool_] = np.zeros(0, bool)
        self._texts: dict[int, str] = {}
        # polars forgets the codes as soon as no series of the type is left. Code 0 is the constant, or "".
        self._anchor = pl.Series([origin.constant]).cast(self._type)
        self._learn(self._anchor, np.zeros(1, np.uint32))

    def encode(self, name: str) -> list[pl.Expr]:
        """Expressions that make the file's column `name` categorical, and numbers of that."""
        column = pl.col(name)
        if self.column.kind == Kind.IDENTIFIER:
            column = column.str.strip_chars()
        column = column.cast(self._type)
        return [
            column.alias(self.column.name),
            column.to_physical().alias(f"{self.column.name} code"),
        ]

    def codes(self, frame: pl.DataFrame) -> NDArray[np.uint32]:
        """Codes of a chunk; `values[codes]` are its values."""
        if self.origin.position is None:
            return np.zeros(frame.height, np.uint32)
        codes: NDArray[np.uint32] = frame[f"{self.column.name} code"].to_numpy()
        if len(codes):
            self._learn(frame[self.column.name], codes)
        return codes

    def _learn(self, column: pl.Series, codes: NDArray[np.uint32]) -> None:
        """Read the texts whose codes are new. Codes need not come in order: chunks are encoded side by side."""
        highest = int(codes.max())
        if highest >= len(self._known):
            self._grow(max(highest + 1, 2 * len(self._known)))
        unknown = ~self._known[codes]
        if not unknown.any():
            return
        rows = np.flatnonzero(unknown)
        # Which of equal codes is left does not matter: their texts are equal.
        some_row = np.zeros(highest + 1, np.int64)
        some_row[codes[rows]] = rows
        new = np.unique(codes[rows])
        self._read_texts(new, column.gather(some_row[new]).cast(pl.String))
        self._known[new] = True

    def _grow(self, size: int) -> None:
        for name in ("values", "_broken", "_unmapped", "_known"):
            old = getattr(self, name)
            setattr(self, name, np.concatenate([old, np.zeros(size - len(old), old.dtype)]))

    def _read_texts(self, new: NDArray[np.uint32], texts: pl.Series) -> None:
        for code, text in zip(
            new.tolist(), texts.str.strip_chars().str.to_lowercase(), strict=True
        ):
            self.values[code], rules = self._read(self._mapping.translate(self.column.name, text))
            for rule in rules:
                if rule not in self.rules:
                    self.rules.append(rule)
                self._broken[code] |= 1 << self.rules.index(rule)
            if rules and self.column.may_list_values:
                self._texts[code] = text

    def breaches(self, codes: NDArray[np.uint32]) -> list[tuple[str, NDArray[np.bool_]]]:
        """Rules that rows of a chunk break, each with its rows; texts that mean nothing are counted."""
        found = self.broken(codes)
        for rule, rows in found:
            self.count_unmapped(rule, codes[rows])
        return found

    def broken(self, codes: NDArray[np.uint32]) -> list[tuple[str, NDArray[np.bool_]]]:
        """Rules that texts break, each with the places of the texts."""
        if not self._broken.any():
            return []
        broken = self._broken[codes]
        if not broken.any():
            return []
        found = []
        for bit, rule in enumerate(self.rules):
            rows = (broken & (1 << bit)) != 0
            if rows.any():
                found.append((rule, rows))
        return found

    def count_unmapped(self, rule: str, codes: NDArray[np.uint32]) -> None:
        """Count the rows of texts that break a rule, if it is one that a mapping can mend."""
        if rule in UNKNOWN_CODE_RULES:
            self._unmapped += np.bincount(codes, minlength=len(self._unmapped))

    def unmapped(self) -> dict[str, int]:
        """Texts of a coded column that mean nothing yet, with their rows; empty where they look like no codes."""
        found = np.flatnonzero(self._unmapped)
        if not len(found) or not self.column.may_list_values:
            return {}
        texts: dict[str, int] = {}
        for position in found:
            text = self._texts[int(position)]
            texts[text] = texts.get(text, 0) + int(self._unmapped[position])
        if len(texts) > UNMAPPED_LIMIT or any(len(t) > 60 for t in texts):
            return {}
        return dict(sorted(texts.items(), key=lambda item: (-item[1], item[0])))


class KeyCoder(Coder):
    """The member key: only its length is looked at."""

    RULES = ("missing_value", "too_long")

    def __init__(self, column: Column, origin: Origin, mapping: Mapping) -> None:
        super().__init__(column, origin, mapping, np.uint8, lambda text: (0, ()))

    def _read_texts(self, new: NDArray[np.uint32], texts: pl.Series) -> None:
        lengths = texts.str.len_chars().to_numpy()
        self._broken[new] = (lengths == 0) | ((lengths > KEY_LENGTH_LIMIT).astype(np.uint8) << 1)


class NameCoder(Coder):
    """A name: looked up in its table once per distinct text. Values are packed rows of the table."""

    def __init__(
        self, column: Column, origin: Origin, mapping: Mapping, table: SurnameTable | FirstNameTable
    ) -> None:
        self._table = table
        super().__init__(column, origin, mapping, np.int32, lambda text: (0, ()))

    def _read_texts(self, new: NDArray[np.uint32], texts: pl.Series) -> None:
        self.values[new] = pack_names(match_names(texts, self._table))


class UnitCoders:
    """Coders of what any file says its numbers are about, and the tables that their values point into.

    Teams, sites and measures are positions (1 …) in `team_ids`, `site_ids` and `measure_ids`, 0 for none;
    periods are positions in `periods`, -1 for none.
    """

    def __init__(self, reference: Reference, mapping: Mapping, *, today: date) -> None:
        self._reference = reference
        self._mapping = mapping
        self._today = today
        self.team_ids = np.array([0, *sorted(reference.team_ids.values())], np.int32)
        self.site_ids = np.array([0, *sorted(reference.site_ids.values())], np.int32)
        self.measure_ids = np.array([0, *sorted(set(reference.measure_ids.values()))], np.int16)
        self._teams = {pk: n for n, pk in enumerate(self.team_ids.tolist()) if n}
        self._sites = {pk: n for n, pk in enumerate(self.site_ids.tolist()) if n}
        self._measures = {pk: n for n, pk in enumerate(self.measure_ids.tolist()) if n}
        self.periods: list[PeriodSpan] = []
        self._period_positions: dict[str, int] = {}
        self.team = self.coder("group_id", np.int16, self._read_team)
        self.site = self.coder("site_id", np.int32, self._read_site)
        self.measure = self.coder("measure_id", np.int16, self._read_measure)
        self.period = self.coder("period", np.int16, self._read_period)
        self.line_of_business = self.coder("line_of_business", np.int8, self._read_line)

    def coder(self, name: str, dtype: Any, read: Callable[[str], Reading]) -> Coder:
        """A coder of one column of the contract, a constant where the file does not have it."""
        origin = self._mapping.origins.get(name, Origin(None))
        return Coder(BY_NAME_OF[self._mapping.form][name], origin, self._mapping, dtype, read)

    # Each reader: a trimmed, lower-case text → (value, rules it breaks).

    def _read_team(self, text: str) -> Reading:
        own = self._reference.source_team_id
        if not text:
            return (self._teams[own], ()) if own else (0, ("missing_value",))
        team_id = self._reference.team_ids.get(text)
        if team_id is None:
            return 0, ("unknown_group",)
        if own and team_id != own:
            return 0, ("other_group",)
        return self._teams[team_id], ()

    def _read_site(self, text: str) -> Reading:
        if not text:
            return 0, ()
        site_id = self._reference.site_ids.get(text)
        return (self._sites[site_id], ()) if site_id else (0, ("unknown_site",))

    def _read_measure(self, text: str) -> Reading:
        if not text:
            return 0, ("missing_value",)
        measure_id = self._reference.measure_ids.get(text)
        return (self._measures[measure_id], ()) if measure_id else (0, ("unknown_measure",))

    def _read_period(self, text: str) -> Reading:
        if not text:
            return -1, ("missing_value",)
        span = parse_period(text)
        if span is None:
            return -1, ("bad_period",)
        if span.starts_on > self._today:
            return -1, ("future_period",)
        position = self._period_positions.get(span.label)
        if position is None:
            position = self._period_positions[span.label] = len(self.periods)
            self.periods.append(span)
        return position, (("period_not_ended",) if span.ends_on >= self._today else ())

    def _read_line(self, text: str) -> Reading:
        if not text:
            return 0, ()
        line = self._reference.number("line_of_business", text)
        return (0, ("unknown_code",)) if line is None else (line, ())

    def read_source(self, text: str) -> Reading:
        if not text:
            return -1, ()
        source = self._reference.number("race_source", text)
        return (int(ReportingSource.UNKNOWN), ("unknown_code",)) if source is None else (source, ())


class Coders(UnitCoders):
    """All coders of a file of members; races are positions in `answers`."""

    def __init__(
        self,
        reference: Reference,
        mapping: Mapping,
        *,
        today: date,
        race_tables: RaceTables | None = None,
    ) -> None:
        super().__init__(reference, mapping, today=today)
        self.answers: list[Answer] = []
        self._answer_positions: dict[Answer, int] = {}
        self.member = KeyCoder(
            BY_NAME["member_id"], mapping.origins.get("member_id", Origin(None)), mapping
        )
        self.denominator = self.coder("denominator", np.int8, self._read_flag)
        self.numerator = self.coder("numerator", np.int8, self._read_flag)
        self.exclusion = self.coder("exclusion", np.int8, self._read_optional_flag)
        self.race = self.coder("race", np.int16, self._read_race)
        self.stratum_coders = {
            name: self.coder(name, np.int16, self._reader_of(name))
            for name in ("ethnicity", "language", "sex", "gender_identity", "sexual_orientation")
        }
        self.source_coders = {
            name: self.coder(f"{name}_source", np.int8, self.read_source)
            for name in ("race", "ethnicity", "language")
        }
        self.birth_year = self.coder("birth_year", np.int16, self._read_birth_year)
        self.birth_date = self.coder("birth_date", np.int16, self._read_birth_date)
        self.age = self.coder("age", np.int16, self._read_age)
        self.zip = self.coder("zip", np.int32, self._read_zip)
        self.tract = self.coder("tract", np.int64, self._read_tract)
        self.all: list[Coder] = [
            self.member,
            self.team,
            self.site,
            self.measure,
            self.period,
            self.line_of_business,
            self.denominator,
            self.numerator,
            self.exclusion,
            self.race,
            *self.stratum_coders.values(),
            *self.source_coders.values(),
            self.birth_year,
            self.birth_date,
            self.age,
            self.zip,
            self.tract,
        ]
        self.names: dict[str, Coder] = {}
        if race_tables is not None and self.has("last_name"):
            for name, table in (
                ("last_name", race_tables.surname),
                ("first_name", race_tables.first_name),
            ):
                if table is not None and self.has(name):
                    origin = mapping.origins[name]
                    self.names[name] = NameCoder(BY_NAME[name], origin, mapping, table)
            self.all += self.names.values()
        # All rows of a payer's file have one payer; a group's patients have many.
        self.payer: Coder | None = None
        if self.has("payer") and reference.source_team_id is not None:
            self.payer = self.coder("payer", np.int16, self._read_payer)
            self.all.append(self.payer)
        self.block_group: Coder | None = None
        if self.has("block_group"):
            self.block_group = self.coder("block_group", np.int64, self._read_block_group)
            self.all.append(self.block_group)

    def has(self, *names: str) -> bool:
        """Whether the file, or its mapping, gives any of these columns."""
        return any(name in self._mapping.origins for name in names)

    def _read_payer(self, text: str) -> Reading:
        stratum, rule = self._reference.payer(text)
        return stratum, (rule,) if rule else ()

    @staticmethod
    def _read_flag(text: str) -> Reading:
        if text in {"1", "1.0"}:
            return 1, ()
        if text in {"0", "0.0"}:
            return 0, ()
        return 0, ("not_zero_or_one" if text else "missing_value",)

    def _read_optional_flag(self, text: str) -> Reading:
        return self._read_flag(text) if text else (0, ())

    def _read_race(self, text: str) -> Reading:
        answer = self._reference.answer("race", text)
        if answer.problem:
            return -1, (answer.problem,)
        position = self._answer_positions.get(answer)
        if position is None:
            position = self._answer_positions[answer] = len(self.answers)
            self.answers.append(answer)
        return position, ()

    def _reader_of(self, column: str) -> Callable[[str], Reading]:
        def read(text: str) -> Reading:
            answer = self._reference.answer(column, text)
            # Below zero: the stratum is unknown because nobody asked.
            stratum = -answer.stratum if answer.not_collected else answer.stratum
            return stratum, ((answer.problem,) if answer.problem else ())

        return read

    def _check_year(self, year: int) -> Reading:
        if year > self._today.year:
            return 0, ("future_birth",)
        if year < OLDEST_BIRTH_YEAR:
            return 0, ("implausible_birth",)
        return year, ()

    def _read_birth_year(self, text: str) -> Reading:
        if not text:
            return 0, ()
        text = text.removesuffix(".0")
        if not (text.isascii() and text.isdigit() and len(text) == 4):
            return 0, ("implausible_birth",)
        return self._check_year(int(text))

    def _read_birth_date(self, text: str) -> Reading:
        if not text:
            return 0, ()
        day = parse_day(text)
        if day is None:
            return 0, ("bad_birth_date",)
        return (0, ("future_birth",)) if day > self._today else self._check_year(day.year)

    @staticmethod
    def _read_age(text: str) -> Reading:
        if not text:
            return -1, ()
        text = text.removesuffix(".0")
        if not (text.isascii() and text.isdigit()) or int(text) > OLDEST_AGE:
            return -1, ("bad_age",)
        return int(text), ()

    @staticmethod
    def _read_zip(text: str) -> Reading:
        if not text:
            return 0, ()
        text = text.removesuffix(".0")
        rules: tuple[str, ...] = ()
        head, dash, tail = text.partition("-")
        if dash and tail.isdigit() and len(tail) <= 4:
            text, rules = head, ("zip_cut",)
        elif not dash and len(text) in {8, 9}:
            text, rules = text[:-4], ("zip_cut",)
        if not (text.isascii() and text.isdigit()) or not 3 <= len(text) <= 5 or not int(text):
            return 0, ("bad_zip",)
        return int(text), (*rules, "zip_zero_restored") if len(text) < 5 else rules

    @staticmethod
    def _read_block_group(text: str) -> Reading:
        if not text:
            return 0, ()
        good = text.isascii() and text.isdigit() and len(text) == 12
        return (int(text), ()) if good else (0, ("bad_block_group",))

    @staticmethod
    def _read_tract(text: str) -> Reading:
        if not text:
            return 0, ()
        good = text.isascii() and text.isdigit() and len(text) == 11
        return (int(text), ()) if good else (0, ("bad_tract",))


def parse_period(text: str) -> PeriodSpan | None:
    """`2024` or `2024-06` as a span of twelve months; None for anything else."""
    year, _, month = text.removesuffix(".0").partition("-")
    if not (year.isascii() and year.isdigit() and len(year) == 4 and 1990 <= int(year) <= 2999):
        return None
    if not month:
        if "-" in text:
            return None
        return PeriodSpan(year, date(int(year), 1, 1), date(int(year), 12, 31))
    if not (month.isascii() and month.isdigit() and len(month) == 2 and 1 <= int(month) <= 12):
        return None
    if month == "12":
        # Twelve months that end in December are the year; one period must not have two names.
        return PeriodSpan(year, date(int(year), 1, 1), date(int(year), 12, 31))
    following = date(int(year), int(month) + 1, 1)
    return PeriodSpan(
        f"{year}-{month}",
        date(following.year - 1, following.month, 1),
        following - timedelta(days=1),
    )


def parse_day(text: str) -> date | None:
    """A day as 1957-03-31, 19570331 or 03/31/1957, with or without a time behind it; else None."""
    text = text.split("t")[0].split(" ")[0]
    parts: Sequence[str]
    if len(text) == 8 and text.isdigit():
        parts = (text[:4], text[4:6], text[6:])
    elif text.count("/") == 2:
        month, day, year = text.split("/")
        parts = (year, month, day)
    else:
        parts = text.split("-")
    if len(parts) != 3 or not all(p.isascii() and p.isdigit() for p in parts) or len(parts[0]) != 4:
        return None
    try:
        return date(int(parts[0]), int(parts[1]), int(parts[2]))
    except ValueError:
        return None
