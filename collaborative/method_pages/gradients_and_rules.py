"""Ordered groups, decision rules and composite indices."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from collaborative.method_pages.page import (
    FIFTHS,
    FIFTHS_MET,
    PAIR,
    MethodPage,
    number,
    percent,
    points,
    span,
    table,
)
from measures.stats.composites import (
    EHO4ALL_CAVEAT,
    EHO4ALL_VERSION,
    HESS_CAVEAT,
    HESS_VERSION,
    eho4all,
    hess,
    rank_limits,
)
from measures.stats.decisions import AHRQ, CMS_OMH, RULES, Judgement, hedis_year, judge
from measures.stats.ordered import (
    absolute_concentration,
    relative_concentration,
    ridit,
    slope_linear,
    slope_logit,
)
from measures.stats.rates import rate

_WHO = "Compared in the tests with WHO's healthequal 1.0.1"


def _concentration() -> Sequence[str]:
    absolute, relative = (
        absolute_concentration(FIFTHS_MET, FIFTHS),
        relative_concentration(FIFTHS_MET, FIFTHS),
    )
    return [
        *_fifths(),
        "",
        (
            f"ACI {points(absolute.value, 2)} points (standard error {points(absolute.error, 2)}), RCI "
            f"{number(relative.value, 4)} (standard error {number(relative.error, 4)})."
        ),
    ]


def _fifths() -> list[str]:
    return table(
        ("fifth", "people", "rate", "R"),
        [
            (name, f"{n:,}", percent(rate(x, n)), number(r, 3))
            for name, x, n, r in zip(
                ("most deprived", "second", "third", "fourth", "least deprived"),
                FIFTHS_MET,
                FIFTHS,
                ridit(FIFTHS),
                strict=True,
            )
        ],
    )


def _slope() -> Sequence[str]:
    rows = []
    for name, found in (
        ("logit", slope_logit(FIFTHS_MET, FIFTHS)),
        ("straight line", slope_linear(FIFTHS_MET, FIFTHS)),
    ):
        rows.append(
            (
                name,
                points(found.sii.value),
                span(found.sii_interval, points),
                number(found.rii.value, 3),
                span(found.rii_interval, lambda v: number(v, 3)),
            )
        )
    return [
        *_fifths(),
        "",
        *table(("regression", "SII, points", "95 % interval", "RII", "95 % interval"), rows),
    ]


def _decisions() -> Sequence[str]:
    cases = {
        "702 of 1,100 against 15,930 of 22,500": PAIR,
        "6,900 of 10,000 against 7,000 of 10,000": (6900, 10_000, 7000, 10_000),
        "97.0 against 98.5 % of 10,000": (9700, 10_000, 9850, 10_000),
        "6 of 7 against 2 of 7": (6, 7, 2, 7),
    }
    return [
        *(
            f"- {rule.title} ({rule.version}). {rule.sentence} {rule.caveat}"
            for rule in RULES.values()
        ),
        "",
        *table(
            ("rates, higher is better", "AHRQ", "CMS OMH"),
            [
                (
                    name,
                    *(
                        Judgement(int(judge(rule, *arms, higher_is_better=True))).name.lower()
                        for rule in (AHRQ, CMS_OMH)
                    ),
                )
                for name, arms in cases.items()
            ],
        ),
    ]


def _hedis() -> Sequence[str]:
    return table(
        ("measurement year", "measures NCQA stratifies", "source reported", "unknown counts as"),
        [
            (
                year,
                found.published,
                "yes" if found.source_reported else "no",
                "indirect" if found.unknown_is_indirect else "unknown",
            )
            for year in range(2022, 2027)
            for found in [hedis_year(year, {})]
        ],
    )


def _eho() -> Sequence[str]:
    rates = np.linspace(0.55, 0.72, 6)[:, None] + [0.0, 0.02, -0.01]
    found = eho4all(
        rates,
        higher_is_better=[True] * 3,
        weight=[1, 1, 3],
        enrolled=[900, 900, 900, 900, 900, 400],
        at_risk_share=[0.4, 0.3, 0.2, 0.2, 0.35, 0.3],
    )
    return [
        f"{EHO4ALL_CAVEAT} Version: {EHO4ALL_VERSION}.",
        "",
        *table(
            ("provider", "rates", "index", "reward"),
            [
                (f"{at + 1}", ", ".join(percent(r, 0) for r in row), _or_none(i), _or_none(w))
                for at, (row, i, w) in enumerate(zip(rates, found.index, found.reward, strict=True))
            ],
        ),
        "",
        "The sixth has fewer than 500 people: no index, and no part in the thirds.",
    ]


def _or_none(value: float) -> str:
    return "none" if np.isnan(value) else number(value)


def _hess() -> Sequence[str]:
    generator = np.random.default_rng(1)
    level = np.linspace(0.6, 0.7, 6)[:, None] + generator.normal(0, 0.02, (6, 4))
    change = generator.normal(0.01, 0.02, (6, 4))

    def score(noise: float) -> np.ndarray:
        def drawn(values: np.ndarray) -> np.ndarray:
            return values + generator.normal(0, 0.02, values.shape) * noise

        return hess(
            drawn(level), drawn(change), drawn(change - 0.01),
            higher_is_better=[True] * 4, enrolled=[900] * 6,
        ).score  # fmt: skip

    ranks = rank_limits([score(1.0) for _ in range(2000)])
    return [
        f"{HESS_CAVEAT} Version: {HESS_VERSION}.",
        "",
        "Six providers, and the ranks that they reach if every rate has a standard error of 2 points:",
        "",
        *table(
            ("provider", "score", "ranks in 95 of 100 draws"),
            [
                (f"{at + 1}", number(value), f"{low} to {high}")
                for at, (value, (low, high)) in enumerate(zip(score(0.0), ranks, strict=True))
            ],
        ),
    ]


PAGES = (
    MethodPage(
        "concentration-index",
        "Concentration index of ordered groups",
        "For groups with an order, such as fifths of neighbourhood deprivation: is the result concentrated among "
        "the better off? Positive: yes.",
        (
            "R = midpoint of a group's place among all people, most deprived first",
            "ACI = 2 Σ w p (R - ½);   RCI = ACI / μ",
            "errors by the delta method from pq/n of each group",
        ),
        (
            "The groups are given from the most to the least deprived.",
            "It sees order only: bad rates in the middle cancel.",
        ),
        (
            "Kakwani, Wagstaff & van Doorslaer (1997), Journal of Econometrics 77:87-103",
            _WHO,
        ),
        ("ordered.absolute_concentration", "ordered.relative_concentration", "ordered.ridit"),
        _concentration,
    ),
    MethodPage(
        "slope-index",
        "Slope and relative index of inequality",
        "The rate of the very least deprived person less (or by) that of the very most deprived, read off a curve "
        "through all groups.",
        (
            "logit(p) = a + b R, every person counted once;   SII = p̂(1) - p̂(0),  RII = p̂(1) / p̂(0)",
            "or a straight line through the rates, weighted by people",
            "intervals: delta method, widened by √φ, φ = χ² / (k - 2) if above 1",
        ),
        (
            "The curve must fit: look at the rates beside it.",
            "All rates 0, all 100 percent, or nothing but these: no slope.",
            "The straight line can start below 0; then there is no relative index.",
        ),
        ("Compared in the tests with statsmodels 0.15.0",),
        ("ordered.slope_logit", "ordered.slope_linear"),
        _slope,
    ),
    MethodPage(
        "decision-rules",
        "When a difference counts: AHRQ and CMS rules",
        "Rules of others that ask for a small p-value and a least size at the same time. Named, with their version, "
        "and settled before the data are seen.",
        (
            "AHRQ:    p ≤ 0.05 and |p_g - p_r| ≥ 10 % of p_r, or of 1 - p_r",
            "CMS OMH: p < 0.05 and |p_g - p_r| ≥ 3 percentage points",
        ),
        (
            "Sizes are compared in whole numbers, so exactly 3 points are 3 points.",
            '"Similar" is not "equal": small groups are nearly always similar.',
            "AHRQ also has a rule for trends of a gap over years. It is not here: its exact wording could not be checked.",
        ),
        tuple(rule.source for rule in RULES.values()),
        ("decisions.judge", "decisions.RULES"),
        _decisions,
    ),
    MethodPage(
        "hedis-stratification",
        "HEDIS race and ethnicity stratification by year",
        "Which rules a measurement year has. Which measures are stratified from when is in "
        "`measures/definitions/stratified.toml`.",
        (
            "fewer than 30 people in a stratum: NA",
            'strata, "asked but no answer" and "unknown" among them, add up to everybody',
            "race and ethnicity are stratified apart from each other",
        ),
        (
            "Years after the last one that somebody has read are refused, not guessed.",
            "HEDIS is a registered trademark of NCQA; this is our own wording and replaces no specification.",
        ),
        ("Public pages of NCQA, measurement years 2022 to 2026",),
        ("decisions.hedis_year", "decisions.hedis_reportable", "decisions.strata_add_up"),
        _hedis,
    ),
    MethodPage(
        "eho4all",
        "EHO4all-style index (optional)",
        "One score of many measures among people with social risk factors, in the manner of a proposed reward.",
        (
            "on each measure: top third of providers 1, bottom third -1, else 0",
            "index = weighted mean over a provider's measures, if half or more of them and 500 people",
            "reward = index if above 0, times 0.4 (share at risk at the median or above) or 0.2 (half of it)",
        ),
        (EHO4ALL_CAVEAT,),
        ("Public summaries of the CMS star ratings rules for 2027; not the rule's text",),
        ("composites.eho4all",),
        _eho,
    ),
    MethodPage(
        "hess",
        "HESS-style score (optional)",
        "Level, improvement, and improvement against everybody's, standardised and averaged.",
        (
            "z over providers for each measure and component; mean over measures; weighted mean of components",
            "ranks: repeated with simulated rates, 2.5th to 97.5th percentile of each provider's rank",
        ),
        (HESS_CAVEAT, "Rates are shrunken first; see the page on reliability."),
        ("Agniel et al. (2021), Journal of General Internal Medicine 36:1847-1857 (abstract)",),
        ("composites.hess", "composites.rank_limits"),
        _hess,
    ),
)
