"""Content of report cards without a database: for the files made of it, with any numbers one likes.

content = make_content()                                  # a group of middling size
content = make_content(scale=0.02)                        # nearly everything hidden
content = make_content(group=None)                        # statewide
"""

from __future__ import annotations

import tomllib
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from measures.stats import gaps, rates
from measures.stats.presentation import Presentation, present_counts
from reports.cards.findings import list_findings
from reports.dashboards.reliability import PRESENTATION_CODES, RULE_NAME

_DEFINITIONS = Path(__file__).parents[2] / "measures" / "definitions" / "measures"

#: code → (label, short label, people, kind, share of members, shift of the rate in points)
COMBINED = {
    "nh_white": ("White, not Hispanic", "White", "White patients", "specified", 0.42, 0.0),
    "nh_black": ("Black, not Hispanic", "Black", "Black patients", "specified", 0.06, -7.0),
    "hispanic": ("Hispanic of any race", "Hispanic", "Hispanic patients", "specified", 0.08, -5.0),
    "nh_asian": ("Asian, not Hispanic", "Asian", "Asian patients", "specified", 0.05, 1.0),
    "nh_aian": (
        "American Indian or Alaska Native, not Hispanic", "Am. Indian/Alaska N.",
        "Am. Indian/Alaska N. patients", "specified", 0.002, -6.0,
    ),
    "nh_nhpi": (
        "Native Hawaiian or Other Pacific Islander, not Hispanic", "Nat. Hawaiian/Pacific",
        "Nat. Hawaiian/Pacific patients", "specified", 0.001, 0.0,
    ),
    "nh_other": (
        "Some other race, not Hispanic", "Other race", "patients in the group “Other race”",
        "specified", 0.01, -2.0,
    ),
    "nh_multiple": (
        "Two or more races, not Hispanic", "Two or more", "patients in the group “Two or more”",
        "specified", 0.012, -1.0,
    ),
    "declined": ("Asked but no answer", "No answer", "", "declined", 0.03, -1.0),
    "unknown": ("Unknown", "Unknown", "", "unknown", 0.335, -1.5),
}  # fmt: skip
RACE = {
    "white": ("White", "White", "White patients", "specified", 0.45, 0.0),
    "black": ("Black or African American", "Black", "Black patients", "specified", 0.065, -7.0),
    "asian": ("Asian", "Asian", "Asian patients", "specified", 0.05, 1.0),
    "aian": (
        "American Indian or Alaska Native", "Am. Indian/Alaska N.", "Am. Indian/Alaska N. patients",
        "specified", 0.003, -4.0,
    ),
    "nhpi": (
        "Native Hawaiian or Other Pacific Islander", "Nat. Hawaiian/Pacific",
        "Nat. Hawaiian/Pacific patients", "specified", 0.001, 0.0,
    ),
    "other": ("Some other race", "Other race", "patients", "specified", 0.03, -3.0),
    "multiple": ("Two or more races", "Two or more", "patients", "specified", 0.016, -1.0),
    "declined": ("Asked but no answer", "No answer", "", "declined", 0.03, -1.0),
    "unknown": ("Unknown", "Unknown", "", "unknown", 0.355, -1.5),
}  # fmt: skip
ETHNICITY = {
    "not_hispanic": (
        "Not Hispanic or Latino", "Not Hispanic", "Not Hispanic patients", "specified", 0.55, 0.0,
    ),
    "hispanic": ("Hispanic or Latino", "Hispanic", "Hispanic patients", "specified", 0.08, -5.0),
    "declined": ("Asked but no answer", "No answer", "", "declined", 0.03, -1.0),
    "unknown": ("Unknown", "Unknown", "", "unknown", 0.34, -1.5),
}  # fmt: skip


@lru_cache
def _definitions(year: int) -> list[dict[str, Any]]:
    found = []
    for path in sorted(_DEFINITIONS.glob("*.toml")):
        values = tomllib.loads(path.read_text(encoding="utf-8"))
        first, _, last = str(values["years"]).partition("-")
        if int(first) <= year <= int(last or 9999 if "-" in str(values["years"]) else first):
            found.append(values)
    domains = tomllib.loads((_DEFINITIONS.parent / "common.toml").read_text(encoding="utf-8"))[
        "domains"
    ]
    return sorted(
        (d for d in found if not d["code"].startswith("REAL")),
        key=lambda d: (domains.index(d["domain"]), d["code"]),
    )


def make_figure(
    name: str,
    stratum: tuple[str, str, str, str, float, float],
    x: int,
    n: int,
    reference: tuple[int, int] | None,
    *,
    is_reference: bool = False,
    higher_is_better: bool = True,
    hidden: bool = False,
    peers: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """A figure of x of n; small counts are hidden by the plain rules, others when `hidden` says so."""
    label, short_label, people, kind, _, _ = stratum

    def small(value: int) -> bool:
        return 0 < value < 11

    state = "shown"
    if n == 0:
        state = "no_denominator"
    elif hidden or small(n) or small(x) or small(n - x):
        state = "protected"
    elif n < 30:
        state = "too_few"
    shown = state == "shown"
    interval = rates.wilson(x, n)
    decimals = 1 if n >= 100 else 0
    gap_state = "reference" if is_reference else "shown"
    if kind != "specified" or n == 0:
        gap_state = "not_compared"
    elif reference is None and not is_reference:
        gap_state = "no_reference"
    elif state != "shown" and not is_reference:
        gap_state = state
    compared = gap_state == "shown" and reference is not None
    numbers: dict[str, Any] = dict.fromkeys(
        ("gap_points", "gap_points_lower", "gap_points_upper", "ratio", "ratio_lower", "ratio_upper",
         "p_value", "q_value", "patients_to_parity")
    )  # fmt: skip
    reading = {"reference": "reference", "not_compared": "not_compared"}.get(gap_state, state)
    if compared and reference is not None:
        rx, rn = reference
        low, high = (float(v) * 100 for v in gaps.newcombe(x, n, rx, rn))
        p = float(gaps.two_proportion_p(x, n, rx, rn))
        ratio = gaps.ratio_mover_wilson(x, n, rx, rn)
        numbers = {
            "gap_points": round(float(gaps.absolute_gap(x, n, rx, rn)) * 100, 4) + 0.0,
            "gap_points_lower": round(low, 4) + 0.0,
            "gap_points_upper": round(high, 4) + 0.0,
            "ratio": round(float(gaps.rate_ratio(x, n, rx, rn)), 4),
            "ratio_lower": round(float(ratio.lower), 4),
            "ratio_upper": round(float(ratio.upper), 4),
            "p_value": round(p, 6),
            "q_value": round(min(1.0, p * 2), 6),
            "patients_to_parity": int(gaps.patients_to_parity(x, n, rx, rn, higher_is_better)),
        }
        better = (low > 0) == higher_is_better
        reading = "open" if low <= 0 <= high else "ahead" if better else "behind"
    return {
        "stratum": name,
        "label": label,
        "short_label": short_label,
        "people": people,
        "kind": kind,
        "state": state,
        "denominator": n if shown else None,
        "numerator": x if shown else None,
        "rate": round(x / n, 6) if shown else None,
        "rate_lower": round(float(interval.lower), 6) if shown else None,
        "rate_upper": round(float(interval.upper), 6) if shown else None,
        "decimals": decimals if shown else 0,
        "nchs_rule": PRESENTATION_CODES[Presentation(int(present_counts(x, n)))] if shown else None,
        "self_reported_share": 0.3 if shown else None,
        "indirect_share": 0.65 if shown else None,
        "gap_state": gap_state,
        **numbers,
        "reading": reading,
        "peers": peers if shown else None,
    }


def _counts(
    random: np.random.Generator, strata: dict[str, Any], base: float, total: int, sign: float
) -> dict[str, tuple[int, int]]:
    counts = {}
    for name, (*_, share, shift) in strata.items():
        n = int(random.poisson(total * share)) if total else 0
        rate = min(0.98, max(0.02, base + sign * (shift + random.normal(0, 2)) / 100))
        counts[name] = (int(random.binomial(n, rate)), n)
    return counts


def make_content(
    *,
    group: str | None = "Harbor Ridge Health Partners",
    scale: float = 1.0,
    year: int = 2024,
    measures: int | None = None,
    empty: bool = False,
    commentary: str = "",
    seed: int = 11,
) -> dict[str, Any]:
    """A card's content with the reviewed definitions of a year and numbers out of a seeded generator.

    scale: size of the group; 0.02 hides nearly everything. empty: nobody is counted at all.
    """
    random = np.random.default_rng(seed)
    content_measures, race, ethnicity = [], [], []
    for definition in _definitions(year)[:measures]:
        higher = definition["direction"] == "higher"
        base = 0.72 if higher else 0.25
        total = 0 if empty else int(random.integers(400, 5200) * scale)
        sign = 1.0 if higher else -1.0
        counts = _counts(random, COMBINED, base, total, sign)
        reference = counts["nh_white"]
        usable = reference if reference[1] >= 30 else None

        def peers(rate: float, gap: float) -> dict[str, Any]:
            middle, width = round(rate * 100), 4
            return {
                "count": 11,
                "rate_percent": [middle - width, middle, middle + width],
                "gap_points": [round(gap) - 3, round(gap), round(gap) + 3],
            }

        figures = [
            make_figure(
                name, stratum, *counts[name], usable, is_reference=name == "nh_white",
                higher_is_better=higher,
                peers=None
                if group is None or stratum[4] < 0.03 or stratum[3] != "specified"
                else peers(base + sign * stratum[5] / 100, sign * stratum[5]),
            )
            for name, stratum in COMBINED.items()
        ]  # fmt: skip
        trend = []
        for earlier in (year - 2, year - 1):
            old = _counts(random, COMBINED, base, total, sign)
            trend.append(
                {
                    "period": str(earlier),
                    "comparable": True,
                    "figures": [
                        {
                            key: f[key]
                            for key in (
                                "stratum",
                                "state",
                                "rate",
                                "decimals",
                                "nchs_rule",
                                "denominator",
                                "numerator",
                            )
                        }
                        for f in (
                            make_figure(name, stratum, *old[name], None)
                            for name, stratum in COMBINED.items()
                            if stratum[3] == "specified"
                        )
                    ],
                }
            )
        whole_x, whole_n = (sum(c[i] for c in counts.values()) for i in (0, 1))
        content_measures.append(
            {
                "code": definition["code"],
                "name": definition["name"],
                "short_name": definition["short_name"],
                "domain": definition["domain"],
                "higher_is_better": higher,
                "counting_unit": definition["counting_unit"],
                "denominator_meaning": definition["denominator"],
                "numerator_meaning": definition["numerator"],
                "steward": definition["steward"],
                "definition_source": definition["source"],
                "stratified_in_hedis": True,
                "target_rate": definition.get("target_rate"),
                "benchmark_rate": definition.get("benchmark_rate"),
                "benchmark_source": definition.get("benchmark_source", ""),
                "reference": "nh_white",
                "total": make_figure(
                    "all", ("Everyone", "Everyone", "", "total", 1.0, 0.0), whole_x, whole_n, None
                ),
                "figures": figures,
                "trend": trend,
            }
        )
        for strata, into, first in ((RACE, race, "white"), (ETHNICITY, ethnicity, "not_hispanic")):
            part = _counts(random, strata, base, total, sign)
            into.append(
                {
                    "code": definition["code"],
                    "short_name": definition["short_name"],
                    "higher_is_better": higher,
                    "reference": first,
                    "figures": [
                        make_figure(
                            name, stratum, *part[name], part[first] if part[first][1] >= 30 else None,
                            is_reference=name == first, higher_is_better=higher,
                        )
                        for name, stratum in strata.items()
                    ],
                }
            )  # fmt: skip
    shares = {
        "race": (28, 2, 62, 2, 6, 0),
        "ethnicity": (31, 2, 58, 2, 7, 0),
        "language": (44, 3, 0, 1, 12, 40),
    }
    categories = (
        "self_reported",
        "other_direct",
        "indirect",
        "declined",
        "unknown",
        "not_collected",
    )
    words = ("Self-reported", "Known from another direct source", "Imputed", "Asked but no answer",
             "Unknown", "Not collected")  # fmt: skip
    content: dict[str, Any] = {
        "format": 1,
        "kind": "group" if group else "statewide",
        "programme": "Equity Action Community",
        "payer": "Commonwealth Mutual Health Plan",
        "group": {"code": "G03", "name": group} if group else None,
        "source": {"code": "payer", "name": "Claims of Commonwealth Mutual Health Plan"},
        "period": {"label": str(year), "starts_on": f"{year}-01-01", "ends_on": f"{year}-12-31"},
        "stratum_set": {
            "code": "combined",
            "name": "Race and ethnicity combined",
            "edition": "Own, from the OMB 1997 answers",
            "note": "Hispanic people of any race are one stratum; the others are not Hispanic.",
        },
        "reference": {
            "stratum": "nh_white",
            "label": "White, not Hispanic",
            "short_label": "White",
        },
        "rules": {"least_count": 11, "least_denominator": 30, "unreliable": RULE_NAME},
        "measures": content_measures,
        "appendix": [
            {
                "stratum_set": {
                    "code": code,
                    "name": name,
                    "edition": "OMB 1997, as used for HEDIS stratification",
                    "note": "",
                },
                "measures": part,
            }
            for code, name, part in (("race", "Race", race), ("ethnicity", "Ethnicity", ethnicity))
        ],
        "completeness": []
        if empty
        else [
            {
                "field": field,
                "label": field.capitalize(),
                "members_about": round(18000 * scale / 10) * 10,
                "categories": [
                    {"category": c, "label": w, "percent": p}
                    for c, w, p in zip(categories, words, parts, strict=True)
                ],
            }
            for field, parts in shares.items()
        ],
        "commentary": commentary,
        "basis": {"method_version": "1", "data_version": 7, "computed_on": "2026-11-02"},
    }
    content["findings"] = list_findings(content)
    return content
