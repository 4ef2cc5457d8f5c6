"""Calls, private notes, actions and requests for help."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import QuerySet
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from icalendar import Calendar

from learning.actions.coaching import (
    add_action_item,
    answer_help,
    ask_for_help,
    cancel_call,
    close_action_item,
    hold_call,
    plan_call,
    remind_of_action_items,
    remind_of_calls,
    reopen_action_item,
    take_over_team,
)
from learning.attention import Rule
from learning.enums import ActionState, CallState
from learning.models import ActionItem, Call, PrivateNote, StreamNote
from learning.queries.caseload import list_caseload
from learning.queries.coaching import get_private_note, list_private_notes
from teams.enums import Role
from teams.errors import StateRefused
from teams.models import (
    AuditEvent,
    CoachAssignment,
    FieldVersion,
    Notification,
    OutboxMessage,
    Team,
    User,
)
from teams.queries import get_programme
from teams.scoping import scope_of
from tests.factories.cycles import make_cycle, make_project
from tests.factories.learning import (
    DAY,
    NOW,
    TODAY,
    make_action,
    make_call,
    make_coach,
)
from tests.factories.local_measures import enter, make_local_measure
from tests.factories.people import add_role, make_coach_assignment, make_team, make_user, signed_in

pytestmark = pytest.mark.django_db

SECRET = "The lead is about to resign, handle with care"


def clinical_note(call: Call) -> QuerySet[StreamNote]:
    return StreamNote.objects.filter(call=call, workstream="clinical")


def told(user: User) -> list[str]:
    return list(Notification.objects.filter(user=user).values_list("title", flat=True))


# --- calls -----------------------------------------------------------------------------------------------------


def test_planning_again_moves_the_one_planned_call(team: Team, coach: User, member: User) -> None:
    first = make_call(team, coach, in_days=7)
    second = make_call(team, coach, in_days=9)
    assert first.pk == second.pk
    assert Call.objects.filter(state=CallState.PLANNED).count() == 1
    assert len(told(member)) == 2
    assert told(coach) == [], "nobody is told what they did themselves"


def test_call_of_somebody_who_does_not_coach_the_team_is_refused(team: Team) -> None:
    stranger = make_coach(make_team())
    with pytest.raises(StateRefused, match="does not coach Harbor Health on that day"):
        make_call(team, stranger)


def test_call_in_the_past_is_refused(team: Team, coach: User) -> None:
    with pytest.raises(StateRefused, match="still to come"):
        plan_call(team=team, coach=coach, planned_at=NOW - DAY, by=coach, as_of=NOW)


def test_two_planned_calls_of_a_team_are_refused_by_the_database(team: Team, coach: User) -> None:
    make_call(team, coach)
    with (
        pytest.raises(IntegrityError, match="call_planned_once_a_team"),
        transaction.atomic(),
    ):
        Call.objects.create(team=team, coach=coach, planned_at=NOW)


def test_held_call_is_held_once_and_not_on_a_day_to_come(team: Team, coach: User) -> None:
    call = make_call(team, coach)
    values: dict[str, Any] = {"call": call, "attendees": "", "workstreams": [], "by": coach}
    with pytest.raises(StateRefused, match="still to come"):
        hold_call(held_on=TODAY + DAY, as_of=NOW, **values)
    hold_call(held_on=TODAY, as_of=NOW, **values)
    with pytest.raises(StateRefused, match="Only a planned call"):
        hold_call(held_on=TODAY, as_of=NOW, **values)
    with pytest.raises(StateRefused, match="Only a planned call"):
        cancel_call(call=call, by=coach, as_of=NOW)


def test_call_page_shows_both_sides_the_notes_and_only_the_coach_may_write(
    team: Team, coach: User, member: User
) -> None:
    call = make_call(team, coach)
    clinical_note(call).update(wins="Thirty patients reached")
    for reader, writes in ((coach, True), (member, False)):
        page = signed_in(reader).get(reverse("learning:call", args=[call.pk])).content.decode()
        assert "Thirty patients reached" in page
        assert ("data-autosave" in page) is writes


def test_notes_save_field_by_field_and_show_a_conflict(team: Team, coach: User) -> None:
    call = make_call(team, coach)
    client = signed_in(coach)
    address = reverse("learning:save_call_notes", args=[clinical_note(call).get().pk])
    first = client.post(address, {"field": "wins", "text": "First words", "base": "0"})
    assert first.json() == {"version": 1, "text": "First words"}
    late = client.post(address, {"field": "wins", "text": "Other words", "base": "0"})
    assert late.status_code == 409
    assert late.json()["conflict"]["text"] == "First words"
    assert clinical_note(call).get().wins == "First words"


def test_member_cannot_write_the_coachs_notes(team: Team, coach: User, member: User) -> None:
    call = make_call(team, coach)
    answer = signed_in(member).post(
        reverse("learning:save_call_notes", args=[clinical_note(call).get().pk]),
        {"field": "wins", "text": "Mine", "base": "0"},
    )
    assert answer.status_code == 403


# --- the private note -----------------------------------------------------------------------------------------


def test_coach_of_the_team_reads_and_writes_the_private_note(team: Team, coach: User) -> None:
    call = make_call(team, coach)
    client = signed_in(coach)
    client.post(
        reverse("learning:save_private_note", args=[call.pk]),
        {"field": "text", "text": SECRET, "base": "0"},
    )
    assert SECRET in client.get(reverse("learning:call", args=[call.pk])).content.decode()
    assert SECRET in client.get(reverse("learning:coaching", args=[team.code])).content.decode()


@pytest.mark.parametrize("role", [role for role in Role if role != Role.COACH])
def test_private_note_reaches_nobody_else(team: Team, coach: User, role: Role) -> None:
    call = make_call(team, coach, private=SECRET)
    client = signed_in(coach)
    # Written through the page too, so that the history of the field holds it.
    client.post(
        reverse("learning:save_private_note", args=[call.pk]),
        {"field": "text", "text": f"{SECRET}!", "base": "0"},
    )
    reader = make_user(role, team=team)
    pages = signed_in(reader)
    for address in (
        reverse("learning:call", args=[call.pk]),
        reverse("learning:coaching", args=[team.code]),
        reverse("learning:caseload"),
        reverse("learning:reports"),
        reverse("teams:audit"),
        reverse("teams:audit_download"),
        reverse("teams:notifications"),
        "/",
    ):
        answer = pages.get(address)
        body = b"".join(answer.streaming_content) if answer.streaming else answer.content
        assert b"about to resign" not in body, address
    for method in (pages.get, pages.post):
        answer = method(reverse("learning:save_private_note", args=[call.pk]))
        assert answer.status_code in {403, 404}
    scope = scope_of(reader, on=timezone.localdate())
    assert not list_private_notes(scope, team).exists()
    with pytest.raises(PrivateNote.DoesNotExist):
        get_private_note(scope, call.pk)
    everything = Notification.objects.values_list("title", "text")
    assert not any("resign" in title + text for title, text in everything)
    assert not AuditEvent.objects.filter(details__icontains="resign").exists()


def test_private_note_goes_with_the_team_when_the_coach_changes(team: Team, coach: User) -> None:
    call = make_call(team, coach, private=SECRET)
    today = timezone.localdate()
    CoachAssignment.objects.filter(user=coach).update(ends_on=today - DAY)
    successor = make_user(Role.COACH)
    make_coach_assignment(successor, team)
    assert get_private_note(scope_of(successor, on=today), call.pk).text == SECRET
    with pytest.raises(PrivateNote.DoesNotExist):
        get_private_note(scope_of(coach, on=today), call.pk)


def test_coach_who_also_works_in_the_team_reads_no_private_note(team: Team, coach: User) -> None:
    call = make_call(team, coach, private=SECRET)
    add_role(coach, Role.GROUP_MEMBER, team=team)
    with pytest.raises(PrivateNote.DoesNotExist):
        get_private_note(scope_of(coach, on=timezone.localdate()), call.pk)


def test_coach_of_another_team_reads_no_private_note(team: Team, coach: User) -> None:
    call = make_call(team, coach, private=SECRET)
    other = make_coach(make_team())
    client = signed_in(other)
    assert client.get(reverse("learning:call", args=[call.pk])).status_code == 404
    assert client.get(reverse("learning:save_private_note", args=[call.pk])).status_code == 404


def test_history_keeps_what_the_private_note_said(team: Team, coach: User) -> None:
    call = make_call(team, coach)
    client = signed_in(coach)
    address = reverse("learning:save_private_note", args=[call.pk])
    client.post(address, {"field": "text", "text": "One", "base": "0"})
    client.post(address, {"field": "text", "text": "Two", "base": "1"})
    kept = FieldVersion.objects.filter(target_type="learning.privatenote").order_by("number")
    assert [version.text for version in kept] == ["One", "Two"]


# --- action items ---------------------------------------------------------------------------------------------


def test_action_of_a_stranger_is_refused(team: Team, coach: User) -> None:
    stranger = make_user(Role.GROUP_MEMBER, team=make_team())
    with pytest.raises(StateRefused, match="does not work with Harbor Health"):
        make_action(team, stranger)


def test_owner_is_told_unless_the_owner_wrote_it(team: Team, coach: User, member: User) -> None:
    add_action_item(
        team=team,
        text="Count the blanks",
        owner=member,
        due_on=TODAY,
        workstream="real_data",
        by=coach,
        as_of=NOW,
    )
    make_action(team, member, text="My own plan")
    assert told(member) == ["An action is yours: Count the blanks"]


def test_reminder_comes_three_days_before_and_never_twice_in_seven_days(
    team: Team, member: User
) -> None:
    make_action(team, member, due_on=TODAY + 4 * DAY)
    told_on = [day for day in range(31) if remind_of_action_items(as_of=NOW + day * DAY)]
    assert told_on == [1, 8, 15, 22, 29]
    assert "overdue since 19 June" in " ".join(told(member))


def test_call_is_brought_to_mind_the_day_before_and_once(
    team: Team, coach: User, member: User
) -> None:
    call = make_call(team, coach, in_days=2)
    assert remind_of_calls(as_of=NOW) == 0
    assert remind_of_calls(as_of=NOW + DAY) == 2
    assert remind_of_calls(as_of=NOW + DAY) == 0
    assert remind_of_calls(as_of=NOW + 2 * DAY) == 0
    assert "Tomorrow at 09:30: coaching call of Harbor Health" in told(member)
    assert "Tomorrow at 09:30: coaching call of Harbor Health" in told(coach)
    cancel_call(call=call, by=coach, as_of=NOW)
    Notification.objects.all().delete()
    assert remind_of_calls(as_of=NOW + DAY) == 0


def test_reminder_of_a_sunday_is_not_repeated_on_monday(team: Team, member: User) -> None:
    sunday = NOW + 6 * DAY
    make_action(team, member, due_on=TODAY + 9 * DAY)
    assert remind_of_action_items(as_of=sunday) == 1
    assert remind_of_action_items(as_of=sunday + DAY) == 0


def test_several_actions_are_one_reminder_a_week_and_each_is_named_before_its_day(
    team: Team, member: User
) -> None:
    for day in (2, 5, 9):
        make_action(team, member, due_on=TODAY + day * DAY, text=f"Due in {day} days")
    told_on = [day for day in range(9) if remind_of_action_items(as_of=NOW + day * DAY)]
    assert told_on == [0, 7]
    first = Notification.objects.filter(user=member, title__startswith="3 actions").earliest("pk")
    assert all(f"Due in {day} days" in first.text for day in (2, 5, 9))


def test_nobody_is_reminded_for_a_team_that_was_left(team: Team, member: User) -> None:
    make_action(team, member, due_on=TODAY)
    member.memberships.update(ends_on=TODAY - DAY)
    assert remind_of_action_items(as_of=NOW) == 0


def test_closed_action_is_never_brought_to_mind(team: Team, member: User) -> None:
    item = make_action(team, member, due_on=TODAY)
    close_action_item(item=item, state=ActionState.DONE, note="", by=member, as_of=NOW)
    assert remind_of_action_items(as_of=NOW) == 0
    with pytest.raises(StateRefused, match="done already"):
        close_action_item(item=item, state=ActionState.DROPPED, note="", by=member, as_of=NOW)
    reopen_action_item(item=item, by=member)
    with pytest.raises(StateRefused, match="open already"):
        reopen_action_item(item=item, by=member)
    assert remind_of_action_items(as_of=NOW) == 1


def test_form_of_an_action_keeps_what_was_typed(team: Team, coach: User, member: User) -> None:
    answer = signed_in(coach).post(
        reverse("learning:add_action", args=[team.code]),
        {
            "text": "A long sentence that took a while",
            "owner": "",
            "due_on": "",
            "workstream": "clinical",
        },
    )
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "A long sentence that took a while" in page
    assert "Choose who does it." in page


# --- help -----------------------------------------------------------------------------------------------------


def test_question_reaches_the_coach_and_the_answer_whoever_asked(
    team: Team, coach: User, member: User
) -> None:
    asked = ask_for_help(team=team, text="Who has a script?", by=member, as_of=NOW)
    assert told(coach) == ["Harbor Health asks for help"]
    answer_help(asked=asked, answer="I send you one.", by=coach, as_of=NOW)
    assert told(member) == ["Cora Coach answered your question"]
    with pytest.raises(StateRefused, match="answered this on 15 Jun 2026 already"):
        answer_help(asked=asked, answer="Again", by=coach, as_of=NOW)


# --- the caseload ---------------------------------------------------------------------------------------------


def test_caseload_says_why_and_puts_the_weightiest_first(team: Team, coach: User) -> None:
    calm = make_team(name="Aspen Group")
    make_coach_assignment(coach, calm)
    member = make_user(Role.GROUP_MEMBER, team=team)
    ask_for_help(team=team, text="Help", by=member, as_of=NOW)
    make_call(calm, coach)
    rows = list_caseload(scope_of(coach, on=timezone.localdate()), today=TODAY)
    assert [row.team.name for row in rows] == ["Harbor Health", "Aspen Group"]
    assert [reason.rule for reason in rows[0].reasons] == [
        Rule.HELP_ASKED,
        Rule.QUIET,
        Rule.NO_CALL,
    ]
    page = signed_in(coach).get(reverse("learning:caseload")).content.decode()
    assert "Asked for help on 15 Jun, no answer yet." in page
    assert re.search(r"Help asked.*Waits|How the order is made", page, re.DOTALL)


def test_caseload_holds_no_team_of_another_coach(team: Team, coach: User) -> None:
    other = make_team(name="Strange Valley Group")
    make_coach(other)
    page = signed_in(coach).get(reverse("learning:caseload")).content.decode()
    assert "Strange Valley" not in page


@pytest.mark.parametrize("count", [1, 4])
def test_caseload_asks_the_same_number_of_questions_for_any_number_of_teams(count: int) -> None:
    coach = make_user(Role.COACH)
    for _ in range(count):
        team = make_team()
        make_coach_assignment(coach, team)
        make_call(team, coach)
        make_action(team, coach, due_on=TODAY - DAY)
        lead = make_user(Role.GROUP_LEAD, team=team)
        measure = make_local_measure(make_project(team, by=lead), by=lead)
        enter(measure, "nh_black", FALLING, by=lead, first=BEGAN)
    get_programme()  # Its row is made when it is first asked for.
    scope = scope_of(coach, on=timezone.localdate())
    with CaptureQueriesContext(connection) as queries:
        list_caseload(scope, today=TODAY)
    assert len(queries) == 20


BEGAN = date(2024, 6, 1)
#: Of 50 patients: twelve months around 60 %, then eight below it.
FALLING = [
    (n, 50)
    for n in (30, 31, 29, 30, 32, 28, 30, 31, 29, 30, 31, 29, 20, 21, 19, 20, 18, 20, 21, 19)
]


def test_signal_the_wrong_way_is_a_reason_and_the_right_way_is_none(
    team: Team, coach: User
) -> None:
    lead = make_user(Role.GROUP_LEAD, team=team)
    measure = make_local_measure(make_project(team, by=lead), by=lead, name="Blood pressure")
    enter(measure, "nh_black", FALLING, by=lead, first=BEGAN)
    scope = scope_of(coach, on=timezone.localdate())
    (row,) = list_caseload(scope, today=TODAY)
    sentences = [r.sentence for r in row.reasons if r.rule == Rule.SIGNAL]
    assert sentences and "Blood pressure, Black" in sentences[0]
    assert "unfavourable" in sentences[0]
    better = make_local_measure(
        make_project(team, by=lead), by=lead, name="No-shows", direction="lower"
    )
    enter(better, "nh_black", FALLING, by=lead, first=BEGAN)
    (row,) = list_caseload(scope, today=TODAY)
    signals = [reason.sentence for reason in row.reasons if reason.rule == Rule.SIGNAL]
    assert signals and all("No-shows" not in sentence for sentence in signals)


def test_signal_that_is_over_is_no_reason(team: Team, coach: User) -> None:
    lead = make_user(Role.GROUP_LEAD, team=team)
    measure = make_local_measure(make_project(team, by=lead), by=lead)
    recovered = [(31, 50), (30, 50), (29, 50)]
    enter(measure, "nh_black", [*FALLING, *recovered], by=lead, first=BEGAN)
    (row,) = list_caseload(scope_of(coach, on=timezone.localdate()), today=TODAY)
    assert Rule.SIGNAL not in {reason.rule for reason in row.reasons}


# --- hand-over ------------------------------------------------------------------------------------------------


def test_successor_takes_over_the_planned_call_and_open_actions(
    team: Team, coach: User, member: User
) -> None:
    call = make_call(team, coach)
    theirs = make_action(team, coach, text="Send the script")
    other = make_action(team, member)
    today = timezone.localdate()
    CoachAssignment.objects.filter(user=coach).update(ends_on=today - DAY)
    successor = make_user(Role.COACH, team=team, name="Sam Successor")
    client = signed_in(successor)
    page = client.get(reverse("learning:coaching", args=[team.code])).content.decode()
    assert "Hand-over" in page and "Send the script" in page
    client.post(reverse("learning:take_over", args=[team.code]))
    call.refresh_from_db()
    assert (call.coach, call.sequence) == (successor, 1)
    owners = dict(ActionItem.objects.values_list("pk", "owner__name"))
    assert owners == {theirs.pk: "Sam Successor", other.pk: "Nia Nurse"}
    assert any("Sam Successor is your coach" in title for title in told(member))
    page = client.get(reverse("learning:coaching", args=[team.code])).content.decode()
    assert "Hand-over" not in page
    with pytest.raises(StateRefused, match="Nothing of the coach before"):
        take_over_team(team=team, by=successor, as_of=timezone.now())
    with pytest.raises(StateRefused, match="do not coach"):
        take_over_team(team=team, by=coach, as_of=timezone.now())


def test_invitation_of_a_call_moves_and_ends_the_entry_in_the_calendar(
    team: Team, coach: User, member: User
) -> None:
    call = make_call(team, coach)
    make_call(team, coach, in_days=9)
    call.refresh_from_db()
    cancel_call(call=call, by=coach, as_of=NOW)
    texts = OutboxMessage.objects.filter(notification__user=member).order_by("pk")
    entries = [
        Calendar.from_ical(text).walk("VEVENT")[0]
        for text in texts.values_list("invitation", flat=True)
    ]
    assert [entry["sequence"] for entry in entries] == [0, 1, 2]
    assert len({str(entry["uid"]) for entry in entries}) == 1
    assert str(entries[-1]["status"]) == "CANCELLED"


def test_action_is_about_one_test_and_says_so(team: Team, coach: User) -> None:
    lead = make_user(Role.GROUP_LEAD, team=team)
    cycle = make_cycle(team, by=lead)
    strange = make_cycle(make_team(), by=lead)
    client = signed_in(coach)
    values = {
        "text": "Ask ten",
        "owner": coach.pk,
        "due_on": "2030-01-02",
        "workstream": "clinical",
    }
    address = reverse("learning:add_action", args=[team.code])
    refused = client.post(address, {**values, "about": f"cycle-{strange.pk}"})
    assert refused.status_code == 422
    client.post(address, {**values, "about": f"cycle-{cycle.pk}"})
    assert ActionItem.objects.get().cycle == cycle
    page = client.get(reverse("learning:coaching", args=[team.code])).content.decode()
    assert reverse("pdsa:cycle", args=[cycle.pk]) in page
