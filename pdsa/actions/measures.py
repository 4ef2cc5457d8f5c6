"""Local measures: define, version, bind, enter numbers, decide about charts, link tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import IntegrityError, transaction

from measures import queries as programme
from pdsa.enums import ChartDecisionKind, PointKind, PointState, StratumRole
from pdsa.models import (
    ChartDecision,
    Cycle,
    CycleMeasure,
    LocalMeasure,
    LocalMeasureVersion,
    MeasureStratum,
    Observation,
    Project,
)
from pdsa.policies.measures import Entry, check_entry
from teams.actions.audit import record_event
from teams.errors import StateRefused
from teams.models import User
from teams.permissions import Permission, check_permission
from teams.scoping import scope_of

#: The definition sheet: what a version keeps.
SHEET = (
    "name",
    "kind",
    "point_kind",
    "direction",
    "unit",
    "why",
    "definition",
    "numerator_meaning",
    "denominator_meaning",
    "exclusions",
    "data_source",
    "population_scope",
    "frequency",
    "lag_days",
    "collector",
    "minimum_denominator",
    "target",
    "target_on",
    "rule_set",
    "is_screened",
)
#: What a bound measure may still be changed in: the rest comes from the programme.
OWN_OF_BOUND = frozenset(
    {"kind", "why", "collector", "target", "target_on", "rule_set", "is_screened"}
)


def _check_writes(by: User, project: Project, on: date) -> None:
    scope = scope_of(by, on=on)
    check_permission(scope, Permission.EDIT_PROJECTS)
    if project.team_id not in scope.staff_team_ids:
        raise StateRefused("Only people of the group itself change its measures.")


def _check_in_use(measure: LocalMeasure) -> None:
    if measure.retired_at is not None:
        raise StateRefused("This measure is no longer in use. Bring it back first.")


def _sheet(measure: LocalMeasure) -> dict[str, Any]:
    content = {name: getattr(measure, name) for name in SHEET}
    content["strata"] = [
        {"stratum": row.stratum.label, "role": row.role}
        for row in measure.strata.select_related("stratum")
    ]
    return content


def _save_version(measure: LocalMeasure, reason: str, by: User) -> None:
    LocalMeasureVersion.objects.create(
        measure=measure,
        number=measure.version,
        content=_sheet(measure),
        reason=reason,
        saved_by=by,
    )


@transaction.atomic
def define_measure(
    *,
    project: Project,
    sheet: Mapping[str, Any],
    strata: Sequence[tuple[int, StratumRole]],
    by: User,
    as_of: date,
) -> LocalMeasure:
    """A new measure of a project. strata: (stratum id, role) in the order of the grid, one or more.

    Raises StateRefused where the name is taken or no group is named.
    """
    _check_writes(by, project, as_of)
    if not strata:
        raise StateRefused("Name at least one group of people to count.")
    measure = _create(project, by, **{name: sheet[name] for name in SHEET if name in sheet})
    _choose(measure, strata)
    _save_version(measure, "", by)
    record_event(act="define_measure", target=measure, by=by, team=project.team)
    return measure


@transaction.atomic
def copy_programme_measure(
    *,
    project: Project,
    source_id: int,
    code: str,
    year: int,
    strata: Sequence[tuple[int, StratumRole]],
    by: User,
    as_of: date,
) -> LocalMeasure:
    """A measure of the programme for a project: its definition is locked, its values arrive by themselves.

    Raises StateRefused where it is there already, or the source is not the reader's.
    """
    _check_writes(by, project, as_of)
    scope = scope_of(by, on=as_of)
    source = programme.list_sources(scope).filter(pk=source_id).first()
    if source is None:
        raise StateRefused("Choose a source of results that your group sees.")
    definition = programme.get_definition(code=code, year=year)
    if project.local_measures.filter(
        programme_measure=definition.measure, programme_source=source, retired_at=None
    ).exists():
        raise StateRefused("This measure of the programme is in the project already.")
    is_events = definition.counting_unit == "event"
    measure = _create(
        project,
        by,
        name=definition.name[:120],
        kind="outcome",
        point_kind=PointKind.RATE if is_events else PointKind.PROPORTION,
        direction=definition.direction,
        definition=f"{definition.name}, {definition.year}. {definition.source}",
        numerator_meaning=definition.numerator_meaning[:300],
        denominator_meaning=definition.denominator_meaning[:300],
        data_source=source.name[:200],
        population_scope="payer_members" if source.kind == "payer" else "all_patients",
        minimum_denominator=definition.minimum_denominator,
        target=None
        if definition.target_rate is None or is_events
        else Decimal(str(round(definition.target_rate * 100, 2))),
        programme_measure=definition.measure,
        programme_source=source,
    )
    _choose(measure, strata)
    _save_version(measure, "Copied from the programme", by)
    record_event(
        act="copy_programme_measure",
        target=measure,
        by=by,
        team=project.team,
        details={"measure": code, "year": year, "source": source.code},
    )
    return measure


def _create(project: Project, by: User, **fields: Any) -> LocalMeasure:
    try:
        with transaction.atomic():
            return LocalMeasure.objects.create(project=project, created_by=by, **fields)
    except IntegrityError as error:
        if "localmeasure_name_once" in str(error):
            raise StateRefused(
                "The project has a measure of this name already. Choose another name."
            ) from None
        raise


def _choose(measure: LocalMeasure, strata: Sequence[tuple[int, StratumRole]]) -> None:
    known = {s.pk for s in programme.list_countable_groups()}
    measure.strata.all().delete()
    for position, (stratum_id, role) in enumerate(strata, start=1):
        if stratum_id not in known:
            raise StateRefused("One of the groups does not exist. Choose from the list.")
        MeasureStratum.objects.create(
            measure=measure, stratum_id=stratum_id, role=role, position=position
        )


@transaction.atomic
def change_definition(
    *,
    measure: LocalMeasure,
    sheet: Mapping[str, Any],
    strata: Sequence[tuple[int, StratumRole]] | None = None,
    reason: str,
    by: User,
    as_of: date,
) -> LocalMeasure:
    """Write a new version of the definition sheet; the earlier ones stay readable.

    Raises StateRefused where a locked field would change, where the kind of the points or their
    frequency would change under numbers that are there, or where a group with numbers would go.
    """
    measure = LocalMeasure.objects.select_for_update().get(pk=measure.pk)
    _check_writes(by, measure.project, as_of)
    _check_in_use(measure)
    changed = {
        name: sheet[name]
        for name in SHEET
        if name in sheet and sheet[name] != getattr(measure, name)
    }
    if measure.is_bound and (locked := set(changed) - OWN_OF_BOUND):
        names = ", ".join(sorted(name.replace("_", " ") for name in locked))
        raise StateRefused(f"The definition comes from the programme and is locked: {names}.")
    if {"point_kind", "frequency"} & set(changed) and measure.observations.exists():
        raise StateRefused(
            "There are numbers already. A measure of another kind or rhythm is a new measure."
        )
    if strata is not None:
        keep = {stratum_id for stratum_id, _ in strata}
        if measure.observations.exclude(stratum_id__in=keep).exists():
            raise StateRefused("A group that has numbers cannot be taken off the measure.")
        before = [(row.stratum_id, row.role) for row in measure.strata.all()]
        if [(s, str(r)) for s, r in strata] == [(s, str(r)) for s, r in before]:
            strata = None
    if not changed and strata is None:
        return measure
    for name, value in changed.items():
        setattr(measure, name, value)
    measure.version += 1
    try:
        with transaction.atomic():
            measure.save(update_fields=[*changed, "version"])
    except IntegrityError as error:
        if "localmeasure_name_once" in str(error):
            raise StateRefused(
                "The project has a measure of this name already. Choose another name."
            ) from None
        raise
    if strata is not None:
        _choose(measure, strata)
    _save_version(measure, reason, by)
    record_event(
        act="change_definition",
        target=measure,
        by=by,
        team=measure.project.team,
        details={"fields": sorted([*changed, *(["strata"] if strata is not None else [])])},
    )
    return measure


@transaction.atomic
def retire_measure(*, measure: LocalMeasure, by: User, as_of: datetime) -> None:
    """Take a measure out of use; its numbers stay."""
    _check_writes(by, measure.project, as_of.date())
    measure.retired_at = as_of
    measure.save(update_fields=["retired_at"])
    record_event(act="retire_measure", target=measure, by=by, team=measure.project.team)


@transaction.atomic
def enter_observations(
    *, measure: LocalMeasure, entries: Sequence[Entry], by: User, as_of: datetime
) -> int:
    """Write what was typed, all of it or nothing; returns how many entries changed.

    Raises StateRefused for a bound measure, a group or period that the measure does not have, a period
    in the future, n larger than N.
    Effects: rows replaced or removed, one audit event with periods and groups but no number.
    """
    measure = LocalMeasure.objects.select_for_update().get(pk=measure.pk)
    _check_writes(by, measure.project, as_of.date())
    _check_in_use(measure)
    if measure.is_bound:
        raise StateRefused("These numbers come from the programme; nobody types them.")
    strata = {row.stratum_id for row in measure.strata.all()}
    for entry in entries:
        check_entry(measure, entry, strata, as_of.date())
    changed = _write(measure, entries, by, as_of)
    if changed:
        record_event(
            act="enter_observations",
            target=measure,
            by=by,
            team=measure.project.team,
            details={
                "periods": sorted({entry.starts_on.isoformat() for entry in changed}),
                "strata": sorted({entry.stratum_id for entry in changed}),
            },
        )
    return len(changed)


#: What an entry says of a period; the rest of a row follows from the measure, or says who and when.
_SAID = ("state", "numerator", "denominator", "value")


def _write(
    measure: LocalMeasure, entries: Sequence[Entry], by: User, as_of: datetime
) -> list[Entry]:
    """Rows added, replaced or removed, in as many queries for one entry as for a year; returns what changed."""
    wanted = {(entry.stratum_id, entry.starts_on): entry for entry in entries}
    rows = {
        (row.stratum_id, row.starts_on): row
        for row in measure.observations.filter(starts_on__in={day for _, day in wanted})
    }
    changed, to_write, to_remove = [], [], []
    for key, entry in wanted.items():
        row = rows.get(key)
        if entry.is_empty:
            if row is not None:
                to_remove.append(row.pk)
                changed.append(entry)
            continue
        is_number = entry.state == PointState.NUMBER
        new = Observation(
            measure=measure,
            stratum_id=entry.stratum_id,
            starts_on=entry.starts_on,
            point_kind=measure.point_kind,
            state=entry.state,
            numerator=entry.numerator if is_number else None,
            denominator=entry.denominator if is_number else None,
            value=entry.value if is_number else None,
            entered_by=by,
            entered_at=as_of,
        )
        if row is not None and all(getattr(row, name) == getattr(new, name) for name in _SAID):
            continue
        to_write.append(new)
        changed.append(entry)
    measure.observations.filter(pk__in=to_remove).delete()
    Observation.objects.bulk_create(
        to_write,
        update_conflicts=True,
        unique_fields=["measure", "stratum", "starts_on"],
        update_fields=[*_SAID, "point_kind", "entered_by", "entered_at"],
    )
    return changed


@transaction.atomic
def decide_about_chart(
    *,
    measure: LocalMeasure,
    kind: ChartDecisionKind,
    starts_on: date,
    reason: str,
    by: User,
    as_of: date,
    stratum_id: int | None = None,
    cycle: Cycle | None = None,
    is_expected_to_last: bool | None = None,
) -> ChartDecision:
    """Set a baseline, begin a phase, take a point out, or say no to a phase: with a reason, never by itself.

    Raises StateRefused without a reason, for a period without data, or where it was decided already.
    """
    _check_writes(by, measure.project, as_of)
    _check_in_use(measure)
    reason = reason.strip()
    if not reason:
        raise StateRefused("Say why. The reason is printed under the chart.")
    if cycle is not None and cycle.idea.project_id != measure.project_id:
        raise StateRefused("The test belongs to another project.")
    if stratum_id is not None and not measure.strata.filter(stratum_id=stratum_id).exists():
        raise StateRefused("The measure is not counted for this group.")
    try:
        with transaction.atomic():
            decision = ChartDecision.objects.create(
                measure=measure,
                kind=kind,
                starts_on=starts_on,
                stratum_id=stratum_id,
                reason=reason,
                cycle=cycle,
                is_expected_to_last=is_expected_to_last,
                decided_by=by,
            )
    except IntegrityError as error:
        if "chartdecision_holds_once" in str(error):
            raise StateRefused("This has been decided already. Take it back first.") from None
        raise
    record_event(
        act="decide_about_chart",
        target=decision,
        by=by,
        team=measure.project.team,
        details={"kind": kind, "starts_on": starts_on.isoformat()},
    )
    return decision


@transaction.atomic
def undo_chart_decision(*, decision: ChartDecision, by: User, as_of: datetime) -> None:
    """Take a decision back; that it was made and undone stays on record."""
    _check_writes(by, decision.measure.project, as_of.date())
    if decision.undone_at is not None:
        raise StateRefused("This decision has been taken back already.")
    decision.undone_by, decision.undone_at = by, as_of
    decision.save(update_fields=["undone_by", "undone_at"])
    record_event(
        act="undo_chart_decision", target=decision, by=by, team=decision.measure.project.team
    )


@transaction.atomic
def link_cycle(*, measure: LocalMeasure, cycle: Cycle, by: User, as_of: date) -> CycleMeasure:
    """Say that a test is meant to move a measure: it appears under the measure's charts."""
    _check_writes(by, measure.project, as_of)
    if cycle.idea.project_id != measure.project_id:
        raise StateRefused("The test belongs to another project.")
    link, created = CycleMeasure.objects.get_or_create(
        cycle=cycle, measure=measure, defaults={"linked_by": by}
    )
    if created:
        record_event(
            act="link_cycle",
            target=measure,
            by=by,
            team=measure.project.team,
            details={"cycle": cycle.pk},
        )
    return link


@transaction.atomic
def unlink_cycle(*, measure: LocalMeasure, cycle: Cycle, by: User, as_of: date) -> None:
    _check_writes(by, measure.project, as_of)
    deleted, _ = CycleMeasure.objects.filter(cycle=cycle, measure=measure).delete()
    if deleted:
        record_event(
            act="unlink_cycle",
            target=measure,
            by=by,
            team=measure.project.team,
            details={"cycle": cycle.pk},
        )
