"""The change package: from draft to frozen version, what a withdrawn share takes with it, what differs."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import DatabaseError, transaction

from learning.actions.package import (
    add_chapter,
    begin_draft,
    change_chapter,
    change_chapter_idea,
    change_package,
    delete_chapter,
    delete_chapter_idea,
    move_chapter,
    publish_package,
    remove_contribution,
)
from learning.enums import NominationState
from learning.models import Chapter, ChapterIdea, Contribution, PackageVersion
from learning.queries.package import (
    get_draft,
    get_editable_chapter,
    get_editable_contribution,
    get_editable_idea,
    get_latest,
    get_version,
    list_accepted_without_place,
    list_versions,
    view_version,
)
from learning.queries.package_differences import compare_versions
from pdsa.actions.cycles import share_cycle
from pdsa.enums import Sharing
from teams.enums import Role
from teams.errors import StateRefused
from teams.models import AuditEvent, Notification, Team, User
from tests.factories import definitions
from tests.factories.harvest import (
    NOW,
    accept,
    make_chapter,
    make_chapter_idea,
    make_draft,
    make_nomination,
    make_package,
    make_shared,
    publish,
    scope_at_now,
)
from tests.factories.learning import make_coach
from tests.factories.people import make_team, make_user

pytestmark = pytest.mark.django_db

READERS = (Role.GROUP_LEAD, Role.GROUP_MEMBER, Role.SENIOR_SPONSOR, Role.PAYER_ANALYST)
OUTSIDE = (Role.PAYER_FINANCE, Role.ADMINISTRATOR)


def shown(user: User, version: PackageVersion) -> list[tuple[str, str]]:
    """(title, group) of the contributed tests that a reader sees in a version."""
    view = view_version(scope_at_now(user), version)
    return [
        (test.contribution.title, test.group)
        for chapter in view.chapters
        for idea in chapter.ideas
        for test in idea.tests
    ]


# --- who reads what -----------------------------------------------------------------------------------------------


def test_draft_exists_for_the_faculty_only(team: Team, lead: User, director: User) -> None:
    idea = make_draft(director, [make_nomination(make_shared(team, by=lead), lead)])
    version = idea.chapter.version
    for user in (director, make_coach(team)):
        assert get_version(scope_at_now(user), 1) == get_draft(scope_at_now(user)) == version
    for role in (*READERS, *OUTSIDE):
        eyes = scope_at_now(make_user(role, team=team))
        assert get_draft(eyes) is None
        assert get_latest(eyes) is None
        for read, pk, missing in (
            (get_version, 1, PackageVersion),
            (get_editable_chapter, idea.chapter_id, Chapter),
            (get_editable_idea, idea.pk, ChapterIdea),
            (get_editable_contribution, idea.contributions.get().pk, Contribution),
        ):
            with pytest.raises(missing.DoesNotExist):
                read(eyes, pk)  # type: ignore[operator]


def test_published_version_is_read_by_whoever_reads_shared_tests(
    team: Team, lead: User, director: User
) -> None:
    version = make_package(director, [make_nomination(make_shared(team, by=lead), lead)])
    for role in READERS:
        user = make_user(role, team=make_team())
        assert get_latest(scope_at_now(user)) == version
        assert shown(user, version) == [("A test", "Harbor Health")]
    for role in OUTSIDE:
        assert not list_versions(scope_at_now(make_user(role)))


def test_everybody_of_the_groups_is_told_and_nobody_else(team: Team, director: User) -> None:
    people = [make_user(role, team=team) for role in READERS[:3]] + [make_coach(team)]
    others = [make_user(role) for role in (Role.PAYER_ANALYST, *OUTSIDE)]
    make_package(director, [])
    told = set(Notification.objects.filter(key="package-1").values_list("user_id", flat=True))
    assert {user.pk for user in people} <= told
    assert told.isdisjoint(user.pk for user in others)


# --- attribution and withdrawal -----------------------------------------------------------------------------------


def test_group_is_named_as_it_shares_on_the_day_of_reading(
    team: Team, lead: User, director: User
) -> None:
    cycle = make_shared(team, by=lead)
    version = make_package(director, [make_nomination(cycle, lead)])
    stranger = make_user(Role.GROUP_LEAD)
    assert shown(stranger, version) == [("A test", "Harbor Health")]
    share_cycle(cycle=cycle, sharing=Sharing.UNNAMED, by=lead, as_of=NOW)
    assert shown(stranger, version) == [("A test", "A group of the programme")]


def test_withdrawn_share_leaves_drafts_and_takes_its_words_out_of_versions(
    team: Team, lead: User, director: User
) -> None:
    cycle, other = make_shared(team, by=lead), make_shared(team, by=lead)
    version = make_package(
        director, [make_nomination(cycle, lead)], title="Secret words", summary="Secret summary"
    )
    draft = begin_draft(by=director, as_of=NOW)
    idea = ChapterIdea.objects.get(chapter__version=draft)
    accept(make_nomination(other, lead), idea, director, title="Stays")
    share_cycle(cycle=cycle, sharing=Sharing.TEAM, by=lead, as_of=NOW)
    assert shown(director, draft) == [("Stays", "Harbor Health")]
    assert shown(director, version) == []
    kept = Contribution.objects.get(cycle=cycle)
    assert (kept.title, kept.summary, kept.withdrawn_at) == ("", "", NOW)
    # Sharing again does not bring the words back, and the next version does not take it along.
    share_cycle(cycle=cycle, sharing=Sharing.NAMED, by=lead, as_of=NOW)
    assert shown(director, version) == []
    publish(director, draft)
    begin_draft(by=director, as_of=NOW)
    assert not Contribution.objects.filter(cycle=cycle, withdrawn_at=None).exists()


def test_test_that_is_not_shared_any_more_is_not_accepted(
    team: Team, lead: User, director: User
) -> None:
    nomination = make_nomination(make_shared(team, by=lead), lead)
    idea = make_draft(director)
    share_cycle(cycle=nomination.cycle, sharing=Sharing.TEAM, by=lead, as_of=NOW)
    with pytest.raises(StateRefused, match="still shared"):
        accept(nomination, idea, director)


def test_words_of_the_faculty_name_no_group(team: Team, lead: User, director: User) -> None:
    nomination = make_nomination(make_shared(team, by=lead, sharing=Sharing.UNNAMED), lead)
    idea = make_draft(director)
    for words in ({"title": "Harbor Health calls"}, {"summary": f"Ask {lead.name}"}):
        with pytest.raises(StateRefused, match="Leave names out"):
            accept(nomination, idea, director, **words)
    make_chapter_idea(idea.chapter, director, evidence="Measured by harbor health")
    with pytest.raises(StateRefused, match="names Harbor Health"):
        publish(director, idea.chapter.version)


# --- writing ------------------------------------------------------------------------------------------------------


def test_there_is_one_draft_at_a_time(director: User) -> None:
    begin_draft(by=director, as_of=NOW)
    with pytest.raises(StateRefused, match="is a draft already"):
        begin_draft(by=director, as_of=NOW)
    with pytest.raises(DatabaseError, match="packageversion_one_draft"), transaction.atomic():
        PackageVersion.objects.create(number=9, title="Another", changed_by=director)


def test_nobody_writes_over_somebody_else(director: User) -> None:
    idea = make_draft(director)
    chapter, version = idea.chapter, idea.chapter.version
    chapter = change_chapter(
        chapter=chapter, values={"title": "First"}, seen=1, by=director, as_of=NOW
    )
    for act in (
        lambda: change_chapter(
            chapter=chapter, values={"title": "Late"}, seen=1, by=director, as_of=NOW
        ),
        lambda: change_chapter_idea(
            idea=idea, values={"title": "Late"}, seen=7, by=director, as_of=NOW
        ),
        lambda: change_package(
            version=version, values={"title": "Late"}, seen=7, by=director, as_of=NOW
        ),
    ):
        with pytest.raises(StateRefused, match="Somebody else changed this"):
            act()
    assert Chapter.objects.get().title == "First"


def test_chapters_change_places(director: User) -> None:
    version = begin_draft(by=director, as_of=NOW)
    for title in "ABC":
        make_chapter(version, director, title=title)
    chapters = {row.title: row for row in Chapter.objects.all()}
    move_chapter(chapter=chapters["C"], up=True, by=director)
    move_chapter(chapter=chapters["A"], up=True, by=director)
    assert [row.title for row in version.chapters.all()] == ["A", "C", "B"]


def test_what_leaves_the_draft_waits_among_the_nominations_again(
    team: Team, lead: User, director: User
) -> None:
    nominations = [make_nomination(make_shared(team, by=lead), lead) for _ in range(3)]
    idea = make_draft(director, nominations[:2])
    second = make_chapter_idea(idea.chapter, director)
    accept(nominations[2], second, director)
    accept(nominations[1], second, director)
    remove_contribution(contribution=idea.contributions.first(), by=director)
    delete_chapter_idea(idea=idea, by=director)

    def states() -> list[str]:
        return [type(n).objects.get(pk=n.pk).state for n in nominations]

    waiting, accepted = NominationState.WAITING, NominationState.ACCEPTED
    assert states() == [waiting, accepted, accepted]
    delete_chapter(chapter=second.chapter, by=director)
    assert states() == [waiting] * 3


def test_accepted_test_that_the_draft_lost_is_listed(
    team: Team, lead: User, director: User
) -> None:
    nomination = make_nomination(make_shared(team, by=lead), lead)
    make_package(director, [nomination])
    begin_draft(by=director, as_of=NOW)
    assert list_accepted_without_place(scope_at_now(director)) == []
    draft_row = Contribution.objects.get(idea__chapter__version__number=2)
    remove_contribution(contribution=draft_row, by=director)
    assert list_accepted_without_place(scope_at_now(director)) == [nomination]


@pytest.mark.parametrize(
    ("sentence", "number"),
    [("needs a chapter", 1), ("no change idea yet in: Empty", 1), ("what is new", 2)],
)
def test_publication_is_refused(sentence: str, number: int, director: User) -> None:
    if number == 2:
        make_package(director, [])
    draft = begin_draft(by=director, as_of=NOW)
    if sentence.startswith("no change"):
        make_chapter(draft, director, title="Empty")
    with pytest.raises(StateRefused, match=sentence):
        publish_package(version=draft, by=director, as_of=NOW)


# --- frozen -------------------------------------------------------------------------------------------------------


def test_actions_refuse_to_change_a_published_version(
    team: Team, lead: User, director: User
) -> None:
    version = make_package(director, [make_nomination(make_shared(team, by=lead), lead)])
    chapter = version.chapters.get()
    idea = chapter.ideas.get()
    acts = (
        lambda: change_package(version=version, values={}, seen=2, by=director, as_of=NOW),
        lambda: add_chapter(version=version, values={"title": "X"}, by=director, as_of=NOW),
        lambda: change_chapter(chapter=chapter, values={}, seen=1, by=director, as_of=NOW),
        lambda: move_chapter(chapter=chapter, up=True, by=director),
        lambda: delete_chapter(chapter=chapter, by=director),
        lambda: make_chapter_idea(chapter, director),
        lambda: change_chapter_idea(idea=idea, values={}, seen=1, by=director, as_of=NOW),
        lambda: delete_chapter_idea(idea=idea, by=director),
        lambda: accept(make_nomination(make_shared(team, by=lead), lead), idea, director),
        lambda: remove_contribution(contribution=idea.contributions.get(), by=director),
        lambda: publish_package(version=version, by=director, as_of=NOW),
    )
    for act in acts:
        with pytest.raises(StateRefused, match="published and stays as it is"):
            act()


def test_database_refuses_to_change_a_published_version(
    team: Team, lead: User, director: User
) -> None:
    cycle = make_shared(team, by=lead)
    version = make_package(director, [make_nomination(cycle, lead)])
    chapter = version.chapters.get()
    idea = chapter.ideas.get()
    row = idea.contributions.get()
    draft = begin_draft(by=director, as_of=NOW)
    draft_chapter = draft.chapters.get()

    def again(instance: Any, **fields: Any) -> None:
        type(instance).objects.create(
            **{
                f.attname: getattr(instance, f.attname)
                for f in instance._meta.concrete_fields
                if not f.primary_key
            }
            | fields
        )

    def wordless(**fields: Any) -> None:
        Contribution.objects.filter(pk=row.pk).update(**fields)

    acts = (
        lambda: PackageVersion.objects.filter(pk=version.pk).update(title="X"),
        lambda: PackageVersion.objects.filter(pk=version.pk).update(
            state="draft", published_at=None, published_by=None
        ),
        lambda: PackageVersion.objects.filter(pk=version.pk)._raw_delete("default"),
        lambda: Chapter.objects.filter(pk=chapter.pk).update(title="X"),
        lambda: Chapter.objects.filter(pk=chapter.pk).update(version=draft),
        lambda: Chapter.objects.filter(pk=draft_chapter.pk).update(version=version),
        lambda: Chapter.objects.filter(pk=chapter.pk)._raw_delete("default"),
        lambda: make_raw_chapter(version, director),
        lambda: ChapterIdea.objects.filter(pk=idea.pk).update(what="X"),
        lambda: ChapterIdea.objects.filter(pk=idea.pk).update(chapter=draft_chapter),
        lambda: ChapterIdea.objects.filter(pk=idea.pk)._raw_delete("default"),
        lambda: again(idea, key="00000000-0000-0000-0000-000000000001"),
        lambda: Contribution.objects.filter(pk=row.pk).update(summary="X"),
        lambda: Contribution.objects.filter(pk=row.pk)._raw_delete("default"),
        lambda: again(row, cycle_id=make_shared(team, by=lead).pk),
        lambda: wordless(withdrawn_at=NOW),  # but keeps its words
        lambda: wordless(withdrawn_at=NOW, title="", summary="", decision="", position=9),
    )
    for number, act in enumerate(acts):
        with pytest.raises(DatabaseError, match="is frozen|has_words_until"), transaction.atomic():
            act()
            pytest.fail(f"act {number} was allowed")
    assert shown(director, version) == [("A test", "Harbor Health")]


def make_raw_chapter(version: PackageVersion, by: User) -> None:
    Chapter.objects.create(version=version, position=9, title="X", changed_by=by)


# --- the next version ---------------------------------------------------------------------------------------------


def test_next_version_takes_everything_over_and_says_what_differs(
    team: Team, lead: User, director: User
) -> None:
    version = make_package(
        director, [make_nomination(make_shared(team, by=lead), lead)], title="Calls"
    )
    draft = begin_draft(by=director, as_of=NOW)
    eyes = scope_at_now(director)

    def difference() -> Any:
        return compare_versions(view_version(eyes, version), view_version(eyes, draft))

    assert (draft.number, shown(director, draft)) == (2, shown(director, version))
    assert difference().is_empty
    chapter = draft.chapters.get()
    idea = chapter.ideas.get()
    change_chapter_idea(
        idea=idea, values={"what": "What to do now"}, seen=1, by=director, as_of=NOW
    )
    remove_contribution(contribution=idea.contributions.get(), by=director)
    accept(make_nomination(make_shared(team, by=lead), lead), idea, director, title="Letters")
    make_chapter_idea(make_chapter(draft, director, title="Brand new"), director)
    changed, new = difference().chapters
    assert (new.title, new.change) == ("Brand new", "new")
    (of_idea,) = changed.ideas
    assert [s.text for s in of_idea.fields[0].stretches if s.change == "added"] == [" now"]
    assert (of_idea.tests_new, of_idea.tests_gone) == (["Letters"], ["Calls"])
    delete_chapter(chapter=chapter, by=director)
    assert [c.change for c in difference().chapters] == ["new", "gone"]


def test_version_is_read_in_a_constant_number_of_queries(
    team: Team, lead: User, director: User, django_assert_num_queries: Any
) -> None:
    definitions.load()
    idea = make_draft(director, [make_nomination(make_shared(team, by=lead), lead)])
    version = idea.chapter.version
    reader = scope_at_now(make_coach(team))
    with django_assert_num_queries(7):
        view_version(reader, version)
    for _ in range(2):
        more = make_chapter_idea(make_chapter(version, director), director)
        accept(make_nomination(make_shared(team, by=lead), lead), more, director)
    with django_assert_num_queries(7):
        assert view_version(reader, version).test_count == 3


def test_every_step_leaves_an_event(team: Team, lead: User, director: User) -> None:
    make_package(director, [make_nomination(make_shared(team, by=lead), lead)])
    acts = set(AuditEvent.objects.values_list("act", flat=True))
    assert {
        "nominate_test",
        "begin_package",
        "add_chapter",
        "add_chapter_idea",
        "accept_nomination",
        "change_package",
        "publish_package",
    } <= acts
