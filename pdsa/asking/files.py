"""Reads the programme's scripts from their reviewed file; a mistake in it stops here. Pure, no Django."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

_FILE = Path(__file__).parent / "scripts.toml"


class ScriptFileWrong(Exception):
    """The file of scripts does not hold together; the message says where."""


@dataclass(frozen=True)
class TextEntry:
    """One version of a script in one language. number: from 1, without holes."""

    language: str
    number: int
    text: str
    note: str = ""


@dataclass(frozen=True)
class ScriptEntry:
    code: str
    title: str
    situation: str
    texts: tuple[TextEntry, ...]


def read_scripts(path: Path = _FILE) -> tuple[ScriptEntry, ...]:
    """Scripts in the order of the file. Raises ScriptFileWrong for a hole in versions or a code twice."""
    scripts = tuple(
        ScriptEntry(
            raw["code"],
            raw["title"],
            raw["situation"],
            tuple(TextEntry(**{**text, "text": text["text"].strip()}) for text in raw["text"]),
        )
        for raw in tomllib.loads(path.read_text("utf-8"))["script"]
    )
    codes = [script.code for script in scripts]
    for script in scripts:
        if codes.count(script.code) > 1:
            raise ScriptFileWrong(f"{script.code} occurs twice.")
        for language in {text.language for text in script.texts}:
            numbers = [text.number for text in script.texts if text.language == language]
            if numbers != list(range(1, len(numbers) + 1)):
                raise ScriptFileWrong(f"{script.code}: the versions in {language} are {numbers}.")
    return scripts
