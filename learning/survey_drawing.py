"""Small figures of survey results, drawn by the server as SVG. PURE. Numbers stand beside them as text."""

from __future__ import annotations

from html import escape

from django.utils.safestring import SafeString, mark_safe

from learning.enums import QuestionKind
from learning.queries.surveys import Trend
from learning.survey_results import TOP, QuestionResult, ScaleSummary

_WIDTH = 320


def _x(value: float) -> float:
    """Place of a mean from 1 to 5 on a line with a margin."""
    return round(10 + (value - 1) / (TOP - 1) * (_WIDTH - 20), 1)


def _svg(height: int, body: str, label: str, *, stretch: bool = False) -> SafeString:
    """stretch: the figure takes any height, so that its rows stay beside lines of text."""
    ratio = ' preserveAspectRatio="none"' if stretch else ""
    # Every text in it is escaped above; numbers are our own.
    return mark_safe(
        f'<svg class="survey-mark" viewBox="0 0 {_WIDTH} {height}"{ratio} role="img" aria-label="{escape(label)}">{body}</svg>'
    )


def _axis(y: float) -> str:
    ticks = "".join(
        f'<line class="mark-tick" x1="{_x(n)}" x2="{_x(n)}" y1="{y - 3}" y2="{y + 3}"/>'
        for n in range(1, TOP + 1)
    )
    return f'<line class="mark-axis" x1="{_x(1)}" x2="{_x(TOP)}" y1="{y}" y2="{y}"/>{ticks}'


def _point(scale: ScaleSummary, y: float) -> str:
    if scale.mean is None:
        return ""
    whisker = ""
    if scale.mean_lower is not None and scale.mean_upper is not None:
        lower, upper = _x(scale.mean_lower), _x(scale.mean_upper)
        whisker = f'<line class="mark-whisker" x1="{lower}" x2="{upper}" y1="{y}" y2="{y}"/>'
    return f'{whisker}<circle class="mark-point" cx="{_x(scale.mean)}" cy="{y}" r="5"/>'


def mean_words(scale: ScaleSummary) -> str:
    """ "3.8 (3.4 to 4.2)" of a mean that may be shown."""
    if scale.mean is None:
        return "too few answers"
    if scale.mean_lower is None or scale.mean_upper is None:
        return f"{scale.mean:.1f}"
    return f"{scale.mean:.1f} ({scale.mean_lower:.1f} to {scale.mean_upper:.1f})"


def draw_mean(scale: ScaleSummary) -> SafeString:
    """A mean with its interval on a line from 1 to 5."""
    return _svg(
        20, _axis(10) + _point(scale, 10), f"Mean {mean_words(scale)} on a scale from 1 to 5"
    )


def draw_distribution(result: QuestionResult) -> SafeString | str:
    """Bars of a scale, one under the other; empty where nothing may be shown, or for own words."""
    if not result.shares or result.kind == QuestionKind.TEXT:
        return ""
    rows = []
    for place, share in enumerate(result.shares):
        y = 4 + 22 * place
        width = round(share.share * (_WIDTH - 4), 1)
        rows.append(
            f'<rect class="bar-ground" x="2" y="{y}" width="{_WIDTH - 4}" height="14" rx="2"/>'
            f'<rect class="bar-share" x="2" y="{y}" width="{width}" height="14" rx="2"/>'
        )
    words = ", ".join(f"{share.label}: {share.count}" for share in result.shares)
    return _svg(22 * len(result.shares), "".join(rows), f"{result.text} {words}", stretch=True)


def draw_trend(trend: Trend) -> SafeString:
    """Means of one question over surveys, the earliest on top, joined by a line."""
    height = 26 * len(trend.points)
    places = [
        (_x(point.scale.mean), 13 + 26 * n)
        for n, point in enumerate(trend.points)
        if point.scale.mean is not None
    ]
    path = " ".join(f"{x},{y}" for x, y in places)
    body = f'<polyline class="mark-path" points="{path}"/>'
    for n, point in enumerate(trend.points):
        body += _axis(13 + 26 * n) + _point(point.scale, 13 + 26 * n)
    words = "; ".join(f"{p.survey.title}: {mean_words(p.scale)}" for p in trend.points)
    return _svg(height, body, words)
