"""Forms of awards, amendments and funds."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any

from django import forms

from grants.enums import AwardKind
from grants.facts import FACT_BY_NAME, FACTS
from grants.forms.acts import MoneyInput
from grants.models import Award, BudgetCategory, BudgetLine, Fund, GrantRules
from grants.terms import AwardTerms, LineTerms, MilestoneTerms, TrancheTerms
from teams.forms import DayField
from teams.models import Team

_ROWS = 6
#: The category whose lines pay for people.
PERSONNEL = "personnel"


_WORDS = {
    "posts": "full-time posts",
    "due": "due on",
    "fact": "shown by",
    "number": "how many",
    "day": "planned on",
    "conditions": "waits for condition",
}


class PostsField(forms.DecimalField):
    """How many full-time posts a budget line pays for, such as 0.5."""

    def __init__(self, **options: Any) -> None:
        super().__init__(
            min_value=Decimal("0.01"), max_digits=5, decimal_places=2, required=False, **options
        )


def check_posts(form: forms.Form, cleaned: dict[str, Any], name: str, category: str | None) -> None:
    """Posts stand only on lines that pay for people."""
    if cleaned.get(name) and category != PERSONNEL:
        form.add_error(name, "Only a line of the category for personnel has posts.")


class AwardForm(forms.Form):
    """What an award says. Budget, conditions and payments are rows; empty rows do not count."""

    fund = forms.ModelChoiceField(Fund.objects.none(), label="Fund", empty_label=None)
    team = forms.ModelChoiceField(Team.objects.none(), label="Group")
    kind = forms.ChoiceField(label="Kind", choices=AwardKind.choices)
    number = forms.CharField(label="Award number", max_length=40)
    title = forms.CharField(label="Title", max_length=150)
    amount = MoneyInput(label="Amount", min_value=Decimal("0.01"))
    starts_on = DayField(label="First day")
    ends_on = DayField(label="Last day")
    scope_text = forms.CharField(
        label="What the money is for", widget=forms.Textarea(attrs={"rows": 3}), required=False
    )
    key_person = forms.CharField(label="Key person", max_length=150, required=False)

    def __init__(
        self,
        data: Any = None,
        *,
        funds: Iterable[Fund],
        teams: Any,
        categories: Iterable[BudgetCategory],
        award: Award | None = None,
    ) -> None:
        super().__init__(data)
        self.fields["fund"].queryset = funds  # type: ignore[attr-defined]
        self.fields["team"].queryset = teams  # type: ignore[attr-defined]
        chosen = [("", "–"), *((c.code, c.name) for c in categories)]
        facts = [("", "A document that a person reads"), *((f.name, f.label) for f in FACTS)]
        keys = [("", "–"), *((str(n), f"{n}") for n in range(1, _ROWS + 1))]
        for n in range(1, _ROWS + 1):
            self._add(f"line-{n}-category", forms.ChoiceField(choices=chosen))
            self._add(f"line-{n}-description", forms.CharField(max_length=150))
            self._add(f"line-{n}-amount", MoneyInput())
            self._add(f"line-{n}-posts", PostsField())
            self._add(f"condition-{n}-title", forms.CharField(max_length=150))
            self._add(f"condition-{n}-due", DayField())
            self._add(f"condition-{n}-fact", forms.ChoiceField(choices=facts))
            self._add(f"condition-{n}-number", forms.IntegerField(min_value=0))
            self._add(f"payment-{n}-amount", MoneyInput())
            self._add(f"payment-{n}-day", DayField())
            self._add(
                f"payment-{n}-conditions",
                forms.MultipleChoiceField(choices=keys[1:], widget=forms.CheckboxSelectMultiple),
            )
        if award is not None:
            for name in ("fund", "team", "kind", "number"):
                del self.fields[name]
            self._fill(award)

    def _add(self, name: str, field: forms.Field) -> None:
        field.required = False
        part, number, what = name.split("-")
        field.label = f"{part.capitalize()} {number}: {_WORDS.get(what, what)}"
        self.fields[name] = field

    def _fill(self, award: Award) -> None:
        from grants.terms import newest_budget

        initial: dict[str, Any] = {
            name: getattr(award, name)
            for name in ("title", "amount", "starts_on", "ends_on", "scope_text", "key_person")
        }
        budget = newest_budget(award)
        for n, line in enumerate(budget.lines.select_related("category") if budget else [], 1):
            initial |= {
                f"line-{n}-category": line.category.code,
                f"line-{n}-description": line.description,
                f"line-{n}-amount": line.amount,
                f"line-{n}-posts": line.full_time_equivalent,
            }
        numbers = {}
        for n, milestone in enumerate(award.milestones.order_by("due_on", "id"), 1):
            numbers[milestone.pk] = str(n)
            initial |= {
                f"condition-{n}-title": milestone.title,
                f"condition-{n}-due": milestone.due_on,
                f"condition-{n}-fact": milestone.fact,
                f"condition-{n}-number": next(iter(milestone.parameters.values()), None),
            }
        for n, tranche in enumerate(award.tranches.prefetch_related("conditions"), 1):
            initial |= {
                f"payment-{n}-amount": tranche.amount,
                f"payment-{n}-day": tranche.planned_on,
                f"payment-{n}-conditions": [numbers[m.pk] for m in tranche.conditions.all()],
            }
        self.initial = initial

    def part(self, name: str) -> list[list[Any]]:
        """Rows of bound fields of a part: line, condition or payment."""
        return [
            [self[key] for key in self.fields if key.startswith(f"{name}-{n}-")]
            for n in range(1, _ROWS + 1)
        ]

    @property
    def line_rows(self) -> list[list[Any]]:
        return self.part("line")

    @property
    def condition_rows(self) -> list[list[Any]]:
        return self.part("condition")

    @property
    def payment_rows(self) -> list[list[Any]]:
        return self.part("payment")

    @property
    def head_fields(self) -> list[Any]:
        return [self[name] for name in self.fields if "-" not in name]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        starts, ends = cleaned.get("starts_on"), cleaned.get("ends_on")
        if starts and ends and ends <= starts:
            self.add_error("ends_on", "The last day has to be after the first one.")
        for n in range(1, _ROWS + 1):
            if cleaned.get(f"line-{n}-amount") and not cleaned.get(f"line-{n}-category"):
                self.add_error(f"line-{n}-category", "Choose what the money is for.")
            check_posts(self, cleaned, f"line-{n}-posts", cleaned.get(f"line-{n}-category"))
            if cleaned.get(f"condition-{n}-title") and not cleaned.get(f"condition-{n}-due"):
                self.add_error(f"condition-{n}-due", "Say by when.")
            if cleaned.get(f"payment-{n}-amount") and not cleaned.get(f"payment-{n}-day"):
                self.add_error(f"payment-{n}-day", "Say when it is planned.")
            for key in cleaned.get(f"payment-{n}-conditions") or []:
                if not cleaned.get(f"condition-{key}-title"):
                    self.add_error(f"payment-{n}-conditions", f"Condition {key} has no title.")
        return cleaned

    def terms(self) -> AwardTerms:
        """What was typed. The form is valid."""
        data = self.cleaned_data
        numbers = range(1, _ROWS + 1)
        return AwardTerms(
            title=data["title"],
            amount=data["amount"],
            starts_on=data["starts_on"],
            ends_on=data["ends_on"],
            scope_text=data["scope_text"],
            key_person=data["key_person"],
            lines=[
                LineTerms(
                    f"{n:02d}",
                    data[f"line-{n}-category"],
                    data[f"line-{n}-description"] or "",
                    data[f"line-{n}-amount"],
                    data[f"line-{n}-posts"],
                )
                for n in numbers
                if data[f"line-{n}-amount"]
            ],
            milestones=[
                MilestoneTerms(
                    str(n),
                    data[f"condition-{n}-title"],
                    data[f"condition-{n}-due"],
                    data[f"condition-{n}-fact"],
                    parameters_of(data[f"condition-{n}-fact"], data[f"condition-{n}-number"]),
                )
                for n in numbers
                if data[f"condition-{n}-title"]
            ],
            tranches=[
                TrancheTerms(
                    n,
                    data[f"payment-{n}-amount"],
                    data[f"payment-{n}-day"],
                    tuple(data[f"payment-{n}-conditions"]),
                )
                for n in numbers
                if data[f"payment-{n}-amount"]
            ],
        )


def parameters_of(fact: str, number: int | None) -> dict[str, Any]:
    key = FACT_BY_NAME[fact].number_key if fact else ""
    return {key: number} if key and number is not None else {}


class AmendmentForm(forms.Form):
    """Ask for one kind of change. What is not asked for stays empty."""

    reason = forms.CharField(
        label="Why should the award change?", widget=forms.Textarea(attrs={"rows": 3})
    )
    ends_on = DayField(label="New last day", required=False)
    scope_text = forms.CharField(
        label="New text of what the money is for",
        widget=forms.Textarea(attrs={"rows": 3}),
        required=False,
    )
    key_person = forms.CharField(label="New key person", max_length=150, required=False)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not self.changes():
            raise forms.ValidationError("Say what should change: fill in one of the fields below.")
        return cleaned

    def changes(self) -> dict[str, Any]:
        return {
            name: self.cleaned_data[name]
            for name in ("ends_on", "scope_text", "key_person")
            if self.cleaned_data.get(name)
        }

    def kind(self) -> str:
        changes = self.changes()
        if "ends_on" in changes:
            return "extension"
        return "scope" if "scope_text" in changes else "key_person"


class BudgetForm(forms.Form):
    """New amounts of the budget's lines. With a reason small moves are a notice, larger ones an amendment."""

    reason = forms.CharField(label="Why does money move?", widget=forms.Textarea(attrs={"rows": 2}))

    def __init__(self, data: Any = None, *, lines: Iterable[BudgetLine]) -> None:
        super().__init__(data)
        self.budget_lines = list(lines)
        for line in self.budget_lines:
            self.fields[f"amount-{line.line_code}"] = MoneyInput(
                label=f"{line.line_code} {line.category.name}: {line.description}",
                initial=line.amount,
            )

    def terms(self) -> list[LineTerms]:
        return [
            LineTerms(
                line.line_code,
                line.category.code,
                line.description,
                self.cleaned_data[f"amount-{line.line_code}"],
                line.full_time_equivalent,
            )
            for line in self.budget_lines
        ]


class RulesForm(forms.ModelForm):
    class Meta:
        model = GrantRules
        fields = [
            "second_approval_over",
            "variance_percent",
            "variance_amount",
            "reallocation_percent",
            "reallocation_amount",
            "report_notice_days",
        ]


class FundForm(forms.Form):
    name = forms.CharField(label="Name", max_length=120)
    amount = MoneyInput(label="Amount", min_value=Decimal("0.01"))
    starts_on = DayField(label="First day")
    ends_on = DayField(label="Last day")
    general_ledger_code = forms.CharField(
        label="General ledger code", max_length=40, required=False
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        starts: date | None = cleaned.get("starts_on")
        ends: date | None = cleaned.get("ends_on")
        if starts and ends and ends <= starts:
            self.add_error("ends_on", "The last day has to be after the first one.")
        return cleaned
