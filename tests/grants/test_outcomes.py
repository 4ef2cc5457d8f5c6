"""Money and outcome together: what is said, to whom, and what is not said."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from pptx import Presentation

from grants.actions.reports import (
    LineEntry,
    start_report,
    submit_report,
    write_financial_report,
)
from grants.models import Award
from grants.outcomes import Arm, cost_per_patient, cost_words, movement, movement_words
from grants.queries.outcomes import AwardOutcome, list_outcomes
from learning.models import Attendance
from measures.models import Stratum
from pdsa.models import Aim, Project
from teams.enums import Role
from teams.models import User
from teams.scoping import scope_of
from tests.factories.grants import NOW, Grants, make_award, make_terms
from tests.factories.learning import make_session
from tests.factories.people import make_team, make_user, signed_in
from tests.factories.results import make_results, make_world

TODAY = date(2026, 3, 2)


def arm(period: str, gap: float, half: float, *, rate: float = 0.6, people: int = 1000) -> Arm:
    return Arm(period, gap, gap - half, gap + half, rate, rate - gap / 100, people)


def test_movement_is_counted_in_points_and_patients() -> None:
    moved = movement(arm("2024", -12, 3), arm("2025", -6, 4, rate=0.66), higher_is_better=True)
    assert moved.closed_points == pytest.approx(6.0)
    # Two independent intervals of half widths 3 and 4 make one of 5.
    assert (moved.closed_lower, moved.closed_upper) == (pytest.approx(1.0), pytest.approx(11.0))
    assert (moved.patients, moved.patients_lower) == (pytest.approx(60), pytest.approx(10))
    cost = cost_per_patient(Decimal(600000), moved)
    assert cost is not None
    assert (cost.middle, cost.low, cost.high) == (10000, 5455, 60000)
    assert "came 6.0 points closer" in movement_words(moved)


def test_measure_where_lower_is_better_turns_the_sign() -> None:
    moved = movement(arm("2024", 8, 1), arm("2025", 3, 1), higher_is_better=False)
    assert moved.closed_points == pytest.approx(5.0) and moved.closed_lower > 0


@pytest.mark.parametrize(("now", "clear"), [(-11.0, False), (-20.0, True)])
def test_no_cost_where_the_interval_holds_no_gain(now: float, clear: bool) -> None:
    moved = movement(arm("2024", -12, 3), arm("2025", now, 4), higher_is_better=True)
    assert moved.is_clear is clear
    assert cost_per_patient(Decimal(600000), moved) is None
    said = cost_words(Decimal(600000), moved, None)
    assert "includes no gain" in said and "$" not in said
    assert ("fell back" in movement_words(moved)) is clear


def test_gap_closed_by_a_falling_reference_says_so() -> None:
    before = arm("2024", -12, 1, rate=0.6)
    after = replace(arm("2025", -4, 1, rate=0.58), reference_rate=0.62)
    moved = movement(before, after, higher_is_better=True)
    assert moved.is_levelled_down and "Nobody is better off" in movement_words(moved)


def test_nothing_spent_has_no_cost() -> None:
    moved = movement(arm("2024", -12, 1), arm("2025", -2, 1), higher_is_better=True)
    assert cost_per_patient(Decimal(0), moved) is None
    assert "No spending" in cost_words(Decimal(0), moved, None)


# --- with stored results, for each reader ------------------------------------------------------------------


def results_of(world: Grants, *, black: tuple[int, int], earlier: tuple[int, int]) -> Award:
    """An award of 2024 whose group's results of 2023 and 2025 are there, and an aim for Black patients."""
    for label, counts in (("2023", earlier), ("2025", black)):
        made = make_world(period=label)
        for team in (world.team, None):
            make_results(made, team, {"nh_white": (1500, 2000), "nh_black": counts})
    project = Project.objects.create(
        team=world.team, title="Secret words of the aim", created_by=world.lead
    )
    Aim.objects.create(
        project=project,
        measure=made.measure,
        measure_name="x",
        focus_stratum=Stratum.objects.get(code="nh_black"),
    )
    terms = make_terms(starts_on=date(2024, 6, 1), ends_on=date(2025, 12, 31))
    return make_award(world, terms)


def outcome_for(user: User, award: Award) -> AwardOutcome:
    scope = scope_of(User.objects.get(pk=user.pk), on=TODAY)
    return list_outcomes(scope, [award], on=TODAY)[award.pk]


def test_each_reader_sees_the_movement_with_the_own_eyes(world: Grants) -> None:
    award = results_of(world, black=(700, 1000), earlier=(500, 1000))
    for reader in (world.lead, world.coach, world.director, make_user(Role.PAYER_ANALYST)):
        first = outcome_for(reader, award).first
        assert first is not None and first.moved is not None, reader
        assert first.moved.closed_points == pytest.approx(20.0)
        assert (first.moved.before.period, first.moved.after.period) == ("2023", "2025")
    finance = outcome_for(world.finance, award)
    assert finance.gaps == [] and "not shown to you" in finance.hidden_why


def test_numbers_hidden_from_others_do_not_come_out_with_the_money(world: Grants) -> None:
    award = results_of(
        world, black=(7, 40), earlier=(20, 40)
    )  # 7 is a count that others may not see
    own = outcome_for(world.lead, award).first
    assert own is not None and own.moved is not None
    analyst = make_user(Role.PAYER_ANALYST)
    other = outcome_for(analyst, award).first
    assert other is not None and other.moved is None and "may not be shown" in other.why_not
    page = signed_in(analyst).get(f"/grants/awards/{award.pk}/outcome/").content.decode()
    assert "17.5%" not in page and "57.5" not in page
    assert (
        "17.5%" in signed_in(world.lead).get(f"/grants/awards/{award.pk}/outcome/").content.decode()
    )


def answers_of(world: Grants, award: Award) -> dict[str, str]:
    report = award.reports.filter(kind="narrative").first()
    assert report is not None
    response = signed_in(world.lead).post(f"/grants/reports/{report.pk}/start/")
    assert response.status_code == 302
    return report.versions.get().answers


def test_narrative_begins_with_tests_sessions_and_what_the_measures_show(world: Grants) -> None:
    award = results_of(world, black=(700, 1000), earlier=(500, 1000))
    session = make_session(world.director)
    Attendance.objects.create(
        session=session,
        team=world.team,
        user=world.lead,
        checked_in_by=world.lead,
        checked_in_at=datetime(2024, 9, 3, tzinfo=UTC),
    )
    answers = answers_of(world, award)
    assert answers["done"] == (
        "No test of change was started in this period. We took part in 1 session of the programme."
    )
    assert "came 20.0 points closer" in answers["numbers"]


def test_narrative_says_no_number_that_its_readers_may_not_see(world: Grants) -> None:
    award = results_of(world, black=(7, 40), earlier=(20, 40))
    assert answers_of(world, award)["numbers"] == ""


def test_award_without_results_of_its_time_says_which_are_missing(world: Grants) -> None:
    made = make_world(period="2023")
    make_results(made, world.team, {"nh_white": (1500, 2000), "nh_black": (500, 1000)})
    make_results(made, None, {"nh_white": (1500, 2000), "nh_black": (500, 1000)})
    award = make_award(world)
    said = outcome_for(world.lead, award)
    assert said.gaps == [] and "No aim of the group" in said.hidden_why
    project = Project.objects.create(team=world.team, title="x", created_by=world.lead)
    Aim.objects.create(
        project=project, measure=made.measure, focus_stratum=Stratum.objects.get(code="nh_black")
    )  # fmt: skip
    first = outcome_for(world.lead, award).first
    assert first is not None and "The latest results are of 2023" in first.why_not


def test_files_say_the_same_and_name_no_cause(world: Grants) -> None:
    award = results_of(world, black=(700, 1000), earlier=(500, 1000))
    client = signed_in(world.director)
    page = client.get(f"/grants/awards/{award.pk}/outcome/").content.decode()
    assert "came 20.0 points closer" in page and "does not say that the money moved the gap" in page
    assert "Secret words" not in page
    csv = client.get(f"/grants/awards/{award.pk}/outcome.csv").content.decode()
    assert ",2023,-25.0,2025,-5.0,20.0," in csv
    pdf = client.get(f"/grants/awards/{award.pk}/outcome.pdf")
    assert pdf.content.startswith(b"%PDF")
    portfolio = client.get("/grants/portfolio/").content.decode()
    assert "+20.0</span> points closer" in portfolio
    slides = client.get("/grants/portfolio/file.pptx")
    texts = " ".join(
        shape.text_frame.text
        for slide in Presentation(io.BytesIO(slides.content)).slides
        for shape in slide.shapes
        if shape.has_text_frame
    )
    assert "$100,000 committed" in texts
    assert client.get("/grants/portfolio/file.pdf").content.startswith(b"%PDF")
    finance = signed_in(world.finance).get("/grants/portfolio.csv").getvalue().decode()
    assert "20.0" not in finance and "not shown to you" in finance


def spend(world: Grants, award: Award, amount: int) -> None:
    """So many dollars in the first financial report, of both lines in their parts."""
    report = award.reports.filter(kind="financial").order_by("due_on")[0]
    start_report(report=report, by=world.lead, as_of=NOW)
    note = "Began late, as agreed."
    lines = {
        "01": LineEntry(Decimal(amount), Decimal(0), note),
        "02": LineEntry(Decimal(0), Decimal(0), note),
    }
    write_financial_report(report=report, lines=lines, comment="", by=world.lead, as_of=NOW)
    submit_report(report=report, by=world.lead, as_of=NOW)


def test_cost_divides_what_all_awards_of_the_group_spent(world: Grants) -> None:
    """Two awards claim the same 200 patients: each costs what both spent, and neither half of it."""
    first = results_of(world, black=(700, 1000), earlier=(500, 1000))
    second = make_award(
        world, make_terms(title="Cuffs", starts_on=date(2025, 1, 1), ends_on=date(2025, 12, 31))
    )
    other = make_award(world, team=make_team())
    spend(world, first, 20000)
    spend(world, second, 30000)
    assert other.team_id != world.team.pk
    for award, own, together in ((first, 20000, 50000), (second, 30000, 30000)):
        found = outcome_for(world.director, award)
        assert (found.spent, found.group_spent) == (own, together)
        gap = found.first
        assert gap is not None and gap.cost is not None and gap.moved is not None
        assert gap.moved.patients == pytest.approx(200)
        assert gap.cost.middle == together // 200
        said = found.cost_text(gap)
        assert "they share the same patients" in said
        assert f"${together:,}.00 since {award.starts_on:%-d %b %Y}" in said
    client = signed_in(world.director)
    csv = client.get(f"/grants/awards/{first.pk}/outcome.csv").content.decode()
    assert "spent_by_all_awards_since_start" in csv and ",20000.00,50000.00," in csv
    assert "$50,000.00 since 1 Jun 2024" in client.get(
        f"/grants/awards/{first.pk}/outcome/"
    ).content.decode().replace("\xa0", " ")
