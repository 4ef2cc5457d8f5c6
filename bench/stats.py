"""Statistics: all figures of a programme of 12 groups, and of 1,000 groups, from counts in memory."""

from __future__ import annotations

import argparse
import resource
import time
from collections.abc import Callable

import numpy as np

from measures.stats.bootstrap import headline
from measures.stats.change import gap_change, run_rate
from measures.stats.decisions import AHRQ, CMS_OMH, judge
from measures.stats.decomposition import decompose
from measures.stats.disparity import StratumSetLayout, compare
from measures.stats.funnel import rate_funnel
from measures.stats.gaps import benjamini_hochberg, two_proportion_p
from measures.stats.homogeneity import chi_square
from measures.stats.indices import (
    between_group_sd_corrected,
    between_group_variance,
    index_of_disparity,
    mean_difference_from_best,
    mean_log_deviation,
    population_attributable_risk,
    range_difference,
    signed_difference_from_reference,
    theil,
)
from measures.stats.ordered import slope_logit
from measures.stats.overall import against_overall
from measures.stats.parity import patients_to_parity_interval, patients_to_part
from measures.stats.power import detectable_gap
from measures.stats.rates import rate
from measures.stats.reliability import fit_beta_binomial
from measures.stats.scores import koopman, mee
from measures.stats.suppression import own_states

MEASURES, PERIODS = 15, 12

#: Strata of the sets of a programme: race, ethnicity, combined, language, sex, gender, orientation, age.
ALL_SETS = (9, 4, 10, 9, 5, 8, 6, 8)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--groups", type=int, default=1_000, help="of the large programme")
    options = parser.parse_args()
    run(12, ALL_SETS)
    run(options.groups, (10,))
    one_by_one()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"Peak memory {peak:,.0f} MiB.")


def run(groups: int, sets: tuple[int, ...]) -> None:
    """Everything that is made for all cells, on counts [measures × periods, groups, strata]."""
    strata = sum(sets)
    generator = np.random.default_rng(1)
    shape = (MEASURES * PERIODS, groups, strata)
    n = generator.integers(0, 400, shape)
    x = generator.binomial(n, 0.7)
    print(f"\n{groups:,} groups × {MEASURES} measures × {PERIODS} periods × {strata} strata: "
          f"{n.size:,} cells")  # fmt: skip
    ends = np.cumsum(sets)
    layouts = [
        StratumSetLayout(f"set {at}", tuple(range(end - size, end)), end - size)
        for at, (size, end) in enumerate(zip(sets, ends, strict=True))
    ]
    pieces = [slice(end - size, end) for size, end in zip(sets, ends, strict=True)]
    better = np.ones(len(n), dtype=bool)
    states = own_states(n)
    timed = {
        "rates, gaps, ratios, tests, patients to parity": lambda: compare(
            n, x, states, states, sets=layouts, higher_is_better=better
        ),
        "q-values": lambda: benjamini_hochberg(
            p_values, np.arange(n.size).reshape(n.shape) // strata
        ),
        "detectable gap, decision rules, half way, interval": lambda: [
            (
                detectable_gap(
                    n[..., part], n[..., part][..., :1], base[..., part][..., :1],
                    higher_is_better=True,
                ),
                judge(AHRQ, *arms(part), higher_is_better=True, p_value=p_values[..., part]),
                judge(CMS_OMH, *arms(part), higher_is_better=True, p_value=p_values[..., part]),
                patients_to_part(*arms(part), True),
                patients_to_parity_interval(*arms(part), True),
            )
            for part in pieces
        ],
        "change of gaps and pace, every period to the next": lambda: [
            (
                gap_change(*earlier_and_later(part), higher_is_better=True),
                run_rate(*earlier_and_later(part), higher_is_better=True),
            )
            for part in pieces
        ],
        "against the overall rate, homogeneity": lambda: [
            (against_overall(x[..., part], n[..., part]), chi_square(x[..., part], n[..., part]))
            for part in pieces
        ],
        "summary indices": lambda: [indices(x[..., part], n[..., part]) for part in pieces],
        "slope": lambda: slope_logit(x[..., :5], n[..., :5]),
        "funnels, within and between": lambda: (
            rate_funnel(np.moveaxis(x, 1, -1), np.moveaxis(n, 1, -1)),
            decompose(x[..., 1], n[..., 1], x[..., 0], n[..., 0]),
        ),
    }  # fmt: skip

    def arms(part: slice) -> tuple[np.ndarray, ...]:
        own_x, own_n = x[..., part], n[..., part]
        return own_x, own_n, own_x[..., :1], own_n[..., :1]

    def earlier_and_later(part: slice) -> tuple[np.ndarray, ...]:
        by_period = [counts.reshape(MEASURES, PERIODS, groups, -1) for counts in arms(part)]
        return (*(c[:, :-1] for c in by_period), *(c[:, 1:] for c in by_period))

    base = rate(x, n)
    p_values = np.concatenate([two_proportion_p(*arms(part)) for part in pieces], axis=-1)
    total = 0.0
    for name, work in timed.items():
        total += measure(name, work)
    print(f"{total:9.2f} s  together")


def one_by_one() -> None:
    """What is made for one thing that somebody looks at."""
    print("\nOne at a time")
    generator = np.random.default_rng(2)
    n = generator.integers(30, 900, 10)
    x = generator.binomial(n, 0.7)
    units = generator.integers(30, 900, 12)
    hits = generator.binomial(units, generator.beta(65, 35, 12))
    measure("headline of 10 strata with 2,000 draws", lambda: headline(x, n, seed=1, reference=0))
    measure("beta-binomial of 12 groups", lambda: fit_beta_binomial(hits, units))
    measure(
        "score intervals of 10 strata", lambda: (mee(x, n, x[0], n[0]), koopman(x, n, x[0], n[0]))
    )


def indices(x: np.ndarray, n: np.ndarray) -> None:
    for index in (
        between_group_variance,
        between_group_sd_corrected,
        theil,
        mean_log_deviation,
        range_difference,
    ):
        index(x, n)
    index_of_disparity(x, n, weighted=True)
    mean_difference_from_best(x, n, higher_is_better=True, weighted=False)
    population_attributable_risk(x, n, higher_is_better=True)
    signed_difference_from_reference(x, n, 0, weighted=True)


def measure(name: str, work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    taken = time.perf_counter() - start
    print(f"{taken:9.3f} s  {name}")
    return taken


if __name__ == "__main__":
    main()
