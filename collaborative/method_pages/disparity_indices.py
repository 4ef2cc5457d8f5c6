"""Indices of how far several groups are apart."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from collaborative.method_pages.page import (
    GROUPS,
    MET,
    PEOPLE,
    WHITE,
    MethodPage,
    number,
    p_value,
    percent,
    points,
    span,
    table,
)
from measures.stats.bootstrap import bootstrap_interval, headline
from measures.stats.homogeneity import homogeneity
from measures.stats.indices import (
    Estimate,
    between_group_sd,
    between_group_sd_corrected,
    coefficient_of_variation,
    index_of_disparity,
    index_of_disparity_from_reference,
    mean_difference_from_best,
    mean_difference_from_mean,
    mean_difference_from_reference,
    mean_log_deviation,
    population_attributable_fraction,
    population_attributable_risk,
    range_difference,
    range_ratio,
    signed_difference_from_reference,
    theil,
    worst_difference,
)
from measures.stats.rates import rate

_UP = {"higher_is_better": True}
_INDEPENDENT = "Groups exclude each other; weights are shares of people and count as fixed."
_LEFT_OUT = "Groups without people are left out; with fewer than two left there is no index."
_WHO = "Compared in the tests with WHO's healthequal 1.0.1"


def _groups() -> str:
    return ", ".join(
        f"{name} {percent(p)} of {n:,}"
        for name, p, n in zip(GROUPS, rate(MET, PEOPLE), PEOPLE, strict=True)
    )


def _spread() -> Sequence[str]:
    equal = ([350, 70, 35, 14], [500, 100, 50, 20])
    close = ([355, 62, 38, 11], [500, 100, 50, 20])
    return [
        f"{_groups()}.",
        "",
        *table(
            ("groups", "BGSD, points", "corrected", "95 % interval of the corrected", "p"),
            [
                (
                    name,
                    points(between_group_sd(x, n).value, 2),
                    points(between_group_sd_corrected(x, n).value, 2),
                    span(
                        bootstrap_interval(between_group_sd_corrected, x, n, seed=1),
                        lambda v: points(v, 2),
                    ),
                    p_value(homogeneity(x, n, seed=1).p_value),
                )
                for name, x, n in (
                    ("the five of the screening measure", MET, PEOPLE),
                    ("four whose rates are all 70 %", *equal),
                    ("four with 71, 62, 76 and 55 % of 500, 100, 50 and 20", *close),
                )
            ],
        ),
        "",
        "The last four look far apart; as few people as these are that far apart by chance quite often.",
    ]


def _headline() -> Sequence[str]:
    found = headline(MET, PEOPLE, seed=1, reference=WHITE)
    difference = found.difference
    assert difference is not None
    return [
        (
            f"Spread {points(found.spread)} points ({span(found.spread_interval, points)}); p of no difference at all "
            f"{p_value(found.homogeneity.p_value)} ({found.homogeneity.method}). Everybody together is "
            f"{points(difference.value)} points from the White rate, with a standard error of "
            f"{points(difference.error, 2)}. Drawn {found.draws:,} times with seed {found.seed}."
        ),
    ]


def _bootstrap() -> Sequence[str]:
    index = partial(mean_difference_from_best, weighted=False, higher_is_better=True)
    x, n = [70, 10, 13], [100, 14, 19]
    return [
        (
            f"Rates of 70 % of 100, 71 % of 14 and 68 % of 19: the mean distance from the best is "
            f"{points(index(x, n).value, 2)} points. Nearly all simulated sets of groups with these rates are further "
            f"apart, by chance alone, so the interval lies below: {span(bootstrap_interval(index, x, n, seed=1), lambda v: points(v, 2))}. "
            "That is what the bias-correction is for."
        ),
    ]


def _distances() -> Sequence[str]:
    def from_best(*, weighted: bool) -> Estimate:
        return mean_difference_from_best(MET, PEOPLE, higher_is_better=True, weighted=weighted)

    rows: dict[str, Callable[..., Estimate]] = {
        "from the overall rate (MDM)": partial(mean_difference_from_mean, MET, PEOPLE),
        "from the best (MDB)": from_best,
        "from White (MDR)": partial(mean_difference_from_reference, MET, PEOPLE, WHITE),
        "from White, signed": partial(signed_difference_from_reference, MET, PEOPLE, WHITE),
    }
    return table(
        ("mean distance, points", "every group once", "every person once"),
        [
            (name, points(index(weighted=False).value, 2), points(index(weighted=True).value, 2))
            for name, index in rows.items()
        ],
    )


def _disparity() -> Sequence[str]:
    return [
        (
            f"Around the overall rate: {percent(index_of_disparity(MET, PEOPLE, weighted=False).value, 2)} with every group "
            f"counted once, {percent(index_of_disparity(MET, PEOPLE, weighted=True).value, 2)} with every person. Against White, "
            f"over the four others: {percent(index_of_disparity_from_reference(MET, PEOPLE, WHITE).value, 2)}."
        ),
    ]


def _entropy() -> Sequence[str]:
    rows = [
        ("Theil", theil(MET, PEOPLE)),
        ("mean log deviation", mean_log_deviation(MET, PEOPLE)),
    ]
    return [
        *table(
            ("index, times 1,000", "value", "standard error"),
            [(name, number(1000 * v, 4), number(1000 * e, 4)) for name, (v, e) in rows],
        ),
        "",
        (
            f"Coefficient of variation {number(coefficient_of_variation(MET, PEOPLE).value, 4)}. Counted as people without the "
            f"screening, the same gaps give {number(coefficient_of_variation(PEOPLE - MET, PEOPLE).value, 4)}."
        ),
    ]


def _attributable() -> Sequence[str]:
    risk = population_attributable_risk(MET, PEOPLE, **_UP)
    fraction = population_attributable_fraction(MET, PEOPLE, **_UP)
    return [
        (
            f"If all groups had the White rate, the best here, the overall rate would be {points(risk.value, 2)} points higher "
            f"(standard error {points(risk.error, 2)}), which is {percent(fraction.value, 2)} of it "
            f"(standard error {percent(fraction.error, 2)})."
        ),
    ]


def _range() -> Sequence[str]:
    difference, ratio = range_difference(MET, PEOPLE), range_ratio(MET, PEOPLE)
    worst = worst_difference(MET, PEOPLE, WHITE, **_UP)
    return [
        (
            f"Highest less lowest: {points(difference.value)} points (standard error {points(difference.error, 2)}); the one by the "
            f"other: {number(ratio.value, 3)}. The largest gap to White: {points(worst.value)} points."
        ),
    ]


PAGES = (
    MethodPage(
        "between-group-spread",
        "Between-group standard deviation",
        "How far the group of a typical person lies from the overall rate, in percentage points. One of the two "
        "headline indices. Groups differ by chance too, so that part is taken off.",
        (
            "BGV = Σ w (p - μ)²,  w = n / Σn,  μ = Σx / Σn;   BGSD = √BGV",
            "corrected: BGV - Σ w (1 - w) pq/n, at least 0, then the root",
            "standard error of BGV: √(4 Σ w²v(p-μ)² + 2 [(Σ w²v)² - Σ w⁴v² + Σ w²(1-w)²v²]),  v = pq/n",
        ),
        (
            _INDEPENDENT,
            _LEFT_OUT,
            "It has no direction: a group that does better counts as much as one that does worse.",
            "The formula for the error is poor near 0; the interval is the bootstrap's.",
        ),
        (
            "Ahn et al. (2018), Statistical Methods in Medical Research 27:3653 (standard error)",
            _WHO,
        ),
        (
            "indices.between_group_variance",
            "indices.between_group_sd",
            "indices.between_group_sd_corrected",
        ),
        _spread,
    ),
    MethodPage(
        "headline",
        "The headline of a set of groups",
        "One number for how far the groups are apart, its interval, the test of no difference at all, and where "
        "everybody together stands against the reference.",
        (
            "spread: bias-corrected BGSD with its bootstrap interval",
            "difference: Σ w (p - p_ref) = μ - p_ref, error √(Σ over others of w²v + (1 - w_ref)² v_ref)",
        ),
        (
            "The seed is stored with the result; the same counts and seed give the same limits.",
            "A spread of a few points with a large p is what chance makes of small groups.",
        ),
        ("See the pages on the between-group standard deviation, the bootstrap and homogeneity",),
        ("bootstrap.headline",),
        _headline,
    ),
    MethodPage(
        "bootstrap",
        "Intervals of summary indices",
        "Indices have awkward distributions: they cannot be below 0 and are larger than the truth by chance. So "
        "their intervals are simulated.",
        (
            "x* ~ Bin(n, x/n) for every group, 2,000 times, with a stored seed; the index of every draw,",
            "  a best group picked again each time",
            "z0 = Φ⁻¹(share of draws below the estimate, ties by half)",
            "limits: quantiles Φ(2 z0 - z) and Φ(2 z0 + z) of the draws, cut off at 0, widened to hold the estimate",
        ),
        (
            "A group at 0 or 100 percent stays there in every draw: with such groups the interval is too narrow.",
            (
                "In simulations of four and five groups the 95 % interval of the corrected spread held the truth in 86 "
                "(groups of 60 to 200 people) to 100 (no disparity) of 100 cases."
            ),
        ),
        ("Efron & Tibshirani (1993), An Introduction to the Bootstrap, ch. 14",),
        ("bootstrap.bootstrap_interval",),
        _bootstrap,
    ),
    MethodPage(
        "mean-distances",
        "Mean distance from the overall rate, the best or a reference",
        "How many points groups lie from something on average, every group or every person counted once.",
        (
            "MDM = mean of |p - μ|      MDB = mean of |p - p_best|      MDR = mean of |p - p_ref|",
            "signed: mean of p - p_ref; over people it is μ - p_ref",
            "every group once: 1/k each, the best or the reference with its 0 among them; every person once: w",
        ),
        (
            _INDEPENDENT,
            _LEFT_OUT,
            "|…| hides who does better than the reference: look at the signed one too.",
            "With small groups the distance from the best is several points without any disparity.",
        ),
        (_WHO,),
        (
            "indices.mean_difference_from_mean",
            "indices.mean_difference_from_best",
            "indices.mean_difference_from_reference",
            "indices.signed_difference_from_reference",
        ),
        _distances,
    ),
    MethodPage(
        "index-of-disparity",
        "Index of disparity, in both forms",
        "The mean distance as a part of the rate it is measured from. Two different indices go by this name.",
        (
            "around the overall rate: mean of |p - μ| / μ",
            "against a reference (Pearcy and Keppel): Σ |p - p_ref| / ((k - 1) p_ref), over the k - 1 others",
        ),
        (
            "Relative: counting the good and the bad result gives different numbers. Say which.",
            "None where the overall rate, or the reference's, is 0.",
        ),
        ("Pearcy & Keppel (2002), Public Health Reports 117:273-280", _WHO),
        ("indices.index_of_disparity", "indices.index_of_disparity_from_reference"),
        _disparity,
    ),
    MethodPage(
        "theil-and-others",
        "Theil index, mean log deviation, coefficient of variation",
        "Relative indices known from incomes. In the expert export only: they move with the level of the rate even "
        "if no gap does.",
        (
            "r = p / μ;   T = Σ w r ln r;   MLD = -Σ w ln r;   CoV = BGSD / μ",
            "error of T: √Σ [(1 + ln r - Σ w r (1 + ln r)) w √v / μ]²;   of MLD: √Σ [(1 - 1/r) w √v / μ]²",
        ),
        (
            "Often printed times 1,000; then the error is too.",
            "A group at 0 adds 0 to T, its limit. MLD does not exist then, and is not replaced by a made-up number.",
        ),
        (_WHO + " (its errors of T and MLD, 1,000 times too small there, apart)",),
        (
            "indices.theil",
            "indices.mean_log_deviation",
            "indices.coefficient_of_variation",
        ),
        _entropy,
    ),
    MethodPage(
        "population-attributable-risk",
        "Population attributable risk and fraction",
        "By how much the overall rate would change if every group had the rate of the best.",
        (
            "PAR = p_best - μ;   PAF = PAR / μ",
            "with c = x_best, d = n_best - c, a = Σx - c, b the other people without the result, N all people:",
            "  error of PAF = √(c N (a d (N - c) + b c²) / ((a + c)³ (c + d)³));   of PAR: μ times that",
        ),
        (
            _INDEPENDENT,
            "The best is picked among these very groups, so PAR is too large by chance.",
            "Where lower is better PAR is 0 or below.",
        ),
        ("Walter (1978), American Journal of Epidemiology 108:1-10", _WHO),
        ("indices.population_attributable_risk", "indices.population_attributable_fraction"),
        _attributable,
    ),
    MethodPage(
        "range",
        "Highest against lowest, and the largest gap",
        "The two groups furthest apart, or the group furthest behind the reference.",
        (
            "difference: p_high - p_low, error √(v_high + v_low)",
            "ratio: p_high / p_low, error of its logarithm √(v_high/p_high² + v_low/p_low²)",
            "largest gap: p_worst - p_ref; equally bad groups: the larger one",
        ),
        (
            "The more groups and the smaller, the further apart the extremes are by chance.",
            "The ratio is infinite where the lowest rate is 0.",
        ),
        (_WHO,),
        (
            "indices.range_difference",
            "indices.range_ratio",
            "indices.worst_difference",
            "indices.worst_ratio",
        ),
        _range,
    ),
)
