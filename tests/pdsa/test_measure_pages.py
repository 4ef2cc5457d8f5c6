"""Pages of local measures: what they show, their files, decisions and undo, and who may see them."""

from __future__ import annotations

import csv
import io
from datetime import date, datetime, timedelta
from typing import Any
from xml.etree import ElementTree

import pytest
from django.test import Client
from django.utils import timezone
from pptx import Presentation

from pdsa.actions.cycles import share_cycle
from pdsa.actions.measures import decide_about_chart, link_cycle, retire_measure
from pdsa.charts.periods import is_behind, period_of, step
from pdsa.enums import ChartDecisionKind, CharterState, Sharing
from pdsa.models import (
    ChangeIdea,
    ChartDecision,
    Charter,
    Cycle,
    CycleMeasure,
    LocalMeasure,
    LocalMeasureVersion,
    MeasureStratum,
    Observation,
    Project,
)
from pdsa.queries.digest import digest_text
from teams.enums import Role
from teams.models import AuditEvent, Team, User
from teams.scoping import scope_of
from tests.factories.aims import make_charter
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
    with django_assert_num_queries(15):
        assert client.get(path).status_code == 200


def linked_test(measure: LocalMeasure, lead: User, *, idea: ChangeIdea, days: int) -> Cycle:
    """A test that began so many days before the last month, linked to the measure."""
    begun = NOW - timedelta(days=days)
    cycle = make_cycle(measure.project.team, by=lead, idea=idea, as_of=begun, start_on=begun.date())
    link_cycle(measure=measure, cycle=cycle, by=lead, as_of=NOW.date())
    return cycle


def test_a_ramp_is_looked_at_from_its_first_test_with_the_measures_of_all_of_them(
    client: Client, measure: LocalMeasure, project: Project, lead: User
) -> None:
    idea = make_idea(project, by=lead)
    first = linked_test(measure, lead, idea=idea, days=330)
    begun = NOW - timedelta(days=200)
    second = make_cycle(project.team, by=lead, idea=idea, as_of=begun, start_on=begun.date())
    other = make_local_measure(project, by=lead, name="Cuffs handed out")
    enter(other, "nh_black", [(n, 100) for n in LEVEL + RISEN], by=lead)
    link_cycle(measure=other, cycle=second, by=lead, as_of=NOW.date())
    path = f"/tests/{second.pk}/did-it-work/"
    alone = text_of(client.get(path))
    assert "Cuffs handed out" in alone and "Before Nov 2025" in alone
    assert "Blood pressure under control" not in alone
    whole = text_of(client.get(f"{path}?ramp=1"))
    assert "Cuffs handed out" in whole and "Blood pressure under control" in whole
    assert whole.count("Before Jul 2025") == 2 and "Before Nov 2025" not in whole
    parts = [
        client.get(f"/tests/{cycle.pk}/did-it-work/?ramp=1", headers={"HX-Request": "true"}).content
        for cycle in (first, second)
    ]
    assert parts[0] == parts[1]  # from whichever of its tests one looks at it


@pytest.mark.parametrize("count", [1, 3])
def test_the_chart_page_asks_the_same_questions_for_one_and_for_three_tests(
    count: int,
    client: Client,
    measure: LocalMeasure,
    project: Project,
    lead: User,
    django_assert_num_queries: Any,
) -> None:
    for place in range(count):
        linked_test(measure, lead, idea=make_idea(project, by=lead), days=300 - 30 * place)
    assert text_of(client.get(at(measure))).count("Began in") == count
    with django_assert_num_queries(18):
        client.get(at(measure))


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("ramp", ["", "?ramp=1"])
def test_did_it_work_asks_the_same_questions_for_one_and_for_three(
    ramp: str,
    count: int,
    client: Client,
    measure: LocalMeasure,
    project: Project,
    lead: User,
    django_assert_num_queries: Any,
) -> None:
    idea = make_idea(project, by=lead)
    cycle = linked_test(measure, lead, idea=idea, days=300)
    for place in range(1, count):
        other = make_local_measure(project, by=lead)
        enter(other, "nh_black", [(n, 100) for n in LEVEL + RISEN], by=lead)
        link_cycle(measure=other, cycle=cycle, by=lead, as_of=NOW.date())
        linked_test(other, lead, idea=idea, days=300 - 30 * place)
    path = f"/tests/{cycle.pk}/did-it-work/{ramp}"
    assert text_of(client.get(path)).count("Signal since it began") == count
    with django_assert_num_queries(14 if ramp else 13):
        client.get(path)


# --- numbers that are missing ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("last", "frequency", "day", "lag_days", "behind"),
    [
        (None, "month", date(2026, 6, 17), 0, True),
        (date(2026, 5, 1), "month", date(2026, 6, 17), 0, False),
        (date(2026, 4, 1), "month", date(2026, 6, 17), 0, True),
        (date(2026, 4, 1), "month", date(2026, 6, 17), 20, False),
        (date(2025, 12, 1), "month", date(2026, 1, 31), 0, False),
        (date(2026, 6, 8), "week", date(2026, 6, 17), 0, False),
        (date(2026, 6, 1), "week", date(2026, 6, 17), 0, True),
    ],
)
def test_numbers_are_missing_once_the_last_whole_period_should_be_there(
    last: date | None, frequency: str, day: date, lag_days: int, behind: bool
) -> None:
    assert is_behind(last, frequency, day, lag_days=lag_days) is behind


def test_home_asks_for_numbers_that_are_missing_beside_the_tests(
    client: Client, measure: LocalMeasure, project: Project, lead: User
) -> None:
    now = timezone.localtime()
    this_month = period_of(now.date(), "month")
    fresh = make_local_measure(project, by=lead, name="Fresh measure")
    first = step(this_month, "month", -1)
    enter(fresh, "nh_black", [(5, 10)], by=lead, first=first, as_of=now)
    gone = make_local_measure(project, by=lead, name="Retired measure")
    retire_measure(measure=gone, by=lead, as_of=now)
    for _ in range(4):
        make_cycle(project.team, by=lead, as_of=now - timedelta(days=30))
    page = text_of(client.get("/tests/next/"))
    assert page.count("next-thing") - page.count("next-things") == 3
    assert "Numbers of Blood pressure under control" in page and "Last entered: Apr 2026" in page
    assert f'href="{at(measure, "numbers/")}"' in page
    assert "Fresh measure" not in page and "Retired measure" not in page
    text = digest_text(scope_of(lead, on=now.date()), now)
    assert "- Enter numbers: Blood pressure under control (Pressure in Dorchester)" in text
    assert "Fresh measure" not in text and "Retired measure" not in text


@pytest.mark.parametrize("role", [Role.COACH, Role.SENIOR_SPONSOR, Role.GROUP_LEAD])
def test_home_asks_nobody_else_for_the_numbers(
    role: Role, measure: LocalMeasure, team: Team
) -> None:
    of_team = team if role != Role.GROUP_LEAD else make_team()
    user = make_user(role, team=of_team)
    assert "Numbers of" not in text_of(signed_in(user).get("/tests/next/"))
    now = timezone.localtime()
    assert "Enter numbers" not in digest_text(scope_of(user, on=now.date()), now)


@pytest.mark.parametrize("count", [1, 3])
def test_next_things_ask_the_same_questions_for_one_and_for_three_measures(
    count: int, client: Client, project: Project, lead: User, django_assert_num_queries: Any
) -> None:
    for _ in range(count):
        enter(make_local_measure(project, by=lead), "nh_black", [(5, 10)] * 12, by=lead)
    client.get("/tests/next/")
    with django_assert_num_queries(12):
        assert client.get("/tests/next/").status_code == 200


# --- baseline at the agreement of the charter -----------------------------------------------------


def agree(project: Project, lead: User, on: date) -> None:
    make_charter(project, by=lead)
    Charter.objects.filter(project=project).update(
        state=CharterState.AGREED,
        reviewed_by=lead,
        reviewed_at=NOW,
        agreed_by=lead,
        agreed_at=timezone.make_aware(datetime(on.year, on.month, on.day, 9)),
    )


def test_a_baseline_is_offered_once_the_charter_is_agreed_and_stays_a_decision(
    client: Client, measure: LocalMeasure, project: Project, lead: User, team: Team
) -> None:
    assert "Does the baseline end" not in text_of(client.get(at(measure)))
    agree(project, lead, date(2026, 1, 20))
    page = text_of(client.get(at(measure)))
    assert "Does the baseline end in Dec 2025?" in page
    assert 'value="Charter agreed on 20 Jan 2026"' in page and 'value="2025-12-01"' in page
    assert not measure.decisions.exists()  # nothing is frozen until a person says so
    coach = signed_in(make_user(Role.COACH, team=team))
    assert "Does the baseline end" not in text_of(coach.get(at(measure)))
    sent = {
        "kind": "baseline",
        "starts_on": "2025-12-01",
        "reason": "Charter agreed on 20 Jan 2026",
    }
    assert client.post(at(measure, "decide/"), sent).status_code == 302
    decision = measure.decisions.get()
    assert (decision.kind, decision.starts_on) == ("baseline", date(2025, 12, 1))
    assert "Does the baseline end" not in text_of(client.get(at(measure)))
    client.post(at(measure, f"decisions/{decision.pk}/undo/"))
    assert "Does the baseline end" not in text_of(client.get(at(measure)))


@pytest.mark.parametrize(
    ("on", "offered"),
    [
        (date(2025, 10, 31), ""),  # nine months ended before: no rule is applied to so few
        (date(2025, 11, 1), "Oct 2025"),
        (date(2026, 6, 1), "Apr 2026"),
    ],
)
def test_a_baseline_needs_ten_points_before_the_agreement(
    on: date, offered: str, client: Client, measure: LocalMeasure, project: Project, lead: User
) -> None:
    agree(project, lead, on)
    page = text_of(client.get(at(measure)))
    assert ("Does the baseline end" in page) == bool(offered)
    assert f"Does the baseline end in {offered}?" in page or not offered


# --- who writes -----------------------------------------------------------------------------------

_WRITES = (
    "points",
    "definition",
    "new definition",
    "copied definition",
    "retirement",
    "baseline",
    "phase",
    "no phase",
    "exclusion",
    "undone decision",
    "linked test",
    "link from the test",
    "unlinked test",
)


def prepare(write: str, measure: LocalMeasure, lead: User) -> tuple[str, dict[str, Any]]:
    """An act about a measure that its own group could do now: address and what is sent."""
    project = measure.project
    linked = linked_test(measure, lead, idea=make_idea(project, by=lead), days=200)
    other = make_cycle(project.team, by=lead, idea=make_idea(project, by=lead))
    focus = measure.strata.get(role="focus").stratum_id
    counted = [measure.strata.get(role=role).stratum_id for role in ("reference", "other")]
    sheet = {
        "name": "Taken over",
        "kind": "outcome",
        "point_kind": "proportion",
        "direction": "higher",
        "frequency": "month",
        "population_scope": "all_patients",
        "lag_days": "5",
        "focus": focus,
        "reference": counted[0],
        "others": counted[1:],
    }
    decided = {"starts_on": "2026-01-01", "reason": "Taken over"}
    if write == "undone decision":
        decision = decide_about_chart(
            measure=measure,
            kind=ChartDecisionKind.BASELINE,
            starts_on=date(2025, 12, 1),
            reason="Before the tests",
            by=lead,
            as_of=NOW.date(),
        )
        return at(measure, f"decisions/{decision.pk}/undo/"), {}
    cell = f"{focus}_{timezone.localdate().replace(day=1):%Y%m%d}"
    of_project = f"/projects/{project.pk}/measures/"
    found: dict[str, tuple[str, dict[str, Any]]] = {
        "points": (
            at(measure, "numbers/"),
            {f"n_{cell}": "1", f"d_{cell}": "2", f"o_{cell}": "|||"},
        ),
        "definition": (at(measure, "definition/"), sheet),
        "new definition": (f"{of_project}new/", sheet),
        "copied definition": (f"{of_project}from-programme/", sheet),
        "retirement": (at(measure, "retire/"), {}),
        "baseline": (at(measure, "decide/"), decided | {"kind": "baseline"}),
        "phase": (at(measure, "decide/"), decided | {"kind": "phase"}),
        "no phase": (at(measure, "decide/"), decided | {"kind": "no_phase"}),
        "exclusion": (at(measure, "decide/"), decided | {"kind": "exclude", "stratum": focus}),
        "linked test": (at(measure, "tests/"), {"cycle": other.pk}),
        "link from the test": (f"/tests/{other.pk}/measures/link/", {"measure": measure.pk}),
        "unlinked test": (at(measure, f"tests/{linked.pk}/remove/"), {}),
    }
    return found[write]


def everything() -> list[Any]:
    models = (
        LocalMeasure,
        LocalMeasureVersion,
        MeasureStratum,
        Observation,
        ChartDecision,
        CycleMeasure,
    )
    return [list(model.objects.order_by("pk").values()) for model in models]


@pytest.mark.parametrize("write", _WRITES)
def test_only_the_group_itself_changes_its_measures(
    write: str, measure: LocalMeasure, lead: User, team: Team
) -> None:
    path, sent = prepare(write, measure, lead)
    before = everything()
    for role, of_team, status in (
        (Role.COACH, team, 403),
        (Role.SENIOR_SPONSOR, team, 403),
        (Role.PROGRAMME_DIRECTOR, None, 403),
        (Role.PAYER_ANALYST, None, 403),
        (Role.EVALUATOR, None, 403),
        (Role.GROUP_LEAD, make_team(), 404),
    ):
        user = make_user(role, team=of_team)
        assert signed_in(user).post(path, sent).status_code == status, role
        assert everything() == before, role


@pytest.mark.parametrize("write", [w for w in _WRITES if w != "copied definition"])
def test_the_group_itself_does_what_others_are_refused(
    write: str, measure: LocalMeasure, lead: User, client: Client
) -> None:
    path, sent = prepare(write, measure, lead)
    before = everything()
    assert client.post(path, sent).status_code == 302
    assert everything() != before


@pytest.mark.parametrize(
    ("role", "status"),
    [
        (Role.GROUP_LEAD, 404),
        (Role.COACH, 404),
        (Role.PAYER_ANALYST, 403),
        (Role.EVALUATOR, 403),
    ],
)
@pytest.mark.parametrize("ramp", ["", "?ramp=1"])
def test_did_it_work_is_for_the_team_and_its_coach_though_the_test_is_shared(
    ramp: str,
    role: Role,
    status: int,
    measure: LocalMeasure,
    project: Project,
    lead: User,
    team: Team,
) -> None:
    cycle = linked_test(measure, lead, idea=make_idea(project, by=lead), days=200)
    share_cycle(cycle=cycle, sharing=Sharing.NAMED, by=lead, as_of=NOW)
    inside = role in (Role.GROUP_LEAD, Role.COACH)
    path = f"/tests/{cycle.pk}/did-it-work/{ramp}"
    response = signed_in(make_user(role, team=make_team() if inside else None)).get(path)
    assert response.status_code == status
    assert "Blood pressure" not in response.content.decode()
    assert "Blood pressure" in text_of(signed_in(make_user(Role.COACH, team=team)).get(path))
