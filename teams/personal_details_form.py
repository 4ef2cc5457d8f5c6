"""Forms that ask before they keep what looks like details of a person."""

from __future__ import annotations

from typing import Any

from django import forms

from teams.personal_details import find_personal_details, mask_personal_details


class AsksAboutPersonalDetails(forms.Form):
    """Adds a question to a form whose texts hold such details: mask them, or keep them as they are.

    `detail_fields`: names of the texts. Nothing is asked, and nothing is shown, where there is nothing.
    """

    detail_fields: tuple[str, ...] = ()

    details = forms.ChoiceField(
        label="What looks like details of a person",
        choices=[("mask", "Mask it"), ("keep", "Keep it: it is no patient")],
        widget=forms.RadioSelect,
        required=False,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.order_fields([name for name in self.fields if name != "details"])
        if not self._asked():
            self.fields["details"].widget = forms.HiddenInput()

    def _asked(self) -> bool:
        return self.is_bound and any(
            find_personal_details(self.data.get(self.add_prefix(name), ""))
            for name in self.detail_fields
        )

    @property
    def kept(self) -> dict[str, Any]:
        """What goes into the rows; the answer about details of persons does not."""
        return {name: value for name, value in self.cleaned_data.items() if name != "details"}

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        answer = cleaned.get("details")
        found = []
        for name in self.detail_fields:
            text = cleaned.get(name) or ""
            details = find_personal_details(text)
            if details and answer == "mask":
                cleaned[name] = mask_personal_details(text)
            elif details and answer != "keep":
                found += details
        if found:
            said = "; ".join(f"“{detail.text}” looks like {detail.kind}" for detail in found)
            self.add_error(
                "details", f"{said}. Notes here should not name patients. Choose what to do."
            )
        return cleaned
