"""The sentences of the dashboards: never stronger than the statistics, direction always right."""

from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from django.utils.functional import cached_property

from measures.enums import CountingUnit, ReferenceStrategy, StratumKind
from measures.queries import Figure, ReferenceUsed, SetResult, StratumLabel
from measures.stats.states import PRIVATE_STATES, CellState, GapState
from reports.charts.values import PeerComparison, PeerRow
from reports.dashboards.tables import FigureRow, figure_row, unseen_of
from reports.dashboards.wording import (
    NO_GAP_SHOWN,
    Reading,
    finding_sentence,
    headline,
    listed,
    measure_finding,
    peers_finding,
    people_of,
    probability_text,
    read_figure,
    source_note,
)
from teams.enums import Audience

WHITE = StratumLabel(
    30, "combined", "nh_white", "White, not Hispanic", "White", StratumKind.SPECIFIED, 0, True
)
BLACK = StratumLabel(
    31, "combined", "nh_black", "Black, not Hispanic", "Black", StratumKind.SPECIFIED, 1
)
ASIAN = StratumLabel(
    33, "combined", "nh_asian", "Asian, not Hispanic", "Asian", StratumKind.SPECIFIED, 2
)
UNKNOWN = StratumLabel(39, "combined", "unknown", "Unknown", "Unknown", StratumKind.UNKNOWN, 9)


def figure(stratum=BLACK, rate=0.661, gap=-8.6, low=-12.0, high=-5.1, **changes) -> Figure:
    values = {
        "stratum": stratum,
        "state": CellState.SHOWN,
        "numbers_shown": True,
        "caution": False,
        "denominator": 623,
        "numerator": 412,
        "rate": rate,
        "rate_lower": rate - 0.03,
        "rate_upper": rate + 0.03,
        "decimals": 1,
        "self_reported_share": 0.71,
        "indirect_share": 0.12,
        "gap_state": GapState.SHOWN,
        "gap_shown": True,
        "gap_points": gap,
        "gap_points_lower": low,
        "gap_points_upper": high,
        "ratio": 0.885,
        "ratio_lower": 0.84,
        "ratio_upper": 0.93,
        "p_value": 0.0004,
        "q_value": 0.002,
        "patients_to_parity": 54,
    }
    return Figure(**(values | changes))


def without_gap(state: GapState, stratum=BLACK, **changes) -> Figure:
    numbers = dict.fromkeys(
        ("gap_points", "gap_points_lower", "gap_points_upper", "ratio", "ratio_lower",
         "ratio_upper", "p_value", "q_value", "patients_to_parity")
    )  # fmt: skip
    return figure(stratum)._replace(gap_state=state, gap_shown=False, **numbers, **changes)


def hidden(state: CellState, stratum=BLACK) -> Figure:
    numbers = dict.fromkeys(
        ("denominator", "numerator", "rate", "rate_lower", "rate_upper", "self_reported_share",
         "indirect_share")
    )  # fmt: skip
    return without_gap(GapState.HIDDEN, stratum)._replace(
        state=state, numbers_shown=False, **numbers
    )


REFERENCE = without_gap(GapState.IS_REFERENCE, WHITE, rate=0.747)


def result(*figures: Figure, higher=True, reference=WHITE, audience=Audience.OTHERS) -> SetResult:
    definition = SimpleNamespace(
        short_name="Blood pressure control",
        higher_is_better=higher,
        counting_unit=CountingUnit.PERSON,
        minimum_denominator=30,
        measure_id=1,
    )
    return SetResult(
        source=None,
        definition=definition,
        period=SimpleNamespace(label="2024"),
        unit=None,
        stratum_set=None,
        total=None,
        figures=figures,
        reference=reference,
        rule=ReferenceUsed(ReferenceStrategy.NAMED),
        audience=audience,
        computed_at=None,
        method_version="1",
        data_version=1,
    )


@pytest.mark.parametrize(
    ("low", "high", "higher", "reading"),
    [
        (-12.0, -5.1, True, Reading.BEHIND),
        (5.1, 12.0, True, Reading.AHEAD),
        (5.1, 12.0, False, Reading.BEHIND),
        (-12.0, -5.1, False, Reading.AHEAD),
        (-12.0, 0.0, True, Reading.OPEN),
        (0.0, 5.0, True, Reading.OPEN),
        (-3.0, 2.0, False, Reading.OPEN),
    ],
)
def test_reading_follows_the_interval_and_the_direction(low, high, higher, reading):
    one = figure(gap=(low + high) / 2, low=low, high=high)
    assert read_figure(one, higher_is_better=higher) == reading


@pytest.mark.parametrize(
    ("one", "higher", "sentence"),
    [
        (
            figure(),
            True,
            "Black patients: 66.1%, 8.6 points below White patients (95% interval 5.1 to 12.0).",
        ),
        (
            figure(gap=3.4, low=0.2, high=6.6),
            True,
            "Black patients: 66.1%, 3.4 points above White patients (95% interval 0.2 to 6.6).",
        ),
        (
            figure(rate=0.319, gap=8.0, low=4.0, high=12.0),
            False,
            ("Black patients: 31.9%, 8.0 points above White patients (95% interval 4.0 to 12.0)."
            " Lower is better."),
        ),
        (
            figure(gap=-2.1, low=-6.0, high=1.8),
            True,
            ("Black patients: 66.1%. No gap can be shown with these numbers: −2.1 points to White"
            " patients (95% interval −6.0 to +1.8)."),
        ),
        (
            figure(gap=-20.0, low=-44.0, high=-1.0, caution=True, decimals=0, state=CellState.SMALL_DENOMINATOR),
            True,
            ("Black patients: 66%, 20 points below White patients (95% interval 1 to 44)."
            " Few people: read with caution."),
        ),
        (REFERENCE, True, "White patients: 74.7%, the reference."),
        (
            without_gap(GapState.HIDDEN),
            True,
            "Black patients: 66.1%. No comparison: this group or the reference is hidden to protect privacy.",
        ),
        (
            without_gap(GapState.SMALL_DENOMINATOR),
            True,
            "Black patients: 66.1%. No comparison: this group or the reference has fewer than 30 counted.",
        ),
        (
            hidden(CellState.PRIVACY_PRIMARY),
            True,
            ("Black patients: no number. Hidden to protect privacy: few people or groups stand behind it, or behind a"
            " number that would give it away."),
        ),
        (
            hidden(CellState.SMALL_DENOMINATOR),
            True,
            "Black patients: no number. Fewer than 30 counted: too uncertain to report.",
        ),
        (
            hidden(CellState.NO_DENOMINATOR),
            True,
            "Black patients: no number. Nobody was eligible for this measure, so there is no rate; it is not 0%.",
        ),
    ],
)  # fmt: skip
def test_finding_sentence(one, higher, sentence):
    assert finding_sentence(one, result(REFERENCE, one, higher=higher)) == sentence


SHOWN_IN_A_ROW = [
    name
    for name, kind in vars(FigureRow).items()
    if isinstance(kind, property | cached_property) and not name.startswith("_")
]


def test_all_reasons_of_privacy_read_the_same():
    """That a cell is only a complement, or over too few groups, says that it is not small."""
    primary, *others = (
        {name: getattr(row, name) for name in SHOWN_IN_A_ROW}
        for row in (figure_row(hidden(state), result(REFERENCE)) for state in PRIVATE_STATES)
    )
    assert primary["note"] and others == [primary, primary]


def test_three_states_without_a_number_have_three_words():
    figures = [
        hidden(CellState.PRIVACY_PRIMARY, BLACK),
        hidden(CellState.SMALL_DENOMINATOR, ASIAN),
        hidden(CellState.NO_DENOMINATOR, WHITE),
    ]
    assert [(u.absence.value, u.labels) for u in unseen_of(figures)] == [
        ("suppressed", "Black"),
        ("too_few", "Asian"),
        ("no_denominator", "White"),
    ]


def test_gap_is_written_no_finer_than_the_coarser_rate():
    coarse = REFERENCE._replace(decimals=0)
    assert "9 points below" in finding_sentence(figure(gap=-8.6), result(coarse, figure()))


@pytest.mark.parametrize(
    ("figures", "finding"),
    [
        ((figure(),), "Black patients (−8.6) behind White patients"),
        (
            (figure(), figure(ASIAN, gap=4.0, low=1.0, high=7.0)),
            "Black patients (−8.6) behind White patients; Asian patients (+4.0) ahead of them",
        ),
        (
            (figure(ASIAN, gap=4.0, low=1.0, high=7.0),),
            "Asian patients (+4.0) ahead of White patients",
        ),
        # Among all comparisons of the programme it could be chance: the title says no more than the text.
        (
            (figure(q_value=0.2),),
            "Black patients (−8.6) behind White patients in this comparison alone",
        ),
        (
            (figure(), figure(ASIAN, q_value=0.2)),
            (
                "Black patients (−8.6) behind White patients; Asian patients (−8.6) behind White patients in"
                " this comparison alone"
            ),
        ),
        ((figure(low=-12.0, high=0.5),), NO_GAP_SHOWN),
        ((hidden(CellState.PRIVACY_PRIMARY),), "No other group has a number that can be compared"),
    ],
)
def test_finding_of_a_measure(figures, finding):
    assert measure_finding(result(REFERENCE, *figures)) == finding


@pytest.mark.parametrize(
    ("audience", "changes", "basis"),
    [
        (Audience.OWN, {}, "Known: 71% self-reported, up to 12% imputed. For the group"),
        (Audience.OTHERS, {}, "Known: about 71% self-reported, up to about 12% imputed. Small"),
        (
            Audience.OWN,
            {"self_reported_share": 0.5},
            "Known: 50% to 71% self-reported, up to 12% imputed.",
        ),
    ],
)
def test_a_chart_that_leaves_the_site_says_what_it_rests_on(audience, changes, basis):
    made = result(REFERENCE, figure(**changes), audience=audience)
    made = replace(
        made,
        source=SimpleNamespace(name="Payer"),
        computed_at=datetime(2025, 6, 1, tzinfo=UTC),
        method_version="1.0",
    )
    assert basis in source_note(made, SimpleNamespace(name="Harbor"))


def test_finding_without_a_usable_reference_claims_nothing():
    no_reference = hidden(CellState.PRIVACY_PRIMARY, WHITE)
    one = without_gap(GapState.HIDDEN)
    assert (
        measure_finding(result(no_reference, one))
        == "No comparison: White patients have no number that can be shown"
    )
    assert measure_finding(result(one, reference=None)).startswith("Rates only")
    assert headline([result(one, reference=None)]) == (
        "There are not enough numbers yet to compare groups of people."
    )


def test_headline_counts_only_what_stands_up_to_many_comparisons():
    seen, chance = figure(q_value=0.01), figure(q_value=0.06)
    assert "Black patients in 1 of 2 measures" in headline(
        [result(REFERENCE, seen), result(REFERENCE, chance)]
    )
    assert headline([result(REFERENCE, chance)]).startswith("Compared with White patients, no gap")
    # Ahead is not behind, and a comparison of a few people does not count.
    ahead = figure(gap=8.6, low=5.1, high=12.0, q_value=0.001)
    assert "no gap can be shown" in headline([result(REFERENCE, ahead)])
    assert "no gap can be shown" not in headline([result(REFERENCE, ahead, higher=False)])
    assert "not enough numbers" in headline([result(REFERENCE, figure(caution=True))])


def test_headline_of_the_group_itself_works_out_its_own_family():
    """Stored q values are those of outside readers; the group compares more, or anything at all."""

    def own(*p_values):
        return [
            result(REFERENCE, figure(p_value=p, q_value=None), audience=Audience.OWN)
            for p in p_values
        ]

    assert "Black patients in 2 of 2 measures" in headline(own(0.001, 0.04))
    assert headline(own(0.04, 0.9, 0.9)).startswith("Compared with White patients, no gap")


def test_declined_and_unknown_are_counted_but_not_compared():
    row = figure_row(without_gap(GapState.NOT_COMPARED, UNKNOWN), result(REFERENCE))
    assert row.rate == "66.1%"
    assert row.gap == ""
    assert row.note == "Counted, but not a group to compare."
    assert row.basis == ""


@pytest.mark.parametrize(
    ("audience", "basis"),
    [
        (Audience.OWN, "71% self-reported, 12% imputed"),
        (Audience.OTHERS, "about 71% self-reported, about 12% imputed"),
    ],
)
def test_data_basis_says_how_exact_it_is(audience, basis):
    assert figure_row(figure(), result(REFERENCE, audience=audience)).basis == basis


@pytest.mark.parametrize(
    ("set_code", "code", "short", "people"),
    [
        ("combined", "nh_black", "Black", "Black patients"),
        ("race", "multiple", "Two or more", "patients of two or more races"),
        ("combined", "nh_other", "Other race", "patients of another race"),
        ("language", "spanish", "Spanish", "Spanish-speaking patients"),
        ("age_band", "65-74", "65 to 74 years", "patients aged 65 to 74 years"),
        ("gender_identity", "woman", "Woman", "women"),
        ("deprivation", "q5", "Most deprived", "patients in the most deprived areas"),
        ("combined_sex", "nh_other-female", "Other race, women", "women of another race"),
        ("combined_sex", "nh_black-male", "Black, men", "Black men"),
        ("payer", "masshealth", "MassHealth", "patients with MassHealth"),
        ("payer", "none", "No insurance", "patients without insurance"),
        ("housing", "own", "Own home", "patients in the group “Own home”"),
    ],
)
def test_people_of_a_stratum(set_code, code, short, people):
    label = StratumLabel(1, set_code, code, short, short, StratumKind.SPECIFIED, 1)
    assert people_of(label) == people


@pytest.mark.parametrize(
    ("value", "text"), [(None, ""), (0.0004, "< 0.001"), (0.001, "0.001"), (0.0496, "0.050")]
)
def test_probability_text(value, text):
    assert probability_text(value) == text


def test_listed():
    assert [listed(words) for words in ([], ["A"], ["A", "B"], ["A", "B", "C"])] == [
        "",
        "A",
        "A and B",
        "A, B and C",
    ]


def test_peers_finding_knows_which_side_is_better():
    rows = (
        PeerRow("inside", -5.0, (-8, -6, -4), 8),
        PeerRow("above", -1.0, (-8, -6, -4), 8),
        PeerRow("below", -12.0, (-8, -6, -4), 8),
        PeerRow("no band", -12.0, None, 3),
    )
    finding, summary = peers_finding(PeerComparison("Gaps", rows, "points"))
    assert finding == "Gaps: 1 of 3 inside the middle half"
    assert "1 on its better side and 1 on its worse side" in summary
    inverse_rows = tuple(replace(row, higher_is_better=False) for row in rows[:2])
    _, inverse = peers_finding(PeerComparison("Gaps", inverse_rows, "points"))
    assert "0 on its better side and 1 on its worse side" in inverse
