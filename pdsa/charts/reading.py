"""What a chart says, in sentences made by rules: never more than the rules of the chart say.

A signal is told with its rule, its length and since when. A test that began before it is named as
having come before, not as its cause. Where nothing signals, that is said and nothing else.
"""

from __future__ import annotations

from measures.stats.spc import (
    Assurance,
    ChartKind,
    ChartWarning,
    ControlChart,
    Direction,
    Signal,
    Stage,
    is_favourable,
)
from measures.stats.spc.charts import LIMITS_FROM, RULES_FROM
from pdsa.charts.assemble import GroupChart, MeasureCharts, cycles_at
from pdsa.charts.periods import words
from pdsa.charts.values import Group, MeasureData, Point
from pdsa.enums import ChartDecisionKind, PointKind, PointState
from teams.formats import MINUS, format_count, format_percent, format_points

#: A test that began at most so many periods before a signal is named with it.
NEAR = 6

_ODD = "an unusual pattern, neither better nor worse"

STATE_WORDS = {
    PointState.NO_PATIENTS: "no patients",
    PointState.NOT_COLLECTED: "not collected",
    PointState.SUPPRESSED: "suppressed",
    None: "not entered",
}


def number_words(data: MeasureData, value: float, *, gap: bool = False) -> str:
    """A value as people read it: 62%, 3.4 per visit, +4.2 points."""
    if gap and data.point_kind == PointKind.PROPORTION:
        return f"{format_points(value)} points"
    if data.point_kind == PointKind.PROPORTION:
        return format_percent(value)
    unit = f" {data.unit}" if data.unit else ""
    if data.point_kind == PointKind.COUNT and not gap and value == round(value):
        return f"{format_count(value)}{unit}"
    text = f"{value:,.3g}" if abs(value) < 100 else f"{value:,.1f}"
    return f"{text.replace('-', MINUS)}{unit}"


def point_words(data: MeasureData, point: Point) -> str:
    """One month of one group: "62.0% (31 of 50)", or why there is no number."""
    if point.number is None:
        return STATE_WORDS[point.state].capitalize()
    text = number_words(data, point.number)
    if point.denominator is not None and point.numerator is not None:
        text += f" ({format_count(point.numerator)} of {format_count(point.denominator)})"
    return text


def centre_word(chart: ControlChart) -> str:
    return "median" if chart.kind == ChartKind.RUN else "average"


def latest_sentence(data: MeasureData, group: Group, *, with_name: bool = True) -> str:
    """The last number there is, and whether later periods have none."""
    places = [i for i, p in enumerate(group.points) if p.number is not None]
    who = f"{data.name}, {group.name}" if with_name else group.name
    if not places:
        return f"{who}: no number yet."
    last = places[-1]
    text = f"{who}: {point_words(data, group.points[last])} in {data.labels[last]}."
    later = group.points[last + 1 :]
    if later:
        why = {STATE_WORDS[p.state] for p in later}
        text += f" After that: {', '.join(sorted(why))}."
    return text


def _last_place(chart: ControlChart) -> int:
    return max((i for i, ok in enumerate(chart.series.useful) if ok), default=-1)


def _span(charts: MeasureCharts, signal: Signal, last_place: int) -> str:
    labels = charts.data.labels
    if signal.first == signal.last:
        return f"in {labels[signal.first]}"
    if signal.last >= last_place:
        return f"since {labels[signal.first]}"
    return f"from {labels[signal.first]} to {labels[signal.last]}"


def signal_sentence(charts: MeasureCharts, group: GroupChart, signal: Signal) -> str:
    """One signal: how many, where, since when, in which direction, and the rule's name."""
    chart = group.chart
    span = _span(charts, signal, _last_place(chart))
    count = words(charts.data.frequency, len(signal.points))
    centre = centre_word(chart)
    if chart.phases[signal.phase].is_frozen:
        centre = f"{centre} of the baseline"
    side = {Direction.UP: "above", Direction.DOWN: "below"}.get(signal.direction, "")
    way = {Direction.UP: "up", Direction.DOWN: "down"}.get(signal.direction, "")
    if signal.rule in ("shift", "longest_run"):
        text = f"{count} in a row {side} the {centre} {span}"
    elif signal.rule == "trend":
        text = f"{count} in a row going {way} {span}"
    elif signal.rule == "beyond_limits":
        limit = "upper" if signal.direction == Direction.UP else "lower"
        text = f"{charts.data.labels[signal.first]} beyond the {limit} limit"
    elif signal.points:
        text = f"{signal.name[0].lower()}{signal.name[1:]} {span}"
    else:
        text = f"{signal.name[0].lower()}{signal.name[1:]}"
    verdict = is_favourable(signal, higher_is_better=charts.data.higher_is_better)
    tone = {True: "favourable", False: "unfavourable", None: "neither better nor worse"}[verdict]
    return f"{text} ({tone})"


def before_words(charts: MeasureCharts, signal: Signal) -> str:
    """ ", after “Pharmacist visits, test 3” began in Oct 2025": the last test that began shortly before."""
    near = [
        (cycle, first)
        for cycle, first, _ in cycles_at(charts)
        if signal.first - NEAR <= first <= signal.first
    ]
    if not near or not signal.points:
        return ""
    cycle, first = near[-1]
    return f", after “{cycle.title}” began in {charts.data.labels[first]}"


def _leading(signals: list[Signal]) -> list[Signal]:
    """The latest signal of each rule and direction: a chart with forty points outside is one sentence."""
    latest: dict[tuple[str, Direction], Signal] = {}
    for signal in signals:
        latest[signal.rule, signal.direction] = signal
    order = {"shift": 0, "longest_run": 0, "trend": 1, "beyond_limits": 2, "two_of_three": 3}
    return sorted(latest.values(), key=lambda s: (order.get(s.rule, 4), -s.last))


def signals_sentence(charts: MeasureCharts, group: GroupChart) -> str:
    """Signals of the last phase of one line, or that there is none, or that it is too early to look."""
    chart = group.chart
    phase = chart.last_phase
    if phase is None or not phase.useful_count:
        return ""
    if charts.rules_off:
        return (
            "Neighbouring periods count partly the same people, so no rule for signals is applied."
        )
    stretch = "since the last phase began " if len(chart.phases) > 1 else ""
    if phase.no_variation and phase.useful_count >= RULES_FROM:
        return "All numbers are the same: there is no variation to read."
    if not phase.rules_applied:
        count = phase.baseline_count
        if phase.is_frozen and phase.useful_count > count:
            needed = RULES_FROM if chart.kind == ChartKind.RUN else LIMITS_FROM
            return f"The baseline has {count} points; {needed} are needed to look for signals."
        if count < RULES_FROM:
            return (
                f"{count} of {RULES_FROM} points {stretch}needed before we look for signals."
                if not stretch
                else f"{count} of {RULES_FROM} points since the last phase began; signals come later."
            )
        return f"{count} points {stretch}: limits, and signals, come with 12."
    found = _leading([s for s in chart.signals if s.phase == phase.number])
    if not found:
        return f"No signal {stretch}by these rules."
    first, *others = found
    text = f"Signal: {signal_sentence(charts, group, first)}{before_words(charts, first)}."
    if others:
        text += f" Also: {'; '.join(signal_sentence(charts, group, s) for s in others)}."
    return text


def _mean_gap(chart: ControlChart, number: int) -> float | None:
    phase = chart.phases[number]
    if not phase.centre_shown:
        return None
    return phase.limits.centre


def gap_sentence(charts: MeasureCharts) -> str:
    """The last gap, the typical gap before, and whether the gap itself signals."""
    gap, data = charts.gap, charts.data
    if gap is None or data.reference is None:
        return ""
    last = _last_place(gap.chart)
    if last < 0:
        return (
            f"Gap to {data.reference.name}: not known, no {words(data.frequency, 1)[2:]} has both."
        )
    text = (
        f"Gap to {data.reference.name}:"
        f" {number_words(data, float(gap.chart.values[last]), gap=True)} in {data.labels[last]}"
    )
    word = centre_word(gap.chart)
    typical = _mean_gap(gap.chart, 0)
    if len(gap.chart.phases) > 1:
        now = _mean_gap(gap.chart, len(gap.chart.phases) - 1)
        if typical is not None:
            text += f"; {word} of the first phase {number_words(data, typical, gap=True)}"
        if now is not None:
            text += f", of the last {number_words(data, now, gap=True)}"
    elif typical is not None:
        of = " of the baseline" if gap.chart.phases[0].is_frozen else ""
        text += f"; {word}{of} {number_words(data, typical, gap=True)}"
    text += "."
    if charts.rules_off:
        return text
    phase = gap.chart.phases[-1]
    if phase.rules_applied:
        found = _leading([s for s in gap.chart.signals if s.phase == phase.number])
        text += (
            f" The gap signals: {signal_sentence(charts, gap, found[0])}."
            if found
            else " The gap itself shows no signal."
        )
    return text


def missing_sentence(charts: MeasureCharts) -> str:
    """Which periods of the focus group have no number, and why."""
    data = charts.data
    if data.focus is None:
        return ""
    by_reason: dict[str, list[str]] = {}
    for label, point in zip(data.labels, data.focus.points, strict=True):
        if point.number is None:
            by_reason.setdefault(STATE_WORDS[point.state], []).append(label)
    if not by_reason:
        return ""
    count = sum(len(labels) for labels in by_reason.values())
    told = "; ".join(f"{why}: {', '.join(labels)}" for why, labels in by_reason.items())
    return f"{words(data.frequency, count).capitalize()} without a number ({told})."


def assurance_sentence(group: GroupChart, data: MeasureData) -> str:
    """What the limits say about the target; nothing while a signal says that the limits no longer hold."""
    phase = group.chart.last_phase
    if group.assurance is None or data.target is None or phase is None:
        return ""
    if any(
        s.phase == phase.number and s.points and s.direction != Direction.NONE
        for s in group.chart.signals
    ):
        return ""
    target = number_words(data, data.target)
    return {
        Assurance.MEETS: f"As it runs now, it will keep the target of {target}.",
        Assurance.FAILS: f"As it runs now, it will not reach the target of {target}.",
        Assurance.HIT_AND_MISS: f"As it runs now, it will meet the target of {target} in some"
        " periods and miss it in others, by chance.",
    }[group.assurance]


def warning_sentence(group: GroupChart) -> str:
    if ChartWarning.FEW_EVENTS in group.warnings:
        return "Few people a period: look at quarters, or at the run chart, before you conclude."
    return ""


def read_charts(charts: MeasureCharts) -> tuple[str, ...]:
    """Everything that is to be said about a measure, one sentence or two a line; the first comes first."""
    data = charts.data
    if data.focus is None or charts.focus is None:
        return ("No numbers yet. Add the first month.",)
    better = "Higher is better." if data.higher_is_better else "Lower is better."
    sentences = [
        f"{latest_sentence(data, data.focus)} {better}",
        signals_sentence(charts, charts.focus),
        gap_sentence(charts),
        assurance_sentence(charts.focus, data),
        missing_sentence(charts),
        warning_sentence(charts.focus),
        f"Data: {data.basis[0].lower()}{data.basis[1:]}" if data.basis else "",
    ]
    return tuple(sentence for sentence in sentences if sentence)


def finding(charts: MeasureCharts, *, gap: bool = False) -> str:
    """Title of the chart: what it says in one short sentence."""
    data = charts.data
    if data.focus is None or charts.focus is None:
        return f"{data.name}: no numbers yet"
    what = f"{data.name}, {data.focus.name}"
    if gap and data.reference is not None:
        what = f"{data.name}, gap between {data.focus.name} and {data.reference.name}"
    said = verdict(charts, gap=gap)
    return f"{what}: {said}" if said else what


def verdict(charts: MeasureCharts, *, gap: bool = False) -> str:
    """What the rules say in the fewest words; empty where they say nothing yet."""
    line = charts.gap if gap else charts.focus
    phase = None if line is None else line.chart.last_phase
    if line is None or phase is None or charts.rules_off:
        return ""
    if not phase.rules_applied or phase.no_variation:
        return ""
    found = _leading([s for s in line.chart.signals if s.phase == phase.number])
    for signal in found:
        better = is_favourable(signal, higher_is_better=charts.data.higher_is_better)
        if better is not None:
            return f"signal of a change for the {'better' if better else 'worse'}"
    return _ODD if found else "no signal of a change"


def method_note(charts: MeasureCharts, *, gap: bool = False) -> str:
    """What is printed under every chart: kind, rule set, screening, baseline, phases with their reasons."""
    group, data = charts.gap if gap else charts.focus, charts.data
    if group is None:
        return ""
    chart = group.chart
    names = {
        ChartKind.RUN: "Run chart",
        ChartKind.P: "P chart",
        ChartKind.P_PRIME: "P′ chart",
        ChartKind.U: "U chart",
        ChartKind.U_PRIME: "U′ chart",
        ChartKind.C: "C chart",
        ChartKind.I: "Chart of individual values (I)",
    }
    parts = [names[chart.kind]]
    if charts.rules_off:
        parts.append("no rules, because periods overlap")
    else:
        parts.append(f"rules: {chart.rule_set.name}")
    if chart.kind in (ChartKind.I, ChartKind.P_PRIME, ChartKind.U_PRIME):
        parts.append(
            "single jumps do not widen the limits" if chart.screened else "limits not screened"
        )
    phase = chart.last_phase
    if phase is not None and phase.stage == Stage.TRIAL and phase.limits_shown:
        parts.append(f"trial limits from {phase.baseline_count} points")
    text = "; ".join(parts) + "."
    for decision in sorted(data.decisions, key=lambda d: d.starts_on):
        if decision.starts_on not in data.periods:
            continue
        when = data.labels[data.periods.index(decision.starts_on)]
        who = f"({decision.by}, {decision.on:%-d %b %Y})"
        if decision.kind == ChartDecisionKind.BASELINE:
            text += f" Baseline up to {when}: {decision.reason} {who}."
        elif decision.kind == ChartDecisionKind.PHASE:
            text += f" New phase from {when}: {decision.reason} {who}."
        elif decision.kind == ChartDecisionKind.EXCLUDE:
            whom = f" for {decision.stratum_name}" if decision.stratum_name else ""
            text += f" {when}{whom} taken out: {decision.reason} {who}."
    return text
