from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from measures.stats.funnel import CONTROL, WARNING, Position, gap_funnel, rate_funnel

units = st.lists(
    st.integers(30, 900).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))),
    min_size=2,
    max_size=12,
)


def test_multipliers():
    np.testing.assert_allclose([WARNING, CONTROL], [1.959964, 3.090232], atol=1e-6)


def test_limits_without_overdispersion_are_the_score_form():
    x, n = np.array([70, 141, 278, 36]), np.array([100, 200, 400, 50])
    found = rate_funnel(x, n)
    centre = x.sum() / n.sum()
    assert found.dispersion < 1
    for limits, z in ((found.warning, WARNING), (found.control, CONTROL)):
        half = z * np.sqrt(centre * (1 - centre) / n)
        np.testing.assert_allclose(limits, [centre - half, centre + half])
    assert (found.position == Position.WITHIN).all()


@given(units)
def test_dispersion_widens_and_nothing_leaves_0_to_1(rows):
    x, n = np.array(rows).T
    found = rate_funnel(x, n)
    centre = x.sum() / n.sum()
    np.testing.assert_allclose(found.centre, centre)
    if 0 < centre < 1:
        z = (x / n - centre) / np.sqrt(centre * (1 - centre) / n)
        phi = (z**2).sum() / (len(x) - 1)
        np.testing.assert_allclose(found.z, z, atol=1e-9)
        np.testing.assert_allclose(found.dispersion, phi, atol=1e-9)
        wide = WARNING * np.sqrt(centre * (1 - centre) / n * max(phi, 1))
        np.testing.assert_allclose(found.warning.upper, np.minimum(centre + wide, 1), atol=1e-9)
    assert (np.array(found.control) >= 0).all() and (np.array(found.control) <= 1).all()
    assert (found.control.lower <= found.warning.lower).all()
    turned = rate_funnel(n - x, n)
    np.testing.assert_allclose(turned.z, -found.z, atol=1e-9)
    np.testing.assert_allclose(turned.warning.lower, 1 - found.warning.upper, atol=1e-9)


def test_places():
    n = np.array([1000] * 12)
    x = np.array([700] * 7 + [740, 660, 770, 630, 700])
    found = rate_funnel(x, n)
    assert found.dispersion > 1
    # many equal units: what lies outside is outside of wider limits too
    n, x = np.full(103, 1000), np.array([700] * 98 + [735, 665, 770, 630, 700])
    found = rate_funnel(x, n)
    np.testing.assert_array_equal(
        found.position[-5:],
        [
            Position.ABOVE_WARNING,
            Position.BELOW_WARNING,
            Position.ABOVE_CONTROL,
            Position.BELOW_CONTROL,
            Position.WITHIN,
        ],
    )


def test_few_people_have_limits_and_no_place():
    found = rate_funnel([700, 0, 29, 30, 0], [1000, 29, 29, 30, 0])
    np.testing.assert_array_equal(
        found.position == Position.NOT_PLACED, [False, True, True, False, True]
    )
    np.testing.assert_array_equal(np.isnan(found.warning.lower), [0, 0, 0, 0, 1])
    assert np.isnan([found.value[4], found.z[4]]).all()


def test_one_unit_or_nobody_has_no_funnel():
    for x, n in (([70], [100]), ([70, 0], [100, 0]), ([0, 0], [0, 0])):
        found = rate_funnel(x, n)
        assert (found.position == Position.NOT_PLACED).all() and np.isnan(found.dispersion)
    everybody = rate_funnel([100, 50], [100, 50])
    assert (everybody.z == 0).all() and (everybody.position == Position.WITHIN).all()


def test_gap_funnel_weighs_by_precision():
    gap, error = np.array([-0.05, -0.07, 0.30, np.nan]), np.array([0.02, 0.03, 0.04, np.nan])
    found = gap_funnel(gap, error, [100, 50, 40, 0])
    weight = 1 / error[:3] ** 2
    centre = (gap[:3] * weight).sum() / weight.sum()
    np.testing.assert_allclose(found.centre, centre)
    z = (gap[:3] - centre) / error[:3]
    np.testing.assert_allclose(found.z[:3], z)
    phi = (z**2).sum() / 2
    np.testing.assert_allclose(found.dispersion, phi)
    np.testing.assert_allclose(
        found.control.lower[:3], np.maximum(centre - CONTROL * error[:3] * np.sqrt(phi), -1)
    )
    assert found.position[3] == Position.NOT_PLACED
    assert gap_funnel(gap, error, 29).position.tolist() == [Position.NOT_PLACED] * 4
    assert np.isnan(gap_funnel([np.nan, np.nan], [0.1, 0.1], 50).centre)
    with pytest.raises(ValueError, match="above 0"):
        gap_funnel([0.1, 0.1], [0.1, 0.0], 50)


def test_leading_axes():
    found = rate_funnel(np.full((3, 4, 5), 70), np.full((3, 4, 5), 100))
    assert found.centre.shape == (3, 4) and found.position.shape == (3, 4, 5)
