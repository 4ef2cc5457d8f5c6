"""Every free text asks before it keeps what looks like a patient's detail, and gives back what was typed."""

from __future__ import annotations

from typing import Any

import pytest
from django.forms import CharField, ChoiceField
from django.test import Client
from django.urls import reverse

from pdsa.forms.aims import AimForm, CharterForm
from pdsa.forms.diagrams import DriverForm, MapForm, StepForm
from pdsa.models import (
    Aim,
    ChartDecision,
    Charter,
    Cycle,
    Driver,
    LocalMeasure,
    ProcessMap,
    Project,
)
from teams.enums import Role
from teams.models import Team, User
from tests.factories import definitions
from tests.factories.aims import make_aim, make_charter
from tests.factories.cycles import make_cycle, make_project
from tests.factories.local_measures import enter, stratum
from tests.factories.people import make_team, make_user

pytestmark = pytest.mark.django_db
NAME = "Mrs. Delgado"
ASKED = "looks like a name"


@pytest.fixture
def team() -> Team:
    definitions.load()
    return make_team()


@pytest.fixture
def lead(team: Team) -> User:
    return make_user(Role.GROUP_LEAD, team=team)


@pytest.fixture
def project(team: Team, lead: User) -> Project:
    return make_project(team, by=lead, title="Pressure")


@pytest.fixture
def client(client: Client, lead: User) -> Client:
    client.force_login(lead)
    return client


def ask_then(client: Client, path: str, data: dict[str, Any], answer: str) -> None:
    """The first send is asked about and shows the words again; with an answer it is kept."""
    first = client.post(path, data)
    said = first.content.decode()
    assert first.status_code in (200, 400, 422), first.status_code
    assert ASKED in said
    assert NAME in said
    done = client.post(path, data | {"details": answer})
    assert done.status_code == 302, done.content.decode()


@pytest.mark.parametrize(
    ("answer", "kept"), [("mask", "Call Mrs. [name]"), ("keep", f"Call {NAME}")]
)
def test_title_of_a_project(answer: str, kept: str, client: Client, team: Team) -> None:
    data = {"title": f"Call {NAME}", "workstream": "clinical", "population_scope": "all_patients"}
    ask_then(client, reverse("pdsa:new_project"), data, answer)
    assert Project.objects.get().title == kept


def test_parts_of_an_aim(client: Client, project: Project) -> None:
    data = {"measure_name": "Pressure", "population": f"Patients such as {NAME}"}
    ask_then(client, reverse("aims:write_aim", args=[project.pk]), data, "mask")
    assert Aim.objects.get().population == "Patients such as Mrs. [name]"


def test_every_long_text_of_a_charter(client: Client, project: Project) -> None:
    data = {"problem": "Too few", "risks": f"That {NAME} is left out"}
    ask_then(client, reverse("aims:edit_charter", args=[project.pk]), data, "mask")
    assert Charter.objects.get().risks == "That Mrs. [name] is left out"


@pytest.mark.parametrize("form", [AimForm, CharterForm, DriverForm, MapForm, StepForm])
def test_no_free_text_of_aim_charter_drivers_and_maps_is_left_out(form: Any) -> None:
    free = {
        name
        for name, field in form.base_fields.items()
        if isinstance(field, CharField) and not isinstance(field, ChoiceField)
    }
    assert set(form.detail_fields) == free


def test_partner_of_a_charter(client: Client, project: Project) -> None:
    data = {"problem": "Too few", "community_partner": f"{NAME}, since May"}
    ask_then(client, reverse("aims:edit_charter", args=[project.pk]), data, "keep")
    assert Charter.objects.get().community_partner == f"{NAME}, since May"


def test_who_takes_care_of_a_driver(client: Client, project: Project) -> None:
    driver = Driver.objects.create(project=project, text="Access", position=1)
    path = reverse("aims:driver", args=[project.pk, driver.pk])
    ask_then(client, path, {"owner": f"Whoever calls {NAME}"}, "mask")
    driver.refresh_from_db()
    assert driver.owner == "Whoever calls Mrs. [name]"


def test_step_of_a_process_map(client: Client, project: Project, lead: User) -> None:
    made = ProcessMap.objects.create(project=project, title="Visit", created_by=lead)
    data = {"new-text": "Call", "new-actor": f"Neighbour of {NAME}", "new-kind": "step"}
    path = reverse("aims:add_step", args=[made.pk])
    assert ASKED in client.post(path, data).content.decode()
    assert not made.steps.exists()
    assert client.post(path, data | {"new-details": "mask"}).status_code == 302
    assert made.steps.get().actor == "Neighbour of Mrs. [name]"


def test_notes_of_the_coach(client: Client, project: Project, team: Team, lead: User) -> None:
    aim = make_aim(project, by=lead)
    charter = make_charter(project, by=lead)
    client.force_login(make_user(Role.COACH, team=team))
    data = {"note": f"As with {NAME}", "seen_version": aim.versions.get().number}
    ask_then(client, reverse("aims:review_aim", args=[project.pk]), data, "mask")
    ask_then(client, reverse("aims:review_charter", args=[project.pk]), data, "mask")
    for row in (aim, charter):
        row.refresh_from_db()
        assert row.review_note == "As with Mrs. [name]"


@pytest.mark.parametrize("htmx", [True, False])
def test_rows_of_the_outline(htmx: bool, client: Client, project: Project) -> None:
    path = reverse("aims:change_drivers", args=[project.pk])
    headers = {"HX-Request": "true"} if htmx else {}
    data = {"act": "add", "key": "", "text": f"Calls to {NAME}"}
    said = client.post(path, data, headers=headers).content.decode()
    assert ASKED in said
    assert f'value="Calls to {NAME}"' in said
    assert 'name="act" value="add"' in said
    assert not Driver.objects.exists()
    client.post(path, data | {"details": "mask"}, headers=headers)
    driver = Driver.objects.get()
    assert driver.text == "Calls to Mrs. [name]"
    renamed = {"act": "rename", "key": f"d{driver.pk}", "seen": driver.text, "text": f"For {NAME}"}
    client.post(path, renamed, headers=headers)
    driver.refresh_from_db()
    assert driver.text == "Calls to Mrs. [name]"
    client.post(path, renamed | {"details": "keep"}, headers=headers)
    driver.refresh_from_db()
    assert driver.text == f"For {NAME}"


def test_name_of_a_process_map(client: Client, project: Project) -> None:
    data = {"title": f"Visit of {NAME}", "kind": "today", "focus_group": "Black"}
    ask_then(client, reverse("aims:new_map", args=[project.pk]), data, "mask")
    assert ProcessMap.objects.get().title == "Visit of Mrs. [name]"


def test_definition_sheet_and_decision_about_a_chart(
    client: Client, project: Project, lead: User
) -> None:
    data = {
        "name": "Pressure",
        "kind": "outcome",
        "point_kind": "proportion",
        "direction": "higher",
        "frequency": "month",
        "population_scope": "all_patients",
        "lag_days": 5,
        "focus": stratum("nh_black").pk,
        "definition": f"As counted for {NAME}",
    }
    ask_then(client, reverse("local_measures:new_measure", args=[project.pk]), data, "mask")
    measure = LocalMeasure.objects.get()
    assert measure.definition == "As counted for Mrs. [name]"
    enter(measure, "nh_black", [(1, 2)] * 3, by=lead)
    decided = {"kind": "baseline", "starts_on": "2025-02-01", "reason": f"{NAME} was ill"}
    path = reverse("local_measures:decide_about_chart", args=[measure.pk])
    ask_then(client, path, decided, "mask")
    assert ChartDecision.objects.get().reason == "Mrs. [name] was ill"


def test_reason_of_a_cancellation_and_label_of_a_number(
    client: Client, team: Team, lead: User
) -> None:
    cycle = make_cycle(team, by=lead)
    reading = {"read_on": "2026-03-03", "label": f"Readings of {NAME}", "value": "3"}
    ask_then(client, reverse("pdsa:add_reading", args=[cycle.pk]), reading, "mask")
    assert cycle.readings.get().label == "Readings of Mrs. [name]"
    cancelled = {"reason": f"{NAME} moved away"}
    ask_then(client, reverse("pdsa:cancel", args=[cycle.pk]), cancelled, "mask")
    assert Cycle.objects.get().cancel_reason == "Mrs. [name] moved away"
