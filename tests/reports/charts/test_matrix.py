"""Small multiples of gaps: what is drawn, what stands in words, what is said of the groups."""

from reports.charts import Absence, GapMatrix, MatrixRow, StratumRate, draw_gap_matrix


def rate(gap: float, half: float = 2.0, **changes: object) -> StratumRate:
    values = {"rate": 0.6, "lower": 0.5, "upper": 0.7, "denominator": 200, "numerator": 120}
    values |= {"gap_points": gap, "gap_lower": gap - half, "gap_upper": gap + half}
    return StratumRate("Black", **(values | changes))


def hidden(absence: Absence) -> StratumRate:
    return StratumRate("Black", absence=absence)


def matrix(*cells: StratumRate, higher_is_better: bool = True) -> GapMatrix:
    rows = tuple(MatrixRow(f"Group {n}", (c,), (c.absence,)) for n, c in enumerate(cells))
    return GapMatrix("Screening", "2024", "White", higher_is_better, ("Black",), rows)


def test_finding_counts_groups_and_names_none():
    chart = draw_gap_matrix(matrix(rate(-9), rate(-8), rate(1)), ident="m")
    assert chart.finding == "Screening: behind White are Black in 2 of 3 groups with numbers"
    inverse = draw_gap_matrix(
        matrix(rate(-9), rate(-8), rate(9), higher_is_better=False), ident="m"
    )
    assert "Black in 1 of 3" in inverse.finding


def test_open_gaps_are_not_called_equal():
    chart = draw_gap_matrix(matrix(rate(1), rate(-1)), ident="m")
    assert chart.finding.endswith("can show a gap to White")


def test_missing_gaps_stand_in_words_and_in_the_table():
    chart = draw_gap_matrix(
        matrix(
            rate(-9),
            rate(-9),
            hidden(Absence.SUPPRESSED),
            hidden(Absence.TOO_FEW),
            hidden(Absence.NO_DENOMINATOR),
        ),
        ident="m",
    )
    for word in (">protected<", ">too few<", ">none<"):
        assert word in chart.wide and word in chart.narrow
    assert [row[1] for row in chart.rows][2:] == [
        "Protected: too few people to show",
        "Too few to report (under 30)",
        "None eligible",
    ]
    assert chart.rows[0][1] == "−9.0 (−11.0 to −7.0)"


def test_few_people_do_not_stretch_the_axis_for_all():
    calm = draw_gap_matrix(matrix(rate(-5), rate(-6)), ident="m")
    wild = draw_gap_matrix(matrix(rate(-5), rate(-6), rate(70, 30, caution=True)), ident="m")
    ticks = [">−10<", ">−100<"]
    assert [t in calm.wide for t in ticks] == [t in wild.wide for t in ticks] == [True, False]
    assert ">few<" in wild.wide
    assert "read with caution" in wild.rows[2][1]
    assert "2 of 2" in wild.finding


def test_nothing_to_compare_is_said():
    chart = draw_gap_matrix(matrix(hidden(Absence.SUPPRESSED)), ident="m")
    assert chart.finding == "Screening: no gap can be compared in any of the groups"
    assert "No gap can be compared here." in chart.wide
