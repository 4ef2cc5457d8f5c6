"""Random programmes whose counts add up along every relation, for attacks on the suppression."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from measures.stats.suppression import Relation


@dataclass(frozen=True)
class Programme:
    n: NDArray[np.int64]
    x: NDArray[np.int64]
    unit_relations: tuple[Relation, ...]
    stratum_relations: tuple[Relation, ...]
    unpublished: NDArray[np.bool_]
    shared_denominator: NDArray[np.int64]

    @property
    def arguments(self) -> dict[str, object]:
        return {
            "unit_relations": self.unit_relations,
            "stratum_relations": self.stratum_relations,
            "unpublished": self.unpublished,
            "shared_denominator": self.shared_denominator,
        }


def random_programme(
    seed: int,
    *,
    measures: int = 1,
    teams: int = 4,
    sites: int = 3,
    lines: int = 2,
    races: int = 5,
    members: int = 2000,
    rate: float | None = None,
    nested: bool = False,
) -> Programme:
    """Members in teams, sites, lines of business, races and (not) Hispanic, summed every way.

    Units: programme, teams, sites team by team, lines of business team by team.
    Strata: total; race r; Hispanic, not Hispanic; "Hispanic and race r" (never published);
    "not Hispanic and race r".
    nested: who meets a measure meets the one after it that shares its denominator.
    """
    rng = np.random.default_rng(seed)
    share_team = rng.dirichlet(np.full(teams, 1.5))
    share_race = np.sort(rng.dirichlet(np.full(races, 0.6)))[::-1]
    share_site = rng.dirichlet(np.full(sites, 1.0))
    share_line = rng.dirichlet(np.full(lines, 2.0))
    cells = np.einsum(
        "t,s,l,r,h->tslrh", share_team, share_site, share_line, share_race, [0.15, 0.85]
    )
    shape = cells.shape
    ns, xs, groups = [], [], []
    hits = np.zeros(shape, dtype=np.int64)
    for measure in range(measures):
        if measure % 3 != 2 or not ns:  # every third measure shares the denominator before it
            size = int(members * rng.uniform(0.2, 1.5))
            noise = cells.ravel() * rng.gamma(2.0, 0.5, cells.size)
            base = rng.multinomial(size, noise / noise.sum()).reshape(shape)
            groups.append(measure)
            sooner = np.zeros_like(base)
        else:
            groups.append(groups[-1])
            sooner = hits if nested else np.zeros_like(base)
        p = rng.choice([0.02, 0.3, 0.6, 0.85, 0.97]) if rate is None else rate
        hits = sooner + rng.binomial(base - sooner, p)
        ns.append(_sum_up(base))
        xs.append(_sum_up(hits))
    n, x = np.stack(ns), np.stack(xs)

    team = np.arange(1, teams + 1)
    first_site = 1 + teams
    first_line = first_site + teams * sites
    units = [Relation(0, tuple(map(int, team)), parts_are_readers=True)]
    for t in range(teams):
        units.append(Relation(t + 1, _run(first_site + t * sites, sites)))
        units.append(Relation(t + 1, _run(first_line + t * lines, lines)))

    race, hispanic, not_hispanic = 1, 1 + races, 2 + races
    crossed, plain = 3 + races, 3 + 2 * races
    strata = [
        Relation(0, _run(race, races)),
        Relation(0, (hispanic, not_hispanic)),
        Relation(hispanic, _run(crossed, races)),
        Relation(not_hispanic, _run(plain, races)),
    ]
    strata += [Relation(race + r, (crossed + r, plain + r)) for r in range(races)]
    unpublished = np.zeros(n.shape[2], dtype=bool)
    unpublished[crossed : crossed + races] = True
    return Programme(n, x, tuple(units), tuple(strata), unpublished, np.array(groups))


def _run(start: int, length: int) -> tuple[int, ...]:
    return tuple(range(start, start + length))


def _sum_up(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """[team, site, line, race, Hispanic] to [unit, stratum]."""
    teams, sites, lines = counts.shape[:3]
    rows = [
        counts.sum(axis=(0, 1, 2))[None],
        counts.sum(axis=(1, 2)),
        counts.sum(axis=2).reshape(teams * sites, *counts.shape[3:]),
        counts.sum(axis=1).reshape(teams * lines, *counts.shape[3:]),
    ]
    by_unit = np.concatenate(rows)  # [unit, race, Hispanic]
    race, hispanic = by_unit.sum(axis=2), by_unit.sum(axis=1)
    return np.concatenate(
        [by_unit.sum(axis=(1, 2))[:, None], race, hispanic, by_unit[:, :, 0], by_unit[:, :, 1]],
        axis=1,
    )
