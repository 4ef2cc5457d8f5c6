"""Pages of local measures: what they show, their files, decisions and undo, and who may see them."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from typing import Any
from xml.etree import ElementTree

import pytest
from django.test import Client
from pptx import Presentation

from pdsa.actions.measures import link_cycle
from pdsa.enums import ChartDecisionKind
from pdsa.models import LocalMeasure, Project
from teams.enums import Role
from teams.models import AuditEvent, Team, User
from tests.factories.cycles import make_cycle, make_idea, make_project
from tests.factories.local_measures import NOW, enter, make_local_measure
from tests.factories.people import make_team, make_user, signed_in

pytestmark = pytest.mark.django_db

LEVEL = [50, 58, 43, 52, 47, 56, 42, 55, 49, 45, 57, 44]
RISEN = [70, 73, 69, 71]


@pytest.fixture
def team() -> Team:
    return make_team(name="Birch Health")


@pytest.fixture
def lead(team: Team) -> User:
    return make_user(Role.GROUP_LEAD, team=team, name="Denise Baptiste")


@pytest.fixture
def project(team: Team, lead: User) -> Project:
    return make_project(team, by=lead, title="Pressure in Dorchester")


@pytest.fixture
def measure(project: Project, lead: User) -> LocalMeasure:
    made = make_local_measure(project, by=lead, name="Blood pressure under control", target=60)
    enter(made, "nh_black", [(n, 100) for n in LEVEL + RISEN], by=lead)
    enter(made, "nh_white", [(72, 100), (70, 100)] * 8, by=lead)
    return made


@pytest.fixture
def client(lead: User) -> Client:
    return signed_in(lead)


def at(measure: LocalMeasure, rest: str = "") -> str:
    return f"/project-measures/{measure.pk}/{rest}"


def text_of(response: Any) -> str:
    assert response.status_code == 200, response.status_code
    return str(response.content.decode())


def test_the_list_leads_to_the_numbers(client: Client, measure: LocalMeasure) -> None:
    page = text_of(client.get(f"/projects/{measure.project_id}/measures/"))
    assert "Blood pressure under control" in page and at(measure, "numbers/") in page
    assert "Black: 71.0% (71 of 100) in Apr 2026." in page


def test_the_list_asks_the_same_questions_for_one_and_for_three_times_the_months(
    client: Client, measure: LocalMeasure, lead: User, django_assert_max_num_queries: Any
) -> None:
    with django_assert_max_num_queries(22):
        client.get(f"/projects/{measure.project_id}/measures/")


def test_the_chart_page_says_draws_and_tells_the_method(
    client: Client, measure: LocalMeasure
) -> None:
    page = text_of(client.get(at(measure)))
    assert "Blood pressure under control, Black: 71.0% (71 of 100) in Apr 2026." in page
    assert "Gap to White:" in page and "rules: Shewhart rules as used in improvement" in page
    assert page.count("<svg") >= 2
    gap = text_of(client.get(at(measure, "?view=gap")))
    assert "gap between Black and White" in gap


def test_a_measure_without_numbers_says_what_to_do(
    client: Client, project: Project, lead: User
) -> None:
    empty = make_local_measure(project, by=lead)
    assert "Add the first month" in text_of(client.get(at(empty)))
    assert client.get(at(empty, "chart.svg")).status_code == 404


def test_a_new_measure_needs_a_name_and_a_group(client: Client, project: Project) -> None:
    path = f"/projects/{project.pk}/measures/new/"
    make = client.get(path)
    assert "Focus group" in text_of(make)
    bad = client.post(path, {"kind": "outcome", "why": "Kept when it comes back"})
    assert "Kept when it comes back" in text_of(bad)
    assert not project.local_measures.exists()


def test_a_new_measure_leads_to_its_grid(client: Client, measure: LocalMeasure) -> None:
    project = measure.project
    groups = {s.stratum.code: s.stratum_id for s in measure.strata.all()}
    response = client.post(
        f"/projects/{project.pk}/measures/new/",
        {
            "name": "Answered within 30 days",
            "kind": "process",
            "point_kind": "proportion",
            "direction": "higher",
            "focus": groups["nh_black"],
            "reference": groups["nh_white"],
            "population_scope": "all_patients",
            "frequency": "month",
            "lag_days": "5",
        },
    )
    made = project.local_measures.get(name="Answered within 30 days")
    assert response.status_code == 302 and response["Location"] == at(made, "numbers/")


def test_the_definition_page_saves_a_version(client: Client, measure: LocalMeasure) -> None:
    page = text_of(client.get(at(measure, "definition/")))
    assert "Blood pressure under control" in page
    groups = {s.stratum.code: s.stratum_id for s in measure.strata.all()}
    response = client.post(
        at(measure, "definition/"),
        {
            "name": "Blood pressure under 140/90",
            "kind": "outcome",
            "point_kind": "proportion",
            "direction": "higher",
            "focus": groups["nh_black"],
            "reference": groups["nh_white"],
            "others": [groups["hispanic"]],
            "population_scope": "all_patients",
            "frequency": "month",
            "lag_days": "5",
            "reason": "Clearer",
        },
    )
    assert response.status_code == 302
    measure.refresh_from_db()
    assert (measure.name, measure.version) == ("Blood pressure under 140/90", 2)


# --- decisions -----------------------------------------------------------------------------------


def decide(client: Client, measure: LocalMeasure, **more: str) -> Any:
    return client.post(
        at(measure, "decide/"),
        {"kind": "baseline", "starts_on": "2025-12-01", "reason": "First year agreed", **more},
    )


def test_a_baseline_is_printed_and_can_be_undone(client: Client, measure: LocalMeasure) -> None:
    assert decide(client, measure).status_code == 302
    made = measure.decisions.get()
    page = text_of(client.get(at(measure)))
    assert "Baseline up to Dec 2025: First year agreed (Denise Baptiste" in page
    undone = client.post(at(measure, f"decisions/{made.pk}/undo/"), follow=True)
    after = undone.content.decode()
    assert "Baseline up to" not in after and "taken back by Denise Baptiste" in after


def test_a_decision_without_a_reason_comes_back_with_what_was_chosen(
    client: Client, measure: LocalMeasure
) -> None:
    response = decide(client, measure, reason="")
    assert response.status_code == 422
    assert not measure.decisions.exists()
    page = response.content.decode()
    assert '<option value="2025-12-01" selected>' in page


def test_a_phase_is_offered_after_a_lasting_shift_and_a_linked_test_only(
    client: Client, measure: LocalMeasure, project: Project, lead: User
) -> None:
    enter(measure, "nh_black", [(n, 100) for n in [*LEVEL, *RISEN, 72, 70]], by=lead)
    decide(client, measure)
    assert "Does a new phase begin" not in text_of(client.get(at(measure)))
    cycle = make_cycle(
        project.team,
        by=lead,
        idea=make_idea(project, by=lead),
        as_of=NOW - timedelta(days=180),
        start_on=(NOW - timedelta(days=180)).date(),
    )
    link_cycle(measure=measure, cycle=cycle, by=lead, as_of=NOW.date())
    assert "Does a new phase begin" not in text_of(client.get(at(measure)))  # six of eight points


def test_a_phase_splits_the_chart_and_says_why(client: Client, measure: LocalMeasure) -> None:
    decide(client, measure, kind="phase", starts_on="2026-01-01", reason="Pharmacist stays")
    page = text_of(client.get(at(measure)))
    assert "New phase from Jan 2026: Pharmacist stays" in page
    assert measure.decisions.get().kind == ChartDecisionKind.PHASE


# --- files ---------------------------------------------------------------------------------------


def test_csv_has_a_row_for_every_month(client: Client, measure: LocalMeasure) -> None:
    response = client.get(at(measure, "chart.csv"))
    rows = list(csv.reader(io.StringIO(response.content.decode("utf-8-sig"))))
    assert rows[0][:2] == ["Period", "Black"] and len(rows) == 17
    assert rows[-1][:2] == ["Apr 2026", "71.0% (71 of 100)"]


def test_svg_and_png_stand_alone(client: Client, measure: LocalMeasure) -> None:
    svg = client.get(at(measure, "chart.svg")).content.decode()
    assert ElementTree.fromstring(svg).tag.endswith("svg")
    assert "rules: Shewhart rules" in svg and "style=" not in svg
    png = client.get(at(measure, "chart.png?view=gap")).content
    assert png.startswith(b"\x89PNG") and len(png) > 20_000


def test_the_slide_has_text_to_edit_and_a_chart_with_its_numbers(
    client: Client, measure: LocalMeasure
) -> None:
    decide(client, measure)
    deck = Presentation(io.BytesIO(client.get(at(measure, "chart.pptx")).content))
    [slide] = deck.slides
    assert slide.shapes.title.text_frame.text.startswith("Blood pressure under control, Black")
    [chart] = [shape.chart for shape in slide.shapes if shape.has_chart]
    names = [series.name for series in chart.plots[0].series]
    assert names[:2] == ["Black", "White"] and "Target" in names and "Upper limit" in names
    assert list(chart.plots[0].categories)[-1] == "Apr 2026"
    assert list(chart.plots[0].series[0].values)[-1] == 71.0
    words = " ".join(s.text_frame.text for s in slide.shapes if s.has_text_frame)
    assert "Baseline up to Dec 2025" in words and "Birch Health" in words


def test_taking_a_file_is_written_down(client: Client, measure: LocalMeasure) -> None:
    client.get(at(measure, "chart.csv"))
    assert AuditEvent.objects.get(act="download_chart").details == {"form": "csv", "gap": False}
    assert client.get(at(measure, "chart.exe")).status_code == 404


# --- who -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("rest", ["", "chart.csv", "chart.pptx"])
@pytest.mark.parametrize("role", [Role.GROUP_LEAD, Role.COACH])
def test_a_strange_group_and_its_coach_find_nothing(
    measure: LocalMeasure, role: Role, rest: str
) -> None:
    stranger = signed_in(make_user(role, team=make_team()))
    assert stranger.get(at(measure, rest)).status_code == 404


@pytest.mark.parametrize("role", [Role.PAYER_ANALYST, Role.PAYER_FINANCE, Role.EVALUATOR])
def test_payer_and_evaluator_are_refused(measure: LocalMeasure, role: Role) -> None:
    response = signed_in(make_user(role)).get(at(measure))
    assert response.status_code in (403, 404)
    assert "71.0%" not in response.content.decode()


def test_the_coach_sees_the_chart_and_no_button_that_writes(
    measure: LocalMeasure, team: Team
) -> None:
    page = text_of(signed_in(make_user(Role.COACH, team=team)).get(at(measure)))
    assert "71.0%" in page
    assert "Enter numbers" not in page and "Undo" not in page and "decide/" not in page


def test_did_it_work_shows_the_measures_of_a_test(
    client: Client, measure: LocalMeasure, project: Project, lead: User
) -> None:
    cycle = make_cycle(
        project.team,
        by=lead,
        idea=make_idea(project, by=lead),
        as_of=NOW - timedelta(days=330),
        start_on=(NOW - timedelta(days=330)).date(),
    )
    path = f"/tests/{cycle.pk}/did-it-work/"
    assert "No measure is linked" in text_of(client.get(path))
    client.post(at(measure, "tests/"), {"cycle": cycle.pk})
    page = text_of(client.get(path))
    assert "Blood pressure under control" in page and "Before Jul 2025" in page
    assert "Signal since it began" in page
    part = client.get(path, headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in part and "Before Jul 2025" in part
    assert "Before Jul 2025" in text_of(client.get(f"{path}?ramp=1"))
    client.post(at(measure, f"tests/{cycle.pk}/remove/"))
    assert not measure.cycle_links.exists()


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_asks_the_same_questions_for_one_and_for_three_measures(
    count: int, client: Client, project: Project, lead: User, django_assert_num_queries: Any
) -> None:
    for _ in range(count):
        made = make_local_measure(project, by=lead)
        enter(made, "nh_black", [(5, 10)] * 12, by=lead)
    path = f"/projects/{project.pk}/measures/"
    client.get(path)
    with django_assert_num_queries(13):
        assert client.get(path).status_code == 200
