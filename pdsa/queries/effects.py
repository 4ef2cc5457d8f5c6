"""What measures say about tests that somebody lists: of other groups only what these let out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Prefetch

from pdsa.charts.assemble import assemble
from pdsa.charts.effect import Effect, read_effect
from pdsa.enums import Sharing
from pdsa.models import Cycle, CycleMeasure, LocalMeasure, MeasureStratum
from pdsa.queries.signals import data_of, with_data
from pdsa.released import list_released
from pdsa.sharing import names_in
from teams.scoping import Scope


@dataclass(frozen=True)
class MeasuredEffect:
    """One sentence about a test and a measure, and where its numbers come from."""

    sentence: str
    basis: str


def list_effects(scope: Scope, cycles: Iterable[Cycle]) -> dict[int, list[MeasuredEffect]]:
    """Cycle id → what the measures linked to it say; six queries. The caller read the cycles through the scope.

    Of another group's test only what its own staff let others read is told, in those words: sharing a test
    does not share data. Measures whose values come from the programme are left out: no rule holds for their
    windows.
    """
    own: dict[int, Cycle] = {}
    strange: dict[int, Cycle] = {}
    for cycle in cycles:
        if cycle.idea.project.team_id in scope.own_team_ids:
            own[cycle.pk] = cycle
        else:
            strange[cycle.pk] = cycle
    return _read_own(own) | _read_released(strange)


def _read_released(cycles: dict[int, Cycle]) -> dict[int, list[MeasuredEffect]]:
    if not cycles:
        return {}
    found = {}
    for pk, effects in list_released(cycles.keys()).items():
        cycle = cycles[pk]
        found[pk] = [
            MeasuredEffect(effect.sentence, effect.basis)
            for effect in effects
            if cycle.sharing == Sharing.NAMED or not names_in(cycle, [effect.sentence])
        ]
    return found


def _read_own(cycles: dict[int, Cycle]) -> dict[int, list[MeasuredEffect]]:
    started = {pk: cycle for pk, cycle in cycles.items() if cycle.started_on is not None}
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
        found[cycle.pk].append(_own(measure, effect))
    return dict(found)


def _own(measure: LocalMeasure, effect: Effect) -> MeasuredEffect:
    focus = effect.groups[0]
    change = f"{measure.name}, {focus.name}: {focus.change_text}"
    return MeasuredEffect(f"{change}. {effect.signal_text}", _basis(measure))


def _basis(measure: LocalMeasure) -> str:
    often = "week" if measure.frequency == "week" else "month"
    return f"Counted by the group every {often}; before and after the test, which need not be the cause."
