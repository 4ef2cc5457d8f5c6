"""What is known of people, when a rate is too uncertain, and where the others stand."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from collaborative.method_pages.page import MethodPage, percent, points, span, table
from measures.stats.completeness import completeness
from measures.stats.peers import MINIMUM_PEERS, quartile_band
from measures.stats.presentation import NCHS, Presentation, complement_unreliable, present_counts
from measures.stats.rates import clopper_pearson, rate

_SAID = {
    Presentation.PRESENT: "can be presented",
    Presentation.TOO_FEW: "unreliable: too few people",
    Presentation.WIDE: "unreliable: wide",
    Presentation.WIDE_FOR_ITS_SIZE: "unreliable: wide for its size",
    Presentation.REVIEW_END: "0 or 100 percent: to be looked at",
}


def _uncertain() -> Sequence[str]:
    cases = [(20, 29), (15, 30), (20, 50), (2, 50), (48, 50), (0, 60), (12, 400), (702, 1100)]
    rows = []
    for x, n in cases:
        interval = clopper_pearson(x, n)
        said = _SAID[Presentation(int(present_counts(x, n)))]
        if bool(complement_unreliable(rate(x, n), interval)) and said == "can be presented":
            said += "; not its complement"
        rows.append((f"{x:,} of {n:,}", percent(rate(x, n)), span(interval, percent), said))
    return table(("people", "rate", "Clopper-Pearson", "the rule says"), rows)


def _completeness() -> Sequence[str]:
    found = completeness(
        self_reported=5200, other_direct=900, indirect=1800, declined=300, unknown=450, not_collected=1350
    )  # fmt: skip
    names = {
        "said by the person": found.answered,
        "known directly": found.direct,
        "imputed": found.indirect,
        "nobody needs to ask again": found.valid,
        "asked and not answered": found.declined,
        "recorded as unknown": found.unknown,
        "never asked": found.not_collected,
    }
    return [
        f"Of {int(found.eligible):,} people:",
        "",
        *table(
            ("", "people", "share", "95 % interval"),
            [
                (name, f"{int(part.count):,}", percent(part.rate), span(part.interval, percent))
                for name, part in names.items()
            ],
        ),
    ]


def _peers() -> Sequence[str]:
    gaps = np.array([-12.4, -9.1, -8.8, -6.0, -5.6, -4.2, -3.9, -1.0, 0.8])
    low, middle, high = quartile_band(gaps)
    few = quartile_band(gaps[: MINIMUM_PEERS - 1])
    return [
        (
            f"Nine other groups have gaps of {', '.join(points(g / 100) for g in gaps)} points. The band shows "
            f"{low:.0f} to {high:.0f} with the middle at {middle:.0f}. Of four groups there is "
            f"{'no band' if np.isnan(few).all() else 'a band'}."
        )
    ]


PAGES = (
    MethodPage(
        "uncertain-proportions",
        "When a rate is too uncertain: the NCHS rule",
        "After privacy and the 30 people of HEDIS, a rate can still be too uncertain to be read as a number. The rule of "
        "the National Center for Health Statistics says which, and why.",
        (
            "unreliable: fewer than 30 people, or effective people",
            "unreliable: Clopper-Pearson (weighted: Korn-Graubard) interval 30 points wide or more",
            "can be presented: interval no wider than 5 points",
            "unreliable: between these, interval wider than 1.3 p;   the complement: wider than 1.3 (1 - p)",
            "to be looked at: p = 0 or 1; fewer than 8 degrees of freedom of the variance",
        ),
        (
            f"{NCHS.title}, {NCHS.version}.",
            NCHS.caveat,
            "It is asked last: privacy hides first, then fewer than 30 people are not reported.",
            (
                "On report cards such a rate carries the sign † and the word unreliable with the reason, in tables, files and the "
                "API it is the column nchs_rule. No denominator, protected, too few and unreliable are four different things."
            ),
        ),
        (NCHS.source,),
        (
            "presentation.present",
            "presentation.present_counts",
            "presentation.complement_unreliable",
        ),
        _uncertain,
    ),
    MethodPage(
        "completeness",
        "Completeness of race, ethnicity and language",
        "A gap can only be seen among people whose group is known. So the shares of known, imputed, declined and never "
        "asked stand beside every gap.",
        (
            "share = people in the category / all eligible;  interval: Wilson",
            "known directly = said by the person + other direct source",
            "nobody needs to ask again = known directly + asked and not answered",
        ),
        (
            "The six categories exclude each other and add up to everybody.",
            "Declined is not unknown, and neither is never asked. Imputed is not known.",
            "No share is enough by itself: who did not answer can differ from who did.",
        ),
        ("HEDIS race and ethnicity diversity of membership; own wording",),
        ("completeness.completeness",),
        _completeness,
    ),
    MethodPage(
        "peer-band",
        "Where the other groups stand",
        "The middle half of the other groups, without names and without an order.",
        (
            "lower quartile, median and upper quartile of the other groups' values, interpolated between two groups,",
            "rounded to whole points, halves upwards",
        ),
        (
            f"Fewer than {MINIMUM_PEERS} other groups with a value give no band.",
            "Half of all groups always lie outside the middle half. That is no proof of a difference.",
        ),
        ("Own definition",),
        ("peers.quartile_band",),
        _peers,
    ),
)
