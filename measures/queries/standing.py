"""Where teams and submissions stand: the few facts that a home page needs about many of them."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Max, QuerySet

from measures.enums import SubmissionState
from measures.models import MeasureDefinition, Period, Source, StratumResult, StratumSet, Submission
from measures.stats.gaps import shortfall
from measures.stats.states import GapState
from teams.enums import Audience
from teams.models import Team
from teams.permissions import Permission
from teams.scoping import Scope

#: Resting states in which somebody has to decide or repair something.
WAITING_STATES = (SubmissionState.NEEDS_MAPPING, SubmissionState.NEEDS_CONFIRMATION)
_SEEN_BY_OWN = (GapState.SHOWN, GapState.SMALL_DENOMINATOR)


@dataclass(frozen=True)
class GapCount:
    """Of a team's measures with any comparison that the reader may see: in how many somebody is behind.

    A measure counts as behind where a gap's interval lies wholly on the unfavourable side of 0.
    """

    compared: int
    behind: int


def list_gap_counts(
    scope: Scope, *, source: Source, period: Period, stratum_set: StratumSet
) -> dict[int, GapCount]:
    """Team id → gap count, for the teams in scope, each with the eyes of the reader: two queries."""
    higher_is_better = {
        d.measure_id: d.higher_is_better
        for d in MeasureDefinition.objects.filter(
            year=period.year, measure__completeness_of=""
        ).only("measure_id", "direction")
    }
    rows = StratumResult.objects.filter(
        source=source,
        period=period,
        team_id__in=scope.team_ids,
        stratum__stratum_set=stratum_set,
        gap__isnull=False,
    ).values_list("team_id", "measure_id", "gap_state", "own_gap_state", "gap_lower", "gap_upper")
    seen = [
        (team_id, measure_id, upper if higher_is_better[measure_id] else lower)
        for team_id, measure_id, state, own_state, lower, upper in rows
        if measure_id in higher_is_better
        and (
            own_state in _SEEN_BY_OWN
            if scope.audience(team_id) == Audience.OWN
            else state == GapState.SHOWN
        )
    ]
    limits = [limit for _, _, limit in seen]
    directions = [higher_is_better[measure_id] for _, measure_id, _ in seen]
    compared: dict[int, set[int]] = {}
    behind: dict[int, set[int]] = {}
    for (team_id, measure_id, _), worst in zip(seen, shortfall(limits, directions), strict=True):
        compared.setdefault(team_id, set()).add(measure_id)
        if worst < 0:
            behind.setdefault(team_id, set()).add(measure_id)
    return {
        team_id: GapCount(len(measures), len(behind.get(team_id, ())))
        for team_id, measures in compared.items()
    }


def list_waiting_submissions(scope: Scope) -> QuerySet[Submission]:
    """Submissions of the reader's own organisations that wait for a decision, oldest first."""
    return own_submissions(scope).filter(state__in=WAITING_STATES).order_by("received_at")


def list_latest_submissions(scope: Scope) -> QuerySet[Submission]:
    """The latest submission of each source of the reader's own organisations."""
    own = own_submissions(scope)
    latest = own.order_by().values("source_id").annotate(Max("id")).values("id__max")
    return own.filter(id__in=latest)


def own_submissions(scope: Scope) -> QuerySet[Submission]:
    """Submissions of the reader's own organisations, in no order."""
    if not scope.may(Permission.VIEW_SUBMISSIONS):
        return Submission.objects.none()
    return Submission.objects.filter(
        source__organisation_id__in=scope.organisation_ids
    ).select_related("source", "source__team")


def list_teams_without_results(scope: Scope, *, source: Source, period: Period) -> QuerySet[Team]:
    """Teams in scope that a source says nothing about in a period, by name."""
    with_results = StratumResult.objects.filter(
        source=source, period=period, team__isnull=False
    ).values("team_id")
    return Team.objects.filter(id__in=scope.team_ids).exclude(id__in=with_results)
