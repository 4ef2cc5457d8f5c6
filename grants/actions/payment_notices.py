"""Telling people about payments: that the next step is theirs, that money was sent, and that it came back."""

from __future__ import annotations

from datetime import datetime

from django.urls import reverse
from django.utils import timezone

from grants.enums import TrancheState
from grants.models import Award, Tranche
from grants.queries.rules import list_users_of_group, list_users_with
from teams.actions.notifications import notify
from teams.enums import Topic
from teams.formats import format_money
from teams.models import User
from teams.permissions import Permission
from teams.queries import list_coaches_of

#: What a payment waits for in a state, and who does it; for a ready one the coaches of the team.
_NEXT = {
    TrancheState.RECOMMENDED: ("the programme’s approval", Permission.MANAGE_GRANTS),
    TrancheState.APPROVED_PROGRAMME: ("finance’s approval", Permission.PAY_GRANTS),
    TrancheState.APPROVED_FINANCE: ("being paid", Permission.PAY_GRANTS),
}
_TOLD_TO_GROUP = {
    TrancheState.PAID: "was sent to you",
    TrancheState.PAYMENT_FAILED: "could not be delivered; the money is back at the institute",
}


def tell_of_payment(*, award: Award, tranche: Tranche, by: User | None, as_of: datetime) -> None:
    """Tell whoever does the next step, who has no part in the decision yet, or the group what became of its money.

    Effects: of `notify`; nothing for a state in which nobody has anything to do.
    """
    today = timezone.localdate(as_of)
    state = TrancheState(tranche.state)
    name = (
        f"Payment {tranche.number} of {award.number}, {format_money(tranche.amount, cents=False)},"
    )
    if state in _TOLD_TO_GROUP:
        users = list_users_of_group(award.team_id, on=today)
        title = f"{name} {_TOLD_TO_GROUP[state]}."
    elif state == TrancheState.READY:
        users = list_coaches_of(award.team, on=today) or list_users_with(
            Permission.MANAGE_GRANTS, on=today
        )
        title = f"{name} to {award.team} waits for your recommendation."
    elif state in _NEXT:
        what, permission = _NEXT[state]
        users = list_users_with(permission, on=today)
        title = f"{name} to {award.team} waits for {what}."
    else:
        return
    decided: set[int] = set()
    if state != TrancheState.APPROVED_FINANCE:
        # Nobody decides twice; to pay what is decided is no decision.
        approvals = tranche.approvals.filter(round=tranche.round)
        decided = set(approvals.values_list("by_id", flat=True))
    notify(
        users=[user for user in users if user != by and user.pk not in decided],
        topic=Topic.GRANTS,
        title=title[:200],
        path=reverse("grants:tranche", args=[tranche.pk]),
        key=f"grant-payment-{tranche.pk}-{state}-{as_of.isoformat()}",
        as_of=as_of,
    )
