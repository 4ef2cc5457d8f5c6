"""Six probabilities per person, of a surname, a place and, where there is one, a first name.

P(r | s, g) ∝ P(r | s) P(g | r), and with a first name × P(f | r): name and place count as independent
given race. What is missing falls back, and every fallback is counted:

* surname not listed: the shares of all names not listed; without such a row, as no surname;
* no surname: P(r | place), with the first name where there is one;
* place missing, unreadable or not listed: P(r | surname), with the first name where there is one;
* first name missing or not listed: left out;
* name and place that exclude each other (every product is 0): P(r | surname);
* neither surname nor place: no estimate, six NaN.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import polars as pl
from numpy.typing import NDArray

from measures.stats.bisg.matches import NameMatch, PlaceMatch
from measures.stats.bisg.names import NameRows, match_first_names, match_surnames
from measures.stats.bisg.places import PlaceRows, match_places
from measures.stats.bisg.tables import WIDTH, FirstNameTable, PlaceTable, SurnameTable

Floats = NDArray[np.float64]
#: Rows worked on at once: their products stay in the processor's cache.
_BLOCK = 16_384


class Basis(IntEnum):
    """What an estimate rests on."""

    NAME_AND_PLACE = 0
    NAME_ONLY = 1
    PLACE_ONLY = 2
    CONTRADICTION = 3
    """Name and place exclude each other; the name alone was used."""
    NOTHING = 4
    """No estimate."""

    @property
    def label(self) -> str:
        return {
            Basis.NAME_AND_PLACE: "name and place",
            Basis.NAME_ONLY: "name alone",
            Basis.PLACE_ONLY: "place alone",
            Basis.CONTRADICTION: "name alone: the place excludes it",
            Basis.NOTHING: "no estimate",
        }[self]


@dataclass(frozen=True)
class Imputed:
    """probabilities: (people, 6) in the order of `CATEGORIES`, rows add up to 1 or are NaN; input order.

    surname, first_name: `NameMatch`, place: `PlaceMatch`, basis: `Basis`; one int8 per person, None
    for what was not given at all.
    """

    probabilities: Floats
    basis: NDArray[np.int8]
    surname: NDArray[np.int8] | None
    place: NDArray[np.int8] | None
    first_name: NDArray[np.int8] | None

    def report(self) -> dict[str, dict[str, int]]:
        """How many people were matched how: part → reason → people, reasons in a fixed order."""
        parts: dict[str, dict[str, int]] = {}
        for name, values, reasons in (
            ("surname", self.surname, NameMatch),
            ("first_name", self.first_name, NameMatch),
            ("place", self.place, PlaceMatch),
            ("basis", self.basis, Basis),
        ):
            if values is not None:
                counts = np.bincount(values, minlength=len(reasons))
                parts[name] = {reason.name.lower(): int(counts[reason]) for reason in reasons}
        return parts


def impute(
    surnames: Sequence[str | None] | pl.Series,
    places: Sequence[object] | pl.Series,
    first_names: Sequence[str | None] | pl.Series | None = None,
    *,
    surname_table: SurnameTable,
    place_table: PlaceTable,
    first_name_table: FirstNameTable | None = None,
) -> Imputed:
    """Probabilities of people given as three columns of one length; the result is in their order.

    Raises:
        ValueError: columns of different lengths, or first names without a table of them.
    """
    if len(surnames) != len(places) or first_names is not None and len(first_names) != len(places):
        raise ValueError("Surnames, places and first names differ in number.")
    if first_names is not None and first_name_table is None:
        raise ValueError("First names need a table of first names.")
    names = match_surnames(surnames, surname_table)
    at = match_places(places, place_table)
    firsts = None
    if first_names is not None and first_name_table is not None:
        firsts = match_first_names(first_names, first_name_table)
    return posterior(
        names,
        at,
        firsts,
        surname_table=surname_table,
        place_table=place_table,
        first_name_table=first_name_table,
    )


def posterior(
    names: NameRows,
    places: PlaceRows,
    first_names: NameRows | None,
    *,
    surname_table: SurnameTable,
    place_table: PlaceTable,
    first_name_table: FirstNameTable | None = None,
) -> Imputed:
    """As `impute`, for rows of the tables that were found before."""
    size = len(names.rows)
    missing_names = names.rows < 0
    unlisted = missing_names & (names.how == NameMatch.NOT_LISTED) & surname_table.has_other
    named = ~missing_names | unlisted
    placed = places.rows >= 0
    surname_rows = np.where(unlisted, np.int32(-2), names.rows)
    everybody_named = bool(named.all())
    result = np.empty((size, WIDTH))
    zero = np.zeros(size, bool)
    for start in range(0, size, _BLOCK):
        rows = slice(start, start + _BLOCK)
        block = result[rows]
        np.take(surname_table.padded, surname_rows[rows], axis=0, out=block, mode="wrap")
        by = place_table.padded.take(places.rows[rows], axis=0, mode="wrap")
        if not everybody_named:
            nameless = ~named[rows]
            by[nameless] = place_table.shares[places.rows[rows][nameless]]
        block *= by
        if first_names is not None and first_name_table is not None:
            block *= first_name_table.padded.take(first_names.rows[rows], axis=0, mode="wrap")
        total = block @ _ONES
        none = total <= 0
        if none.any():
            zero[rows] = none
            total[none] = 1.0
        block /= total[:, None]
    basis = np.where(
        named,
        np.where(placed, Basis.NAME_AND_PLACE, Basis.NAME_ONLY),
        np.where(placed, Basis.PLACE_ONLY, Basis.NOTHING),
    ).astype(np.int8)
    if zero.any():
        at = np.flatnonzero(zero)
        plain = np.where(
            named[at, None],
            surname_table.padded[surname_rows[at]],
            place_table.shares[places.rows[at]],
        )
        result[at] = plain / plain.sum(axis=1, keepdims=True)
        basis[at[named[at] & placed[at]]] = Basis.CONTRADICTION
    result[basis == Basis.NOTHING] = np.nan
    return Imputed(
        result, basis, names.how, places.how, None if first_names is None else first_names.how
    )


_ONES = np.ones(WIDTH)
