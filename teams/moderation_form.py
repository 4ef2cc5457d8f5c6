"""Forms of reporting a post and of deciding about it."""

from __future__ import annotations

from django import forms

from teams.enums import HoldState


class ReportPostForm(forms.Form):
    reason = forms.CharField(
        label="What did you see?",
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="For example: a name and a date of birth. Do not repeat the details.",
        error_messages={"required": "Say in a few words what you saw."},
    )


class DecidePostForm(forms.Form):
    state = forms.ChoiceField(
        label="What becomes of it",
        choices=[
            (HoldState.RESTORED, "Restore it: it holds nothing about a patient"),
            (HoldState.REMOVED, "Remove it: it stays hidden"),
        ],
        widget=forms.RadioSelect,
        error_messages={"required": "Choose one of the two."},
    )
    decision = forms.CharField(
        label="Reason, which the author reads",
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": "Give the reason: the author reads it."},
    )
