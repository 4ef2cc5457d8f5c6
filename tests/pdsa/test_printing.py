"""Documents: they hold what the page holds, as words, whatever was typed."""

from __future__ import annotations

import subprocess

import pytest
from django.test import Client

from pdsa.enums import CycleState
from teams.enums import Role
from teams.models import AuditEvent, Team, User
from tests.factories.cycles import NOW, make_cycle
from tests.factories.people import make_team, make_user, signed_in

pytestmark = pytest.mark.django_db

#: What a template language could take for its own.
WILD = '#panic("x") *bold* $x^2$ [a] \\ "quoted" <tag>'


@pytest.fixture
def team() -> Team:
    return make_team(name="Harborlight Medical")


@pytest.fixture
def lead(team: Team) -> User:
    return make_user(Role.GROUP_LEAD, team=team)


def words(content: bytes) -> str:
    text = subprocess.run(
        ["pdftotext", "-layout", "-", "-"], input=content, capture_output=True, check=True
    ).stdout.decode()
    return " ".join(text.split())


def test_pdf_of_a_test_holds_what_was_typed_as_it_was_typed(team: Team, lead: User) -> None:
    cycle = make_cycle(
        team, by=lead, state=CycleState.CLOSED, learned=WILD, patient_count=5, objective="Call"
    )
    cycle.tasks.create(position=1, what="Make the list", who="Maria")
    response = signed_in(lead).get(f"/tests/{cycle.pk}/test.pdf")
    assert response["Content-Type"] == "application/pdf"
    said = words(response.content)
    for part in ("Harborlight Medical", "Adopted", "3 of 5 will answer", "5 patients", "Maria"):
        assert part in said
    assert '#panic("x") *bold* $x^2$ [a]' in said
    assert AuditEvent.objects.filter(act="print_cycle", team=team).count() == 1


def test_pdf_of_a_test_holds_its_numbers_and_whether_it_went_as_planned(
    team: Team, lead: User
) -> None:
    cycle = make_cycle(team, by=lead, carried_out="partly")
    day = NOW.date()
    cycle.readings.create(
        read_on=day, label="Calls answered", numerator=3, denominator=5, entered_by=lead
    )
    cycle.readings.create(read_on=day, label="Minutes", value="12.500", entered_by=lead)
    said = words(signed_in(lead).get(f"/tests/{cycle.pk}/test.pdf").content)
    assert "Carried out as planned Partly" in said
    assert "2 Mar 2026, Calls answered: 3 of 5; 2 Mar 2026, Minutes: 12.5" in said


def test_storyboard_holds_every_test_and_no_empty_idea(team: Team, lead: User) -> None:
    first = make_cycle(team, by=lead, state=CycleState.CLOSED, learned="Call after six")
    make_cycle(team, by=lead, idea=first.idea, objective="Second step")
    first.idea.project.ideas.create(title="Never tried", created_by=lead)
    response = signed_in(lead).get(f"/projects/{first.idea.project_id}/storyboard.pdf")
    said = words(response.content)
    for part in ("Call after six", "Second step", "adopted 1"):
        assert part in said
    assert "Never tried" not in said


def test_documents_are_for_those_who_work_with_the_team(team: Team, lead: User) -> None:
    cycle = make_cycle(team, by=lead, sharing="named")
    paths = (f"/tests/{cycle.pk}/test.pdf", f"/projects/{cycle.idea.project_id}/storyboard.pdf")
    for path in paths:
        assert signed_in(make_user(Role.GROUP_LEAD)).get(path).status_code == 404
        assert signed_in(make_user(Role.PAYER_ANALYST)).get(path).status_code == 403
        assert Client().get(path).status_code == 302
