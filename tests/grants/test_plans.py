"""Five-year plans: the sums, what is asked, who writes, and that what was saved stays."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.db import ProgrammingError, transaction

from grants.actions.plans import save_plan, sign_plan
from grants.business_case import OUTLOOKS, Assumed, Row, list_warnings, make_case, rows_at
from grants.models import PlanVersion, SustainabilityPlan
from grants.plan_chart import plan_sentence, plan_svg
from grants.queries.plans import content_of_plan, view_plan
from grants.queries.prefill import narrative_answers
from teams.enums import Role
from teams.errors import NotAllowed, StateRefused
from teams.scoping import scope_of
from tests.factories.grants import NOW, TODAY, make_award, make_grants
from tests.factories.people import make_team, make_user, signed_in


def row(source: str, *millions: float) -> Row:
    return Row(source or "cost", source, tuple(Decimal(str(m)) * 1_000_000 for m in millions))


def test_small_grant_against_a_large_need() -> None:
    """$2 million of about $100 million: the grant is two percent, and the rest has to come from elsewhere."""
    case = make_case(
        [
            row("", 20, 20, 20, 20, 20),
            row("grant", 1, 1, 0, 0, 0),
            row("operating", 19, 19, 15, 15, 15),
        ],
        grant_ends_in=2,
    )
    assert case.grant_share == Decimal("0.02")
    assert case.total_need == 100_000_000 and case.total_gap == 15_000_000
    assert case.gap == (0, 0, 5_000_000, 5_000_000, 5_000_000)
    assert case.cliff == 3 and case.break_even is None
    assert "the grant covers 2% of it" in plan_sentence(case, [2026, 2027, 2028, 2029, 2030])
    assert "From 2028" in plan_sentence(case, [2026, 2027, 2028, 2029, 2030])


def test_break_even_is_when_own_money_covers_for_good() -> None:
    case = make_case(
        [row("", 2, 2, 2, 2, 2), row("grant", 2, 2, 0, 0, 0), row("incentive", 0, 3, 1, 2, 2.5)],
        grant_ends_in=2,
    )
    assert case.break_even == 4 and case.cliff == 3
    empty = make_case([], grant_ends_in=1)
    assert empty.grant_share is None and empty.cliff is None and empty.break_even is None


def test_warnings_ask_what_a_reader_would_ask() -> None:
    saving = row("savings", 1, 1, 1, 1, 1)
    said = " ".join(
        list_warnings([saving], first_use=2, has_decisions=False, savings_ceiling=Decimal(500000))
    )
    assert "before anything is in place" in said
    assert "more in a year than the high assumption" in said
    assert "No change has a decision" in said
    assert list_warnings(
        [row("savings", 0, 0.4, 0, 0, 0)], first_use=2, has_decisions=True, savings_ceiling=Decimal(500000)
    ) == []  # fmt: skip


def test_chart_escapes_and_names_what_is_missing() -> None:
    case = make_case([row("", 1, 1, 1, 1, 1)], grant_ends_in=1)
    drawn = plan_svg(case, [2026, 2027, 2028, 2029, 2030])
    assert drawn.count("missing</text>") == 5 and 'role="img"' in drawn


def content(**changes: Any) -> dict[str, Any]:
    base: dict[str, Any] = {
        "name": "Base",
        "first_year": 2026,
        "grant_ends_in": 2,
        "staffing": "",
        "lines": [
            {"side": "need", "source": "", "description": "Nurses", "year_1": Decimal(100)},
            {"side": "source", "source": "grant", "description": "Grant", "year_1": Decimal(60)},
        ],
        "assumptions": [],
        "changes": [{"title": "Calls", "decision": "embed", "replaces_step": "Letters"}],
    }
    return {**base, **changes}


@pytest.mark.django_db
def test_each_save_is_a_version_and_lifts_the_signature() -> None:
    team = make_team()
    lead, sponsor = make_user(Role.GROUP_LEAD, team=team), make_user(Role.SENIOR_SPONSOR, team=team)
    plan = save_plan(team=team, plan=None, content=content(), by=lead, as_of=NOW)
    assert view_plan(plan).case.gap[0] == 40
    with pytest.raises(NotAllowed, match="senior sponsor"):
        sign_plan(plan=plan, by=lead, as_of=NOW)
    sign_plan(plan=plan, by=sponsor, as_of=NOW)
    with pytest.raises(StateRefused, match="already"):
        sign_plan(plan=plan, by=sponsor, as_of=NOW)
    plan = save_plan(
        team=team, plan=plan, content={**content_of_plan(plan), "staffing": "New"}, by=lead, as_of=NOW
    )  # fmt: skip
    plan.refresh_from_db()
    assert (plan.version, plan.signed_by) == (2, None)
    assert PlanVersion.objects.get(number=1).content["staffing"] == ""
    with pytest.raises(ProgrammingError, match="append-only"), transaction.atomic():
        PlanVersion.objects.update(number=5)
    with pytest.raises(StateRefused, match="scenario “Base” already"):
        save_plan(team=team, plan=None, content=content(), by=lead, as_of=NOW)
    stranger = make_user(Role.GROUP_LEAD)
    with pytest.raises(NotAllowed):
        save_plan(team=team, plan=None, content=content(name="X"), by=stranger, as_of=NOW)


@pytest.mark.django_db
def test_plan_is_written_read_and_taken_away_on_pages() -> None:
    team = make_team()
    client = signed_in(make_user(Role.GROUP_LEAD, team=team))
    typed = {
        "name": "Base",
        "first_year": "2026",
        "grant_ends_in": "2",
        "cost-1-description": "Nurses",
        "cost-1-year_1": "$100,000",
        "source-1-year_1": "40,000",
        "assumption-1-name": "ED visits avoided",
        "assumption-1-low": "5",
        "assumption-1-middle": "3",
        "assumption-1-high": "9",
    }
    wrong = client.post(f"/grants/teams/{team.code}/plan/add/", typed)
    assert wrong.status_code == 422
    text = wrong.content.decode()
    assert "Say where this money comes from" in text and "in this order" in text
    assert "$100,000" in text  # what was typed is kept
    typed |= {"source-1-source": "grant", "assumption-1-low": "1", "assumption-1-origin": "Claims"}
    assert client.post(f"/grants/teams/{team.code}/plan/add/", typed).status_code == 302
    page = client.get(f"/grants/teams/{team.code}/plan/").content.decode()
    assert "the grant covers 40% of it" in page and "$60,000" in page
    plan = SustainabilityPlan.objects.get()
    csv = client.get(f"/grants/plans/{plan.pk}/file.csv").content.decode()
    assert "Missing,60000.00" in csv
    assert client.get(f"/grants/plans/{plan.pk}/file.xlsx").content.startswith(b"PK")
    assert client.get(f"/grants/plans/{plan.pk}/").content.decode().count("Nurses") == 1


def assumed(drives: str, low: float, middle: float, high: float) -> Assumed:
    return Assumed(drives, Decimal(str(low)), Decimal(str(middle)), Decimal(str(high)))


def test_outlooks_move_sources_and_costs_against_each_other() -> None:
    rows = [row("", 10, 10, 10, 10, 10), row("savings", 0, 2, 2, 2, 2), row("grant", 4, 0, 0, 0, 0)]
    said = [assumed("savings", 1, 2, 3), assumed("savings", 1, 2, 5), assumed("need", 8, 10, 12)]
    cautious, expected, hopeful = (rows_at(rows, said, name) for name in OUTLOOKS)
    assert expected == rows
    assert cautious[0].years[0] == 12_000_000 and hopeful[0].years[0] == 8_000_000
    assert cautious[1].years[1] == 1_000_000  # (1 + 1) of (2 + 2)
    assert hopeful[1].years[1] == 4_000_000
    assert cautious[2] == hopeful[2] == rows[2]  # what nothing drives stays
    assert rows_at(rows, [assumed("savings", 0, 0, 3)], "hopeful") == rows


def test_the_programmes_own_case_fits_with_its_assumptions() -> None:
    """A grant of $2 million against about $100 million, with the incentive that is at stake."""
    rows = [
        row("", 18, 19, 20.5, 21.2, 21.3),
        row("grant", 1, 1, 0, 0, 0),
        row("operating", 8, 8.5, 9, 9.5, 10),
        row("incentive", 0, 2.5, 4, 5, 5),
    ]
    cases = [
        make_case(rows_at(rows, [assumed("incentive", 1, 2, 3)], name), grant_ends_in=2)
        for name in OUTLOOKS
    ]
    assert [case.total_need for case in cases] == [100_000_000] * 3
    assert [case.grant_share for case in cases] == [Decimal("0.02")] * 3
    gaps = [case.total_gap for case in cases]
    assert gaps == [44_750_000, 36_500_000, 28_250_000]


@pytest.mark.django_db
def test_scenarios_stand_side_by_side_and_go_away_as_one_document() -> None:
    team = make_team()
    lead = make_user(Role.GROUP_LEAD, team=team)
    stake = {
        "name": "Equity part", "unit": "a year", "low": Decimal(10), "middle": Decimal(20), "high": Decimal(30),
        "unit_cost": None, "drives": "incentive", "origin": "Contract",
    }  # fmt: skip
    for name, lines in (
        ("Without", content()["lines"]),
        ("<b>With</b>", [*content()["lines"], {"side": "source", "source": "incentive", "description": "x", "year_1": Decimal(20)}]),
    ):  # fmt: skip
        save_plan(
            team=team, plan=None, content=content(name=name, lines=lines, assumptions=[stake]), by=lead,
            as_of=NOW,
        )  # fmt: skip
    client = signed_in(lead)
    page = client.get(f"/grants/teams/{team.code}/plan/").content.decode()
    assert "Side by side" in page and "Equity incentive at stake" in page and "<b>With" not in page
    plan = SustainabilityPlan.objects.get(name="<b>With</b>")
    assert [case.gap[0] for _, case in view_plan(plan).outlooks] == [30, 20, 10]
    copied = client.get(f"/grants/teams/{team.code}/plan/add/?like={plan.pk}").content.decode()
    assert "copy" in copied and 'value="Equity part"' in copied
    assert client.get(f"/grants/teams/{team.code}/plan.pdf").content.startswith(b"%PDF")
    assert (
        '"Missing, cautious",30.00'
        in client.get(f"/grants/plans/{plan.pk}/file.csv").content.decode()
    )
    stranger = signed_in(make_user(Role.GROUP_LEAD))
    assert stranger.get(f"/grants/teams/{team.code}/plan.pdf").status_code == 404
    own = make_user(Role.GROUP_LEAD, team=make_team())
    other = signed_in(own)
    code = own.memberships.get().organisation.teams.get().code
    leaked = other.get(f"/grants/teams/{code}/plan/add/?like={plan.pk}").content.decode()
    assert "Equity part" not in leaked


@pytest.mark.django_db
def test_older_versions_are_read_and_a_newer_one_is_not_written_over() -> None:
    team = make_team()
    lead = make_user(Role.GROUP_LEAD, team=team)
    plan = save_plan(team=team, plan=None, content=content(), by=lead, as_of=NOW)
    client = signed_in(lead)
    assert (
        'name="read_version" value="1"' in client.get(f"/grants/plans/{plan.pk}/").content.decode()
    )
    other = make_user(Role.GROUP_MEMBER, team=team, name="Mia Member")
    save_plan(
        team=team, plan=plan, content=content(staffing="Mia's words"), by=other, as_of=NOW,
        read_version=1,
    )  # fmt: skip
    typed = {
        "name": "Base",
        "first_year": "2026",
        "grant_ends_in": "2",
        "staffing": "My words",
        "read_version": "1",
    }
    refused = client.post(f"/grants/plans/{plan.pk}/", typed)
    text = refused.content.decode()
    assert refused.status_code == 422 and "Mia Member saved version 2 of this plan" in text
    assert "My words" in text and 'name="read_version" value="2"' in text
    plan.refresh_from_db()
    assert (plan.version, plan.staffing) == (2, "Mia's words")
    del typed["read_version"]  # whoever does not say what was read has read nothing
    assert client.post(f"/grants/plans/{plan.pk}/", typed).status_code == 422
    typed["read_version"] = "2"
    assert client.post(f"/grants/plans/{plan.pk}/", typed).status_code == 302
    page = client.get(f"/grants/teams/{team.code}/plan/").content.decode()
    for number in (1, 2):
        assert f'href="/grants/plans/{plan.pk}/versions/{number}/"' in page
    assert f"/grants/plans/{plan.pk}/versions/3/" not in page
    first = client.get(f"/grants/plans/{plan.pk}/versions/1/").content.decode()
    assert "Nurses" in first and "$100" in first and "Embed as it is" in first
    second = client.get(f"/grants/plans/{plan.pk}/versions/2/").content.decode()
    assert "Mia&#x27;s words" in second and "My words" not in second
    assert client.get(f"/grants/plans/{plan.pk}/versions/9/").status_code == 404
    stranger = signed_in(make_user(Role.GROUP_LEAD))
    assert stranger.get(f"/grants/plans/{plan.pk}/versions/1/").status_code == 404


@pytest.mark.django_db
def test_narrative_begins_with_what_the_plan_says() -> None:
    world = make_grants()
    award = make_award(world)
    save_plan(team=world.team, plan=None, content=content(), by=world.lead, as_of=NOW)
    stranger = make_team()
    save_plan(
        team=stranger, plan=None, content=content(name="Strange"),
        by=make_user(Role.GROUP_LEAD, team=stranger), as_of=NOW,
    )  # fmt: skip
    report = award.reports.filter(kind="narrative")[0]
    said = narrative_answers(scope_of(world.lead, on=TODAY), report)["next"]
    assert said == "Five-year plan “Base”: Five years cost $100; the grant covers 60% of it."
