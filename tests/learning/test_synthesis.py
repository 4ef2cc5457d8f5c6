"""The programme's monthly synthesis: what it holds, who reads it, and that it names and ranks nobody."""

from __future__ import annotations

import subprocess
from datetime import date
from decimal import Decimal

import pytest
from django.urls import reverse

from learning.actions.progress import submit_report
from learning.actions.synthesis import open_synthesis, publish_synthesis, take_synthesis_back
from learning.models import MonthlyReport, Score, Synthesis
from learning.queries.synthesis import summarise_month
from teams.enums import Role
from teams.errors import StateRefused
from teams.models import AuditEvent, FieldVersion, Notification, User
from teams.scoping import scope_of
from tests.factories.learning import NOW, TODAY, make_report
from tests.factories.people import make_site, make_team, make_user, signed_in

pytestmark = pytest.mark.django_db

MAY = date(2026, 5, 1)
READERS = [
    Role.GROUP_MEMBER,
    Role.GROUP_LEAD,
    Role.SENIOR_SPONSOR,
    Role.COACH,
    Role.PAYER_ANALYST,
    Role.EVALUATOR,
    Role.PROGRAMME_DIRECTOR,
]


def hand_in(name: str, *, released: bool, voice: str, help_needed: str = "") -> MonthlyReport:
    team = make_team(name=name)
    lead = make_user(Role.GROUP_LEAD, team=team)
    report = make_report(team, lead, month=MAY)
    MonthlyReport.objects.filter(pk=report.pk).update(
        patient_voice=voice, tested_and_learned=f"Words of {name}", help_needed=help_needed
    )
    report.refresh_from_db()
    return submit_report(
        report=report,
        facts={"items": []},
        voice_released=released,
        by=lead,
        as_of=NOW,
    )


def write(director: User) -> Synthesis:
    synthesis = open_synthesis(month=MAY, by=director)
    Synthesis.objects.update(summary="A month of calls", themes="Cuffs everywhere")
    synthesis.refresh_from_db()
    return synthesis


def test_quotes_are_only_those_that_were_released(director: User) -> None:
    hand_in("Harbor Health", released=True, voice="They called me first")
    hand_in("Aspen Group", released=False, voice="I was afraid to say it")
    facts = summarise_month(scope_of(director, on=TODAY), MAY)
    assert facts["quotes"] == ["They called me first"]
    assert "Harbor" not in str(facts) and "Aspen" not in str(facts)


def test_name_that_came_to_the_programme_after_the_release_is_masked_everywhere(
    director: User,
) -> None:
    hand_in("Harbor Health", released=True, voice="Marisol Quintero of Sailors Corner called")
    team = make_team(name="Aspen Group")
    make_user(Role.GROUP_MEMBER, team=team, name="Marisol Quintero")
    make_site(team=team, name="Sailors Corner")
    synthesis = publish_synthesis(synthesis=write(director), by=director, as_of=NOW)
    assert synthesis.facts is not None
    assert synthesis.facts["quotes"] == ["[person] of [site] called"]
    client = signed_in(make_user(Role.PAYER_ANALYST))
    page = client.get(reverse("learning:synthesis", args=["2026-05"])).content.decode()
    api = client.get(reverse("api_syntheses")).content.decode()
    pdf = client.get(reverse("learning:synthesis_pdf", args=["2026-05"])).content
    on_paper = subprocess.run(
        ["pdftotext", "-layout", "-", "-"], input=pdf, capture_output=True, check=True
    ).stdout.decode()
    assert "[person] of [site] called" in page
    assert "[person] of [site] called" in on_paper
    for text in (page, api, on_paper):
        assert "Marisol" not in text and "Quintero" not in text and "Sailors" not in text


def test_few_groups_are_not_counted(director: User) -> None:
    hand_in("Harbor Health", released=False, voice="", help_needed="Who has a script?")
    facts = summarise_month(scope_of(director, on=TODAY), MAY)
    assert facts["lines"][0].startswith("fewer than three groups of")
    assert "script" not in str(facts)
    for name in ("Aspen", "Birch"):
        hand_in(name, released=False, voice="")
    assert summarise_month(scope_of(director, on=TODAY), MAY)["lines"][0].startswith("3 groups")


def test_scores_are_bands_of_groups_and_absent_for_few(director: User) -> None:
    def score(value: str) -> None:
        Score.objects.create(
            team=make_team(),
            month=MAY,
            by_whom="coach",
            value=Decimal(value),
            suggested=Decimal("2.0"),
            reason="Because",
            given_by=director,
        )

    score("2.0")
    score("4.5")
    assert summarise_month(scope_of(director, on=TODAY), MAY)["scores"] == []
    for value in ("2.5", "3.0", "3.0"):
        score(value)
    assert summarise_month(scope_of(director, on=TODAY), MAY)["scores"] == [
        "Up to 2.0: fewer than three groups",
        "2.5 to 3.0: 3 groups",
        "3.5 and more: fewer than three groups",
    ]


@pytest.mark.parametrize("role", list(Role))
def test_draft_is_the_directors_and_published_is_the_programmes(director: User, role: Role) -> None:
    hand_in("Harbor Health", released=False, voice="I was afraid to say it")
    synthesis = write(director)
    reader = director if role == Role.PROGRAMME_DIRECTOR else make_user(role)
    page, pdf = (reverse(f"learning:{n}", args=["2026-05"]) for n in ("synthesis", "synthesis_pdf"))
    client = signed_in(reader)
    if role != Role.PROGRAMME_DIRECTOR:
        assert client.get(page).status_code in (403, 404)
        assert client.get(pdf).status_code in (403, 404)
    publish_synthesis(synthesis=synthesis, by=director, as_of=NOW)
    answer = client.get(page)
    if role not in READERS:
        assert answer.status_code == 403
        return
    text = answer.content.decode()
    assert "A month of calls" in text
    assert "Harbor Health" not in text and "Words of" not in text and "afraid" not in text
    assert client.get(pdf).content.startswith(b"%PDF")
    if role != Role.PROGRAMME_DIRECTOR:
        assert Notification.objects.filter(user=reader, key__startswith="synthesis").count() == 1


def test_texts_save_themselves_until_it_is_published(director: User) -> None:
    synthesis = open_synthesis(month=MAY, by=director)
    client = signed_in(director)
    address = reverse("learning:save_synthesis", args=[synthesis.pk])
    assert client.post(address, {"field": "summary", "text": "Calls", "base": "0"}).json() == {
        "version": 1,
        "text": "Calls",
    }
    assert FieldVersion.objects.get().team is None
    publish_synthesis(synthesis=synthesis, by=director, as_of=NOW)
    late = client.post(address, {"field": "summary", "text": "Other", "base": "1"})
    assert late.status_code == 422
    take_synthesis_back(synthesis=synthesis, by=director)
    again = client.post(address, {"field": "summary", "text": "Other", "base": "1"})
    assert again.status_code == 200


@pytest.mark.parametrize("role", [r for r in Role if r != Role.PROGRAMME_DIRECTOR])
def test_nobody_else_writes_it(director: User, role: Role) -> None:
    synthesis = write(director)
    client = signed_in(make_user(role))
    address = reverse("learning:save_synthesis", args=[synthesis.pk])
    assert client.post(address, {"field": "summary", "text": "X", "base": "0"}).status_code == 403
    publish = reverse("learning:publish_synthesis", args=["2026-05"])
    assert client.post(publish).status_code == 403


def test_published_numbers_stay_and_an_empty_one_is_refused(director: User) -> None:
    synthesis = open_synthesis(month=MAY, by=director)
    with pytest.raises(StateRefused, match="Write the summary first"):
        publish_synthesis(synthesis=synthesis, by=director, as_of=NOW)
    synthesis = publish_synthesis(synthesis=write(director), by=director, as_of=NOW)
    before = synthesis.facts
    for name in ("Harbor", "Aspen", "Birch"):
        hand_in(name, released=True, voice="A later voice")
    page = signed_in(director).get(reverse("learning:synthesis", args=["2026-05"]))
    assert before["lines"][0] in page.content.decode()
    assert "A later voice" not in page.content.decode()
    acts = set(AuditEvent.objects.values_list("act", flat=True))
    assert {"open_synthesis", "publish_synthesis"} <= acts
