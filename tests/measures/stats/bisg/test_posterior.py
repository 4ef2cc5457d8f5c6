from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from measures.stats.bisg import Basis, PlaceKind, impute, place_table, surname_table


def test_posterior_is_the_formula(surnames, zips, firsts):
    found = impute(
        ["Smith"], ["02139"], ["Maria"],
        surname_table=surnames, place_table=zips, first_name_table=firsts,
    )  # fmt: skip
    in_place = np.array([500, 200, 100, 150, 5, 45]) / np.array([1700, 510, 430, 270, 16, 74])
    maria = np.array([0.24, 0.03, 0.65, 0.06, 0.01, 0.01]) * 1000
    james = np.array([0.84, 0.11, 0.02, 0.01, 0.01, 0.01]) * 3000
    all_firsts = maria + james + np.array([10, 0, 0, 0, 0, 0])
    product = np.array([0.70, 0.23, 0.03, 0.01, 0.01, 0.02]) * in_place * maria / all_firsts
    np.testing.assert_allclose(found.probabilities[0], product / product.sum(), rtol=1e-13)


def test_fallbacks_are_as_documented(surnames, zips, firsts):
    found = impute(
        ["Smith", "Smith", "Qxz", "Qxz", None, None, "Smith"],
        ["02139", "00000", "02139", None, "02139", None, "99999"],
        surname_table=surnames,
        place_table=zips,
    )
    p = found.probabilities
    assert found.basis.tolist() == [
        Basis.NAME_AND_PLACE, Basis.NAME_ONLY, Basis.NAME_AND_PLACE, Basis.NAME_ONLY,
        Basis.PLACE_ONLY, Basis.NOTHING, Basis.NAME_ONLY,
    ]  # fmt: skip
    np.testing.assert_allclose(p[1], [0.70, 0.23, 0.03, 0.01, 0.01, 0.02])
    np.testing.assert_allclose(p[3], [0.66, 0.09, 0.14, 0.08, 0.01, 0.02])
    np.testing.assert_allclose(p[4], np.array([500, 200, 100, 150, 5, 45]) / 1000)
    assert np.isnan(p[5]).all()
    np.testing.assert_allclose(p[6], p[1])
    report = found.report()
    assert report["surname"]["not_listed"] == 2 and report["surname"]["missing"] == 2
    assert report["place"] == {
        "found": 3, "not_listed": 0, "nobody_counted": 1, "malformed": 1, "missing": 2,
    }  # fmt: skip
    assert all(sum(counts.values()) == 7 for counts in report.values())


def test_no_other_names_means_place_alone(zips):
    table = surname_table(["a"], np.array([[0.5, 0.5, 0, 0, 0, 0]]))
    found = impute(["Qxz", "a"], ["02139", "02139"], surname_table=table, place_table=zips)
    assert found.basis.tolist() == [Basis.PLACE_ONLY, Basis.NAME_AND_PLACE]


def test_name_and_place_that_exclude_each_other():
    names = surname_table(["a", "b"], np.array([[1.0, 0, 0, 0, 0, 0], [0.5, 0.5, 0, 0, 0, 0]]))
    places = place_table(
        PlaceKind.ZIP, np.array([1, 2]), np.array([[0.0, 5, 5, 5, 5, 5], [1, 1, 1, 1, 1, 1]])
    )
    zips = pl.Series(["00001", "00002", "00001"])
    found = impute(["a", "a", "b"], zips, surname_table=names, place_table=places)
    assert found.basis.tolist() == [Basis.CONTRADICTION, Basis.NAME_AND_PLACE, Basis.NAME_AND_PLACE]
    np.testing.assert_array_equal(
        found.probabilities, [[1, 0, 0, 0, 0, 0], [1, 0, 0, 0, 0, 0], [0, 1, 0, 0, 0, 0]]
    )


def test_columns_of_different_length_are_refused(surnames, zips):
    with pytest.raises(ValueError, match="differ in number"):
        impute(["Smith", "Jones"], ["02139"], surname_table=surnames, place_table=zips)
    with pytest.raises(ValueError, match="table of first names"):
        impute(["Smith"], ["02139"], ["Maria"], surname_table=surnames, place_table=zips)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["Smith", "GARCIA", "Nguyen-Jones", "qx", "", None]),
            st.sampled_from(["02139", "1532", "99999", "", None, "zz"]),
        ),
        max_size=40,
    )
)
def test_rows_add_up_and_do_not_know_each_other(people):
    surnames_, zips_ = _tables()
    names, places = [p[0] for p in people], [p[1] for p in people]
    found = impute(names, places, surname_table=surnames_, place_table=zips_)
    estimated = found.basis != Basis.NOTHING
    np.testing.assert_allclose(found.probabilities[estimated].sum(axis=1), 1.0, atol=1e-12)
    assert np.isnan(found.probabilities[~estimated]).all()
    back = impute(names[::-1], places[::-1], surname_table=surnames_, place_table=zips_)
    np.testing.assert_array_equal(back.probabilities[::-1], found.probabilities)


def _tables():
    shares = np.array(
        [
            [0.7, 0.2, 0.04, 0.02, 0.02, 0.02],
            [0.05, 0.01, 0.92, 0.01, 0.005, 0.005],
            [0.6, 0.1, 0.1, 0.1, 0.05, 0.05],
        ]
    )
    return surname_table(["smith", "garcia", "all other names"], shares), place_table(
        PlaceKind.ZIP,
        np.array([2139, 1532]),
        np.array([[5.0, 2, 1, 1, 0.1, 0.4], [9, 0.1, 0.3, 0.4, 0.01, 0.2]]),
    )
