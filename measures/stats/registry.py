"""The one list of metrics: what each is called, means, is made by and comes from.

Definitions shown to people are printed from here. A metric whose numbers change for the same data
gets a new `method_version`, and `METHOD_VERSION` changes with it: stored results carry it, and those of
another version are written anew when their measure and period are computed next. A test holds the numbers of
a version fixed, so that methods do not change under its name.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

METHOD_VERSION = "2026.1"
"""Version of all methods together, stored with every result."""


class Unit(StrEnum):
    PROPORTION = "proportion"
    POINTS = "percentage points"
    RATIO = "ratio"
    PROBABILITY = "probability"
    PATIENTS = "patients"
    YEARS = "years"
    STATE = "state"


@dataclass(frozen=True)
class Metric:
    """`definition` is for any reader, `formula` for those who want to check."""

    code: str
    title: str
    unit: Unit
    method_version: str
    definition: str
    formula: str
    source: str


def _metrics(*metrics: Metric) -> dict[str, Metric]:
    found = {metric.code: metric for metric in metrics}
    if len(found) != len(metrics):
        raise ValueError("Two metrics have the same code.")
    return found


METRICS: dict[str, Metric] = _metrics(
    Metric(
        "rate",
        "Rate",
        Unit.PROPORTION,
        "1",
        "Of the people whom the measure counts, the share for whom it was met. The interval shows "
        "how far the rate could be from this by chance alone: 95 of 100 such intervals hold the "
        "true rate. Without anybody to count there is no rate.",
        "x / n; interval: (p + z²/2n ± z √(pq/n + z²/4n²)) / (1 + z²/n)",
        "Wilson (1927), Journal of the American Statistical Association 22:209-212",
    ),
    Metric(
        "gap",
        "Gap to the reference",
        Unit.POINTS,
        "1",
        "The rate of the group less the rate of the reference group in the same place and period, "
        "in percentage points. Whether a positive gap is good depends on the measure: with a "
        "measure where lower is better it is not.",
        "p_group - p_reference; interval: d - √((p1-l1)² + (u2-p2)²) to d + √((u1-p1)² + (p2-l2)²) "
        "with the Wilson limits l and u of each rate",
        "Newcombe (1998), Statistics in Medicine 17:873-890, method 10",
    ),
    Metric(
        "ratio",
        "Ratio to the reference",
        Unit.RATIO,
        "1",
        "The rate of the group divided by the rate of the reference group. It depends on whether "
        "the measure counts what went well or what went wrong, so the gap comes first. There is "
        "no upper limit where nobody in the reference group met the measure.",
        "p_group / p_reference; interval by recovery of variances from the Wilson limits",
        "Donner & Zou (2012), Statistical Methods in Medical Research 21:347-359",
    ),
    Metric(
        "odds_ratio",
        "Odds ratio to the reference",
        Unit.RATIO,
        "1",
        "The odds of meeting the measure in the group divided by those in the reference group; in the "
        "expert view. It is not “times as likely”: where rates are high it lies further from 1 than "
        "their ratio.",
        "p1 q2 / (q1 p2); interval by recovery of variances from the odds of the Wilson limits",
        "Donner & Zou (2012), Statistical Methods in Medical Research 21:347-359",
    ),
    Metric(
        "p_value",
        "p-value",
        Unit.PROBABILITY,
        "1",
        "How often a difference at least this large would come about by chance if both groups "
        "had the same true rate.",
        "pooled z test if all expected counts are 5 or more, otherwise Fisher's exact test; "
        "two-sided",
        "Fleiss, Levin & Paik (2003), Statistical Methods for Rates and Proportions, ch. 3",
    ),
    Metric(
        "q_value",
        "q-value",
        Unit.PROBABILITY,
        "1",
        "The p-value made stricter because many comparisons were looked at: of all differences "
        "with a q-value below 0.05, about 5 in 100 at most come about by chance. Comparisons of "
        "one place, period and way of grouping are taken together over all measures; those "
        "that are not shown do not count.",
        "min over k ≥ i of m p_(k) / k, at most 1",
        "Benjamini & Hochberg (1995), Journal of the Royal Statistical Society B 57:289-300",
    ),
    Metric(
        "patients_to_parity",
        "Patients to parity",
        Unit.PATIENTS,
        "1",
        "How many more people of the group would have to get good care for its rate to reach "
        "that of the reference group. 0 if it is there already.",
        "⌈(n_group x_reference - x_group n_reference) / n_reference⌉, at least 0; with the sign "
        "turned where lower is better",
        "Own definition; whole-number arithmetic",
    ),
    Metric(
        "spread",
        "Spread between groups",
        Unit.POINTS,
        "1",
        "How far the group of a typical person lies from the rate of everybody together, with what "
        "chance alone would add taken off. 0 if the groups are no further apart than chance makes "
        "them. It does not say who is ahead.",
        "√ max(0, Σ w (p - μ)² - Σ w (1 - w) pq/n), w = n / Σn; interval by bias-corrected "
        "percentiles of 2,000 simulated sets with a stored seed",
        "Ahn et al. (2018), Statistical Methods in Medical Research 27:3653; Efron & Tibshirani "
        "(1993), An Introduction to the Bootstrap, ch. 14",
    ),
    Metric(
        "homogeneity",
        "p-value of no difference at all",
        Unit.PROBABILITY,
        "1",
        "How often groups would be at least as different as these by chance if all of them had the "
        "same true rate.",
        "chi-square if all expected counts are 5 or more, otherwise Fisher's test for several groups, "
        "counted out or simulated",
        "Freeman & Halton (1951), Biometrika 38:141-149",
    ),
    Metric(
        "overall_gap",
        "Difference from the overall rate",
        Unit.POINTS,
        "1",
        "The rate of the group less that of everybody together, the group among them. A group that is "
        "nearly everybody can hardly differ.",
        "(1 - w) (p - rate of everybody else), interval likewise from Newcombe's",
        "Own arrangement of Newcombe (1998), Statistics in Medicine 17:873-890",
    ),
    Metric(
        "detectable_gap",
        "Smallest gap that could be found",
        Unit.POINTS,
        "1",
        "With as many people as there are, a true gap of this size would be found in 8 of 10 cases, "
        "and a smaller one less often. Not seeing a gap does not mean that there is none below this.",
        "|sin²(asin √p_ref - h/2) - p_ref|, h = (1.960 + 0.842) √(1/n_group + 1/n_reference)",
        "Cohen (1988), Statistical Power Analysis, ch. 6",
    ),
    Metric(
        "gap_change",
        "Change of the gap",
        Unit.POINTS,
        "1",
        "The gap of the later period less that of the earlier one. Beside it stands whether the group "
        "got better care, or the reference worse: a gap that closes because the reference falls is no "
        "success.",
        "Δ - √((d1-L1)² + (U0-d0)²) to Δ + √((U1-d1)² + (d0-L0)²) with the Newcombe limits of both "
        "gaps",
        "Zou & Donner (2008), Statistics in Medicine 27:1693-1702",
    ),
    Metric(
        "years_to_close",
        "Years until the gap is closed",
        Unit.YEARS,
        "1",
        "How long it takes if the gap goes on closing as it did. Given only if the change is clearly "
        "more than chance and in the right direction; otherwise it is not on track.",
        "- gap / change per year; interval by Fieller's method",
        "Fieller (1954), Journal of the Royal Statistical Society B 16:175-185",
    ),
    Metric(
        "reliability",
        "Reliability",
        Unit.PROPORTION,
        "1",
        "How much of the differences between the rates of teams or sites is real rather than chance. "
        "From 0.7 on they can be told apart; below 0.5 they cannot.",
        "n / (n + α + β) with the beta distribution of true rates fitted to all units",
        "Adams (2009), The Reliability of Provider Profiling, RAND TR-653",
    ),
    Metric(
        "within_between",
        "Gap within teams and between teams",
        Unit.POINTS,
        "1",
        "How much of the programme's gap arises because people get different care in the same team, "
        "and how much because they are served by different teams.",
        "Σ ½ (s_g + s_r)(p_g - p_r) and Σ (s_g - s_r) ½ (p_g + p_r)",
        "Kitagawa (1955), Journal of the American Statistical Association 50:1168-1194",
    ),
    Metric(
        "completeness",
        "Completeness of race, ethnicity and language",
        Unit.PROPORTION,
        "1",
        "Of all people eligible, the share whose race, ethnicity or language is known, and from "
        "whom: from themselves, from another direct source, or imputed. Those who were asked and "
        "did not answer are counted apart from those who were not asked.",
        "count / eligible, each with a Wilson interval",
        "HEDIS race and ethnicity diversity of membership; own wording",
    ),
    Metric(
        "suppression",
        "Hidden for privacy",
        Unit.STATE,
        "1",
        "A figure is hidden if it rests on 1 to 10 people, on 1 to 10 who met the measure or on 1 "
        "to 10 who did not, and further figures are hidden so that nobody can work it out from "
        "totals. Hidden is not zero.",
        "n, x or n - x in 1 to k - 1 with k = 11; complements until each hidden count could be "
        "anything within a range of k or more",
        "CMS cell size suppression policy; Hundepool et al. (2012), Statistical Disclosure "
        "Control, ch. 4",
    ),
    Metric(
        "small_denominator",
        "Too few to report (NA)",
        Unit.STATE,
        "1",
        "A rate of fewer than 30 people says little about care and is not reported.",
        "n < 30",
        "HEDIS, small denominator",
    ),
    Metric(
        "unreliable_rate",
        "Unreliable by the NCHS rule",
        Unit.STATE,
        "1",
        "A rate whose 95% interval is 30 points wide or more, or wide beside a small rate. The number "
        "stays, with its interval and this reason beside it.",
        "interval 30 points wide or more; or wider than 5 points and than 1.3 p (Clopper-Pearson)",
        "Parker et al. (2017), Vital and Health Statistics 2(175)",
    ),
)
