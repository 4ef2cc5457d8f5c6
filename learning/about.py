"""What an action can be about: one test, one measure or one grant condition of its team."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True)
class About:
    """At most one of the three ids. Written in a form's choice as "cycle-7"."""

    cycle_id: int | None = None
    measure_id: int | None = None
    milestone_id: int | None = None

    def columns(self) -> dict[str, int | None]:
        return {
            "cycle_id": self.cycle_id,
            "measure_id": self.measure_id,
            "milestone_id": self.milestone_id,
        }

    @classmethod
    def read(cls, value: str) -> Self:
        """The choice of a form. Raises ValueError for anything else."""
        if not value:
            return cls()
        kind, _, number = value.partition("-")
        if kind not in ("cycle", "measure", "milestone"):
            raise ValueError(f"{value!r} is nothing that an action can be about")
        return cls(**{f"{kind}_id": int(number)})


NOTHING = About()
