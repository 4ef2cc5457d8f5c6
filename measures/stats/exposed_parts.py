"""Which sites and lines of business say too much about their team, or about each other.

A team's row is published with its parts: sites and lines of business, each divided by the strata. The
line rules of `measures.stats.suppression` look along one line at a time; a table that adds up three ways
can give a count away all the same. Here the whole of a team is asked exactly, and where a small count is
certain, the parts go as a whole: they serve the group itself, and the team's own row was found safe
before without them.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from measures.stats.disclosure import audit
from measures.stats.suppression import (
    LEAST_COUNT,
    BoolArray,
    Relation,
    denominator_groups,
)


def exposing_measures(
    n: ArrayLike,
    x: ArrayLike,
    states: ArrayLike,
    *,
    unit_relations: Sequence[Relation],
    stratum_relations: Sequence[Relation],
    shared_denominator: ArrayLike | None = None,
    touched: ArrayLike | None = None,
    k: int = LEAST_COUNT,
) -> BoolArray:
    """Mask [M] of the measures whose parts are to be hidden from readers outside the group.

    n, x, states: one team's tables [M, U, S]; unit 0 is the team, the others its parts. Arguments as
    for `measures.stats.disclosure.audit`. touched: mask [M] of measures in which the team's row was
    hidden further after the states of the parts were chosen: the parts add up to what was hidden.

    Raises:
        ValueError: as `audit`.
    """
    counts = np.asarray(n)
    found = np.zeros(counts.shape[0], dtype=bool)
    if touched is not None:
        found |= np.asarray(touched, dtype=bool)
    groups = denominator_groups(counts, shared_denominator)
    for leak in audit(
        n,
        x,
        states,
        unit_relations=unit_relations,
        stratum_relations=stratum_relations,
        shared_denominator=shared_denominator,
        k=k,
    ):
        found[leak.measure] = True
    for group in groups:
        found[group] = found[group].any()
    return found
