"""Reads of interviews and their coding. A coder's codes are read by nobody else until both have finished."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Count, QuerySet
from django.utils import timezone

from learning.coding_agreement import (
    Codes,
    Entry,
    RoundAgreement,
    rolled_up,
    round_agreement,
    settled_codes,
)
from learning.enums import CodeLevel
from learning.models import (
    Codebook,
    CodebookEntry,
    CodingRound,
    Excerpt,
    ExcerptCoding,
    InterviewSource,
    Reconciliation,
)
from teams.enums import Role
from teams.models import Membership, User, holds_on
from teams.permissions import Permission, check_permission
from teams.scoping import Scope


def list_interview_sources(scope: Scope) -> QuerySet[InterviewSource]:
    """Interviews and documents by pseudonym, with excerpt_count."""
    if not scope.may(Permission.CODE_INTERVIEWS):
        return InterviewSource.objects.none()
    return InterviewSource.objects.annotate(excerpt_count=Count("excerpts")).order_by("code")


def list_excerpts(scope: Scope) -> QuerySet[Excerpt]:
    if not scope.may(Permission.CODE_INTERVIEWS):
        return Excerpt.objects.none()
    return Excerpt.objects.select_related("source").order_by("source__code", "number")


# --- the codebook ----------------------------------------------------------------------------------------------


def list_codebooks(scope: Scope) -> QuerySet[Codebook]:
    """Versions, the latest first."""
    if not scope.may(Permission.CODE_INTERVIEWS):
        return Codebook.objects.none()
    return Codebook.objects.select_related("made_by").order_by("-version")


def get_codebook(scope: Scope, version: int) -> Codebook:
    return list_codebooks(scope).get(version=version)


def list_fixed_codebooks(scope: Scope) -> QuerySet[Codebook]:
    """Versions that can be coded with."""
    return list_codebooks(scope).exclude(fixed_at=None)


def list_entries(codebook: Codebook) -> list[CodebookEntry]:
    """Entries as they are read: each theme, its codes, and their sub-codes."""
    entries = list(codebook.entries.order_by("position", "id"))
    children: dict[int | None, list[CodebookEntry]] = defaultdict(list)
    for entry in entries:
        children[entry.parent_id].append(entry)

    def below(parent_id: int | None) -> list[CodebookEntry]:
        return [found for entry in children[parent_id] for found in (entry, *below(entry.pk))]

    return below(None)


def get_entry(scope: Scope, entry_id: int) -> CodebookEntry:
    return CodebookEntry.objects.select_related("codebook", "parent").get(
        pk=entry_id, codebook__in=list_codebooks(scope)
    )


# --- rounds ----------------------------------------------------------------------------------------------------


def list_coders(*, today_scope: Scope) -> QuerySet[User]:
    """People who can be coders: evaluators of today, by name."""
    check_permission(today_scope, Permission.CODE_INTERVIEWS)
    held = Membership.objects.filter(holds_on(timezone.localdate()), role=Role.EVALUATOR)
    return User.objects.filter(pk__in=held.values("user_id"), is_active=True).order_by("name", "pk")


def list_rounds(scope: Scope) -> QuerySet[CodingRound]:
    """Rounds, the latest first, with excerpt_count."""
    if not scope.may(Permission.CODE_INTERVIEWS):
        return CodingRound.objects.none()
    return (
        CodingRound.objects.select_related("codebook", "first", "second")
        .annotate(excerpt_count=Count("excerpts"))
        .order_by("-made_at", "-id")
    )


def get_round(scope: Scope, round_id: int) -> CodingRound:
    return list_rounds(scope).get(pk=round_id)


def list_round_excerpts(coding_round: CodingRound) -> list[Excerpt]:
    return list(coding_round.excerpts.select_related("source").order_by("source__code", "number"))


def _codes_of(rows: Iterable[ExcerptCoding | Reconciliation]) -> dict[int, frozenset[int]]:
    return {row.excerpt_id: frozenset(code.pk for code in row.codes.all()) for row in rows}


def read_own_codes(scope: Scope, coding_round: CodingRound) -> Codes:
    """What the reader has coded in a round, and nothing of anybody else."""
    own = ExcerptCoding.objects.filter(round=coding_round, coder_id=scope.user_id)
    return _codes_of(own.prefetch_related("codes"))


def read_both_codes(scope: Scope, coding_round: CodingRound) -> tuple[Codes, Codes] | None:
    """The codes of both; None until both have finished, for whoever asks."""
    check_permission(scope, Permission.CODE_INTERVIEWS)
    if not coding_round.both_done:
        return None
    codings = ExcerptCoding.objects.filter(round=coding_round).prefetch_related("codes")
    rows = list(codings)
    first = [row for row in rows if row.coder_id == coding_round.first_id]
    second = [row for row in rows if row.coder_id == coding_round.second_id]
    return _codes_of(first), _codes_of(second)


def read_settled(coding_round: CodingRound) -> dict[int, Reconciliation]:
    rows = Reconciliation.objects.filter(round=coding_round).prefetch_related("codes")
    return {row.excerpt_id: row for row in rows.select_related("by")}


def entries_for_agreement(entries: Iterable[CodebookEntry]) -> list[Entry]:
    return [Entry(e.pk, CodeLevel(e.level), e.parent_id) for e in entries]


@dataclass(frozen=True)
class Difference:
    """An excerpt to which the two gave different codes. settled: what they agreed on, None while open."""

    excerpt: Excerpt
    both: tuple[CodebookEntry, ...]
    first_only: tuple[CodebookEntry, ...]
    second_only: tuple[CodebookEntry, ...]
    settled: Reconciliation | None


@dataclass(frozen=True)
class RoundResult:
    """A round that both have finished."""

    entries: list[CodebookEntry]
    agreement: RoundAgreement
    differences: list[Difference]
    settled: dict[int, frozenset[int] | None]

    @property
    def open_count(self) -> int:
        return sum(codes is None for codes in self.settled.values())


def read_round(scope: Scope, coding_round: CodingRound) -> RoundResult | None:
    """Agreement and differences of a round; None until both have finished."""
    both = read_both_codes(scope, coding_round)
    if both is None:
        return None
    first, second = both
    entries = list_entries(coding_round.codebook)
    excerpts = list_round_excerpts(coding_round)
    ids = [excerpt.pk for excerpt in excerpts]
    reconciled = read_settled(coding_round)
    differences = []
    for excerpt in excerpts:
        a, b = first.get(excerpt.pk, frozenset()), second.get(excerpt.pk, frozenset())
        if a != b:
            differences.append(
                Difference(
                    excerpt,
                    tuple(e for e in entries if e.pk in a & b),
                    tuple(e for e in entries if e.pk in a - b),
                    tuple(e for e in entries if e.pk in b - a),
                    reconciled.get(excerpt.pk),
                )
            )
    return RoundResult(
        entries,
        round_agreement(ids, entries_for_agreement(entries), first, second),
        differences,
        settled_codes(ids, first, second, _codes_of(reconciled.values())),
    )


@dataclass(frozen=True)
class CodeCount:
    """How often an entry was given, with what lies below it: excerpts, sources, and excerpts by stakeholder."""

    entry: CodebookEntry
    excerpts: int
    sources: int
    by_stakeholder: tuple[int, ...]


@dataclass(frozen=True)
class CodeCounts:
    """Counts over excerpts whose codes are settled. left_out: excerpts that are still open."""

    stakeholders: tuple[str, ...]
    rows: tuple[CodeCount, ...]
    excerpt_count: int
    source_count: int
    left_out: int


def count_codes(coding_round: CodingRound, result: RoundResult) -> CodeCounts:
    excerpts = {e.pk: e for e in list_round_excerpts(coding_round)}
    about = entries_for_agreement(result.entries)
    counted = {
        pk: rolled_up(codes, about) for pk, codes in result.settled.items() if codes is not None
    }
    stakeholders = tuple(sorted({excerpts[pk].source.stakeholder for pk in counted}))
    rows = []
    for entry in result.entries:
        with_it = [excerpts[pk] for pk, codes in counted.items() if entry.pk in codes]
        rows.append(
            CodeCount(
                entry,
                len(with_it),
                len({excerpt.source_id for excerpt in with_it}),
                tuple(
                    sum(excerpt.source.stakeholder == kind for excerpt in with_it)
                    for kind in stakeholders
                ),
            )
        )
    return CodeCounts(
        stakeholders,
        tuple(rows),
        len(counted),
        len({excerpts[pk].source_id for pk in counted}),
        len(excerpts) - len(counted),
    )


def list_rounds_to_do(scope: Scope) -> list[tuple[CodingRound, int]]:
    """Rounds in which the reader has not finished, with how many excerpts are left; then those with something
    to settle, with 0."""
    found = []
    for coding_round in list_rounds(scope):
        is_first = coding_round.first_id == scope.user_id
        if not is_first and coding_round.second_id != scope.user_id:
            continue
        done = coding_round.first_done_at if is_first else coding_round.second_done_at
        if done is None:
            left = coding_round.excerpts.count() - len(read_own_codes(scope, coding_round))
            found.append((coding_round, left))
        elif coding_round.both_done:
            result = read_round(scope, coding_round)
            if result is not None and result.open_count:
                found.append((coding_round, 0))
    return found
