"""A card as a web page: the presentation with charts drawn for the screen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from reports.cards.presentation import UNRELIABLE_SIGN
from reports.cards.wording import how_to_read, methods, purpose
from reports.charts import (
    Absence,
    Chart,
    Completeness,
    CompletenessRow,
    GapStrip,
    StratumRate,
    draw_completeness,
    draw_gap_strip,
    mark_key,
)
from reports.dashboards.reliability import unreliable_words

_ABSENCES = {
    "protected": Absence.SUPPRESSED,
    "too_few": Absence.TOO_FEW,
    "no_denominator": Absence.NO_DENOMINATOR,
}


COLUMNS = (
    "Group", "Rate", "95% interval, %", "Counted", "Gap, points", "95% interval of gap", "q",
    "To parity", "Peers, % (quartiles)", "Earlier",
)  # fmt: skip


@dataclass(frozen=True)
class MeasureBlock:
    """One measure on the page: its texts, and its strip with the whole row of numbers as data table."""

    code: str
    title: str
    direction: str
    total: str
    others: str
    chart: Chart | None
    remainder: list[dict[str, Any]]
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    definition: dict[str, str]


@dataclass(frozen=True)
class CardPage:
    card: Mapping[str, Any]
    purpose: str
    domains: list[dict[str, Any]]
    completeness: Chart | None
    mark_key: tuple[tuple[str, str], ...]
    how_to_read: list[dict[str, str]]
    methods: list[dict[str, str]]


def build_page(content: Mapping[str, Any], card: Mapping[str, Any]) -> CardPage:
    """content: of the card; card: the same content as `present_card` gives it."""
    measures = {m["code"]: m for m in content["measures"]}
    definitions = {d["code"]: d for d in card["definitions"]}
    return CardPage(
        card=card,
        purpose=purpose(card),
        domains=[
            {
                "name": domain["name"],
                "blocks": [
                    _block(measures[m["code"]], m, content, definitions[m["code"]])
                    for m in domain["measures"]
                ],
            }
            for domain in card["domains"]
        ],
        completeness=_completeness(content),
        mark_key=mark_key(),
        how_to_read=how_to_read(card),
        methods=methods(card),
    )


def _block(
    measure: Mapping[str, Any],
    shown: Mapping[str, Any],
    content: Mapping[str, Any],
    definition: dict[str, str],
) -> MeasureBlock:
    drawn = tuple(
        _stratum(f)
        for f in measure["figures"]
        if f["kind"] == "specified" and f["state"] == "shown"
    )
    strip = GapStrip(
        measure=measure["name"],
        period=content["period"]["label"],
        higher_is_better=measure["higher_is_better"],
        strata=drawn,
        who=shown["unit"],
    )
    rows = {row["stratum"]: row for row in shown["rows"]}
    return MeasureBlock(
        code=measure["code"],
        title=measure["name"],
        direction=shown["direction"],
        total=shown["total"],
        others=shown["others"],
        chart=draw_gap_strip(
            strip, ident=f"strip-{_ident(measure['code'])}", finding=shown["summary"], legend=False
        )
        if drawn
        else None,
        remainder=shown["remainder"],
        columns=COLUMNS,
        rows=tuple(_table_row(f, rows.get(f["stratum"])) for f in measure["figures"]),
        definition=definition,
    )


def _ident(code: str) -> str:
    return "".join(c if c.isalnum() else "-" for c in code.lower())


def _stratum(figure: Mapping[str, Any]) -> StratumRate:
    doubt = unreliable_words(figure.get("nchs_rule"))
    return StratumRate(
        label=f"{figure['short_label']} {UNRELIABLE_SIGN}" if doubt else figure["short_label"],
        rate=figure["rate"],
        lower=figure["rate_lower"],
        upper=figure["rate_upper"],
        denominator=figure["denominator"],
        numerator=figure["numerator"],
        gap_points=figure["gap_points"],
        gap_lower=figure["gap_points_lower"],
        gap_upper=figure["gap_points_upper"],
        decimals=figure["decimals"],
        is_reference=figure["gap_state"] == "reference",
        absence=_ABSENCES.get(figure["state"]),
    )


def _table_row(figure: Mapping[str, Any], row: Mapping[str, Any] | None) -> tuple[str, ...]:
    """Numbers of the presentation; strata that it does not place on the axis have their rate or its state."""
    doubt = " unreliable" if unreliable_words(figure.get("nchs_rule")) else ""
    if row is not None:
        return (
            figure["label"], row["rate"] + doubt, row["interval"], row["count"], row["gap"],
            row["gap_interval"], row["q"], row["to_parity"], row["peers"], row["trend_text"],
        )  # fmt: skip
    rest = _stratum(figure)
    counted = "" if rest.denominator is None else f"{rest.denominator:,}"
    interval = rest.interval_text.replace("%", "").replace(" to ", "–")
    return (figure["label"], rest.rate_text + doubt, interval, counted, "", "", "", "", "", "")


def _completeness(content: Mapping[str, Any]) -> Chart | None:
    """Bars drawn from the published whole percentages."""
    if not content["completeness"]:
        return None
    chart = draw_completeness(
        Completeness(
            what="race, ethnicity and language",
            rows=tuple(
                CompletenessRow(
                    row["label"], {c["category"]: c["percent"] for c in row["categories"]}
                )
                for row in content["completeness"]
            ),
        ),
        ident="completeness-bars",
        finding="What is known of race, ethnicity and language, in percent of members",
    )
    return replace(chart, columns=("Field", *chart.columns[1:]))
