"""Details of a patient in what groups say about tests and show on storyboards: reported, hidden, decided."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from django.urls import reverse

from learning.actions.exchange import (
    answer_group_question,
    ask_group,
    report_tried,
    take_report_of_try_back,
)
from learning.actions.storyboards import make_storyboard, show_storyboard
from learning.models import GroupQuestion, Storyboard, TriedToo
from learning.queries.exchange import (
    count_tried,
    get_answerable_question,
    list_waiting_questions,
)
from pdsa.models import Cycle
from teams.actions.moderation import decide_about_post, report_post
from teams.enums import HoldState, Role
from teams.errors import StateRefused
from teams.models import HeldPost, Notification, Team, User
from teams.moderation import get_post
from tests.factories.harvest import NOW, make_shared, scope_at_now
from tests.factories.learning import make_coach, make_session
from tests.factories.people import make_team, make_user, signed_in

pytestmark = pytest.mark.django_db

WORDS = "Zelda Quist of ward four"


@pytest.fixture
def cycle(team: Team, lead: User) -> Cycle:
    return make_shared(team, by=lead)


@pytest.fixture
def other() -> Team:
    return make_team(name="Alder Clinics")


@pytest.fixture
def writer(other: Team) -> User:
    return make_user(Role.GROUP_LEAD, team=other)


@dataclass
class Said:
    """One text about a patient: where it stands, whose it is, and who still reads it once it is reported."""

    post_type: str
    post_id: int
    page: str
    author: User
    still_read_it: list[User]


def say_tried(cycle: Cycle, other: Team, writer: User) -> TriedToo:
    return report_tried(
        cycle=cycle,
        team=other,
        outcome="worked",
        decision="adopt",
        text=WORDS,
        is_named=False,
        own_cycle=None,
        by=writer,
        as_of=NOW,
    )


def ask(cycle: Cycle, team: Team | None, by: User, text: str = WORDS) -> GroupQuestion:
    return ask_group(cycle=cycle, team=team, text=text, is_named=False, by=by, as_of=NOW)


@pytest.fixture
def say(team: Team, lead: User, other: Team, writer: User, cycle: Cycle) -> Callable[[str], Said]:
    page = reverse("harvest:test", args=[cycle.pk])

    def tried() -> Said:
        row = say_tried(cycle, other, writer)
        return Said("learning.triedtoo", row.pk, page, writer, [writer, make_coach(other)])

    def question() -> Said:
        row = ask(cycle, other, writer)
        return Said("learning.groupquestion", row.pk, page, writer, [writer, make_coach(other)])

    def of_the_faculty() -> Said:
        coach = make_coach(make_team())
        row = ask(cycle, None, coach)
        return Said("learning.groupquestion", row.pk, page, coach, [coach])

    def answer() -> Said:
        row = ask(cycle, other, writer, "How long did it take?")
        answer_group_question(question=row, answer=WORDS, by=lead, as_of=NOW)
        return Said("learning.groupanswer", row.pk, page, lead, [lead, make_coach(team)])

    def storyboard() -> Said:
        Cycle.objects.filter(pk=cycle.pk).update(learned=WORDS)
        session = make_session(make_user(Role.PROGRAMME_DIRECTOR))
        board = make_storyboard(session=session, team=team, by=lead, as_of=NOW)
        show_storyboard(board=board, is_shown=True, by=lead)
        path = reverse("learning:storyboard", args=[board.pk])
        return Said("learning.storyboard", board.pk, path, lead, [lead, make_coach(team)])

    kinds = {
        "tried": tried,
        "question": question,
        "of_the_faculty": of_the_faculty,
        "answer": answer,
        "storyboard": storyboard,
    }
    return lambda kind: kinds[kind]()


KINDS = ("tried", "question", "of_the_faculty", "answer", "storyboard")


def reads(user: User, said: Said) -> bool:
    return WORDS in signed_in(user).get(said.page).content.decode()


def report(said: Said, by: User) -> HeldPost:
    post = get_post(scope_at_now(by), said.post_type, said.post_id)
    return report_post(post=post, reason="A name", by=by, as_of=NOW)


def told(user: User) -> list[tuple[str, str]]:
    rows = Notification.objects.filter(user=user, key__startswith="held-").order_by("pk")
    return list(rows.values_list("title", "text"))


@pytest.mark.parametrize("kind", KINDS)
def test_reported_words_are_hidden_at_once_and_come_back_when_restored(
    kind: str, say: Callable[[str], Said]
) -> None:
    said = say(kind)
    reader, director = make_user(Role.GROUP_MEMBER), make_user(Role.PROGRAMME_DIRECTOR)
    address = reverse("teams:report_post", args=[said.post_type, said.post_id])
    client = signed_in(reader)
    assert reads(reader, said)
    assert address in client.get(said.page).content.decode(), "the page leads to the report"
    assert WORDS not in client.get(address).content.decode()
    assert client.post(address, {"reason": "A name"}).status_code == 302

    assert not reads(reader, said)
    for user in (*said.still_read_it, director):
        page = signed_in(user).get(said.page).content.decode()
        assert said.post_type != "learning.storyboard" or "The groups of the programme" not in page
        assert WORDS in page and "Hidden after a report" in page
        assert address not in page
    assert client.get(address).status_code == 404
    held = HeldPost.objects.get()
    assert held.author == said.author
    ((title, text),) = told(said.author)
    assert "is hidden for now" in title and WORDS not in title + text
    assert not Notification.objects.filter(text__contains=WORDS).exists()

    decide_about_post(held=held, state=HoldState.RESTORED, decision="Fine", by=director, as_of=NOW)
    assert reads(reader, said)
    assert told(said.author)[1][1] == "Fine"


@pytest.mark.parametrize("kind", KINDS)
def test_removed_words_stay_hidden(kind: str, say: Callable[[str], Said]) -> None:
    said = say(kind)
    reader, director = make_user(Role.GROUP_MEMBER), make_user(Role.PROGRAMME_DIRECTOR)
    decide_about_post(
        held=report(said, reader),
        state=HoldState.REMOVED,
        decision="It does",
        by=director,
        as_of=NOW,
    )
    assert not reads(reader, said)


@pytest.mark.parametrize("kind", ("tried", "question", "answer"))
def test_words_about_a_test_that_is_shared_no_more_cannot_be_reported(
    kind: str, say: Callable[[str], Said], cycle: Cycle
) -> None:
    said = say(kind)
    Cycle.objects.filter(pk=cycle.pk).update(sharing="team")
    client = signed_in(make_user(Role.GROUP_MEMBER))
    address = reverse("teams:report_post", args=[said.post_type, said.post_id])
    assert client.post(address, {"reason": "A name"}).status_code == 404
    assert not HeldPost.objects.exists()


def test_storyboard_that_is_not_shown_and_an_answer_that_is_not_there_cannot_be_reported(
    say: Callable[[str], Said],
) -> None:
    board, question = say("storyboard"), say("question")
    Storyboard.objects.update(is_shown=False)
    director = make_user(Role.PROGRAMME_DIRECTOR)
    for kind, pk in ((board.post_type, board.post_id), ("learning.groupanswer", question.post_id)):
        address = reverse("teams:report_post", args=[kind, pk])
        assert signed_in(director).post(address, {"reason": "A name"}).status_code == 404


def test_hidden_report_is_counted_nowhere_and_not_taken_back_until_it_is_decided(
    say: Callable[[str], Said], cycle: Cycle, writer: User
) -> None:
    said = say("tried")
    reader, director = make_user(Role.GROUP_MEMBER), make_user(Role.PROGRAMME_DIRECTOR)
    assert count_tried([cycle.pk])
    held = report(said, reader)
    assert not count_tried([cycle.pk])
    page = signed_in(writer).get(said.page).content.decode()
    assert "Tried by" not in page and ">.</p>" not in page
    row = TriedToo.objects.get()
    with pytest.raises(StateRefused, match="a moderator decides"):
        take_report_of_try_back(report=row, by=writer)
    decide_about_post(held=held, state=HoldState.RESTORED, decision="Fine", by=director, as_of=NOW)
    take_report_of_try_back(report=row, by=writer)
    page = signed_in(director).get(reverse("teams:held_post", args=[held.pk])).content.decode()
    assert "has taken the post back" in page


def test_hidden_question_waits_for_no_answer(
    say: Callable[[str], Said], lead: User, cycle: Cycle
) -> None:
    said = say("question")
    assert list_waiting_questions(scope_at_now(lead), limit=5)
    report(said, make_user(Role.GROUP_MEMBER))
    assert not list_waiting_questions(scope_at_now(lead), limit=5)
    with pytest.raises(GroupQuestion.DoesNotExist):
        get_answerable_question(scope_at_now(lead), said.post_id)


def test_reported_storyboard_leaves_by_no_other_door(say: Callable[[str], Said]) -> None:
    said = say("storyboard")
    reader = make_user(Role.GROUP_MEMBER)
    session = Storyboard.objects.get().session_id
    client = signed_in(reader)
    listed: Any = reverse("learning:session", args=[session])
    assert said.page in client.get(listed).content.decode()
    report(said, reader)
    assert said.page not in client.get(listed).content.decode()
    pdf = reverse("learning:storyboard_pdf", args=[said.post_id])
    assert client.get(said.page).status_code == client.get(pdf).status_code == 404


def test_test_that_was_reported_is_on_no_storyboard_of_others(
    say: Callable[[str], Said], cycle: Cycle, lead: User
) -> None:
    said = say("storyboard")
    reader = make_user(Role.GROUP_MEMBER)
    post = get_post(scope_at_now(reader), "pdsa.cycle", cycle.pk)
    report_post(post=post, reason="A name", by=reader, as_of=NOW)
    assert not reads(reader, said)
    assert signed_in(reader).get(said.page).status_code == 200
    assert reads(lead, said)
