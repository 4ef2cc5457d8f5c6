"""What there is to choose from: sources, periods, measures, stratum sets, lines of business."""

from __future__ import annotations

from collections.abc import Collection

from django.db.models import Exists, OuterRef, Q, QuerySet

from measures.enums import LineOfBusiness, SourceKind, StratumKind
from measures.models import (
    Computation,
    MeasureDefinition,
    PartResult,
    Period,
    Source,
    Stratum,
    StratumResult,
    StratumSet,
)
from measures.queries.axis import PROGRAMME_ONLY
from teams.enums import Audience
from teams.models import Team
from teams.permissions import Permission
from teams.scoping import Scope


def list_sources(scope: Scope) -> QuerySet[Source]:
    """Sources whose results the reader may see: the payer's, and those of groups seen as their own."""
    visible = Q(kind=SourceKind.PAYER) | Q(team_id__in=scope.own_team_ids)
    if not scope.team_ids and not scope.may(Permission.VIEW_OVERVIEW):
        return Source.objects.none()
    return Source.objects.filter(visible).select_related("organisation", "team")


def get_default_source(scope: Scope) -> Source | None:
    """The payer's source first: it is the one that every group has in common."""
    return list_sources(scope).filter(kind=SourceKind.PAYER).first() or list_sources(scope).first()


def list_periods(source: Source) -> QuerySet[Period]:
    """Periods for which the source has results, latest first."""
    return Period.objects.filter(
        Exists(Computation.objects.filter(source=source, period=OuterRef("pk")))
    ).order_by("-ends_on", "-label")


def get_period(source: Source, label: str | None = None) -> Period | None:
    """One period with results, the latest where no label is given or none fits."""
    periods = list(list_periods(source))
    return next((p for p in periods if p.label == label), periods[0] if periods else None)


def list_definitions(*, year: int) -> QuerySet[MeasureDefinition]:
    """Definitions of one measurement year in the order of pages."""
    return (
        MeasureDefinition.objects.filter(year=year)
        .select_related("measure")
        .order_by("measure__position")
    )


def list_measure_names() -> dict[str, str]:
    """Code → name in the latest year that defines the measure, in the order of pages."""
    return dict(
        MeasureDefinition.objects.order_by("measure__position", "year").values_list(
            "measure__code", "name"
        )
    )


def get_definition(*, code: str, year: int) -> MeasureDefinition:
    """Raises MeasureDefinition.DoesNotExist."""
    return MeasureDefinition.objects.select_related("measure").get(measure__code=code, year=year)


def list_stratum_sets(
    source: Source, *, audience: Audience | None = None, more: Collection[str] = ()
) -> QuerySet[StratumSet]:
    """Stratum sets in which the source has results, but for `all`, which is not a choice.

    audience: of the groups that are to be shown; for the programme alone leave it out. Readers outside
    a group see some sets for the programme only. more: codes of sets that are worked out when read
    (`measures.queries.own_sets`), which have no stored results.
    """
    strata = StratumResult.objects.filter(
        source=source, stratum__stratum_set=OuterRef("pk"), team__isnull=True
    )
    hidden = PROGRAMME_ONLY if audience == Audience.OTHERS else frozenset()
    return StratumSet.objects.exclude(code__in={"all", *hidden}).filter(
        Exists(strata) | Q(code__in=more)
    )


def list_patient_groups() -> QuerySet[Stratum]:
    """The groups of patients for whom a team can say that it works: those of the set that cards use."""
    return Stratum.objects.filter(
        stratum_set__code="combined", kind=StratumKind.SPECIFIED
    ).order_by("position")


def list_countable_groups() -> QuerySet[Stratum]:
    """Everybody, then the groups of patients: for whom a team can count something of its own."""
    return (
        Stratum.objects.filter(
            Q(stratum_set__code="all") | Q(stratum_set__code="combined", kind=StratumKind.SPECIFIED)
        )
        .select_related("stratum_set")
        .order_by("stratum_set__position", "position")
    )


def list_lines_of_business(
    source: Source,
    *,
    period: Period | None = None,
    team: Team | None = None,
    measure_id: int | None = None,
) -> list[tuple[int, str]]:
    """Lines of business with results, as (value, label); of a period, team or measure where given.

    A page should name its period and its team or measure: over a whole source every result is looked at.
    """
    results = PartResult.objects.filter(source=source, by_site=False)
    if period is not None:
        results = results.filter(period=period)
    if team is not None:
        results = results.filter(team=team)
    if measure_id is not None:
        results = results.filter(measure_id=measure_id)
    values = (
        results.order_by("line_of_business").values_list("line_of_business", flat=True).distinct()
    )
    return [(value, LineOfBusiness(value).label) for value in values if value is not None]
