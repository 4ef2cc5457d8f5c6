"""Saving one field at a time: nothing is overwritten unseen, and every text is kept."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django import forms
from django.core.exceptions import ValidationError
from django.db import ProgrammingError, transaction
from django.utils import timezone

from teams.actions.autosave import (
    EditConflict,
    PersonalDetailsFound,
    save_field,
    write_fields,
)
from teams.autosave import Editable, list_history, list_latest, list_versions
from teams.enums import Role
from teams.errors import StateRefused
from teams.models import AuditEvent, FieldVersion, Team, User
from teams.presence import note_presence
from tests.factories.people import make_team, make_user

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=timezone.get_default_timezone())
FIELDS = {"name": forms.CharField(max_length=150), "code": forms.CharField(max_length=20)}


@pytest.fixture
def team() -> Team:
    return make_team(name="Old name", code="OLD")


@pytest.fixture
def writer(team: Team) -> User:
    return make_user(Role.GROUP_MEMBER, team=team)


def save(team: Team, by: User, text: str, base: int, **options: Any) -> Any:
    field = options.pop("field", "name")
    as_of = options.pop("as_of", NOW)
    editable = Editable(target=team, team=team, fields=FIELDS, **options.pop("more", {}))
    return save_field(
        editable=editable, field=field, text=text, base=base, by=by, as_of=as_of, **options
    )


def test_first_save_keeps_what_stood_there_before(team: Team, writer: User) -> None:
    saved = save(team, writer, "New name", 0)
    assert (saved.number, saved.text) == (2, "New name")
    assert Team.objects.get().name == "New name"
    assert [(v.number, v.text, v.by) for v in FieldVersion.objects.order_by("number")] == [
        (1, "Old name", None),
        (2, "New name", writer),
    ]


def test_save_on_an_old_version_is_refused_and_shows_the_other_text(
    team: Team, writer: User
) -> None:
    other = make_user(Role.GROUP_LEAD, team=team, name="Ana")
    save(team, other, "Hers", 0)
    with pytest.raises(EditConflict) as conflict:
        save(team, writer, "His", 0)
    assert conflict.value.theirs.text == "Hers"
    assert conflict.value.theirs.by == other
    assert Team.objects.get().name == "Hers"
    assert save(team, writer, "Hers and his", conflict.value.theirs.number).number == 3


def test_text_written_past_the_history_is_a_conflict_too(team: Team, writer: User) -> None:
    with pytest.raises(EditConflict) as conflict:
        save(team, writer, "Mine", 4)
    assert (conflict.value.theirs.number, conflict.value.theirs.text) == (0, "Old name")


def test_saving_the_same_text_twice_is_one_version_and_no_conflict(
    team: Team, writer: User
) -> None:
    first = save(team, writer, "New name", 0)
    again = save(team, writer, "New name", 0)  # the answer to the first one was lost
    assert again == first
    assert FieldVersion.objects.count() == 2


def test_fields_do_not_stand_in_each_others_way(team: Team, writer: User) -> None:
    save(team, writer, "New name", 0)
    assert save(team, writer, "NEW", 0, field="code").number == 2
    assert list_versions([team]) == {("teams.team", team.pk): {"name": 2, "code": 2}}


def test_text_that_does_not_fit_is_refused(team: Team, writer: User) -> None:
    with pytest.raises(ValidationError):
        save(team, writer, "x" * 151, 0)
    with pytest.raises(ValidationError, match="too long"):
        save(team, writer, "x" * 20_001, 0)
    with pytest.raises(KeyError):
        save(team, writer, "1", 0, field="organisation")
    assert not FieldVersion.objects.exists()


def test_state_of_the_object_can_refuse(team: Team, writer: User) -> None:
    def closed() -> None:
        raise StateRefused("Closed.")

    with pytest.raises(StateRefused):
        save(team, writer, "New name", 0, more={"check": closed})
    assert Team.objects.get().name == "Old name"


def test_personal_details_are_stored_only_when_somebody_says_so(team: Team, writer: User) -> None:
    with pytest.raises(PersonalDetailsFound) as found:
        save(team, writer, "Mrs. Jones came", 0)
    assert [d.text for d in found.value.details] == ["Jones"]
    assert Team.objects.get().name == "Old name"
    kept = save(team, writer, "Mrs. Jones came", 0, keep_details=True)
    # What was kept is not asked about again.
    assert save(team, writer, "Mrs. Jones came twice", kept.number).number == kept.number + 1


def test_one_editing_stretch_is_one_event(team: Team, writer: User) -> None:
    save(team, writer, "One", 0)
    save(team, writer, "Two", 2, as_of=NOW + timedelta(minutes=5))
    events = AuditEvent.objects.filter(act="edit_team")
    assert events.count() == 1
    event = events.get()
    later = event.at + timedelta(minutes=31)
    save(team, writer, "Three", 3, as_of=later)
    assert events.count() == 2


def test_acts_that_write_several_fields_make_open_pages_old(team: Team, writer: User) -> None:
    changed = write_fields(
        target=team,
        team=team,
        values={"name": "By act", "code": "OLD"},
        by=writer,
        as_of=NOW,
    )
    team.save()
    assert changed == ["name"]
    with pytest.raises(EditConflict):
        save(team, writer, "From the open page", 0)


def test_history_cannot_be_changed_or_deleted(team: Team, writer: User) -> None:
    save(team, writer, "New name", 0)
    versions = FieldVersion.objects.all()
    for act in (lambda: versions.update(text="never said"), versions.delete):
        with pytest.raises(ProgrammingError, match="append-only"), transaction.atomic():
            act()
    assert [v.text for v in list_history([team])] == ["New name", "Old name"]
    assert [v.number for v in list_latest(team)] == [2]


def test_presence_names_the_others_for_half_a_minute(team: Team, writer: User) -> None:
    other = make_user(Role.GROUP_LEAD, team=team, name="Ana")
    assert note_presence(team, by=other, field="Name", as_of=NOW) == []
    soon = NOW + timedelta(seconds=20)
    assert note_presence(team, by=writer, field="", as_of=soon) == [
        {"name": "Ana", "field": "Name"}
    ]
    assert note_presence(team, by=writer, field="", as_of=NOW + timedelta(seconds=31)) == []
