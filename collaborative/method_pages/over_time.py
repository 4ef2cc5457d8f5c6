"""Run charts and control charts."""

from __future__ import annotations

from collections.abc import Sequence

from collaborative.method_pages.page import MethodPage, percent, table
from measures.stats.spc import (
    RULE_SETS,
    ChartKind,
    DataKind,
    analyse,
    anhoej_limits,
    choose_chart,
    make_series,
    runs_limits,
)

_MET = [31, 28, 35, 30, 33, 29, 32, 34, 30, 31, 36, 29, 38, 40, 39, 42, 41, 44, 40, 43]
_SEEN = [52, 49, 55, 50, 53, 47, 51, 56, 50, 52, 57, 48, 54, 55, 53, 56, 54, 57, 52, 55]
_SERIES = make_series(DataKind.PROPORTION, _MET, _SEEN)
_NAMES = {
    ChartKind.RUN: "run chart",
    ChartKind.P: "P chart",
    ChartKind.P_PRIME: "P′ chart",
    ChartKind.I: "I chart",
}


def _run() -> Sequence[str]:
    chart = analyse(_SERIES, ChartKind.RUN, "run_ihi")
    (phase,) = chart.phases
    runs = phase.runs
    signals = "; ".join(dict.fromkeys(signal.name for signal in chart.signals))
    return [
        (
            f"Twenty months of a clinic, median {percent(phase.limits.centre)}. {runs.useful} points are not on the line; the "
            f"longest run has {runs.longest_run}, the line is crossed {runs.crossings} times. By chance a run of up to "
            f"{anhoej_limits(runs.useful).longest_run} and no fewer than {anhoej_limits(runs.useful).fewest_crossings} "
            f"crossings are no news; exact limits of the number of runs are "
            f"{runs_limits(runs.above, runs.useful - runs.above).fewest} to "
            f"{runs_limits(runs.above, runs.useful - runs.above).most}. Signals: {signals or 'none'}."
        )
    ]


def _control() -> Sequence[str]:
    rows = []
    for kind in (ChartKind.P, ChartKind.P_PRIME, ChartKind.I):
        phase = analyse(_SERIES, kind, "nelson").phases[0]
        limits = phase.limits
        rows.append(
            (
                _NAMES[kind],
                percent(limits.centre),
                f"{percent(limits.lower[0])} to {percent(limits.upper[0])}",
                str(len(phase.beyond)),
            )
        )
    chosen = choose_chart(_SERIES)
    return [
        *table(("chart", "centre", "limits of the first month", "points beyond"), rows),
        "",
        f"For these data the {_NAMES[chosen.kind]} is chosen, read by “{RULE_SETS[chosen.rule_set].name}”.",
    ]


PAGES = (
    MethodPage(
        "run-chart",
        "Run chart",
        "Points in order about their median: what chance alone would hardly make is a signal that something changed. It "
        "needs no assumption about how the data are distributed.",
        (
            "run: a stretch of points on one side of the line; points on the line are left out before counting",
            "shift: 6 or more in a row on one side;  trend: 5 or more in a row up, or down",
            "number of runs: exact, given how many points lie above and below (Wald-Wolfowitz), 2.5 % on each side",
            "longest run: round(log2 n) + 3 at most;  crossings: 5 % point of Binomial(n - 1, ½) at least   (Anhøj)",
        ),
        (
            "Rules are silent until there are 10 points.",
            "A signal says that something changed, not what, and not whether it was a test that did it.",
            "Each phase is read by itself; no run crosses its border.",
        ),
        (
            "Perla, Provost & Murray (2011), BMJ Quality & Safety 20:46-51",
            "Anhøj & Olesen (2014), PLOS ONE 9(11):e113825",
            "Wald & Wolfowitz (1940), Annals of Mathematical Statistics 11:147-162",
        ),
        ("spc.analyse", "spc.runs_limits", "spc.anhoej_limits", "spc.runs_cdf"),
        _run,
    ),
    MethodPage(
        "control-chart",
        "Control charts",
        "The same with limits: how far a point may lie from the centre by chance alone.",
        (
            "P: p̄ ± 3 √(p̄q̄/n)      U: ū ± 3 √(ū/n)      C: c̄ ± 3 √c̄",
            "I: mean ± 3 (mean moving range / 1.128);  moving ranges above 3.267 times their mean are left out of it",
            "P′, U′: limits of P or U times σz, the spread of the standardised points by their moving ranges",
        ),
        (
            "Limits stand from 12 points on as trial limits, from 20 on for good.",
            "P′ and U′ are chosen where points lie more than 1.2 times as wide as chance makes them, as with very many people.",
            "Limits never pass 0 or 100 percent.",
        ),
        (
            "Provost & Murray (2011), The Health Care Data Guide",
            "Laney (2002), Quality Engineering 14:531-537 (P′ and U′)",
        ),
        ("spc.analyse", "spc.compute_limits", "spc.choose_chart", "spc.moving_range_chart"),
        _control,
    ),
)
