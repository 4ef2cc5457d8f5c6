"""Reports and applications save each field by itself, on the version that was read (ADR 15)."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from grants.actions.calls import open_call, submit_application, write_application
from grants.actions.reports import start_report, submit_report, write_narrative_report
from grants.enums import AwardKind
from grants.models import ReportVersion
from teams.enums import Role
from teams.models import FieldVersion
from tests.factories.grants import NOW, Grants, make_award
from tests.factories.people import make_team, make_user, signed_in

pytestmark = pytest.mark.django_db


def started(world: Grants, kind: str) -> ReportVersion:
    report = make_award(world).reports.filter(kind=kind).order_by("due_on")[0]
    return start_report(report=report, by=world.lead, as_of=NOW)


def save(client: Any, path: str, field: str, text: str, base: int = 0) -> Any:
    return client.post(path, {"field": field, "text": text, "base": base})


def test_answers_of_one_report_by_two_people_do_not_overwrite_each_other(world: Grants) -> None:
    version = started(world, "narrative")
    path = f"/grants/reports/versions/{version.pk}/autosave/"
    lead = signed_in(world.lead)
    member = signed_in(make_user(Role.GROUP_MEMBER, team=world.team, name="Mel Member"))
    assert save(lead, path, "done", "Two tests").status_code == 200
    assert save(member, path, "learned", "Evenings work").status_code == 200
    version.refresh_from_db()
    assert (version.answers["done"], version.answers["learned"]) == ("Two tests", "Evenings work")
    clash = save(member, path, "done", "Three tests")
    assert clash.status_code == 409
    assert clash.json()["conflict"]["text"] == "Two tests"
    assert save(lead, path, "unheard_of", "x").status_code == 400
    page = lead.get(f"/grants/reports/{version.report_id}/").content.decode()
    assert f'data-autosave="{path}"' in page and 'data-version="1"' in page


def test_a_saved_form_is_noticed_by_an_open_page(world: Grants) -> None:
    version = started(world, "narrative")
    path = f"/grants/reports/versions/{version.pk}/autosave/"
    write_narrative_report(
        report=version.report, answers={"next": "A third site"}, by=world.lead, as_of=NOW
    )
    assert save(signed_in(world.lead), path, "next", "Nothing").status_code == 409
    assert FieldVersion.objects.get(field="next").text == "A third site"


def test_lines_of_a_grid_save_money_as_it_is_typed(world: Grants) -> None:
    version = started(world, "financial")
    line = version.lines.get(line_code="01")
    path = f"/grants/reports/lines/{line.pk}/autosave/"
    client = signed_in(world.lead)
    assert save(client, path, "actual-01", "$14,500.50").status_code == 200
    assert save(client, path, "note-01", "Cuffs came in May").status_code == 200
    assert save(client, path, "committed-01", "-3").status_code == 422
    assert save(client, path, "actual-01", "many", 1).status_code == 422
    line.refresh_from_db()
    assert (line.actual, line.variance_note) == (Decimal("14500.50"), "Cuffs came in May")
    assert save(client, path, "actual-01", "", 1).status_code == 200
    line.refresh_from_db()
    assert line.actual == 0


def test_what_was_handed_in_or_is_anothers_is_not_written(world: Grants) -> None:
    version = started(world, "narrative")
    path = f"/grants/reports/versions/{version.pk}/autosave/"
    stranger = signed_in(make_user(Role.GROUP_LEAD, team=make_team()))
    assert save(stranger, path, "done", "Strange").status_code == 404
    assert stranger.get(path).status_code == 404
    for person in (world.coach, world.director, world.finance):
        assert save(signed_in(person), path, "done", "Strange").status_code == 403
    write_narrative_report(
        report=version.report,
        answers={"done": "a", "learned": "b", "next": "c"},
        by=world.lead,
        as_of=NOW,
    )
    submit_report(report=version.report, by=world.lead, as_of=NOW)
    late = save(signed_in(world.lead), path, "done", "Changed", 1)
    assert late.status_code == 422 and "“submitted”" in late.json()["error"]
    version.refresh_from_db()
    assert version.answers["done"] == "a"


def test_application_saves_itself_until_it_is_handed_in(world: Grants) -> None:
    today = timezone.localdate()
    now = timezone.now()
    call = open_call(
        fund=world.fund, kind=AwardKind.SUPPLEMENTAL, title="Small", text="x", eligibility="x",
        largest_amount=Decimal(100000), questions=["What?", "Whom?"], criteria=["Need"],
        opens_on=today - timedelta(days=1), closes_on=today + timedelta(days=5), by=world.director, as_of=now,
    )  # fmt: skip
    application = write_application(
        call=call,
        team=world.team,
        title="",
        amount=None,
        answers=["", ""],
        by=world.lead,
        as_of=now,
    )
    path = f"/grants/applications/{application.pk}/autosave/"
    client = signed_in(world.lead)
    for field, text in (("title", "Calls"), ("amount", "$9,000"), ("answer-1", "Ten patients")):
        assert save(client, path, field, text).status_code == 200
    application.refresh_from_db()
    assert (application.title, application.amount, application.answers) == (
        "Calls",
        Decimal(9000),
        ["", "Ten patients"],
    )
    page = client.get(f"/grants/calls/{call.pk}/apply/{world.team.code}/").content.decode()
    assert path in page
    assert save(signed_in(world.director), path, "title", "x").status_code == 403
    other = signed_in(make_user(Role.GROUP_LEAD, team=make_team()))
    assert other.get(path).status_code == 404
    assert save(client, path, "answer-0", "Evening calls").status_code == 200
    submit_application(application=application, by=world.lead, as_of=now)
    assert save(client, path, "title", "Other", 1).status_code == 422
