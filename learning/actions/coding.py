"""Writes about interviews: excerpts, the codebook, and who codes what."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction
from django.db.models import Max
from django.utils.text import slugify

from learning.enums import CodeLevel, SourceForm
from learning.models import (
    Codebook,
    CodebookEntry,
    CodingRound,
    Excerpt,
    ExcerptCoding,
    InterviewSource,
    Reconciliation,
)
from learning.policies import check_both_done, check_codebook_open, check_coder_working
from learning.queries.coding import list_coders
from learning.queries.identities import get_name_finder
from teams.actions.audit import record_event
from teams.errors import StateRefused
from teams.models import User
from teams.scoping import Scope


@dataclass(frozen=True)
class Passage:
    """One excerpt on its way in. month: first day, or None."""

    source: str
    stakeholder: str
    form: SourceForm
    month: date | None
    text: str


@transaction.atomic
def add_excerpts(*, passages: Sequence[Passage], mask: bool, by: User) -> int:
    """Take passages in, behind those that their source has already. Returns how many.

    mask: replace names that the programme knows and details of persons; otherwise such a text is refused, and
    nothing is taken in. Effects: sources and excerpts, an audit event without words.
    Raises StateRefused for names in a text or a pseudonym, and for a source whose facts differ from before.
    """
    finder = get_name_finder()
    named = [
        (place, said) for place, passage in enumerate(passages, start=1)
        if (said := finder.said(passage.text))
    ]  # fmt: skip
    if named and not mask:
        lines = "; ".join(
            f"passage {place}: " + ", ".join(f"“{name}”" for name in said)
            for place, said in named[:5]
        )
        more = f" and {len(named) - 5} more" if len(named) > 5 else ""
        raise StateRefused(
            f"Names or details of persons in {lines}{more}. Take them out, or mask them."
        )
    if any(finder.said(f"{p.source} {p.stakeholder}") for p in passages):
        raise StateRefused("A pseudonym or a kind of stakeholder names somebody. Choose another.")
    for passage in passages:
        source = _source_of(passage)
        last = source.excerpts.aggregate(last=Max("number"))["last"] or 0
        text = finder.mask(passage.text) if mask else passage.text
        Excerpt.objects.create(source=source, number=last + 1, text=text.strip(), added_by=by)
    record_event(
        act="add_excerpts",
        target="evaluation:excerpts",
        by=by,
        details={"count": len(passages), "sources": sorted({p.source for p in passages})},
    )
    return len(passages)


def _source_of(passage: Passage) -> InterviewSource:
    facts = {"stakeholder": passage.stakeholder, "form": passage.form, "month": passage.month}
    source, made = InterviewSource.objects.select_for_update().get_or_create(
        code=passage.source, defaults=facts
    )
    if not made and source.stakeholder != passage.stakeholder:
        raise StateRefused(
            f"{source.code} is there already, as “{source.stakeholder}”. Use the same words, or another pseudonym."
        )
    return source


# --- the codebook ----------------------------------------------------------------------------------------------


@transaction.atomic
def begin_codebook(*, note: str, by: User) -> Codebook:
    """A new version as a draft, with everything that the last one holds.

    Effects: the version, an audit event. Raises StateRefused while there is a draft.
    """
    last = Codebook.objects.select_for_update().order_by("-version").first()
    if last is not None and last.fixed_at is None:
        raise StateRefused(f"Version {last.version} is a draft. Change that one.")
    codebook = Codebook.objects.create(
        version=last.version + 1 if last else 1, note=note, made_by=by
    )
    copies: dict[int, CodebookEntry] = {}
    levels = list(CodeLevel)
    before = list(last.entries.all()) if last else []
    for entry in sorted(before, key=lambda e: (levels.index(CodeLevel(e.level)), e.position, e.pk)):
        copies[entry.pk] = CodebookEntry.objects.create(
            codebook=codebook,
            key=entry.key,
            level=entry.level,
            parent=copies[entry.parent_id] if entry.parent_id else None,
            position=entry.position,
            name=entry.name,
            definition=entry.definition,
            when_to_use=entry.when_to_use,
            when_not=entry.when_not,
        )
    record_event(
        act="begin_codebook", target=codebook, by=by, details={"version": codebook.version}
    )
    return codebook


@transaction.atomic
def save_entry(
    *,
    codebook: Codebook,
    name: str,
    definition: str,
    when_to_use: str,
    when_not: str,
    by: User,
    parent: CodebookEntry | None = None,
    entry: CodebookEntry | None = None,
) -> CodebookEntry:
    """Add a theme (no parent), a code (under a theme) or a sub-code (under a code), or change one's words.

    Effects: the entry, an audit event. Raises StateRefused in a version that is fixed, below a sub-code, and for a
    name that the version has already at this place.
    """
    codebook = Codebook.objects.select_for_update().get(pk=codebook.pk)
    check_codebook_open(codebook)
    if entry is None:
        level = _level_below(parent)
        last = codebook.entries.aggregate(last=Max("position"))["last"] or 0
        entry = CodebookEntry(
            codebook=codebook,
            key=_free_key(codebook, name),
            level=level,
            parent=parent,
            position=last + 1,
        )
    same = codebook.entries.filter(parent=entry.parent, name__iexact=name).exclude(pk=entry.pk)
    if same.exists():
        raise StateRefused(f"“{name}” is there already.")
    entry.name, entry.definition = name, definition
    entry.when_to_use, entry.when_not = when_to_use, when_not
    entry.save()
    record_event(
        act="save_codebook_entry",
        target=entry,
        by=by,
        details={"version": codebook.version, "key": entry.key},
    )
    return entry


def _level_below(parent: CodebookEntry | None) -> CodeLevel:
    if parent is None:
        return CodeLevel.THEME
    if parent.level == CodeLevel.SUBCODE:
        raise StateRefused("Nothing goes under a sub-code.")
    return CodeLevel.CODE if parent.level == CodeLevel.THEME else CodeLevel.SUBCODE


def _free_key(codebook: Codebook, name: str) -> str:
    base = slugify(name)[:34].strip("-") or "code"
    taken = set(codebook.entries.values_list("key", flat=True))
    return next(
        key
        for number in range(1, 1000)
        if (key := base if number == 1 else f"{base}-{number}") not in taken
    )


@transaction.atomic
def remove_entry(*, entry: CodebookEntry, by: User) -> None:
    """Take an entry out of a draft, with what lies below it. Effects: an audit event."""
    check_codebook_open(Codebook.objects.select_for_update().get(pk=entry.codebook_id))
    record_event(
        act="remove_codebook_entry",
        target=entry,
        by=by,
        details={"key": entry.key, "name": entry.name},
    )
    entry.delete()


@transaction.atomic
def fix_codebook(*, codebook: Codebook, by: User, as_of: datetime) -> Codebook:
    """Close a version for good, so that it can be coded with. Effects: when, an audit event.

    Raises StateRefused for one without a code.
    """
    codebook = Codebook.objects.select_for_update().get(pk=codebook.pk)
    check_codebook_open(codebook)
    if not codebook.entries.filter(level=CodeLevel.CODE).exists():
        raise StateRefused("A codebook needs at least one code under a theme.")
    codebook.fixed_at = as_of
    codebook.save(update_fields=["fixed_at"])
    record_event(act="fix_codebook", target=codebook, by=by, details={"version": codebook.version})
    return codebook


# --- coding ----------------------------------------------------------------------------------------------------


@transaction.atomic
def begin_round(
    *,
    name: str,
    codebook: Codebook,
    first: User,
    second: User,
    excerpts: Collection[Excerpt],
    scope: Scope,
    by: User,
) -> CodingRound:
    """Give the same excerpts to two coders. Effects: the round, an audit event.

    Raises StateRefused for a draft of the codebook, one person twice, somebody who is no coder, or no excerpts.
    """
    if codebook.fixed_at is None:
        raise StateRefused(
            "Fix this version of the codebook first: codes are not to move while two people code."
        )
    if first == second:
        raise StateRefused("Two coders are two people.")
    coders = set(list_coders(today_scope=scope))
    if not {first, second} <= coders:
        raise StateRefused("Both coders need to be evaluators.")
    if not excerpts:
        raise StateRefused("There is no excerpt to code yet.")
    made = CodingRound.objects.create(name=name, codebook=codebook, first=first, second=second)
    made.excerpts.set(excerpts)
    record_event(
        act="begin_coding_round",
        target=made,
        by=by,
        details={"name": name, "version": codebook.version, "excerpts": len(excerpts)},
    )
    return made


@transaction.atomic
def code_excerpt(
    *, coding_round: CodingRound, excerpt: Excerpt, codes: Collection[CodebookEntry], by: User
) -> ExcerptCoding:
    """Keep one coder's codes of one excerpt; the later replace the earlier. None: read, and nothing applies.

    Effects: the codes, an audit event that does not say which. Raises StateRefused for others than the two
    coders, after finishing, and for an excerpt or a code of another round.
    """
    coding_round = CodingRound.objects.select_for_update().get(pk=coding_round.pk)
    check_coder_working(coding_round, by)
    _check_fits(coding_round, excerpt, codes)
    coding, _ = ExcerptCoding.objects.get_or_create(round=coding_round, excerpt=excerpt, coder=by)
    coding.codes.set(codes)
    record_event(act="code_excerpt", target=excerpt, by=by, details={"round": coding_round.pk})
    return coding


def _check_fits(
    coding_round: CodingRound, excerpt: Excerpt, codes: Collection[CodebookEntry]
) -> None:
    if not coding_round.excerpts.filter(pk=excerpt.pk).exists():
        raise StateRefused("This excerpt is not part of the round.")
    if any(c.codebook_id != coding_round.codebook_id or c.level == CodeLevel.THEME for c in codes):
        raise StateRefused("Choose codes of this round’s codebook; themes follow from them.")


@transaction.atomic
def finish_coding(*, coding_round: CodingRound, by: User, as_of: datetime) -> CodingRound:
    """One coder has read everything. When both have, they see each other's codes.

    Effects: when, an audit event. Raises StateRefused while an excerpt is not coded.
    """
    coding_round = CodingRound.objects.select_for_update().get(pk=coding_round.pk)
    check_coder_working(coding_round, by)
    coded = coding_round.codings.filter(coder=by).count()
    left = coding_round.excerpts.count() - coded
    if left:
        raise StateRefused(f"{left} excerpt{'s' if left > 1 else ''} still to read.")
    if by.pk == coding_round.first_id:
        coding_round.first_done_at = as_of
    else:
        coding_round.second_done_at = as_of
    coding_round.save(update_fields=["first_done_at", "second_done_at"])
    record_event(act="finish_coding", target=coding_round, by=by)
    return coding_round


@transaction.atomic
def settle_excerpt(
    *,
    coding_round: CodingRound,
    excerpt: Excerpt,
    codes: Collection[CodebookEntry],
    reason: str,
    by: User,
    as_of: datetime,
) -> Reconciliation:
    """The codes that count where the two differed; can be settled anew. Effects: the row, an audit event.

    What each had given stays as it was, and the agreement with it. Raises StateRefused until both have finished.
    """
    coding_round = CodingRound.objects.select_for_update().get(pk=coding_round.pk)
    check_both_done(coding_round)
    _check_fits(coding_round, excerpt, codes)
    settled, _ = Reconciliation.objects.update_or_create(
        round=coding_round,
        excerpt=excerpt,
        defaults={"reason": reason, "by": by, "at": as_of},
    )
    settled.codes.set(codes)
    record_event(act="settle_excerpt", target=excerpt, by=by, details={"round": coding_round.pk})
    return settled
