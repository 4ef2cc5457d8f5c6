"""Cohen's kappa against published examples, a slow second way, and the cases where there is none."""

from __future__ import annotations

import numpy as np
import pytest

from measures.stats.agreement import NOTHING_TO_COMPARE, cohen_kappa, pooled_kappa

#: Two dermatologists, four grades: SAS/STAT user's guide, FREQ procedure, agreement study (kappa 0.3449,
#: 95 % limits 0.2030 and 0.4868).
SKIN = [[10, 4, 1, 0], [5, 10, 12, 2], [2, 4, 12, 5], [0, 2, 6, 13]]
#: Fifty proposals read by two people; the usual textbook example: 0.70 agreed, 0.50 by chance, kappa 0.40.
PROPOSALS = [[20, 5], [10, 15]]


def test_kappa_and_limits_of_the_published_example() -> None:
    found = cohen_kappa(SKIN)
    assert found.items == 88
    assert (round(found.kappa, 4), round(found.lower, 4), round(found.upper, 4)) == (
        0.3449,
        0.2030,
        0.4868,
    )


def test_kappa_of_two_categories() -> None:
    found = cohen_kappa(PROPOSALS)
    assert (found.observed, found.expected) == pytest.approx((0.7, 0.5))
    assert found.kappa == pytest.approx(0.4)


def test_error_equals_that_of_a_numerical_derivative() -> None:
    """The delta method by hand: kappa as a function of the shares, differentiated by steps."""
    p = np.array(SKIN, dtype=float).ravel() / 88

    def kappa(shares: np.ndarray) -> float:
        q = shares.reshape(4, 4) / shares.sum()
        expected = q.sum(axis=1) @ q.sum(axis=0)
        return (np.trace(q) - expected) / (1 - expected)

    step = 1e-6
    slope = np.array([(kappa(p + step * e) - kappa(p - step * e)) / (2 * step) for e in np.eye(16)])
    variance = (slope**2 @ p - (slope @ p) ** 2) / 88
    found = cohen_kappa(SKIN)
    assert (found.upper - found.lower) / 2 == pytest.approx(1.959964 * np.sqrt(variance), rel=1e-5)


@pytest.mark.parametrize("table", [[[12, 0], [0, 0]], [[0, 0], [0, 7]]])
def test_kappa_is_undefined_where_both_used_one_category_only(table: list[list[int]]) -> None:
    found = cohen_kappa(table)
    assert found.observed == 1
    assert (found.kappa, found.lower, found.upper) == (None, None, None)


def test_nobody_to_compare_is_undefined() -> None:
    assert cohen_kappa([[0, 0], [0, 0]]) == NOTHING_TO_COMPARE
    assert pooled_kappa(np.zeros((0, 3)), np.zeros((0, 3))) == NOTHING_TO_COMPARE


def test_one_coder_who_never_varies_gives_zero_and_not_undefined() -> None:
    assert cohen_kappa([[6, 0], [4, 0]]).kappa == pytest.approx(0)


def test_full_agreement_is_one_without_limits() -> None:
    found = cohen_kappa([[3, 0], [0, 4]])
    assert found.kappa == pytest.approx(1)
    assert (found.lower, found.upper) == (None, None)


def test_worse_than_chance_is_negative_and_limits_stay_on_the_scale() -> None:
    found = cohen_kappa([[0, 5], [5, 0]])
    assert found.kappa == pytest.approx(-1)
    assert found.lower == -1


@pytest.mark.parametrize("table", [[[1, 2]], [[1]], [[1, -1], [0, 2]], [[0.5, 0], [0, 1]], [1, 2]])
def test_impossible_tables_are_refused(table: object) -> None:
    with pytest.raises(ValueError, match=r"square|whole"):
        cohen_kappa(table)


def _columns(table: list[list[int]]) -> tuple[np.ndarray, np.ndarray]:
    pairs = [
        (i == 0, j == 0) for i, row in enumerate(table) for j, n in enumerate(row) for _ in range(n)
    ]
    return tuple(np.array(side)[:, None] for side in zip(*pairs, strict=True))


def test_pooled_over_one_code_is_the_plain_kappa_with_nearly_its_limits() -> None:
    found = pooled_kappa(*_columns(PROPOSALS))
    plain = cohen_kappa(PROPOSALS)
    assert found.kappa == pytest.approx(plain.kappa)
    assert found.lower == pytest.approx(plain.lower, abs=0.02)


def test_pooled_averages_shares_over_codes_and_leaves_out_item_by_item() -> None:
    random = np.random.default_rng(7)
    a = random.random((30, 4)) < 0.4
    b = np.where(random.random((30, 4)) < 0.2, ~a, a)

    def slow(x: np.ndarray, y: np.ndarray) -> float:
        agreed = [np.mean(x[:, c] == y[:, c]) for c in range(4)]
        chance = [
            x[:, c].mean() * y[:, c].mean() + (1 - x[:, c].mean()) * (1 - y[:, c].mean())
            for c in range(4)
        ]
        return (np.mean(agreed) - np.mean(chance)) / (1 - np.mean(chance))

    left = np.array([slow(np.delete(a, i, 0), np.delete(b, i, 0)) for i in range(30)])
    error = np.sqrt(29 / 30 * ((left - left.mean()) ** 2).sum())
    found = pooled_kappa(a, b)
    assert found.kappa == pytest.approx(slow(a, b))
    assert found.lower == pytest.approx(found.kappa - 1.959964 * error)


def test_a_code_that_nobody_used_adds_no_agreement_of_its_own() -> None:
    """It agrees in full, and by chance in full: alone it is undefined, beside others it says nothing."""
    unused = np.zeros((10, 1), dtype=bool)
    assert pooled_kappa(unused, unused).kappa is None


def test_limits_are_missing_where_one_item_carries_all_the_variety() -> None:
    """Without the first item both say the same of everything, by chance as well."""
    found = pooled_kappa([[1], [0], [0]], [[0], [0], [0]])
    assert found.kappa == pytest.approx(0)
    assert (found.lower, found.upper) == (None, None)


def test_pooled_refuses_shapes_that_differ() -> None:
    with pytest.raises(ValueError, match="row for each item"):
        pooled_kappa(np.zeros((3, 2)), np.zeros((2, 3)))
