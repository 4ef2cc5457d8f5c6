"""Nothing that a person typed is ever lost: finishing over a colleague's words, rows that were removed."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from pdsa.actions.cycles import continue_cycle, decide_cycle, share_cycle
from pdsa.enums import CycleState, Sharing
from pdsa.models import Cycle
from teams.enums import Role
from teams.models import Team, User
from tests.factories.cycles import NOW, make_cycle
from tests.factories.people import make_team, make_token, make_user, signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def team() -> Team:
    return make_team(name="Birch Health")


@pytest.fixture
def lead(team: Team) -> User:
    return make_user(Role.GROUP_LEAD, team=team, name="Denise Baptiste")


@pytest.fixture
def client(lead: User) -> Client:
    return signed_in(lead)


@pytest.fixture
def nurse(team: Team) -> Client:
    return signed_in(make_user(Role.GROUP_MEMBER, team=team, name="Odalys Reyes"))


@pytest.fixture
def cycle(team: Team, lead: User) -> Cycle:
    return make_cycle(team, by=lead)


# --- finishing while a colleague writes -----------------------------------------------------------------------


def shown_form(client: Client, cycle: Cycle) -> dict[str, Any]:
    """What the page of finishing would send if nobody typed anything, and the decision to adopt."""
    form: Any = client.get(f"/tests/{cycle.pk}/finish/").context["form"]
    values = {name: form[name].value() for name in form.fields}
    return {name: value for name, value in values.items() if value} | {"decision": "adopt"}


def write(client: Client, cycle: Cycle, field: str, text: str, base: int = 0) -> None:
    at = reverse("pdsa:save_cycle", args=[cycle.pk])
    answer = client.post(at, {"field": field, "text": text, "base": str(base)})
    assert answer.status_code == 200, answer.content


def finish(client: Client, cycle: Cycle, sent: dict[str, Any]) -> Any:
    answer = client.post(f"/tests/{cycle.pk}/finish/", sent)
    cycle.refresh_from_db()
    return answer


def test_finish_leaves_what_a_colleague_wrote_in_a_box_that_was_left_alone(
    client: Client, nurse: Client, cycle: Cycle
) -> None:
    write(client, cycle, "learned", "First words")
    sent = shown_form(client, cycle)
    write(nurse, cycle, "what_happened", "Four answered")
    write(nurse, cycle, "learned", "First words and more", base=1)
    assert finish(client, cycle, sent).status_code == 302
    assert cycle.state == CycleState.CLOSED
    assert (cycle.what_happened, cycle.learned) == ("Four answered", "First words and more")


def test_finish_writes_the_boxes_that_were_changed(client: Client, cycle: Cycle) -> None:
    write(client, cycle, "what_happened", "Four answered")
    write(client, cycle, "learned", "Call after six")
    sent = shown_form(client, cycle) | {"what_happened": "Five\r\nanswered", "learned": ""}
    assert finish(client, cycle, sent).status_code == 302
    assert (cycle.what_happened, cycle.learned) == ("Five\nanswered", "")


def test_finish_shows_both_texts_where_both_wrote(
    client: Client, nurse: Client, cycle: Cycle
) -> None:
    sent = shown_form(client, cycle) | {"what_happened": "Mine <b>", "next_change": "Evenings"}
    write(nurse, cycle, "what_happened", "Theirs & hers")
    refused = finish(client, cycle, sent)
    assert refused.status_code == 409
    assert (cycle.state, cycle.what_happened) == (CycleState.DOING, "Theirs & hers")
    assert cycle.next_change == ""
    page = refused.content.decode()
    for text in ("Odalys Reyes", "Theirs &amp; hers", "Mine &lt;b&gt;", "Evenings"):
        assert text in page, text
    form = refused.context["form"]
    again = sent | {
        "what_happened": "Theirs & hers\nMine",
        "base-what_happened": form["base-what_happened"].value(),
    }
    assert finish(client, cycle, again).status_code == 302
    assert (cycle.what_happened, cycle.next_change) == ("Theirs & hers\nMine", "Evenings")


def test_finish_with_the_same_words_as_a_colleague_is_no_conflict(
    client: Client, nurse: Client, cycle: Cycle
) -> None:
    sent = shown_form(client, cycle) | {"learned": "Call after six"}
    write(nurse, cycle, "learned", "Call after six")
    assert finish(client, cycle, sent).status_code == 302


def test_finish_does_not_write_over_a_colleagues_answer(
    client: Client, nurse: Client, cycle: Cycle
) -> None:
    row = cycle.predictions.get()
    sent = shown_form(client, cycle)
    answered = {"field": "match", "text": "partly", "base": "0"}
    nurse.post(reverse("pdsa:save_prediction", args=[row.pk]), answered)
    refused = finish(client, cycle, sent | {f"match-{row.pk}": "yes"})
    row.refresh_from_db()
    assert (refused.status_code, row.match) == (409, "partly")
    assert "Odalys Reyes changed this" in refused.content.decode()
    # Left alone, the colleague's answer stays.
    assert finish(client, cycle, sent).status_code == 302
    row.refresh_from_db()
    assert row.match == "partly"


def test_finish_of_a_test_that_was_closed_meanwhile_gives_the_words_back(
    client: Client, nurse: Client, cycle: Cycle
) -> None:
    sent = shown_form(client, cycle) | {"learned": "Call after six"}
    nurse.post(f"/tests/{cycle.pk}/decide/abandon/")
    refused = finish(client, cycle, sent)
    assert refused.status_code == 422
    assert "Call after six" in refused.content.decode()
    assert (cycle.decision, cycle.learned) == ("abandon", "")


# --- rows that were removed -----------------------------------------------------------------------------------

WORDS = "The words of the removed row"


def remove_all(client: Client, cycle: Cycle, lead: User) -> dict[str, Any]:
    """A question, a task and a number with words in them, removed: {part of the address: row}."""
    rows: dict[str, Any] = {
        "questions": cycle.predictions.create(position=2, prediction=f"{WORDS} 1"),
        "tasks": cycle.tasks.create(position=1, what=f"{WORDS} 2"),
        "numbers": cycle.readings.create(
            read_on=NOW.date(), label=f"{WORDS} 3", value=7, entered_by=lead
        ),
    }
    for part, row in rows.items():
        assert client.post(f"/test-{part}/{row.pk}/remove/").status_code == 302
    return rows


def test_removed_rows_can_be_put_back(client: Client, cycle: Cycle, lead: User) -> None:
    rows = remove_all(client, cycle, lead)
    assert (cycle.predictions.count(), cycle.tasks.count(), cycle.readings.count()) == (1, 0, 0)
    page = client.get(f"/tests/{cycle.pk}/").content.decode()
    for number, (part, row) in enumerate(rows.items(), start=1):
        assert f"/test-{part}/{row.pk}/put-back/" in page
        if part != "numbers":
            assert f"Put back: {WORDS} {number}" in page
        assert client.post(f"/test-{part}/{row.pk}/put-back/").status_code == 302
        assert client.post(f"/test-{part}/{row.pk}/put-back/").status_code == 404
    assert list(cycle.predictions.all())[1] == rows["questions"]
    assert (cycle.tasks.get(), cycle.readings.get()) == (rows["tasks"], rows["numbers"])


def test_place_of_a_removed_row_is_not_given_away(client: Client, cycle: Cycle, lead: User) -> None:
    rows = remove_all(client, cycle, lead)
    client.post(f"/tests/{cycle.pk}/questions/add/")
    client.post(f"/test-questions/{rows['questions'].pk}/put-back/")
    assert [row.position for row in cycle.predictions.all()] == [1, 2, 3]


def test_history_shows_the_words_of_removed_rows(client: Client, cycle: Cycle, lead: User) -> None:
    remove_all(client, cycle, lead)
    # Words of the plan that nobody has changed since: no version holds them.
    first = cycle.predictions.get()
    client.post(f"/test-questions/{first.pk}/remove/")
    page = client.get(f"/tests/{cycle.pk}/history/").content.decode()
    assert "removed by Denise Baptiste" in page
    for words in (f"{WORDS} 1", f"{WORDS} 2", f"{WORDS} 3", "3 of 5 will answer"):
        assert words in page


def test_removed_rows_are_nowhere_else(client: Client, cycle: Cycle, lead: User) -> None:
    first = cycle.predictions.get()
    client.post(f"/test-questions/{first.pk}/remove/")
    remove_all(client, cycle, lead)
    share_cycle(cycle=cycle, sharing=Sharing.NAMED, by=lead, as_of=NOW)
    hints: Any = client.get(f"/tests/{cycle.pk}/").context["hints"]
    assert {hint.code: hint.credit for hint in hints}["prediction"] == 0
    stranger = signed_in(make_user(Role.GROUP_LEAD, team=make_team()))
    said = [
        stranger.get(f"/tests/{cycle.pk}/"),
        client.get(f"/tests/{cycle.pk}/as-shared/"),
    ]
    made = continue_cycle(
        cycle=decide_cycle(cycle=cycle, decision="adapt", by=lead, as_of=NOW), by=lead, as_of=NOW
    )
    said.append(client.get(f"/tests/{made.pk}/"))
    api = Client(headers={"authorization": f"Token {make_token(lead)}"})
    said.append(api.get(f"/api/v1/tests/{cycle.pk}/"))
    for answer in said:
        assert answer.status_code == 200
        assert WORDS not in answer.content.decode()
        assert "3 of 5 will answer" not in answer.content.decode()
    assert not made.predictions.exists()
