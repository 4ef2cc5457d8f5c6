"""Forms of local measures: the definition sheet, a copy from the programme, decisions, links."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from django import forms

from measures import queries as programme
from measures.enums import Direction
from measures.stats.spc import RULE_SETS
from pdsa.charts.assemble import MeasureCharts
from pdsa.enums import (
    ChartDecisionKind,
    Frequency,
    MeasureKind,
    PointKind,
    PopulationScope,
    StratumRole,
)
from pdsa.models import Cycle, LocalMeasure, Project
from pdsa.queries.measures import list_linkable_cycles
from teams.personal_details_form import AsksAboutPersonalDetails
from teams.scoping import Scope


class _Groups(forms.Form):
    """Which groups are counted, and which two are compared."""

    focus: Any = forms.ModelChoiceField(None, label="Focus group", empty_label="Choose")
    reference: Any = forms.ModelChoiceField(
        None, label="Compared with", required=False, empty_label="Nobody"
    )
    others: Any = forms.ModelMultipleChoiceField(
        None,
        label="Also counted",
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        groups = programme.list_countable_groups()
        for name in ("focus", "reference", "others"):
            choice: Any = self.fields[name]
            choice.queryset = groups
            choice.label_from_instance = lambda stratum: stratum.label

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("focus") and cleaned.get("focus") == cleaned.get("reference"):
            self.add_error("reference", "Choose another group than the focus group.")
        return cleaned

    def chosen_strata(self) -> list[tuple[int, StratumRole]]:
        """Focus first, then the reference, then the others in their order."""
        found = [(self.cleaned_data["focus"].pk, StratumRole.FOCUS)]
        if self.cleaned_data.get("reference"):
            found.append((self.cleaned_data["reference"].pk, StratumRole.REFERENCE))
        taken = {stratum for stratum, _ in found}
        return found + [
            (s.pk, StratumRole.OTHER) for s in self.cleaned_data["others"] if s.pk not in taken
        ]


def initial_groups(measure: LocalMeasure | None, project: Project) -> dict[str, Any]:
    """What the groups of a form begin with: those of the measure, else those of the project."""
    if measure is not None:
        rows = list(measure.strata.all())
        return {
            "focus": next((r.stratum_id for r in rows if r.role == StratumRole.FOCUS), None),
            "reference": next(
                (r.stratum_id for r in rows if r.role == StratumRole.REFERENCE), None
            ),
            "others": [r.stratum_id for r in rows if r.role == StratumRole.OTHER],
        }
    focus = project.focus_strata.first()
    groups = list(programme.list_countable_groups())
    reference = next((s for s in groups if s.is_reference), None)
    return {
        "focus": focus.pk if focus else None,
        "reference": reference.pk if reference and reference != focus else None,
        "others": [s.pk for s in groups if s.stratum_set.code == "all"],
    }


class DefinitionForm(_Groups, AsksAboutPersonalDetails):
    """The definition sheet. Four fields are needed; the others can wait."""

    detail_fields = (
        "name",
        "numerator_meaning",
        "denominator_meaning",
        "why",
        "definition",
        "exclusions",
        "data_source",
        "reason",
    )
    name = forms.CharField(
        label="Name", max_length=120, help_text="For example: Blood pressure under 140/90"
    )
    kind = forms.ChoiceField(label="What it is for", choices=MeasureKind.choices)
    point_kind = forms.ChoiceField(
        label="What one number is", choices=PointKind.choices, widget=forms.RadioSelect
    )
    direction = forms.ChoiceField(
        label="Which way is better", choices=Direction.choices, widget=forms.RadioSelect
    )
    numerator_meaning = forms.CharField(
        label="n counts", max_length=300, required=False, help_text="Patients whose last reading …"
    )
    denominator_meaning = forms.CharField(
        label="N counts", max_length=300, required=False, help_text="Patients seen in the month …"
    )
    target = forms.DecimalField(
        label="Target",
        max_digits=10,
        decimal_places=2,
        required=False,
        help_text="In percent for a share",
    )
    target_on = forms.DateField(
        label="Reached by", required=False, widget=forms.DateInput(attrs={"type": "date"})
    )
    unit = forms.CharField(
        label="Unit", max_length=30, required=False, help_text="Not for a share. Minutes, events …"
    )
    why = forms.CharField(label="Why we measure it", max_length=300, required=False)
    definition = forms.CharField(
        label="In words, so that two people count the same",
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    exclusions = forms.CharField(label="Not counted", max_length=300, required=False)
    data_source = forms.CharField(label="Source", max_length=200, required=False)
    population_scope = forms.ChoiceField(label="Whose care", choices=PopulationScope.choices)
    frequency = forms.ChoiceField(label="How often", choices=Frequency.choices)
    lag_days = forms.IntegerField(
        label="Days until the numbers are there", min_value=0, max_value=365, initial=5
    )
    collector = forms.CharField(label="Who collects", max_length=120, required=False)
    minimum_denominator = forms.IntegerField(
        label="Fewest people for a conclusion", min_value=1, max_value=10_000, required=False
    )
    rule_set = forms.ChoiceField(
        label="Rules for signals",
        required=False,
        choices=[("", "As fits the chart"), *((r.code, r.name) for r in RULE_SETS.values())],
    )
    is_screened = forms.BooleanField(
        label="A single jump does not widen the limits", required=False, initial=True
    )
    reason = forms.CharField(label="Why the definition changes", max_length=200, required=False)

    #: Shown at once; the others stand in a section that opens.
    FIRST = (
        "name",
        "kind",
        "point_kind",
        "direction",
        "focus",
        "reference",
        "others",
        "numerator_meaning",
        "denominator_meaning",
        "target",
        "target_on",
    )

    def __init__(
        self,
        *args: Any,
        project: Project,
        measure: LocalMeasure | None = None,
        locked: Sequence[str] = (),
        **kwargs: Any,
    ) -> None:
        begin: dict[str, Any] = {
            "kind": MeasureKind.OUTCOME,
            "point_kind": PointKind.PROPORTION,
            "direction": Direction.HIGHER,
            "frequency": Frequency.MONTH,
            "population_scope": project.population_scope,
        }
        if measure is not None:
            begin = {n: getattr(measure, n) for n in self.base_fields if hasattr(measure, n)}
        super().__init__(*args, initial={**begin, **initial_groups(measure, project)}, **kwargs)
        if measure is None:
            del self.fields["reason"]
        for name in locked:
            if name in self.fields:
                self.fields[name].disabled = True

    @property
    def first_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in self.FIRST if name in self.fields]

    @property
    def more_fields(self) -> list[forms.BoundField]:
        return [self[n] for n in self.fields if n not in (*self.FIRST, "details")]

    def clean_target(self) -> Any:
        target = self.cleaned_data["target"]
        kind = self.data.get("point_kind") or self.initial.get("point_kind")
        if target is not None and kind == PointKind.PROPORTION and not 0 <= target <= 100:
            raise forms.ValidationError("A share has a target of 0 to 100 percent.")
        return target

    def sheet(self) -> dict[str, Any]:
        names = set(self.fields) - {"focus", "reference", "others", "reason", "details"}
        return {n: self.cleaned_data[n] for n in names if not self.fields[n].disabled}


class ProgrammeCopyForm(_Groups):
    """A measure of the programme for the project."""

    measure = forms.ChoiceField(label="Measure of the programme")
    source: Any = forms.ModelChoiceField(None, label="Numbers from", empty_label=None)

    field_order = ("measure", "source", "focus", "reference", "others")

    def __init__(self, *args: Any, scope: Scope, project: Project, year: int, **kwargs: Any):
        super().__init__(*args, initial=initial_groups(None, project), **kwargs)
        choice: Any = self.fields["measure"]
        choice.choices = [
            (d.measure.code, d.name) for d in programme.list_definitions(year=year) if d.stratified
        ]
        sources: Any = self.fields["source"]
        sources.queryset = programme.list_sources(scope)
        sources.label_from_instance = lambda source: source.name


class DecisionForm(AsksAboutPersonalDetails):
    """A decision about a chart: what, at which period, why, and for a phase after which test."""

    detail_fields = ("reason",)
    kind = forms.ChoiceField(label="What", choices=ChartDecisionKind.choices)
    starts_on = forms.ChoiceField(label="Period")
    stratum = forms.ChoiceField(label="For", required=False)
    cycle: Any = forms.ModelChoiceField(
        None, label="After which test", required=False, empty_label="No test"
    )
    is_expected_to_last = forms.BooleanField(label="We expect it to last", required=False)
    reason = forms.CharField(
        label="Why", max_length=300, help_text="It is printed under the chart."
    )

    def __init__(
        self, *args: Any, measure: LocalMeasure, charts: MeasureCharts, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        data = charts.data
        periods: Any = self.fields["starts_on"]
        periods.choices = [
            (day.isoformat(), name)
            for day, name in reversed(list(zip(data.periods, data.labels, strict=True)))
        ]
        strata: Any = self.fields["stratum"]
        strata.choices = [("", "All groups"), *((str(g.stratum_id), g.name) for g in data.groups)]
        cycles: Any = self.fields["cycle"]
        cycles.queryset = list_linkable_cycles(measure)

    def decision(self) -> dict[str, Any]:
        """Arguments of `decide_about_chart`."""
        cleaned = self.cleaned_data
        kind = ChartDecisionKind(cleaned["kind"])
        is_phase = kind == ChartDecisionKind.PHASE
        stratum = cleaned["stratum"] if kind == ChartDecisionKind.EXCLUDE else ""
        return {
            "kind": kind,
            "starts_on": date.fromisoformat(cleaned["starts_on"]),
            "stratum_id": int(stratum) if stratum else None,
            "cycle": cleaned["cycle"] if is_phase else None,
            "is_expected_to_last": cleaned["is_expected_to_last"] if is_phase else None,
            "reason": cleaned["reason"],
        }


class MeasureChoiceForm(forms.Form):
    """A measure of a test's project that the test is meant to move."""

    measure = forms.ChoiceField(label="Measure")

    def __init__(self, *args: Any, cycle: Cycle, **kwargs: Any) -> None:
        kwargs["auto_id"] = "link-%s"
        super().__init__(*args, **kwargs)
        measures = LocalMeasure.objects.filter(
            project=cycle.idea.project_id, retired_at__isnull=True
        ).exclude(cycle_links__cycle=cycle)
        self.measures = {str(measure.pk): measure for measure in measures}
        self.fields["measure"].choices = [  # type: ignore[attr-defined]
            ("", "Choose a measure"),
            *((pk, measure.name) for pk, measure in self.measures.items()),
        ]

    @property
    def chosen(self) -> LocalMeasure:
        return self.measures[self.cleaned_data["measure"]]


class LinkForm(forms.Form):
    """A test of the project that is meant to move the measure."""

    cycle: Any = forms.ModelChoiceField(None, label="Test", empty_label="Choose a test")

    def __init__(self, *args: Any, measure: LocalMeasure, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        linked = measure.cycle_links.values("cycle_id")
        cycles: Any = self.fields["cycle"]
        cycles.queryset = list_linkable_cycles(measure).exclude(pk__in=linked)
