"""Forms of single acts: a reason, a reference, a day, a file."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils import timezone

from teams.file_field import AttachmentField
from teams.forms import DayField


class MoneyInput(forms.DecimalField):
    """Dollars and cents; $ and commas may be typed."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("max_digits", 14)
        options.setdefault("decimal_places", 2)
        options.setdefault("min_value", 0)
        options.setdefault(
            "widget", forms.TextInput(attrs={"inputmode": "decimal", "class": "input-money"})
        )
        super().__init__(**options)
        self.error_messages["invalid"] = "Write dollars, for example 12,500.00."

    def to_python(self, value: Any) -> Any:
        if isinstance(value, str):
            value = value.replace("$", "").replace(",", "").replace("\u00a0", "").strip()
        return super().to_python(value)


class QuestionForm(forms.Form):
    """Nothing to fill in: the question is the form."""


class ReasonForm(forms.Form):
    reason = forms.CharField(
        label="Reason",
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Kept with the act and shown in the history.",
        error_messages={"required": "Write the reason."},
    )


class NoteForm(forms.Form):
    note = forms.CharField(label="Note", widget=forms.Textarea(attrs={"rows": 3}), required=False)


class _DayForm(forms.Form):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "on" in self.fields:
            self.fields["on"].initial = timezone.localdate()


class PaymentForm(_DayForm):
    on = DayField(label="Paid on")
    reference = forms.CharField(
        label="Bank reference", max_length=80, help_text="The number by which the bank finds it."
    )


class FailureForm(_DayForm):
    on = DayField(label="Came back on")
    reason = forms.CharField(label="Why it failed", widget=forms.Textarea(attrs={"rows": 2}))


class ReturnForm(_DayForm):
    amount = MoneyInput(label="Amount that came back")
    on = DayField(label="Came back on")
    reference = forms.CharField(label="Bank reference", max_length=80)
    reason = forms.CharField(label="Why it came back", widget=forms.Textarea(attrs={"rows": 2}))


class AgreementForm(forms.Form):
    file = AttachmentField(label="Signed agreement")
    signed_by = forms.CharField(label="Name under the agreement", max_length=150)
    signed_on = DayField(label="Signed on")


class DocumentForm(forms.Form):
    file = AttachmentField(label="Document")


class ReceiptForm(_DayForm):
    amount = MoneyInput(label="Amount received")
    on = DayField(label="Received on")
    reference = forms.CharField(label="Bank reference", max_length=80)
