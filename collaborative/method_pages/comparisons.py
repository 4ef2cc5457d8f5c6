"""Tests, many comparisons, and who a group is compared with."""

from __future__ import annotations

from collections.abc import Sequence

from collaborative.method_pages.page import (
    BLACK,
    GROUPS,
    MET,
    PAIR,
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
from measures.stats.familywise import bonferroni, holm
from measures.stats.gaps import (
    benjamini_hochberg,
    benjamini_yekutieli,
    fisher_p,
    pooled_z_p,
    ratio_mover_wilson,
    two_proportion_p,
)
from measures.stats.homogeneity import boschloo_p, chi_square, homogeneity
from measures.stats.overall import against_benchmark, against_overall, ratio_to_whole
from measures.stats.rates import (
    rate,
)
from measures.stats.references import ReferenceRule, Strategy, choose


def _test() -> Sequence[str]:
    few = (6, 7, 2, 7)
    return [
        (
            f"702 of 1,100 against 15,930 of 22,500: every expected count is above 5, so p is {p_value(pooled_z_p(*PAIR))} "
            "by the z test. 6 of 7 against 2 of 7: expected counts are 4 and 3, so p is "
            f"{p_value(two_proportion_p(*few))} by Fisher's test (the z test would say {p_value(pooled_z_p(*few))}, "
            f"Boschloo's {p_value(boschloo_p(*few))}; Fisher's test as computed for all is {p_value(fisher_p(*few))})."
        ),
    ]


def _homogeneity() -> Sequence[str]:
    many = chi_square(MET, PEOPLE)
    few = homogeneity([1, 3, 0], [5, 4, 6], seed=1)
    return [
        (
            f"The five groups of the screening measure: chi-square {number(many.statistic)} with {int(many.df)} degrees "
            f"of freedom, p {p_value(many.p_value)}. For 1 of 5, 3 of 4 and 0 of 6 all tables with these totals are "
            f"counted out: p {p_value(few.p_value)}."
        ),
    ]


def _many() -> Sequence[str]:
    p = [0.001, 0.012, 0.021, 0.04, 0.3]
    return table(
        ("p-value", "q (Benjamini-Hochberg)", "q (Benjamini-Yekutieli)", "Holm", "Bonferroni"),
        [
            tuple(p_value(value) for value in row)
            for row in zip(
                p,
                benjamini_hochberg(p, 0),
                benjamini_yekutieli(p, 0),
                holm(p, 0),
                bonferroni(p, 0),
                strict=True,
            )
        ],
    )


def _overall() -> Sequence[str]:
    found = against_overall(MET, PEOPLE)
    return [
        f"Overall rate {percent(rate(MET.sum(), PEOPLE.sum()))}.",
        "",
        *table(
            ("group", "rate", "less overall, points", "95 % interval", "p"),
            [
                (
                    name,
                    percent(rate(MET[at], PEOPLE[at])),
                    points(found.gap[at]),
                    span(found.interval, points, at),
                    p_value(found.p_value[at]),
                )
                for at, name in enumerate(GROUPS)
            ],
        ),
        "",
        "Six of seven people are White, so the White rate can hardly differ from the overall one.",
    ]


def _ratio_to_overall() -> Sequence[str]:
    x_all, n_all = int(MET.sum()), int(PEOPLE.sum())
    rows = []
    for at, name in enumerate(GROUPS):
        ratio, interval = ratio_to_whole(MET[at], PEOPLE[at], x_all, n_all)
        naive = ratio_mover_wilson(MET[at], PEOPLE[at], x_all, n_all)

        def three(value: float) -> str:
            return number(value, 3)

        rows.append((name, three(float(ratio)), span(interval, three), span(naive, three)))
    alone, limits = ratio_to_whole(40, 100, 40, 400)
    return [
        *table(
            ("group", "ratio", "95 % interval", "as if two groups of people (not used)"),
            rows,
        ),
        "",
        (
            f"If 40 of a group of 100 met a measure and none of 300 others did, the ratio is {number(alone, 2)}, interval "
            f"{span(limits, number)}: it cannot be more than 1 / w = 4."
        ),
    ]


def _benchmark() -> Sequence[str]:
    found = against_benchmark(702, 1100, 0.715)
    return [
        (
            f"702 of 1,100 ({percent(rate(702, 1100))}) against a published 71.5 %: {points(found.gap)} points, "
            f"{span(found.interval, points)}, p {p_value(found.p_value)}."
        ),
    ]


def _references() -> Sequence[str]:
    rules = (
        ReferenceRule(Strategy.BEST),
        ReferenceRule(Strategy.LARGEST),
        ReferenceRule(Strategy.NAMED, stratum=WHITE, label="White"),
        ReferenceRule(Strategy.OVERALL),
        ReferenceRule(Strategy.BENCHMARK, benchmark=0.715, label="a published percentile"),
    )
    earlier = MET + [-60, 5, 9, -100, 12]
    rows = []
    for rule in rules:
        found = choose(
            rule, MET, PEOPLE, eligible=[True] * 4 + [False], earlier_x=earlier, earlier_n=PEOPLE
        )
        gap = rate(MET[BLACK], PEOPLE[BLACK]) - found.rate
        rows.append((rule.sentence, f"{int(found.n):,}", percent(found.rate), points(gap)))
    return table(("rule", "people", "rate", "gap of the Black rate, points"), rows)


PAGES = (
    MethodPage(
        "test-of-two-rates",
        "Test of two rates",
        "How often a difference at least this large would come about by chance if both groups had the same true rate.",
        (
            "z = |p1 - p2| / √(p̄q̄ (1/n1 + 1/n2)), p̄ the rate of both together;  p = 2 Φ(-z)",
            "if an expected count is below 5: Fisher, the sum over all tables with these totals at most as likely",
            "optional: Boschloo, twice the smaller one-sided p",
        ),
        (
            "Which test is used is decided by whole numbers, so rounding never changes it.",
            "A large p does not say that there is no gap. See the smallest gap that could be found.",
        ),
        (
            "Fleiss, Levin & Paik (2003), Statistical Methods for Rates and Proportions, ch. 3",
            "Boschloo (1970), Statistica Neerlandica 24:1-35",
        ),
        ("gaps.two_proportion_p", "gaps.pooled_z_p", "gaps.fisher_p", "homogeneity.boschloo_p"),
        _test,
    ),
    MethodPage(
        "homogeneity",
        "Do the groups differ at all?",
        "One p-value for all groups of a set together, beside every summary index.",
        (
            "χ² = Σ n (p - p̄)² / (p̄q̄), k - 1 degrees of freedom, if every expected count is 5 or more",
            "else Freeman-Halton: all tables with these totals at most as likely as the one seen, counted out,",
            "  or if there are more than 50,000 of them drawn: p = (1 + as extreme) / (1 + draws), with a stored seed",
        ),
        ("Groups without people are left out; with fewer than two left there is no test.",),
        ("Freeman & Halton (1951), Biometrika 38:141-149",),
        ("homogeneity.chi_square", "homogeneity.homogeneity"),
        _homogeneity,
    ),
    MethodPage(
        "many-comparisons",
        "q-values: many comparisons at once",
        "Of many comparisons some look like a gap by chance. Of all that are called gaps at q below 0.05, about "
        "5 in 100 at most are not.",
        (
            "p sorted upwards;  q(i) = min over k ≥ i of m p(k) / k, at most 1   (Benjamini-Hochberg)",
            "times 1 + 1/2 + … + 1/m, whatever the dependence                    (Benjamini-Yekutieli)",
            "max over k ≤ i of (m - k + 1) p(k), at most 1                       (Holm)",
            "m p, at most 1                                                      (Bonferroni)",
        ),
        (
            "The family is declared: comparisons of one place, period and way of grouping, over all measures.",
            "Comparisons that are hidden or not reported are left out before m is counted, and stay without q.",
            (
                "The choice is q by Benjamini-Hochberg: it is what pages and cards go by. The others stand beside it in the "
                "expert view and its file. Holm and Bonferroni hold the chance that even one difference is false."
            ),
        ),
        (
            "Benjamini & Hochberg (1995), Journal of the Royal Statistical Society B 57:289-300",
            "Benjamini & Yekutieli (2001), Annals of Statistics 29:1165-1188",
            "Holm (1979), Scandinavian Journal of Statistics 6:65-70",
            "Dunn (1961), Journal of the American Statistical Association 56:52-64 (Bonferroni)",
        ),
        (
            "gaps.benjamini_hochberg",
            "gaps.benjamini_yekutieli",
            "familywise.holm",
            "familywise.bonferroni",
        ),
        _many,
    ),
    MethodPage(
        "against-the-overall-rate",
        "A group against the overall rate",
        "The group is a part of everybody, so the two rates are not independent, and a large group cannot be far "
        "from the average.",
        (
            "w = the group's share of all people",
            "p - overall = (1 - w) (p - rate of everybody else)",
            "interval: (1 - w) times Newcombe's for the group against everybody else; p-value of the same two",
            "error: √((1-w)² pq/n + Σ over the other groups of w² pq/n)",
        ),
        ("The groups exclude each other and together are everybody.",),
        ("Own arrangement of Newcombe's interval",),
        ("overall.against_overall", "overall.against_whole"),
        _overall,
    ),
    MethodPage(
        "ratio-to-the-overall-rate",
        "Ratio of a group's rate to the overall rate",
        "The ratio where the reference is everybody. The group is in both rates, so an interval that takes them for "
        "two groups of people would be wrong: too wide for a large group, and reaching beyond what is possible.",
        (
            "w = the group's share of all people;  R = rate of the group / rate of everybody else",
            "ratio to the overall rate = R / (1 - w + w R), which grows with R",
            "interval: both MOVER-Wilson limits of R, sent through the same function;  at most 1 / w",
        ),
        (
            "The group is a part of everybody, and somebody is outside it.",
            "Where nobody outside the group met the measure the upper limit is 1 / w: everybody who did is in the group.",
            "Where nobody at all met the measure there is no ratio.",
            "Counting the good and the bad result gives different ratios of the same care: always say which.",
        ),
        (
            "Own arrangement of Donner & Zou (2012), Statistical Methods in Medical Research 21:347-359",
        ),
        ("overall.ratio_to_whole",),
        _ratio_to_overall,
    ),
    MethodPage(
        "against-a-benchmark",
        "A rate against a benchmark",
        "A published percentile is a fixed number; only the rate has chance in it.",
        (
            "p - b;  interval: the Wilson limits less b",
            "p-value: 2 Φ(-|p - b| / √(b (1 - b) / n)), below 0.05 exactly where the interval leaves out 0",
        ),
        ("The benchmark is of the same measure, year and population.",),
        ("Wilson (1927), Journal of the American Statistical Association 22:209-212",),
        ("overall.against_benchmark",),
        _benchmark,
    ),
    MethodPage(
        "reference",
        "Who a group is compared with",
        "The rule is settled for a programme before its data are seen, and printed with the reference's people "
        "and rate.",
        (
            "best: best rate among groups with 100 or more people in the period before (30 at the least)",
            "largest: most people      named: one stratum      overall: everybody      benchmark: a fixed number",
            "equally good: the larger group, then the first",
        ),
        (
            "Declined, unknown and totals are never a reference.",
            (
                "The best of several small groups is best by chance. Chosen in the same period it would look better "
                "than it is and make gaps of nothing; so it is chosen a period earlier."
            ),
            "A place that is equally bad for all has no gap. Show the level, or a benchmark, beside it.",
        ),
        ("AHRQ, National Healthcare Disparities Report 2010, chapter 1 (largest or best group)",),
        ("references.ReferenceRule", "references.choose"),
        _references,
    ),
)
