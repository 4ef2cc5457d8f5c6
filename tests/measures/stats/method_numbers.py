"""What the methods make of a fixed set of counts: recorded with METHOD_VERSION, so that neither changes alone.

`python -m tests.measures.stats.method_numbers` records the numbers of the version that the registry names.
"""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from measures.stats.change import gap_change, run_rate
from measures.stats.completeness import completeness
from measures.stats.decomposition import decompose
from measures.stats.disparity import Comparison, StratumSetLayout, compare
from measures.stats.gaps import benjamini_hochberg
from measures.stats.homogeneity import homogeneity
from measures.stats.imputed import gap_range, rate_ranges, sum_people
from measures.stats.indices import between_group_sd_corrected
from measures.stats.power import detectable_gap
from measures.stats.registry import METHOD_VERSION
from measures.stats.reliability import fit_beta_binomial, reliability
from measures.stats.suppression import Relation, own_states, suppress

RECORD = Path(__file__).parents[2] / "golden" / "stats" / "method_numbers.json"

#: [measure, unit, stratum]: everybody, then five groups that make it up; zeros, ends and small groups among them.
GROUPS = np.array(
    [
        [[15930, 22500], [702, 1100], [589, 900], [12, 40], [0, 9]],
        [[380, 400], [61, 101], [90, 123], [19, 23], [31, 31]],
        [[0, 60], [0, 45], [7, 70], [0, 0], [3, 3]],
    ]
).reshape(3, 1, 5, 2)
X = np.concatenate([GROUPS[..., 0].sum(axis=-1, keepdims=True), GROUPS[..., 0]], axis=-1)
N = np.concatenate([GROUPS[..., 1].sum(axis=-1, keepdims=True), GROUPS[..., 1]], axis=-1)
BETTER = np.array([True, False, True])
STRATA = (1, 2, 3, 4, 5)


def numbers() -> dict[str, Any]:
    """Name → nested lists; None where there is no number, "inf" where there is no limit."""
    states = suppress(N, X, unit_relations=(), stratum_relations=(Relation(total=0, parts=STRATA),))
    layouts = {
        "named": StratumSetLayout("set", STRATA, 1),
        "overall": StratumSetLayout("set", STRATA, -1, whole=0),
        "benchmark": StratumSetLayout("set", STRATA, -1, benchmark=Fraction("0.715")),
    }
    found: dict[str, Any] = {"states": states}
    for name, layout in layouts.items():
        result = compare(N, X, states, own_states(N), sets=[layout], higher_is_better=BETTER)
        for field in Comparison.__dataclass_fields__:
            found[f"{name}.{field}"] = getattr(result, field)
        found[f"{name}.q_value"] = benjamini_hochberg(result.p_value, 0)
    x, n = X[:, 0, 1:], N[:, 0, 1:]
    found["spread"] = between_group_sd_corrected(x, n).value
    found["homogeneity"] = [homogeneity(x[0], n[0], seed=1).p_value]
    found["detectable"] = detectable_gap(n, n[:, :1], 0.7, higher_is_better=BETTER[:, None])
    change = gap_change(505, 1009, 4127, 5503, 617, 1009, 4150, 5503, higher_is_better=True)
    found["change"] = [change.change, *change.interval]
    pace = run_rate(change, higher_is_better=True)
    found["years"] = [pace.years, *pace.interval]
    split = decompose([30, 60, 5], [50, 80, 20], [400, 90, 70], [500, 120, 100])
    found["split"] = [split.total, split.within, split.between]
    found["reliability"] = reliability(
        [40, 100, 400], fit_beta_binomial([20, 70, 300, 41], [40, 100, 400, 90])
    )
    shares = completeness(
        self_reported=520, other_direct=90, indirect=180, declined=30, unknown=45, not_collected=135
    )  # fmt: skip
    found["completeness"] = [shares.direct.rate, *shares.direct.interval]
    people = np.random.RandomState(7).dirichlet([4, 1, 1, 1, 1], size=400)  # a frozen stream
    met = (np.arange(400) % 3 > 0).astype(float)
    sums = sum_people(people, np.ones(400), met)
    found["imputed"] = [[r.low, r.high, r.lower, r.upper] for r in rate_ranges(sums)]
    gap = gap_range(sums, "black", "white")
    found["imputed_gap"] = [gap.low, gap.high, gap.lower, gap.upper]
    return {name: _plain(np.asarray(value, dtype=np.float64)) for name, value in found.items()}


def _plain(values: np.ndarray) -> Any:
    return [
        _plain(value)
        if value.ndim
        else (None if np.isnan(value) else "inf" if np.isinf(value) else float(value))
        for value in values
    ]


def main() -> None:
    text = json.dumps({"method_version": METHOD_VERSION, "numbers": numbers()}, indent=1)
    RECORD.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
