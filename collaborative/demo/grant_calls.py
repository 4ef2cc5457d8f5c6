"""More of the grants of the demo: a call with its reviews, and pilots of earlier years that came in as a sheet."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction

from collaborative.demo.grants import FUND, Clock, People, decide_payment, find_people
from grants.actions import awards, calls, reports
from grants.actions.funds import add_fund, record_receipt
from grants.actions.milestones import accept_condition, refresh_condition
from grants.actions.reports import LineEntry
from grants.actions.sheets import import_sheet, receive_sheet
from grants.enums import AwardKind, AwardState, MilestoneState, ReportKind
from grants.models import Application, Award, Call, Fund, Milestone
from grants.queries.conditions import look_at
from grants.queries.rules import get_rules
from grants.queries.spending import list_line_spending
from teams.models import Team, User

EARLY_FUND = "First pilots"
_ANALYST = "analyst@payer.example"

#: The sheet in which the institute kept its first awards: names and days as people write them.
_SHEET = """First pilots as of June 2024
Grant #,Grantee,Project,Type,Start,End,Total award,Installment,Payment date,Category,Purpose,Lead
FP-24-01,{G01},Blood pressure cuffs at home,Pilot,7/1/2024,12/31/2025,"$300,000.00",180000,8/1/2024,Personnel,Cuffs and calls for Black and Hispanic patients.,{lead_G01}
FP-24-01,,,,,,,120000,3/1/2025,Patient support,,
FP-24-04,{G04},Pharmacist visits at two sites,Pilot,7/1/2024,12/31/2025,"$180,000.00",110000,8/1/2024,Personnel,Visits with a pharmacist for patients above goal.,{lead_G04}
FP-24-04,,,,,,,70000,3/1/2025,Training,,
FP-24-06,{G06},Blood pressure Saturdays,Pilot,7/1/2024,12/31/2025,"$150,000.00",150000,8/1/2024,Community partners,Saturday hours in two mills.,{lead_G06}
"""


def make_grant_calls(*, now: datetime, say: Callable[[str], None]) -> None:
    """Left as they are when they are there already."""
    clock, people = Clock(now), find_people()
    _calls(people, clock)
    _first_pilots(people, clock)
    say("Grants: a call with reviews, and first pilots from a sheet")


@transaction.atomic
def _calls(people: People, clock: Clock) -> None:
    fund = Fund.objects.get(name=FUND)
    if Call.objects.filter(fund=fund).exists():
        return
    opens = clock.day(2026, 9, 14)
    common: dict[str, Any] = {"fund": fund, "kind": AwardKind.SUPPLEMENTAL, "by": people.director}
    call = calls.open_call(
        **common,
        title="Small additions to what already works",
        text="For what the first awards did not cover: interpreters, hours, rides, a person who calls.",
        eligibility="Groups of the collaborative that have finished at least one test of change.",
        largest_amount=Decimal(400000),
        questions=[
            "What will you do, and for whom?",
            "Which test showed you that it works?",
            "What stays when the money ends?",
        ],
        criteria=["Need of patients", "Learning from tests", "Will it last"],
        opens_on=opens,
        closes_on=clock.day(2026, 10, 23),
        as_of=clock.at(opens, hour=9),
    )
    texts = {
        "G09": ("Interpreters at evening clinics", "350000", (
            "Interpreters for Haitian Creole on site at two evening clinics, for about 900 patients a year.",
            "Four tests: with an interpreter in the room 41 of 50 patients knew their goal, without one 24 of 50.",
            "The group has applied for the interpreters' posts in its budget of next year.")),
        "G11": ("A van for screening", "390000", (
            "Buy a van and drive it to employers for screening.",
            "We have not tested it yet.",
            "The van is ours afterwards.")),
        "G12": ("Rides after abnormal photographs", "90000", (
            "Book and pay the ride to the eye clinic at the moment at which the photograph is abnormal.",
            "Two tests: 17 of 20 patients arrived, of whom half had missed the visit before.",
            "The health plan pays rides from the second year on.")),
    }  # fmt: skip
    analyst = User.objects.get(email=_ANALYST)
    for code, (title, amount, answers) in texts.items():
        lead, team = people.leads[code], Team.objects.get(code=code)
        written = clock.at(clock.day(2026, 10, 19))
        application = calls.write_application(
            call=call, team=team, title=title, amount=Decimal(amount), answers=answers, by=lead, as_of=written,
        )  # fmt: skip
        calls.submit_application(application=application, by=lead, as_of=written)
    # Decided when all are in: a call that is over and has nothing undecided takes no more.
    for application in Application.objects.filter(call=call).order_by("pk"):
        _review(application, analyst, people, clock)
    calls.open_call(
        **common,
        title="Asking for race and ethnicity at the front desk",
        text="Training, forms and time for asking patients themselves.",
        eligibility="Every group of the collaborative.",
        largest_amount=Decimal(60000),
        questions=["At which sites?", "Who trains the staff?"],
        criteria=["Sites that it reaches", "Plan of the training"],
        opens_on=clock.day(2026, 11, 2),
        closes_on=clock.day(2026, 12, 31),
        as_of=clock.at(clock.day(2026, 11, 2), hour=9),
    )
    _decide_conditions(people, clock)


def _decide_conditions(people: People, clock: Clock) -> None:
    """What the system sees as met is accepted for most groups; for two it waits for the director."""
    on = clock.at(clock.day(2026, 11, 13))
    conditions = Milestone.objects.filter(
        state=MilestoneState.OPEN, award__state=AwardState.ACTIVE
    ).select_related("award__team")
    for condition in conditions.order_by("pk"):
        refresh_condition(milestone=condition, as_of=on)
        if condition.award.team.code in ("G08", "G10"):
            continue
        if look_at(condition, as_of=on).met:
            accept_condition(milestone=condition, note="", by=people.director, as_of=on)


_SCORES = {
    "G09": ((5, 4, 4), (5, 5, 3)),
    "G11": ((3, 1, 2), (2, 1, 2)),
    "G12": ((4, 4, 5), ()),
}
_REASONS = {
    "G09": ("A third of the patients at these clinics speak no English.", "Four tests, each larger than the one before.", "A post is promised, not yet decided."),
    "G11": ("The employers named are mostly of people who are screened already.", "Nothing was tried at a small scale.", "Running costs have no source."),
    "G12": ("Patients who wait longest are the ones without a car.", "Two tests with counted results.", "Another payer takes over."),
}  # fmt: skip


def _review(application: Application, analyst: User, people: People, clock: Clock) -> None:
    code = application.team.code
    coach = next(c for c in people.coaches.values() if c != people.coaches.get(code))
    for reviewer, scores in zip((analyst, coach), _SCORES[code], strict=True):
        review = calls.ask_reviewer(
            application=application, reviewer=reviewer, by=people.director,
            as_of=clock.at(clock.day(2026, 10, 26)),
        )  # fmt: skip
        if scores:
            calls.submit_review(
                review=review, scores=scores, reasons=_REASONS[code], by=reviewer,
                as_of=clock.at(clock.day(2026, 11, 3)),
            )  # fmt: skip
    if code == "G12":
        return  # one review is still missing
    awarded = code == "G09"
    calls.decide_application(
        application=application,
        awarded=awarded,
        reason="Tested, asked for by patients, and it will last. Begin with the clinic in the south."
        if awarded
        else "Nothing was tested yet, and who drives and maintains the van after the first year is open. Test one"
        " day at one employer with a rented van, and apply again in spring.",
        by=people.director,
        as_of=clock.at(clock.day(2026, 11, 12)),
        award=Award.objects.get(number="HE-26-S09") if awarded else None,
    )


@transaction.atomic
def _first_pilots(people: People, clock: Clock) -> None:
    """Awards of the years that the results of the demo are about, so that money and outcome can be compared.
    Their days are those of the data and do not move with the clock."""
    if Fund.objects.filter(name=EARLY_FUND).exists():
        return

    def at(year: int, month: int, day: int) -> datetime:
        return clock.at(date(year, month, day))

    fund = add_fund(
        name=EARLY_FUND, amount=Decimal(800000), starts_on=date(2024, 5, 1), ends_on=date(2025, 12, 31),
        general_ledger_code="7405-EQ", by=people.finance, as_of=at(2024, 5, 2),
    )  # fmt: skip
    record_receipt(
        fund=fund, amount=Decimal(700000), on=at(2024, 5, 20).date(), reference="WIRE-20240520",
        by=people.finance, as_of=at(2024, 5, 20),
    )  # fmt: skip
    names = {code: Team.objects.get(code=code).name for code in ("G01", "G04", "G06")}
    leads = {f"lead_{code}": people.leads[code].name for code in names}
    sheet = receive_sheet(
        fund=fund, file=io.BytesIO(_SHEET.format(**names, **leads).encode()),
        name="First pilots June 2024.csv", by=people.director, as_of=at(2024, 6, 3),
    )  # fmt: skip
    for award in import_sheet(sheet=sheet, by=people.director, as_of=at(2024, 6, 3)):
        _run(award, people, at)


def _run(award: Award, people: People, at: Callable[[int, int, int], datetime]) -> None:
    lead = people.leads[award.team.code]
    awards.submit_award(award=award, by=people.director, as_of=at(2024, 6, 4))
    awards.begin_award_review(award=award, by=people.finance, as_of=at(2024, 6, 5))
    awards.approve_award(award=award, by=people.finance, as_of=at(2024, 6, 6))
    awards.send_agreement(award=award, by=people.director, as_of=at(2024, 6, 10))
    awards.sign_agreement(
        award=award,
        file=io.BytesIO(f"%PDF-1.7\n% Signed agreement of award {award.number}\n".encode()),
        name=f"Agreement {award.number}.pdf",
        signed_on=at(2024, 6, 20).date(),
        signed_by=lead.name,
        by=lead,
        as_of=at(2024, 6, 20),
    )
    award = awards.activate_award(award=award, by=people.director, as_of=at(2024, 7, 1))
    still = Clock(at(2025, 4, 1))
    for tranche in award.tranches.order_by("number"):
        # Decided in the days before it was planned.
        decide_payment(award, tranche.number, tranche.planned_on - timedelta(days=6), people, still)
    for report in award.reports.filter(kind=ReportKind.FINANCIAL).order_by("starts_on"):
        due = report.ends_on + timedelta(days=20)
        when = at(due.year, due.month, due.day)
        reports.start_report(report=report, by=lead, as_of=when)
        entries = {
            s.line.line_code: LineEntry(
                max((s.expected * Decimal("0.98")).quantize(Decimal("0.01")) - s.before, Decimal(0))
            )
            for s in list_line_spending(report.versions.get(), get_rules(), award=award)
        }
        reports.write_financial_report(
            report=report, lines=entries, comment="", by=lead, as_of=when
        )
        reports.submit_report(report=report, by=lead, as_of=when)
        reports.accept_report(report=report, by=people.director, as_of=when + timedelta(days=5))
    for report in award.reports.filter(kind=ReportKind.NARRATIVE).order_by("starts_on"):
        due = report.ends_on + timedelta(days=20)
        when = at(due.year, due.month, due.day)
        reports.start_report(report=report, by=lead, as_of=when)
        reports.write_narrative_report(
            report=report,
            answers={
                "done": f"{award.title}: we went on as planned, site by site.",
                "learned": "What a person explains is kept; what is only handed out is forgotten.",
                "patients": "Patients told us that they were asked for the first time.",
                "next": "What stays is paid from the group's own budget.",
            },
            by=lead,
            as_of=when,
        )
        reports.submit_report(report=report, by=lead, as_of=when)
        reports.accept_report(report=report, by=people.director, as_of=when + timedelta(days=5))
    awards.begin_award_closing(award=award, by=people.director, as_of=at(2026, 2, 2))
