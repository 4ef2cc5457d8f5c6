"""The one list of metrics: what each is called, means, is made by and comes from.

Definitions shown to people are printed from here. A metric whose numbers change for the same data
gets a new `method_version`, and `METHOD_VERSION` changes with it: stored results carry it.
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
)
