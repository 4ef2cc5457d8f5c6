"""Rows of the expert view that the statistics alone decide: ordered sets, families, odds at the ends."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from measures.stats import ordered
from measures.stats.gaps import benjamini_hochberg
from reports.dashboards import comparisons
from reports.dashboards.indices import indices_of

FIFTHS = ((812, 1400), (1010, 1600), (1188, 1750), (1395, 1900), (1622, 2100))


def read(counts, *, set_code="deprivation", reference=0, p_values=None, measure=1):
    """A result as the dashboards read it; the strata are numbered from 0."""
    p_values = p_values or [None] * len(counts)
    figures = [
        SimpleNamespace(
            stratum=SimpleNamespace(id=at, code=f"q{at}", label=f"Group {at}"),
            numbers_shown=True,
            caution=n < 30,
            numerator=x,
            denominator=n,
            gap_shown=at != reference,
            p_value=p,
            q_value=q,
        )
        for at, ((x, n), p, q) in enumerate(zip(counts, p_values, _q(p_values), strict=True))
    ]
    return SimpleNamespace(
        compared=figures,
        figures=figures,
        reference=None if reference is None else figures[reference].stratum,
        reference_figure=None if reference is None else figures[reference],
        higher_is_better=True,
        stratum_set=SimpleNamespace(code=set_code),
        definition=SimpleNamespace(measure_id=measure),
    )


def _q(p_values):
    q = benjamini_hochberg([np.nan if p is None else p for p in p_values], 0)
    return [None if np.isnan(one) else float(one) for one in q]


def test_ordered_sets_have_their_gradients_and_others_none():
    rows = {row.code: row for row in indices_of(read(FIFTHS), seed=1)}
    x, n = zip(*FIFTHS, strict=True)
    slope = ordered.slope_logit(x, n)
    assert rows["sii"].value == pytest.approx(100 * slope.sii.value)
    assert rows["sii"].lower == pytest.approx(100 * slope.sii_interval.lower)
    assert rows["rii"].upper == pytest.approx(slope.rii_interval.upper)
    assert rows["rii_linear"].value == pytest.approx(ordered.slope_linear(x, n).rii.value)
    assert rows["aci"].value == pytest.approx(100 * ordered.absolute_concentration(x, n).value)
    assert rows["aci"].lower < rows["aci"].value < rows["aci"].upper
    assert rows["rci"].error == pytest.approx(100 * ordered.relative_concentration(x, n).error)
    turned = {row.code: row for row in indices_of(read(FIFTHS[::-1]), seed=1)}
    assert turned["sii"].value == pytest.approx(-rows["sii"].value)
    without = {row.code for row in indices_of(read(FIFTHS, set_code="combined"), seed=1)}
    assert rows.keys() - without == {"aci", "rci", "sii", "rii", "sii_linear", "rii_linear"}


def test_worst_group_and_signed_mean_need_a_reference():
    rows = {row.code: row for row in indices_of(read(FIFTHS, reference=4), seed=1)}
    assert rows["worst"].value == pytest.approx(100 * (812 / 1400 - 1622 / 2100))
    assert rows["worst"].upper < 0 and rows["worst_ratio"].value == pytest.approx(
        812 / 1400 / (1622 / 2100)
    )
    assert rows["mdr_signed"].value < 0
    without = {row.code for row in indices_of(read(FIFTHS, reference=None), seed=1)}
    assert not without & {"worst", "worst_ratio", "mdr_signed", "mdr", "idis_reference"}


def test_family_holds_what_has_a_q_and_nothing_else():
    first = read(FIFTHS[:3], p_values=[None, 0.01, 0.04])
    second = read(FIFTHS[:3], p_values=[None, 0.5, None], measure=2)
    family = comparisons.family_of([first, second])
    assert family.size == 3
    one = family.of(first, first.figures[1])
    assert (one.plain, one.holm, one.bonferroni) == (0.01, pytest.approx(0.03), pytest.approx(0.03))
    two = family.of(first, first.figures[2])
    assert (two.holm, two.bonferroni) == (pytest.approx(0.08), pytest.approx(0.12))
    assert two.benjamini_yekutieli == pytest.approx(0.04 * 3 / 2 * (1 + 1 / 2 + 1 / 3))
    outside = family.of(second, second.figures[2])
    assert outside.holm is None and outside.plain is None
    assert comparisons.family_of([]).size == 0


def test_odds_at_the_ends_are_words_not_numbers_that_are_not_there():
    result = read(((5, 40), (40, 40), (0, 40), (40, 40)), reference=0)
    rows = comparisons.comparison_rows(result, comparisons.family_of([result]))
    assert rows[0].odds == "" and rows[0].odds_interval == ""
    assert rows[1].odds == "∞" and rows[1].odds_interval.endswith("to no limit")
    assert rows[2].odds == "0.00" and rows[2].odds_interval.startswith("0.00 to 0.")
    everybody = read(((40, 40), (40, 40)), reference=0)
    (_, row) = comparisons.comparison_rows(everybody, comparisons.family_of([]))
    assert (row.odds, row.odds_interval) == ("–", "0.00 to no limit")


def test_within_sites_needs_two_of_them_and_something_to_compare():
    focus = SimpleNamespace(code="q1")
    site = read(((30, 60), (20, 60)))
    site.figure = lambda code: site.figures[1]
    assert comparisons.layered_odds([site], focus) is None
    found = comparisons.layered_odds([site, site], focus)
    assert found.sites == 2 and found.odds == "0.50" and found.p_equal == "1.000"
    nobody = read(((0, 60), (0, 60)))
    nobody.figure = lambda code: nobody.figures[1]
    assert comparisons.layered_odds([nobody, nobody], focus) is None
    assert comparisons.layered_odds([site, site], None) is None
