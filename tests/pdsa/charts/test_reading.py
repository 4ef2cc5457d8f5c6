"""Sentences about charts: what they say, and what they must not say."""

import pytest

from pdsa.charts.assemble import assemble
from pdsa.charts.reading import finding, method_note, read_charts
from pdsa.enums import PointKind, PointState
from tests.pdsa.charts.samples import (
    LEVEL,
    RISEN,
    cycle,
    decision,
    measure,
    points,
    values,
)

WHITE = [70, 72, 69, 71, 73, 70, 68, 72, 71, 70] * 4


def read(data):
    return read_charts(assemble(data))


def said(data):
    return " ".join(read(data))


def risen(**more):
    """Twelve level months as the baseline, then nine risen ones."""
    focus = points(LEVEL[:12] + RISEN[:9])
    return measure(
        focus,
        points(WHITE[:21]),
        decisions=(decision("baseline", 11), *more.pop("decisions", ())),
        **more,
    )


def test_no_numbers_say_what_to_do():
    assert read(measure(())) == ("No numbers yet. Add the first month.",)


@pytest.mark.parametrize(("count", "expected"), [(1, 1), (3, 3), (9, 9)])
def test_few_points_are_counted_towards_ten_and_never_judged(count, expected):
    text = said(measure(points(LEVEL[:count])))
    assert f"{expected} of 10 points needed before we look for signals" in text
    assert "ignal:" not in text


def test_latest_number_comes_first_with_counts_and_direction():
    assert read(measure(points([31], size=50)))[0] == (
        "Blood pressure, Black: 62.0% (31 of 50) in Jan 2025. Higher is better."
    )
    lower = measure(points([31], size=50), higher_is_better=False)
    assert read(lower)[0].endswith("Lower is better.")


def test_months_without_a_number_keep_their_reasons_apart():
    focus = points(
        [50, PointState.NO_PATIENTS, PointState.NOT_COLLECTED, PointState.SUPPRESSED, None, 52]
    )
    assert (
        "4 months without a number (no patients: Feb 2025; not collected: Mar 2025;"
        " suppressed: Apr 2025; not entered: May 2025)."
    ) in said(measure(focus))


def test_a_last_month_without_a_number_is_said_with_the_number_before_it():
    first = read(measure(points([50, 51, PointState.NOT_COLLECTED])))[0]
    assert first.startswith(
        "Blood pressure, Black: 51.0% (51 of 100) in Feb 2025. After that: not collected."
    )


def test_a_shift_is_told_with_its_length_since_when_and_after_which_test():
    text = said(risen(cycles=(cycle(11, 13),)))
    assert (
        "Signal: 9 months in a row above the average of the baseline since Jan 2026 (favourable),"
        " after “Pharmacist visits, test 1” began in Dec 2025."
    ) in text


def test_a_test_is_named_as_earlier_never_as_the_cause():
    text = said(risen(cycles=(cycle(11, 13),)))
    for word in ("because", "caused", "due to", "led to", "thanks to", "proves", "significant"):
        assert word not in text.lower()


@pytest.mark.parametrize("start", [0, 13])
def test_a_test_long_before_or_after_the_signal_is_not_named_with_it(start):
    assert "Pharmacist" not in said(risen(cycles=(cycle(start, start + 1),)))


def test_the_same_rise_is_unfavourable_where_lower_is_better():
    data = risen(higher_is_better=False)
    assert "(unfavourable)" in said(data) and "(favourable)" not in said(data)
    assert finding(assemble(data)).endswith("for the worse")
    assert finding(assemble(risen())).endswith("for the better")


def test_no_signal_is_said_as_no_signal_and_nothing_more():
    data = measure(points(LEVEL))
    assert "No signal by these rules." in read(data)
    assert finding(assemble(data)).endswith("no signal of a change")


def test_a_pattern_without_a_side_is_neither_better_nor_worse():
    data = measure(points([50, 51] * 10))
    assert "15 points in a row in the inner third" in said(data)
    assert "(neither better nor worse)" in said(data)
    assert finding(assemble(data)).endswith("an unusual pattern, neither better nor worse")


def test_equal_numbers_have_nothing_to_read():
    assert "All numbers are the same: there is no variation to read." in read(
        measure(points([50] * 14))
    )


def test_overlapping_periods_are_never_judged():
    data = risen(overlaps=True)
    assert "no rule for signals is applied" in said(data)
    assert "ignal:" not in said(data) and "signal" not in finding(assemble(data))


def test_the_gap_is_told_with_what_it_was_and_whether_it_signals():
    text = said(risen())
    assert "Gap to White: +1.0 points in Sep 2026; average of the baseline −20.8 points." in text
    assert "The gap signals: 9 months in a row above" in text
    level = measure(points(LEVEL), points(WHITE[:20]))
    assert "The gap itself shows no signal." in said(level)


def test_a_gap_needs_a_month_with_both_numbers():
    data = measure(points([50, None]), points([None, 70]))
    assert "Gap to White: not known, no month has both." in said(data)


def test_target_is_judged_while_the_limits_hold_and_not_after_a_signal():
    level = measure(points(LEVEL), target=0.95)
    assert "As it runs now, it will not reach the target of 95.0%." in said(level)
    assert "target" not in said(risen(target=0.95))


def test_few_people_are_warned_of():
    few = measure(points([3, 4, 2, 3, 4, 3, 2, 4, 3, 4, 3, 2], size=7))
    assert "Few people a period" in said(few)


def test_after_a_new_phase_points_are_counted_anew():
    data = risen(decisions=(decision("phase", 12, reason="Pharmacist visits stay"),))
    assert "9 of 10 points since the last phase began; signals come later." in said(data)


def test_what_people_decided_is_printed_with_reason_name_and_day():
    data = risen(
        decisions=(
            decision("phase", 12, reason="Pharmacist visits stay"),
            decision("exclude", 3, stratum_id=1, stratum_name="Black", reason="Cuffs recalled"),
        )
    )
    note = method_note(assemble(data))
    assert "New phase from Jan 2026: Pharmacist visits stay (Rosa Lima, 5 Jan 2026)." in note
    assert "Apr 2025 for Black taken out: Cuffs recalled (Rosa Lima, 5 Jan 2026)." in note
    assert "Baseline up to Dec 2025" in note


def test_kind_of_chart_rule_set_and_screening_are_printed():
    calm = [50, 53, 48, 51, 49, 52, 47, 54, 50, 51, 48, 49, 52, 53]
    note = method_note(assemble(measure(points(calm))))
    assert note.startswith("P chart; rules: Shewhart rules as used in improvement")
    assert "trial limits from 14 points" in note
    assert method_note(assemble(measure(points(LEVEL)))).startswith("P′ chart;")
    run = method_note(assemble(measure(points(LEVEL[:11]))))
    assert run.startswith("Run chart; rules: Run chart rules")
    single = measure(values([9, 11, 10] * 5), point_kind=PointKind.VALUE, is_screened=False)
    assert "limits not screened" in method_note(assemble(single))


def test_a_chosen_rule_set_is_the_one_that_is_used_and_printed():
    note = method_note(assemble(measure(points(LEVEL), rule_set="nhs_mdc")))
    assert note.startswith("Chart of individual values (I); rules: NHS Making Data Count")
    anhoej = assemble(measure(points(LEVEL), rule_set="anhoej"))
    assert anhoej.focus.chart.rule_set.code == "anhoej"
    early = assemble(measure(points(LEVEL[:11]), rule_set="nelson"))
    assert early.focus.chart.rule_set.code == "run_ihi"


def test_values_carry_their_unit():
    data = measure(values([12.5, 13]), point_kind=PointKind.VALUE, unit="days")
    assert read(data)[0].startswith("Blood pressure, Black: 13 days in Feb 2025.")


def test_an_excluded_point_is_out_of_the_gap_too():
    data = risen(decisions=(decision("exclude", 3, stratum_id=1, stratum_name="Black"),))
    charts = assemble(data)
    assert not charts.gap.chart.series.included[3]
    assert charts.reference.chart.series.included[3]


def test_a_short_baseline_is_said_as_such():
    data = measure(points(LEVEL[:8] + RISEN), decisions=(decision("baseline", 7),))
    assert "The baseline has 8 points; 10 are needed to look for signals." in read(data)
