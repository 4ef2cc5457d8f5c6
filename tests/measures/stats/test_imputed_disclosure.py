"""Imputed rates beside a card: what the check finds is true by enumeration, and blur is no leak."""

from __future__ import annotations

from itertools import product
from math import inf
from typing import Any

import numpy as np
import pytest
from scipy.optimize import Bounds, LinearConstraint, milp

from measures.stats.imputed_disclosure import PublishedImputed, imputed_leaks, is_blurred

#: White, Black, other, unknown.
UNKNOWN = 3


def leaks(n, x, hidden, groups, about):
    return imputed_leaks(
        np.array(n), np.array(x), np.array(hidden), groups, imputed_about=about, unknown=UNKNOWN
    )


def published(n, x, stratum, imputed_n=0.0, imputed_x=0.0):
    people = n[stratum] + imputed_n
    return PublishedImputed(
        (stratum,), round(people / 10) * 10, round((x[stratum] + imputed_x) / people, 2)
    )


def test_a_complement_that_the_imputed_rate_shows_gives_the_small_one_away():
    """White is hidden so that Black (7 of 107) is; nobody is imputed, so White's rate is White's own."""
    n, x, hidden = [100, 7, 60, 0], [40, 3, 30, 0], [True, True, False, False]
    assert leaks(n, x, hidden, [], 0) == []
    found = leaks(n, x, hidden, [published(n, x, 0)], 0)
    assert {(leak.stratum, leak.quantity) for leak in found} >= {(1, "numerator")}
    for leak in found:
        true = {"numerator": x[1], "misses": n[1] - x[1], "denominator": n[1]}[leak.quantity]
        assert leak.lowest - 1e-6 <= true <= leak.highest + 1e-6


def test_what_a_card_gives_away_by_itself_is_for_the_check_of_cards():
    assert leaks([100, 7, 60, 0], [40, 3, 30, 0], [False, True, False, False], [], 0) == []


def test_enough_imputed_people_blur_it():
    n, x, hidden = [100, 7, 60, 90], [40, 3, 30, 45], [True, True, False, False]
    group = published(n, x, 0, imputed_n=60.0, imputed_x=30.0)
    assert leaks(n, x, hidden, [group], 90) == []


def test_where_all_is_hidden_an_empty_stratum_may_be_the_answer():
    """33 people in all, White about 30: the others can be nobody at all, so nobody is sure."""
    n, x = [28, 3, 2, 1], [14, 1, 1, 1]
    group = published(n, x, 0)
    assert not [
        leak for leak in leaks(n, x, [True] * 4, [group], 0) if leak.quantity == "denominator"
    ]
    # Listed strata are known to have somebody.
    found = leaks(n, x, [True, True, True, False], [group], 0)
    assert {(leak.stratum, leak.quantity) for leak in found} >= {
        (1, "denominator"),
        (2, "denominator"),
    }


def test_a_reader_whose_sum_does_not_fit_learns_nothing():
    """Some answers on the card were imputed by the sender: fewer people are expected than stand there."""
    n, x, hidden = [100, 7, 60, 0], [40, 3, 30, 0], [False, True, True, False]
    assert leaks(n, x, hidden, [PublishedImputed((0,), 60, 0.4)], 0) == []


@pytest.mark.parametrize("seed", range(6))
def test_ranges_are_those_of_all_tables(seed):
    """Every table of whole numbers that fits lies within the range; the true one is among them."""
    rng = np.random.default_rng(seed)
    n = np.array([rng.integers(15, 25), rng.integers(1, 11), rng.integers(12, 20), 0])
    x = np.array([rng.integers(0, k + 1) for k in n])
    hidden = np.array([True, True, False, False])
    group = published(n.tolist(), x.tolist(), 0)
    fitting = []
    for white, met in product(range(n[:2].sum() + 1), range(x[:2].sum() + 1)):
        black, black_met = n[:2].sum() - white, x[:2].sum() - met
        if not (white and black and 0 <= met <= white and 0 <= black_met <= black):
            continue
        if abs(white - group.expected) > 5 or abs(met - group.rate * white) > 0.005 * white + 1e-9:
            continue
        fitting.append((black, black_met))
    assert (n[1], x[1]) in fitting
    for leak in leaks(n, x, hidden, [group], 0):
        if leak.stratum != 1:
            continue
        values = [
            {"numerator": m, "misses": k - m, "denominator": k}[leak.quantity] for k, m in fitting
        ]
        assert leak.lowest - 1e-6 <= min(values) and max(values) <= leak.highest + 1e-6
        assert min(values) > 0 and max(values) < 11


@pytest.mark.parametrize(
    ("people", "hits", "blurred"),
    [
        # One card: 22 imputed people of whom 11 met it, or one less of either.
        ([22.0], [11.0], True),
        ([21.9], [11.0], False),
        ([22.0], [10.9], False),
        ([22.0], [11.1], False),
        # Of several teams each takes its own away, and is left with as many of the others.
        ([22.0, 22.0], [11.0, 11.0], True),
        ([22.0, 22.0], [11.0, 10.9], False),
        ([22.0, 22.0], [11.0, 11.1], False),
        ([30.0, 0.0], [15.0, 0.0], False),
        ([11.0, 11.0, 11.0], [5.5, 5.5, 5.5], True),
        ([12.0, 11.0, 10.9], [6.0, 5.5, 5.45], False),
    ],
)
def test_imputed_people_hide_the_direct_ones_if_every_team_is_left_enough(
    people: list[float], hits: list[float], blurred: bool
) -> None:
    assert is_blurred(np.array(people), np.array(hits)) is blurred


def test_more_imputed_people_are_asked_for_if_more_counts_are_small() -> None:
    people, hits = np.array([22.0]), np.array([11.0])
    assert not is_blurred(people, hits, k=12) and is_blurred(people / 2, hits / 2, k=5)


def random_card(seed: int) -> dict[str, Any]:
    """Four strata of which some are hidden, and one or two groups; every sixth has a figure that is wrong."""
    rng = np.random.default_rng(seed)
    n = rng.choice([0, 1, 4, 8, 14, 40], 4)
    n[UNKNOWN] = rng.integers(10, 40)
    x = rng.binomial(n, rng.choice([0.3, 0.6]))
    hidden = rng.random(4) < [0.5, 0.8, 1.0][seed % 3]
    strata = [(0,), (1, 2)] if seed % 4 < 2 else [(int(rng.integers(3)),)]
    # All together are as many as the unknown at most, met and missed.
    share = rng.dirichlet(np.ones(len(strata) + 1), 2) * rng.choice([0.0, 0.3, 0.9])
    met, missed = x[UNKNOWN] * share[0], (n - x)[UNKNOWN] * share[1]
    groups = []
    for number, of in enumerate(strata):
        hits = x[list(of)].sum() + met[number]
        people = hits + (n - x)[list(of)].sum() + missed[number]
        rate = round(hits / people, 2) if people else 0.0
        wrong = 30.0 if seed % 6 == 5 else 0.0
        groups.append(PublishedImputed(of, round(people / 10) * 10 + wrong, rate))
    return {
        "n": n, "x": x, "hidden": hidden, "groups": groups,
        "imputed_about": round((met.sum() + missed.sum()) / 10) * 10,
    }  # fmt: skip


class Reader:
    """What a reader knows, one statement at a time: (weights by name, least, most)."""

    def __init__(self, card: dict[str, Any]) -> None:
        n, x, hidden, groups = (card[key] for key in ("n", "x", "hidden", "groups"))
        names = [*range(4), *(f"group {g}" for g in range(len(groups))), "others"]
        self.columns = {key: i for i, key in enumerate((kind, name) for name in names for kind in ("met", "missed"))}  # fmt: skip
        self.rows: list[tuple[dict[Any, float], float, float]] = []
        for s in range(4):
            if not hidden[s]:
                self.say({("met", s): 1.0}, x[s], x[s])
                self.say({("missed", s): 1.0}, n[s] - x[s], n[s] - x[s])
            elif n[s] and not hidden.all():
                self.say({("met", s): 1.0, ("missed", s): 1.0}, 1, inf)
        self.say({("met", s): 1.0 for s in range(4)}, x.sum(), x.sum())
        self.say({("missed", s): 1.0 for s in range(4)}, (n - x).sum(), (n - x).sum())
        for number, group in enumerate(groups):
            of = [*group.strata, f"group {number}"]
            hits, misses = [("met", name) for name in of], [("missed", name) for name in of]
            expected, rate = group.expected, group.rate
            self.say(dict.fromkeys([*hits, *misses], 1.0), expected - 5, expected + 5)
            for bound, least, most in ((rate - 0.005, 0, inf), (rate + 0.005, -inf, 0)):
                weights = dict.fromkeys(hits, 1.0 - bound) | dict.fromkeys(misses, -bound)
                self.say(weights, least, most)
        about = card["imputed_about"]
        imputed = [key for key in self.columns if isinstance(key[1], str)]
        least, most = (max(about - 5, 1), about + 5) if about else (0, 0)
        self.say(dict.fromkeys(imputed, 1.0), least, most)
        for kind in ("met", "missed"):
            of_kind = {key: 1.0 for key in imputed if key[0] == kind}
            self.say({**of_kind, (kind, UNKNOWN): -1.0}, -inf, 0)

    def say(self, weights: dict[Any, float], least: float, most: float) -> None:
        self.rows.append((weights, least, most))

    def range_of(self, *names: tuple[str, int]) -> tuple[float, float] | None:
        """Least and most of a sum; None where nothing fits."""
        matrix = np.zeros((len(self.rows), len(self.columns)))
        for row, (weights, _, _) in zip(matrix, self.rows, strict=True):
            for key, weight in weights.items():
                row[self.columns[key]] = weight
        low, high = (np.array([row[end] for row in self.rows]) for end in (1, 2))
        aim = np.array([float(key in names) for key in self.columns])
        ends = []
        for sign in (1.0, -1.0):
            found = milp(
                sign * aim, bounds=Bounds(0, inf),
                constraints=LinearConstraint(matrix, low - 1e-9, high + 1e-9),
            )  # fmt: skip
            if found.status != 0:
                return None
            ends.append(sign * found.fun)
        return ends[0], ends[1]


def test_the_check_finds_what_plain_programs_find() -> None:
    seen = 0
    for seed in range(72):
        card, k = random_card(seed), 11 if seed % 2 else 30
        n, x = card["n"], card["x"]
        expected = set()
        for s in np.flatnonzero(card["hidden"]).tolist():
            for quantity, count, kinds in (
                ("numerator", x[s], ["met"]),
                ("misses", n[s] - x[s], ["missed"]),
                ("denominator", n[s], ["met", "missed"]),
            ):
                if 0 < count < k:
                    ends = Reader(card).range_of(*((kind, s) for kind in kinds))
                    if ends and ends[0] > 1e-4 and ends[1] < k - 1e-4:
                        expected.add((s, quantity, round(ends[0], 3), round(ends[1], 3)))
        found = imputed_leaks(**card, unknown=UNKNOWN, k=k)
        assert {
            (leak.stratum, leak.quantity, round(leak.lowest, 3), round(leak.highest, 3))
            for leak in found
        } == expected, seed
        seen += len(expected)
    assert seen >= 40
