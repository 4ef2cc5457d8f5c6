"""A card's numbers as one long table: what the CSV file and the workbook's figures hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

STATE_LABELS = {
    "shown": "shown",
    "no_denominator": "none eligible",
    "protected": "protected",
    "too_few": "too few",
}
GAP_STATE_LABELS = {
    "shown": "shown",
    "reference": "is the reference",
    "no_reference": "no reference",
    "not_compared": "not compared",
    "protected": "protected",
    "too_few": "too few",
}


@dataclass(frozen=True)
class Column:
    """key: in a row; head: in the files; kind: text, count, rate (0–1), points or ratio; meaning: in words."""

    key: str
    head: str
    kind: str
    meaning: str


COLUMNS: tuple[Column, ...] = (
    Column("group_code", "group_code", "text", "Code of the provider group; empty for all groups together."),
    Column("group_name", "group_name", "text", "Name of the provider group."),
    Column("period", "period", "text", "Measurement year, or the month in which twelve months end."),
    Column("measure", "measure", "text", "Code of the measure."),
    Column("measure_name", "measure_name", "text", "Name of the measure."),
    Column("direction", "direction", "text", "higher or lower: which rate is better."),
    Column("stratum_set", "stratum_set", "text", "How people are grouped: combined, race, ethnicity; all for everyone."),
    Column("stratum", "stratum", "text", "Code of the group of people."),
    Column("label", "stratum_label", "text", "The group of people in words."),
    Column("state", "state", "text", "shown; protected (privacy); too few (fewer than 30); none eligible. Only shown rows have numbers."),
    Column("denominator", "denominator", "count", "How many count."),
    Column("numerator", "numerator", "count", "How many of them have the result that the measure asks for."),
    Column("rate", "rate", "rate", "numerator / denominator, 0 to 1."),
    Column("rate_lower", "rate_lower", "rate", "Lower end of the 95% interval (Wilson)."),
    Column("rate_upper", "rate_upper", "rate", "Upper end of the 95% interval (Wilson)."),
    Column("self_reported_share", "self_reported_share", "rate", "Share of the denominator that told the answer themselves, to 0.05."),
    Column("indirect_share", "imputed_share", "rate", "Share of the denominator whose answer was imputed, to 0.05."),
    Column("reference", "reference", "text", "Code of the group of people that is compared with."),
    Column("gap_state", "gap_state", "text", "shown; is the reference; protected; too few; not compared; no reference."),
    Column("gap_points", "gap_points", "points", "Rate minus the reference's rate, in percentage points."),
    Column("gap_points_lower", "gap_points_lower", "points", "Lower end of the 95% interval (Newcombe)."),
    Column("gap_points_upper", "gap_points_upper", "points", "Upper end of the 95% interval (Newcombe)."),
    Column("ratio", "ratio", "ratio", "Rate divided by the reference's rate."),
    Column("ratio_lower", "ratio_lower", "ratio", "Lower end of the 95% interval (MOVER-Wilson)."),
    Column("ratio_upper", "ratio_upper", "ratio", "Upper end of the 95% interval; empty beside a ratio: no upper end."),
    Column("p_value", "p_value", "ratio", "Two-sided test of no gap."),
    Column("q_value", "q_value", "ratio", "p after allowing for all comparisons of the card (Benjamini-Hochberg)."),
    Column("patients_to_parity", "to_parity", "count", "More (where lower is better: fewer) in the numerator to reach the reference's rate."),
    Column("peer_count", "peer_count", "count", "Other groups with a rate that may be shown."),
    Column("peer_lower", "peer_rate_lower_quartile_percent", "count", "Lower quartile of their rates, whole percent."),
    Column("peer_median", "peer_rate_median_percent", "count", "Median of their rates, whole percent."),
    Column("peer_upper", "peer_rate_upper_quartile_percent", "count", "Upper quartile of their rates, whole percent."),
)  # fmt: skip


def list_rows(content: Mapping[str, Any]) -> list[dict[str, Any]]:
    """One row for each figure of the card: everyone first, then the headline set, then the other sets.

    Earlier periods of the headline set follow with their rates only.
    """
    rows: list[dict[str, Any]] = []
    sets = content["stratum_set"]
    for measure in content["measures"]:
        if measure["total"]:
            rows.append(_row(content, measure, "all", measure["total"]))
        for figure in measure["figures"]:
            rows.append(_row(content, measure, sets["code"], figure))
    by_code = {m["code"]: m for m in content["measures"]}
    for part in content["appendix"]:
        for short in part["measures"]:
            measure = {**by_code.get(short["code"], {"name": short["short_name"]}), **short}
            for figure in short["figures"]:
                rows.append(_row(content, measure, part["stratum_set"]["code"], figure))
    for measure in content["measures"]:
        for earlier in measure["trend"]:
            for figure in earlier["figures"]:
                row = _row(content, measure, sets["code"], figure)
                rows.append({**row, "period": earlier["period"], "reference": None})
    return rows


def _row(
    content: Mapping[str, Any], measure: Mapping[str, Any], set_code: str, figure: Mapping[str, Any]
) -> dict[str, Any]:
    group = content["group"] or {"code": "", "name": "All provider groups"}
    peers = figure.get("peers") or {}
    rates = peers.get("rate_percent") or (None, None, None)
    label = figure.get("label") or next(
        f["label"] for f in measure["figures"] if f["stratum"] == figure["stratum"]
    )
    row = {column.key: figure.get(column.key) for column in COLUMNS}
    return row | {
        "group_code": group["code"],
        "group_name": group["name"],
        "period": content["period"]["label"],
        "measure": measure["code"],
        "measure_name": measure["name"],
        "direction": "higher" if measure["higher_is_better"] else "lower",
        "stratum_set": set_code,
        "label": label,
        "state": STATE_LABELS[figure["state"]],
        "gap_state": GAP_STATE_LABELS.get(figure.get("gap_state", ""), "not compared"),
        "reference": None if set_code == "all" else measure["reference"],
        "peer_count": peers.get("count") if peers.get("rate_percent") else None,
        "peer_lower": rates[0],
        "peer_median": rates[1],
        "peer_upper": rates[2],
    }
