"""Did it work? What the numbers before and after a test say, and no more than that."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from statistics import fmean

from measures.stats.differences import difference_in_differences
from measures.stats.gaps import newcombe
from measures.stats.spc import Direction, Signal, is_favourable
from measures.stats.spc.charts import RULES_FROM
from pdsa.charts.assemble import GroupChart, MeasureCharts, series_of
from pdsa.charts.periods import words
from pdsa.charts.reading import number_words, signal_sentence
from pdsa.charts.values import Group, MeasureData
from pdsa.enums import PointKind
from teams.formats import format_points

#: Points after the start before anything is said about a signal.
_AFTER = 6


@dataclass(frozen=True)
class Stretches:
    """Places before and after the start of a test. The period in which it began counts for neither."""

    before: tuple[int, ...]
    after: tuple[int, ...]


@dataclass(frozen=True)
class Counts:
    """n and N of a group over the periods before and after."""

    x_before: int
    n_before: int
    x_after: int
    n_after: int


@dataclass(frozen=True)
class GroupEffect:
    """One group before and after: texts for a table. change_text holds the interval where there is one.

    counts: of a share; None otherwise, or where one side has no numbers.
    """

    name: str
    before_text: str
    after_text: str
    change_text: str
    counts: Counts | None = None


@dataclass(frozen=True)
class SiteComparison:
    """The same group at the site of the test and at the other sites, in two periods of the programme."""

    site: str
    before_label: str
    after_label: str
    at_site: Counts
    elsewhere: Counts


@dataclass(frozen=True)
class Effect:
    """What is said about a test and a measure. signal: yes, no or too early, with the rule's name.

    moved: the focus group's numbers went the right way (True) or the wrong way after the test began, by a
    rule; None where no rule says so, where it is too early, or where they were moving before.
    """

    started: str
    groups: tuple[GroupEffect, ...]
    signal_text: str
    comparison_text: str
    conclusion: str
    is_early: bool
    moved: bool | None

    @property
    def has_numbers(self) -> bool:
        return any(group.before_text for group in self.groups)


def _stretches(charts: MeasureCharts, start: int) -> Stretches:
    """Before: from the beginning of the phase that the start lies in. After: to the end."""
    since = max((p.start for p in charts.phases if p.start < start), default=0)
    return Stretches(tuple(range(since, start)), tuple(range(start + 1, len(charts.data.periods))))


def _group(data: MeasureData, group: Group, stretches: Stretches) -> GroupEffect:
    useful = series_of(data, group).useful
    before = [group.points[p] for p in stretches.before if useful[p]]
    after = [group.points[p] for p in stretches.after if useful[p]]
    if not before or not after:
        missing = "before" if not before else "after"
        return GroupEffect(group.name, "", "", f"No numbers {missing} it began")
    counts = [
        (sum(p.numerator or 0 for p in side), sum(p.denominator or 0 for p in side))
        for side in (before, after)
    ]
    if data.point_kind == PointKind.PROPORTION:
        (x1, n1), (x2, n2) = counts
        return GroupEffect(
            group.name,
            f"{number_words(data, x1 / n1)} ({x1:,} of {n1:,})",
            f"{number_words(data, x2 / n2)} ({x2:,} of {n2:,})",
            change_words(Counts(x1, n1, x2, n2)),
            Counts(x1, n1, x2, n2),
        )
    if data.point_kind == PointKind.RATE:
        values = [x / n for x, n in counts]
    else:
        values = [fmean(p.number or 0.0 for p in side) for side in (before, after)]
    change = values[1] - values[0]
    sign = "+" if change > 0 else ""
    return GroupEffect(
        group.name,
        number_words(data, values[0]),
        number_words(data, values[1]),
        f"{sign}{number_words(data, change)}",
    )


def change_words(counts: Counts) -> str:
    """Later less earlier with its interval. It takes the people of the periods for different ones."""
    interval = newcombe(counts.x_after, counts.n_after, counts.x_before, counts.n_before)
    change = counts.x_after / counts.n_after - counts.x_before / counts.n_before
    low, high = (format_points(100 * float(limit)) for limit in interval)
    return f"{format_points(100 * change)} points (95% interval {low} to {high})"


def _more_than(first: Counts, second: Counts) -> tuple[str, bool]:
    """How much more the first changed than the second, and whether the interval leaves 0 out."""
    found = difference_in_differences(
        first.x_before, first.n_before, first.x_after, first.n_after,
        second.x_before, second.n_before, second.x_after, second.n_after,
    )  # fmt: skip
    lower, upper = (100 * float(limit) for limit in found.interval)
    text = (
        f"{format_points(100 * float(found.value))} points"
        f" (95% interval {format_points(lower)} to {format_points(upper)})"
    )
    return text, lower > 0 or upper < 0


def _signals_since(line: GroupChart, start: int) -> list[Signal]:
    """Signals with a direction of which the points since the start would be enough for the rule alone."""
    return [
        s
        for s in line.chart.signals
        if s.direction != Direction.NONE
        and sum(place >= start for place in s.points) >= _needed(line, s)
    ]


def _needed(line: GroupChart, signal: Signal) -> int:
    least = line.chart.rule_set.rule(signal.rule).least
    anhoej = line.chart.phases[signal.phase].runs.anhoej
    if least or anhoej is None:
        return max(least, 1)
    return anhoej.longest_run + 1


def _verdict(charts: MeasureCharts, line: GroupChart | None, start: int) -> bool | None:
    """True: only favourable signals since the start; False: an unfavourable one; None: none."""
    if line is None:
        return None
    said = [
        is_favourable(s, higher_is_better=charts.data.higher_is_better)
        for s in _signals_since(line, start)
    ]
    return None if not said else all(said)


def _moving_since(line: GroupChart, start: int) -> int | None:
    """Where a run or trend began that was under way before the test began; None where none was."""
    under_way = [
        s.first
        for s in line.chart.signals
        if s.rule in ("shift", "longest_run", "trend") and s.first < start - 1 and s.last >= start
    ]
    return min(under_way, default=None)


def _signal_text(charts: MeasureCharts, line: GroupChart, start: int) -> str:
    chart = line.chart
    found = _signals_since(line, start)
    if found:
        signal = max(found, key=lambda s: len(s.points))
        return (
            f"Signal since it began: yes, by the rule “{signal.name}”:"
            f" {signal_sentence(charts, line, signal)}."
        )
    begun = [d for place, d in charts.phase_decisions.items() if place >= start]
    text = f"Signal since it began: no, by the rules “{chart.rule_set.name}”."
    if begun:
        text += " The chart has a new phase since then, which a person began after a signal."
    return text


def _is_early(charts: MeasureCharts, start: int) -> str:
    assert charts.focus is not None
    chart = charts.focus.chart
    useful = chart.series.useful
    before, after = int(useful[:start].sum()), int(useful[start:].sum())
    unit = charts.data.frequency
    if charts.rules_off:
        return "Periods overlap, so no rule for signals is applied."
    if before + after < RULES_FROM:
        return f"Too early: {before + after} of {RULES_FROM} points that a look for signals needs."
    if not any(p.rules_applied for p in chart.phases):
        return "No phase of the chart has points enough yet to look for signals."
    if after < _AFTER and not _signals_since(charts.focus, start):
        return f"Too early: {words(unit, after)} since it began, {_AFTER} are needed at least."
    return ""


def _comparison(effects: tuple[GroupEffect, ...], sites: SiteComparison | None) -> str:
    sentences = []
    if len(effects) == 2 and effects[0].counts and effects[1].counts:
        text, clear = _more_than(effects[0].counts, effects[1].counts)
        sentences.append(
            f"Difference of the changes, {effects[0].name} less {effects[1].name}: {text}"
            f"{'.' if clear else ', which may be chance.'}"
        )
    if sites is None:
        sentences.append(
            "No sites without the test are counted for this measure, so there are none to compare with."
        )
    else:
        text, clear = _more_than(sites.at_site, sites.elsewhere)
        sentences.append(
            f"Difference in differences, {sites.site} less the other sites,"
            f" {sites.before_label} to {sites.after_label}: {text}"
            f"{'.' if clear else ', which may be chance.'} One site differs from others in more than"
            " this test."
        )
    return " ".join(sentences)


def _conclusion(own: bool | None, other: bool | None, moving_since: str) -> str:
    if moving_since:
        return (
            f"The numbers were moving before this test began, since {moving_since}. They cannot tell what"
            " this test added."
        )
    if own is None:
        return "The numbers show no change since the test began. That does not prove that there is none."
    if not own:
        return (
            "The numbers moved the wrong way after the test began. Find out why before you go on;"
            " the test need not be the cause."
        )
    if other:
        return (
            "Both groups moved for the better after the test began. Something that reached everybody"
            " may be behind it as well as the test."
        )
    return (
        "The focus group moved for the better after the test began, as it would if the test worked."
        " The numbers cannot tell what else happened at the same time."
    )


def _others(charts: MeasureCharts, start: int, started_on: date, ramp: Collection[int]) -> str:
    """Tests linked to the measure that began within half a year of this one: nothing tells them apart.

    Those of the ramp itself are no others.
    """
    near = [
        cycle.title
        for cycle in charts.data.cycles
        if cycle.starts_on != started_on
        and cycle.id not in ramp
        and (place := charts.place(cycle.starts_on)) is not None
        and abs(place - start) <= _AFTER
    ]
    if not near:
        return ""
    names = ", ".join(f"“{title}”" for title in near)
    return f" The numbers cannot tell it from tests that began around the same time: {names}."


def read_effect(
    charts: MeasureCharts,
    *,
    started_on: date,
    sites: SiteComparison | None = None,
    ramp: Collection[int] = (),
) -> Effect | None:
    """A test, or the first test of a ramp, and a measure; None where it began outside the chart.

    ramp: ids of the tests of the ramp that is looked at as a whole.
    """
    data = charts.data
    start = charts.place(started_on)
    if start is None or charts.focus is None or data.focus is None:
        return None
    stretches = _stretches(charts, start)
    people = [g for g in (data.focus, data.reference) if g is not None]
    effects = tuple(_group(data, group, stretches) for group in people)
    early = _is_early(charts, start)
    own = _verdict(charts, charts.focus, start)
    other = _verdict(charts, charts.reference, start)
    moving = _moving_since(charts.focus, start)
    return Effect(
        started=data.labels[start],
        groups=effects,
        signal_text=early or _signal_text(charts, charts.focus, start),
        comparison_text=_comparison(effects, sites),
        conclusion=(
            "It is too early to say."
            if early
            else _conclusion(own, other, "" if moving is None else data.labels[moving])
            + ("" if own is None else _others(charts, start, started_on, ramp))
        ),
        is_early=bool(early),
        moved=None if early or moving is not None else own,
    )
