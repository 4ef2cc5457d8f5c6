"""Reads the library's files into value types; a mistake in them stops here. Pure, no Django."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

_FOLDER = Path(__file__).parent
_EFFORTS = ("small", "medium", "large")


class LibraryFileWrong(Exception):
    """A file of the library does not hold together; the message says where."""


@dataclass(frozen=True)
class Evidence:
    """What was found elsewhere. url: where to read it; empty where nothing is published."""

    text: str
    url: str


@dataclass(frozen=True)
class IdeaEntry:
    """One change idea as the file has it. driver, populations, topics: codes."""

    code: str
    title: str
    what: str
    helps: str
    first_test: str
    prediction: str
    populations: tuple[str, ...]
    driver: str
    topics: tuple[str, ...]
    effort: str
    cost_note: str
    evidence: tuple[Evidence, ...]
    origin: str


@dataclass(frozen=True)
class Library:
    """The whole file: the names of its codes, and its ideas in their order."""

    drivers: dict[str, str]
    populations: dict[str, str]
    topics: dict[str, str]
    ideas: tuple[IdeaEntry, ...]


@dataclass(frozen=True)
class TemplateBranch:
    """A secondary driver of a template with the codes of library ideas under it."""

    text: str
    ideas: tuple[str, ...]


@dataclass(frozen=True)
class DiagramTemplate:
    """A driver diagram to start from. primary: (text, secondary drivers)."""

    code: str
    name: str
    text: str
    primary: tuple[tuple[str, tuple[TemplateBranch, ...]], ...]


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads((_FOLDER / name).read_text("utf-8"))


@lru_cache(maxsize=1)
def read_library() -> Library:
    """The library. Raises LibraryFileWrong for an unknown code, an empty text or a code that occurs twice."""
    raw = _read("ideas.toml")
    library = Library(
        drivers=raw["drivers"],
        populations=raw["populations"],
        topics=raw["topics"],
        ideas=tuple(
            IdeaEntry(
                **{
                    **entry,
                    "populations": tuple(entry["populations"]),
                    "topics": tuple(entry["topics"]),
                    "evidence": tuple(Evidence(**piece) for piece in entry["evidence"]),
                }
            )
            for entry in raw["idea"]
        ),
    )
    seen: set[str] = set()
    for idea in library.ideas:
        texts = (
            idea.title,
            idea.what,
            idea.helps,
            idea.first_test,
            idea.prediction,
            idea.cost_note,
        )
        problems = [
            "occurs twice" if idea.code in seen else "",
            "has an empty text" if not all((*texts, idea.origin)) else "",
            "names an unknown driver" if idea.driver not in library.drivers else "",
            "names an unknown topic" if set(idea.topics) - set(library.topics) else "",
            "names an unknown population"
            if set(idea.populations) - set(library.populations)
            else "",
            "has an unknown effort" if idea.effort not in _EFFORTS else "",
            "has no evidence entry" if not idea.evidence else "",
        ]
        if any(problems):
            raise LibraryFileWrong(f"{idea.code} {next(p for p in problems if p)}")
        seen.add(idea.code)
    return library


@lru_cache(maxsize=1)
def read_templates() -> tuple[DiagramTemplate, ...]:
    """The templates. Raises LibraryFileWrong where one names an idea that the library does not have."""
    known = {idea.code for idea in read_library().ideas}
    templates = tuple(
        DiagramTemplate(
            raw["code"],
            raw["name"],
            raw["text"],
            tuple(
                (
                    primary["text"],
                    tuple(
                        TemplateBranch(branch["text"], tuple(branch["ideas"]))
                        for branch in primary["secondary"]
                    ),
                )
                for primary in raw["primary"]
            ),
        )
        for raw in _read("templates.toml")["template"]
    )
    for template in templates:
        for _, branches in template.primary:
            unknown = {code for branch in branches for code in branch.ideas} - known
            if unknown:
                raise LibraryFileWrong(f"{template.code} names {sorted(unknown)}")
    return templates
