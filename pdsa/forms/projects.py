"""Forms of projects and change ideas."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms

from measures.queries import list_patient_groups
from pdsa.enums import PopulationScope, ProjectStatus, Workstream
from pdsa.models import Project
from pdsa.queries.drivers import DriverIdeas
from pdsa.queries.projects import list_writable_teams
from teams.models import Team
from teams.personal_details_form import AsksAboutPersonalDetails
from teams.scoping import Scope


class _GroupsField(forms.ModelMultipleChoiceField):
    def __init__(self, **options: Any) -> None:
        super().__init__(
            list_patient_groups(),
            widget=forms.CheckboxSelectMultiple,
            required=False,
            **options,
        )

    def label_from_instance(self, obj: Any) -> str:
        return str(obj.label)


class ProjectForm(AsksAboutPersonalDetails):
    """A project: one field is needed."""

    detail_fields = ("title",)
    title = forms.CharField(
        label="Title", max_length=120, help_text="For example: Blood pressure in Dorchester"
    )
    team = forms.ModelChoiceField(Team.objects.none(), label="Team", empty_label=None)
    workstream = forms.ChoiceField(
        label="About", choices=Workstream.choices, initial=Workstream.CLINICAL
    )
    population_scope = forms.ChoiceField(
        label="Whose care changes",
        choices=PopulationScope.choices,
        initial=PopulationScope.ALL_PATIENTS,
    )
    focus_strata = _GroupsField(
        label="For which groups do you want to close a gap?",
        help_text="Choose none while you do not know.",
    )
    status = forms.ChoiceField(
        label="Status", choices=ProjectStatus.choices, initial=ProjectStatus.ACTIVE
    )

    def __init__(self, *args: Any, scope: Scope, project: Project | None = None, **kwargs: Any):
        if project is not None:
            kwargs["initial"] = {
                "title": project.title,
                "workstream": project.workstream,
                "population_scope": project.population_scope,
                "focus_strata": list(project.focus_strata.all()),
                "status": project.status,
            }
        super().__init__(*args, **kwargs)
        teams = list_writable_teams(scope)
        self.fields["team"].queryset = teams  # type: ignore[attr-defined]
        if project is not None:
            del self.fields["team"]
        else:
            del self.fields["status"]
            if len(teams) == 1:
                self.fields["team"].widget = forms.HiddenInput()
                self.fields["team"].initial = teams[0].pk
                self.fields["team"].required = False
        self._only_team = teams[0] if len(teams) == 1 else None

    def clean_team(self) -> Team | None:
        return self.cleaned_data["team"] or self._only_team


class IdeaForm(AsksAboutPersonalDetails):
    """A change idea."""

    detail_fields = ("title", "description")
    title = forms.CharField(label="What could be changed", max_length=160)
    description = forms.CharField(
        label="More about it", required=False, widget=forms.Textarea(attrs={"rows": 3})
    )


class RampFilterForm(forms.Form):
    """Whose ramps the board shows: of every idea, or of those that act on one driver."""

    driver = forms.ChoiceField(label="Driver", required=False)

    def __init__(
        self, data: Any, *, drivers: Sequence[DriverIdeas], idea_ids: Sequence[int]
    ) -> None:
        super().__init__(data, auto_id="filter-%s")
        self._all = frozenset(idea_ids)
        self._ideas = {str(row.driver.pk): row.idea_ids for row in drivers}
        loose = self._all.difference(*self._ideas.values())
        choices = [
            (str(row.driver.pk), f"– {row.driver}" if row.driver.parent_id else str(row.driver))
            for row in drivers
        ]
        if loose:
            self._ideas["none"] = loose
            choices.append(("none", "Without a driver"))
        self.fields["driver"].choices = [("", "All drivers"), *choices]  # type: ignore[attr-defined]
        #: One choice is none: then there is nothing to ask.
        self.is_useful = len(choices) > 1

    def idea_ids(self) -> frozenset[int]:
        """Ideas that are shown; an unknown driver narrows nothing."""
        self.is_valid()
        return self._ideas.get(self.cleaned_data.get("driver", ""), self._all)
