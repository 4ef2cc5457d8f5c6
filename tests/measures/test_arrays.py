"""Arrays as the database sends them."""

from __future__ import annotations

import numpy as np
import pytest
from django.db import connection

from measures.queries.arrays import read_numbers

pytestmark = pytest.mark.django_db


def sent(array: str) -> memoryview:
    with connection.cursor() as cursor:
        cursor.execute(f"select array_send({array})")
        return cursor.fetchone()[0]


@pytest.mark.parametrize(
    ("array", "numbers", "kind"),
    [
        ("array[1, -2, 32767]::smallint[]", [1, -2, 32767], np.int64),
        ("array[1, -2, 2147483647]::int[]", [1, -2, 2147483647], np.int64),
        ("array[1, -9223372036854775808]::bigint[]", [1, -(2**63)], np.int64),
        ("array[0.1, -1e300, 'NaN']::float8[]", [0.1, -1e300, np.nan], np.float64),
        ("array[]::int[]", [], np.int64),
        ("array[]::float8[]", [], np.float64),
    ],
)
def test_numbers_arrive_exactly(array, numbers, kind):
    found = read_numbers(sent(array))
    assert found.dtype == kind
    np.testing.assert_array_equal(found, np.array(numbers, dtype=kind))


@pytest.mark.parametrize(
    "array", ["array[1, null]::int[]", "array['1']::text[]", "array[1.5]::numeric[]"]
)
def test_what_is_no_number_is_refused(array):
    with pytest.raises(ValueError, match="Only arrays of numbers without nulls"):
        read_numbers(sent(array))
