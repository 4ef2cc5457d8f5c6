"""Totals that are too few parts' numbers: whoever takes the own part away is left with another's.

A programme's number over two groups tells each of them the other's, however many people it counts; one in
which a single group stands for nearly everybody tells nearly that group's. A total may be published where
everybody who takes one part away is left with people of whom no other part has more than nine in ten.
It follows that three parts have people in it, and that the sum of such totals is one again.

Source: Hundepool et al. (2012), Statistical Disclosure Control, ch. 4.2 (dominance rules; p% rule: here
a group may come as near as a tenth of what is left).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

MOST_PERCENT = 90
"""Of what is left when one part is taken away, the largest other part may have so many percent."""


def tells_a_part(n: ArrayLike) -> NDArray[np.bool_]:
    """Whether a total over these parts tells one of them about another; [...].

    Args:
        n: people of each part [..., parts]. A total of nobody tells nothing.

    Most is told to the second largest part: it is left with the largest and all others.
    """
    people = np.asarray(n, dtype=np.int64)
    if people.shape[-1] < 2:
        return np.asarray(people.sum(axis=-1) > 0)
    largest = np.partition(people, -2, axis=-1)[..., -2:]
    left = people.sum(axis=-1) - largest[..., 0]
    return np.asarray(100 * largest[..., 1] > MOST_PERCENT * left)
