"""Staff training and scripts: what is logged counts, what is due is told, and only those around a team read it."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from pdsa.actions.asking import load_scripts, remind_of_trainings, use_script, write_script
from pdsa.asking.files import ScriptFileWrong, read_scripts
from pdsa.enums import CycleState, ScriptLanguage, Situation
from pdsa.models import AskingScript, AskingText, Cycle, ScriptUse, StaffTraining
from pdsa.queries.asking import read_asking
from teams.enums import Role
from teams.errors import StateRefused
from teams.models import AuditEvent, CoachAssignment, Notification, Site, Team, User
from teams.scoping import scope_of
from tests.factories.cycles import make_project
from tests.factories.people import make_site, make_team, make_user, signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def team() -> Team:
    return make_team(name="Birch Health", code="G01")


@pytest.fixture
def site(team: Team) -> Site:
    return make_site(team=team, name="Alder clinic")


@pytest.fixture
def lead(team: Team) -> User:
    return make_user(Role.GROUP_LEAD, team=team, name="Denise Baptiste")


@pytest.fixture
def client(lead: User) -> Client:
    return signed_in(lead)


def today() -> date:
    return timezone.localdate()


def log(client: Client, site: Site, **values: Any) -> Any:
    sent = {
        "site": site.pk,
        "role": "front_desk",
        "topic": "asking",
        "trained_on": today().isoformat(),
        "trained_count": 3,
        "staff_count": 5,
        **values,
    }
    return client.post("/asking/groups/G01/trainings/new/", sent)


def page_of(client: Client, address: str = "/asking/groups/G01/") -> str:
    response = client.get(address)
    assert response.status_code == 200, address
    return str(response.content.decode())


def test_a_training_counts_until_it_is_due(
    client: Client, team: Team, site: Site, lead: User
) -> None:
    assert log(client, site, who="M. Alvarez").status_code == 302
    entry = StaffTraining.objects.get()
    assert entry.due_on == today() + timedelta(days=365)
    assert (entry.logged_by, entry.who) == (lead, "M. Alvarez")
    scope = scope_of(lead, on=today())
    [now] = read_asking(scope, [team], day=today())
    assert (now.trained, now.staff, now.sites_due) == (3, 5, 0)
    [later] = read_asking(scope, [team], day=entry.due_on)
    assert (later.trained, later.staff, later.sites_due) == (0, 5, 1)
    assert "3 of 5 staff who ask are trained now" in page_of(client)


def test_the_latest_entry_of_a_role_holds(
    client: Client, team: Team, site: Site, lead: User
) -> None:
    other = make_site(team=team)
    log(client, site, trained_count=5, topic="refresher")
    log(client, site, trained_on=(today() - timedelta(days=30)).isoformat(), trained_count=1)
    log(client, site, role="nurse", trained_count=2, staff_count=4)
    [asking] = read_asking(scope_of(lead, on=today()), [team], day=today())
    assert (asking.trained, asking.staff) == (7, 9)
    assert asking.sites_without_training == 1
    assert {row.site for row in asking.sites} == {site, other}


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"trained_count": 6}, "cannot be more than the 5"),
        ({"due_on": "2020-01-01"}, "after the training"),
        ({"trained_on": "2019-01-01"}, "did not belong to your group"),
        ({"note": "Patient call 617-555-0123"}, "looks like"),
    ],
)
def test_what_cannot_be_is_refused_and_keeps_what_was_typed(
    values: dict[str, Any], said: str, client: Client, site: Site
) -> None:
    response = log(client, site, who="M. Alvarez", **values)
    assert response.status_code == 422
    assert said in response.content.decode()
    assert "M. Alvarez" in response.content.decode()
    assert not StaffTraining.objects.exists()


def test_a_site_of_another_group_is_no_choice(client: Client, site: Site) -> None:
    assert log(client, make_site()).status_code == 422
    assert not StaffTraining.objects.exists()


def test_refresh_correct_and_take_out(client: Client, site: Site) -> None:
    log(client, site, who="All five")
    entry = StaffTraining.objects.get()
    again = page_of(client, f"/asking/groups/G01/trainings/new/?after={entry.pk}")
    assert "All five" in again
    changed = {
        "site": site.pk, "role": "nurse", "topic": "why", "trained_on": entry.trained_on.isoformat(),
        "due_on": entry.due_on.isoformat(), "trained_count": 4, "staff_count": 5,
    }  # fmt: skip
    assert client.post(f"/asking/trainings/{entry.pk}/", changed).status_code == 302
    entry.refresh_from_db()
    assert (entry.role, entry.trained_count) == ("nurse", 4)
    event = AuditEvent.objects.get(act="change_training")
    assert (event.details["before"]["trained"], event.details["after"]["trained"]) == (3, 4)
    assert client.post(f"/asking/trainings/{entry.pk}/remove/").status_code == 302
    assert not StaffTraining.objects.exists()
    assert AuditEvent.objects.get(act="remove_training").details["before"]["trained"] == 4


def test_groups_are_told_once_what_is_due(client: Client, site: Site, lead: User) -> None:
    sponsor = make_user(Role.SENIOR_SPONSOR, team=Team.objects.get())
    log(client, site)
    entry = StaffTraining.objects.get()
    early = timezone.now() + timedelta(days=300)
    soon = timezone.now() + timedelta(days=355)
    assert remind_of_trainings(as_of=early) == 0
    assert remind_of_trainings(as_of=soon) == 1
    assert remind_of_trainings(as_of=soon) == 0
    assert Notification.objects.get().user == lead
    assert not Notification.objects.filter(user=sponsor).exists()
    # A refresher ends it.
    StaffTraining.objects.filter(pk=entry.pk).update(due_on=today() + timedelta(days=2))
    log(client, site, topic="refresher")
    Notification.objects.all().delete()
    assert remind_of_trainings(as_of=timezone.now() + timedelta(days=1)) == 0


def test_scripts_of_the_file_are_loaded_once_and_versions_stay() -> None:
    count = load_scripts()
    assert count == AskingScript.objects.count() == len(read_scripts())
    texts = AskingText.objects.count()
    events = AuditEvent.objects.count()
    load_scripts()
    assert (AskingText.objects.count(), AuditEvent.objects.count()) == (texts, events)
    first = AskingScript.objects.get(code="first-visit")
    assert [t.number for t in first.texts.filter(language="en")] == [2, 1]
    for script in AskingScript.objects.all():
        languages = set(script.texts.values_list("language", flat=True))
        assert {"en", "es"} <= languages, script


def test_a_hole_in_the_versions_of_the_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "scripts.toml"
    path.write_text(
        '[[script]]\ncode="a"\ntitle="A"\nsituation="why"\n'
        '[[script.text]]\nlanguage="en"\nnumber=2\ntext="x"\n'
    )
    with pytest.raises(ScriptFileWrong, match="versions in en"):
        read_scripts(path)


def test_own_script_with_its_versions_and_the_sites_that_use_it(
    client: Client, team: Team, site: Site, lead: User
) -> None:
    new = {"title": "In the room", "situation": "registration", "language": "en", "text": "Hello."}
    assert client.post("/asking/scripts/new/", new).status_code == 302
    script = AskingScript.objects.get()
    there = f"/asking/scripts/{script.pk}/"
    first = script.texts.get()
    client.post(
        f"{there}use/", {"site": site.pk, "text": first.pk, "starts_on": today().isoformat()}
    )
    same = client.post(f"{there}next/", new)
    assert same.status_code == 422 and "no new version" in same.content.decode()
    client.post(f"{there}next/", {**new, "text": "Hello again.", "note": "Warmer"})
    assert "There is a newer one" in page_of(client)
    second = script.texts.get(number=2)
    client.post(
        f"{there}use/", {"site": site.pk, "text": second.pk, "starts_on": today().isoformat()}
    )
    [use] = ScriptUse.objects.filter(ends_on__isnull=True)
    assert use.text == second and ScriptUse.objects.count() == 2
    assert "There is a newer one" not in page_of(client)
    client.post(f"/asking/uses/{use.pk}/stop/")
    assert not ScriptUse.objects.filter(ends_on__isnull=True).exists()


def test_the_programmes_script_is_changed_by_nobody_here(
    team: Team, lead: User, client: Client
) -> None:
    load_scripts()
    script = AskingScript.objects.order_by("pk")[0]
    with pytest.raises(StateRefused, match="one of your own"):
        write_script(
            team=team, script=script, title="x", situation=Situation.WHY,
            language=ScriptLanguage.ENGLISH, text="y", by=lead,
        )  # fmt: skip
    assert client.get(f"/asking/scripts/{script.pk}/next/").status_code == 404
    text = script.texts.order_by("pk")[0]
    assert text.text.split("\n")[0] in page_of(client, f"/asking/scripts/new/?from={text.pk}")


def test_a_script_becomes_a_change_idea_with_a_first_test(
    client: Client, team: Team, lead: User
) -> None:
    load_scripts()
    project = make_project(team, by=lead)
    text = AskingText.objects.get(script__code="why-do-you-need-to-know", language="es")
    for _ in range(2):
        client.post(
            f"/asking/scripts/{text.script_id}/adopt/", {"project": project.pk, "text": text.pk}
        )
    cycle = Cycle.objects.get()
    assert cycle.state == CycleState.PLANNED
    assert cycle.idea.description == text.text
    assert "Spanish" in cycle.objective


def test_readers(team: Team, site: Site, lead: User, client: Client) -> None:
    log(client, site, who="M. Alvarez-Secret")
    script = write_script(
        team=team, title="Secret words of Birch", situation="why", language="en", text="z", by=lead
    ).script
    own = f"/asking/scripts/{script.pk}/"
    for role in (Role.COACH, Role.PROGRAMME_DIRECTOR, Role.SENIOR_SPONSOR):
        reader = signed_in(make_user(role, team=team))
        assert "Alvarez-Secret" in page_of(reader)
        assert "Secret words" in page_of(reader, own)
        assert log(reader, site).status_code in (403, 404)
    other = make_team(name="Strange Harbor", code="G02")
    strangers = [
        make_user(Role.GROUP_LEAD, team=other), make_user(Role.COACH, team=other),
        make_user(Role.PAYER_ANALYST), make_user(Role.PAYER_FINANCE), make_user(Role.EVALUATOR),
    ]  # fmt: skip
    entry = StaffTraining.objects.get()
    for user in strangers:
        stranger = signed_in(user)
        for address in (
            "/asking/groups/G01/",
            own,
            f"{own}next/",
            f"/asking/trainings/{entry.pk}/",
        ):
            response = stranger.get(address)
            assert response.status_code in (403, 404), f"{user} {address}"
        for address in ("/asking/", "/asking/scripts/"):
            assert "Secret" not in stranger.get(address, follow=True).content.decode()
        for address in (f"/asking/trainings/{entry.pk}/remove/", f"{own}use/", f"{own}adopt/"):
            assert stranger.post(address).status_code in (403, 404)
    assert StaffTraining.objects.exists()


def test_a_site_that_is_not_the_groups_cannot_use_a_script(team: Team, lead: User) -> None:
    load_scripts()
    with pytest.raises(StateRefused, match="does not belong"):
        use_script(
            team=team, site=make_site(), text=AskingText.objects.order_by("pk")[0],
            starts_on=today(), scope=scope_of(lead, on=today()), by=lead,
        )  # fmt: skip


@pytest.mark.parametrize("count", [1, 4])
def test_questions_do_not_grow(
    count: int, client: Client, team: Team, lead: User, django_assert_num_queries: Any
) -> None:
    load_scripts()
    text = AskingText.objects.order_by("pk")[0]
    for _ in range(count):
        place = make_site(team=team)
        log(client, place)
        use_script(
            team=team, site=place, text=text, starts_on=today(), scope=scope_of(lead, on=today()), by=lead
        )  # fmt: skip
    page_of(client)
    with django_assert_num_queries(18):
        page_of(client)


@pytest.mark.parametrize("count", [2, 4])
def test_table_of_teams_asks_no_more_for_more_teams(
    count: int, django_assert_num_queries: Any
) -> None:
    load_scripts()
    text = AskingText.objects.order_by("pk")[0]
    coach = make_user(Role.COACH, team=make_team())
    for number in range(count):
        team = make_team(name=f"Team {number}", code=f"T{number}")
        CoachAssignment.objects.create(user=coach, team=team, starts_on=today())
        lead = make_user(Role.GROUP_LEAD, team=team)
        place = make_site(team=team, name=f"Clinic {number}")
        sent = {"site": place.pk, "role": "front_desk", "topic": "asking", "trained_on": today(), "trained_count": 3, "staff_count": 5}  # fmt: skip
        signed_in(lead).post(f"/asking/groups/T{number}/trainings/new/", sent)
        use_script(
            team=team, site=place, text=text, starts_on=today(), scope=scope_of(lead, on=today()), by=lead
        )  # fmt: skip
    client = signed_in(coach)
    page_of(client, "/asking/")
    with django_assert_num_queries(15):
        page = page_of(client, "/asking/")
    assert page.count("3 of 5") == count
