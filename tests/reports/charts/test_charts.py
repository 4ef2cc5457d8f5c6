"""Charts drawn by the server: places, words, and what must never be drawn."""

import itertools
import re
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from measures.stats.states import CellState
from reports import charts
from reports.charts.trend import _spread

SVG = "{http://www.w3.org/2000/svg}"


def stratum(label="Black", rate=0.66, gap=(-9.0, -13.0, -5.0), **more) -> charts.StratumRate:
    return charts.StratumRate(
        label,
        rate=rate,
        lower=rate - 0.03,
        upper=rate + 0.03,
        numerator=round(rate * 500),
        denominator=500,
        gap_points=gap and gap[0],
        gap_lower=gap and gap[1],
        gap_upper=gap and gap[2],
        **more,
    )


def reference(rate=0.75) -> charts.StratumRate:
    return stratum("White", rate, None, is_reference=True)


def hidden(label="Native Hawaiian", why=charts.Absence.SUPPRESSED) -> charts.StratumRate:
    return charts.StratumRate(label, absence=why)


def strip(*strata, higher=True, **more) -> charts.GapStrip:
    return charts.GapStrip("Blood pressure", "2024", higher, strata, **more)


def parsed(svg: str) -> ElementTree.Element:
    return ElementTree.fromstring(svg)


def tips(svg: str) -> list[str]:
    return [t.text or "" for g in parsed(svg).iter(f"{SVG}g") for t in g.findall(f"{SVG}title")]


def marks_of(svg: str, label: str) -> list[ElementTree.Element]:
    """Circles and polygons of the row whose tip begins with a label."""
    for group in parsed(svg).iter(f"{SVG}g"):
        title = group.find(f"{SVG}title")
        if title is not None and (title.text or "").startswith(label):
            return [e for e in group if e.tag in (f"{SVG}circle", f"{SVG}polygon")]
    raise AssertionError(f"no row for {label}")


def middle_of(mark: ElementTree.Element) -> float:
    if mark.tag == f"{SVG}circle":
        return float(mark.attrib["cx"])
    xs = [float(p.split(",")[0]) for p in mark.attrib["points"].split()]
    return (min(xs) + max(xs)) / 2


def axis_of(svg: str) -> dict[str, float]:
    """Percent label → x of the axis, from the grid texts at the bottom."""
    return {
        t.text: float(t.attrib["x"])
        for t in parsed(svg).iter(f"{SVG}text")
        if re.fullmatch(r"\d+%", t.text or "") and t.attrib.get("text-anchor") == "middle"
    }


def all_charts(for_print=False) -> dict[str, charts.Chart]:
    gap = strip(
        stratum(), stratum("Asian", 0.77, (2.0, -3.0, 7.0)), hidden(), reference(), target=0.8
    )
    trend = charts.Trend(
        "Blood pressure",
        ("2022", "2023", "2024"),
        (
            charts.TrendSeries("White", tuple(charts.TrendPoint(r, r - 0.02, r + 0.02) for r in (0.74, 0.75, 0.75)), True),
            charts.TrendSeries("Black", (charts.TrendPoint(0.62), charts.TrendPoint(absence=charts.Absence.SUPPRESSED), charts.TrendPoint(0.66))),
        ),
        True,
    )  # fmt: skip
    peers = charts.PeerComparison(
        "Gaps",
        (charts.PeerRow("BP", -9.0, (-10, -7, -4), 11), charts.PeerRow("Eye", 2.0, None, 3)),
        "points",
    )
    known = charts.Completeness(
        "Race",
        (
            charts.CompletenessRow("All", {"self_reported": 40, "indirect": 60}),
            charts.CompletenessRow("Nobody"),
        ),
    )
    sites = charts.SiteGaps(
        "Blood pressure", "2024", "Black", "White", True,
        (charts.SitePair("Harbor", stratum(), reference()), charts.SitePair("Mill", hidden("Black"), hidden("White"))),
    )  # fmt: skip
    return {
        "strip": charts.draw_gap_strip(gap, ident="a", for_print=for_print),
        "trend": charts.draw_trend(trend, ident="b", for_print=for_print),
        "peers": charts.draw_peer_band(peers, ident="c", for_print=for_print),
        "completeness": charts.draw_completeness(known, ident="d", for_print=for_print),
        "sites": charts.draw_site_gaps(sites, ident="e", for_print=for_print),
    }


@pytest.mark.parametrize("for_print", [False, True])
@pytest.mark.parametrize("layout", ["wide", "narrow"])
@pytest.mark.parametrize("name", ["strip", "trend", "peers", "completeness", "sites"])
def test_every_chart_is_well_formed_named_and_free_of_style_attributes(name, layout, for_print):
    chart = all_charts(for_print)[name]
    svg = getattr(chart, layout)
    root = parsed(svg)
    assert root.attrib["role"] == "img"
    ids = {e.attrib["id"] for e in root.iter() if "id" in e.attrib}
    assert set(root.attrib["aria-labelledby"].split()) <= ids
    assert root.find(f"{SVG}title").text == chart.finding
    assert root.find(f"{SVG}desc").text == chart.summary
    assert not re.search(r'\sstyle="|\b(nan|NaN|inf|None)\b', svg)
    assert all(len(row) == len(chart.columns) for row in chart.rows)


@pytest.mark.parametrize("layout", ["wide", "narrow"])
@pytest.mark.parametrize("name", ["strip", "trend", "peers", "completeness", "sites"])
def test_every_mark_lies_inside_its_drawing(name, layout):
    root = parsed(getattr(all_charts()[name], layout))
    _, _, width, height = (float(v) for v in root.attrib["viewBox"].split())
    for element in root.iter():
        for key, bound in (
            ("x", width),
            ("x1", width),
            ("cx", width),
            ("y", height),
            ("y1", height),
            ("cy", height),
        ):
            if key in element.attrib and element.attrib[key] != "":
                assert -0.01 <= float(element.attrib[key]) <= bound + 0.01, element.attrib


def test_print_uses_no_colour():
    for chart in all_charts(for_print=True).values():
        for colour in re.findall(r"#([0-9a-f]{6})", chart.wide):
            assert colour[0:2] == colour[2:4] == colour[4:6]


def test_marks_stand_where_the_axis_says():
    svg = charts.draw_gap_strip(strip(stratum(rate=0.66), reference(0.75)), ident="a").wide
    axis = axis_of(svg)
    (low, x_low), (high, x_high) = sorted((int(k[:-1]), v) for k, v in axis.items())[
        :: len(axis) - 1
    ]

    def expected(percent: float) -> float:
        return x_low + (percent - low) / (high - low) * (x_high - x_low)

    assert middle_of(marks_of(svg, "Black")[0]) == pytest.approx(expected(66), abs=0.02)
    assert middle_of(marks_of(svg, "White")[0]) == pytest.approx(expected(75), abs=0.02)


def test_hidden_strata_are_named_with_their_reason_and_have_no_mark():
    chart = charts.draw_gap_strip(
        strip(
            stratum(),
            hidden(),
            hidden("Other", charts.Absence.TOO_FEW),
            hidden("Nobody", charts.Absence.NO_DENOMINATOR),
            reference(),
        ),
        ident="a",
    )
    for label in ("Native Hawaiian", "Other", "Nobody"):
        for svg in (chart.wide, chart.narrow):
            assert marks_of(svg, label) == []
            assert label in svg
    assert "Protected: too few people to show: Native Hawaiian." in chart.summary
    assert "Too few to report (under 30): Other." in chart.summary
    assert "None eligible: Nobody." in chart.summary


@pytest.mark.parametrize(
    ("gap", "higher", "verdict"),
    [
        ((-9, -13, -5), True, charts.Verdict.WORSE),
        ((-9, -13, -5), False, charts.Verdict.BETTER),
        ((8, 3, 13), False, charts.Verdict.WORSE),
        ((8, 3, 13), True, charts.Verdict.BETTER),
        ((2, -3, 7), True, charts.Verdict.UNCLEAR),
        ((4, 0, 8), True, charts.Verdict.UNCLEAR),
        (None, True, charts.Verdict.NOT_COMPARED),
    ],
)
def test_verdict_comes_from_the_interval_and_the_direction(gap, higher, verdict):
    assert stratum(gap=gap).verdict(higher) == verdict


def test_worse_is_a_hollow_triangle_and_better_a_filled_one():
    svg = charts.draw_gap_strip(
        strip(stratum(), stratum("Asian", 0.8, (5, 2, 8)), reference()), ident="a"
    ).wide
    assert "c-open" in marks_of(svg, "Black")[0].attrib["class"]
    assert "c-open" not in marks_of(svg, "Asian")[0].attrib["class"]
    assert len(marks_of(svg, "White")[0].attrib["points"].split()) == 4


def test_finding_names_the_widest_gap_on_the_unfavourable_side():
    higher = strip(stratum(), stratum("Hispanic", 0.6, (-15, -19, -11)), reference())
    assert charts.draw_gap_strip(higher, ident="a").finding == (
        "Blood pressure: Hispanic patients are 15.0 points behind White patients"
    )
    inverse = strip(
        stratum("Asian", 0.2, (-15, -19, -11)),
        stratum("Black", 0.4, (5, 1, 9)),
        reference(0.35),
        higher=False,
    )
    assert (
        "Black patients are 5.0 points behind" in charts.draw_gap_strip(inverse, ident="a").finding
    )
    level = strip(stratum("Asian", 0.76, (1, -2, 4)), reference())
    assert "no group is clearly behind White" in charts.draw_gap_strip(level, ident="a").finding
    alone = strip(hidden(), reference())
    assert "too few patients to compare" in charts.draw_gap_strip(alone, ident="a").finding
    nobody = strip(stratum(gap=None))
    assert "no reference" in charts.draw_gap_strip(nobody, ident="a").finding


def test_direction_is_said_at_the_better_end():
    assert (
        "Higher is better →" in charts.draw_gap_strip(strip(stratum(), reference()), ident="a").wide
    )
    lower = charts.draw_gap_strip(strip(stratum(), reference(), higher=False), ident="a")
    assert "← Lower is better" in lower.wide and lower.summary.startswith("Lower is better.")


def test_labels_cannot_break_out_of_the_drawing():
    nasty = '<script>alert("1")</script> & "quoted"'
    chart = charts.draw_gap_strip(strip(stratum(nasty), reference()), ident="a")
    for svg in (chart.wide, chart.narrow):
        assert "<script" not in svg
        parsed(svg)
    assert any(nasty in tip for tip in tips(chart.wide))


def test_decimals_of_a_small_stratum_hold_for_rate_interval_and_gap():
    chart = charts.draw_gap_strip(
        strip(stratum("Small", 0.6316, (-11.7, -20.2, -3.3), decimals=0), reference()), ident="a"
    )
    row = next(r for r in chart.rows if r[0] == "Small")
    assert row == ("Small", "63%", "60% to 66%", "316 of 500", "−12", "−20 to −3")
    assert "63.2" not in chart.wide + chart.narrow + chart.summary


def test_a_rate_and_a_reason_exclude_each_other():
    with pytest.raises(ValueError, match="either a rate or the reason"):
        charts.StratumRate("A", rate=0.5, absence=charts.Absence.SUPPRESSED)
    with pytest.raises(ValueError, match="either a rate or the reason"):
        charts.StratumRate("A")


def test_both_privacy_states_look_the_same():
    assert charts.Absence.of(CellState.PRIVACY_PRIMARY) is charts.Absence.SUPPRESSED
    assert charts.Absence.of(CellState.PRIVACY_COMPLEMENTARY) is charts.Absence.SUPPRESSED
    assert charts.Absence.of(CellState.SMALL_DENOMINATOR) is charts.Absence.TOO_FEW
    assert charts.Absence.of(CellState.NO_DENOMINATOR) is charts.Absence.NO_DENOMINATOR
    assert charts.Absence.of(CellState.SHOWN) is None


def trend_of(points, **more) -> charts.Chart:
    return charts.draw_trend(
        charts.Trend(
            "Blood pressure",
            tuple(str(2020 + i) for i in range(len(points))),
            (charts.TrendSeries("Black", tuple(points)),),
            True,
            **more,
        ),
        ident="t",
    )


def test_a_missing_period_leaves_a_gap_in_the_line():
    shown = charts.TrendPoint(0.6)
    missing = charts.TrendPoint(absence=charts.Absence.SUPPRESSED)
    chart = trend_of([shown, shown, missing, shown, shown])
    lines = list(parsed(chart.wide).iter(f"{SVG}polyline"))
    assert [len(line.attrib["points"].split()) for line in lines] == [2, 2]
    assert len(tips(chart.wide)) == 4
    assert chart.rows[0][3] == "Protected: too few people to show"
    assert "no value for 2022" in chart.summary


def test_a_series_break_cuts_the_line_and_no_change_is_told_across_it():
    points = [charts.TrendPoint(r) for r in (0.8, 0.8, 0.6, 0.65)]
    chart = trend_of(points, breaks=(charts.SeriesBreak(2, "New specification"),))
    lines = list(parsed(chart.wide).iter(f"{SVG}polyline"))
    assert [len(line.attrib["points"].split()) for line in lines] == [2, 2]
    assert "New specification" in chart.wide
    assert "was 60.0% in 2022 (+5.0 points)" in chart.summary
    assert "80.0%" not in chart.summary


def test_a_trend_has_at_most_three_lines_and_as_many_points_as_periods():
    series = charts.TrendSeries("A", (charts.TrendPoint(0.5),))
    with pytest.raises(ValueError, match="one to three"):
        charts.Trend("M", ("2024",), (series,) * 4, True)
    with pytest.raises(ValueError, match="every period"):
        charts.Trend("M", ("2023", "2024"), (series,), True)


def test_peer_band_covers_its_quartiles_and_few_peers_have_none():
    chart = charts.draw_peer_band(
        charts.PeerComparison(
            "Rates",
            (charts.PeerRow("A", 66.0, (60, 70, 80), 9), charts.PeerRow("B", None, None, 4, absence=charts.Absence.TOO_FEW)),
        ),
        ident="p",
    )  # fmt: skip
    axis = axis_of(chart.wide)
    band = next(r for r in parsed(chart.wide).iter(f"{SVG}rect") if r.attrib["class"] == "c-band")
    assert float(band.attrib["x"]) == pytest.approx(axis["60%"], abs=0.02)
    assert float(band.attrib["x"]) + float(band.attrib["width"]) == pytest.approx(
        axis["80%"], abs=0.02
    )
    assert chart.rows[1] == ("B", "Too few to report (under 30)", "fewer than five peers", "", "4")
    assert "Fewer than five peers" in chart.wide


def test_completeness_segments_fill_the_bar_in_proportion():
    chart = charts.draw_completeness(
        charts.Completeness(
            "Race", (charts.CompletenessRow("All", {"self_reported": 25, "indirect": 75}),)
        ),
        ident="k",
    )
    first, second = [r for r in parsed(chart.wide).iter(f"{SVG}rect") if r.attrib["height"] == "22"]
    assert float(second.attrib["width"]) == pytest.approx(
        3 * float(first.attrib["width"]), rel=0.001
    )
    assert second.attrib["fill"].startswith("url(#k-w-dots")
    assert chart.finding == "Race is self-reported for 25% of members"


def test_completeness_refuses_a_category_that_it_does_not_know():
    with pytest.raises(ValueError, match="imputed"):
        charts.draw_completeness(
            charts.Completeness("Race", (charts.CompletenessRow("All", {"imputed": 1}),)), ident="k"
        )


def test_sites_keep_the_order_in_which_they_come():
    pairs = tuple(
        charts.SitePair(name, stratum(rate=rate), reference())
        for name, rate in (("A", 0.6), ("B", 0.5), ("C", 0.7))
    )
    chart = charts.draw_site_gaps(
        charts.SiteGaps("M", "2024", "Black", "White", True, pairs), ident="s"
    )
    assert [row[0] for row in chart.rows] == ["A", "B", "C"]


@given(st.lists(st.floats(34, 270), min_size=1, max_size=3))
def test_end_labels_never_overlap_nor_leave_the_plot(places):
    moved = _spread(places, 18, 34, 270)
    ordered = sorted(moved)
    assert all(b - a >= 18 - 1e-6 for a, b in itertools.pairwise(ordered))
    assert all(34 - 1e-6 <= m <= 270 + 1e-6 for m in moved)
