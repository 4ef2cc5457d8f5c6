"""What a reader outside the team sees of a shared test: the method and the learning, nobody's name. PURE."""

from __future__ import annotations

from typing import Any

from pdsa.enums import Sharing
from pdsa.models import Cycle

#: What stands for the name of a group that shared without it.
UNNAMED_GROUP = "A group of the programme"


def group_name(cycle: Cycle) -> str:
    """Name of the group as an outsider may know it."""
    if cycle.sharing == Sharing.NAMED:
        return cycle.idea.project.team.name
    return UNNAMED_GROUP


def names_in(cycle: Cycle, texts: list[str]) -> list[str]:
    """Names of the group, its site and its people that the texts mention: they would come out with them."""
    team = cycle.idea.project.team
    names = {team.name, team.code, cycle.owner.name}
    if cycle.site is not None:
        names.add(cycle.site.name)
    together = "\n".join(texts).lower()
    return sorted(name for name in names if len(name) > 3 and name.lower() in together)


#: Texts of a cycle that an outsider reads when it is shared. The names of people and sites are not among
#: them, nor are comments, hints, files, numbers entered while doing, and the history.
SHARED_TEXTS = (
    "objective",
    "data_what",
    "data_how",
    "data_sample",
    "what_happened",
    "problems",
    "learned",
    "surprises",
    "focus_result",
    "next_change",
)


def shared_texts(cycle: Cycle) -> list[str]:
    """All words of a cycle that sharing would let out."""
    rows: list[Any] = [cycle.title, cycle.idea.title, *(getattr(cycle, n) for n in SHARED_TEXTS)]
    for prediction in cycle.predictions.all():
        rows += [prediction.question, prediction.prediction, prediction.result]
    rows += [task.what for task in cycle.tasks.all()]
    return [row for row in rows if row]
