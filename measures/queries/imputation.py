"""Rates by race where nobody asked, as ranges; how well the imputation does; how a file was matched.

A reader outside the group gets whole percentages, and nothing about a group of people of whom 1 to 10 are
known directly: the estimate rests on them too. Where the direct numbers of a group of people are hidden, its
estimate is shown only if imputed people blur them by more than a small count.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from math import isfinite
from pathlib import Path

import numpy as np
from django.conf import settings
from django.db.models import Count, Exists, OuterRef, QuerySet

from measures.models import (
    Imputation,
    ImputationValidity,
    ImputedSlice,
    MeasureDefinition,
    Period,
    RaceTable,
    Slice,
    Source,
    Submission,
)
from measures.models.imputation import PACKAGED
from measures.queries.arrays import Sent, read_numbers
from measures.queries.imputed_protection import CardLine, is_blurred, read_card_lines
from measures.queries.results import PRIVACY_THRESHOLD
from measures.stats.bisg import Basis, NameMatch, PlaceMatch
from measures.stats.contributions import tells_a_part
from measures.stats.imputed import (
    RATED,
    GapRange,
    RateRange,
    Sums,
    Validity,
    ValidityBins,
    rates_and_gaps,
    validity,
)
from measures.stats.rounding import published_members
from teams.enums import Audience
from teams.models import Team
from teams.scoping import NOBODY, Scope

REFERENCE = "white"
_WOULD_GIVE_AWAY = "Hidden: it would give away a number that is hidden elsewhere."
_TOO_FEW_GROUPS = "Hidden: it would tell a group the number of another one."
GROUP_LABELS = {
    "white": "White, not Hispanic",
    "black": "Black, not Hispanic",
    "hispanic": "Hispanic of any race",
    "api": "Asian or Pacific Islander, not Hispanic",
}


@dataclass(frozen=True)
class ImputedRate:
    """A group's rate. `range` is None where it may not be shown; `why_not` then says why, as a sentence.

    most_likely: by expectation maximisation; by_most_probable: everybody counted in one group. Both are
    for comparison only, and None for readers outside the group, who get whole percentages.
    """

    group: str
    label: str
    range: RateRange | None
    why_not: str = ""
    most_likely: float | None = None
    by_most_probable: float | None = None


@dataclass(frozen=True)
class ImputedGap:
    """A group's gap to the reference, only where both rates are shown."""

    group: str
    label: str
    range: GapRange


@dataclass(frozen=True)
class ImputedResult:
    """One measure of one team (None: all groups together) and period with race imputed where nobody asked.

    Shares of the rows in the denominator, 0–1, that are known directly, imputed, without an estimate, or
    of people who were asked and gave no answer (the last two count nowhere). tables: versions of the
    published tables; empty where the sender's own probabilities were used.
    """

    definition: MeasureDefinition
    team: Team | None
    period: Period
    source: Source
    row_count: int
    direct_share: float
    imputed_share: float
    no_estimate_share: float
    declined_share: float
    rates: tuple[ImputedRate, ...]
    gaps: tuple[ImputedGap, ...]
    tables: tuple[str, ...]
    computed_at: datetime
    method_version: str
    audience: Audience

    @property
    def basis(self) -> str:
        """direct, imputed or mixed."""
        if not self.imputed_share:
            return "direct"
        return "mixed" if self.direct_share else "imputed"


def list_imputed(
    scope: Scope,
    *,
    team: Team,
    source: Source,
    period: Period,
    measure_ids: Sequence[int] | None = None,
) -> list[ImputedResult]:
    """Measures of a team in page order; empty where nothing was imputed, or for a team out of scope."""
    if team.pk not in scope.team_ids:
        return []
    found = list(list_current_sums(source, period, measure_ids).filter(team=team))
    audience = scope.audience(team.pk)
    lines = read_card_lines(source, period, team) if audience == Audience.OTHERS else {}
    definitions = _definitions(found, period)
    return [
        _result(
            [row],
            definitions[row.measure_id],
            team,
            period,
            source,
            audience,
            lines.get(row.measure_id),
        )
        for row in found
        if row.measure_id in definitions and row.direct_count + row.imputed_count
    ]


def list_programme_imputed(
    *, source: Source, period: Period, measure_ids: Sequence[int] | None = None
) -> list[ImputedResult]:
    """Measures over all groups together in page order, as readers outside the groups may see them.

    The sums of the groups are added up, so nothing is averaged. Where a group could take its own people
    away, what is left is judged too; a measure that too few groups have is left out.
    """
    by_measure: dict[int, list[ImputedSlice]] = {}
    for row in list_current_sums(source, period, measure_ids):
        if row.direct_count + row.imputed_count:
            by_measure.setdefault(row.measure_id, []).append(row)
    lines = read_card_lines(source, period, None)
    definitions = _definitions([rows[0] for rows in by_measure.values()], period)
    return [
        _result(
            rows,
            definitions[measure_id],
            None,
            period,
            source,
            Audience.OTHERS,
            lines.get(measure_id),
        )
        for measure_id, rows in by_measure.items()
        if measure_id in definitions
        and not tells_a_part([row.direct_count + row.imputed_count for row in rows])
    ]


def list_published_imputed(
    source: Source, period: Period
) -> Iterator[tuple[int | None, ImputedResult]]:
    """Everything imputed of a period that readers outside the groups can see: (team id or None for all, result)."""
    for result in list_programme_imputed(source=source, period=period):
        yield None, result
    for team in Team.objects.filter(slices__source=source, slices__period=period).distinct():
        outside = replace(NOBODY, team_ids=(team.pk,))
        for result in list_imputed(outside, team=team, source=source, period=period):
            yield team.pk, result


def list_current_sums(
    source: Source, period: Period, measure_ids: Sequence[int] | None = None
) -> QuerySet[ImputedSlice]:
    """Sums behind the imputed rates of a period: raw, for the queries of this app alone."""
    current = Slice.objects.filter(
        is_current=True,
        submission=OuterRef("submission"),
        team=OuterRef("team"),
        measure=OuterRef("measure"),
        period=OuterRef("period"),
    )
    rows = (
        ImputedSlice.objects.filter(Exists(current), period=period, submission__source=source)
        .defer("sums")
        .annotate(sums_sent=Sent("sums"))
        .prefetch_related("submission__imputation")
        .order_by("measure__position", "team_id")
    )
    return rows if measure_ids is None else rows.filter(measure_id__in=measure_ids)


def sums_of(row: ImputedSlice) -> Sums:
    """The sums of a row of `list_current_sums`."""
    return Sums.unpacked(read_numbers(row.sums_sent))


def _definitions(rows: Sequence[ImputedSlice], period: Period) -> dict[int, MeasureDefinition]:
    return {
        d.measure_id: d
        for d in MeasureDefinition.objects.filter(
            measure_id__in=[r.measure_id for r in rows], year=period.year
        ).select_related("measure")
    }


def _result(
    rows: Sequence[ImputedSlice],
    definition: MeasureDefinition,
    team: Team | None,
    period: Period,
    source: Source,
    audience: Audience,
    line: CardLine | None,
) -> ImputedResult:
    each = [sums_of(row) for row in rows]
    sums = sum(each[1:], each[0])
    parts = [
        sum(row.direct_count for row in rows),
        sum(row.imputed_count for row in rows),
        sum(row.no_estimate_count for row in rows),
        sum(row.declined_count for row in rows),
    ]
    outside = audience == Audience.OTHERS
    if outside:
        parts = [published_members(part) for part in parts]
    total = sum(parts)
    shares = [part / total for part in parts]
    ranges, gap_of = rates_and_gaps(sums, REFERENCE)
    hidden = frozenset() if line is None else line.hidden_groups
    rates = tuple(
        _rate(rows, each, one, n, outside, is_hidden=one.group in hidden)
        for n, one in enumerate(ranges)
    )
    seen = [rate.range for rate in rates if rate.range is not None]
    if outside and line is not None and line.gives_away(seen, imputed_about=parts[1]):
        rates = tuple(
            rate
            if rate.range is None
            else ImputedRate(rate.group, rate.label, None, _WOULD_GIVE_AWAY)
            for rate in rates
        )
    shown = {rate.group for rate in rates if rate.range is not None}
    gaps = tuple(
        ImputedGap(group, GROUP_LABELS[group], _coarse_gap(gap) if outside else gap)
        for group, gap in gap_of.items()
        if {group, REFERENCE} <= shown
    )
    imputations: list[Imputation] = [row.submission.imputation for row in rows]
    return ImputedResult(
        definition=definition,
        team=team,
        period=period,
        source=source,
        row_count=total,
        direct_share=shares[0],
        imputed_share=shares[1],
        no_estimate_share=shares[2],
        declined_share=shares[3],
        rates=rates,
        gaps=gaps,
        tables=tuple(dict.fromkeys(t for i in imputations for t in i.tables)),
        computed_at=max(
            row.submission.published_at or row.submission.state_changed_at for row in rows
        ),
        method_version=max(i.method_version for i in imputations),
        audience=audience,
    )


def _direct(rows: Sequence[ImputedSlice], at: int) -> int:
    return sum(row.direct[at] for row in rows)


def _rate(
    rows: Sequence[ImputedSlice],
    each: Sequence[Sums],
    one: RateRange,
    number: int,
    outside: bool,
    *,
    is_hidden: bool,
) -> ImputedRate:
    label = GROUP_LABELS[one.group]
    if not isfinite(one.low):
        return ImputedRate(one.group, label, None, "Nobody is likely to be in this group.")
    if not one.is_shown:
        return ImputedRate(
            one.group,
            label,
            None,
            "Too few people are likely to be in this group, or name and place say too little about them.",
        )
    known, met = _direct(rows, number), _direct(rows, len(RATED) + number)
    small = any(0 < n < PRIVACY_THRESHOLD for n in (known, met, known - met))
    if outside and small:
        return ImputedRate(
            one.group, label, None, "Hidden: it rests on the answers of fewer than 11 people."
        )
    if outside and len(each) > 1 and tells_a_part([round(s.expected[number]) for s in each]):
        return ImputedRate(one.group, label, None, _TOO_FEW_GROUPS)
    if outside and is_hidden and not is_blurred([row.direct for row in rows], each, number):
        return ImputedRate(one.group, label, None, _WOULD_GIVE_AWAY)
    if outside:
        return ImputedRate(one.group, label, _coarse_rate(one))
    (row,) = rows
    people, reached = row.hard[number], row.hard[len(RATED) + number]
    most_likely = row.most_likely[number]
    return ImputedRate(
        one.group,
        label,
        one,
        most_likely=most_likely if isfinite(most_likely) else None,
        by_most_probable=reached / people if people else None,
    )


def _coarse_rate(one: RateRange) -> RateRange:
    """Whole percentages and tens of people: no count can be worked out of them."""
    return RateRange(
        group=one.group,
        weighted=round(one.weighted, 2),
        linear=round(one.linear, 2),
        low=round(one.low, 2),
        high=round(one.high, 2),
        lower=round(one.lower, 2),
        upper=round(one.upper, 2),
        expected=float(round(one.expected / 10) * 10),
        n_effective=float(round(one.n_effective / 10) * 10),
        is_shown=True,
    )


def _coarse_gap(one: GapRange) -> GapRange:
    return GapRange(
        group=one.group,
        reference=one.reference,
        weighted=round(one.weighted, 2),
        linear=round(one.linear, 2),
        low=round(one.low, 2),
        high=round(one.high, 2),
        lower=round(one.lower, 2),
        upper=round(one.upper, 2),
        is_shown=one.is_shown,
    )


@dataclass(frozen=True)
class ValidityRow:
    """How the imputation does for one group of people: as it is, and like those who did not answer."""

    group: str
    label: str
    plain: Validity
    like_silent: Validity


def list_validity(scope: Scope, *, team: Team, source: Source, period: Period) -> list[ValidityRow]:
    """Probabilities against what members said; OWN readers only, because it counts answers.

    From the submission that holds most of the current slices, so that a member counts once. Empty where
    nobody answered or nothing was imputed.
    """
    if team.pk not in scope.team_ids or scope.audience(team.pk) != Audience.OWN:
        return []
    held = (
        Slice.objects.filter(is_current=True, source=source, team=team, period=period)
        .order_by()
        .values_list("submission_id")
        .annotate(slices=Count("pk"))
    )
    holders = sorted(((count, pk) for pk, count in held), reverse=True)
    if not holders:
        return []
    row = ImputationValidity.objects.filter(
        submission_id=holders[0][1], team=team, period=period
    ).first()
    if row is None:
        return []
    bins = ValidityBins.unpacked(np.array(row.bins))
    pairs = zip(validity(bins), validity(bins, like_silent=True), strict=True)
    return [
        ValidityRow(plain.group, GROUP_LABELS[plain.group], plain, like)
        for plain, like in pairs
        if isfinite(plain.said_share)
    ]


def has_missing_race_tables() -> bool:
    """Whether no table was ever loaded, or the file of a packaged one is gone from the state folder."""
    rows = list(RaceTable.objects.all())
    return not rows or any(
        row.layout == PACKAGED and not (Path(settings.STATE_DIR) / row.stored_as).exists()
        for row in rows
    )


@dataclass(frozen=True)
class MatchRow:
    """One line of the match report. part: "Surname" …; reason in words; share of all members, 0–1."""

    part: str
    reason: str
    members: int
    share: float


_PARTS = {
    "surname": "Surname",
    "first_name": "First name",
    "place": "Place",
    "basis": "Estimate",
    "sender": "Sender",
}
_REASONS = {
    **{("surname", m.name.lower()): m.label for m in NameMatch},
    **{("first_name", m.name.lower()): m.label for m in NameMatch},
    **{("place", m.name.lower()): m.label for m in PlaceMatch},
    ("place", "missing"): "no place given, or none that can be read",
    ("place", "block_group"): "found by block group",
    ("place", "tract"): "found by tract",
    ("place", "zip"): "found by ZIP code",
    **{("basis", b.name.lower()): b.label for b in Basis},
    ("sender", "own_probabilities"): "the sender’s own probabilities, used as they are",
}


@dataclass(frozen=True)
class MatchReport:
    """How names and places of a file were matched. Counts of members, never a name."""

    tables: tuple[str, ...]
    rows: tuple[MatchRow, ...]


def get_match_report(submission: Submission) -> MatchReport | None:
    """Of a submission that the reader may see; None where nothing was imputed. Reasons without members are left out."""
    imputation = Imputation.objects.filter(submission=submission).first()
    if imputation is None:
        return None
    rows = []
    for part, label in _PARTS.items():
        counts: dict[str, int] = imputation.report.get(part, {})
        total = sum(counts.values())
        rows += [
            MatchRow(label, _REASONS[part, reason], members, members / total)
            for reason, members in counts.items()
            if members
        ]
    return MatchReport(tuple(imputation.tables), tuple(rows))
