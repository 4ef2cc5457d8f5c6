"""Charts against slow and obvious versions of themselves."""

import itertools
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from measures.stats.spc import (
    ChartKind,
    DataKind,
    analyse,
    make_series,
    runs_cdf,
    runs_limits,
)
from tests.reference import control_charts as reference

#: Few different values, so that ties and points on the line are common; None is a missing month.
STEPS = st.lists(st.one_of(st.integers(0, 8), st.none()), min_size=12, max_size=30)


def flagged(chart, rule):
    return {p for s in chart.signals if s.rule == rule for p in s.points}


def values_of(numbers):
    return make_series(DataKind.VALUE, numbers)


@pytest.mark.parametrize("above", range(1, 8))
@pytest.mark.parametrize("below", range(1, 8))
def test_distribution_of_runs_is_that_of_all_orders(above, below):
    exact = reference.runs_distribution(above, below)
    total = Fraction(0)
    for runs in range(above + below + 1):
        total += exact.get(runs, Fraction(0))
        assert runs_cdf(runs, above, below) == total
    limits = runs_limits(above, below)
    tail = Fraction(1, 40)
    assert sum(p for r, p in exact.items() if r < limits.fewest) <= tail
    assert sum(p for r, p in exact.items() if r <= limits.fewest) > tail
    assert sum(p for r, p in exact.items() if r > limits.most) <= tail
    assert sum(p for r, p in exact.items() if r >= limits.most) > tail


@given(STEPS.filter(lambda s: len({v for v in s if v is not None}) > 1))
def test_shift_and_trend_are_the_obvious_ones(steps):
    chart = analyse(values_of(steps), ChartKind.RUN, "run_ihi", minimum=False)
    centre = reference.run_median(steps)
    assert chart.centre()[0] == centre
    assert flagged(chart, "shift") == reference.shifts(steps, centre, 6)
    assert flagged(chart, "trend") == reference.trends(steps, 5)


@given(STEPS.filter(lambda s: len({v for v in s if v is not None}) > 1))
def test_runs_and_crossings_are_the_obvious_ones(steps):
    chart = analyse(values_of(steps), ChartKind.RUN, "anhoej", minimum=False)
    centre = reference.run_median(steps)
    sides = [(v > centre) - (v < centre) for v in steps if v is not None]
    runs = chart.phases[0].runs
    assert (runs.longest_run, runs.crossings) == reference.anhoej(sides)


@given(
    STEPS.filter(lambda s: any(a is not None and b is not None for a, b in itertools.pairwise(s)))
)
def test_individual_limits_are_the_obvious_ones(steps):
    chart = analyse(values_of(steps), ChartKind.I, "shewhart_ihi", minimum=False)
    centre, lower, upper = reference.individuals(steps)
    assert chart.centre()[0] == pytest.approx(centre)
    assert chart.lower()[0] == pytest.approx(lower)
    assert chart.upper()[0] == pytest.approx(upper)


@given(st.lists(st.floats(-4, 4), min_size=12, max_size=25))
def test_windows_are_the_obvious_ones(sigmas):
    from measures.stats.spc.rules import RULE_SETS, Track

    track = Track(
        places=np.arange(len(sigmas)),
        side=np.sign(sigmas).astype(np.int64),
        beyond=np.zeros(len(sigmas), dtype=np.int64),
        sigmas=np.array(sigmas),
        rise=np.zeros(len(sigmas), dtype=np.int64),
    )
    for code, least, window, beyond in (("two_of_three", 2, 3, 2.0), ("four_of_five", 4, 5, 1.0)):
        found = {
            p
            for pattern in RULE_SETS["western_electric"].rule(code).find(track)
            for p in pattern.positions
        }
        # A billionth of a sigma is the width of a line.
        if all(abs(abs(s) - beyond) > 1e-8 for s in sigmas):
            assert found == reference.some_of(sigmas, least, window, beyond)


PAIRS = st.lists(
    st.integers(0, 60).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))),
    min_size=12,
    max_size=24,
).filter(lambda pairs: any(n for _, n in pairs))


@given(PAIRS)
def test_limits_of_proportions_are_the_obvious_ones(pairs):
    series = make_series(DataKind.PROPORTION, [x for x, _ in pairs], [n for _, n in pairs])
    chart = analyse(series, ChartKind.P, "shewhart_ihi", minimum=False)
    for at, (_, n) in enumerate(pairs):
        if n:
            centre, lower, upper = reference.proportions(pairs, at)
            assert chart.centre()[at] == pytest.approx(centre)
            assert chart.lower()[at] == pytest.approx(lower, abs=1e-12)
            assert chart.upper()[at] == pytest.approx(upper)
        else:
            assert np.isnan(chart.lower()[at]) and chart.centre()[at] == pytest.approx(
                chart.phases[0].limits.centre
            )
