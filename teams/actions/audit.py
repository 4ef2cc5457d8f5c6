"""The audit trail: written inside the transaction of the act that it records."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import transaction
from django.db.models import Model, QuerySet

from teams.models import AuditEvent, Team, User
from teams.permissions import Permission, check_permission
from teams.queries import find_audit_events
from teams.scoping import scope_of


@dataclass(frozen=True)
class RequestOrigin:
    """Where an act came from; the middleware sets it, workers and commands leave it empty."""

    request_id: str = ""
    address: str | None = None


_NO_REQUEST = RequestOrigin()
ORIGIN: ContextVar[RequestOrigin] = ContextVar("request_origin", default=_NO_REQUEST)


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


@transaction.atomic
def download_audit_trail(*, filters: dict[str, Any], by: User, as_of: date) -> QuerySet[AuditEvent]:
    """The events to write into a file. filters: arguments of `find_audit_events`.

    Effects: one event that says who took which part of the trail.
    """
    check_permission(scope_of(by, on=as_of), Permission.VIEW_AUDIT)
    record_event(
        act="download_audit_trail",
        target="audit:trail",
        by=by,
        details={name: str(value) for name, value in filters.items() if value},
    )
    return find_audit_events(**filters)
