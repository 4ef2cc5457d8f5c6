"""Who has to do what next: the card of a team, and the list of everybody who decides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Q
from django.utils import timezone

from grants.enums import (
    AmendmentKind,
    AmendmentState,
    ApplicationState,
    AwardState,
    MilestoneState,
    ReportState,
    TrancheState,
)
from grants.facts import Finding, TeamSpan, WorkSummary, work_summaries
from grants.models import (
    Amendment,
    Application,
    Award,
    GrantReport,
    Milestone,
    Review,
    SustainabilityPlan,
    Tranche,
)
from grants.policies.checks import PAYABLE
from grants.queries.awards import visible_awards
from grants.queries.conditions import look_at_all
from teams.attachments import list_attachments_of
from teams.enums import Role
from teams.permissions import Permission
from teams.scoping import Scope

_SETTLED = (TrancheState.PAID, TrancheState.CANCELLED, TrancheState.RETURNED)
#: Payment state → with whom it is.
WITH_WHOM = {
    TrancheState.SCHEDULED: "the programme director",
    TrancheState.CONDITIONS_OPEN: "your group",
    TrancheState.READY: "your coach, who recommends",
    TrancheState.RECOMMENDED: "the programme director, who approves",
    TrancheState.APPROVED_PROGRAMME: "the payer's finance, who approves",
    TrancheState.APPROVED_FINANCE: "the payer's finance, who pays",
    TrancheState.PAYMENT_FAILED: "the payer's finance, who pays again",
    TrancheState.ON_HOLD: "the programme, on hold",
}


@dataclass(frozen=True)
class ConditionView:
    """A condition with what the system sees of it now."""

    milestone: Milestone
    finding: Finding
    is_late: bool

    @property
    def is_decided(self) -> bool:
        return self.milestone.state != MilestoneState.OPEN

    @property
    def waits_for_decision(self) -> bool:
        return not self.is_decided and self.finding.met is True


@dataclass(frozen=True)
class NextPayment:
    """The next payment of an award: what is to do, by when, and who has it."""

    award: Award
    tranche: Tranche
    conditions: list[ConditionView]
    with_whom: str

    @property
    def to_do(self) -> list[ConditionView]:
        return [c for c in self.conditions if not c.is_decided and c.finding.met is not True]

    @property
    def by_when(self) -> date:
        """The earliest day by which the group has to have done something, else the planned day."""
        days = [c.milestone.due_on for c in self.to_do]
        return min(days) if days else self.tranche.planned_on


def list_conditions(tranche: Tranche, *, as_of: datetime) -> list[ConditionView]:
    return conditions_of([tranche], as_of=as_of)[tranche.pk]


def conditions_of(
    tranches: Sequence[Tranche], *, as_of: datetime
) -> dict[int, list[ConditionView]]:
    """Conditions by the id of their payment. A condition can belong to several payments."""
    today = timezone.localdate(as_of)
    milestones: dict[int, list[Milestone]] = {}
    for tranche in tranches:
        milestones[tranche.pk] = list(tranche.conditions.all())
        for milestone in milestones[tranche.pk]:
            milestone.award = tranche.award
    waiting = [m for of in milestones.values() for m in of if m.state == MilestoneState.OPEN]
    seen = dict(zip((m.pk for m in waiting), look_at_all(waiting, as_of=as_of), strict=True))
    return {
        tranche_id: [
            ConditionView(
                m,
                seen.get(m.pk) or Finding(m.seen_met, m.seen_text),
                m.state == MilestoneState.OPEN and m.due_on < today,
            )
            for m in of
        ]
        for tranche_id, of in milestones.items()
    }


def list_next_payments(scope: Scope, *, team_id: int, as_of: datetime) -> list[NextPayment]:
    """The next payment of every award of a team that is under way, the earliest first."""
    found = []
    tranches = (
        Tranche.objects.filter(visible_tranches(scope), award__team=team_id)
        .filter(award__state__in=[*PAYABLE, AwardState.SUSPENDED, AwardState.AGREEMENT_OUT])
        .exclude(state__in=_SETTLED)
        .select_related("award", "award__team", "award__fund")
        .prefetch_related("conditions")
        .order_by("award_id", "number")
    )
    following: dict[int, Tranche] = {}
    for tranche in tranches:
        following.setdefault(tranche.award_id, tranche)
    conditions_by_tranche = conditions_of(list(following.values()), as_of=as_of)
    for tranche in following.values():
        conditions = conditions_by_tranche[tranche.pk]
        whom = WITH_WHOM[TrancheState(tranche.state)]
        if tranche.award.state == AwardState.AGREEMENT_OUT:
            whom = "your group: the signed agreement is missing"
            if tranche.award.agreement_signed_on:
                whom = "the programme director, who starts the award"
        elif tranche.award.state == AwardState.SUSPENDED:
            whom = f"the programme: the award is suspended ({tranche.award.state_reason})"
        elif tranche.state == TrancheState.CONDITIONS_OPEN and all(
            c.is_decided or c.waits_for_decision for c in conditions
        ):
            whom = "the programme director, who accepts what you have done"
        found.append(NextPayment(tranche.award, tranche, conditions, whom))
    # What the group has to do itself comes before what is with others.
    return sorted(found, key=lambda n: (not n.to_do, n.by_when, n.award.number))


def visible_tranches(scope: Scope) -> Q:
    return Q(award__in=Award.objects.filter(visible_awards(scope)).order_by())


@dataclass(frozen=True)
class ReportTask:
    """A report that is to be written or changed. is_late: its day is over."""

    report: GrantReport
    is_late: bool

    @property
    def verb(self) -> str:
        if self.report.state in (ReportState.SCHEDULED, ReportState.DUE):
            return "Start"
        return "Change" if self.report.state == ReportState.CHANGES_REQUESTED else "Go on"


def list_report_tasks(scope: Scope, *, team_id: int | None, on: date) -> list[ReportTask]:
    """Reports that a group has to write now, also those that begin to be due within two weeks.

    team_id None: those that the reader writes, of the groups of whose staff the reader is.
    """
    reports = GrantReport.objects.filter(
        visible_tranches(scope),
        award__state__in=[*PAYABLE, AwardState.SUSPENDED],
    ).filter(
        Q(state__in=[ReportState.DUE, ReportState.DRAFT, ReportState.CHANGES_REQUESTED])
        | Q(state=ReportState.SCHEDULED, due_on__lte=on + timedelta(days=14))
    )
    reports = reports.filter(award__team__in=scope.staff_team_ids if team_id is None else [team_id])
    return [
        ReportTask(report, report.due_on < on)
        for report in reports.select_related("award", "award__team").order_by("due_on", "kind")
    ]


@dataclass(frozen=True)
class TestsBeside:
    """What a team tried since its award: shown beside the money, never a condition to begin."""

    work: WorkSummary | None
    days_since_award: int | None

    @property
    def waits(self) -> bool:
        return (
            self.work is not None
            and self.work.tests_started == 0
            and self.days_since_award is not None
        )


def tests_beside(awards: list[Award], *, on: date) -> TestsBeside:
    """Of the awards of one team. days_since_award: since the first one was approved."""
    approved = [timezone.localdate(a.approved_at) for a in awards if a.approved_at]
    if not approved:
        return TestsBeside(None, None)
    since = min(approved)
    span = TeamSpan(awards[0].team_id, since=min(a.starts_on for a in awards), until=on)
    return TestsBeside(work_summaries([span])[0], (on - since).days)


# --- what waits for whom -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class WorkItem:
    """One thing that waits for the reader. kind and pk say where it leads; since: from when it waits."""

    verb: str
    what: str
    team_name: str
    kind: str
    pk: int
    since: date
    is_late: bool = False
    team_code: str = ""


def list_waiting(scope: Scope, *, as_of: datetime) -> list[WorkItem]:
    """Everything that waits for this reader, the longest first."""
    items: list[WorkItem] = []
    if scope.may(Permission.REVIEW_APPLICATIONS):
        items += _reviews(scope, as_of)
    if scope.may(Permission.MANAGE_GRANTS) or scope.may(Permission.PAY_GRANTS):
        items += _tranches(scope, TrancheState.ON_HOLD, "Release or cancel")
    if Role.SENIOR_SPONSOR in scope.roles:
        items += _plans(scope)
    if scope.may(Permission.RECOMMEND_PAYMENTS):
        items += _tranches(scope, TrancheState.READY, "Recommend", own=True)
    if scope.may(Permission.MANAGE_GRANTS):
        items += _tranches(scope, TrancheState.RECOMMENDED, "Approve for the programme")
        items += _conditions(scope, as_of)
        items += _reports_to_accept(scope, as_of)
        items += _applications(scope, as_of)
        items += [
            WorkItem(
                "See", f"{r} of {r.award.title} is missing", r.award.team.name, "report", r.pk,
                r.due_on, is_late=True,
            )
            for r in list_late_reports(scope, on=timezone.localdate(as_of))
        ]  # fmt: skip
        items += _amendments(scope, money=False)
        items += _awards(scope, AwardState.DRAFT, "Submit")
        items += _awards(scope, AwardState.CHANGES_REQUESTED, "Change")
        items += _awards(scope, AwardState.APPROVED, "Send the agreement")
        items += _awards(scope, AwardState.AGREEMENT_OUT, "Start the award", signed=True)
    if scope.may(Permission.PAY_GRANTS):
        items += _awards(scope, AwardState.SUBMITTED, "Review")
        items += _awards(scope, AwardState.IN_REVIEW, "Approve")
        items += _tranches(scope, TrancheState.APPROVED_PROGRAMME, "Approve for finance")
        items += _tranches(scope, TrancheState.APPROVED_FINANCE, "Pay")
        items += _tranches(scope, TrancheState.PAYMENT_FAILED, "Mend the payment")
        items += _amendments(scope, money=True)
    if scope.may(Permission.REPORT_GRANTS):
        today = timezone.localdate(as_of)
        items += [
            WorkItem(
                task.verb, f"{task.report} of {task.report.award.title}",
                task.report.award.team.name, "report", task.report.pk, task.report.due_on, task.is_late,
            )
            for task in list_report_tasks(scope, team_id=None, on=today)
        ]  # fmt: skip
        items += _awards(
            scope, AwardState.AGREEMENT_OUT, "Sign the agreement", signed=False, as_staff=True
        )
    return sorted(items, key=lambda item: (item.since, item.what))


#: Acts on a payment that are no part of the decision on it: whoever decided before may do them too.
_NO_DECISION = (TrancheState.APPROVED_FINANCE, TrancheState.PAYMENT_FAILED, TrancheState.ON_HOLD)


def _tranches(scope: Scope, state: TrancheState, verb: str, *, own: bool = False) -> list[WorkItem]:
    tranches = Tranche.objects.filter(
        visible_tranches(scope), state=state, award__state__in=PAYABLE
    )
    if state != TrancheState.ON_HOLD:
        tranches = tranches.exclude(override_by=scope.user_id)
    if own:
        tranches = tranches.filter(award__team__in=scope.own_team_ids)
    found = []
    for tranche in tranches.select_related("award__team").prefetch_related("approvals"):
        if (
            any(
                a.by_id == scope.user_id and a.round == tranche.round
                for a in tranche.approvals.all()
            )
            and state not in _NO_DECISION
        ):
            continue
        found.append(
            WorkItem(
                verb,
                f"Payment {tranche.number} of {tranche.award.title}",
                tranche.award.team.name,
                "tranche",
                tranche.pk,
                timezone.localdate(tranche.state_changed_at),
            )
        )
    return found


def _conditions(scope: Scope, as_of: datetime) -> list[WorkItem]:
    milestones = list(
        Milestone.objects.filter(
            visible_tranches(scope),
            state=MilestoneState.OPEN,
            award__state__in=[*PAYABLE, AwardState.SUSPENDED],
        ).select_related("award__team")
    )
    findings = look_at_all(milestones, as_of=as_of)
    unclear = [m.pk for m, seen in zip(milestones, findings, strict=True) if seen.met is None]
    on_file = list_attachments_of(Milestone, unclear)
    found = []
    for milestone, seen in zip(milestones, findings, strict=True):
        if seen.met is True or milestone.pk in on_file:
            found.append(
                WorkItem(
                    "Decide the condition",
                    f"{milestone.title} ({milestone.award.title})",
                    milestone.award.team.name,
                    "milestone",
                    milestone.pk,
                    timezone.localdate(milestone.seen_at or as_of),
                )
            )
    return found


def _reports_to_accept(scope: Scope, as_of: datetime) -> list[WorkItem]:
    reports = GrantReport.objects.filter(visible_tranches(scope), state=ReportState.SUBMITTED)
    return [
        WorkItem(
            "Read", f"{r} of {r.award.title}", r.award.team.name, "report", r.pk,
            timezone.localdate(r.state_changed_at),
        )
        for r in reports.select_related("award__team")
    ]  # fmt: skip


def list_late_reports(scope: Scope, *, on: date) -> list[GrantReport]:
    """Reports of awards under way whose day is over and which were not handed in, the longest late first."""
    return list(
        GrantReport.objects.filter(
            visible_tranches(scope),
            award__state__in=[*PAYABLE, AwardState.SUSPENDED],
            due_on__lt=on,
        )
        .exclude(state__in=[ReportState.SUBMITTED, ReportState.ACCEPTED])
        .select_related("award__team")
        .order_by("due_on", "pk")
    )


def _reviews(scope: Scope, as_of: datetime) -> list[WorkItem]:
    """Reviews that the reader was asked for and has not written."""
    reviews = Review.objects.filter(
        reviewer=scope.user_id,
        submitted_at__isnull=True,
        application__state=ApplicationState.SUBMITTED,
    ).select_related("application__team")
    return [_application_item("Review", review.application, as_of) for review in reviews]


def _applications(scope: Scope, as_of: datetime) -> list[WorkItem]:
    """Applications that need reviewers, or a decision by somebody who did not review them."""
    found = []
    for application in (
        Application.objects.filter(state=ApplicationState.SUBMITTED)
        .select_related("team")
        .prefetch_related("reviews")
    ):
        reviews = application.reviews.all()
        if not reviews:
            found.append(_application_item("Ask for reviews", application, as_of))
        elif all(r.submitted_at and r.reviewer_id != scope.user_id for r in reviews):
            found.append(_application_item("Decide", application, as_of))
    return found


def _application_item(verb: str, application: Application, as_of: datetime) -> WorkItem:
    return WorkItem(
        verb, f"Application: {application}", application.team.name, "application", application.pk,
        timezone.localdate(application.submitted_at or as_of),
    )  # fmt: skip


def _plans(scope: Scope) -> list[WorkItem]:
    """Five-year plans of the own group that nobody has signed as they are now."""
    plans = SustainabilityPlan.objects.filter(
        team__in=scope.own_team_ids, signed_at__isnull=True
    ).select_related("team")
    return [
        WorkItem(
            "Sign", f"Five-year plan: {plan}", plan.team.name, "plan", plan.pk,
            timezone.localdate(plan.changed_at), team_code=plan.team.code,
        )
        for plan in plans
    ]  # fmt: skip


def _amendments(scope: Scope, *, money: bool) -> list[WorkItem]:
    amendments = Amendment.objects.filter(
        visible_tranches(scope), state=AmendmentState.SUBMITTED
    ).exclude(requested_by=scope.user_id)
    if money:
        amendments = amendments.filter(kind=AmendmentKind.AMOUNT)
    else:
        amendments = amendments.exclude(kind=AmendmentKind.AMOUNT)
    return [
        WorkItem(
            "Decide the change", f"{a.get_kind_display()} ({a.award.title})", a.award.team.name,
            "amendment", a.pk, timezone.localdate(a.requested_at),
        )
        for a in amendments.select_related("award__team")
    ]  # fmt: skip


def _awards(
    scope: Scope,
    state: AwardState,
    verb: str,
    *,
    signed: bool | None = None,
    as_staff: bool = False,
) -> list[WorkItem]:
    awards = Award.objects.filter(visible_awards(scope), state=state)
    if as_staff:
        awards = awards.filter(team__in=scope.staff_team_ids)
    if signed is not None:
        awards = awards.filter(agreement_signed_on__isnull=not signed)
    return [
        WorkItem(
            verb, f"{a.number} {a.title}", a.team.name, "award", a.pk,
            timezone.localdate(a.state_changed_at),
        )
        for a in awards.select_related("team")
    ]  # fmt: skip
