"""All pages in the order of the index, and the index itself."""

from __future__ import annotations

from collaborative.method_pages import (
    agreement,
    change_and_plans,
    comparisons,
    data_shown,
    disclosure,
    disparity_indices,
    gradients_and_rules,
    imputation,
    over_time,
    rates_and_gaps,
)
from collaborative.method_pages.page import MethodPage

CHAPTERS: dict[str, tuple[MethodPage, ...]] = {
    "Rates, gaps and ratios": rates_and_gaps.PAGES,
    "Tests, and who a group is compared with": comparisons.PAGES,
    "Several groups in one number": disparity_indices.PAGES,
    "Ordered groups, decision rules, several measures in one number": gradients_and_rules.PAGES,
    "Change, effect, plans and small groups": change_and_plans.PAGES,
    "Race where nobody asked": imputation.PAGES,
    "Points over time": over_time.PAGES,
    "What is known, shown and not shown": (*data_shown.PAGES, *disclosure.PAGES),
    "Interviews": agreement.PAGES,
}

METHOD_PAGES: tuple[MethodPage, ...] = tuple(
    page for chapter in CHAPTERS.values() for page in chapter
)

#: Metric of `measures.stats.registry` → the page that explains it.
PAGE_OF_METRIC: dict[str, str] = {
    "rate": "rate",
    "gap": "gap",
    "ratio": "ratio",
    "odds_ratio": "odds-ratio",
    "p_value": "test-of-two-rates",
    "q_value": "many-comparisons",
    "patients_to_parity": "patients-to-parity",
    "spread": "between-group-spread",
    "homogeneity": "homogeneity",
    "overall_gap": "against-the-overall-rate",
    "detectable_gap": "detectable-gap",
    "gap_change": "change-of-a-gap",
    "years_to_close": "run-rate",
    "reliability": "reliability",
    "within_between": "within-and-between",
    "completeness": "completeness",
    "suppression": "disclosure-control",
    "small_denominator": "uncertain-proportions",
    "unreliable_rate": "uncertain-proportions",
}


def methods_index_text() -> str:
    """Markdown of docs/methods/README.md."""
    lines = [
        "# Methods",
        "",
        (
            "One page for each statistic: what it is for, its formula, what it takes for granted, an example that the code "
            "itself worked out, and where it comes from. Rates are proportions in the formulas and percent in the examples; "
            "x is the numerator, n the denominator, p = x/n, q = 1 - p, and z = 1.959964 for 95 %."
        ),
        "",
        (
            "Three things are never confused: nobody to count, hidden for privacy, and too few to report. 0 percent is a "
            "value. Every measure says whether higher or lower is better, and only the shortfall turns a sign."
        ),
        "",
    ]
    for title, pages in CHAPTERS.items():
        lines += [f"## {title}", "", *(f"- [{page.title}]({page.slug}.md)" for page in pages), ""]
    return "\n".join(lines)
