"""Figures as table rows: every number as text, with everything needed to trust it beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.utils.functional import cached_property

from measures.enums import CountingUnit
from measures.queries import Figure, PeerBand, SetResult
from measures.stats.presentation import Presentation
from reports.charts.values import Absence
from reports.dashboards.marks import absence_of
from reports.dashboards.reliability import PRESENTATION_WORDS, presentations_of
from reports.dashboards.wording import (
    Reading,
    basis_kind_text,
    basis_text,
    finding_sentence,
    gap_decimals,
    gap_interval_text,
    gap_state_sentence,
    gap_text,
    probability_text,
    rate_interval_text,
    rate_text,
    ratio_interval_text,
    ratio_text,
    read_figure,
    state_sentence,
)
from teams.formats import format_count, format_points


@dataclass(frozen=True)
class FigureRow:
    """One stratum as texts; empty text where the reader gets no number, with the reason in `note`.

    A text is made when it is asked for: a page has hundreds of rows and shows few texts of most.

    band: of the other groups; without one no peers. uncertain: why the rate is unreliable by the NCHS
    rule, beyond few people; rows of a set only. detectable: how large a gap would have to be to be
    found, where none is seen; on the measure page.
    """

    figure: Figure
    result: SetResult
    label: str
    band: PeerBand | None = None
    uncertain: str = ""
    detectable: str = ""

    @property
    def reading(self) -> Reading:
        return read_figure(self.figure, higher_is_better=self.result.higher_is_better)

    @cached_property
    def absence(self) -> Absence | None:
        """Name of the page component's state when there are no numbers at all."""
        return absence_of(self.figure)

    @property
    def is_reference(self) -> bool:
        reference = self.result.reference
        return reference is not None and reference.id == self.figure.stratum.id

    @property
    def caution(self) -> bool:
        return self.figure.caution

    @property
    def events(self) -> bool:
        return self.result.definition.counting_unit == CountingUnit.EVENT

    @property
    def rate(self) -> str:
        return rate_text(self.figure) if self.figure.numbers_shown else ""

    @property
    def rate_interval(self) -> str:
        return rate_interval_text(self.figure) if self.figure.numbers_shown else ""

    @property
    def counted(self) -> str:
        if not self.figure.numbers_shown:
            return ""
        return f"{format_count(self.figure.numerator)} of {format_count(self.figure.denominator)}"

    @cached_property
    def gap(self) -> str:
        return gap_text(self.figure, self._digits) if self.figure.gap_shown else ""

    @property
    def gap_interval(self) -> str:
        return gap_interval_text(self.figure, self._digits) if self.figure.gap_shown else ""

    @property
    def ratio(self) -> str:
        return ratio_text(self.figure) if self.figure.gap_shown else ""

    @property
    def ratio_interval(self) -> str:
        return ratio_interval_text(self.figure) if self.figure.gap_shown else ""

    @property
    def p_value(self) -> str:
        return probability_text(self.figure.p_value) if self.figure.gap_shown else ""

    @property
    def q_value(self) -> str:
        return probability_text(self.figure.q_value) if self.figure.gap_shown else ""

    @property
    def parity(self) -> str:
        patients = self.figure.patients_to_parity
        return "" if patients is None else format_count(patients)

    @property
    def peers(self) -> str:
        """Median and quartiles of the other groups' gaps: "−6 (−9 to −4)"."""
        if self.band is None or self.band.gap_points is None:
            return ""
        lower, median, upper = (format_points(value, 0) for value in self.band.gap_points)
        return f"{median} ({lower} to {upper})"

    @property
    def basis(self) -> str:
        return basis_text(self.figure, self.result.audience)

    @property
    def basis_kind(self) -> str:
        return basis_kind_text(self.figure, self.result.audience)

    @cached_property
    def note(self) -> str:
        least = self.result.definition.minimum_denominator
        return state_sentence(self.figure, minimum_denominator=least) or gap_state_sentence(
            self.figure, self.result
        )

    @cached_property
    def finding(self) -> str:
        return finding_sentence(self.figure, self.result)

    @property
    def _digits(self) -> int:
        return gap_decimals(self.figure, self.result.reference_figure)


def figure_row(figure: Figure, result: SetResult, *, label: str = "") -> FigureRow:
    """label: instead of the stratum's own, for rows that are sites or lines of business."""
    return FigureRow(figure, result, label or figure.stratum.label)


def figure_rows(
    result: SetResult, *, bands: Mapping[tuple[int, int], PeerBand] | None = None
) -> tuple[FigureRow, ...]:
    """Every stratum of a result in the order of its set, declined and unknown at the end."""
    measure_id = result.definition.measure_id
    return tuple(
        FigureRow(
            figure,
            result,
            figure.stratum.label,
            band=(bands or {}).get((measure_id, figure.stratum.id)),
            uncertain=_uncertain(said),
        )
        for figure, said in zip(result.figures, presentations_of(result.figures), strict=True)
    )


def _uncertain(said: Presentation) -> str:
    """Few people have their own words in a row."""
    if said == Presentation.TOO_FEW or not said.is_unreliable:
        return ""
    return PRESENTATION_WORDS[said]


@dataclass(frozen=True)
class Unseen:
    """Strata without numbers that share a reason."""

    absence: Absence
    labels: str


def unseen_of(figures: Sequence[Figure]) -> tuple[Unseen, ...]:
    """Which strata have no number, by reason; each reason once, in the order privacy, too few, nobody."""
    by_absence: dict[Absence, list[str]] = {}
    for figure in figures:
        absence = absence_of(figure)
        if absence:
            by_absence.setdefault(absence, []).append(figure.stratum.short_label)
    order = (Absence.SUPPRESSED, Absence.TOO_FEW, Absence.NO_DENOMINATOR)
    return tuple(Unseen(a, ", ".join(by_absence[a])) for a in order if a in by_absence)
