"""Forms of driver diagrams, process maps and the library."""

from __future__ import annotations

from typing import Any

from django import forms

from pdsa.enums import DriverStatus, Effort
from pdsa.library.files import read_library
from pdsa.models import ChangeIdea, Driver, ProcessMap, ProcessStep, Project
from pdsa.queries.library import LibraryFilters
from teams.personal_details_form import AsksAboutPersonalDetails


class DriverForm(AsksAboutPersonalDetails, forms.ModelForm):
    """Owner, status and measures of a driver. measures: of the programme, as (id, name)."""

    detail_fields = ("owner",)

    class Meta:
        model = Driver
        fields = ["owner", "status", "measures", "local_measures"]
        labels = {
            "owner": "Who takes care of it",
            "status": "Where it stands",
            "measures": "Measures of the programme",
            "local_measures": "Measures of the project",
        }
        widgets = {
            "measures": forms.CheckboxSelectMultiple,
            "local_measures": forms.CheckboxSelectMultiple,
        }

    def __init__(
        self, data: Any = None, *, measures: list[tuple[int, str]], **options: Any
    ) -> None:
        super().__init__(data, **options)
        self.fields["status"].choices = [("", "Not said"), *DriverStatus.choices]  # type: ignore[attr-defined]
        if measures:
            field: Any = self.fields["measures"]
            field.queryset = field.queryset.filter(pk__in=[pk for pk, _ in measures])
            field.choices = measures
        else:
            del self.fields["measures"]
        own: Any = self.fields["local_measures"]
        own.queryset = self.instance.project.local_measures.filter(retired_at=None)
        if not own.queryset:
            del self.fields["local_measures"]


class MapForm(AsksAboutPersonalDetails, forms.ModelForm):
    detail_fields = ("title", "focus_group")

    class Meta:
        model = ProcessMap
        fields = ["title", "kind", "focus_group"]
        labels = {
            "title": "Name of the process",
            "kind": "What it shows",
            "focus_group": "Focus group",
        }
        help_texts = {
            "title": "For example: from the call to the filled prescription.",
            "focus_group": "The patients for whom you note where they drop out, for example: Black.",
        }


class StepForm(AsksAboutPersonalDetails, forms.ModelForm):
    """One step of a process map."""

    detail_fields = ("text", "actor", "pain_point", "note", "branch_label")

    class Meta:
        model = ProcessStep
        fields = [
            "text",
            "actor",
            "kind",
            "minutes",
            "lost_percent",
            "pain_point",
            "note",
            "will_stop",
            "branch_to",
            "branch_label",
        ]
        labels = {
            "text": "What happens",
            "actor": "Who does it",
            "kind": "Kind",
            "minutes": "Minutes",
            "lost_percent": "Focus group lost here, %",
            "pain_point": "Pain point",
            "note": "Note",
            "will_stop": "We will stop this step",
            "branch_to": "The other answer leads to",
            "branch_label": "The other answer",
        }
        help_texts = {
            "minutes": "Of work, or of waiting. A day has 1,440 minutes.",
            "lost_percent": "Of 100 who reach this step, how many do not get past it?",
            "branch_label": "For a decision: for example No.",
        }

    def __init__(self, data: Any = None, *, process_map: ProcessMap, **options: Any) -> None:
        super().__init__(data, **options)
        others: Any = self.fields["branch_to"]
        others.queryset = process_map.steps.filter(removed_at__isnull=True).exclude(
            pk=self.instance.pk
        )
        others.empty_label = "Nowhere else"
        self.fields["minutes"].widget.attrs["inputmode"] = "decimal"
        self.fields["lost_percent"].widget.attrs["inputmode"] = "decimal"
        self.fields["actor"].widget.attrs["list"] = "actors"

    def clean_minutes(self) -> Any:
        minutes = self.cleaned_data["minutes"]
        if minutes is not None and minutes < 0:
            raise forms.ValidationError("Minutes cannot be less than nothing.")
        return minutes

    def clean_lost_percent(self) -> Any:
        share = self.cleaned_data["lost_percent"]
        if share is not None and not 0 <= share <= 100:
            raise forms.ValidationError("A share is 0 to 100 percent.")
        return share


class LibraryFilterForm(forms.Form):
    """What the library is narrowed to; what does not exist narrows nothing."""

    text = forms.CharField(label="Words", required=False, max_length=100)
    topic = forms.ChoiceField(label="Topic", required=False)
    driver = forms.ChoiceField(label="Driver", required=False)
    population = forms.ChoiceField(label="Patients", required=False)
    effort = forms.ChoiceField(label="Effort", required=False)

    def __init__(self, data: Any) -> None:
        super().__init__(data, auto_id="filter-%s")
        library = read_library()
        for name, choices in (
            ("topic", list(library.topics.items())),
            ("driver", list(library.drivers.items())),
            ("population", list(library.populations.items())),
            ("effort", list(Effort.choices)),
        ):
            self.fields[name].choices = [("", "All"), *choices]  # type: ignore[attr-defined]

    def filters(self) -> LibraryFilters:
        self.is_valid()
        return LibraryFilters(**{name: self.cleaned_data.get(name, "") for name in self.fields})


class AdoptForm(forms.Form):
    """Into which project an idea is taken over."""

    project = forms.ModelChoiceField(Project.objects.none(), label="Project", empty_label=None)

    def __init__(self, data: Any = None, *, projects: Any, **options: Any) -> None:
        super().__init__(data, **options)
        self.fields["project"].queryset = projects  # type: ignore[attr-defined]


class LinkForm(forms.Form):
    """Which idea of the team is the same as one of the library."""

    idea = forms.ModelChoiceField(
        ChangeIdea.objects.none(), label="Idea of your team", empty_label=None
    )

    def __init__(self, data: Any = None, *, ideas: Any, **options: Any) -> None:
        super().__init__(data, **options)
        self.fields["idea"].queryset = ideas  # type: ignore[attr-defined]
