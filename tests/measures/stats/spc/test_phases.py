"""What is counted of each phase of a chart."""

from __future__ import annotations

import numpy as np

from measures.stats.spc import (
    ChartKind,
    DataKind,
    Direction,
    Phase,
    Stage,
    analyse,
    anhoej_limits,
    make_series,
    moving_range_chart,
    runs_limits,
)


def read(numbers, kind=ChartKind.RUN, rules="run_ihi", *, excluded=(), **more):
    return analyse(make_series(DataKind.VALUE, numbers, excluded=excluded), kind, rules, **more)


WAVES = [1, 1, 1, 9, 9, 1, 9, 9, 1, 1, 9, 9]


def test_runs_of_each_phase_are_counted_about_its_own_line():
    # Median 5: six above and six below in six runs; then five above and five below, and two on the line.
    chart = read(
        [*WAVES, 60, 70, 80, 70, 80, 70, 60, 60, 80, 80, 80, 60], phases=(Phase(0), Phase(12))
    )
    first, second = (phase.runs for phase in chart.phases)
    assert (first.useful, first.above, first.longest_run, first.crossings) == (12, 6, 3, 5)
    assert first.runs == 6
    assert (first.anhoej, first.runs_limits) == (anhoej_limits(12), runs_limits(6, 6))
    assert chart.phases[1].limits.centre == 70
    assert (second.useful, second.above, second.longest_run, second.crossings) == (9, 5, 3, 4)
    assert (second.anhoej, second.runs_limits) == (anhoej_limits(9), runs_limits(5, 4))


def test_on_one_side_there_are_no_limits_of_the_number_of_runs():
    for later, above in ((9, 2), (1, 0)):
        runs = read([5] * 10 + [later] * 2, phases=(Phase(0, frozen_at=10),)).phases[0].runs
        assert (runs.useful, runs.above, runs.runs, runs.longest_run) == (2, above, 1, 2)
        assert runs.anhoej == anhoej_limits(2) and runs.runs_limits is None
    nothing = read([5] * 12).phases[0].runs
    assert (nothing.useful, nothing.runs, nothing.longest_run) == (0, 0, 0)
    assert nothing.anhoej is nothing.runs_limits is None


def test_places_count_from_the_start_of_the_series():
    numbers = [*WAVES, 5, None, 6, 99, 5, None, 6, 5, 6, 5, 6, 5, 6, 5, 6, 5]
    chart = read(
        numbers,
        ChartKind.I,
        "shewhart_ihi",
        excluded={15, 17},
        phases=(Phase(0), Phase(12, frozen_at=27)),
    )
    first, second = chart.phases
    assert (first.missing, first.excluded) == ((), ())
    assert (second.missing, second.excluded) == ((13, 17), (15,))
    assert (second.start, second.baseline_end, second.end, second.number) == (12, 27, 28, 1)
    assert (second.useful_count, second.baseline_count, second.stage) == (13, 12, Stage.TRIAL)
    assert second.is_frozen and not first.is_frozen and chart.last_phase is second


def test_a_signal_says_where_it_begins_and_ends():
    numbers = [*[10, 12] * 6, 30, 12, 10, 2, 12, 10]
    chart = read(numbers, ChartKind.I, "shewhart_ihi", phases=(Phase(0, frozen_at=12),))
    beyond = [s for s in chart.signals if s.rule == "beyond_limits"]
    assert [(s.first, s.last, s.points, s.direction, s.phase) for s in beyond] == [
        (12, 12, (12,), Direction.UP, 0),
        (15, 15, (15,), Direction.DOWN, 0),
    ]
    assert chart.phases[0].beyond == (12, 15)
    assert chart.signals_at(12) == (beyond[0],) and chart.signals_at(13) == ()
    whole = [s for s in read([1] * 6 + [9] * 6).signals if s.rule == "few_runs"]
    assert [(s.first, s.last, s.points) for s in whole] == [(0, 11, ())]


def test_moving_ranges_have_a_centre_and_an_upper_limit():
    chart = moving_range_chart(make_series(DataKind.VALUE, [1, 3, 2, None, 5, 9]))
    np.testing.assert_array_equal(chart.values, [np.nan, 2, 1, np.nan, np.nan, 4])
    assert chart.centre == 7 / 3 and abs(chart.upper / chart.centre - 3.267) < 1e-3
    assert len(moving_range_chart(make_series(DataKind.VALUE, [])).values) == 0
