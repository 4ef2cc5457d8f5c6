"""Where the gap sits: for every site the stratum in focus and the reference, joined by the gap."""

from __future__ import annotations

from reports.charts.gap_strip import MARKS, direction_text, draw_rate, legend_keys
from reports.charts.rows import Key, Row, draw_rows
from reports.charts.values import SiteGaps, SitePair, StratumRate, Verdict
from teams.drawing.chart import Chart, drawn_once
from teams.drawing.scale import Scale, round_scale
from teams.drawing.svg import Drawing


@drawn_once
def draw_site_gaps(
    gaps: SiteGaps, *, ident: str, finding: str = "", for_print: bool = False
) -> Chart:
    """Draw one row per site, in the order given (by name: sites are not ranked)."""
    rates = [r for pair in gaps.sites for r in (pair.focus, pair.reference)]
    values = [100 * v for r in rates for v in (r.rate, r.lower, r.upper) if v is not None]
    scale = round_scale(values, floor=0, ceiling=100)

    def sentence(pair: SitePair) -> str:
        def one(rate: StratumRate, name: str) -> str:
            counted = f" ({rate.count_text})" if rate.count_text else ""
            return f"{name} {rate.rate_text}{counted}"

        text = (
            f"{pair.label}: {one(pair.focus, gaps.stratum)}, {one(pair.reference, gaps.reference)}"
        )
        if pair.focus.gap_points is not None:
            text += f", gap {pair.focus.gap_text} points"
        return text

    def row(pair: SitePair) -> Row:
        verdict = pair.focus.verdict(gaps.higher_is_better)

        def draw(drawing: Drawing, plot: Scale, middle: float) -> None:
            if pair.focus.rate is not None and pair.reference.rate is not None:
                ends = sorted((plot(100 * pair.focus.rate), plot(100 * pair.reference.rate)))
                drawing.bar(ends[0], middle - 5, ends[1] - ends[0], 10, MARKS[verdict][1], 0.18)
            if pair.reference.rate is not None:
                drawing.mark("diamond", plot(100 * pair.reference.rate), middle, "ink", 5.4)
            if pair.focus.rate is not None:
                draw_rate(drawing, plot, middle, pair.focus, verdict)

        note = ""
        if pair.focus.rate is None and pair.reference.rate is None:
            note = pair.focus.absence.words if pair.focus.absence else ""
        focus = pair.focus.rate_text if pair.focus.rate is not None else "–"
        return Row(
            pair.label,
            (focus, pair.focus.gap_text or "–"),
            sentence(pair),
            None if note else draw,
            note,
        )

    verdicts = {
        p.focus.verdict(gaps.higher_is_better) for p in gaps.sites if p.focus.rate is not None
    }
    finding = finding or f"{gaps.measure}: {gaps.stratum} and {gaps.reference} at each site"
    better = "Higher is better." if gaps.higher_is_better else "Lower is better."
    summary = f"{better} {'. '.join(sentence(p) for p in gaps.sites)}."
    keys = [
        Key("diamond", "ink", False, gaps.reference),
        *legend_keys(verdicts - {Verdict.REFERENCE}),
    ]
    if any(p.focus.caution and p.focus.rate is not None for p in gaps.sites):
        keys.append(Key("circle", "grey", True, "fewer than 30: read with caution"))
    wide, narrow = draw_rows(
        rows=[row(p) for p in gaps.sites],
        heads=(gaps.stratum, "Gap, points"),
        scale=scale,
        tick=lambda v: f"{v:g}%",
        direction=direction_text(gaps.higher_is_better),
        keys=keys,
        rules=[],
        ident=ident,
        title=finding,
        description=summary,
        for_print=for_print,
    )
    return Chart(
        finding=finding,
        subtitle=f"{gaps.measure}, {gaps.period}. Each site with its own {gaps.reference} rate",
        summary=summary,
        wide=wide,
        narrow=narrow,
        columns=("Site", gaps.stratum, "Counted", gaps.reference, "Counted", "Gap, points"),
        rows=tuple(
            (
                p.label,
                p.focus.rate_text,
                p.focus.count_text,
                p.reference.rate_text,
                p.reference.count_text,
                p.focus.gap_text,
            )
            for p in gaps.sites
        ),
    )
