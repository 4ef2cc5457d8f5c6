"""A card's numbers as one long table: what the CSV file and the workbook's figures hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Column:
    """name: in a row and at the head of the files; kind: text, count, rate (0–1), points or ratio."""

    name: str
    kind: str
    meaning: str


COLUMNS: tuple[Column, ...] = (
    Column("team_code", "text", "Code of the provider group; empty for all groups together."),
    Column("team", "text", "Name of the provider group."),
    Column("period", "text", "Measurement year, or the month in which twelve months end."),
    Column("measure", "text", "Code of the measure."),
    Column("measure_name", "text", "Name of the measure."),
    Column("direction", "text", "higher or lower: which rate is better."),
    Column("stratum_set", "text", "How people are grouped: combined, race, ethnicity; all for everyone."),
    Column("stratum", "text", "Code of the group of people."),
    Column("stratum_label", "text", "The group of people in words."),
    Column("state", "text", "shown; protected (privacy); too_few (fewer than 30); no_denominator (nobody eligible). Only shown rows have numbers."),
    Column("denominator", "count", "How many count."),
    Column("numerator", "count", "How many of them have the result that the measure asks for."),
    Column("rate", "rate", "numerator / denominator, 0 to 1."),
    Column("rate_lower", "rate", "Lower end of the 95% interval (Wilson)."),
    Column("rate_upper", "rate", "Upper end of the 95% interval (Wilson)."),
    Column("nchs_rule", "text", "What the NCHS presentation standards say of a shown rate: present; wide (interval 30 points wide or more) and wide_for_its_size (wide beside so small a rate) are unreliable; review_end (0 or 100 percent was seen). Empty: no rate to judge."),
    Column("self_reported_share", "rate", "Share of the denominator that told the answer themselves, to 0.05."),
    Column("indirect_share", "rate", "Share of the denominator whose answer was imputed, to 0.05."),
    Column("reference", "text", "Code of the group of people that is compared with."),
    Column("gap_state", "text", "shown; reference; protected; too_few; not_compared; no_reference."),
    Column("gap_points", "points", "Rate minus the reference's rate, in percentage points."),
    Column("gap_points_lower", "points", "Lower end of the 95% interval (Newcombe)."),
    Column("gap_points_upper", "points", "Upper end of the 95% interval (Newcombe)."),
    Column("ratio", "ratio", "Rate divided by the reference's rate."),
    Column("ratio_lower", "ratio", "Lower end of the 95% interval (MOVER-Wilson)."),
    Column("ratio_upper", "ratio", "Upper end of the 95% interval; empty beside a ratio: no upper end."),
    Column("p_value", "ratio", "Two-sided test of no gap."),
    Column("q_value", "ratio", "p after allowing for all comparisons of the card (Benjamini-Hochberg)."),
    Column("patients_to_parity", "count", "More (where lower is better: fewer) in the numerator to reach the reference's rate."),
    Column("peer_count", "count", "Other groups with a rate that may be shown."),
    Column("peer_rate_lower_quartile", "count", "Lower quartile of their rates, whole percent."),
    Column("peer_rate_median", "count", "Median of their rates, whole percent."),
    Column("peer_rate_upper_quartile", "count", "Upper quartile of their rates, whole percent."),
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
    row = {column.name: figure.get(column.name) for column in COLUMNS}
    return row | {
        "team_code": group["code"],
        "team": group["name"],
        "period": content["period"]["label"],
        "measure": measure["code"],
        "measure_name": measure["name"],
        "direction": "higher" if measure["higher_is_better"] else "lower",
        "stratum_set": set_code,
        "stratum_label": label,
        "state": figure["state"],
        "gap_state": figure.get("gap_state", "not_compared"),
        "reference": None if set_code == "all" else measure["reference"],
        "peer_count": peers.get("count") if peers.get("rate_percent") else None,
        "peer_rate_lower_quartile": rates[0],
        "peer_rate_median": rates[1],
        "peer_rate_upper_quartile": rates[2],
    }
