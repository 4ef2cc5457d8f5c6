"""Saving one field at a time: never over somebody else's words, and every text is kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models, transaction

from teams.actions.audit import record_event
from teams.autosave import Editable, text_of, type_of
from teams.models import AuditEvent, FieldVersion, Team, User
from teams.personal_details import PersonalDetail, new_personal_details

#: Saves of one person on one object within this time are one event on the audit trail.
EDITING_STRETCH = timedelta(minutes=30)
#: Longest text of one field, in characters.
LONGEST_TEXT = 20_000


class EditConflict(Exception):
    """Somebody saved the field in between. `theirs` is the text that stands there now."""

    def __init__(self, theirs: FieldVersion) -> None:
        super().__init__("Somebody else changed this text while you were writing.")
        self.theirs = theirs


class PersonalDetailsFound(Exception):
    """The text holds what looks like details of a person, and nobody has said that they may stay."""

    def __init__(self, details: list[PersonalDetail]) -> None:
        super().__init__("This looks like details of a person.")
        self.details = details


@dataclass(frozen=True)
class SavedField:
    """number: the version to build on next; text: what stands in the field now."""

    number: int
    text: str


@transaction.atomic
def save_field(
    *,
    editable: Editable,
    field: str,
    text: str,
    base: int,
    by: User,
    as_of: datetime,
    keep_details: bool = False,
) -> SavedField:
    """Write one field, if the reader has seen what stands there.

    base: number of the version that the text was written on. keep_details: store it although it looks like
    details of a person. Saving what stands there already changes nothing and is never a conflict, so a save
    whose answer was lost can be sent again.
    Raises KeyError for a field that cannot be written, ValidationError for a text that does not fit it,
    StateRefused, EditConflict, PersonalDetailsFound.
    Effects: the field, one version, one audit event per editing stretch.
    """
    form_field = editable.fields[field]
    target = (
        type(editable.target)
        ._default_manager.select_for_update(no_key=True, of=("self",))
        .get(pk=editable.target.pk)
    )
    editable.check()
    if len(text) > LONGEST_TEXT:
        raise ValidationError(f"This is too long: at most {LONGEST_TEXT:,} characters.")
    value = form_field.clean(text.replace("\r\n", "\n"))
    before = text_of(editable.value_of(target, field))
    after = text_of(value)
    latest = _latest(target, field)
    number = latest.number if latest else 0
    if after == before:
        return SavedField(number, before)
    if number != base:
        raise EditConflict(latest or _before_history(editable, field, before))
    details = new_personal_details(after, before)
    if details and not keep_details:
        raise PersonalDetailsFound(details)
    number = _keep(target, editable.team, field, before, after, by=by, as_of=as_of, number=number)
    target.save(update_fields=[editable.set_value(target, field, value)])
    editable.touch(target)
    _record_stretch(target, editable.team, by=by, as_of=as_of)
    return SavedField(number, after)


def write_fields(
    *, target: models.Model, team: Team | None, values: Mapping[str, Any], by: User, as_of: datetime
) -> list[str]:
    """Set fields of an object that the caller has locked and will save; what changes goes into the history.

    For acts that write several fields at once, so that an open page notices that its text is old.
    Effects: one version per changed field. Returns the names of the changed fields.
    """
    changed = [name for name, value in values.items() if getattr(target, name) != value]
    for name in changed:
        latest = _latest(target, name)
        number = latest.number if latest else 0
        before, after = text_of(getattr(target, name)), text_of(values[name])
        _keep(target, team, name, before, after, by=by, as_of=as_of, number=number)
        setattr(target, name, values[name])
    return changed


def keep_text(
    *,
    target: models.Model,
    team: Team | None,
    field: str,
    before: Any,
    after: Any,
    by: User,
    as_of: datetime,
) -> None:
    """Put a change that another act makes into the history of a field, so that an open page notices it."""
    old, new = text_of(before), text_of(after)
    if old == new:
        return
    latest = _latest(target, field)
    number = latest.number if latest else 0
    _keep(target, team, field, old, new, by=by, as_of=as_of, number=number)


def _keep(
    target: models.Model,
    team: Team | None,
    field: str,
    before: str,
    after: str,
    *,
    by: User,
    as_of: datetime,
    number: int,
) -> int:
    """The history of a field: what stood there, where that is new to it, and what stands there now."""
    key = {"team": team, "target_type": type_of(target), "target_id": target.pk, "field": field}
    if number == 0 and before:
        # What stood there before the first save would otherwise be nowhere.
        number = 1
        FieldVersion.objects.create(**key, number=number, text=before, by=None, at=as_of)
    FieldVersion.objects.create(**key, number=number + 1, text=after, by=by, at=as_of)
    return number + 1


def _latest(target: models.Model, field: str) -> FieldVersion | None:
    return (
        FieldVersion.objects.filter(target_type=type_of(target), target_id=target.pk, field=field)
        .select_related("by")
        .order_by("-number")
        .first()
    )


def _before_history(editable: Editable, field: str, text: str) -> FieldVersion:
    """What to show in a conflict with a text that was never saved field by field. Not stored."""
    return FieldVersion(
        team=editable.team,
        target_type=type_of(editable.target),
        target_id=editable.target.pk,
        field=field,
        number=0,
        text=text,
    )


def _record_stretch(target: models.Model, team: Team | None, *, by: User, as_of: datetime) -> None:
    act = f"edit_{target._meta.model_name}"
    recent = AuditEvent.objects.filter(
        object_type=type_of(target),
        object_id=str(target.pk),
        actor=by,
        act=act,
        at__gt=as_of - EDITING_STRETCH,
    )
    if not recent.exists():
        record_event(act=act, target=target, by=by, team=team)
