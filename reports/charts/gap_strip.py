"""Gap strip: the strata of one measure on one axis, each with its interval, the reference marked."""

from __future__ import annotations

from functools import lru_cache

from reports.charts.rows import Key, Row, Rule, draw_rows
from reports.charts.values import Absence, GapStrip, StratumRate, Verdict
from teams.drawing.chart import Chart, drawn_once
from teams.drawing.scale import Scale, round_scale
from teams.drawing.svg import PRINT, SCREEN, Drawing
from teams.formats import MINUS, format_percent

#: verdict → (shape, colour, hollow). Shape and word say it too, so colour is never alone.
MARKS: dict[Verdict, tuple[str, str, bool]] = {
    Verdict.REFERENCE: ("diamond", "ink", False),
    Verdict.BETTER: ("up", "blue", False),
    Verdict.WORSE: ("down", "orange", True),
    Verdict.UNCLEAR: ("circle", "grey", False),
    Verdict.NOT_COMPARED: ("square", "grey", True),
}


def direction_text(higher_is_better: bool) -> str:
    return "Higher is better →" if higher_is_better else "← Lower is better"


@lru_cache(maxsize=1)
def mark_key() -> tuple[tuple[str, str], ...]:
    """Every mark as a small drawing, with its word: the legend of a page full of strips."""
    entries = []
    for key in legend_keys(set(Verdict)):
        drawing = Drawing(
            16, 16, ident=f"key-{key.shape}", title="", description="", palette=SCREEN
        )
        drawing.mark(key.shape, 8, 8, key.ink, 5.4, key.hollow)
        entries.append((drawing.svg(decorative=True), key.label))
    return tuple(entries)


def draw_rate(
    drawing: Drawing, plot: Scale, middle: float, stratum: StratumRate, verdict: Verdict
) -> None:
    """A stratum's interval and mark. Raises ValueError for a stratum without a rate."""
    if stratum.rate is None:
        raise ValueError(f"{stratum.label} has no rate to draw")
    shape, ink, hollow = MARKS[verdict]
    if stratum.lower is not None and stratum.upper is not None:
        drawing.line(
            plot(100 * stratum.lower),
            middle,
            plot(100 * stratum.upper),
            middle,
            ink,
            2.2,
            cap="round",
        )
    drawing.mark(shape, plot(100 * stratum.rate), middle, ink, 6.2, hollow or stratum.caution)


def legend_keys(verdicts: set[Verdict]) -> list[Key]:
    words = {
        Verdict.REFERENCE: "Reference",
        Verdict.BETTER: "Better than reference",
        Verdict.WORSE: "Worse than reference",
        Verdict.UNCLEAR: "No clear difference",
        Verdict.NOT_COMPARED: "Not compared",
    }
    return [Key(*MARKS[v], words[v]) for v in Verdict if v in verdicts]


def distance_text(stratum: StratumRate) -> str:
    """ "9.0 points below" or "level": the gap without a sign. Raises ValueError without a gap."""
    if stratum.gap_points is None:
        raise ValueError(f"{stratum.label} has no gap")
    distance = stratum.gap_text.lstrip(f"+{MINUS}")
    if not distance.strip("0."):
        return "level"
    return f"{distance} points {'above' if stratum.gap_points > 0 else 'below'}"


def gap_tip(stratum: StratumRate) -> str:
    """What the pointer is told about one stratum."""
    parts = [f"{stratum.label} {stratum.rate_text}"]
    if stratum.count_text:
        parts.append(stratum.count_text)
    if stratum.interval_text:
        parts.append(f"95% interval {stratum.interval_text}")
    if stratum.is_reference:
        parts.append("the reference")
    elif stratum.gap_points is not None:
        parts.append(f"{distance_text(stratum)} (95% interval {stratum.gap_interval_text})")
    return ", ".join(parts)


def gap_finding(strip: GapStrip) -> str:
    """What the strip says, in one sentence: the widest unfavourable gap that the data can tell from zero."""
    reference = strip.reference
    if reference is None or reference.rate is None:
        return f"{strip.measure}: there is no reference to compare with"
    behind = [
        s
        for s in strip.strata
        if s.gap_points is not None and s.verdict(strip.higher_is_better) == Verdict.WORSE
    ]
    if not behind:
        compared = [s for s in strip.strata if s.gap_points is not None and not s.is_reference]
        if not compared:
            return (
                f"{strip.measure}: too few {strip.who} to compare any group with {reference.label}"
            )
        return f"{strip.measure}: no group is clearly behind {reference.label} {strip.who}"
    widest = max(behind, key=lambda s: abs(s.gap_points or 0))
    distance = widest.gap_text.lstrip(f"+{MINUS}")
    return (
        f"{strip.measure}: {widest.label} {strip.who} are {distance} points "
        f"behind {reference.label} {strip.who}"
    )


@drawn_once
def draw_gap_strip(
    strip: GapStrip,
    *,
    ident: str,
    finding: str = "",
    for_print: bool = False,
    legend: bool = True,
) -> Chart:
    """Draw a gap strip.

    ident: prefix of element ids, unique on the page. finding: title instead of the derived one.
    legend: without it the page says once, for all its strips, what the marks mean (`mark_key`).
    Strata without a number stand in words with their reason and have no mark.
    """
    reference = strip.reference
    compared = reference is not None or any(s.gap_points is not None for s in strip.strata)
    gap_to = f"; gap to {reference.label if reference else 'the reference'}" if compared else ""
    drawn = [s for s in strip.strata if s.rate is not None]
    values = [100 * v for s in drawn for v in (s.rate, s.lower, s.upper) if v is not None]
    rules: list[Rule] = []
    if reference is not None and reference.rate is not None:
        rules.append(Rule(100 * reference.rate))
    if strip.target is not None:
        values.append(100 * strip.target)
        rules.append(Rule(100 * strip.target, "grey"))
    scale = round_scale(values, floor=0, ceiling=100)

    def row(stratum: StratumRate) -> Row:
        if stratum.rate is None:
            note = stratum.absence.words if stratum.absence else ""
            return Row(stratum.label, ("", ""), f"{stratum.label}: {note}", note=note)
        verdict = stratum.verdict(strip.higher_is_better)
        rule = 100 * reference.rate if reference and reference.rate is not None else None

        def draw(drawing: Drawing, plot: Scale, middle: float) -> None:
            if rule is not None and verdict in (Verdict.BETTER, Verdict.WORSE):
                ends = sorted((plot(rule), plot(100 * (stratum.rate or 0))))
                drawing.bar(ends[0], middle - 6, ends[1] - ends[0], 12, MARKS[verdict][1], 0.14)
            draw_rate(drawing, plot, middle, stratum, verdict)

        gap = "reference" if stratum.is_reference else stratum.gap_text
        return Row(
            f"{stratum.label}{' *' if stratum.caution else ''}",
            (stratum.rate_text, gap),
            gap_tip(stratum),
            draw,
            strong=stratum.is_reference,
        )

    verdicts = {s.verdict(strip.higher_is_better) for s in drawn}
    keys = legend_keys(verdicts) if legend else []
    if strip.target is not None:
        keys.append(
            Key("line", "grey", False, f"{strip.target_label} {format_percent(strip.target, 0)}")
        )
    if legend and any(s.caution for s in drawn):
        keys.append(Key("circle", "grey", True, "* fewer than 30: read with caution"))
    finding = finding or gap_finding(strip)
    summary = gap_summary(strip)
    wide, narrow = draw_rows(
        rows=[row(s) for s in strip.strata],
        heads=("Rate", "Gap, points" if compared else ""),
        scale=scale,
        tick=lambda v: f"{v:g}%",
        direction=direction_text(strip.higher_is_better),
        keys=keys,
        rules=rules,
        ident=ident,
        title=finding,
        description=summary,
        for_print=for_print,
    )
    return Chart(
        finding=finding,
        subtitle=f"{strip.measure}, {strip.period}. Rate with 95% interval{gap_to}",
        summary=summary,
        wide=wide,
        narrow=narrow,
        columns=("Group", "Rate", "95% interval", "Counted", "Gap, points", "95% interval of gap"),
        rows=tuple(
            (
                s.label,
                s.rate_text,
                s.interval_text,
                s.count_text,
                "reference" if s.is_reference else s.gap_text,
                s.gap_interval_text,
            )
            for s in strip.strata
        ),
    )


def gap_summary(strip: GapStrip) -> str:
    """The strip in words: direction, reference, strata by what their gap says, then what is missing and why."""
    heads = {
        Verdict.REFERENCE: "Reference",
        Verdict.WORSE: "Worse",
        Verdict.BETTER: "Better",
        Verdict.UNCLEAR: "No clear difference",
        Verdict.NOT_COMPARED: "Not compared",
    }

    def piece(stratum: StratumRate) -> str:
        text = f"{stratum.label} {stratum.rate_text}"
        if stratum.count_text:
            text += f" ({stratum.count_text})"
        if stratum.gap_points is not None and not stratum.is_reference:
            text += f", {distance_text(stratum)}"
        return text

    sentences = ["Higher is better" if strip.higher_is_better else "Lower is better"]
    for verdict, head in heads.items():
        pieces = [
            piece(s)
            for s in strip.strata
            if s.rate is not None and s.verdict(strip.higher_is_better) == verdict
        ]
        if pieces:
            sentences.append(f"{head}: {'; '.join(pieces)}")
    for absence in Absence:
        labels = [s.label for s in strip.strata if s.absence == absence]
        if labels:
            sentences.append(f"{absence.words}: {', '.join(labels)}")
    return ". ".join(sentences) + "."


@drawn_once
def draw_gap_line(strip: GapStrip, *, ident: str, for_print: bool = False) -> str:
    """One line of SVG for a table row: all strata on one small axis, without axis labels.

    The row around it must name the measure and give the numbers; hidden strata are named in the
    description only.
    """
    reference = strip.reference
    drawn = [s for s in strip.strata if s.rate is not None]
    values = [100 * v for s in drawn for v in (s.rate, s.lower, s.upper) if v is not None]
    scale = round_scale(values, floor=0, ceiling=100)
    drawing = Drawing(
        240,
        34,
        ident=ident,
        title=gap_finding(strip),
        description=gap_summary(strip),
        palette=PRINT if for_print else SCREEN,
    )
    plot = scale.over(10, 230)
    drawing.line(4, 17, 236, 17, "axis")
    if reference is not None and reference.rate is not None:
        x = plot(100 * reference.rate)
        drawing.line(x, 5, x, 29, "ink", 1.4, dash="3 2")
    # The reference is drawn last so that nothing hides it.
    for stratum in sorted(drawn, key=lambda s: s.is_reference):
        verdict = stratum.verdict(strip.higher_is_better)
        shape, ink, hollow = MARKS[verdict]
        with drawing.group(gap_tip(stratum)):
            drawing.mark(shape, plot(100 * (stratum.rate or 0)), 17, ink, 5, hollow)
    return drawing.svg()
