"""What the files of a version say: plain values, so that a document is made of data and never of markup."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from learning.enums import PackageState
from learning.queries.package import ContributedTest, IdeaView, PackageView
from pdsa.wording import day_text

#: Stands on every file: what a reader of an older copy has to know.
LEFT_OUT = "Tests that their groups no longer share are left out."


def package_content(view: PackageView, *, programme: str, as_of: datetime) -> dict[str, Any]:
    """The version as texts. as_of: when the file is made, in the programme's time zone."""
    version = view.version
    is_draft = version.state == PackageState.DRAFT
    published = f"Published {day_text(version.published_at.date())}" if version.published_at else ""
    return {
        "programme": programme,
        "title": version.title,
        "kicker": f"Change package · version {version.number}",
        "is_draft": is_draft,
        "published": published or "Draft, for the faculty only",
        "introduction": _paragraphs(version.introduction),
        "whats_new": _paragraphs(version.whats_new),
        "facts": [
            [f"{len(view.chapters)}", "chapter" if len(view.chapters) == 1 else "chapters"],
            [f"{view.idea_count}", "change idea" if view.idea_count == 1 else "change ideas"],
            [
                f"{view.test_count}",
                "test of a group" if view.test_count == 1 else "tests of groups",
            ],
        ],
        "footer": f"{published or 'Draft'} · copy of {day_text(as_of.date())}. {LEFT_OUT}",
        "chapters": [
            {
                "title": chapter.chapter.title,
                "introduction": _paragraphs(chapter.chapter.introduction),
                "driver": chapter.driver,
                "drivers": chapter.drivers,
                "measures": ", ".join(chapter.measures),
                "focus": ", ".join(chapter.focus),
                "ideas": [_idea(idea) for idea in chapter.ideas],
            }
            for chapter in view.chapters
        ],
    }


def _paragraphs(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def _idea(view: IdeaView) -> dict[str, Any]:
    idea = view.idea
    return {
        "title": idea.title,
        "what": _paragraphs(idea.what),
        "first_test": idea.first_test,
        "grade": idea.get_evidence_grade_display(),
        "evidence": _paragraphs(idea.evidence),
        "tests": [_test(test) for test in view.tests],
    }


def _test(test: ContributedTest) -> dict[str, Any]:
    row = test.contribution
    return {
        "title": row.title,
        "summary": _paragraphs(row.summary),
        "group": test.group,
        "decision": test.decision,
        "word": row.decision,
        "afterwards": test.afterwards,
        "tally": test.tally,
        "effects": [
            {
                "measure": effect["measure"],
                "changes": [[str(name), str(text)] for name, text in effect["changes"]],
                "words": " ".join(filter(None, [effect["conclusion"], effect["signal"]])),
                "basis": effect["basis"],
            }
            for effect in row.effects
        ],
    }
