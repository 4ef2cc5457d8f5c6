"""Adopt a loaded submission and bring the results up to date: the last automatic step.

Cost follows the change: only families (measure and period) in which a slice changed are computed, and
of their results only those whose numbers differ are written. Adjusted p-values span all measures of a
unit and period, so those of other measures can change too; they alone are updated.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db import connection, transaction

from measures.enums import SubmissionState
from measures.ingest.families import read_families
from measures.ingest.reference_choice import choose_references, list_followers
from measures.ingest.results import write_results
from measures.models import Computation, MeasureDefinition, Period, Slice, Source, Submission
from measures.policies import check_can_publish
from measures.stats.registry import METHOD_VERSION
from teams.actions.audit import record_event
from teams.models import User

Family = tuple[int, int]


def publish_submission(
    *, submission_id: int, as_of: datetime, by: User | None = None
) -> Submission:
    """Make a submission's slices the current ones and recompute what they touch.

    Raises StateRefused unless the submission is loaded and, where it replaces data, confirmed.
    Effects: slices of the same source, team, measure and period are superseded; results and
    computations are written; the source's data version goes up by one; one audit event.
    """
    with transaction.atomic():
        submission = Submission.objects.select_for_update().get(pk=submission_id)
        check_can_publish(submission)
        # One computation of a source at a time: two would read each other's half-made families.
        source = Source.objects.select_for_update().get(pk=submission.source_id)
        superseded = _adopt_slices(submission)
        source.data_version += 1
        source.save(update_fields=["data_version"])
        families = Slice.objects.filter(submission=submission).values_list(
            "measure_id", "period_id"
        )
        changed = recompute_families(source=source, families=families, as_of=as_of)
        submission.state = SubmissionState.PUBLISHED
        submission.state_changed_at = submission.published_at = as_of
        submission.data_version = source.data_version
        submission.save(update_fields=["state", "state_changed_at", "published_at", "data_version"])
        record_event(
            act="publish_submission",
            target=submission,
            by=by,
            details={
                "data_version": source.data_version,
                "superseded_slices": superseded,
                "changed_results": changed,
            },
        )
    return submission


def _adopt_slices(submission: Submission) -> int:
    """Returns how many slices of earlier submissions were superseded."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            update measures_slice old set is_current = false, superseded_by_id = new.submission_id
            from measures_slice new
            where new.submission_id = %s and old.is_current and old.source_id = new.source_id
                and old.submission_id <> new.submission_id and old.team_id = new.team_id
                and old.measure_id = new.measure_id and old.period_id = new.period_id
            """,
            [submission.pk],
        )
        superseded: int = cursor.rowcount
        cursor.execute(
            "update measures_slice set is_current = true, superseded_by_id = null"
            " where submission_id = %s",
            [submission.pk],
        )
    return superseded


def recompute_families(*, source: Source, families: Iterable[Family], as_of: datetime) -> int:
    """Compute families anew and write what differs. Returns the number of results written or removed.

    Measures that count the same people (`shared_denominator`) hide the same cells, so a family
    brings its siblings with it; and where the best group is looked for in the period before, the families
    of the period after.
    """
    wanted = _with_siblings(source, set(families))
    if not wanted:
        return 0
    wanted = _with_siblings(source, {*wanted, *list_followers(source.pk, wanted)})
    definitions = _definitions_of(wanted)
    table = read_families(source.pk, wanted)
    references = choose_references(source.pk, table, definitions)
    computations = {
        (c.measure_id, c.period_id): c.pk
        for c in Computation.objects.bulk_create(
            Computation(
                source=source,
                measure_id=measure_id,
                period_id=period_id,
                method_version=METHOD_VERSION,
                data_version=source.data_version,
                computed_at=as_of,
                result_count=0,
                changed_count=0,
                reference_rules={code: rule.to_store() for code, rule in of_family.items()},
            )
            for (measure_id, period_id), of_family in zip(table.families, references, strict=True)
        )
    }
    written = write_results(
        source.pk,
        table,
        higher_is_better=[definitions[f].higher_is_better for f in table.families],
        shared_denominator=[definitions[f].shared_denominator for f in table.families],
        computations=[computations[f] for f in table.families],
        references=references,
        method_version=METHOD_VERSION,
    )
    for family, counts in written.by_family.items():
        Computation.objects.filter(pk=computations[family]).update(
            result_count=counts.total, changed_count=counts.changed
        )
    return sum(c.changed for c in written.by_family.values()) + written.adjusted_elsewhere


def _with_siblings(source: Source, families: set[Family]) -> list[Family]:
    current = set(
        Slice.objects.filter(source=source, is_current=True)
        .values_list("measure_id", "period_id")
        .distinct()
    )
    definitions = _definitions_of(current | families)
    shared: dict[tuple[str, int], set[Family]] = {}
    for family, definition in definitions.items():
        if definition.shared_denominator:
            shared.setdefault((definition.shared_denominator, family[1]), set()).add(family)
    wanted = set(families)
    for siblings in shared.values():
        if siblings & wanted:
            wanted |= siblings
    return sorted(wanted)


def _definitions_of(families: Iterable[Family]) -> dict[Family, MeasureDefinition]:
    """The definition of each family in its measurement year: two queries."""
    wanted: Sequence[Family] = list(families)
    years = {p.pk: p.year for p in Period.objects.filter(pk__in={f[1] for f in wanted})}
    found = {
        (d.measure_id, d.year): d
        for d in MeasureDefinition.objects.filter(measure_id__in={f[0] for f in wanted})
    }
    return {f: found[f[0], years[f[1]]] for f in wanted}
