"""Writes of the change package: its draft, chapters and ideas, contributed tests, publication."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.urls import reverse
from django.utils import timezone

from learning.enums import NominationState, PackageState
from learning.models import Chapter, ChapterIdea, Contribution, Nomination, PackageVersion
from learning.models.package import Edited
from learning.policies import check_draft, check_names, check_nomination_can, check_revision
from learning.queries.package import find_group_names
from pdsa.queries.cycles import list_shared_cycles
from pdsa.sharing import names_in
from teams.actions.audit import record_event
from teams.actions.notifications import notify
from teams.enums import Topic
from teams.errors import StateRefused
from teams.models import Team, User
from teams.queries import list_participants, list_staff
from teams.scoping import scope_of

#: What a new version is called until somebody gives it another title.
FIRST_TITLE = "Change package"
_CHAPTER_FIELDS = (
    "key",
    "position",
    "title",
    "introduction",
    "driver",
    "drivers",
    "measure_codes",
    "focus_codes",
)
_IDEA_FIELDS = (
    "key",
    "position",
    "title",
    "what",
    "first_test",
    "evidence_grade",
    "evidence",
    "library_idea_id",
)
_CONTRIBUTION_FIELDS = (
    "nomination_id",
    "cycle_id",
    "position",
    "title",
    "summary",
    "decision",
    "afterwards",
    "effects",
)


def _locked_draft(version_id: int) -> PackageVersion:
    """Every write of a draft takes its row first, so that publishing and writing never cross."""
    version = PackageVersion.objects.select_for_update().get(pk=version_id)
    check_draft(version)
    return version


def _change(
    row: Edited, values: dict[str, Any], *, act: str, seen: int, by: User, as_of: datetime
) -> None:
    check_revision(seen, row.revision)
    for name, value in values.items():
        setattr(row, name, value)
    row.revision += 1
    row.changed_by, row.changed_at = by, as_of
    row.save()
    record_event(act=act, target=row, by=by)


def _stamp(by: User, as_of: datetime) -> dict[str, Any]:
    return {"changed_by": by, "changed_at": as_of}


def _next_position(rows: Any) -> int:
    return (rows.aggregate(last=Max("position"))["last"] or 0) + 1


def _copied(row: Any, names: Iterable[str]) -> dict[str, Any]:
    return {name: getattr(row, name) for name in names}


@transaction.atomic
def begin_draft(*, by: User, as_of: datetime) -> PackageVersion:
    """The next version as a draft: the published one with everything in it that is still shared.

    Effects: version, chapters, ideas, contributions; audit event. Raises StateRefused when there is a draft.
    """
    versions = PackageVersion.objects.select_for_update().order_by("-number")
    latest = versions.first()
    if latest is not None and latest.state == PackageState.DRAFT:
        raise StateRefused(f"Version {latest.number} is a draft already. Go on with it.")
    stamp = _stamp(by, as_of)
    draft = PackageVersion.objects.create(
        number=latest.number + 1 if latest else 1,
        title=latest.title if latest else FIRST_TITLE,
        introduction=latest.introduction if latest else "",
        **stamp,
    )
    shared = list_shared_cycles(scope_of(by, on=timezone.localdate(as_of))).order_by().values("pk")
    for chapter in latest.chapters.all() if latest else ():
        made = Chapter.objects.create(version=draft, **_copied(chapter, _CHAPTER_FIELDS), **stamp)
        for idea in chapter.ideas.all():
            copy = ChapterIdea.objects.create(chapter=made, **_copied(idea, _IDEA_FIELDS), **stamp)
            Contribution.objects.bulk_create(
                Contribution(idea=copy, **_copied(row, _CONTRIBUTION_FIELDS))
                for row in idea.contributions.filter(withdrawn_at=None, cycle__in=shared)
            )
    record_event(act="begin_package", target=draft, by=by, details={"number": draft.number})
    return draft


@transaction.atomic
def change_package(
    *, version: PackageVersion, values: dict[str, Any], seen: int, by: User, as_of: datetime
) -> PackageVersion:
    """values: title, introduction, whats_new. seen: revision that the writer had before the eyes.

    Effects: audit event. Raises StateRefused for a published version or one that changed meanwhile.
    """
    version = _locked_draft(version.pk)
    _change(version, values, act="change_package", seen=seen, by=by, as_of=as_of)
    return version


@transaction.atomic
def add_chapter(
    *, version: PackageVersion, values: dict[str, Any], by: User, as_of: datetime
) -> Chapter:
    """values: title, introduction, driver, drivers, measure_codes, focus_codes. Effects: audit event."""
    version = _locked_draft(version.pk)
    chapter = Chapter.objects.create(
        version=version,
        position=_next_position(version.chapters),
        **_stamp(by, as_of),
        **values,
    )
    record_event(act="add_chapter", target=chapter, by=by)
    return chapter


@transaction.atomic
def change_chapter(
    *, chapter: Chapter, values: dict[str, Any], seen: int, by: User, as_of: datetime
) -> Chapter:
    """As `change_package`."""
    _locked_draft(chapter.version_id)
    chapter = Chapter.objects.select_for_update().get(pk=chapter.pk)
    _change(chapter, values, act="change_chapter", seen=seen, by=by, as_of=as_of)
    return chapter


@transaction.atomic
def move_chapter(*, chapter: Chapter, up: bool, by: User) -> None:
    """One place up or down; at the end of the list nothing happens. Effects: positions, audit event."""
    version = _locked_draft(chapter.version_id)
    rows = list(version.chapters.select_for_update())
    place = next(i for i, row in enumerate(rows) if row.pk == chapter.pk)
    other = place - 1 if up else place + 1
    if not 0 <= other < len(rows):
        return
    rows[place], rows[other] = rows[other], rows[place]
    for position, row in enumerate(rows, start=1):
        row.position = position
        row.save(update_fields=["position"])
    record_event(act="move_chapter", target=chapter, by=by, details={"up": up})


@transaction.atomic
def delete_chapter(*, chapter: Chapter, by: User) -> None:
    """Effects: the chapter leaves the draft with its ideas; their nominations wait again; audit event."""
    _locked_draft(chapter.version_id)
    record_event(act="delete_chapter", target=chapter, by=by, details={"title": chapter.title})
    _release(Contribution.objects.filter(idea__chapter=chapter))
    chapter.delete()


@transaction.atomic
def add_chapter_idea(
    *, chapter: Chapter, values: dict[str, Any], by: User, as_of: datetime
) -> ChapterIdea:
    """values: title, what, first_test, evidence_grade, evidence, library_idea. Effects: audit event."""
    _locked_draft(chapter.version_id)
    idea = ChapterIdea.objects.create(
        chapter=chapter, position=_next_position(chapter.ideas), **_stamp(by, as_of), **values
    )
    record_event(act="add_chapter_idea", target=idea, by=by)
    return idea


@transaction.atomic
def change_chapter_idea(
    *, idea: ChapterIdea, values: dict[str, Any], seen: int, by: User, as_of: datetime
) -> ChapterIdea:
    """As `change_package`."""
    _locked_draft(idea.chapter.version_id)
    idea = ChapterIdea.objects.select_for_update().get(pk=idea.pk)
    _change(idea, values, act="change_chapter_idea", seen=seen, by=by, as_of=as_of)
    return idea


@transaction.atomic
def delete_chapter_idea(*, idea: ChapterIdea, by: User) -> None:
    """Effects: as `delete_chapter`."""
    _locked_draft(idea.chapter.version_id)
    record_event(act="delete_chapter_idea", target=idea, by=by, details={"title": idea.title})
    _release(Contribution.objects.filter(idea=idea))
    idea.delete()


@transaction.atomic
def accept_nomination(
    *,
    nomination: Nomination,
    idea: ChapterIdea,
    title: str,
    summary: str,
    by: User,
    as_of: datetime,
) -> Contribution:
    """A nominated test stands under an idea of the draft, in the faculty's words.

    Effects: contribution, state of the nomination, audit event, a notification to the group.
    Raises StateRefused where the test is not shared any more, where the words name a group, its site or its
    people, and where it stands under the idea already.
    """
    _locked_draft(idea.chapter.version_id)
    nomination = Nomination.objects.select_for_update(of=("self",)).get(pk=nomination.pk)
    check_nomination_can("accept", nomination)
    scope = scope_of(by, on=timezone.localdate(as_of))
    cycle = list_shared_cycles(scope).filter(pk=nomination.cycle_id).first()
    if cycle is None:
        raise StateRefused("The group does not share this test any more.")
    texts = [title, summary]
    check_names(sorted({*names_in(cycle, texts), *find_group_names(texts)}))
    if idea.contributions.filter(cycle=cycle).exists():
        raise StateRefused("This test stands under the idea already.")
    made = Contribution.objects.create(
        idea=idea,
        nomination=nomination,
        cycle_id=cycle.pk,
        position=_next_position(idea.contributions),
        title=title,
        summary=summary,
        decision=cycle.decision,
        afterwards=nomination.afterwards,
        effects=nomination.effects,
    )
    nomination.state = NominationState.ACCEPTED
    nomination.decided_by, nomination.decided_at = by, as_of
    nomination.save(update_fields=["state", "decided_by", "decided_at"])
    team = cycle.idea.project.team
    record_event(
        act="accept_nomination", target=nomination, by=by, team=team, details={"idea": idea.pk}
    )
    notify(
        users={nomination.nominated_by, *list_staff(team, on=timezone.localdate(as_of))},
        topic=Topic.TESTS,
        title="Your test goes into the next version of the change package",
        text=title,
        path=reverse("harvest:test", args=[cycle.pk]),
        key=f"nomination-{nomination.pk}-accepted",
        as_of=as_of,
    )
    return made


@transaction.atomic
def remove_contribution(*, contribution: Contribution, by: User) -> None:
    """Effects: the test leaves the draft, its nomination waits again, audit event."""
    _locked_draft(contribution.idea.chapter.version_id)
    record_event(act="remove_contribution", target=contribution, by=by)
    _release(Contribution.objects.filter(pk=contribution.pk))


def _release(rows: Any) -> None:
    """Take contributions out of a draft; a nomination that stands nowhere else waits again."""
    nominations = set(rows.values_list("nomination_id", flat=True))
    rows.delete()
    elsewhere = Contribution.objects.filter(nomination_id__in=nominations)
    alone = nominations - set(elsewhere.values_list("nomination_id", flat=True))
    Nomination.objects.filter(pk__in=alone, state=NominationState.ACCEPTED).update(
        state=NominationState.WAITING, decided_by=None, decided_at=None
    )


@transaction.atomic
def publish_package(*, version: PackageVersion, by: User, as_of: datetime) -> PackageVersion:
    """From now on the version is as it is: the database refuses every change.

    Effects: state, audit event, a notification to everybody of the groups and their coaches.
    Raises StateRefused for a chapter without an idea, a package without a chapter, or words that name a group.
    """
    version = _locked_draft(version.pk)
    chapters = list(version.chapters.prefetch_related("ideas"))
    if not chapters:
        raise StateRefused("A version needs a chapter at least.")
    empty = [chapter.title for chapter in chapters if not chapter.ideas.all()]
    if empty:
        raise StateRefused(f"There is no change idea yet in: {', '.join(empty)}.")
    if version.number > 1 and not version.whats_new.strip():
        raise StateRefused("Say in a sentence what is new in this version.")
    check_names(find_group_names(_texts(version, chapters)))
    version.state, version.published_by, version.published_at = (
        PackageState.PUBLISHED,
        by,
        as_of,
    )
    version.save(update_fields=["state", "published_by", "published_at"])
    record_event(act="publish_package", target=version, by=by, details={"number": version.number})
    notify(
        users=list_participants(Team.objects.all(), on=timezone.localdate(as_of)),
        topic=Topic.TESTS,
        title=f"Version {version.number} of the change package is here"[:200],
        text=version.whats_new,
        path=reverse("harvest:version", args=[version.number]),
        key=f"package-{version.number}",
        as_of=as_of,
    )
    return version


def _texts(version: PackageVersion, chapters: list[Chapter]) -> Iterable[str]:
    yield from (version.title, version.introduction, version.whats_new)
    for chapter in chapters:
        yield from (chapter.title, chapter.introduction, chapter.drivers)
        for idea in chapter.ideas.all():
            yield from (idea.title, idea.what, idea.first_test, idea.evidence)


@transaction.atomic
def record_package_download(*, version: PackageVersion, file_format: str, by: User) -> None:
    """Effects: one audit event that says who took which file."""
    record_event(
        act="download_package",
        target=version,
        by=by,
        details={"number": version.number, "format": file_format},
    )
