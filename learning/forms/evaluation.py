"""Forms of the evaluation: releasing a text."""

from __future__ import annotations

from django import forms

from teams.personal_details_form import AsksAboutPersonalDetails


class ReleaseForm(AsksAboutPersonalDetails):
    """The words as they will be read; they can be changed, the report or the test stays as it is."""

    detail_fields = ("text",)

    text = forms.CharField(
        label="Text as the evaluators will read it",
        max_length=5000,
        widget=forms.Textarea(attrs={"rows": 8}),
        error_messages={"required": "Write the text that you want to release."},
    )
    agreed = forms.BooleanField(
        label="It names no person, group or place, and the team agrees to release it.",
        error_messages={"required": "Read the text once more and tick this."},
    )
