"""What rules allow beyond states. Each check raises StateRefused with a sentence that names what is missing
or who may."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal

from grants.enums import (
    AmendmentKind,
    ApprovalStep,
    AwardState,
    MilestoneState,
    ReportState,
    TrancheState,
)
from grants.models import Award, GrantRules, Milestone, Tranche, TrancheApproval
from teams.enums import Role
from teams.errors import StateRefused
from teams.formats import format_money
from teams.models import Membership, Team, User, holds_on
from teams.scoping import GROUP_ROLES

#: States of an award in which money can move.
PAYABLE = frozenset({AwardState.ACTIVE, AwardState.CLOSING})

#: States in which what an award says can be changed: approved and not ending.
_AMENDABLE = frozenset(
    {AwardState.APPROVED, AwardState.AGREEMENT_OUT, AwardState.ACTIVE, AwardState.SUSPENDED}
)

#: What an amendment of a kind may change. Finance decides on the amount, the programme on everything else.
AMENDMENT_KEYS: dict[AmendmentKind, frozenset[str]] = {
    AmendmentKind.EXTENSION: frozenset({"ends_on", "scope_text", "key_person"}),
    AmendmentKind.SCOPE: frozenset({"scope_text", "key_person"}),
    AmendmentKind.KEY_PERSON: frozenset({"key_person"}),
    AmendmentKind.BUDGET: frozenset({"lines"}),
    AmendmentKind.SCHEDULE: frozenset({"lines", "payments", "milestones"}),
    AmendmentKind.AMOUNT: frozenset({"amount", "lines", "payments", "milestones"}),
}

_DONE_BY = {
    ApprovalStep.OVERRIDE: "let it go on without its conditions",
    ApprovalStep.RECOMMENDATION: "recommended it",
    ApprovalStep.PROGRAMME: "approved it for the programme",
    ApprovalStep.FINANCE: "approved it for finance",
    ApprovalStep.FINANCE_SECOND: "approved it for finance",
}


def belongs_to_group(user: User, team_id: int, *, on: date) -> bool:
    return (
        Membership.objects.filter(
            holds_on(on), user=user, role__in=GROUP_ROLES, organisation__teams=team_id
        )
    ).exists()


def is_sponsor_of(user: User, team_id: int, *, on: date) -> bool:
    return (
        Membership.objects.filter(
            holds_on(on), user=user, role=Role.SENIOR_SPONSOR, organisation__teams=team_id
        )
    ).exists()


def check_not_own_group(user: User, award: Award, *, on: date) -> None:
    """Nobody decides on money of the own group."""
    check_outside_group(user, award.team, whose="whose award this is", on=on)


def check_outside_group(user: User, team: Team, *, whose: str, on: date) -> None:
    """whose: what is decided, as it follows the group's name."""
    if belongs_to_group(user, team.pk, on=on):
        raise StateRefused(
            f"You belong to {team.name}, {whose}. Somebody from outside the group has to do this."
        )


def check_outside_all_groups(user: User, *, on: date) -> None:
    """A call is for every group, so nobody of a group writes its terms."""
    own = Membership.objects.filter(holds_on(on), user=user, role__in=GROUP_ROLES).first()
    if own is not None:
        raise StateRefused(
            f"You belong to {own.organisation.name}, which may apply. "
            "Somebody from outside the groups has to do this."
        )


def is_amendable(award: Award) -> bool:
    return award.state in _AMENDABLE


def check_amendable(award: Award) -> None:
    if not is_amendable(award):
        raise StateRefused(
            f"This award is “{award.get_state_display().lower()}”; only one that was approved and has not ended "
            "can be amended."
        )


def check_not_closed(award: Award) -> None:
    if award.state == AwardState.CLOSED:
        raise StateRefused(f"Award {award.number} is closed and read-only.")


def check_money_may_move(award: Award) -> None:
    if award.state in PAYABLE:
        return
    why = f": {award.state_reason}" if award.state_reason else ""
    raise StateRefused(
        f"Award {award.number} is “{award.get_state_display().lower()}”{why}. "
        "Payments move on only while an award is active or closing."
    )


def open_conditions(tranche: Tranche) -> list[Milestone]:
    return [m for m in tranche.conditions.all() if m.state == MilestoneState.OPEN]


def check_conditions_decided(tranche: Tranche) -> None:
    missing = open_conditions(tranche)
    if missing and tranche.override_by_id is None:
        names = "; ".join(f"{m.title} (due {m.due_on:%-d %b %Y})" for m in missing)
        raise StateRefused(
            f"Not yet accepted: {names}. A {'condition is' if len(missing) == 1 else 'few conditions are'}"
            " accepted on the award's page by the programme director; going on without needs a reason."
        )


def check_another_person(
    tranche: Tranche, user: User, approvals: Iterable[TrancheApproval], others: Sequence[str]
) -> None:
    """Nobody has two parts in the decision on one payment. others: names of people who may do this instead."""
    for approval in approvals:
        if approval.by_id == user.pk:
            raise StateRefused(
                f"You {_DONE_BY[ApprovalStep(approval.step)]}, so the next step belongs to another person"
                f"{_named(others)}."
            )
    if tranche.override_by_id == user.pk:
        raise StateRefused(
            f"You {_DONE_BY[ApprovalStep.OVERRIDE]}, so the decision belongs to another person{_named(others)}."
        )


def _named(names: Sequence[str]) -> str:
    return f": {', '.join(names)} may" if names else "; at present nobody else holds that role"


def needs_second_approval(tranche: Tranche, rules: GrantRules) -> bool:
    return tranche.amount > rules.second_approval_over


def check_reason(reason: str, what: str) -> None:
    if not reason.strip():
        raise StateRefused(f"Write the reason: {what} is kept with it and shown in the history.")


def check_totals(award: Award, tranches: Sequence[Decimal], lines: Sequence[Decimal]) -> None:
    """Payments and budget lines make up the award, to the cent."""
    for what, parts in (("payments", tranches), ("budget lines", lines)):
        total = sum(parts, Decimal(0))
        if total != award.amount:
            difference = award.amount - total
            raise StateRefused(
                f"The {what} add up to {format_money(total)}, the award is {format_money(award.amount)}: "
                f"{format_money(abs(difference))} {'missing' if difference > 0 else 'too much'}."
            )


def check_fund_covers(
    fund_name: str, fund_amount: Decimal, committed: Decimal, more: Decimal
) -> None:
    if committed + more > fund_amount:
        left = max(fund_amount - committed, Decimal(0))
        raise StateRefused(
            f"{fund_name} has {format_money(left)} left that is not committed; "
            f"this needs {format_money(more)}."
        )


def check_institute_holds(fund_name: str, held: Decimal, amount: Decimal) -> None:
    if amount > held:
        raise StateRefused(
            f"The institute holds {format_money(held)} of {fund_name}, this payment is {format_money(amount)}. "
            "Record the payer's transfer first."
        )


def check_agreement(award: Award, has_file: bool) -> None:
    if award.agreement_signed_on is None or not has_file:
        raise StateRefused(
            "The signed agreement is missing. The group's lead or the programme director puts it on file."
        )


def check_can_close(award: Award) -> None:
    """All payments settled and all reports accepted, or the award ended early with its payments settled."""
    unsettled = [
        f"payment {t.number} ({t.get_state_display().lower()})"
        for t in award.tranches.all()
        if t.state not in (TrancheState.PAID, TrancheState.CANCELLED, TrancheState.RETURNED)
    ]
    waiting = [
        f"{r} ({r.get_state_display().lower()})"
        for r in award.reports.all()
        if r.state != ReportState.ACCEPTED
    ]
    if award.state == AwardState.TERMINATED:
        waiting = []
    if unsettled or waiting:
        raise StateRefused(f"Before the award closes: {'; '.join([*unsettled, *waiting])}.")


_SEND_BACK = "Send it back first."
#: Payment state → what makes it wait for its conditions again; nothing does once money has moved.
_BEFORE_REOPENING = {
    TrancheState.RECOMMENDED: _SEND_BACK,
    TrancheState.APPROVED_PROGRAMME: _SEND_BACK,
    TrancheState.APPROVED_FINANCE: _SEND_BACK,
    TrancheState.ON_HOLD: "Release it first, and send it back when it was recommended before.",
}


def check_can_reopen_condition(milestone: Milestone) -> None:
    later = [
        t
        for t in milestone.tranches.all()
        if t.state
        not in (
            TrancheState.SCHEDULED,
            TrancheState.CONDITIONS_OPEN,
            TrancheState.READY,
            TrancheState.CANCELLED,
        )
    ]
    if later:
        state = TrancheState(later[0].state)
        raise StateRefused(
            f"Payment {later[0].number}, which rests on this condition, is “{state.label.lower()}”. "
            f"{_BEFORE_REOPENING.get(state, 'The condition stays as it was decided.')}"
        )


def reallocation_limit(before: Decimal, rules: GrantRules) -> Decimal:
    """Dollars by which a line may move with a notice only: a share of it or an amount, whichever is greater."""
    share = (before * rules.reallocation_percent / 100).quantize(Decimal("0.01"))
    return max(share, rules.reallocation_amount)


def check_reallocation(
    before: dict[str, Decimal], after: dict[str, Decimal], rules: GrantRules
) -> None:
    """Raise StateRefused when moving money between lines needs an amendment."""
    if sum(before.values()) != sum(after.values()):
        raise StateRefused(
            f"The lines add up to {format_money(sum(after.values(), Decimal(0)))}, the award is "
            f"{format_money(sum(before.values(), Decimal(0)))}. Changing the total needs an amendment."
        )
    for code in sorted(before.keys() | after.keys()):
        old, new = before.get(code, Decimal(0)), after.get(code, Decimal(0))
        limit = reallocation_limit(old, rules)
        if abs(new - old) > limit:
            raise StateRefused(
                f"Line {code} would move by {format_money(abs(new - old))}; up to {format_money(limit)} needs a "
                "notice only, more needs an amendment."
            )


def check_amendment_keys(kind: str, changes: Iterable[str]) -> None:
    """The kind says who decides, so a change of one kind carries nothing that another one decides."""
    allowed = AMENDMENT_KEYS[AmendmentKind(kind)]
    strange = sorted(set(changes) - allowed)
    if strange:
        words = ", ".join(key.replace("_", " ") for key in strange)
        raise StateRefused(
            f"A change of the kind “{AmendmentKind(kind).label.lower()}” does not change: {words}."
            " Ask for that as a change of its own kind."
        )


def needs_variance_note(
    line_amount: Decimal, expected: Decimal, spent: Decimal, rules: GrantRules
) -> bool:
    """Whether spending so far is further from the planned pace than the programme's limits allow.

    The limit is a share of the whole line or an amount in dollars, whichever is greater.
    """
    limit = max(line_amount * rules.variance_percent / 100, rules.variance_amount)
    return abs(spent - expected) > limit
