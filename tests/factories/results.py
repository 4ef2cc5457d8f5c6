"""Results as the recomputation would leave them, made from plain counts.

    world = make_world()                                 # payer source, 2024, combined strata, CBP
    make_results(world, team, {"nh_white": (412, 552), "nh_black": (66, 100)})
    make_results(world, None, {...})                     # the programme

Intervals and tests come from `measures.stats`. States are the plain ones (small counts hidden from
others, fewer than 30 not reported); `protect` names strata hidden as complements on top.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date
from itertools import count
from typing import Any

import numpy as np

from measures.enums import CountingUnit, Direction, RealCategory, RealField, SourceKind, StratumKind
from measures.models import (
    Computation,
    Measure,
    MeasureDefinition,
    PartResult,
    Period,
    RealCount,
    Slice,
    Source,
    Stratum,
    StratumResult,
    StratumSet,
    Submission,
)
from measures.queries import SetResult, list_part_results
from measures.stats import gaps, rates
from measures.stats.states import CellState, GapState
from teams.enums import OrganisationKind
from teams.models import Site, Team
from teams.scoping import Scope
from tests.factories.people import make_organisation

_numbers = count(1)

#: code → (label, short label, kind, reference)
_COMBINED = {
    "nh_white": ("White, not Hispanic", "White", StratumKind.SPECIFIED, True),
    "nh_black": ("Black, not Hispanic", "Black", StratumKind.SPECIFIED, False),
    "hispanic": ("Hispanic of any race", "Hispanic", StratumKind.SPECIFIED, False),
    "nh_asian": ("Asian, not Hispanic", "Asian", StratumKind.SPECIFIED, False),
    "nh_multiple": ("Two or more races, not Hispanic", "Two or more", StratumKind.SPECIFIED, False),
    "declined": ("Asked but no answer", "No answer", StratumKind.DECLINED, False),
    "unknown": ("Unknown", "Unknown", StratumKind.UNKNOWN, False),
}
_LANGUAGE = {
    "english": ("English", "English", StratumKind.SPECIFIED, True),
    "spanish": ("Spanish", "Spanish", StratumKind.SPECIFIED, False),
    "unknown": ("Unknown", "Unknown", StratumKind.UNKNOWN, False),
}
_SEX = {
    "female": ("Female", "Female", StratumKind.SPECIFIED, False),
    "male": ("Male", "Male", StratumKind.SPECIFIED, False),
}


def list_line_results(scope: Scope, **asked: Any) -> list[SetResult]:
    """Of `list_part_results` the lines of business."""
    return list_part_results(scope, **asked)[1]


def make_source(
    *, code: str | None = None, team: Team | None = None, name: str | None = None
) -> Source:
    """A payer's source, or a group's own when a team is given; the one that is there for a known code."""
    number = next(_numbers)
    if team is None:
        organisation, kind = make_organisation(OrganisationKind.PAYER), SourceKind.PAYER
    else:
        organisation, kind = team.organisation, SourceKind.GROUP
    return Source.objects.get_or_create(
        code=code or f"source-{number}",
        defaults={
            "organisation": organisation,
            "team": team,
            "name": name or f"Source {number}",
            "kind": kind,
            "data_version": 1,
        },
    )[0]


def make_period(label: str = "2024") -> Period:
    year = int(label[:4])
    return Period.objects.get_or_create(
        label=label, defaults={"starts_on": date(year, 1, 1), "ends_on": date(year, 12, 31)}
    )[0]


def make_measure(
    code: str = "CBP", *, position: int | None = None, completeness_of: str = ""
) -> Measure:
    return Measure.objects.get_or_create(
        code=code,
        defaults={"position": position or next(_numbers), "completeness_of": completeness_of},
    )[0]


def make_definition(
    measure: Measure, *, year: int = 2024, higher_is_better: bool = True, **fields: Any
) -> MeasureDefinition:
    values = {
        "name": f"Measure {measure.code}",
        "short_name": f"Short {measure.code}",
        "steward": "Tests",
        "domain": "Heart and circulation",
        "direction": Direction.HIGHER if higher_is_better else Direction.LOWER,
        "counting_unit": CountingUnit.PERSON,
        "denominator_meaning": "Adults with the condition.",
        "numerator_meaning": "The good result was reached.",
        "stratified": True,
        "source": "Made up for tests.",
    } | fields
    return MeasureDefinition.objects.get_or_create(measure=measure, year=year, defaults=values)[0]


def make_stratum_set(
    code: str, strata: Mapping[str, tuple[str, str, str, bool]], *, id: int
) -> StratumSet:
    """A set with its strata; ids of strata follow from the set's."""
    stratum_set, made = StratumSet.objects.get_or_create(
        id=id, defaults={"code": code, "name": f"By {code}", "position": id, "edition": "Tests"}
    )
    if made:
        Stratum.objects.bulk_create(
            Stratum(
                id=id * 100 + position,
                stratum_set=stratum_set,
                code=stratum_code,
                label=label,
                short_label=short,
                kind=kind,
                is_reference=reference,
                position=position,
            )
            for position, (stratum_code, (label, short, kind, reference)) in enumerate(
                strata.items()
            )
        )
    return stratum_set


@dataclass
class World:
    """The definitions that a test's results hang on."""

    source: Source
    period: Period
    measure: Measure
    definition: MeasureDefinition
    combined: StratumSet
    language: StratumSet
    sex: StratumSet
    everyone: StratumSet
    computations: dict[tuple[int, int, int], Computation] = field(default_factory=dict)


def make_world(*, higher_is_better: bool = True, period: str = "2024") -> World:
    """Payer source, one period, measure CBP, the sets all, combined, language and sex."""
    measure = make_measure("CBP", position=10)
    made_period = make_period(period)
    return World(
        source=make_source(code="payer", name="Payer claims"),
        period=made_period,
        measure=measure,
        definition=make_definition(
            measure, year=made_period.year, higher_is_better=higher_is_better
        ),
        everyone=make_stratum_set(
            "all", {"all": ("Everyone", "Everyone", StratumKind.TOTAL, False)}, id=1
        ),
        combined=make_stratum_set("combined", _COMBINED, id=4),
        language=make_stratum_set("language", _LANGUAGE, id=6),
        sex=make_stratum_set("sex", _SEX, id=7),
    )


def _states(x: int, n: int) -> tuple[CellState, CellState]:
    """(state for others, own state)."""
    if n == 0:
        return CellState.NO_DENOMINATOR, CellState.NO_DENOMINATOR
    own = CellState.SMALL_DENOMINATOR if n < 30 else CellState.SHOWN
    if any(0 < c < 11 for c in (n, x, n - x)):
        return CellState.PRIVACY_PRIMARY, own
    return own, own


def _gap_state(state: CellState, reference: CellState | None, *, is_reference: bool) -> GapState:
    if is_reference:
        return GapState.IS_REFERENCE
    if reference is None or reference == CellState.NO_DENOMINATOR:
        return GapState.NO_REFERENCE
    if state == CellState.NO_DENOMINATOR:
        return GapState.NOT_COMPARED
    if state.is_private or reference.is_private:
        return GapState.HIDDEN
    if CellState.SMALL_DENOMINATOR in (state, reference):
        return GapState.SMALL_DENOMINATOR
    return GapState.SHOWN


def _finite(value: Any) -> float | None:
    number = float(value)
    return number if np.isfinite(number) else None


def make_results(
    world: World,
    team: Team | None,
    counts: Mapping[str, tuple[int, int]],
    *,
    stratum_set: StratumSet | None = None,
    measure: Measure | None = None,
    period: Period | None = None,
    source: Source | None = None,
    site: Site | None = None,
    by_site: bool = False,
    line_of_business: int | None = None,
    protect: Collection[str] = (),
    total: bool = True,
) -> list[StratumResult]:
    """Results of one unit and measure; `counts` is stratum code → (numerator, denominator).

    by_site follows from a site; give it without one for "site not listed". Nothing is returned for a
    site or a line of business: their figures are worked out when they are read.
    total: also the row of everyone, the sum of the counts.
    """
    stratum_set = stratum_set or world.combined
    measure, period = measure or world.measure, period or world.period
    source = source or world.source
    strata = {s.code: s for s in stratum_set.strata.all()}
    reference = next((s for s in strata.values() if s.is_reference), None)
    key = (source.pk, measure.pk, period.pk)
    if key not in world.computations:
        world.computations[key] = Computation.objects.create(
            source=source,
            measure=measure,
            period=period,
            method_version="1.0",
            data_version=source.data_version,
            result_count=0,
            changed_count=0,
        )
    higher = measure.definitions.get(year=period.year).higher_is_better
    reference_counts = counts.get(reference.code) if reference else None
    unit = {
        "source": source,
        "measure": measure,
        "period": period,
        "team": team,
        "computation": world.computations[key],
        "excluded": 0,
    }

    def states_of(code: str) -> tuple[CellState, CellState]:
        state, own = _states(*counts[code])
        return (CellState.PRIVACY_COMPLEMENTARY if code in protect else state), own

    if by_site or site is not None or line_of_business is not None:
        everyone = (sum(x for x, _ in counts.values()), sum(n for _, n in counts.values()))
        listed = [(strata[code].pk, *pair, states_of(code)[0]) for code, pair in counts.items()]
        if total:
            listed.append((world.everyone.strata.get().pk, *everyone, _states(*everyone)[0]))
        unit.pop("excluded")
        PartResult.objects.create(
            **unit,
            by_site=line_of_business is None,
            site=site,
            line_of_business=line_of_business,
            strata=[pk for pk, _, _, _ in listed],
            numerators=[x for _, x, _, _ in listed],
            denominators=[n for _, _, n, _ in listed],
            self_reported=[round(0.7 * n) for _, _, n, _ in listed],
            indirect=[round(0.1 * n) for _, _, n, _ in listed],
            states=[state for _, _, _, state in listed],
        )
        return []

    rows = []
    for code, (x, n) in counts.items():
        stratum = strata[code]
        state, own = states_of(code)
        is_reference = reference is not None and code == reference.code
        compared = stratum.kind == StratumKind.SPECIFIED
        if compared:
            has_reference = reference_counts is not None
            ref_state, ref_own = states_of(reference.code) if has_reference else (None, None)
            gap_state = _gap_state(state, ref_state, is_reference=is_reference)
            own_gap_state = _gap_state(own, ref_own, is_reference=is_reference)
        else:
            gap_state = own_gap_state = GapState.NOT_COMPARED
        interval = rates.wilson(x, n)
        row = StratumResult(
            **unit,
            stratum=stratum,
            denominator=n,
            numerator=x,
            self_reported=round(0.7 * n),
            indirect=round(0.1 * n),
            state=state,
            own_state=own,
            rate=_finite(rates.rate(x, n)),
            rate_lower=_finite(interval.lower),
            rate_upper=_finite(interval.upper),
            gap_state=gap_state,
            own_gap_state=own_gap_state,
            reference=reference if has_gap(own_gap_state) or is_reference else None,
        )
        if has_gap(own_gap_state) and reference_counts is not None:
            rx, rn = reference_counts
            gap_interval, ratio_interval = (
                gaps.newcombe(x, n, rx, rn),
                gaps.ratio_mover_wilson(x, n, rx, rn),
            )
            row.gap = float(gaps.absolute_gap(x, n, rx, rn))
            row.gap_lower, row.gap_upper = float(gap_interval.lower), float(gap_interval.upper)
            row.ratio = _finite(gaps.rate_ratio(x, n, rx, rn))
            row.ratio_lower, row.ratio_upper = (
                _finite(ratio_interval.lower),
                _finite(ratio_interval.upper),
            )
            row.p_value = float(gaps.two_proportion_p(x, n, rx, rn))
            row.q_value = row.p_value if gap_state == GapState.SHOWN else None
            row.patients_to_parity = int(gaps.patients_to_parity(x, n, rx, rn, higher))
        rows.append(row)
    if total:
        x, n = (sum(pair[i] for pair in counts.values()) for i in (0, 1))
        state, own = _states(x, n)
        interval = rates.wilson(x, n)
        rows.append(
            StratumResult(
                **unit,
                stratum=world.everyone.strata.get(),
                denominator=n,
                numerator=x,
                self_reported=0,
                indirect=0,
                state=state,
                own_state=own,
                rate=_finite(rates.rate(x, n)),
                rate_lower=_finite(interval.lower),
                rate_upper=_finite(interval.upper),
                gap_state=GapState.NOT_COMPARED,
                own_gap_state=GapState.NOT_COMPARED,
            )
        )
    return StratumResult.objects.bulk_create(rows)


def has_gap(state: GapState) -> bool:
    return state in (GapState.SHOWN, GapState.SMALL_DENOMINATOR)


def make_submission(source: Source, *, state: str = "published", **fields: Any) -> Submission:
    """A file in a state; published ones carry their data version."""
    number = next(_numbers)
    values: dict[str, Any] = {
        "sha256": f"{number:064x}",
        "file_name": f"file-{number}.csv",
        "byte_count": 1000,
        "stored_as": f"file-{number}",
        "row_count": 500,
        "accepted_count": 495,
        "set_aside_count": 5,
    }
    if state == "published":
        values |= {"published_at": "2025-03-01T09:00:00Z", "data_version": 1}
    if state == "rejected":
        values["refusal"] = "The file has no header row."
    return Submission.objects.create(source=source, state=state, **(values | fields))


def make_completeness(
    world: World,
    team: Team,
    counts: Mapping[RealCategory, int],
    *,
    field: RealField = RealField.RACE,
    site: Site | None = None,
    submission: Submission | None = None,
    period: Period | None = None,
) -> Submission:
    """Members of a team by what is known of one field, with the current slice that they hang on."""
    period = period or world.period
    submission = submission or make_submission(world.source)
    Slice.objects.get_or_create(
        submission=submission,
        source=world.source,
        team=team,
        measure=world.measure,
        period=period,
        defaults={"row_count": 1, "denominator": 1, "numerator": 0, "is_current": True},
    )
    RealCount.objects.bulk_create(
        RealCount(
            submission=submission,
            team=team,
            period=period,
            site=site,
            field=field,
            category=category,
            member_count=members,
        )
        for category, members in counts.items()
        if members
    )
    return submission
