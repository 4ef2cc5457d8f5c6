"""The headline findings of a card: picked by fixed rules, so that nobody can choose the pleasant ones.

A gap is spoken of only when its 95% interval lies on one side of 0 and its q value is below 0.05.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from reports.dashboards.reliability import unreliable_words
from reports.dashboards.wording import capitalised
from teams.formats import format_count, format_percent, format_points

LEAST_Q = 0.05
_NO_COMPLETENESS = {
    "group": "How complete race and ethnicity are was not sent with these data.",
    "statewide": "How complete race and ethnicity are was not sent, or would be one group’s own number.",
}
_NOUNS = {"event": "events", "person": "patients"}


def list_findings(content: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Findings as {kind, title, text}: largest gap, most patients to parity, what cannot be seen, completeness."""
    return [
        _largest_gap(content),
        _most_to_parity(content),
        _visibility(content),
        _completeness(content),
    ]


def _comparisons(content: Mapping[str, Any]) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    for measure in content["measures"]:
        for figure in measure["figures"]:
            if figure["gap_state"] == "shown":
                yield measure, figure


def is_clear(figure: Mapping[str, Any]) -> bool:
    """The rule by which a gap counts as seen on a card."""
    return (
        figure["gap_state"] == "shown"
        and (figure["gap_points_lower"] > 0 or figure["gap_points_upper"] < 0)
        and figure["q_value"] is not None
        and figure["q_value"] < LEAST_Q
    )


def _behind(content: Mapping[str, Any]) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    return [(m, f) for m, f in _comparisons(content) if f["reading"] == "behind" and is_clear(f)]


def reference_of(measure: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """What a measure's gaps are to: the figure of a stratum or of everybody, or a benchmark's rate."""
    if measure["reference"] == "benchmark":
        rate = measure["reference_rule"]["benchmark"]
        people = f"the benchmark of {100 * rate:g}%"
        return {"stratum": "benchmark", "people": people, "rate": rate, "decimals": 1,
                "state": "shown", "short_label": "Benchmark"}  # fmt: skip
    figures = [*measure["figures"], *([measure["total"]] if measure.get("total") else [])]
    return next((f for f in figures if f["stratum"] == measure["reference"]), None)


def _largest_gap(content: Mapping[str, Any]) -> dict[str, Any]:
    found = _behind(content)
    if not found:
        compared = sum(1 for _ in _comparisons(content))
        text = (
            f"None of the {compared} comparisons on this card shows a gap that could not be chance. "
            "With few people behind a rate, a real gap can stay unseen: look at the intervals."
            if compared
            else "No two groups of people have numbers that can be compared here."
        )
        return {"kind": "largest_gap", "title": "No clear gap", "text": text}
    # Ties go to the measure and stratum that come first on the page.
    measure, figure = max(found, key=lambda pair: abs(pair[1]["gap_points"]))
    reference = reference_of(measure)
    assert reference is not None  # a gap has one
    digits = min(figure["decimals"], reference["decimals"])
    limits = sorted((abs(figure["gap_points_lower"]), abs(figure["gap_points_upper"])))
    side = "lower" if figure["gap_points"] < 0 else "higher"
    worse = "" if measure["higher_is_better"] else " In this measure a lower rate is better."
    return {
        "kind": "largest_gap",
        "title": f"{format_points(figure['gap_points'], digits)} points",
        "text": (
            f"The largest gap is in {_in_sentence(measure['short_name'])}: "
            f"{format_percent(figure['rate'], figure['decimals'])} of {figure['people']}, "
            f"{side} than the {format_percent(reference['rate'], reference['decimals'])} of "
            f"{reference['people']} (95% interval of the gap {limits[0]:.{digits}f} to "
            f"{limits[1]:.{digits}f} points).{worse}{_doubt(figure, reference)}"
        ),
    }


def _doubt(*figures: Mapping[str, Any]) -> str:
    """A sentence where a rate that is spoken of is unreliable by itself."""
    named = [f["people"] for f in figures if unreliable_words(f.get("nchs_rule"))]
    if not named:
        return ""
    return f" By itself the rate of {' and that of '.join(named)} is unreliable: its interval is too wide."


def _most_to_parity(content: Mapping[str, Any]) -> dict[str, Any]:
    found = [(m, f) for m, f in _behind(content) if f["patients_to_parity"]]
    if not found:
        return {
            "kind": "to_parity",
            "title": "Nothing to count",
            "text": "Without a clear gap there is no number of patients that would close one.",
        }
    measure, figure = max(found, key=lambda pair: pair[1]["patients_to_parity"])
    noun = _NOUNS[measure["counting_unit"]]
    more = "more" if measure["higher_is_better"] else "fewer"
    who = figure["people"]
    return {
        "kind": "to_parity",
        "title": f"{format_count(figure['patients_to_parity'])} {noun}",
        "text": (
            f"The most {noun} to parity are in {_in_sentence(measure['short_name'])}: with "
            f"{format_count(figure['patients_to_parity'])} {more} in the numerator, {who} would have "
            f"the rate of {(reference_of(measure) or {}).get('people', 'the reference')}."
            f"{_doubt(figure, reference_of(measure) or {})}"
        ),
    }


def _visibility(content: Mapping[str, Any]) -> dict[str, Any]:
    figures = [
        f
        for m in content["measures"]
        for f in m["figures"]
        if f["kind"] == "specified" and f["state"] != "no_denominator"
    ]
    hidden = sum(1 for f in figures if f["state"] != "shown")
    clear = len(_behind(content))
    compared = sum(1 for _ in _comparisons(content))
    if not figures:
        return {
            "kind": "visibility",
            "title": "No numbers",
            "text": "Nobody was counted in any group of people on this card.",
        }
    return {
        "kind": "visibility",
        "title": f"{clear} of {compared}" if compared else "None",
        "text": (
            f"comparisons show people clearly behind the reference. "
            f"{format_count(hidden)} of {format_count(len(figures))} rates cannot be shown, because few "
            "people stand behind them or behind a number that would give them away."
        )
        if compared
        else (
            f"No comparison can be shown: {format_count(hidden)} of {format_count(len(figures))} rates are "
            "hidden or too uncertain, because few people stand behind them."
        ),
    }


def _completeness(content: Mapping[str, Any]) -> dict[str, Any]:
    shares = {
        row["field"]: {c["category"]: c["percent"] for c in row["categories"]}
        for row in content["completeness"]
    }
    race = shares.get("race")
    if race is None:
        return {
            "kind": "completeness",
            "title": "Not known",
            "text": _NO_COMPLETENESS[content["kind"]],
        }
    text = f"of members told their race themselves; for {race['indirect']}% it was imputed"
    if "ethnicity" in shares:
        text += f". For ethnicity it is {shares['ethnicity']['self_reported']}% and {shares['ethnicity']['indirect']}%"
    return {
        "kind": "completeness",
        "title": f"{race['self_reported']}%",
        "text": f"{text}. Every rate on this card rests on these answers.",
    }


def _in_sentence(name: str) -> str:
    """ "Breast screening" → "breast screening"; an abbreviation keeps its capitals."""
    return name if name[:2].isupper() else name[:1].lower() + name[1:]


def headline(content: Mapping[str, Any]) -> str:
    """The one sentence under the title."""
    return capitalised(content["findings"][0]["text"])
