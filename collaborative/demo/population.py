"""Draws the demo's members: who they are, what is known of them, what they live with.

Pure: a seed in, arrays out, one entry per member; the same seed gives the same arrays.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from collaborative.demo.world import RACES, YEARS, DemoGroup, World

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

WHITE, BLACK, HISPANIC, ASIAN, AIAN, NHPI, OTHER, MULTIPLE = range(len(RACES))
FIRST_YEAR = YEARS[0]

#: How an answer on file came to be known, with its share in the first and the last year.
SOURCES = ("self-reported", "ehr", "state", "other direct", "surname", "geocoding")
SOURCE_SHARES = ((0.48, 0.24, 0.06, 0.04, 0.13, 0.05), (0.68, 0.18, 0.04, 0.03, 0.05, 0.02))
#: Kinds of answer on file.
KNOWN, DECLINED, CODED_UNKNOWN, EMPTY = range(4)

#: Relative frequency of a condition by race, in the order of RACES.
_HYPERTENSION_BY_RACE = (1.0, 1.30, 0.95, 0.95, 1.1, 1.1, 1.0, 1.0)
_DIABETES_BY_RACE = (1.0, 1.45, 1.50, 1.15, 1.5, 1.4, 1.3, 1.1)
_ASTHMA_BY_RACE = (1.0, 1.35, 1.40, 0.8, 1.2, 1.0, 1.2, 1.2)
#: Language by race: English, Spanish, Portuguese, Chinese, Haitian Creole, Vietnamese, another.
LANGUAGES = ("eng", "spa", "por", "zho", "hat", "vie", "mul")
_LANGUAGE_BY_RACE = (
    (0.955, 0.000, 0.025, 0.000, 0.000, 0.000, 0.020),
    (0.770, 0.010, 0.050, 0.000, 0.110, 0.000, 0.060),
    (0.560, 0.410, 0.020, 0.000, 0.000, 0.000, 0.010),
    (0.560, 0.000, 0.000, 0.200, 0.000, 0.100, 0.140),
    (0.960, 0.030, 0.000, 0.000, 0.000, 0.000, 0.010),
    (0.900, 0.000, 0.000, 0.000, 0.000, 0.000, 0.100),
    (0.620, 0.050, 0.300, 0.000, 0.000, 0.000, 0.030),
    (0.920, 0.030, 0.030, 0.000, 0.005, 0.000, 0.015),
)


@dataclass(frozen=True)
class Population:
    """One entry per member; `years` arrays have one column per year of YEARS."""

    number: Ints
    group: Ints
    site: Ints
    zip_code: NDArray[np.str_]
    birth_year: Ints
    female: Bools
    race: Ints
    present: Bools
    race_given: Ints
    answer: Ints
    source: Ints
    ethnicity_missing: Bools
    language: Ints
    language_known: Bools
    hypertension_from: Ints
    diabetes_from: Ints
    asthma: Bools
    health: Floats

    def __len__(self) -> int:
        return len(self.number)


def draw_population(
    world: World, groups: Sequence[DemoGroup], rng: np.random.Generator, *, first_number: int
) -> Population:
    """Members of these groups, group by group. `site` counts within the group."""
    counts = np.array([group.members for group in groups])
    group = np.repeat(np.arange(len(groups)), counts)
    total = len(group)
    site = _draw_sites(groups, group, rng)
    zip_code = _draw_zips(groups, group, site, rng)
    race = _draw_races(world, groups, group, site, rng)
    child = rng.random(total) < np.array([g.children for g in groups])[group]
    birth_year = YEARS[1] - _draw_ages(child, rng)
    answer, source, race_given = _draw_answers(groups, group, site, race, rng)
    language = _draw_by_share(np.array(_LANGUAGE_BY_RACE)[race], rng)
    # Who did not give the race rarely gave the language.
    knows = rng.random(total)[:, None] < np.where(answer == KNOWN, 0.78, 0.30)
    hypertension = _draw_onset(
        ((18, 0.02), (45, 0.17), (60, 0.36), (75, 0.52)), _HYPERTENSION_BY_RACE, race, rng
    )
    diabetes = _draw_onset(
        ((18, 0.012), (45, 0.055), (60, 0.115), (70, 0.16)), _DIABETES_BY_RACE, race, rng
    )
    return Population(
        number=first_number + rng.permutation(total),
        group=group,
        site=site,
        zip_code=zip_code,
        birth_year=birth_year,
        female=rng.random(total) < 0.52,
        race=race,
        present=_draw_presence(total, rng),
        race_given=race_given,
        answer=answer,
        source=source,
        ethnicity_missing=rng.random(total) < 0.04,
        language=language,
        language_known=knows,
        hypertension_from=hypertension,
        diabetes_from=diabetes,
        asthma=rng.random(total) < 0.035 * np.array(_ASTHMA_BY_RACE)[race],
        health=rng.standard_normal(total),
    )


def _draw_by_share(shares: Floats, rng: np.random.Generator) -> Ints:
    """One category per row of `shares`, whose rows add up to 1."""
    limits = np.cumsum(shares, axis=1)
    limits[:, -1] = 1.0
    return (rng.random(len(shares))[:, None] >= limits).sum(axis=1)


def _draw_sites(groups: Sequence[DemoGroup], group: Ints, rng: np.random.Generator) -> Ints:
    """The first site of a group is the largest, each further one 0.8 times as large; 1 % have none (-1)."""
    site = np.full(len(group), -1)
    for number, entry in enumerate(groups):
        mine = np.flatnonzero(group == number)
        weights = 0.8 ** np.arange(len(entry.sites))
        site[mine] = rng.choice(len(entry.sites), size=len(mine), p=weights / weights.sum())
    site[rng.random(len(group)) < 0.01] = -1
    return site


def _draw_zips(
    groups: Sequence[DemoGroup], group: Ints, site: Ints, rng: np.random.Generator
) -> NDArray[np.str_]:
    """Home: three in four near the site, the others near another site of the group."""
    zip_code = np.full(len(group), "", dtype="<U5")
    moved = rng.random(len(group)) < 0.25
    for number, entry in enumerate(groups):
        mine = np.flatnonzero(group == number)
        codes = np.array([s.zip_code for s in entry.sites])
        elsewhere = rng.integers(0, len(codes), len(mine))
        home = np.where(moved[mine] | (site[mine] < 0), elsewhere, site[mine])
        zip_code[mine] = codes[home]
    return zip_code


def _draw_races(
    world: World, groups: Sequence[DemoGroup], group: Ints, site: Ints, rng: np.random.Generator
) -> Ints:
    """By the mix of the site's ZIP code."""
    race = np.zeros(len(group), dtype=np.int64)
    for number, entry in enumerate(groups):
        mixes = np.array([world.mix[s.zip_code] for s in entry.sites])
        mine = np.flatnonzero(group == number)
        race[mine] = _draw_by_share(mixes[np.maximum(site[mine], 0)], rng)
    return race


def _draw_ages(child: Bools, rng: np.random.Generator) -> Ints:
    """Age in the middle year: children 0 to 17, adults 18 to 88 with most between 25 and 64."""
    adult_ages = np.arange(18, 89)
    weights = np.interp(
        adult_ages, [18, 25, 45, 64, 66, 75, 88], [0.9, 1.1, 1.1, 1.2, 0.8, 0.6, 0.15]
    )
    adults = rng.choice(adult_ages, size=len(child), p=weights / weights.sum())
    return np.where(child, rng.integers(0, 18, len(child)), adults)


def _draw_presence(total: int, rng: np.random.Generator) -> Bools:
    """Who is a member in which year: most stay, some leave, some come; everybody is there once."""
    patterns = np.array(
        [[1, 1, 1], [1, 1, 0], [1, 0, 0], [0, 1, 1], [0, 0, 1], [0, 1, 0]], dtype=bool
    )
    shares = [0.66, 0.09, 0.06, 0.10, 0.07, 0.02]
    return patterns[rng.choice(len(patterns), size=total, p=shares)]


def _draw_onset(
    steps: tuple[tuple[int, float], ...],
    by_race: tuple[float, ...],
    race: Ints,
    rng: np.random.Generator,
) -> Ints:
    """Age from which a member has a condition that stays; 999 for never.

    steps: (age, share of people of that age who have it), rising.
    """
    ages = np.array([age for age, _ in steps] + [90])
    shares = np.array([share for _, share in steps] + [steps[-1][1] * 1.1])
    luck = rng.random(len(race)) / np.array(by_race)[race]
    onset = np.interp(luck, shares, ages, left=ages[0], right=999)
    return np.where(luck > shares[-1], 999, np.ceil(onset)).astype(np.int64)


def _draw_answers(
    groups: Sequence[DemoGroup], group: Ints, site: Ints, race: Ints, rng: np.random.Generator
) -> tuple[Ints, Ints, Ints]:
    """What is on file about race in each year: kind of answer, its source, the race it names.

    Who has answered stays answered, so that completeness only grows for a member. People who are not
    White are a little less often known. One imputed answer in seven is wrong, most of them "white".
    """
    total = len(group)
    share = np.array([g.unknown for g in groups])[group]
    years = np.linspace(0, 1, len(YEARS))
    unknown = share[:, :1] + (share[:, 1:] - share[:, :1]) * years
    site_shift = rng.normal(0, 0.05, (len(groups), 12))
    factor = np.where(race == WHITE, 0.96, 1.08)
    unknown = np.clip(unknown * factor[:, None] + site_shift[group, site][:, None], 0.03, 0.92)
    luck = rng.random(total)[:, None]
    declined = 0.03
    answer = np.select(
        [luck < unknown * 0.55, luck < unknown, luck < unknown + declined],
        [EMPTY, CODED_UNKNOWN, DECLINED],
        default=KNOWN,
    )
    shares = np.array(SOURCE_SHARES)
    limits = np.cumsum(shares[0] + (shares[1] - shares[0]) * years[:, None], axis=1)
    limits[:, -1] = 1.0
    source = (rng.random(total)[:, None, None] >= limits[None]).sum(axis=2)
    imputed = source >= SOURCES.index("surname")
    wrong = (rng.random(total) < 1 / 7)[:, None] & imputed
    instead = np.where(race == WHITE, rng.choice([BLACK, HISPANIC, ASIAN], total), WHITE)
    given = np.where(wrong, instead[:, None], race[:, None])
    # Names and addresses cannot tell who is American Indian, of another race or of several.
    given = np.where(imputed & np.isin(race, (AIAN, NHPI, OTHER, MULTIPLE))[:, None], WHITE, given)
    return answer, source, given
