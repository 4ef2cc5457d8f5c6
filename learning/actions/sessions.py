"""Writes about the programme's calendar."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import date, datetime
from typing import Any, BinaryIO

from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from learning.enums import PhaseKind
from learning.models import (
    Attendance,
    Phase,
    PreWorkDone,
    Session,
    SessionFeedback,
    SessionLink,
)
from learning.policies import (
    check_can_change_session,
    check_can_check_in,
    check_can_give_feedback,
    check_session_can,
)
from learning.queries.sessions import has_checked_in, list_attendances, session_entry
from teams.actions.attachments import remove_attachment, store_attachment
from teams.actions.audit import record_event
from teams.actions.notifications import notify
from teams.enums import Topic
from teams.errors import StateRefused
from teams.icalendar import Entry
from teams.models import Attachment, Team, User
from teams.queries import list_participants, team_of

#: Fields whose change makes calendars and people take notice.
_TIME_AND_PLACE = {"starts_at", "ends_at", "place", "join_link"}


@transaction.atomic
def save_phase(
    *,
    name: str,
    kind: PhaseKind,
    starts_on: date,
    ends_on: date,
    by: User,
    phase: Phase | None = None,
) -> Phase:
    """Add a phase or change one. Raises StateRefused where it would overlap another. Effects: an audit event."""
    others = Phase.objects.exclude(pk=phase.pk if phase else None)
    clash = others.filter(starts_on__lte=ends_on, ends_on__gte=starts_on).first()
    if clash is not None:
        raise StateRefused(
            f"“{clash.name}” lasts from {clash.starts_on:%-d %b %Y} to {clash.ends_on:%-d %b %Y}. "
            "Two phases cannot overlap."
        )
    phase = phase or Phase()
    phase.name, phase.kind, phase.starts_on, phase.ends_on = name, kind, starts_on, ends_on
    phase.save()
    record_event(
        act="save_phase",
        target=phase,
        by=by,
        details={"name": name, "starts_on": starts_on.isoformat(), "ends_on": ends_on.isoformat()},
    )
    return phase


@transaction.atomic
def delete_phase(*, phase: Phase, by: User) -> None:
    """Effects: the phase is gone, an audit event that says what it was."""
    record_event(act="delete_phase", target=phase, by=by, details={"name": phase.name})
    phase.delete()


@transaction.atomic
def plan_session(
    *, values: dict[str, Any], teams: Collection[Team], by: User, as_of: datetime
) -> Session:
    """Put a session on the calendar. values: fields of Session. teams: whom it is for, empty for everybody.

    Effects: the session, an audit event, an invitation to everybody it is for.
    """
    session = Session.objects.create(**values, created_by=by, changed_at=as_of)
    session.teams.set(teams)
    record_event(act="plan_session", target=session, by=by, details={"title": session.title})
    _tell(session, f"Invitation: {session.title}", by=by, as_of=as_of)
    return session


@transaction.atomic
def change_session(
    *,
    session: Session,
    values: dict[str, Any],
    teams: Collection[Team],
    by: User,
    as_of: datetime,
) -> Session:
    """Change a session. A new time or place counts up its sequence and is told to everybody it is for; whom it is
    for from now on is invited, whom it is for no longer gets a cancellation.

    Raises StateRefused for a cancelled session. Effects: the session, an audit event with what changed.
    """
    session = Session.objects.select_for_update().get(pk=session.pk)
    check_can_change_session(session)
    before = {team.pk: team for team in session.teams.all()}
    after = {team.pk: team for team in teams}
    were_concerned = _concerned(before.values(), as_of)
    changed = {name for name, value in values.items() if getattr(session, name) != value}
    for name in changed:
        setattr(session, name, values[name])
    moved = bool(changed & _TIME_AND_PLACE)
    # A calendar takes an entry, or its end, only with a higher number than the one that it has.
    session.sequence += moved or before.keys() != after.keys()
    session.changed_at = as_of
    session.save()
    session.teams.set(after.values())
    record_event(
        act="change_session",
        target=session,
        by=by,
        details={
            "changed": sorted(changed),
            "teams_added": sorted(after[pk].code for pk in after.keys() - before.keys()),
            "teams_removed": sorted(before[pk].code for pk in before.keys() - after.keys()),
            "for_everybody": not after,
        },
    )
    if session.starts_at > as_of:
        _tell_of_change(session, were_concerned, moved=moved, by=by, as_of=as_of)
    return session


def _concerned(teams: Iterable[Team], as_of: datetime) -> dict[int, User]:
    found = list_participants(list(teams), on=timezone.localdate(as_of))
    return {user.pk: user for user in found}


def _tell_of_change(
    session: Session, before: dict[int, User], *, moved: bool, by: User, as_of: datetime
) -> None:
    """before: whom the session concerned until now."""
    now = _concerned(session.teams.all(), as_of)
    added = [user for pk, user in now.items() if pk not in before]
    kept = [user for pk, user in now.items() if pk in before]
    removed = [user for pk, user in before.items() if pk not in now]
    entry = session_entry(session)
    _tell(session, f"Invitation: {session.title}", by=by, as_of=as_of, users=added)
    if moved:
        _tell(session, f"New time or place: {session.title}", by=by, as_of=as_of, users=kept)
    _tell(
        session,
        f"No longer for you: {session.title}",
        by=by,
        as_of=as_of,
        users=removed,
        entry=replace(entry, cancelled=True),
        path=reverse("learning:calendar"),
    )


@transaction.atomic
def move_session_on(*, session: Session, act: str, by: User, as_of: datetime) -> Session:
    """Do one of the acts of `SESSION_TRANSITIONS`. Effects: the state, an audit event, a notification."""
    session = Session.objects.select_for_update().get(pk=session.pk)
    session.state = check_session_can(act, session)
    session.changed_at = as_of
    session.sequence += 1
    session.save(update_fields=["state", "changed_at", "sequence"])
    record_event(act=f"{act}_session", target=session, by=by)
    words = {
        "open": f"Pre-work of {session.title} is open",
        "publish": f"Notes of {session.title} are there",
        "cancel": f"Cancelled: {session.title}",
        "restore": f"It takes place after all: {session.title}",
    }
    if act == "hold":
        # The form is for those who were there, and most useful while they remember.
        present = [row.user for row in list_attendances(session)]
        _tell(
            session,
            f"How was it? {session.title}",
            by=by,
            as_of=as_of,
            invites=False,
            users=present,
            path=reverse("learning:feedback", args=[session.pk]),
        )
    if act in words:
        _tell(session, words[act], by=by, as_of=as_of, invites=act in ("cancel", "restore"))
    return session


def _tell(
    session: Session,
    title: str,
    *,
    by: User,
    as_of: datetime,
    invites: bool = True,
    users: Iterable[User] | None = None,
    entry: Entry | None = None,
    path: str = "",
    key: str = "",
) -> None:
    """users: everybody whom the session concerns unless given. entry: the session's own unless given.
    key: what makes it the same message; the session's change unless given."""
    starts_at = timezone.localtime(session.starts_at)
    if users is None:
        users = _concerned(session.teams.all(), as_of).values()
    notify(
        users=[user for user in users if user != by],
        topic=Topic.SESSIONS,
        title=title[:200],
        text=f"{starts_at:%A, %-d %B %Y, %H:%M} ({starts_at:%Z})",
        path=path or reverse("learning:session", args=[session.pk]),
        key=key or f"session-{session.pk}-{session.sequence}-{session.state}",
        entry=entry or (session_entry(session) if invites else None),
        as_of=as_of,
    )


@transaction.atomic
def add_session_link(
    *, session: Session, title: str, address: str, by: User, as_of: datetime
) -> SessionLink:
    """Raises StateRefused for an address that is there already. Effects: the link, an audit event; whom the
    session concerns is told, once a day."""
    if session.links.filter(address=address).exists():
        raise StateRefused("This address is among the materials already.")
    link = SessionLink.objects.create(session=session, title=title, address=address)
    record_event(act="add_session_link", target=session, by=by, details={"address": address})
    _tell_of_material(session, by=by, as_of=as_of)
    return link


def _tell_of_material(session: Session, *, by: User, as_of: datetime) -> None:
    """Five files in an hour are one message."""
    _tell(
        session,
        f"New materials: {session.title}",
        by=by,
        as_of=as_of,
        invites=False,
        key=f"session-{session.pk}-materials-{timezone.localdate(as_of)}",
    )


@transaction.atomic
def add_session_file(
    *, session: Session, file: BinaryIO, name: str, by: User, as_of: datetime
) -> Attachment:
    """Hang a file on a session; everybody whom it concerns reads it and is told, once a day.

    Effects: of `store_attachment` and `notify`.
    """
    stored = store_attachment(owner=session, team=None, file=file, name=name, by=by, as_of=as_of)
    _tell_of_material(session, by=by, as_of=as_of)
    return stored


@transaction.atomic
def remove_session_file(*, attachment: Attachment, by: User, as_of: datetime) -> None:
    """Effects: of `remove_attachment`."""
    remove_attachment(attachment=attachment, by=by, as_of=as_of)


@transaction.atomic
def remove_session_link(*, link: SessionLink, by: User) -> None:
    """Effects: the link is gone, an audit event that says what it was."""
    record_event(
        act="remove_session_link", target=link.session, by=by, details={"address": link.address}
    )
    link.delete()


@transaction.atomic
def check_in(*, session: Session, person: User, by: User, as_of: datetime) -> Attendance:
    """Somebody is there: by the own click, or entered by whoever runs the session.

    Checking in twice is the same as once. Effects: attendance with the person's team of that day, an audit event.
    """
    check_can_check_in(session, as_of)
    attendance, made = Attendance.objects.get_or_create(
        session=session,
        user=person,
        defaults={
            "team": team_of(person, on=timezone.localdate(session.starts_at)),
            "checked_in_at": as_of,
            "checked_in_by": by,
        },
    )
    if made:
        record_event(
            act="check_in",
            target=session,
            by=by,
            team=attendance.team,
            details={"person": person.pk},
        )
    return attendance


@transaction.atomic
def undo_check_in(*, session: Session, person: User, by: User) -> None:
    """Effects: the attendance is gone, an audit event."""
    for attendance in Attendance.objects.filter(session=session, user=person):
        record_event(
            act="undo_check_in",
            target=session,
            by=by,
            team=attendance.team,
            details={"person": person.pk},
        )
        attendance.delete()


@transaction.atomic
def finish_pre_work(*, session: Session, team: Team, by: User, as_of: datetime) -> None:
    """A team says that its pre-work is done; saying it twice is the same. Effects: an audit event."""
    _, made = PreWorkDone.objects.get_or_create(
        session=session, team=team, defaults={"by": by, "at": as_of}
    )
    if made:
        record_event(act="finish_pre_work", target=session, by=by, team=team)


@transaction.atomic
def give_feedback(
    *,
    session: Session,
    useful: int,
    will_use: int,
    best: str,
    better: str,
    by: User,
    as_of: datetime,
) -> None:
    """What a person thinks of a session; the later answer replaces the earlier.

    useful, will_use: 1 to 5. Raises StateRefused for somebody who was not there. Effects: the answer, an audit event without its content.
    """
    check_can_give_feedback(session, as_of, was_there=has_checked_in(session, by))
    SessionFeedback.objects.update_or_create(
        session=session,
        user=by,
        defaults={
            "useful": useful,
            "will_use": will_use,
            "best": best,
            "better": better,
            "given_at": as_of,
        },
    )
    record_event(act="give_feedback", target=session, by=by)
