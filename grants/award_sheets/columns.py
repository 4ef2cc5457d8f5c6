"""What columns a sheet of awards may have, and how its own names become ours.

A mapping is plain JSON, remembered per set of names:

    {"columns": {"number": "Grant #", "kind": "=pilot"},
     "values": {"group": {"harbor health": "G01"}, "kind": {"innovation": "pilot"}}}

A column's origin is a name of the file, or a constant after an equals sign.
"""

from __future__ import annotations

import difflib
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class SheetColumn:
    """needed: without it nothing can be made. of_award: said once for all rows of an award."""

    name: str
    label: str
    help: str
    needed: bool = False
    of_award: bool = True
    also_called: tuple[str, ...] = ()


COLUMNS: tuple[SheetColumn, ...] = (
    SheetColumn("number", "Award number", "Rows with the same number are one award.", True,
        also_called=("grant", "grantno", "grantnumber", "awardno", "award", "awardid", "grantid", "no", "id", "agreement", "agreementno")),
    SheetColumn("group", "Group", "Name or code of the provider group.", True,
        also_called=("grantee", "organization", "organisation", "provider", "providergroup", "recipient", "groupname", "groupcode", "team")),
    SheetColumn("title", "Title", "What the award is called.", True,
        also_called=("project", "projecttitle", "awardtitle", "granttitle", "name", "description")),
    SheetColumn("amount", "Amount of the payment", "Dollars of the row: one payment.", True, False,
        also_called=("payment", "paymentamount", "installment", "instalment", "tranche", "trancheamount", "dollars", "amountusd")),
    SheetColumn("planned_on", "Day of the payment", "When it is planned.", True, False,
        also_called=("paymentdate", "date", "scheduled", "scheduleddate", "plannedon", "planneddate", "duedate", "paydate")),
    SheetColumn("starts_on", "First day", "Of the award.", True,
        also_called=("start", "startdate", "begin", "begins", "from", "periodstart")),
    SheetColumn("ends_on", "Last day", "Of the award.", True,
        also_called=("end", "enddate", "ends", "to", "until", "periodend")),
    SheetColumn("kind", "Kind of award", "Participation, infrastructure, pilot or supplemental.", True,
        also_called=("type", "awardtype", "granttype", "category of award", "program", "programme")),
    SheetColumn("award_amount", "Amount of the award", "Then its payments have to make it up.",
        also_called=("total", "awardamount", "grantamount", "totalaward", "awarded")),
    SheetColumn("category", "Budget category", "What this row's money is for.", False, False,
        also_called=("budgetcategory", "budgetline", "line", "costcategory")),
    SheetColumn("condition", "Condition of the payment", "Shown by a document; a person decides.", False, False,
        also_called=("milestone", "requirement", "deliverable", "conditions")),
    SheetColumn("condition_due_on", "Condition due on", "Without it: the day of the payment.", False, False,
        also_called=("milestonedate", "conditiondue", "deliverabledate")),
    SheetColumn("scope_text", "What the money is for", "In a sentence or two.",
        also_called=("purpose", "scope", "summary")),
    SheetColumn("key_person", "Key person", "Who leads the work.",
        also_called=("contact", "lead", "pi", "projectlead", "keyperson")),
    SheetColumn("paid_on", "Paid on", "Nothing is brought in as paid; rows that were paid are named.", False, False,
        also_called=("paid", "paiddate", "paymentmade", "datepaid")),
)  # fmt: skip
BY_NAME = {column.name: column for column in COLUMNS}
#: Columns whose texts can be given a meaning.
WITH_VALUES = ("group", "kind", "category")


def header_hash(headers: Sequence[str]) -> str:
    """Identifies a set of names, whatever their order and capitals."""
    return hashlib.sha256("\n".join(sorted(h.lower() for h in headers)).encode()).hexdigest()


def plain(text: str) -> str:
    """A text by which meanings are looked up."""
    return " ".join(text.lower().split())


def suggest_columns(headers: Sequence[str]) -> dict[str, str]:
    """Our column → name of the file that probably feeds it; each name once."""
    left = {re.sub(r"[^a-z0-9]", "", h.lower()): h for h in headers}
    found: dict[str, str] = {}
    for column in COLUMNS:
        own = re.sub(r"[^a-z]", "", column.label.lower())
        for name in (column.name.replace("_", ""), own, *column.also_called):
            if name in left:
                found[column.name] = left.pop(name)
                break
    for column in COLUMNS:
        if column.name not in found:
            close = difflib.get_close_matches(column.name.replace("_", ""), left, n=1, cutoff=0.85)
            if close:
                found[column.name] = left.pop(close[0])
    return found


def check_mapping(mapping: Any, headers: Sequence[str]) -> list[str]:
    """What is wrong with a mapping for a file with these names, as sentences."""
    columns = mapping.get("columns", {})
    problems = [
        f"“{BY_NAME[name].label}” comes from “{origin}”, which this file does not have."
        for name, origin in columns.items()
        if not origin.startswith("=") and origin not in headers
    ]
    problems += [
        f"Say which column holds “{c.label}”."
        for c in COLUMNS
        if c.needed and not columns.get(c.name)
    ]
    return problems
