"""Tests of change: pages of a programme with 10,000 tests, server time and number of queries of each."""

from __future__ import annotations

import argparse
import random
import statistics
import time
from datetime import date, timedelta
from typing import Any

import django

django.setup()

from django.conf import settings
from django.db import connection
from django.test import Client
from django.utils import timezone

from measures.actions.definitions import load_definitions
from measures.models import Stratum
from pdsa.actions.library import load_library
from pdsa.charts.periods import step
from pdsa.enums import CycleState, Decision, PointKind, Sharing, StratumRole
from pdsa.models import (
    Adoption,
    ChangeIdea,
    Comment,
    Cycle,
    CycleMeasure,
    CycleTask,
    LibraryIdea,
    LocalMeasure,
    MeasureStratum,
    Observation,
    Prediction,
    Project,
)
from teams.enums import OrganisationKind, Role
from teams.models import CoachAssignment, Membership, Organisation, Team, User

GROUPS, PROJECTS, IDEAS, MEASURES = 12, 4, 10, 5
LIMIT_MS = 150
LONG_AGO = date(2020, 1, 1)
ROUNDS = 15
WORDS = (
    "call",
    "cuff",
    "visit",
    "evening",
    "ride",
    "letter",
    "kit",
    "nurse",
    "pharmacist",
    "script",
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tests", type=int, default=10_000)
    options = parser.parse_args()
    settings.ALLOWED_HOSTS = ["*"]
    people = make_programme(options.tests)
    measure(people)


def make_programme(tests: int) -> dict[str, User]:
    """Rows in bulk, past the actions: what is measured is reading. Returns a person of each kind."""
    load_definitions()
    draw = random.Random(7)
    now = timezone.now()
    coach = User.objects.create_user(email="coach@bench.example", name="Coach")
    payer = User.objects.create_user(email="payer@bench.example", name="Payer")
    _join(coach, "Institute", OrganisationKind.INSTITUTE, Role.COACH)
    _join(payer, "Payer", OrganisationKind.PAYER, Role.PAYER_ANALYST)
    ideas, leads = [], {}
    for group in range(GROUPS):
        lead = User.objects.create_user(email=f"lead{group}@bench.example", name=f"Lead {group}")
        organisation = _join(
            lead, f"Group {group}", OrganisationKind.PROVIDER_GROUP, Role.GROUP_LEAD
        )
        team = Team.objects.create(
            organisation=organisation, code=f"B{group:02}", name=organisation.name
        )
        CoachAssignment.objects.create(user=coach, team=team, starts_on=LONG_AGO)
        for number in range(PROJECTS):
            project = Project.objects.create(team=team, title=f"Project {number}", created_by=lead)
            for place in range(IDEAS):
                idea = ChangeIdea.objects.create(
                    project=project, title=f"Idea {place}", created_by=lead
                )
                ideas.append(idea)
                leads[idea.pk] = lead
    cycles = []
    for number in range(tests):
        idea = ideas[number % len(ideas)]
        lead = leads[idea.pk]
        closed = draw.random() < 0.7
        begun = now - timedelta(days=draw.randrange(700))
        cycles.append(
            Cycle(
                idea=idea,
                number=number // len(ideas) + 1,
                state=CycleState.CLOSED if closed else CycleState.DOING,
                decision=draw.choice(Decision.values) if closed else "",
                closed_at=begun if closed else None,
                owner=lead,
                created_by=lead,
                objective=" ".join(draw.choices(WORDS, k=12)),
                learned=" ".join(draw.choices(WORDS, k=30)),
                started_on=begun.date(),
                planned_start_on=begun.date(),
                planned_end_on=begun.date() + timedelta(days=7),
                patient_count=draw.choice([1, 3, 5, 20, 100]),
                sharing=draw.choice(Sharing.values),
                changed_at=begun,
            )
        )
    cycles = Cycle.objects.bulk_create(cycles, batch_size=2000)
    Prediction.objects.bulk_create(
        (Prediction(cycle=c, position=n, prediction="3 of 5") for c in cycles for n in (1, 2)),
        batch_size=5000,
    )
    CycleTask.objects.bulk_create(
        (CycleTask(cycle=c, position=1, what="Call") for c in cycles), batch_size=5000
    )
    Comment.objects.bulk_create(
        (Comment(cycle=c, author=c.owner, text="Good") for c in cycles), batch_size=5000
    )
    load_library()
    make_measures(cycles, draw)
    with connection.cursor() as cursor:
        cursor.execute("analyze")
    return {"lead": leads[ideas[0].pk], "coach": coach, "payer": payer}


def make_measures(cycles: list[Cycle], draw: random.Random) -> None:
    """Five measures of every project with three years of months for three groups, each linked to tests; a
    fifth of the ideas is the library's."""
    entry = LibraryIdea.objects.order_by("position").first()
    assert entry is not None
    Adoption.objects.bulk_create(
        Adoption(idea=idea, library_idea=entry, adopted_by=idea.created_by)
        for idea in ChangeIdea.objects.filter(title__in=["Idea 0", "Idea 1"])
    )
    groups = [
        Stratum.objects.get(stratum_set__code="combined", code=code)
        for code in ("nh_black", "nh_white", "hispanic")
    ]
    roles = (StratumRole.FOCUS, StratumRole.REFERENCE, StratumRole.OTHER)
    this_month = timezone.localdate().replace(day=1)
    months = [step(this_month, "month", -back) for back in range(36, 0, -1)]
    now = timezone.now()
    for project in Project.objects.select_related("created_by"):
        for number in range(MEASURES):
            measure = LocalMeasure.objects.create(
                project=project, name=f"Measure {number}", created_by=project.created_by
            )
            MeasureStratum.objects.bulk_create(
                MeasureStratum(measure=measure, stratum=group, role=role, position=place)
                for place, (group, role) in enumerate(zip(groups, roles, strict=True), start=1)
            )
            Observation.objects.bulk_create(
                Observation(
                    measure=measure,
                    stratum=group,
                    starts_on=month,
                    point_kind=PointKind.PROPORTION,
                    numerator=draw.randint(40, 60),
                    denominator=100,
                    entered_by=project.created_by,
                    entered_at=now,
                )
                for group in groups
                for month in months
            )
            linked = [c for c in cycles if c.idea.project_id == project.pk][number::25]
            CycleMeasure.objects.bulk_create(
                CycleMeasure(cycle=c, measure=measure, linked_by=project.created_by)
                for c in linked[:8]
            )


def _join(user: User, name: str, kind: str, role: str) -> Organisation:
    organisation = Organisation.objects.create(name=name, kind=kind)
    Membership.objects.create(user=user, organisation=organisation, role=role, starts_on=LONG_AGO)
    return organisation


class Count:
    """How many queries went through."""

    def __init__(self) -> None:
        self.number = 0

    def __call__(self, execute: Any, *query: Any) -> Any:
        self.number += 1
        return execute(*query)


def measure(people: dict[str, User]) -> None:
    idea = ChangeIdea.objects.order_by("id").first()
    assert idea is not None
    cycle = idea.cycles.order_by("-number").first()
    assert cycle is not None
    project = idea.project_id
    shared = Cycle.objects.filter(sharing=Sharing.UNNAMED).order_by("id").first()
    assert shared is not None
    measure_id = LocalMeasure.objects.filter(project=project).order_by("id").first().pk  # type: ignore[union-attr]
    linked = CycleMeasure.objects.filter(cycle__idea__project=project).order_by("id").first()
    assert linked is not None
    library_code = LibraryIdea.objects.order_by("position").first().code  # type: ignore[union-attr]
    pages = [
        ("lead", "/tests/next/"),
        ("lead", "/tests/"),
        ("lead", "/tests/?text=pharmacist+evening"),
        ("lead", "/tests/?page=20"),
        ("lead", "/tests/shared/?decision=abandon"),
        ("lead", f"/tests/{cycle.pk}/"),
        ("lead", f"/tests/{cycle.pk}/history/"),
        ("lead", "/tests/log/"),
        ("lead", "/projects/"),
        ("lead", f"/projects/{project}/"),
        ("lead", f"/projects/{project}/ramps/"),
        ("lead", f"/projects/{project}/tests/"),
        ("lead", f"/projects/{project}/measures/"),
        ("lead", f"/project-measures/{measure_id}/numbers/"),
        ("lead", f"/project-measures/{linked.measure_id}/"),
        ("lead", f"/tests/{linked.cycle_id}/did-it-work/"),
        ("lead", f"/tests/{linked.cycle_id}/did-it-work/?ramp=1"),
        ("lead", f"/projects/{project}/drivers/"),
        ("lead", "/library/"),
        ("lead", f"/library/{library_code}/"),
        ("lead", "/"),
        ("coach", "/"),
        ("coach", f"/project-measures/{measure_id}/"),
        ("coach", "/tests/"),
        ("coach", "/tests/?text=pharmacist+evening"),
        ("coach", "/tests/next/"),
        ("coach", "/projects/"),
        ("payer", "/tests/shared/"),
        ("payer", "/tests/shared/?text=pharmacist+evening"),
        ("payer", f"/tests/{shared.pk}/"),
    ]
    print(f"{'who':6} {'page':44} {'server CPU ms':>14} {'elapsed ms':>11} {'queries':>8}")
    slow = []
    for who, page in pages:
        client = Client()
        client.force_login(people[who])
        for _ in range(2):
            assert client.get(page).status_code == 200, page
        queries = Count()
        with connection.execute_wrapper(queries):
            assert client.get(page).content
        cpu, elapsed = [], []
        for _ in range(ROUNDS):
            before, began = time.process_time(), time.perf_counter()
            client.get(page)
            cpu.append((time.process_time() - before) * 1000)
            elapsed.append((time.perf_counter() - began) * 1000)
        median = statistics.median(cpu)
        print(
            f"{who:6} {page:44} {median:14.0f} {statistics.median(elapsed):11.0f} {queries.number:8}"
        )
        if median > LIMIT_MS:
            slow.append(page)
    if slow:
        raise SystemExit(f"Slower than {LIMIT_MS} ms: {', '.join(slow)}")


if __name__ == "__main__":
    main()
