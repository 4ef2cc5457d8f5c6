"""Forms of interviews: excerpts, the codebook, rounds of coding."""

from __future__ import annotations

import csv
import io
from datetime import date
from typing import Any

from django import forms
from django.db.models import QuerySet

from learning.actions.coding import Passage
from learning.enums import CodeLevel, SourceForm
from learning.models import (
    Codebook,
    CodebookEntry,
    InterviewSource,
)
from teams.models import User

#: A file of excerpts is text for people to read; more than this is not one.
MOST_BYTES = 2_000_000
MOST_PASSAGES = 2_000


class _MonthField(forms.CharField):
    """YYYY-MM as the first day of the month; empty is None."""

    widget = forms.TextInput(attrs={"type": "month", "placeholder": "2026-05"})

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        if not text:
            return None
        try:
            return date.fromisoformat(f"{text}-01")
        except ValueError:
            raise forms.ValidationError("Write the month as 2026-05.") from None


class PassagesForm(forms.Form):
    """Excerpts pasted from one interview or document, with an empty line between two."""

    source = forms.RegexField(
        r"^[A-Za-z]{1,4}-?[0-9]{1,4}$",
        label="Pseudonym",
        max_length=12,
        help_text="Letters and a number, such as P-07. Keep the list of who it is elsewhere.",
        error_messages={
            "required": "Give the interview a pseudonym.",
            "invalid": "Use letters and a number, such as P-07.",
        },
    )
    stakeholder = forms.CharField(
        label="Kind of stakeholder",
        max_length=60,
        help_text="Such as provider group, coach, payer.",
    )
    form = forms.ChoiceField(label="From", choices=SourceForm.choices)
    month = _MonthField(label="Month", required=False)
    text = forms.CharField(
        label="Excerpts",
        widget=forms.Textarea(attrs={"rows": 12}),
        help_text="An empty line between two excerpts.",
        error_messages={"required": "Paste at least one excerpt."},
    )
    mask = forms.BooleanField(
        label="Mask names and details of persons that are found", required=False
    )

    def clean_source(self) -> str:
        code: str = self.cleaned_data["source"]
        return code.upper()

    def passages(self) -> list[Passage]:
        values = self.cleaned_data
        pieces = [p.strip() for p in values["text"].replace("\r\n", "\n").split("\n\n")]
        return [
            Passage(
                values["source"],
                values["stakeholder"].strip(),
                SourceForm(values["form"]),
                values["month"],
                " ".join(piece.split()),
            )
            for piece in pieces
            if piece
        ]


CSV_COLUMNS = ("source", "stakeholder", "form", "month", "text")


class PassagesFileForm(forms.Form):
    """A CSV file with the columns source, stakeholder, form, month and text."""

    file = forms.FileField(
        label="CSV file",
        help_text="Columns: source, stakeholder, form (interview or document), month (2026-05, may be empty), text.",
        widget=forms.ClearableFileInput(attrs={"accept": ".csv,text/csv"}),
        error_messages={"required": "Choose a file."},
    )
    mask = forms.BooleanField(
        label="Mask names and details of persons that are found", required=False
    )

    def clean_file(self) -> list[Passage]:
        file = self.cleaned_data["file"]
        if file.size > MOST_BYTES:
            raise forms.ValidationError("The file is larger than 2 MB. Send it in parts.")
        try:
            text = file.read().decode("utf-8-sig")
        except UnicodeDecodeError:
            raise forms.ValidationError("Save the file as CSV in UTF-8.") from None
        rows = csv.DictReader(io.StringIO(text))
        missing = [name for name in CSV_COLUMNS if name not in (rows.fieldnames or [])]
        if missing:
            raise forms.ValidationError(f"Columns are missing: {', '.join(missing)}.")
        passages = [self._passage(line, row) for line, row in enumerate(rows, start=2)]
        if not passages:
            raise forms.ValidationError("The file holds no excerpt.")
        if len(passages) > MOST_PASSAGES:
            raise forms.ValidationError(
                "The file holds more than 2,000 excerpts. Send it in parts."
            )
        return passages

    @staticmethod
    def _passage(line: int, row: dict[str, str | None]) -> Passage:
        """Checked by the same rules as pasting; the message names the line, never the words."""
        values = {name: (row.get(name) or "").strip() for name in CSV_COLUMNS}
        form = PassagesForm({**values, "form": values["form"].lower() or SourceForm.INTERVIEW})
        if not form.is_valid():
            wrong = ", ".join(str(form.fields[name].label) for name in form.errors)
            raise forms.ValidationError(f"Line {line}: check {wrong}.")
        first = form.passages()[0]
        whole = " ".join(values["text"].split())
        return Passage(first.source, first.stakeholder, first.form, first.month, whole)


class VersionForm(forms.Form):
    note = forms.CharField(
        label="What changes, and why",
        max_length=300,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
    )


class EntryForm(forms.Form):
    """A theme, code or sub-code. parent: only when it is new."""

    name = forms.CharField(
        label="Name", max_length=120, error_messages={"required": "Give it a name."}
    )
    definition = forms.CharField(
        label="What it means", required=False, widget=forms.Textarea(attrs={"rows": 3})
    )
    when_to_use = forms.CharField(
        label="When to use it", required=False, widget=forms.Textarea(attrs={"rows": 2})
    )
    when_not = forms.CharField(
        label="When not", required=False, widget=forms.Textarea(attrs={"rows": 2})
    )


class NewEntryForm(EntryForm):
    def __init__(
        self, data: Any = None, *, entries: QuerySet[CodebookEntry], **options: Any
    ) -> None:
        super().__init__(data, **options)
        self.fields["parent"] = forms.ModelChoiceField(
            entries.exclude(level=CodeLevel.SUBCODE),
            label="Under",
            required=False,
            empty_label="Nothing: it is a theme",
        )
        self.order_fields(["parent"])


class RoundForm(forms.Form):
    name = forms.CharField(
        label="Name of the round",
        max_length=80,
        error_messages={"required": "Give the round a name, such as “Pilot”."},
    )
    codebook = forms.ModelChoiceField(Codebook.objects.none(), label="Codebook", empty_label=None)
    first = forms.ModelChoiceField(User.objects.none(), label="First coder", empty_label=None)
    second = forms.ModelChoiceField(
        User.objects.none(),
        label="Second coder",
        empty_label="Choose a person",
        error_messages={"required": "Choose who codes beside the first."},
    )
    sources = forms.ModelMultipleChoiceField(
        InterviewSource.objects.none(),
        label="Interviews and documents",
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="Choose none to code all of them.",
    )

    def __init__(
        self,
        data: Any = None,
        *,
        codebooks: QuerySet[Codebook],
        coders: QuerySet[User],
        sources: QuerySet[InterviewSource],
        **options: Any,
    ) -> None:
        super().__init__(data, **options)
        chosen: dict[str, QuerySet[Any]] = {
            "codebook": codebooks, "first": coders, "second": coders, "sources": sources,
        }  # fmt: skip
        for name, rows in chosen.items():
            self.fields[name].queryset = rows  # type: ignore[attr-defined]


class CodesForm(forms.Form):
    """The codes of one excerpt, from a round's codebook."""

    codes = forms.ModelMultipleChoiceField(
        CodebookEntry.objects.none(),
        label="Codes",
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )

    def __init__(self, data: Any = None, *, codebook: Codebook, **options: Any) -> None:
        super().__init__(data, **options)
        self.fields["codes"].queryset = codebook.entries.exclude(  # type: ignore[attr-defined]
            level=CodeLevel.THEME
        )


class SettleForm(CodesForm):
    reason = forms.CharField(label="Why", required=False, max_length=300)
