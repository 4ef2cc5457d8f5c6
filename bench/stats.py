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
from measures.stats.disparity import Comparison, StratumSetLayout, compare
from measures.stats.funnel import rate_funnel
from measures.stats.gaps import benjamini_hochberg
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
from measures.stats.reliability import fit_beta_binomial
from measures.stats.scores import koopman, mee
from measures.stats.suppression import own_states

MEASURES, PERIODS = 15, 12
CELLS_AT_ONCE = 130_000

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
    """Everything that is made for all cells, some measures at a time so that arrays stay in the cache."""
    strata = sum(sets)
    at_once = max(1, CELLS_AT_ONCE // (PERIODS * groups * strata))
    generator = np.random.default_rng(1)
    n = generator.integers(0, 400, (MEASURES, PERIODS, groups, strata))
    x = generator.binomial(n, 0.7)
    print(f"\n{groups:,} groups × {MEASURES} measures × {PERIODS} periods × {strata} strata: "
          f"{n.size:,} cells")  # fmt: skip
    taken: dict[str, float] = {}
    start, busy = time.perf_counter(), time.process_time()
    for first in range(0, MEASURES, at_once):
        some = slice(first, first + at_once)
        for name, work in pieces_of_work(x[some], n[some], sets).items():
            before = time.process_time()
            work()
            taken[name] = taken.get(name, 0.0) + time.process_time() - before
    for name, seconds in taken.items():
        print(f"{seconds:9.3f} s  {name}")
    print(f"{time.process_time() - busy:9.2f} s  of a processor together, "
          f"{time.perf_counter() - start:.2f} s by the clock")  # fmt: skip


def pieces_of_work(
    x: np.ndarray, n: np.ndarray, sets: tuple[int, ...]
) -> dict[str, Callable[[], object]]:
    """Of counts [measures, periods, groups, strata]."""
    flat_x, flat_n = x.reshape(-1, *x.shape[2:]), n.reshape(-1, *n.shape[2:])
    ends = np.cumsum(sets)
    layouts = [
        StratumSetLayout(f"set {at}", tuple(range(end - size, end)), end - size)
        for at, (size, end) in enumerate(zip(sets, ends, strict=True))
    ]
    parts = [slice(end - size, end) for size, end in zip(sets, ends, strict=True)]
    states = own_states(flat_n)
    compared: list[Comparison] = []

    def arms(part: slice) -> tuple[np.ndarray, ...]:
        own_x, own_n = x[..., part], n[..., part]
        return own_x, own_n, own_x[..., :1], own_n[..., :1]

    def earlier_and_later(part: slice) -> tuple[np.ndarray, ...]:
        return (*(c[:, :-1] for c in arms(part)), *(c[:, 1:] for c in arms(part)))

    def compare_all() -> None:
        compared.append(
            compare(
                flat_n, flat_x, states, states, sets=layouts, higher_is_better=[True] * len(flat_n)
            )
        )

    def adjust() -> None:
        family = np.arange(flat_n.size).reshape(flat_n.shape) // n.shape[-1]
        benjamini_hochberg(compared[0].p_value, family)

    def look_closer(part: slice) -> None:
        own = n[..., part]
        reference = compared[0].rate.reshape(n.shape)[..., part][..., :1]
        p_value = compared[0].p_value.reshape(n.shape)[..., part]
        detectable_gap(own, own[..., :1], reference, higher_is_better=True)
        for rule in (AHRQ, CMS_OMH):
            judge(rule, *arms(part), higher_is_better=True, p_value=p_value)
        patients_to_part(*arms(part), True)
        patients_to_parity_interval(*arms(part), True)

    def change(part: slice) -> None:
        found = gap_change(*earlier_and_later(part), higher_is_better=True)
        run_rate(found, higher_is_better=True)

    def against_others(part: slice) -> None:
        against_overall(x[..., part], n[..., part])
        chi_square(x[..., part], n[..., part])

    def over_units() -> None:
        rate_funnel(np.moveaxis(x, 2, -1), np.moveaxis(n, 2, -1))
        decompose(x[..., 1], n[..., 1], x[..., 0], n[..., 0])

    def for_every_set(work: Callable[[slice], None]) -> Callable[[], None]:
        def whole() -> None:
            for part in parts:
                work(part)

        return whole

    return {
        "rates, gaps, ratios, tests, patients to parity": compare_all,
        "q-values": adjust,
        "detectable gap, decision rules, half way, interval": for_every_set(look_closer),
        "change of gaps and pace, every period to the next": for_every_set(change),
        "against the overall rate, homogeneity": for_every_set(against_others),
        "summary indices": for_every_set(lambda part: indices(x[..., part], n[..., part])),
        "slope": lambda: slope_logit(x[..., :5], n[..., :5]),
        "funnels, within and between": over_units,
    }


def one_by_one() -> None:
    """What is made for one thing that somebody looks at."""
    print("\nOne at a time")
    generator = np.random.default_rng(2)
    n = generator.integers(30, 900, 10)
    x = generator.binomial(n, 0.7)
    units = generator.integers(30, 900, 12)
    hits = generator.binomial(units, generator.beta(65, 35, 12))
    show("headline of 10 strata with 2,000 draws", lambda: headline(x, n, seed=1, reference=0))
    show("beta-binomial of 12 groups", lambda: fit_beta_binomial(hits, units))
    show("score intervals of 10 strata", lambda: (mee(x, n, x[0], n[0]), koopman(x, n, x[0], n[0])))


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


def show(name: str, work: Callable[[], object]) -> None:
    before = time.process_time()
    work()
    print(f"{time.process_time() - before:9.3f} s  {name}")


if __name__ == "__main__":
    main()
