"""Steps that several acts have in common. Each is part of an action's transaction and leaves no event of its own."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.utils import timezone

from grants.enums import Account, TrancheState
from grants.models import (
    Amendment,
    Award,
    AwardVersion,
    BudgetCategory,
    BudgetLine,
    BudgetVersion,
    LedgerEntry,
    Milestone,
    Posting,
    Tranche,
)
from grants.policies.checks import check_not_closed
from grants.queries.rules import list_people_with
from grants.terms import AwardTerms, LineTerms, newest_budget, terms_of
from teams.errors import NotAllowed, StateRefused
from teams.models import User
from teams.permissions import ROLE_PERMISSIONS, Permission, check_permission
from teams.scoping import Scope, scope_of

#: What one programme or one payer does for all groups: the people who may are named.
_NAMED = frozenset({Permission.MANAGE_GRANTS, Permission.PAY_GRANTS})


def lock_award(award_id: int) -> Award:
    """The award as it is now; nobody else writes to it until the transaction ends.

    Raises StateRefused for a closed one: it is read-only.
    """
    award = (
        Award.objects.select_for_update(of=["self"])
        .select_related("fund", "team", "team__organisation")
        .get(pk=award_id)
    )
    check_not_closed(award)
    return award


def checked_scope(by: User, permission: Permission, as_of: datetime) -> Scope:
    """The scope of who acts. Raises NotAllowed without the permission, naming the people who may where that is
    one programme or finance for all, else their roles: people of groups are nobody else's to know."""
    on = timezone.localdate(as_of)
    scope = scope_of(by, on=on)
    if scope.roles and not scope.may(permission):
        others = (
            list_people_with(permission, on=on, except_ids=set()) if permission in _NAMED else []
        )
        who = ", ".join(others) or _roles_with(permission)
        raise NotAllowed(
            f"Your role does not include: {permission.meaning.lower()}. {who} may do this."
        )
    check_permission(scope, permission)
    return scope


def _roles_with(permission: Permission) -> str:
    """“Coach or programme director”."""
    labels = [str(role.label) for role, held in ROLE_PERMISSIONS.items() if permission in held]
    return " or ".join(labels).capitalize()


def write_entries(posting: Posting, *, giver: Account, taker: Account) -> None:
    """Both sides of a posting; a step of the acts that post."""
    LedgerEntry.objects.bulk_create(
        [
            LedgerEntry(posting=posting, account=giver, amount=-posting.amount),
            LedgerEntry(posting=posting, account=taker, amount=posting.amount),
        ]
    )


def write_budget(
    award: Award,
    lines: Sequence[LineTerms],
    *,
    reason: str,
    by: User,
    as_of: datetime,
    amendment: Amendment | None = None,
    is_notice: bool = False,
) -> BudgetVersion:
    """A new version of the budget; a step of the acts that change one."""
    newest = newest_budget(award)
    budget = BudgetVersion.objects.create(
        award=award,
        number=newest.number + 1 if newest else 1,
        reason=reason,
        is_notice=is_notice,
        amendment=amendment,
        made_by=by,
        made_at=as_of,
    )
    categories = {category.code: category for category in BudgetCategory.objects.all()}
    kept = set(newest.lines.values_list("category__code", flat=True)) if newest else set()
    for line in lines:
        if line.category not in categories:
            raise StateRefused(f"There is no budget category “{line.category}”.")
        if not categories[line.category].is_active and line.category not in kept:
            raise StateRefused(
                f"The budget category {categories[line.category].name} is no longer used. Choose another."
            )
    BudgetLine.objects.bulk_create(
        [
            BudgetLine(
                budget=budget,
                line_code=line.line_code,
                category=categories[line.category],
                description=line.description.strip(),
                amount=line.amount,
                full_time_equivalent=line.full_time_equivalent,
            )
            for line in lines
        ]
    )
    return budget


def write_schedule(award: Award, terms: AwardTerms) -> None:
    """Conditions and payments of a draft; a step of the acts that write one."""
    made = {
        m.key: Milestone.objects.create(
            award=award,
            title=m.title.strip(),
            due_on=m.due_on,
            fact=m.fact,
            parameters=m.parameters,
        )
        for m in terms.milestones
    }
    for t in terms.tranches:
        tranche = Tranche.objects.create(
            award=award,
            number=t.number,
            amount=t.amount,
            planned_on=t.planned_on,
            state=TrancheState.SCHEDULED,
        )
        tranche.conditions.set([made[key] for key in t.conditions])


def write_version(
    award: Award, *, reason: str, by: User, as_of: datetime, amendment: Amendment | None = None
) -> AwardVersion:
    """Keep what the award says now; a step of approving it and of approving an amendment."""
    newest = award.versions.order_by("-number").first()
    return AwardVersion.objects.create(
        award=award,
        number=newest.number + 1 if newest else 1,
        amount=award.amount,
        terms=terms_of(award),
        reason=reason,
        amendment=amendment,
        made_by=by,
        made_at=as_of,
    )
