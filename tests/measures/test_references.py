"""The programme's reference rules: settled as versions, followed by every stored gap, printed."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest

from measures import queries
from measures.actions.references import apply_reference_rule, set_reference_rule
from measures.enums import ReferenceStrategy
from measures.models import (
    MeasureDefinition,
    PartResult,
    ReferenceSetting,
    Stratum,
    StratumResult,
    StratumSet,
)
from measures.queries.references import ReferenceUsed
from measures.stats.overall import against_benchmark, against_whole
from measures.stats.references import Strategy
from measures.stats.states import GapState
from teams.actions.audit import AuditEvent
from teams.enums import Role
from teams.errors import StateRefused
from teams.scoping import scope_of
from tests.factories.members import AS_OF, load_members, make_members
from tests.factories.people import make_user, signed_in

LATER = AS_OF + timedelta(days=1)


@pytest.fixture
def world(db):
    members = make_members(
        teams=["Harbor", "Ridge", "Shore"], members=2000, measures=["CBP", "GSD-POOR"],
        periods=("2023", "2024"), seed=8,
    )  # fmt: skip
    return load_members(members)


@pytest.fixture
def director(world):
    return make_user(Role.PROGRAMME_DIRECTOR)


def settle(by, strategy, *, year=2024, code="combined", stratum=None, **more):
    stratum_set = StratumSet.objects.get(code=code)
    named = Stratum.objects.get(stratum_set=stratum_set, code=stratum) if stratum else None
    setting = set_reference_rule(
        stratum_set=stratum_set, strategy=ReferenceStrategy(strategy), stratum=named, from_year=year,
        reason="Agreed by the steering group.", as_of=LATER, by=by, **more,
    )  # fmt: skip
    while apply_reference_rule(setting_id=setting.pk, as_of=LATER):
        pass
    setting.refresh_from_db()
    return setting


def results(world, code="CBP", period="2024", stratum_set="combined"):
    return next(
        r
        for r in queries.list_programme_results(
            source=world.source,
            periods=[world.period(period)],
            stratum_set=StratumSet.objects.get(code=stratum_set),
        )
        if r.definition.measure.code == code
    )


def counts(world, code, period, stratum):
    rows = world.members
    rows = rows[(rows.measure == code) & (rows.period == period)]
    if stratum != "all":
        rows = rows[rows.combined == stratum]
    return int(rows.numerator.sum()), len(rows)


def test_strategies_of_settings_are_those_of_the_statistics():
    assert {s.value for s in ReferenceStrategy} == {s.value for s in Strategy}


def test_overall_counts_the_overlap_and_is_printed(world, director):
    setting = settle(director, "overall")
    assert (setting.version, setting.done_count, setting.step_count) == (1, 1, 1)
    assert setting.applied_at == LATER
    result = results(world)
    assert result.reference.code == "all"
    assert "everybody together" in result.rule.sentence
    black, white = result.figure("nh_black"), result.figure("nh_white")
    arms = (*counts(world, "CBP", "2024", "nh_black"), *counts(world, "CBP", "2024", "all"))
    gap, limits, p_value = against_whole(*arms)
    np.testing.assert_allclose(
        [black.gap_points, black.gap_points_lower, black.gap_points_upper, black.p_value],
        [100 * gap, 100 * limits.lower, 100 * limits.upper, p_value],
    )
    assert white.gap_state == GapState.SHOWN
    assert result.reference_figure == result.total
    earlier = results(world, period="2023")
    assert earlier.reference.code == "nh_white"
    assert earlier.rule.version == 0


def test_benchmark_is_that_of_the_measure_and_the_year(world, director):
    MeasureDefinition.objects.filter(measure__code="CBP", year=2024).update(
        benchmark_rate=0.715, benchmark_source="a published percentile"
    )
    MeasureDefinition.objects.filter(measure__code="GSD-POOR").update(benchmark_rate=None)
    settle(director, "benchmark")
    result = results(world)
    black = result.figure("nh_black")
    found = against_benchmark(*counts(world, "CBP", "2024", "nh_black"), 0.715)
    np.testing.assert_allclose(black.gap_points, 100 * found.gap)
    assert result.rule.sentence == (
        "Reference: a published percentile, 71.5 percent; a fixed number."
    )
    assert result.reference_figure.rate == 0.715
    without = results(world, "GSD-POOR")
    assert without.reference is None
    assert {f.gap_state for f in without.compared} <= {GapState.NO_REFERENCE, GapState.NOT_COMPARED}


def test_best_is_chosen_in_the_period_before_for_each_measure(world, director):
    settle(director, "best", least_n=100)
    for code, better in (("CBP", True), ("GSD-POOR", False)):
        result = results(world, code)
        rates = {}
        for stratum in [s.stratum.code for s in result.compared]:
            x, n = counts(world, code, "2023", stratum)
            if n >= 100 and min(x, n - x) >= 11:
                rates[stratum] = x / n if better else 1 - x / n
        assert result.reference.code == max(rates, key=rates.get)
        assert "chosen in 2023" in result.rule.sentence
        x, n = counts(world, code, "2024", result.reference.code)
        assert result.reference_figure.numerator in (x, None)
    assert StratumResult.objects.filter(
        gap_state=GapState.IS_REFERENCE, period__label="2024"
    ).exists()


def test_best_without_an_earlier_period_compares_nobody(world, director):
    settle(director, "best", year=2023)
    result = results(world, period="2023")
    assert result.reference is None
    assert result.rule.sentence.endswith("There is no earlier period.")
    assert all(not f.gap_shown for f in result.figures)


def test_a_restated_earlier_period_can_change_the_best(world, director):
    """The family of the later year is worked out anew, though none of its own rows changed."""
    settle(director, "best", least_n=100)
    before = results(world).reference.code
    rows = world.members[world.members.period == "2023"].copy()
    other = "hispanic" if before != "hispanic" else "nh_white"
    cbp = rows.measure == "CBP"
    # Every second one met it, but nearly all of the other group.
    rows.loc[cbp, "numerator"] = np.arange(cbp.sum()) % 2
    chosen = cbp & (rows.combined == other)
    rows.loc[chosen, "numerator"] = (np.arange(chosen.sum()) % 20 != 0).astype(int)
    load_members(rows, source=world.source, teams=world.teams)
    assert results(world).reference.code == other


def test_parts_follow_the_rule_too(world, director):
    settle(director, "named", stratum="hispanic")
    scope = scope_of(director, on=LATER.date())
    _, lines = queries.list_part_results(
        scope, team=world.team("Harbor"), source=world.source, period=world.period("2024"),
        stratum_set=StratumSet.objects.get(code="combined"),
    )  # fmt: skip
    assert PartResult.objects.exists()
    assert lines
    assert {r.reference.code for r in lines} == {"hispanic"}
    assert all(r.rule.version == 1 for r in lines)


def test_another_rule_with_the_same_reference_is_printed(world, director):
    assert results(world).reference.code == "nh_white"
    settle(director, "largest")
    result = results(world)
    assert result.reference.code == "nh_white"
    assert result.rule.strategy == ReferenceStrategy.LARGEST
    assert "most people: White, not Hispanic" in result.rule.sentence


def test_versions_and_refusals(world, director):
    settle(director, "overall")
    with pytest.raises(StateRefused, match="already"):
        settle(director, "overall")
    second = settle(director, "named", stratum="hispanic")
    assert second.version == 2
    assert results(world).rule.version == 2
    stranger = Stratum.objects.get(stratum_set__code="race", code="white")
    declined = Stratum.objects.get(stratum_set__code="combined", code="declined")
    for wrong in (stranger, declined):
        with pytest.raises(StateRefused, match="of this set"):
            set_reference_rule(
                stratum_set=StratumSet.objects.get(code="combined"), stratum=wrong, from_year=2024,
                strategy=ReferenceStrategy.NAMED, reason="No.", as_of=LATER, by=director,
            )  # fmt: skip
    acts = AuditEvent.objects.filter(act__endswith="_reference_rule").values_list("act", flat=True)
    assert sorted(acts) == ["apply_reference_rule"] * 2 + ["set_reference_rule"] * 2


def test_work_that_was_cut_off_goes_on(world, director):
    stratum_set = StratumSet.objects.get(code="combined")
    setting = set_reference_rule(
        stratum_set=stratum_set, strategy=ReferenceStrategy.OVERALL, from_year=2023, reason="x",
        as_of=LATER, by=director,
    )  # fmt: skip
    assert setting.step_count == 2
    assert apply_reference_rule(setting_id=setting.pk, as_of=LATER) is True
    assert ReferenceSetting.objects.get().done_count == 1
    assert apply_reference_rule(setting_id=setting.pk, as_of=LATER) is False
    assert apply_reference_rule(setting_id=setting.pk, as_of=LATER) is False
    assert ReferenceSetting.objects.get().applied_at == LATER


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        (ReferenceUsed(ReferenceStrategy.NAMED), ""),
        (ReferenceUsed(ReferenceStrategy.BENCHMARK), "Reference: the measure’s benchmark, a fixed number. It has none in this year."),
        (ReferenceUsed(ReferenceStrategy.LARGEST), "Reference: the group with the most people. There is none."),
        (ReferenceUsed(ReferenceStrategy.BEST, chosen_in="2023"), "Reference: the group with the best rate in the period before, among groups with 100 or more people in it. No group qualifies."),
    ],
)  # fmt: skip
def test_sentence_says_what_was_not_found(rule, text):
    assert rule.sentence == text
    assert ReferenceUsed.from_stored(rule.to_store()) == rule


def test_page_shows_all_and_only_the_programme_changes(world, director):
    page = "/definitions/references/"
    reader = signed_in(make_user(Role.GROUP_MEMBER, team=world.team("Harbor")))
    assert "White, not Hispanic, named in advance" in reader.get(page).content.decode()
    assert reader.get(f"{page}combined/").status_code == 403
    client = signed_in(director)
    assert client.get(f"{page}nothing/").status_code == 404
    answer = {"strategy": "named", "least_n": "100", "from_year": "2024", "reason": "Agreed."}
    refused = client.post(f"{page}combined/", answer)
    assert refused.status_code == 422
    assert "Choose the group that the others are compared with." in refused.content.decode()
    assert client.post(f"{page}combined/", answer | {"strategy": "overall"}).status_code == 302
    text = client.get(page).content.decode()
    assert "everybody together; each group is a part of it" in text
    assert "0 of 1 sources and periods" in text
