"""How a file's own headers and codes become those of the contract.

A mapping is plain JSON, remembered per source and set of headers:

    {"form": "members",
     "columns": {"period": {"header": "CYCLE"}, "measure_id": {"constant": "CBP"}},
     "values": {"sex": {"men": "male"}},
     "last_year_of_range": true,
     "code_systems": ["own:example-payer"]}

A column's value is looked up trimmed and in lower case; what the map does not name stays as it is.
One header may feed several columns of the contract. Without a form, the file's headers decide.
"""

from __future__ import annotations

import difflib
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from measures.enums import FileForm
from measures.errors import FileRefused
from measures.ingest.contract import BY_NAME_OF, COLUMNS_OF, Column

#: Names under which columns of the contract are met elsewhere. Lower case, letters and digits only.
_ALSO_CALLED: dict[str, tuple[str, ...]] = {
    "member_id": (
        "memberid",
        "patientid",
        "mrn",
        "seqn",
        "id",
        "memberkey",
        "enrolleeid",
        "personid",
    ),
    "group_id": ("group", "groupcode", "providergroup", "practicegroup", "aco", "acoid"),
    "site_id": ("site", "practice", "practiceid", "clinic", "sitecode"),
    "measure_id": ("measure", "measurecode", "hedismeasure"),
    "period": ("cycle", "measurementyear", "year", "my", "reportingperiod"),
    "line_of_business": ("lob", "productline", "product"),
    "payer": ("payername", "insurer", "insurance", "healthplan", "primarypayer"),
    "denominator": ("den", "eligible", "denom", "hypertension"),
    "numerator": ("num", "met", "compliant", "numeratorhit", "bpunder14090"),
    "exclusion": ("excluded", "excl"),
    "race": ("raceethnicity", "racecode", "primaryrace"),
    "ethnicity": ("hispanic", "ethnic", "ethnicitycode"),
    "language": ("preferredlanguage", "lang", "spokenlanguage"),
    "sex": ("gender", "administrativesex"),
    "age": ("ageyears", "ageatend"),
    "birth_year": ("yob", "yearofbirth"),
    "birth_date": ("dob", "dateofbirth", "birthdate"),
    "zip": ("zipcode", "postalcode", "zcta"),
    "tract": ("censustract", "geoid"),
    "block_group": ("blockgroup", "censusblockgroup", "blkgrp", "bg"),
    "last_name": ("surname", "lastname", "familyname"),
    "first_name": ("firstname", "givenname"),
    "stratum_set": ("stratification", "stratifier", "category", "dimension", "stratumtype"),
    "stratum": ("stratumvalue", "subgroup", "stratumname", "level"),
    "rate": ("score", "measurescore", "performancerate"),
}
YEAR_RANGE = re.compile(r"^\s*((?:19|20)\d\d)\s*(?:-|–|/|to)\s*((?:19|20)\d\d)\s*$")


@dataclass(frozen=True)
class Origin:
    """Where a column of the contract comes from: a position in the file, or a constant."""

    position: int | None
    constant: str = ""


@dataclass(frozen=True)
class Mapping:
    """A mapping applied to one file's headers."""

    form: FileForm
    origins: dict[str, Origin]
    values: dict[str, dict[str, str]] = field(default_factory=dict)
    last_year_of_range: bool = False
    code_systems: tuple[str, ...] = ()

    def translate(self, column: str, text: str) -> str:
        """The contract's text for a trimmed, lower-case text of the file."""
        text = self.values.get(column, {}).get(text, text)
        if column == "period" and self.last_year_of_range and (found := YEAR_RANGE.match(text)):
            return found.group(2)
        return text


def header_hash(headers: Sequence[str]) -> str:
    """Identifies a set of headers, whatever their order and capitals."""
    text = "\n".join(sorted(h.strip().lower() for h in headers))
    return hashlib.sha256(text.encode()).hexdigest()


def missing_columns(mapping: Mapping, *, source_has_team: bool) -> list[str]:
    """Required columns of the contract that nothing feeds."""
    needed = [c.name for c in COLUMNS_OF[mapping.form] if c.required]
    if not source_has_team:
        needed.insert(1, "group_id")
    return [name for name in needed if name not in mapping.origins]


def form_of(
    headers: Sequence[str], saved: dict[str, Any], *, fixed: FileForm | None = None
) -> FileForm:
    """What one row of a file is: as the format fixes it, else as the mapping says, else by the headers."""
    if fixed is not None:
        return fixed
    if "form" in saved:
        return FileForm(saved["form"])
    names = {header.strip().lower() for header in headers}
    is_counted = bool(names & {"stratum", "stratum_set"}) and "member_id" not in names
    return FileForm.COUNTS if is_counted else FileForm.MEMBERS


def apply_mapping(
    headers: Sequence[str], saved: dict[str, Any], *, fixed: FileForm | None = None
) -> Mapping:
    """Bring a saved mapping (or an empty one) and a file's headers together.

    Headers that are called as in the contract need no entry. fixed: what a row is, where the format of
    the file leaves no choice. Raises FileRefused when the mapping names a header that the file does not
    have, was made for the other form, or is not a mapping at all.
    """
    check_mapping(saved)
    form = form_of(headers, saved, fixed=fixed)
    check_mapping(saved, form)
    columns = COLUMNS_OF[form]
    positions = {name.strip().lower(): position for position, name in enumerate(headers) if name}
    origins = {c.name: Origin(positions[c.name]) for c in columns if c.name in positions}
    for name, origin in saved.get("columns", {}).items():
        if "constant" in origin:
            origins[name] = Origin(None, str(origin["constant"]).strip())
        elif origin.get("header"):
            position = positions.get(str(origin["header"]).strip().lower())
            if position is None:
                raise FileRefused(
                    "mapping_header_missing",
                    f"The mapping feeds {name} from a column that this file does not have.",
                )
            origins[name] = Origin(position)
        else:
            origins.pop(name, None)
    return Mapping(
        form,
        origins,
        {
            column: {str(k).strip().lower(): str(v).strip().lower() for k, v in pairs.items()}
            for column, pairs in saved.get("values", {}).items()
        },
        bool(saved.get("last_year_of_range")),
        tuple(saved.get("code_systems", ())),
    )


def check_mapping(saved: Any, form: FileForm | None = None) -> None:
    """Raise FileRefused unless the JSON has the shape of a mapping.

    form: what a row of the file is. Without it the mapping's own counts, and where it names none, the
    columns of both forms may be named.
    """
    if not isinstance(saved, dict) or set(saved) - {
        "form",
        "columns",
        "values",
        "last_year_of_range",
        "code_systems",
    }:
        _refuse(
            "it may hold “form”, “columns”, “values”, “last_year_of_range” and “code_systems” only"
        )
    if saved.get("form", FileForm.MEMBERS) not in FileForm.values:
        _refuse("“form” must be “members” or “counts”")
    if form is None and "form" in saved:
        form = FileForm(saved["form"])
    forms = [form] if form else list(FileForm)
    known: dict[str, Column] = {}
    for one in forms:
        known = BY_NAME_OF[one] | known
    columns, values = saved.get("columns", {}), saved.get("values", {})
    if not isinstance(columns, dict) or not isinstance(values, dict):
        _refuse("“columns” and “values” must be objects")
    for name, origin in columns.items():
        if name not in known:
            _refuse(f"“{name}” is not a column of the contract")
        if not isinstance(origin, dict) or set(origin) - {"header", "constant"} or len(origin) > 1:
            _refuse(f"“{name}” must have either a “header” or a “constant”")
        if "constant" in origin and known[name].personal:
            _refuse(f"“{name}” differs from row to row and cannot be a constant")
    for name, pairs in values.items():
        if name not in known or not known[name].may_list_values:
            _refuse(f"values of “{name}” cannot be mapped")
        if not isinstance(pairs, dict) or any(
            not isinstance(k, str) or not isinstance(v, str) for k, v in pairs.items()
        ):
            _refuse(f"the values of “{name}” must be pairs of texts")


def _refuse(reason: str) -> None:
    raise FileRefused("bad_mapping", f"The mapping cannot be used: {reason}.")


def suggest_columns(headers: Sequence[str], form: FileForm = FileForm.MEMBERS) -> dict[str, str]:
    """Contract column → header of the file that probably feeds it, by name."""
    plain = {re.sub(r"[^a-z0-9]", "", h.lower()): h for h in headers if h}
    suggestions: dict[str, str] = {}
    for column in COLUMNS_OF[form]:
        own = column.name.replace("_", "")
        for name in (own, *_ALSO_CALLED.get(column.name, ())):
            if name in plain:
                suggestions[column.name] = plain[name]
                break
        else:
            close = difflib.get_close_matches(own, plain, n=1, cutoff=0.85)
            if close:
                suggestions[column.name] = plain[close[0]]
    if "birth_year" in suggestions or "birth_date" in suggestions:
        suggestions.pop("age", None)
    return suggestions


def suggest_value(column: str, text: str, known: dict[str, str]) -> str:
    """The contract's text that a file's own text probably means, "" when nothing is close.

    known: texts that the column may hold → label.
    """
    plain = text.strip().lower()
    if column in {"denominator", "numerator", "exclusion"}:
        yes = {"yes", "y", "true", "t", "met", "included", "eligible", "numerator", "1.0"}
        no = {"no", "n", "false", "f", "not met", "excluded", "none", "0.0"}
        return "1" if plain in yes else "0" if plain in no else ""
    if column == "period" and (found := YEAR_RANGE.match(plain)):
        return found.group(2)
    close = difflib.get_close_matches(plain, [k.lower() for k in known], n=1, cutoff=0.75)
    return next((k for k in known if close and k.lower() == close[0]), "")
