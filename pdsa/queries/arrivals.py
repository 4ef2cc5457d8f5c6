"""Values of the programme's measures that arrive in a project by themselves, for the group and for its sites."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from measures import queries as programme
from measures.stats.states import CellState
from pdsa.charts.effect import Counts, SiteComparison
from pdsa.charts.values import Group, Point
from pdsa.enums import PointState, StratumRole
from pdsa.models import LocalMeasure, MeasureStratum
from teams.models import Site
from teams.scoping import Scope


@dataclass(frozen=True)
class Arrived:
    """What came for one measure. ends: last days of the periods. overlaps: they are twelve-month windows
    that share people.
    """

    periods: tuple[date, ...]
    ends: tuple[date, ...]
    labels: tuple[str, ...]
    groups: tuple[Group, ...]
    basis: str
    overlaps: bool


def read_arrived(scope: Scope, measures: Iterable[LocalMeasure]) -> dict[int, Arrived]:
    """Measure id → values of the programme, as the reader may see them; of bound measures only.

    What is asked grows with the sources and sets of groups among the measures, not with the measures.
    """
    together: dict[tuple[int, int, int | None], list[LocalMeasure]] = defaultdict(list)
    for measure in measures:
        if measure.programme_source_id is not None:
            people = _people(measure)
            key = (
                measure.project.team_id,
                measure.programme_source_id,
                people.stratum.stratum_set_id if people else None,
            )
            together[key].append(measure)
    every: dict[int, list[Any]] = {}
    found: dict[int, Arrived] = {}
    for (_, source_id, _), members in together.items():
        source = members[0].programme_source
        assert source is not None
        if source_id not in every:
            every[source_id] = list(programme.list_periods(source))
        rolling = [p for p in every[source_id] if "-" in p.label]
        years = [p for p in every[source_id] if "-" not in p.label]
        overlaps = bool(rolling) and len(rolling) >= len(years)
        periods = sorted(rolling if overlaps else years, key=lambda p: p.ends_on)
        results: dict[int, list[programme.SetResult]] = defaultdict(list)
        people = _people(members[0])
        if people is not None and periods:
            for result in programme.list_team_results(
                scope,
                team=members[0].project.team,
                source=source,
                periods=periods,
                stratum_set=people.stratum.stratum_set,
                measure_ids=sorted({m.programme_measure_id or 0 for m in members}),
            ):
                results[result.definition.measure_id].append(result)
        for measure in members:
            mine = results[measure.programme_measure_id or 0]
            found[measure.pk] = _arrived(measure, periods, mine, overlaps=overlaps)
    return found


def _people(measure: LocalMeasure) -> MeasureStratum | None:
    """A chosen group that is not everybody: its set is the one that is read."""
    chosen = (row for row in measure.strata.all() if row.stratum.stratum_set.code != "all")
    return next(chosen, None)


def _arrived(
    measure: LocalMeasure,
    periods: list[Any],
    results: list[programme.SetResult],
    *,
    overlaps: bool,
) -> Arrived:
    points: dict[tuple[int, date], Point] = {}
    shares: list[float] = []
    as_of: datetime | None = None
    for result in results:
        as_of = max(as_of, result.computed_at) if as_of else result.computed_at
        for figure in (*result.figures, *([result.total] if result.total else [])):
            if not figure.numbers_shown:
                state = (
                    PointState.NO_PATIENTS
                    if figure.state == CellState.NO_DENOMINATOR
                    else PointState.SUPPRESSED
                )
                point = Point(state)
            else:
                point = Point(PointState.NUMBER, figure.numerator, figure.denominator)
                if result.period == periods[-1] and figure.self_reported_share is not None:
                    shares.append(figure.self_reported_share)
            points[figure.stratum.id, result.period.starts_on] = point
    basis = f"From the programme’s results ({measure.programme_source.name})"  # type: ignore[union-attr]
    if as_of:
        basis += f", computed {as_of:%-d %b %Y}"
    if shares:
        basis += f"; {min(shares):.0%} self-reported race at least"
    return Arrived(
        tuple(p.starts_on for p in periods),
        tuple(p.ends_on for p in periods),
        tuple(p.label for p in periods),
        tuple(
            Group(
                c.stratum_id,
                c.stratum.short_label,
                StratumRole(c.role),
                tuple(points.get((c.stratum_id, p.starts_on), Point()) for p in periods),
            )
            for c in measure.strata.all()
        ),
        f"{basis}.",
        overlaps,
    )


class SiteReader:
    """Results of a group's sites for some of its measures; what was read once is not read again."""

    def __init__(self, scope: Scope, measures: Sequence[LocalMeasure]) -> None:
        self._scope = scope
        self._wanted = sorted({m.programme_measure_id or 0 for m in measures if m.is_bound})
        self._periods: dict[int, list[Any]] = {}
        self._results: dict[tuple[int, ...], list[programme.SetResult]] = {}

    def compare(
        self, measure: LocalMeasure, *, site: Site | None, started_on: date
    ) -> SiteComparison | None:
        """The focus group at the test's site and at the group's other sites, in the last period of the
        programme that ended before the test began and the first that began after it.

        None where the data do not allow it: the measure is not the programme's, the test has no site, or
        a number is missing.
        """
        source = measure.programme_source
        focus = next((row for row in measure.strata.all() if row.role == StratumRole.FOCUS), None)
        if source is None or site is None or focus is None:
            return None
        if source.pk not in self._periods:
            rows = programme.list_periods(source)
            self._periods[source.pk] = sorted(rows, key=lambda p: p.ends_on)
        before = [p for p in self._periods[source.pk] if p.ends_on < started_on]
        after = [p for p in self._periods[source.pk] if p.starts_on >= started_on]
        if not before or not after:
            return None
        counted: dict[bool, list[int]] = {True: [0, 0, 0, 0], False: [0, 0, 0, 0]}
        for offset, period in ((0, before[-1]), (2, after[0])):
            for result in self._read(measure, period, focus.stratum.stratum_set):
                figure = result.figure(focus.stratum.code)
                if figure is None or not figure.numbers_shown or result.unit.site is None:
                    continue
                side = counted[result.unit.site == site]
                side[offset] += figure.numerator or 0
                side[offset + 1] += figure.denominator or 0
        here, elsewhere = Counts(*counted[True]), Counts(*counted[False])
        if not all((here.n_before, here.n_after, elsewhere.n_before, elsewhere.n_after)):
            return None
        return SiteComparison(site.name, before[-1].label, after[0].label, here, elsewhere)

    def _read(
        self, measure: LocalMeasure, period: Any, stratum_set: Any
    ) -> list[programme.SetResult]:
        source = measure.programme_source
        assert source is not None
        key = (measure.project.team_id, source.pk, period.pk, stratum_set.pk)
        if key not in self._results:
            self._results[key] = programme.list_site_results(
                self._scope,
                team=measure.project.team,
                source=source,
                period=period,
                stratum_set=stratum_set,
                measure_ids=self._wanted,
            )
        wanted = measure.programme_measure_id
        return [r for r in self._results[key] if r.definition.measure_id == wanted]
