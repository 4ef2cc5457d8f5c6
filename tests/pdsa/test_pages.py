"""Pages of projects and tests: they open for who may, do what their buttons say, and ask few questions."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from pdsa.actions.drivers import add_driver, place_idea
from pdsa.enums import CycleState, Decision, Sharing
from pdsa.models import Cycle
from pdsa.views.tabs import PROJECT_TABS
from teams.attachments import list_attachments
from teams.enums import Role
from teams.models import Team, User
from tests.factories.aims import make_aim
from tests.factories.cycles import make_cycle, make_idea, make_project
from tests.factories.local_measures import make_local_measure
from tests.factories.people import make_team, make_user, signed_in

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


def text_of(response: Any) -> str:
    assert response.status_code == 200, response.status_code
    return str(response.content.decode())


def test_log_needs_one_sentence(client: Client) -> None:
    page = text_of(client.get("/tests/log/"))
    assert "Denise Baptiste" in page
    response = client.post("/tests/log/", {"objective": "Call 5 patients", "prediction": "3"})
    cycle = Cycle.objects.get()
    assert response.status_code == 302
    assert response["Location"] == f"/tests/{cycle.pk}/"
    assert cycle.state == CycleState.DOING
    shown = text_of(client.get(response["Location"]))
    assert "Call 5 patients" in shown
    assert "Only your team, your coach and the programme director" in shown


def test_log_for_later_is_planned(client: Client) -> None:
    client.post("/tests/log/", {"objective": "Call 5 patients", "act": "plan"})
    assert Cycle.objects.get().state == CycleState.PLANNED


def test_log_without_a_sentence_keeps_what_was_typed(client: Client) -> None:
    page = text_of(client.post("/tests/log/", {"objective": "", "prediction": "half of them"}))
    assert "half of them" in page
    assert not Cycle.objects.exists()


def test_log_asks_about_a_patients_name_and_masks_it(client: Client) -> None:
    sent = {"objective": "Call Mrs. Jones first", "prediction": ""}
    page = text_of(client.post("/tests/log/", sent))
    assert "looks like a name" in page
    assert not Cycle.objects.exists()
    client.post("/tests/log/", sent | {"details": "mask"})
    assert Cycle.objects.get().objective == "Call Mrs. [name] first"


def test_log_keeps_a_name_when_told_that_it_is_no_patient(client: Client) -> None:
    client.post("/tests/log/", {"objective": "Ask Mrs. Baptiste", "details": "keep"})
    assert Cycle.objects.get().objective == "Ask Mrs. Baptiste"


def test_log_goes_under_the_chosen_idea(client: Client, team: Team, lead: User) -> None:
    project = make_project(team, by=lead)
    make_idea(project, by=lead, title="Other")
    idea = make_idea(project, by=lead, title="Evening calls")
    client.post("/tests/log/", {"objective": "x", "idea": str(idea.pk)})
    assert Cycle.objects.get().idea == idea


def test_done_test_is_logged_with_its_decision(client: Client) -> None:
    yesterday = timezone.localdate() - timedelta(days=1)
    client.post(
        "/tests/log-done/",
        {"objective": "Posters", "decision": "abandon", "ended_on": yesterday.isoformat()},
    )
    cycle = Cycle.objects.get()
    assert (cycle.state, cycle.is_retrospective) == (CycleState.CLOSED, True)


def test_done_test_of_tomorrow_is_refused(client: Client) -> None:
    tomorrow = timezone.localdate() + timedelta(days=1)
    page = text_of(
        client.post("/tests/log-done/", {"objective": "x", "ended_on": tomorrow.isoformat()})
    )
    assert "has not come yet" in page


def test_finish_closes_and_plans_the_next(client: Client, team: Team, lead: User) -> None:
    cycle = make_cycle(team, by=lead)
    row = cycle.predictions.get()
    assert "What happened?" in text_of(client.get(f"/tests/{cycle.pk}/finish/"))
    response = client.post(
        f"/tests/{cycle.pk}/finish/",
        {
            "what_happened": "4 answered",
            "decision": "expand",
            f"match-{row.pk}": "yes",
            "plan_next": "on",
        },
    )
    cycle.refresh_from_db()
    row.refresh_from_db()
    made = Cycle.objects.get(previous=cycle)
    assert response["Location"] == f"/tests/{made.pk}/"
    assert (cycle.decision, cycle.what_happened, row.match) == ("expand", "4 answered", "yes")


@pytest.mark.parametrize("decision", ["adopt", "abandon"])
def test_what_is_settled_has_no_next_test(
    decision: str, client: Client, team: Team, lead: User
) -> None:
    cycle = make_cycle(team, by=lead)
    client.post(f"/tests/{cycle.pk}/finish/", {"decision": decision, "plan_next": "on"})
    assert not Cycle.objects.filter(previous=cycle).exists()


def test_refused_step_says_why(client: Client, team: Team, lead: User) -> None:
    cycle = make_cycle(team, by=lead, state=CycleState.CLOSED)
    response = client.post(f"/tests/{cycle.pk}/start/")
    assert response.status_code == 409
    assert "This one is closed" in response.content.decode()


def test_rows_are_added_ticked_and_removed(client: Client, team: Team, lead: User) -> None:
    cycle = make_cycle(team, by=lead)
    at = f"/tests/{cycle.pk}"
    client.post(f"{at}/questions/add/")
    client.post(f"{at}/tasks/add/")
    task = cycle.tasks.get()
    client.post(f"/test-tasks/{task.pk}/done/", {"done": "1"})
    task.refresh_from_db()
    assert task.done_on == timezone.localdate()
    client.post(
        f"{at}/numbers/add/", {"read_on": "2026-03-05", "numerator": "3", "denominator": "5"}
    )
    assert "3 of 5" in text_of(client.get(f"{at}/"))
    client.post(f"/test-numbers/{cycle.readings.get().pk}/remove/")
    client.post(f"/test-tasks/{task.pk}/remove/")
    client.post(f"/test-questions/{cycle.predictions.latest('position').pk}/remove/")
    assert (cycle.readings.count(), cycle.tasks.count(), cycle.predictions.count()) == (0, 0, 1)


def test_numbers_that_do_not_fit_come_back_with_what_was_typed(
    client: Client, team: Team, lead: User
) -> None:
    cycle = make_cycle(team, by=lead)
    response = client.post(
        f"/tests/{cycle.pk}/numbers/add/",
        {"read_on": "2026-03-05", "numerator": "7", "denominator": "5", "label": "Answered"},
    )
    assert response.status_code == 422
    page = response.content.decode()
    assert "n cannot be larger than N" in page
    assert 'value="Answered"' in page


def test_comment_reaches_the_person_who_is_named(client: Client, team: Team, lead: User) -> None:
    coach = make_user(Role.COACH, team=team, name="Linh Tran")
    stranger = make_user(Role.GROUP_LEAD, team=make_team())
    cycle = make_cycle(team, by=lead)
    at = f"/tests/{cycle.pk}/comments/add/"
    client.post(at, {"text": "Look at this", "mentions": [str(coach.pk)]})
    assert coach.notifications.get().path == f"/tests/{cycle.pk}/"
    # Somebody who may not read the test cannot be told of it.
    response = client.post(at, {"text": "And you", "mentions": [str(stranger.pk)]})
    assert response.status_code == 422
    assert not stranger.notifications.exists()
    home = text_of(signed_in(coach).get("/tests/next/"))
    assert "Denise Baptiste wrote to you" in home
    signed_in(coach).post(at, {"text": "I did"})
    assert "wrote to you" not in text_of(signed_in(coach).get("/tests/next/"))


def test_only_ones_own_comment_can_be_taken_back(client: Client, team: Team, lead: User) -> None:
    coach = make_user(Role.COACH, team=team)
    cycle = make_cycle(team, by=lead)
    comment = cycle.comments.create(author=coach, text="Mine")
    assert client.post(f"/comments/{comment.pk}/take-back/").status_code == 404
    signed_in(coach).post(f"/comments/{comment.pk}/take-back/")
    comment.refresh_from_db()
    assert comment.text == ""


def test_next_things_are_three_with_one_verb_each(client: Client, team: Team, lead: User) -> None:
    today = timezone.localtime()
    late = make_cycle(team, by=lead, objective="Late one", as_of=today - timedelta(days=30))
    deciding = make_cycle(
        team, by=lead, state=CycleState.STUDYING, as_of=today - timedelta(days=20)
    )
    planned = make_cycle(team, by=lead, state=CycleState.PLANNED, as_of=today)
    make_cycle(team, by=lead, as_of=today)
    page = text_of(client.get("/tests/next/"))
    assert page.count("next-thing") - page.count("next-things") == 3
    order = [page.index(str(cycle)) for cycle in (late, deciding, planned)]
    assert order == sorted(order)
    assert "23 days past its planned end" in page
    assert f"/tests/{late.pk}/finish/" in page


def test_list_finds_by_words_state_and_decision(client: Client, team: Team, lead: User) -> None:
    make_cycle(team, by=lead, objective="Evening calls by the pharmacist")
    make_cycle(
        team,
        by=lead,
        objective="Posters at the pharmacist",
        state=CycleState.CLOSED,
        decision=Decision.ABANDON,
    )
    for query, found in (
        ("", 2),
        ("?text=pharmacist+evening", 1),
        ("?decision=abandon", 1),
        ("?decision=adopt", 0),
        ("?state=doing", 1),
        ("?state=nonsense", 2),
    ):
        page = text_of(client.get(f"/tests/{query}"))
        assert page.count('class="test-line"') == found, query


def test_list_finds_what_is_late_and_who_can_read_it(
    client: Client, team: Team, lead: User
) -> None:
    now = timezone.localtime()
    late = make_cycle(team, by=lead, as_of=now - timedelta(days=30))
    make_cycle(team, by=lead, as_of=now)
    make_cycle(team, by=lead, as_of=now - timedelta(days=30), state=CycleState.CLOSED)
    named = make_cycle(team, by=lead, as_of=now, sharing=Sharing.NAMED)
    unnamed = make_cycle(team, by=lead, as_of=now, sharing=Sharing.UNNAMED)
    for address in ("/tests/", f"/projects/{late.idea.project_id}/tests/"):
        for query, found in (
            ("?due=late", [late]),
            ("?sharing=named", [named]),
            ("?sharing=unnamed", [unnamed]),
            ("?sharing=named&due=late", []),
        ):
            page = text_of(client.get(address + query))
            assert page.count('class="test-line"') == len(found), (address, query)
            assert all(str(cycle) in page for cycle in found)
    # Of others' tests nobody asks it, and a group that shares without its name is not told apart.
    strange = signed_in(make_user(Role.PAYER_ANALYST))
    page = text_of(strange.get("/tests/shared/?sharing=unnamed&due=late"))
    assert page.count('class="test-line"') == 2
    assert "Who can read it" not in page


def test_every_page_of_a_project_names_its_aim_and_its_coach(
    client: Client, team: Team, lead: User
) -> None:
    project = make_project(team, by=lead)
    pages = [reverse(name, args=[project.pk]) for _, name in PROJECT_TABS]
    make_user(Role.COACH, team=make_team(), name="Coach of others")
    for page in (text_of(client.get(path)) for path in pages):
        assert "Nobody yet" in page
    assert "Write the aim" in text_of(client.get(pages[0]))
    make_aim(project, by=lead)
    make_user(Role.COACH, team=team, name="Linh Tran")
    for path in pages:
        page = text_of(client.get(path))
        head = page[page.index("project-head") : page.index("Pages of the project")]
        # Two pages begin with the aim themselves.
        assert ("from 61% to 70%" in head) == (path not in pages[1:3])
        assert "from 61% to 70%" in page
        assert "Linh Tran" in head and "Coach of others" not in head


def test_ramps_of_one_driver_are_those_of_its_ideas(client: Client, team: Team, lead: User) -> None:
    project = make_project(team, by=lead)
    at: dict[str, Any] = {"by": lead, "as_of": timezone.now()}
    access = add_driver(project=project, text="Access", **at)
    rides = add_driver(project=project, text="Rides", parent=access, **at)
    clinic = add_driver(project=project, text="Clinic", **at)
    for driver, title in ((rides, "Vouchers"), (clinic, "Home cuffs"), (None, "Posters")):
        idea = (
            place_idea(driver=driver, title=title, **at).idea
            if driver
            else make_idea(project, by=lead, title=title)
        )
        if title != "Home cuffs":
            make_cycle(team, by=lead, idea=idea)
    other = make_project(team, by=lead)
    strange = add_driver(project=other, text="Elsewhere", **at)
    place_idea(driver=strange, title="Other", **at)
    everything = {"Vouchers", "Home cuffs", "Posters"}
    for value, shown in (
        ("", everything),
        (access.pk, {"Vouchers"}),
        (rides.pk, {"Vouchers"}),
        (clinic.pk, {"Home cuffs"}),
        ("none", {"Posters"}),
        (strange.pk, everything),
    ):
        page = text_of(client.get(f"/projects/{project.pk}/ramps/?driver={value}"))
        found = page[page.index("ramps-found") :]
        assert {title for title in everything if title in found} == shown, value
        assert "Elsewhere" not in page
    # One driver is no choice.
    assert "All drivers" not in text_of(client.get(f"/projects/{other.pk}/ramps/"))


def test_measure_of_the_project_is_linked_on_the_page_of_the_test(
    client: Client, team: Team, lead: User
) -> None:
    cycle = make_cycle(team, by=lead)
    own = make_local_measure(cycle.idea.project, by=lead, name="Readings under 140")
    other = make_local_measure(make_project(team, by=lead), by=lead, name="Of another project")
    page = text_of(client.get(f"/tests/{cycle.pk}/"))
    assert "Readings under 140" in page
    assert "Of another project" not in page
    for measure in (other, own, own):
        client.post(f"/tests/{cycle.pk}/measures/link/", {"measure": str(measure.pk)})
    assert [link.measure for link in cycle.measure_links.all()] == [own]


def test_form_of_a_number_asks_about_persons_only_when_there_is_something_to_ask(
    client: Client, team: Team, lead: User
) -> None:
    cycle = make_cycle(team, by=lead)
    assert "details of a person" not in text_of(client.get(f"/tests/{cycle.pk}/"))
    sent = {"read_on": "2026-03-05", "value": "3", "label": "Mrs. Jones"}
    refused = client.post(f"/tests/{cycle.pk}/numbers/add/", sent)
    assert "details of a person" in refused.content.decode()


def test_history_shows_who_wrote_what(client: Client, team: Team, lead: User) -> None:
    cycle = make_cycle(team, by=lead)
    at = reverse("pdsa:save_cycle", args=[cycle.pk])
    client.post(at, {"field": "learned", "text": "Call after six", "base": "0"})
    page = text_of(client.get(f"/tests/{cycle.pk}/history/"))
    assert "What did you learn?" in page
    assert "Call after six" in page
    assert "Denise Baptiste" in page


# --- saving field by field ------------------------------------------------------------------------------------


def test_autosave_answers_saved_conflict_details_and_misfit(
    client: Client, team: Team, lead: User
) -> None:
    cycle = make_cycle(team, by=lead)
    at = reverse("pdsa:save_cycle", args=[cycle.pk])
    saved = client.post(at, {"field": "learned", "text": "One", "base": "0"})
    assert (saved.status_code, saved.json()) == (200, {"version": 1, "text": "One"})
    conflict = client.post(at, {"field": "learned", "text": "Two", "base": "0"})
    assert conflict.status_code == 409
    assert conflict.json()["conflict"]["text"] == "One"
    assert conflict.json()["conflict"]["by"] == "Denise Baptiste"
    name = client.post(at, {"field": "learned", "text": "Mrs. Jones", "base": "1"})
    assert name.status_code == 422
    assert name.json()["masked"] == "Mrs. [name]"
    kept = client.post(at, {"field": "learned", "text": "Mrs. Jones", "base": "1", "keep": "1"})
    assert kept.status_code == 200
    number = client.post(at, {"field": "patient_count", "text": "0", "base": "0"})
    assert number.status_code == 422
    assert client.post(at, {"field": "state", "text": "closed", "base": "0"}).status_code == 400
    cycle.refresh_from_db()
    assert (cycle.learned, cycle.patient_count) == ("Mrs. Jones", None)
    told = client.get(at).json()
    assert told["fields"]["learned"]["version"] == 2
    assert told["token"]


def test_autosave_takes_every_kind_of_field(client: Client, team: Team, lead: User) -> None:
    cycle = make_cycle(team, by=lead)
    at = reverse("pdsa:save_cycle", args=[cycle.pk])
    for field, text in (
        ("planned_end_on", "2026-04-01"),
        ("patient_count", "5"),
        ("carried_out", "partly"),
        ("kind", "spread"),
    ):
        assert client.post(at, {"field": field, "text": text, "base": "0"}).status_code == 200
    row = cycle.predictions.get()
    at = reverse("pdsa:save_prediction", args=[row.pk])
    for field, text in (("expected_value", "3.5"), ("match", "no"), ("result", "Two")):
        answer = client.post(at, {"field": field, "text": text, "base": "0"})
        assert answer.status_code == 200, answer.content
    cycle.refresh_from_db()
    row.refresh_from_db()
    assert (cycle.patient_count, cycle.carried_out, cycle.kind) == (5, "partly", "spread")
    assert (str(row.expected_value), row.match) == ("3.500", "no")
    # The same number in another spelling is the same number.
    again = client.post(at, {"field": "expected_value", "text": "3.50", "base": "0"})
    assert again.status_code == 200


def test_form_saves_as_a_whole_without_javascript(client: Client, team: Team, lead: User) -> None:
    cycle = make_cycle(team, by=lead)
    at = reverse("pdsa:save_cycle", args=[cycle.pk])
    response = client.post(
        at,
        {
            "learned": "Much",
            "base-learned": "0",
            "surprises": "None",
            "base-surprises": "0",
            "next": f"/tests/{cycle.pk}/",
        },
    )
    assert response["Location"] == f"/tests/{cycle.pk}/"
    cycle.refresh_from_db()
    assert (cycle.learned, cycle.surprises) == ("Much", "None")
    other = client.post(
        at,
        {"learned": "Later words", "base-learned": "0", "next": "https://elsewhere.example/"},
    )
    page = other.content.decode()
    assert other.status_code == 409
    assert "Later words" in page
    assert "Much" in page
    assert "elsewhere" not in page
    cycle.refresh_from_db()
    assert cycle.learned == "Much"


# --- queries --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize(
    ("address", "queries"),
    [
        ("/tests/", 12),
        ("/tests/shared/", 10),
        ("/tests/next/", 12),
        ("/projects/", 9),
        ("/projects/{project}/", 14),
        ("/projects/{project}/ramps/", 14),
        ("/projects/{project}/tests/", 12),
        ("/tests/{cycle}/", 28),
        ("/tests/{cycle}/history/", 12),
        ("/tests/log/", 9),
    ],
)
def test_number_of_queries_does_not_grow(
    address: str,
    queries: int,
    count: int,
    team: Team,
    lead: User,
    client: Client,
    django_assert_num_queries: Any,
) -> None:
    project = make_project(team, by=lead)
    cycle = None
    for _ in range(count):
        idea = make_idea(project, by=lead)
        for state in (CycleState.CLOSED, CycleState.DOING):
            cycle = make_cycle(team, by=lead, idea=idea, state=state, sharing=Sharing.NAMED)
            cycle.tasks.create(position=1, what="Call")
            cycle.predictions.create(position=2)
            cycle.comments.create(author=lead, text="Good")
            cycle.readings.create(read_on="2026-03-05", value=1, entered_by=lead)
    assert cycle is not None
    path = address.format(project=project.pk, cycle=cycle.pk)
    client.get(path)  # what is read once per process
    with django_assert_num_queries(queries):
        client.get(path)


# --- files ----------------------------------------------------------------------------------------------------


def test_file_is_kept_read_by_the_team_only_and_removed(
    client: Client, team: Team, lead: User
) -> None:
    cycle = make_cycle(team, by=lead, sharing=Sharing.NAMED)
    at = f"/tests/{cycle.pk}/files"
    refused = client.post(f"{at}/add/", {"file": SimpleUploadedFile("x.exe", b"MZ" + b"\0" * 90)})
    assert refused.status_code == 422
    picture = SimpleUploadedFile(
        "script.pdf", b"%PDF-1.4\n%\xe2\xe3\n1 0 obj\n<<>>\nendobj\n%%EOF\n"
    )
    assert client.post(f"{at}/add/", {"file": picture}).status_code == 302
    shown = text_of(client.get(f"/tests/{cycle.pk}/"))
    assert "script.pdf" in shown
    file = list_attachments(cycle).get()
    address = reverse("teams:attachment", args=[file.pk])
    response: Any = client.get(address)
    assert b"".join(response.streaming_content).startswith(b"%PDF")
    # The test is shared, its files are not.
    for role in (Role.GROUP_LEAD, Role.PAYER_ANALYST):
        other = signed_in(make_user(role))
        assert "script.pdf" not in text_of(other.get(f"/tests/{cycle.pk}/"))
        assert other.get(address).status_code in (403, 404)
    assert "Remove this file?" in text_of(client.get(f"{at}/{file.pk}/remove/"))
    client.post(f"{at}/{file.pk}/remove/")
    assert not list_attachments(cycle).exists()
