"""The choice of a measurement year on the pages of definitions."""

from __future__ import annotations

from collections.abc import Sequence

from django import forms


class YearForm(forms.Form):
    """One select; an unknown or missing year is the default one."""

    year = forms.TypedChoiceField(label="Measurement year", coerce=int, required=False)

    def __init__(self, data: object, *, years: Sequence[int], default: int) -> None:
        super().__init__(data, initial={"year": default})
        self.fields["year"].choices = [(year, str(year)) for year in years]
        self.default = default
        if not self.data.get("year"):
            self.data = {"year": default}

    def chosen(self) -> int:
        return self.cleaned_data["year"] if self.is_valid() else self.default
