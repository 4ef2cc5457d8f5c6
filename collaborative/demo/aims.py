"""Aims, charters, driver diagrams and process maps of the demo teams, written through the actions.

Everything here is invented. Levels and gaps come from the demo's own results, so that an aim and the
dashboard of its group say the same.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Q

from measures.models import Measure, Stratum
from pdsa.actions import aims, drivers, process_maps
from pdsa.actions.library import adopt_idea, link_idea, load_library
from pdsa.actions.projects import create_project
from pdsa.enums import AimDirection, DriverStatus, MapKind, StepKind, Workstream
from pdsa.library.files import read_templates
from pdsa.models import Aim, Driver, LibraryIdea, Project
from pdsa.queries.aims import STRATUM_SET, find_start
from pdsa.queries.drivers import read_outline
from teams.models import Team, User
from teams.scoping import scope_of


@dataclass(frozen=True)
class _Plan:
    """What one group wants. measure, stratum: codes; empty for an aim without data of the programme.

    rise: points that the level shall gain (or lose, where less is better). charter: how far it came.
    """

    title: str
    measure: str
    stratum: str
    population: str
    problem: str
    template: str
    rise: int = 7
    charter: str = "agreed"
    adopted: tuple[str, ...] = ()
    review_note: str = ""


_PLANS: dict[str, _Plan] = {
    "G01": _Plan(
        "Blood pressure control in Dorchester and Jamaica Plain",
        "CBP",
        "hispanic",
        "adults with high blood pressure",
        "Hispanic patients of our two largest sites leave with a high reading and no change of treatment more "
        "often than others.",
        "equity",
        adopted=("community-health-worker-outreach",),
        review_note="Clear aim, and you named the floor. Bring the pharmacist to the next call.",
    ),
    "G02": _Plan(
        "Mammograms for everybody in Waltham and Woburn",
        "BCS-E",
        "hispanic",
        "women 50 to 74",
        "Hispanic patients are invited by letters in English, and the letters name no phone that answers in "
        "Spanish.",
        "screening",
        adopted=("mammogram-hours-and-van",),
    ),
    "G03": _Plan(
        "Diabetes care on Main South",
        "GSD-GOOD",
        "hispanic",
        "adults with diabetes",
        "Patients who prefer Spanish wait twice as long for a change of treatment.",
        "equity",
        adopted=("pharmacist-medication-management",),
    ),
    "G04": _Plan(
        "Blood pressure control in Brockton and Randolph",
        "CBP",
        "nh_black",
        "adults with high blood pressure",
        "One in three Black patients with a high reading has no visit within three months.",
        "equity",
        rise=5,
    ),
    "G05": _Plan(
        "Stool tests that come back, Fall River",
        "COL-E",
        "nh_black",
        "adults 45 to 75",
        "Kits go home and do not come back; nobody calls.",
        "screening",
        adopted=("screening-navigation",),
        review_note="Good. Say in the charter who follows a positive result.",
    ),
    "G06": _Plan(
        "Blood pressure control in Lawrence",
        "CBP",
        "hispanic",
        "adults with high blood pressure",
        "Our Lawrence patients lose work hours for every check.",
        "equity",
        adopted=("home-blood-pressure-cuffs",),
    ),
    "G07": _Plan(
        "Mammograms within reach, Lynn",
        "BCS-E",
        "nh_asian",
        "women 50 to 74",
        "The machine is in Salem, and the last slot is at four.",
        "screening",
        rise=6,
    ),
    "G08": _Plan(
        "Diabetes care in Holyoke",
        "GSD-GOOD",
        "hispanic",
        "adults with diabetes",
        "Half of our patients above goal have not been seen for six months.",
        "equity",
    ),
    "G09": _Plan(
        "Complete race, ethnicity and language data",
        "",
        "",
        "all patients seen at the four sites",
        "More than a third of our records say nothing about race, and staff do not like to ask.",
        "real_data",
        charter="reviewed",
        adopted=("real-script",),
        review_note="Ready to agree. Count what patients said themselves apart from what was imputed.",
    ),
    "G10": _Plan(
        "Well visits of adolescents in Roxbury",
        "WCV",
        "nh_black",
        "children and adolescents 3 to 21",
        "Adolescents come when they are ill, and not in between.",
        "equity",
    ),
    "G11": _Plan(
        "Blood pressure control on the Cape",
        "CBP",
        "nh_black",
        "adults with high blood pressure",
        "We are few, and we do not know our gap well yet.",
        "",
        charter="draft",
    ),
    "G12": _Plan(
        "Blood pressure control in Pittsfield",
        "CBP",
        "nh_black",
        "adults with high blood pressure",
        "Patients without a car skip the second visit.",
        "equity",
        rise=5,
    ),
}

_ROOMS = {
    "why_now": "The dashboard shows the gap for three years in a row, and two patients told us in the waiting "
    "room what it feels like.",
    "in_scope": "Adults of the named sites, whoever insures them.",
    "out_of_scope": "Hospital care, and sites outside the two.",
    "benefits": "Fewer strokes and fewer emergency visits; staff who see that their work counts for everybody.",
    "measures": "Outcome: the measure of the aim, by race and ethnicity. Process: treatment changed within two "
    "weeks of a high value. Must not get worse: waiting time for a visit.",
    "risks": "Staff turnover at the desk; a change of the health record in the fall.",
    "clinical_champion": "Chosen by the site's clinicians",
    "community_partner": "Two patients of the advisory council, from the first meeting on",
    "equity_lead": "The group's equity officer",
}

#: Ideas of teams that are ideas of the library in other words.
_SAME_AS = {
    "Ask race, ethnicity and language at check-in": "real-script",
    "Check-in on a tablet": "real-self-report",
    "Re-ask those whose race is unknown": "real-re-ask-rule",
    "Visits in Spanish for diabetes": "language-concordant-outreach",
}

#: Words of an idea → the secondary driver that it hangs under, where a team wrote ideas of its own.
_WHERE = (
    (r"pharmac|titrat|medic", "Treatment is stepped up when values stay high"),
    (r"cuff|home", "Care at home"),
    (r"ride|transport|hour|evening|saturday|van|mobile", "Rides, hours and places that fit"),
    (r"language|spanish|interpret|creole|portuguese", "Care in the patient's language"),
    (r"worker|navigat|call|reach", "Nobody is lost between visits"),
    (r"kit|mail|mammogram", "The test comes to the patient"),
    (r"ask|script|race|ethnic", "Words and practice"),
)

_VISIT = (
    ("Patient calls about a letter", "Patient", StepKind.START, None, None, "", "", False),
    ("Look for a visit", "Front desk", StepKind.STEP, "6", None, "Only weekday mornings are free", "", False),
    ("Wait for the visit", "Patient", StepKind.WAIT, "20160", "22", "No reminder in the patient’s language", "", False),
    ("Check in, insurance card copied twice", "Front desk", StepKind.STEP, "7", None, "", "The record has the card already.", True),
    ("Measure blood pressure", "Medical assistant", StepKind.STEP, "5", None, "One cuff size for everybody", "", False),
    ("Above 140/90?", "Medical assistant", StepKind.DECISION, "1", None, "", "Second reading only when there is time.", False),
    ("Copy the reading to the paper log", "Medical assistant", StepKind.STEP, "4", None, "", "Nobody reads the log.", True),
    ("Change treatment", "Clinician", StepKind.STEP, "12", "8.5", "Often put off to the next visit", "", False),
    ("Pick up the medicine", "Pharmacy", StepKind.STEP, "15", "11", "Copay asked for at the counter; closes at six", "", False),
    ("Next check is booked", "Front desk", StepKind.END, None, None, "", "", False),
)  # fmt: skip

_KIT = (
    ("Kit is handed out at a visit", "Medical assistant", StepKind.START, None, None, "", "", False),
    ("Explain the kit, in English", "Medical assistant", StepKind.STEP, "4", "15", "Leaflet in one language", "", False),
    ("Kit lies at home", "Patient", StepKind.WAIT, "43200", "40", "Nobody calls", "", False),
    ("Kit comes back?", "Laboratory", StepKind.DECISION, "2", None, "", "", False),
    ("Result is faxed and typed in", "Front desk", StepKind.STEP, "9", None, "Typed in twice", "The laboratory can send it.", True),
    ("Positive result reaches the clinician", "Clinician", StepKind.STEP, "6", "12", "No named person follows it", "", False),
    ("Colonoscopy is done", "Specialist", StepKind.END, None, None, "", "", False),
)  # fmt: skip


def make_aims(users: dict[str, User], *, now: datetime, say: Callable[[str], None]) -> None:
    """Aims, charters, diagrams and maps of every team; a project that has an aim already is left alone.

    users: by e-mail. now: nothing is dated after it.
    Effects: rows of the pdsa app and audit events of their actions.
    """
    load_library()
    made = 0
    for number, (code, plan) in enumerate(_PLANS.items()):
        team = Team.objects.get(code=code)
        people = _people(users, code)
        written_at = now - timedelta(days=310 - 5 * number)
        project = _project(team, plan, people["lead"])
        if Aim.objects.filter(project=project).exists():
            continue
        with transaction.atomic():
            _write(project, plan, people, written_at, now)
        made += 1
    say(f"Aims and driver diagrams of {made} projects")


def _people(users: dict[str, User], code: str) -> dict[str, User]:
    low = code.lower()
    found = {word: users[f"{word}.{low}@groups.example"] for word in ("lead", "member", "sponsor")}
    assignment = Team.objects.get(code=code).coach_assignments.order_by("-starts_on").first()
    if assignment is not None:
        found["coach"] = assignment.user
    return found


def _project(team: Team, plan: _Plan, lead: User) -> Project:
    """The team's first project of the plan's workstream, or a new one."""
    workstream = Workstream.CLINICAL if plan.measure else Workstream.REAL_DATA
    found = Project.objects.filter(team=team, workstream=workstream).order_by("id").first()
    if found is not None:
        return found
    strata = Stratum.objects.filter(stratum_set__code=STRATUM_SET, code=plan.stratum)
    return create_project(
        team=team, title=plan.title, workstream=workstream, focus_strata=strata, by=lead
    )


def _write(
    project: Project, plan: _Plan, people: dict[str, User], at: datetime, now: datetime
) -> None:
    lead, coach = people["lead"], people["coach"]
    aim = aims.write_aim(project=project, values=_rough(plan), by=people["member"], as_of=at)
    if plan.charter != "draft":
        values = _aim_values(project, plan, lead, now)
        aim = aims.write_aim(project=project, values=values, by=lead, as_of=at + timedelta(days=9))
        latest = aim.versions.first()
        aims.review_aim(
            aim=aim,
            seen_version=latest.number if latest else 0,
            note=plan.review_note,
            is_right=True,
            by=coach,
            as_of=at + timedelta(days=14),
        )
    _charter(project, plan, people, at)
    if plan.template:
        _diagram(project, plan, people, at + timedelta(days=20))
    if project.team.code in ("G01", "G04", "G06"):
        _map(project, "From the call to the next check", _VISIT, lead, aim.focus_group)
    if project.team.code == "G05":
        _map(project, "What happens to a kit", _KIT, lead, aim.focus_group)


def _rough(plan: _Plan) -> dict[str, Any]:
    """The first go: a direction and a wish, without numbers."""
    return {
        "direction": AimDirection.INCREASE,
        "measure_name": plan.title,
        "population": plan.population,
    }


def _aim_values(project: Project, plan: _Plan, lead: User, now: datetime) -> dict[str, Any]:
    due_on = (now + timedelta(days=300)).date().replace(month=12, day=31)
    values: dict[str, Any] = {
        "population": plan.population,
        "due_on": due_on,
        "guards_everyone": True,
        "unit": "%",
    }
    if not plan.measure:
        return values | {
            "direction": AimDirection.INCREASE,
            "measure_name": "Race and ethnicity that patients gave themselves",
            "focus_group": "Hispanic",
            "reference_group": "White",
            "baseline": Decimal("61.0"),
            "target": Decimal("85.0"),
            "gap_from": Decimal("12.0"),
            "gap_to": Decimal("5.0"),
            "basis": "Own count of 200 visits at two sites",
        }
    measure = Measure.objects.get(code=plan.measure)
    stratum = Stratum.objects.get(stratum_set__code=STRATUM_SET, code=plan.stratum)
    start = find_start(
        scope_of(lead, on=now.date()),
        project=project,
        measure_id=measure.pk,
        stratum_id=stratum.pk,
    )
    if start is None or start.baseline is None:
        return values | {"measure_name": plan.title, "focus_group": stratum.short_label}
    sign = 1 if start.higher_is_better else -1
    gap = start.gap_from or Decimal("4.0")
    return values | {
        "measure": measure,
        "focus_stratum": stratum,
        "direction": AimDirection.INCREASE if sign > 0 else AimDirection.DECREASE,
        "measure_name": start.measure_name,
        "focus_group": start.focus_group,
        "reference_group": start.reference_group,
        "baseline": start.baseline,
        "target": start.baseline + sign * plan.rise,
        "gap_from": gap,
        "gap_to": (gap / 2).quantize(Decimal("0.1")),
        "basis": start.basis,
    }


def _charter(project: Project, plan: _Plan, people: dict[str, User], at: datetime) -> None:
    lead = people["lead"]
    charter = aims.start_charter(project=project, by=lead)
    needed = {
        "problem": plan.problem,
        "population": f"{plan.population[0].upper()}{plan.population[1:]} at our largest sites.",
        "team_lead": lead.name,
        "day_to_day_lead": people["member"].name,
    }
    charter = aims.write_charter(charter=charter, values=needed, by=lead, as_of=at)
    if plan.charter == "draft":
        return
    rest: dict[str, Any] = {**_ROOMS, "sponsor": people["sponsor"].name}
    rest["review_on"] = (at + timedelta(days=365)).date()
    charter = aims.write_charter(
        charter=charter, values=rest, by=people["member"], as_of=at + timedelta(days=8)
    )
    charter = aims.review_charter(
        charter=charter, note="", by=people["coach"], as_of=at + timedelta(days=15)
    )
    if plan.charter == "agreed":
        aims.agree_charter(charter=charter, by=lead, as_of=at + timedelta(days=22))


def _diagram(project: Project, plan: _Plan, people: dict[str, User], at: datetime) -> None:
    lead, member = people["lead"], people["member"]
    template = next(t for t in read_templates() if t.code == plan.template)
    drivers.use_template(project=project, template=template, by=lead, as_of=at)
    primary = list(Driver.objects.filter(project=project, parent=None, is_removed=False))
    measures = Measure.objects.filter(code=plan.measure)
    for row, status, owner in zip(
        primary,
        (DriverStatus.NOW, DriverStatus.NOW, DriverStatus.IN_PLACE, DriverStatus.LATER),
        (lead.name, member.name, member.name, ""),
        strict=False,
    ):
        drivers.describe_driver(
            driver=row,
            owner=owner,
            status=status,
            measures=measures if row is primary[-1] or row is primary[0] else [],
            by=lead,
            as_of=at + timedelta(days=1),
        )
    for code in plan.adopted:
        entry = LibraryIdea.objects.get(code=code)
        adopt_idea(project=project, entry=entry, by=member, as_of=at + timedelta(days=12))


def hang_ideas(users: dict[str, User], *, now: datetime) -> None:
    """Ideas that came with tests go under the driver that their words speak of, else the first one, and
    those that are the library's are linked to it."""
    for code in _PLANS:
        team = Team.objects.get(code=code)
        member = _people(users, code)["member"]
        for project in Project.objects.filter(team=team):
            _hang_loose_ideas(project, member, now)
            for idea in project.ideas.filter(adoption=None):
                entry = _library_entry(idea.title)
                if entry is not None:
                    link_idea(idea=idea, entry=entry, by=member)


def _library_entry(title: str) -> LibraryIdea | None:
    code = _SAME_AS.get(title)
    return LibraryIdea.objects.filter(Q(title=title) | Q(code=code or "")).first()


def _hang_loose_ideas(project: Project, by: User, at: datetime) -> None:
    outline = read_outline(project)
    secondary = {
        row.driver.text: row.driver for row in outline.rows if row.driver and row.level == 2
    }
    if not secondary:
        return
    for idea in outline.loose:
        wanted = [text for words, text in _WHERE if re.search(words, idea.title.lower())]
        fitting = next((secondary[text] for text in wanted if text in secondary), None)
        driver = fitting or next(iter(secondary.values()))
        drivers.place_idea(driver=driver, title=idea.title, by=by, as_of=at)


def _map(project: Project, title: str, steps: tuple[Any, ...], by: User, focus_group: str) -> None:
    made = process_maps.create_map(
        project=project, title=title, kind=MapKind.TODAY, focus_group=focus_group, by=by
    )
    rows = []
    for text, actor, kind, minutes, lost, pain, note, stop in steps:
        values = {
            "text": text,
            "actor": actor,
            "kind": kind,
            "minutes": Decimal(minutes) if minutes else None,
            "lost_percent": Decimal(lost) if lost else None,
            "pain_point": pain,
            "note": note,
            "will_stop": stop,
        }
        rows.append(process_maps.add_step(process_map=made, values=values, by=by))
    decision = next(row for row in rows if row.kind == StepKind.DECISION)
    process_maps.change_step(
        step=decision, values={"branch_to": rows[-1], "branch_label": "No"}, by=by
    )
