from __future__ import annotations

import csv
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from measures.stats.indices import (
    between_group_sd,
    between_group_sd_corrected,
    between_group_variance,
    between_group_variance_corrected,
    coefficient_of_variation,
    index_of_disparity,
    index_of_disparity_from_reference,
    mean_difference_from_best,
    mean_difference_from_mean,
    mean_difference_from_reference,
    mean_log_deviation,
    population_attributable_fraction,
    population_attributable_risk,
    range_difference,
    range_ratio,
    signed_difference_from_reference,
    theil,
    worst_difference,
    worst_ratio,
)
from tests.measures.stats.golden import FOLDER
from tests.reference import indices as slow

DATA_SETS = ("own_colorectal_race5", "own_edge_zero_full_tie", "own_adi_quintile")
UP = {"higher_is_better": True}
WITHOUT_REFERENCE = {
    "bgv": between_group_variance,
    "bgv corrected": between_group_variance_corrected,
    "bgsd": between_group_sd,
    "bgsd corrected": between_group_sd_corrected,
    "cov": coefficient_of_variation,
    "mdm": lambda x, n: mean_difference_from_mean(x, n, weighted=False),
    "mdm weighted": lambda x, n: mean_difference_from_mean(x, n, weighted=True),
    "idis": lambda x, n: index_of_disparity(x, n, weighted=False),
    "idis weighted": lambda x, n: index_of_disparity(x, n, weighted=True),
    "theil": theil,
    "mld": mean_log_deviation,
    "mdb": lambda x, n: mean_difference_from_best(x, n, weighted=False, **UP),
    "mdb weighted": lambda x, n: mean_difference_from_best(x, n, weighted=True, **UP),
    "par": lambda x, n: population_attributable_risk(x, n, **UP),
    "paf": lambda x, n: population_attributable_fraction(x, n, **UP),
    "range": range_difference,
    "range ratio": range_ratio,
}
WITH_REFERENCE = {
    "mdr": lambda x, n, r: mean_difference_from_reference(x, n, r, weighted=False),
    "mdr weighted": lambda x, n, r: mean_difference_from_reference(x, n, r, weighted=True),
    "signed": lambda x, n, r: signed_difference_from_reference(x, n, r, weighted=False),
    "signed weighted": lambda x, n, r: signed_difference_from_reference(x, n, r, weighted=True),
    "idis": index_of_disparity_from_reference,
    "worst": lambda x, n, r: worst_difference(x, n, r, **UP),
    "worst ratio": lambda x, n, r: worst_ratio(x, n, r, **UP),
}

group = st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
inner = st.integers(2, 500).flatmap(lambda n: st.tuples(st.integers(1, n - 1), st.just(n)))
groups = st.lists(group, min_size=2, max_size=7)


def published(data_set):
    """Counts, index of the reference (None: none), and name → (estimate, standard error)."""
    with (FOLDER / f"healthequal_{data_set}.csv").open() as file:
        rows = list(csv.DictReader(file))
    with (FOLDER / "healthequal.csv").open() as file:
        values = {
            row["fun"]: tuple(
                math.nan if row[name] == "NA" else float(row[name]) for name in ("estimate", "se")
            )
            for row in csv.DictReader(file)
            if row["dataset"] == data_set
        }
    chosen = [at for at, row in enumerate(rows) if row["reference_subgroup"] == "1"]
    x, n = (np.array([int(row[name]) for row in rows]) for name in ("numerator", "denominator"))
    return x, n, chosen[0] if chosen else None, values


@pytest.mark.parametrize("data_set", DATA_SETS)
def test_indices_match_healthequal(data_set):
    x, n, reference, values = published(data_set)
    found = {
        "d_noref": (range_difference(x, n), 100),
        "r_noref": (range_ratio(x, n), 1),
        "parisk": (population_attributable_risk(x, n, **UP), 100),
        "paf": (population_attributable_fraction(x, n, **UP), 100),
        "bgv": (between_group_variance(x, n), 1e4),
        "bgsd": (between_group_sd(x, n), 100),
        "covar": (coefficient_of_variation(x, n), 100),
        "mdmu": (mean_difference_from_mean(x, n, weighted=False), 100),
        "mdmw": (mean_difference_from_mean(x, n, weighted=True), 100),
        "mdbu": (mean_difference_from_best(x, n, weighted=False, **UP), 100),
        "mdbw": (mean_difference_from_best(x, n, weighted=True, **UP), 100),
        "idisu": (index_of_disparity(x, n, weighted=False), 100),
        "idisw": (index_of_disparity(x, n, weighted=True), 100),
    }
    if reference is not None:
        found |= {
            "d_ref": (worst_difference(x, n, reference, **UP), -100),
            "mdru": (mean_difference_from_reference(x, n, reference, weighted=False), 100),
            "mdrw": (mean_difference_from_reference(x, n, reference, weighted=True), 100),
        }
    compared = found.keys() & values.keys()
    assert len(compared) == (16 if reference is not None else 4), sorted(values)
    for name in compared:
        (value, error), scale = found[name]
        np.testing.assert_allclose(value * scale, values[name][0], rtol=1e-9, err_msg=name)
        if name in {"d_noref", "d_ref", "r_noref", "bgv", "parisk"}:
            np.testing.assert_allclose(error * abs(scale), values[name][1], rtol=1e-9)


def test_entropy_matches_healthequal_except_where_it_imputes():
    x, n, _, values = published("own_colorectal_race5")
    # There the estimate is given times 1000 and the error is not.
    for name, index in (("ti", theil), ("mld", mean_log_deviation)):
        np.testing.assert_allclose(index(x, n).value * 1000, values[name][0], rtol=1e-9)
        np.testing.assert_allclose(index(x, n).error, values[name][1], rtol=1e-9)
    x, n, _, values = published("own_edge_zero_full_tie")
    # A rate of 0 is taken as 0.000001 percent there; ours is the limit, and MLD has none.
    np.testing.assert_allclose(theil(x, n).value * 1000, values["ti"][0], rtol=1e-6)
    assert np.isnan(mean_log_deviation(x, n)).all()


@given(groups)
def test_indices_match_their_formulas(rows):
    x, n = np.array(rows).T
    rates, _, mean = slow.shares(rows)
    spread, corrected = slow.bgv(rows), slow.bgv_corrected(rows)
    expected = {
        "bgv": spread,
        "bgv corrected": corrected,
        "mdm": slow.distance(rows, mean, False),
        "mdm weighted": slow.distance(rows, mean, True),
        "mdb": slow.distance(rows, max(rates), False),
        "mdb weighted": slow.distance(rows, max(rates), True),
        "par": max(rates) - mean,
        "range": max(rates) - min(rates),
    }
    if spread > 1e-12:
        expected["bgsd"] = math.sqrt(spread)
    if mean:
        expected |= {
            "idis": slow.distance(rows, mean, False) / mean,
            "idis weighted": slow.distance(rows, mean, True) / mean,
            "paf": (max(rates) - mean) / mean,
            "theil": slow.theil(rows),
        }
        if min(rates):
            expected |= {"mld": slow.mld(rows), "range ratio": max(rates) / min(rates)}
    for name, value in expected.items():
        found = WITHOUT_REFERENCE[name](x, n)
        np.testing.assert_allclose(found.value, value, rtol=1e-9, atol=1e-12, err_msg=name)
    for r, p_ref in enumerate(rates):
        for weighted in (False, True):
            np.testing.assert_allclose(
                mean_difference_from_reference(x, n, r, weighted=weighted).value,
                slow.distance(rows, p_ref, weighted),
                atol=1e-12,
            )
            np.testing.assert_allclose(
                signed_difference_from_reference(x, n, r, weighted=weighted).value,
                slow.distance(rows, p_ref, weighted, signed=True),
                atol=1e-12,
            )
        if p_ref:
            np.testing.assert_allclose(
                index_of_disparity_from_reference(x, n, r).value,
                sum(abs(p - p_ref) for p in rates) / ((len(rates) - 1) * p_ref),
                atol=1e-12,
            )


@given(st.lists(inner, min_size=2, max_size=5))
def test_errors_are_those_of_the_delta_method(rows):
    x, n = np.array(rows).T
    _, weights, _ = slow.shares(rows)

    def mean(rates):
        return math.fsum(w * p for w, p in zip(weights, rates, strict=True))

    def entropy(rates):
        m = mean(rates)
        return sum(w * p / m * math.log(p / m) for w, p in zip(weights, rates, strict=True))

    def deviation(rates):
        m = mean(rates)
        return -sum(w * math.log(p / m) for w, p in zip(weights, rates, strict=True))

    signed = signed_difference_from_reference(x, n, 1, weighted=True)
    for found, function in (
        (theil(x, n), entropy),
        (mean_log_deviation(x, n), deviation),
        (signed, lambda rates: mean(rates) - rates[1]),
        (
            signed_difference_from_reference(x, n, 0, weighted=False),
            lambda rates: sum(rates) / len(rates) - rates[0],
        ),
    ):
        np.testing.assert_allclose(
            found.error, slow.slope_error(function, rows, 1e-7), rtol=1e-3, atol=1e-7
        )


@pytest.mark.parametrize("name", WITHOUT_REFERENCE)
@given(rows=groups, random=st.randoms(use_true_random=False))
def test_order_and_groups_without_people_do_not_matter(name, rows, random):
    index = WITHOUT_REFERENCE[name]
    found = index(*np.array(rows).T)
    random.shuffle(rows)
    rows.insert(random.randrange(len(rows) + 1), (0, 0))
    again = index(*np.array(rows).T)
    np.testing.assert_allclose(again.value, found.value, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(again.error, found.error, rtol=1e-7, atol=1e-6)


@given(rows=groups)
def test_absolute_indices_do_not_depend_on_the_frame(rows):
    x, n = np.array(rows).T
    for name in ("bgv", "bgv corrected", "mdm", "mdm weighted", "range"):
        index = WITHOUT_REFERENCE[name]
        np.testing.assert_allclose(index(x, n).value, index(n - x, n).value, atol=1e-12)
    for weighted in (False, True):
        up = mean_difference_from_best(x, n, higher_is_better=True, weighted=weighted)
        down = mean_difference_from_best(n - x, n, higher_is_better=False, weighted=weighted)
        np.testing.assert_allclose(up.value, down.value, atol=1e-12)
    up = population_attributable_risk(x, n, higher_is_better=True)
    down = population_attributable_risk(n - x, n, higher_is_better=False)
    np.testing.assert_allclose(up.value, -down.value, atol=1e-12)
    assert up.value >= -1e-12


@given(rows=groups)
def test_bounds(rows):
    x, n = np.array(rows).T
    for name, index in WITHOUT_REFERENCE.items():
        value = index(x, n).value
        assert np.isnan(value) or value >= -1e-12, name
    assert between_group_sd(x, n).value <= 0.5 + 1e-12
    assert between_group_sd_corrected(x, n).value <= between_group_sd(x, n).value + 1e-12
    assert (
        mean_difference_from_mean(x, n, weighted=True).value <= between_group_sd(x, n).value + 1e-9
    )


@pytest.mark.parametrize("name", WITHOUT_REFERENCE)
def test_equal_rates_are_no_disparity(name):
    value = WITHOUT_REFERENCE[name]([7, 70, 35], [10, 100, 50]).value
    np.testing.assert_allclose(value, 1.0 if name == "range ratio" else 0.0, atol=1e-9)


@pytest.mark.parametrize("name", WITHOUT_REFERENCE)
def test_one_group_or_none_has_no_index(name):
    found = WITHOUT_REFERENCE[name]([[5, 0], [0, 0]], [[9, 0], [0, 0]])
    assert found.value.shape == (2,)
    assert np.isnan(found.value).all() and np.isnan(found.error).all()


@pytest.mark.parametrize("name", WITH_REFERENCE)
def test_reference_must_be_there(name):
    index = WITH_REFERENCE[name]
    x, n = [[5, 0, 8], [5, 3, 0]], [[9, 0, 9], [9, 9, 0]]
    found = index(x, n, [1, 0])
    assert np.isnan(found.value[0]) and not np.isnan(found.value[1])
    # one index for all rows, and one group alone
    assert index(x, n, 0).value.shape == (2,)
    assert np.isnan(index([5, 0], [9, 0], 0).value)
    for wrong in (-1, 3):
        with pytest.raises(ValueError, match="none of the groups"):
            index(x, n, wrong)


def test_nobody_met_it():
    x, n = [0, 0, 0], [10, 20, 30]
    assert np.isnan([theil(x, n).value, coefficient_of_variation(x, n).value]).all()
    assert np.isnan(population_attributable_fraction(x, n, **UP).value)
    assert np.isnan(index_of_disparity(x, n, weighted=False).value)
    assert np.isnan(index_of_disparity_from_reference(x, n, 0).value)
    assert np.isnan([*mean_log_deviation(x, n), *range_ratio(x, n)]).all()
    assert between_group_variance(x, n).value == 0 and between_group_sd(x, n).value == 0
    assert np.isnan(between_group_sd(x, n).error)


def test_ties_take_the_larger_group():
    # A and C are equally good; the error is that of C, who has more people
    found = range_difference([5, 2, 50], [10, 10, 100])
    np.testing.assert_allclose(found.error, math.sqrt(0.5 * 0.5 / 100 + 0.2 * 0.8 / 10))
    worst = worst_difference([9, 5, 50], [10, 10, 100], 0, **UP)
    np.testing.assert_allclose(worst.value, -0.4)
    np.testing.assert_allclose(worst.error, math.sqrt(0.5 * 0.5 / 100 + 0.9 * 0.1 / 10))


def test_worst_turns_with_the_direction():
    x, n = [50, 20, 90], [100, 100, 100]
    np.testing.assert_allclose(worst_difference(x, n, 0, higher_is_better=True).value, -0.3)
    np.testing.assert_allclose(worst_difference(x, n, 0, higher_is_better=False).value, 0.4)
    np.testing.assert_allclose(worst_ratio(x, n, 0, higher_is_better=True).value, 0.4)
    np.testing.assert_allclose(
        worst_ratio(x, n, 0, higher_is_better=True).error,
        math.sqrt(0.8 / 0.2 / 100 + 0.5 / 0.5 / 100),
    )
    # the worst is not the reference itself, even if that is the worst of all
    np.testing.assert_allclose(worst_difference(x, n, 1, higher_is_better=True).value, 0.3)
    assert worst_ratio([0, 5], [10, 10], 0, **UP).value == np.inf


def test_correction_takes_away_what_chance_adds():
    rng = np.random.default_rng(1)
    n = np.broadcast_to([60, 80, 100, 200], (20_000, 4))
    x = rng.binomial(n, 0.7)
    w = n[0] / n[0].sum()
    noise = (w * (1 - w) * 0.7 * 0.3 / n[0]).sum()
    np.testing.assert_allclose(between_group_variance(x, n).value.mean(), noise, rtol=0.03)
    signed = between_group_variance(x, n).value - noise
    assert abs(signed.mean()) < 0.03 * noise


def test_error_of_the_variance_is_that_of_simulation():
    rng = np.random.default_rng(2)
    n = np.broadcast_to([1500, 1100, 900, 4500, 450], (20_000, 5))
    p = np.array([0.67, 0.638, 0.654, 0.708, 0.64])
    simulated = between_group_variance(rng.binomial(n, p), n).value.std()
    one = between_group_variance(np.round(n[0] * p).astype(int), n[0])
    np.testing.assert_allclose(one.error, simulated, rtol=0.05)
