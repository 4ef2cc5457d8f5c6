"""Rates, gaps and ratios."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from collaborative.method_pages.page import (
    PAIR,
    MethodPage,
    number,
    p_value,
    percent,
    points,
    span,
    table,
)
from measures.stats.clusters import clustered_rate
from measures.stats.gaps import (
    absolute_gap,
    agresti_caffo,
    katz,
    newcombe,
    rate_ratio,
    ratio_mover_wilson,
    shortfall_points,
)
from measures.stats.odds import OddsRatio, haldane, mantel_haenszel, odds_mover_wilson, woolf
from measures.stats.rates import (
    agresti_coull,
    clopper_pearson,
    jeffreys,
    korn_graubard,
    rate,
    wilson,
    wilson_effective,
)
from measures.stats.scores import koopman, mee, miettinen_nurminen


def _rate() -> Sequence[str]:
    rows = [(6, 7), (0, 11), (11, 11), (702, 1100)]
    return table(
        ("people who met it, of all", "rate", "95 % interval"),
        [(f"{x} of {n}", percent(rate(x, n)), span(wilson(x, n), percent)) for x, n in rows],
    )


def _other_rates() -> Sequence[str]:
    intervals = {
        "Wilson": wilson,
        "Clopper-Pearson": clopper_pearson,
        "Jeffreys": jeffreys,
        "Agresti-Coull": agresti_coull,
    }
    return table(
        ("interval", "0 of 11", "8 of 11", "702 of 1,100"),
        [
            (name, *(span(found(x, n), percent) for x, n in ((0, 11), (8, 11), (702, 1100))))
            for name, found in intervals.items()
        ],
    )


def _weighted() -> Sequence[str]:
    p, n, plain = 0.64, 240, 0.64 * 0.36 / 240
    return [
        (
            f"Of 240 people in 24 sites, {percent(p)} met a measure. As a simple sample the interval is "
            f"{span(korn_graubard(p, plain, n, n - 1), percent)}. If people of one site resemble each other so "
            "that the variance is twice as large, with 23 degrees of freedom, it is "
            f"{span(korn_graubard(p, 2 * plain, n, 23), percent)}. With probabilities of race as weights, worth "
            f"90 people, the Wilson interval is {span(wilson_effective(p, 90), percent)}."
        ),
    ]


def _repeated() -> Sequence[str]:
    met = np.repeat(np.arange(60) < 42, 3)
    met[::7] = ~met[::7]
    found = clustered_rate(met, np.repeat(np.arange(60), 3))
    return [
        (
            f"60 persons with three visits each: {percent(found.rate)} of {found.rows} visits. Counted as independent the interval is "
            f"{span(wilson(int(met.sum()), met.size), percent)}, by persons {span(found.interval, percent)}."
        )
    ]


def _gap() -> Sequence[str]:
    gap = absolute_gap(*PAIR)
    return [
        (
            f"{percent(rate(*PAIR[:2]))} of {PAIR[1]:,} Black and {percent(rate(*PAIR[2:]))} of {PAIR[3]:,} White "
            f"members had the screening. The gap is {points(gap)} points, 95 % interval "
            f"{span(newcombe(*PAIR), points)}. Higher is better here, so the shortfall is "
            f"{number(shortfall_points(gap, True), 1)} points: worse care. Counted as people without the "
            f"screening, where lower is better, the gap is {points(-gap)} and the shortfall the same."
        ),
        "",
        (
            f"With 10 of 10 against 0 of 20 the interval is {span(newcombe(10, 10, 0, 20), points)} points; "
            f"with 0 of 10 against 0 of 20 it is {span(newcombe(0, 10, 0, 20), points)}: no gap was seen, and "
            "a large one is not ruled out."
        ),
    ]


def _other_gaps() -> Sequence[str]:
    intervals = {
        "Newcombe (shown)": newcombe,
        "Mee": mee,
        "Miettinen-Nurminen": miettinen_nurminen,
        "Agresti-Caffo": agresti_caffo,
    }
    return table(
        ("interval, in points", "702 of 1,100 and 15,930 of 22,500", "6 of 7 and 2 of 7"),
        [
            (name, span(found(*PAIR), points), span(found(6, 7, 2, 7), points))
            for name, found in intervals.items()
        ],
    )


def _ratio() -> Sequence[str]:
    misses = (398, 1100, 6570, 22500)
    return [
        (
            f"The Black rate is {number(rate_ratio(*PAIR), 3)} times the White rate, interval "
            f"{span(ratio_mover_wilson(*PAIR), lambda v: number(v, 3))}. Counted as people without the screening it "
            f"is {number(rate_ratio(*misses), 3)} times, {span(ratio_mover_wilson(*misses), lambda v: number(v, 3))}: "
            "the same care looks much worse. That is why the gap comes first."
        ),
        "",
        *table(
            ("interval", "702 of 1,100 and 15,930 of 22,500", "30 of 30 and 29 of 30"),
            [
                (
                    name,
                    *(
                        span(found(*arms), lambda v: number(v, 3))
                        for arms in (PAIR, (30, 30, 29, 30))
                    ),
                )
                for name, found in (
                    ("MOVER-Wilson (shown)", ratio_mover_wilson),
                    ("Koopman", koopman),
                    ("Katz", katz),
                )
            ],
        ),
    ]


def _odds() -> Sequence[str]:
    layers = mantel_haenszel([120, 90, 30], [200, 200, 75], [700, 480, 220], [1000, 900, 450])
    cases = {"702 of 1,100, 15,930 of 22,500": PAIR, "0 of 10, 5 of 10": (0, 10, 5, 10)}
    intervals = {
        "MOVER-Wilson (shown)": odds_mover_wilson,
        "Woolf": woolf,
        "Haldane": haldane,
    }

    def three(value: float) -> str:
        return number(value, 3)

    def told(found: OddsRatio) -> str:
        if np.isnan(found.value):
            return "none"
        return f"{three(float(found.value))}, {span(found.interval, three)}"

    return [
        (
            "Odds of screening, Black against White, and of two small groups. The rates of the first themselves differ by "
            f"a factor of {number(rate_ratio(*PAIR), 3)} only."
        ),
        "",
        *table(
            ("odds ratio with its interval", *cases),
            [
                (name, *(told(method(*arms)) for arms in cases.values()))
                for name, method in intervals.items()
            ],
        ),
        "",
        (
            "Three age bands together (120 of 200 against 700 of 1,000; 90 of 200 against 480 of 900; 30 of 75 "
            f"against 220 of 450): {number(layers.odds_ratio, 3)}, {span(layers.interval, lambda v: number(v, 3))}, "
            f"p {p_value(layers.p_value)}; that it is the same in all bands is not contradicted "
            f"(p {p_value(layers.p_equal)})."
        ),
    ]


PAGES = (
    MethodPage(
        "rate",
        "Rate and its Wilson interval",
        "The share of people for whom a measure was met, with a range that holds the true share in "
        "95 of 100 cases. Every rate on every page has it.",
        (
            "p = x / n",
            "(p + z²/2n ± z √(pq/n + z²/4n²)) / (1 + z²/n),   q = 1 - p,  z = 1.959964 for 95 %",
            "lower limit exactly 0 at x = 0, upper limit exactly 1 at x = n; no rate at n = 0",
        ),
        (
            "People are independent of each other. Where one person has several rows (events), the interval is too narrow.",
            "Nobody in the denominator is no rate. Nobody with the result is 0 percent, and its interval has a width.",
            "Below 30 people the rate is computed and not reported.",
        ),
        ("Wilson (1927), Journal of the American Statistical Association 22:209-212",),
        ("rates.rate", "rates.wilson"),
        _rate,
    ),
    MethodPage(
        "other-intervals-of-a-rate",
        "Other intervals of a rate",
        "Clopper-Pearson never covers less than it says and is used by reliability rules. Jeffreys and "
        "Agresti-Coull are there to compare with. The textbook p ± z √(pq/n) is not: it has no width at 0 and "
        "100 percent.",
        (
            "Clopper-Pearson: Beta(α/2; x, n-x+1) to Beta(1-α/2; x+1, n-x)",
            "Jeffreys: quantiles α/2 and 1-α/2 of Beta(x+½, n-x+½)",
            "Agresti-Coull: p̃ ± z √(p̃q̃/ñ),  ñ = n + z²,  p̃ = (x + z²/2) / ñ, cut off at 0 and 1",
        ),
        ("As for the Wilson interval: people are independent.",),
        (
            "Clopper & Pearson (1934), Biometrika 26:404-413",
            "Brown, Cai & DasGupta (2001), Statistical Science 16:101-133",
            "Agresti & Coull (1998), The American Statistician 52:119-126",
        ),
        ("rates.clopper_pearson", "rates.jeffreys", "rates.agresti_coull"),
        _other_rates,
    ),
    MethodPage(
        "weighted-rates",
        "Rates from weighted or clustered data",
        "People who resemble each other, or who count in part, say less than as many independent ones. The "
        "interval is that of the number of independent people that they are worth.",
        (
            "Korn-Graubard: n* = pq / variance · (t(n-1) / t(df))², at most n;  x* = p n*;  Clopper-Pearson of x*, n*",
            "effective number: n* = (Σ weights)² / Σ weights²;  Wilson of p and n*",
        ),
        (
            "The variance must come from the design: clusters and weights in it.",
            "At 0 and 100 percent the variance is 0 and says nothing; all n people are counted then.",
        ),
        ("Korn & Graubard (1998), Survey Methodology 24:193-201",),
        ("rates.korn_graubard", "rates.wilson_effective", "rates.clopper_pearson_effective"),
        _weighted,
    ),
    MethodPage(
        "repeated-rows",
        "Several rows of one person",
        "Measures of events count a person as often as something happened, and most people of a panel are there again "
        "next year. Persons are independent, rows are not, so persons are counted.",
        (
            "deviation of a person = Σ over its rows of (met - p) / rows",
            "variance = m / (m - 1) · Σ over m persons of deviation²;  interval: Korn-Graubard with m - 1 degrees of freedom",
            "change of a gap: deviations of the four cells with the sign of the cell, summed by person;  Δ ± z error",
        ),
        (
            (
                "It needs rows of people, and counts are not enough: it stands in the expert view of a group that has a file "
                "of members."
            ),
            "Without rows of people the change of a gap takes both periods for different people and is less sure than it could be.",
        ),
        (
            "Korn & Graubard (1998), Survey Methodology 24:193-201; linearisation as in survey statistics",
        ),
        ("clusters.clustered_rate", "clusters.paired_gap_change"),
        _repeated,
    ),
    MethodPage(
        "gap",
        "Gap and its Newcombe interval",
        "How many percentage points a group's rate lies above or below that of its reference. The headline of "
        "every comparison.",
        (
            "d = p_group - p_reference",
            "d - √((p1-l1)² + (u2-p2)²)  to  d + √((u1-p1)² + (p2-l2)²)   with the Wilson limits l, u of both rates",
            "shortfall = d where higher is better, -d where lower is better; below 0 is worse care",
        ),
        (
            "The two groups have no person in common. For a group against the overall rate see that page.",
            "The reference was named before the data were seen.",
            "The p-value comes from a test of its own and can disagree with the interval right at the border.",
        ),
        ("Newcombe (1998), Statistics in Medicine 17:873-890, method 10",),
        ("gaps.absolute_gap", "gaps.newcombe", "gaps.shortfall"),
        _gap,
    ),
    MethodPage(
        "other-intervals-of-a-gap",
        "Other intervals of a gap",
        "For those who want to check Newcombe's: two that invert the score test, and one that adds four people.",
        (
            "Mee: all d with |d̂ - d| ≤ z √(p̃1q̃1/n1 + p̃2q̃2/n2), p̃ the likeliest rates with p̃1 - p̃2 = d",
            "Miettinen-Nurminen: the same with the variance times N / (N - 1)",
            "Agresti-Caffo: one success and one failure added to each group, then d̃ ± z √(p̃1q̃1/ñ1 + p̃2q̃2/ñ2)",
        ),
        ("Agresti-Caffo can pass 100 points; it is not cut off, and it is never shown.",),
        (
            "Mee (1984), Biometrics 40:1175-1176",
            "Miettinen & Nurminen (1985), Statistics in Medicine 4:213-226",
            "Agresti & Caffo (2000), The American Statistician 54:280-288",
        ),
        ("scores.mee", "scores.miettinen_nurminen", "gaps.agresti_caffo"),
        _other_gaps,
    ),
    MethodPage(
        "ratio",
        "Ratio of two rates",
        "A group's rate divided by its reference's. Secondary, because it depends on what is counted.",
        (
            "RR = p1 / p2",
            "MOVER-Wilson: from the Wilson limits l, u of both rates",
            "  lower = [p1p2 - √((p1p2)² - l1(2p1-l1) u2(2p2-u2))] / [u2(2p2-u2)]",
            "  upper = [p1p2 + √((p1p2)² - u1(2p1-u1) l2(2p2-l2))] / [l2(2p2-l2)]",
            "Koopman: all ratios that the score test does not reject",
            "Katz: exp(ln RR ± z √(1/x1 - 1/n1 + 1/x2 - 1/n2)); none at a numerator of 0",
        ),
        (
            "Where nobody in the reference met the measure there is no upper limit.",
            "Counting the good and the bad result gives different ratios of the same care: always say which.",
        ),
        (
            "Donner & Zou (2012), Statistical Methods in Medical Research 21:347-359",
            "Koopman (1984), Biometrics 40:513-517",
            "Katz, Baptista, Azen & Pike (1978), Biometrics 34:469-474",
        ),
        ("gaps.rate_ratio", "gaps.ratio_mover_wilson", "scores.koopman", "gaps.katz"),
        _ratio,
    ),
    MethodPage(
        "odds-ratio",
        "Odds ratio, also over layers",
        "The odds of the good result in a group divided by those in its reference, if wanted within layers of age "
        'or site. In the expert view only, and never called "times as likely".',
        (
            "OR = x1 (n2 - x2) / ((n1 - x1) x2);  Woolf: exp(ln OR ± z √Σ 1/cell)",
            "MOVER-Wilson (shown): as for the ratio of rates, with the odds p/q and those of the Wilson limits, l/(1-l), u/(1-u)",
            "Haldane: ½ added to all four cells, only if one of them is 0",
            "Mantel-Haenszel: Σ x1(n2-x2)/N / Σ (n1-x1)x2/N over layers; interval of Robins, Breslow and Greenland;",
            "  test without continuity correction; equality over layers by Breslow and Day",
        ),
        (
            "With common results, and most measures are, the odds ratio is further from 1 than the ratio of rates.",
            (
                "MOVER needs no ½: with one group at 0 or 100 percent one limit is 0 or infinite. At 100 percent the odds of "
                "the bad result are taken, with the groups changed. With both groups at an end it says nothing: 0 to infinity."
            ),
            "Layers in which one group has nobody say nothing and are left out.",
        ),
        (
            "Woolf (1955), Annals of Human Genetics 19:251-253; Haldane (1956), the same 20:309-311",
            "Donner & Zou (2012), Statistical Methods in Medical Research 21:347-359",
            "Mantel & Haenszel (1959), JNCI 22:719-748; Robins, Breslow & Greenland (1986), Biometrics 42:311-323",
        ),
        ("odds.odds_mover_wilson", "odds.woolf", "odds.haldane", "odds.mantel_haenszel"),
        _odds,
    ),
)
