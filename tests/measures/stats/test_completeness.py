from __future__ import annotations

import numpy as np
import pytest

from measures.stats.completeness import completeness
from measures.stats.rates import wilson


def test_shares_say_what_is_known_and_from_whom():
    found = completeness(
        self_reported=[50, 0],
        other_direct=[20, 0],
        indirect=[10, 0],
        declined=[8, 0],
        unknown=[7, 0],
        not_collected=[5, 0],
    )
    np.testing.assert_array_equal(found.eligible, [100, 0])
    shares = {
        "answered": 0.50,  # imputed never counts as known
        "direct": 0.70,
        "indirect": 0.10,
        "valid": 0.78,
        "declined": 0.08,
        "unknown": 0.07,
        "not_collected": 0.05,
    }
    for name, share in shares.items():
        value = getattr(found, name)
        np.testing.assert_allclose(value.rate, [share, np.nan])
        np.testing.assert_allclose(value.interval, wilson(value.count, found.eligible))


def test_negative_counts_are_refused():
    with pytest.raises(ValueError, match="negative"):
        completeness(
            self_reported=-1, other_direct=0, indirect=0, declined=0, unknown=0, not_collected=0
        )
