"""The grid of a financial report and the sections of a narrative one."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from decimal import Decimal
from io import StringIO
from typing import Any

from django import forms

from grants.actions.reports import LineEntry
from grants.amounts import amount_in
from grants.forms.acts import MoneyInput
from grants.narrative import NEEDED, SECTIONS
from grants.queries.spending import LineSpending

_ZERO = Decimal("0.00")


class FinancialForm(forms.Form):
    """Three fields a line: spent, ordered, note. Names: actual-01, committed-01, note-01."""

    comment = forms.CharField(
        label="Comment on the whole report",
        widget=forms.Textarea(attrs={"rows": 3}),
        required=False,
    )

    def __init__(self, data: Any = None, *, lines: Sequence[LineSpending], comment: str) -> None:
        super().__init__(data)
        self.lines = lines
        self.fields["comment"].initial = comment
        for spending in lines:
            code, what = spending.line.line_code, spending.line.description
            self.fields[f"actual-{code}"] = MoneyInput(
                label=f"Spent on {what}",
                required=False,
                min_value=None,
                initial=spending.actual or None,
            )
            self.fields[f"committed-{code}"] = MoneyInput(
                label=f"Ordered for {what}", required=False, initial=spending.committed or None
            )
            self.fields[f"note-{code}"] = forms.CharField(
                label=f"Note on {what}",
                required=False,
                initial=spending.note,
                widget=forms.TextInput(attrs={"maxlength": 500}),
            )

    def rows(self) -> list[dict[str, Any]]:
        return [
            {
                "spending": spending,
                "actual": self[f"actual-{spending.line.line_code}"],
                "committed": self[f"committed-{spending.line.line_code}"],
                "note": self[f"note-{spending.line.line_code}"],
            }
            for spending in self.lines
        ]

    def entries(self) -> dict[str, LineEntry]:
        """What was typed, by line code. The form is valid."""
        return {
            code: LineEntry(
                actual=self.cleaned_data[f"actual-{code}"] or _ZERO,
                committed=self.cleaned_data[f"committed-{code}"] or _ZERO,
                variance_note=self.cleaned_data[f"note-{code}"],
            )
            for code in (spending.line.line_code for spending in self.lines)
        }


class LinesForm(forms.Form):
    """Lines from a spreadsheet: pasted, or a CSV file. Columns: line, spent, ordered (optional), note (optional)."""

    text = forms.CharField(
        label="Paste from your spreadsheet",
        widget=forms.Textarea(attrs={"rows": 6, "class": "text-code"}),
        required=False,
        help_text="One row a line: line number, spent, ordered, note. A first row with names may stay.",
    )
    file = forms.FileField(label="Or a CSV file with the same columns", required=False)

    def __init__(self, *args: Any, codes: Sequence[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.codes = list(codes)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        text = cleaned.get("text") or ""
        file = cleaned.get("file")
        if file is not None:
            if file.size > 1_000_000:
                raise forms.ValidationError("The file is larger than 1 MB. A budget has few lines.")
            text = file.read().decode("utf-8-sig", "replace")
        if not text.strip():
            raise forms.ValidationError("Paste some rows, or choose a file.")
        cleaned["entries"] = self._read(text)
        return cleaned

    def _read(self, text: str) -> dict[str, LineEntry]:
        sample = text.splitlines()[0]
        delimiter = "\t" if "\t" in sample else ";" if ";" in sample else ","
        found: dict[str, LineEntry] = {}
        for number, row in enumerate(csv.reader(StringIO(text), delimiter=delimiter), start=1):
            cells = [cell.strip() for cell in row]
            if not any(cells):
                continue
            code = self._code(cells[0])
            if code is None:
                if number == 1:
                    continue  # names of columns
                raise forms.ValidationError(
                    f"Row {number}: there is no budget line “{cells[0][:40]}”. Lines: {', '.join(self.codes)}."
                )
            if code in found:
                raise forms.ValidationError(f"Row {number}: line {code} stands there twice.")
            cells += [""] * (4 - len(cells))
            try:
                found[code] = LineEntry(amount_in(cells[1]), amount_in(cells[2]), cells[3])
            except ValueError as problem:
                raise forms.ValidationError(f"Row {number}: {problem}") from problem
        if not found:
            raise forms.ValidationError("No row begins with the number of a budget line.")
        return found

    def _code(self, text: str) -> str | None:
        """Line codes as spreadsheets write them: 1 for 01."""
        if text in self.codes:
            return text
        return next((c for c in self.codes if c.lstrip("0") == text.lstrip("0") != ""), None)


class NarrativeForm(forms.Form):
    """One field a section."""

    def __init__(self, data: Any = None, *, answers: dict[str, str]) -> None:
        super().__init__(data)
        for name, question in SECTIONS.items():
            self.fields[name] = forms.CharField(
                label=question,
                widget=forms.Textarea(attrs={"rows": 5}),
                required=False,
                initial=answers.get(name, ""),
                help_text="Needed before it can be handed in." if name in NEEDED else "",
            )
