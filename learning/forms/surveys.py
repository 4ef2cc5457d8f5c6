"""Forms of surveys: making one, answering one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms

from learning.actions.surveys import Asked
from learning.enums import QuestionKind
from learning.models import (
    MOST_OPTIONS,
    MOST_QUESTIONS,
    SurveyQuestion,
)
from teams.forms import DayField


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
