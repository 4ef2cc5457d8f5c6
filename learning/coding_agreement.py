"""Two coders' codes side by side: agreement per code and overall, what differs, and what was settled. PURE."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from learning.enums import CodeLevel
from measures.stats.agreement import Agreement, cohen_kappa, pooled_kappa

#: Excerpt id → ids of the codebook entries that were given.
Codes = Mapping[int, frozenset[int]]


@dataclass(frozen=True)
class Entry:
    """What agreement needs of a codebook entry."""

    id: int
    level: CodeLevel
    parent_id: int | None


@dataclass(frozen=True)
class CodeAgreement:
    """both, first_only, second_only: excerpts to which the code was given, by whom."""

    entry_id: int
    both: int
    first_only: int
    second_only: int
    neither: int
    agreement: Agreement


@dataclass(frozen=True)
class RoundAgreement:
    """overall: pooled over the codes, with their sub-codes counted as the code."""

    codes: tuple[CodeAgreement, ...]
    overall: Agreement


def rolled_up(given: frozenset[int], entries: Sequence[Entry]) -> frozenset[int]:
    """With the code of every sub-code, and the theme of every code: who says the part says the whole."""
    parents = {entry.id: entry.parent_id for entry in entries}
    found = set(given)
    for entry_id in given:
        parent = parents.get(entry_id)
        while parent is not None:
            found.add(parent)
            parent = parents.get(parent)
    return frozenset(found)


def round_agreement(
    excerpts: Sequence[int], entries: Sequence[Entry], first: Codes, second: Codes
) -> RoundAgreement:
    """Agreement over excerpts that both coders have read; the others are left out."""
    read = [pk for pk in excerpts if pk in first and pk in second]
    first_up = [rolled_up(first[pk], entries) for pk in read]
    second_up = [rolled_up(second[pk], entries) for pk in read]
    rows = []
    for entry in entries:
        if entry.level == CodeLevel.THEME:
            continue
        a = np.array([entry.id in given for given in first_up], dtype=bool)
        b = np.array([entry.id in given for given in second_up], dtype=bool)
        both, only_a, only_b = (int(x.sum()) for x in (a & b, a & ~b, ~a & b))
        neither = len(read) - both - only_a - only_b
        rows.append(
            CodeAgreement(
                entry.id,
                both,
                only_a,
                only_b,
                neither,
                cohen_kappa([[both, only_a], [only_b, neither]]),
            )
        )
    codes = [entry.id for entry in entries if entry.level == CodeLevel.CODE]
    shape = (len(read), len(codes))
    table_a = np.array([[c in given for c in codes] for given in first_up], dtype=bool)
    table_b = np.array([[c in given for c in codes] for given in second_up], dtype=bool)
    overall = pooled_kappa(table_a.reshape(shape), table_b.reshape(shape))
    return RoundAgreement(tuple(rows), overall)


def settled_codes(
    excerpts: Sequence[int], first: Codes, second: Codes, settled: Codes
) -> dict[int, frozenset[int] | None]:
    """Excerpt → the codes that count: settled together, or given alike by both; None while it is open."""
    found: dict[int, frozenset[int] | None] = {}
    for pk in excerpts:
        a, b = first.get(pk), second.get(pk)
        if pk in settled:
            found[pk] = settled[pk]
        else:
            found[pk] = a if a is not None and a == b else None
    return found
