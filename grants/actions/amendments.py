"""Changes of an award: small moves between budget lines by notice, everything else by amendment."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.dateparse import parse_date

from grants.actions.events import record_award_event
from grants.actions.milestones import settle_conditions
from grants.chain import plain_json
from grants.enums import AmendmentKind, AmendmentState, AwardState, TrancheState
from grants.models import Amendment, Award, BudgetVersion, Fund, Milestone, Tranche
from grants.policies.checks import (
    check_amendable,
    check_amendment_keys,
    check_fund_covers,
    check_not_own_group,
    check_reallocation,
    check_reason,
    check_totals,
)
from grants.policies.transitions import check_step
from grants.queries.awards import may_report
from grants.queries.money import get_fund_totals
from grants.queries.rules import get_rules, list_people_with
from grants.steps import checked_scope, lock_award, write_budget, write_version
from grants.terms import LineTerms, newest_budget, terms_of
from teams.errors import NotAllowed, StateRefused
from teams.models import User
from teams.permissions import Permission

#: Tranche states in which an amendment may still change a payment.
_OPEN = (TrancheState.SCHEDULED, TrancheState.CONDITIONS_OPEN, TrancheState.READY)


def _asker(award: Award, by: User, as_of: datetime) -> None:
    """The group asks for its own awards, the director for all."""
    scope = checked_scope(by, Permission.VIEW_GRANTS, as_of)
    if scope.may(Permission.MANAGE_GRANTS):
        return
    if not may_report(scope, award.team_id):
        raise NotAllowed(
            f"Changes of this award are asked for by {award.team.name} or the programme director."
        )


@transaction.atomic
def reallocate_budget(
    *, award: Award, lines: Sequence[LineTerms], reason: str, by: User, as_of: datetime
) -> BudgetVersion:
    """Move money between lines within the programme's limits: a notice, nobody has to approve.

    Raises StateRefused, naming the line, when a line moves by more or the total changes.
    """
    award = lock_award(award.pk)
    _asker(award, by, as_of)
    check_amendable(award)
    check_reason(reason, "why money moves")
    budget = newest_budget(award)
    before = {line.line_code: line.amount for line in budget.lines.all()} if budget else {}
    after = {line.line_code: line.amount for line in lines}
    # Small moves add up: what the last approved budget said is what they are measured against.
    approved = award.budgets.filter(is_notice=False).order_by("-number").first()
    base = {line.line_code: line.amount for line in approved.lines.all()} if approved else before
    check_reallocation(base, after, get_rules())
    version = write_budget(award, lines, reason=reason.strip(), by=by, as_of=as_of, is_notice=True)
    record_award_event(
        award=award,
        act="reallocate_budget",
        target=version,
        by=by,
        as_of=as_of,
        before={"lines": before},
        after={"lines": after},
        reason=reason,
    )
    return version


@transaction.atomic
def request_amendment(
    *,
    award: Award,
    kind: AmendmentKind,
    reason: str,
    changes: dict[str, Any],
    by: User,
    as_of: datetime,
) -> Amendment:
    """Ask for a change. changes: what the award shall say, of the keys that its kind may change
    (`AMENDMENT_KEYS`): {"ends_on", "scope_text", "key_person", "amount",
    "lines": [{line_code, category, description, amount, full_time_equivalent}],
    "payments": {number: {"amount", "planned_on", "conditions"}}, "milestones": {id: {"due_on"}}}.
    A payment that is not there yet is added, one with {"cancelled": true} falls away. A milestone of
    another key than an id is added, with {"title", "due_on", "fact", "parameters"}; the conditions of a
    payment that is added are keys of milestones.

    Raises StateRefused for a key of another kind: the kind says who decides.
    """
    award = lock_award(award.pk)
    _asker(award, by, as_of)
    check_amendable(award)
    check_reason(reason, "why the award should change")
    check_amendment_keys(kind, changes)
    last = award.amendments.order_by("-number").first()
    amendment = Amendment.objects.create(
        award=award,
        number=last.number + 1 if last else 1,
        kind=kind,
        state=AmendmentState.SUBMITTED,
        reason=reason.strip(),
        before=terms_of(award),
        after=plain_json(changes),
        requested_by=by,
        requested_at=as_of,
    )
    record_award_event(
        award=award,
        act="request_amendment",
        target=amendment,
        by=by,
        as_of=as_of,
        after={"kind": kind, "changes": changes},
        reason=reason,
    )
    return amendment


def _deciding(kind: str) -> Permission:
    """Money that finance has to find is finance's decision, everything else the programme's."""
    return Permission.PAY_GRANTS if kind == AmendmentKind.AMOUNT else Permission.MANAGE_GRANTS


def _begin(amendment: Amendment, act: str, *, by: User, as_of: datetime) -> tuple[Award, Amendment]:
    permission = _deciding(amendment.kind)
    checked_scope(by, permission, as_of)
    award = lock_award(amendment.award_id)
    amendment = Amendment.objects.select_for_update().get(pk=amendment.pk)
    amendment.award = award
    check_step(act, amendment)
    today = timezone.localdate(as_of)
    check_not_own_group(by, award, on=today)
    if amendment.requested_by_id == by.pk:
        others = list_people_with(permission, on=today, except_ids={by.pk})
        named = f": {', '.join(others)} may" if others else ""
        raise StateRefused(f"You asked for this change, so another person decides{named}.")
    return award, amendment


def _finish(
    award: Award, amendment: Amendment, act: str, *, note: str, by: User, as_of: datetime
) -> Amendment:
    step = check_step(act, amendment)
    before = amendment.state
    amendment.state = step.to or amendment.state
    if act != "withdraw":
        amendment.decided_by, amendment.decided_at = by, as_of
    amendment.decision_note = note.strip()
    amendment.save()
    record_award_event(
        award=award,
        act=f"{act}_amendment",
        target=amendment,
        by=by,
        as_of=as_of,
        before={"state": before, "terms": amendment.before}
        if act == "approve"
        else {"state": before},
        after={"state": amendment.state, "terms": terms_of(award)}
        if act == "approve"
        else {"state": amendment.state},
        reason=note,
    )
    return amendment


@transaction.atomic
def approve_amendment(*, amendment: Amendment, note: str, by: User, as_of: datetime) -> Amendment:
    """Let the award say what was asked for. Effects: a new version of the award, of its budget where lines
    change; the old ones stay readable."""
    award, amendment = _begin(amendment, "approve", by=by, as_of=as_of)
    check_amendable(award)
    check_amendment_keys(amendment.kind, amendment.after)
    amendment.before = terms_of(award)
    _apply(award, amendment, by=by, as_of=as_of)
    award.save()
    write_version(
        award,
        reason=f"Amendment {amendment.number}: {amendment.reason}",
        by=by,
        as_of=as_of,
        amendment=amendment,
    )
    return _finish(award, amendment, "approve", note=note, by=by, as_of=as_of)


@transaction.atomic
def decline_amendment(*, amendment: Amendment, note: str, by: User, as_of: datetime) -> Amendment:
    award, amendment = _begin(amendment, "decline", by=by, as_of=as_of)
    check_reason(note, "why the change is declined")
    return _finish(award, amendment, "decline", note=note, by=by, as_of=as_of)


@transaction.atomic
def withdraw_amendment(*, amendment: Amendment, by: User, as_of: datetime) -> Amendment:
    """Whoever asked takes it back."""
    award = lock_award(amendment.award_id)
    _asker(award, by, as_of)
    amendment = Amendment.objects.select_for_update().get(pk=amendment.pk)
    if amendment.requested_by_id != by.pk:
        raise NotAllowed(f"{amendment.requested_by} asked for this change and may take it back.")
    amendment.award = award
    check_step("withdraw", amendment)
    return _finish(award, amendment, "withdraw", note="", by=by, as_of=as_of)


def _apply(award: Award, amendment: Amendment, *, by: User, as_of: datetime) -> None:
    changes = amendment.after
    if "ends_on" in changes:
        ends_on = parse_date(changes["ends_on"])
        if ends_on is None or ends_on <= award.starts_on:
            raise StateRefused("The last day has to be after the first one.")
        award.ends_on = ends_on
    for field in ("scope_text", "key_person"):
        if field in changes:
            setattr(award, field, changes[field])
    if "amount" in changes:
        more = Decimal(changes["amount"]) - award.amount
        fund = Fund.objects.select_for_update().get(pk=award.fund_id)
        if more > 0:
            check_fund_covers(fund.name, fund.amount, get_fund_totals(fund).committed, more)
        award.amount = Decimal(changes["amount"])
    if "lines" in changes:
        budget = newest_budget(award)
        posts_of = (
            dict(budget.lines.values_list("line_code", "full_time_equivalent")) if budget else {}
        )
        lines = [
            LineTerms(
                line["line_code"],
                line["category"],
                line["description"],
                Decimal(line["amount"]),
                _posts(line, posts_of),
            )
            for line in changes["lines"]
        ]
        write_budget(
            award,
            lines,
            reason=f"Amendment {amendment.number}: {amendment.reason}",
            by=by,
            as_of=as_of,
            amendment=amendment,
        )
    conditions = _change_conditions(award, changes.get("milestones", {}))
    for number, wanted in changes.get("payments", {}).items():
        _change_payment(award, int(number), wanted, conditions, by=by, as_of=as_of)
    budget = newest_budget(award)
    check_totals(
        award,
        [t.amount for t in award.tranches.all() if t.state != TrancheState.CANCELLED],
        [line.amount for line in budget.lines.all()] if budget else [],
    )


def _posts(line: dict[str, Any], before: dict[str, Decimal | None]) -> Decimal | None:
    """Full-time posts of a line as asked for; a change that does not name them leaves them."""
    if "full_time_equivalent" not in line:
        return before.get(line["line_code"])
    said = line["full_time_equivalent"]
    return Decimal(said) if said is not None else None


def _change_conditions(award: Award, wanted: dict[str, dict[str, Any]]) -> dict[str, Milestone]:
    """Other days and new conditions. Returns every condition of the award by its key in the change."""
    found = {f"{milestone.pk}": milestone for milestone in award.milestones.all()}
    for key, said in wanted.items():
        due_on = parse_date(said["due_on"])
        if key not in found:
            if due_on is None or not said.get("title", "").strip():
                raise StateRefused("A new condition needs a title and the day by which it is due.")
            found[key] = Milestone.objects.create(
                award=award,
                title=said["title"].strip(),
                due_on=due_on,
                fact=said.get("fact", ""),
                parameters=said.get("parameters", {}),
            )
        elif due_on is not None:
            found[key].due_on = due_on
            found[key].save(update_fields=["due_on"])
    return found


def _change_payment(
    award: Award,
    number: int,
    wanted: dict[str, Any],
    conditions: dict[str, Milestone],
    *,
    by: User,
    as_of: datetime,
) -> None:
    tranche = award.tranches.filter(number=number).first()
    planned_on: date | None = parse_date(wanted["planned_on"]) if "planned_on" in wanted else None
    if tranche is None:
        if planned_on is None or "amount" not in wanted:
            raise StateRefused(f"Payment {number} is new: say its amount and its day.")
        tranche = Tranche.objects.create(
            award=award, number=number, amount=Decimal(wanted["amount"]), planned_on=planned_on
        )
        unknown = [key for key in wanted.get("conditions", []) if key not in conditions]
        if unknown:
            raise StateRefused(
                f"Payment {number} waits for a condition that this award does not have."
            )
        tranche.conditions.set([conditions[key] for key in wanted.get("conditions", [])])
        if award.state in (AwardState.ACTIVE, AwardState.SUSPENDED):
            settle_conditions(award=award, tranche=tranche, by=by, as_of=as_of)
        return
    if tranche.state not in _OPEN:
        raise StateRefused(
            f"Payment {number} is “{tranche.get_state_display().lower()}” and can no longer be changed."
        )
    if wanted.get("cancelled"):
        tranche.state, tranche.state_changed_at = TrancheState.CANCELLED, as_of
        tranche.state_reason = "Fell away by an amendment"
    tranche.amount = Decimal(wanted.get("amount", tranche.amount))
    tranche.planned_on = planned_on or tranche.planned_on
    tranche.save()
