"""Forms of aims and charters."""

from __future__ import annotations

from typing import Any

from django import forms

from pdsa.aims.fields import CHARTER_LABELS, CHARTER_NEEDED
from pdsa.enums import AimDirection
from pdsa.models import Aim, Charter
from pdsa.queries.aims import Bindings
from teams.forms import DayField
from teams.personal_details_form import AsksAboutPersonalDetails


class AimForm(AsksAboutPersonalDetails, forms.ModelForm):
    """The parts of an aim. Nothing is required: an aim grows, and the checks say what is missing."""

    detail_fields = (
        "measure_name",
        "population",
        "place",
        "focus_group",
        "reference_group",
        "unit",
        "basis",
    )
    due_on = DayField(label="By", required=False)

    class Meta:
        model = Aim
        fields = [
            "measure",
            "focus_stratum",
            "direction",
            "measure_name",
            "population",
            "place",
            "focus_group",
            "reference_group",
            "unit",
            "baseline",
            "target",
            "due_on",
            "gap_from",
            "gap_to",
            "guards_everyone",
            "basis",
        ]
        labels = {
            "direction": "We want to",
            "measure_name": "What",
            "population": "For which patients",
            "place": "Where",
            "focus_group": "Focus group",
            "reference_group": "Compared with",
            "unit": "Unit",
            "baseline": "Level now",
            "target": "Level to reach",
            "gap_from": "Gap now",
            "gap_to": "Gap to reach",
            "guards_everyone": "Nobody’s rate gets worse on the way",
            "basis": "Where these numbers come from",
        }
        help_texts = {
            "measure_name": "For example: controlling high blood pressure.",
            "population": "For example: adults with hypertension.",
            "focus_group": "The patients who are behind today, for example: Black.",
            "reference_group": "For example: White.",
            "unit": "% or a word such as days.",
            "gap_from": "Distance between the two groups, without a sign.",
            "basis": "Source and date, or how you counted.",
        }
        widgets = {
            name: forms.NumberInput(attrs={"step": "0.1", "inputmode": "decimal"})
            for name in ("baseline", "target", "gap_from", "gap_to")
        }

    def __init__(self, data: Any = None, *, bindings: Bindings, **options: Any) -> None:
        super().__init__(data, **options)
        self.fields["direction"].choices = AimDirection.choices  # type: ignore[attr-defined]
        for name in ("unit", "direction"):
            self.fields[name].required = False
        for name, label, choices in (
            ("measure", "Measure of the programme", bindings.measures),
            ("focus_stratum", "Focus group of the programme", bindings.strata),
        ):
            if not choices:
                del self.fields[name]
                continue
            self.fields[name].label, self.fields[name].help_text = label, ""
            allowed = [pk for pk, _ in choices]
            field: Any = self.fields[name]
            field.queryset = field.queryset.filter(pk__in=allowed)
            field.choices = [("", "None: we write our own")] + choices

    def clean_unit(self) -> str:
        return self.cleaned_data["unit"].strip() or "%"

    def clean_direction(self) -> str:
        return self.cleaned_data["direction"] or AimDirection.INCREASE


class ReviewForm(AsksAboutPersonalDetails):
    """What the coach says about an aim or a charter."""

    detail_fields = ("note",)
    note = forms.CharField(
        label="Note to the team",
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    seen_version = forms.IntegerField(
        # What is kept on a device is about the version that the page shows when it is put back.
        widget=forms.HiddenInput(attrs={"data-draft-fresh": ""}),
        required=False,
    )


_LONG = ("why_now", "in_scope", "out_of_scope", "benefits", "measures", "first_ideas", "risks")


class CharterForm(AsksAboutPersonalDetails, forms.ModelForm):
    """The charter on one page. What is needed before a review comes first; the rest can wait."""

    detail_fields = tuple(name for name in CHARTER_LABELS if name != "review_on")

    review_on = DayField(label=CHARTER_LABELS["review_on"], required=False)

    class Meta:
        model = Charter
        fields = list(CHARTER_LABELS)
        labels = CHARTER_LABELS
        help_texts = {
            "problem": "Who is worse off, and how do you know?",
            "population": "Whose care changes, and at which sites.",
            "community_partner": "Who speaks for the patients, and from when on.",
            "why_now": "A number and a story.",
            "measures": "One outcome, one or two of the process, one that must not get worse.",
        }
        widgets = {
            **{name: forms.Textarea(attrs={"rows": 3}) for name in _LONG},
            "problem": forms.Textarea(attrs={"rows": 2}),
            "population": forms.Textarea(attrs={"rows": 2}),
        }

    @property
    def needed(self) -> list[forms.BoundField]:
        return [self[name] for name in CHARTER_NEEDED]

    @property
    def people(self) -> list[forms.BoundField]:
        return [self[n] for n in CHARTER_LABELS if n not in (*CHARTER_NEEDED, *_LONG, "review_on")]

    @property
    def rest(self) -> list[forms.BoundField]:
        return [self[name] for name in (*_LONG, "review_on")]
