"""Search over what was tried: what is found, by whom, and that nothing private leaves a trace."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from learning.actions.package import begin_draft
from learning.queries.search import SearchFilters, find_chapters, find_ideas, find_tests
from measures.models import Measure
from pdsa.actions.cycles import share_cycle
from pdsa.actions.library import adopt_idea, load_library
from pdsa.actions.measures import link_cycle
from pdsa.enums import CycleState, Decision, Sharing
from pdsa.models import Cycle, LibraryIdea, LocalMeasure
from teams.enums import Role
from teams.models import Team, User
from tests.factories import definitions
from tests.factories.cycles import make_cycle, make_idea, make_project
from tests.factories.harvest import (
    NOW,
    accept,
    make_chapter,
    make_chapter_idea,
    make_nomination,
    make_shared,
    publish,
    scope_at_now,
)
from tests.factories.local_measures import make_local_measure, stratum
from tests.factories.people import make_team, make_user, signed_in
from tests.factories.submissions import make_source

pytestmark = pytest.mark.django_db


@pytest.fixture
def reader() -> User:
    return make_user(Role.GROUP_LEAD)


def found_by(user: User, **filters: str) -> list[Cycle]:
    return list(find_tests(scope_at_now(user), SearchFilters(**filters)))


@pytest.fixture
def shared(team: Team, lead: User) -> Cycle:
    idea = make_idea(make_project(team, by=lead), by=lead, title="Pharmacist-led calls")
    return make_shared(
        team,
        by=lead,
        idea=idea,
        objective="Call patients whose blood pressure stays high",
        learned="Evenings are the time",
    )


@pytest.mark.parametrize(
    "text",
    [
        "pharmacist",
        "farmacist",
        "pharmasist presure",
        "calling patients",
        "evenning",
        "pressrue",
        '"blood pressure"',
        "PRESSURE Evenings",
    ],
)
def test_words_are_found_with_typing_mistakes(text: str, shared: Cycle, reader: User) -> None:
    assert found_by(reader, text=text) == [shared]


@pytest.mark.parametrize(
    "text", ["xylophone", "pharmacist xylophone", "pharmacist -evenings", "harbor", "%", "'"]
)
def test_other_words_are_not(text: str, shared: Cycle, reader: User) -> None:
    assert found_by(reader, text=text) == []


def test_best_fit_stands_first_and_not_who_adopted(team: Team, lead: User, reader: User) -> None:
    project = make_project(team, by=lead)
    passing = make_shared(team, by=lead, objective="Something else", problems="No rides that day")
    meant = make_shared(
        team,
        by=lead,
        decision=Decision.ABANDON,
        idea=make_idea(project, by=lead, title="Rides with the visit"),
        learned="Rides were late",
    )
    assert found_by(reader, text="rides") == [meant, passing]


def test_abandoned_tests_are_found_like_adopted_ones(team: Team, lead: User, reader: User) -> None:
    for decision in Decision:
        make_shared(team, by=lead, decision=decision, objective="Posters on the wall")
    assert {c.decision for c in found_by(reader, text="posters")} == set(Decision.values)
    (gone,) = found_by(reader, text="posters", decision=Decision.ABANDON)
    assert gone.decision == Decision.ABANDON


def test_what_is_not_shared_leaves_no_trace(
    team: Team, lead: User, shared: Cycle, reader: User
) -> None:
    private = make_cycle(team, by=lead, state=CycleState.CLOSED, objective="Zebra clinics")
    planned = make_shared(team, by=lead, objective="Zebra plans")
    Cycle.objects.filter(pk=planned.pk).update(
        state=CycleState.PLANNED, decision="", closed_at=None
    )
    for user in (reader, lead, make_user(Role.PROGRAMME_DIRECTOR)):
        assert found_by(user, text="zebra") == []
        page = signed_in(user).get("/learning/library/?text=zebra")
        assert b"0 found" in page.content
        assert b"Zebra" not in page.content.replace(b'value="zebra"', b"")
    share_cycle(cycle=private, sharing=Sharing.UNNAMED, by=lead, as_of=NOW)
    assert found_by(reader, text="zebra") == [private]
    assert b"Harbor" not in signed_in(reader).get("/learning/library/?text=zebra").content
    share_cycle(cycle=private, sharing=Sharing.TEAM, by=lead, as_of=NOW)
    assert found_by(reader, text="zebra") == []


@pytest.mark.parametrize("role", [Role.PAYER_FINANCE, Role.ADMINISTRATOR])
def test_who_may_not_read_shared_tests_finds_nothing(role: str, shared: Cycle) -> None:
    load_library()
    user = make_user(role)
    for find in (find_tests, find_ideas, find_chapters):
        assert not find(scope_at_now(user), SearchFilters())  # type: ignore[operator]
    assert signed_in(user).get("/learning/library/").status_code == 403


# --- choices ------------------------------------------------------------------------------------------------------


def test_tests_are_narrowed_by_library_measure_and_patients(
    team: Team, lead: User, shared: Cycle, reader: User
) -> None:
    definitions.load()
    load_library()
    project = make_project(team, by=lead)
    entry = LibraryIdea.objects.get(code="mailed-stool-tests")
    adopted = adopt_idea(project=project, entry=entry, by=lead, as_of=NOW)
    fitting = make_shared(team, by=lead, idea=adopted.idea)
    fitting.focus_strata.set([stratum("nh_black")])
    measure = make_local_measure(shared.idea.project, by=lead)
    bound = Measure.objects.get(code="CBP")
    LocalMeasure.objects.filter(pk=measure.pk).update(
        programme_measure=bound, programme_source=make_source()
    )
    link_cycle(measure=measure, cycle=shared, by=lead, as_of=NOW.date())
    for filters, found in (
        ({"measure": "COL-E"}, [fitting]),
        ({"measure": "CBP"}, [shared]),
        ({"measure": "BCS-E"}, []),
        ({"driver": entry.driver}, [fitting]),
        ({"driver": "leadership"}, []),
        ({"patients": "stratum:nh_black"}, [fitting]),
        ({"patients": "stratum:hispanic"}, []),
        ({"patients": f"population:{entry.populations[0]}"}, [fitting]),
        ({"decision": Decision.ABANDON}, []),
        ({"patients": "nonsense"}, [fitting, shared]),
    ):
        assert sorted(found_by(reader, **filters), key=lambda c: -c.pk) == found, filters


def test_ideas_are_narrowed_by_shared_tests_only(team: Team, lead: User, reader: User) -> None:
    load_library()
    project = make_project(team, by=lead)
    entry = LibraryIdea.objects.get(code="transport")
    adopted = adopt_idea(project=project, entry=entry, by=lead, as_of=NOW)
    private = make_cycle(
        team, by=lead, idea=adopted.idea, state=CycleState.CLOSED, decision=Decision.ABANDON
    )

    def codes(**filters: str) -> list[str]:
        return [row.code for row in find_ideas(scope_at_now(reader), SearchFilters(**filters))]

    assert codes(decision=Decision.ABANDON) == []
    share_cycle(cycle=private, sharing=Sharing.NAMED, by=lead, as_of=NOW)
    assert codes(decision=Decision.ABANDON) == ["transport"]
    assert "transport" in codes(text="vouchrs")
    assert codes(measure="WCV") == []
    assert "mailed-stool-tests" in codes(measure="COL-E")


def test_chapters_are_found_by_their_ideas_and_shared_tests(
    team: Team, lead: User, director: User, reader: User
) -> None:
    definitions.load()
    draft = begin_draft(by=director, as_of=NOW)
    chapter = make_chapter(
        draft,
        director,
        title="Reaching people",
        driver="trust",
        measure_codes=["COL-E"],
        focus_codes=["nh_black"],
    )
    idea = make_chapter_idea(chapter, director, title="Kits by mail")
    cycle = make_shared(team, by=lead, decision=Decision.ABANDON)
    accept(make_nomination(cycle, lead), idea, director, summary="Neighbors were trusted")

    def found(**filters: str) -> list[str]:
        rows = find_chapters(scope_at_now(reader), SearchFilters(**filters))
        return [row.title for row in rows]

    assert found() == []  # a draft
    publish(director, draft)
    for filters in (
        {"text": "kitts"},
        {"text": "neighbours"},
        {"measure": "COL-E"},
        {"driver": "trust"},
        {"patients": "stratum:nh_black"},
        {"decision": Decision.ABANDON},
    ):
        assert found(**filters) == ["Reaching people"], filters
    for filters in ({"measure": "CBP"}, {"driver": "access"}, {"decision": Decision.ADOPT}):
        assert found(**filters) == [], filters
    assert found_by(reader, driver="trust") == [cycle]
    share_cycle(cycle=cycle, sharing=Sharing.TEAM, by=lead, as_of=NOW)
    assert found(text="neighbours") == found(decision=Decision.ABANDON) == []


def test_search_page_asks_a_constant_number_of_queries(
    team: Team, lead: User, reader: User
) -> None:
    definitions.load()
    load_library()
    client = signed_in(reader)
    make_shared(team, by=lead, objective="Rides to the visit")
    client.get("/learning/library/?text=rides")

    def queries() -> int:
        with CaptureQueriesContext(connection) as found:
            assert client.get("/learning/library/?text=rides").status_code == 200
        return len(found)

    one = queries()
    for _ in range(3):
        make_shared(make_team(), by=make_user(Role.GROUP_LEAD), objective="Rides home")
    assert queries() == one
    assert one <= 32
