"""Forms of the harvest: search, nominations, reports, questions, and the change package's draft."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import QuerySet

from grants.enums import PlanDecision
from learning.enums import EvidenceGrade, TriedOutcome
from learning.models import ChapterIdea
from learning.queries.search import (
    SearchFilters,
    decision_choices,
    driver_choices,
    focus_choices,
    measure_choices,
    patient_choices,
)
from pdsa.enums import Decision
from teams.personal_details_form import AsksAboutPersonalDetails


def _lines(rows: int) -> forms.Textarea:
    return forms.Textarea(attrs={"rows": rows})


class SearchForm(forms.Form):
    """What the search is narrowed to; what does not exist narrows nothing."""

    text = forms.CharField(label="Words", required=False, max_length=100)
    measure = forms.ChoiceField(label="Measure", required=False)
    driver = forms.ChoiceField(label="Driver", required=False)
    patients = forms.ChoiceField(label="For whom", required=False)
    decision = forms.ChoiceField(label="Decided", required=False)
    kind = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, data: Any) -> None:
        super().__init__(data, auto_id="filter-%s")
        for name, first, choices in (
            ("measure", "Any", measure_choices()),
            ("driver", "Any", driver_choices()),
            ("patients", "Everybody", patient_choices()),
            ("decision", "Anything", decision_choices()),
        ):
            self.fields[name].choices = [("", first), *choices]  # type: ignore[attr-defined]
        self.fields["text"].widget.attrs["placeholder"] = "pharmacist, rides, script …"

    def filters(self) -> SearchFilters:
        self.is_valid()
        given = self.cleaned_data
        return SearchFilters(
            **{
                name: given.get(name, "")
                for name in ("text", "measure", "driver", "patients", "decision")
            }
        )


# --- about a shared test ------------------------------------------------------------------------------------------


class NominationForm(AsksAboutPersonalDetails):
    detail_fields = ("reason",)

    reason = forms.CharField(
        label="Why should others know it?",
        widget=_lines(3),
        error_messages={"required": "Say in a sentence why others should know it."},
    )
    afterwards = forms.ChoiceField(
        label="What becomes of the change in the group",
        choices=PlanDecision.choices,
        required=False,
        widget=forms.RadioSelect,
    )
    shows_effects = forms.BooleanField(
        label="Others may read what our own measures did, as it stands below",
        required=False,
    )

    def __init__(self, data: Any = None, *, asks_for_effects: bool, **options: Any) -> None:
        super().__init__(data, **options)
        if not asks_for_effects:
            del self.fields["shows_effects"]

    def clean_afterwards(self) -> str:
        return self.cleaned_data["afterwards"] or PlanDecision.UNDECIDED


class AcceptForm(AsksAboutPersonalDetails):
    """Where a nominated test stands in the draft, and in which words."""

    detail_fields = ("title", "summary")

    idea: forms.ModelChoiceField[ChapterIdea] = forms.ModelChoiceField(
        ChapterIdea.objects.none(),
        label="Under which idea",
        empty_label="Choose an idea of the draft",
        error_messages={"required": "Choose the idea under which it stands."},
    )
    title = forms.CharField(
        label="Title",
        max_length=160,
        help_text="Without names: the group’s name is added as the group wants it.",
    )
    summary = forms.CharField(
        label="What was tried and learned",
        widget=_lines(5),
        error_messages={"required": "Say what was tried and what came of it."},
    )

    def __init__(self, data: Any = None, *, ideas: QuerySet[ChapterIdea], **options: Any) -> None:
        super().__init__(data, **options)
        field: Any = self.fields["idea"]
        field.queryset = ideas
        field.label_from_instance = lambda idea: f"{idea.chapter.title}: {idea.title}"


class DeclineForm(forms.Form):
    note = forms.CharField(
        label="What do you say to the group?",
        widget=_lines(3),
        error_messages={"required": "Say why, and what would make it fit."},
    )


class TriedForm(AsksAboutPersonalDetails):
    """ "We tried this too": a minute's report."""

    detail_fields = ("text",)

    outcome = forms.ChoiceField(
        label="How did it go?",
        choices=TriedOutcome.choices,
        widget=forms.RadioSelect,
        error_messages={"required": "Choose how it went."},
    )
    text = forms.CharField(
        label="What was different, what did you learn?",
        widget=_lines(4),
        error_messages={"required": "Say in a sentence or two what you learned."},
    )
    decision = forms.ChoiceField(
        label="What did you decide?",
        choices=[("", "Choose"), *Decision.choices],
        error_messages={"required": "Choose what you decided."},
    )
    own_cycle: forms.ModelChoiceField[Any] = forms.ModelChoiceField(
        None,
        label="Your test of it",
        required=False,
        empty_label="None, or not logged",
        help_text="Others can open it if you share it.",
    )
    is_named = forms.BooleanField(label="Show our group’s name", required=False)

    def __init__(self, data: Any = None, *, cycles: QuerySet[Any], **options: Any) -> None:
        super().__init__(data, **options)
        self.fields["own_cycle"].queryset = cycles  # type: ignore[attr-defined]


class QuestionForm(AsksAboutPersonalDetails):
    detail_fields = ("text",)

    text = forms.CharField(
        label="Your question",
        widget=_lines(3),
        error_messages={"required": "Write your question."},
    )
    is_named = forms.BooleanField(label="Show our group’s name", required=False)

    def __init__(self, data: Any = None, *, of_a_group: bool, **options: Any) -> None:
        super().__init__(data, **options)
        if not of_a_group:
            del self.fields["is_named"]


class GroupAnswerForm(AsksAboutPersonalDetails):
    detail_fields = ("answer",)

    answer = forms.CharField(
        label="Answer",
        widget=_lines(4),
        error_messages={"required": "Write an answer."},
        help_text="Everybody who may read the test reads it. Leave names of people and places out.",
    )


# --- the draft of the change package ------------------------------------------------------------------------------


class _DraftForm(forms.Form):
    """seen: the revision that the form was filled from, so that nobody writes over somebody else."""

    seen = forms.IntegerField(widget=forms.HiddenInput, required=False)

    @property
    def values(self) -> dict[str, Any]:
        """What goes into the row."""
        return {name: value for name, value in self.cleaned_data.items() if name != "seen"}

    @property
    def seen_revision(self) -> int:
        return self.cleaned_data.get("seen") or 0


class PackageForm(_DraftForm):
    title = forms.CharField(label="Title", max_length=120)
    introduction = forms.CharField(
        label="Introduction",
        required=False,
        widget=_lines(6),
        help_text="What the package is for, and how a team begins with it.",
    )
    whats_new = forms.CharField(
        label="What is new in this version",
        required=False,
        widget=_lines(3),
        help_text="Everybody reads it when the version is published.",
    )


class ChapterForm(_DraftForm):
    title = forms.CharField(label="Title", max_length=120)
    introduction = forms.CharField(
        label="What it is about",
        required=False,
        widget=_lines(4),
        help_text="Why it matters for the focus group.",
    )
    driver = forms.ChoiceField(label="Primary driver", required=False)
    drivers = forms.CharField(
        label="What has to change",
        required=False,
        widget=_lines(4),
        help_text="One secondary driver a line.",
    )
    measure_codes = forms.MultipleChoiceField(
        label="Measures that should move", required=False, widget=forms.CheckboxSelectMultiple
    )
    focus_codes = forms.MultipleChoiceField(
        label="Focus groups for whom it was tried",
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )

    def __init__(self, data: Any = None, **options: Any) -> None:
        super().__init__(data, **options)
        for name, choices in (
            ("driver", [("", "None in particular"), *driver_choices()]),
            ("measure_codes", measure_choices()),
            ("focus_codes", focus_choices()),
        ):
            self.fields[name].choices = choices  # type: ignore[attr-defined]


class ChapterIdeaForm(_DraftForm):
    title = forms.CharField(label="Change idea", max_length=160)
    what = forms.CharField(label="What to do", widget=_lines(4))
    first_test = forms.CharField(label="A first small test", required=False, widget=_lines(2))
    evidence_grade = forms.ChoiceField(
        label="On what it rests", choices=EvidenceGrade.choices, widget=forms.RadioSelect
    )
    evidence = forms.CharField(
        label="What is known of it",
        required=False,
        widget=_lines(4),
        help_text="Studies with their source, and what groups here measured. Say also where nothing was found.",
    )
    library_idea: forms.ModelChoiceField[Any] = forms.ModelChoiceField(
        None, label="The same idea in the library", required=False, empty_label="None"
    )

    def __init__(self, data: Any = None, *, library: QuerySet[Any], **options: Any) -> None:
        super().__init__(data, **options)
        self.fields["library_idea"].queryset = library  # type: ignore[attr-defined]

    @property
    def values(self) -> dict[str, Any]:
        values = super().values
        chosen = values.pop("library_idea")
        return values | {"library_idea_id": chosen.pk if chosen is not None else None}
