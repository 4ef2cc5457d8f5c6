"""Generated programmes are published as the site does it, and attacked with everything on all cards.

With completeness by group and imputed rates of programme and groups beside them; every sixth programme has
two measures of which one is part of the other.

Few of them in the normal run; all 500 with `-m heavy`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from measures.stats.disclosure import Beside, Limit, audit, protect
from measures.stats.states import PRIVATE_STATES, CellState
from measures.stats.suppression import Relation, is_small, suppress
from tests.measures.stats.attacks import Attack, Recovered, Seen, Told
from tests.measures.stats.beside import (
    Completeness,
    Imputed,
    Rates,
    as_checked,
    as_read,
    count_members,
    members_checked,
    members_read,
    random_imputed,
)
from tests.measures.stats.programmes import Programme, random_programme

PRIVATE = PRIVATE_STATES
#: The last two were recovered once: one because a reader sees which strata are empty where some of a set are
#: shown, the other by imputed rates of several groups together.
FEW = (0, 1, 2, 3, 4, 5, 493, 132)
#: One measure each.
SMALL = tuple(seed for seed in FEW if seed % 5)
MANY = 500


@dataclass(frozen=True)
class Cards:
    """Programme and teams with the strata of cards; states as the site would store them."""

    n: NDArray[np.int64]
    x: NDArray[np.int64]
    states: NDArray[np.int8]
    strata: list[Relation]
    unpublished: NDArray[np.bool_]
    shared: NDArray[np.int64]
    completeness: Completeness
    imputed: Imputed
    nested: tuple[tuple[int, int], ...] = ()

    @property
    def teams(self) -> Relation:
        return Relation(0, tuple(range(1, self.n.shape[1])), parts_are_readers=True)

    @property
    def hidden(self) -> NDArray[np.bool_]:
        return np.isin(self.states, PRIVATE) | (self.unpublished & (self.n > 0))

    @property
    def rates(self) -> list[Rates]:
        return list(self.imputed.rates(self.n, self.x, np.isin(self.states, PRIVATE)))

    @property
    def beside(self) -> Beside:
        """Everything beside the cells, for the gate."""
        members, rates = members_checked(self.completeness), as_checked(self.imputed, self.rates)
        return Beside([*members.limits, *rates.limits], rates.others)

    @property
    def told(self) -> list[Told]:
        return [*members_read(self.completeness), *as_read(self.imputed, self.rates)]

    @property
    def arguments(self) -> dict[str, Any]:
        return {
            "unit_relations": [self.teams],
            "stratum_relations": self.strata,
            "shared_denominator": self.shared,
            "unpublished": self.unpublished,
        }

    def seen(self) -> Seen:
        # Where all strata of a set are hidden, which of them are empty is hidden too.
        whole = np.zeros(self.n.shape, dtype=bool)
        never = np.broadcast_to(self.unpublished, self.n.shape)
        for relation in self.strata:
            parts = list(relation.parts)
            listed = ~never[..., parts].any(axis=2, keepdims=True)
            whole[..., parts] |= self.hidden[..., parts].all(axis=2, keepdims=True) & listed
        # Cells that nobody publishes can be empty as far as a reader knows.
        listed = ~np.broadcast_to(self.unpublished, self.n.shape)
        return Seen(self.n, self.x, ~self.hidden & listed, self.hidden & listed & ~whole)


def generated(seed: int) -> Programme:
    return random_programme(
        seed,
        teams=3 + seed % 3,
        sites=2,
        lines=2,
        races=3 + seed % 2,
        measures=1 + 2 * (seed % 5 == 0),
        members=[400, 1500, 6000, 20000][seed % 4],
        nested=is_nested(seed),
    )


def is_nested(seed: int) -> bool:
    return seed % 10 == 0


def publish(
    programme: Programme,
    *,
    kept: NDArray[np.bool_] | None = None,
    exact: bool = True,
    nested: tuple[tuple[int, int], ...] = (),
) -> Cards:
    """Line rules over everything, then the exact check of programme and teams. kept: hidden before."""
    units, strata = programme.n.shape[1:]
    teams = programme.unit_relations[0].parts
    races = (strata - 3) // 3
    plain = tuple(range(3 + 2 * races, strata))
    # As on the site: race and ethnicity for the programme only; the combined set for everybody.
    relations = [*programme.stratum_relations, Relation(0, (1 + races, *plain))]
    unpublished = np.broadcast_to(programme.unpublished, (units, strata)).copy()
    unpublished[1:, 1 : 1 + races] = unpublished[1:, 2 + races] = True
    first = np.zeros((units, strata), dtype=bool)
    first[0, 1 : 3 + races] = True
    states = suppress(
        programme.n,
        programme.x,
        unit_relations=programme.unit_relations,
        stratum_relations=relations,
        shared_denominator=programme.shared_denominator,
        unpublished=unpublished,
        hide_first=first,
    )
    wholes = slice(0, 1 + len(teams))
    n, x = programme.n[:, wholes], programme.x[:, wholes]
    # The last race stands for people of whom no race is known: members are counted by it, and their race is
    # imputed.
    no_race = races
    combined = [(1 + races,), *((s,) for s in plain[:-1])]
    cards = Cards(
        n,
        x,
        states[:, wholes],
        relations,
        unpublished[wholes],
        programme.shared_denominator,
        count_members(n, known=tuple(range(1, races)), unknown=no_race),
        random_imputed(int(n.sum()), n, x, unknown=plain[-1], strata=combined),
        nested,
    )
    if not exact:
        return cards
    also = cards.hidden if kept is None else cards.hidden | (kept & (n > 0))
    limits: list[Limit] = []
    while True:
        # With more cells hidden, an imputed rate that would have told may be one that does not.
        beside = cards.beside
        limits += beside.limits
        before = cards.hidden
        states = protect(
            n, x, also_hide=also, beside=Beside(limits, beside.others), **cards.arguments
        )
        cards = replace(cards, states=states)
        if not (cards.hidden & ~before).any():
            return cards
        also = also | cards.hidden


def attack_public(*releases: Cards, grows: bool = False) -> tuple[int, list[Recovered]]:
    first = releases[0]
    return Attack(
        [cards.seen() for cards in releases],
        unit_relations=[first.teams],
        stratum_relations=first.strata,
        shared=first.shared,
        grows=grows,
        nested=first.nested,
        told=releases[-1].told,
    ).recovered()


def attack_from_inside(cards: Cards) -> tuple[int, list[Recovered]]:
    """Each team takes its own numbers away from the public card."""
    attacked, recovered = 0, []
    seen = cards.seen()
    for team in cards.teams.parts:
        n, x = cards.n[:, :1] - cards.n[:, [team]], cards.x[:, :1] - cards.x[:, [team]]
        shown = seen.shown[:, :1]
        count, found = Attack(
            [Seen(n, x, shown, np.zeros_like(shown))],
            unit_relations=[],
            stratum_relations=cards.strata,
            shared=cards.shared,
            nested=cards.nested,
            told=[less_own(told, cards, team) for told in cards.told if told.unit == 0],
        ).recovered()
        attacked, recovered = attacked + count, recovered + found
    return attacked, recovered


def less_own(told: Told, cards: Cards, team: int) -> Told:
    """What a figure of the programme tells a team of the others: it knows all that it added itself."""
    n, x = cards.n[told.measure, team], cards.x[told.measure, team]
    imputed = cards.imputed
    people = [*imputed.people[told.measure, team], imputed.rest[told.measure, team]]
    own = sum(w * x[s] for s, w in told.hits.items())
    own += sum(w * (n - x)[s] for s, w in told.misses.items())
    for name, weight in told.others.items():
        group, kind = name.split()
        own += weight * people[-1 if group == "rest" else int(group)][int(kind == "not")]
    return replace(told, low=told.low - float(own), high=told.high - float(own))


def subtracted(cards: Cards) -> list[tuple[int, ...]]:
    """The plain attack: again and again, the one unknown of a line is worked out from the others."""
    found = []
    for counts in (cards.n, cards.x, cards.n - cards.x):
        known = ~cards.hidden & ~np.broadcast_to(cards.unpublished, counts.shape)
        lines = [
            [(m, u, s) for s in r.members]
            for m in range(counts.shape[0])
            for u in range(counts.shape[1])
            for r in cards.strata
        ] + [
            [(m, u, s) for u in cards.teams.members]
            for m in range(counts.shape[0])
            for s in range(counts.shape[2])
        ]
        changed = True
        while changed:
            changed = False
            for line in lines:
                unknown = [cell for cell in line if not known[cell]]
                if len(unknown) == 1:
                    known[unknown[0]] = changed = True
                    if is_small(counts[unknown[0]]):
                        found.append(unknown[0])
    return found


def restated(programme: Programme, seed: int) -> Programme:
    """A correction that adds a few people, in the same sites and strata."""
    more = random_programme(
        seed + 10_000,
        teams=len(programme.unit_relations[0].parts),
        sites=2,
        lines=2,
        races=(programme.n.shape[2] - 3) // 3,
        measures=programme.n.shape[0],
        members=30,
    )
    return replace(programme, n=programme.n + more.n, x=programme.x + more.x)


def attack(seed: int) -> tuple[int, int, int]:
    """(small counts attacked, cells with people that cards can show, those that they do show)."""
    programme = generated(seed)
    cards = publish(programme, nested=((1, 2),) if is_nested(seed) else ())
    assert audit(cards.n, cards.x, cards.states, beside=cards.beside, **cards.arguments) == []
    assert subtracted(cards) == []
    attacked, recovered = attack_public(cards)
    assert recovered == [], seed
    inside, recovered = attack_from_inside(cards)
    assert recovered == [], seed
    may = (cards.n > 0) & ~np.broadcast_to(cards.unpublished, cards.n.shape)
    return attacked + inside, int(may.sum()), int((may & ~cards.hidden).sum())


@pytest.mark.parametrize("seed", FEW)
def test_nothing_is_recovered_of_a_generated_programme(seed):
    attacked, _, shown = attack(seed)
    assert attacked > 0 and shown > 0


@pytest.mark.parametrize("grows", [False, True], ids=["corrected", "only added to"])
@pytest.mark.parametrize("seed", SMALL)
def test_nothing_is_recovered_from_two_releases(seed, grows):
    """Restated: the old cards and the new ones together. Some readers know that people were only added."""
    programme = generated(seed)
    old = publish(programme)
    new = publish(restated(programme, seed), kept=old.hidden)
    assert not (old.hidden & ~new.hidden & (new.n > 0)).any()
    attacked, recovered = attack_public(old, new, grows=grows)
    assert attacked > 0
    assert recovered == []


def test_the_attacks_find_what_is_open():
    """Line rules undone: complements shown. Both attacks recover something, or they would be no test."""
    cards = publish(generated(1))
    opened = cards.states.copy()
    opened[opened == CellState.PRIVACY_COMPLEMENTARY] = CellState.SHOWN
    cards = replace(cards, states=opened)
    assert subtracted(cards)
    assert attack_public(cards)[1]


@pytest.mark.heavy
def test_nothing_is_recovered_of_five_hundred_programmes(capsys):
    attacked = may = shown = 0
    for seed in range(MANY):
        found = attack(seed)
        attacked, may, shown = attacked + found[0], may + found[1], shown + found[2]
    with capsys.disabled():
        print(
            f"\n{MANY} programmes: {attacked} small counts attacked; shown {shown} of {may} cells"
        )
    assert attacked > 10_000
