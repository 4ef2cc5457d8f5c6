"""One figure as JSON: what report cards freeze and what the API answers. States are words.

Only figures made for readers outside the group come in here, so a number that is hidden is not in
the JSON at all. There is no NaN and no infinity: a ratio without an upper bound has null there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from measures.queries import Figure, PeerBand, SetResult
from measures.stats.states import CellState, GapState
from reports.dashboards.reliability import PRESENTATION_CODES, presentations_of
from reports.dashboards.wording import people_of, read_figure
from teams.enums import Audience

#: All kinds of privacy are one word: that a cell is complementary says that it is not small.
STATE_WORDS: dict[CellState, str] = {
    CellState.SHOWN: "shown",
    CellState.NO_DENOMINATOR: "no_denominator",
    CellState.PRIVACY_PRIMARY: "protected",
    CellState.PRIVACY_COMPLEMENTARY: "protected",
    CellState.TOO_FEW_GROUPS: "protected",
    CellState.SMALL_DENOMINATOR: "too_few",
}
GAP_STATE_WORDS: dict[GapState, str] = {
    GapState.SHOWN: "shown",
    GapState.IS_REFERENCE: "reference",
    GapState.NO_REFERENCE: "no_reference",
    GapState.NOT_COMPARED: "not_compared",
    GapState.HIDDEN: "protected",
    GapState.SMALL_DENOMINATOR: "too_few",
}


def _rounded(value: float | None, digits: int) -> float | None:
    # Adding 0.0 turns -0.0 into 0.0, which a JSON column would do too and so change the hash.
    return None if value is None else round(float(value), digits) + 0.0


def rule_content(result: SetResult) -> dict[str, Any]:
    """How the reference was chosen, as JSON values."""
    rule = result.rule
    return {
        "strategy": rule.strategy.value,
        "version": rule.version,
        "sentence": rule.sentence,
        "benchmark": None if rule.benchmark is None else float(rule.benchmark),
    }


@dataclass(frozen=True)
class ResultContent:
    """The figures of a result as dictionaries of JSON values: of everyone, and of the strata in their order."""

    total: dict[str, Any] | None
    figures: list[dict[str, Any]]


def result_content(
    result: SetResult, peers: Mapping[tuple[int, int], PeerBand] | None = None
) -> ResultContent:
    """Figures of a result as JSON values.

    Rates and shares are proportions 0–1 (six decimals), gaps percentage points (four), p and q six
    decimals. peers: keyed by (measure id, stratum id).
    Raises ValueError for figures that were made for the group itself.
    """
    if result.audience != Audience.OTHERS:
        raise ValueError("Only figures that everybody may see can be published.")
    all_figures = [*([result.total] if result.total else []), *result.figures]
    measure_id = result.definition.measure_id
    made = [
        _figure_content(
            figure,
            PRESENTATION_CODES[said],
            result,
            None if peers is None else peers.get((measure_id, figure.stratum.id)),
        )
        for figure, said in zip(all_figures, presentations_of(all_figures), strict=True)
    ]
    return ResultContent(made.pop(0) if result.total else None, made)


def _figure_content(
    figure: Figure, nchs_rule: str | None, result: SetResult, peer: PeerBand | None
) -> dict[str, Any]:
    stratum = figure.stratum
    return {
        "stratum": stratum.code,
        "label": stratum.label,
        "short_label": stratum.short_label,
        "people": people_of(stratum),
        "kind": stratum.kind.value,
        "state": STATE_WORDS[figure.state],
        "denominator": figure.denominator,
        "numerator": figure.numerator,
        "rate": _rounded(figure.rate, 6),
        "rate_lower": _rounded(figure.rate_lower, 6),
        "rate_upper": _rounded(figure.rate_upper, 6),
        "decimals": figure.decimals,
        "nchs_rule": nchs_rule,
        "self_reported_share": _rounded(figure.self_reported_share, 2),
        "indirect_share": _rounded(figure.indirect_share, 2),
        "gap_state": GAP_STATE_WORDS[figure.gap_state],
        "gap_points": _rounded(figure.gap_points, 4),
        "gap_points_lower": _rounded(figure.gap_points_lower, 4),
        "gap_points_upper": _rounded(figure.gap_points_upper, 4),
        "ratio": _rounded(figure.ratio, 4),
        "ratio_lower": _rounded(figure.ratio_lower, 4),
        "ratio_upper": _rounded(figure.ratio_upper, 4),
        "p_value": _rounded(figure.p_value, 6),
        "q_value": _rounded(figure.q_value, 6),
        "patients_to_parity": figure.patients_to_parity,
        "reading": read_figure(figure, higher_is_better=result.higher_is_better).value,
        "peers": None
        if peer is None or (peer.rate_percent is None and peer.gap_points is None)
        else {
            "count": peer.peer_count,
            "rate_percent": list(peer.rate_percent) if peer.rate_percent else None,
            "gap_points": list(peer.gap_points) if peer.gap_points else None,
        },
    }
