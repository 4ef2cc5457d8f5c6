"""Writes of aims and charters: what the team writes, what the coach says, what is agreed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from pdsa.actions.notices import ask_for_review, tell_reviewed
from pdsa.aims.checks import check_aim
from pdsa.aims.fields import CHARTER_LABELS
from pdsa.enums import AimState, CharterState
from pdsa.models import Aim, Charter, Project
from pdsa.policies.aims import (
    CHARTER_TRANSITIONS,
    check_can,
    check_can_review_aim,
    check_is_whole,
    list_missing,
)
from pdsa.queries.aims import aim_content, charter_content, has_aim, parts_of
from teams.actions.audit import record_event
from teams.errors import StateRefused
from teams.models import User

#: Saves of one person within this time are one version: nobody wants to compare single words.
WRITING_STRETCH = timedelta(minutes=30)


def _keep_version(
    owner: Aim | Charter,
    content: dict[str, Any],
    *,
    by: User,
    as_of: datetime,
    is_fixed: bool = False,
    **fields: Any,
) -> None:
    """Write down what stands now: over the last version of the same stretch, else as a new one."""
    latest = owner.versions.first()
    if latest is not None and latest.content == content and not (is_fixed and latest.is_fixed):
        latest.is_fixed = latest.is_fixed or is_fixed
        for name, value in fields.items():
            setattr(latest, name, value)
        latest.save()
        return
    goes_on = (
        latest is not None
        and not latest.is_fixed
        and latest.saved_by_id == by.pk
        and as_of - latest.saved_at < WRITING_STRETCH
    )
    values = {"content": content, "saved_by": by, "saved_at": as_of, "is_fixed": is_fixed, **fields}
    if goes_on and latest is not None:
        for name, value in values.items():
            setattr(latest, name, value)
        latest.save()
    else:
        owner.versions.create(number=(latest.number if latest else 0) + 1, **values)


@transaction.atomic
def write_aim(*, project: Project, values: Mapping[str, Any], by: User, as_of: datetime) -> Aim:
    """Set the parts of a project's aim. values: fields of Aim.

    Effects: the aim, made when it is first written; a version; a reviewed aim is a draft again; audit event;
    the coaches hear of an aim that passes every check.
    """
    Project.objects.select_for_update(no_key=True).get(pk=project.pk)
    aim, _ = Aim.objects.get_or_create(project=project)
    changed = [name for name, value in values.items() if getattr(aim, name) != value]
    if not changed and aim.versions.exists():
        return aim
    for name in changed:
        setattr(aim, name, values[name])
    aim.state, aim.changed_at = AimState.DRAFT, as_of
    aim.reviewed_by = aim.reviewed_at = None
    aim.save()
    _keep_version(aim, aim_content(aim), by=by, as_of=as_of)
    record_event(
        act="write_aim", target=aim, by=by, team=project.team, details={"changed": sorted(changed)}
    )
    if all(check.passed for check in check_aim(parts_of(aim), today=timezone.localdate(as_of))):
        ask_for_review(what=aim, by=by, as_of=as_of)
    return aim


@transaction.atomic
def review_aim(
    *, aim: Aim, seen_version: int, note: str, is_right: bool, by: User, as_of: datetime
) -> Aim:
    """What the coach says about the aim. is_right: it is reviewed; else it stays a draft with the note.

    Raises StateRefused when it is reviewed already or was changed after the coach read it.
    Effects: state, note, the version that was read is kept for good, audit event.
    """
    aim = Aim.objects.select_for_update(of=("self",)).select_related("project__team").get(pk=aim.pk)
    check_can_review_aim(aim)
    latest = aim.versions.first()
    if latest is None or latest.number != seen_version:
        raise StateRefused("The aim was changed while you were reading. Read it again.")
    aim.review_note = note
    if is_right:
        aim.state, aim.reviewed_by, aim.reviewed_at = AimState.REVIEWED, by, as_of
    aim.save()
    latest.is_fixed = True
    latest.save(update_fields=["is_fixed"])
    record_event(
        act="review_aim",
        target=aim,
        by=by,
        team=aim.project.team,
        details={"version": latest.number, "is_right": is_right},
    )
    tell_reviewed(what=aim, is_right=is_right, by=by, as_of=as_of)
    return aim


def _locked(charter: Charter, act: str) -> Charter:
    locked = (
        Charter.objects.select_for_update(of=("self",))
        .select_related("project__team")
        .get(pk=charter.pk)
    )
    check_can(act, locked)
    return locked


@transaction.atomic
def start_charter(*, project: Project, by: User) -> Charter:
    """The project's charter, made empty when there is none. Effects: audit event when it is made."""
    charter, made = Charter.objects.get_or_create(project=project)
    if made:
        record_event(act="start_charter", target=charter, by=by, team=project.team)
    return charter


@transaction.atomic
def write_charter(
    *, charter: Charter, values: Mapping[str, Any], by: User, as_of: datetime
) -> Charter:
    """Set fields of a draft. Raises StateRefused for a reviewed or agreed charter.

    What fields saved by themselves since the last version becomes part of this one.
    Effects: the fields, a version, audit event without the words themselves.
    """
    charter = _locked(charter, "write")
    changed = [
        name for name in CHARTER_LABELS if name in values and getattr(charter, name) != values[name]
    ]
    for name in changed:
        setattr(charter, name, values[name])
    content = charter_content(charter)
    latest = charter.versions.first()
    if not changed and latest is not None and latest.content == content:
        return charter
    charter.changed_at = as_of
    charter.save()
    _keep_version(charter, content, by=by, as_of=as_of, state=charter.state)
    record_event(
        act="write_charter",
        target=charter,
        by=by,
        team=charter.project.team,
        details={"changed": changed},
    )
    if not list_missing(charter, has_aim=has_aim(charter.project)):
        ask_for_review(what=charter, by=by, as_of=as_of)
    return charter


@transaction.atomic
def comment_on_charter(*, charter: Charter, note: str, by: User, as_of: datetime) -> Charter:
    """The coach asks for changes; the charter stays a draft. Effects: the note, audit event."""
    charter = _locked(charter, "review")
    charter.review_note = note
    charter.save(update_fields=["review_note"])
    record_event(act="comment_on_charter", target=charter, by=by, team=charter.project.team)
    tell_reviewed(what=charter, is_right=False, by=by, as_of=as_of)
    return charter


@transaction.atomic
def review_charter(*, charter: Charter, note: str, by: User, as_of: datetime) -> Charter:
    """The coach has read the charter and finds it whole. Raises StateRefused where something is missing.

    Effects: state, a version that is kept for good, audit event.
    """
    charter = _locked(charter, "review")
    check_is_whole(charter, has_aim=has_aim(charter.project))
    charter.review_note, charter.reviewed_by, charter.reviewed_at = note, by, as_of
    tell_reviewed(what=charter, is_right=True, by=by, as_of=as_of)
    return _move(charter, "review", by=by, as_of=as_of)


@transaction.atomic
def agree_charter(*, charter: Charter, by: User, as_of: datetime) -> Charter:
    """The team and its sponsor agree to the reviewed charter. Effects: state, version, audit event."""
    charter = _locked(charter, "agree")
    charter.agreed_by, charter.agreed_at = by, as_of
    return _move(charter, "agree", by=by, as_of=as_of)


@transaction.atomic
def reopen_charter(*, charter: Charter, by: User, as_of: datetime) -> Charter:
    """Make a draft again of what was reviewed or agreed; the earlier version stays. Effects: audit event."""
    charter = _locked(charter, "reopen")
    charter.reviewed_by = charter.reviewed_at = charter.agreed_by = charter.agreed_at = None
    charter.state, charter.changed_at = CharterState.DRAFT, as_of
    charter.save()
    record_event(act="reopen_charter", target=charter, by=by, team=charter.project.team)
    return charter


def _move(charter: Charter, act: str, *, by: User, as_of: datetime) -> Charter:
    charter.state = CHARTER_TRANSITIONS[act][1]
    charter.changed_at = as_of
    charter.save()
    _keep_version(
        charter, charter_content(charter), by=by, as_of=as_of, is_fixed=True, state=charter.state
    )
    record_event(act=f"{act}_charter", target=charter, by=by, team=charter.project.team)
    return charter
