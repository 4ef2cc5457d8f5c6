"""Run charts and control charts: which one, its lines, its signals, and what they mean.

Source: Provost & Murray (2011), The Health Care Data Guide; the sources of single methods stand with them.
"""

from measures.stats.spc.charts import (
    ControlChart,
    MovingRanges,
    PhaseResult,
    RunsCount,
    Stage,
    analyse,
    moving_range_chart,
)
from measures.stats.spc.choice import ChartWarning, Choice, choose_chart, has_few_events
from measures.stats.spc.judgement import (
    Assurance,
    Glyph,
    PhaseOffer,
    assure,
    is_favourable,
    list_glyphs,
    offer_phase,
)
from measures.stats.spc.limits import Limits, compute_limits
from measures.stats.spc.rules import RULE_SETS, Direction, Rule, RuleSet, Signal
from measures.stats.spc.runs import (
    AnhoejLimits,
    RunsLimits,
    anhoej_limits,
    runs_cdf,
    runs_limits,
)
from measures.stats.spc.series import ChartKind, DataKind, Phase, Series, make_series

__all__ = [
    "RULE_SETS",
    "AnhoejLimits",
    "Assurance",
    "ChartKind",
    "ChartWarning",
    "Choice",
    "ControlChart",
    "DataKind",
    "Direction",
    "Glyph",
    "Limits",
    "MovingRanges",
    "Phase",
    "PhaseOffer",
    "PhaseResult",
    "Rule",
    "RuleSet",
    "RunsCount",
    "RunsLimits",
    "Series",
    "Signal",
    "Stage",
    "analyse",
    "anhoej_limits",
    "assure",
    "choose_chart",
    "compute_limits",
    "has_few_events",
    "is_favourable",
    "list_glyphs",
    "make_series",
    "moving_range_chart",
    "offer_phase",
    "runs_cdf",
    "runs_limits",
]
