"""Pages of the harvest as forms and files: what they accept, what they show, what they leave on the trail."""

from __future__ import annotations

import io
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pptx import Presentation

from learning.actions.package import begin_draft
from learning.models import ChapterIdea, GroupQuestion, Nomination, PackageVersion, TriedToo
from pdsa.actions.cycles import share_cycle
from pdsa.actions.library import load_library
from pdsa.enums import Sharing
from pdsa.models import Cycle
from teams.enums import Role
from teams.models import AuditEvent, Team, User
from tests.factories import definitions
from tests.factories.harvest import NOW, make_draft, make_nomination, make_package, make_shared
from tests.factories.learning import make_coach
from tests.factories.people import make_team, make_token, make_user, signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def reader() -> User:
    return make_user(Role.GROUP_LEAD, team=make_team(name="Alder Clinics"))


@pytest.fixture
def shared(team: Team, lead: User) -> Cycle:
    return make_shared(team, by=lead, sharing=Sharing.UNNAMED, objective="Call before you mail")


def text_of(response: Any) -> str:
    return str(response.content.decode())


def post(client: Client, name: str, *args: Any, **data: Any) -> Any:
    return client.post(reverse(f"harvest:{name}", args=args), data)


# --- about a shared test ------------------------------------------------------------------------------------------


def test_group_nominates_asks_answers_and_reports_through_the_forms(
    lead: User, reader: User, shared: Cycle
) -> None:
    own, other = signed_in(lead), signed_in(reader)
    assert post(own, "nominate", shared.pk, reason="").status_code == 422
    assert post(own, "nominate", shared.pk, reason="It is simple").status_code == 302
    assert Nomination.objects.get().reason == "It is simple"
    assert post(other, "ask", shared.pk, text="How long?").status_code == 302
    question = GroupQuestion.objects.get()
    assert "How long?" in text_of(own.get(reverse("harvest:home_part")))
    assert post(own, "answer", question.pk, answer="A week").status_code == 302
    given = {"outcome": "worked", "text": "Here too", "decision": "adopt"}
    assert post(other, "tried", shared.pk, **given).status_code == 302
    page = text_of(other.get(reverse("harvest:test", args=[shared.pk])))
    for said in ("How long?", "A week", "Here too", "A group of the programme"):
        assert said in page, said
    assert "Harbor" not in page
    form = other.get(reverse("harvest:tried", args=[shared.pk])).context["form"]
    assert form["text"].value() == "Here too"
    report = TriedToo.objects.get()
    assert post(other, "take_tried_back", report.pk).status_code == 302
    assert not TriedToo.objects.exists()


def test_details_of_a_person_are_asked_about_before_they_are_kept(
    reader: User, shared: Cycle
) -> None:
    response = post(
        signed_in(reader), "ask", shared.pk, text="What about Mrs. Smith, born 3/4/1960?"
    )
    assert response.status_code == 422
    assert "looks like" in text_of(response)
    assert not GroupQuestion.objects.exists()


def test_text_that_names_a_group_stays_in_the_form(reader: User, shared: Cycle) -> None:
    response = post(signed_in(reader), "ask", shared.pk, text="Are you Harbor Health?")
    assert response.status_code == 422
    assert "Are you Harbor Health?" in text_of(response)


def test_test_page_is_a_part_where_another_page_loads_it(reader: User, shared: Cycle) -> None:
    address = reverse("harvest:test", args=[shared.pk])
    client = signed_in(reader)
    assert "<html" in text_of(client.get(address))
    part = text_of(client.get(address, headers={"HX-Request": "true"}))
    assert "<html" not in part
    assert "Others about this test" in part
    assert f'hx-get="{address}"' in text_of(client.get(reverse("pdsa:cycle", args=[shared.pk])))


@pytest.mark.parametrize("name", ["test", "nominate", "tried", "ask"])
def test_what_is_not_shared_has_no_page(name: str, lead: User, shared: Cycle) -> None:
    share_cycle(cycle=shared, sharing=Sharing.TEAM, by=lead, as_of=NOW)
    assert signed_in(lead).get(reverse(f"harvest:{name}", args=[shared.pk])).status_code == 404


def test_payer_reads_and_says_nothing(shared: Cycle) -> None:
    client = signed_in(make_user(Role.PAYER_ANALYST))
    page = text_of(client.get(reverse("harvest:test", args=[shared.pk])))
    for verb in ("We tried this too</a>", "Ask the group", "Nominate", "Copy this plan"):
        assert verb not in page, verb
    for name in ("nominate", "tried", "ask"):
        assert client.get(reverse(f"harvest:{name}", args=[shared.pk])).status_code == 403, name


# --- the draft ----------------------------------------------------------------------------------------------------


def test_faculty_writes_and_the_director_publishes_through_the_pages(
    team: Team, lead: User, director: User, shared: Cycle, reader: User
) -> None:
    definitions.load()
    load_library()
    nomination = make_nomination(shared, lead)
    coach = signed_in(make_coach(make_team()))
    assert post(coach, "begin_draft").status_code == 302
    given = {"title": "Reaching people", "driver": "trust", "focus_codes": ["nh_black"]}
    assert post(coach, "add_chapter", **given).status_code == 302
    chapter = PackageVersion.objects.get().chapters.get()
    form = text_of(coach.get(reverse("harvest:add_idea", args=[chapter.pk]) + "?from=transport"))
    assert "Rides" in form
    given = {"title": "Calls", "what": "Call first", "evidence_grade": "tried"}
    assert post(coach, "add_idea", chapter.pk, **given).status_code == 302
    idea = ChapterIdea.objects.get()
    given = {"idea": idea.pk, "title": "Calls first", "summary": "Most answered"}
    assert post(coach, "nomination", nomination.pk, **given).status_code == 302
    assert post(coach, "change_chapter", chapter.pk, title="Late", seen=9).status_code == 422
    assert post(coach, "publish").status_code == 403
    assert post(signed_in(director), "publish").status_code == 302
    page = text_of(signed_in(reader).get(reverse("harvest:chapter", args=[1, chapter.pk])))
    for said in ("Calls first", "Most answered", "A group of the programme", "Copy this plan"):
        assert said in page, said
    assert "Harbor" not in page
    # Published: what was open before answers with a sentence now.
    response = post(coach, "change_chapter", chapter.pk, title="Late", seen=1)
    assert response.status_code == 422
    assert "published and stays as it is" in text_of(response)
    refused = post(coach, "delete_chapter", chapter.pk)
    assert (refused.status_code, PackageVersion.objects.get().chapters.count()) == (409, 1)


def test_home_says_what_waits(lead: User, director: User, shared: Cycle, reader: User) -> None:
    make_nomination(shared, lead)
    client = signed_in(director)
    assert "1 nomination" in text_of(client.get(reverse("harvest:home_part")))
    assert "nomination" not in text_of(signed_in(reader).get(reverse("harvest:home_part")))


# --- files --------------------------------------------------------------------------------------------------------


def words_of(slides: bytes) -> str:
    """All text of a presentation, with nothing that is only a picture of text."""
    return "\n".join(
        shape.text_frame.text
        for slide in Presentation(io.BytesIO(slides)).slides
        for shape in slide.shapes
        if shape.has_text_frame
    )


def test_files_hold_native_text_and_leave_an_event(
    lead: User, director: User, shared: Cycle, reader: User
) -> None:
    definitions.load()
    make_package(director, [make_nomination(shared, lead)], title="Calls first", summary="Most")
    client = signed_in(reader)
    pdf = client.get(reverse("harvest:package_pdf", args=[1]))
    assert pdf.content.startswith(b"%PDF-")
    assert b"/StructTreeRoot" in pdf.content  # tagged
    assert pdf["Content-Disposition"] == 'attachment; filename="change-package-v1.pdf"'
    slides = client.get(reverse("harvest:package_slides", args=[1]))
    words = words_of(slides.content)
    for said in ("Change package · version 1", "Calls first", "A group of the programme"):
        assert said in words, said
    assert "Harbor" not in words
    taken = AuditEvent.objects.filter(act="download_package", actor=reader)
    assert sorted(event.details["format"] for event in taken) == ["pdf", "pptx"]
    share_cycle(cycle=shared, sharing=Sharing.TEAM, by=lead, as_of=NOW)
    slides = client.get(reverse("harvest:package_slides", args=[1]))
    assert "Calls first" not in words_of(slides.content)


def test_long_texts_and_many_tests_make_files_too(
    team: Team, lead: User, director: User, reader: User
) -> None:
    definitions.load()
    nominations = [make_nomination(make_shared(team, by=lead), lead) for _ in range(8)]
    make_package(director, nominations, title="A #title *with* $signs$", summary="Word " * 400)
    client = signed_in(reader)
    assert client.get(reverse("harvest:package_pdf", args=[1])).status_code == 200
    slides = client.get(reverse("harvest:package_slides", args=[1])).content
    assert words_of(slides).count("A #title *with* $signs$") == 8


# --- REST ---------------------------------------------------------------------------------------------------------


def test_api_reads_what_the_pages_say(
    lead: User, director: User, shared: Cycle, reader: User
) -> None:
    definitions.load()
    make_package(director, [make_nomination(shared, lead)], title="Calls first")
    begin_draft(by=director, as_of=NOW)
    client = Client(headers={"Authorization": f"Token {make_token(reader)}"})
    listed = client.get("/api/v1/change-package/").json()
    assert [row["number"] for row in listed["results"]] == [1]
    version = client.get("/api/v1/change-package/1/").json()
    (test,) = version["chapters"][0]["ideas"][0]["tests"]
    assert (test["title"], test["group"]) == ("Calls first", "A group of the programme")
    assert client.get("/api/v1/change-package/2/").status_code == 404
    found = client.get("/api/v1/search/?text=call+maill").json()
    assert [row["id"] for row in found["results"]] == [str(shared.pk)]
    assert found["results"][0]["group"] == "A group of the programme"
    assert client.get("/api/v1/search/?kind=ideas").status_code == 200
    assert client.get("/api/v1/search/?kind=chapters").json()["count"] == 1
    for wrong in ("colour=red", "kind=people", "decision=win", "measure=XYZ", "driver=luck"):
        assert client.get(f"/api/v1/search/?{wrong}").status_code == 400, wrong
    share_cycle(cycle=shared, sharing=Sharing.TEAM, by=lead, as_of=NOW)
    assert client.get("/api/v1/search/?text=mail").json()["count"] == 0
    version = client.get("/api/v1/change-package/1/").json()
    assert version["chapters"][0]["ideas"][0]["tests"] == []


def test_api_shows_drafts_to_the_faculty_and_nothing_to_finance(director: User) -> None:
    make_draft(director)
    client = Client(headers={"Authorization": f"Token {make_token(director)}"})
    assert client.get("/api/v1/change-package/1/").json()["state"] == "draft"
    finance = signed_in(make_user(Role.PAYER_FINANCE))
    assert finance.get("/learning/package/").status_code == 403
