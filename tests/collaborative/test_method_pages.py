"""Every statistic has a page, and every page speaks of code that is there."""

from __future__ import annotations

import ast
import importlib
from pathlib import Path

import pytest

from collaborative.method_pages import METHOD_PAGES, PAGE_OF_METRIC
from measures.stats.registry import METRICS

STATS = Path(__file__).parents[2] / "measures" / "stats"
SLUGS = {page.slug for page in METHOD_PAGES}
NAMED = {name for page in METHOD_PAGES for name in page.code}

#: Parts of a method that is explained as a whole: data in, layout, arithmetic that a page's formula holds.
BUILDING_BLOCKS = {
    "change.change_of_gaps", "change.mover_difference", "disparity.compare", "disparity.compare_each",
    "disparity.gap_states", "gaps.mover_ratio", "gaps.shortfall_points",
    "indices.between_group_variance_corrected", "rates.checked_counts", "rates.z_value",
 "scores.miettinen_nurminen_ratio",
}  # fmt: skip
#: Modules that one page explains as a whole.
EXPLAINED_AS_A_WHOLE = {
    "bisg", "count_ranges", "disclosure", "exposed_parts", "imputed", "imputed_disclosure", "published_limits",
    "puzzle", "remainders", "rounding", "spc", "suppression",
}  # fmt: skip


def public_functions() -> set[str]:
    found = set()
    for path in STATS.rglob("*.py"):
        module = path.relative_to(STATS).with_suffix("").parts[0]
        if module in EXPLAINED_AS_A_WHOLE:
            continue
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
                found.add(f"{module}.{node.name}")
    return found


def test_every_metric_has_its_page():
    assert PAGE_OF_METRIC.keys() == METRICS.keys()
    assert set(PAGE_OF_METRIC.values()) <= SLUGS


def test_every_public_function_stands_on_a_page():
    assert public_functions() - NAMED == BUILDING_BLOCKS


@pytest.mark.parametrize("name", sorted(NAMED))
def test_what_a_page_names_is_there(name):
    module, _, attribute = name.partition(".")
    found = importlib.import_module(f"measures.stats.{module}")
    assert not attribute or hasattr(found, attribute)


def test_pages_are_whole():
    assert len(SLUGS) == len(METHOD_PAGES)
    for page in METHOD_PAGES:
        assert page.formula and page.assumptions and page.sources and page.code, page.slug
        assert "".join(page.example()).strip(), page.slug
