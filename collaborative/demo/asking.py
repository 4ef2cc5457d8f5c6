"""The demo year of asking: scripts in use, trainings with one that is due again, and members in tests."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from collaborative.demo.files import OWN_GROUP
from pdsa.actions.asking import load_scripts, log_training, use_script, write_script
from pdsa.actions.outreach import add_members_to_test
from pdsa.forms.outreach import OutreachForm
from pdsa.models import AskingScript, AskingText, StaffTraining
from pdsa.queries.asking import list_sites_on
from pdsa.queries.outreach import list_open_tests, read_page
from teams.models import Team, User
from teams.scoping import Scope, member_rows_of, scope_of

#: Group → trainings: place of the site, role, topic, days ago, trained, staff, who, days that it holds.
_TRAININGS: dict[str, tuple[tuple[int, str, str, int, int, int, str, int], ...]] = {
    "G01": (
        (0, "front_desk", "asking", 240, 6, 9, "M. Alvarez, T. Brooks, J. Chen, 3 others", 365),
        (0, "front_desk", "refresher", 40, 9, 9, "All of the desk", 365),
        (0, "medical_assistant", "recording", 60, 5, 8, "Morning shift", 365),
        (1, "front_desk", "asking", 190, 4, 6, "", 180),
        (2, "call_center", "asking", 90, 7, 12, "Day team", 365),
    ),
    "G05": (
        (0, "front_desk", "why", 310, 3, 5, "R. Silva, K. Osei, L. Tran", 365),
        (1, "front_desk", "asking", 120, 4, 4, "All four", 365),
        (1, "nurse", "respect", 118, 6, 10, "", 365),
        (2, "front_desk", "asking", 365, 2, 5, "", 365),
    ),
    "G08": ((0, "front_desk", "asking", 75, 5, 7, "", 365),),
    "G12": ((0, "front_desk", "asking", 20, 2, 3, "P. Nowak and C. Reyes", 365),),
}
#: Group → scripts in use: place of the site, code, language, version, days ago.
_USES: dict[str, tuple[tuple[int, str, str, int, int], ...]] = {
    "G01": (
        (0, "first-visit", "en", 2, 40),
        (0, "first-visit", "es", 1, 40),
        (1, "first-visit", "en", 1, 190),
        (2, "on-the-phone", "en", 1, 90),
    ),
    "G05": (
        (0, "why-do-you-need-to-know", "en", 1, 310),
        (1, "first-visit", "en", 2, 120),
        (1, "first-visit", "pt", 1, 110),
    ),
    "G12": ((0, "first-visit", "en", 2, 20),),
}
_OWN_SCRIPT = """\
Before the doctor comes in I ask everybody the same three questions; it takes a minute.
Which language should we use when we talk about your health?
Here is a card. Which of these words are yours? You may point at more than one.
If you would rather not, just say so. I note it, and nobody asks you again."""
_MEMBERS_OF_TEST = 12


@transaction.atomic
def load_asking(*, users: dict[str, User], now: datetime, say: Callable[[str], None]) -> None:
    """Scripts, trainings and members in tests, unless they are there. users: by e-mail."""
    load_scripts()
    if StaffTraining.objects.exists():
        return
    today = timezone.localdate(now)
    for code in sorted({*_TRAININGS, *_USES}):
        team = Team.objects.get(code=code)
        lead = users[f"lead.{code.lower()}@groups.example"]
        scope = scope_of(lead, on=today)
        sites = list_sites_on(scope, team, today)
        for place, role, topic, ago, trained, staff, who, holds in _TRAININGS.get(code, ()):
            day = today - timedelta(days=ago)
            site = sites[place % len(sites)]
            if site not in list_sites_on(scope, team, day):
                continue
            values = {
                "site": site,
                "role": role,
                "topic": topic,
                "trained_on": day,
                "due_on": day + timedelta(days=holds),
                "trained_count": trained,
                "staff_count": staff,
                "who": who,
                "trainer": lead.name,
                "text": None,
                "note": "",
            }
            log_training(team=team, values=values, scope=scope, by=lead)
        for place, script, language, number, ago in _USES.get(code, ()):
            day = today - timedelta(days=ago)
            site = sites[place % len(sites)]
            if site in list_sites_on(scope, team, day):
                text = AskingText.objects.get(script__code=script, language=language, number=number)
                use_script(team=team, site=site, text=text, starts_on=day, scope=scope, by=lead)
    _write_own_script(users)
    members = _put_members_into_a_test(users, scope_day=now)
    say(f"  {StaffTraining.objects.count()} trainings, {members} members in a test")


def _write_own_script(users: dict[str, User]) -> None:
    team = Team.objects.get(code=OWN_GROUP)
    if not AskingScript.objects.filter(team=team).exists():
        write_script(
            team=team,
            title="In the room, with the card",
            situation="registration",
            language="en",
            text=_OWN_SCRIPT,
            by=users[f"lead.{OWN_GROUP.lower()}@groups.example"],
        )


def _put_members_into_a_test(users: dict[str, User], *, scope_day: datetime) -> int:
    """A dozen members of the group that sends its own file are part of its latest open test."""
    lead = users[f"lead.{OWN_GROUP.lower()}@groups.example"]
    team = Team.objects.get(code=OWN_GROUP)
    scope: Scope = scope_of(lead, on=timezone.localdate(scope_day))
    choice = OutreachForm({"group": "nh_black"}, scope=scope, team=team).choice  # type: ignore[arg-type]
    cycle = list_open_tests(team).first()
    if choice is None or cycle is None:
        return 0
    with member_rows_of([team.pk]):
        keys = [row.member.key for row in read_page(choice, limit=_MEMBERS_OF_TEST).rows]
    if not keys:
        return 0
    return add_members_to_test(cycle=cycle, choice=choice, keys=keys, scope=scope, by=lead)
