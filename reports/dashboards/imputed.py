"""Race where nobody asked, in words and rows: ranges, what they rest on, what can and cannot be said."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from measures.queries import ImputedGap, ImputedRate, ImputedResult, ValidityRow
from measures.stats.imputed import RateRange
from reports.dashboards.conclusions import detectable_note
from teams.enums import Audience

IMPUTED_COLUMNS = (
    "group_id", "measure_id", "period", "source", "estimate", "stratum", "reference", "low", "high",
    "interval_lower", "interval_upper", "weighted", "linear", "most_likely", "by_most_probable",
    "expected_people", "effective_people", "state", "direct_share", "imputed_share", "no_estimate_share",
    "declined_share", "tables", "method_version", "computed_at",
)  # fmt: skip
VALIDITY_COLUMNS = (
    "group_id", "period", "source", "stratum", "like_those_who_did_not_answer", "answered",
    "expected_share", "reported_share", "correlation", "brier", "covered_share",
)  # fmt: skip


_PEOPLE = {"black": "Black", "hispanic": "Hispanic", "api": "Asian or Pacific Islander"}


@dataclass(frozen=True)
class RateRow:
    """A group's line. absence: why there is no number, else empty."""

    label: str
    rate: str
    interval: str
    gap: str
    gap_interval: str
    people: str
    effective: str
    detectable: str
    comparison: str
    absence: str
    is_reference: bool


@dataclass(frozen=True)
class ImputedBlock:
    """One measure: a finding, a sentence on its basis, and the rows."""

    code: str
    name: str
    direction: str
    finding: str
    basis: str
    basis_kind: str
    direct_share: float
    rows: tuple[RateRow, ...]
    tables: str
    result: ImputedResult


def imputed_block(result: ImputedResult) -> ImputedBlock:
    gaps = {gap.group: gap for gap in result.gaps}
    return ImputedBlock(
        code=result.definition.measure.code,
        name=result.definition.name,
        direction="Higher is better" if result.definition.higher_is_better else "Lower is better",
        finding=_finding(result),
        basis=basis_sentence(result),
        basis_kind={"direct": "other_direct", "imputed": "imputed", "mixed": "mixed"}[result.basis],
        direct_share=result.direct_share,
        rows=tuple(
            _row(rate, gaps.get(rate.group), 0 if result.audience == Audience.OTHERS else 1)
            for rate in result.rates
        ),
        tables=", ".join(result.tables) or "the sender’s own probabilities",
        result=result,
    )


def basis_sentence(result: ImputedResult) -> str:
    """Shares of the rows behind the numbers, in words."""
    parts = [
        f"{_percent(result.direct_share)} known directly",
        f"{_percent(result.imputed_share)} imputed from name and place",
    ]
    if result.no_estimate_share:
        parts.append(f"{_percent(result.no_estimate_share)} without an estimate")
    if result.declined_share:
        parts.append(f"{_percent(result.declined_share)} asked and not answered, left out")
    about = "About " if result.audience == Audience.OTHERS else ""
    return about + ", ".join(parts) + "."


def _finding(result: ImputedResult) -> str:
    """What can be said; never more than both estimates and their limits bear."""
    if not result.gaps:
        return "No group can be compared: too few people, or too little known about them."
    worse = 1 if result.definition.higher_is_better else -1
    behind = [g for g in result.gaps if g.range.excludes_zero and g.range.low * worse < 0]
    ahead = [g for g in result.gaps if g.range.excludes_zero and g.range.low * worse > 0]
    sentences = []
    for gaps, words in ((behind, "probably behind"), (ahead, "probably ahead")):
        if gaps:
            sentences.append(f"{_listed(gaps)} are {words}.")
    open_ = [g for g in result.gaps if g not in behind and g not in ahead]
    if open_:
        sentences.append(f"For {_listed(open_)} these data cannot say whether there is a gap.")
    return " ".join(sentences)


def _listed(gaps: Sequence[ImputedGap]) -> str:
    """Black and Hispanic patients."""
    names = [_PEOPLE[gap.group] for gap in gaps]
    first, last = ", ".join(names[:-1]), names[-1]
    return f"{first} and {last} patients" if first else f"{last} patients"


def _row(rate: ImputedRate, gap: ImputedGap | None, digits: int) -> RateRow:
    one = rate.range
    if one is None:
        return RateRow(rate.label, "", "", "", "", "", "", "", "", rate.why_not, False)
    comparison = []
    if rate.most_likely is not None:
        comparison.append(f"most likely {_percent(rate.most_likely, 1)}")
    if rate.by_most_probable is not None:
        comparison.append(f"by most probable group {_percent(rate.by_most_probable, 1)}")
    return RateRow(
        label=rate.label,
        rate=_range(one.low, one.high, digits),
        interval=_range(one.lower, one.upper, digits),
        gap="" if gap is None else _points(gap.range.low, gap.range.high, digits),
        gap_interval="" if gap is None else _points(gap.range.lower, gap.range.upper, digits),
        people=f"{one.expected:,.0f}",
        # Outside readers get counts in steps that an effective number would undo.
        effective=f"effective {one.n_effective:,.0f}" if digits else "",
        detectable=""
        if gap is None or gap.range.excludes_zero
        else detectable_note(100 * gap.range.detectable),
        comparison=", ".join(comparison),
        absence="",
        is_reference=rate.group == "white",
    )


def _percent(share: float, digits: int = 0) -> str:
    return f"{100 * share:.{digits}f}%"


def _range(low: float, high: float, digits: int) -> str:
    first, last = _percent(low, digits), _percent(high, digits)
    return first if first == last else f"{first} to {last}"


def _signed(share: float, digits: int = 1) -> str:
    """Percentage points with a sign; nothing is minus zero."""
    return f"{round(100 * share, digits) + 0.0:+.{digits}f}".replace("-", "−")


def _points(low: float, high: float, digits: int) -> str:
    first, last = _signed(low, digits), _signed(high, digits)
    return first if first == last else f"{first} to {last}"


@dataclass(frozen=True)
class ValidityLine:
    """A group: texts of both columns of figures."""

    label: str
    answered: str
    expected: str
    reported: str
    difference: str
    like: str
    correlation: str
    brier: str


def validity_lines(rows: Sequence[ValidityRow]) -> list[ValidityLine]:
    lines = []
    for row in rows:
        plain, like = row.plain, row.like_silent
        like_text = ""
        if like.said_share == like.said_share:
            like_text = _signed(like.calibration)
            if like.covered < 0.995:
                like_text += f" (for {_percent(like.covered)} of them)"
        lines.append(
            ValidityLine(
                label=row.label,
                answered=f"{plain.answered:,.0f}",
                expected=_percent(plain.expected_share, 1),
                reported=_percent(plain.said_share, 1),
                difference=_signed(plain.calibration),
                like=like_text or "–",
                correlation=f"{plain.correlation:.2f}"
                if plain.correlation == plain.correlation
                else "–",
                brier=f"{plain.brier:.3f}",
            )
        )
    return lines


def imputed_lines(results: Sequence[ImputedResult]) -> Iterator[list[object]]:
    """Lines of the CSV file, one per rate and per gap."""
    for result in results:
        for rate in result.rates:
            yield _line(
                result, "rate", rate.group, "", rate.range, rate.why_not, rate.most_likely,
                rate.by_most_probable,
            )  # fmt: skip
        for gap in result.gaps:
            one = gap.range
            yield [
                *_key(result), "gap", gap.group, one.reference, one.low, one.high, one.lower, one.upper,
                one.weighted, one.linear, "", "", "", "", "shown", *_basis(result),
            ]  # fmt: skip


def _line(
    result: ImputedResult,
    what: str,
    group: str,
    reference: str,
    one: RateRange | None,
    why_not: str,
    most_likely: float | None,
    by_most_probable: float | None,
) -> list[object]:
    if one is None:
        return [*_key(result), what, group, reference, *[""] * 10, why_not, *_basis(result)]
    return [
        *_key(result), what, group, reference, one.low, one.high, one.lower, one.upper, one.weighted,
        one.linear, "" if most_likely is None else most_likely,
        "" if by_most_probable is None else by_most_probable, one.expected, one.n_effective, "shown",
        *_basis(result),
    ]  # fmt: skip


def _key(result: ImputedResult) -> list[object]:
    return [
        result.team.code if result.team else "",
        result.definition.measure.code,
        result.period.label,
        result.source.code,
    ]


def _basis(result: ImputedResult) -> list[object]:
    return [
        result.direct_share,
        result.imputed_share,
        result.no_estimate_share,
        result.declined_share,
        "; ".join(result.tables),
        result.method_version,
        result.computed_at.date().isoformat(),
    ]


def validity_csv(
    rows: Sequence[ValidityRow], *, team: str, period: str, source: str
) -> Iterator[list[object]]:
    for row in rows:
        for like, one in ((0, row.plain), (1, row.like_silent)):
            yield [
                team, period, source, row.group, like, one.answered, one.expected_share, one.said_share,
                one.correlation, one.brier, one.covered,
            ]  # fmt: skip
