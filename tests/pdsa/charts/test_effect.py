"""Did it work: what is said before and after a test, and that it is no more than the numbers say."""

import pytest

from pdsa.charts.assemble import assemble
from pdsa.charts.effect import Counts, SiteComparison, read_effect
from tests.pdsa.charts.samples import LEVEL, RISEN, cycle, decision, measure, month, points

WHITE = [70, 72, 69, 71, 73, 70, 68, 72, 71, 70] * 4


def effect(focus, reference=None, start=12, sites=None, **more):
    data = measure(
        points(focus),
        None if reference is None else points(reference),
        decisions=(decision("baseline", 11),),
        cycles=(cycle(start),),
        **more,
    )
    return read_effect(assemble(data), started_on=month(start), sites=sites)


def test_before_and_after_are_pooled_and_the_month_of_the_start_counts_for_neither():
    found = effect(LEVEL[:12] + [99] + RISEN[:8])
    group = found.groups[0]
    before, after = sum(LEVEL[:12]), sum(RISEN[:8])
    assert group.before_text.endswith(f"({before} of 1,200)")
    assert group.after_text.endswith(f"({after} of 800)")
    assert "95% interval" in group.change_text


def test_a_rise_of_the_focus_group_alone_is_told_with_its_rule_and_without_a_claim():
    found = effect(LEVEL[:12] + RISEN[:9], WHITE[:21])
    assert found.signal_text.startswith(
        "Signal since it began: yes, by the rule “8 or more points in a row"
    )
    assert found.conclusion.startswith("The focus group moved for the better after the test began")
    assert "cannot tell what else happened" in found.conclusion
    assert "Difference of the changes, Black less White: +2" in found.comparison_text


def test_no_signal_is_no_proof_of_no_effect():
    found = effect(LEVEL + [51, 49], [*WHITE[:22]])
    assert found.signal_text.startswith("Signal since it began: no, by the rules")
    assert "does not prove" in found.conclusion
    assert "may be chance" in found.comparison_text


def test_both_groups_moving_is_not_counted_for_the_test():
    risen_white = [n - 20 for n in WHITE[:12]] + [n + 5 for n in WHITE[12:21]]
    found = effect(LEVEL[:12] + RISEN[:9], risen_white)
    assert found.conclusion.startswith("Both groups moved")


def test_the_wrong_way_is_said():
    found = effect(RISEN + RISEN[:2] + LEVEL[:9], WHITE[:21])
    assert found.conclusion.startswith("The numbers moved the wrong way")


@pytest.mark.parametrize("after", [1, 4])
def test_few_months_after_the_start_are_too_early(after):
    found = effect(LEVEL[:12] + [51, 49, 52, 50, 51][:after])
    assert found.signal_text.startswith("Too early")
    assert found.conclusion == "It is too early to say."


def test_few_months_altogether_are_too_early():
    found = effect([50, 51, 49, 70, 71, 72], start=3)
    assert found.conclusion == "It is too early to say."


def test_a_test_before_the_first_number_has_nothing_to_compare_with():
    data = measure(points(LEVEL))
    assert read_effect(assemble(data), started_on=month(-3)) is None
    found = effect(LEVEL, start=0)
    assert found.groups[0].change_text == "No numbers before it began"


def test_signals_from_before_the_test_are_not_its_own():
    focus = [20] + LEVEL[1:12] + LEVEL[:9]
    assert effect(focus).signal_text.startswith("Signal since it began: no")


def test_without_comparison_sites_that_is_said_and_with_them_they_are_compared():
    found = effect(LEVEL[:12] + RISEN[:9], WHITE[:21])
    assert "No sites without the test are counted" in found.comparison_text
    sites = SiteComparison(
        "Dorchester", "2024", "2025", Counts(40, 80, 60, 80), Counts(300, 500, 305, 500)
    )
    with_sites = effect(LEVEL[:12] + RISEN[:9], WHITE[:21], sites=sites)
    assert (
        "Difference in differences, Dorchester less the other sites, 2024 to 2025: +24.0 points"
        in with_sites.comparison_text
    )
    assert "No sites without" not in with_sites.comparison_text


def test_a_run_that_began_by_chance_a_month_before_counts_if_the_rest_is_enough():
    early = [*LEVEL[:11], 55]
    assert "yes, by the rule “8" in effect(early + RISEN[:9]).signal_text
    assert "yes" not in effect(early + [55, 54, 56, 53, 55, 54, 56]).signal_text


def test_what_moved_before_the_test_is_not_counted_for_it():
    found = effect(LEVEL[:12] + RISEN[:10] + RISEN[:6], start=18)
    assert found.conclusion == (
        "The numbers were moving before this test began, since Jan 2026. They cannot tell what this"
        " test added."
    )


def test_other_tests_of_the_same_months_are_named():
    data = measure(
        points(LEVEL[:12] + RISEN[:9]),
        decisions=(decision("baseline", 11),),
        cycles=(cycle(12), cycle(14, title="Home cuffs, test 1", ident=2), cycle(1, 2, "Old", 3)),
    )
    said = read_effect(assemble(data), started_on=month(12)).conclusion
    assert "began around the same time: “Home cuffs, test 1”." in said
