"""Sites and lines of business: the figures that are worked out when somebody looks at them.

Stored are counts and states (`PartResult`); rates, gaps and p-values follow from these by the same
functions that make the stored results of teams. Adjusted p-values span all measures of a part, so all
of its measures are read even where one is wanted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from django.db.models import QuerySet
from numpy.typing import NDArray

from measures.enums import StratumKind
from measures.models import PartResult, Stratum
from measures.queries.references import used_by
from measures.stats.disparity import Comparison, StratumSetLayout, compare_each
from measures.stats.gaps import benjamini_hochberg
from measures.stats.states import CellState, GapState
from measures.stats.suppression import own_states

_KEY = ("measure_id", "period_id", "team_id", "by_site", "site_id", "line_of_business")
_COUNTS = {
    "denominator": "denominators", "numerator": "numerators", "self_reported": "self_reported",
    "indirect": "indirect", "state": "states",
}  # fmt: skip
#: Figures of a `Comparison` that a row carries as they are; NaN and infinity become None.
_FIGURES = (
    "rate", "rate_lower", "rate_upper", "gap", "gap_lower", "gap_upper", "ratio", "ratio_lower",
    "ratio_upper", "p_value", "patients_to_parity",
)  # fmt: skip


def read_parts(parts: QuerySet[PartResult]) -> list[dict[str, Any]]:
    """Parts as `work_out_parts` wants them; of all measures, whatever is wanted."""
    return list(parts.values(*_KEY, "computation_id", "strata", *_COUNTS.values()).order_by("pk"))


def work_out_parts(
    found: Sequence[dict[str, Any]],
    *,
    rules: Mapping[int, Mapping[str, Any]],
    strata: Sequence[Stratum],
    higher_is_better: Mapping[tuple[int, int], bool],
    measure_ids: Sequence[int] | None,
) -> list[dict[str, Any]]:
    """One row per stratum that a part has, with the fields of a stored result.

    found: key, `computation_id`, and arrays as `PartResult` has them, of all measures. rules:
    `reference_rules` by computation id. strata: one set's, and everyone. higher_is_better: by measure and
    period id. measure_ids: what is wanted, None for all.
    """
    if not found:
        return []
    counts, present = _dense(found, [s.pk for s in strata])
    own = own_states(counts["denominator"])
    by_computation = {pk: _layout(strata, stored) for pk, stored in rules.items()}
    layouts = [by_computation[part["computation_id"]] for part in found]
    # Every part stands alone: a "measure" of one unit.
    result = compare_each(
        counts["denominator"][:, None],
        counts["numerator"][:, None],
        counts["state"][:, None],
        own[:, None],
        sets=[[layout] for layout in layouts],
        higher_is_better=[higher_is_better[p["measure_id"], p["period_id"]] for p in found],
    )
    figures: dict[str, NDArray[Any]] = {
        **{name: getattr(result, name)[:, 0] for name in _FIGURES},
        "q_value": _adjusted(found, result),
    }
    states: dict[str, NDArray[Any]] = {
        "state": counts["state"],
        "own_state": own,
        "gap_state": result.gap_state[:, 0],
        "own_gap_state": result.own_gap_state[:, 0],
    }
    wanted = None if measure_ids is None else set(measure_ids)
    rows = [i for i, p in enumerate(found) if wanted is None or p["measure_id"] in wanted]
    return list(_rows(found, rows, strata, layouts, present, {**counts, **states, **figures}))


def _rows(
    found: Sequence[dict[str, Any]],
    rows: Sequence[int],
    strata: Sequence[Stratum],
    layouts: Sequence[StratumSetLayout],
    present: NDArray[np.bool_],
    columns: dict[str, NDArray[Any]],
) -> Iterator[dict[str, Any]]:
    compared_with = [layout.reference if layout.whole == -1 else layout.whole for layout in layouts]
    chosen = np.array(rows, dtype=np.int64)
    part, stratum = np.nonzero(present[chosen])
    values = {}
    for name, column in columns.items():
        figures = column[chosen[part], stratum]
        listed = figures.astype(object)
        listed[~np.isfinite(figures)] = None
        values[name] = listed.tolist()
    values["patients_to_parity"] = [
        None if v is None else int(v) for v in values["patients_to_parity"]
    ]
    for i, (at, s) in enumerate(zip(chosen[part].tolist(), stratum.tolist(), strict=True)):
        yield {
            **{name: found[at][name] for name in _KEY},
            "computation_id": found[at]["computation_id"],
            "stratum_id": strata[s].pk,
            "reference_id": strata[compared_with[at]].pk
            if compared_with[at] >= 0 and s in layouts[at].indices
            else None,
            **{name: column[i] for name, column in values.items()},
        }


def _dense(
    found: Sequence[dict[str, Any]], stratum_ids: Sequence[int]
) -> tuple[dict[str, NDArray[np.int64]], NDArray[np.bool_]]:
    """Arrays [part, stratum] of what is stored, and where anything is."""
    place = {pk: i for i, pk in enumerate(stratum_ids)}
    at = [
        (row, place[pk], offset)
        for row, part in enumerate(found)
        for offset, pk in enumerate(part["strata"])
        if pk in place
    ]
    rows, columns = [a[0] for a in at], [a[1] for a in at]
    shape = (len(found), len(stratum_ids))
    present = np.zeros(shape, dtype=bool)
    present[rows, columns] = True
    counts = {}
    for name, stored in _COUNTS.items():
        # A stratum that is not stored has nobody in it.
        nothing = CellState.NO_DENOMINATOR if name == "state" else 0
        counts[name] = np.full(shape, nothing, dtype=np.int64)
        counts[name][rows, columns] = [found[row][stored][offset] for row, _, offset in at]
    return counts, present


def _layout(strata: Sequence[Stratum], rules: Mapping[str, Any]) -> StratumSetLayout:
    """strata: one set's, and everyone. rules: `reference_rules` of the computation."""
    indices = [i for i, s in enumerate(strata) if s.kind != StratumKind.TOTAL]
    whole = next((i for i, s in enumerate(strata) if s.kind == StratumKind.TOTAL), -1)
    of_set = [strata[i] for i in indices]
    rule = used_by(rules, of_set[0].stratum_set, of_set)
    return rule.layout("the set", strata, indices, whole)


def _adjusted(found: Sequence[dict[str, Any]], result: Comparison) -> NDArray[np.float64]:
    """q over the contrasts that readers outside may see, of one part and period over all measures."""
    shown = result.gap_state[:, 0] == GapState.SHOWN
    p = np.where(shown, result.p_value[:, 0], np.nan)
    numbers: dict[tuple[Any, ...], int] = {}
    families = [
        numbers.setdefault(tuple(part[k] for k in _KEY[1:]), len(numbers)) for part in found
    ]
    return benjamini_hochberg(p, np.array(families)[:, None])
