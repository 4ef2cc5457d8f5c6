"""The fixed texts of a card: what it is, how to read it, how its numbers are made."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def purpose(card: Mapping[str, Any]) -> str:
    """What this is and for whom, in two sentences."""
    who = card["reference_people"]
    if card["kind"] == "statewide":
        return (
            f"How often patients of all groups in the {card['programme']} get recommended care, by race and "
            f"ethnicity. Each group of patients is compared with {who}; no provider group can be "
            "recognized in these numbers."
        )
    return (
        "How often your patients get recommended care, by race and ethnicity: where everybody is served equally "
        f"well, and where some are not. Each group of patients is compared with {who}."
    )


def how_to_read(card: Mapping[str, Any]) -> list[dict[str, str]]:
    """The signs and columns of the measure pages."""
    items = [
        ("diamond", "Reference", f"The rate of {card['reference_people']}; the vertical line carries it down."),
        ("down", "Behind", "The whole 95% interval of the gap lies on the worse side of the reference."),
        ("up", "Ahead", "The whole interval lies on the better side."),
        ("circle", "No clear difference", "The interval reaches across zero: it may be chance, or too few people to tell."),
        ("", "Gap", "The group’s rate minus the reference’s, in percentage points. Bold: clear also after allowing for the number of comparisons (q below 0.05)."),
        ("", "To parity", "How many patients more (where lower is better: fewer) in the numerator would bring the group to the reference’s rate."),
        ("", "Protected, too few", f"Not zero: counts of 1 to {card['largest_hidden']} are never shown, nor what would give them away; fewer than {card['least_denominator']} counted is too uncertain to report."),
    ]  # fmt: skip
    if card["unreliable_rule"]:
        items.append(
            ("", "† Unreliable", "The rate is shown, but its interval is so wide that a national statistical office would not print it: read the interval, not the rate.")
        )  # fmt: skip
    if card["has_peers"]:
        items.append(
            ("", "Peers", "Median and quartiles of the other provider groups, unnamed, in whole percent; at least five of them.")
        )  # fmt: skip
    else:
        items.append(
            (
                "",
                "Trend",
                "The rate in this and earlier years, oldest first; each line has its own scale.",
            )
        )
    return [{"shape": shape, "term": term, "text": text} for shape, term, text in items]


def named_reference(card: Mapping[str, Any]) -> str:
    """The rule that chose the reference, in the words that the card keeps."""
    rule = card["reference_rule"]
    if not rule:
        named = f"Reference: {card['reference_label']}, named in advance"
        rule = f"{named if card['reference_label'] else 'The reference was fixed beforehand'}."
    return f"{rule} The rule is settled beforehand, never after looking at this period’s results."


def methods(card: Mapping[str, Any]) -> list[dict[str, str]]:
    """Methods, data basis, protection and versions."""
    whose = (
        "All numbers here are protected as for any outside reader, also those about your own patients; "
        "your dashboard shows your group’s own small numbers to your own staff."
        if card["kind"] == "group"
        else (
            "Contributions of single provider groups cannot be taken out of these numbers: what fewer than three "
            "groups stand behind, or nearly one alone, is hidden too."
        )
    )
    items = [
        ("Rates", "Numerator divided by denominator, not risk-adjusted; 95% Wilson score intervals."),
        ("Gaps", "Rate of the group minus rate of the reference, 95% Newcombe hybrid score interval. " + named_reference(card)),
        ("Many comparisons", "q values by Benjamini and Hochberg over all comparisons of this card that can be shown. Findings on the first page need an interval clear of zero and q below 0.05."),
        ("To parity", "Whole patients (or events), rounded up: the reference’s rate times the group’s denominator, less its numerator."),
        ("Who is in which group", f"{card['set_name']} ({card['set_edition']}). {card['set_note']}".strip()),
        ("Race and ethnicity data", "Self-reported where the person was asked; otherwise from records, or imputed by the sender from name and place. Imputed answers tend to make gaps look smaller than they are."),
        ("Protection", f"Counts of 1 to {card['largest_hidden']}, and numbers from which one could be worked out together with any other published number, are hidden. {whose}"),
        ("Too few", f"Fewer than {card['least_denominator']} counted: not reported, as in HEDIS."),
        ("Data", f"{card['source']}, {card['period_text'].lower()}, as of {card['as_of_text'] or 'unknown'}; data version {card['data_version']}. Method version {card['method_version']}."),
        ("This document", f"{card['published_text']}. A published card is never changed; corrections appear as a new card. SHA-256 of its content: {card['sha256']}" if card["sha256"] else "A draft: its numbers follow the data until it is published."),
    ]  # fmt: skip
    if card["unreliable_rule"]:
        items.insert(
            8,
            ("Unreliable", f"{card['unreliable_rule']}: of the rates that are shown, those whose exact 95% interval (Clopper-Pearson, a little wider than the one shown) is 30 points wide or more, or wider than 5 points and than 1.3 times the rate. The mark hides nothing. Nobody eligible, protected, too few and unreliable are four different things."),
        )  # fmt: skip
    if card["counted"]:
        items.insert(
            6,
            ("Sent as counts", f"{card['counted']}: the sender gave numbers of people per group and no rows of members. They are shown as they came; who is in which group, and whether anybody was asked, cannot be looked at again."),
        )  # fmt: skip
    if card["kind"] == "group" and not card["has_appendix"]:
        items.insert(
            5,
            ("Race and ethnicity by themselves", "HEDIS asks for race and for ethnicity separately. For a single group these overlap so much with the groups of people shown here that small numbers could be worked out; they are on the public card over all groups, and for your own staff on your dashboard. Totals over everybody can be hidden for the same reason."),
        )  # fmt: skip
    if card["has_peers"]:
        items.insert(
            4,
            ("Peers", "Lower quartile, median and upper quartile of the rates that other groups may show, rounded to whole percent, where at least five have one. Nobody is ranked or named."),
        )  # fmt: skip
    return [{"term": term, "text": text} for term, text in items]
