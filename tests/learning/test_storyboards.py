"""Storyboards and materials of a session."""

from __future__ import annotations

from io import BytesIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from learning.actions.sessions import move_session_on
from learning.actions.storyboards import make_storyboard, show_storyboard
from learning.models import Session, Storyboard
from learning.storyboards import OF_PROGRAMME, TOO_SMALL, for_others
from teams.enums import Role
from teams.errors import StateRefused
from teams.models import Attachment, Team, User
from tests.factories.cycles import make_cycle, make_idea, make_project
from tests.factories.learning import NOW, make_coach, make_session
from tests.factories.local_measures import enter, make_local_measure
from tests.factories.people import make_user, signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def session(director: User) -> Session:
    return make_session(director)


@pytest.fixture
def board(session: Session, team: Team, lead: User) -> Storyboard:
    project = make_project(team, by=lead, title="Cuffs at home")
    make_cycle(
        team,
        by=lead,
        idea=make_idea(project, by=lead, title="Lend cuffs"),
        objective="Do patients use the cuff?",
        learned="They do when somebody calls",
        quotes="My patient said so",
    )
    small = make_local_measure(project, by=lead, name="Cuffs returned")
    enter(small, "nh_black", [(7, 9), (8, 12), (6, 11)], by=lead)
    large = make_local_measure(project, by=lead, name="Pressure controlled")
    enter(large, "nh_black", [(60, 90), (70, 120), (61, 110)], by=lead)
    return make_storyboard(session=session, team=team, by=lead, as_of=NOW)


def page_of(reader: User, board: Storyboard) -> tuple[int, str]:
    answer = signed_in(reader).get(reverse("learning:storyboard", args=[board.pk]))
    return answer.status_code, answer.content.decode()


def test_storyboard_says_what_stood_there_when_it_was_made(board: Storyboard, lead: User) -> None:
    project = board.team.projects.get()
    project.title = "Another title"
    project.save()
    status, page = page_of(lead, board)
    assert status == 200
    for words in ("Cuffs at home", "They do when somebody calls", "Cuffs returned", "Lend cuffs"):
        assert words in page
    assert "Another title" not in page
    assert "My patient said so" not in page
    assert "Denise Baptiste" not in str(board.content)


def test_other_groups_see_it_once_it_is_shown_and_without_small_counts(
    board: Storyboard, lead: User
) -> None:
    stranger = make_user(Role.GROUP_MEMBER)
    analyst = make_user(Role.PAYER_ANALYST)
    assert page_of(stranger, board)[0] == 404
    signed_in(lead).post(reverse("learning:show_storyboard", args=[board.pk]), {"shown": "1"})
    status, page = page_of(stranger, board)
    assert status == 200 and "Pressure controlled" in page
    assert TOO_SMALL in page
    assert "7 of 9" not in page and "8 of 12)" not in page
    assert page_of(analyst, board)[0] == 403, "a group's numbers are not for the payer"
    pdf = signed_in(stranger).get(reverse("learning:storyboard_pdf", args=[board.pk]))
    assert pdf.content.startswith(b"%PDF")
    show_storyboard(board=board, is_shown=False, by=lead)
    assert page_of(stranger, board)[0] == 404


def test_coach_and_director_see_all_of_it(board: Storyboard, director: User) -> None:
    for reader in (make_coach(board.team), director):
        status, page = page_of(reader, board)
        assert status == 200 and "Cuffs returned" in page and TOO_SMALL not in page


def test_nobody_shows_the_storyboard_of_another_group(board: Storyboard, lead: User) -> None:
    show_storyboard(board=board, is_shown=True, by=lead)
    stranger = make_user(Role.GROUP_LEAD)
    address = reverse("learning:show_storyboard", args=[board.pk])
    assert signed_in(stranger).post(address, {}).status_code == 404
    board.refresh_from_db()
    assert board.is_shown


def test_storyboard_stays_after_the_session(
    board: Storyboard, session: Session, lead: User, director: User
) -> None:
    move_session_on(session=session, act="hold", by=director, as_of=NOW)
    session.refresh_from_db()
    with pytest.raises(StateRefused, match="stay as they were shown"):
        make_storyboard(session=session, team=board.team, by=lead, as_of=NOW)


def test_team_without_a_project_has_no_storyboard(session: Session) -> None:
    lead = make_user(Role.GROUP_LEAD)
    team = Team.objects.get(organisation__memberships__user=lead)
    with pytest.raises(StateRefused, match="no project yet"):
        make_storyboard(session=session, team=team, by=lead, as_of=NOW)


# --- materials ------------------------------------------------------------------------------------------------


def test_file_of_a_session_is_read_by_whom_it_concerns(director: User, team: Team) -> None:
    session = make_session(director)
    session.teams.set([team])
    client = signed_in(director)
    slides = SimpleUploadedFile("slides.pdf", b"%PDF-1.7 slides")
    client.post(reverse("learning:add_session_file", args=[session.pk]), {"file": slides})
    file = Attachment.objects.get()
    member = signed_in(make_user(Role.GROUP_MEMBER, team=team))
    assert (
        "slides.pdf" in member.get(reverse("learning:session", args=[session.pk])).content.decode()
    )
    address = reverse("teams:attachment", args=[file.pk])
    assert BytesIO(b"".join(member.get(address).streaming_content)).read() == b"%PDF-1.7 slides"
    assert signed_in(make_user(Role.GROUP_MEMBER)).get(address).status_code == 404
    remove = reverse("learning:remove_session_file", args=[session.pk, file.pk])
    assert member.post(remove).status_code == 403
    client.post(remove)
    assert member.get(address).status_code == 404


def test_page_of_a_session_refuses_a_program(director: User) -> None:
    session = make_session(director)
    program = SimpleUploadedFile("tool.exe", b"MZ\x90\x00 program")
    answer = signed_in(director).post(
        reverse("learning:add_session_file", args=[session.pk]), {"file": program}
    )
    assert answer.status_code == 422
    assert not Attachment.objects.exists()


def test_results_of_the_programme_stay_with_the_group(board: Storyboard) -> None:
    """They are protected over all groups together; shown one by one they would give away hidden counts."""
    chart = {"name": "CBP", "own_only": OF_PROGRAMME, "wide": "545 of 703"}
    content = {"projects": [{"charts": [chart], "ramps": []}]}
    seen = for_others(content)
    assert seen["projects"][0]["charts"] == [{"name": "CBP", "withheld": OF_PROGRAMME}]
    assert all("own_only" in chart for chart in board.content["projects"][0]["charts"])
