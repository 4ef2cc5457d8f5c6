"""Forms of cycles: the log of a minute, the fields that save themselves, finishing, filters."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from django import forms
from django.db.models import TextChoices

from measures.queries import list_patient_groups
from pdsa.enums import CarriedOut, CycleKind, CycleState, Decision, Match, PatientInput, Sharing
from pdsa.models import ChangeIdea, Cycle, CycleTask, Prediction, Project
from pdsa.queries.cycles import CycleFilters
from pdsa.queries.projects import list_writable_ideas, list_writable_projects
from teams.autosave import list_versions, text_of, type_of
from teams.file_field import AttachmentField
from teams.forms import DayField
from teams.models import FieldVersion, Site
from teams.personal_details_form import AsksAboutPersonalDetails
from teams.queries import list_sites
from teams.scoping import Scope

NEW_IDEA = "new"


def _lines(rows: int, **attrs: Any) -> forms.Textarea:
    return forms.Textarea(attrs={"rows": rows, **attrs})


def _maybe(choices: type[TextChoices], label: str) -> list[tuple[str, str]]:
    return [("", label), *choices.choices]


# --- logging --------------------------------------------------------------------------------------------------


class _IdeaChoice(forms.Form):
    """Under which idea a test goes. The one used last is chosen already; none exists yet: not asked."""

    idea = forms.ChoiceField(label="Part of", required=False)

    def __init__(self, *args: Any, scope: Scope, idea_id: int | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._ideas = {str(idea.pk): idea for idea in list_writable_ideas(scope)[:200]}
        self._projects = {
            f"{NEW_IDEA}-{project.pk}": project
            for project in list_writable_projects(scope).filter(status="active")
        }
        groups: list[tuple[str, Any]] = [
            ("Ideas", [(key, _shown(idea)) for key, idea in self._ideas.items()]),
            (
                "Something new",
                [(key, f"New idea in {project}") for key, project in self._projects.items()]
                or [("", "A first idea")],
            ),
        ]
        self.fields["idea"].choices = [group for group in groups if group[1]]  # type: ignore[attr-defined]
        if idea_id is not None and str(idea_id) in self._ideas:
            self.initial["idea"] = str(idea_id)
        elif self._ideas:
            self.initial.setdefault("idea", next(iter(self._ideas)))
        if not self._ideas and len(self._projects) < 2:
            self.fields["idea"].widget = forms.HiddenInput()
            self.initial["idea"] = next(iter(self._projects), "")

    @property
    def chosen_idea(self) -> ChangeIdea | None:
        return self._ideas.get(self.cleaned_data["idea"])

    @property
    def chosen_project(self) -> Project | None:
        return self._projects.get(self.cleaned_data["idea"])


def _shown(idea: ChangeIdea) -> str:
    return idea.title if len(idea.title) <= 70 else f"{idea.title[:69]}…"


class LogForm(_IdeaChoice, AsksAboutPersonalDetails):
    """The log of a minute: what, the guess, who and when."""

    detail_fields = ("objective", "prediction", "who")
    objective = forms.CharField(
        label="What do you want to try?",
        max_length=1000,
        widget=_lines(2, autofocus=True),
        help_text="One sentence. For example: a pharmacist calls 5 patients about their readings.",
    )
    prediction = forms.CharField(
        label="What do you think will happen?",
        max_length=1000,
        required=False,
        widget=_lines(2),
        help_text="A number is best: 3 of 5 will take a reading.",
    )
    who = forms.CharField(label="Who", max_length=200, required=False)
    start_on = DayField(label="When", required=False)
    client_key = forms.UUIDField(widget=forms.HiddenInput, required=False)

    field_order = ["objective", "prediction", "who", "start_on", "idea"]

    def __init__(self, *args: Any, today: date, name: str, **kwargs: Any) -> None:
        kwargs["initial"] = {
            "who": name,
            "start_on": today,
            "client_key": uuid.uuid4(),
            **kwargs.get("initial", {}),
        }
        super().__init__(*args, **kwargs)


class LogDoneForm(_IdeaChoice, AsksAboutPersonalDetails):
    """A test that is over already."""

    detail_fields = ("objective", "what_happened", "learned", "who")
    objective = forms.CharField(
        label="What did you try?", max_length=1000, widget=_lines(2, autofocus=True)
    )
    what_happened = forms.CharField(
        label="What happened?", max_length=4000, required=False, widget=_lines(3)
    )
    learned = forms.CharField(
        label="What did you learn?", max_length=4000, required=False, widget=_lines(2)
    )
    decision = forms.ChoiceField(
        label="What did you decide?",
        choices=[("", "Not decided yet"), *Decision.choices],
        required=False,
    )
    who = forms.CharField(label="Who", max_length=200, required=False)
    started_on = DayField(label="First day", required=False)
    ended_on = DayField(label="Last day", required=False)
    client_key = forms.UUIDField(widget=forms.HiddenInput, required=False)

    field_order = [
        "objective",
        "what_happened",
        "learned",
        "decision",
        "who",
        "started_on",
        "ended_on",
        "idea",
    ]

    def __init__(self, *args: Any, today: date, name: str, **kwargs: Any) -> None:
        self._today = today
        kwargs["initial"] = {
            "who": name,
            "ended_on": today,
            "client_key": uuid.uuid4(),
            **kwargs.get("initial", {}),
        }
        super().__init__(*args, **kwargs)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        first, last = cleaned.get("started_on"), cleaned.get("ended_on")
        if first and last and last < first:
            self.add_error("ended_on", "The last day cannot be before the first.")
        for name in ("started_on", "ended_on"):
            if cleaned.get(name) and cleaned[name] > self._today:
                self.add_error(name, "This day has not come yet. Log it as a new test instead.")
        return cleaned


# --- fields that save themselves ------------------------------------------------------------------------------


class _SavesItself(forms.ModelForm):
    """Every control knows the version that it shows; `static/js/autosave.js` saves it on that.

    versions: {field: number} of the instance, from `teams.autosave.list_versions`.
    """

    def __init__(self, *, instance: Any, versions: dict[str, int], **kwargs: Any) -> None:
        super().__init__(instance=instance, auto_id=f"{self.id_prefix}{instance.pk}-%s", **kwargs)
        for name, field in self.fields.items():
            field.widget.attrs["data-version"] = versions.get(name, 0)
            field.required = False
            if isinstance(field, forms.DecimalField):  # 4, not 4.000
                self.initial[name] = text_of(self.initial.get(name))

    id_prefix = "f"


class _HowMany(forms.IntegerField):
    """A size of a test: from one, or not said."""

    def __init__(self, **options: Any) -> None:
        super().__init__(
            min_value=1,
            max_value=10_000_000,
            required=False,
            widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
            **options,
        )


class CycleForm(_SavesItself):
    """All fields of a cycle that can be written one by one."""

    id_prefix = "cycle-"
    planned_start_on = DayField(label="Planned start", required=False)
    planned_end_on = DayField(label="Planned end", required=False)
    site = forms.ModelChoiceField(
        Site.objects.none(), label="Where", required=False, empty_label="Not said"
    )
    patient_count = _HowMany(label="Patients or visits")
    clinician_count = _HowMany(label="Clinicians")
    site_count = _HowMany(label="Sites")
    duration_days = _HowMany(label="Days")
    carried_out = forms.ChoiceField(
        label="Carried out as planned?",
        choices=CarriedOut.choices,
        required=False,
        widget=forms.RadioSelect,
    )
    patient_input = forms.ChoiceField(
        label="Did patients have a say in the plan?",
        choices=PatientInput.choices,
        required=False,
        widget=forms.RadioSelect,
    )

    class Meta:
        model = Cycle
        fields = [
            "title",
            "kind",
            "objective",
            "who",
            "planned_start_on",
            "planned_end_on",
            "site",
            "patient_count",
            "clinician_count",
            "site_count",
            "duration_days",
            "patient_input",
            "data_what",
            "data_who",
            "data_how",
            "data_sample",
            "carried_out",
            "what_happened",
            "problems",
            "quotes",
            "learned",
            "surprises",
            "focus_result",
            "next_change",
        ]
        labels = {
            "title": "Title",
            "kind": "What kind of test",
            "objective": "What do you want to try?",
            "who": "Who carries it out",
            "data_what": "What do you write down?",
            "data_who": "Who writes it down?",
            "data_how": "How and where?",
            "data_sample": "Which patients or visits?",
            "what_happened": "What happened?",
            "problems": "Problems and the unexpected",
            "quotes": "What people said",
            "learned": "What did you learn?",
            "surprises": "What surprised you?",
            "focus_result": "What did it do for the group it was for?",
            "next_change": "What will you change next?",
        }
        help_texts = {
            "title": "Empty: the idea and its number.",
            "quotes": "No names, nothing that tells who it was.",
            "focus_result": "Or why you cannot tell.",
        }
        widgets = {
            "objective": _lines(2),
            "data_what": _lines(2),
            "what_happened": _lines(4),
            "problems": _lines(2),
            "quotes": _lines(2),
            "learned": _lines(3),
            "surprises": _lines(2),
            "focus_result": _lines(2),
            "next_change": _lines(2),
        }

    def __init__(self, *, instance: Cycle, versions: dict[str, int], scope: Scope) -> None:
        super().__init__(instance=instance, versions=versions)
        sites = list_sites(scope, instance.idea.project.team.code)
        self.fields["site"].queryset = Site.objects.filter(  # type: ignore[attr-defined]
            pk__in=sites.order_by().values("pk")
        )


class PredictionForm(_SavesItself):
    """One question of the plan with its result."""

    id_prefix = "question-"
    match = forms.ChoiceField(
        label="Did it come out as predicted?",
        choices=Match.choices,
        required=False,
        widget=forms.RadioSelect,
    )

    class Meta:
        model = Prediction
        fields = [
            "question",
            "prediction",
            "expected_value",
            "unit",
            "result",
            "actual_value",
            "match",
        ]
        labels = {
            "question": "Question",
            "prediction": "We predict",
            "expected_value": "Number",
            "unit": "Unit",
            "result": "What came out",
            "actual_value": "Number",
        }
        widgets = {
            "question": _lines(1),
            "prediction": _lines(2),
            "result": _lines(2),
            "unit": forms.TextInput(attrs={"list": "units"}),
        }


class TaskForm(_SavesItself):
    """One task: what, who, when, where."""

    id_prefix = "task-"
    due_on = DayField(label="When", required=False)

    class Meta:
        model = CycleTask
        fields = ["what", "who", "due_on", "where"]
        labels = {"what": "What", "who": "Who", "where": "Where"}


# --- acts -----------------------------------------------------------------------------------------------------


class FinishForm(AsksAboutPersonalDetails):
    """Finish a test in a minute: what happened, did it hold, what now.

    Every box knows the version that it shows (`base-…`), so that the words of somebody who writes in the
    test meanwhile are not written over.
    """

    detail_fields = ("what_happened", "learned", "next_change")
    what_happened = forms.CharField(
        label="What happened?",
        max_length=4000,
        required=False,
        widget=_lines(3, autofocus=True),
    )
    learned = forms.CharField(
        label="What did you learn?", max_length=4000, required=False, widget=_lines(2)
    )
    decision = forms.ChoiceField(
        label="What do you decide?", choices=Decision.choices, widget=forms.RadioSelect
    )
    next_change = forms.CharField(
        label="What will you change next?", max_length=4000, required=False, widget=_lines(2)
    )
    plan_next = forms.BooleanField(
        label="Plan the next test with the same plan", required=False, initial=True
    )

    def __init__(self, *args: Any, cycle: Cycle, **kwargs: Any) -> None:
        kwargs["initial"] = {
            "what_happened": cycle.what_happened,
            "learned": cycle.learned,
            "next_change": cycle.next_change,
            "decision": cycle.decision,
        }
        super().__init__(*args, **kwargs)
        self.predictions = list(cycle.predictions.all())
        for row in self.predictions:
            self.fields[f"match-{row.pk}"] = forms.ChoiceField(
                label=f"Did it come out as predicted? {row.prediction}".strip(),
                choices=Match.choices,
                widget=forms.RadioSelect,
                required=False,
                initial=row.match,
            )
        matches = [f"match-{row.pk}" for row in self.predictions]
        self.order_fields(
            ["what_happened", *matches, "learned", "decision", "next_change", "plan_next"]
        )
        versions = list_versions([cycle, *self.predictions])
        shown: list[tuple[str, Any, str]] = [(name, cycle, name) for name in self.detail_fields]
        shown += [(f"match-{row.pk}", row, "match") for row in self.predictions]
        for name, target, column in shown:
            self.fields[f"base-{name}"] = forms.IntegerField(
                widget=forms.HiddenInput,
                required=False,
                min_value=0,
                initial=versions.get((type_of(target), target.pk), {}).get(column, 0),
            )

    @property
    def texts(self) -> dict[str, str]:
        """{field of the cycle: what its box holds}."""
        return {name: self.cleaned_data[name].replace("\r\n", "\n") for name in self.detail_fields}

    @property
    def matches(self) -> dict[int, str]:
        """{id of the question: match} for those that were answered."""
        return {
            row.pk: self.cleaned_data[f"match-{row.pk}"]
            for row in self.predictions
            if self.cleaned_data[f"match-{row.pk}"]
        }

    @property
    def bases(self) -> dict[str | int, int]:
        """{field of the cycle, or id of the question: number of the version that the form showed}."""
        found: dict[str | int, int] = {
            name: self.cleaned_data[f"base-{name}"] or 0 for name in self.detail_fields
        }
        return found | {
            row.pk: self.cleaned_data[f"base-match-{row.pk}"] or 0 for row in self.predictions
        }

    def show_both(self, theirs: Mapping[str | int, FieldVersion]) -> None:
        """Show what others wrote beside what was typed; sent again, it builds on what they wrote."""
        data: Any = self.data
        self.data = data = data.copy()
        for key, version in theirs.items():
            name = key if isinstance(key, str) else f"match-{key}"
            text = version.text if isinstance(key, str) else dict(Match.choices).get(version.text)
            who = version.by.name if version.by else "Somebody else"
            field: Any = self.fields[name]
            field.theirs, field.by = text or "(empty)", who
            data[f"base-{name}"] = str(version.number)
            said = "changed this while you were writing. Nothing is lost: decide below what stays."
            self.add_error(name, f"{who} {said}")


class ReadingForm(AsksAboutPersonalDetails):
    """Numbers from the test: n of N, or one value."""

    detail_fields = ("label",)
    read_on = DayField(label="Day")
    label = forms.CharField(label="What", max_length=120, required=False)
    numerator = forms.IntegerField(label="n", min_value=0, required=False)
    denominator = forms.IntegerField(label="of N", min_value=1, required=False)
    value = forms.DecimalField(label="or a value", max_digits=12, decimal_places=3, required=False)
    stratum: Any = forms.ModelChoiceField(
        None, label="For", required=False, empty_label="Everybody in the test"
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["auto_id"] = "reading-%s"
        super().__init__(*args, **kwargs)
        stratum: Any = self.fields["stratum"]
        stratum.queryset = list_patient_groups()
        stratum.label_from_instance = lambda row: row.label
        for name in ("numerator", "denominator"):
            self.fields[name].widget.attrs["inputmode"] = "numeric"

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if self.errors:
            return cleaned
        share = cleaned["numerator"] is not None or cleaned["denominator"] is not None
        if share == (cleaned["value"] is not None):
            raise forms.ValidationError("Enter n of N, or one value.")
        if share and (cleaned["numerator"] is None or cleaned["denominator"] is None):
            raise forms.ValidationError("Enter both numbers: n of N.")
        if share and cleaned["numerator"] > cleaned["denominator"]:
            raise forms.ValidationError("n cannot be larger than N.")
        return cleaned


class FocusForm(forms.Form):
    """Whose patients the test is about."""

    strata: Any = forms.ModelMultipleChoiceField(
        None, label="Whose patients?", required=False, widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, *args: Any, cycle: Cycle, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        strata: Any = self.fields["strata"]
        strata.queryset = list_patient_groups()
        strata.label_from_instance = lambda row: row.label
        self.initial["strata"] = [row.pk for row in cycle.focus_strata.all()]


class SharingForm(forms.Form):
    sharing = forms.ChoiceField(
        label="Who can see this test?", choices=Sharing.choices, widget=forms.RadioSelect
    )


class CancelForm(AsksAboutPersonalDetails):
    detail_fields = ("reason",)
    reason = forms.CharField(label="Why", max_length=200, required=False)


class CommentForm(AsksAboutPersonalDetails):
    """A comment. People are mentioned by choosing them."""

    detail_fields = ("text",)
    text = forms.CharField(label="Comment", max_length=4000, widget=_lines(2))
    mentions = forms.MultipleChoiceField(
        label="Tell", required=False, widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, *args: Any, people: list[Any], **kwargs: Any) -> None:
        kwargs["auto_id"] = "comment-%s"
        super().__init__(*args, **kwargs)
        self._people = {str(person.pk): person for person in people}
        self.fields["mentions"].choices = [(pk, p.name) for pk, p in self._people.items()]  # type: ignore[attr-defined]

    @property
    def mentioned(self) -> list[Any]:
        return [self._people[pk] for pk in self.cleaned_data["mentions"]]


class FileForm(forms.Form):
    """One file of a test: a photo of the flip chart, the script that was used."""

    file = AttachmentField()


class CopyForm(_IdeaChoice):
    """Where another group's plan goes."""


class CycleFilterForm(forms.Form):
    """What the list of tests shows; an unknown value is as good as none."""

    text = forms.CharField(label="Search", required=False, max_length=100)
    project = forms.ChoiceField(label="Project", required=False)
    state = forms.ChoiceField(
        label="State", choices=_maybe(CycleState, "Any state"), required=False
    )
    decision = forms.ChoiceField(
        label="Decision", choices=_maybe(Decision, "Any decision"), required=False
    )
    kind = forms.ChoiceField(label="Kind", choices=_maybe(CycleKind, "Any kind"), required=False)
    due = forms.ChoiceField(
        label="When", choices=[("", "Any time"), ("late", "Past the planned end")], required=False
    )
    sharing = forms.ChoiceField(
        label="Who can read it", choices=_maybe(Sharing, "Anybody"), required=False
    )

    def __init__(
        self,
        data: Any,
        *,
        projects: Sequence[Project] = (),
        teams: Sequence[Any] = (),
        day: date | None = None,
    ) -> None:
        """day: on which tests of the reader's own teams are late; of others' tests nobody asks it."""
        super().__init__(data, auto_id="filter-%s")
        self._day = day
        if day is None:
            del self.fields["due"], self.fields["sharing"]
        self.fields["project"].choices = [  # type: ignore[attr-defined]
            ("", "All projects"),
            *((str(p.pk), p.title) for p in projects),
        ]
        if len(projects) < 2:
            del self.fields["project"]
        if len(teams) > 1:
            self.fields["team"] = forms.ChoiceField(
                label="Group",
                required=False,
                choices=[("", "All groups"), *((t.code, t.name) for t in teams)],
            )

    def filters(self) -> CycleFilters:
        self.is_valid()
        given = self.cleaned_data
        return CycleFilters(
            text=given.get("text", ""),
            project_id=int(given["project"]) if given.get("project") else None,
            team_code=given.get("team", ""),
            state=given.get("state", ""),
            decision=given.get("decision", ""),
            kind=given.get("kind", ""),
            sharing=given.get("sharing", ""),
            late_on=self._day if given.get("due") else None,
        )
