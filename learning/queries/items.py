"""One thing that happened in a team, or how something stands: what calls and reports list."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class Item:
    """A sentence, when, where it leads, and what kind of thing it is."""

    kind: str
    sentence: str
    on: date
    path: str = ""

    def as_json(self) -> dict[str, str]:
        return {"kind": self.kind, "sentence": self.sentence, "on": self.on.isoformat()}


#: Kinds in the order of the page, with their headings.
KINDS = {
    "help": "Help asked",
    "signal": "Signals on the charts",
    "stuck": "Tests past their planned end",
    "test": "Tests",
    "data": "Numbers",
    "complete": "Completeness",
    "action": "Actions",
    "grant": "Grant",
    "report": "Reports and scores",
}
