"""What holds for every chart, and the edges that a month's numbers really have."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from measures.stats.spc import (
    RULE_SETS,
    Assurance,
    ChartKind,
    ChartWarning,
    DataKind,
    Direction,
    Glyph,
    Phase,
    Stage,
    analyse,
    assure,
    choose_chart,
    list_glyphs,
    make_series,
    moving_range_chart,
    offer_phase,
    runs_limits,
)

NUMBERS = st.lists(st.one_of(st.integers(0, 40), st.none()), min_size=12, max_size=30)
MEAN_SETS = [code for code, rules in RULE_SETS.items() if rules.mean]
MEDIAN_SETS = [code for code, rules in RULE_SETS.items() if rules.median]
CHARTS = [
    *((ChartKind.I, code) for code in MEAN_SETS),
    *((ChartKind.RUN, code) for code in MEDIAN_SETS),
]


def values_of(numbers, **more):
    return make_series(DataKind.VALUE, numbers, **more)


def read(numbers, kind=ChartKind.I, rules="shewhart_ihi", **more):
    return analyse(values_of(numbers), kind, rules, **more)


def proportion(pairs, **more):
    return make_series(DataKind.PROPORTION, [x for x, _ in pairs], [n for _, n in pairs], **more)


def signals_of(chart):
    return {(s.rule, s.points, s.first, s.last) for s in chart.signals}


@given(NUMBERS, st.sampled_from(CHARTS), st.integers(-50, 50), st.sampled_from([0.5, 1, 2, 8]))
def test_signals_do_not_change_with_the_unit_of_the_numbers(numbers, chart, shift, scale):
    kind, rules = chart
    moved = [None if v is None else v * scale + shift for v in numbers]
    before, after = read(numbers, kind, rules), read(moved, kind, rules)
    assert signals_of(before) == signals_of(after)
    assert [s.direction for s in before.signals] == [s.direction for s in after.signals]


@given(NUMBERS, st.sampled_from(CHARTS))
def test_upside_down_the_same_points_signal_the_other_way(numbers, chart):
    kind, rules = chart
    mirrored = [None if v is None else -v for v in numbers]
    flip = {Direction.UP: Direction.DOWN, Direction.DOWN: Direction.UP}
    before, after = read(numbers, kind, rules), read(mirrored, kind, rules)
    assert {(s.rule, s.points, flip.get(s.direction, s.direction)) for s in before.signals} == {
        (s.rule, s.points, s.direction) for s in after.signals
    }


@given(NUMBERS, st.sampled_from(CHARTS))
def test_read_backwards_the_same_points_signal(numbers, chart):
    kind, rules = chart
    last = len(numbers) - 1
    before, after = read(numbers, kind, rules), read(numbers[::-1], kind, rules)
    assert {(s.rule, s.points) for s in before.signals} == {
        (s.rule, tuple(sorted(last - p for p in s.points))) for s in after.signals
    }


@given(NUMBERS, st.data(), st.sampled_from(CHARTS))
def test_points_taken_out_neither_signal_nor_count(numbers, data, chart):
    kind, rules = chart
    out = data.draw(st.sets(st.integers(0, len(numbers) - 1), max_size=4))
    whole = analyse(values_of(numbers, excluded=out), kind, rules)
    gone = read([None if i in out else v for i, v in enumerate(numbers)], kind, rules)
    assert signals_of(whole) == signals_of(gone)
    assert not any(out & set(s.points) for s in whole.signals)
    np.testing.assert_array_equal(whole.centre(), gone.centre())
    np.testing.assert_array_equal(whole.upper(), gone.upper())
    glyphs = list_glyphs(whole, higher_is_better=True)
    for place in out:
        assert glyphs[place] == (Glyph.MISSING if numbers[place] is None else Glyph.EXCLUDED)


@given(
    st.lists(
        st.integers(0, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))),
        min_size=1,
        max_size=30,
    ),
    st.sampled_from([ChartKind.P, ChartKind.P_PRIME]),
)
def test_limits_of_proportions_hold_the_centre_and_stay_proportions(pairs, kind):
    chart = analyse(proportion(pairs), kind, "shewhart_ihi", minimum=False)
    for lower, centre, upper in zip(chart.lower(), chart.centre(), chart.upper(), strict=True):
        if not np.isnan(lower):
            assert 0.0 <= lower <= centre <= upper <= 1.0


@given(
    st.lists(
        st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))),
        min_size=1,
        max_size=30,
    )
)
def test_wider_limits_are_never_narrower(pairs):
    plain = analyse(proportion(pairs), ChartKind.P, "shewhart_ihi", minimum=False)
    wide = analyse(proportion(pairs), ChartKind.P_PRIME, "shewhart_ihi", minimum=False)
    assert (wide.upper() >= plain.upper() - 1e-15).all()
    assert (wide.lower() <= plain.lower() + 1e-15).all()


@given(NUMBERS, NUMBERS, st.sampled_from(CHARTS))
def test_phases_know_nothing_of_each_other(first, second, chart):
    kind, rules = chart
    both = read([*first, *second], kind, rules, phases=(Phase(0), Phase(len(first))))
    alone = read(second, kind, rules)
    assert {
        (s.rule, tuple(p - len(first) for p in s.points)) for s in both.signals if s.phase == 1
    } == {(s.rule, s.points) for s in alone.signals}
    np.testing.assert_array_equal(both.centre()[len(first) :], alone.centre())
    np.testing.assert_array_equal(both.upper()[len(first) :], alone.upper())


@given(NUMBERS)
def test_a_baseline_does_not_hear_of_what_comes_after_it(numbers):
    frozen = read([*numbers, 99, 98, 97], phases=(Phase(0, frozen_at=len(numbers)),))
    np.testing.assert_array_equal(frozen.centre()[: len(numbers)], read(numbers).centre())
    np.testing.assert_array_equal(frozen.upper()[: len(numbers)], read(numbers).upper())


@given(st.integers(0, 40))
def test_runs_on_one_side_only_are_as_many_as_they_can_be(count):
    limits = runs_limits(count, 0)
    assert (limits.fewest, limits.most) == (min(1, count), min(1, count))


# --- edges ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("count", "stage"),
    [
        (0, None),
        (1, Stage.NUMBERS),
        (2, Stage.NUMBERS),
        (3, Stage.LINE),
        (9, Stage.LINE),
        (10, Stage.RULES),
        (11, Stage.RULES),
        (12, Stage.TRIAL),
        (19, Stage.TRIAL),
        (20, Stage.LOCKED),
    ],
)
def test_what_is_shown_follows_from_the_number_of_points(count, stage):
    chart = read([5.0, 7.0] * (count // 2) + [5.0] * (count % 2))
    if stage is None:
        assert chart.phases == () and chart.signals == ()
        return
    phase = chart.phases[0]
    assert phase.stage == stage
    assert phase.centre_shown == (count >= 10)
    assert phase.limits_shown == phase.rules_applied == (count >= 12)


def test_missing_months_do_not_count_as_points():
    chart = read([5.0, None, 7.0] * 6)
    assert chart.phases[0].useful_count == 12
    assert chart.phases[0].missing == (1, 4, 7, 10, 13, 16)


def test_run_chart_rules_wait_for_ten_points():
    nine = [1, 1, 1, 1, 2, 3, 3, 3, 3]
    assert not read(nine, ChartKind.RUN, "run_ihi").signals
    steps = [1] * 6 + [9] * 6
    assert {s.rule for s in read(steps, ChartKind.RUN, "run_ihi").signals} == {"shift", "few_runs"}


@pytest.mark.parametrize(("kind", "rules"), CHARTS)
@pytest.mark.parametrize("level", [0.0, 0.1, 7.3, 1e9])
def test_constant_numbers_have_their_line_for_limits_and_no_signal(kind, rules, level):
    chart = read([level] * 24, kind, rules)
    assert not chart.signals
    phase = chart.phases[0]
    assert phase.no_variation
    assert phase.limits.centre == pytest.approx(level)
    if kind == ChartKind.I:
        assert (chart.lower() == chart.centre()).all() and (chart.upper() == chart.centre()).all()


@pytest.mark.parametrize("kind", [ChartKind.P, ChartKind.P_PRIME])
@pytest.mark.parametrize("full", [False, True])
def test_all_zero_and_all_hundred_percent_have_their_line_for_limits(kind, full):
    pairs = [(n if full else 0, n) for n in (20, 22, 18, 25, 21, 19) * 4]
    chart = analyse(proportion(pairs), kind, "shewhart_ihi")
    assert (chart.lower() == float(full)).all() and (chart.upper() == float(full)).all()
    assert not chart.signals and chart.phases[0].no_variation


def test_equal_proportions_of_different_sizes_are_constant():
    pairs = [(3 * k, 7 * k) for k in (1, 3, 11, 2, 9, 4) * 4]
    chart = analyse(proportion(pairs), ChartKind.P, "shewhart_ihi")
    assert not chart.signals


def test_a_month_without_patients_has_no_value_and_no_limits_and_the_line_goes_on():
    pairs = [(5, 10), (0, 0), (6, 10)] * 6
    chart = analyse(proportion(pairs), ChartKind.P, "shewhart_ihi")
    assert np.isnan(chart.values[1]) and np.isnan(chart.lower()[1])
    assert np.isfinite(chart.centre()[1])


def test_a_point_on_a_limit_is_not_beyond_it():
    numbers = [10.0, 12.0] * 10
    upper = float(read(numbers).upper()[0])
    on = read([*numbers, upper], phases=(Phase(0, frozen_at=20),))
    over = read([*numbers, upper + 1e-6], phases=(Phase(0, frozen_at=20),))
    assert on.phases[0].beyond == () and over.phases[0].beyond == (20,)


def test_moving_ranges_do_not_bridge_a_missing_month():
    chart = moving_range_chart(values_of([1, 2, None, 9, 10]))
    assert chart.centre == 1.0
    assert np.isnan(chart.values[[0, 2, 3]]).all()


def test_one_jump_does_not_widen_the_limits():
    numbers = [10.0, 11.0] * 10 + [60.0, 61.0] * 10
    assert read(numbers).upper()[0] < read(numbers, screened=False).upper()[0]


def test_a_shift_goes_on_over_a_missing_month():
    chart = read([1, 2, 1, 2, 1, 2, 1, 9, 8, 9, None, 8, 9, 8], ChartKind.RUN, "run_ihi")
    shift = [s for s in chart.signals if s.rule == "shift" and s.direction == Direction.UP]
    assert [s.points for s in shift] == [(7, 8, 9, 11, 12, 13)]


@pytest.mark.parametrize(
    ("rules", "kind"),
    [("shewhart_ihi", ChartKind.RUN), ("run_ihi", ChartKind.I), ("x", ChartKind.I)],
)
def test_a_rule_set_for_another_centre_line_is_refused(rules, kind):
    with pytest.raises(ValueError):
        read([1, 2, 3], kind, rules)


@pytest.mark.parametrize(
    ("kind", "numbers", "sizes"),
    [
        (DataKind.PROPORTION, [5], [4]),
        (DataKind.PROPORTION, [1], None),
        (DataKind.PROPORTION, [-1], [4]),
        (DataKind.PROPORTION, [1, 2], [4]),
        (DataKind.RATE, [1], [0]),
        (DataKind.COUNT, [-1], None),
        (DataKind.VALUE, [float("inf")], None),
        (DataKind.VALUE, [1], [2]),
    ],
)
def test_numbers_that_cannot_be_are_refused(kind, numbers, sizes):
    with pytest.raises(ValueError):
        make_series(kind, numbers, sizes)


@pytest.mark.parametrize(
    "phases", [(Phase(1),), (Phase(0), Phase(0)), (Phase(0), Phase(9)), (Phase(0, frozen_at=5),)]
)
def test_phases_that_do_not_fit_are_refused(phases):
    with pytest.raises(ValueError):
        read([1, 2, 3], phases=phases)


# --- choice --------------------------------------------------------------------------------------


def wobble(count, size, share=0.6, by=0.0):
    return [(round(size * (share + (by if i % 2 else -by))), size) for i in range(count)]


@pytest.mark.parametrize(
    ("series", "kind"),
    [
        (proportion(wobble(11, 100)), ChartKind.RUN),
        (proportion(wobble(12, 100, by=0.03)), ChartKind.P),
        (proportion(wobble(12, 100, by=0.2)), ChartKind.P_PRIME),
        (proportion(wobble(12, 5000, by=0.001)), ChartKind.P_PRIME),
        (make_series(DataKind.RATE, [9, 11] * 6, [100] * 12), ChartKind.U),
        (make_series(DataKind.COUNT, [9, 11] * 6), ChartKind.C),
        (values_of([9, 11] * 6), ChartKind.I),
        (values_of([9, 11] * 5), ChartKind.RUN),
        (values_of([]), ChartKind.RUN),
    ],
)
def test_chart_follows_from_the_data(series, kind):
    assert choose_chart(series).kind == kind


def test_few_events_are_warned_of_on_either_side():
    assert choose_chart(proportion(wobble(12, 7))).warnings == (ChartWarning.FEW_EVENTS,)
    assert choose_chart(proportion([(98, 100)] * 12)).warnings == (ChartWarning.FEW_EVENTS,)
    assert choose_chart(proportion(wobble(12, 100))).warnings == ()


# --- judgement -----------------------------------------------------------------------------------

RISEN = [50, 52, 49, 51, 50, 53, 48, 51, 51, 52, 49, 50, 58, 60, 59, 61, 58, 62, 60, 59]


def test_one_shift_is_favourable_or_not_by_the_direction_of_the_measure():
    chart = read(RISEN, phases=(Phase(0, frozen_at=12),))
    assert list_glyphs(chart, higher_is_better=True)[-1] == Glyph.FAVOURABLE
    assert list_glyphs(chart, higher_is_better=False)[-1] == Glyph.UNFAVOURABLE


@pytest.mark.parametrize(
    ("target", "higher", "expected"),
    [
        (90, True, Assurance.FAILS),
        (90, False, Assurance.MEETS),
        (10, True, Assurance.MEETS),
        (10, False, Assurance.FAILS),
        (51, True, Assurance.HIT_AND_MISS),
    ],
)
def test_target_is_judged_by_the_limits(target, higher, expected):
    assert assure(read(RISEN[:12]), target, higher_is_better=higher) == expected


def test_target_is_judged_by_the_last_phase():
    chart = read([10, 11] * 6 + [90, 91] * 6, phases=(Phase(0), Phase(12)))
    assert assure(chart, 50, higher_is_better=True) == Assurance.MEETS
    assert assure(read([10] * 12), 50, higher_is_better=True) is None
    assert assure(read([10, 11]), 50, higher_is_better=True) is None


def test_a_new_phase_is_offered_after_a_favourable_shift_with_a_change_only():
    chart = read(RISEN, phases=(Phase(0, frozen_at=12),))
    offer = offer_phase(chart, higher_is_better=True, changes=[11])
    assert offer is not None and (offer.start, offer.length) == (12, 8)
    assert offer_phase(chart, higher_is_better=True, changes=[]) is None
    assert offer_phase(chart, higher_is_better=False, changes=[11]) is None


def test_an_offer_that_was_declined_comes_back_after_six_points():
    chart = read(RISEN, phases=(Phase(0, frozen_at=12),))
    more = {"higher_is_better": True, "changes": [11]}
    assert offer_phase(chart, **more, declined_at=15) is None
    assert offer_phase(chart, **more, declined_at=14) is not None


def test_a_short_shift_has_to_last():
    base = [5, 6, 5, 6, 5, 6, 5, 6, 5, 6]
    short = read(
        [*base, 9, 8, 9, 8, 9, 8], ChartKind.RUN, "run_ihi", phases=(Phase(0, frozen_at=10),)
    )
    assert offer_phase(short, higher_is_better=True, changes=[9]) is None
    assume_points = [*base, 9, 8, 9, 8, 9, 8, 5, 9, 8, 9]
    lasting = read(assume_points, ChartKind.RUN, "run_ihi", phases=(Phase(0, frozen_at=10),))
    assert offer_phase(lasting, higher_is_better=True, changes=[9]) is not None
