"""Rates by race where nobody asked, as ranges; how well the imputation does; how a file was matched.

A reader outside the group gets whole percentages, and nothing about a group of people of whom 1 to 10 are
known directly: the estimate rests on them too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from math import isfinite
from pathlib import Path

import numpy as np
from django.conf import settings
from django.db.models import Count, Exists, OuterRef

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
from measures.queries.results import PRIVACY_THRESHOLD
from measures.stats.bisg import Basis, NameMatch, PlaceMatch
from measures.stats.imputed import (
    RATED,
    REPORTED,
    GapRange,
    RateRange,
    Sums,
    Validity,
    ValidityBins,
    gap_range,
    rate_ranges,
    validity,
)
from teams.enums import Audience
from teams.models import Team
from teams.scoping import Scope

REFERENCE = "white"
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
    """One measure of one team and period with race imputed where nobody asked.

    Shares of the rows in the denominator, 0–1, that are known directly, imputed, without an estimate, or
    of people who were asked and gave no answer (the last two count nowhere). tables: versions of the
    published tables; empty where the sender's own probabilities were used.
    """

    definition: MeasureDefinition
    team: Team
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
    current = Slice.objects.filter(
        is_current=True,
        submission=OuterRef("submission"),
        team=OuterRef("team"),
        measure=OuterRef("measure"),
        period=OuterRef("period"),
    )
    rows = (
        ImputedSlice.objects.filter(
            Exists(current), team=team, period=period, submission__source=source
        )
        .select_related("submission__imputation", "measure")
        .order_by("measure__position")
    )
    if measure_ids is not None:
        rows = rows.filter(measure_id__in=measure_ids)
    found = list(rows)
    definitions = {
        d.measure_id: d
        for d in MeasureDefinition.objects.filter(
            measure_id__in=[r.measure_id for r in found], year=period.year
        ).select_related("measure")
    }
    audience = scope.audience(team.pk)
    return [
        _result(row, definitions[row.measure_id], team, period, source, audience)
        for row in found
        if row.measure_id in definitions and row.direct_count + row.imputed_count
    ]


def _result(
    row: ImputedSlice,
    definition: MeasureDefinition,
    team: Team,
    period: Period,
    source: Source,
    audience: Audience,
) -> ImputedResult:
    sums = Sums.unpacked(np.array(row.sums))
    parts = (row.direct_count, row.imputed_count, row.no_estimate_count, row.declined_count)
    total = sum(parts)
    outside = audience == Audience.OTHERS
    shares = [part / total for part in parts]
    if outside:
        # Of fewer people a percentage would give the count away.
        step = 100 if total >= 1000 else 10
        shares = [round(share * step) / step for share in shares]
    ranges = rate_ranges(sums)
    rates = tuple(_rate(row, one, n, outside) for n, one in enumerate(ranges))
    shown = {rate.group for rate in rates if rate.range is not None}
    gaps = tuple(
        ImputedGap(group, GROUP_LABELS[group], _coarse_gap(gap) if outside else gap)
        for group in REPORTED
        if group != REFERENCE and {group, REFERENCE} <= shown
        for gap in (gap_range(sums, group, REFERENCE),)
    )
    imputation: Imputation = row.submission.imputation  # type: ignore[attr-defined]
    return ImputedResult(
        definition=definition,
        team=team,
        period=period,
        source=source,
        row_count=round(total / 10) * 10 if outside else total,
        direct_share=shares[0],
        imputed_share=shares[1],
        no_estimate_share=shares[2],
        declined_share=shares[3],
        rates=rates,
        gaps=gaps,
        tables=tuple(imputation.tables),
        computed_at=row.submission.published_at or row.submission.state_changed_at,
        method_version=imputation.method_version,
        audience=audience,
    )


def _rate(row: ImputedSlice, one: RateRange, number: int, outside: bool) -> ImputedRate:
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
    known, met = row.direct[number], row.direct[len(RATED) + number]
    small = any(0 < n < PRIVACY_THRESHOLD for n in (known, met, known - met))
    if outside and small:
        return ImputedRate(
            one.group, label, None, "Hidden: it rests on the answers of fewer than 11 people."
        )
    if outside:
        return ImputedRate(one.group, label, _coarse_rate(one))
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
