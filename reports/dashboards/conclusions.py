"""What can and cannot be concluded from a chart, in plain words above it, made by rules.

No sentence says more than its statistic: a gap or a change is said to be there only where its 95%
interval leaves out 0; otherwise the sentence says that these numbers cannot show one, and how large it
would have to be to be seen. No sentence says why.
"""

from __future__ import annotations

from collections.abc import Sequence

from measures.queries import Figure, SetResult, StratumLabel
from measures.stats.change import Movement, Pace, Verdict
from measures.stats.decisions import Judgement
from measures.stats.homogeneity import Method
from reports.dashboards.evidence import (
    ChangeOfGap,
    NoChange,
    Spread,
    compared_arm,
    detectable_points,
    is_possible,
)
from reports.dashboards.wording import (
    LEAST_Q,
    Reading,
    capitalised,
    gap_decimals,
    listed,
    people_of,
    probability_text,
    rate_text,
    read_figure,
)
from teams.formats import format_points

JUDGEMENT_WORDS: dict[Judgement, str] = {
    Judgement.NOT_JUDGED: "Not judged",
    Judgement.SIMILAR: "Similar",
    Judgement.WORSE: "Worse",
    Judgement.BETTER: "Better",
}
_METHOD_WORDS = {
    Method.CHI_SQUARE: "chi-square test",
    Method.EXACT: "exact test",
    Method.SIMULATED: "test by simulation",
}


def detectable_note(points: float | None) -> str:
    """The same beside a number in a table."""
    if points is None:
        return ""
    if not is_possible(points):
        return "No gap shown; too few people to find one"
    return f"No gap shown; one of {_rounded_up(points)} or more would usually be found"


def detectable_text(points: float | None) -> str:
    """ "A true gap of 7 points or more would be found 8 times in 10." Empty where a gap is seen."""
    if points is None:
        return ""
    if not is_possible(points):
        return "With so few people even the widest possible gap would often be missed."
    return f"Only a true gap of {_rounded_up(points)} points or more would be found 8 times in 10."


def _rounded_up(points: float) -> str:
    """Whole points, never smaller than what was worked out: a smaller gap would be missed more often."""
    return str(int(-(-points // 1)))


def _span(points: Sequence[float]) -> str:
    """ "6 to 24", or the one number that all have."""
    smallest, largest = _rounded_up(min(points)), _rounded_up(max(points))
    return smallest if smallest == largest else f"{smallest} to {largest}"


def now_conclusion(result: SetResult) -> str:
    """Above the chart of one period: for whom a gap is shown, for whom none can be, and what that means."""
    if result.reference is None:
        start = f"{result.rule.sentence} " if result.rule.version else ""
        return start + (
            "These are rates without a comparison. Intervals that overlap do not prove that rates are "
            "equal, and this chart does not say why they differ."
        )
    reading = {
        f.stratum.id: read_figure(f, higher_is_better=result.higher_is_better)
        for f in result.compared
    }
    than = people_of(result.reference)
    sentences = []
    for kind, words in ((Reading.BEHIND, "behind"), (Reading.AHEAD, "ahead of")):
        seen = [f for f in result.compared if reading[f.stratum.id] == kind]
        # The stored q counts the comparisons of all measures; a gap may be seen alone and not among them.
        unsure = [f for f in seen if f.q_value is not None and f.q_value >= LEAST_Q]
        sure = [f for f in seen if f not in unsure]
        if sure:
            sentences.append(f"{capitalised(_people(sure))} are {words} {than}.")
        if unsure:
            sentences.append(
                f"{capitalised(_people(unsure))} are {words} {than} in this comparison alone; with the number "
                "of comparisons allowed for, chance is not ruled out."
            )
    still_open = [
        f for f in result.compared if reading[f.stratum.id] == Reading.OPEN and not f.caution
    ]
    if still_open:
        least = [detectable_points(result, f) for f in still_open]
        able = [p for p in least if p is not None and is_possible(p)]
        sentence = (
            f"For {_people(still_open)} these numbers can neither show a gap nor rule one out"
        )
        if able and len(able) == len(still_open):
            sentence += (
                f": only true gaps of about {_span(able)} points or more would usually be found"
            )
        sentences.append(f"{sentence}.")
    few = [f for f in result.compared if f.gap_shown and f.caution]
    if few:
        sentences.append(
            f"Fewer than 30 {_people(few)} are counted: nothing firm can be said of them."
        )
    if not sentences:
        return "No gap can be worked out here, which does not say that there is none."
    if any(reading[f.stratum.id] in (Reading.PROTECTED, Reading.TOO_FEW) for f in result.compared):
        sentences.append("Of groups without a number nothing can be said.")
    sentences.append("The chart does not say why.")
    return " ".join(sentences)


def _people(figures: Sequence[Figure]) -> str:
    return listed([people_of(f.stratum) for f in figures])


def change_digits(found: ChangeOfGap) -> int:
    """A change is written no finer than the coarsest of its four rates."""
    return min(
        gap_decimals(found.figure, found.reference),
        gap_decimals(found.before, found.reference_before),
    )


def change_conclusion(found: ChangeOfGap | NoChange) -> str:
    """How the gap of one group changed since the period before, and who moved."""
    if isinstance(found, NoChange):
        return f"The change of the gap of {people_of(found.stratum)} is not told: {found.why}."
    who, than = people_of(found.figure.stratum), people_of(found.reference.stratum)
    since = found.earlier.period.label
    digits = change_digits(found)
    size = (
        f"{format_points(float(found.found.change) * 100, digits)} points, 95% interval "
        f"{format_points(float(found.found.interval.lower) * 100, digits)} to "
        f"{format_points(float(found.found.interval.upper) * 100, digits)}"
    )
    verdict = Verdict(int(found.found.verdict))
    if verdict == Verdict.UNCLEAR:
        return (
            f"Whether the gap between {who} and {than} changed since {since} cannot be told from these "
            f"numbers ({size}). {movement_words(found)}"
        )
    word = "narrowed" if verdict == Verdict.NARROWED else "widened"
    start = f"The gap between {who} and {than} {word} since {since} ({size}). "
    return start + movement_words(found)


def movement_words(found: ChangeOfGap) -> str:
    """Who moved, by the rates themselves: "66.1% to 70.2% and 74.7% to 74.0%: …"."""
    who, than = people_of(found.figure.stratum), people_of(found.reference.stratum)
    rates = (
        f"{capitalised(who)} went from {rate_text(found.before)} to {rate_text(found.figure)}, {than} from "
        f"{rate_text(found.reference_before)} to {rate_text(found.reference)}"
    )
    narrower = abs(float(found.found.after)) < abs(float(found.found.before))
    movement = Movement(int(found.found.movement))
    levelled_down = narrower and float(found.found.before) != 0 and _reference_was_better(found)
    words = {
        Movement.BOTH_BETTER: "both rates got better",
        Movement.ONLY_GROUP_BETTER: f"the rate of {who} got better and that of {than} did not",
        Movement.ONLY_REFERENCE_BETTER: f"the rate of {than} got better and that of {who} did not",
        Movement.NEITHER_BETTER: "neither rate got better",
        Movement.UNKNOWN: "",
    }[movement]
    if levelled_down and movement == Movement.NEITHER_BETTER:
        words += ", so a narrower gap is no better care"
    return f"{rates}. By these rates alone, {words}."


def _reference_was_better(found: ChangeOfGap) -> bool:
    return (float(found.found.before) < 0) == found.later.higher_is_better


def change_note(found: ChangeOfGap) -> str:
    """The same for a row of a table that has the numbers beside it."""
    word = {
        Verdict.NARROWED: "Narrowed",
        Verdict.WIDENED: "Widened",
        Verdict.UNCLEAR: "Cannot be told",
        Verdict.UNKNOWN: "Cannot be told",
    }[Verdict(int(found.found.verdict))]
    return f"{word}. {movement_words(found)}"


def pace_text(found: ChangeOfGap) -> str:
    """Years to close at this pace: "4 years (2 to 11)"; why there are none otherwise."""
    pace = Pace(int(found.pace.pace))
    if not found.figure.gap_excludes_zero:
        return "No gap shown now"
    if pace == Pace.ON_TRACK:
        years, low, high = (
            max(1, round(float(v)))
            for v in (found.pace.years, found.pace.interval.lower, found.pace.interval.upper)
        )
        return f"{years} {'year' if years == 1 else 'years'} ({low} to {high})"
    return {
        Pace.CLOSED: "Ahead",
        Pace.NOT_ON_TRACK: "Not on track",
        Pace.UNKNOWN: "",
    }[pace]


NO_REFERENCE_OVER_TIME = (
    "This way of grouping people has no reference, so there is no gap whose change could be told. Whether the rate "
    "of one group changed is not tested here, and many people are in several periods."
)


NO_GAP_OVER_TIME = (
    "There is no gap with a number in this period, so no change of one can be told. Whether the rate of one group "
    "changed is not tested here, and many people are in several periods."
)


def all_changes_conclusion(changes: Sequence[ChangeOfGap | NoChange]) -> str:
    """Above the chart of all groups over time: whose gap narrowed or widened, for whom that cannot be told."""
    told = [c for c in changes if isinstance(c, ChangeOfGap)]
    sentences = []
    for verdict, word in ((Verdict.NARROWED, "narrowed"), (Verdict.WIDENED, "widened")):
        of = [c.figure for c in told if Verdict(int(c.found.verdict)) == verdict]
        if of:
            since = told[0].earlier.period.label
            sentences.append(f"Since {since} the gap of {_people(of)} {word}.")
    unclear = [
        c.figure
        for c in told
        if Verdict(int(c.found.verdict)) not in (Verdict.NARROWED, Verdict.WIDENED)
    ]
    if unclear:
        since = told[0].earlier.period.label
        sentences.append(
            f"Whether the gap of {_people(unclear)} changed since {since} cannot be told from these numbers."
        )
    if not told:
        sentences.append("No change of a gap can be told here.")
    elif len(told) > 1:
        sentences.append(
            "Each group is taken alone; among several, one can seem to change by chance."
        )
    sentences.append("Where intervals overlap, which line is higher may be chance.")
    return " ".join(sentences)


def trend_conclusion(found: ChangeOfGap | NoChange | None) -> str:
    """Above the chart over time."""
    if found is None:
        return "There is no earlier period to compare with, so nothing can be said about a change."
    text = change_conclusion(found)
    if isinstance(found, ChangeOfGap):
        text += " Two periods are not a trend, and many people are in both."
    return text


def spread_conclusion(spread: Spread) -> str:
    """The headline of a set: how far apart its groups are, and whether that could be chance."""
    head = spread.headline
    low, high = (100 * v for v in head.spread_interval)
    p_value = head.homogeneity.p_value
    if p_value < LEAST_Q:
        start = "The groups’ rates are not all equal"
    else:
        start = "That the groups’ rates are all equal cannot be ruled out"
    text = (
        f"{start} (p {_p(p_value)}, {_METHOD_WORDS.get(head.homogeneity.method, 'not tested')}). Typical distance "
        f"of a patient’s group from the overall rate: {100 * head.spread:.1f} points (95% interval {low:.1f} to "
        f"{high:.1f}), less what chance alone adds."
    )
    if head.difference is not None and spread.reference is not None:
        mean, error = 100 * float(head.difference.value), 100 * float(head.difference.error)
        text += (
            f" All together differ from {people_of(spread.reference)} by {format_points(mean, 1)} points on average "
            f"({format_points(mean - 1.96 * error, 1)} to {format_points(mean + 1.96 * error, 1)}); gaps in both "
            "directions cancel."
        )
    text += f" Over {len(spread.strata)} groups with 30 people or more"
    if spread.left_out:
        text += f"; {listed([s.short_label for s in spread.left_out])} {'is' if len(spread.left_out) == 1 else 'are'} not in it"
    return f"{text}."


def _p(value: float) -> str:
    text = probability_text(value)
    return text if text.startswith("<") else f"= {text}"


PEERS_CONCLUSION = (
    "This shows where the group stands beside the others, not who they are. To lie outside the middle half "
    "is no proof of a difference: half of all groups always do."
)


def sites_conclusion(results: Sequence[SetResult], focus: StratumLabel) -> str:
    """Above the chart by site: how many gaps are shown, how many can be neither shown nor ruled out."""
    read, least = [], []
    for result in results:
        figure = result.figure(focus.code)
        if figure is not None and compared_arm(result, figure) is not None:
            read.append(read_figure(figure, higher_is_better=result.higher_is_better))
            points = detectable_points(result, figure)
            if points is not None:
                least.append(points)
    if not read:
        return "No site has numbers of both groups, so nothing can be said by site."
    seen = sum(one in (Reading.BEHIND, Reading.AHEAD) for one in read)
    unknown = len(results) - len(read)
    sites = f"{len(read)} {'site' if len(read) == 1 else 'sites'} with numbers"
    neither = "these numbers can neither show one nor rule one out"
    able = [p for p in least if is_possible(p)]
    if able:
        neither += f"; only true gaps of about {_span(able)} points or more would usually be found"
        if len(able) > 1:
            neither += ", by site"
    if not seen:
        text = f"No gap is shown at any of {sites}: {neither}."
    else:
        text = f"A gap is shown at {seen} of {sites}."
        if seen < len(read):
            text += (
                f" At the others {neither}. That one site shows a gap and another does not is no proof that "
                "they differ."
            )
    if unknown:
        text += f" {unknown} {'site has' if unknown == 1 else 'sites have'} no number of one group or both."
    return text


def reliability_text(told: tuple[float, float, int]) -> str:
    """How far the sites' rates can be told apart, in words."""
    lowest, highest, sites = told
    if highest < 0.5:
        words = (
            "Most of what differs between the sites’ rates is chance: do not compare sites by them"
        )
    elif lowest >= 0.7:
        words = "Most of what differs between the sites’ rates is real"
    else:
        words = "At some sites chance makes up much of the rate: compare sites with caution"
    return (
        f"{words} (reliability {lowest:.2f} to {highest:.2f} over {sites} sites; 0 is all chance, 1 is none, from 0.70 "
        "units may be compared). How far so few sites are apart is itself uncertain."
    )


def funnel_finding(people: str, outside: int, groups: int) -> str:
    """Title of the funnel: how many groups differ from the others by more than chance, naming none."""
    if not outside:
        return f"Gap of {people}: none of {groups} groups differs clearly from the others"
    verb = "differs" if outside == 1 else "differ"
    return (
        f"Gap of {people}: {outside} of {groups} groups {verb} from the others by more than usual"
    )
