"""The coach's private note, with its text in the database: one test for each door through which it could leave.

Pages are walked over by `tests/test_every_address.py` as well, where the note of the own team is a mark.
"""

from __future__ import annotations

import io
import json
import zipfile
from datetime import date, timedelta
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from learning.actions.calendars import make_programme_calendar
from learning.actions.coaching import cancel_call, hold_call, plan_call, remind_of_action_items
from learning.actions.storyboards import make_storyboard
from learning.actions.synthesis import open_synthesis, publish_synthesis
from learning.models import Call, PrivateNote, Synthesis
from learning.queries.caseload import list_caseload
from learning.queries.coaching import (
    get_private_note,
    list_private_notes,
    may_read_private_notes,
)
from learning.queries.evaluation import TABLE_NAMES
from learning.queries.since import list_since
from learning.queries.synthesis import list_themes, summarise_month
from pdsa.actions.feeds import send_weekly_digest
from teams.actions.notifications import send_waiting_messages
from teams.enums import Role
from teams.models import AuditEvent, FieldVersion, Notification, OutboxMessage, Team, User
from teams.scoping import scope_of
from tests.factories.cycles import make_project
from tests.factories.learning import make_action, make_coach, make_report, make_session
from tests.factories.people import add_role, make_team, make_token, make_user, signed_in

pytestmark = pytest.mark.django_db

SECRET = "zinnia resignation"
OTHERS = [role for role in Role if role != Role.COACH]


@pytest.fixture
def call(team: Team, coach: User) -> Call:
    """A planned call whose private note was written through its page, twice, so that its history holds it too."""
    now = timezone.now()
    planned = plan_call(
        team=team, coach=coach, planned_at=now + timedelta(days=2), by=coach, as_of=now
    )
    client = signed_in(coach)
    address = reverse("learning:save_private_note", args=[planned.pk])
    for base, text in enumerate((f"First {SECRET}", f"Second {SECRET}")):
        client.post(address, {"field": "text", "text": text, "base": base})
    assert PrivateNote.objects.get().text == f"Second {SECRET}"
    assert FieldVersion.objects.filter(text__contains=SECRET).count() == 2
    return planned


def body_of(answer: Any) -> str:
    """What reached the reader, workbooks and archives unpacked."""
    body = b"".join(answer.streaming_content) if answer.streaming else answer.content
    texts = [body.decode("utf-8", "replace")]
    if body.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            texts += [archive.read(n).decode("utf-8", "replace") for n in archive.namelist()]
    return "\n".join(texts)


def silent(answer: Any) -> bool:
    return SECRET not in body_of(answer)


def others(team: Team) -> list[User]:
    """Everybody of the programme but the team's coach: each role, the team's own people among them."""
    return [
        *(make_user(role, team=team) for role in OTHERS),
        make_coach(make_team(), name="Coach of another team"),
    ]


def assert_no_door_is_open(reader: User, team: Team, call: Call) -> None:
    scope = scope_of(reader, on=timezone.localdate())
    assert not may_read_private_notes(scope, team.pk)
    assert not list_private_notes(scope, team).exists()
    with pytest.raises(PrivateNote.DoesNotExist):
        get_private_note(scope, call.pk)
    client = signed_in(reader)
    assert silent(client.get(reverse("learning:call", args=[call.pk])))
    assert silent(client.get(reverse("learning:coaching", args=[team.code])))
    address = reverse("learning:save_private_note", args=[call.pk])
    answer = client.post(address, {"field": "text", "text": "Other", "base": 2})
    assert answer.status_code in (403, 404) and silent(answer)
    assert PrivateNote.objects.get().text == f"Second {SECRET}"


@pytest.mark.parametrize("role", [Role.PAYER_ANALYST, Role.PAYER_FINANCE])
def test_coach_who_is_the_payers_too_reads_no_note(
    team: Team, coach: User, call: Call, role: Role
) -> None:
    add_role(coach, role)
    assert team.pk in scope_of(coach, on=timezone.localdate()).coached_team_ids
    assert_no_door_is_open(coach, team, call)


@pytest.mark.parametrize("role", [Role.GROUP_LEAD, Role.GROUP_MEMBER, Role.SENIOR_SPONSOR])
def test_coach_who_belongs_to_the_group_too_reads_no_note(
    team: Team, coach: User, call: Call, role: Role
) -> None:
    """A sponsor writes nothing for the group and hears of it all the same."""
    add_role(coach, role, team=team)
    assert_no_door_is_open(coach, team, call)


@pytest.mark.parametrize("role", OTHERS)
def test_coach_of_another_team_with_a_second_role_reads_no_note(
    team: Team, call: Call, role: Role
) -> None:
    """Two roles that each read something of the team together open no door that neither opens alone."""
    reader = make_coach(make_team())
    in_group = role in (Role.GROUP_LEAD, Role.GROUP_MEMBER, Role.SENIOR_SPONSOR)
    add_role(reader, role, team=team if in_group else None)
    assert_no_door_is_open(reader, team, call)


@pytest.mark.parametrize("role", [Role.GROUP_LEAD, Role.EVALUATOR, Role.PROGRAMME_DIRECTOR])
def test_coach_with_a_second_role_elsewhere_still_reads_the_own_note(
    coach: User, call: Call, role: Role
) -> None:
    add_role(coach, role)
    assert not silent(signed_in(coach).get(reverse("learning:call", args=[call.pk])))


# --- pages ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", OTHERS)
def test_note_is_on_no_page(team: Team, call: Call, role: Role) -> None:
    client = signed_in(make_user(role, team=team))
    for path in (
        reverse("learning:call", args=[call.pk]),
        reverse("learning:coaching", args=[team.code]),
        reverse("learning:progress", args=[team.code]),
        reverse("learning:holding", args=[team.code]),
        reverse("learning:caseload"),
        reverse("learning:reports"),
        reverse("learning:own_actions"),
        reverse("learning:feed"),
        reverse("learning:own_stories"),
        reverse("learning:syntheses"),
        reverse("teams:notifications"),
        "/",
    ):
        assert silent(client.get(path)), path
    # Nor the address that the note saves itself to.
    for method in (client.get, client.post):
        answer = method(reverse("learning:save_private_note", args=[call.pk]), {"field": "text"})
        assert answer.status_code in (403, 404) and silent(answer)


def test_note_is_on_the_page_of_the_coach(coach: User, call: Call) -> None:
    """The door that is open: without it the other tests would prove nothing."""
    assert not silent(signed_in(coach).get(reverse("learning:call", args=[call.pk])))


# --- exports ----------------------------------------------------------------------------------------------------


def test_note_is_in_no_export(team: Team, coach: User, call: Call) -> None:
    lead = make_user(Role.GROUP_LEAD, team=team)
    director = make_user(Role.PROGRAMME_DIRECTOR)
    make_project(team, by=lead, title="Cuffs at home")
    session = make_session(director)
    now = timezone.now()
    board = make_storyboard(session=session, team=team, by=lead, as_of=now)
    synthesis = open_synthesis(month=date(2026, 5, 1), by=director)
    Synthesis.objects.update(summary="A month")
    synthesis.refresh_from_db()
    publish_synthesis(synthesis=synthesis, by=director, as_of=now)
    assert SECRET not in json.dumps(board.content)
    assert SECRET not in json.dumps(Synthesis.objects.get().facts)
    addresses = [
        reverse("learning:storyboard_pdf", args=[board.pk]),
        reverse("learning:synthesis_pdf", args=["2026-05"]),
        reverse("learning:session_file", args=[session.pk]),
        reverse("teams:audit_download"),
    ]
    addresses += [reverse("evaluation:files", args=[form]) for form in ("xlsx", "zip")]
    addresses += [reverse("evaluation:table_file", args=[name]) for name in TABLE_NAMES]
    roles = (Role.GROUP_LEAD, Role.PAYER_ANALYST, Role.EVALUATOR, Role.ADMINISTRATOR)
    for reader in (director, *(make_user(role, team=team) for role in roles)):
        client = signed_in(reader)
        for address in addresses:
            assert silent(client.get(address)), (reader, address)


@pytest.mark.parametrize("role", OTHERS)
def test_note_is_in_no_calendar(team: Team, coach: User, call: Call, role: Role) -> None:
    secret = make_programme_calendar(by=make_user(role, team=team))
    answer = Client().get(reverse("learning:calendar_feed", args=[secret]))
    assert answer.status_code == 200 and silent(answer)
    # Not even in the coach's own: a calendar is often shared with a whole office.
    own = make_programme_calendar(by=coach)
    answer = Client().get(reverse("learning:calendar_feed", args=[own]))
    assert b"Coaching call" in answer.content and silent(answer)


def test_note_is_in_nothing_that_others_write_from(team: Team, coach: User, call: Call) -> None:
    """Reports are handed in with what the system knows, and syntheses are made of them."""
    lead = make_user(Role.GROUP_LEAD, team=team)
    director = make_user(Role.PROGRAMME_DIRECTOR)
    today = timezone.localdate()
    hold_call(
        call=call, held_on=today, attendees="", workstreams=[], by=coach, as_of=timezone.now()
    )
    month = today.replace(day=1)
    for reader in (lead, director):
        scope = scope_of(reader, on=today)
        assert SECRET not in str(list_since(scope, team, since=month, until=today))
        assert SECRET not in str(list_themes(scope, month))
        assert SECRET not in str(summarise_month(scope, month))
    assert SECRET not in str(list_caseload(scope_of(director, on=today), today=today))
    report = make_report(team, lead, month=month)
    report.tested_and_learned = "Something"
    report.save()
    client = signed_in(lead)
    client.post(reverse("learning:submit_report", args=[report.pk]))
    report.refresh_from_db()
    assert report.facts is not None and SECRET not in json.dumps(report.facts)


# --- the API ----------------------------------------------------------------------------------------------------


def test_note_is_in_no_answer_of_the_api(team: Team, coach: User, call: Call) -> None:
    now = timezone.now()
    hold_call(
        call=call,
        held_on=timezone.localdate(),
        attendees="",
        workstreams=["clinical"],
        by=coach,
        as_of=now,
    )
    names = (
        "calls", "actions", "scores", "monthly-reports", "sessions", "stories", "syntheses",
        "tests", "projects", "search", "me",
    )  # fmt: skip
    for reader in (*others(team), coach):
        client = Client(headers={"authorization": f"Token {make_token(reader)}"})
        for name in names:
            answer = client.get(f"/api/v1/{name}/")
            assert silent(answer), (reader, name)
        assert silent(client.get("/api/v1/search/?text=zinnia"))
    calls = Client(headers={"authorization": f"Token {make_token(coach)}"}).get("/api/v1/calls/")
    assert calls.json()["count"] == 1, "the call itself is there"


# --- e-mail -----------------------------------------------------------------------------------------------------


def test_note_is_in_no_email_and_no_notification(team: Team, coach: User, call: Call) -> None:
    readers = others(team)
    now = timezone.now()
    make_action(team, coach, due_on=timezone.localdate())
    plan_call(team=team, coach=coach, planned_at=now + timedelta(days=3), by=coach, as_of=now)
    remind_of_action_items(as_of=now)
    for reader in (*readers, coach):
        send_weekly_digest(user=reader, as_of=timezone.localtime())
    cancel_call(call=call, by=coach, as_of=now)
    send_waiting_messages(as_of=now)
    assert len(mail.outbox) > len(readers) // 2
    sent = "\n".join(message.message().as_string() for message in mail.outbox)
    assert SECRET not in sent
    told = Notification.objects.values_list("title", "text")
    assert not any(SECRET in title + text for title, text in told)
    assert not OutboxMessage.objects.filter(invitation__contains=SECRET).exists()


# --- search -----------------------------------------------------------------------------------------------------


def test_note_is_in_no_search_result(team: Team, call: Call) -> None:
    word = SECRET.split()[0]
    for reader in others(team):
        client = signed_in(reader)
        for path in (
            reverse("harvest:search"),
            reverse("aims:library"),
            reverse("pdsa:shared_tests"),
            reverse("pdsa:tests"),
        ):
            answer = client.get(path, {"text": word, "q": word})
            assert silent(answer), (reader, path)


# --- the audit trail --------------------------------------------------------------------------------------------


def test_note_is_in_no_view_of_the_audit_trail(team: Team, coach: User, call: Call) -> None:
    events = AuditEvent.objects.filter(object_type="learning.privatenote")
    assert events.exists(), "that the note was written is on the trail"
    assert SECRET not in json.dumps(list(AuditEvent.objects.values_list("details", flat=True)))
    client = signed_in(make_user(Role.ADMINISTRATOR))
    for address in (reverse("teams:audit"), reverse("teams:audit_download")):
        answer = client.get(address)
        assert answer.status_code == 200 and silent(answer)


def test_note_is_in_no_history_of_a_field(team: Team, call: Call) -> None:
    """Pages that show what stood in a field know the note's versions by their type; nobody else's ask for it."""
    versions = FieldVersion.objects.filter(text__contains=SECRET)
    assert set(versions.values_list("target_type", flat=True)) == {"learning.privatenote"}
    for reader in others(team):
        client = signed_in(reader)
        for version in versions:
            address = reverse("learning:save_private_note", args=[version.target_id])
            assert silent(client.get(address))
