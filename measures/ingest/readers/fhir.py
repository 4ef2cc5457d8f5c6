"""FHIR R4 MeasureReports (DEQM): a resource, a Bundle, a list, or one resource a line.

Summary reports become rows of counts: the group's populations as the set `all`, each stratum as a row of its
stratifier's set. Individual reports become rows of members, described by the Patient of the same file (US
Core race, ethnicity, gender identity); without one, by the report's own stratifiers. What the sender's
codes mean is not decided here: they come out as text and are read like those of any other file.

The denominator of a report holds those it excludes; the contract's does not, so they are taken off.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import polars as pl

from measures.enums import FileForm
from measures.errors import FileRefused
from measures.ingest.readers.blocks import Blocks
from measures.ingest.readers.tables import Chunk, Prepare, Table

#: A document is held in memory as a whole; more than this goes one resource a line.
DOCUMENT_LIMIT = 64 * 1024**2
LINE_LIMIT = 4 * 1024**2
REPORT_LIMIT = 500_000
ROWS_AT_ONCE = 50_000

_PIECE = 1024**2
_US_CORE = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-"
_COUNT_HEADERS = (
    "group_id", "measure_id", "period", "stratum_set", "stratum", "denominator", "numerator", "exclusion",
    "rate",
)  # fmt: skip
_MEMBER_HEADERS = (
    "member_id", "group_id", "measure_id", "period", "denominator", "numerator", "exclusion", "race",
    "ethnicity", "language", "sex", "gender_identity", "birth_date", "zip",
)  # fmt: skip
#: Sets of a report's own stratifiers that describe the one person whom it is about.
_DESCRIBED = ("race", "ethnicity", "language", "sex", "gender_identity")
_COUNTED_TYPES = {"summary", "subject-list"}

Json = dict[str, Any]
Row = dict[str, str]


def looks_like_json(head: bytes) -> bool:
    """Whether the first bytes of a file are those of a JSON document."""
    return head.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] in (b"{", b"[")


def open_fhir(path: Path, byte_limit: int) -> Table:
    """Read all reports of a file. Raises FileRefused when it is no JSON, no FHIR, or mixes kinds of reports."""
    reports = _Reports()
    try:
        for place, resource in _resources(path, byte_limit):
            reports.take(place, resource)
    except RecursionError:
        raise FileRefused("damaged_json", "The JSON is nested too deeply to be FHIR.") from None
    form, places, rows = reports.finish()
    headers = _COUNT_HEADERS if form == FileForm.COUNTS else _MEMBER_HEADERS

    def chunks(columns: Sequence[int], prepare: Prepare) -> Iterator[Chunk]:
        for start in range(0, len(rows), ROWS_AT_ONCE):
            some = rows[start : start + ROWS_AT_ONCE]
            frame = pl.DataFrame(
                {str(c): [row.get(headers[c], "") for row in some] for c in columns},
                schema={str(c): pl.String for c in columns},
            )
            lines = np.arange(start + 1, start + len(some) + 1, dtype=np.int64)
            yield Chunk(lines, prepare(frame), np.zeros(0, np.int64), start + len(some))

    return Table(headers, len(rows), chunks, form=form, places=places)


# --- JSON --------------------------------------------------------------------------------------------------


def _resources(path: Path, byte_limit: int) -> Iterator[tuple[str, Json]]:
    """(where it stands, resource) of every resource in the file, those of Bundles one by one."""
    source = Blocks(path, byte_limit)
    try:
        data = source.read(LINE_LIMIT)
        first, newline, rest = data.partition(b"\n")
        if newline and rest.strip() and _is_whole(first):
            yield from _lines(source, data)
            return
        while piece := source.read(_PIECE):
            data += piece
            if len(data) > DOCUMENT_LIMIT:
                raise FileRefused(
                    "document_too_large",
                    f"The JSON document is larger than {DOCUMENT_LIMIT // 1024**2} MiB. Send the reports as"
                    " NDJSON, one resource a line, or as CSV.",
                )
        document = _parsed(data, 1)
        entries = document if isinstance(document, list) else [document]
        for number, entry in enumerate(entries):
            place = f"[{number}]" if isinstance(document, list) else ""
            yield from _unbundled(place, _resource(entry))
    finally:
        source.close()


def _lines(source: Blocks, data: bytes) -> Iterator[tuple[str, Json]]:
    number = 0
    while data:
        *whole, data = data.split(b"\n")
        for line in whole:
            number += 1
            if line.strip():
                yield from _unbundled(f"line {number}", _resource(_parsed(line, number)))
        if len(data) > LINE_LIMIT:
            raise FileRefused("line_too_long", f"Line {number + 1} is longer than 4 MiB.")
        more = source.read(_PIECE)
        if not more and data:
            data += b"\n"
        data += more


def _is_whole(line: bytes) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except ValueError:
        return False


def _parsed(data: bytes, first_line: int) -> Any:
    try:
        return json.loads(data.decode("utf-8-sig"), parse_constant=_refuse_constant)
    except UnicodeDecodeError as problem:
        line = first_line + data.count(b"\n", 0, problem.start)
    except json.JSONDecodeError as problem:
        line = first_line + problem.lineno - 1
    except ValueError:
        line = first_line
    raise FileRefused(
        "damaged_json", f"Line {line} is not valid JSON in UTF-8. Export the reports again."
    )


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _resource(entry: Any) -> Json:
    if not isinstance(entry, dict) or not isinstance(entry.get("resourceType"), str):
        raise FileRefused(
            "not_fhir",
            "This JSON is not FHIR: a MeasureReport, a Bundle of them, or NDJSON is expected.",
        )
    return entry


def _unbundled(place: str, resource: Json) -> Iterator[tuple[str, Json]]:
    if resource["resourceType"] != "Bundle":
        yield place, resource
        return
    for number, entry in enumerate(_list(resource.get("entry"))):
        inner = _dict(entry).get("resource")
        if isinstance(inner, dict):
            found = dict(inner)
            if isinstance(entry.get("fullUrl"), str):
                found["fullUrl"] = entry["fullUrl"]
            at = f"{place}{', ' if place.startswith('line') else '.' if place else ''}entry[{number}].resource"
            yield from _unbundled(at, _resource(found))


def _dict(value: Any) -> Json:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(value: Any) -> str:
    """A number or text as text; anything else is nothing."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    return str(value).strip()


# --- reports -----------------------------------------------------------------------------------------------


class _Reports:
    """Rows of the reports so far; Patients and Organizations may come before or after them."""

    def __init__(self) -> None:
        self._forms: set[FileForm] = set()
        self._places: list[str] = []
        self._rows: list[Row] = []
        # Of each row: what its report calls the person and the reporter.
        self._subjects: list[str] = []
        self._reporters: list[str] = []
        self._persons: dict[str, Row] = {}
        self._organisations: dict[str, str] = {}
        self._count = 0

    def take(self, place: str, resource: Json) -> None:
        kind = resource["resourceType"]
        if kind == "Patient":
            person = _person(resource)
            for name in _names("Patient", resource):
                self._persons[name] = person
        elif kind == "Organization":
            if code := _identifier(resource):
                for name in _names("Organization", resource):
                    self._organisations[name] = code
        elif kind == "MeasureReport":
            self._take_report(place, resource)

    def _take_report(self, place: str, report: Json) -> None:
        self._count += 1
        if self._count > REPORT_LIMIT:
            raise FileRefused(
                "too_many_reports",
                f"The file holds more than {REPORT_LIMIT:,} reports. Send CSV or Parquet instead.",
            )
        where = place or "the report"
        if report.get("status") != "complete":
            raise FileRefused(
                "report_not_complete",
                f"MeasureReport at {where}: its status is not “complete”. Send it when it is.",
            )
        kind = _text(report.get("type"))
        is_counted = kind in _COUNTED_TYPES
        if not is_counted and kind != "individual":
            raise FileRefused(
                "report_without_results",
                f"MeasureReport at {where}: neither a summary nor an individual report.",
            )
        self._forms.add(FileForm.COUNTS if is_counted else FileForm.MEMBERS)
        prefix = f"{place}{', ' if place.startswith('line') else '.'}" if place else ""
        for resource in _list(report.get("contained")):
            inner = _dict(resource)
            if _text(inner.get("resourceType")) in {"Patient", "Organization"}:
                # Known by its name within this report only.
                owned = {**inner, "fullUrl": f"{self._count}#{_text(inner.get('id'))}", "id": None}
                self.take(place, owned)
        common = {"period": _period(_dict(report.get("period")))}
        groups = [_dict(group) for group in _list(report.get("group"))]
        for number, group in enumerate(groups):
            measure = _measure(report, group, number, is_alone=len(groups) == 1)
            rows = _count_rows(group) if is_counted else [("", _member_row(report, group))]
            for inside, row in rows:
                self._places.append(f"{prefix}group[{number}]{inside}")
                self._rows.append({**common, "measure_id": measure, **row})
                self._subjects.append(self._reference(report.get("subject")))
                self._reporters.append(self._reference(report.get("reporter")))

    def _reference(self, reference: Any) -> str:
        """What a report calls somebody: an identifier, else a name that a resource of the file may have."""
        value = _dict(reference)
        name = _text(value.get("reference"))
        if name.startswith("#"):
            return f"{self._count}{name}"
        return (
            name
            or _text(_dict(value.get("identifier")).get("value"))
            or _text(value.get("display"))
        )

    def finish(self) -> tuple[FileForm, list[str], list[Row]]:
        if not self._forms:
            raise FileRefused("no_reports", "The file holds no FHIR MeasureReport.")
        if len(self._forms) > 1:
            raise FileRefused(
                "mixed_reports",
                "The file holds summary and individual reports. Send them as two files.",
            )
        [form] = self._forms
        for row, subject, reporter in zip(self._rows, self._subjects, self._reporters, strict=True):
            row["group_id"] = self._organisations.get(reporter) or _last_part(reporter)
            if form == FileForm.MEMBERS:
                person = self._persons.get(subject, {})
                # The name of a contained Patient means nothing outside of its report.
                own = "" if "#" in subject else _last_part(subject)
                row["member_id"] = person.get("member_id") or own
                row.update({k: v for k, v in person.items() if v})
        return form, self._places, self._rows


def _last_part(reference: str) -> str:
    return reference.split("/_history/")[0].rsplit("/", 1)[-1].rsplit("#", 1)[-1]


def _names(kind: str, resource: Json) -> list[str]:
    """What references may call a resource."""
    own = _text(resource.get("id"))
    return [n for n in (f"{kind}/{own}" if own else "", _text(resource.get("fullUrl"))) if n]


def _identifier(resource: Json) -> str:
    return next(
        (v for i in _list(resource.get("identifier")) if (v := _text(_dict(i).get("value")))), ""
    )


def _period(period: Json) -> str:
    """A calendar year or twelve months as the contract writes them; anything else as both days."""
    first, last = _text(period.get("start"))[:10], _text(period.get("end"))[:10]
    try:
        starts_on, ends_on = date.fromisoformat(first), date.fromisoformat(last)
    except ValueError:
        return f"{first} to {last}" if first or last else ""
    after = ends_on + timedelta(days=1)
    if starts_on.day == 1 and after == starts_on.replace(year=starts_on.year + 1):
        return f"{ends_on.year}" if ends_on.month == 12 else f"{ends_on.year}-{ends_on.month:02d}"
    return f"{first} to {last}"


def _measure(report: Json, group: Json, number: int, *, is_alone: bool) -> str:
    """Last part of the measure's address; with several groups, each with its own name behind a #."""
    name = _last_part(_text(report.get("measure")).partition("|")[0])
    if is_alone or not name:
        return name
    return f"{name}#{_code(_dict(group.get('code'))) or _link(group) or number + 1}"


def _link(element: Json) -> str:
    """The name of an element in its Measure: R5's linkId as an extension, or the element's id."""
    for extension in _list(element.get("extension")):
        if _text(_dict(extension).get("url")).endswith(".linkId"):
            return _text(_dict(extension).get("valueString"))
    return _text(element.get("id"))


def _code(concept: Json) -> str:
    for coding in _list(concept.get("coding")):
        if code := _text(_dict(coding).get("code")):
            return code
    return _text(concept.get("text"))


def _populations(element: Json) -> dict[str, int | str]:
    """Population code → count; "" where a count is no whole number."""
    found: dict[str, int | str] = {}
    for population in _list(element.get("population")):
        count = _dict(population).get("count")
        if isinstance(count, bool) or not isinstance(count, int):
            count = ""
        if code := _code(_dict(_dict(population).get("code"))):
            found[code] = count
    return found


def _difference(counts: dict[str, int | str], name: str, *less: str) -> str:
    if not isinstance(total := counts.get(name), int):
        return ""
    return str(total - sum(c for n in less if isinstance(c := counts.get(n), int)))


def _count_rows(group: Json) -> Iterator[tuple[str, Row]]:
    yield "", {"stratum_set": "all", **_counts(group)}
    for number, stratifier in enumerate(map(_dict, _list(group.get("stratifier")))):
        codes = _list(stratifier.get("code"))
        name = (_code(_dict(codes[0])) if codes else "") or _link(stratifier)
        for position, stratum in enumerate(map(_dict, _list(stratifier.get("stratum")))):
            components = [_dict(c) for c in _list(stratum.get("component"))]
            value = _code(_dict(stratum.get("value")))
            set_name = name
            if components:
                set_name = "+".join(_code(_dict(c.get("code"))) for c in components)
                value = "+".join(_code(_dict(c.get("value"))) for c in components)
            yield (
                f".stratifier[{number}].stratum[{position}]",
                {
                    "stratum_set": set_name or f"stratifier {number + 1}",
                    "stratum": value,
                    **_counts(stratum),
                },
            )


def _counts(element: Json) -> Row:
    counts = _populations(element)
    taken_off = ("denominator-exclusion", "denominator-exception")
    return {
        "denominator": _difference(counts, "denominator", *taken_off),
        "numerator": _difference(counts, "numerator", "numerator-exclusion"),
        "exclusion": str(sum(c for n in taken_off if isinstance(c := counts.get(n), int))),
        "rate": _text(_dict(element.get("measureScore")).get("value")),
    }


def _member_row(report: Json, group: Json) -> Row:
    counts = _populations(group)
    excluded = any(counts.get(n) for n in ("denominator-exclusion", "denominator-exception"))
    row = {
        "denominator": _text(counts.get("denominator")),
        "numerator": _difference(counts, "numerator", "numerator-exclusion"),
        "exclusion": "1" if excluded else "0",
    }
    for stratifier in map(_dict, _list(group.get("stratifier"))):
        codes = _list(stratifier.get("code"))
        name = (_code(_dict(codes[0])) if codes else "") or _link(stratifier)
        field = name.lower().removeprefix("sde-").replace("-", "_")
        if field not in _DESCRIBED:
            continue
        values = [
            _code(_dict(stratum.get("value")))
            for stratum in map(_dict, _list(stratifier.get("stratum")))
            if any(_populations(stratum).values())
        ]
        row[field] = "|".join(values)
    return row


# --- people ------------------------------------------------------------------------------------------------


def _person(patient: Json) -> Row:
    """What the contract holds of a Patient; names are not looked at."""
    extensions = {_text(_dict(e).get("url")): _dict(e) for e in _list(patient.get("extension"))}
    addresses = _list(patient.get("address"))
    spoken = [_dict(c) for c in _list(patient.get("communication"))]
    language = next((c for c in spoken if c.get("preferred") is True), spoken[0] if spoken else {})
    return {
        "member_id": _text(patient.get("id")) or _identifier(patient),
        "race": _categories(extensions.get(f"{_US_CORE}race", {})),
        "ethnicity": _categories(extensions.get(f"{_US_CORE}ethnicity", {})),
        "gender_identity": _code(
            _dict(extensions.get(f"{_US_CORE}genderIdentity", {}).get("valueCodeableConcept"))
        ),
        "language": _code(_dict(language.get("language"))).partition("-")[0],
        "sex": _text(patient.get("gender")),
        "birth_date": _text(patient.get("birthDate")),
        "zip": _text(_dict(addresses[0]).get("postalCode")) if addresses else "",
    }


def _categories(extension: Json) -> str:
    """Codes of US Core's race or ethnicity: the OMB categories, else the detailed codes, else the text."""
    parts = [_dict(e) for e in _list(extension.get("extension"))]
    for name in ("ombCategory", "detailed"):
        codes = [
            _text(_dict(p.get("valueCoding")).get("code")) for p in parts if p.get("url") == name
        ]
        if any(codes):
            return "|".join(c for c in codes if c)
    return next((_text(p.get("valueString")) for p in parts if p.get("url") == "text"), "")
