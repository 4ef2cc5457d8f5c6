"""Generated programmes are published as the site does it, and attacked with everything on all cards.

Few of them in the normal run; all 500 with `-m heavy`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest
from numpy.typing import NDArray

from measures.stats.disclosure import protect
from measures.stats.states import CellState
from measures.stats.suppression import Relation, is_small, suppress
from tests.measures.stats.attacks import Attack, Recovered, Seen
from tests.measures.stats.programmes import Programme, random_programme

PRIVATE = [CellState.PRIVACY_PRIMARY, CellState.PRIVACY_COMPLEMENTARY]
#: The last one was recovered once: a reader sees which strata are empty where some of a set are shown.
FEW = (0, 1, 2, 3, 4, 5, 493)
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

    @property
    def teams(self) -> Relation:
        return Relation(0, tuple(range(1, self.n.shape[1])), parts_are_readers=True)

    @property
    def hidden(self) -> NDArray[np.bool_]:
        return np.isin(self.states, PRIVATE) | (self.unpublished & (self.n > 0))

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
    )


def publish(
    programme: Programme, *, kept: NDArray[np.bool_] | None = None, exact: bool = True
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
    cards = Cards(
        n, x, states[:, wholes], relations, unpublished[wholes], programme.shared_denominator
    )
    if not exact:
        return cards
    also = cards.hidden if kept is None else cards.hidden | (kept & (n > 0))
    return replace(
        cards,
        states=protect(
            n,
            x,
            unit_relations=[cards.teams],
            stratum_relations=relations,
            shared_denominator=cards.shared,
            unpublished=cards.unpublished,
            also_hide=also,
        ),
    )


def attack_public(*releases: Cards, grows: bool = False) -> tuple[int, list[Recovered]]:
    first = releases[0]
    return Attack(
        [cards.seen() for cards in releases],
        unit_relations=[first.teams],
        stratum_relations=first.strata,
        shared=first.shared,
        grows=grows,
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
        ).recovered()
        attacked, recovered = attacked + count, recovered + found
    return attacked, recovered


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
    cards = publish(programme)
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


@pytest.mark.parametrize("seed", FEW)
def test_nothing_is_recovered_from_two_releases(seed):
    """Restated and next year's: the old cards and the new ones together."""
    programme = generated(seed)
    old = publish(programme)
    new = publish(restated(programme, seed), kept=old.hidden)
    assert not (old.hidden & ~new.hidden & (new.n > 0)).any()
    attacked, recovered = attack_public(old, new)
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
