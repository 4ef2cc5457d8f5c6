"""What autosave works with: an object, the fields that may be written, and a field's value as text.

A page saves one field at a time. Text travels in both directions as a browser's control holds it, so the
same rules serve a sentence, a number, a day and a choice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from django import forms
from django.db import models

from teams.models import FieldVersion, Team


@dataclass(frozen=True)
class Part:
    """A text within a column of the object: how it is read, how it is set, and which column has to be saved."""

    column: str
    get: Callable[[Any], Any]
    set: Callable[[Any, Any], None]


@dataclass(frozen=True)
class Editable:
    """An object whose fields save themselves.

    fields: name of the model's field → the form field that checks its text. Nothing else can be written.
    check: raises StateRefused when the object's state forbids writing now.
    touch: called with the locked object after a save, inside the transaction (the time of the last change).
    parts: fields that are not columns of their own but a part of one, such as an answer in a list of answers.
    """

    target: models.Model
    team: Team | None
    fields: Mapping[str, forms.Field]
    check: Callable[[], None] = lambda: None
    touch: Callable[[models.Model], None] = lambda target: None
    parts: Mapping[str, Part] = field(default_factory=dict)

    def value_of(self, target: models.Model, name: str) -> Any:
        return self.parts[name].get(target) if name in self.parts else getattr(target, name)

    def set_value(self, target: models.Model, name: str, value: Any) -> str:
        """Set it on the object; the name of the column that has to be saved."""
        if name not in self.parts:
            setattr(target, name, value)
            return name
        self.parts[name].set(target, value)
        return self.parts[name].column


def text_of(value: Any) -> str:
    """A value as the control of its form field would hold it."""
    if value is None or value is False:
        return ""
    if value is True:
        return "on"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return format(value.normalize(), "f")
    if isinstance(value, models.Model):
        return str(value.pk)
    return str(value)


def type_of(target: models.Model) -> str:
    """The kind of object, as the audit trail writes it."""
    return target._meta.label_lower


def fields_of(form: type[forms.BaseForm], *names: str) -> dict[str, forms.Field]:
    """Form fields by name, all of them or those named, for `Editable.fields`."""
    fields = form.base_fields  # type: ignore[attr-defined]
    return {name: fields[name] for name in names or fields}


# --- what is known of an object's fields ---------------------------------------------------------------------


def list_versions(targets: Iterable[models.Model]) -> dict[tuple[str, int], dict[str, int]]:
    """Latest version numbers, field by field, of objects: {(type, id): {field: number}}; one query.

    A field that is missing is at version 0.
    """
    ids: dict[str, list[int]] = {}
    for target in targets:
        ids.setdefault(type_of(target), []).append(target.pk)
    wanted = models.Q(pk__in=[])
    for name, pks in ids.items():
        wanted |= models.Q(target_type=name, target_id__in=pks)
    found: dict[tuple[str, int], dict[str, int]] = {}
    rows = (
        FieldVersion.objects.filter(wanted)
        .order_by()
        .values_list("target_type", "target_id", "field")
        .annotate(latest=models.Max("number"))
    )
    for name, pk, field_name, number in rows:
        found.setdefault((name, pk), {})[field_name] = number
    return found


def versions_of(target: models.Model) -> dict[str, int]:
    """Latest version numbers of one object by field; a field that is missing is at version 0. One query."""
    return list_versions([target]).get((type_of(target), target.pk), {})


@dataclass(frozen=True)
class Box:
    """A text that saves itself, as a page shows it. id: of its control, used once on the page."""

    id: str
    name: str
    label: str
    text: str
    version: int


def list_boxes(target: models.Model, form: type[forms.BaseForm], *, prefix: str = "") -> list[Box]:
    """The fields of an object that a form checks, in the form's order; one query.

    prefix: of the boxes' ids, where a page shows several objects of a kind.
    """
    versions = versions_of(target)
    return [
        Box(
            id=f"{prefix}{name}",
            name=name,
            label=str(field.label),
            text=getattr(target, name),
            version=versions.get(name, 0),
        )
        for name, field in fields_of(form).items()
    ]


def list_latest(target: models.Model) -> list[FieldVersion]:
    """The latest version of every field of an object that has any; one query."""
    return list(
        FieldVersion.objects.filter(target_type=type_of(target), target_id=target.pk)
        .order_by("field", "-number")
        .distinct("field")
        .select_related("by")
    )


def list_history(
    targets: Iterable[models.Model], *, field: str | None = None
) -> models.QuerySet[FieldVersion]:
    """Every version of the objects' fields (or of one field), newest first."""
    wanted = models.Q(pk__in=[])
    for target in targets:
        wanted |= models.Q(target_type=type_of(target), target_id=target.pk)
    versions = FieldVersion.objects.filter(wanted)
    if field is not None:
        versions = versions.filter(field=field)
    return versions.select_related("by").order_by("-at", "-id")


# --- forms that are sent as a whole --------------------------------------------------------------------------


class EditConflicts(Exception):
    """Somebody wrote meanwhile in what a form sent as a whole would write over.

    theirs: `Typed.key` → the text that stands there now.
    """

    def __init__(self, theirs: Mapping[str | int, FieldVersion]) -> None:
        super().__init__("Somebody else changed this while you were writing.")
        self.theirs = theirs


@dataclass(frozen=True)
class Typed:
    """A field of a form that is sent as a whole.

    key: how the form tells it from its other fields; base: number of the version that the form showed.
    """

    key: str | int
    target: models.Model
    field: str
    value: Any
    base: int


def only_changes(typed: Iterable[Typed]) -> list[Typed]:
    """Those that a person changed from what the form showed: a box left as it was writes nothing.

    The caller has locked the targets. Raises EditConflicts where somebody else wrote meanwhile.
    """
    changes: list[Typed] = []
    theirs: dict[str | int, FieldVersion] = {}
    for one in typed:
        latest = list_history([one.target], field=one.field).order_by("-number").first()
        stands, text = text_of(getattr(one.target, one.field)), text_of(one.value)
        if latest is None or latest.number == one.base:
            shown = stands
        else:
            shown = _text_at(one.target, one.field, one.base)
        if text in (shown, stands):
            continue
        if latest is not None and latest.number != one.base:
            theirs[one.key] = latest
        changes.append(one)
    if theirs:
        raise EditConflicts(theirs)
    return changes


def _text_at(target: models.Model, field: str, number: int) -> str:
    """What stood in a field at a version; at 0, before its history began."""
    version = list_history([target], field=field).filter(number=number or 1).first()
    if version is None or (number == 0 and version.by_id is not None):
        return ""
    return version.text
