"""The grid in which numbers are entered: groups by periods. What is right is saved, what is not stays typed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation

from pdsa.charts.periods import label, period_of, step
from pdsa.charts.plausible import question_about
from pdsa.charts.values import Point
from pdsa.enums import PointKind, PointState
from pdsa.models import LocalMeasure, Observation
from pdsa.policies.measures import Entry, check_entry
from teams.errors import StateRefused

#: Columns: so many periods before the last one.
BEFORE = 6
_LARGEST = 2_000_000_000
_LARGEST_VALUE = Decimal(999_999_999)
STATE_CHOICES = (
    ("", "Numbers"),
    (PointState.NO_PATIENTS, "No patients"),
    (PointState.NOT_COLLECTED, "Not collected"),
    (PointState.SUPPRESSED, "Suppressed"),
)


@dataclass
class Cell:
    """One group in one period: what was typed or stands there, and what is to be said about it."""

    stratum_id: int
    group: str
    starts_on: date
    period: str
    is_future: bool
    n: str = ""
    d: str = ""
    v: str = ""
    state: str = ""
    original: str = ""
    error: str = ""
    question: str = ""
    by: str = ""

    @property
    def key(self) -> str:
        return f"{self.stratum_id}_{self.starts_on:%Y%m%d}"

    @property
    def typed(self) -> str:
        return f"{self.state}|{self.n}|{self.d}|{self.v}"

    @property
    def share(self) -> str:
        """Live percentage as the page shows it; empty where it cannot be worked out."""
        try:
            n, d = _whole(self.n), _whole(self.d)
        except StateRefused:
            return ""
        if n is None or not d or n > d:
            return ""
        return f"{100 * n / d:.1f}%"


@dataclass
class Row:
    stratum_id: int
    name: str
    role: str
    cells: list[Cell] = field(default_factory=list)


def signature(row: Observation | None) -> str:
    """What stands in the database, as the page compares it with what it was given."""
    if row is None:
        return "|||"
    if row.state != PointState.NUMBER:
        return f"{row.state}|||"
    value = "" if row.value is None else f"{row.value.normalize():f}"
    return "|".join(
        ("", *("" if x is None else str(x) for x in (row.numerator, row.denominator)), value)
    )


def _whole(text: str) -> int | None:
    text = text.replace(",", "").replace("\u00a0", "").replace(" ", "")
    if not text:
        return None
    if not text.isascii() or not text.isdigit() or int(text) > _LARGEST:
        raise StateRefused("Write a whole number, 0 or more.")
    return int(text)


def _decimal(text: str) -> Decimal | None:
    text = text.replace(",", "").replace("\u2212", "-").strip()
    if not text:
        return None
    try:
        value = Decimal(text)
    except InvalidOperation:
        raise StateRefused("Write a number, such as 12.5.") from None
    if not value.is_finite() or abs(value) > _LARGEST_VALUE:
        raise StateRefused("Write a number, such as 12.5.")
    return value.quantize(Decimal("0.001")).normalize()


class Grid:
    """Rows of groups and columns of periods. data: what was posted, None for a page that is opened.

    until: last column; today: no period after it can be entered. existing: entries by group and period.
    """

    def __init__(
        self,
        measure: LocalMeasure,
        existing: Mapping[tuple[int, date], Observation],
        *,
        today: date,
        until: date | None = None,
        data: Mapping[str, str] | None = None,
    ) -> None:
        self.measure, self.existing, self.today = measure, existing, today
        now = period_of(today, measure.frequency)
        last = min(period_of(until, measure.frequency), now) if until else now
        self.periods = [step(last, measure.frequency, -back) for back in range(BEFORE, -1, -1)]
        self.is_latest = last == now
        self.earlier = step(last, measure.frequency, -BEFORE)
        self.later = min(step(last, measure.frequency, BEFORE), now)
        self.point_kind = PointKind(measure.point_kind)
        self.has_sizes = self.point_kind in (PointKind.PROPORTION, PointKind.RATE)
        self.is_share = self.point_kind == PointKind.PROPORTION
        self.rows = [self._row(chosen) for chosen in measure.strata.all()]
        if data is not None:
            self._take(data)

    @property
    def labels(self) -> list[str]:
        return [label(day, self.measure.frequency) for day in self.periods]

    @property
    def columns(self) -> list[tuple[date, str]]:
        return list(zip(self.periods, self.labels, strict=True))

    @property
    def cells(self) -> Iterator[Cell]:
        return (cell for row in self.rows for cell in row.cells)

    @property
    def bad_cells(self) -> list[Cell]:
        return [cell for cell in self.cells if cell.error]

    def _row(self, chosen: object) -> Row:
        stratum = chosen.stratum  # type: ignore[attr-defined]
        row = Row(stratum.pk, stratum.label, chosen.get_role_display())  # type: ignore[attr-defined]
        for day, name in self.columns:
            found = self.existing.get((stratum.pk, day))
            state, n, d, v = signature(found).split("|")
            row.cells.append(
                Cell(
                    stratum.pk,
                    stratum.label,
                    day,
                    name,
                    day > self.today,
                    n,
                    d,
                    v,
                    state,
                    signature(found),
                    by="" if found is None else f"{found.entered_by}, {found.entered_at:%-d %b %Y}",
                )
            )
        return row

    def _take(self, data: Mapping[str, str]) -> None:
        """What was typed goes over what stands there; a cell that was not sent stays as it is."""
        known = {choice for choice, _ in STATE_CHOICES}
        for cell in self.cells:
            if f"o_{cell.key}" not in data:
                continue
            cell.n = data.get(f"n_{cell.key}", "").strip()
            cell.d = data.get(f"d_{cell.key}", "").strip()
            cell.v = data.get(f"v_{cell.key}", "").strip()
            state = data.get(f"s_{cell.key}", "")
            cell.state = state if state in known else ""
            cell.original = data[f"o_{cell.key}"]

    def read(self) -> list[Entry]:
        """Entries that were changed and are right; the cells that are not carry an error."""
        strata = {row.stratum_id for row in self.rows}
        entries = []
        for cell in self.cells:
            if cell.typed == cell.original:
                continue
            try:
                entry = self._entry(cell)
                check_entry(self.measure, entry, strata, self.today)
                self._check_not_overtaken(cell)
            except StateRefused as refusal:
                cell.error = str(refusal)
                continue
            entries.append(entry)
        return entries

    def _entry(self, cell: Cell) -> Entry:
        n, d, v = _whole(cell.n), _whole(cell.d), _decimal(cell.v)
        if cell.state:
            if (n, d, v) != (None, None, None):
                name = dict(STATE_CHOICES)[cell.state]
                raise StateRefused(f"“{name}” and a number exclude each other. Clear one of them.")
            return Entry(cell.stratum_id, cell.starts_on, PointState(cell.state))
        if self.is_share and n in (0, None) and d == 0:
            # Nobody to count is a state of its own, never a share of 0.
            return Entry(cell.stratum_id, cell.starts_on, PointState.NO_PATIENTS)
        return Entry(cell.stratum_id, cell.starts_on, PointState.NUMBER, n, d, v)

    def _check_not_overtaken(self, cell: Cell) -> None:
        """Somebody else may have saved the same cell since the page was opened: both are shown."""
        row = self.existing.get((cell.stratum_id, cell.starts_on))
        now = signature(row)
        if now in (cell.original, cell.typed):
            return
        stands = self._words(row)
        cell.original = now
        who = f" by {row.entered_by}" if row is not None else ""
        raise StateRefused(f"Meanwhile saved{who}: {stands}. Save again to replace it with yours.")

    def _words(self, row: Observation | None) -> str:
        if row is None:
            return "nothing"
        if row.state != PointState.NUMBER:
            return PointState(row.state).label
        if row.value is not None:
            return f"{row.value.normalize():f}"
        return f"{row.numerator} of {row.denominator}" if self.has_sizes else f"{row.numerator}"

    def questions(self, entries: Sequence[Entry]) -> list[str]:
        """Questions about numbers that were just saved, each with its group and period."""
        word = "week" if self.measure.frequency == "week" else "month"
        asked = []
        fresh = {(e.stratum_id, e.starts_on): e for e in entries}
        names = {row.stratum_id: row.name for row in self.rows}
        for (stratum_id, day), entry in sorted(fresh.items(), key=lambda item: item[0][1]):
            earlier = sorted(
                {d for s, d in self.existing if s == stratum_id and d < day}
                | {d for s, d in fresh if s == stratum_id and d < day}
            )
            points = [
                _point_of(fresh.get((stratum_id, d)), self.existing.get((stratum_id, d)))
                for d in earlier
            ]
            question = question_about(self.point_kind, _point_of(entry, None), points, word)
            if question:
                period = label(day, self.measure.frequency)
                asked.append(f"{names[stratum_id]}, {period}: {question}")
        return asked


def _point_of(entry: Entry | None, row: Observation | None) -> Point:
    if entry is not None:
        value = None if entry.value is None else float(entry.value)
        return Point(entry.state, entry.numerator, entry.denominator, value)
    if row is None:
        return Point()
    value = None if row.value is None else float(row.value)
    return Point(PointState(row.state), row.numerator, row.denominator, value)
