"""The sentences of the dashboards, made by rules from figures; never stronger than the statistics.

A gap counts as seen when its 95% interval lies on one side of 0. Otherwise the sentence says that
these numbers cannot show a gap: which is not the same as saying that there is none.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum

from measures.enums import CountingUnit, ReferenceStrategy, StratumKind
from measures.queries import CompletenessRow, Figure, SetResult, StratumLabel
from measures.stats.gaps import benjamini_hochberg, shortfall
from measures.stats.states import CellState, GapState
from reports.charts.values import PeerComparison
from teams.enums import Audience
from teams.formats import format_count, format_percent, format_points, format_ratio
from teams.models import Team

LEAST_Q = 0.05
ALONE = " in this comparison alone"
NO_GAP_SHOWN = "No gap can be shown with these numbers"

#: How a stratum of a set is spoken of; the sets that are not named here use the first form.
_PEOPLE_OF_SET = {
    "language": "{}-speaking patients",
    "age_band": "patients aged {}",
    "sex": "{} patients",
    "race": "{} patients",
    "race2024": "{} patients",
    "ethnicity": "{} patients",
    "combined": "{} patients",
    "payer": "patients with {}",
    "benchmark": "the {}",
}
#: Data basis in sets whose answers name no source.
_BASIS_OF_SET = {
    "age_band": "Year of birth in the file",
    "deprivation": "ZIP area of the home",
}
_BASIS_OTHERWISE = "As the sender records it"
_PEOPLE_OTHERWISE = "patients in the group “{}”"
_RACES = {
    "other": "patients of another race",
    "multiple": "patients of two or more races",
    "aian": "American Indian or Alaska Native patients",
    "nhpi": "Native Hawaiian or Pacific Islander patients",
}
_RACE_OF_SEX = {
    "nh_white": "White {}",
    "nh_black": "Black {}",
    "hispanic": "Hispanic {}",
    "nh_asian": "Asian {}",
    "nh_aian": "American Indian or Alaska Native {}",
    "nh_nhpi": "Native Hawaiian or Pacific Islander {}",
    "nh_other": "{} of another race",
    "nh_multiple": "{} of two or more races",
}
EVERYBODY = "all patients together"
#: Strata whose short label is no adjective, or an abbreviation: spoken of as a whole.
_PEOPLE_OF_STRATUM = {
    ("all", "all"): EVERYBODY,
    **{("race", code): words for code, words in _RACES.items()},
    **{("combined", f"nh_{code}"): words for code, words in _RACES.items()},
    **{("race2024", code): words for code, words in _RACES.items()},
    ("race2024", "mena"): "Middle Eastern or North African patients",
    ("race2024", "multiple"): "patients with several answers",
    ("race2024", "other"): "patients with another answer",
    ("ethnicity", "not_hispanic"): "patients who are not Hispanic",
    ("language", "other"): "patients with another language",
    ("sex", "other"): "patients with another entry",
    ("deprivation", "q5"): "patients in the most deprived areas",
    ("deprivation", "q4"): "patients in the second most deprived areas",
    ("deprivation", "q3"): "patients in the middle fifth of areas",
    ("deprivation", "q2"): "patients in the second least deprived areas",
    ("deprivation", "q1"): "patients in the least deprived areas",
    **{
        ("combined_sex", f"{code}-{sex}"): form.format(people)
        for sex, people in (("female", "women"), ("male", "men"))
        for code, form in _RACE_OF_SEX.items()
    },
    ("gender_identity", "woman"): "women",
    ("gender_identity", "man"): "men",
    ("gender_identity", "trans_woman"): "transgender women",
    ("gender_identity", "trans_man"): "transgender men",
    ("gender_identity", "nonbinary"): "non-binary patients",
    ("gender_identity", "other"): "patients with another identity",
    ("sexual_orientation", "straight"): "straight patients",
    ("sexual_orientation", "gay_lesbian"): "lesbian and gay patients",
    ("sexual_orientation", "bisexual"): "bisexual patients",
    ("sexual_orientation", "other"): "patients with another orientation",
    ("payer", "programme"): "patients of the programme’s payer",
    ("payer", "other"): "patients with another payer",
    ("payer", "none"): "patients without insurance",
}


class Reading(StrEnum):
    """What a comparison with the reference may be said to show."""

    BEHIND = "behind"
    AHEAD = "ahead"
    OPEN = "open"
    REFERENCE = "reference"
    NOT_COMPARED = "not_compared"
    NO_REFERENCE = "no_reference"
    PROTECTED = "protected"
    TOO_FEW = "too_few"
    NO_DENOMINATOR = "no_denominator"


def read_figure(figure: Figure, *, higher_is_better: bool) -> Reading:
    """The reading of one stratum by the rule "the interval excludes 0"."""
    if figure.state == CellState.NO_DENOMINATOR:
        return Reading.NO_DENOMINATOR
    if not figure.numbers_shown:
        return Reading.PROTECTED if figure.state.is_private else Reading.TOO_FEW
    if figure.gap_shown:
        if not figure.gap_excludes_zero:
            return Reading.OPEN
        return (
            Reading.BEHIND if shortfall(figure.gap_points, higher_is_better) < 0 else Reading.AHEAD
        )
    return {
        GapState.IS_REFERENCE: Reading.REFERENCE,
        GapState.NOT_COMPARED: Reading.NOT_COMPARED,
        GapState.NO_REFERENCE: Reading.NO_REFERENCE,
        GapState.HIDDEN: Reading.PROTECTED,
        GapState.SMALL_DENOMINATOR: Reading.TOO_FEW,
        GapState.SHOWN: Reading.NOT_COMPARED,
    }[figure.gap_state]


def people_of(stratum: StratumLabel) -> str:
    """The people of a stratum in the middle of a sentence: "Black patients", "patients aged 65 to 74 years"."""
    whole = _PEOPLE_OF_STRATUM.get((stratum.set_code, stratum.code))
    if whole:
        return whole
    form = _PEOPLE_OF_SET.get(stratum.set_code, _PEOPLE_OTHERWISE)
    return form.format(stratum.short_label)


def reference_words(results: Sequence[SetResult]) -> str:
    """With whom several results are compared: "White patients", or that each measure has its own."""
    people = {people_of(r.reference) for r in results if r.reference is not None}
    if len(people) == 1:
        return people.pop()
    return "the reference of each measure" if people else ""


def rule_words(results: Sequence[SetResult]) -> str:
    """The rule behind the gaps of several results; what it chose is named where it is the same for all."""
    sentences = dict.fromkeys(r.rule.sentence for r in results)
    if len(sentences) < 2:
        return next(iter(sentences), "")
    general = dict.fromkeys(r.rule.rule_sentence for r in results)
    return f"{' '.join(general)} Each measure’s page says what it is there."


def capitalised(text: str) -> str:
    return text[:1].upper() + text[1:]


def listed(words: Sequence[str], *, conjunction: str = "and") -> str:
    """ "A", "A and B", "A, B and C"."""
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} {conjunction} {words[-1]}"


def direction_words(higher_is_better: bool) -> str:
    return "Higher is better" if higher_is_better else "Lower is better"


def rate_text(figure: Figure) -> str:
    """ "66.1%"; whole percent below a hundred in the denominator. Only for a shown figure."""
    return format_percent(figure.rate, figure.decimals)


def rate_interval_text(figure: Figure) -> str:
    return (
        f"{format_percent(figure.rate_lower, figure.decimals)} to "
        f"{format_percent(figure.rate_upper, figure.decimals)}"
    )


def gap_decimals(figure: Figure, reference: Figure | None) -> int:
    """A gap is written no finer than the coarser of its two rates."""
    return min(figure.decimals, reference.decimals) if reference else figure.decimals


def gap_text(figure: Figure, digits: int) -> str:
    return format_points(figure.gap_points, digits)


def gap_interval_text(figure: Figure, digits: int) -> str:
    """Signed limits, the lower first: "−12.0 to −5.1"."""
    return (
        f"{format_points(figure.gap_points_lower, digits)} to "
        f"{format_points(figure.gap_points_upper, digits)}"
    )


def ratio_text(figure: Figure) -> str:
    return "" if figure.ratio is None else format_ratio(figure.ratio)


def ratio_interval_text(figure: Figure) -> str:
    if figure.ratio_lower is None:
        return ""
    if figure.ratio_upper is None:
        return f"at least {format_ratio(figure.ratio_lower)}"
    return f"{format_ratio(figure.ratio_lower)} to {format_ratio(figure.ratio_upper)}"


def probability_text(value: float | None) -> str:
    """A p or q value with three decimals; below 0.001 it says so."""
    if value is None:
        return ""
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def counted_text(figure: Figure, unit: str) -> str:
    """ "412 of 623 patients"; "412 of 623 events" for a measure that counts events."""
    noun = "events" if unit == CountingUnit.EVENT else "patients"
    return f"{format_count(figure.numerator)} of {format_count(figure.denominator)} {noun}"


def basis_text(figure: Figure, audience: Audience) -> str:
    """How the stratum came to be known: "71% self-reported, 12% imputed". Empty without numbers."""
    if not figure.numbers_shown or figure.stratum.kind != StratumKind.SPECIFIED:
        return ""
    if figure.self_reported_share is None:
        return _BASIS_OF_SET.get(figure.stratum.set_code, _BASIS_OTHERWISE)
    about = "about " if audience == Audience.OTHERS else ""
    text = f"{about}{format_percent(figure.self_reported_share, 0)} self-reported"
    if figure.indirect_share:
        text += f", {about}{format_percent(figure.indirect_share, 0)} imputed"
    return text


def basis_kind_text(figure: Figure, audience: Audience) -> str:
    """The same in a word or two, for narrow cells: "direct", "6% imputed". Empty where no source is named."""
    if figure.self_reported_share is None or figure.stratum.kind != StratumKind.SPECIFIED:
        return ""
    if not figure.indirect_share:
        return "direct"
    if figure.indirect_share >= 1:
        return "imputed"
    about = "about " if audience == Audience.OTHERS else ""
    return f"{about}{format_percent(figure.indirect_share, 0)} imputed"


def state_sentence(figure: Figure, *, minimum_denominator: int = 30) -> str:
    """Why a figure has no numbers, or must be read with caution; empty where it simply has them."""
    if figure.state == CellState.NO_DENOMINATOR:
        return "Nobody was eligible for this measure, so there is no rate; it is not 0%."
    if figure.state.is_private and not figure.numbers_shown:
        return "Hidden to protect privacy: few people or groups stand behind it, or behind a number that would give it away."
    if figure.caution:
        return f"Fewer than {minimum_denominator} counted: shown to the group itself only, read with caution."
    if figure.state == CellState.SMALL_DENOMINATOR:
        return f"Fewer than {minimum_denominator} counted: too uncertain to report."
    return ""


def gap_state_sentence(figure: Figure, result: SetResult) -> str:
    """Why there is no gap although there may be a rate; empty where a gap is given."""
    reference = result.reference
    if figure.gap_shown:
        return ""
    if figure.gap_state == GapState.IS_REFERENCE:
        return "The others are compared with this group."
    if figure.gap_state == GapState.NO_REFERENCE:
        if reference is None:
            if result.rule.version:
                return "No reference could be chosen by the programme’s rule."
            return "This way of grouping people has no reference group."
        if result.rule.strategy == ReferenceStrategy.OVERALL:
            return "Nobody else is counted, so there is nothing to compare with."
        return f"The reference, {people_of(reference)}, has nobody in this measure."
    if figure.gap_state == GapState.NOT_COMPARED:
        return "Counted, but not a group to compare."
    if figure.gap_state == GapState.HIDDEN:
        return "No comparison: this group or the reference is hidden to protect privacy."
    return "No comparison: this group or the reference has fewer than 30 counted."


def finding_sentence(figure: Figure, result: SetResult) -> str:
    """One stratum against the reference, in one sentence.

    "Black patients: 66.1%, 8.6 points below White patients (95% interval 5.1 to 12.0)."
    """
    who = capitalised(people_of(figure.stratum))
    reading = read_figure(figure, higher_is_better=result.higher_is_better)
    if not figure.numbers_shown:
        return f"{who}: no number. {state_sentence(figure)}"
    start = f"{who}: {rate_text(figure)}"
    caution = " Few people: read with caution." if figure.caution else ""
    if reading == Reading.REFERENCE:
        return f"{start}, the reference.{caution}"
    if not figure.gap_shown or result.reference is None:
        return f"{start}. {gap_state_sentence(figure, result)}{caution}"
    reference = result.reference_figure
    digits = gap_decimals(figure, reference)
    than = people_of(result.reference)
    if reading == Reading.OPEN:
        return (
            f"{start}. {NO_GAP_SHOWN}: {gap_text(figure, digits)} points to {than} "
            f"(95% interval {gap_interval_text(figure, digits)}).{caution}"
        )
    below = figure.gap_points < 0
    limits = sorted((abs(figure.gap_points_lower), abs(figure.gap_points_upper)))
    side = "below" if below else "above"
    worth = "" if result.higher_is_better else f" {direction_words(False)}."
    return (
        f"{start}, {abs(figure.gap_points):.{digits}f} points {side} {than} "
        f"(95% interval {limits[0]:.{digits}f} to {limits[1]:.{digits}f}).{worth}{caution}"
    )


def measure_finding(result: SetResult) -> str:
    """What a measure's strip shows, as its title. Strata in their own order, never by size."""
    if result.reference is None:
        if not any(f.numbers_shown for f in result.figures):
            return "No number can be shown here"
        if result.rule.version:
            return "Rates only: the programme’s rule finds no reference here"
        return "Rates only: this way of grouping people has no reference"
    than = people_of(result.reference)
    by_reading: dict[Reading, list[Figure]] = {}
    for figure in result.compared:
        reading = read_figure(figure, higher_is_better=result.higher_is_better)
        by_reading.setdefault(reading, []).append(figure)
    reference = result.reference_figure

    def named(figures: Iterable[Figure]) -> str:
        return listed(
            [f"{people_of(f.stratum)} ({gap_text(f, gap_decimals(f, reference))})" for f in figures]
        )

    parts: list[str] = []
    for kind, word in ((Reading.BEHIND, "behind"), (Reading.AHEAD, "ahead of")):
        seen = by_reading.get(kind, [])
        # As in the sentence above the chart: seen alone, not among all comparisons.
        unsure = [f for f in seen if f.q_value is not None and f.q_value >= LEAST_Q]
        for figures, alone in (([f for f in seen if f not in unsure], ""), (unsure, ALONE)):
            if figures:
                whom = "them" if parts and kind == Reading.AHEAD else than
                parts.append(f"{named(figures)} {word} {whom}{alone}")
    if parts:
        return capitalised("; ".join(parts))
    if by_reading.get(Reading.OPEN):
        return NO_GAP_SHOWN
    if reference is None or not reference.numbers_shown:
        return f"No comparison: {than} have no number that can be shown"
    return "No other group has a number that can be compared"


def source_note(result: SetResult, team: Team) -> str:
    """What a chart that leaves the site says under itself."""
    protected = (
        "Small numbers are hidden to protect privacy."
        if result.audience == Audience.OTHERS
        else "For the group itself: may show small numbers. Do not pass on."
    )
    return (
        f"{team.name}. {result.source.name}, {result.period.label}, computed "
        f"{result.computed_at:%Y-%m-%d}, method {result.method_version}. {_basis_note(result)}{protected}"
    )


def _basis_note(result: SetResult) -> str:
    """Data basis of all groups of a chart: "Known: 65% to 83% self-reported, up to 7% imputed. "."""
    shown = [f for f in result.compared if f.numbers_shown]
    shares = [f.self_reported_share for f in shown if f.self_reported_share is not None]
    if not shares:
        words = {basis_text(f, result.audience) for f in shown}
        return "".join(f"{text}. " for text in sorted(words) if text)
    about = "about " if result.audience == Audience.OTHERS else ""
    least, most = (format_percent(share, 0) for share in (min(shares), max(shares)))
    text = f"Known: {about}{least if least == most else f'{least} to {most}'} self-reported"
    imputed = max(f.indirect_share or 0 for f in shown)
    return (
        f"{text}, up to {about}{format_percent(imputed, 0)} imputed. " if imputed else f"{text}. "
    )


def headline(results: Sequence[SetResult]) -> str:
    """How many measures show a gap for whom, over all results given.

    Only comparisons whose q value is below 0.05 count, so that many comparisons do not make a gap
    out of chance alone; the sentence says so. The family of q is what the reader may compare: for the
    group itself it is worked out here, because the stored q values are those of outside readers.
    """
    contrasts = [
        (figure, result)
        for result in results
        for figure in result.compared
        if figure.gap_shown and figure.p_value is not None and not figure.caution
    ]
    if not contrasts:
        return "There are not enough numbers yet to compare groups of people."
    if contrasts[0][1].audience == Audience.OWN:
        q_values = list(benjamini_hochberg([f.p_value for f, _ in contrasts], 0))
    else:
        q_values = [f.q_value for f, _ in contrasts]
    behind: dict[str, int] = {}
    compared: dict[str, int] = {}
    order: dict[str, int] = {}
    for (figure, result), q_value in zip(contrasts, q_values, strict=True):
        who = people_of(figure.stratum)
        order[who] = figure.stratum.position
        compared[who] = compared.get(who, 0) + 1
        seen = q_value is not None and q_value < LEAST_Q
        if seen and read_figure(figure, higher_is_better=result.higher_is_better) == Reading.BEHIND:
            behind[who] = behind.get(who, 0) + 1
    than = reference_words([result for _, result in contrasts])
    names = sorted(compared, key=order.__getitem__)
    with_gap = [
        f"{who} in {behind[who]} of {compared[who]} measures" for who in names if who in behind
    ]
    if not with_gap:
        return (
            f"Compared with {than}, no gap can be shown for any group once the number of "
            f"comparisons is allowed for."
        )
    return f"Behind {than}: {listed(with_gap)}, once the number of comparisons is allowed for (q below 0.05)."


def completeness_finding(rows: Sequence[CompletenessRow]) -> str:
    """ "Race is self-reported for 50%, ethnicity for 51% and language for 53% of patients"."""
    known = [(r.field.label, r.answered_share) for r in rows if r.answered_share is not None]
    if not known:
        return "Nobody is eligible"
    (first, share), *others = known
    parts = [f"{first} is self-reported for {format_percent(share, 0)}"]
    parts += [f"{name.lower()} for {format_percent(value, 0)}" for name, value in others]
    return f"{listed(parts)} of patients"


def sites_finding(results: Sequence[SetResult], focus: StratumLabel) -> tuple[str, str]:
    """Finding and summary of a chart by site: at how many sites a gap is seen, naming none."""
    name = results[0].definition.short_name
    figures = [r.figure(focus.code) for r in results]
    compared = [
        (f, r) for f, r in zip(figures, results, strict=True) if f is not None and f.gap_shown
    ]
    behind = sum(
        read_figure(f, higher_is_better=r.higher_is_better) == Reading.BEHIND for f, r in compared
    )
    who = people_of(focus)
    if not compared:
        finding = f"{name}: at no site can {who} be compared"
    elif not behind:
        finding = f"{name}: at none of {len(compared)} sites can a gap be shown for {who}"
    else:
        finding = f"{name}: {who} are behind at {behind} of {len(compared)} sites"
    summary = (
        "Sites stand by name. With few people at a site only large gaps can be told from chance, so "
        "a site without a visible gap is not a site without one."
    )
    return finding, summary


def peers_finding(comparison: PeerComparison) -> tuple[str, str]:
    """Finding and summary of a chart beside peers: how often inside, ahead of and behind their middle half."""
    inside = ahead = behind = 0
    for row in comparison.rows:
        if row.own is None or row.band is None:
            continue
        own = round(row.own)
        if row.band[0] <= own <= row.band[2]:
            inside += 1
        elif (own > row.band[2]) == row.higher_is_better:
            ahead += 1
        else:
            behind += 1
    total = inside + ahead + behind
    if not total:
        return comparison.title, "No gap of this group stands beside a band of the others."
    finding = f"{comparison.title}: {inside} of {total} inside the middle half"
    summary = (
        f"Of {total} gaps, {inside} lie inside the middle half of the other groups, {ahead} on its better "
        f"side and {behind} on its worse side. Where a band lies apart from “no gap”, "
        "the gap is common to the groups."
    )
    return finding, summary
