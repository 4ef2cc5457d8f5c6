"""Reads of the change package. Drafts exist for the faculty only; of contributions only those whose group shares
the test on the day of reading."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from django.db.models import QuerySet

from grants.enums import PlanDecision
from learning.enums import PackageState
from learning.models import Chapter, ChapterIdea, Contribution, Nomination, PackageVersion
from learning.queries.exchange import count_tried, list_nominations, tally_text
from measures.queries import list_measure_names, list_patient_groups
from pdsa.library.files import read_library
from pdsa.queries.cycles import list_shared_cycles
from pdsa.sharing import group_name
from pdsa.wording import DECIDED, DECISION_ICON
from teams.models import Team
from teams.permissions import Permission
from teams.scoping import Scope

#: What becomes of a change in its group, as others read it; undecided says nothing.
AFTERWARDS_WORDS = {
    PlanDecision.EMBED: "Embedded in everyday work",
    PlanDecision.SCALE: "Being scaled to more places",
    PlanDecision.STOP: "Stopped",
}


def list_versions(scope: Scope) -> QuerySet[PackageVersion]:
    """Versions that exist for the reader, the latest first."""
    if not scope.may(Permission.VIEW_SHARED_TESTS):
        return PackageVersion.objects.none()
    found = PackageVersion.objects.select_related("published_by", "changed_by")
    if scope.may(Permission.EDIT_PACKAGE):
        return found
    return found.filter(state=PackageState.PUBLISHED)


def get_version(scope: Scope, number: int) -> PackageVersion:
    return list_versions(scope).get(number=number)


def get_latest(scope: Scope) -> PackageVersion | None:
    """The version that holds now; None before the first one is published."""
    return list_versions(scope).filter(state=PackageState.PUBLISHED).first()


def get_draft(scope: Scope) -> PackageVersion | None:
    if not scope.may(Permission.EDIT_PACKAGE):
        return None
    return PackageVersion.objects.filter(state=PackageState.DRAFT).first()


def get_version_before(version: PackageVersion) -> PackageVersion | None:
    """The one that was published before this one."""
    return PackageVersion.objects.filter(
        state=PackageState.PUBLISHED, number__lt=version.number
    ).first()


def get_chapter(scope: Scope, number: int, chapter_id: int) -> Chapter:
    return Chapter.objects.select_related("version").get(
        pk=chapter_id, version=get_version(scope, number)
    )


def get_editable_chapter(scope: Scope, chapter_id: int) -> Chapter:
    """A chapter of whatever version for the faculty; the action says when its version is frozen."""
    if not scope.may(Permission.EDIT_PACKAGE):
        raise Chapter.DoesNotExist
    return Chapter.objects.select_related("version").get(pk=chapter_id)


def get_editable_idea(scope: Scope, idea_id: int) -> ChapterIdea:
    if not scope.may(Permission.EDIT_PACKAGE):
        raise ChapterIdea.DoesNotExist
    return ChapterIdea.objects.select_related("chapter__version").get(pk=idea_id)


def get_editable_contribution(scope: Scope, contribution_id: int) -> Contribution:
    if not scope.may(Permission.EDIT_PACKAGE):
        raise Contribution.DoesNotExist
    return Contribution.objects.select_related("idea__chapter__version").get(
        pk=contribution_id, withdrawn_at=None, cycle__in=list_shared_cycles(scope)
    )


def list_draft_ideas(scope: Scope) -> QuerySet[ChapterIdea]:
    """Ideas of the draft, under which a nominated test can stand."""
    if not scope.may(Permission.EDIT_PACKAGE):
        return ChapterIdea.objects.none()
    return (
        ChapterIdea.objects.filter(chapter__version__state=PackageState.DRAFT)
        .select_related("chapter")
        .order_by("chapter__position", "chapter_id", "position", "id")
    )


def list_published_chapters(scope: Scope) -> QuerySet[Chapter]:
    """Chapters of the version that holds now."""
    latest = get_latest(scope)
    if latest is None:
        return Chapter.objects.none()
    return Chapter.objects.filter(version=latest).select_related("version")


# --- a version as it is read ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ContributedTest:
    """A contributed test as it is read. group: its name, or what stands for it."""

    contribution: Contribution
    group: str
    decision: str
    icon: str
    afterwards: str
    tally: str

    @property
    def cycle_id(self) -> int:
        return self.contribution.cycle_id


@dataclass(frozen=True)
class IdeaView:
    idea: ChapterIdea
    tests: list[ContributedTest]
    library_code: str

    @property
    def tally(self) -> str:
        """Decisions of the contributed tests in words, abandoned ones like the others."""
        counts = Counter(test.decision for test in self.tests if test.decision)
        return ", ".join(f"{word.lower()} {n}" for word, n in counts.items())


@dataclass(frozen=True)
class ChapterView:
    chapter: Chapter
    driver: str
    drivers: list[str]
    measures: list[str]
    focus: list[str]
    ideas: list[IdeaView]

    @cached_property
    def test_count(self) -> int:
        return len({test.cycle_id for idea in self.ideas for test in idea.tests})


@dataclass(frozen=True)
class PackageView:
    version: PackageVersion
    chapters: list[ChapterView]

    @property
    def idea_count(self) -> int:
        return sum(len(chapter.ideas) for chapter in self.chapters)

    @cached_property
    def test_count(self) -> int:
        return len({t.cycle_id for c in self.chapters for idea in c.ideas for t in idea.tests})


def view_version(
    scope: Scope, version: PackageVersion, *, chapter_id: int | None = None
) -> PackageView:
    """A version with everything in it, or with one chapter; seven queries, whatever its size."""
    chapters = Chapter.objects.filter(version=version)
    if chapter_id is not None:
        chapters = chapters.filter(pk=chapter_id)
    rows = list(chapters)
    ideas: dict[int, list[ChapterIdea]] = {}
    for idea in ChapterIdea.objects.filter(chapter__in=rows).select_related("library_idea"):
        ideas.setdefault(idea.chapter_id, []).append(idea)
    tests = _tests(scope, [idea for found in ideas.values() for idea in found])
    drivers = read_library().drivers
    measures = list_measure_names()
    groups = {row.code: row.label for row in list_patient_groups()}
    return PackageView(
        version,
        [
            ChapterView(
                chapter=chapter,
                driver=drivers.get(chapter.driver, ""),
                drivers=[line.strip() for line in chapter.drivers.splitlines() if line.strip()],
                measures=[measures.get(code, code) for code in chapter.measure_codes],
                focus=[groups[code] for code in chapter.focus_codes if code in groups],
                ideas=[
                    IdeaView(
                        idea,
                        tests.get(idea.pk, []),
                        idea.library_idea.code if idea.library_idea else "",
                    )
                    for idea in ideas.get(chapter.pk, [])
                ],
            )
            for chapter in rows
        ],
    )


def _tests(scope: Scope, ideas: list[ChapterIdea]) -> dict[int, list[ContributedTest]]:
    """Idea → its contributed tests that are still shared."""
    rows = list(Contribution.objects.filter(idea__in=ideas, withdrawn_at=None))
    cycles = {
        cycle.pk: cycle
        for cycle in list_shared_cycles(scope).filter(pk__in={row.cycle_id for row in rows})
    }
    tried = count_tried(cycles)
    found: dict[int, list[ContributedTest]] = {}
    for row in rows:
        cycle = cycles.get(row.cycle_id)
        if cycle is None:
            continue
        found.setdefault(row.idea_id, []).append(
            ContributedTest(
                contribution=row,
                group=group_name(cycle),
                decision=DECIDED.get(row.decision, ""),
                icon=DECISION_ICON.get(row.decision, ""),
                afterwards=AFTERWARDS_WORDS.get(PlanDecision(row.afterwards), ""),
                tally=tally_text(tried.get(row.cycle_id, Counter())),
            )
        )
    return found


# --- what the faculty needs while writing ------------------------------------------------------------------------


def find_group_names(texts: Iterable[str]) -> list[str]:
    """Names of groups of the programme that the texts mention."""
    together = "\n".join(texts).lower()
    names = {
        name
        for pair in Team.objects.values_list("name", "organisation__name")
        for name in pair
        if len(name) > 3
    }
    return sorted(name for name in names if name.lower() in together)


def list_accepted_without_place(scope: Scope) -> list[Nomination]:
    """Nominations that were accepted and do not stand in the draft, so that none is lost on the way."""
    placed = Contribution.objects.filter(idea__chapter__version__state=PackageState.DRAFT)
    return list(
        list_nominations(scope)
        .filter(state="accepted")
        .exclude(cycle_id__in=placed.values("cycle_id"))
    )
