"""The last look before publishing: could anybody work out a number that is hidden?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def check_protection(content: Mapping[str, Any], *, source: Any, team: Any | None, period: Any) -> None:
    """Raise StateRefused naming the cell if what a card shows gives a hidden count away."""
