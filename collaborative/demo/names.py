"""Surnames of the demo's members: common ones, drawn by race, so that imputation has something to read.

A name depends on the member's number alone, so that the same member has the same name in every file and
nothing else that is drawn changes.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

#: Some names of each race of `population`, most frequent first; many are frequent in several.
_NAMES: tuple[tuple[str, ...], ...] = (
    (
        "Sullivan", "Smith", "Murphy", "Johnson", "O'Brien", "Brown", "McCarthy", "Silva", "Williams",
        "Walsh", "Rossi", "Kelly", "Miller", "Davis", "Kowalski", "Anderson", "Lee", "Gagnon", "Cohen",
        "Thompson", "Doherty", "Campbell", "St. Pierre", "Souza",
    ),
    (
        "Williams", "Johnson", "Jean-Baptiste", "Brown", "Jackson", "Joseph", "Jones", "Davis", "Pierre",
        "Smith", "Washington", "Thomas", "Robinson", "Barbosa", "Campbell", "Charles", "Okafor", "Gomes",
        "Lewis", "Harris",
    ),
    (
        "Rodríguez", "Rivera", "Santos", "García", "Martínez", "Ortiz", "Pérez", "Díaz", "Lopez", "Torres",
        "Rosario", "Cruz", "Reyes", "Gonzalez-Rivera", "De La Cruz", "Silva", "Muñoz", "Vega",
    ),
    (
        "Nguyen", "Chen", "Patel", "Wang", "Tran", "Li", "Kim", "Singh", "Zhang", "Lee", "Pham", "Wong",
        "Kumar", "Sok", "Park", "Shah",
    ),
    ("Smith", "Hunter", "Brown", "Begay", "Mills", "Peters", "Hendricks", "Thomas"),
    ("Kealoha", "Tavares", "Fonoti", "Lee", "Santos", "Smith"),
    ("Silva", "Haddad", "Khan", "Barbosa", "Lopes", "Ahmed", "Pires", "Cohen", "Qureshi-Stone"),
    ("Williams", "Garcia", "Lee", "Johnson", "Santos", "Brown", "Silva", "Smith", "Nguyen-Walsh"),
)  # fmt: skip


def surnames(number: NDArray[np.int64], race: NDArray[np.int64]) -> NDArray[np.str_]:
    """Surname of each member; number: as in the files, race: position in `population.RACES`."""
    # A multiplicative hash: evenly spread, the same on every machine.
    luck = (number.astype(np.uint64) * np.uint64(11400714819323198485) >> np.uint64(11)) / 2.0**53
    names = np.full(len(number), "", "<U20")
    for position, choices in enumerate(_NAMES):
        mine = np.flatnonzero(race == position)
        weights = 1.0 / np.arange(2, 2 + len(choices))
        limits = np.cumsum(weights / weights.sum())
        limits[-1] = 1.0
        names[mine] = np.array(choices)[np.searchsorted(limits, luck[mine], side="right")]
    return names
