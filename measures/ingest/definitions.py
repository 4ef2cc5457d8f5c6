"""Reads the reviewed files of `measures/definitions` and refuses what cannot be right.

Pure: files in, frozen values out; `measures.actions.definitions` writes them. Every refusal is a
DefinitionProblem whose sentence names the file and says how to mend it.
"""

from __future__ import annotations

import itertools
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.db.models import IntegerChoices

from measures.enums import (
    CountingUnit,
    Direction,
    LineOfBusiness,
    RealField,
    ReportingSource,
    StratumKind,
)
from measures.errors import DefinitionProblem

FOLDER = Path(__file__).resolve().parent.parent / "definitions"
#: Survey files reach back to 1999; nothing older is expected.
FIRST_YEAR = 1999
OLDEST_AGE = 120

_STRATUM_FIELDS = {
    "race", "ethnicity", "language", "sex", "gender_identity", "sexual_orientation", "payer",
}  # fmt: skip
_ENUM_OF_FIELD = {"line_of_business": LineOfBusiness, "race_source": ReportingSource}
_TEXT, _NUMBER, _WHOLE, _FLAG, _LIST, _TABLE = (
    "a text in quotation marks",
    "a number",
    "a whole number",
    "true or false",
    "a list",
    "a table",
)
_TYPES: dict[str, tuple[type, ...]] = {
    _TEXT: (str,),
    _NUMBER: (float, int),
    _WHOLE: (int,),
    _FLAG: (bool,),
    _LIST: (list,),
    _TABLE: (dict,),
}


@dataclass(frozen=True)
class MeasureYear:
    """What a measure means in one measurement year; the fields are those of `MeasureDefinition`."""

    code: str
    year: int
    name: str
    short_name: str
    steward: str
    domain: str
    direction: str
    counting_unit: str
    denominator_meaning: str
    numerator_meaning: str
    stratified: bool
    shared_denominator: str
    minimum_denominator: int
    target_rate: float | None
    benchmark_rate: float | None
    benchmark_source: str
    source: str


@dataclass(frozen=True)
class MeasureData:
    code: str
    position: int
    completeness_of: str


@dataclass(frozen=True)
class StratumData:
    id: int
    code: str
    label: str
    short_label: str
    kind: str
    is_reference: bool
    position: int


@dataclass(frozen=True)
class StratumSetData:
    id: int
    code: str
    name: str
    position: int
    edition: str
    note: str
    strata: tuple[StratumData, ...]


@dataclass(frozen=True)
class CodeData:
    field: str
    system: str
    code: str
    strata: tuple[int, ...]


@dataclass(frozen=True)
class Definitions:
    """Everything that the files say, checked against each other."""

    measures: tuple[MeasureData, ...]
    years: tuple[MeasureYear, ...]
    sets: tuple[StratumSetData, ...]
    codes: tuple[CodeData, ...]


@dataclass(frozen=True)
class _Stretch:
    """One file of a measure: the years in which it means the same."""

    file: str
    first: int
    last: int
    values: Mapping[str, Any]


def read_definitions(folder: Path = FOLDER) -> Definitions:
    """Read and check every file. Raises DefinitionProblem with a sentence that says how to mend it."""
    common = _read(folder / "common.toml", {"last_year": _WHOLE, "domains": _LIST})
    stretches = _read_stretches(folder / "measures", common["last_year"], common["domains"])
    stratified = _read_stratified(folder / "stratified.toml", {s.values["code"] for s in stretches})
    years = _spread_over_years(stretches, stratified)
    sets = _read_sets(folder / "strata.toml")
    return Definitions(
        measures=_order_measures(stretches, common["domains"]),
        years=years,
        sets=sets,
        codes=_read_codes(folder / "codes", sets),
    )


# --- reading one file -------------------------------------------------------------------------


def _name_of(path: Path) -> str:
    """Path as people know it: from the folder `definitions` on."""
    parts = path.parts
    for start in ("measures", "codes"):
        if start in parts[-3:-1]:
            return "/".join(parts[len(parts) - 1 - parts[::-1].index(start) :])
    return path.name


def _read(
    path: Path, needed: Mapping[str, str], allowed: Mapping[str, str] | None = None
) -> dict[str, Any]:
    file = _name_of(path)
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise DefinitionProblem(f"{file} is missing. Put it back into {path.parent}.") from None
    except UnicodeDecodeError:
        raise DefinitionProblem(f"{file} is not UTF-8 text. Save it as UTF-8.") from None
    except tomllib.TOMLDecodeError as problem:
        raise DefinitionProblem(
            f"{file} is not valid TOML: {problem}. Correct the line; texts stand in quotation marks."
        ) from None
    _check_keys(file, values, needed, allowed or {})
    return values


def _check_keys(
    where: str, values: Mapping[str, Any], needed: Mapping[str, str], allowed: Mapping[str, str]
) -> None:
    known = {**needed, **allowed}
    for key in values:
        if key not in known:
            raise DefinitionProblem(
                f"{where} has the unknown key “{key}”. Remove it or write one of: "
                f"{', '.join(sorted(known))}."
            )
    for key in needed:
        if key not in values:
            raise DefinitionProblem(f"{where} has no “{key}”. Add {key} = {known[key]}.")
    for key, value in values.items():
        right = isinstance(value, _TYPES[known[key]])
        if isinstance(value, bool) and known[key] != _FLAG:
            right = False
        if not right:
            raise DefinitionProblem(f"{where}: “{key}” must be {known[key]}.")
        if isinstance(value, str) and not value.strip() and key in needed:
            raise DefinitionProblem(f"{where}: “{key}” is empty. Write {known[key]}.")


def _check_choice(where: str, key: str, value: str, choices: list[str]) -> None:
    if value not in choices:
        raise DefinitionProblem(
            f"{where}: {key} = “{value}” is not known. Write one of: {', '.join(choices)}."
        )


# --- measures ---------------------------------------------------------------------------------

_MEASURE_NEEDED = {
    "code": _TEXT,
    "years": _TEXT,
    "name": _TEXT,
    "short_name": _TEXT,
    "steward": _TEXT,
    "domain": _TEXT,
    "direction": _TEXT,
    "counting_unit": _TEXT,
    "denominator": _TEXT,
    "numerator": _TEXT,
    "source": _TEXT,
}
_MEASURE_ALLOWED = {
    "completeness_of": _TEXT,
    "shared_denominator": _TEXT,
    "minimum_denominator": _WHOLE,
    "target_rate": _NUMBER,
    "benchmark_rate": _NUMBER,
    "benchmark_source": _TEXT,
}
_LONGEST = {
    "code": 20,
    "name": 120,
    "short_name": 40,
    "steward": 60,
    "shared_denominator": 20,
    "benchmark_source": 200,
    "source": 300,
}


def _read_stretches(folder: Path, last_year: int, domains: list[str]) -> list[_Stretch]:
    paths = sorted(folder.glob("*.toml"))
    if not paths:
        raise DefinitionProblem(f"There is no measure file in {folder}. Add one file per measure.")
    stretches = [_read_stretch(path, last_year, domains) for path in paths]
    _check_stretches_fit(stretches)
    return stretches


def _read_stretch(path: Path, last_year: int, domains: list[str]) -> _Stretch:
    values = _read(path, _MEASURE_NEEDED, _MEASURE_ALLOWED)
    file = _name_of(path)
    if not re.fullmatch(r"[A-Z0-9]+(-[A-Z0-9]+)*", values["code"]):
        raise DefinitionProblem(
            f"{file}: code = “{values['code']}” must be capital letters and digits with single "
            "hyphens, like COL-E."
        )
    for key, longest in _LONGEST.items():
        if len(values.get(key, "")) > longest:
            raise DefinitionProblem(
                f"{file}: “{key}” has {len(values[key])} characters. Shorten it to {longest} at most."
            )
    _check_choice(file, "direction", values["direction"], Direction.values)
    _check_choice(file, "counting_unit", values["counting_unit"], CountingUnit.values)
    _check_choice(file, "domain", values["domain"], domains)
    if "completeness_of" in values:
        _check_choice(file, "completeness_of", values["completeness_of"], RealField.values)
    for key in ("target_rate", "benchmark_rate"):
        if key in values and not 0 <= values[key] <= 1:
            raise DefinitionProblem(
                f"{file}: {key} = {values[key]} is not between 0 and 1. Write 74.7 percent as 0.747."
            )
    if ("benchmark_rate" in values) != bool(values.get("benchmark_source")):
        raise DefinitionProblem(
            f"{file}: benchmark_rate and benchmark_source belong together. Add the missing one or "
            "remove the other."
        )
    if values.get("minimum_denominator", 30) < 1:
        raise DefinitionProblem(f"{file}: minimum_denominator must be 1 or more; 30 is usual.")
    first, last = _read_years(file, values["years"], last_year)
    return _Stretch(file, first, last, values)


def _read_years(file: str, text: str, last_year: int) -> tuple[int, int]:
    match = re.fullmatch(r"(\d{4})(?:(-)(\d{4})?)?", text.strip())
    if match is None:
        raise DefinitionProblem(
            f'{file}: years = “{text}” cannot be read. Write "2024", "2018-2023" or "2024-".'
        )
    first = int(match[1])
    last = int(match[3]) if match[3] else last_year if match[2] else first
    if not FIRST_YEAR <= first <= last <= last_year:
        raise DefinitionProblem(
            f"{file}: years = “{text}” must run upwards within {FIRST_YEAR} and {last_year} "
            "(last_year in common.toml)."
        )
    return first, last


def _check_stretches_fit(stretches: list[_Stretch]) -> None:
    """Stretches of a measure do not overlap; measures that share people say so in the same words."""
    by_code: dict[str, list[_Stretch]] = {}
    for stretch in stretches:
        by_code.setdefault(stretch.values["code"], []).append(stretch)
    for code, own in by_code.items():
        own.sort(key=lambda stretch: stretch.first)
        for one, two in itertools.pairwise(own):
            if two.first <= one.last:
                raise DefinitionProblem(
                    f"{one.file} and {two.file} both define {code} for {two.first}. "
                    "Shorten the years of one, or remove it."
                )
        if len({stretch.values.get("completeness_of", "") for stretch in own}) > 1:
            raise DefinitionProblem(
                f"{own[0].file} and {own[1].file} disagree on completeness_of. Write the same in both."
            )
    for one in stretches:
        for two in stretches:
            shared = one.values.get("shared_denominator")
            if (
                one.file < two.file
                and shared
                and shared == two.values.get("shared_denominator")
                and one.first <= two.last
                and two.first <= one.last
                and any(one.values[k] != two.values[k] for k in ("denominator", "counting_unit"))
            ):
                raise DefinitionProblem(
                    f"{one.file} and {two.file} share the denominator {shared} and describe it "
                    "differently. Write the same denominator and counting_unit in both."
                )


def _read_stratified(path: Path, codes: set[str]) -> dict[str, int]:
    """Measure code → first year in which it is stratified."""
    values = _read(path, {"measures": _TABLE})
    first_years = {}
    for code, entry in values["measures"].items():
        where = f"{path.name}, {code}"
        if code not in codes:
            raise DefinitionProblem(
                f"{where} is not a defined measure. Add its file to measures/ or remove the line."
            )
        if not isinstance(entry, dict):
            raise DefinitionProblem(f"{where} must be {{ from = …, checked = …, source = … }}.")
        _check_keys(where, entry, {"from": _WHOLE, "checked": _FLAG, "source": _TEXT}, {})
        first_years[code] = entry["from"]
    return first_years


def _spread_over_years(
    stretches: list[_Stretch], stratified: Mapping[str, int]
) -> tuple[MeasureYear, ...]:
    rows = []
    for stretch in stretches:
        values = stretch.values
        for year in range(stretch.first, stretch.last + 1):
            rows.append(
                MeasureYear(
                    code=values["code"],
                    year=year,
                    name=values["name"],
                    short_name=values["short_name"],
                    steward=values["steward"],
                    domain=values["domain"],
                    direction=values["direction"],
                    counting_unit=values["counting_unit"],
                    denominator_meaning=values["denominator"],
                    numerator_meaning=values["numerator"],
                    stratified=year >= stratified.get(values["code"], year + 1),
                    shared_denominator=values.get("shared_denominator", ""),
                    minimum_denominator=values.get("minimum_denominator", 30),
                    target_rate=values.get("target_rate"),
                    benchmark_rate=values.get("benchmark_rate"),
                    benchmark_source=values.get("benchmark_source", ""),
                    source=values["source"],
                )
            )
    return tuple(sorted(rows, key=lambda row: (row.code, row.year)))


def _order_measures(stretches: list[_Stretch], domains: list[str]) -> tuple[MeasureData, ...]:
    latest: dict[str, _Stretch] = {}
    for stretch in stretches:
        code = stretch.values["code"]
        if code not in latest or stretch.last > latest[code].last:
            latest[code] = stretch

    def place(code: str) -> tuple[int, str]:
        natural = re.sub(r"\d+", lambda digits: digits[0].zfill(4), code)  # FUA-7 before FUA-30
        return domains.index(latest[code].values["domain"]), natural

    ordered = sorted(latest, key=place)
    return tuple(
        MeasureData(code, position, latest[code].values.get("completeness_of", ""))
        for position, code in enumerate(ordered, start=1)
    )


# --- strata -----------------------------------------------------------------------------------


def _read_sets(path: Path) -> tuple[StratumSetData, ...]:
    values = _read(path, {"set": _LIST})
    sets: list[StratumSetData] = []
    stratum_ids: dict[int, str] = {}
    for number, entry in enumerate(values["set"], start=1):
        where = f"{path.name}, set {entry.get('code', number)}"
        _check_keys(
            where,
            entry,
            {"id": _WHOLE, "code": _TEXT, "name": _TEXT, "edition": _TEXT, "strata": _LIST},
            {"note": _TEXT},
        )
        strata = tuple(
            _read_stratum(where, position, stratum, stratum_ids)
            for position, stratum in enumerate(entry["strata"], start=1)
        )
        _check_set(where, strata)
        if any(entry["id"] == s.id or entry["code"] == s.code for s in sets):
            raise DefinitionProblem(f"{where}: id and code of a set may occur once. Choose others.")
        sets.append(
            StratumSetData(
                id=entry["id"],
                code=entry["code"],
                name=entry["name"],
                position=number,
                edition=entry["edition"],
                note=entry.get("note", ""),
                strata=strata,
            )
        )
    return tuple(sets)


def _read_stratum(
    where: str, position: int, entry: Mapping[str, Any], seen: dict[int, str]
) -> StratumData:
    where = f"{where}, stratum {entry.get('code', position)}"
    _check_keys(
        where,
        entry,
        {"id": _WHOLE, "code": _TEXT, "label": _TEXT, "kind": _TEXT},
        {"short": _TEXT, "reference": _FLAG},
    )
    _check_choice(where, "kind", entry["kind"], StratumKind.values)
    if entry["id"] in seen:
        raise DefinitionProblem(
            f"{where} has the id {entry['id']} of {seen[entry['id']]}. Give it an unused id."
        )
    seen[entry["id"]] = where
    if not 1 <= entry["id"] <= 32767:
        raise DefinitionProblem(f"{where}: id must be between 1 and 32767.")
    short = entry.get("short", entry["label"])
    if len(short) > 24:
        raise DefinitionProblem(f"{where} needs a “short” label of at most 24 characters.")
    if entry.get("reference") and entry["kind"] != StratumKind.SPECIFIED:
        raise DefinitionProblem(f"{where} cannot be the reference: only a specified stratum can.")
    return StratumData(
        id=entry["id"],
        code=entry["code"],
        label=entry["label"],
        short_label=short,
        kind=entry["kind"],
        is_reference=entry.get("reference", False),
        position=position,
    )


def _check_set(where: str, strata: tuple[StratumData, ...]) -> None:
    codes = [stratum.code for stratum in strata]
    for code in codes:
        if codes.count(code) > 1:
            raise DefinitionProblem(
                f"{where} has the stratum “{code}” twice. Rename or remove one."
            )
    if sum(stratum.is_reference for stratum in strata) > 1:
        raise DefinitionProblem(
            f"{where} has two references. Leave reference = true at one stratum."
        )
    kinds = [stratum.kind for stratum in strata]
    if kinds != [StratumKind.TOTAL] and kinds.count(StratumKind.UNKNOWN) != 1:
        raise DefinitionProblem(
            f"{where} must have one stratum of kind “unknown”, so that it adds up to everyone."
        )


# --- codes ------------------------------------------------------------------------------------


def _read_codes(folder: Path, sets: tuple[StratumSetData, ...]) -> tuple[CodeData, ...]:
    ids = {f"{s.code}:{stratum.code}": stratum.id for s in sets for stratum in s.strata}
    rows: list[CodeData] = []
    for path in sorted(folder.glob("*.toml")):
        rows += _read_code_file(path, ids)
    _check_systems_agree(rows)
    for path in sorted((folder / "own").glob("*.toml")):
        rows += _read_own_codes(path, ids)
    rows += _codes_of_ages(sets)
    seen: set[tuple[str, str, str]] = set()
    for row in rows:
        key = (row.field, row.system, row.code)
        if key in seen:
            raise DefinitionProblem(
                f"codes: “{row.code}” stands twice in {row.field}, system {row.system}. Remove one."
            )
        seen.add(key)
    return tuple(sorted(rows, key=lambda row: (row.field, row.system, row.code)))


def _read_code_file(path: Path, ids: Mapping[str, int]) -> list[CodeData]:
    file = _name_of(path)
    values = _read(path, {"field": _TEXT, "systems": _TABLE}, {"meanings": _TABLE})
    meanings = _meanings(file, values, ids)
    rows: list[CodeData] = []
    for system, groups in values["systems"].items():
        rows += _codes_of_groups(file, values["field"], system, groups, meanings)
    return rows


def _read_own_codes(path: Path, ids: Mapping[str, int]) -> list[CodeData]:
    file = _name_of(path)
    values = _read(path, {"field": _TEXT, "sender": _TEXT, "codes": _TABLE}, {"meanings": _TABLE})
    system = f"own:{values['sender']}"
    if len(system) > 30:
        raise DefinitionProblem(f"{file}: sender is too long. Use 26 characters at most.")
    meanings = _meanings(file, values, ids)
    return _codes_of_groups(file, values["field"], system, values["codes"], meanings)


def _meanings(
    file: str, values: Mapping[str, Any], ids: Mapping[str, int]
) -> dict[str, tuple[int, ...]]:
    field = values["field"]
    _check_choice(file, "field", field, sorted(_STRATUM_FIELDS | set(_ENUM_OF_FIELD)))
    if field in _ENUM_OF_FIELD:
        choices: Iterable[IntegerChoices] = _ENUM_OF_FIELD[field]
        return {choice.name.lower(): (choice.value,) for choice in choices}
    if "meanings" not in values:
        raise DefinitionProblem(f"{file} has no “meanings”. Add a table from meaning to strata.")
    meanings = {}
    for name, strata in values["meanings"].items():
        for stratum in strata:
            if stratum not in ids:
                raise DefinitionProblem(
                    f"{file}: “{stratum}” is not a stratum. Write set:code from strata.toml, like "
                    "race:white."
                )
        meanings[name] = tuple(ids[stratum] for stratum in strata)
    return meanings


def _codes_of_groups(
    file: str,
    field: str,
    system: str,
    groups: Mapping[str, list[str]],
    meanings: Mapping[str, tuple[int, ...]],
) -> list[CodeData]:
    rows = []
    for meaning, codes in groups.items():
        _check_choice(f"{file}, {system}", "meaning", meaning, list(meanings))
        for code in codes:
            if not isinstance(code, str):
                raise DefinitionProblem(
                    f"{file}, {system}: the code {code} must be {_TEXT}, so that zeros are kept."
                )
            if code != code.strip().lower() or not code:
                raise DefinitionProblem(
                    f"{file}, {system}: write the code “{code}” in lower case, without spaces around."
                )
            if "|" in code:
                raise DefinitionProblem(
                    f"{file}, {system}: the code “{code}” holds “|”, which separates codes in files. "
                    "Map the parts."
                )
            rows.append(CodeData(field, system, code, meanings[meaning]))
    return rows


def _check_systems_agree(rows: list[CodeData]) -> None:
    meant: dict[tuple[str, str], CodeData] = {}
    for row in rows:
        other = meant.setdefault((row.field, row.code), row)
        if other.strata != row.strata:
            raise DefinitionProblem(
                f"codes: “{row.code}” in {row.field} means one thing in {other.system} and another in "
                f"{row.system}. Correct one, or move it to codes/own/ as a sender's own code."
            )


def _codes_of_ages(sets: tuple[StratumSetData, ...]) -> list[CodeData]:
    """Age in years → age band, from the codes of the bands ("3-11", "75-")."""
    bands = next((s for s in sets if s.code == "age_band"), None)
    if bands is None:
        return []
    rows = []
    expected = 0
    for stratum in bands.strata:
        if stratum.kind != StratumKind.SPECIFIED:
            continue
        match = re.fullmatch(r"(\d+)-(\d*)", stratum.code)
        if match is None or int(match[1]) != expected:
            raise DefinitionProblem(
                f"strata.toml, set age_band: the band “{stratum.code}” must start at {expected}, "
                f"like {expected}-{expected + 9}."
            )
        expected = int(match[2] or OLDEST_AGE) + 1
        rows += [
            CodeData("age", "numbers", str(age), (stratum.id,))
            for age in range(int(match[1]), expected)
        ]
    if expected != OLDEST_AGE + 1:
        raise DefinitionProblem("strata.toml, set age_band: the last band must be open, like 75-.")
    return rows
