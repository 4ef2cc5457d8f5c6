"""News, stories, storyboards, months and what is held, looked at in a browser."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from learning.actions.progress import open_monthly_report
from learning.actions.stories import begin_story
from learning.actions.storyboards import make_storyboard
from learning.actions.synthesis import open_synthesis
from pdsa.enums import CycleState
from teams.enums import Role
from teams.models import Team
from tests.e2e.accessibility import flaws
from tests.factories.cycles import make_cycle
from tests.factories.learning import make_session
from tests.factories.local_measures import enter, make_local_measure
from tests.factories.people import make_team, make_user

pytestmark = [pytest.mark.browser, pytest.mark.heavy, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize("width", [390, 1440])
def test_pages_are_accessible_and_fit(width: int, open_as: Any, live_server: Any) -> None:
    team: Team = make_team(name="Harborlight Medical", code="HARBOR")
    lead = make_user(Role.GROUP_LEAD, team=team)
    director = make_user(Role.PROGRAMME_DIRECTOR)
    now = timezone.now()
    cycle = make_cycle(team, by=lead, state=CycleState.CLOSED, sharing="unnamed")
    measure = make_local_measure(cycle.idea.project, by=lead)
    enter(measure, "nh_black", [(60, 90), (70, 120), (61, 110)], by=lead)
    story = begin_story(team=team, by=lead)
    session = make_session(director)
    board = make_storyboard(session=session, team=team, by=lead, as_of=now)
    report = open_monthly_report(team=team, month=now.date(), by=lead)
    open_synthesis(month=now.date(), by=director)
    for reader, paths in (
        (
            lead,
            (
                "/learning/news/",
                "/learning/news/topics/",
                "/learning/stories/",
                f"/learning/stories/{story.pk}/",
                f"/learning/storyboards/{board.pk}/",
                f"/learning/coaching/{team.code}/holding/",
                f"/learning/coaching/{team.code}/holding/changes/{cycle.idea_id}/",
                f"/learning/reports/{report.pk}/",
                "/learning/actions/",
                "/learning/my-calendar/",
                f"/posts/pdsa.cycle/{cycle.pk}/report/",
            ),
        ),
        (
            director,
            (
                "/learning/months/",
                f"/learning/months/{now:%Y-%m}/",
                f"/learning/sessions/{session.pk}/",
                "/moderation/",
            ),
        ),
    ):
        page = open_as(reader, width=width)
        for path in paths:
            page.goto(live_server.url + path, wait_until="networkidle")
            assert flaws(page) == [], path
