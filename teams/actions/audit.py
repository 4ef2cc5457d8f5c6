"""The audit trail: written inside the transaction of the act that it records."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from django.db.models import Model

from teams.models import AuditEvent, Team, User


@dataclass(frozen=True)
class RequestOrigin:
    """Where an act came from; the middleware sets it, workers and commands leave it empty."""

    request_id: str = ""
    address: str | None = None


ORIGIN: ContextVar[RequestOrigin] = ContextVar("request_origin", default=RequestOrigin())


def record_event(
    *,
    act: str,
    target: Model | str,
    by: User | None,
    team: Team | None = None,
    details: dict[str, Any] | None = None,
) -> AuditEvent:
    """Append one event.

    act: verb_object, like the action's name ("publish_report_card", "download_findings").
    target: the object, or "type:id" for something that is not a row.
    details: JSON without health data and without secrets; before and after for changes.
    Effects: one row in the same transaction as the caller's writes.
    """
    if isinstance(target, str):
        object_type, _, object_id = target.partition(":")
    else:
        object_type, object_id = target._meta.label_lower, str(target.pk)
    origin = ORIGIN.get()
    return AuditEvent.objects.create(
        actor=by,
        act=act,
        object_type=object_type,
        object_id=object_id,
        team=team,
        details=details or {},
        request_id=origin.request_id,
        address=origin.address,
    )
