"""Change, effect, plans, and what small groups can show."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

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
from measures.stats.change import Movement, Pace, Verdict, gap_change, run_rate
from measures.stats.decomposition import decompose
from measures.stats.differences import (
    difference_in_differences,
    pre_trend,
    randomisation_test,
    triple_difference,
)
from measures.stats.funnel import Position, rate_funnel
from measures.stats.gaps import patients_to_parity
from measures.stats.parity import (
    patients_to_benchmark,
    patients_to_parity_interval,
    patients_to_part,
)
from measures.stats.power import detectable_gap, power_of_gap
from measures.stats.rates import rate
from measures.stats.reliability import (
    fit_beta_binomial,
    reliability,
    shrunken_interval,
    shrunken_rate,
)
from measures.stats.standardisation import directly_standardised

_UNIT_PEOPLE = np.array([1200, 640, 410, 350, 300, 260, 220, 180, 150, 120, 90, 45])
_UNIT_MET = np.array([858, 421, 301, 228, 222, 171, 161, 104, 111, 75, 71, 24])

_CHANGES = {
    "both better": (500, 1000, 700, 1000, 620, 1000, 720, 1000),
    "levelled down": (500, 1000, 700, 1000, 500, 1000, 560, 1000),
    "unclear": (600, 1000, 700, 1000, 615, 1000, 705, 1000),
    "turned round": (660, 1000, 700, 1000, 840, 1000, 700, 1000),
}


def _words(value: object) -> str:
    return str(value).lower().replace("_", " ")


def _change() -> Sequence[str]:
    rows = []
    for name, arms in _CHANGES.items():
        found = gap_change(*arms, higher_is_better=True)
        rows.append(
            (
                name,
                f"{points(found.before)} → {points(found.after)}",
                points(found.change),
                span(found.interval, points),
                _words(Verdict(int(found.verdict)).name),
                _words(Movement(int(found.movement)).name),
            )
        )
    return table(
        ("of 1,000 each", "gap, points", "change", "95 % interval", "verdict", "who moved"), rows
    )


def _pace() -> Sequence[str]:
    rows = []
    for name, arms in _CHANGES.items():
        found = run_rate(gap_change(*arms, higher_is_better=True), higher_is_better=True)
        on_track = found.pace == Pace.ON_TRACK
        rows.append(
            (
                name,
                _words(Pace(int(found.pace)).name),
                number(found.years, 1) if on_track else "",
                span(found.interval, lambda v: number(v, 1)) if on_track else "",
            )
        )
    return table(("as on the page of the change", "pace", "years to close", "95 % interval"), rows)


def _differences() -> Sequence[str]:
    group = difference_in_differences(100, 200, 130, 200, 150, 300, 156, 300)
    reference = difference_in_differences(420, 600, 432, 600, 630, 900, 639, 900)
    triple = triple_difference(group, reference)
    change = [0.12, 0.09, 0.14, 0.05, 0.01, 0.04, -0.02, 0.03, 0.06, 0.0]
    sites = np.arange(10) < 3
    test = randomisation_test(change, sites, seed=1)
    before = np.array(
        [[60, 61, 61], [58, 58, 60], [63, 62, 64], *[[62, 62, 63]] * 4, *[[59, 60, 60]] * 3]
    )
    trend = pre_trend(before / 100, sites, seed=1)
    few = randomisation_test(change[:4], [True, False, False, False], seed=1)
    return [
        (
            "In intervention sites the group went from 50 to 65 % of 200, in comparison sites from 50 to 52 % of 300: "
            f"{points(group.value)} points more, {span(group.interval, points)}. The reference went from 70 to 72 % and "
            f"from 70 to 71 %; taken off, {points(triple.value)} points remain, {span(triple.interval, points)}."
        ),
        "",
        (
            f"Site by site, 3 of 10 sites with the intervention: {points(test.value)} points, p {p_value(test.p_value)} over "
            f"{test.assignments} assignments (no p could be below {p_value(test.least_p)}), "
            f"{span(test.interval, points)}. Before, the arms moved apart by {points(trend.value, 2)} points a "
            f"period, p {p_value(trend.p_value)}. With one site of four, p cannot be below {p_value(few.least_p)}: "
            "nothing can be shown."
        ),
    ]


def _parity() -> Sequence[str]:
    rows = [
        ("to the reference's rate", patients_to_parity(*PAIR, True)),
        ("half way", patients_to_part(*PAIR, True)),
        ("to 71.5 %", patients_to_benchmark(*PAIR[:2], Fraction("0.715"), True)),
    ]
    return [
        *table(
            ("702 of 1,100, reference 15,930 of 22,500", "people"),
            [(a, f"{b:.0f}") for a, b in rows],
        ),
        "",
        (
            f"The limits of the gap stand for {span(patients_to_parity_interval(*PAIR, True), lambda v: f'{v:.0f}')} people. "
            "Where lower is better it is the number who should not have the result: 60 of 100 against 300 of 1,000 is "
            f"{patients_to_parity(60, 100, 300, 1000, False):.0f}."
        ),
    ]


def _power() -> Sequence[str]:
    sizes = (30, 100, 300, 1000)
    found = detectable_gap(sizes, [10 * n for n in sizes], 0.7, higher_is_better=True)
    return [
        *table(
            (
                "people of the group, ten times as many in the reference at 70 %",
                "smallest gap, points",
            ),
            [(n, points(gap)) for n, gap in zip(sizes, found, strict=True)],
        ),
        "",
        (
            f"A true gap of 5 points with 100 and 1,000 people would be found {percent(power_of_gap(100, 1000, 0.65, 0.7), 0)} "
            "of the time."
        ),
    ]


def _decomposition() -> Sequence[str]:
    arms = ([120, 200, 30], [200, 400, 50], [700, 260, 640], [1000, 500, 900])
    found = decompose(*arms)
    return [
        (
            f"Three provider groups: the programme's gap is {points(found.total)} points, of which {points(found.within)} arise "
            f"within provider groups and {points(found.between)} from who is served where."
        ),
        "",
        *table(
            ("provider group", "rates", "shares", "within, points"),
            [
                (
                    at + 1,
                    f"{percent(rate(a, m), 0)} and {percent(rate(c, n), 0)}",
                    f"{percent(m / sum(arms[1]), 0)} and {percent(n / sum(arms[3]), 0)}",
                    points(found.within_of_unit[at]),
                )
                for at, (a, m, c, n) in enumerate(zip(*arms, strict=True))
            ],
        ),
    ]


def _reliability() -> Sequence[str]:
    fit = fit_beta_binomial(_UNIT_MET, _UNIT_PEOPLE)
    return [
        (
            f"Twelve provider groups with 45 to 1,200 people: mean {percent(fit.mean)}, true rates with a standard deviation "
            f"of {points(np.sqrt(fit.variance))} points, which could be anything from {points(np.sqrt(fit.variance_lower))} to "
            f"{points(np.sqrt(fit.variance_upper))}. The mean counts for as much as {number(fit.strength, 0)} people."
        ),
        "",
        *table(
            ("people", "rate", "reliability", "shrunken rate", "range"),
            [
                (
                    f"{n:,}",
                    percent(rate(x, n)),
                    number(reliability(n, fit)),
                    percent(shrunken_rate(x, n, fit)),
                    span(shrunken_interval(x, n, fit), percent),
                )
                for x, n in zip(
                    _UNIT_MET[[0, 4, 10, 11]], _UNIT_PEOPLE[[0, 4, 10, 11]], strict=True
                )
            ],
        ),
    ]


def _funnel() -> Sequence[str]:
    found = rate_funnel(_UNIT_MET, _UNIT_PEOPLE)
    return [
        f"The twelve of the page on reliability: centre {percent(found.centre)}, φ = {number(found.dispersion)}.",
        "",
        *table(
            ("people", "rate", "95 % limits", "99.8 % limits", "place"),
            [
                (
                    f"{_UNIT_PEOPLE[at]:,}",
                    percent(found.value[at]),
                    span(found.warning, percent, at),
                    span(found.control, percent, at),
                    _words(Position(int(found.position[at])).name),
                )
                for at in (0, 4, 7, 10, 11)
            ],
        ),
    ]


def _standard() -> Sequence[str]:
    x, n, programme = [90, 120, 45], [150, 160, 50], [3000, 4000, 5000]
    found = directly_standardised(x, n, programme)
    return [
        (
            f"A group with rates of 60, 75 and 90 % in three age bands and many young people: {percent(rate(sum(x), sum(n)))} as it is, "
            f"{percent(found.rate)} ({span(found.interval, percent)}) with the ages of the whole programme."
        ),
    ]


PAGES = (
    MethodPage(
        "change-of-a-gap",
        "Change of a gap",
        "Whether a gap narrowed between two periods, and how: because the group's care got better, or because the "
        "reference's got worse.",
        (
            "Δ = gap later - gap earlier",
            "Δ - √((d1-L1)² + (U0-d0)²)  to  Δ + √((U1-d1)² + (d0-L0)²)   with the Newcombe limits L, U of both gaps",
            "narrowed / widened: the interval leaves out 0, and |gap| is smaller / not smaller than before",
            "who moved: both better, only the group, only the reference, neither",
        ),
        (
            (
                "The people of the two periods are taken to be different. Where many are the same, as in most panels, the "
                "interval is wider than it needs to be."
            ),
            "Who moved goes by the rates as they are; each of them can be chance.",
            "A change of specification, of race data or of coding between the periods makes a change of nothing.",
        ),
        ("Zou & Donner (2008), Statistics in Medicine 27:1693-1702",),
        ("change.gap_change",),
        _change,
    ),
    MethodPage(
        "run-rate",
        "Years until a gap is closed",
        "How long it takes at the present pace; only if the change is clear and in the right direction.",
        (
            "years = -gap later / change per year",
            "interval: all t at which |(1+s) later - s earlier| ≤ z √((1+s)² V1 + s² V0), s = t / years between (Fieller)",
            "V from the width of each Newcombe interval",
        ),
        (
            "It goes on as it did. It rarely does; read it as the size of the change, not as a forecast.",
            "A gap that closes because the reference gets worse is on track too: look at who moved.",
            'Without a clear change: "not on track", and no number.',
        ),
        ("Fieller (1954), Journal of the Royal Statistical Society B 16:175-185",),
        ("change.run_rate",),
        _pace,
    ),
    MethodPage(
        "difference-in-differences",
        "Differences in differences",
        "Did sites with an intervention change more than sites without, and more for the group than for the reference?",
        (
            "(T1 - T0) - (C1 - C0);   error √Σ of the four pq/n;   interval from the Newcombe intervals",
            "triple: the same for the group less the same for the reference",
            "randomisation: site-level changes; all ways to choose as many sites (or 20,000 drawn with a stored seed);",
            "  p = share with a difference at least as large; interval = constant effects that are not rejected",
            "trend before: slope of each site over earlier periods, compared in the same way",
        ),
        (
            "Without the intervention both arms would have moved alike. The trend before is shown for that.",
            (
                "Errors that count people as independent are too small for several sites; with fewer than about 40 sites "
                "standard errors by cluster are too. So the randomisation test is shown."
            ),
            "Sites picked for a bad year get better by themselves.",
        ),
        ("Rosenbaum (2002), Observational Studies, ch. 2",),
        (
            "differences.difference_in_differences",
            "differences.triple_difference",
            "differences.randomisation_test",
            "differences.pre_trend",
        ),
        _differences,
    ),
    MethodPage(
        "patients-to-parity",
        "Patients to parity",
        "How many more people would have to get good care. A plan, not a score.",
        (
            "⌈(n_g x_r - x_g n_r) / n_r⌉, at least 0, in whole numbers; turned where lower is better",
            "half way: ⌈½ (n_g x_r - x_g n_r) / n_r⌉;   to a benchmark a/b: the same with a and b",
            "with uncertainty: the Newcombe limits times n_g, rounded up, no more than there are people without it",
        ),
        (
            "Nobody else changes meanwhile.",
            "Sums over groups are not the programme's number unless all have the same reference.",
            "Hidden wherever one of the two rates is hidden: with the other it would give it away.",
        ),
        ("Own definition",),
        (
            "gaps.patients_to_parity",
            "parity.patients_to_part",
            "parity.patients_to_benchmark",
            "parity.patients_to_parity_interval",
        ),
        _parity,
    ),
    MethodPage(
        "detectable-gap",
        "Smallest gap that could be found",
        'Printed beside every "no clear gap": with few people even large gaps are not found.',
        (
            "h = (z_level + z_power) √(1/n_g + 1/n_r);   p_g = sin²(asin √p_r - h/2), or + h/2 where lower is better",
            "gap = |p_g - p_r| at 95 % level and 80 % power",
        ),
        (
            "For one comparison; of many at once, adjusted, fewer are found.",
            "Where even the worst rate possible would be missed there is no such gap.",
        ),
        (
            "Cohen (1988), Statistical Power Analysis, ch. 6",
            "Fleiss, Levin & Paik (2003), Statistical Methods for Rates and Proportions, ch. 4",
        ),
        ("power.detectable_gap", "power.power_of_gap", "power.power_of_pooled_test"),
        _power,
    ),
    MethodPage(
        "within-and-between",
        "Gap within and between provider groups",
        "A programme's gap has two causes that need different work: different care under one roof, and different roofs.",
        (
            "within = Σ ½ (s_g + s_r)(p_g - p_r);   between = Σ (s_g - s_r) ½ (p_g + p_r)",
            "s = share of a population group's people whom the provider group serves",
        ),
        (
            "A provider group that serves only one of the two populations tells nothing about a gap inside it: all between.",
            "It divides the gap; it does not say why anything is so.",
        ),
        ("Kitagawa (1955), Journal of the American Statistical Association 50:1168-1194",),
        ("decomposition.decompose",),
        _decomposition,
    ),
    MethodPage(
        "reliability",
        "Reliability and shrunken rates",
        "Of the differences between provider groups some part is real and the rest chance. The fewer people, the more "
        "a rate is pulled towards everybody's.",
        (
            "true rates ~ Beta(α, β) by maximum likelihood;  ρ = 1/(α + β + 1);  variance μ(1 - μ)ρ with limits from",
            "  the profile likelihood",
            "reliability = n / (n + α + β);   shrunken rate = (x + α) / (n + α + β), range from Beta(x + α, n - x + β)",
        ),
        (
            "0.7 or more to tell units apart or pay by it, 0.5 to 0.7 with caution.",
            (
                "A dozen units say little about α and β: the limits of the variance are shown, and the range of a shrunken rate "
                "takes them as known."
            ),
            "The reliability of a gap is far lower than that of a rate.",
        ),
        ("Adams (2009), The Reliability of Provider Profiling, RAND TR-653",),
        (
            "reliability.fit_beta_binomial",
            "reliability.reliability",
            "reliability.shrunken_rate",
            "reliability.shrunken_interval",
        ),
        _reliability,
    ),
    MethodPage(
        "funnel",
        "Funnel with overdispersion",
        "Which provider groups lie further from the average than chance, and than provider groups usually do.",
        (
            "p̄ ± z √(p̄q̄/n) √φ,   z = 1.96 (95 %) and 3.09 (99.8 %),   φ = Σ z²/(k - 1) if above 1, else 1",
            "gaps: mean weighted by 1/error², limits ± z error √φ",
        ),
        (
            "Units with fewer than 30 people have limits and no place.",
            "φ comes from the same units: one far outside widens the limits for all.",
            "Outside is a reason to ask, not a judgement.",
        ),
        ("Spiegelhalter (2005), Statistics in Medicine 24:1185-1202",),
        ("funnel.rate_funnel", "funnel.gap_funnel"),
        _funnel,
    ),
    MethodPage(
        "standardised-rate",
        "Rate with another mix of ages",
        "What a rate would be with the ages of the whole programme: to explain a gap, never to excuse it.",
        (
            "Σ w p over layers, w the share of a layer in the standard population",
            "interval: Σ w p ∓ √Σ w² (p - l)² and (u - p)², with the Wilson limits l, u of each layer",
        ),
        (
            "Not for income or insurance: those are part of what a gap is about.",
            "A layer in which the group has nobody: no standardised rate.",
        ),
        ("Zou & Donner (2008), Statistics in Medicine 27:1693-1702 (interval)",),
        ("standardisation.directly_standardised",),
        _standard,
    ),
)
