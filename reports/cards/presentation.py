"""A card's content as the texts and positions that its web page and its PDF both show.

The page and the document say the same because both are filled from here. Nothing is worked out
anew: a number that the content does not hold cannot appear.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from reports.cards.findings import is_clear, reference_of
from reports.cards.imputed import present_imputed
from reports.dashboards.reliability import unreliable_words
from teams.formats import NO_NUMBER, format_count, format_percent, format_points

ABSENT_WORDS = {
    "protected": "Protected",
    "too_few": "Too few",
    "no_denominator": "None eligible",
}
_REMAINDER_WORDS = {
    "protected": "Protected",
    "too_few": "Too few to report",
    "no_denominator": "Nobody counted",
}
#: reading → the shape of its mark; the same shapes as in the charts of the pages.
_SHAPES = {"reference": "diamond", "behind": "down", "ahead": "up"}
READING_WORDS = {
    "reference": "Reference",
    "behind": "Behind",
    "ahead": "Ahead",
    "open": "No clear difference",
    "not_compared": "Not compared",
    "no_reference": "No reference",
    "protected": "Protected",
    "too_few": "Too few",
    "no_denominator": "None eligible",
}
#: Stands beside a rate that is unreliable; the words stand below it.
UNRELIABLE_SIGN = "†"
_SHORT_CATEGORY = {
    "other_direct": "From records",
    "source_unknown": "Source not stated",
    "declined": "No answer",
}
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip


def long_date(iso: str | None) -> str:
    """2024-12-31 → "December 31, 2024"; empty stays empty."""
    if not iso:
        return ""
    day = date.fromisoformat(iso)
    return f"{_MONTHS[day.month - 1]} {day.day}, {day.year}"


def present_card(
    content: Mapping[str, Any],
    *,
    state: str,
    published_on: str | None = None,
    sha256: str = "",
    notice: str = "",
) -> dict[str, Any]:
    """Texts and positions (0–1 on an axis) as JSON values.

    state: of the card. published_on: ISO day. notice: what happened since, as a sentence.
    """
    group = content["group"]
    period = content["period"]
    measures = [_measure(m) for m in content["measures"]]
    return {
        "title": group["name"] if group else "All provider groups together",
        "kind": content["kind"],
        "kicker": "Health equity report card" if group else "Public health equity report card",
        "programme": content["programme"],
        "payer": content["payer"],
        "source": content["source"]["name"],
        "period": period["label"],
        "period_text": _period_text(period),
        "state": state,
        "is_draft": state in ("draft", "reviewed", "withdrawn"),
        "published_text": f"Published {long_date(published_on)}"
        if published_on
        else "Not published",
        "notice": notice,
        "sha256": sha256,
        "as_of_text": long_date(content["basis"]["computed_on"]),
        "method_version": content["basis"]["method_version"],
        "data_version": str(content["basis"]["data_version"]),
        "counted": ", ".join(content["basis"].get("counted", ())),
        "reference_people": _reference_people(content),
        "reference_label": content["reference"]["label"] if content["reference"] else "",
        # Cards of before the programme could choose have the stratum that the definitions name.
        "reference_rule": content.get("reference_rule", ""),
        "set_name": content["stratum_set"]["name"] if content["stratum_set"] else "",
        "set_edition": content["stratum_set"]["edition"] if content["stratum_set"] else "",
        "set_note": content["stratum_set"]["note"] if content["stratum_set"] else "",
        "least_count": str(content["rules"]["least_count"]),
        # Cards of before say nothing of how uncertain a rate is.
        "unreliable_rule": content["rules"].get("unreliable", ""),
        "largest_hidden": str(content["rules"]["least_count"] - 1),
        "least_denominator": str(content["rules"]["least_denominator"]),
        "has_appendix": bool(content["appendix"]),
        "has_peers": any(row["peers"] for m in measures for row in m["rows"]),
        "findings": content["findings"],
        "commentary": [p.strip() for p in content["commentary"].split("\n") if p.strip()],
        "measures": measures,
        "domains": _by_domain(measures),
        "summary": _summary(content),
        "appendix": [_appendix(part) for part in content["appendix"]],
        "completeness": _completeness_rows(content["completeness"]),
        "imputed": present_imputed(content),
        "definitions": [_definition(m) for m in content["measures"]],
    }


def _reference_people(content: Mapping[str, Any]) -> str:
    """With whom the card compares, in the middle of a sentence."""
    reference = content["reference"]
    if reference is None:
        found = any(m["reference"] for m in content["measures"])
        return "the reference of each measure" if found else "a reference"
    return reference.get("people") or f"{reference['short_label']} patients"


def _period_text(period: Mapping[str, str]) -> str:
    if len(period["label"]) == 4:
        return f"Measurement year {period['label']}"
    return f"Twelve months to {long_date(period['ends_on'])}"


def _by_domain(measures: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    domains: list[dict[str, Any]] = []
    for measure in measures:
        if not domains or domains[-1]["name"] != measure["domain"]:
            domains.append({"name": measure["domain"], "measures": []})
        domains[-1]["measures"].append(measure)
    return domains


def _axis(figures: Iterable[Mapping[str, Any]]) -> tuple[float, float]:
    """Ends of a measure's axis as proportions: whole tens of percent around everything drawn."""
    ends = ("rate_lower", "rate_upper", "rate")  # a benchmark has no interval
    values = [v for f in figures for end in ends if (v := f.get(end)) is not None]
    if not values:
        return 0.0, 1.0
    low = int(min(values) * 10) / 10
    high = -(-max(values) // 0.1) / 10
    return max(0.0, low), min(1.0, max(high, low + 0.1))


def _measure(measure: Mapping[str, Any]) -> dict[str, Any]:
    drawn = [f for f in measure["figures"] if f["kind"] == "specified" and f["state"] == "shown"]
    reference = reference_of(measure)
    if reference is not None and reference["state"] != "shown":
        reference = None
    low, high = _axis([*drawn, *([reference] if reference and drawn else [])])

    def place(value: float) -> float:
        return round((value - low) / (high - low), 4)

    total = measure["total"]
    unit = "events" if measure["counting_unit"] == "event" else "patients"
    others = [f for f in measure["figures"] if f["kind"] in ("declined", "unknown")]
    return {
        "code": measure["code"],
        "name": measure["name"],
        "short_name": measure["short_name"],
        # A long name would push the rest of its line away.
        "heading": measure["name"] if len(measure["name"]) <= 46 else measure["short_name"],
        "domain": measure["domain"],
        "unit": unit,
        "direction": "Higher is better" if measure["higher_is_better"] else "Lower is better",
        "higher_is_better": measure["higher_is_better"],
        "axis": [format_percent(low, 0), format_percent(high, 0)],
        "reference_at": place(reference["rate"]) if reference else None,
        "total": _total_text(total, unit),
        "others": " · ".join(_other_text(f) for f in others),
        "rows": [_row(f, reference, place, measure) for f in drawn],
        "remainder": [
            *_remainder(measure["figures"]),
            *_unreliable(drawn),
            *_together(measure),
        ],
        "summary": _measure_summary(measure, drawn, reference),
    }


def _total_text(total: Mapping[str, Any] | None, unit: str) -> str:
    if total is None or total["state"] == "no_denominator":
        return "Nobody counted"
    if total["state"] != "shown":
        return ""
    return (
        f"Everyone {format_percent(total['rate'], total['decimals'])} of "
        f"{format_count(total['denominator'])} {unit}{_doubt(total)}"
    )


def _doubt(figure: Mapping[str, Any]) -> str:
    """To be put behind a rate in a line of text: ", unreliable: the exact 95% interval is 30 points wide or more"."""
    why = unreliable_words(figure.get("nchs_rule"))
    return f", unreliable: {why}" if why else ""


def _other_text(figure: Mapping[str, Any]) -> str:
    if figure["state"] != "shown":
        return f"{figure['label']}: {ABSENT_WORDS[figure['state']].lower()}"
    return (
        f"{figure['label']}: {format_percent(figure['rate'], figure['decimals'])} of "
        f"{format_count(figure['denominator'])}{_doubt(figure)}"
    )


def _row(
    figure: Mapping[str, Any],
    reference: Mapping[str, Any] | None,
    place: Any,
    measure: Mapping[str, Any],
) -> dict[str, Any]:
    digits = figure["decimals"]
    row: dict[str, Any] = {
        "stratum": figure["stratum"],
        "label": figure["short_label"],
        "long_label": figure["label"],
        "is_reference": figure["gap_state"] == "reference",
        "reading": READING_WORDS[figure["reading"]],
        "shape": _SHAPES.get(figure["reading"], "circle"),
        "clear": is_clear(figure),
        "unreliable": unreliable_words(figure.get("nchs_rule")),
        "count": format_count(figure["denominator"]),
        "rate": format_percent(figure["rate"], digits),
        "interval": (
            f"{format_percent(figure['rate_lower'], digits)[:-1]}–"
            f"{format_percent(figure['rate_upper'], digits)[:-1]}"
        ),
        "at": place(figure["rate"]),
        "from": place(figure["rate_lower"]),
        "to": place(figure["rate_upper"]),
        "gap": "",
        "gap_interval": "",
        "q": "",
        "to_parity": "",
        "peers": "",
        "trend": _trend(figure, measure),
        "trend_text": _trend_text(figure, measure),
    }
    if figure["gap_state"] == "shown":
        digits = min(digits, reference["decimals"]) if reference else digits
        row["gap"] = format_points(figure["gap_points"], digits)
        row["gap_interval"] = (
            f"{format_points(figure['gap_points_lower'], digits)} to "
            f"{format_points(figure['gap_points_upper'], digits)}"
        )
        row["q"] = "<0.001" if figure["q_value"] < 0.001 else f"{figure['q_value']:.3f}"
        row["to_parity"] = format_count(figure["patients_to_parity"])
    elif figure["gap_state"] == "reference":
        row["gap"] = "Reference"
    elif figure["gap_state"] in ("protected", "too_few", "no_reference"):
        row["gap"] = "No reference"
    peers = figure["peers"]
    if peers and peers["rate_percent"]:
        lower, median, upper = peers["rate_percent"]
        row["peers"] = f"{median} ({lower}–{upper})"
    return row


def _trend(figure: Mapping[str, Any], measure: Mapping[str, Any]) -> list[float | None]:
    """Rates of the stratum in earlier periods and now, None where hidden."""
    rates: list[float | None] = []
    for earlier in measure["trend"]:
        then = next((f for f in earlier["figures"] if f["stratum"] == figure["stratum"]), None)
        rates.append(then["rate"] if then and earlier["comparable"] else None)
    return [*rates, figure["rate"]]


def _trend_text(figure: Mapping[str, Any], measure: Mapping[str, Any]) -> str:
    """Earlier rates in words: "2022 63.1%, 2023 64.0%"."""
    parts = []
    for earlier in measure["trend"]:
        then = next((f for f in earlier["figures"] if f["stratum"] == figure["stratum"]), None)
        if then is None:
            continue
        text = (
            format_percent(then["rate"], then["decimals"])
            if then["state"] == "shown"
            else ABSENT_WORDS[then["state"]].lower()
        )
        unlike = "" if earlier["comparable"] else " (measured differently)"
        parts.append(f"{earlier['period']} {text}{unlike}")
    return ", ".join(parts)


def _remainder(figures: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Specified strata without numbers, by reason: nobody disappears without a word."""
    found = []
    for state, words in _REMAINDER_WORDS.items():
        labels = [
            f["short_label"] for f in figures if f["kind"] == "specified" and f["state"] == state
        ]
        if labels:
            found.append(
                {"state": state, "words": words, "labels": labels, "text": ", ".join(labels)}
            )
    return found


def _unreliable(drawn: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Rates that are shown and too uncertain to be read as numbers, by reason."""
    by_reason: dict[str, list[str]] = {}
    for figure in drawn:
        why = unreliable_words(figure.get("nchs_rule"))
        if why:
            by_reason.setdefault(why, []).append(figure["short_label"])
    return [
        {
            "state": "unreliable",
            "words": f"{UNRELIABLE_SIGN} Unreliable",
            "labels": labels,
            "text": f"{', '.join(labels)}: {why}",
        }
        for why, labels in by_reason.items()
    ]


def _together(measure: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Those without numbers as one group. Cards of before put nobody together."""
    found = measure.get("together")
    if not found:
        return []
    digits = found["decimals"]
    rate, low, high = (
        format_percent(found[name], digits) for name in ("rate", "rate_lower", "rate_upper")
    )
    text = f"{rate} ({low[:-1]}–{high[:-1]}) of {format_count(found['denominator'])}{_doubt(found)}"
    labels = ", ".join(found["labels"])
    return [
        {
            "state": "together",
            "words": "Put together",
            "labels": found["labels"],
            "text": f"{text}: {labels}",
        }
    ]


def _measure_summary(
    measure: Mapping[str, Any],
    drawn: Sequence[Mapping[str, Any]],
    reference: Mapping[str, Any] | None,
) -> str:
    """The strip in words, for readers who do not see it."""
    if not drawn:
        return f"{measure['name']}: no rate can be shown."
    parts = []
    for figure in drawn:
        text = f"{figure['short_label']} {format_percent(figure['rate'], figure['decimals'])}"
        if figure["gap_state"] == "shown" and reference is not None:
            text += f" ({READING_WORDS[figure['reading']].lower()})"
        elif figure["gap_state"] == "reference":
            text += " (reference)"
        if unreliable_words(figure.get("nchs_rule")):
            text += " (unreliable)"
        parts.append(text)
    better = "higher is better" if measure["higher_is_better"] else "lower is better"
    return f"{measure['name']}, {better}: {', '.join(parts)}."


def _summary(content: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Per stratum of the headline set: in how many measures it is behind, level, ahead, without number."""
    strata: dict[str, dict[str, Any]] = {}
    for measure in content["measures"]:
        for figure in measure["figures"]:
            if figure["kind"] != "specified":
                continue
            row = strata.setdefault(
                figure["stratum"],
                {"label": figure["short_label"], "behind": 0, "open": 0, "ahead": 0, "none": 0,
                 "is_reference": False, "to_parity": 0},
            )  # fmt: skip
            row["is_reference"] |= figure["stratum"] == measure["reference"]
            if figure["gap_state"] != "shown":
                row["none"] += 1
            elif not is_clear(figure):
                row["open"] += 1
            elif figure["reading"] == "behind":
                row["behind"] += 1
            else:
                row["ahead"] += 1
    rows = [row for row in strata.values() if not row["is_reference"]]
    return [
        {**row, "measures": len(content["measures"])}
        for row in rows
        if row["behind"] or row["open"] or row["ahead"]
    ]


def _appendix(part: Mapping[str, Any]) -> dict[str, Any]:
    """A matrix: measures down, strata across; each cell a rate with its count, or a sign for why not."""
    strata: dict[str, str] = {}
    for measure in part["measures"]:
        for figure in measure["figures"]:
            strata.setdefault(figure["stratum"], figure["short_label"])
    return {
        "name": part["stratum_set"]["name"],
        "edition": part["stratum_set"]["edition"],
        "strata": list(strata.values()),
        "rows": [
            {
                "code": measure["code"],
                "label": measure["short_name"],
                "direction": "Higher is better"
                if measure["higher_is_better"]
                else "Lower is better",
                "higher_is_better": measure["higher_is_better"],
                "cells": [
                    _cell(next((f for f in measure["figures"] if f["stratum"] == code), None))
                    for code in strata
                ],
            }
            for measure in part["measures"]
        ],
    }


def _cell(figure: Mapping[str, Any] | None) -> dict[str, str]:
    if figure is None:
        return {"state": "no_denominator", "rate": "", "count": "", "words": "None eligible",
                "unreliable": ""}  # fmt: skip
    if figure["state"] != "shown":
        return {
            "state": figure["state"],
            "rate": "",
            "count": "",
            "words": ABSENT_WORDS[figure["state"]],
            "unreliable": "",
        }
    return {
        "state": "shown",
        "rate": format_percent(figure["rate"], figure["decimals"])[:-1],
        "count": format_count(figure["denominator"]),
        "words": "",
        "unreliable": unreliable_words(figure.get("nchs_rule")),
    }


def _completeness_rows(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Without the categories that no field has."""
    used = {c["category"] for row in rows for c in row["categories"] if c["percent"]}
    return [
        _completeness(
            {**row, "categories": [c for c in row["categories"] if c["category"] in used]}
        )
        for row in rows
    ]


def _completeness(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "label": row["label"],
        "members": f"about {format_count(row['members_about'])} members",
        "parts": [
            {
                "category": c["category"].replace("_", "-"),
                "label": c["label"],
                "short_label": _SHORT_CATEGORY.get(c["category"], c["label"]),
                "percent": c["percent"],
                "text": f"{c['percent']}%",
            }
            for c in row["categories"]
        ],
    }


def _definition(measure: Mapping[str, Any]) -> dict[str, str]:
    target = "" if measure["target_rate"] is None else format_percent(measure["target_rate"], 0)
    benchmark = (
        "" if measure["benchmark_rate"] is None else format_percent(measure["benchmark_rate"], 0)
    )
    return {
        "code": measure["code"],
        "name": measure["name"],
        "short_name": measure["short_name"],
        "numerator": measure["numerator_meaning"],
        "denominator": measure["denominator_meaning"],
        "unit": "Events" if measure["counting_unit"] == "event" else "Persons",
        "direction": "Higher is better" if measure["higher_is_better"] else "Lower is better",
        "steward": measure["steward"],
        "target": target or NO_NUMBER,
        "benchmark": f"{benchmark} ({measure['benchmark_source']})" if benchmark else NO_NUMBER,
    }
