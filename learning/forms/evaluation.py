"""Forms of the evaluation: releasing a text, surveys, excerpts, the codebook, coding."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from datetime import date
from typing import Any

from django import forms
from django.db.models import QuerySet

from learning.actions.coding import Passage
from learning.actions.surveys import Asked
from learning.enums import CodeLevel, QuestionKind, SourceForm
from learning.models import (
    MOST_OPTIONS,
    MOST_QUESTIONS,
    Codebook,
    CodebookEntry,
    InterviewSource,
    SurveyQuestion,
)
from teams.forms import DayField
from teams.models import User
from teams.personal_details_form import AsksAboutPersonalDetails

#: A file of excerpts is text for people to read; more than this is not one.
MOST_BYTES = 2_000_000
MOST_PASSAGES = 2_000


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


# --- surveys ---------------------------------------------------------------------------------------------------


class SurveyForm(forms.Form):
    """A survey with rows for its questions; a row without words is no question."""

    title = forms.CharField(
        label="Title", max_length=120, error_messages={"required": "Give the survey a title."}
    )
    introduction = forms.CharField(
        label="What people read first",
        max_length=500,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    closes_on = DayField(label="Last day for answers")

    def __init__(
        self, data: Any = None, *, questions: Sequence[SurveyQuestion] = (), **options: Any
    ) -> None:
        super().__init__(data, **options)
        before: dict[int, SurveyQuestion] = dict(enumerate(questions, start=1))
        for place in range(1, MOST_QUESTIONS + 1):
            known = before.get(place)
            self.fields[f"text_{place}"] = forms.CharField(
                label=f"Question {place}",
                max_length=200,
                required=False,
                initial=known.text if known else "",
            )
            self.fields[f"kind_{place}"] = forms.ChoiceField(
                label="Answer",
                choices=QuestionKind.choices,
                initial=known.kind if known else QuestionKind.SCALE,
            )
            self.fields[f"options_{place}"] = forms.CharField(
                label="Options of a choice, one a line",
                required=False,
                widget=forms.Textarea(attrs={"rows": 3}),
                initial="\n".join(known.options) if known else "",
            )

    def rows(self) -> list[dict[str, Any]]:
        """Fields of each question, for the page; `used` rows stand open."""
        return [
            {
                "place": place,
                "text": self[f"text_{place}"],
                "kind": self[f"kind_{place}"],
                "options": self[f"options_{place}"],
                "used": bool(self[f"text_{place}"].value()) or place == 1,
                "bad": bool(self[f"text_{place}"].errors or self[f"options_{place}"].errors),
            }
            for place in range(1, MOST_QUESTIONS + 1)
        ]

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if not any(values.get(f"text_{place}") for place in range(1, MOST_QUESTIONS + 1)):
            self.add_error("text_1", "Ask at least one question.")
        for place in range(1, MOST_QUESTIONS + 1):
            options = _lines(values.get(f"options_{place}", ""))
            if values.get(f"text_{place}") and values.get(f"kind_{place}") == QuestionKind.CHOICE:
                if not 2 <= len(options) <= MOST_OPTIONS:
                    self.add_error(
                        f"options_{place}", f"Give 2 to {MOST_OPTIONS} options, one on each line."
                    )
                elif any(len(option) > 80 for option in options):
                    self.add_error(f"options_{place}", "An option has at most 80 letters.")
        return values

    def questions(self) -> list[Asked]:
        """What is asked, in order; options of anything but a choice are left out."""
        values = self.cleaned_data
        asked = []
        for place in range(1, MOST_QUESTIONS + 1):
            if text := values[f"text_{place}"]:
                kind = QuestionKind(values[f"kind_{place}"])
                options = _lines(values[f"options_{place}"]) if kind == QuestionKind.CHOICE else []
                asked.append(Asked(kind, text, tuple(options)))
        return asked


def _lines(text: str) -> list[str]:
    return list(dict.fromkeys(line.strip() for line in text.splitlines() if line.strip()))


SCALE_WORDS = {1: "1, not at all", 2: "2", 3: "3", 4: "4", 5: "5, fully"}


class AnswerSurveyForm(forms.Form):
    """One field for each question; none has to be answered."""

    def __init__(
        self, data: Any = None, *, questions: Sequence[SurveyQuestion], **options: Any
    ) -> None:
        super().__init__(data, **options)
        self._questions = list(questions)
        for question in self._questions:
            self.fields[f"q{question.pk}"] = self._field(question)

    @staticmethod
    def _field(question: SurveyQuestion) -> forms.Field:
        if question.kind == QuestionKind.TEXT:
            return forms.CharField(
                label=question.text,
                required=False,
                max_length=1000,
                widget=forms.Textarea(attrs={"rows": 4}),
                help_text="Name no person, group or place.",
            )
        choices = (
            list(SCALE_WORDS.items())
            if question.kind == QuestionKind.SCALE
            else list(enumerate(question.options, start=1))
        )
        return forms.TypedChoiceField(
            label=question.text,
            required=False,
            coerce=int,
            empty_value="",
            choices=choices,
            widget=forms.RadioSelect,
        )

    def rows(self) -> list[dict[str, Any]]:
        return [
            {"question": q, "field": self[f"q{q.pk}"], "is_scale": q.kind == QuestionKind.SCALE}
            for q in self._questions
        ]

    def answers(self) -> dict[int, int | str]:
        """Question id → what was answered; without those left out."""
        given = {q.pk: self.cleaned_data[f"q{q.pk}"] for q in self._questions}
        return {pk: value for pk, value in given.items() if value != ""}


# --- interviews ------------------------------------------------------------------------------------------------


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
