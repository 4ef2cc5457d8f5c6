"""A year and more of monthly numbers of the demo teams' projects, entered through the actions.

Everything here is invented and drawn from fixed seeds. One measure moves after a test, most only vary;
some months are missing and one group is small.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils import timezone

from measures.queries import list_countable_groups, list_sources
from pdsa.actions.cycles import log_done_cycle
from pdsa.actions.measures import (
    copy_programme_measure,
    decide_about_chart,
    define_measure,
    enter_observations,
    link_cycle,
)
from pdsa.charts.periods import list_steps, step
from pdsa.enums import (
    ChartDecisionKind,
    Decision,
    Frequency,
    MeasureKind,
    PointKind,
    PointState,
    ProjectStatus,
    StratumRole,
)
from pdsa.models import LocalMeasure, Project
from pdsa.policies.measures import Entry
from teams.actions.autosave import write_fields
from teams.models import Team, User
from teams.queries import list_sites
from teams.scoping import scope_of

_MONTH = Frequency.MONTH


@dataclass(frozen=True)
class _Group:
    """level: share or value before; later: after the change; size: patients a month, lowest and highest."""

    code: str
    role: StratumRole
    level: float
    size: tuple[int, int] = (40, 70)
    later: float | None = None


@dataclass(frozen=True)
class _Story:
    """One measure. months: how far back it goes; moves: months ago from which `later` holds.

    missing: months ago that nobody collected. baseline: months that the baseline takes. phase: why a person
    began a new phase where the measure moved.
    """

    name: str
    kind: MeasureKind
    groups: tuple[_Group, ...]
    n: str = ""
    d: str = ""
    why: str = ""
    point_kind: PointKind = PointKind.PROPORTION
    direction: str = "higher"
    unit: str = ""
    target: str | None = None
    months: int = 14
    moves: int = 0
    missing: tuple[int, ...] = ()
    baseline: int = 0
    taken_out: tuple[int, str] | None = None
    phase: str = ""
    spread: float = 0.0


_FOCUS, _REFERENCE, _OTHER = StratumRole.FOCUS, StratumRole.REFERENCE, StratumRole.OTHER

_PRESSURE = "Blood pressure under 140/90 at the last visit"
_STORIES: dict[str, tuple[_Story, ...]] = {
    "G01": (
        _Story(
            _PRESSURE,
            MeasureKind.OUTCOME,
            (
                _Group("nh_black", _FOCUS, 0.56, (62, 95), 0.69),
                _Group("nh_white", _REFERENCE, 0.74, (120, 170), 0.75),
                _Group("hispanic", _OTHER, 0.63, (40, 60)),
                _Group("nh_asian", _OTHER, 0.72, (2, 9)),
            ),
            n="Patients whose last reading of the month was under 140/90",
            d="Patients with high blood pressure who were seen in the month",
            why="Strokes and kidney failure follow from pressure that stays high.",
            target="74",
            months=24,
            moves=8,
            missing=(19,),
            baseline=14,
            taken_out=(21, "Cuffs were recalled; most readings of the month are missing."),
        ),
        _Story(
            "High reading answered with a changed plan within 30 days",
            MeasureKind.PROCESS,
            (
                _Group("nh_black", _FOCUS, 0.38, (22, 38), 0.62),
                _Group("nh_white", _REFERENCE, 0.47, (35, 60), 0.55),
            ),
            n="Readings of 140/90 or more with a new order or visit within 30 days",
            d="Readings of 140/90 or more in the month",
            why="A high reading that nobody answers is what we can change first.",
            target="70",
            months=26,
            moves=13,
            baseline=11,
            missing=(18,),
            phase="Nurses change the plan by a standing order since then, and it has lasted",
        ),
        _Story(
            "Days until the pharmacist visit",
            MeasureKind.BALANCING,
            (_Group("all", _FOCUS, 9.5),),
            point_kind=PointKind.VALUE,
            direction="lower",
            unit="days",
            why="More visits must not mean longer waits.",
            months=12,
            spread=1.6,
        ),
    ),
    "G03": (
        _Story(
            "Blood sugar under control at the last test",
            MeasureKind.OUTCOME,
            (
                _Group("hispanic", _FOCUS, 0.58, (45, 70), 0.64),
                _Group("nh_white", _REFERENCE, 0.70, (80, 110)),
            ),
            n="Patients with diabetes whose last HbA1c was under 8%",
            d="Patients with diabetes who were tested in the month",
            target="70",
            months=15,
            moves=5,
            missing=(8, 3),
        ),
        _Story(
            "Race and ethnicity said by the patient",
            MeasureKind.PROCESS,
            (_Group("all", _FOCUS, 0.52, (300, 380), 0.71),),
            n="Patients who were asked and answered",
            d="Patients registered in the month",
            target="80",
            months=16,
            moves=7,
            baseline=9,
        ),
    ),
    "G05": (
        _Story(
            "Stool kits that come back within 60 days",
            MeasureKind.OUTCOME,
            (
                _Group("hispanic", _FOCUS, 0.31, (30, 55), 0.40),
                _Group("nh_white", _REFERENCE, 0.45, (60, 95)),
                _Group("nh_asian", _OTHER, 0.4, (0, 6)),
            ),
            n="Kits that came back within 60 days",
            d="Kits handed out or mailed in the month",
            target="55",
            months=13,
            moves=4,
            missing=(9,),
        ),
    ),
    "G06": (
        _Story(
            _PRESSURE,
            MeasureKind.OUTCOME,
            (
                _Group("hispanic", _FOCUS, 0.61, (70, 110)),
                _Group("nh_white", _REFERENCE, 0.73, (55, 80)),
                _Group("nh_black", _OTHER, 0.6, (3, 10)),
            ),
            n="Patients whose last reading of the month was under 140/90",
            d="Patients with high blood pressure who were seen in the month",
            target="72",
            months=13,
            missing=(6,),
        ),
    ),
    "G08": (
        _Story(
            "Missed visits for diabetes",
            MeasureKind.PROCESS,
            (
                _Group("hispanic", _FOCUS, 0.22, (60, 90)),
                _Group("nh_white", _REFERENCE, 0.13, (70, 100)),
            ),
            n="Visits that were missed without notice",
            d="Visits booked in the month",
            direction="lower",
            target="12",
            months=8,
        ),
    ),
}
#: The groups whose projects also show a measure of the programme.
_BOUND = {"G01": ("CBP", ("nh_black", "nh_white"))}


def make_local_measures(
    users: Mapping[str, User], *, now: datetime, say: Callable[[str], None]
) -> None:
    """Measures with their months for the first running project of each team named here.

    now: the month before it is the last one entered. A project that has measures is left alone.
    """
    strata = {s.code: s.pk for s in list_countable_groups()}
    made = 0
    for code, stories in _STORIES.items():
        team = Team.objects.filter(code=code).first()
        if team is None:
            continue
        project = team.projects.filter(status=ProjectStatus.ACTIVE).order_by("id").first()
        if project is None or project.local_measures.exists():
            continue
        lead = users[f"lead.{code.lower()}@groups.example"]
        for story in stories:
            _make(project, story, strata, lead, now)
            made += 1
        if code in _BOUND:
            _bind(project, *_BOUND[code], strata, lead, now)
            made += 1
    say(f"  {made} measures of projects, with their months")


def _for_focus_of(project: Project, story: _Story) -> _Story:
    """The story told about the group that the project is for; who was told about takes its place."""
    chosen = project.focus_strata.first()
    told = next(group.code for group in story.groups if group.role == _FOCUS)
    if chosen is None or told == "all" or chosen.code == told:
        return story
    names = {told: chosen.code, chosen.code: told}
    groups = tuple(replace(g, code=names.get(g.code, g.code)) for g in story.groups)
    return replace(story, groups=groups)


@transaction.atomic
def _make(
    project: Project, story: _Story, strata: Mapping[str, int], lead: User, now: datetime
) -> LocalMeasure:
    story = _for_focus_of(project, story)
    today = timezone.localdate(now)
    periods = list_steps(
        step(today.replace(day=1), _MONTH, -story.months),
        step(today.replace(day=1), _MONTH, -1),
        _MONTH,
    )
    measure = define_measure(
        project=project,
        sheet={
            "name": story.name,
            "kind": story.kind,
            "point_kind": story.point_kind,
            "direction": story.direction,
            "unit": story.unit,
            "why": story.why,
            "numerator_meaning": story.n,
            "denominator_meaning": story.d,
            "data_source": "Own health record, monthly list",
            "target": None if story.target is None else Decimal(story.target),
            "target_on": None if story.target is None else date(today.year + 1, 6, 30),
            "collector": "Quality nurse",
            "lag_days": 5,
            "definition": "",
            "exclusions": "Patients in hospice care" if story.n else "",
        },
        strata=[(strata[group.code], group.role) for group in story.groups],
        by=lead,
        as_of=today,
    )
    draw = random.Random(f"{project.team.code} {story.name}")
    for place, day in enumerate(periods):
        ago = story.months - place
        entered = datetime.combine(
            step(day, _MONTH) + timedelta(days=draw.randint(3, 9)), time(10, 20)
        )
        enter_observations(
            measure=measure,
            entries=[
                _entry(story, group, strata[group.code], day, ago, draw) for group in story.groups
            ],
            by=lead,
            as_of=min(timezone.make_aware(entered), now),
        )
    _decide(measure, story, periods, lead, today)
    _link(measure, story, periods, lead, today)
    return measure


def _entry(
    story: _Story, group: _Group, stratum_id: int, day: date, ago: int, draw: random.Random
) -> Entry:
    if ago in story.missing:
        return Entry(stratum_id, day, PointState.NOT_COLLECTED)
    moved = group.later is not None and ago <= story.moves
    level = group.later if moved and group.later is not None else group.level
    if story.point_kind == PointKind.VALUE:
        value = Decimal(f"{max(0.5, draw.gauss(level, story.spread)):.1f}")
        return Entry(stratum_id, day, value=value)
    size = draw.randint(*group.size)
    if size == 0:
        return Entry(stratum_id, day, PointState.NO_PATIENTS)
    if story.taken_out and ago == story.taken_out[0]:
        level /= 2
    met = sum(draw.random() < level for _ in range(size))
    return Entry(stratum_id, day, numerator=met, denominator=size)


def _decide(
    measure: LocalMeasure,
    story: _Story,
    periods: tuple[date, ...],
    lead: User,
    today: date,
) -> None:
    if story.baseline:
        decide_about_chart(
            measure=measure,
            kind=ChartDecisionKind.BASELINE,
            starts_on=periods[story.baseline],
            reason="The months before the first test, agreed with the charter",
            by=lead,
            as_of=today,
        )
    if story.phase:
        decide_about_chart(
            measure=measure,
            kind=ChartDecisionKind.PHASE,
            starts_on=periods[story.months - story.moves],
            is_expected_to_last=True,
            reason=story.phase,
            by=lead,
            as_of=today,
        )
    if story.taken_out:
        ago, reason = story.taken_out
        decide_about_chart(
            measure=measure,
            kind=ChartDecisionKind.EXCLUDE,
            starts_on=periods[story.months - ago],
            reason=reason,
            by=lead,
            as_of=today,
        )


def _link(
    measure: LocalMeasure, story: _Story, periods: tuple[date, ...], lead: User, today: date
) -> None:
    """The tests of the longest ramp that began while the measure was counted are meant to move it."""
    if story.kind == MeasureKind.BALANCING:
        return
    ramps = [
        [c for c in idea.cycles.all() if c.started_on is not None and c.started_on >= periods[0]]
        for idea in measure.project.ideas.prefetch_related("cycles")
    ]
    for cycle in max(ramps, key=len, default=[]):
        link_cycle(measure=measure, cycle=cycle, by=lead, as_of=today)


def _bind(
    project: Project,
    code: str,
    groups: tuple[str, str],
    strata: Mapping[str, int],
    lead: User,
    now: datetime,
) -> None:
    today = timezone.localdate(now)
    source: Any = list_sources(scope_of(lead, on=today)).filter(code="payer").first()
    if source is None:
        return
    measure = copy_programme_measure(
        project=project,
        source_id=source.pk,
        code=code,
        year=2025,
        strata=[(strata[groups[0]], _FOCUS), (strata[groups[1]], _REFERENCE)],
        by=lead,
        as_of=today,
    )
    _test_at_one_site(project, measure, lead, now)


def _test_at_one_site(project: Project, measure: LocalMeasure, lead: User, now: datetime) -> None:
    """A test of one site in the autumn before last: its page compares the site with the group's others."""
    today = timezone.localdate(now)
    sites = list_sites(scope_of(lead, on=today), project.team.code)
    site = sites.filter(name__endswith="Dorchester").first()
    if site is None:
        return
    first = date(today.year - 2, 10, 7)
    cycle = log_done_cycle(
        team=project.team,
        project=project,
        objective="Open two evenings a month for blood pressure checks at one site",
        what_happened="Twelve evenings until Christmas, nine patients an evening.",
        learned="People who work by day came; most of them heard of it from a neighbor.",
        decision=Decision.ADOPT,
        who="Front desk and two nurses",
        started_on=first,
        ended_on=date(first.year, 12, 19),
        by=lead,
        as_of=now,
    )
    write_fields(target=cycle, team=project.team, values={"site": site}, by=lead, as_of=now)
    cycle.save()
    link_cycle(measure=measure, cycle=cycle, by=lead, as_of=today)
