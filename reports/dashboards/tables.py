"""Figures as table rows: every number as text, with everything needed to trust it beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from measures.enums import CountingUnit
from measures.queries import Figure, PeerBand, SetResult
from measures.stats.presentation import Presentation
from reports.charts.values import Absence
from reports.dashboards.marks import absence_of
from reports.dashboards.reliability import PRESENTATION_WORDS, presentations_of
from reports.dashboards.wording import (
    READING_WORDS,
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

    uncertain: why the rate is unreliable by the NCHS rule, beyond few people; rows of a set only.
    detectable: how large a gap would have to be to be found, where none is seen; on the measure page.
    absence: name of the page component's state when there are no numbers at all.
    """

    label: str
    reading: Reading
    reading_words: str
    absence: Absence | None
    is_reference: bool
    caution: bool
    rate: str
    rate_interval: str
    counted: str
    gap: str
    gap_interval: str
    ratio: str
    ratio_interval: str
    p_value: str
    q_value: str
    parity: str
    peers: str
    basis: str
    basis_kind: str
    note: str
    finding: str
    events: bool
    detectable: str = ""
    uncertain: str = ""


def figure_row(
    figure: Figure,
    result: SetResult,
    *,
    bands: Mapping[tuple[int, int], PeerBand] | None = None,
    label: str | None = None,
) -> FigureRow:
    """label: instead of the stratum's own, for rows that are sites or lines of business."""
    reading = read_figure(figure, higher_is_better=result.higher_is_better)
    shown, compared = figure.numbers_shown, figure.gap_shown
    digits = gap_decimals(figure, result.reference_figure) if compared else 1
    least = result.definition.minimum_denominator
    return FigureRow(
        label=label or figure.stratum.label,
        reading=reading,
        reading_words=READING_WORDS[reading],
        absence=absence_of(figure),
        is_reference=result.reference is not None and result.reference.id == figure.stratum.id,
        caution=figure.caution,
        rate=rate_text(figure) if shown else "",
        rate_interval=rate_interval_text(figure) if shown else "",
        counted=(
            f"{format_count(figure.numerator)} of {format_count(figure.denominator)}"
            if shown
            else ""
        ),
        gap=gap_text(figure, digits) if compared else "",
        gap_interval=gap_interval_text(figure, digits) if compared else "",
        ratio=ratio_text(figure) if compared else "",
        ratio_interval=ratio_interval_text(figure) if compared else "",
        p_value=probability_text(figure.p_value) if compared else "",
        q_value=probability_text(figure.q_value) if compared else "",
        parity="" if figure.patients_to_parity is None else format_count(figure.patients_to_parity),
        peers=_band_text((bands or {}).get((result.definition.measure_id, figure.stratum.id))),
        basis=basis_text(figure, result.audience),
        basis_kind=basis_kind_text(figure, result.audience),
        note=state_sentence(figure, minimum_denominator=least)
        or gap_state_sentence(figure, result),
        finding=finding_sentence(figure, result),
        events=result.definition.counting_unit == CountingUnit.EVENT,
    )


def _band_text(band: PeerBand | None) -> str:
    """Median and quartiles of the other groups' gaps: "−6 (−9 to −4)"."""
    if band is None or band.gap_points is None:
        return ""
    lower, median, upper = (format_points(value, 0) for value in band.gap_points)
    return f"{median} ({lower} to {upper})"


def figure_rows(
    result: SetResult, *, bands: Mapping[tuple[int, int], PeerBand] | None = None
) -> tuple[FigureRow, ...]:
    """Every stratum of a result in the order of its set, declined and unknown at the end."""
    return tuple(
        replace(figure_row(figure, result, bands=bands), uncertain=_uncertain(said))
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
