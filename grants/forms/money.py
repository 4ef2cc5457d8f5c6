"""Forms of what may change later: fund, budget category, one more report, amount and schedule of an award."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from django import forms

from grants.enums import ReportKind, TrancheState
from grants.facts import FACTS
from grants.forms.acts import MoneyInput
from grants.forms.awards import PERSONNEL, PostsField, check_posts, parameters_of
from grants.models import Award, BudgetCategory, BudgetLine, Fund, Milestone, Tranche
from teams.forms import DayField

_OPEN = (TrancheState.SCHEDULED, TrancheState.CONDITIONS_OPEN, TrancheState.READY)
_NEW_ROWS = 2


class FundChangeForm(forms.Form):
    amount = MoneyInput(label="Amount", min_value=Decimal("0.01"))
    starts_on = DayField(label="First day")
    ends_on = DayField(label="Last day")
    general_ledger_code = forms.CharField(
        label="General ledger code", max_length=40, required=False
    )
    reason = forms.CharField(
        label="Why does the fund change?",
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="Kept with the version and shown on the fund's page.",
        error_messages={"required": "Write the reason."},
    )

    def __init__(self, data: Any = None, *, fund: Fund) -> None:
        super().__init__(
            data,
            initial={
                name: getattr(fund, name)
                for name in ("amount", "starts_on", "ends_on", "general_ledger_code")
            },
        )


class CategoryForm(forms.Form):
    name = forms.CharField(label="Name", max_length=80)
    accounting_code = forms.CharField(label="Accounting code", max_length=40, required=False)
    is_active = forms.BooleanField(
        label="May be used in new budgets",
        required=False,
        help_text="Budgets that have it already keep it.",
    )

    def __init__(self, data: Any = None, *, category: BudgetCategory | None) -> None:
        initial: dict[str, Any] = {"is_active": True}
        if category is not None:
            initial = {
                "name": category.name,
                "accounting_code": category.accounting_code,
                "is_active": category.is_active,
            }
        super().__init__(data, initial=initial)


class ReportRequestForm(forms.Form):
    kind = forms.ChoiceField(label="Kind", choices=ReportKind.choices)
    starts_on = DayField(label="About the time from")
    ends_on = DayField(label="to")
    due_on = DayField(label="Due on")


class ScheduleForm(forms.Form):
    """What an award shall say of its money: amount, budget lines, payments, days of conditions.

    Payments that were decided already are not offered; empty new rows do not count.
    """

    reason = forms.CharField(
        label="Why should the award change?", widget=forms.Textarea(attrs={"rows": 3})
    )
    amount = MoneyInput(label="Amount of the award", min_value=Decimal("0.01"))

    def __init__(
        self,
        data: Any = None,
        *,
        award: Award,
        lines: Sequence[BudgetLine],
        tranches: Iterable[Tranche],
        milestones: Iterable[Milestone],
        categories: Iterable[BudgetCategory],
    ) -> None:
        super().__init__(data)
        self.award, self.lines = award, list(lines)
        self.tranches = list(tranches)
        self.open_ones = [t for t in self.tranches if t.state in _OPEN]
        everything = list(milestones)
        self.milestones = [m for m in everything if m.state == "open"]
        waits_for = [
            *((f"{m.pk}", m.title) for m in everything),
            *((f"new-{n}", f"New condition {n} below") for n in range(1, _NEW_ROWS + 1)),
        ]
        facts = [("", "A document that a person reads"), *((f.name, f.label) for f in FACTS)]
        self.fields["amount"].initial = award.amount
        chosen = [("", "–"), *((c.code, c.name) for c in categories)]
        for line in self.lines:
            name = f"{line.line_code} {line.category.name}: {line.description}"
            self.fields[f"line-{line.line_code}"] = MoneyInput(label=name, initial=line.amount)
            if line.category.code == PERSONNEL:
                self.fields[f"posts-{line.line_code}"] = PostsField(
                    label=f"{name}: full-time posts", initial=line.full_time_equivalent
                )
        for n in range(1, _NEW_ROWS + 1):
            self.fields[f"newline-{n}-category"] = forms.ChoiceField(
                choices=chosen, required=False, label=f"New line {n}: category"
            )
            self.fields[f"newline-{n}-description"] = forms.CharField(
                max_length=150, required=False, label=f"New line {n}: what"
            )
            self.fields[f"newline-{n}-amount"] = MoneyInput(
                required=False, label=f"New line {n}: amount"
            )
            self.fields[f"newline-{n}-posts"] = PostsField(label=f"New line {n}: full-time posts")
        for t in self.open_ones:
            self.fields[f"payment-{t.number}-amount"] = MoneyInput(
                label=f"Payment {t.number}: amount", initial=t.amount, min_value=Decimal("0.01")
            )
            self.fields[f"payment-{t.number}-day"] = DayField(
                label=f"Payment {t.number}: planned on", initial=t.planned_on
            )
            self.fields[f"payment-{t.number}-cancelled"] = forms.BooleanField(
                label=f"Payment {t.number} falls away", required=False
            )
        for n in range(1, _NEW_ROWS + 1):
            self.fields[f"newpayment-{n}-amount"] = MoneyInput(
                required=False, label=f"New payment {n}: amount"
            )
            self.fields[f"newpayment-{n}-day"] = DayField(
                required=False, label=f"New payment {n}: planned on"
            )
            self.fields[f"newpayment-{n}-conditions"] = forms.MultipleChoiceField(
                required=False,
                label=f"New payment {n}: waits for",
                help_text="None, one or more of the award’s conditions.",
                widget=forms.CheckboxSelectMultiple,
                choices=waits_for,
            )
        for m in self.milestones:
            self.fields[f"condition-{m.pk}"] = DayField(
                label=f"{m.title}: due on", initial=m.due_on
            )
        for n in range(1, _NEW_ROWS + 1):
            self.fields[f"newcondition-{n}-title"] = forms.CharField(
                max_length=150, required=False, label=f"New condition {n}: title"
            )
            self.fields[f"newcondition-{n}-due"] = DayField(
                required=False, label=f"New condition {n}: due on"
            )
            self.fields[f"newcondition-{n}-fact"] = forms.ChoiceField(
                choices=facts, required=False, label=f"New condition {n}: shown by"
            )
            self.fields[f"newcondition-{n}-number"] = forms.IntegerField(
                min_value=0, required=False, label=f"New condition {n}: how many"
            )

    def _rows(self, part: str) -> list[list[Any]]:
        """The fields of one new line, payment or condition in each row."""
        return [
            [self[name] for name in self.fields if name.startswith(f"{part}-{n}-")]
            for n in range(1, _NEW_ROWS + 1)
        ]

    def parts(self) -> list[dict[str, Any]]:
        """Sections with rows; each row holds the fields of one line, payment or condition."""
        lines = [
            [
                self[name]
                for name in (f"line-{line.line_code}", f"posts-{line.line_code}")
                if name in self.fields
            ]
            for line in self.lines
        ]
        payments = [
            [self[f"payment-{t.number}-{what}"] for what in ("amount", "day", "cancelled")]
            for t in self.open_ones
        ]
        conditions = [[self[f"condition-{m.pk}"]] for m in self.milestones]
        return [
            {"title": "Budget", "rows": [*lines, *self._rows("newline")]},
            {"title": "Payments", "rows": [*payments, *self._rows("newpayment")]},
            {"title": "Conditions", "rows": [*conditions, *self._rows("newcondition")]},
        ]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        for n in range(1, _NEW_ROWS + 1):
            if cleaned.get(f"newline-{n}-amount") and not cleaned.get(f"newline-{n}-category"):
                self.add_error(f"newline-{n}-category", "Choose what the money is for.")
            if cleaned.get(f"newpayment-{n}-amount") and not cleaned.get(f"newpayment-{n}-day"):
                self.add_error(f"newpayment-{n}-day", "Say when it is planned.")
            check_posts(self, cleaned, f"newline-{n}-posts", cleaned.get(f"newline-{n}-category"))
            self._check_new_condition(cleaned, n)
        if not self.errors and not self.changes():
            raise forms.ValidationError("Nothing changes yet. Change an amount or a day below.")
        return cleaned

    def _check_new_condition(self, cleaned: dict[str, Any], n: int) -> None:
        """A condition that is added has a day, and a payment that is added with it waits for it."""
        waiting = [
            row
            for row in range(1, _NEW_ROWS + 1)
            if f"new-{n}" in (cleaned.get(f"newpayment-{row}-conditions") or [])
        ]
        if not cleaned.get(f"newcondition-{n}-title"):
            for row in waiting:
                self.add_error(f"newpayment-{row}-conditions", f"New condition {n} has no title.")
            return
        if not cleaned.get(f"newcondition-{n}-due"):
            self.add_error(f"newcondition-{n}-due", "Say by when.")
        if not any(cleaned.get(f"newpayment-{row}-amount") for row in waiting):
            self.add_error(
                f"newcondition-{n}-title", "Choose it above for a new payment that waits for it."
            )

    @property
    def is_about_the_amount(self) -> bool:
        return bool(self.cleaned_data["amount"] != self.award.amount)

    def changes(self) -> dict[str, Any]:
        """What `request_amendment` takes: only what differs. The fields are valid."""
        data, found = self.cleaned_data, {}
        if self.is_about_the_amount:
            found["amount"] = data["amount"]
        lines = self._lines()
        if lines != [
            self._as_line(line, line.amount, line.full_time_equivalent) for line in self.lines
        ]:
            found["lines"] = lines
        payments = self._payments()
        if payments:
            found["payments"] = payments
        milestones = {
            str(m.pk): {"due_on": data[f"condition-{m.pk}"]}
            for m in self.milestones
            if data[f"condition-{m.pk}"] != m.due_on
        } | self._new_conditions()
        if milestones:
            found["milestones"] = milestones
        return found

    @staticmethod
    def _as_line(line: BudgetLine, amount: Decimal, posts: Decimal | None) -> dict[str, Any]:
        return {
            "line_code": line.line_code,
            "category": line.category.code,
            "description": line.description,
            "amount": amount,
            "full_time_equivalent": posts,
        }

    def _new_conditions(self) -> dict[str, dict[str, Any]]:
        data = self.cleaned_data
        return {
            f"new-{n}": {
                "title": data[f"newcondition-{n}-title"],
                "due_on": data[f"newcondition-{n}-due"],
                "fact": data[f"newcondition-{n}-fact"],
                "parameters": parameters_of(
                    data[f"newcondition-{n}-fact"], data[f"newcondition-{n}-number"]
                ),
            }
            for n in range(1, _NEW_ROWS + 1)
            if data[f"newcondition-{n}-title"]
        }

    def _lines(self) -> list[dict[str, Any]]:
        data = self.cleaned_data
        lines = [
            self._as_line(line, data[f"line-{line.line_code}"], data.get(f"posts-{line.line_code}"))
            for line in self.lines
        ]
        last = max(
            (int(line.line_code) for line in self.lines if line.line_code.isdigit()), default=0
        )
        for n in range(1, _NEW_ROWS + 1):
            if data[f"newline-{n}-amount"]:
                last += 1
                lines.append(
                    {
                        "line_code": f"{last:02d}",
                        "category": data[f"newline-{n}-category"],
                        "description": data[f"newline-{n}-description"] or "New line",
                        "amount": data[f"newline-{n}-amount"],
                        "full_time_equivalent": data[f"newline-{n}-posts"],
                    }
                )
        return lines

    def _payments(self) -> dict[str, dict[str, Any]]:
        data = self.cleaned_data
        found: dict[str, dict[str, Any]] = {}
        for t in self.open_ones:
            amount, day = data[f"payment-{t.number}-amount"], data[f"payment-{t.number}-day"]
            if data[f"payment-{t.number}-cancelled"]:
                found[f"{t.number}"] = {"cancelled": True}
            elif amount != t.amount or day != t.planned_on:
                found[f"{t.number}"] = {"amount": amount, "planned_on": day}
        last = max((t.number for t in self.tranches), default=0)
        for n in range(1, _NEW_ROWS + 1):
            if data[f"newpayment-{n}-amount"]:
                last += 1
                found[f"{last}"] = {
                    "amount": data[f"newpayment-{n}-amount"],
                    "planned_on": data[f"newpayment-{n}-day"],
                    "conditions": data[f"newpayment-{n}-conditions"],
                }
        return found
