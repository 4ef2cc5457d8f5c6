"""Arrays read in the form in which the database sends them: a number of Python for each element would
take most of the time of a page."""

from __future__ import annotations

from typing import Any

import numpy as np
from django.db.models import BinaryField, Func
from numpy.typing import NDArray

#: Types of elements by their number in pg_type, as PostgreSQL has them since ever.
_KINDS = {20: ">i8", 21: ">i2", 23: ">i4", 701: ">f8"}
_HEAD = 20


class Sent(Func):
    """An array column as bytes, for `read_numbers`."""

    function = "array_send"
    output_field = BinaryField()


def read_numbers(sent: memoryview | bytes) -> NDArray[Any]:
    """An array (n,) of whole numbers (int64) or of floats (float64) without nulls.

    Raises:
        ValueError: an element is null, or of another type than smallint, integer, bigint and double.
    """
    head = np.frombuffer(sent, ">i4", count=min(5, len(sent) // 4))
    kind = np.dtype(_KINDS.get(int(head[2]), "V"))
    if kind.kind == "V" or head[1]:
        raise ValueError("Only arrays of numbers without nulls are read.")
    native = np.float64 if kind.kind == "f" else np.int64
    if not head[0]:  # no dimension: no element
        return np.empty(0, dtype=native)
    elements = np.frombuffer(sent, [("width", ">i4"), ("value", kind)], offset=_HEAD)
    return elements["value"].astype(native)
