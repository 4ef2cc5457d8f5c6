"""Organisations, people, sites and coaches of the demo. Everybody here is invented.

All sign in with one password, which is drawn for each installation and written beside its state.
Running it again finds what is there and adds what is missing.
"""

from __future__ import annotations

from datetime import date

from django.contrib.auth.hashers import make_password
from django.db import transaction

from collaborative.demo.world import PROGRAMME_PAYER, DemoGroup, World
from teams.actions.audit import record_event
from teams.actions.organisations import change_programme
from teams.actions.sites import assign_coach, hand_over_team, move_site
from teams.enums import OrganisationKind, Role
from teams.models import (
    CoachAssignment,
    Membership,
    Organisation,
    Site,
    SiteAssignment,
    Team,
    User,
)

STARTS_ON = date(2022, 9, 1)
PROGRAMME = {
    "name": "Bay State Equity Collaborative",
    "payer_name": PROGRAMME_PAYER,
    "institute_name": "Fairwater Institute for Improvement",
    "team_word": "team",
    "coach_word": "coach",
    "starts_on": date(2023, 1, 1),
    "ends_on": date(2027, 12, 31),
    "rejected_share_percent": 5,
}
EVALUATOR_NAME = "Tidemark Evaluation Group"

_PAYER, _INSTITUTE, _EVALUATOR = "payer.example", "institute.example", "evaluator.example"

ADMINISTRATOR = f"administrator@{_INSTITUTE}"
DIRECTOR = f"director@{_INSTITUTE}"
ANALYST = f"analyst@{_PAYER}"
EVALUATORS = (f"evaluator@{_EVALUATOR}", f"evaluator2@{_EVALUATOR}")
COACHES = tuple(f"coach{number}@{_INSTITUTE}" for number in (1, 2, 3))

#: e-mail, name, role, kind of organisation.
_STAFF = (
    (ADMINISTRATOR, "Ines Carvalho", Role.ADMINISTRATOR, OrganisationKind.INSTITUTE),
    (DIRECTOR, "Dr. Ruth Abernathy", Role.PROGRAMME_DIRECTOR, OrganisationKind.INSTITUTE),
    (COACHES[0], "Marcus Oyelaran", Role.COACH, OrganisationKind.INSTITUTE),
    (COACHES[1], "Linh Tran", Role.COACH, OrganisationKind.INSTITUTE),
    (COACHES[2], "Beatriz Fonseca", Role.COACH, OrganisationKind.INSTITUTE),
    (ANALYST, "Priya Venkataraman", Role.PAYER_ANALYST, OrganisationKind.PAYER),
    (f"finance@{_PAYER}", "Gordon Whitlock", Role.PAYER_FINANCE, OrganisationKind.PAYER),
    (EVALUATORS[0], "Dr. Samira Haddad", Role.EVALUATOR, OrganisationKind.EVALUATOR),
    (EVALUATORS[1], "Tom Lindgren", Role.EVALUATOR, OrganisationKind.EVALUATOR),
)  # fmt: skip

#: Group → its lead, a member and the senior sponsor.
_GROUP_PEOPLE = {
    "G01": ("Denise Baptiste", "Owen Gallagher", "Dr. Harriet Lindqvist"),
    "G02": ("Kavita Deshpande", "Peter Maddox", "Dr. Alan Whitcombe"),
    "G03": ("Rosa Quiñones", "Kwame Asante", "Dr. Edith Marlowe"),
    "G04": ("Jean-Marc Toussaint", "Colleen Brady", "Dr. Victor Hallam"),
    "G05": ("Fernanda Medeiros", "Tobias Reed", "Dr. Nuno Carreiro"),
    "G06": ("Yadira Polanco", "Sokha Prum", "Dr. Martha Ellery"),
    "G07": ("Angela Moretti", "Desmond Clarke", "Dr. Philip Thorne"),
    "G08": ("Carmen Villafañe", "Joel Petersen", "Dr. Anne Kowalczyk"),
    "G09": ("Salma Idrissi", "Rafael Montoya", "Dr. Grace Oduya"),
    "G10": ("Tamika Ellison", "Hannah Sørensen", "Dr. Miguel Arango"),
    "G11": ("Judith Swain", "Caleb Norwood", "Dr. Eleanor Pike"),
    "G12": ("Walter Nadeau", "Ming Zhao", "Dr. Louise Fairbanks"),
}


def _lead(code: str) -> str:
    return f"lead.{code.lower()}@groups.example"


#: What is printed after the start: role in words, e-mail.
DEMO_SIGN_INS = (
    ("Payer analyst", ANALYST),
    ("Programme director", DIRECTOR),
    ("Coach of four groups", COACHES[0]),
    ("Lead of a large group", _lead("G01")),
    ("Member of a middle-sized group", "member.g05@groups.example"),
    ("Sponsor of a small group", "sponsor.g12@groups.example"),
    ("Evaluator", EVALUATORS[0]),
    ("Payer finance", f"finance@{_PAYER}"),
    ("Administrator", ADMINISTRATOR),
)


def write_sign_ins(password: str) -> str:
    """The lines that `up` prints."""
    lines = [f"Demo sign-ins, all with the password  {password}", ""]
    lines += [f"  {what:<32}{email}" for what, email in DEMO_SIGN_INS]
    lines += [
        "",
        "Every group has lead, member and sponsor: lead.g01@groups.example … sponsor.g12@groups.example",
    ]
    return "\n".join(lines) + "\n"


@transaction.atomic
def make_people(world: World, *, password: str) -> dict[str, User]:
    """Organisations, teams, sites, people, memberships, coaches, programme settings; by e-mail.

    Effects: the rows, audit events of the acts that have actions, and one event for the rest.
    """
    organisations = _make_organisations(world)
    users = _make_users(organisations, password)
    teams = {team.code: team for team in Team.objects.all()}
    administrator, director = users[ADMINISTRATOR], users[DIRECTOR]
    change_programme(values=PROGRAMME, by=administrator, as_of=STARTS_ON)
    for group in world.groups:
        _make_sites(group, teams[group.code])
    _move_sites(world, teams, by=director)
    _assign_coaches(world, users, teams, by=director)
    record_event(
        act="make_demo_people",
        target="collaborative.demo:people",
        by=None,
        details={"people": len(users), "teams": len(teams)},
    )
    return users


def _make_organisations(world: World) -> dict[str, Organisation]:
    """By kind, and groups by their code."""
    named = {
        OrganisationKind.PAYER: PROGRAMME["payer_name"],
        OrganisationKind.INSTITUTE: PROGRAMME["institute_name"],
        OrganisationKind.EVALUATOR: EVALUATOR_NAME,
    }
    made = {
        str(kind): Organisation.objects.get_or_create(name=name, defaults={"kind": kind})[0]
        for kind, name in named.items()
    }
    for group in world.groups:
        made[group.code] = Organisation.objects.get_or_create(
            name=group.name, defaults={"kind": OrganisationKind.PROVIDER_GROUP}
        )[0]
        Team.objects.get_or_create(
            code=group.code, defaults={"organisation": made[group.code], "name": group.name}
        )
    return made


def _make_users(organisations: dict[str, Organisation], password: str) -> dict[str, User]:
    hashed = make_password(password)  # once: a strong hash takes a third of a second
    wanted = [(email, name, role, organisations[str(kind)]) for email, name, role, kind in _STAFF]
    for code, names in _GROUP_PEOPLE.items():
        roles = (Role.GROUP_LEAD, Role.GROUP_MEMBER, Role.SENIOR_SPONSOR)
        for word, name, role in zip(("lead", "member", "sponsor"), names, roles, strict=True):
            wanted.append(
                (f"{word}.{code.lower()}@groups.example", name, role, organisations[code])
            )
    users = {}
    for email, name, role, organisation in wanted:
        user, _ = User.objects.update_or_create(
            email=email,
            defaults={"password": hashed},
            create_defaults={"name": name, "password": hashed},
        )
        Membership.objects.get_or_create(
            user=user, organisation=organisation, role=role, defaults={"starts_on": STARTS_ON}
        )
        users[email] = user
    return users


def _make_sites(group: DemoGroup, team: Team) -> None:
    for entry in group.sites:
        site, created = Site.objects.get_or_create(
            code=entry.code, defaults={"name": entry.name, "zip_code": entry.zip_code}
        )
        if created:
            SiteAssignment.objects.create(site=site, team=team, starts_on=STARTS_ON)


def _move_sites(world: World, teams: dict[str, Team], *, by: User) -> None:
    for move in world.moves:
        site = Site.objects.get(code=move.site)
        if not site.assignments.filter(team=teams[move.to]).exists():
            move_site(site=site, team=teams[move.to], starts_on=move.on, by=by, as_of=move.on)


def _assign_coaches(
    world: World, users: dict[str, User], teams: dict[str, Team], *, by: User
) -> None:
    """Four groups each, in turn; one group changed coaches in 2024."""
    if CoachAssignment.objects.exists():
        return
    for number, group in enumerate(world.groups):
        coach = users[COACHES[number % len(COACHES)]]
        other = users[COACHES[(number + 1) % len(COACHES)]]
        handed_over = group.code == "G06"
        first = assign_coach(
            coach=other if handed_over else coach,
            team=teams[group.code],
            starts_on=STARTS_ON,
            by=by,
            as_of=STARTS_ON,
        )
        if handed_over:
            day = date(2024, 7, 1)
            hand_over_team(assignment=first, to=coach, starts_on=day, by=by, as_of=day)
