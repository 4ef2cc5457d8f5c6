"""Who is in a measure's denominator, and who meets the numerator.

Pure. A member's chance is the anchor's rate of the race plus effects of group, site and year on the
logit; in the first year the rates over all members equal the anchors. Outcomes of one member hang
together over the years, as they do in life.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit, ndtr

from collaborative.demo.population import Bools, Floats, Ints, Population
from collaborative.demo.world import RACES, YEARS, DemoGroup, World

#: How far groups, race within a group, and sites differ: standard deviations on the logit.
GROUP_SPREAD, RACE_IN_GROUP_SPREAD, SITE_SPREAD = 0.22, 0.12, 0.12
#: Share of a member's luck that stays from year to year.
STAYING = 0.6
MOST_SITES = 12


@dataclass(frozen=True)
class Results:
    """One entry per row of a file: which member, what for, and what happened."""

    member: Ints
    year: Ints
    measure: NDArray[np.str_]
    event: Ints
    numerator: Bools
    excluded: Bools


@dataclass(frozen=True)
class _Family:
    """Measures with one denominator and one draw of luck, so that their numerators fit each other.

    eligible: population, year, luck of the year (0–1) → number of rows per member (0, 1 or events).
    from_top: measures whose numerator is the unlucky end.
    """

    measures: tuple[str, ...]
    eligible: Callable[[Population, int, Floats], Ints]
    from_top: frozenset[str] = frozenset()


def _age(population: Population, year: int) -> Ints:
    return year - population.birth_year


def _ages(low: int, high: int) -> Callable[[Population, int, Floats], Ints]:
    def eligible(population: Population, year: int, luck: Floats) -> Ints:
        age = _age(population, year)
        return ((age >= low) & (age <= high)).astype(np.int64)

    return eligible


def _breast(population: Population, year: int, luck: Floats) -> Ints:
    age = _age(population, year)
    lowest = 40 if year >= 2025 else 50
    return ((age >= lowest) & (age <= 74) & population.female).astype(np.int64)


def _hypertension(population: Population, year: int, luck: Floats) -> Ints:
    age = _age(population, year)
    has = age >= population.hypertension_from
    return ((age >= 18) & (age <= 85) & has).astype(np.int64)


def _diabetes(oldest: int) -> Callable[[Population, int, Floats], Ints]:
    def eligible(population: Population, year: int, luck: Floats) -> Ints:
        age = _age(population, year)
        has = age >= population.diabetes_from
        return ((age >= 18) & (age <= oldest) & has).astype(np.int64)

    return eligible


def _asthma(population: Population, year: int, luck: Floats) -> Ints:
    age = _age(population, year)
    return ((age >= 5) & (age <= 64) & population.asthma).astype(np.int64)


def _births(population: Population, year: int, luck: Floats) -> Ints:
    age = _age(population, year)
    return ((age >= 18) & (age <= 43) & population.female & (luck < 0.045)).astype(np.int64)


def _stays(population: Population, year: int, luck: Floats) -> Ints:
    """Discharges: few people, some of them twice."""
    age = _age(population, year)
    return np.where(age >= 6, (luck < 0.004).astype(np.int64) + (luck < 0.001), 0)


def _visits(population: Population, year: int, luck: Floats) -> Ints:
    age = _age(population, year)
    return np.where(age >= 13, (luck < 0.005).astype(np.int64) + (luck < 0.0012), 0)


FAMILIES = (
    _Family(("BCS-E",), _breast),
    _Family(("COL-E",), _ages(45, 75)),
    _Family(("CBP",), _hypertension),
    _Family(("GSD-GOOD", "GSD-POOR"), _diabetes(75), frozenset({"GSD-POOR"})),
    _Family(("EED",), _diabetes(75)),
    _Family(("BPD",), _diabetes(75)),
    _Family(("KED",), _diabetes(85)),
    _Family(("AMR",), _asthma),
    _Family(("PPC-TIMELY",), _births),
    _Family(("PPC-POST",), _births),
    _Family(("FUH-7", "FUH-30"), _stays),
    _Family(("FUA-7", "FUA-30"), _visits),
    _Family(("W30-15M",), _ages(1, 1)),
    _Family(("W30-30M",), _ages(2, 2)),
    _Family(("CIS-E",), _ages(2, 2)),
    _Family(("IMA-E",), _ages(13, 13)),
    _Family(("WCV",), _ages(3, 21)),
)
#: Families that share their luck of the year: births are the same births in both.
_LUCK_OF = {"PPC-POST": "PPC-TIMELY"}


def draw_results(
    world: World,
    groups: Sequence[DemoGroup],
    population: Population,
    seed: int,
    *,
    measures: frozenset[str] | None = None,
) -> Results:
    """All rows of all years, ordered by year, measure and member.

    measures: only these; every measure draws from its own stream, so leaving one out changes no other.
    """
    parts: list[tuple[int, str, Ints, Ints, Bools, Bools]] = []
    for family in FAMILIES:
        wanted = [m for m in family.measures if measures is None or m in measures]
        if wanted:
            parts += _draw_family(world, groups, population, seed, family, wanted)
    order = sorted(range(len(parts)), key=lambda i: (parts[i][0], i))
    parts = [parts[i] for i in order]
    return Results(
        member=np.concatenate([part[2] for part in parts]),
        year=np.concatenate([np.full(len(part[2]), part[0]) for part in parts]),
        measure=np.concatenate([np.full(len(part[2]), part[1]) for part in parts]),
        event=np.concatenate([part[3] for part in parts]),
        numerator=np.concatenate([part[4] for part in parts]),
        excluded=np.concatenate([part[5] for part in parts]),
    )


def _stream(seed: int, name: str) -> np.random.Generator:
    """A stream of random numbers of its own for each name."""
    return np.random.default_rng([seed, *name.encode()])


def _draw_family(
    world: World,
    groups: Sequence[DemoGroup],
    population: Population,
    seed: int,
    family: _Family,
    wanted: Sequence[str],
) -> list[tuple[int, str, Ints, Ints, Bools, Bools]]:
    rng = _stream(seed, family.measures[0])
    luck_rng = _stream(seed, "luck " + _LUCK_OF.get(family.measures[0], family.measures[0]))
    own_luck = rng.standard_normal(len(population))
    chances = {m: _Chances(world, groups, population, seed, family, m) for m in family.measures}
    parts = []
    for number, year in enumerate(YEARS):
        count = family.eligible(population, year, luck_rng.random(len(population)))
        count = np.where(population.present[:, number], count, 0)
        member = np.repeat(np.arange(len(population)), count)
        event = np.arange(len(member)) - np.repeat(np.cumsum(count) - count, count)
        staying = 0.35 * population.health + np.sqrt(1 - 0.35**2) * own_luck
        draw = np.sqrt(STAYING) * staying[member] + np.sqrt(1 - STAYING) * rng.standard_normal(
            len(member)
        )
        place = ndtr(draw)
        excluded = rng.random(len(member)) < 0.012
        chance = {m: chances[m].of(member, number) for m in family.measures}
        for measure in wanted:
            met = place < chance[measure]
            if measure in family.from_top:  # nobody is under and over control at once
                met = place > np.maximum(1 - chance[measure], chance[family.measures[0]])
            parts.append((year, measure, member, event, met & ~excluded, excluded))
    return parts


class _Chances:
    """Chance of meeting one measure's numerator, for members in a year."""

    def __init__(
        self,
        world: World,
        groups: Sequence[DemoGroup],
        population: Population,
        seed: int,
        family: _Family,
        measure: str,
    ) -> None:
        anchor = world.anchors[measure]
        # One draw of effects for a family: where many are under control, few are out of it.
        rng = _stream(seed, "effects " + family.measures[0])
        sign = -1 if measure in family.from_top else 1
        by_group = rng.normal(0, GROUP_SPREAD, len(groups))
        by_race = rng.normal(0, RACE_IN_GROUP_SPREAD, (len(groups), len(RACES)))
        by_site = rng.normal(0, SITE_SPREAD, (len(groups), MOST_SITES))
        codes = [group.code for group in groups]
        stories = [
            (codes.index(story.group), RACES.index(story.race), story)
            for story in world.stories
            if story.measure == anchor.measure and story.group in codes
        ]
        # A story is told by its own numbers, not by the luck of the draw.
        for group, race, story in stories:
            by_race[group, [0, race]] = 0, sign * _step(anchor.rates[story.race], story.start)
        self.race, self.group = population.race, population.group
        self.effect = (
            sign * by_group[population.group]
            + sign * by_race[population.group, population.race]
            + sign * by_site[population.group, population.site]
        )
        self.anchor = anchor
        self.base: Floats | None = None
        self.shift = np.zeros((len(YEARS), len(groups), len(RACES)))
        for race, name in enumerate(RACES):
            for later, points in enumerate(anchor.change[name], start=1):
                self.shift[later, :, race] += _step(anchor.rates[name], points)
        for group, race, story in stories:
            for later, points in enumerate(story.points, start=1):
                self.shift[later, group, race] += _step(anchor.rates[story.race], points)

    def of(self, member: Ints, year: int) -> Floats:
        """Chances 0–1; the first call, for the first year, fits the rates to the anchor."""
        effect, race = self.effect[member], self.race[member]
        if self.base is None:
            self.base = np.array(
                [
                    _fit(effect[race == number], self.anchor.rates[name])
                    for number, name in enumerate(RACES)
                ]
            )
        return expit(self.base[race] + effect + self.shift[year, self.group[member], race])


def _step(rate: float, points: float) -> float:
    """What moves a rate by some points, on the logit."""
    return float(logit(rate + points) - logit(rate))


def _fit(effects: Floats, rate: float) -> float:
    """The constant that makes the mean chance of these people equal the rate (Newton's steps)."""
    constant = float(logit(rate))
    if len(effects) == 0:
        return constant
    for _ in range(20):
        chance = expit(constant + effects)
        constant += float((rate - chance.mean()) / (chance * (1 - chance)).mean())
    return constant
