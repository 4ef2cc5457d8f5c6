"""Names of groups, sites and people of the programme in free text: found and masked. PURE.

`teams.personal_details` finds what looks like a patient. This finds whom the programme itself knows: a text that
goes to evaluators, or from interviews into the system, must not name them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from teams.personal_details import find_personal_details, mask_personal_details

#: Words that many names of groups and sites end with; what stands before them is what people say for short.
_COMMON = frozenset(
    [
        "health",
        "healthcare",
        "care",
        "medical",
        "medicine",
        "group",
        "groups",
        "partners",
        "system",
        "systems",
        "physicians",
        "physician",
        "network",
        "alliance",
        "associates",
        "practice",
        "practices",
        "clinic",
        "clinics",
        "center",
        "centre",
        "family",
        "community",
        "primary",
        "hospital",
        "hospitals",
        "collaborative",
        "services",
        "internal",
        "pediatrics",
        "pediatric",
        "and",
        "of",
        "the",
        "at",
    ]
)
_TITLES = r"(?:Dr|Prof|Mr|Mrs|Ms|Miss|Mx|Nurse|Doctor)\.?\s+"
#: Surnames and short names that are words of the subject too.
_WORDS = frozenset({"black", "white", "brown", "asian", "other", "young", "long", "price", "case"})
#: Letters below which a short form turns up by chance.
_LEAST = 4


@dataclass(frozen=True)
class KnownName:
    """A name that the programme knows. kind: "group", "site" or "person"; it is what the mask says."""

    kind: str
    name: str


def short_name(name: str) -> str:
    """The part of a group's or site's name in front of the first common word: "Bayview" of Bayview Health Partners."""
    words: list[str] = []
    for word in name.split():
        if word.lower().strip(",.&") in _COMMON:
            break
        words.append(word)
    short = " ".join(words).strip(" ,.&-")
    return short if len(short) >= _LEAST and short.lower() not in _WORDS else ""


def _patterns(known: KnownName) -> list[tuple[str, bool]]:
    """Patterns of a name with whether capital letters count."""
    name = known.name.strip()
    if not name:
        return []
    if known.kind != "person":
        found = [(re.escape(name), len(name) < _LEAST or name.isupper())]
        if short := short_name(name):
            found.append((re.escape(short), True))
        return found
    parts = [part for part in name.split() if not re.fullmatch(_TITLES.strip(), part + " ")]
    found = [(re.escape(name), False)]
    if len(parts) > 1:
        full = r"\s+(?:[A-Z]\.\s+)?".join((re.escape(parts[0]), re.escape(parts[-1])))
        found += [(full, False), (_TITLES + re.escape(parts[-1]), True)]
    return found


@dataclass(frozen=True)
class NameFinder:
    """Finds any of many names in one pass over a text."""

    rules: tuple[tuple[str, re.Pattern[str]], ...]

    def find(self, text: str) -> list[tuple[int, int, str]]:
        """Start, end and kind of every name, in the order of the text; the longer of two at one place."""
        hits: list[tuple[int, int, str]] = []
        for kind, rule in self.rules:
            hits += [(m.start(), m.end(), kind) for m in rule.finditer(text)]
        hits.sort(key=lambda hit: (hit[0], -hit[1]))
        kept: list[tuple[int, int, str]] = []
        for hit in hits:
            if not kept or hit[0] >= kept[-1][1]:
                kept.append(hit)
        return kept

    def said(self, text: str) -> list[str]:
        """What a text names, and what looks like a detail of a person, as words for a message."""
        found = [text[start:end] for start, end, _ in self.find(text)]
        found += [detail.text for detail in find_personal_details(text)]
        return list(dict.fromkeys(found))

    def mask(self, text: str) -> str:
        """The text with names as [group], [site] or [person], and details of persons masked too."""
        for start, end, kind in reversed(self.find(text)):
            text = f"{text[:start]}[{kind}]{text[end:]}"
        return mask_personal_details(text)


def name_finder(names: Iterable[KnownName]) -> NameFinder:
    """A finder for these names. Codes such as G01 are found as whole words in capital letters."""
    rules: list[tuple[str, re.Pattern[str]]] = []
    by_rule: dict[tuple[str, bool], list[str]] = {}
    for known in names:
        for pattern, exact in _patterns(known):
            by_rule.setdefault((known.kind, exact), []).append(pattern)
    for (kind, exact), patterns in by_rule.items():
        one_of = "|".join(sorted(set(patterns), key=len, reverse=True))
        rules.append((kind, re.compile(rf"\b(?:{one_of})\b", 0 if exact else re.IGNORECASE)))
    return NameFinder(tuple(rules))
