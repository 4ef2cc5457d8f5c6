"""Charts drawn by the server: value types in, SVG with words and a table out (`Chart`).

Screen colours follow the page's theme through classes; `for_print=True` draws for black ink.
"""

from reports.charts.completeness import draw_completeness
from reports.charts.funnel import FunnelPoint, GapFunnel, draw_gap_funnel, outside_of
from reports.charts.gap_strip import draw_gap_line, draw_gap_strip, mark_key
from reports.charts.matrix import GapMatrix, MatrixRow, draw_gap_matrix
from reports.charts.peers import draw_peer_band, peer_sentence
from reports.charts.sites import draw_site_gaps
from reports.charts.trend import draw_sparkline, draw_trend
from reports.charts.values import (
    Absence,
    Completeness,
    CompletenessRow,
    GapStrip,
    PeerComparison,
    PeerRow,
    SeriesBreak,
    SiteGaps,
    SitePair,
    StratumRate,
    Trend,
    TrendPoint,
    TrendSeries,
    Verdict,
)
from teams.drawing.chart import Chart

__all__ = [
    "Absence",
    "Chart",
    "Completeness",
    "CompletenessRow",
    "FunnelPoint",
    "GapFunnel",
    "GapMatrix",
    "GapStrip",
    "MatrixRow",
    "PeerComparison",
    "PeerRow",
    "SeriesBreak",
    "SiteGaps",
    "SitePair",
    "StratumRate",
    "Trend",
    "TrendPoint",
    "TrendSeries",
    "Verdict",
    "draw_completeness",
    "draw_gap_funnel",
    "draw_gap_line",
    "draw_gap_matrix",
    "draw_gap_strip",
    "draw_peer_band",
    "draw_site_gaps",
    "draw_sparkline",
    "draw_trend",
    "mark_key",
    "outside_of",
    "peer_sentence",
]
