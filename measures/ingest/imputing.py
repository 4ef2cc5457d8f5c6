"""Probabilities of a file's members, and what they add up to. Names come in as rows of a table, never as text.

Who is known directly counts as known: the probability is 1. Who was asked and declined is left alone.
For the others the probability by name and place is used; an answer to half of the question (race without
ethnicity, or the reverse) holds, and only the other half is imputed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from measures.enums import RaceTableKind, ReportingSource, StratumKind
from measures.ingest.codes import Reference
from measures.ingest.race_tables import open_table
from measures.models import RaceTable
from measures.stats.bisg import (
    CATEGORIES,
    Basis,
    FirstNameTable,
    NameMatch,
    PlaceKind,
    PlaceMatch,
    PlaceTable,
    SurnameTable,
    place_table,
    posterior,
)
from measures.stats.bisg.names import NameRows
from measures.stats.bisg.places import PlaceRows, match_codes
from measures.stats.imputed import (
    RATED,
    Sums,
    bin_people,
    expectation_maximisation,
    hard_counts,
    rated,
    sum_people,
)

Array = NDArray[Any]
#: Where a combined stratum stands in `CATEGORIES`; every other specified one counts with the last.
_CATEGORY_OF = {
    "nh_white": "white",
    "nh_black": "black",
    "hispanic": "hispanic",
    "nh_asian": "api",
    "nh_nhpi": "api",
    "nh_aian": "aian",
}
INDIRECT = (ReportingSource.SURNAME, ReportingSource.GEOCODING, ReportingSource.OTHER_INDIRECT)
#: A most probable group counts as sure from here.
SURE = 0.8
_EM_ROUNDS = 200
_EM_TOLERANCE = 1e-6
_HOW = 8


def pack_names(found: NameRows) -> NDArray[np.int32]:
    """Row and reason of each name as one number, so that they travel like any coded column."""
    return ((found.rows + 1) * _HOW + found.how).astype(np.int32)


def _unpack(packed: Array) -> NameRows:
    return NameRows((packed // _HOW - 1).astype(np.int32), (packed % _HOW).astype(np.int8))


@dataclass(frozen=True)
class RaceTables:
    """The current tables. versions: kind → what results name, in the order of `RaceTableKind`."""

    surname: SurnameTable
    first_name: FirstNameTable | None
    places: dict[PlaceKind, PlaceTable]
    versions: dict[str, str]


def current_tables() -> RaceTables | None:
    """The tables in use now, None where no table of surnames is loaded.

    Raises MalformedTable when a table's file is gone.
    """
    rows = {row.kind: row for row in RaceTable.objects.filter(is_current=True)}
    tables = {kind: open_table(kind, row.stored_as) for kind, row in rows.items()}
    surname = tables.get(RaceTableKind.SURNAME)
    if not isinstance(surname, SurnameTable):
        return None
    first = tables.get(RaceTableKind.FIRST_NAME)
    return RaceTables(
        surname,
        first if isinstance(first, FirstNameTable) else None,
        {t.kind: t for t in tables.values() if isinstance(t, PlaceTable)},
        {kind: rows[kind].version for kind in RaceTableKind.values if kind in rows},
    )


@dataclass(frozen=True)
class MemberProbabilities:
    """probabilities: (members, 6) in the order of `CATEGORIES`, NaN rows for no estimate.

    tables: versions of the tables used. report: part → reason → members.
    """

    probabilities: NDArray[np.float64]
    tables: tuple[str, ...]
    report: dict[str, dict[str, int]]


def impute_members(
    tables: RaceTables | None,
    *,
    surname: Array | None,
    first_name: Array | None,
    places: dict[PlaceKind, Array],
    own: NDArray[np.float64] | None,
) -> MemberProbabilities:
    """Probabilities of members.

    surname, first_name: packed rows (`pack_names`). places: code of each member per kind of place, 0 for
    none; the smallest place that is found counts. own: the sender's own probabilities, NaN rows for
    none; they go before.
    """
    size = next(len(a) for a in (surname, own) if a is not None)
    result = np.full((size, len(CATEGORIES)), np.nan)
    report: dict[str, dict[str, int]] = {}
    used: tuple[str, ...] = ()
    if tables is not None and surname is not None:
        names = _unpack(surname)
        firsts = _unpack(first_name) if first_name is not None and tables.first_name else None
        basis = np.full(size, Basis.NOTHING, np.int8)
        place_of = np.full(size, -1, np.int8)
        reason = np.full(size, PlaceMatch.MISSING, np.int8)
        kinds = (PlaceKind.BLOCK_GROUP, PlaceKind.TRACT, PlaceKind.ZIP)
        for number, kind in enumerate(kinds):
            if kind not in tables.places or kind not in places:
                continue
            left = np.flatnonzero(place_of < 0)
            codes = places[kind][left].astype(np.int64)
            found = match_codes(np.where(codes > 0, codes, -1), tables.places[kind])
            reason[left] = found.how
            place_of[left[found.rows >= 0]] = number
            _fill(result, basis, left[found.rows >= 0], found, names, firsts, tables, kind)
        _fill(result, basis, np.flatnonzero(place_of < 0), None, names, firsts, tables, None)
        used_kinds = {RaceTableKind.SURNAME.value} | {
            kind.value for n, kind in enumerate(kinds) if (place_of == n).any()
        }
        if firsts is not None:
            used_kinds.add(RaceTableKind.FIRST_NAME.value)
        used = tuple(v for kind, v in tables.versions.items() if kind in used_kinds)
        report["surname"] = _counted(names.how, NameMatch)
        if firsts is not None:
            report["first_name"] = _counted(firsts.how, NameMatch)
        report["place"] = {
            **{kind.value: int((place_of == n).sum()) for n, kind in enumerate(kinds)},
            **{
                match.name.lower(): int(((place_of < 0) & (reason == match)).sum())
                for match in (PlaceMatch.NOT_LISTED, PlaceMatch.NOBODY_COUNTED, PlaceMatch.MISSING)
            },
        }
        report["basis"] = _counted(basis, Basis)
    if own is not None:
        given = ~np.isnan(own[:, 0])
        # Rounded on the way, within the tolerance that the check allows.
        result[given] = own[given] / own[given].sum(axis=1, keepdims=True)
        report["sender"] = {"own_probabilities": int(given.sum())}
    return MemberProbabilities(result, used, report)


def _fill(
    result: NDArray[np.float64],
    basis: NDArray[np.int8],
    rows: Array,
    found: PlaceRows | None,
    names: NameRows,
    firsts: NameRows | None,
    tables: RaceTables,
    kind: PlaceKind | None,
) -> None:
    """Probabilities of the members `rows`, whose places were found in the table of `kind`, or nowhere."""
    if not len(rows):
        return
    if found is None or kind is None:
        at = PlaceRows(
            np.full(len(rows), -1, np.int32), np.full(len(rows), PlaceMatch.MISSING, np.int8)
        )
        table = place_table(PlaceKind.ZIP, np.array([1]), np.ones((1, len(CATEGORIES))))
    else:
        good = found.rows >= 0
        at = PlaceRows(found.rows[good], found.how[good])
        table = tables.places[kind]
    imputed = posterior(
        NameRows(names.rows[rows], names.how[rows]),
        at,
        None if firsts is None else NameRows(firsts.rows[rows], firsts.how[rows]),
        surname_table=tables.surname,
        place_table=table,
        first_name_table=tables.first_name,
    )
    result[rows] = imputed.probabilities
    basis[rows] = imputed.basis


def _counted(values: Array, reasons: Any) -> dict[str, int]:
    counts = np.bincount(values, minlength=len(reasons))
    return {reason.name.lower(): int(counts[reason]) for reason in reasons}


# --- what they add up to ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ImputedSums:
    """Rows for the tables of the same names, as dictionaries of their columns."""

    slices: list[dict[str, Any]]
    validity: list[dict[str, Any]]


def add_up_imputed(
    facts: pl.DataFrame,
    members: pl.DataFrame,
    probabilities: NDArray[np.float64],
    *,
    denominator_flag: int,
    numerator_flag: int,
    period_ids: Sequence[int],
    reference: Reference,
) -> ImputedSums:
    """Sums per team, measure and period, and validity per team and period.

    facts, members: as in `validate.Checked`; probabilities: one row per member.
    """
    known = _Known(members, probabilities, reference)
    flags = facts["flags"].to_numpy()
    rows = np.flatnonzero((flags & denominator_flag) > 0)
    team = members["team_id"].to_numpy()
    member = facts["member_number"].to_numpy()[rows]
    # Team, period, measure, member as one number: sorted, people of a slice stand together, in one order,
    # because sums of floating-point numbers depend on it.
    sizes = (len(period_ids), int(facts["measure_id"].max()) + 1, members.height)
    key = team[member].astype(np.int64)
    for size, part in zip(
        sizes,
        (facts["period"].to_numpy()[rows], facts["measure_id"].to_numpy()[rows], member),
        strict=True,
    ):
        key = key * size + part
    order = np.argsort(key, kind="stable")
    key = key[order]
    starts = np.flatnonzero(np.diff(key, prepend=-1))
    met = ((flags[rows[order]] & numerator_flag) > 0).astype(np.int64)
    person_rows = np.diff(starts, append=len(key))
    person_met = np.add.reduceat(met, starts) if len(starts) else met
    slice_of, person = np.divmod(key[starts], members.height)
    slices, validity = [], []
    for first, last in _runs(slice_of):
        place, measure_id = divmod(int(slice_of[first]), sizes[1])
        team_id, period = divmod(place, len(period_ids))
        slices.append(
            {
                "team_id": team_id,
                "measure_id": measure_id,
                "period_id": period_ids[period],
                **known.summed(person[first:last], person_rows[first:last], person_met[first:last]),
            }
        )
    for first, last in _runs(slice_of // sizes[1]):
        team_id, period = divmod(int(slice_of[first]) // sizes[1], len(period_ids))
        validity.append(
            {
                "team_id": team_id,
                "period_id": period_ids[period],
                "bins": known.binned(np.unique(person[first:last])),
            }
        )
    return ImputedSums(slices, validity)


def _runs(values: Array) -> list[tuple[int, int]]:
    """First position and the one after the last of each run of equal values."""
    starts = np.flatnonzero(np.diff(values, prepend=-1)).tolist()
    if not starts:
        return []
    return list(zip(starts, [*starts[1:], len(values)], strict=True))


class _Known:
    """What is known of each member: directly, by probability, not at all."""

    def __init__(
        self, members: pl.DataFrame, probabilities: NDArray[np.float64], reference: Reference
    ) -> None:
        combined = members["combined"].to_numpy()
        race, ethnicity = members["race"].to_numpy(), members["ethnicity"].to_numpy()
        race_source = members["race_source"].to_numpy()
        ethnicity_source = members["ethnicity_source"].to_numpy()
        highest = max(s.pk for strata in reference.strata.values() for s in strata.values())
        category = np.full(highest + 1, -1, np.int8)
        declined = np.zeros(highest + 1, bool)
        unknown = np.zeros(highest + 1, bool)
        for strata in (reference.strata[name] for name in ("combined", "race", "ethnicity")):
            for stratum in strata.values():
                declined[stratum.pk] = stratum.kind == StratumKind.DECLINED
                unknown[stratum.pk] = stratum.kind == StratumKind.UNKNOWN
        for code, stratum in reference.strata["combined"].items():
            if stratum.kind == StratumKind.SPECIFIED:
                name = _CATEGORY_OF.get(code, "multi")
                category[stratum.pk] = CATEGORIES.index(name)
        # A race alone: the stratum of somebody of that race who is not Hispanic.
        of_race = np.full(highest + 1, -1, np.int8)
        for race_id, combined_id in reference.combined_of.items():
            of_race[race_id] = category[combined_id]

        hispanic = ethnicity == reference.hispanic
        source = np.where(hispanic, ethnicity_source, race_source)
        direct = (category[combined] >= 0) & ~np.isin(source, INDIRECT)
        self.declined = declined[combined] & ~direct
        said = direct & (source == ReportingSource.SELF_REPORTED)
        self.said = np.where(said, category[combined], -1).astype(np.int8)
        self.by_name_and_place = probabilities
        self.direct = direct
        final = probabilities.copy()
        h = CATEGORIES.index("hispanic")
        estimated = np.isfinite(final[:, 0])
        # Race said, ethnicity not: what is not Hispanic is of that race.
        half = (
            estimated
            & ~direct
            & (of_race[race] >= 0)
            & unknown[ethnicity]
            & ~np.isin(race_source, INDIRECT)
        )
        rows = np.flatnonzero(half)
        chance = final[rows, h]
        final[rows] = 0.0
        final[rows, of_race[race[rows]]] = 1 - chance
        final[rows, h] += chance
        # Not Hispanic said, race not.
        half = (
            estimated
            & ~direct
            & unknown[race]
            & ~unknown[ethnicity]
            & ~declined[ethnicity]
            & ~hispanic
            & ~np.isin(ethnicity_source, INDIRECT)
        )
        rows = np.flatnonzero(half)
        final[rows, h] = 0.0
        left = final[rows].sum(axis=1)
        final[rows] = np.divide(
            final[rows], left[:, None], out=np.full((len(rows), len(CATEGORIES)), np.nan),
            where=left[:, None] > 0,
        )  # fmt: skip
        final[direct] = 0.0
        final[np.flatnonzero(direct), category[combined[direct]]] = 1.0
        self.final = rated(final)
        self.estimated = np.isfinite(self.final[:, 0])

    def summed(self, member: Array, rows: Array, met: Array) -> dict[str, Any]:
        declined, direct = self.declined[member], self.direct[member]
        used = self.estimated[member] & ~declined
        p = self.final[member[used]]
        k, y = rows[used].astype(np.float64), met[used].astype(np.float64)
        sure = direct[used]
        counted = hard_counts(p[sure], k[sure], y[sure])
        likely, surely = hard_counts(p, k, y), hard_counts(p, k, y, least=SURE)
        if len(p):
            sums = sum_people(p, k, y).packed()
            most_likely = expectation_maximisation(
                p, k, y, most=_EM_ROUNDS, tolerance=_EM_TOLERANCE
            )
        else:
            sums, most_likely = np.zeros(Sums.SIZE), np.full(len(RATED), np.nan)
        return {
            "direct_count": int(rows[direct & used].sum()),
            "imputed_count": int(rows[used & ~direct].sum()),
            "no_estimate_count": int(rows[~used & ~declined].sum()),
            "declined_count": int(rows[declined].sum()),
            "sums": sums.tolist(),
            "most_likely": most_likely.tolist(),
            "direct": _whole(counted.denominator, counted.numerator),
            "hard": _whole(
                likely.denominator, likely.numerator, surely.denominator, surely.numerator
            ),
        }

    def binned(self, member: Array) -> list[float]:
        # Who declined is among those who did not say it.
        bins = bin_people(self.by_name_and_place[member], self.said[member])
        packed: list[float] = bins.packed().tolist()
        return packed


def _whole(*arrays: Array) -> list[int]:
    return [int(n) for n in np.concatenate(arrays)]
