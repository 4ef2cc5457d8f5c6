"""What a report card says, as one JSON document: frozen and hashed when the card is published."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from measures.enums import RealCategory
from measures.queries import CompletenessRow, ImputedResult, PeerBand, SetResult, StratumLabel
from measures.stats.contributions import tells_a_part
from measures.stats.reliability import LEAST_DENOMINATOR
from measures.stats.suppression import LEAST_COUNT
from reports.cards.figures import STATE_WORDS, result_content, rule_content
from reports.cards.findings import list_findings
from reports.cards.imputed import imputed_content
from reports.cards.together import together_content
from reports.dashboards.reliability import PRESENTATION_CODES, RULE_NAME, presentations_of
from reports.dashboards.wording import people_of, rule_words

FORMAT = 1

#: The sets of a card: the first that has results is the headline, the others are its appendix.
HEADLINE_SETS = ("combined", "race", "ethnicity")
APPENDIX_SETS = ("race", "ethnicity")


@dataclass(frozen=True)
class CardInputs:
    """Everything that a card is made of, as readers outside the group may see it.

    results: headline and appendix sets, code → results of the card's period.
    trend: results of the headline set in earlier periods, oldest first.
    peers: of the headline set, keyed by (measure id, stratum id); empty for the statewide card.
    completeness: rows of the card's team, or of all teams for the statewide card.
    counted: codes of measures that were sent as counts, without member rows.
    imputed: of the card's team, or of all groups together.
    """

    programme_name: str
    payer_name: str
    team_code: str | None
    team_name: str | None
    source_code: str
    source_name: str
    period_label: str
    period_starts_on: str
    period_ends_on: str
    data_version: int
    headline: Sequence[SetResult]
    appendix: Mapping[str, Sequence[SetResult]]
    trend: Sequence[SetResult]
    peers: Mapping[tuple[int, int], PeerBand]
    completeness: Sequence[CompletenessRow]
    commentary: str
    counted: Sequence[str] = ()
    imputed: Sequence[ImputedResult] = ()


def build_content(inputs: CardInputs) -> dict[str, Any]:
    """The card's content; the same inputs give the same content, whatever their order in the database."""
    stratified = _stratified(inputs.headline)
    measures = [_measure_content(result, inputs) for result in stratified]
    completeness = _completeness_content(inputs.completeness, statewide=inputs.team_code is None)
    headline_set = inputs.headline[0].stratum_set if inputs.headline else None
    reference = _common_reference(stratified)
    content: dict[str, Any] = {
        "format": FORMAT,
        "kind": "group" if inputs.team_code else "statewide",
        "programme": inputs.programme_name,
        "payer": inputs.payer_name,
        "group": {"code": inputs.team_code, "name": inputs.team_name} if inputs.team_code else None,
        "source": {"code": inputs.source_code, "name": inputs.source_name},
        "period": {
            "label": inputs.period_label,
            "starts_on": inputs.period_starts_on,
            "ends_on": inputs.period_ends_on,
        },
        "stratum_set": None if headline_set is None else _set_content(headline_set),
        "reference": None
        if reference is None
        else {
            "stratum": reference.code,
            "label": reference.label,
            "short_label": reference.short_label,
            "people": people_of(reference),
        },
        "reference_rule": rule_words(stratified),
        "rules": {
            "least_count": LEAST_COUNT,
            "least_denominator": LEAST_DENOMINATOR,
            "unreliable": RULE_NAME,
        },
        "measures": measures,
        "appendix": [_appendix_content(results) for results in inputs.appendix.values()],
        "completeness": completeness,
        "imputed": imputed_content(inputs.imputed),
        "commentary": inputs.commentary,
        "basis": {
            "method_version": max((r.method_version for r in inputs.headline), default=""),
            "data_version": inputs.data_version,
            "computed_on": max(
                (r.computed_at.date().isoformat() for r in inputs.headline), default=None
            ),
        },
    }
    if inputs.counted:
        content["basis"]["counted"] = list(inputs.counted)
    content["findings"] = list_findings(content)
    return content


def _stratified(results: Sequence[SetResult]) -> list[SetResult]:
    """Without the measures of completeness, which have their own part of the card."""
    return [r for r in results if not r.definition.measure.completeness_of and r.compared]


def _common_reference(results: Sequence[SetResult]) -> StratumLabel | None:
    """With whom all measures are compared; None where each has its own, or there is none."""
    found = {r.reference.id: r.reference for r in results if r.reference is not None}
    return next(iter(found.values())) if len(found) == 1 else None


def _set_content(stratum_set: Any) -> dict[str, str]:
    return {
        "code": stratum_set.code,
        "name": stratum_set.name,
        "edition": stratum_set.edition,
        "note": stratum_set.note,
    }


def _measure_content(result: SetResult, inputs: CardInputs) -> dict[str, Any]:
    definition = result.definition
    made = result_content(result, inputs.peers)
    return {
        "code": definition.measure.code,
        "name": definition.name,
        "short_name": definition.short_name,
        "domain": definition.domain,
        "higher_is_better": result.higher_is_better,
        "counting_unit": definition.counting_unit,
        "denominator_meaning": definition.denominator_meaning,
        "numerator_meaning": definition.numerator_meaning,
        "steward": definition.steward,
        "definition_source": definition.source,
        "stratified_in_hedis": definition.stratified,
        "target_rate": definition.target_rate,
        "benchmark_rate": definition.benchmark_rate,
        "benchmark_source": definition.benchmark_source,
        "reference": result.reference.code if result.reference else None,
        "reference_rule": rule_content(result),
        "total": made.total,
        "figures": made.figures,
        "together": together_content(result),
        "trend": [
            {
                "period": earlier.period.label,
                # A measure that meant something else then is no point on the same line.
                "comparable": _same_meaning(earlier.definition, definition),
                "figures": [
                    {
                        "stratum": f.stratum.code,
                        "state": STATE_WORDS[f.state],
                        "rate": None if f.rate is None else round(f.rate, 6),
                        "decimals": f.decimals,
                        "nchs_rule": PRESENTATION_CODES[said],
                        "denominator": f.denominator,
                        "numerator": f.numerator,
                    }
                    for f, said in zip(
                        earlier.compared, presentations_of(earlier.compared), strict=True
                    )
                ],
            }
            for earlier in inputs.trend
            if earlier.definition.measure_id == definition.measure_id
        ],
    }


def _same_meaning(earlier: Any, now: Any) -> bool:
    return (earlier.denominator_meaning, earlier.numerator_meaning, earlier.direction) == (
        now.denominator_meaning,
        now.numerator_meaning,
        now.direction,
    )


def _appendix_content(results: Sequence[SetResult]) -> dict[str, Any]:
    return {
        "stratum_set": _set_content(results[0].stratum_set),
        "measures": [
            {
                "code": r.definition.measure.code,
                "short_name": r.definition.short_name,
                "higher_is_better": r.higher_is_better,
                "reference": r.reference.code if r.reference else None,
                "reference_rule": rule_content(r),
                "figures": result_content(r).figures,
            }
            for r in _stratified(results)
        ],
    }


def _completeness_content(
    rows: Sequence[CompletenessRow], *, statewide: bool
) -> list[dict[str, Any]]:
    """Shares in whole percent and members rounded to ten, per field.

    statewide: rows of all teams are added up; a field that too few teams have is left out.
    """
    fields: dict[Any, dict[RealCategory, int]] = {}
    of_teams: dict[Any, list[int]] = {}
    for row in rows:
        counts = fields.setdefault(row.field, dict.fromkeys(RealCategory, 0))
        of_teams.setdefault(row.field, []).append(row.eligible)
        for category, members in row.counts.items():
            counts[category] += members
    content = []
    for field, counts in fields.items():
        if statewide and bool(tells_a_part(of_teams[field])):
            continue
        eligible = sum(counts.values())
        content.append(
            {
                "field": field.value,
                "label": field.label,
                "members_about": round(eligible / 10) * 10,
                "categories": [
                    {
                        "category": category.value,
                        "label": category.label,
                        "percent": round(100 * counts[category] / eligible),
                    }
                    for category in RealCategory
                ],
            }
        )
    return content


def canonical_json(value: Any) -> bytes:
    """The one way to write a content down, so that its hash can be checked by anybody."""
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    ).encode()


def content_sha256(content: Mapping[str, Any]) -> str:
    """Hash of the whole content: what a published card is known by."""
    return hashlib.sha256(canonical_json(content)).hexdigest()


def reviewable_sha256(content: Mapping[str, Any]) -> str:
    """Hash of what a reviewer reads: a new data version that left every number as it was changes nothing."""
    basis = {"method_version": content["basis"]["method_version"]}
    return hashlib.sha256(canonical_json({**content, "basis": basis})).hexdigest()
