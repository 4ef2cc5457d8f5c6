"""Sentences above charts and what they rest on: never stronger than the statistics, from shown figures only."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from types import SimpleNamespace

import numpy as np
import pytest

from measures.enums import CountingUnit, ReferenceStrategy
from measures.queries import Figure, ReferenceUsed, SetResult
from measures.stats import bootstrap, gaps, power, rates
from measures.stats.states import CellState, GapState
from reports.dashboards import conclusions, evidence, expert
from teams.enums import Audience, SecondReference
from tests.reports.test_dashboard_wording import ASIAN, BLACK, WHITE

HISPANIC = replace(
    BLACK, id=32, code="hispanic", label="Hispanic of any race", short_label="Hispanic", position=3
)


def figure(stratum, x: int, n: int, reference: tuple[int, int] | None) -> Figure:
    interval = rates.wilson(x, n)
    gap = gaps.newcombe(x, n, *reference) if reference else None
    p_value = float(gaps.two_proportion_p(x, n, *reference)) if reference else None
    return Figure(
        stratum=stratum,
        state=CellState.SHOWN,
        numbers_shown=True,
        caution=n < 30,
        denominator=n,
        numerator=x,
        rate=x / n,
        rate_lower=float(interval.lower),
        rate_upper=float(interval.upper),
        decimals=1 if n >= 100 else 0,
        self_reported_share=0.7,
        indirect_share=0.1,
        gap_state=GapState.SHOWN if reference else GapState.IS_REFERENCE,
        gap_shown=reference is not None,
        gap_points=100 * (x / n - reference[0] / reference[1]) if reference else None,
        gap_points_lower=100 * float(gap.lower) if gap else None,
        gap_points_upper=100 * float(gap.upper) if gap else None,
        ratio=None,
        ratio_lower=None,
        ratio_upper=None,
        p_value=p_value,
        q_value=p_value,
        patients_to_parity=None,
    )


def result(
    counts, *, year=2024, higher=True, audience=Audience.OWN, meaning="Counted.", name="Site"
) -> SetResult:
    """counts: stratum → (x, n); the reference is White."""
    reference = counts[WHITE]
    made = tuple(figure(s, x, n, None if s is WHITE else reference) for s, (x, n) in counts.items())
    x, n = (sum(pair[i] for pair in counts.values()) for i in (0, 1))
    return SetResult(
        source=SimpleNamespace(name="Payer"),
        definition=SimpleNamespace(
            higher_is_better=higher,
            short_name="Blood pressure",
            counting_unit=CountingUnit.PERSON,
            denominator_meaning=meaning,
            numerator_meaning="Reached.",
            direction="higher" if higher else "lower",
            benchmark_rate=None,
            benchmark_source="",
            measure=SimpleNamespace(code="CBP"),
        ),
        period=SimpleNamespace(label=str(year), ends_on=date(year, 12, 31)),
        unit=SimpleNamespace(name=name, team=None),
        stratum_set=SimpleNamespace(code="combined", pk=4),
        total=figure(replace(WHITE, id=1, code="all"), x, n, (1, 2)),
        figures=made,
        reference=WHITE,
        rule=ReferenceUsed(ReferenceStrategy.NAMED, stratum_id=WHITE.id, label=WHITE.label),
        audience=audience,
        computed_at=None,
        method_version="1.0",
        data_version=1,
    )


def hide(of: SetResult, stratum) -> SetResult:
    """As a reader outside the group sees it: no number of this stratum, and no gap."""
    gone = dict.fromkeys(
        ("denominator", "numerator", "rate", "rate_lower", "rate_upper", "gap_points",
         "gap_points_lower", "gap_points_upper", "p_value", "q_value")
    )  # fmt: skip
    figures = tuple(
        f._replace(
            state=CellState.PRIVACY_PRIMARY,
            gap_state=GapState.HIDDEN,
            numbers_shown=False,
            gap_shown=False,
            **gone,
        )
        if f.stratum is stratum
        else f
        for f in of.figures
    )
    return replace(of, figures=figures, audience=Audience.OTHERS)


CLEAR = {WHITE: (750, 1000), BLACK: (600, 1000)}
OPEN = {WHITE: (750, 1000), BLACK: (70, 100)}


# ---- now ----


def test_a_gap_is_said_only_where_the_interval_leaves_out_nought():
    text = conclusions.now_conclusion(result(CLEAR | {ASIAN: (72, 100)}))
    assert "Black patients are behind White patients" in text
    assert "For Asian patients these numbers can neither show a gap nor rule one out" in text
    assert "Asian patients are" not in text
    assert text.endswith("The chart does not say why.")


def test_direction_turns_the_words():
    assert "Black patients are ahead of White" in conclusions.now_conclusion(
        result(CLEAR, higher=False)
    )
    assert "ahead of" not in conclusions.now_conclusion(result(CLEAR))


def test_many_comparisons_weaken_the_sentence():
    made = result(CLEAR)
    doubtful = replace(made, figures=(made.figures[0], made.figures[1]._replace(q_value=0.2)))
    assert (
        "Black patients are behind White patients in this comparison alone"
        in conclusions.now_conclusion(doubtful)
    )
    assert "chance is not ruled out" not in conclusions.now_conclusion(made)


def test_detectable_gap_is_rounded_to_the_careful_side_and_only_where_no_gap_is_seen():
    made = result(OPEN)
    points = evidence.detectable_points(made, made.figures[1])
    assert points == pytest.approx(
        100 * float(power.detectable_gap(100, 1000, 0.75, higher_is_better=True))
    )
    assert conclusions.detectable_text(points) == (
        f"Only a true gap of {int(np.ceil(points))} points or more would be found 8 times in 10."
    )
    seen = result(CLEAR)
    assert evidence.detectable_points(seen, seen.figures[1]) is None
    assert "widest possible gap would often be missed" in conclusions.detectable_text(float("nan"))


def test_hidden_arm_takes_everything_with_it():
    made = hide(result(CLEAR | {ASIAN: (72, 100), HISPANIC: (300, 500)}), ASIAN)
    shown = result(CLEAR | {HISPANIC: (300, 500)}, audience=Audience.OTHERS)
    assert [s.stratum for s in made.figures if evidence.both_arms(made, s)] == [BLACK, HISPANIC]
    # Nothing depends on what is hidden: the same numbers as if the group were not there.
    assert evidence.spread_of(made, seed=3).headline == evidence.spread_of(shown, seed=3).headline
    assert expert.indices_of(made, seed=3) == expert.indices_of(shown, seed=3)
    assert [j.judged for j in evidence.judgements_of(made)] == [
        j.judged for j in evidence.judgements_of(shown)
    ]
    text = conclusions.spread_conclusion(evidence.spread_of(made, seed=3))
    assert "Over 3 groups with 30 people or more; Asian is not in it." in text
    assert "Of groups without a number nothing can be said." in conclusions.now_conclusion(made)
    without_reference = hide(result(CLEAR), WHITE)
    assert evidence.both_arms(without_reference, without_reference.figures[1]) is None
    assert evidence.judgements_of(without_reference) == ()


# ---- change ----


def change(before, after, *, higher=True, meaning="Counted."):
    results = [
        result(before, year=2023, higher=higher),
        result(after, higher=higher, meaning=meaning),
    ]
    (found,) = evidence.changes_of(results, "2024")
    return found


@pytest.mark.parametrize(
    ("before", "after", "words", "never"),
    [
        # group rose
        ({WHITE: (750, 1000), BLACK: (500, 1000)}, {WHITE: (750, 1000), BLACK: (650, 1000)},
         ["narrowed since 2023", "the rate of Black patients got better and that of White patients did not"], ["no better care"]),
        # reference fell: levelled down
        ({WHITE: (750, 1000), BLACK: (500, 1000)}, {WHITE: (550, 1000), BLACK: (490, 1000)},
         ["narrowed since 2023", "neither rate got better, so a narrower gap is no better care"], []),
        # both rose, the reference more
        ({WHITE: (650, 1000), BLACK: (600, 1000)}, {WHITE: (850, 1000), BLACK: (620, 1000)},
         ["widened since 2023", "both rates got better"], ["narrowed"]),
        ({WHITE: (650, 1000), BLACK: (600, 1000)}, {WHITE: (850, 1000), BLACK: (590, 1000)},
         ["widened since 2023", "the rate of White patients got better and that of Black patients did not"], []),
        # chance
        ({WHITE: (75, 100), BLACK: (50, 100)}, {WHITE: (75, 100), BLACK: (55, 100)},
         ["Whether the gap between Black patients and White patients changed since 2023 cannot be told"], ["narrowed", "widened"]),
    ],
)  # fmt: skip
def test_how_a_gap_changed(before, after, words, never):
    text = conclusions.trend_conclusion(change(before, after))
    for one in words:
        assert one in text
    for one in never:
        assert one not in text
    assert "Two periods are not a trend" in text


def test_lower_is_better_turns_who_got_better():
    found = change(
        {WHITE: (250, 1000), BLACK: (500, 1000)},
        {WHITE: (250, 1000), BLACK: (350, 1000)},
        higher=False,
    )
    assert "the rate of Black patients got better" in conclusions.change_conclusion(found)


def test_never_across_a_break_or_a_hidden_period():
    found = change(CLEAR, CLEAR, meaning="Counted otherwise.")
    assert isinstance(found, evidence.NoChange)
    assert "is not told: the measure is not defined as in 2023" in conclusions.change_conclusion(
        found
    )
    hidden = [hide(result(CLEAR, year=2023), BLACK), result(CLEAR)]
    (found,) = evidence.changes_of(hidden, "2024")
    assert found.why == "2023 has no gap that can be shown here"
    assert evidence.changes_of([result(CLEAR)], "2024") == ()
    assert "nothing can be said about a change" in conclusions.trend_conclusion(None)


def test_pace_is_told_only_when_the_change_is_clear():
    on_track = change(
        {WHITE: (750, 1000), BLACK: (450, 1000)}, {WHITE: (750, 1000), BLACK: (650, 1000)}
    )
    assert conclusions.pace_text(on_track).startswith("1 year (")
    assert (
        conclusions.pace_text(change(CLEAR, {WHITE: (750, 1000), BLACK: (605, 1000)}))
        == "Not on track"
    )


# ---- headline, rules, sites, experts ----


def test_headline_is_the_statistic_with_its_seed():
    made = result(CLEAR | {HISPANIC: (300, 500)})
    spread = evidence.spread_of(made, seed=7)
    alone = bootstrap.headline([750, 600, 300], [1000, 1000, 500], seed=7, reference=0)
    assert spread.headline == alone
    text = conclusions.spread_conclusion(spread)
    assert f"{100 * alone.spread:.1f} points" in text and "are not all equal (p < 0.001" in text
    equal = conclusions.spread_conclusion(evidence.spread_of(result(OPEN), seed=7))
    assert "cannot be ruled out" in equal and "are not all equal" not in equal
    assert evidence.spread_of(result({WHITE: (750, 1000), BLACK: (9, 20)}), seed=7) is None


def test_rules_judge_by_name_and_leave_few_people_out():
    ahrq, cms = evidence.judgements_of(result(CLEAR | {ASIAN: (5, 29)}))
    assert (ahrq.rule.code, cms.rule.code) == ("ahrq", "cms_omh")
    assert [(s.code, int(j)) for s, j in ahrq.judged] == [("nh_black", 2)]


def test_plan_is_for_the_group_itself_only():
    site = result(CLEAR, name="North")
    (plan,) = evidence.site_plans([site], BLACK)
    assert (plan.site, plan.to_parity, plan.to_half) == ("North", 150, 75)
    assert plan.least <= 150 <= plan.most
    assert evidence.site_plans([replace(site, audience=Audience.OTHERS)], BLACK) == ()
    sites = [site] * 3
    assert evidence.site_reliability(sites, BLACK)[2] == 3
    assert (
        evidence.site_reliability([replace(s, audience=Audience.OTHERS) for s in sites], BLACK)
        is None
    )


def test_sites_sentence_counts_and_claims_no_difference_between_sites():
    text = conclusions.sites_conclusion(
        [result(CLEAR), result(OPEN), hide(result(CLEAR), BLACK)], BLACK
    )
    assert text.startswith("A gap is shown at 1 of 2 sites with numbers.")
    assert "no proof that they differ" in text and "1 site has no number" in text


def test_sites_say_which_gaps_they_could_find():
    wide = result({WHITE: (75, 100), BLACK: (10, 15)})
    text = conclusions.sites_conclusion([result(OPEN), wide], BLACK)
    (first, second) = (evidence.detectable_points(r, r.figures[1]) for r in (result(OPEN), wide))
    assert first < second
    assert (
        f"only true gaps of about {int(-(-first // 1))} to {int(-(-second // 1))} points or more would usually "
        "be found, by site"
    ) in text
    # Where a gap is seen at every site nothing is said of what could be found.
    assert "usually be found" not in conclusions.sites_conclusion([result(CLEAR)], BLACK)


def test_changes_of_all_groups_are_told_no_stronger_than_each():
    more = {HISPANIC: (500, 1000), ASIAN: (18, 25)}
    before = result({WHITE: (750, 1000), BLACK: (600, 1000)} | more, year=2023)
    after = result({WHITE: (750, 1000), BLACK: (720, 1000)} | more, year=2024)
    text = conclusions.all_changes_conclusion(evidence.changes_of([before, after], "2024"))
    assert "Since 2023 the gap of Black patients narrowed." in text
    assert "Whether the gap of Hispanic patients changed since 2023 cannot be told" in text
    # Fewer than 30 in the group: its change is not told at all.
    assert "Asian" not in text and "widened" not in text
    assert "among several, one can seem to change by chance" in text
    assert "No change of a gap can be told here." in conclusions.all_changes_conclusion(())


def test_indices_say_what_they_are_and_leave_out_what_does_not_exist():
    rows = {r.code: r for r in expert.indices_of(result(CLEAR | {HISPANIC: (0, 500)}), seed=1)}
    assert rows["mld"].value is None and rows["mld"].text == ""
    assert rows["range"].value == pytest.approx(75)
    assert rows["par"].value == pytest.approx(75 - 100 * 1350 / 2500)
    assert rows["mdr_signed_weighted"].value < 0 < rows["mdr_weighted"].value
    json.dumps([r.value for r in rows.values()])


def test_second_reference_is_chosen_on_all_groups_in_the_period_before():
    made = result(CLEAR | {HISPANIC: (300, 500)})
    programme = result({WHITE: (7000, 10000), BLACK: (6000, 10000), HISPANIC: (7500, 10000)})
    before = result({WHITE: (7000, 10000), BLACK: (8000, 10000), HISPANIC: (90, 99)}, year=2023)
    best = expert.second_comparison(
        SecondReference.BEST, made, programme=programme, programme_before=before
    )
    assert "this is Black, not Hispanic" in best.sentence
    assert [r.label for r in best.rows] == ["White, not Hispanic", "Hispanic of any race"]
    assert best.rows[0].gap == "+15.0"
    alone = expert.second_comparison(
        SecondReference.BEST, made, programme=programme, programme_before=None
    )
    assert alone.rows == () and alone.why_not == "No group qualifies."
    hidden = expert.second_comparison(
        SecondReference.BEST, hide(made, BLACK), programme=programme, programme_before=before
    )
    assert hidden.rows == () and "no number that can be shown" in hidden.why_not
    nobody = expert.second_comparison(
        SecondReference.NONE, made, programme=None, programme_before=None
    )
    assert nobody is None
    overall = expert.second_comparison(
        SecondReference.OVERALL, made, programme=None, programme_before=None
    )
    assert len(overall.rows) == 3
    none = expert.second_comparison(
        SecondReference.BENCHMARK, made, programme=None, programme_before=None
    )
    assert none.why_not == "This measure has none."
