"""Forms of a sheet of awards: the file, and what its columns and texts are."""

from __future__ import annotations

from typing import Any

from django import forms

from grants.award_sheets.columns import BY_NAME, COLUMNS, plain
from grants.enums import AwardKind
from grants.models import AwardSheet, BudgetCategory, Fund
from teams.file_field import AttachmentField


class SheetForm(forms.Form):
    fund = forms.ModelChoiceField(Fund.objects.none(), label="Fund", empty_label=None)
    file = AttachmentField(label="CSV file or Excel workbook (xlsx)", help_text="At most 5 MB.")

    def __init__(self, *args: Any, funds: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["fund"].queryset = funds  # type: ignore[attr-defined]


class SheetMappingForm(forms.Form):
    """A column of the file for each of ours, or one text for all rows; meanings of texts that say nothing."""

    def __init__(
        self,
        data: Any = None,
        *,
        sheet: AwardSheet,
        unknown: dict[str, list[str]],
        teams: list[tuple[str, str]],
        categories: list[BudgetCategory],
    ) -> None:
        super().__init__(data)
        self.sheet = sheet
        columns = sheet.mapping.get("columns", {})
        self._values: dict[str, dict[str, str]] = sheet.mapping.get("values", {})
        sources = [("", "–"), *((h, h) for h in sheet.headers)]
        kinds = [("", "–"), *((f"={k.value}", f"always {k.label.lower()}") for k in AwardKind)]
        for column in COLUMNS:
            choices = [*sources, *kinds[1:]] if column.name == "kind" else sources
            self.fields[f"column-{column.name}"] = forms.ChoiceField(
                choices=choices,
                label=column.label,
                help_text=column.help,
                required=False,
                initial=columns.get(column.name, ""),
            )
        choices_of: dict[str, list[tuple[str, str]]] = {
            "group": teams,
            "kind": [(k.value, str(k.label)) for k in AwardKind],
            "category": [(c.code, c.name) for c in categories],
        }
        # What was said before can be said again: the page shows all of it.
        self.texts = {
            column: [*unknown.get(column, ()), *self._values.get(column, {})]
            for column in choices_of
        }
        for name, texts in self.texts.items():
            for n, text in enumerate(texts):
                self.fields[f"value-{name}-{n}"] = forms.ChoiceField(
                    choices=[("", "Choose"), *choices_of[name]],
                    label=text,
                    required=False,
                    initial=self._values.get(name, {}).get(plain(text), ""),
                )

    def column_rows(self, *, needed: bool) -> list[dict[str, Any]]:
        found = []
        for column in COLUMNS:
            if column.needed == needed:
                bound = self[f"column-{column.name}"]
                found.append({"field": bound, "example": self._example(str(bound.value() or ""))})
        return found

    def needed_rows(self) -> list[dict[str, Any]]:
        return self.column_rows(needed=True)

    def further_rows(self) -> list[dict[str, Any]]:
        return self.column_rows(needed=False)

    def _example(self, header: str) -> str:
        if header not in self.sheet.headers:
            return ""
        place = self.sheet.headers.index(header)
        return next((cells[place] for _, cells in self.sheet.rows if cells[place]), "")

    def value_groups(self) -> list[tuple[str, list[Any]]]:
        return [
            (BY_NAME[column].label, [self[f"value-{column}-{n}"] for n in range(len(texts))])
            for column, texts in self.texts.items()
            if texts
        ]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        for column in COLUMNS:
            if column.needed and not cleaned.get(f"column-{column.name}"):
                self.add_error(f"column-{column.name}", f"Say which column holds “{column.label}”.")
        return cleaned

    def mapping(self) -> dict[str, Any]:
        """What was chosen. The form is valid."""
        columns = {
            c.name: self.cleaned_data[f"column-{c.name}"]
            for c in COLUMNS
            if self.cleaned_data[f"column-{c.name}"]
        }
        values: dict[str, dict[str, str]] = {}
        for column, texts in self.texts.items():
            for n, text in enumerate(texts):
                if code := self.cleaned_data[f"value-{column}-{n}"]:
                    values.setdefault(column, {})[plain(text)] = code
        return {"columns": columns, "values": values}
