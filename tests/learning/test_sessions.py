"""The programme's calendar: phases, sessions, attendance, feedback."""

from __future__ import annotations

import io
from datetime import UTC, date, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone
from icalendar import Calendar

from learning.actions.sessions import (
    add_session_file,
    add_session_link,
    change_session,
    check_in,
    give_feedback,
    move_session_on,
    plan_session,
    save_phase,
)
from learning.enums import PhaseKind, SessionState
from learning.models import Attendance, Phase, Session
from learning.queries.sessions import list_sessions, summarise_feedback
from teams.enums import Role
from teams.errors import StateRefused
from teams.models import AuditEvent, Notification, OutboxMessage, Team, User
from teams.scoping import scope_of
from tests.factories.learning import DAY, NOW, make_session
from tests.factories.people import make_team, make_user, signed_in

pytestmark = pytest.mark.django_db


def titles(user: User) -> list[str]:
    return list(
        Notification.objects.filter(user=user).order_by("id").values_list("title", flat=True)
    )


def test_phase_that_overlaps_is_refused_in_words_and_by_the_database(director: User) -> None:
    days: dict[str, Any] = {"starts_on": date(2026, 1, 1), "ends_on": date(2026, 3, 31)}
    save_phase(name="Pre-work", kind=PhaseKind.PRE_WORK, by=director, **days)
    later = {"starts_on": date(2026, 3, 31), "ends_on": date(2026, 6, 30)}
    with pytest.raises(StateRefused, match="“Pre-work” lasts from 1 Jan 2026 to 31 Mar 2026"):
        save_phase(name="Action 1", kind=PhaseKind.ACTION_PERIOD, by=director, **later)
    with pytest.raises(IntegrityError, match="phase_one_at_a_time"), transaction.atomic():
        Phase.objects.create(name="Action 1", kind=PhaseKind.ACTION_PERIOD, **later)
    later["starts_on"] = date(2026, 4, 1)
    save_phase(name="Action 1", kind=PhaseKind.ACTION_PERIOD, by=director, **later)


def test_phase_may_be_saved_over_itself(director: User) -> None:
    days: dict[str, Any] = {"starts_on": date(2026, 1, 1), "ends_on": date(2026, 3, 31)}
    phase = save_phase(name="Pre-work", kind=PhaseKind.PRE_WORK, by=director, **days)
    save_phase(name="Getting ready", kind=PhaseKind.PRE_WORK, by=director, phase=phase, **days)
    assert [p.name for p in Phase.objects.all()] == ["Getting ready"]


def test_invitation_and_new_time_are_told_and_a_new_agenda_is_not(director: User) -> None:
    member = make_user(Role.GROUP_MEMBER)
    session = make_session(director)
    assert titles(member) == ["Invitation: Learning session 1"]
    values = {"agenda": "Welcome", "starts_at": session.starts_at, "ends_at": session.ends_at}
    change_session(session=session, values=values, teams=[], by=director, as_of=NOW)
    assert len(titles(member)) == 1
    values["starts_at"] = session.starts_at + timedelta(minutes=30)
    change_session(session=session, values=values, teams=[], by=director, as_of=NOW)
    assert titles(member)[1:] == ["New time or place: Learning session 1"]
    session.refresh_from_db()
    assert session.sequence == 1
    assert titles(director) == []


def test_new_materials_are_told_once_a_day_and_only_to_whom_the_session_concerns(
    director: User,
) -> None:
    mine = make_team()
    member, stranger = make_user(Role.GROUP_MEMBER, team=mine), make_user(Role.GROUP_MEMBER)
    session = plan_session(
        values={
            "kind": "workshop",
            "title": "Workshop",
            "starts_at": NOW + DAY,
            "ends_at": NOW + DAY + timedelta(hours=1),
        },
        teams=[mine],
        by=director,
        as_of=NOW,
    )
    Notification.objects.all().delete()
    for number, moment in enumerate((NOW, NOW, NOW + DAY)):
        address = f"https://example.org/{number}"
        add_session_link(
            session=session, title="Slides", address=address, by=director, as_of=moment
        )
    assert titles(member) == ["New materials: Workshop"] * 2
    assert titles(stranger) == titles(director) == []
    file = io.BytesIO(b"%PDF-1.7 agenda")
    later = NOW + 2 * DAY
    add_session_file(session=session, file=file, name="agenda.pdf", by=director, as_of=later)
    assert len(titles(member)) == 3


def test_session_for_one_team_is_not_there_for_another(director: User) -> None:
    mine, other = make_team(), make_team()
    session = make_session(director, title="Workshop of one team")
    session.teams.set([mine])
    day = timezone.localdate()
    inside = scope_of(make_user(Role.GROUP_MEMBER, team=mine), on=day)
    outside = make_user(Role.GROUP_MEMBER, team=other)
    assert list(list_sessions(inside)) == [session]
    assert not list_sessions(scope_of(outside, on=day)).exists()
    address = reverse("learning:session", args=[session.pk])
    assert signed_in(outside).get(address).status_code == 404


@pytest.mark.parametrize(
    ("state", "act"),
    [
        (SessionState.HELD, "open"),
        (SessionState.PLANNED, "publish"),
        (SessionState.PUBLISHED, "cancel"),
        (SessionState.CANCELLED, "hold"),
        (SessionState.OPEN, "restore"),
    ],
)
def test_act_that_the_state_does_not_allow_is_refused_with_the_state(
    director: User, state: SessionState, act: str
) -> None:
    session = make_session(director)
    Session.objects.filter(pk=session.pk).update(state=state)
    with pytest.raises(StateRefused, match=f"This one is {state.label.lower()}"):
        move_session_on(session=session, act=act, by=director, as_of=NOW)


def test_notes_are_read_by_members_only_once_they_are_published(director: User) -> None:
    session = make_session(director, notes="What we decided together")
    reader = signed_in(make_user(Role.GROUP_MEMBER))
    address = reverse("learning:session", args=[session.pk])
    assert "What we decided" not in reader.get(address).content.decode()
    for act in ("hold", "publish"):
        session = move_session_on(session=session, act=act, by=director, as_of=NOW)
    assert "What we decided" in reader.get(address).content.decode()


def test_check_in_is_on_the_day_and_counts_once(director: User) -> None:
    team = make_team()
    member = make_user(Role.GROUP_MEMBER, team=team)
    session = make_session(director, in_days=1)
    with pytest.raises(StateRefused, match="on the day of the session"):
        check_in(session=session, person=member, by=member, as_of=NOW)
    for _ in range(2):
        check_in(session=session, person=member, by=member, as_of=NOW + DAY)
    with pytest.raises(StateRefused, match="its list is closed"):
        check_in(session=session, person=director, by=director, as_of=NOW + 16 * DAY)
    attendance = Attendance.objects.get()
    assert (attendance.team, attendance.checked_in_by) == (team, member)


def test_member_checks_in_nobody_else(director: User) -> None:
    member, neighbour = make_user(Role.GROUP_MEMBER), make_user(Role.GROUP_MEMBER)
    session = make_session(director)
    Session.objects.filter(pk=session.pk).update(
        starts_at=timezone.now() - DAY, ends_at=timezone.now()
    )
    address = reverse("learning:check_in", args=[session.pk])
    signed_in(member).post(address, {"person": neighbour.pk})
    assert list(Attendance.objects.values_list("user", flat=True)) == [member.pk]
    signed_in(director).post(address, {"person": neighbour.pk})
    assert Attendance.objects.filter(user=neighbour, checked_in_by=director).exists()


def attendee(session: Session) -> User:
    person = make_user(Role.GROUP_MEMBER)
    check_in(session=session, person=person, by=person, as_of=session.starts_at)
    return person


def test_feedback_is_shown_from_five_answers_on_and_without_names(director: User) -> None:
    session = make_session(director)
    for number in range(5):
        assert summarise_feedback(session).useful is None
        assert summarise_feedback(session).best == ()
        give_feedback(
            session=session,
            useful=number % 5 + 1,
            will_use=5,
            best=f"Talks {number}",
            better="",
            by=attendee(session),
            as_of=NOW + 8 * DAY,
        )
    summary = summarise_feedback(session)
    assert (summary.count, summary.useful, summary.will_use) == (5, 3.0, 5.0)
    assert summary.best == tuple(f"Talks {number}" for number in range(5))


def test_feedback_is_asked_of_those_who_were_there_and_refused_from_others(director: User) -> None:
    session = make_session(director)
    here, absent = attendee(session), make_user(Role.GROUP_MEMBER)
    move_session_on(session=session, act="hold", by=director, as_of=NOW + 8 * DAY)
    asked = Notification.objects.filter(title="How was it? Learning session 1")
    assert [row.user for row in asked] == [here]
    assert asked[0].path == reverse("learning:feedback", args=[session.pk])
    values: dict[str, Any] = {"useful": 5, "will_use": 5, "best": "", "better": ""}
    with pytest.raises(StateRefused, match="Only who was there"):
        give_feedback(session=session, **values, by=absent, as_of=NOW + 8 * DAY)
    give_feedback(session=session, **values, by=here, as_of=NOW + 8 * DAY)


def test_coach_reads_what_people_thought_and_the_groups_do_not(director: User, coach: User) -> None:
    session = make_session(director)
    for _ in range(5):
        give_feedback(
            session=session,
            useful=4,
            will_use=4,
            best="The talk of the neighbours",
            better="",
            by=attendee(session),
            as_of=NOW + 8 * DAY,
        )
    address = reverse("learning:session", args=[session.pk])
    for reader in (coach, director):
        assert "The talk of the neighbours" in signed_in(reader).get(address).content.decode()
    for role in (Role.GROUP_LEAD, Role.SENIOR_SPONSOR, Role.PAYER_ANALYST, Role.EVALUATOR):
        page = signed_in(make_user(role)).get(address).content.decode()
        assert "The talk of the neighbours" not in page


def test_team_that_is_added_is_invited_and_one_that_is_taken_off_gets_a_cancellation(
    director: User,
) -> None:
    """Only who comes or goes is told: nothing changed for the others."""
    stays, leaves, comes = (make_user(Role.GROUP_MEMBER, team=make_team()) for _ in range(3))
    team = {
        user: Team.objects.get(organisation__memberships__user=user)
        for user in (stays, leaves, comes)
    }
    session = make_session(director, title="Workshop")
    session.teams.set([team[stays], team[leaves]])
    Notification.objects.all().delete()
    change_session(
        session=session, values={}, teams=[team[stays], team[comes]], by=director, as_of=NOW
    )
    assert titles(stays) == []
    assert titles(comes) == ["Invitation: Workshop"]
    assert titles(leaves) == ["No longer for you: Workshop"]
    entry = {
        message.notification.user: Calendar.from_ical(message.invitation).walk("VEVENT")[0]
        for message in OutboxMessage.objects.filter(notification__isnull=False)
    }
    assert str(entry[leaves]["status"]) == "CANCELLED"
    assert entry[leaves]["sequence"] == 1
    assert str(entry[comes].get("status", "")) != "CANCELLED"
    event = AuditEvent.objects.get(act="change_session")
    assert event.details["teams_added"] == [team[comes].code]
    assert event.details["teams_removed"] == [team[leaves].code]


def test_cancelled_session_is_not_changed(director: User) -> None:
    session = make_session(director)
    move_session_on(session=session, act="cancel", by=director, as_of=NOW)
    with pytest.raises(StateRefused, match="Bring it back first"):
        change_session(session=session, values={"title": "Other"}, teams=[], by=director, as_of=NOW)


def test_phase_is_deleted_from_its_page(director: User) -> None:
    phase = save_phase(
        name="Pre-work",
        kind=PhaseKind.PRE_WORK,
        starts_on=date(2026, 1, 1),
        ends_on=date(2026, 3, 31),
        by=director,
    )
    client = signed_in(director)
    delete = reverse("learning:delete_phase", args=[phase.pk])
    page = client.get(reverse("learning:phase", args=[phase.pk])).content.decode()
    assert f'action="{delete}"' in page and "Delete this phase" in page
    assert "Delete this phase" not in client.get(reverse("learning:add_phase")).content.decode()
    client.post(delete)
    assert not Phase.objects.exists()


def test_feedback_before_the_session_is_refused(director: User) -> None:
    session = make_session(director)
    with pytest.raises(StateRefused, match="once it has begun"):
        give_feedback(
            session=session, useful=5, will_use=5, best="", better="", by=director, as_of=NOW
        )


def test_calendar_file_says_the_moment_of_the_session(director: User) -> None:
    session = make_session(director, place="Boston, room 4")
    answer = signed_in(make_user(Role.GROUP_MEMBER)).get(
        reverse("learning:session_file", args=[session.pk])
    )
    (event,) = Calendar.from_ical(answer.content).walk("VEVENT")
    assert event["dtstart"].dt == session.starts_at
    assert str(event["location"]) == "Boston, room 4"


def test_form_reads_the_time_in_the_programmes_zone(director: User) -> None:
    """Nine o'clock is nine in Boston, in winter and in summer."""
    client = signed_in(director)
    for day, hour in (("2027-01-12", 14), ("2027-07-12", 13)):
        client.post(
            reverse("learning:plan_session"),
            {
                "kind": "workshop",
                "title": f"Workshop of {day}",
                "on": day,
                "at": "09:00",
                "minutes": "60",
            },
        )
        session = Session.objects.get(title=f"Workshop of {day}")
        assert session.starts_at.astimezone(UTC).hour == hour


def test_form_of_a_session_keeps_what_was_typed(director: User) -> None:
    answer = signed_in(director).post(
        reverse("learning:plan_session"),
        {"kind": "workshop", "title": "", "on": "2027-01-12", "at": "9", "agenda": "A long agenda"},
    )
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "A long agenda" in page
    assert "Write the time as 14:30." in page


@pytest.mark.parametrize("role", list(Role))
def test_everybody_in_the_programme_sees_the_calendar(director: User, role: Role) -> None:
    make_session(director, title="Session for all")
    page = signed_in(make_user(role)).get(reverse("learning:calendar")).content.decode()
    assert "Session for all" in page
