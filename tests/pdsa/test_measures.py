"""Local measures: what is written, what is refused, and what the database holds on to."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from pdsa.actions.measures import (
    change_definition,
    copy_programme_measure,
    decide_about_chart,
    enter_observations,
    link_cycle,
    retire_measure,
    undo_chart_decision,
    unlink_cycle,
)
from pdsa.charts.assemble import assemble
from pdsa.charts.effect import Counts
from pdsa.enums import ChartDecisionKind, PointKind, StratumRole
from pdsa.models import (
    ChartDecision,
    Cycle,
    CycleMeasure,
    LocalMeasure,
    MeasureStratum,
    Observation,
    Project,
)
from pdsa.policies.measures import Entry
from pdsa.queries.arrivals import SiteReader
from pdsa.queries.measures import (
    get_measure,
    list_measures,
    read_measure_data,
)
from teams.enums import Role
from teams.errors import NotAllowed, StateRefused
from teams.models import AuditEvent, Site, Team, User
from teams.scoping import scope_of
from tests.factories import results
from tests.factories.cycles import make_cycle, make_idea, make_project
from tests.factories.local_measures import (
    FIRST,
    GROUPS,
    NOW,
    enter,
    make_local_measure,
    stratum,
)
from tests.factories.people import make_site, make_team, make_user

pytestmark = pytest.mark.django_db
TODAY = NOW.date()


@pytest.fixture
def team() -> Team:
    return make_team()


@pytest.fixture
def lead(team: Team) -> User:
    return make_user(Role.GROUP_LEAD, team=team, name="Denise Baptiste")


@pytest.fixture
def project(team: Team, lead: User) -> Project:
    return make_project(team, by=lead)


@pytest.fixture
def measure(project: Project, lead: User) -> LocalMeasure:
    return make_local_measure(project, by=lead, name="Blood pressure")


def refused(call: Any, words: str) -> None:
    with pytest.raises(StateRefused, match=words):
        call()


# --- definitions ---------------------------------------------------------------------------------


def test_a_measure_begins_with_version_one_and_its_groups_in_order(measure: LocalMeasure) -> None:
    assert [(s.stratum.code, s.role) for s in measure.strata.all()] == [
        (code, str(role)) for code, role in GROUPS
    ]
    version = measure.versions.get()
    assert version.number == 1 and version.content["name"] == "Blood pressure"
    assert AuditEvent.objects.filter(act="define_measure").count() == 1


def test_a_name_is_taken_once_in_a_project(project: Project, lead: User) -> None:
    make_local_measure(project, by=lead, name="Blood pressure")
    refused(lambda: make_local_measure(project, by=lead, name="Blood pressure"), "Choose another")


def test_a_measure_needs_a_group(project: Project, lead: User) -> None:
    refused(lambda: make_local_measure(project, by=lead, groups=()), "at least one group")


def test_a_change_of_the_sheet_is_a_new_version_and_the_old_one_stays(
    measure: LocalMeasure, lead: User
) -> None:
    changed = change_definition(
        measure=measure, sheet={"why": "Strokes"}, reason="Asked by the coach", by=lead, as_of=TODAY
    )
    assert changed.version == 2
    latest, first = measure.versions.all()
    assert (latest.content["why"], first.content["why"]) == ("Strokes", "")
    assert latest.reason == "Asked by the coach"


def test_the_same_sheet_makes_no_version(measure: LocalMeasure, lead: User) -> None:
    same = change_definition(measure=measure, sheet={"why": ""}, reason="", by=lead, as_of=TODAY)
    assert same.version == 1 and measure.versions.count() == 1


@pytest.mark.parametrize(
    "sheet", [{"point_kind": PointKind.COUNT}, {"frequency": "week"}], ids=["kind", "rhythm"]
)
def test_kind_and_rhythm_stay_once_there_are_numbers(
    measure: LocalMeasure, lead: User, sheet: dict[str, Any]
) -> None:
    enter(measure, "nh_black", [(1, 2)], by=lead)
    refused(
        lambda: change_definition(measure=measure, sheet=sheet, reason="", by=lead, as_of=TODAY),
        "is a new measure",
    )


def test_a_group_with_numbers_stays_on_the_measure(measure: LocalMeasure, lead: User) -> None:
    enter(measure, "hispanic", [(1, 2)], by=lead)
    only = [(stratum("nh_black").pk, StratumRole.FOCUS)]
    refused(
        lambda: change_definition(
            measure=measure, sheet={}, strata=only, reason="", by=lead, as_of=TODAY
        ),
        "cannot be taken off",
    )


def test_a_retired_measure_is_gone_from_lists_and_takes_no_numbers(
    measure: LocalMeasure, lead: User
) -> None:
    retire_measure(measure=measure, by=lead, as_of=NOW)
    assert not list_measures(scope_of(lead, on=TODAY)).exists()
    refused(lambda: enter(measure, "nh_black", [(1, 2)], by=lead), "no longer in use")


# --- numbers -------------------------------------------------------------------------------------


def test_four_states_are_kept_apart(measure: LocalMeasure, lead: User) -> None:
    enter(
        measure,
        "nh_black",
        [(0, 5), "no_patients", "not_collected", "suppressed", None],
        by=lead,
    )
    rows = measure.observations.order_by("starts_on")
    assert [(r.state, r.numerator) for r in rows] == [
        ("number", 0),
        ("no_patients", None),
        ("not_collected", None),
        ("suppressed", None),
    ]


def test_an_empty_entry_removes_what_stood_there(measure: LocalMeasure, lead: User) -> None:
    enter(measure, "nh_black", [(1, 2)], by=lead)
    count = enter_observations(
        measure=measure, entries=[Entry(stratum("nh_black").pk, FIRST)], by=lead, as_of=NOW
    )
    assert count == 1 and not measure.observations.exists()


@pytest.mark.parametrize("count", [1, 12])
def test_a_year_is_entered_and_corrected_with_the_queries_of_a_month(
    count: int, measure: LocalMeasure, lead: User, django_assert_max_num_queries: Any
) -> None:
    with django_assert_max_num_queries(18):
        enter(measure, "nh_black", [(month, 50) for month in range(count)], by=lead)
    with django_assert_max_num_queries(18):
        enter(measure, "nh_black", [(month + 1, 50) for month in range(count)], by=lead)
    found = measure.observations.order_by("starts_on").values_list("numerator", flat=True)
    assert list(found) == list(range(1, count + 1))


def test_the_audit_trail_has_periods_and_no_numbers(measure: LocalMeasure, lead: User) -> None:
    enter(measure, "nh_black", [(37, 4321)], by=lead)
    details = str(AuditEvent.objects.get(act="enter_observations").details)
    assert "2025-01-01" in details and "4321" not in details and "37" not in details


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ({"numerator": 6, "denominator": 5}, "cannot be larger"),
        ({"numerator": 6}, "Both numbers"),
        ({"numerator": 0, "denominator": 0}, "No patients"),
        ({"starts_on": date(2025, 1, 2), "numerator": 1, "denominator": 2}, "first of a month"),
        ({"starts_on": date(2026, 7, 1), "numerator": 1, "denominator": 2}, "not begun"),
        ({"stratum_id": 0, "numerator": 1, "denominator": 2}, "not counted for this group"),
    ],
)
def test_entries_that_cannot_be_are_refused(
    measure: LocalMeasure, lead: User, entry: dict[str, Any], words: str
) -> None:
    full = {"stratum_id": stratum("nh_black").pk, "starts_on": FIRST, **entry}
    refused(
        lambda: enter_observations(measure=measure, entries=[Entry(**full)], by=lead, as_of=NOW),
        words,
    )
    assert not measure.observations.exists()


@pytest.mark.parametrize(
    "fields",
    [
        {"state": "number"},
        {"state": "number", "numerator": 3, "denominator": 2},
        {"state": "number", "numerator": 0, "denominator": 0},
        {"state": "number", "value": 1},
        {"state": "number", "numerator": 1},
        {"state": "number", "denominator": 1},
        {"state": "no_patients", "numerator": 0, "denominator": 0},
        {"state": "suppressed", "value": 1},
        {"state": "unheard_of"},
        {"point_kind": "value", "numerator": 1, "denominator": 2},
        {"point_kind": "count", "numerator": 1, "denominator": 2},
        {"point_kind": "rate", "numerator": 1},
    ],
)
def test_the_database_refuses_a_row_that_says_two_things(
    measure: LocalMeasure, lead: User, fields: dict[str, Any]
) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Observation.objects.create(
            **{
                "measure": measure,
                "stratum": stratum("nh_black"),
                "starts_on": FIRST,
                "point_kind": "proportion",
                "entered_by": lead,
                "entered_at": NOW,
                **fields,
            }
        )


def test_the_database_takes_one_focus_and_one_reference(measure: LocalMeasure) -> None:
    for role in (StratumRole.FOCUS, StratumRole.REFERENCE):
        with pytest.raises(IntegrityError), transaction.atomic():
            MeasureStratum.objects.create(
                measure=measure, stratum=stratum("nh_asian"), role=role, position=9
            )


def test_a_target_of_a_share_is_a_percentage(project: Project, lead: User) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        make_local_measure(project, by=lead, target=Decimal(101))


# --- who -----------------------------------------------------------------------------------------


def test_the_coach_reads_and_does_not_write(measure: LocalMeasure, team: Team) -> None:
    coach = make_user(Role.COACH, team=team)
    assert get_measure(scope_of(coach, on=TODAY), measure.pk) == measure
    with pytest.raises(NotAllowed):
        enter(measure, "nh_black", [(1, 2)], by=coach)


def test_another_group_neither_reads_nor_writes(measure: LocalMeasure) -> None:
    stranger = make_user(Role.GROUP_LEAD, team=make_team())
    assert not list_measures(scope_of(stranger, on=TODAY)).exists()
    refused(lambda: enter(measure, "nh_black", [(1, 2)], by=stranger), "group itself")


@pytest.mark.parametrize("role", [Role.PAYER_ANALYST, Role.PAYER_FINANCE, Role.EVALUATOR])
def test_nobody_outside_reads_a_team_s_own_numbers(measure: LocalMeasure, role: Role) -> None:
    assert not list_measures(scope_of(make_user(role), on=TODAY)).exists()


# --- decisions -----------------------------------------------------------------------------------


def decide(measure: LocalMeasure, by: User, **more: Any) -> ChartDecision:
    facts = {"kind": ChartDecisionKind.PHASE, "starts_on": FIRST, "reason": "It lasts", **more}
    return decide_about_chart(measure=measure, by=by, as_of=TODAY, **facts)


def test_a_decision_keeps_reason_person_and_test(
    measure: LocalMeasure, project: Project, lead: User
) -> None:
    cycle = make_cycle(project.team, by=lead, idea=make_idea(project, by=lead))
    made = decide(measure, lead, cycle=cycle, is_expected_to_last=True)
    assert (made.reason, made.decided_by, made.cycle) == ("It lasts", lead, cycle)
    assert made.is_expected_to_last


def test_a_decision_needs_a_reason_and_is_made_once(measure: LocalMeasure, lead: User) -> None:
    refused(lambda: decide(measure, lead, reason="  "), "Say why")
    decide(measure, lead)
    refused(lambda: decide(measure, lead), "decided already")


def test_undoing_keeps_the_record_and_makes_room_for_another(
    measure: LocalMeasure, lead: User
) -> None:
    made = decide(measure, lead)
    undo_chart_decision(decision=made, by=lead, as_of=NOW)
    made.refresh_from_db()
    assert made.undone_by == lead and made.undone_at == NOW
    refused(lambda: undo_chart_decision(decision=made, by=lead, as_of=NOW), "already")
    decide(measure, lead)


def test_the_test_of_another_project_is_refused(
    measure: LocalMeasure, team: Team, lead: User
) -> None:
    cycle = make_cycle(team, by=lead)
    refused(lambda: decide(measure, lead, cycle=cycle), "another project")
    refused(
        lambda: link_cycle(measure=measure, cycle=cycle, by=lead, as_of=TODAY), "another project"
    )


def test_only_a_point_that_is_taken_out_names_a_group(measure: LocalMeasure, lead: User) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        decide(measure, lead, stratum_id=stratum("nh_black").pk)
    out = decide(measure, lead, kind=ChartDecisionKind.EXCLUDE, stratum_id=stratum("nh_black").pk)
    assert out.stratum == stratum("nh_black")


def test_a_link_is_made_once_and_can_go(
    measure: LocalMeasure, project: Project, lead: User
) -> None:
    cycle = make_cycle(project.team, by=lead, idea=make_idea(project, by=lead))
    for _ in range(2):
        link_cycle(measure=measure, cycle=cycle, by=lead, as_of=TODAY)
    assert CycleMeasure.objects.count() == 1
    unlink_cycle(measure=measure, cycle=cycle, by=lead, as_of=TODAY)
    assert not CycleMeasure.objects.exists()


# --- what charts are made from -------------------------------------------------------------------


def test_months_without_entries_stay_on_the_axis(measure: LocalMeasure, lead: User) -> None:
    enter(measure, "nh_black", [(1, 2), None, None, (2, 4)], by=lead)
    enter(measure, "nh_white", [(3, 4)], by=lead)
    data = read_measure_data(scope_of(lead, on=TODAY), measure)
    assert data.labels == ("Jan 2025", "Feb 2025", "Mar 2025", "Apr 2025")
    assert [p.number for p in data.focus.points] == [0.5, None, None, 0.5]
    assert [p.number for p in data.reference.points] == [0.75, None, None, None]


def test_undone_decisions_are_not_drawn(measure: LocalMeasure, lead: User) -> None:
    enter(measure, "nh_black", [(5, 10)] * 14, by=lead)
    made = decide(measure, lead, starts_on=date(2025, 6, 1))
    scope = scope_of(lead, on=TODAY)
    assert len(assemble(read_measure_data(scope, measure)).phases) == 2
    undo_chart_decision(decision=made, by=lead, as_of=NOW)
    assert len(assemble(read_measure_data(scope, measure)).phases) == 1


def test_tests_that_began_are_in_the_lane_and_others_are_not(
    measure: LocalMeasure, project: Project, lead: User
) -> None:
    idea = make_idea(project, by=lead)
    enter(measure, "nh_black", [(5, 10)] * 15, by=lead)
    running = make_cycle(project.team, by=lead, idea=idea)
    planned = make_cycle(project.team, by=lead, idea=idea, state="planned")
    for cycle in (running, planned):
        link_cycle(measure=measure, cycle=cycle, by=lead, as_of=TODAY)
    data = read_measure_data(scope_of(lead, on=TODAY), measure)
    assert [c.id for c in data.cycles] == [running.pk]


def test_the_number_of_questions_does_not_grow_with_the_months(
    measure: LocalMeasure, lead: User, django_assert_num_queries: Any
) -> None:
    scope = scope_of(lead, on=TODAY)
    for months in (3, 17):
        enter(measure, "nh_black", [(5, 10)] * months, by=lead)
        found = get_measure(scope, measure.pk)
        with django_assert_num_queries(3):
            read_measure_data(scope, found)


# --- measures of the programme -------------------------------------------------------------------


@pytest.fixture
def bound(project: Project, team: Team, lead: User) -> LocalMeasure:
    world = results.make_world(period="2024")
    results.make_results(
        world,
        team=team,
        counts={"nh_black": (60, 100), "nh_white": (600, 800), "hispanic": (5, 8)},
    )
    return copy_programme_measure(
        project=project,
        source_id=world.source.pk,
        code=world.measure.code,
        year=2024,
        strata=[
            (stratum("nh_black").pk, StratumRole.FOCUS),
            (stratum("nh_white").pk, StratumRole.REFERENCE),
            (stratum("hispanic").pk, StratumRole.OTHER),
        ],
        by=lead,
        as_of=TODAY,
    )


def test_values_of_the_programme_arrive_by_themselves(bound: LocalMeasure, lead: User) -> None:
    data = read_measure_data(scope_of(lead, on=TODAY), bound)
    assert data.labels == ("2024",)
    assert (data.focus.points[0].numerator, data.focus.points[0].denominator) == (60, 100)
    assert data.basis.startswith("From the programme’s results")


def test_a_locked_definition_cannot_be_changed_but_its_target_can(
    bound: LocalMeasure, lead: User
) -> None:
    for sheet in ({"numerator_meaning": "Something else"}, {"direction": "lower"}):
        refused(
            lambda sheet=sheet: change_definition(
                measure=bound, sheet=sheet, reason="", by=lead, as_of=TODAY
            ),
            "locked",
        )
    changed = change_definition(
        measure=bound, sheet={"target": Decimal(80)}, reason="", by=lead, as_of=TODAY
    )
    assert changed.target == 80


def test_nobody_types_numbers_of_the_programme(bound: LocalMeasure, lead: User) -> None:
    refused(lambda: enter(bound, "nh_black", [(1, 2)], by=lead), "nobody types them")


def test_the_same_measure_is_taken_once(bound: LocalMeasure, project: Project, lead: User) -> None:
    refused(
        lambda: copy_programme_measure(
            project=project,
            source_id=bound.programme_source_id,
            code=bound.programme_measure.code,
            year=2024,
            strata=[(stratum("nh_black").pk, StratumRole.FOCUS)],
            by=lead,
            as_of=TODAY,
        ),
        "in the project already",
    )


# --- did it work: other sites ---------------------------------------------------------------------


def _site_world(team: Team) -> tuple[results.World, dict[str, Site]]:
    """Three years of two sites: from the first to the last the test's goes from 40 to 60 of 100, the other from 200 to 205 of 400."""
    sites = {name: make_site(team=team, name=name) for name in ("Dorchester", "Quincy")}
    counted = {
        "2023": {"Dorchester": (40, 100), "Quincy": (200, 400)},
        "2024": {"Dorchester": (45, 100), "Quincy": (210, 400)},
        "2025": {"Dorchester": (60, 100), "Quincy": (205, 400)},
    }
    worlds = {}
    for year, by_site in counted.items():
        world = worlds[year] = results.make_world(period=year)
        for name, black in by_site.items():
            results.make_results(
                world,
                team=team,
                site=sites[name],
                counts={"nh_black": black, "nh_white": (300, 400)},
            )
        both = [sum(pair) for pair in zip(*by_site.values(), strict=True)]
        counts = {"nh_black": (both[0], both[1]), "nh_white": (600, 800)}
        results.make_results(world, team=team, counts=counts)
    return worlds["2025"], sites


@pytest.fixture
def at_site(project: Project, team: Team, lead: User) -> tuple[LocalMeasure, Cycle]:
    """A measure of the programme, and a test of one site that began in the second of its years."""
    world, sites = _site_world(team)
    measure = copy_programme_measure(
        project=project,
        source_id=world.source.pk,
        code=world.measure.code,
        year=2025,
        strata=[
            (stratum("nh_black").pk, StratumRole.FOCUS),
            (stratum("nh_white").pk, StratumRole.REFERENCE),
        ],
        by=lead,
        as_of=TODAY,
    )
    cycle = make_cycle(
        team,
        by=lead,
        idea=make_idea(project, by=lead),
        site=sites["Dorchester"],
        started_on=date(2024, 10, 7),
    )
    link_cycle(measure=measure, cycle=cycle, by=lead, as_of=TODAY)
    return measure, cycle


def test_site_of_a_test_is_compared_with_the_groups_other_sites(
    at_site: tuple[LocalMeasure, Cycle], lead: User, client: Client
) -> None:
    measure, cycle = at_site
    found = SiteReader(scope_of(lead, on=TODAY), [measure]).compare(
        measure, site=cycle.site, started_on=cycle.started_on
    )
    assert found is not None
    assert (found.before_label, found.after_label) == ("2023", "2025")
    assert (found.at_site, found.elsewhere) == (
        Counts(40, 100, 60, 100),
        Counts(200, 400, 205, 400),
    )
    client.force_login(lead)
    said = client.get(reverse("local_measures:cycle_effect", args=[cycle.pk])).content.decode()
    expected = (
        "Difference in differences, Dorchester less the other sites, 2023 to 2025: +18.8 points"
    )
    assert expected in said, re.findall("Difference in differences[^<]*", said)
    assert "One site differs from others in more than this test." in said


@pytest.mark.parametrize(
    "change", [{"site": None}, {"started_on": date(2025, 2, 1)}, {"started_on": date(2023, 5, 1)}]
)
def test_without_a_site_or_a_year_on_both_sides_nothing_is_compared(
    change: dict[str, Any], at_site: tuple[LocalMeasure, Cycle], lead: User
) -> None:
    measure, cycle = at_site
    given = {"site": cycle.site, "started_on": cycle.started_on} | change
    assert SiteReader(scope_of(lead, on=TODAY), [measure]).compare(measure, **given) is None


def test_ramp_that_went_from_site_to_site_is_compared_with_none(
    at_site: tuple[LocalMeasure, Cycle], team: Team, lead: User, client: Client
) -> None:
    _, cycle = at_site
    make_cycle(team, by=lead, idea=cycle.idea, site=cycle.site, started_on=cycle.started_on)
    client.force_login(lead)
    path = f"{reverse('local_measures:cycle_effect', args=[cycle.pk])}?ramp=1"
    assert "Dorchester less the other sites" in client.get(path).content.decode()
    other = Site.objects.get(name="Quincy")
    make_cycle(team, by=lead, idea=cycle.idea, site=other, started_on=cycle.started_on)
    assert "less the other sites" not in client.get(path).content.decode()


@pytest.mark.parametrize("count", [1, 3])
def test_tests_at_a_site_ask_the_programme_once(
    count: int,
    at_site: tuple[LocalMeasure, Cycle],
    team: Team,
    lead: User,
    client: Client,
    django_assert_num_queries: Any,
) -> None:
    measure, first = at_site
    for _ in range(count - 1):
        cycle = make_cycle(
            team, by=lead, idea=first.idea, site=first.site, started_on=first.started_on
        )
        link_cycle(measure=measure, cycle=cycle, by=lead, as_of=TODAY)
    client.force_login(lead)
    path = reverse("local_measures:measure", args=[measure.pk])
    assert client.get(path).content.decode().count("Dorchester less the other sites") == count
    with django_assert_num_queries(34):
        client.get(path)
