"""Reports and changes of awards: what is asked, what stays, what needs somebody else."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.db import ProgrammingError, transaction

from grants.actions.amendments import (
    approve_amendment,
    decline_amendment,
    reallocate_budget,
    request_amendment,
    withdraw_amendment,
)
from grants.actions.reports import (
    LineEntry,
    accept_report,
    reopen_report,
    request_report_changes,
    start_report,
    submit_report,
    write_financial_report,
    write_narrative_report,
)
from grants.amounts import amount_in
from grants.enums import AmendmentKind
from grants.models import ActualLine, Award, GrantReport, ReportVersion
from grants.queries.spending import spent_by_line
from grants.report_content import content_hash
from grants.terms import LineTerms, list_differences
from teams.errors import NotAllowed, StateRefused
from tests.factories.grants import NOW, Grants
from tests.factories.people import signed_in

pytestmark = pytest.mark.django_db


def report_of(award: Award, kind: str = "financial") -> GrantReport:
    return award.reports.filter(kind=kind).order_by("due_on")[0]


def write(report: GrantReport, world: Grants, **amounts: Any) -> ReportVersion:
    lines = {
        code.removeprefix("l"): LineEntry(*(e if isinstance(e, tuple) else (Decimal(e),)))
        for code, e in amounts.items()
    }
    return write_financial_report(report=report, lines=lines, comment="", by=world.lead, as_of=NOW)


def test_report_far_from_its_pace_needs_a_note(world: Grants, award: Award) -> None:
    report = report_of(award)
    start_report(report=report, by=world.lead, as_of=NOW)
    # A quarter of the year is gone: about 15,000 and 10,000 are the pace; 10% of a line is the limit.
    write(report, world, l01="14500", l02="1000")
    with pytest.raises(StateRefused, match="02 Cuffs"):
        submit_report(report=report, by=world.lead, as_of=NOW)
    write(report, world, l02=(Decimal(1000), Decimal(0), "Cuffs come in May"))
    submit_report(report=report, by=world.lead, as_of=NOW)
    assert spent_by_line(award) == {"01": Decimal("14500.00"), "02": Decimal("1000.00")}


def test_spending_over_the_award_is_refused(world: Grants, award: Award) -> None:
    report = report_of(award)
    start_report(report=report, by=world.lead, as_of=NOW)
    write(
        report,
        world,
        l01=(Decimal(99000), Decimal(0), "x"),
        l02=(Decimal("1000.01"), Decimal(0), "x"),
    )
    with pytest.raises(StateRefused, match=r"more than the award of \$100,000.00"):
        submit_report(report=report, by=world.lead, as_of=NOW)


def test_submitted_report_stays_and_is_reopened_by_finance_as_a_version(
    world: Grants, award: Award
) -> None:
    report = report_of(award)
    start_report(report=report, by=world.lead, as_of=NOW)
    write(report, world, l01="14500", l02="9900")
    submit_report(report=report, by=world.lead, as_of=NOW)
    version = report.versions.get()
    assert version.content_sha256 == content_hash(version)
    for act in (
        lambda: ReportVersion.objects.update(comment="other"),
        lambda: ActualLine.objects.update(actual=1),
        lambda: ActualLine.objects.all().delete(),
    ):
        with pytest.raises(ProgrammingError, match="handed in"), transaction.atomic():
            act()
    with pytest.raises(StateRefused, match="“submitted”"):
        write(report, world, l01="1")
    with pytest.raises(NotAllowed):
        accept_report(report=report, by=world.lead, as_of=NOW)
    accept_report(report=report, by=world.director, as_of=NOW)
    with pytest.raises(NotAllowed):
        reopen_report(report=report, reason="Typo", by=world.director, as_of=NOW)
    with pytest.raises(StateRefused, match="Write the reason"):
        reopen_report(report=report, reason="", by=world.finance, as_of=NOW)
    reopen_report(report=report, reason="Typo", by=world.finance, as_of=NOW)
    write(report, world, l01="14600")
    assert spent_by_line(award)["01"] == Decimal("14500.00")  # until it is handed in again
    submit_report(report=report, by=world.lead, as_of=NOW)
    assert spent_by_line(award)["01"] == Decimal("14600.00")
    assert report.versions.count() == 2


def test_narrative_report_names_what_is_missing_and_comes_back(world: Grants, award: Award) -> None:
    report = report_of(award, "narrative")
    start_report(report=report, answers={"done": "Two tests."}, by=world.lead, as_of=NOW)
    with pytest.raises(StateRefused, match="What did you learn"):
        submit_report(report=report, by=world.lead, as_of=NOW)
    write_narrative_report(
        report=report, answers={"learned": "Evenings", "next": "More"}, by=world.lead, as_of=NOW
    )
    submit_report(report=report, by=world.lead, as_of=NOW)
    request_report_changes(report=report, reason="Which site?", by=world.director, as_of=NOW)
    newest = report.versions.order_by("-number")[0]
    assert newest.number == 2 and newest.answers["done"] == "Two tests."
    submit_report(report=report, by=world.lead, as_of=NOW)


@pytest.mark.parametrize(
    ("text", "amount"),
    [("$1,200.50", "1200.50"), ("", "0"), ("(300)", "-300"), ("−5", "-5"), (" 7 ", "7")],
)
def test_amounts_are_read_as_spreadsheets_write_them(text: str, amount: str) -> None:
    assert amount_in(text) == Decimal(amount)


@pytest.mark.parametrize("text", ["abc", "1e99", "NaN", "12 34"])
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not an amount"):
        amount_in(text)


def test_lines_are_pasted_with_names_of_rows_that_are_wrong(world: Grants, award: Award) -> None:
    report = report_of(award)
    start_report(report=report, by=world.lead, as_of=NOW)
    client = signed_in(world.lead)
    path = f"/grants/reports/{report.pk}/lines/"
    wrong = client.post(path, {"text": "line\tspent\n1\t100\n9\t5"})
    assert wrong.status_code == 422 and "Row 3: there is no budget line" in wrong.content.decode()
    good = client.post(
        path, {"text": "line\tspent\tordered\tnote\n1\t$14,500\t\t\n02\t9000\t50\tok"}
    )
    assert good.status_code == 302
    said = ActualLine.objects.order_by("line_code").values_list("actual", "variance_note")
    assert list(said) == [(Decimal("14500.00"), ""), (Decimal("9000.00"), "ok")]


# --- changes -----------------------------------------------------------------------------------------------


def lines(first: str, second: str) -> list[LineTerms]:
    return [
        LineTerms("01", "personnel", "Nurse, half time", Decimal(first)),
        LineTerms("02", "patient_support", "Cuffs", Decimal(second)),
    ]


def test_small_moves_are_a_notice_and_do_not_add_up_to_large_ones(
    world: Grants, award: Award
) -> None:
    for first, second in (("57000", "43000"), ("56000", "44000")):
        reallocate_budget(
            award=award, lines=lines(first, second), reason="More cuffs", by=world.lead, as_of=NOW
        )
    with pytest.raises(StateRefused, match="up to .* needs a notice only, more needs an amendment"):
        reallocate_budget(
            award=award, lines=lines("53000", "47000"), reason="x", by=world.lead, as_of=NOW
        )
    with pytest.raises(StateRefused, match="Changing the total needs an amendment"):
        reallocate_budget(
            award=award, lines=lines("56000", "44001"), reason="x", by=world.lead, as_of=NOW
        )
    assert award.budgets.count() == 3


def test_change_is_decided_by_another_person_and_both_versions_stay(
    world: Grants, award: Award
) -> None:
    amendment = request_amendment(
        award=award,
        kind=AmendmentKind.EXTENSION,
        reason="Cuffs came late",
        changes={"ends_on": date(2027, 3, 31)},
        by=world.director,
        as_of=NOW,
    )
    with pytest.raises(StateRefused, match="You asked for this change.*Dee Director may"):
        approve_amendment(amendment=amendment, note="", by=world.director, as_of=NOW)
    with pytest.raises(NotAllowed):
        approve_amendment(amendment=amendment, note="", by=world.lead, as_of=NOW)
    approve_amendment(amendment=amendment, note="", by=world.second_director, as_of=NOW)
    first, second = award.versions.order_by("number")
    [difference] = list_differences(first.terms, second.terms)
    assert (difference.what, difference.before, difference.after) == (
        "Last day",
        "2026-12-31",
        "2027-03-31",
    )
    with pytest.raises(StateRefused, match="“approved”"):
        decline_amendment(amendment=amendment, note="x", by=world.second_director, as_of=NOW)


def test_change_of_the_amount_is_finances_and_has_to_tie(world: Grants, award: Award) -> None:
    changes: dict[str, Any] = {
        "amount": Decimal(120000),
        "lines": [
            {"line_code": "01", "category": "personnel", "description": "x", "amount": "120000"}
        ],
        "payments": {"3": {"amount": "19999", "planned_on": "2026-11-01"}},
    }
    wrong = request_amendment(
        award=award, kind=AmendmentKind.AMOUNT, reason="More sites", changes=changes,
        by=world.director, as_of=NOW,
    )  # fmt: skip
    with pytest.raises(NotAllowed):
        approve_amendment(amendment=wrong, note="", by=world.second_director, as_of=NOW)
    with pytest.raises(StateRefused, match=r"\$1.00 missing"):
        approve_amendment(amendment=wrong, note="", by=world.finance, as_of=NOW)
    withdraw_amendment(amendment=wrong, by=world.director, as_of=NOW)
    changes["payments"]["3"]["amount"] = "20000"
    good = request_amendment(
        award=award, kind=AmendmentKind.AMOUNT, reason="More sites", changes=changes,
        by=world.director, as_of=NOW,
    )  # fmt: skip
    approve_amendment(amendment=good, note="", by=world.finance, as_of=NOW)
    award.refresh_from_db()
    assert award.amount == 120000 and award.tranches.get(number=3).state == "ready"
