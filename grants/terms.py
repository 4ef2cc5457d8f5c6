"""What an award says, as plain data: for its versions, for diffs and for forms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from grants.chain import plain_json
from grants.models import Award, BudgetVersion


@dataclass(frozen=True)
class LineTerms:
    """One budget line. category: its code."""

    line_code: str
    category: str
    description: str
    amount: Decimal
    full_time_equivalent: Decimal | None = None


@dataclass(frozen=True)
class MilestoneTerms:
    """One condition. key: how payments of the same terms name it."""

    key: str
    title: str
    due_on: date
    fact: str = ""
    parameters: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class TrancheTerms:
    """One payment; conditions: keys of milestones."""

    number: int
    amount: Decimal
    planned_on: date
    conditions: tuple[str, ...] = ()


@dataclass(frozen=True)
class AwardTerms:
    """Everything that people agree on."""

    title: str
    amount: Decimal
    starts_on: date
    ends_on: date
    scope_text: str = ""
    key_person: str = ""
    lines: Sequence[LineTerms] = ()
    milestones: Sequence[MilestoneTerms] = ()
    tranches: Sequence[TrancheTerms] = ()


def newest_budget(award: Award) -> BudgetVersion | None:
    return award.budgets.order_by("-number").first()


def terms_of(award: Award) -> dict[str, Any]:
    """What the award says at present, as JSON."""
    budget = newest_budget(award)
    lines = budget.lines.select_related("category") if budget else []
    return plain_json(
        {
            "title": award.title,
            "amount": award.amount,
            "starts_on": award.starts_on,
            "ends_on": award.ends_on,
            "scope_text": award.scope_text,
            "key_person": award.key_person,
            "budget": {
                line.line_code: {
                    "category": line.category.name,
                    "description": line.description,
                    "amount": line.amount,
                    **(
                        {"full_time_equivalent": line.full_time_equivalent}
                        if line.full_time_equivalent is not None
                        else {}
                    ),
                }
                for line in lines
            },
            "milestones": {
                f"{m.pk}": {"title": m.title, "due_on": m.due_on} for m in award.milestones.all()
            },
            "payments": {
                f"{t.number}": {
                    "amount": t.amount,
                    "planned_on": t.planned_on,
                    "conditions": sorted(m.title for m in t.conditions.all()),
                    **({"cancelled": True} if t.state == "cancelled" else {}),
                }
                for t in award.tranches.prefetch_related("conditions")
            },
        }
    )


@dataclass(frozen=True)
class Difference:
    """One thing that two versions say differently; None: it was not there, or is no longer."""

    what: str
    before: Any
    after: Any


_NAMES = {
    "terms": "",
    "changes": "",
    "on": "day",
    "posting": "line of the ledger",
    "reference": "bank’s reference",
    "sha256": "fingerprint (SHA-256)",
    "title": "Title",
    "amount": "Amount",
    "starts_on": "First day",
    "ends_on": "Last day",
    "scope_text": "What the money is for",
    "key_person": "Key person",
    "budget": "Budget line",
    "milestones": "Condition",
    "payments": "Payment",
    "description": "description",
    "category": "category",
    "full_time_equivalent": "full-time posts",
    "due_on": "due on",
    "planned_on": "planned on",
    "conditions": "conditions",
    "cancelled": "cancelled",
}


def list_differences(before: dict[str, Any], after: dict[str, Any]) -> list[Difference]:
    """What changed between two versions of terms, in the order in which an award is read."""
    found: list[Difference] = []
    _compare("", before, after, found)
    return found


def _compare(path: str, before: Any, after: Any, found: list[Difference]) -> None:
    if isinstance(before, dict) and isinstance(after, dict):
        for key in [*before, *(k for k in after if k not in before)]:
            name = _NAMES.get(key, key.replace("_", " "))
            _compare(f"{path} {name}".strip(), before.get(key), after.get(key), found)
    elif before is None and isinstance(after, dict):
        _compare(path, dict.fromkeys(after), after, found)
    elif after is None and isinstance(before, dict):
        _compare(path, before, dict.fromkeys(before), found)
    elif before != after and not _same_amount(before, after):
        found.append(Difference(path, before, after))


def _same_amount(before: Any, after: Any) -> bool:
    """Whether both are the same number: “60000” and “60000.00”."""
    try:
        return Decimal(before) == Decimal(after)
    except (InvalidOperation, TypeError, ValueError):
        return False
