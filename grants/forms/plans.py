"""The form of a five-year plan: rows for costs, sources, assumptions and changes. Empty rows do not count."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms

from grants.enums import PlanDecision, PlanDriver, PlanSide, PlanSource
from grants.forms.acts import MoneyInput

_PARTS = {"cost": 6, "source": 6, "assumption": 6, "change": 6}
_ZERO = Decimal("0.00")


class PlanForm(forms.Form):
    name = forms.CharField(label="Name of the scenario", max_length=80)
    first_year = forms.IntegerField(label="Year 1 is", min_value=2020, max_value=2060)
    grant_ends_in = forms.ChoiceField(
        label="Last year with the grant", choices=[(str(n), f"Year {n}") for n in range(1, 6)]
    )
    staffing = forms.CharField(
        label="Who does the work, and who does it when the grant ends?",
        widget=forms.Textarea(attrs={"rows": 3}),
        required=False,
    )
    read_version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(
        self, data: Any = None, *, content: dict[str, Any] | None = None, version: int = 0
    ) -> None:
        """version: the one that is changed, 0 for a new plan."""
        super().__init__(data)
        self.fields["read_version"].initial = version
        for part, count in _PARTS.items():
            for n in range(1, count + 1):
                for name, field in self._fields_of(part).items():
                    field.required = False
                    field.label = f"{part.capitalize()} {n}: {field.label or name}"
                    self.fields[f"{part}-{n}-{name}"] = field
        if content is not None:
            self._fill(content)

    @staticmethod
    def _fields_of(part: str) -> dict[str, forms.Field]:
        years: dict[str, forms.Field] = {
            f"year_{n}": MoneyInput(label=f"year {n}") for n in range(1, 6)
        }
        if part == "cost":
            return {"description": forms.CharField(max_length=150, label="what"), **years}
        if part == "source":
            return {
                "source": forms.ChoiceField(choices=[("", "–"), *PlanSource.choices], label="from"),
                "description": forms.CharField(max_length=150, label="what"),
                **years,
            }
        if part == "assumption":
            return {
                "name": forms.CharField(max_length=150, label="what is assumed"),
                "unit": forms.CharField(max_length=60, label="unit"),
                "low": MoneyInput(label="low"),
                "middle": MoneyInput(label="middle"),
                "high": MoneyInput(label="high"),
                "unit_cost": MoneyInput(label="dollars each"),
                "drives": forms.ChoiceField(choices=PlanDriver.choices, label="moves"),
                "origin": forms.CharField(max_length=200, label="where from"),
            }
        return {
            "title": forms.CharField(max_length=150, label="change"),
            "decision": forms.ChoiceField(choices=PlanDecision.choices, label="decision"),
            "replaces_step": forms.CharField(max_length=200, label="which step it replaces"),
            "owner": forms.CharField(max_length=150, label="owner"),
            "budget_line": forms.CharField(max_length=150, label="budget line"),
        }

    def _fill(self, content: dict[str, Any]) -> None:
        initial = {k: content[k] for k in ("name", "first_year", "grant_ends_in", "staffing")}
        rows = {
            "cost": [r for r in content["lines"] if not r["source"]],
            "source": [r for r in content["lines"] if r["source"]],
            "assumption": content["assumptions"],
            "change": content["changes"],
        }
        for part, found in rows.items():
            for n, row in enumerate(found[: _PARTS[part]], 1):
                initial |= {f"{part}-{n}-{name}": value for name, value in row.items() if value}
        self.initial = initial

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        for n in range(1, _PARTS["source"] + 1):
            if self._has_years("source", n) and not cleaned.get(f"source-{n}-source"):
                self.add_error(f"source-{n}-source", "Say where this money comes from.")
        for n in range(1, _PARTS["assumption"] + 1):
            if not cleaned.get(f"assumption-{n}-name"):
                continue
            values = [cleaned.get(f"assumption-{n}-{name}") for name in ("low", "middle", "high")]
            if None in values or sorted(values) != values:  # type: ignore[type-var]
                self.add_error(f"assumption-{n}-low", "Give low, middle and high, in this order.")
            if not cleaned.get(f"assumption-{n}-origin"):
                self.add_error(f"assumption-{n}-origin", "Say where the numbers come from.")
        return cleaned

    def _has_years(self, part: str, n: int) -> bool:
        return any(self.cleaned_data.get(f"{part}-{n}-year_{year}") for year in range(1, 6))

    def content(self) -> dict[str, Any]:
        """What was typed, as `save_plan` takes it. The form is valid."""
        data = self.cleaned_data

        def years(part: str, n: int) -> dict[str, Decimal]:
            return {f"year_{y}": data[f"{part}-{n}-year_{y}"] or _ZERO for y in range(1, 6)}

        lines = [
            {
                "side": PlanSide.NEED,
                "source": "",
                "description": data[f"cost-{n}-description"] or "Cost",
                **years("cost", n),
            }
            for n in range(1, _PARTS["cost"] + 1)
            if self._has_years("cost", n)
        ]
        lines += [
            {
                "side": PlanSide.SOURCE,
                "source": data[f"source-{n}-source"],
                "description": data[f"source-{n}-description"]
                or str(PlanSource(data[f"source-{n}-source"]).label),
                **years("source", n),
            }
            for n in range(1, _PARTS["source"] + 1)
            if self._has_years("source", n)
        ]
        return {
            "name": data["name"],
            "first_year": data["first_year"],
            "grant_ends_in": int(data["grant_ends_in"]),
            "staffing": data["staffing"],
            "lines": lines,
            "assumptions": self._rows("assumption", "name"),
            "changes": self._rows("change", "title"),
        }

    def _rows(self, part: str, needed: str) -> list[dict[str, Any]]:
        names = list(self._fields_of(part))
        return [
            {name: self.cleaned_data[f"{part}-{n}-{name}"] for name in names}
            for n in range(1, _PARTS[part] + 1)
            if self.cleaned_data.get(f"{part}-{n}-{needed}")
        ]

    def read_again(self, version: int) -> None:
        """After a refusal: whoever saves once more has been told of the newer version."""
        data: Any = self.data.copy()  # type: ignore[attr-defined]
        data["read_version"] = str(version)
        self.data = data

    def head_fields(self) -> list[Any]:
        return [self[name] for name in ("name", "first_year", "grant_ends_in", "staffing")]

    def parts(self) -> list[dict[str, Any]]:
        titles = {
            "cost": "What it costs",
            "source": "Where the money comes from",
            "assumption": "What the numbers rest on",
            "change": "What becomes of each change",
        }
        return [
            {
                "title": titles[part],
                "rows": [
                    [self[key] for key in self.fields if key.startswith(f"{part}-{n}-")]
                    for n in range(1, count + 1)
                ],
            }
            for part, count in _PARTS.items()
        ]
