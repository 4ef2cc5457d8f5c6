"""Race where nobody asked: probabilities by name and place, and rates and gaps made of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from collaborative.method_pages.page import MethodPage, number, percent, points, table
from measures.stats.bisg import (
    CATEGORIES,
    Basis,
    PlaceKind,
    first_name_table,
    impute,
    place_table,
    surname_table,
)
from measures.stats.imputed import (
    REPORTED,
    bin_people,
    expectation_maximisation,
    gap_range,
    rate_ranges,
    rated,
    sum_people,
    validity,
)

_LABELS = ("White", "Black", "Hispanic", "API", "AIAN", "two or more")

#: Three surnames and what stands for all others; shares add up to 1.
_SURNAMES = surname_table(
    ["MILLER", "REYES", "TRAN", "ALL OTHER NAMES"],
    np.array(
        [
            [0.84, 0.11, 0.02, 0.01, 0.01, 0.01],
            [0.10, 0.02, 0.78, 0.09, 0.005, 0.005],
            [0.02, 0.01, 0.01, 0.95, 0.00, 0.01],
            [0.66, 0.09, 0.14, 0.08, 0.01, 0.02],
        ]
    ),
)
#: Adults by race in three places.
_PLACES = place_table(
    PlaceKind.ZIP,
    np.array([2101, 2102, 2103]),
    np.array(
        [
            [7000, 900, 1100, 700, 30, 270],
            [1500, 5200, 2600, 400, 40, 260],
            [30500, 1900, 3300, 2900, 130, 970],
        ],
        float,
    ),
)
_FIRST_NAMES = first_name_table(
    ["GRACE", "LUIS"],
    np.array([[0.62, 0.18, 0.08, 0.10, 0.01, 0.01], [0.06, 0.02, 0.89, 0.02, 0.005, 0.005]]),
    np.array([4000.0, 3000.0]),
)


def _bisg() -> Sequence[str]:
    people = (
        ("Miller", "02101", "Grace"),
        ("Miller", "02102", "Grace"),
        ("Reyes-Miller", "2102", "Luis"),
        ("Trần", "02103-4567", "Grace"),
        ("Miller III", "99999", "Grace"),
        ("Zzyzx", "02102", "Luis"),
    )
    names, places, firsts = zip(*people, strict=True)
    plain = impute(names, places, surname_table=_SURNAMES, place_table=_PLACES)
    with_first = impute(
        names, places, firsts,
        surname_table=_SURNAMES, place_table=_PLACES, first_name_table=_FIRST_NAMES,
    )  # fmt: skip

    def rows(found: np.ndarray) -> list[list[str]]:
        return [
            [f"{name}, {place}", *(percent(p) for p in probabilities)]
            for (name, place, _), probabilities in zip(people, found, strict=True)
        ]

    bases = ", ".join(
        f"{name} {place}: {Basis(b).label}"
        for (name, place, _), b in zip(people[3:], plain.basis[3:], strict=True)
    )
    return [
        "Six people, tables of four surnames and three places (made up):",
        "",
        *table(("name, place", *_LABELS), rows(plain.probabilities)),
        "",
        f"Estimates rest on: {bases}.",
        "",
        "With first names (Grace, Grace, Luis, Grace, Grace, Luis):",
        "",
        *table(("name, place", *_LABELS), rows(with_first.probabilities)),
    ]


def _simulated(*, by_race: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """20,000 people: six probabilities, true race, outcome (1 or 0)."""
    random = np.random.default_rng(20260101)
    p = random.dirichlet(np.array([2.0, 0.7, 0.6, 0.4, 0.05, 0.1]), 20_000)
    race = np.minimum((p.cumsum(axis=1) < random.random(len(p))[:, None]).sum(axis=1), 5)
    rates = np.array([0.74, 0.60, 0.65, 0.78, 0.66, 0.70])
    chance = rates[race] if by_race else p @ rates
    return p, race, (random.random(len(p)) < chance).astype(float)


def _rates() -> Sequence[str]:
    lines: list[str] = []
    for by_race, words in (
        (True, "20,000 people whose outcome depends on race alone (the linear end is right)"),
        (
            False,
            "20,000 people whose outcome depends on name and place alone (the weighted end is right)",
        ),
    ):
        p, race, met = _simulated(by_race=by_race)
        ones = np.ones(len(met))
        sums = sum_people(rated(p), ones, met)
        likely = expectation_maximisation(rated(p), ones, met)
        hard = np.argmax(p, axis=1)
        rows = []
        for n, one in enumerate(rate_ranges(sums)):
            column = CATEGORIES.index(one.group)
            rows.append(
                (
                    _LABELS[column],
                    percent(met[race == column].mean()),
                    percent(one.weighted),
                    percent(one.linear),
                    percent(likely[n]),
                    percent(met[hard == column].mean()),
                    f"{one.expected:,.0f}",
                    f"{one.n_effective:,.0f}",
                )
            )
        gap = gap_range(sums, "black", "white")
        truth = met[race == 1].mean() - met[race == 0].mean()
        lines += [
            f"{words}:",
            "",
            *table(
                (
                    "group", "true rate", "weighted", "linear", "EM", "most probable group",
                    "expected people", "effective people",
                ),
                rows,
            ),
            "",
            (
                f"Black-White gap: true {points(truth)} points, shown {points(gap.low)} to "
                f"{points(gap.high)}, limits {points(gap.lower)} to {points(gap.upper)}."
            ),
            "",
        ]  # fmt: skip
    return lines[:-1]


def _validity() -> Sequence[str]:
    p, race, _ = _simulated(by_race=True)
    random = np.random.default_rng(7)
    # Who is probably Black answered less often.
    answered = random.random(len(p)) < 0.75 - 0.6 * p[:, 1]
    bins = bin_people(p, np.where(answered, race, -1).astype(np.int8))
    rows = []
    for plain, like in zip(validity(bins), validity(bins, like_silent=True), strict=True):
        column = CATEGORIES.index(plain.group)
        rows.append(
            (
                _LABELS[column],
                percent(plain.expected_share),
                percent(plain.said_share),
                percent(like.said_share),
                percent((race[~answered] == column).mean()),
                number(plain.correlation),
                number(plain.brier, 3),
            )
        )
    return [
        "Of 20,000 people those who are probably Black answered less often:",
        "",
        *table(
            (
                "group",
                "expected of those who answered",
                "said so",
                "said so, weighted like the others",
                "truth of those who did not answer",
                "correlation",
                "Brier",
            ),
            rows,
        ),
    ]


PAGES: tuple[MethodPage, ...] = (
    MethodPage(
        slug="bisg",
        title="Race probabilities from name and place",
        purpose=(
            "Six probabilities for a person whose race and ethnicity nobody asked. They are added up over many people; no "
            "person is ever given a race."
        ),
        formula=(
            "P(r | s, g) = P(r | s) P(g | r) / Σ_r P(r | s) P(g | r)           surname s, place g (BISG)",
            "P(r | s, g, f) ∝ P(r | s) P(g | r) P(f | r)                      first name f (BIFSG)",
            "P(g | r) = people of r in g / people of r",
            "P(f | r) = n_f P(r | f) / Σ_f n_f P(r | f)                       n_f: how many people have the name",
            "no surname: P(r | g); no place: P(r | s); surname not listed: shares of all names not listed",
        ),
        assumptions=(
            "Name and place are independent given race. Where they are not, the estimate is off.",
            (
                "Categories: White, Black, Asian or Pacific Islander (API), American Indian or Alaska Native (AIAN) and two or "
                "more races, each not Hispanic, and Hispanic of any race. Some other race is spread over those not Hispanic."
            ),
            (
                "Names are cleaned in this order: lower case, accents folded, apostrophes and full stops deleted, other signs to "
                "spaces, titles and generations (jr, sr, ii, iii, iv, dds, md, phd) and lone initials but o and d dropped as "
                "whole words if a word is left, words joined. A hyphenated name is looked up by its first part, its second, "
                "both joined; a name of several words that is not listed, by one of them. A first name that is not listed is "
                "left out."
            ),
            (
                "ZIP codes get lost leading zeros back and are cut to five digits; block group goes before tract before ZIP. A "
                "post-office ZIP without residents is not in the tables: the surname alone is used then."
            ),
            "If name and place exclude each other, the name alone counts. Without name and place there is no estimate.",
            (
                "Tables of 2010 age. Accuracy is lower for Black than for Hispanic and Asian people, and low for Filipino and "
                "Caribbean people, the intermarried and the adopted."
            ),
            "Each result names its tables with year and checksum; how many were matched how is counted per file.",
        ),
        sources=(
            "Elliott et al. (2009), Health Services and Outcomes Research Methodology 9:69-83",
            "Consumer Financial Protection Bureau (2014), Using publicly available information to proxy for unidentified race and ethnicity",
            "Voicu (2018), Statistics and Public Policy 5:1-13",
            "Compared in the tests with surgeo 1.1.2 (1e-12) and the bureau's published example (1e-6)",
        ),
        code=("bisg",),
        example=_bisg,
    ),
    MethodPage(
        slug="imputed-rates",
        title="Rates and gaps from race probabilities",
        purpose=(
            "A rate or a gap where race is a probability is shown as a range between two estimates that rest on opposite "
            "assumptions, with 95 % limits around both."
        ),
        formula=(
            "weighted: μ_r = Σ P_ir Y_i / Σ P_ir k_i;   IF_ir = P_ir (Y_i - μ_r k_i) / Σ P_ir k_i",
            "  standard error of a rate: √Σ IF_ir²;   of a gap: √Σ (IF_ir - IF_is)²",
            "linear: μ = (Σ k P Pᵀ)⁻¹ Σ P Y;   covariance by the sandwich formula over persons",
            "EM: μ_r ← Σ Y π_r / Σ k π_r,   π_r ∝ P_r μ_r^Y (1 - μ_r)^(k-Y)",
            "n_eff = (Σ P k)² / Σ P² k²;   limits of a weighted rate: Wilson with n_eff",
            "range: the smaller to the larger of weighted and linear; limits: the outermost of both",
        ),
        assumptions=(
            "Weighted is right if the outcome does not depend on race among people of the same name and place.",
            "Linear and EM are right if name and place do not matter among people of the same race.",
            (
                "When what is left unexplained has the sign of the gap, the weighted gap is too small and the linear one too "
                "large, so the truth lies between. Nothing in the data says that it must."
            ),
            (
                "People whose race is known directly have probability 1; people who were asked and declined are left out. A race "
                "without an ethnicity (or the reverse) holds, and only the other half is imputed."
            ),
            "k_i rows of a person and Y_i of them met: people of several events are one person in every standard error.",
            (
                "All of it is made of sums kept per group, measure and period: Σ P_r P_s × (k, Y, k², kY, Y²), Σ P_r P_s P_t kY "
                "and Σ P_r P_s P_t P_u k² over five groups. Sums of groups add up to those of the programme. EM needs the people "
                "themselves and is kept per group only."
            ),
            f"Reported: {', '.join(REPORTED)}. Shown from 30 effective and 11 expected people on. Σ P is not a head count.",
            "EM and the most probable group are for comparison only; counting people by the most probable group is biased as a rule.",
        ),
        sources=(
            "Chen et al. (2019), Fairness under unawareness, FAT* '19:339-348",
            "Elzayn et al. (2025), Quarterly Journal of Economics 140:113-163",
            "McCartan et al. (2025), Journal of the American Statistical Association (BIRDiE)",
            "Kish (1965), Survey Sampling, 8.2; Liang & Zeger (1986), Biometrika 73:13-22",
        ),
        code=("imputed",),
        example=_rates,
    ),
    MethodPage(
        slug="imputation-validity",
        title="Validity of race probabilities",
        purpose=(
            "How well name and place say what people say themselves, for each group, also weighted like those who did not answer."
        ),
        formula=(
            "calibration = mean P_r - share who say r",
            "correlation of P_r with 1 (says r) or 0;   Brier = mean (P_r - said)²",
            "weighted: people who answered, in ten steps of P_r, count as often as those who did not answer do",
        ),
        assumptions=(
            "Among people of about the same probability, who answers does not depend on the answer.",
            "Steps in which nobody answered are left out; the share of non-responders that is covered is given.",
            "Only people who said it themselves count; the member counts once per group and period.",
        ),
        sources=(
            "Brier (1950), Monthly Weather Review 78:1-3",
            "Haas et al. (2019), Health Services Research 54:13-23",
        ),
        code=("imputed.validity",),
        example=_validity,
    ),
)
