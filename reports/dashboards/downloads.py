"""Results as rows of a CSV file: exactly what the page's reader may see, and nothing beyond it.

The columns are a contract, described in docs/export-columns.md. A number that the reader may not see
is an empty field, and `state` or `gap_state` says why; an empty field is never a zero.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from measures.queries import CompletenessRow, Figure, SetResult
from measures.stats.presentation import Presentation
from reports.cards.figures import GAP_STATE_WORDS, STATE_WORDS
from reports.dashboards.reliability import PRESENTATION_CODES, presentations_of

FIGURE_COLUMNS = (
    "source",
    "period",
    "unit",
    "team_code",
    "team",
    "site_code",
    "site",
    "line_of_business",
    "measure",
    "measure_name",
    "direction",
    "counting_unit",
    "stratum_set",
    "stratum",
    "stratum_label",
    "stratum_kind",
    "state",
    "caution",
    "denominator",
    "numerator",
    "rate",
    "rate_lower",
    "rate_upper",
    "nchs_rule",
    "reference",
    "reference_rule",
    "reference_version",
    "gap_state",
    "gap_points",
    "gap_points_lower",
    "gap_points_upper",
    "ratio",
    "ratio_lower",
    "ratio_upper",
    "p_value",
    "q_value",
    "patients_to_parity",
    "self_reported_share",
    "indirect_share",
    "audience",
    "computed_at",
    "method_version",
    "data_version",
)

COMPLETENESS_COLUMNS = (
    "period",
    "team_code",
    "team",
    "site_code",
    "site",
    "field",
    "category",
    "members",
    "share",
    "rounded",
)


def _number(value: float | None, digits: int) -> object:
    return "" if value is None else round(float(value), digits) + 0.0


def _count(value: int | None) -> object:
    return "" if value is None else value


def figure_lines(results: Iterable[SetResult]) -> Iterator[tuple[object, ...]]:
    """One row a stratum, the total first, in the order of FIGURE_COLUMNS."""
    for result in results:
        figures = [result.total] if result.total else []
        figures += result.figures
        for figure, said in zip(figures, presentations_of(figures), strict=True):
            yield _line(figure, said, result)


def _line(figure: Figure, said: Presentation, result: SetResult) -> tuple[object, ...]:
    unit, definition = result.unit, result.definition
    if unit.is_site:
        kind = "site"
    elif unit.team is None:
        kind = "programme"
    else:
        kind = "team"
    return (
        result.source.code,
        result.period.label,
        kind,
        unit.team.code if unit.team else "",
        unit.team.name if unit.team else "",
        unit.site.code if unit.site else "",
        unit.name if unit.is_site else "",
        "all" if unit.line_of_business is None else unit.line_of_business.name.lower(),
        definition.measure.code,
        definition.name,
        definition.direction,
        definition.counting_unit,
        figure.stratum.set_code,
        figure.stratum.code,
        figure.stratum.label,
        figure.stratum.kind.value,
        STATE_WORDS[figure.state],
        "yes" if figure.caution else "no",
        _count(figure.denominator),
        _count(figure.numerator),
        _number(figure.rate, 6),
        _number(figure.rate_lower, 6),
        _number(figure.rate_upper, 6),
        PRESENTATION_CODES[said] or "",
        result.reference.code if result.reference else "",
        result.rule.sentence,
        result.rule.version,
        GAP_STATE_WORDS[figure.gap_state],
        _number(figure.gap_points, 4),
        _number(figure.gap_points_lower, 4),
        _number(figure.gap_points_upper, 4),
        _number(figure.ratio, 4),
        _number(figure.ratio_lower, 4),
        _number(figure.ratio_upper, 4),
        _number(figure.p_value, 6),
        _number(figure.q_value, 6),
        _count(figure.patients_to_parity),
        _number(figure.self_reported_share, 2),
        _number(figure.indirect_share, 2),
        result.audience.value,
        result.computed_at.isoformat(timespec="seconds"),
        result.method_version,
        result.data_version,
    )


def completeness_lines(rows: Iterable[CompletenessRow]) -> Iterator[tuple[object, ...]]:
    """One row a category that somebody is in, in the order of COMPLETENESS_COLUMNS."""
    for row in rows:
        for category, members in row.counts.items():
            yield (
                row.period.label,
                row.team.code,
                row.team.name,
                row.site.code if row.site else "",
                row.site.name if row.site else "",
                row.field.value,
                category.value,
                members,
                _number(row.share(category), 4),
                "yes" if row.rounded else "no",
            )
