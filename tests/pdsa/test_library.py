"""The library: its file, search, what it tells of tests and to whom, and taking an idea over."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from learning.actions.exchange import take_nomination_back
from learning.models import Nomination
from pdsa.actions.library import adopt_idea, load_library
from pdsa.actions.measures import decide_about_chart, link_cycle
from pdsa.charts.periods import step
from pdsa.enums import ChartDecisionKind, CycleState, Decision, Sharing
from pdsa.library.files import read_library, read_templates
from pdsa.models import Adoption, Cycle, LibraryIdea, Project
from pdsa.queries.effects import list_effects
from pdsa.queries.library import (
    LibraryFilters,
    LibraryTally,
    list_library,
    list_shared_tests_of,
    list_tallies_of,
)
from teams.enums import Role
from teams.models import AuditEvent, Team, User
from teams.scoping import Scope, scope_of
from tests.factories import definitions
from tests.factories.cycles import NOW, make_cycle, make_project
from tests.factories.harvest import make_nomination
from tests.factories.local_measures import FIRST, enter, make_local_measure
from tests.factories.local_measures import NOW as TODAY
from tests.factories.people import make_team, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _loaded() -> None:
    load_library()


@pytest.fixture
def team() -> Team:
    return make_team(name="Birch Health")


@pytest.fixture
def lead(team: Team) -> User:
    return make_user(Role.GROUP_LEAD, team=team)


def scope(user: User) -> Scope:
    return scope_of(user, on=NOW.date())


def adopted(team: Team, code: str = "transport") -> tuple[Project, User]:
    """A project of the team that took an idea over, and who did it."""
    by = make_user(Role.GROUP_LEAD, team=team)
    project = make_project(team, by=by)
    adopt_idea(project=project, entry=LibraryIdea.objects.get(code=code), by=by, as_of=NOW)
    return project, by


def test_file_is_whole_and_every_idea_has_its_evidence_entry() -> None:
    library = read_library()
    assert len(library.ideas) >= 16
    for idea in library.ideas:
        assert all(piece.url == "" or piece.url.startswith("https://") for piece in idea.evidence)
        assert len(idea.title) <= 160
    assert [template.code for template in read_templates()] == ["equity", "screening", "real_data"]
    assert [3 <= len(template.primary) <= 5 for template in read_templates()][:2] == [True, True]


def test_loading_again_changes_nothing() -> None:
    events = AuditEvent.objects.count()
    assert load_library() == LibraryIdea.objects.count()
    assert AuditEvent.objects.count() == events


def test_idea_that_left_the_file_is_no_longer_shown_and_stays_in_the_table(lead: User) -> None:
    old = LibraryIdea.objects.get(code="transport")
    old.pk, old.code = None, "old-idea"
    old.save()
    load_library()
    assert LibraryIdea.objects.filter(code="old-idea", is_current=False).exists()
    assert not list_library(scope(lead)).filter(code="old-idea").exists()


@pytest.mark.parametrize(
    ("filters", "code"),
    [
        ({"text": "pharmacist"}, "pharmacist-medication-management"),
        ({"text": "rides"}, "transport"),
        ({"text": "pharmasist"}, "pharmacist-medication-management"),
        ({"topic": "colorectal"}, "mailed-stool-tests"),
        ({"population": "limited_english"}, "language-concordant-outreach"),
        ({"driver": "leadership"}, "stop-a-step"),
        ({"effort": "large"}, "mobile-hypertension-clinic"),
        ({"text": "cuff", "effort": "small"}, "home-blood-pressure-cuffs"),
    ],
)
def test_search_and_choices_find_an_idea(filters: dict[str, str], code: str, lead: User) -> None:
    found = list_library(scope(lead), LibraryFilters(**filters))
    codes = [entry.code for entry in found]
    assert code in codes
    assert len(codes) < LibraryIdea.objects.count()


def test_search_for_nonsense_finds_nothing(lead: User) -> None:
    assert not list_library(scope(lead), LibraryFilters(text="xylophone quartz"))


def test_adoption_makes_an_idea_and_one_planned_test_with_the_librarys_words(
    team: Team, lead: User
) -> None:
    project = make_project(team, by=lead)
    entry = LibraryIdea.objects.get(code="transport")
    cycle = adopt_idea(project=project, entry=entry, by=lead, as_of=NOW)
    assert cycle.state == CycleState.PLANNED
    assert cycle.objective == entry.first_test
    assert cycle.predictions.get().prediction == entry.prediction
    assert cycle.sharing == Sharing.TEAM
    again = adopt_idea(project=project, entry=entry, by=lead, as_of=NOW)
    assert again == cycle
    assert Adoption.objects.get().idea == cycle.idea


# --- what the library tells of tests ---------------------------------------------------------------------


def tally(user: User, code: str = "transport") -> LibraryTally | None:
    entry = LibraryIdea.objects.get(code=code)
    return list_tallies_of(scope(user), [entry]).get(entry.pk)


def closed(project: Project, by: User, sharing: str, decision: str = Decision.ABANDON) -> None:
    idea = Adoption.objects.get(idea__project=project).idea
    make_cycle(
        project.team, by=by, idea=idea, state=CycleState.CLOSED, decision=decision, sharing=sharing
    )


def test_private_test_of_another_group_leaves_no_trace(lead: User) -> None:
    project, by = adopted(make_team())
    closed(project, by, "")
    assert tally(lead) is None
    assert not list_shared_tests_of(scope(lead), LibraryIdea.objects.get(code="transport"))


def test_shared_test_counts_with_its_group_and_decision(lead: User) -> None:
    project, by = adopted(make_team())
    closed(project, by, Sharing.UNNAMED)
    closed(project, by, "")
    assert tally(lead) == LibraryTally(1, 1, 0, {Decision.ABANDON: 1})
    assert list_shared_tests_of(scope(lead), LibraryIdea.objects.get(code="transport")).count() == 1


def test_own_private_tests_count_for_their_readers_only(team: Team, lead: User) -> None:
    project, by = adopted(team)
    closed(project, by, "", Decision.ADOPT)
    own = LibraryTally(1, 1, 1, {Decision.ADOPT: 1})
    assert tally(lead) == own
    assert tally(make_user(Role.COACH, team=team)) == own
    assert tally(make_user(Role.PROGRAMME_DIRECTOR)) == own
    for stranger in (Role.GROUP_LEAD, Role.COACH, Role.PAYER_ANALYST, Role.EVALUATOR):
        assert tally(make_user(stranger, team=make_team())) is None, stranger


def test_planned_test_is_not_a_try(team: Team, lead: User) -> None:
    adopted(team)
    assert tally(lead) is None


def test_who_may_not_read_shared_tests_sees_no_library() -> None:
    for role in (Role.PAYER_FINANCE, Role.ADMINISTRATOR):
        assert not list_library(scope(make_user(role)))


@pytest.mark.parametrize("act", ["adopt", "link_idea"])
@pytest.mark.parametrize("role", [Role.COACH, Role.SENIOR_SPONSOR, Role.PAYER_ANALYST])
def test_only_staff_of_a_group_take_ideas_over(
    role: Role, act: str, team: Team, lead: User, client: Client
) -> None:
    project = make_project(team, by=lead)
    idea = make_cycle(team, by=lead).idea
    client.force_login(make_user(role, team=None if role == Role.PAYER_ANALYST else team))
    sent = {"project": project.pk, "idea": idea.pk}
    assert client.post(reverse(f"aims:{act}", args=["transport"]), sent).status_code == 403
    assert not Adoption.objects.exists()
    client.force_login(lead)
    assert client.post(reverse(f"aims:{act}", args=["transport"]), sent).status_code == 302
    assert Adoption.objects.exists()


LEVEL = [50, 51, 49, 52, 48, 50, 51, 49, 50, 52, 48, 50]
RISEN = [62, 63, 61, 64, 62, 63, 61, 62, 64]


@pytest.mark.parametrize("sharing", [Sharing.NAMED, Sharing.UNNAMED])
def test_measured_effect_has_numbers_for_the_own_group_only(
    sharing: str, team: Team, client: Client
) -> None:
    definitions.load()
    project, by = adopted(team)
    closed(project, by, sharing)
    cycle = Cycle.objects.get(state=CycleState.CLOSED)
    Cycle.objects.filter(pk=cycle.pk).update(started_on=step(FIRST, "month", 7), ended_on=None)
    measure = make_local_measure(project, by=by, name="Cedar measure")
    decide_about_chart(
        measure=measure,
        kind=ChartDecisionKind.BASELINE,
        starts_on=step(FIRST, "month", 6),
        reason="Before the test",
        by=by,
        as_of=TODAY.date(),
    )
    first = step(FIRST, "month", -5)
    enter(measure, "nh_black", [(n, 100) for n in [*LEVEL, *RISEN]], by=by, first=first)
    link_cycle(measure=measure, cycle=cycle, by=by, as_of=TODAY.date())
    path = reverse("aims:library_idea", args=["transport"])
    client.force_login(by)
    own = client.get(path).content.decode()
    assert "Cedar measure, Black: " in own
    assert "95% interval" in own
    assert "Signal since it began: yes" in own
    assert "Counted by the group every month" in own
    others = [make_user(role) for role in (Role.GROUP_LEAD, Role.PAYER_ANALYST)]

    def read_by_others() -> list[str]:
        pages = []
        for other in others:
            client.force_login(other)
            pages.append(client.get(path).content.decode())
        return pages

    director = make_user(Role.PROGRAMME_DIRECTOR)
    without = make_nomination(cycle, director)
    for said in read_by_others():
        for secret in ("Cedar measure", "95% interval", "moved for the better", "of 700"):
            assert secret not in said
    take_nomination_back(nomination=without, by=director)
    released = make_nomination(cycle, by, effects=True)
    for said in read_by_others():
        assert "Cedar measure: Black +" in said and "moved for the better" in said
        for secret in ("of 700", "Before the test", "50.0%"):
            assert secret not in said
    take_nomination_back(nomination=released, by=by)
    assert all("Cedar measure" not in said for said in read_by_others())


def test_released_words_do_not_name_a_group_that_shares_without_its_name(team: Team) -> None:
    definitions.load()
    _, by = adopted(team)
    names = {Sharing.UNNAMED: [], Sharing.NAMED: ["Visits at Birch Health: It is too early."]}
    for sharing, sentences in names.items():
        cycle = make_cycle(team, by=by, state=CycleState.CLOSED, sharing=sharing)
        effect = {"measure": f"Visits at {team.name}", "conclusion": "It is too early."}
        Nomination.objects.create(
            cycle=cycle,
            reason="Others should know it",
            effects=[effect | {"changes": [], "basis": "Counted by the group itself."}],
            nominated_by=by,
            nominated_at=NOW,
        )
        reader = scope(make_user(Role.PAYER_ANALYST))
        found = list_effects(reader, [cycle])[cycle.pk]
        assert [effect.sentence for effect in found] == sentences


@pytest.mark.parametrize("count", [1, 3])
def test_page_of_an_idea_asks_a_fixed_number_of_questions(
    count: int, team: Team, client: Client, django_assert_num_queries: Any
) -> None:
    definitions.load()
    project, by = adopted(team)
    for _ in range(count):
        closed(project, by, Sharing.NAMED)
        measure = make_local_measure(project, by=by)
        enter(measure, "nh_black", [(50, 100)] * 3, by=by)
        cycle = Cycle.objects.order_by("-id").first()
        link_cycle(measure=measure, cycle=cycle, by=by, as_of=TODAY.date())
    client.force_login(by)
    path = reverse("aims:library_idea", args=["transport"])
    client.get(path)
    with django_assert_num_queries(19):
        client.get(path)
