"""What differs between two versions of the change package, as the reader may see both."""

from __future__ import annotations

from dataclasses import dataclass

from learning.queries.package import ChapterView, IdeaView, PackageView
from pdsa.aims.differences import FieldDifference, compare_fields

_CHAPTER_LABELS = {
    "title": "Title",
    "introduction": "Introduction",
    "driver": "Driver",
    "drivers": "What has to change",
    "measures": "Measures",
    "focus": "Focus groups",
}
_IDEA_LABELS = {
    "title": "Title",
    "what": "What",
    "first_test": "A first small test",
    "grade": "Evidence",
    "evidence": "What is known",
}
_VERSION_LABELS = {"title": "Title", "introduction": "Introduction"}


@dataclass(frozen=True)
class IdeaDifference:
    """change: "new", "gone" or "changed". Titles of contributed tests that came and went."""

    title: str
    change: str
    fields: tuple[FieldDifference, ...]
    tests_new: list[str]
    tests_gone: list[str]


@dataclass(frozen=True)
class ChapterDifference:
    title: str
    change: str
    fields: tuple[FieldDifference, ...]
    ideas: list[IdeaDifference]


@dataclass(frozen=True)
class PackageDifference:
    fields: tuple[FieldDifference, ...]
    chapters: list[ChapterDifference]

    @property
    def is_empty(self) -> bool:
        return not self.fields and not self.chapters


def compare_versions(before: PackageView, after: PackageView) -> PackageDifference:
    """In the order of the later version; what is gone stands at the end."""
    old = {view.chapter.key: view for view in before.chapters}
    new = {view.chapter.key: view for view in after.chapters}
    chapters = [_chapter(old.get(key), view) for key, view in new.items()]
    chapters += [
        ChapterDifference(view.chapter.title, "gone", (), [])
        for key, view in old.items()
        if key not in new
    ]
    return PackageDifference(
        compare_fields(
            {name: getattr(before.version, name) for name in _VERSION_LABELS},
            {name: getattr(after.version, name) for name in _VERSION_LABELS},
            _VERSION_LABELS,
        ),
        [c for c in chapters if c.change != "changed" or c.fields or c.ideas],
    )


def _chapter(before: ChapterView | None, after: ChapterView) -> ChapterDifference:
    if before is None:
        ideas = [IdeaDifference(v.idea.title, "new", (), [], []) for v in after.ideas]
        return ChapterDifference(after.chapter.title, "new", (), ideas)
    old = {view.idea.key: view for view in before.ideas}
    new = {view.idea.key: view for view in after.ideas}
    ideas = [_idea(old.get(key), view) for key, view in new.items()]
    ideas += [
        IdeaDifference(view.idea.title, "gone", (), [], [])
        for key, view in old.items()
        if key not in new
    ]
    return ChapterDifference(
        after.chapter.title,
        "changed",
        compare_fields(_chapter_texts(before), _chapter_texts(after), _CHAPTER_LABELS),
        [i for i in ideas if i.change != "changed" or i.fields or i.tests_new or i.tests_gone],
    )


def _idea(before: IdeaView | None, after: IdeaView) -> IdeaDifference:
    tests = {test.cycle_id: test.contribution.title for test in after.tests}
    if before is None:
        return IdeaDifference(after.idea.title, "new", (), list(tests.values()), [])
    earlier = {test.cycle_id: test.contribution.title for test in before.tests}
    return IdeaDifference(
        after.idea.title,
        "changed",
        compare_fields(_idea_texts(before), _idea_texts(after), _IDEA_LABELS),
        [title for pk, title in tests.items() if pk not in earlier],
        [title for pk, title in earlier.items() if pk not in tests],
    )


def _chapter_texts(view: ChapterView) -> dict[str, str]:
    return {
        "title": view.chapter.title,
        "introduction": view.chapter.introduction,
        "driver": view.driver,
        "drivers": "\n".join(view.drivers),
        "measures": ", ".join(view.measures),
        "focus": ", ".join(view.focus),
    }


def _idea_texts(view: IdeaView) -> dict[str, str]:
    return {
        "title": view.idea.title,
        "what": view.idea.what,
        "first_test": view.idea.first_test,
        "grade": view.idea.get_evidence_grade_display(),
        "evidence": view.idea.evidence,
    }
