"""Imputed rates beside a card: what the check finds is true by enumeration, and blur is no leak."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from measures.stats.imputed_disclosure import PublishedImputed, imputed_leaks

#: White, Black, other, unknown.
UNKNOWN = 3


def leaks(n, x, hidden, groups, about):
    return imputed_leaks(
        np.array(n), np.array(x), np.array(hidden), groups, imputed_about=about, unknown=UNKNOWN
    )


def published(n, x, stratum, imputed_n=0.0, imputed_x=0.0):
    people = n[stratum] + imputed_n
    return PublishedImputed(
        (stratum,), round(people / 10) * 10, round((x[stratum] + imputed_x) / people, 2)
    )


def test_a_complement_that_the_imputed_rate_shows_gives_the_small_one_away():
    """White is hidden so that Black (7 of 107) is; nobody is imputed, so White's rate is White's own."""
    n, x, hidden = [100, 7, 60, 0], [40, 3, 30, 0], [True, True, False, False]
    assert leaks(n, x, hidden, [], 0) == []
    found = leaks(n, x, hidden, [published(n, x, 0)], 0)
    assert {(leak.stratum, leak.quantity) for leak in found} >= {(1, "numerator")}
    for leak in found:
        true = {"numerator": x[1], "misses": n[1] - x[1], "denominator": n[1]}[leak.quantity]
        assert leak.lowest - 1e-6 <= true <= leak.highest + 1e-6


def test_enough_imputed_people_blur_it():
    n, x, hidden = [100, 7, 60, 90], [40, 3, 30, 45], [True, True, False, False]
    group = published(n, x, 0, imputed_n=60.0, imputed_x=30.0)
    assert leaks(n, x, hidden, [group], 90) == []


def test_where_all_is_hidden_an_empty_stratum_may_be_the_answer():
    """33 people in all, White about 30: the others can be nobody at all, so nobody is sure."""
    n, x = [28, 3, 2, 1], [14, 1, 1, 1]
    group = published(n, x, 0)
    assert not [
        leak for leak in leaks(n, x, [True] * 4, [group], 0) if leak.quantity == "denominator"
    ]
    # Listed strata are known to have somebody.
    found = leaks(n, x, [True, True, True, False], [group], 0)
    assert {(leak.stratum, leak.quantity) for leak in found} >= {
        (1, "denominator"),
        (2, "denominator"),
    }


def test_a_reader_whose_sum_does_not_fit_learns_nothing():
    """Some answers on the card were imputed by the sender: fewer people are expected than stand there."""
    n, x, hidden = [100, 7, 60, 0], [40, 3, 30, 0], [False, True, True, False]
    assert leaks(n, x, hidden, [PublishedImputed((0,), 60, 0.4)], 0) == []


@pytest.mark.parametrize("seed", range(6))
def test_ranges_are_those_of_all_tables(seed):
    """Every table of whole numbers that fits lies within the range; the true one is among them."""
    rng = np.random.default_rng(seed)
    n = np.array([rng.integers(15, 25), rng.integers(1, 11), rng.integers(12, 20), 0])
    x = np.array([rng.integers(0, k + 1) for k in n])
    hidden = np.array([True, True, False, False])
    group = published(n.tolist(), x.tolist(), 0)
    fitting = []
    for white, met in product(range(n[:2].sum() + 1), range(x[:2].sum() + 1)):
        black, black_met = n[:2].sum() - white, x[:2].sum() - met
        if not (white and black and 0 <= met <= white and 0 <= black_met <= black):
            continue
        if abs(white - group.expected) > 5 or abs(met - group.rate * white) > 0.005 * white + 1e-9:
            continue
        fitting.append((black, black_met))
    assert (n[1], x[1]) in fitting
    for leak in leaks(n, x, hidden, [group], 0):
        if leak.stratum != 1:
            continue
        values = [
            {"numerator": m, "misses": k - m, "denominator": k}[leak.quantity] for k, m in fitting
        ]
        assert leak.lowest - 1e-6 <= min(values) and max(values) <= leak.highest + 1e-6
        assert min(values) > 0 and max(values) < 11
