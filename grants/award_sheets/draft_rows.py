"""From rows of a sheet to awards that could be drafted, with a finding for every row that does not fit. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from grants.amounts import amount_in, day_in
from grants.award_sheets.columns import BY_NAME, COLUMNS, plain
from grants.enums import AwardKind
from grants.terms import AwardTerms, LineTerms, MilestoneTerms, TrancheTerms
from teams.formats import format_money

#: Where money goes of which the sheet does not say what it is for.
NO_CATEGORY = "other"
_LONGEST = {"number": 40, "title": 150, "key_person": 150, "condition": 150}


@dataclass(frozen=True)
class RowFinding:
    """What is wrong with a line of the file, or (is_error false) what a reader should know."""

    line: int
    column: str
    text: str
    is_error: bool = True

    @property
    def label(self) -> str:
        return BY_NAME[self.column].label if self.column else ""


@dataclass(frozen=True)
class SheetAward:
    """An award as the sheet has it. lines: of the file."""

    number: str
    team_code: str
    kind: AwardKind
    terms: AwardTerms
    lines: tuple[int, ...]


@dataclass
class SheetReading:
    """awards: whole ones only; unknown: column → texts that mean nothing yet."""

    awards: list[SheetAward] = field(default_factory=list)
    findings: list[RowFinding] = field(default_factory=list)
    unknown: dict[str, list[str]] = field(default_factory=dict)

    @property
    def errors(self) -> list[RowFinding]:
        return [f for f in self.findings if f.is_error]

    @property
    def notes(self) -> list[RowFinding]:
        return [f for f in self.findings if not f.is_error]

    @property
    def total(self) -> Decimal:
        return sum((a.terms.amount for a in self.awards), Decimal("0.00"))


@dataclass(frozen=True)
class Meanings:
    """What texts of the sheet mean by themselves: text as `plain` makes it → code."""

    group: Mapping[str, str]
    category: Mapping[str, str]
    kind: Mapping[str, str] = field(
        default_factory=lambda: {
            **{kind.value: kind.value for kind in AwardKind},
            **{plain(str(kind.label)): kind.value for kind in AwardKind},
        }
    )


class _Rows:
    def __init__(
        self, headers: Sequence[str], mapping: Mapping[str, Any], meanings: Meanings
    ) -> None:
        self.columns: Mapping[str, str] = mapping.get("columns", {})
        self.values: Mapping[str, Mapping[str, str]] = mapping.get("values", {})
        self.places = {name: position for position, name in enumerate(headers)}
        self.meanings = meanings
        self.reading = SheetReading()

    def text(self, cells: Sequence[str], column: str) -> str:
        origin = self.columns.get(column, "")
        if origin.startswith("="):
            return origin[1:].strip()
        return cells[self.places[origin]] if origin in self.places else ""

    def say(self, line: int, column: str, text: str, *, is_error: bool = True) -> None:
        self.reading.findings.append(RowFinding(line, column, text, is_error))

    def code(self, line: int, column: str, text: str) -> str:
        """The code that a text means; empty, with a finding, for one that means nothing."""
        key = plain(text)
        code = self.values.get(column, {}).get(key) or getattr(self.meanings, column).get(key, "")
        if not code:
            unknown = self.reading.unknown.setdefault(column, [])
            if text not in unknown:
                unknown.append(text)
            self.say(line, column, f"“{text}” is not known. Say in the mapping what it means.")
        return code

    def value(self, line: int, column: str, text: str, read: Callable[[str], Any]) -> Any:
        try:
            return read(text)
        except ValueError as problem:
            self.say(line, column, str(problem))
            return None


def read_awards(
    headers: Sequence[str],
    rows: Sequence[tuple[int, Sequence[str]]],
    mapping: Mapping[str, Any],
    meanings: Meanings,
) -> SheetReading:
    """Rows with one number are one award, each row one of its payments.

    An award with an error in any of its rows is not among `awards`.
    """
    reader = _Rows(headers, mapping, meanings)
    by_number: dict[str, list[tuple[int, Sequence[str]]]] = {}
    for line, cells in rows:
        number = reader.text(cells, "number")
        if not number:
            reader.say(line, "number", "This row has no award number.")
            continue
        by_number.setdefault(number, []).append((line, cells))
    for number, found in by_number.items():
        before = len(reader.reading.errors)
        award = _award(reader, number, found)
        if award is not None and len(reader.reading.errors) == before:
            reader.reading.awards.append(award)
    reader.reading.findings.sort(key=lambda f: (f.line, f.column))
    return reader.reading


def _said_once(reader: _Rows, rows: list[tuple[int, Sequence[str]]]) -> dict[str, tuple[int, str]]:
    """Column of the award → (line, text): from the first row that says it; others may be silent or agree."""
    said: dict[str, tuple[int, str]] = {}
    for line, cells in rows:
        for column in COLUMNS:
            text = reader.text(cells, column.name) if column.of_award else ""
            if not text:
                continue
            first = said.setdefault(column.name, (line, text))
            if plain(first[1]) != plain(text):
                reader.say(
                    line, column.name,
                    f"Line {first[0]} says “{first[1]}” of the same award, this one “{text}”.",
                )  # fmt: skip
    for column in COLUMNS:
        if column.needed and column.of_award and column.name not in said:
            reader.say(rows[0][0], column.name, f"This award has no {column.label.lower()}.")
    for name, longest in _LONGEST.items():
        if name in said and len(said[name][1]) > longest:
            reader.say(said[name][0], name, f"Longer than {longest} characters. Shorten it.")
    return said


def _award(reader: _Rows, number: str, rows: list[tuple[int, Sequence[str]]]) -> SheetAward | None:
    said = _said_once(reader, rows)

    def read(column: str, how: Callable[[str], Any]) -> Any:
        return (
            reader.value(said[column][0], column, said[column][1], how) if column in said else None
        )

    starts, ends = read("starts_on", day_in), read("ends_on", day_in)
    wanted = read("award_amount", amount_in)
    team = reader.code(*_place(said, "group")) if "group" in said else ""
    kind = reader.code(*_place(said, "kind")) if "kind" in said else ""
    if starts and ends and ends <= starts:
        reader.say(said["ends_on"][0], "ends_on", "The last day has to be after the first one.")
    payments: list[TrancheTerms] = []
    conditions: dict[tuple[str, date], str] = {}
    sums: dict[str, Decimal] = {}
    for line, cells in rows:
        payment = _payment(reader, line, cells, len(payments) + 1, conditions)
        if payment is None:
            continue
        payments.append(payment)
        said_category = reader.text(cells, "category")
        category = reader.code(line, "category", said_category) if said_category else NO_CATEGORY
        sums[category] = sums.get(category, Decimal(0)) + payment.amount
    total = sum((p.amount for p in payments), Decimal("0.00"))
    if wanted is not None and wanted != total:
        reader.say(
            said["award_amount"][0], "award_amount",
            f"The award is {format_money(wanted)}, its payments add up to {format_money(total)}.",
        )  # fmt: skip
    if not (starts and ends and team and kind and payments and "title" in said):
        return None
    terms = AwardTerms(
        title=said["title"][1],
        amount=total,
        starts_on=starts,
        ends_on=ends,
        scope_text=said.get("scope_text", (0, ""))[1],
        key_person=said.get("key_person", (0, ""))[1],
        lines=[
            LineTerms(f"{n:02d}", category, "From the sheet", amount)
            for n, (category, amount) in enumerate(sums.items(), 1)
        ],
        milestones=[MilestoneTerms(key, title, due) for (title, due), key in conditions.items()],
        tranches=payments,
    )
    return SheetAward(number, team, AwardKind(kind), terms, tuple(line for line, _ in rows))


def _place(said: dict[str, tuple[int, str]], column: str) -> tuple[int, str, str]:
    line, text = said[column]
    return line, column, text


def _payment(
    reader: _Rows,
    line: int,
    cells: Sequence[str],
    number: int,
    conditions: dict[tuple[str, date], str],
) -> TrancheTerms | None:
    texts = {c.name: reader.text(cells, c.name) for c in COLUMNS if not c.of_award}
    for column in ("amount", "planned_on"):
        if not texts[column]:
            reader.say(line, column, f"This row has no {BY_NAME[column].label.lower()}.")
    if not texts["amount"] or not texts["planned_on"]:
        return None
    amount = reader.value(line, "amount", texts["amount"], amount_in)
    day = reader.value(line, "planned_on", texts["planned_on"], day_in)
    if amount is not None and amount <= 0:
        reader.say(line, "amount", "A payment is more than nothing. Record what came back by hand.")
        return None
    if amount is None or day is None:
        return None
    if texts["paid_on"]:
        reader.say(
            line, "paid_on",
            f"The sheet says “{texts['paid_on']}”. The payment is brought in as planned: three people decide on"
            " it here, and then finance records it with its own day.",
            is_error=False,
        )  # fmt: skip
    keys: tuple[str, ...] = ()
    if texts["condition"]:
        due = day
        if texts["condition_due_on"]:
            due = reader.value(line, "condition_due_on", texts["condition_due_on"], day_in) or day
        title = texts["condition"][: _LONGEST["condition"]]
        keys = (conditions.setdefault((title, due), f"{len(conditions) + 1}"),)
    return TrancheTerms(number, amount, day, keys)
