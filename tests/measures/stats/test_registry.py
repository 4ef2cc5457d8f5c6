from __future__ import annotations

from dataclasses import fields

import pytest

from measures.stats.disparity import Comparison
from measures.stats.registry import METHOD_VERSION, METRICS, Metric, _metrics


def test_every_figure_of_a_comparison_is_defined():
    figures = {field.name for field in fields(Comparison)} - {
        "state", "own_state", "gap_state", "own_gap_state",
    }  # fmt: skip
    named = {name.removesuffix("_lower").removesuffix("_upper") for name in figures}
    assert named <= METRICS.keys()
    assert "q_value" in METRICS and METHOD_VERSION


def test_definitions_are_sentences():
    for code, metric in METRICS.items():
        assert metric.code == code
        assert metric.definition.endswith(".") and len(metric.definition) > 40
        assert metric.formula and metric.source and metric.method_version


def test_a_code_is_given_once():
    one: Metric = METRICS["rate"]
    with pytest.raises(ValueError, match="same code"):
        _metrics(one, one)
