"""Settle with whom the programme compares, and bring the results in line with it."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from measures.actions.recompute import recompute_families
from measures.enums import ReferenceStrategy, StratumKind
from measures.models import Computation, ReferenceSetting, Slice, Source, Stratum, StratumSet
from measures.stats.references import ENOUGH
from teams.actions.audit import record_event
from teams.errors import StateRefused
from teams.models import User


@transaction.atomic
def set_reference_rule(
    *,
    stratum_set: StratumSet,
    strategy: ReferenceStrategy,
    from_year: int,
    reason: str,
    stratum: Stratum | None = None,
    least_n: int = ENOUGH,
    as_of: datetime,
    by: User,
) -> ReferenceSetting:
    """Settle the rule of a set from a measurement year on, as another version.

    stratum: of the rule that names one, and of no other. least_n: of the rule that looks for the best.
    Raises StateRefused for a stratum that cannot be a reference, and for the rule that is in force.
    Effects: one row; the results of the years that it is for follow in `apply_reference_rule`; published
    report cards stay as they are; one audit event.
    """
    # Versions are numbered one after the other, by whoever comes first.
    StratumSet.objects.select_for_update().get(pk=stratum_set.pk)
    if stratum is not None and (
        stratum.stratum_set_id != stratum_set.pk or stratum.kind != StratumKind.SPECIFIED
    ):
        raise StateRefused("Choose a group of people of this set. Declined and unknown are none.")
    latest = ReferenceSetting.objects.filter(stratum_set=stratum_set).order_by("-version").first()
    wanted = (strategy, stratum.pk if stratum else None, least_n, from_year)
    if latest is not None and wanted == (
        latest.strategy, latest.stratum_id, latest.least_n, latest.from_year,
    ):  # fmt: skip
        raise StateRefused("This is the rule already. Change something, or leave it as it is.")
    setting = ReferenceSetting.objects.create(
        stratum_set=stratum_set,
        version=latest.version + 1 if latest else 1,
        from_year=from_year,
        strategy=strategy,
        stratum=stratum,
        least_n=least_n,
        reason=reason,
        set_by=by,
        set_at=as_of,
    )
    setting.step_count = len(_steps(setting))
    setting.applied_at = None if setting.step_count else as_of
    setting.save(update_fields=["step_count", "applied_at"])
    record_event(
        act="set_reference_rule",
        target=setting,
        by=by,
        details={
            "stratum_set": stratum_set.code,
            "version": setting.version,
            "from_year": from_year,
            "strategy": strategy.value,
            "stratum": stratum.code if stratum else None,
            "least_n": least_n,
            "before": str(latest) if latest else "as the definitions name it",
        },
    )
    return setting


def apply_reference_rule(*, setting_id: int, as_of: datetime) -> bool:
    """Work out one source and period anew under a rule; True where there is more to do.

    Effects: results that differ are written; the step is counted in the same transaction, so that work
    that was cut off goes on where it stopped; one audit event at the end.
    """
    with transaction.atomic():
        setting = (
            ReferenceSetting.objects.select_for_update(skip_locked=True, of=("self",))
            .filter(pk=setting_id, applied_at__isnull=True)
            .first()
        )
        if setting is None:
            return False
        steps = _steps(setting)
        if setting.done_count < len(steps):
            source_id, period_id = steps[setting.done_count]
            source = Source.objects.select_for_update().get(pk=source_id)
            families = Slice.objects.filter(
                source=source, period_id=period_id, is_current=True
            ).values_list("measure_id", "period_id")
            if recompute_families(source=source, families=set(families), as_of=as_of):
                source.data_version += 1
                source.save(update_fields=["data_version"])
            setting.done_count += 1
        setting.step_count = len(steps)
        if setting.done_count >= len(steps):
            setting.applied_at = as_of
            record_event(
                act="apply_reference_rule",
                target=setting,
                by=None,
                details={"version": setting.version, "steps": len(steps)},
            )
        setting.save(update_fields=["done_count", "step_count", "applied_at"])
        return setting.applied_at is None


def _steps(setting: ReferenceSetting) -> list[tuple[int, int]]:
    """(source id, period id) of what was computed before the rule was settled, always in the same order."""
    return list(
        Computation.objects.filter(
            computed_at__lte=setting.set_at, period__ends_on__year__gte=setting.from_year
        )
        .order_by("source_id", "period_id")
        .values_list("source_id", "period_id")
        .distinct()
    )
