"""Every pair of small counts through every comparison: no warning, and nothing is made up.

Warnings are errors in all tests, so a division by zero would show.
"""

from __future__ import annotations

from fractions import Fraction
from functools import partial

import numpy as np
import pytest

from measures.stats.change import gap_change, run_rate
from measures.stats.decisions import AHRQ, CMS_OMH, judge
from measures.stats.differences import difference_in_differences
from measures.stats.funnel import rate_funnel
from measures.stats.gaps import (
    agresti_caffo,
    fisher_p,
    katz,
    newcombe,
    pooled_z_p,
    ratio_mover_wilson,
    two_proportion_p,
)
from measures.stats.homogeneity import chi_square
from measures.stats.odds import haldane, mantel_haenszel, woolf
from measures.stats.ordered import absolute_concentration, slope_linear, slope_logit
from measures.stats.overall import against_benchmark, against_overall
from measures.stats.parity import patients_to_parity_interval, patients_to_part
from measures.stats.power import detectable_gap, power_of_gap, power_of_pooled_test
from measures.stats.rates import agresti_coull, clopper_pearson, jeffreys, rate, wilson
from measures.stats.scores import koopman, mee, miettinen_nurminen, miettinen_nurminen_ratio
from tests.measures.stats.test_indices import WITH_REFERENCE, WITHOUT_REFERENCE

COUNTS = np.array(
    [(x, n) for n in (0, 1, 2, 5, 31) for x in {0, 1, n // 2, n - 1, n} if 0 <= x <= n]
)
FIRST, SECOND = (at.ravel() for at in np.indices((len(COUNTS), len(COUNTS))))
X1, N1, X2, N2 = *COUNTS[FIRST].T, *COUNTS[SECOND].T
EMPTY = (N1 == 0) | (N2 == 0)


@pytest.mark.parametrize("interval", [wilson, clopper_pearson, jeffreys, agresti_coull])
def test_intervals_of_a_rate(interval):
    x, n = COUNTS.T
    low, high = interval(x, n)
    np.testing.assert_array_equal(np.isnan(low), n == 0)
    np.testing.assert_array_equal(np.isnan(high), n == 0)
    assert (low[n > 0] < high[n > 0]).all()
    for at in range(len(x)):
        np.testing.assert_array_equal(interval(int(x[at]), int(n[at])), [low[at], high[at]])


@pytest.mark.parametrize(
    "interval",
    [
        newcombe,
        agresti_caffo,
        mee,
        miettinen_nurminen,
        ratio_mover_wilson,
        koopman,
        miettinen_nurminen_ratio,
        partial(patients_to_parity_interval, higher_is_better=True),
    ],
)
def test_intervals_of_two_rates(interval):
    low, high = interval(X1, N1, X2, N2)
    np.testing.assert_array_equal(np.isnan(low), EMPTY)
    np.testing.assert_array_equal(np.isnan(high), EMPTY)
    assert (low[~EMPTY] <= high[~EMPTY]).all()


@pytest.mark.parametrize("test", [two_proportion_p, pooled_z_p, fisher_p])
def test_p_values(test):
    p = test(X1, N1, X2, N2)
    np.testing.assert_array_equal(np.isnan(p), EMPTY)
    assert ((p[~EMPTY] >= 0) & (p[~EMPTY] <= 1)).all()
    equal = ~EMPTY & (X1 * N2 == X2 * N1)
    np.testing.assert_allclose(p[equal], 1.0)


def test_ratios_that_need_events():
    low, _ = katz(X1, N1, X2, N2)
    exists = (X1 > 0) & (X2 > 0) & ((X1 < N1) | (X2 < N2))
    np.testing.assert_array_equal(~np.isnan(low), exists)
    inside = (X1 > 0) & (X1 < N1) & (X2 > 0) & (X2 < N2)
    np.testing.assert_array_equal(~np.isnan(woolf(X1, N1, X2, N2).value), inside)
    np.testing.assert_array_equal(np.isnan(haldane(X1, N1, X2, N2).value), EMPTY)
    tables = mantel_haenszel(X1[:, None], N1[:, None], X2[:, None], N2[:, None])
    some = ~np.isnan(tables.p_value)
    assert ((tables.p_value[some] >= 0) & (tables.p_value[some] <= 1)).all()


def test_plans_and_rules():
    np.testing.assert_array_equal(
        np.isnan(patients_to_part(X1, N1, X2, N2, True, Fraction(1, 3))), EMPTY
    )
    for rule in (AHRQ, CMS_OMH):
        np.testing.assert_array_equal(
            judge(rule, X1, N1, X2, N2, higher_is_better=True) == 0, EMPTY
        )
    gap = detectable_gap(N1, N2, rate(X2, N2), higher_is_better=True)
    assert np.isnan(gap[EMPTY]).all() and (gap[~np.isnan(gap)] >= 0).all()
    for power in (power_of_gap, power_of_pooled_test):
        found = power(N1, N2, rate(X1, N1), rate(X2, N2))
        np.testing.assert_array_equal(np.isnan(found), EMPTY)


def test_four_rates():
    order = np.random.default_rng(1).permutation(len(X1))
    arms = (X1, N1, X2, N2, X1[order], N1[order], X2[order], N2[order])
    empty = EMPTY | EMPTY[order]
    change = gap_change(*arms, higher_is_better=False)
    np.testing.assert_array_equal(change.verdict == 0, empty)
    np.testing.assert_array_equal(change.movement == 0, empty)
    np.testing.assert_array_equal(run_rate(change, higher_is_better=False).pace == 0, empty)
    np.testing.assert_array_equal(np.isnan(difference_in_differences(*arms).value), empty)


def test_rows_of_groups():
    x, n = np.stack([X1, X2], axis=-1), np.stack([N1, N2], axis=-1)
    for index in WITHOUT_REFERENCE.values():
        assert np.isnan(index(x, n).value[EMPTY]).all()
    for index in WITH_REFERENCE.values():
        assert np.isnan(index(x, n, 0).value[EMPTY]).all()
    for found in (absolute_concentration(x, n), slope_linear(x, n).sii, slope_logit(x, n).sii):
        assert np.isnan(found.value[EMPTY]).all() and np.isnan(found.error[EMPTY]).all()
    np.testing.assert_array_equal(np.isnan(chi_square(x, n).p_value), EMPTY)
    np.testing.assert_array_equal(np.isnan(against_overall(x, n).p_value).any(axis=-1), EMPTY)
    np.testing.assert_array_equal(np.isnan(against_benchmark(X1, N1, 0.7).gap), N1 == 0)
    np.testing.assert_array_equal(rate_funnel(x, n).position == 0, (n < 31) | EMPTY[:, None])
