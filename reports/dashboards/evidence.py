"""What the numbers of a measure can carry beyond each gap: how small a gap they could find, how a gap
changed, what named rules say, how far apart the groups are, what a site would need.

Everything is worked out from figures that the reader sees; where an arm is hidden there is nothing.
So nothing here tells a reader more about a hidden count than the page's own numbers do.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

import numpy as np

from measures.enums import ReferenceStrategy
from measures.queries import Figure, SetResult, StratumLabel
from measures.stats import bootstrap, change, decisions, parity, power, reliability
from measures.stats.rates import Interval
from reports.dashboards.marks import same_meaning
from reports.dashboards.wording import Reading, read_figure
from teams.enums import Audience

#: As many people that nothing is left to chance: behind a benchmark.
_NO_CHANCE = 10**12
#: Sites that are needed before anything is said of how far they can be told apart.
LEAST_SITES = 3


@dataclass(frozen=True)
class ChangeOfGap:
    """A gap in two periods; points, the earlier first. Arrays of `found` have no dimension."""

    figure: Figure
    reference: Figure
    before: Figure
    reference_before: Figure
    earlier: SetResult
    later: SetResult
    found: change.GapChange
    pace: change.RunRate

    @property
    def stratum(self) -> StratumLabel:
        return self.figure.stratum


@dataclass(frozen=True)
class NoChange:
    """Why the change of a gap is not told. Words end a sentence."""

    stratum: StratumLabel
    why: str


@dataclass(frozen=True)
class RuleJudgements:
    """One named rule over all strata that can be judged, in the order of the set."""

    rule: decisions.DecisionRule
    judged: tuple[tuple[StratumLabel, decisions.Judgement], ...]


@dataclass(frozen=True)
class Spread:
    """The headline of a set. strata: those it is over. left_out: others with somebody, without numbers here."""

    headline: bootstrap.Headline
    strata: tuple[StratumLabel, ...]
    left_out: tuple[StratumLabel, ...]
    reference: StratumLabel | None


@dataclass(frozen=True)
class SitePlan:
    """Patients that one site would need. `most` is the upper end of the 95% range; detectable: in points."""

    site: str
    figure: Figure
    reference: Figure
    to_parity: int
    to_half: int
    least: int
    most: int
    detectable: float | None


def both_arms(result: SetResult, figure: Figure) -> Figure | None:
    """The reference's figure where the reader sees the gap and both of its arms; else None.

    Only another group of people: nobody is in both arms, so what counts people of both holds. Everybody
    together and benchmarks are none; see `compared_arm`.
    """
    reference = compared_arm(result, figure)
    return reference if reference in result.compared else None


def compared_arm(result: SetResult, figure: Figure) -> Figure | None:
    """What a gap that the reader sees is to, with its number: a group, everybody, or a benchmark."""
    reference = result.reference_figure
    if reference is None or not (
        figure.gap_shown and figure.numbers_shown and reference.numbers_shown
    ):
        return None
    return reference


def detectable_points(result: SetResult, figure: Figure) -> float | None:
    """Smallest true gap in points that would be found 8 times in 10, for a gap that is not seen.

    NaN where even the widest possible gap would be missed more often; None where a gap is seen, or
    there is no comparison.
    """
    reference = compared_arm(result, figure)
    if reference is None or figure.denominator is None or figure.numerator is None:
        return None
    if read_figure(figure, higher_is_better=result.higher_is_better) != Reading.OPEN:
        return None
    people, at, outside = reference.denominator, reference.rate, 1.0
    if people is None:
        people = _NO_CHANCE
    elif result.rule.strategy == ReferenceStrategy.OVERALL:
        # The gap to everybody is that to everyone else, made smaller by the group's own share.
        others = people - figure.denominator
        at, outside = ((reference.numerator or 0) - figure.numerator) / others, others / people
        people = others
    found = power.detectable_gap(
        figure.denominator,
        people,
        at,  # type: ignore[arg-type]
        higher_is_better=result.higher_is_better,
    )
    return float(found) * 100 * outside


def changes_of(results: Sequence[SetResult], period: str) -> tuple[ChangeOfGap | NoChange, ...]:
    """The change of every gap that `period` shows since the period before, never across a break.

    results: of one measure, one a period, any order.
    """
    in_order = sorted(results, key=lambda r: r.period.ends_on)
    at = next((i for i, r in enumerate(in_order) if r.period.label == period), None)
    if not at:
        return ()
    earlier, later = in_order[at - 1], in_order[at]
    return tuple(
        _change(figure, earlier, later)
        for figure in later.compared
        if compared_arm(later, figure) is not None
    )


def _change(figure: Figure, earlier: SetResult, later: SetResult) -> ChangeOfGap | NoChange:
    reference = compared_arm(later, figure)
    before = earlier.figure(figure.stratum.code)
    when = earlier.period.label
    if not same_meaning(earlier, later):
        why = f"the measure is not defined as in {when}, so the two periods are not compared"
        return NoChange(figure.stratum, why)
    if earlier.reference != later.reference:
        why = f"the reference is not the one of {when}, so the two periods are not compared"
        return NoChange(figure.stratum, why)
    reference_before = compared_arm(earlier, before) if before is not None else None
    if before is None or reference is None or reference_before is None:
        return NoChange(figure.stratum, f"{when} has no gap that can be shown here")
    if any(f.caution for f in (before, reference_before, figure, reference)):
        return NoChange(figure.stratum, f"fewer than 30 are counted now or in {when}")
    found = change.change_of_gaps(
        *_gap(before),
        *_gap(figure),
        group_change=figure.rate - before.rate,  # type: ignore[operator]
        reference_change=reference.rate - reference_before.rate,  # type: ignore[operator]
        higher_is_better=later.higher_is_better,
    )
    years = (later.period.ends_on - earlier.period.ends_on).days / 365.25
    return ChangeOfGap(
        figure=figure,
        reference=reference,
        before=before,
        reference_before=reference_before,
        earlier=earlier,
        later=later,
        found=found,
        pace=change.run_rate(found, years=years, higher_is_better=later.higher_is_better),
    )


def _gap(figure: Figure) -> tuple[float, Interval]:
    """Gap and interval as proportions."""
    gap, low, high = (
        (v or 0.0) / 100
        for v in (figure.gap_points, figure.gap_points_lower, figure.gap_points_upper)
    )
    return gap, Interval(np.float64(low), np.float64(high))  # type: ignore[arg-type]


def judgements_of(result: SetResult) -> tuple[RuleJudgements, ...]:
    """What every named rule says of every stratum that is compared; few people are not judged."""
    arms = [
        (figure, reference)
        for figure in result.compared
        if (reference := both_arms(result, figure)) is not None
        and not figure.caution
        and not reference.caution
    ]
    if not arms:
        return ()
    found = []
    for rule in decisions.RULES.values():
        judged = decisions.judge(
            rule,
            [f.numerator for f, _ in arms],  # type: ignore[arg-type]
            [f.denominator for f, _ in arms],  # type: ignore[arg-type]
            [r.numerator for _, r in arms],  # type: ignore[arg-type]
            [r.denominator for _, r in arms],  # type: ignore[arg-type]
            higher_is_better=result.higher_is_better,
        )
        found.append(
            RuleJudgements(
                rule,
                tuple(
                    (figure.stratum, decisions.Judgement(int(one)))
                    for (figure, _), one in zip(arms, judged, strict=True)
                ),
            )
        )
    return tuple(found)


def counted_figures(result: SetResult) -> tuple[Figure, ...]:
    """The strata that a summary over groups is made of: shown, compared, with 30 people or more."""
    return tuple(f for f in result.compared if f.numbers_shown and not f.caution)


def spread_of(result: SetResult, *, seed: int) -> Spread | None:
    """How far apart the groups are; None with fewer than two that have numbers here."""
    figures = counted_figures(result)
    if len(figures) < 2:
        return None
    strata = tuple(f.stratum for f in figures)
    at = strata.index(result.reference) if result.reference in strata else None
    return Spread(
        headline=_headline(
            tuple(f.numerator for f in figures),
            tuple(f.denominator for f in figures),
            at,
            seed,
        ),
        strata=strata,
        left_out=tuple(
            f.stratum
            for f in result.compared
            if f.stratum not in strata
            and (f.denominator is None or f.denominator > 0)
            and f.state.name != "NO_DENOMINATOR"
        ),
        reference=None if at is None else strata[at],
    )


@lru_cache(maxsize=2_000)
def _headline(
    hits: tuple[int, ...], sizes: tuple[int, ...], reference: int | None, seed: int
) -> bootstrap.Headline:
    """The same counts and seed give the same numbers, so a page that is loaded again waits for none."""
    return bootstrap.headline(hits, sizes, seed=seed, reference=reference)


def site_plans(results: Sequence[SetResult], focus: StratumLabel | None) -> tuple[SitePlan, ...]:
    """What each site would need for the group in focus, in the order given; for the group itself only."""
    arms = []
    for result in results:
        figure = result.figure(focus.code) if focus is not None else None
        reference = both_arms(result, figure) if figure is not None else None
        if result.audience == Audience.OWN and figure is not None and reference is not None:
            arms.append((result, figure, reference))
    if not arms:
        return ()
    counts = (
        [f.numerator or 0 for _, f, _ in arms],
        [f.denominator or 0 for _, f, _ in arms],
        [r.numerator or 0 for _, _, r in arms],
        [r.denominator or 0 for _, _, r in arms],
    )
    better = arms[0][0].higher_is_better
    needed = parity.patients_to_part(*counts, better, part=Fraction(1))
    half = parity.patients_to_part(*counts, better)
    limits = parity.patients_to_parity_interval(*counts, better)
    return tuple(
        SitePlan(
            site=result.unit.name,
            figure=figure,
            reference=reference,
            to_parity=int(needed[i]),
            to_half=int(half[i]),
            least=int(limits.lower[i]),
            most=int(limits.upper[i]),
            detectable=detectable_points(result, figure),
        )
        for i, (result, figure, reference) in enumerate(arms)
    )


def site_figures(
    results: Sequence[SetResult], focus: StratumLabel | None
) -> list[tuple[SetResult, Figure]]:
    """Sites with somebody of the group in focus, and their rates of it; for the group itself only.

    Empty with fewer than `LEAST_SITES` of them: their spread cannot be estimated.
    """
    found = []
    for result in results:
        figure = result.figure(focus.code) if focus is not None else None
        if figure is None or result.audience != Audience.OWN or not figure.numbers_shown:
            continue
        if figure.denominator:
            found.append((result, figure))
    return found if len(found) >= LEAST_SITES else []


@lru_cache(maxsize=2_000)
def fit_sites(hits: tuple[int, ...], sizes: tuple[int, ...]) -> reliability.BetaBinomial:
    """How far sites are apart: a search for each of its numbers, which the same counts need once."""
    return reliability.fit_beta_binomial(hits, sizes)


def site_reliability(
    results: Sequence[SetResult], focus: StratumLabel | None
) -> tuple[float, float, int] | None:
    """Lowest and highest reliability of the rates of `site_figures`, 0 to 1, and the number of sites; or None."""
    found = site_figures(results, focus)
    if not found:
        return None
    hits, sizes = site_counts(found)
    told = reliability.reliability(sizes, fit_sites(hits, sizes))
    return float(told.min()), float(told.max()), len(found)


def site_counts(
    found: Sequence[tuple[SetResult, Figure]],
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Numerators and denominators of sites."""
    return tuple(f.numerator or 0 for _, f in found), tuple(f.denominator or 0 for _, f in found)


def is_possible(points: float | None) -> bool:
    """Whether there is a detectable gap at all."""
    return points is not None and not math.isnan(points)
