from __future__ import annotations

import json
from dataclasses import fields

import numpy as np
import pytest

from measures.stats.disparity import Comparison
from measures.stats.registry import METHOD_VERSION, METRICS, Metric, _metrics
from tests.measures.stats import method_numbers


def test_every_figure_of_a_comparison_is_defined():
    figures = {field.name for field in fields(Comparison)} - {
        "state", "own_state", "gap_state", "own_gap_state",
    }  # fmt: skip
    named = {name.removesuffix("_lower").removesuffix("_upper") for name in figures}
    assert named <= METRICS.keys()
    assert "q_value" in METRICS and METHOD_VERSION


def test_numbers_change_only_with_the_method_version():
    """Stored results say which methods made them; results of two versions are computed anew, not mixed."""
    recorded = json.loads(method_numbers.RECORD.read_text(encoding="utf-8"))
    assert recorded["method_version"] == METHOD_VERSION, (
        "METHOD_VERSION is new: record its numbers with `python -m tests.measures.stats.method_numbers`."
    )
    found = method_numbers.numbers()
    assert found.keys() == recorded["numbers"].keys()
    for name, expected in recorded["numbers"].items():
        np.testing.assert_allclose(
            np.array(found[name], dtype=np.float64),
            np.array(expected, dtype=np.float64),
            rtol=1e-9,
            atol=1e-12,
            err_msg=f"{name}: the same counts give other numbers than METHOD_VERSION {METHOD_VERSION} did. "
            "Give it and the metric's method_version a new value, then record.",
        )


def test_definitions_are_sentences():
    for code, metric in METRICS.items():
        assert metric.code == code
        assert metric.definition.endswith(".") and len(metric.definition) > 40
        assert metric.formula and metric.source and metric.method_version


def test_a_code_is_given_once():
    one: Metric = METRICS["rate"]
    with pytest.raises(ValueError, match="same code"):
        _metrics(one, one)
