"""What the pages and files of the programme and of finance hold: numbers, signs, order, sentences."""

from __future__ import annotations

import csv
import io
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from grants.actions.funds import change_fund
from grants.actions.milestones import accept_condition, attach_evidence
from grants.actions.payments import fail_payment, override_conditions, record_return, retry_payment
from grants.evidence.packet import packet_content
from grants.models import Award, Tranche
from grants.queries.portfolio import get_portfolio
from teams.enums import Role
from teams.models import User
from teams.scoping import scope_of
from tests.factories.cycles import make_cycle
from tests.factories.grants import (
    NOW,
    TODAY,
    Grants,
    approve_all,
    make_award,
    make_grants,
    make_terms,
    pay,
    tranche_of,
)
from tests.factories.people import make_team, make_user, signed_in
from tests.grants.test_outcomes import spend

pytestmark = pytest.mark.django_db


def rows_of(response: object) -> list[dict[str, str]]:
    text = response.getvalue().decode("utf-8-sig")  # type: ignore[attr-defined]
    return list(csv.DictReader(io.StringIO(text)))


def test_reconcile_file_has_signs_references_and_account(world: Grants, award: Award) -> None:
    change_fund(
        fund=world.fund, changes={"general_ledger_code": "GL-7"}, reason="New code",
        by=world.finance, as_of=NOW,
    )  # fmt: skip
    tranche = approve_all(world, tranche_of(award))
    pay(world, tranche, reference="ACH-1")
    fail_payment(tranche=tranche, reason="Closed", on=TODAY, by=world.finance, as_of=NOW)
    retry_payment(tranche=tranche, note="Right account", by=world.finance, as_of=NOW)
    pay(world, tranche, reference="ACH-2")
    record_return(
        tranche=tranche, amount=Decimal(10000), reason="Post not filled", reference="BACK-1",
        on=TODAY, by=world.finance, as_of=NOW,
    )  # fmt: skip
    make_award(make_grants())  # of another fund
    path = f"/grants/funds/{world.fund.pk}/reconcile.csv"
    rows = rows_of(signed_in(world.finance).get(path))
    assert {(r["fund"], r["general_ledger_code"]) for r in rows} == {(world.fund.name, "GL-7")}
    [receipt] = [r for r in rows if r["movement"] == "receipt"]
    moved = [r for r in rows if r["movement"] != "receipt"]
    assert (receipt["movement"], receipt["amount"], receipt["award_number"]) == (
        "receipt",
        "1000000.00",
        "",
    )
    found = {(r["movement"], r["amount"], r["reference"], r["reverses_reference"]) for r in moved}
    assert ("payment", "40000.00", "ACH-1", "") in found
    assert ("payment", "40000.00", "ACH-2", "") in found
    assert ("return", "-10000.00", "BACK-1", "") in found
    [failure] = [r for r in moved if r["movement"] == "failure"]
    assert (failure["amount"], failure["reverses_reference"]) == ("-40000.00", "ACH-1")
    assert {(r["award_number"], r["group"], r["payment"]) for r in moved} == {
        (award.number, world.team.name, "1")
    }
    assert {r["recorded_by"] for r in moved} == {world.finance.email}
    # What is with the group, by the file alone.
    assert sum(Decimal(r["amount"]) for r in moved) == 30000
    assert signed_in(world.director).get(path).status_code == 403


def test_packet_says_who_decided_what_on_which_document(world: Grants, award: Award) -> None:
    milestone = award.milestones.get()
    file = attach_evidence(
        milestone=milestone, file=io.BytesIO(b"%PDF-1.7 plan"), name="plan.pdf", by=world.lead,
        as_of=NOW,
    )  # fmt: skip
    accept_condition(milestone=milestone, note="Read and complete", by=world.director, as_of=NOW)
    tranche = approve_all(world, tranche_of(award, 2))
    pay(world, tranche, reference="ACH-9")
    said = packet_content(Tranche.objects.get(pk=tranche.pk), as_of=NOW)
    assert said["title"] == f"Payment 2 of award {award.number}"
    facts = dict(said["facts"])
    assert facts["Amount of this payment"] == "$60,000.00" and facts["State"] == "Paid"
    assert facts["Agreement signed"] == "2 Mar 2026, Pat President"
    [condition] = said["conditions"]
    assert (condition["title"], condition["state"]) == ("Data plan accepted", "Accepted")
    assert condition["note"] == "Read and complete"
    assert condition["decided"].startswith("Dana Director, 2 Mar 2026")
    assert condition["files"] == [f"plan.pdf (SHA-256 {file.sha256})"]
    assert [(a[0], a[1]) for a in said["approvals"]] == [
        ("Recommended", "Cory Coach"),
        ("Approved by the programme", "Dana Director"),
        ("Approved by finance", "Fran Finance"),
    ]
    [posting] = said["postings"]
    assert posting == ["Paid to the group", "$60,000.00", "2 Mar 2026", "ACH-9", "Fran Finance"]
    last = award.events.order_by("-number")[0]
    assert said["footer"].endswith(f"Last link of the award's chain: {last.number}, {last.hash}")
    assert not said["override"]


def test_packet_names_who_let_it_go_on_without_conditions(world: Grants, award: Award) -> None:
    tranche = tranche_of(award, 2)
    override_conditions(tranche=tranche, reason="Plan is late", by=world.director, as_of=NOW)
    said = packet_content(Tranche.objects.get(pk=tranche.pk), as_of=NOW)
    assert said["override"] == "Dana Director: Plan is late"
    assert said["conditions"][0]["decided"] == "nobody yet"


def two_groups() -> tuple[Grants, Award, Award]:
    """The later group of the alphabet got its award first."""
    world = make_grants()
    zebra, aspen = make_team(name="Zebra Clinic"), make_team(name="Aspen Health")
    return world, make_award(world, team=zebra), make_award(world, team=aspen)


def test_groups_stand_in_the_order_of_the_alphabet() -> None:
    world, zebra, _ = two_groups()
    make_cycle(zebra.team, by=make_user(Role.GROUP_LEAD, team=zebra.team), started_on=TODAY)
    pay(world, approve_first(world, zebra))
    client = signed_in(world.director)
    for path in ("/grants/portfolio/", "/grants/conditions/"):
        page = client.get(path).content.decode()
        assert page.index("Aspen Health") < page.index("Zebra Clinic"), path
    rows = rows_of(client.get("/grants/portfolio.csv"))
    assert [r["group"] for r in rows] == ["Aspen Health", "Zebra Clinic", "All"]
    assert rows[1]["last_test_on"] == str(TODAY) and rows[0]["last_test_on"] == ""
    assert rows[2]["paid"] == "40000.00" and rows[2]["committed"] == "200000.00"


def approve_first(world: Grants, award: Award) -> Tranche:
    coach = make_user(Role.COACH, team=award.team)
    return approve_all(Grants(**{**world.__dict__, "coach": coach}), tranche_of(award))


def test_matrix_shows_each_payment_with_its_conditions() -> None:
    world, zebra, aspen = two_groups()
    pay(world, approve_first(world, zebra))
    accept_condition(milestone=aspen.milestones.get(), note="Seen", by=world.director, as_of=NOW)
    page = signed_in(world.finance).get("/grants/conditions/").content.decode()
    first, second = page.split("Zebra Clinic")
    first = first[first.index("Aspen Health") :]
    assert "Payment 1" in page and "Payment 2" in page and "Payment 3" not in page
    assert first.count("Ready") == 2 and "Paid" not in first
    assert "Paid" in second and "Conditions open" in second
    for award, part in ((aspen, first), (zebra, second)):
        assert f'href="/grants/conditions/{award.milestones.get().pk}/"' in part
    assert "Decided" in first and "Decided" not in second


def test_days_since_the_award_without_a_test_are_said_on_both_pages(
    world: Grants, award: Award
) -> None:
    days = (timezone.localdate() - TODAY).days
    client = signed_in(world.lead)
    team = f"/grants/teams/{world.team.code}/"
    own = f"/grants/awards/{award.pk}/"
    assert (
        f"{days} days since the award, and no test has been started"
        in client.get(team).content.decode()
    )
    assert f"None started, {days} days since the award" in client.get(own).content.decode()
    make_cycle(world.team, by=world.lead, started_on=TODAY)
    for path in (team, own):
        page = client.get(path).content.decode()
        assert "days since the award" not in page, path
    director = signed_in(world.director).get("/grants/portfolio/").content.decode()
    assert f"last on 2 Mar 2026, {days} days since the award" in director


def test_finance_sees_late_reports_overrides_and_slow_spending() -> None:
    world, zebra, aspen = two_groups()
    lead = make_user(Role.GROUP_LEAD, team=zebra.team)
    override_conditions(
        tranche=tranche_of(zebra, 2), reason="Plan is late", by=world.director, as_of=NOW
    )
    spend(Grants(**{**world.__dict__, "lead": lead}), zebra, 1000)

    def exceptions(day: date) -> dict[str, list[str]]:
        scope = scope_of(User.objects.get(pk=world.finance.pk), on=TODAY)
        return {row.award.team.name: row.exceptions for row in get_portfolio(scope, on=day).rows}

    assert exceptions(TODAY) == {
        "Aspen Health": [],
        "Zebra Clinic": ["paid without conditions", "2 lines off plan"],
    }
    late = aspen.reports.order_by("due_on")[0].due_on
    assert exceptions(late) == exceptions(TODAY)  # on its day it is not late
    found = exceptions(late + timedelta(days=1))
    assert found["Aspen Health"] == ["1 overdue"]
    page = signed_in(world.finance).get("/grants/finance/").content.decode()
    assert "paid without conditions" in page and "2 lines off plan" in page


@pytest.mark.parametrize(
    ("ends_on", "dollars", "slow"),
    [
        (date(2026, 4, 30), 49999, True),
        (date(2026, 4, 30), 50000, False),
        (date(2026, 12, 31), 0, False),  # a quarter of its time is reported on
    ],
)
def test_slow_spending_is_below_half_when_three_quarters_of_the_time_are_reported_on(
    ends_on: date, dollars: int, slow: bool
) -> None:
    world = make_grants()
    award = make_award(world, make_terms(ends_on=ends_on))
    spend(world, award, dollars)
    scope = scope_of(User.objects.get(pk=world.finance.pk), on=TODAY)
    [row] = get_portfolio(scope, on=TODAY).rows
    assert ("slow spending" in row.exceptions) is slow
    assert row.time_reported >= Decimal("0.75") or ends_on > date(2026, 4, 30)


def test_portfolio_is_narrowed_to_the_quarter_of_a_payment() -> None:
    world, _, aspen = two_groups()
    client = signed_in(world.finance)
    page = client.get("/grants/portfolio/").content.decode()
    assert '<option value="2026-Q1">' in page and '<option value="2026-Q3">' in page
    for quarter, count in (("2026-Q1", 2), ("2026-Q3", 2), ("nonsense", 2)):
        rows = rows_of(client.get(f"/grants/portfolio.csv?quarter={quarter}"))
        assert len(rows) - 1 == count, quarter
    aspen.tranches.filter(number=2).update(planned_on="2026-11-01")
    rows = rows_of(client.get("/grants/portfolio.csv?quarter=2026-Q3"))
    assert [r["group"] for r in rows] == ["Zebra Clinic", "All"]
    assert rows[1]["committed"] == "100000.00"
    page = client.get("/grants/portfolio/?quarter=2026-Q4").content.decode()
    assert "Aspen Health" in page and "Zebra Clinic" not in page
    assert "portfolio.csv?kind=&amp;state=&amp;quarter=2026-Q4" in page


def test_evaluator_finds_the_totals_of_the_funds_and_no_group() -> None:
    world, _, _ = two_groups()
    client = signed_in(make_user(Role.EVALUATOR))
    home = client.get("/", follow=True).content.decode()
    assert 'href="/grants/portfolio/"' in home and "Grant totals" in home
    assert 'href="/grants/"' not in home
    page = client.get("/grants/portfolio/").content.decode()
    assert world.fund.name in page and "Zebra Clinic" not in page and "Aspen" not in page
    assert "Grant totals" not in signed_in(world.finance).get("/", follow=True).content.decode()
