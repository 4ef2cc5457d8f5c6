"""How often the threads of a step take turns with the interpreter."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

_TURN_SECONDS = 0.0003


@contextmanager
def short_turns() -> Iterator[None]:
    """Threads take turns more often meanwhile, in the whole process.

    Those of a step work in polars, numpy and the database driver and need the interpreter only for a moment
    between two calls; with the usual turns of 5 ms they wait longer for that moment than they work.
    """
    usual = sys.getswitchinterval()
    sys.setswitchinterval(_TURN_SECONDS)
    try:
        yield
    finally:
        sys.setswitchinterval(usual)
