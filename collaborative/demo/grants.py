"""The grants of the demo: a fund of $25 million, awards to twelve groups, a year of payments and reports.

Everything goes through the actions, at the moments at which it would have happened. An award that is there
already is left as it is.
"""

from __future__ import annotations

import io
from calendar import monthrange
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from django.db import transaction

from collaborative.demo.people import COACHES, DIRECTOR, STARTS_ON
from grants.actions import amendments, awards, milestones, payments, reports
from grants.actions.drafts import draft_award
from grants.actions.funds import add_fund, record_receipt
from grants.actions.plans import save_plan
from grants.actions.reports import LineEntry
from grants.enums import (
    AmendmentKind,
    AwardKind,
    PlanSide,
    PlanSource,
    ReportKind,
    ReportState,
    TrancheState,
)
from grants.models import Award, Fund, GrantReport, SustainabilityPlan, Tranche
from grants.policies.checks import needs_second_approval
from grants.queries.rules import get_rules, list_categories
from grants.queries.spending import list_line_spending
from grants.terms import AwardTerms, LineTerms, MilestoneTerms, TrancheTerms, newest_budget
from teams.enums import Role
from teams.models import CoachAssignment, Membership, Team, User

FUND = "Equity grants"
_FINANCE = "finance@payer.example"
_SECOND_DIRECTOR = (
    "deputy@institute.example",
    "Naomi Feldstein",
    Role.PROGRAMME_DIRECTOR,
    DIRECTOR,
)
_SECOND_FINANCE = ("finance2@payer.example", "Elaine Prescott", Role.PAYER_FINANCE, _FINANCE)

#: Group → pilot and infrastructure in thousands of dollars; together 16,500.
_PILOTS = {
    "G01": 2000, "G02": 1200, "G03": 1000, "G04": 800, "G05": 1500, "G06": 700,
    "G07": 1000, "G08": 600, "G09": 500, "G10": 900, "G11": 400, "G12": 400,
}  # fmt: skip
_INFRASTRUCTURE = {
    "G01": 1000, "G03": 800, "G05": 1200, "G06": 600, "G08": 500, "G09": 400, "G10": 500, "G12": 500,
}  # fmt: skip
_PILOT_TITLES = {
    "G01": "Blood pressure at home", "G02": "Screening kits by mail", "G03": "Community health workers for diabetes",
    "G04": "Pharmacist-led blood pressure visits", "G05": "Equity in diabetes eye exams",
    "G06": "Blood pressure days in the mills", "G07": "Colorectal screening after hours",
    "G08": "Rides to follow-up visits", "G09": "Blood pressure visits in Haitian Creole",
    "G10": "Group visits for diabetes", "G11": "Calls after abnormal screening", "G12": "Eye cameras in primary care",
}  # fmt: skip
#: Category, what it is, share of the award in percent.
_PILOT_LINES = (
    ("personnel", "Nurses, pharmacist, community health workers", 52),
    ("fringe", "Fringe benefits", 13),
    ("patient_support", "Cuffs, kits, rides", 15),
    ("community", "Community partners", 8),
    ("training", "Training of staff", 4),
    ("indirect", "Indirect costs", 8),
)
_DATA_LINES = (
    ("personnel", "Data analyst and registration staff", 45),
    ("it_data", "Fields for race, ethnicity and language in the record", 35),
    ("training", "Training to ask the questions", 12),
    ("indirect", "Indirect costs", 8),
)
_PARTICIPATION_LINES = (
    ("personnel", "Time of the improvement team", 72),
    ("travel", "Learning sessions and travel", 16),
    ("evaluation", "Measurement", 12),
)
#: Dollars that a full-time post costs over the time of an award.
_COST_OF_A_POST = Decimal(180000)

#: The last day on which somebody does something in the story.
_STORY_ENDS = date(2026, 11, 13)


@dataclass(frozen=True)
class Clock:
    """The story is written for the autumn of 2026; it is told so many months earlier or later that it ends in
    the month before `now`."""

    now: datetime

    @property
    def months(self) -> int:
        today = self.now.date()
        months = 12 * (today.year - _STORY_ENDS.year) + today.month - _STORY_ENDS.month
        return months if _later(_STORY_ENDS, months) <= today else months - 1

    def day(self, year: int, month: int, day: int) -> date:
        return _later(date(year, month, day), self.months)

    def at(self, day: date, hour: int = 15) -> datetime:
        """A moment of a day that `day` gave."""
        return min(datetime(day.year, day.month, day.day, hour, tzinfo=UTC), self.now)


def _later(day: date, months: int) -> date:
    year, month = divmod(12 * day.year + day.month - 1 + months, 12)
    # The last day of a month stays the last day of one.
    last = monthrange(year, month + 1)[1]
    is_last = day.day == monthrange(day.year, day.month)[1]
    return date(year, month + 1, last if is_last else min(day.day, last))


@dataclass(frozen=True)
class People:
    finance: User
    second_finance: User
    director: User
    second_director: User
    leads: dict[str, User]
    coaches: dict[str, User]


def make_grants(*, now: datetime, say: Callable[[str], None]) -> None:
    """Fund, awards, payments, reports and changes, or what an interrupted run left undone."""
    clock = Clock(now)
    list_categories()
    people = find_people()
    fund = _fund(people, clock)
    for code in sorted(_PILOTS):
        team = Team.objects.get(code=code)
        _participation(fund, team, people, clock)
        _pilot(fund, team, people, clock)
        if code in _INFRASTRUCTURE:
            _infrastructure(fund, team, people, clock)
    _supplement(fund, people, clock)
    _plans(people, clock)
    paid = Tranche.objects.filter(award__fund=fund, state=TrancheState.PAID).count()
    say(f"Grants: {fund.awards.count()} awards, {paid} payments made")


def find_people() -> People:
    users = {user.email: user for user in User.objects.all()}
    for email, name, role, like in (_SECOND_DIRECTOR, _SECOND_FINANCE):
        if email not in users:
            other = users[like]
            users[email] = User.objects.create(email=email, name=name, password=other.password)
            Membership.objects.create(
                user=users[email],
                organisation=other.memberships.order_by("starts_on")[0].organisation,
                role=role,
                starts_on=STARTS_ON,
            )
    coaches = {
        a.team.code: a.user
        for a in CoachAssignment.objects.filter(
            user__email__in=COACHES, ends_on=None
        ).select_related("team", "user")
    }
    return People(
        finance=users[_FINANCE],
        second_finance=users[_SECOND_FINANCE[0]],
        director=users[DIRECTOR],
        second_director=users[_SECOND_DIRECTOR[0]],
        leads={code: users[f"lead.{code.lower()}@groups.example"] for code in _PILOTS},
        coaches=coaches,
    )


@transaction.atomic
def _fund(people: People, clock: Clock) -> Fund:
    fund = Fund.objects.filter(name=FUND).first()
    if fund is not None:
        return fund
    as_of = clock.at(clock.day(2025, 12, 1))
    fund = add_fund(
        name=FUND,
        amount=Decimal(25000000),
        starts_on=clock.day(2026, 1, 1),
        ends_on=clock.day(2028, 12, 31),
        general_ledger_code="7410-EQ",
        by=people.finance,
        as_of=as_of,
    )
    for day, amount, reference in (
        (clock.day(2025, 12, 15), "9000000", "WIRE-20251215"),
        (clock.day(2026, 6, 15), "5000000", "WIRE-20260615"),
    ):
        record_receipt(
            fund=fund,
            amount=Decimal(amount),
            on=clock.at(day).date(),
            reference=reference,
            by=people.finance,
            as_of=clock.at(day),
        )
    return fund


def _lines(amount: Decimal, parts: tuple[tuple[str, str, int], ...]) -> list[LineTerms]:
    return [
        LineTerms(
            f"{n:02d}",
            category,
            what,
            amount * share / 100,
            # In half posts.
            (amount * share / 100 / _COST_OF_A_POST * 2).quantize(Decimal(1)) / 2
            if category == "personnel"
            else None,
        )
        for n, (category, what, share) in enumerate(parts, 1)
    ]


def _award(
    fund: Fund,
    team: Team,
    kind: AwardKind,
    number: str,
    terms: AwardTerms,
    people: People,
    clock: Clock,
    *,
    start: bool = True,
) -> Award | None:
    """A new award, approved and started. None when it is there already."""
    if Award.objects.filter(number=number).exists():
        return None
    director, finance = people.director, people.finance
    award = draft_award(
        fund=fund, team=team, kind=kind, number=number, terms=terms, by=director,
        as_of=clock.at(clock.day(2025, 12, 16)),
    )  # fmt: skip
    awards.submit_award(award=award, by=director, as_of=clock.at(clock.day(2025, 12, 17)))
    awards.begin_award_review(award=award, by=finance, as_of=clock.at(clock.day(2025, 12, 18)))
    awards.approve_award(award=award, by=finance, as_of=clock.at(clock.day(2025, 12, 19)))
    awards.send_agreement(award=award, by=director, as_of=clock.at(clock.day(2026, 1, 5)))
    if not start:
        return Award.objects.get(pk=award.pk)
    awards.sign_agreement(
        award=award,
        file=io.BytesIO(f"%PDF-1.7\n% Signed agreement of award {number}\n".encode()),
        name=f"Agreement {number}.pdf",
        signed_on=clock.at(clock.day(2026, 1, 14)).date(),
        signed_by=people.leads[team.code].name,
        by=people.leads[team.code],
        as_of=clock.at(clock.day(2026, 1, 14)),
    )
    return awards.activate_award(award=award, by=director, as_of=clock.at(clock.day(2026, 1, 16)))


def _accept(award: Award, title: str, note: str, day: date, people: People, clock: Clock) -> None:
    milestones.accept_condition(
        milestone=award.milestones.get(title=title), note=note, by=people.director,
        as_of=clock.at(day),
    )  # fmt: skip


def decide_payment(
    award: Award, number: int, day: date, people: People, clock: Clock, *, until: str = "paid"
) -> Tranche:
    """Bring a payment on to a state: ready, recommended, approved_programme, approved_finance or paid."""
    tranche = Tranche.objects.get(award=award, number=number)
    order = ("ready", "recommended", "approved_programme", "approved_finance", "paid")
    steps = order.index(until)
    coach = people.coaches.get(award.team.code, people.second_director)
    approver = (
        people.second_director if tranche.override_by_id == people.director.pk else people.director
    )
    if steps >= 1:
        payments.recommend_payment(
            tranche=tranche, note="Work as agreed", by=coach, as_of=clock.at(day)
        )
    if steps >= 2:
        payments.approve_payment_programme(
            tranche=tranche, note="", by=approver, as_of=clock.at(day + timedelta(days=2))
        )
    if steps >= 3:
        when = clock.at(day + timedelta(days=4))
        payments.approve_payment_finance(tranche=tranche, note="", by=people.finance, as_of=when)
        if needs_second_approval(tranche, get_rules()):
            payments.approve_payment_finance(
                tranche=tranche, note="", by=people.second_finance, as_of=when
            )
    if steps >= 4:
        when = clock.at(day + timedelta(days=6))
        payments.pay_tranche(
            tranche=tranche, reference=f"ACH-{award.number[3:]}-{number}", on=when.date(),
            by=people.finance, as_of=when,
        )  # fmt: skip
    return tranche


@transaction.atomic
def _participation(fund: Fund, team: Team, people: People, clock: Clock) -> None:
    amount = Decimal(250000)
    award = _award(
        fund, team, AwardKind.PARTICIPATION, f"HE-26-P{team.code[1:]}",
        AwardTerms(
            title="Taking part in the collaborative",
            amount=amount,
            starts_on=clock.day(2026, 1, 1),
            ends_on=clock.day(2026, 12, 31),
            scope_text="Time of the improvement team, learning sessions and monthly reports.",
            key_person=people.leads[team.code].name,
            lines=_lines(amount, _PARTICIPATION_LINES),
            milestones=(
                MilestoneTerms("lead", "The group has named its lead", clock.day(2026, 1, 31), "team_named"),
                MilestoneTerms("sessions", "Three learning sessions attended", clock.day(2026, 9, 30), "sessions_attended", {"sessions": 3}),
                MilestoneTerms("report", "First report accepted", clock.day(2026, 9, 30), "report_accepted", {"reports": 1}),
            ),
            tranches=(
                TrancheTerms(1, amount / 2, clock.day(2026, 2, 1), ("lead",)),
                TrancheTerms(2, amount / 2, clock.day(2026, 10, 1), ("sessions", "report")),
            ),
        ),
        people, clock,
    )  # fmt: skip
    if award is None:
        return
    _accept(
        award,
        "The group has named its lead",
        "Named in the signed agreement",
        clock.day(2026, 1, 20),
        people,
        clock,
    )
    decide_payment(award, 1, clock.day(2026, 1, 26), people, clock)
    _report(award, 0, people, clock, pace=Decimal("0.98"))
    if team.code in ("G01", "G02", "G04", "G07"):
        _accept(
            award,
            "First report accepted",
            "Accepted on the same day",
            clock.day(2026, 6, 20),
            people,
            clock,
        )
        _accept(award, "Three learning sessions attended", "Lists of the sessions", clock.day(2026, 9, 21), people, clock)  # fmt: skip
        decide_payment(award, 2, clock.day(2026, 10, 2), people, clock)
    if team.code == "G03":
        when = clock.at(clock.day(2026, 8, 11))
        payments.record_return(
            tranche=award.tranches.get(number=1), amount=Decimal(12500), reason="Travel that was not needed",
            reference="RET-0811", on=when.date(), by=people.finance, as_of=when,
        )  # fmt: skip


@transaction.atomic
def _pilot(fund: Fund, team: Team, people: People, clock: Clock) -> None:
    code, amount = team.code, Decimal(_PILOTS[team.code]) * 1000
    award = _award(
        fund, team, AwardKind.PILOT, f"HE-26-T{code[1:]}",
        AwardTerms(
            title=_PILOT_TITLES[code],
            amount=amount,
            starts_on=clock.day(2026, 1, 1),
            ends_on=clock.day(2027, 12, 31),
            scope_text="Test small, learn, and grow what works for the patients who are furthest behind.",
            key_person=people.leads[code].name,
            lines=_lines(amount, _PILOT_LINES),
            milestones=(
                MilestoneTerms("charter", "Charter of the project agreed", clock.day(2026, 2, 28), "charter_agreed"),
                MilestoneTerms("test", "First test finished", clock.day(2026, 6, 30), "first_test_closed"),
                MilestoneTerms("baseline", "Baseline by race and ethnicity", clock.day(2026, 6, 30), "baseline_stratified"),
                MilestoneTerms("middle", "Two reports accepted", clock.day(2026, 12, 15), "report_accepted", {"reports": 2}),
                MilestoneTerms("final", "Final report accepted", clock.day(2027, 12, 15)),
            ),
            tranches=(
                TrancheTerms(1, amount * 40 / 100, clock.day(2026, 3, 1), ("charter",)),
                TrancheTerms(2, amount * 30 / 100, clock.day(2026, 7, 15), ("test", "baseline")),
                TrancheTerms(3, amount * 20 / 100, clock.day(2027, 1, 15), ("middle",)),
                TrancheTerms(4, amount * 10 / 100, clock.day(2027, 12, 20), ("final",)),
            ),
        ),
        people, clock, start=code != "G12",
    )  # fmt: skip
    if award is None or code == "G12":
        return
    _accept(
        award,
        "Charter of the project agreed",
        "Charter read",
        clock.day(2026, 2, 20),
        people,
        clock,
    )
    decide_payment(award, 1, clock.day(2026, 2, 24), people, clock)
    if code == "G04":
        _fail_and_pay_again(award, people, clock)
    for quarter in range(2 if code in ("G09", "G11") else 3):
        _report(
            award,
            quarter,
            people,
            clock,
            pace=Decimal("0.55") if code == "G10" else Decimal("0.95"),
        )
    _narrative(award, people, clock)
    if code == "G02":
        payments.override_conditions(
            tranche=award.tranches.get(number=2),
            reason="The laboratory lost the first kits. The group bought new ones and needs the money before its next test ends.",
            by=people.director, as_of=clock.at(clock.day(2026, 7, 8)),
        )  # fmt: skip
        decide_payment(award, 2, clock.day(2026, 7, 13), people, clock)
        return
    if code in ("G10", "G11"):
        return
    _accept(
        award, "First test finished", "Log of the test read", clock.day(2026, 7, 1), people, clock
    )
    _accept(
        award,
        "Baseline by race and ethnicity",
        "Dashboard read",
        clock.day(2026, 7, 1),
        people,
        clock,
    )
    until = {"G06": "recommended", "G08": "approved_programme", "G09": "approved_finance"}
    late = code in until
    decide_payment(
        award, 2, clock.day(2026, 11, 9) if late else clock.day(2026, 7, 6), people, clock,
        until=until.get(code, "paid"),
    )  # fmt: skip
    _changes(award, people, clock)


def _fail_and_pay_again(award: Award, people: People, clock: Clock) -> None:
    tranche = award.tranches.get(number=1)
    when = clock.at(clock.day(2026, 3, 6))
    payments.fail_payment(
        tranche=tranche, reason="Account closed: the group had changed its bank", on=when.date(),
        by=people.finance, as_of=when,
    )  # fmt: skip
    payments.retry_payment(
        tranche=tranche, note="New account confirmed by telephone", by=people.second_finance,
        as_of=clock.at(clock.day(2026, 3, 10)),
    )  # fmt: skip
    when = clock.at(clock.day(2026, 3, 11))
    payments.pay_tranche(
        tranche=tranche, reference=f"ACH-{award.number[3:]}-1B", on=when.date(), by=people.finance,
        as_of=when,
    )  # fmt: skip


def _changes(award: Award, people: People, clock: Clock) -> None:
    code = award.team.code
    lead = people.leads[code]
    if code == "G05":
        amendment = amendments.request_amendment(
            award=award,
            kind=AmendmentKind.EXTENSION,
            reason="Cameras came three months late. The same money, three months more.",
            changes={"ends_on": clock.day(2028, 3, 31)},
            by=lead,
            as_of=clock.at(clock.day(2026, 8, 3)),
        )
        amendments.approve_amendment(
            amendment=amendment,
            note="Agreed",
            by=people.director,
            as_of=clock.at(clock.day(2026, 8, 7)),
        )
    if code == "G07":
        budget = newest_budget(award)
        assert budget is not None
        moved = {"01": Decimal(-60000), "03": Decimal(60000)}
        amendments.request_amendment(
            award=award,
            kind=AmendmentKind.BUDGET,
            reason="One post stays empty; more kits are sent instead.",
            changes={
                "lines": [
                    {
                        "line_code": line.line_code,
                        "category": line.category.code,
                        "description": line.description,
                        "amount": line.amount + moved.get(line.line_code, Decimal(0)),
                    }
                    for line in budget.lines.select_related("category")
                ]
            },
            by=lead,
            as_of=clock.at(clock.day(2026, 11, 12)),
        )


@transaction.atomic
def _infrastructure(fund: Fund, team: Team, people: People, clock: Clock) -> None:
    amount = Decimal(_INFRASTRUCTURE[team.code]) * 1000
    award = _award(
        fund, team, AwardKind.INFRASTRUCTURE, f"HE-26-D{team.code[1:]}",
        AwardTerms(
            title="Race, ethnicity and language data",
            amount=amount,
            starts_on=clock.day(2026, 1, 1),
            ends_on=clock.day(2027, 6, 30),
            scope_text="Ask every patient, in their language, and keep the answer where care is planned.",
            key_person=people.leads[team.code].name,
            lines=_lines(amount, _DATA_LINES),
            milestones=(
                MilestoneTerms("plan", "Data plan accepted", clock.day(2026, 3, 31)),
                MilestoneTerms("points", "Five points more self-reported race", clock.day(2026, 12, 31), "completeness_gained", {"points": 5}),
                MilestoneTerms("final", "Final report accepted", clock.day(2027, 6, 15)),
            ),
            tranches=(
                TrancheTerms(1, amount * 50 / 100, clock.day(2026, 4, 1), ("plan",)),
                TrancheTerms(2, amount * 30 / 100, clock.day(2027, 1, 15), ("points",)),
                TrancheTerms(3, amount * 20 / 100, clock.day(2027, 6, 20), ("final",)),
            ),
        ),
        people, clock,
    )  # fmt: skip
    if award is None:
        return
    milestones.attach_evidence(
        milestone=award.milestones.get(title="Data plan accepted"),
        file=io.BytesIO(f"Data plan of {team.name}: fields, scripts, training, checks.\n".encode()),
        name="Data plan.txt",
        by=people.leads[team.code],
        as_of=clock.at(clock.day(2026, 3, 12)),
    )
    if team.code == "G12":
        return
    _accept(
        award, "Data plan accepted", "Plan read and agreed", clock.day(2026, 3, 24), people, clock
    )
    tranche = decide_payment(
        award, 1, clock.day(2026, 3, 27), people, clock,
        until="approved_programme" if team.code == "G10" else "paid",
    )  # fmt: skip
    if team.code == "G10":
        payments.hold_payment(
            tranche=tranche, reason="Bank details are being checked", by=people.finance,
            as_of=clock.at(clock.day(2026, 4, 2)),
        )  # fmt: skip
        return
    _report(award, 0, people, clock, pace=Decimal("0.9"))


def _narrative(award: Award, people: People, clock: Clock) -> None:
    """The first half year in words."""
    lead = people.leads[award.team.code]
    reports_in_words = GrantReport.objects.filter(award=award, kind=ReportKind.NARRATIVE)
    report = reports_in_words.order_by("starts_on")[0]
    written = clock.at(report.ends_on + timedelta(days=20))
    if report.ends_on >= clock.now.date():
        return
    reports.start_report(report=report, by=lead, as_of=written)
    reports.write_narrative_report(
        report=report,
        answers={
            "done": "We began with one clinician and five patients, changed the script twice and then"
            " went to two sites.",
            "learned": "Calls in the evening reach people whom letters never reached. One template was"
            " too long and was dropped.",
            "patients": "Patients asked for the cuff to be shown on the spot. We do that now.",
            "next": "A third site in the autumn. The calls stay: they are part of the nurses' plan from"
            " January.",
        },
        by=lead,
        as_of=written,
    )
    reports.submit_report(report=report, by=lead, as_of=written)
    reports.accept_report(
        report=report, by=people.director, as_of=min(written + timedelta(days=6), clock.now)
    )


def _report(award: Award, quarter: int, people: People, clock: Clock, *, pace: Decimal) -> None:
    """The financial report of a quarter, handed in and accepted; the last one of some groups still waits."""
    lead = people.leads[award.team.code]
    report = GrantReport.objects.filter(award=award, kind=ReportKind.FINANCIAL).order_by("starts_on")[quarter]  # fmt: skip
    if report.ends_on >= clock.now.date() or report.state != ReportState.SCHEDULED:
        return
    written = clock.at(report.ends_on + timedelta(days=21))
    reports.start_report(report=report, by=lead, as_of=written)
    version = report.versions.get()
    lines = list_line_spending(version, get_rules(), award=award)
    entries = {}
    for spending in lines:
        actual = (spending.expected * pace - spending.before).quantize(Decimal("0.01"))
        far = pace < Decimal("0.8")
        entries[spending.line.line_code] = LineEntry(
            actual=max(actual, Decimal(0)),
            committed=Decimal("1500.00")
            if spending.line.category.code == "it_data"
            else Decimal(0),
            variance_note="Two posts were filled four months late." if far else "",
        )
    reports.write_financial_report(report=report, lines=entries, comment="", by=lead, as_of=written)
    last = award.kind == AwardKind.PILOT and quarter == 2
    if last and award.team.code in ("G06", "G08"):
        return  # still being written, and late
    reports.submit_report(report=report, by=lead, as_of=written)
    if last and award.team.code in ("G03", "G07"):
        return  # waits to be read
    if last and award.team.code == "G05":
        reports.request_report_changes(
            report=report, reason="Please say which camera was bought.", by=people.director,
            as_of=written + timedelta(days=4),
        )  # fmt: skip
        return
    reports.accept_report(
        report=report, by=people.director, as_of=min(written + timedelta(days=5), clock.now)
    )


@transaction.atomic
def _supplement(fund: Fund, people: People, clock: Clock) -> None:
    """One more award that finance is looking at."""
    team, amount = Team.objects.get(code="G09"), Decimal(350000)
    if Award.objects.filter(number="HE-26-S09").exists():
        return
    award = draft_award(
        fund=fund, team=team, kind=AwardKind.SUPPLEMENTAL, number="HE-26-S09",
        terms=AwardTerms(
            title="Interpreters at evening clinics",
            amount=amount,
            starts_on=clock.day(2027, 1, 1),
            ends_on=clock.day(2027, 12, 31),
            scope_text="Interpreters on site at two evening clinics.",
            key_person=people.leads["G09"].name,
            lines=_lines(amount, _PARTICIPATION_LINES),
            milestones=(MilestoneTerms("report", "First report accepted", clock.day(2027, 6, 30), "report_accepted"),),
            tranches=(
                TrancheTerms(1, amount / 2, clock.day(2027, 1, 20)),
                TrancheTerms(2, amount / 2, clock.day(2027, 7, 20), ("report",)),
            ),
        ),
        by=people.director, as_of=clock.at(clock.day(2026, 11, 10)),
    )  # fmt: skip
    awards.submit_award(award=award, by=people.director, as_of=clock.at(clock.day(2026, 11, 11)))
    awards.begin_award_review(
        award=award, by=people.finance, as_of=clock.at(clock.day(2026, 11, 13))
    )


def _plan_line(side: PlanSide, source: str, what: str, years: tuple[int, ...]) -> dict[str, object]:
    """Dollars in thousands."""
    amounts = {f"year_{n}": Decimal(amount) * 1000 for n, amount in enumerate(years, 1)}
    return {"side": side, "source": source, "description": what, **amounts}


@transaction.atomic
def _plans(people: People, clock: Clock) -> None:
    """Three scenarios of one group: a small grant against the five years that it starts."""
    team = Team.objects.get(code="G01")
    if SustainabilityPlan.objects.filter(team=team).exists():
        return
    need, source = PlanSide.NEED, PlanSource
    costs = [
        _plan_line(
            need, "", "Community health workers and nurses", (9000, 11000, 13000, 14000, 15000)
        ),
        _plan_line(need, "", "Data, record and interpreters", (5000, 5000, 4500, 4500, 4500)),
        _plan_line(need, "", "Cuffs, kits, rides", (2500, 2800, 3000, 3100, 3100)),
    ]
    money = [
        _plan_line(PlanSide.SOURCE, source.GRANT, "Pilot grant", (1000, 1000, 0, 0, 0)),
        _plan_line(
            PlanSide.SOURCE, source.OPERATING, "Operating budget", (8000, 8500, 9000, 9500, 10000)
        ),
        _plan_line(
            PlanSide.SOURCE,
            source.SAVINGS,
            "Fewer readmissions and ED visits",
            (0, 800, 1600, 2000, 2000),
        ),
    ]
    smaller = [
        _plan_line(need, "", "Community health workers and nurses", (9000, 9500, 9500, 9500, 9500)),
        *costs[1:],
    ]
    incentive = _plan_line(
        PlanSide.SOURCE,
        source.INCENTIVE,
        "Equity part of the quality incentive",
        (0, 2500, 4000, 5000, 5000),
    )
    common = {
        "first_year": clock.day(2026, 1, 1).year,
        "grant_ends_in": 2,
        "staffing": "Two of four community health workers move to the operating budget in 2028.",
        "assumptions": [
            {
                "name": "Readmissions avoided",
                "unit": "a year",
                "low": Decimal(30),
                "middle": Decimal(70),
                "high": Decimal(110),
                "unit_cost": Decimal(15200),
                "drives": "savings",
                "origin": "Own claims of 2024, finance department",
            },
            {
                "name": "ED visits avoided",
                "unit": "a year",
                "low": Decimal(150),
                "middle": Decimal(320),
                "high": Decimal(500),
                "unit_cost": Decimal(1400),
                "drives": "savings",
                "origin": "Own claims of 2024, finance department",
            },
            {
                "name": "Equity part of the quality incentive",
                "unit": "dollars a year",
                "low": Decimal(1500000),
                "middle": Decimal(4000000),
                "high": Decimal(5500000),
                "unit_cost": None,
                "drives": "incentive",
                "origin": "Contract: at most a fifth of the quality incentive",
            },
        ],
        "changes": [
            {
                "title": "Blood pressure at home",
                "decision": "scale",
                "replaces_step": "Recheck visit after two weeks",
                "owner": "Denise Baptiste",
                "budget_line": "Nursing",
            },
            {
                "title": "Evening calls",
                "decision": "embed",
                "replaces_step": "Second reminder letter",
                "owner": "Owen Gallagher",
                "budget_line": "Call centre",
            },
            {
                "title": "Pop-up clinic",
                "decision": "stop",
                "replaces_step": "",
                "owner": "Owen Gallagher",
                "budget_line": "",
            },
        ],
    }
    for name, lines in (
        ("Without the incentive", [*costs, *money]),
        ("With the contract's incentive", [*costs, *money, incentive]),
        ("Smaller, without more sites", [*smaller, *money, incentive]),
    ):
        save_plan(
            team=team, plan=None, content={"name": name, "lines": lines, **common},
            by=people.leads["G01"], as_of=clock.at(clock.day(2026, 9, 15)),
        )  # fmt: skip
