from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from measures.stats.decisions import (
    AHRQ,
    CMS_OMH,
    RULES,
    DecisionRule,
    Judgement,
    hedis_reportable,
    hedis_year,
    judge,
    strata_add_up,
)
from measures.stats.gaps import two_proportion_p

counts = st.integers(1, 2000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
UP = {"higher_is_better": True}


@given(counts, counts, st.booleans())
def test_rules_match_their_sentences(group, reference, better):
    (a, m), (c, n) = group, reference
    p_g, p_r = Fraction(a, m), Fraction(c, n)
    p = two_proportion_p(a, m, c, n)
    gap = abs(p_g - p_r)
    tenth = gap * 10 >= p_r or gap * 10 >= 1 - p_r
    sign = Judgement.WORSE if (p_g < p_r) == better else Judgement.BETTER
    expected = {
        AHRQ: sign if p <= 0.05 and tenth and gap else Judgement.SIMILAR,
        CMS_OMH: sign if p < 0.05 and gap * 100 >= 3 and gap else Judgement.SIMILAR,
    }
    for rule, verdict in expected.items():
        assert judge(rule, a, m, c, n, higher_is_better=better) == verdict
        # the same care worded as the other result
        assert judge(rule, m - a, m, n - c, n, higher_is_better=not better) == verdict


def test_exactly_at_the_limit():
    # 67 against 70 of 100 percent: exactly 3 points
    arms = (67_000, 100_000, 70_000, 100_000)
    assert judge(CMS_OMH, *arms, **UP) == Judgement.WORSE
    assert judge(CMS_OMH, 67_001, *arms[1:], **UP) == Judgement.SIMILAR
    # 63 of 70 percent is 90 percent of it; in the bad result 37 against 30 is more than a tenth
    assert judge(AHRQ, 63_000, 100_000, 70_000, 100_000, **UP) == Judgement.WORSE
    # 69 against 70: a 70th of the good, a 30th of the bad result
    assert judge(AHRQ, 69_000, 100_000, 70_000, 100_000, **UP) == Judgement.SIMILAR
    # 98 against 98.2 percent: a ninth of the bad result
    assert judge(AHRQ, 98_000, 100_000, 98_200, 100_000, **UP) == Judgement.WORSE
    np.testing.assert_array_equal(judge(AHRQ, *arms, p_value=[0.05, 0.0501], **UP), [2, 1])
    # 0.05 is not below 0.05
    np.testing.assert_array_equal(judge(CMS_OMH, *arms, p_value=[0.05, 0.0499], **UP), [1, 2])


def test_sizes_are_exact_for_small_counts():
    # 30.0 against 27.3 percent are 2.7 points, 40.0 against 36.4 are 3.6
    assert judge(CMS_OMH, 3, 10, 3, 11, p_value=0.01, **UP) == Judgement.SIMILAR
    assert judge(CMS_OMH, 4, 10, 4, 11, p_value=0.01, **UP) == Judgement.BETTER
    # 2 of 67 against none are 2.99 points
    assert judge(CMS_OMH, 2, 67, 0, 1, p_value=0.01, **UP) == Judgement.SIMILAR
    # a tenth of 3 of 11 is 2.7 points, a tenth of 4 of 11 is 3.6: the same gaps, as parts of the rate
    assert judge(AHRQ, 3, 10, 3, 11, p_value=0.01, **UP) == Judgement.BETTER
    assert judge(AHRQ, 4, 10, 4, 11, p_value=0.01, **UP) == Judgement.BETTER


def test_sizes_are_exact_for_large_counts():
    n = 2**31 - 1
    assert judge(CMS_OMH, n // 2, n, n // 2 - n // 30, n, **UP) == Judgement.BETTER
    assert judge(CMS_OMH, n // 2, n, n // 2 - n // 40, n, **UP) == Judgement.SIMILAR


def test_nothing_is_judged_without_people_or_p():
    np.testing.assert_array_equal(
        judge(AHRQ, [0, 5, 5], [0, 9, 9], [5, 0, 9], [9, 0, 9], p_value=[0.01, 0.01, np.nan], **UP),
        [0, 0, 0],
    )
    # equal rates are not worse, whatever p says; no reference met it
    np.testing.assert_array_equal(judge(AHRQ, [5, 0], 10, [5, 0], 10, p_value=0.0, **UP), [1, 1])


def test_rules_say_what_they_are():
    assert set(RULES) == {"ahrq", "cms_omh"}
    for rule in RULES.values():
        assert rule.version and rule.source and rule.title
        assert rule.sentence.endswith(".") and rule.caveat.endswith(".")
    for sizes in ({}, {"least_points": 3, "least_percent": 10}):
        with pytest.raises(ValueError, match="one least size"):
            DecisionRule("x", "1", "x", "x.", "x", "x.", 0.05, True, **sizes)


FIRST = {"CBP": 2022, "COL-E": 2022, "BCS-E": 2023, "KED": 2024}


@pytest.mark.parametrize(
    ("year", "measures", "published", "source", "indirect"),
    [
        (2022, ("CBP", "COL-E"), 5, True, True),
        (2023, ("BCS-E", "CBP", "COL-E"), 13, True, False),
        (2024, ("BCS-E", "CBP", "COL-E", "KED"), 22, True, False),
        (2025, ("BCS-E", "CBP", "COL-E", "KED"), 22, False, False),
        (2026, ("BCS-E", "CBP", "COL-E", "KED"), 22, False, False),
    ],
)
def test_hedis_by_year(year, measures, published, source, indirect):
    found = hedis_year(year, FIRST)
    assert (found.year, found.measures, found.published) == (year, measures, published)
    assert (found.source_reported, found.unknown_is_indirect) == (source, indirect)
    assert found.least_denominator == 30


@pytest.mark.parametrize("year", [2021, 2027])
def test_years_that_nobody_has_read_are_refused(year):
    with pytest.raises(ValueError, match=f"2022 to 2026, not for {year}"):
        hedis_year(year, FIRST)


def test_reporting():
    np.testing.assert_array_equal(hedis_reportable([0, 29, 30]), [False, False, True])
    np.testing.assert_array_equal(
        strata_add_up([[5, 5, 2], [5, 5, 0], [0, 0, 0]], [12, 12, 0]), [True, False, True]
    )
