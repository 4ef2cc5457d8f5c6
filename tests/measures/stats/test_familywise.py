from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from measures.stats.familywise import bonferroni, holm
from measures.stats.gaps import benjamini_hochberg
from tests.measures.stats.golden import read_json
from tests.reference import proportions

ADJUSTMENTS = {"bonferroni": bonferroni, "holm": holm}
probabilities = st.one_of(st.floats(0, 1), st.sampled_from([0.0, 0.01, 0.05, 1.0]))


@pytest.mark.parametrize("name", ADJUSTMENTS)
def test_matches_r_and_statsmodels(name):
    cases = read_json("statsmodels.json")[f"multiple_testing_{name}"]
    adjusted = [(case["p"], case["adjusted"]) for case in cases]
    if name == "holm":
        from_r = read_json("r_other.json")["p_adjust"]
        adjusted.append((from_r["p"], from_r["holm"]))
    assert len(adjusted) == 3
    for p, expected in adjusted:
        np.testing.assert_allclose(ADJUSTMENTS[name](p, 0), expected, rtol=0, atol=1e-12)
    # and all of them as families of one call
    families = np.repeat(np.arange(3), [len(p) for p, _ in adjusted])
    found = ADJUSTMENTS[name](np.concatenate([p for p, _ in adjusted]), families)
    np.testing.assert_allclose(found, np.concatenate([q for _, q in adjusted]), atol=1e-12)


@pytest.mark.parametrize("name", ADJUSTMENTS)
@given(
    rows=st.lists(st.tuples(probabilities, st.integers(-2, 2)), min_size=1, max_size=40),
    random=st.randoms(use_true_random=False),
)
def test_matches_definition_whatever_the_order(name, rows, random):
    random.shuffle(rows)
    p, family = np.array([row[0] for row in rows]), np.array([row[1] for row in rows])
    found = ADJUSTMENTS[name](p, family)
    for one in set(family.tolist()):
        mine = family == one
        expected = getattr(proportions, name)(p[mine].tolist())
        np.testing.assert_allclose(found[mine], expected, rtol=1e-12)


@given(st.lists(probabilities, min_size=1, max_size=40))
def test_each_is_stricter_than_the_next(p):
    values = np.array(p)
    q, h, b = benjamini_hochberg(values, 0), holm(values, 0), bonferroni(values, 0)
    assert (values <= q + 1e-15).all() and (q <= h + 1e-12).all() and (h <= b + 1e-15).all()
    assert (b <= 1).all()
    order = np.argsort(values, kind="stable")
    assert (np.diff(h[order]) >= 0).all()


@pytest.mark.parametrize("name", ADJUSTMENTS)
def test_missing_p_is_left_out_of_the_family_and_stays_missing(name):
    adjust = ADJUSTMENTS[name]
    found = adjust([[0.01, np.nan], [0.04, np.nan]], [[7], [7]])
    np.testing.assert_allclose(
        found, [[0.02, np.nan], [0.08 if name == "bonferroni" else 0.04, np.nan]]
    )
    assert np.isnan(adjust([np.nan], [1])).all() and adjust([], []).shape == (0,)
    with pytest.raises(ValueError, match="outside 0 to 1"):
        adjust([1.1], 0)
    with pytest.raises(ValueError, match="outside 0 to 1"):
        adjust([-0.1], 0)
