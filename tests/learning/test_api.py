"""The learning system over the API: what a reader's pages show, and nothing of other teams."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from learning.models import Score, StreamNote
from teams.enums import Role
from teams.models import Team, User
from tests.factories.learning import make_action, make_call, make_coach, make_report, make_session
from tests.factories.people import make_team, make_token, make_user

pytestmark = pytest.mark.django_db

LISTS = ("calls", "actions", "scores", "monthly-reports")


def get(reader: User, path: str, status: int = 200) -> Any:
    client = Client(headers={"authorization": f"Token {make_token(reader)}"})
    answer = client.get(f"/api/v1/{path}")
    assert answer.status_code == status, answer.content
    return json.loads(answer.content)


def fill(team: Team) -> User:
    """A call with notes, an action, a score and a report; returns the team's lead."""
    coach = make_coach(team)
    lead = make_user(Role.GROUP_LEAD, team=team)
    call = make_call(team, coach)
    StreamNote.objects.filter(call=call, workstream="clinical").update(wins=f"Wins of {team}")
    make_action(team, lead, text=f"Action of {team}")
    Score.objects.create(
        team=team,
        month=date(2026, 5, 1),
        by_whom="team",
        value=Decimal("2.5"),
        suggested=Decimal("2.0"),
        reason=f"Reason of {team}",
        given_by=lead,
    )
    make_report(team, lead)
    return lead


def test_lists_hold_what_the_own_pages_show_and_nothing_of_others(team: Team) -> None:
    lead = fill(team)
    fill(make_team(name="Strange Group", code="STRANGE"))
    for name in LISTS:
        found = get(lead, f"{name}/")
        assert found["count"] == 1, name
        assert found["results"][0]["team"] == "HARBOR"
        assert "Strange" not in json.dumps(found)
    notes = get(lead, "calls/")["results"][0]["notes"]
    assert notes[0]["workstream"] == "clinical" and notes[0]["wins"] == "Wins of Harbor Health"
    assert get(lead, "scores/")["results"][0]["value"] == 2.5


def test_director_narrows_by_team_and_a_mistyped_filter_is_refused(team: Team) -> None:
    fill(team)
    fill(make_team(code="STRANGE"))
    director = make_user(Role.PROGRAMME_DIRECTOR)
    for name in LISTS:
        assert get(director, f"{name}/")["count"] == 2
        assert get(director, f"{name}/?team=HARBOR")["count"] == 1
    assert "taem" in get(director, "calls/?taem=HARBOR", 400)["fields"]


@pytest.mark.parametrize(
    "role", [Role.PAYER_ANALYST, Role.PAYER_FINANCE, Role.EVALUATOR, Role.ADMINISTRATOR]
)
@pytest.mark.parametrize("name", LISTS)
def test_calls_scores_and_reports_are_closed_to_payer_and_evaluator(
    team: Team, role: Role, name: str
) -> None:
    fill(team)
    get(make_user(role), f"{name}/", 403)


def test_sessions_are_those_that_concern_the_reader(team: Team) -> None:
    director = make_user(Role.PROGRAMME_DIRECTOR)
    make_session(director, title="For all")
    make_session(director, title="For others").teams.set([make_team()])
    lead = make_user(Role.GROUP_LEAD, team=team)
    assert [row["title"] for row in get(lead, "sessions/")["results"]] == ["For all"]
