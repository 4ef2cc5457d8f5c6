"""Race where nobody asked, on a card: what is frozen, and the texts that its page, PDF and workbook show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from measures.queries import ImputedResult
from teams.formats import MINUS, NO_NUMBER

#: Columns of the workbook's sheet.
COLUMNS = (
    "measure", "group", "rate_low", "rate_high", "interval_lower", "interval_upper", "gap_low", "gap_high",
    "expected_people", "state", "known_directly", "imputed", "left_out",
)  # fmt: skip


def imputed_content(results: Sequence[ImputedResult]) -> list[dict[str, Any]]:
    """Measures with at least one rate, as readers outside the group may see them: whole percentages."""
    content = []
    for result in results:
        gaps = {gap.group: gap.range for gap in result.gaps}
        rates = []
        for rate in result.rates:
            one, gap = rate.range, gaps.get(rate.group)
            rates.append(
                {
                    "group": rate.group,
                    "label": rate.label,
                    "low": None if one is None else round(one.low, 2),
                    "high": None if one is None else round(one.high, 2),
                    "lower": None if one is None else round(one.lower, 2),
                    "upper": None if one is None else round(one.upper, 2),
                    "expected": None if one is None else round(one.expected),
                    "gap_low": None if gap is None else round(gap.low, 2),
                    "gap_high": None if gap is None else round(gap.high, 2),
                    "why_not": rate.why_not,
                }
            )
        if any(rate["low"] is not None for rate in rates):
            content.append(
                {
                    "code": result.definition.measure.code,
                    "short_name": result.definition.short_name,
                    "higher_is_better": result.definition.higher_is_better,
                    "direct_percent": round(100 * result.direct_share),
                    "imputed_percent": round(100 * result.imputed_share),
                    "left_out_percent": round(
                        100 * (result.no_estimate_share + result.declined_share)
                    ),
                    "rates": rates,
                    "tables": list(result.tables),
                }
            )
    return content


def present_imputed(content: Mapping[str, Any]) -> dict[str, Any]:
    """Texts: groups across, measures down. Cards of before have none."""
    measures = content.get("imputed", [])
    return {
        "groups": [rate["label"].split(",")[0] for rate in measures[0]["rates"]]
        if measures
        else [],
        "rows": [
            {
                "code": measure["code"],
                "label": measure["short_name"],
                "higher_is_better": measure["higher_is_better"],
                "basis": _basis(measure),
                "shares": f"{measure['direct_percent']} / {measure['imputed_percent']} /"
                f" {measure['left_out_percent']}",
                "cells": [_cell(rate) for rate in measure["rates"]],
            }
            for measure in measures
        ],
        "tables": ", ".join(measures[0]["tables"]) or "the sender’s own probabilities"
        if measures
        else "",
    }


def _basis(measure: Mapping[str, Any]) -> str:
    parts = [f"{measure['direct_percent']}% known", f"{measure['imputed_percent']}% imputed"]
    if measure["left_out_percent"]:
        parts.append(f"{measure['left_out_percent']}% left out")
    return ", ".join(parts)


def _cell(rate: Mapping[str, Any]) -> dict[str, str]:
    if rate["low"] is None:
        return {"rate": "", "interval": "", "gap": "", "words": _why(rate["why_not"])}
    return {
        "rate": _range(rate["low"], rate["high"]),
        "interval": _range(rate["lower"], rate["upper"]),
        "gap": "" if rate["gap_low"] is None else _signed_range(rate["gap_low"], rate["gap_high"]),
        "words": "",
    }


def _why(sentence: str) -> str:
    return "Protected" if sentence.startswith("Hidden") else "Too few"


def _range(low: float, high: float) -> str:
    first, last = f"{100 * low:.0f}", f"{100 * high:.0f}"
    return f"{first}%" if first == last else f"{first}{NO_NUMBER}{last}%"


def _signed_range(low: float, high: float) -> str:
    first, last = _signed(low), _signed(high)
    return first if first == last else f"{first} to {last}"


def _signed(points: float) -> str:
    whole = round(100 * points)
    return f"{MINUS}{-whole}" if whole < 0 else f"+{whole}" if whole else "0"


def imputed_rows(content: Mapping[str, Any]) -> list[list[Any]]:
    """Lines of the workbook's sheet, with the columns of `COLUMNS`. None: no number."""
    return [
        [
            measure["code"], rate["label"], rate["low"], rate["high"], rate["lower"], rate["upper"],
            rate["gap_low"], rate["gap_high"], rate["expected"],
            "shown" if rate["low"] is not None else _why(rate["why_not"]).lower(),
            measure["direct_percent"] / 100, measure["imputed_percent"] / 100,
            measure["left_out_percent"] / 100,
        ]
        for measure in content.get("imputed", [])
        for rate in measure["rates"]
    ]  # fmt: skip
