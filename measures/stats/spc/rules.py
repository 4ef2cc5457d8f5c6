"""Rules that tell news from noise, in named sets that are never mixed.

A rule looks at the useful points of one phase in their order: missing months and points that a person took
out are skipped, they neither break a pattern nor count in it. Points on the centre line are on no side:
they neither break nor count in a shift. All points of a pattern are flagged, not only the one that
completes it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from measures.stats.spc.runs import anhoej_limits, runs_limits


class Direction(StrEnum):
    UP = "up"
    DOWN = "down"
    NONE = "none"
    """A pattern without a side, such as too many crossings."""


@dataclass(frozen=True, eq=False)
class Track:
    """Useful points of one phase: their places in the series, values, and where they lie.

    side: 1 above, -1 below, 0 on the centre line. beyond: 1 above the upper limit, -1 below the lower;
    a point on a limit is not beyond it. sigmas: distance to the centre in sigma, NaN where sigma is
    not known or 0. rise: 1, -1 or 0 against the point before (0 for the first).
    """

    places: NDArray[np.int64]
    side: NDArray[np.int64]
    beyond: NDArray[np.int64]
    sigmas: NDArray[np.float64]
    rise: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.places)

    @property
    def sides(self) -> NDArray[np.int64]:
        """Sides of the points that are not on the line."""
        off: NDArray[np.int64] = self.side[self.side != 0]
        return off


@dataclass(frozen=True)
class Pattern:
    """Positions within a track, ascending; `whole`: it is about the phase, not about single points."""

    positions: tuple[int, ...]
    direction: Direction
    whole: bool = False


Finder = Callable[[Track], Iterator[Pattern]]


@dataclass(frozen=True)
class Rule:
    """least: points that the pattern takes at least; 0 where it depends on how many points there are."""

    code: str
    name: str
    find: Finder
    least: int


@dataclass(frozen=True)
class RuleSet:
    """median, mean: which centre lines the set is made for. name: printed on every chart that uses it."""

    code: str
    name: str
    rules: tuple[Rule, ...]
    median: bool
    mean: bool

    def rule(self, code: str) -> Rule:
        return next(rule for rule in self.rules if rule.code == code)


@dataclass(frozen=True)
class Signal:
    """A rule that fired. first, last, points: places in the series, from 0. phase: number, from 0.

    points is empty where the rule is about the phase as a whole (number of runs, of crossings).
    """

    rule: str
    name: str
    first: int
    last: int
    points: tuple[int, ...]
    direction: Direction
    phase: int


def _way(sign: int) -> Direction:
    return {1: Direction.UP, -1: Direction.DOWN}.get(int(sign), Direction.NONE)


def _beyond(track: Track) -> Iterator[Pattern]:
    for position in np.flatnonzero(track.beyond):
        yield Pattern((int(position),), _way(track.beyond[position]))


def _side_runs(track: Track) -> Iterator[Pattern]:
    """Runs on one side, points on the line left out."""
    run: list[int] = []
    for position in np.flatnonzero(track.side):
        if run and track.side[run[-1]] != track.side[position]:
            yield Pattern(tuple(run), _way(track.side[run[0]]))
            run = []
        run.append(int(position))
    if run:
        yield Pattern(tuple(run), _way(track.side[run[0]]))


def _shift(least: int) -> Finder:
    def find(track: Track) -> Iterator[Pattern]:
        return (run for run in _side_runs(track) if len(run.positions) >= least)

    return find


def _trend(least: int, *, ties_count_once: bool) -> Finder:
    """So many points all going one way, the first one counted.

    ties_count_once: an equal neighbour inside the trend neither breaks it nor counts; otherwise it
    breaks. Equal points before the first or after the last step are not part of the trend.
    """

    def find(track: Track) -> Iterator[Pattern]:
        run: list[int] = []  # positions, ties among them
        counted = 0
        way = 0
        tail = 0  # ties at the end, which belong to the trend only if it goes on
        for position in range(len(track)):
            step = int(track.rise[position]) if position else 0
            if position == 0:
                run, counted = [0], 1
                continue
            if step == 0 and ties_count_once:
                if counted == 1:
                    run = [position]
                else:
                    run.append(position)
                    tail += 1
                continue
            if step != 0 and step == way:
                run.append(position)
                counted, tail = counted + 1, 0
                continue
            if counted >= least:
                yield Pattern(tuple(run[: len(run) - tail]), _way(way))
            if step == 0:
                run, counted, way, tail = [position], 1, 0, 0
            else:
                # The new trend begins at the point before, the last of equal ones.
                run, counted, way, tail = [position - 1, position], 2, step, 0
        if counted >= least:
            yield Pattern(tuple(run[: len(run) - tail]), _way(way))

    return find


def _some_of(least: int, window: int, sigmas: float, *, nhs: bool = False) -> Finder:
    """At least `least` of `window` neighbours beyond so many sigma on one side.

    Flagged are the points beyond. nhs: all of the window lie on that side of the centre, and the points
    that count are not beyond the limits.
    """

    def find(track: Track) -> Iterator[Pattern]:
        for sign in (1, -1):
            far = track.sigmas * sign > sigmas + _EDGE
            if nhs:
                far &= track.beyond == 0
            found: list[int] = []
            last_window = -window
            for start in range(len(track) - window + 1):
                inside = slice(start, start + window)
                if far[inside].sum() < least or (nhs and (track.side[inside] != sign).any()):
                    continue
                if found and start >= last_window + window:
                    yield Pattern(tuple(found), _way(sign))
                    found = []
                last_window = start
                for position in range(start, start + window):
                    if far[position] and position not in found:
                        found.append(position)
            if found:
                yield Pattern(tuple(found), _way(sign))

    return find


def _stretches(mask: NDArray[np.bool_]) -> Iterator[tuple[int, ...]]:
    run: list[int] = []
    for position, holds in enumerate(mask):
        if holds:
            run.append(position)
        elif run:
            yield tuple(run)
            run = []
    if run:
        yield tuple(run)


def _hugging(least: int) -> Finder:
    def find(track: Track) -> Iterator[Pattern]:
        for run in _stretches(np.abs(track.sigmas) < 1.0 - _EDGE):
            if len(run) >= least:
                yield Pattern(run, Direction.NONE)

    return find


def _mixture(least: int) -> Finder:
    def find(track: Track) -> Iterator[Pattern]:
        for run in _stretches(np.abs(track.sigmas) > 1.0 + _EDGE):
            if len(run) >= least and len(set(track.side[list(run)].tolist())) == 2:
                yield Pattern(run, Direction.NONE)

    return find


def _alternating(least: int) -> Finder:
    """So many points that go up and down by turns, the first one counted; an equal neighbour breaks."""

    def find(track: Track) -> Iterator[Pattern]:
        run: list[int] = []
        for position in range(len(track)):
            step = int(track.rise[position]) if position else 0
            if len(run) >= 2 and step and step == -int(track.rise[run[-1]]):
                run.append(position)
                continue
            if len(run) >= least:
                yield Pattern(tuple(run), Direction.NONE)
            run = [position - 1, position] if position and step else [position]
        if len(run) >= least:
            yield Pattern(tuple(run), Direction.NONE)

    return find


def longest_run(sides: NDArray[np.int64]) -> int:
    """Most points in a row on one side; points on the line (0) are left out."""
    best = run = 0
    last = 0
    for side in sides[sides != 0].tolist():
        run = run + 1 if side == last else 1
        last = side
        best = max(best, run)
    return best


def count_crossings(sides: NDArray[np.int64]) -> int:
    """How often the points change sides; points on the line (0) are left out."""
    off = sides[sides != 0]
    return int((off[1:] != off[:-1]).sum())


def _unusual_run(track: Track) -> Iterator[Pattern]:
    if len(track.sides):
        most = anhoej_limits(len(track.sides)).longest_run
        yield from (run for run in _side_runs(track) if len(run.positions) > most)


def _everything(track: Track) -> tuple[int, ...]:
    return tuple(range(len(track)))


def _few_crossings(track: Track) -> Iterator[Pattern]:
    count = len(track.sides)
    if count and count_crossings(track.side) < anhoej_limits(count).fewest_crossings:
        yield Pattern(_everything(track), Direction.NONE, whole=True)


def _runs_outside(track: Track, *, few: bool) -> Iterator[Pattern]:
    sides = track.sides
    above, below = int((sides > 0).sum()), int((sides < 0).sum())
    if not above or not below:
        return
    runs = count_crossings(sides) + 1
    limits = runs_limits(above, below)
    if (runs < limits.fewest) if few else (runs > limits.most):
        yield Pattern(_everything(track), Direction.NONE, whole=True)


def _few_runs(track: Track) -> Iterator[Pattern]:
    return _runs_outside(track, few=True)


def _many_runs(track: Track) -> Iterator[Pattern]:
    return _runs_outside(track, few=False)


#: A point exactly on a line of so many sigma is not beyond it, also where division left a last digit.
_EDGE = 1e-9

_BEYOND = Rule("beyond_limits", "1 point beyond the limits", _beyond, 1)


def _shift_rule(least: int) -> Rule:
    return Rule(
        "shift", f"{least} or more points in a row on one side of the centre", _shift(least), least
    )


def _trend_rule(least: int, *, ties_count_once: bool) -> Rule:
    name = f"{least} or more points in a row all going up or all going down"
    return Rule("trend", name, _trend(least, ties_count_once=ties_count_once), least)


_TWO_OF_THREE = Rule(
    "two_of_three",
    "2 of 3 points in the outer third on the same side",
    _some_of(2, 3, 2.0),
    2,
)
_FOUR_OF_FIVE = Rule(
    "four_of_five",
    "4 of 5 points beyond the inner third on the same side",
    _some_of(4, 5, 1.0),
    4,
)
_HUGGING = Rule("hugging", "15 points in a row in the inner third", _hugging(15), 15)

RULE_SETS: dict[str, RuleSet] = {
    rule_set.code: rule_set
    for rule_set in (
        RuleSet(
            "run_ihi",
            "Run chart rules (shift of 6, trend of 5, number of runs)",
            (
                _shift_rule(6),
                _trend_rule(5, ties_count_once=True),
                Rule("few_runs", "Fewer runs than chance would make", _few_runs, 0),
                Rule("many_runs", "More runs than chance would make", _many_runs, 0),
            ),
            median=True,
            mean=False,
        ),
        RuleSet(
            "anhoej",
            "Anhøj rules (longest run, crossings)",
            (
                Rule("longest_run", "Longest run longer than chance would make", _unusual_run, 0),
                Rule("crossings", "Fewer crossings than chance would make", _few_crossings, 0),
            ),
            median=True,
            mean=True,
        ),
        RuleSet(
            "shewhart_ihi",
            "Shewhart rules as used in improvement (limits, 8 on a side, 6 trend, 2 of 3, 15 inside)",
            (
                _BEYOND,
                _shift_rule(8),
                _trend_rule(6, ties_count_once=True),
                _TWO_OF_THREE,
                _HUGGING,
            ),
            median=False,
            mean=True,
        ),
        RuleSet(
            "nhs_mdc",
            "NHS Making Data Count rules (limits, 7 on a side, 7 trend, 2 of 3)",
            (
                _BEYOND,
                _shift_rule(7),
                _trend_rule(7, ties_count_once=False),
                Rule(_TWO_OF_THREE.code, _TWO_OF_THREE.name, _some_of(2, 3, 2.0, nhs=True), 2),
            ),
            median=False,
            mean=True,
        ),
        RuleSet(
            "western_electric",
            "Western Electric rules (limits, 2 of 3, 4 of 5, 8 on a side)",
            (_BEYOND, _TWO_OF_THREE, _FOUR_OF_FIVE, _shift_rule(8)),
            median=False,
            mean=True,
        ),
        RuleSet(
            "nelson",
            "Nelson rules (all eight)",
            (
                _BEYOND,
                _shift_rule(9),
                _trend_rule(6, ties_count_once=False),
                Rule(
                    "alternating",
                    "14 points in a row going up and down by turns",
                    _alternating(14),
                    14,
                ),
                _TWO_OF_THREE,
                _FOUR_OF_FIVE,
                _HUGGING,
                # Nelson (1984): on both sides of the centre. On one side alone it is a shift.
                Rule(
                    "mixture",
                    "8 points in a row outside the inner third, on both sides",
                    _mixture(8),
                    8,
                ),
            ),
            median=False,
            mean=True,
        ),
    )
}
