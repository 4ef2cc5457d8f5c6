"""What measures say about tests that somebody lists: with numbers for the own group, without for others."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Prefetch

from pdsa.charts.assemble import assemble
from pdsa.charts.effect import Effect, read_effect
from pdsa.enums import MeasureKind
from pdsa.models import Cycle, CycleMeasure, LocalMeasure, MeasureStratum
from pdsa.queries.signals import data_of, with_data
from teams.scoping import Scope

_MOVED = {
    True: "moved for the better after it began, by a rule for signals",
    False: "moved the wrong way after it began, by a rule for signals",
    None: "shows no change by the rules for signals",
}


@dataclass(frozen=True)
class MeasuredEffect:
    """One sentence about a test and a measure, and where its numbers come from."""

    sentence: str
    basis: str


def list_effects(scope: Scope, cycles: Iterable[Cycle]) -> dict[int, list[MeasuredEffect]]:
    """Cycle id → what the measures linked to it say; five queries. The caller read the cycles through the scope.

    Of another group's test neither a number nor the name of the measure is told: sharing a test does not
    share data. Measures whose values come from the programme are left out: no rule holds for their windows.
    """
    started = {cycle.pk: cycle for cycle in cycles if cycle.started_on is not None}
    measures = with_data(
        LocalMeasure.objects.prefetch_related(
            Prefetch("strata", MeasureStratum.objects.select_related("stratum__stratum_set"))
        )
    )
    links = (
        CycleMeasure.objects.filter(
            cycle__in=started, measure__retired_at=None, measure__programme_measure=None
        )
        .order_by("cycle_id", "measure_id")
        .prefetch_related(Prefetch("measure", measures))
    )
    found: dict[int, list[MeasuredEffect]] = defaultdict(list)
    for link in links:
        cycle, measure = started[link.cycle_id], link.measure
        assert cycle.started_on is not None
        effect = read_effect(assemble(data_of(measure)), started_on=cycle.started_on)
        if effect is None:
            continue
        is_own = cycle.idea.project.team_id in scope.own_team_ids
        found[cycle.pk].append(_own(measure, effect) if is_own else _strange(measure, effect))
    return dict(found)


def _own(measure: LocalMeasure, effect: Effect) -> MeasuredEffect:
    focus = effect.groups[0]
    change = f"{measure.name}, {focus.name}: {focus.change_text}"
    return MeasuredEffect(f"{change}. {effect.signal_text}", _basis(measure))


def _strange(measure: LocalMeasure, effect: Effect) -> MeasuredEffect:
    article = "An" if measure.kind == MeasureKind.OUTCOME else "A"
    what = f"{article} {MeasureKind(measure.kind).short.lower()} measure"
    said = "has too few points yet" if effect.is_early else _MOVED[effect.moved]
    return MeasuredEffect(f"{what} {said}.", _basis(measure))


def _basis(measure: LocalMeasure) -> str:
    often = "week" if measure.frequency == "week" else "month"
    return f"Counted by the group every {often}; before and after the test, which need not be the cause."
