"""What every write of the grants app begins and ends with: the award's lock, and a link in its chain."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import Model
from django.utils import timezone

from grants.chain import START, link_hash, plain_json
from grants.models import Award, AwardEvent
from teams.actions.audit import record_event
from teams.models import User
from teams.scoping import scope_of


def record_award_event(
    *,
    award: Award,
    act: str,
    target: Model,
    by: User | None,
    as_of: datetime,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    reason: str = "",
) -> AwardEvent:
    """Append one link to the award's chain, and the same to the audit trail. The caller holds the lock.

    before, after: what changed, as JSON. by None: the system.
    """
    last = award.events.order_by("-number").first()
    number, previous = (last.number + 1, last.hash) if last else (1, START)
    roles = ""
    if by is not None:
        scope = scope_of(by, on=timezone.localdate(as_of))
        roles = ", ".join(sorted(scope.roles))
    fields: dict[str, Any] = {
        "number": number,
        "at": as_of,
        "actor_id": by.pk if by else None,
        "roles": roles,
        "act": act,
        "object_type": target._meta.label_lower,
        "object_id": str(target.pk),
        "before": plain_json(before or {}),
        "after": plain_json(after or {}),
        "reason": reason.strip(),
        "previous_hash": previous,
    }
    event = AwardEvent.objects.create(
        award=award, hash=link_hash(award_id=award.pk, **fields), **fields
    )
    record_event(
        act=act,
        target=target,
        by=by,
        team=award.team,
        details={
            "award": award.number,
            "before": fields["before"],
            "after": fields["after"],
            "reason": fields["reason"],
            "link": number,
            "hash": event.hash,
        },
    )
    return event
