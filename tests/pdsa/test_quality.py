"""The seven checks: each one met, partly met and missed, on facts that differ in one thing."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from pdsa.actions.measures import copy_programme_measure, link_cycle
from pdsa.charts.periods import step
from pdsa.enums import StratumRole
from pdsa.models import Cycle
from pdsa.quality import CycleFacts, Hint, PredictionFacts, check_quality, names_number, scale_hint
from pdsa.queries.quality import list_hints
from teams.enums import Role
from teams.models import User
from teams.scoping import scope_of
from tests.factories import results
from tests.factories.cycles import make_cycle
from tests.factories.local_measures import NOW as TODAY
from tests.factories.local_measures import enter, make_local_measure, stratum
from tests.factories.people import make_team, make_user

GOOD = CycleFacts(
    state_closed=True,
    is_retrospective=False,
    not_predicted=False,
    predictions=(PredictionFacts("8 of 10 will answer", expected=True, compared=True),),
    ramp_length=2,
    linked=True,
    next_change="",
    is_first=True,
    is_test=True,
    patient_count=5,
    clinician_count=None,
    duration_days=None,
    previous_patient_count=None,
    measure_points=3,
    has_plan=True,
    has_do=True,
    has_study=True,
    has_act=True,
    planned_end_on=date(2026, 3, 1),
    closed_on=date(2026, 3, 15),
    has_driver=True,
    has_focus=True,
    focus_result="All five were Black patients.",
    patient_input="asked",
)


def credits(**changes: Any) -> dict[str, float]:
    return {hint.code: hint.credit for hint in check_quality(replace(GOOD, **changes))}


def test_everything_is_met() -> None:
    hints = check_quality(GOOD)
    assert [hint.credit for hint in hints] == [1] * 7
    assert [hint.text for hint in hints] == [""] * 7


WORDS_ONLY = (PredictionFacts("most will answer", expected=False, compared=True),)
NOT_COMPARED = (PredictionFacts("8 of 10 will answer", expected=True, compared=False),)
TOO_SHORT = (PredictionFacts("better", expected=False, compared=True),)


@pytest.mark.parametrize(
    ("code", "credit", "changes"),
    [
        ("iterative", 0, {"ramp_length": 1, "linked": False}),
        ("iterative", 0, {"ramp_length": 2, "linked": False}),
        ("iterative", 1, {"ramp_length": 1, "linked": False, "next_change": "Two clinics"}),
        ("prediction", 0, {"predictions": ()}),
        ("prediction", 0, {"predictions": TOO_SHORT}),
        ("prediction", 0, {"not_predicted": True}),
        ("prediction", 0, {"is_retrospective": True}),
        ("prediction", 0.5, {"predictions": WORDS_ONLY}),
        ("prediction", 0.5, {"predictions": NOT_COMPARED}),
        ("prediction", 1, {"predictions": NOT_COMPARED, "state_closed": False}),
        ("small_scale", 0, {"patient_count": 6}),
        ("small_scale", 0, {"patient_count": None}),
        ("small_scale", 1, {"patient_count": 6, "is_test": False}),
        (
            "small_scale",
            1,
            {"patient_count": None, "clinician_count": 1, "duration_days": 14},
        ),
        ("small_scale", 1, {"patient_count": 6, "clinician_count": 1, "duration_days": 14}),
        ("small_scale", 0, {"patient_count": 6, "clinician_count": 1, "duration_days": 15}),
        (
            "small_scale",
            0,
            {"patient_count": None, "clinician_count": 2, "duration_days": 14},
        ),
        (
            "small_scale",
            0,
            {"patient_count": None, "clinician_count": 1, "duration_days": 15},
        ),
        (
            "small_scale",
            1,
            {"is_first": False, "patient_count": 25, "previous_patient_count": 5},
        ),
        (
            "small_scale",
            0,
            {"is_first": False, "patient_count": 26, "previous_patient_count": 5},
        ),
        ("small_scale", 0.5, {"is_first": False, "patient_count": None}),
        ("data_over_time", 0, {"measure_points": None}),
        ("data_over_time", 0.5, {"measure_points": 2}),
        ("documentation", 0.5, {"has_study": False}),
        ("documentation", 0, {"has_do": False, "has_study": False, "has_act": False}),
        ("documentation", 0.5, {"closed_on": date(2026, 3, 16)}),
        ("theory", 0, {"has_driver": False}),
        ("equity", 0, {"has_focus": False}),
        ("equity", 0.5, {"focus_result": " "}),
        ("equity", 0.5, {"patient_input": ""}),
        ("equity", 0.5, {"patient_input": "none"}),
        ("equity", 1, {"focus_result": "", "state_closed": False}),
    ],
)
def test_one_thing_changes_one_check(code: str, credit: float, changes: dict[str, Any]) -> None:
    found = credits(**changes)
    assert found.pop(code) == credit
    assert set(found.values()) == {1}


def test_missing_credit_always_says_a_sentence() -> None:
    empty = replace(
        GOOD,
        predictions=(),
        ramp_length=1,
        linked=False,
        patient_count=None,
        measure_points=None,
        has_plan=False,
        has_do=False,
        has_study=False,
        has_act=False,
        has_driver=False,
        has_focus=False,
    )
    hints = check_quality(empty)
    assert [hint.credit for hint in hints] == [0] * 7
    assert all(hint.text.endswith((".", "?")) for hint in hints)
    assert hints[4].text == "Add one line on what you wanted to try."


def test_a_large_step_is_said_with_the_number_that_would_do() -> None:
    assert scale_hint(25, 5) == ""
    assert scale_hint(26, 5) == ("26 patients after 5 is a large step. Would 25 teach you enough?")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("3 of 5 will answer", True),
        ("60% come back", True),
        ("About half of them", True),
        ("None will answer", True),
        ("Two nurses are enough", True),
        ("Most of them will answer", False),
        ("Someone tends to answer", False),
    ],
)
def test_number_is_found_in_words_of_a_prediction(text: str, says: bool) -> None:
    assert names_number(text) is says


# --- from the rows --------------------------------------------------------------------------------


@pytest.fixture
def lead() -> User:
    return make_user(Role.GROUP_LEAD, team=make_team())


def begun(lead: User, **fields: Any) -> Cycle:
    """A test that began in the middle of a week and of a month."""
    team = lead.memberships.get().organisation.teams.get()
    return make_cycle(team, by=lead, started_on=date(2026, 3, 18), **fields)


def hint_of(cycle: Cycle, lead: User, code: str) -> Hint:
    hints = list_hints(scope_of(lead, on=TODAY.date()), cycle)
    return next(hint for hint in hints if hint.code == code)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("prediction", "credit"), [("3 of 5 answer", 1), ("3 of 5", 1), ("Most will answer", 0.5)]
)
def test_number_in_the_words_of_a_prediction_is_enough(
    prediction: str, credit: float, lead: User
) -> None:
    assert hint_of(begun(lead, prediction=prediction), lead, "prediction").credit == credit


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("frequency", "first", "points", "credit"),
    [
        ("month", date(2026, 3, 1), 3, 1),
        ("month", date(2026, 2, 1), 3, 0.5),
        ("week", date(2026, 3, 16), 3, 1),
        ("week", date(2026, 3, 9), 3, 0.5),
    ],
)
def test_points_count_from_the_period_in_which_the_test_began(
    frequency: str, first: date, points: int, credit: float, lead: User
) -> None:
    cycle = begun(lead)
    measure = make_local_measure(cycle.idea.project, by=lead, frequency=frequency)
    enter(measure, "nh_black", [(3, 5)] * points, by=lead, first=first)
    # Numbers of another group do not make a line together with those of the first.
    enter(measure, "nh_white", [(3, 5)], by=lead, first=step(first, frequency, points))
    assert hint_of(cycle, lead, "data_over_time").credit == 0
    link_cycle(measure=measure, cycle=cycle, by=lead, as_of=TODAY.date())
    assert hint_of(cycle, lead, "data_over_time").credit == credit


@pytest.mark.django_db
@pytest.mark.parametrize(("started_on", "credit"), [("2024-06-01", 1), ("2025-01-01", 0.5)])
def test_points_of_a_programme_measure_are_those_of_its_chart(
    started_on: str, credit: float, lead: User
) -> None:
    cycle = begun(lead)
    team = cycle.idea.project.team
    for year in ("2024", "2025", "2026"):
        world = results.make_world(period=year)
        results.make_results(
            world, team=team, counts={"nh_black": (60, 100), "nh_white": (600, 800)}
        )
    measure = copy_programme_measure(
        project=cycle.idea.project,
        source_id=world.source.pk,
        code=world.measure.code,
        year=2025,
        strata=[(stratum("nh_black").pk, StratumRole.FOCUS)],
        by=lead,
        as_of=TODAY.date(),
    )
    link_cycle(measure=measure, cycle=cycle, by=lead, as_of=TODAY.date())
    cycle.started_on = date.fromisoformat(started_on)
    assert hint_of(cycle, lead, "data_over_time").credit == credit


@pytest.mark.django_db
def test_one_clinician_for_two_weeks_is_small_whatever_the_patients(lead: User) -> None:
    cycle = begun(lead, patient_count=20, clinician_count=1, duration_days=10)
    assert hint_of(cycle, lead, "small_scale").credit == 1
    cycle.clinician_count = 2
    assert (
        hint_of(cycle, lead, "small_scale").text == "Could this be tried with 1 patient tomorrow?"
    )
