"""A round of coding as tables for files: codebook, excerpts with codes, agreement, counts. PURE."""

from __future__ import annotations

from collections.abc import Sequence

from learning.evaluation_tables import Column, Table, number_column, rounded
from learning.models import CodebookEntry, CodingRound, Excerpt
from learning.queries.coding import CodeCounts, RoundResult
from measures.stats.agreement import Agreement


def _path(entry: CodebookEntry, entries: dict[int, CodebookEntry]) -> str:
    names = [entry.name]
    while entry.parent_id is not None:
        entry = entries[entry.parent_id]
        names.append(entry.name)
    return " > ".join(reversed(names))


def _numbers(found: Agreement) -> tuple[float | None, ...]:
    return tuple(
        rounded(value, 4) for value in (found.observed, found.kappa, found.lower, found.upper)
    )


def codebook_table(entries: Sequence[CodebookEntry], version: int) -> Table:
    by_id = {entry.pk: entry for entry in entries}
    return Table(
        "codebook",
        "Codebook",
        f"Themes, codes and sub-codes of version {version}.",
        (
            Column("key", "Key", "Short name of the entry; the same in every version."),
            Column("level", "Level", "theme, code or subcode."),
            Column("path", "Place", "Theme > code > sub-code."),
            Column("name", "Name", "Name of the entry."),
            Column("definition", "Definition", "What it means."),
            Column("when_to_use", "When to use", "When it is given."),
            Column("when_not", "When not", "When it is not given."),
        ),
        tuple(
            (e.key, e.level, _path(e, by_id), e.name, e.definition, e.when_to_use, e.when_not)
            for e in entries
        ),
    )


def coding_tables(
    coding_round: CodingRound,
    excerpts: Sequence[Excerpt],
    result: RoundResult,
    counts: CodeCounts,
    both: tuple[dict[int, frozenset[int]], dict[int, frozenset[int]]],
) -> list[Table]:
    """Everything that a finished round holds. Coders are A and B: who they are is not in the files."""
    keys = {entry.pk: entry.key for entry in result.entries}
    by_id = {entry.pk: entry for entry in result.entries}

    def said(codes: frozenset[int] | None) -> str:
        return "; ".join(key for pk, key in keys.items() if codes and pk in codes)

    first, second = both
    agreement: list[tuple[object, ...]] = [
        (
            keys[row.entry_id],
            by_id[row.entry_id].level,
            by_id[row.entry_id].name,
            row.both,
            row.first_only,
            row.second_only,
            row.neither,
            *_numbers(row.agreement),
        )
        for row in result.agreement.codes
    ]
    agreement.append(
        (
            "all codes", "pooled", "All codes together", None, None, None, None,
            *_numbers(result.agreement.overall),
        )
    )  # fmt: skip
    return [
        codebook_table(result.entries, coding_round.codebook.version),
        Table(
            "excerpts",
            "Excerpts",
            "Every excerpt with the codes that each coder gave and those that count.",
            (
                Column("source", "Source", "Pseudonym of the interview or document."),
                Column("stakeholder", "Stakeholder", "Kind of stakeholder."),
                Column("form", "Form", "interview or document."),
                number_column("excerpt", "Excerpt", "Place in its source."),
                Column("text", "Text", "The passage, de-identified."),
                Column("coder_a", "Coder A", "Keys that the first coder gave."),
                Column("coder_b", "Coder B", "Keys that the second coder gave."),
                Column("settled", "Settled", "Keys that count: given alike, or settled together."),
                Column("state", "State", "alike, settled or open."),
            ),
            tuple(
                (
                    excerpt.source.code,
                    excerpt.source.stakeholder,
                    excerpt.source.form,
                    excerpt.number,
                    excerpt.text,
                    said(first.get(excerpt.pk)),
                    said(second.get(excerpt.pk)),
                    said(result.settled[excerpt.pk]),
                    "open" if result.settled[excerpt.pk] is None
                    else "alike" if first.get(excerpt.pk) == second.get(excerpt.pk) else "settled",
                )
                for excerpt in excerpts
            ),
        ),
        Table(
            "agreement",
            "Agreement",
            "Cohen’s kappa before anything was settled. A code counts as given where one of its sub-codes was.",
            (
                Column("key", "Key", "Key of the entry; “all codes” for the pooled row."),
                Column("level", "Level", "code, subcode or pooled."),
                Column("name", "Name", "Name of the entry."),
                number_column("both", "Both", "Excerpts to which both gave it."),
                number_column("a_only", "A only", "Excerpts to which only the first coder gave it."),
                number_column("b_only", "B only", "Excerpts to which only the second coder gave it."),
                number_column("neither", "Neither", "Excerpts to which neither gave it."),
                number_column("agreed_share", "Agreed", "Proportion 0–1 of excerpts on which they agree."),
                number_column("kappa", "Kappa", "Empty where it is undefined: both used one category only."),
                number_column("kappa_lower", "from", "Lower limit of its 95% interval; empty where both agree on everything."),
                number_column("kappa_upper", "to", "Upper limit of its 95% interval."),
            ),
            tuple(agreement),
        ),
        Table(
            "counts",
            "Counts",
            "How often each theme, code and sub-code counts, with what lies below it.",
            (
                Column("key", "Key", "Key of the entry."),
                Column("level", "Level", "theme, code or subcode."),
                Column("path", "Place", "Theme > code > sub-code."),
                number_column("excerpts", "Excerpts", "Excerpts with it."),
                number_column("sources", "Sources", "Interviews and documents with it."),
                *(
                    number_column(f"excerpts_{place}", kind, f"Excerpts with it from: {kind}.")
                    for place, kind in enumerate(counts.stakeholders, start=1)
                ),
            ),
            tuple(
                (
                    row.entry.key, row.entry.level, _path(row.entry, by_id),
                    row.excerpts, row.sources, *row.by_stakeholder,
                )
                for row in counts.rows
            ),
        ),
    ]  # fmt: skip
