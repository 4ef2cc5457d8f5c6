"""The audit trail: nobody changes it, and its readers find what they look for."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from datetime import date, timedelta
from io import StringIO

import pytest
from django.db import ProgrammingError, connection, transaction
from django.utils import timezone

from teams.actions.audit import ORIGIN, RequestOrigin, download_audit_trail, record_event
from teams.enums import Role
from teams.errors import NotAllowed
from teams.models import AuditEvent
from teams.queries import find_audit_events
from tests.factories.people import make_team, make_user, signed_in

pytestmark = pytest.mark.django_db


def refused(act: Callable[[], object]) -> str:
    with pytest.raises(ProgrammingError) as problem, transaction.atomic():
        act()
    return str(problem.value)


def test_database_refuses_to_change_or_delete_an_event() -> None:
    team = make_team()
    event = record_event(act="add_team", target=team, by=None)
    events = AuditEvent.objects.filter(pk=event.pk)
    assert "append-only" in refused(lambda: events.update(act="nothing"))
    assert "append-only" in refused(lambda: events.delete())
    assert "append-only" in refused(lambda: event.delete())
    assert events.get().act == "add_team"


def test_database_refuses_to_empty_the_trail() -> None:
    record_event(act="add_team", target=make_team(), by=None)
    with connection.cursor() as cursor:
        cursor.execute("set constraints all immediate")  # else they are what stands in the way
        assert "append-only" in refused(lambda: cursor.execute("truncate teams_auditevent"))
    assert AuditEvent.objects.count() == 1


def test_event_carries_the_request_that_it_came_from() -> None:
    token = ORIGIN.set(RequestOrigin("request-1", "192.0.2.7"))
    try:
        event = record_event(act="download_findings", target="findings:4", by=None)
    finally:
        ORIGIN.reset(token)
    event.refresh_from_db()
    assert (event.object_type, event.object_id) == ("findings", "4")
    assert (event.request_id, event.address) == ("request-1", "192.0.2.7")


def test_event_is_undone_with_its_act() -> None:
    with pytest.raises(RuntimeError), transaction.atomic():
        record_event(act="add_team", target="team:1", by=None)
        raise RuntimeError
    assert not AuditEvent.objects.exists()


def test_filters_by_act_person_team_and_day() -> None:
    mine, other = make_team(), make_team()
    ann, bob = make_user(name="Ann Ames"), make_user(name="Bob Bell")
    first = record_event(act="add_site", target=mine, by=ann, team=mine)
    second = record_event(act="move_site", target=other, by=bob, team=other)
    now = timezone.now()
    assert list(find_audit_events(act="add_site")) == [first]
    assert list(find_audit_events(person="bell")) == [second]
    assert list(find_audit_events(team=mine)) == [first]
    assert set(find_audit_events(after=now - timedelta(hours=1))) == {first, second}
    assert not find_audit_events(before=now - timedelta(hours=1)).exists()


def test_download_is_itself_an_event() -> None:
    administrator = make_user(Role.ADMINISTRATOR)
    record_event(act="add_site", target="site:1", by=administrator)
    events = download_audit_trail(
        filters={"act": "add_site"}, by=administrator, as_of=date(2026, 1, 5)
    )
    assert [event.act for event in events] == ["add_site"]
    download = AuditEvent.objects.get(act="download_audit_trail")
    assert download.actor == administrator
    assert download.details == {"act": "add_site"}


def test_download_refused_without_the_permission() -> None:
    with pytest.raises(NotAllowed):
        download_audit_trail(
            filters={}, by=make_user(Role.PROGRAMME_DIRECTOR), as_of=date(2026, 1, 5)
        )
    assert not AuditEvent.objects.exists()


def test_downloaded_file_holds_the_events_and_no_formula() -> None:
    administrator = make_user(Role.ADMINISTRATOR, email="admin@example.org")
    client = signed_in(administrator)
    record_event(
        act="change_own_name",
        target="=cmd|' /C calc'!A0:1",
        by=administrator,
        details={"after": {"name": "Zoë"}},
    )
    response = client.get("/audit/download/?act=change_own_name")
    text = b"".join(response.streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]
    rows = list(csv.DictReader(StringIO(text)))
    assert [row["person"] for row in rows] == ["admin@example.org"]
    assert rows[0]["object_type"].startswith("'=")
    assert json.loads(rows[0]["details"]) == {"after": {"name": "Zoë"}}
    assert AuditEvent.objects.filter(act="download_audit_trail", actor=administrator).exists()


@pytest.mark.parametrize("role", [r for r in Role if r != Role.ADMINISTRATOR])
def test_pages_are_for_administrators_only(role: Role) -> None:
    client = signed_in(make_user(role))
    assert client.get("/audit/").status_code == 403
    assert client.get("/audit/download/").status_code == 403
    assert not AuditEvent.objects.filter(act="download_audit_trail").exists()


def test_page_keeps_filters_and_names_a_bad_day() -> None:
    client = signed_in(make_user(Role.ADMINISTRATOR))
    page = client.get("/audit/", {"act": "sign_in", "from_on": "soon"}).content.decode()
    assert 'value="soon"' in page
    assert "Write the day as year-month-day" in page
