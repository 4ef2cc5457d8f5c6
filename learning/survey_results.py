"""Results of a pulse survey, worked out of answers without persons. PURE.

Nothing is said of fewer than `FEWEST` answers. By group of respondents only where what is left over is as large:
with the total beside it, a group of four would otherwise be the difference.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import stdtrit

from learning.enums import QuestionKind, RespondentGroup
from measures.stats.rates import wilson

#: Fewer answers than this are not shown: they would tell who said what. The same as for sessions.
FEWEST = 5
#: Answers of a scale that count as agreeing.
AGREE_FROM = 4
TOP = 5


@dataclass(frozen=True)
class Share:
    """One answer that could be given: how many gave it, as a proportion with its Wilson interval."""

    label: str
    count: int
    share: float
    lower: float
    upper: float


@dataclass(frozen=True)
class ScaleSummary:
    """Answers of a scale from 1 to 5. count: of answers. mean_lower, mean_upper: 95 % (Student's t).

    agree: those of 4 and 5. None in all where there are fewer than FEWEST answers.
    """

    count: int
    mean: float | None
    mean_lower: float | None
    mean_upper: float | None
    agree: Share | None


@dataclass(frozen=True)
class QuestionResult:
    """count: of answers; enough: whether anything may be said of them.

    shares: of a scale (1 to 5) and of a choice. groups: scales by group of respondents, as far as it may be shown.
    texts: in the order of the alphabet, so that none tells its author.
    """

    text: str
    kind: QuestionKind
    count: int
    shares: tuple[Share, ...] = ()
    scale: ScaleSummary | None = None
    groups: tuple[tuple[RespondentGroup, ScaleSummary], ...] = ()
    texts: tuple[str, ...] = ()

    @property
    def enough(self) -> bool:
        return self.count >= FEWEST


def summarise_scale(numbers: Sequence[int]) -> ScaleSummary:
    """Mean of a scale and the share that agrees. All the same answer: the interval of the mean has no width and
    is left out."""
    count = len(numbers)
    if count < FEWEST:
        return ScaleSummary(count, None, None, None, None)
    values = np.asarray(numbers, dtype=float)
    mean, spread = float(values.mean()), float(values.std(ddof=1))
    agree = _share("4 or 5", int((values >= AGREE_FROM).sum()), count)
    if spread == 0:
        return ScaleSummary(count, mean, None, None, agree)
    half = float(stdtrit(count - 1, 0.975)) * spread / count**0.5
    return ScaleSummary(count, mean, max(1.0, mean - half), min(float(TOP), mean + half), agree)


def _share(label: str, count: int, total: int) -> Share:
    interval = wilson(count, total)
    return Share(label, count, count / total, float(interval.lower), float(interval.upper))


def shown_groups(counts: Mapping[RespondentGroup, int]) -> list[RespondentGroup]:
    """Groups of respondents that may be shown: FEWEST answers or more, and nobody or FEWEST left over.

    Where too few are left over, the smallest of the others is left over with them.
    """
    shown = sorted((g for g, n in counts.items() if n >= FEWEST), key=lambda g: (-counts[g], g))
    while shown and 0 < sum(counts.values()) - sum(counts[g] for g in shown) < FEWEST:
        shown.pop()
    return [group for group in RespondentGroup if group in shown]


def scale_result(text: str, answers: Sequence[tuple[RespondentGroup, int]]) -> QuestionResult:
    """answers: group of the respondent, and 1 to 5."""
    numbers = [number for _, number in answers]
    if len(numbers) < FEWEST:
        return QuestionResult(text, QuestionKind.SCALE, len(numbers))
    given = Counter(numbers)
    shown = shown_groups(Counter(group for group, _ in answers))
    return QuestionResult(
        text,
        QuestionKind.SCALE,
        len(numbers),
        shares=tuple(_share(str(n), given[n], len(numbers)) for n in range(1, TOP + 1)),
        scale=summarise_scale(numbers),
        groups=tuple(
            (group, summarise_scale([n for g, n in answers if g == group])) for group in shown
        )
        if len(shown) > 1
        else (),
    )


def choice_result(text: str, options: Sequence[str], answers: Sequence[int]) -> QuestionResult:
    """answers: places of options, from 1."""
    if len(answers) < FEWEST:
        return QuestionResult(text, QuestionKind.CHOICE, len(answers))
    given = Counter(answers)
    return QuestionResult(
        text,
        QuestionKind.CHOICE,
        len(answers),
        shares=tuple(
            _share(option, given[place], len(answers))
            for place, option in enumerate(options, start=1)
        ),
    )


def text_result(text: str, answers: Sequence[str]) -> QuestionResult:
    """answers: own words, already without names."""
    kept = tuple(sorted(answers)) if len(answers) >= FEWEST else ()
    return QuestionResult(text, QuestionKind.TEXT, len(answers), texts=kept)
