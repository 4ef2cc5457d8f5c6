"""Which chart a series gets, and when its limits would mean little: at the edges."""

from __future__ import annotations

import pytest

from measures.stats.spc import ChartKind, DataKind, Phase, make_series
from measures.stats.spc.charts import LIMITS_FROM
from measures.stats.spc.choice import ChartWarning, choose_chart, has_few_events


@pytest.mark.parametrize(("events", "few"), [(4.9, True), (5, False), (5.5, False)])
def test_five_expected_events_are_enough(events, few):
    assert has_few_events(make_series(DataKind.COUNT, [events - 1, events + 1])) is few


@pytest.mark.parametrize(("missed", "few"), [(4, True), (5, False)])
def test_of_a_proportion_five_without_the_event_are_needed_too(missed, few):
    assert has_few_events(make_series(DataKind.PROPORTION, [50 - missed] * 3, [50] * 3)) is few


def test_missing_points_do_not_hide_few_events():
    series = make_series(DataKind.COUNT, [None, 1, 2, None])
    assert has_few_events(series)
    assert choose_chart(series).warnings == (ChartWarning.FEW_EVENTS,)


def test_values_and_nothing_have_no_events():
    assert not has_few_events(make_series(DataKind.VALUE, [0.1, 0.2]))
    assert not has_few_events(make_series(DataKind.COUNT, [None, None]))


def test_limits_need_enough_points_of_the_baseline_alone():
    numbers = [20 + n % 3 for n in range(LIMITS_FROM + 5)]
    series = make_series(DataKind.COUNT, numbers)
    assert choose_chart(series).kind == ChartKind.C
    assert choose_chart(series, phases=[Phase(0, LIMITS_FROM)]).kind == ChartKind.C
    assert choose_chart(series, phases=[Phase(0, LIMITS_FROM - 1)]).kind == ChartKind.RUN
    short = make_series(DataKind.COUNT, numbers[: LIMITS_FROM - 1])
    assert choose_chart(short).kind == ChartKind.RUN
