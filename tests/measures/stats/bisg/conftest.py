from __future__ import annotations

import numpy as np
import pytest

from measures.stats.bisg import PlaceKind, first_name_table, place_table, surname_table


@pytest.fixture
def surnames():
    """White, Black, Hispanic, API, AIAN, multi."""
    return surname_table(
        ["SMITH", "GARCIA", "NGUYEN", "JONES", "OBRIEN", "STJOHN", "VAN", "MD", "ALL OTHER NAMES"],
        np.array(
            [
                [0.70, 0.23, 0.03, 0.01, 0.01, 0.02],
                [0.05, 0.01, 0.92, 0.01, 0.005, 0.005],
                [0.02, 0.00, 0.01, 0.96, 0.00, 0.01],
                [0.55, 0.39, 0.02, 0.01, 0.01, 0.02],
                [0.95, 0.01, 0.02, 0.01, 0.00, 0.01],
                [0.80, 0.15, 0.02, 0.01, 0.01, 0.01],
                [0.10, 0.00, 0.00, 0.90, 0.00, 0.00],
                [0.05, 0.05, 0.00, 0.90, 0.00, 0.00],
                [0.66, 0.09, 0.14, 0.08, 0.01, 0.02],
            ]
        ),
    )


@pytest.fixture
def zips():
    return place_table(
        PlaceKind.ZIP,
        np.array([2139, 1532, 10001, 99999]),
        np.array(
            [
                [500, 200, 100, 150, 5, 45],
                [900, 10, 30, 40, 1, 19],
                [300, 300, 300, 80, 10, 10],
                [0, 0, 0, 0, 0, 0],
            ],
            float,
        ),
    )


@pytest.fixture
def firsts():
    return first_name_table(
        ["MARIA", "JAMES", "RARE"],
        np.array(
            [
                [0.24, 0.03, 0.65, 0.06, 0.01, 0.01],
                [0.84, 0.11, 0.02, 0.01, 0.01, 0.01],
                [1.00, 0.00, 0.00, 0.00, 0.00, 0.00],
            ]
        ),
        np.array([1000.0, 3000.0, 10.0]),
    )
