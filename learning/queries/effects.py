"""What a group's own measure did after a test, in words that may leave the group when it says so.

Only measures whose numbers the group counts itself: the programme's results leave through report cards alone.
Levels never leave, only changes with their interval; and no change where a count behind it is small.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import date
from typing import Any

from learning.enums import NominationState
from learning.models import Nomination
from measures.stats.differences import difference_in_differences
from measures.stats.reliability import LEAST_DENOMINATOR
from measures.stats.suppression import LEAST_COUNT
from pdsa.charts.assemble import assemble
from pdsa.charts.effect import Counts, Effect, change_words, read_effect
from pdsa.charts.values import LaneCycle, MeasureData
from pdsa.enums import PointKind
from pdsa.queries.measures import get_measure, list_links_of_cycle, read_measure_data
from pdsa.released import ReleasedEffect
from pdsa.wording import day_text
from teams.formats import format_points
from teams.scoping import Scope

#: What stands for each other test of the group, and for several of them.
_OTHER_TEST, _OTHER_TESTS = "another test of the group", "other tests of the group"
#: Measures of one test that are looked at; a test is meant to move one or two.
_MOST = 3


def read_effects(scope: Scope, cycle: Any, *, today: date) -> list[dict[str, Any]]:
    """A statement for each measure of an own test that may leave the group, as JSON; at most three.

    Each: measure, changes (list of [group of people, text with interval]), signal, conclusion, basis, as_of.
    """
    found = []
    for link in list_links_of_cycle(cycle)[:_MOST]:
        measure = get_measure(scope, link.measure_id)
        if measure.is_bound or cycle.started_on is None:
            continue
        data = _without_titles(read_measure_data(scope, measure), cycle)
        effect = read_effect(assemble(data), started_on=cycle.started_on)
        if effect is None or data.overlaps or not effect.has_numbers:
            continue
        found.append(_statement(data, effect, today))
    return found


def list_released_effects(cycle_ids: Collection[int]) -> dict[int, list[ReleasedEffect]]:
    """Cycle id → what its group let others read when the test was nominated, while it stands; one query."""
    rows = Nomination.objects.filter(
        cycle__in=cycle_ids, state__in=[NominationState.WAITING, NominationState.ACCEPTED]
    ).exclude(effects=[])
    return {
        row.cycle_id: [ReleasedEffect(_in_one(effect), effect["basis"]) for effect in row.effects]
        for row in rows
    }


def _in_one(effect: dict[str, Any]) -> str:
    changes = "; ".join(f"{name} {change}" for name, change in effect["changes"])
    said = f"{effect['measure']}: {changes}." if changes else f"{effect['measure']}:"
    return f"{said} {effect['conclusion']}"


def _without_titles(data: MeasureData, cycle: Any) -> MeasureData:
    """The data with nothing of the group's other tests but that they were there: they may be private."""

    def title(lane: LaneCycle) -> str:
        return lane.title if lane.id == cycle.pk else _OTHER_TEST

    return replace(data, cycles=tuple(replace(lane, title=title(lane)) for lane in data.cycles))


def _may_leave(counts: Counts | None) -> bool:
    if counts is None:
        return False
    sides = ((counts.x_before, counts.n_before), (counts.x_after, counts.n_after))
    return all(
        n >= LEAST_DENOMINATOR and x >= LEAST_COUNT and n - x >= LEAST_COUNT for x, n in sides
    )


def _statement(data: MeasureData, effect: Effect, today: date) -> dict[str, Any]:
    safe = [group for group in effect.groups if _may_leave(group.counts)]
    changes = [[g.name, change_words(g.counts)] for g in safe if g.counts]
    if len(effect.groups) == 2 == len(safe):
        changes.append(
            ["Difference of the two changes", _difference(safe[0].counts, safe[1].counts)]
        )
    people = [
        f"{g.name}: {g.counts.n_before:,} counted before, {g.counts.n_after:,} after"
        for g in safe
        if g.counts
    ]
    basis = ["Counted by the group itself", *people]
    if data.point_kind != PointKind.PROPORTION:
        basis.append("no interval can be given for this kind of number, so no change is shown")
    elif len(safe) < len(effect.groups):
        basis.append("too few people to show every group")
    elif changes and not effect.is_early:
        basis.append("the intervals take the people of the periods for different people")
    # Before there is enough to look at, a number would be read as a result.
    shown = changes and not effect.is_early
    return {
        "measure": data.name,
        "changes": changes if shown else [],
        "signal": effect.signal_text if changes else "",
        "conclusion": _conclusion(effect) if changes else "Too little to say in numbers.",
        "basis": f"{'; '.join(basis)}; as of {day_text(today)}.",
        "as_of": today.isoformat(),
    }


def _conclusion(effect: Effect) -> str:
    """The conclusion, which lists other tests by what stands for their titles, once."""
    one, first = f"“{_OTHER_TEST}”", f"“{_OTHER_TEST}”, "
    text = effect.conclusion
    if text.count(one) > 1:
        text = text.replace(first, "").replace(one, _OTHER_TESTS)
    return text.replace(one, _OTHER_TEST)


def _difference(focus: Counts | None, reference: Counts | None) -> str:
    assert focus is not None and reference is not None
    found = difference_in_differences(
        focus.x_before, focus.n_before, focus.x_after, focus.n_after,
        reference.x_before, reference.n_before, reference.x_after, reference.n_after,
    )  # fmt: skip
    low, high = (format_points(100 * float(limit)) for limit in found.interval)
    return f"{format_points(100 * float(found.value))} points (95% interval {low} to {high})"
