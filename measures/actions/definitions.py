"""Brings the database in line with the reviewed files of `measures/definitions`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from django.db import transaction

from measures.errors import DefinitionProblem
from measures.ingest.definitions import (
    FOLDER,
    Definitions,
    MeasureYear,
    StratumData,
    read_definitions,
)
from measures.models import (
    CodeMap,
    Measure,
    MeasureDefinition,
    Slice,
    Stratum,
    StratumSet,
    Submission,
)
from teams.actions.audit import record_event
from teams.models import User

#: What a published number rests on. The rest (names, benchmark, target) may change at any time.
_MEANING = (
    "direction",
    "counting_unit",
    "denominator_meaning",
    "numerator_meaning",
    "shared_denominator",
    "minimum_denominator",
)


@dataclass(frozen=True)
class DefinitionChanges:
    """What a load changed, as sentences; empty when the database already said the same."""

    sentences: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.sentences)


@transaction.atomic
def load_definitions(
    *, folder: Path = FOLDER, accept_changes: bool = False, by: User | None = None
) -> DefinitionChanges:
    """Write measures, definitions, strata and code maps; loading the same files again changes nothing.

    accept_changes: agree that definitions, references or codes that published data rest on change meaning.
    Raises: DefinitionProblem for a bad file, and for a change of meaning that nobody agreed to.
    Effects: rows of the five tables and one audit event, if anything changed.
    """
    wanted = read_definitions(folder)
    sentences: list[str] = []
    questions: list[str] = []
    _load_sets(wanted, sentences, questions)
    _load_measures(wanted, sentences)
    _load_years(wanted, sentences, questions)
    _load_codes(wanted, sentences)
    if questions and not accept_changes:
        raise DefinitionProblem(
            "Data that are already loaded would change their meaning: "
            + " ".join(questions)
            + " Undo the change in the files, or load with --accept-changes and recompute."
        )
    if sentences:
        record_event(
            act="load_definitions",
            target="measures.definitions:all",
            by=by,
            details={"changes": sentences, "accepted": questions},
        )
    return DefinitionChanges(tuple(sentences))


def _changed(row: Any, wanted: Any, names: Iterable[str]) -> list[str]:
    """Names of the fields that differ; the row takes the wanted values."""
    changed = []
    for name in names:
        if getattr(row, name) != getattr(wanted, name):
            setattr(row, name, getattr(wanted, name))
            changed.append(name)
    return changed


def _load_sets(wanted: Definitions, sentences: list[str], questions: list[str]) -> None:
    rows = {row.id: row for row in StratumSet.objects.all()}
    for data in wanted.sets:
        row = rows.pop(data.id, None)
        if row is None:
            StratumSet.objects.create(
                id=data.id,
                code=data.code,
                name=data.name,
                position=data.position,
                edition=data.edition,
                note=data.note,
            )
            sentences.append(f"Stratum set {data.code} added.")
            continue
        if row.code != data.code:
            raise DefinitionProblem(
                f"strata.toml: set id {row.id} stands for {row.code} in stored rows and cannot become "
                f"{data.code}. Give the new set a new id."
            )
        if changed := _changed(row, data, ("name", "position", "edition", "note")):
            row.save()
            sentences.append(f"Stratum set {data.code}: {', '.join(changed)} changed.")
    if rows:
        gone = ", ".join(row.code for row in rows.values())
        raise DefinitionProblem(
            f"strata.toml no longer has {gone}, which stored rows may name. Put it back."
        )
    _load_strata(wanted, sentences, questions)


def _load_strata(wanted: Definitions, sentences: list[str], questions: list[str]) -> None:
    rows = {row.id: row for row in Stratum.objects.select_related("stratum_set")}
    to_add: list[Stratum] = []
    to_save: list[Stratum] = []
    for set_data in wanted.sets:
        for data in set_data.strata:
            row = rows.pop(data.id, None)
            if row is None:
                values = {f.name: getattr(data, f.name) for f in fields(data)}
                to_add.append(Stratum(stratum_set_id=set_data.id, **values))
                continue
            _check_same_stratum(row, set_data.code, data)
            changed = _changed(row, data, ("label", "short_label", "is_reference", "position"))
            if not changed:
                continue
            to_save.append(row)
            sentences.append(f"Stratum {set_data.code}:{data.code}: {', '.join(changed)} changed.")
            if "is_reference" in changed and data.is_reference and Submission.objects.exists():
                questions.append(f"the reference of {set_data.code} becomes {data.label}.")
    if rows:
        gone = ", ".join(str(row) for row in rows.values())
        raise DefinitionProblem(
            f"strata.toml no longer has {gone}, which stored rows may name. Put it back."
        )
    if to_add:
        sentences.append(f"{len(to_add)} strata added.")
    # A set has one reference at any moment: the old one goes before the new one comes.
    for row in sorted(to_save, key=lambda row: row.is_reference):
        row.save()
    Stratum.objects.bulk_create(to_add)


def _check_same_stratum(row: Stratum, set_code: str, data: StratumData) -> None:
    if (row.stratum_set.code, row.code, row.kind) != (set_code, data.code, data.kind):
        raise DefinitionProblem(
            f"strata.toml: id {row.id} stands for {row} ({row.kind}) in stored rows and cannot become "
            f"{set_code}:{data.code} ({data.kind}). Give the new stratum a new id."
        )


def _load_measures(wanted: Definitions, sentences: list[str]) -> None:
    rows = {row.code: row for row in Measure.objects.all()}
    for data in wanted.measures:
        row = rows.pop(data.code, None)
        if row is None:
            Measure.objects.create(**asdict(data))
            sentences.append(f"Measure {data.code} added.")
            continue
        if row.completeness_of != data.completeness_of and _has_data(row):
            raise DefinitionProblem(
                f"{data.code} has data, so completeness_of cannot change. Use a new code."
            )
        if changed := _changed(row, data, ("position", "completeness_of")):
            row.save()
            if changed != ["position"]:
                sentences.append(f"Measure {data.code}: {', '.join(changed)} changed.")
    for row in rows.values():
        if _has_data(row):
            raise DefinitionProblem(f"{row.code} has data but no file any more. Put its file back.")
        row.definitions.all().delete()
        row.delete()
        sentences.append(f"Measure {row.code} removed.")


def _has_data(measure: Measure) -> bool:
    return Slice.objects.filter(measure=measure).exists()


def _load_years(wanted: Definitions, sentences: list[str], questions: list[str]) -> None:
    measures = {row.code: row for row in Measure.objects.all()}
    rows = {
        (row.measure.code, row.year): row
        for row in MeasureDefinition.objects.select_related("measure")
    }
    with_data = {
        (code, ends_on.year)
        for code, ends_on in Slice.objects.values_list(
            "measure__code", "period__ends_on"
        ).distinct()
    }
    names = [f.name for f in fields(MeasureYear) if f.name not in ("code", "year")]
    to_add: list[MeasureDefinition] = []
    to_save: list[MeasureDefinition] = []
    changes: dict[tuple[str, tuple[str, ...]], list[int]] = {}
    meanings: dict[str, list[int]] = {}
    for data in wanted.years:
        row = rows.pop((data.code, data.year), None)
        if row is None:
            values = {name: getattr(data, name) for name in names}
            to_add.append(MeasureDefinition(measure=measures[data.code], year=data.year, **values))
            changes.setdefault((data.code, ()), []).append(data.year)
            continue
        changed = _changed(row, data, names)
        if changed:
            to_save.append(row)
            changes.setdefault((data.code, tuple(changed)), []).append(data.year)
            if set(changed) & set(_MEANING) and (data.code, data.year) in with_data:
                meanings.setdefault(data.code, []).append(data.year)
    for key in set(rows) & with_data:
        raise DefinitionProblem(
            f"{key[0]} has data for {key[1]} but no definition for that year any more. "
            "Put the year back into its file."
        )
    MeasureDefinition.objects.filter(pk__in=[row.pk for row in rows.values()]).delete()
    for code, year in rows:
        if code in measures:
            sentences.append(f"{code}: definition of {year} removed.")
    MeasureDefinition.objects.bulk_create(to_add)
    if to_save:
        MeasureDefinition.objects.bulk_update(to_save, names)
    for (code, changed_names), years in changes.items():
        what = f"{', '.join(changed_names)} changed" if changed_names else "defined"
        sentences.append(f"{code} {what} for {_span(years)}.")
    questions += [f"{code} for {_span(years)}." for code, years in meanings.items()]


def _span(years: list[int]) -> str:
    years = sorted(years)
    if len(years) > 1 and years[-1] - years[0] == len(years) - 1:
        return f"{years[0]} to {years[-1]}"
    return ", ".join(map(str, years))


def _load_codes(wanted: Definitions, sentences: list[str]) -> None:
    rows = {(row.field, row.system, row.code): row for row in CodeMap.objects.all()}
    to_add: list[CodeMap] = []
    to_save: list[CodeMap] = []
    for data in wanted.codes:
        row = rows.pop((data.field, data.system, data.code), None)
        if row is None:
            to_add.append(
                CodeMap(
                    field=data.field, system=data.system, code=data.code, strata=list(data.strata)
                )
            )
        elif tuple(row.strata) != data.strata:
            row.strata = list(data.strata)
            to_save.append(row)
            sentences.append(
                f"Code {data.code} of {data.field} ({data.system}) means something else."
            )
    CodeMap.objects.bulk_create(to_add)
    CodeMap.objects.bulk_update(to_save, ["strata"])
    CodeMap.objects.filter(pk__in=[row.pk for row in rows.values()]).delete()
    if to_add:
        sentences.append(f"{len(to_add)} codes added.")
    if rows:
        sentences.append(f"{len(rows)} codes removed.")
