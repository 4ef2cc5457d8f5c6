"""Forms of coaching, progress and control plans."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils import timezone

from grants.enums import PlanDecision
from learning.about import NOTHING, About
from learning.enums import Trigger
from learning.models import SCORES
from learning.scale import LEVEL_OF
from pdsa.enums import Workstream
from teams.forms import DayField
from teams.models import User


class MomentForm(forms.Form):
    """Day and time as two fields of their own, so that each has its label."""

    on = DayField(label="Day")
    at = forms.TimeField(
        label="Time",
        widget=forms.TimeInput(format="%H:%M", attrs={"type": "time"}),
        error_messages={"required": "Choose a time.", "invalid": "Write the time as 14:30."},
    )

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if "on" in values and "at" in values:
            values["moment"] = timezone.make_aware(datetime.combine(values["on"], values["at"]))
        return values


class CallForm(MomentForm):
    """When the next call is."""

    coach = forms.ModelChoiceField(User.objects.none(), label="Coach", empty_label=None)

    def __init__(self, data: Any = None, *, coaches: QuerySet[User], **options: Any) -> None:
        super().__init__(data, **options)
        self.fields["coach"].queryset = coaches  # type: ignore[attr-defined]
        self.fields["at"].help_text = f"In the programme's time zone: {zone_name()}."


def zone_name() -> str:
    return timezone.localtime().strftime("%Z")


class HoldCallForm(forms.Form):
    held_on = DayField(label="Day of the call")
    attendees = forms.CharField(label="Who was there", required=False, max_length=300)
    workstreams = forms.MultipleChoiceField(
        label="What it was about",
        choices=Workstream.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )


class CallNotesForm(forms.Form):
    """The four boxes of one stream, which save themselves."""

    wins = forms.CharField(label="Wins", required=False, widget=forms.Textarea)
    what_data_say = forms.CharField(
        label="What the data say", required=False, widget=forms.Textarea
    )
    stuck_on = forms.CharField(label="Stuck on", required=False, widget=forms.Textarea)
    decisions = forms.CharField(label="Decisions", required=False, widget=forms.Textarea)


class PrivateNoteForm(forms.Form):
    text = forms.CharField(label="Private note", required=False, widget=forms.Textarea)


class _OwnedForm(forms.Form):
    """Of something that one person answers for. people: among whom the field `owner` chooses."""

    def __init__(self, data: Any = None, *, people: QuerySet[User], **options: Any) -> None:
        super().__init__(data, **options)
        self.fields["owner"].queryset = people  # type: ignore[attr-defined]


class ActionItemForm(_OwnedForm):
    text = forms.CharField(
        label="What", max_length=300, error_messages={"required": "Say what is to be done."}
    )
    owner = forms.ModelChoiceField(
        User.objects.none(),
        label="Who",
        empty_label="Choose a person",
        error_messages={"required": "Choose who does it."},
    )
    due_on = DayField(label="By when")
    workstream = forms.ChoiceField(
        label="Workstream", choices=Workstream.choices, initial=Workstream.CLINICAL
    )

    about = forms.TypedChoiceField(
        label="About",
        required=False,
        coerce=About.read,
        empty_value=NOTHING,
        help_text="A test, a measure or a step of the grant.",
    )

    def __init__(
        self,
        data: Any = None,
        *,
        about: list[tuple[str, list[tuple[str, str]]]],
        **options: Any,
    ) -> None:
        super().__init__(data, **options)
        self.fields["about"].choices = [("", "Nothing in particular"), *about]  # type: ignore[attr-defined]


class CloseActionForm(forms.Form):
    state = forms.ChoiceField(
        label="What became of it",
        choices=[("done", "Done"), ("dropped", "Dropped")],
        widget=forms.RadioSelect,
        initial="done",
    )
    note = forms.CharField(label="Note", required=False, max_length=300)


class HelpForm(forms.Form):
    text = forms.CharField(
        label="What do you need help with?",
        widget=forms.Textarea(attrs={"rows": 4}),
        error_messages={"required": "Say in a sentence what you need."},
    )


class AnswerForm(forms.Form):
    answer = forms.CharField(
        label="Answer",
        widget=forms.Textarea(attrs={"rows": 4}),
        error_messages={"required": "Write an answer."},
    )


class ScoreForm(forms.Form):
    value = forms.TypedChoiceField(
        label="Score",
        coerce=lambda text: next(score for score in SCORES if str(score) == text),
        choices=[(str(score), f"{score} · {LEVEL_OF[score].name}") for score in SCORES],
    )
    reason = forms.CharField(
        label="Why",
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": "Give the reason: it is what the other side talks about."},
    )


class ReportForm(forms.Form):
    """The boxes of a monthly report, which save themselves."""

    tested_and_learned = forms.CharField(
        label="What we tested and learned", required=False, widget=forms.Textarea
    )
    help_needed = forms.CharField(
        label="What we need help with", required=False, widget=forms.Textarea
    )
    next_steps = forms.CharField(
        label="What we will do by next Tuesday", required=False, widget=forms.Textarea
    )
    patient_voice = forms.CharField(
        label="What patients or the community said", required=False, widget=forms.Textarea
    )


class AcknowledgeForm(forms.Form):
    comment = forms.CharField(
        label="Comment to the team", required=False, widget=forms.Textarea(attrs={"rows": 3})
    )


class CloseReportForm(forms.Form):
    feedback = forms.CharField(
        label="Feedback to the team",
        widget=forms.Textarea(attrs={"rows": 5}),
        error_messages={"required": "Write at least one sentence of feedback."},
    )


class ControlPlanForm(_OwnedForm):
    """How a measure is watched over. Which fields belong together the action says."""

    owner = forms.ModelChoiceField(
        User.objects.none(),
        label="Who watches over it",
        empty_label="Choose a person",
        error_messages={"required": "Choose who watches over it."},
    )
    check_every_days = forms.IntegerField(
        label="Look at it every … days", min_value=1, max_value=366, initial=30
    )
    trigger = forms.ChoiceField(
        label="Somebody has to act when",
        choices=Trigger.choices,
        initial=Trigger.SIGNAL,
        widget=forms.RadioSelect,
    )
    threshold = forms.DecimalField(
        label="The number",
        required=False,
        max_digits=10,
        decimal_places=2,
        help_text="In the unit of the measure; percent for a share. Empty for a signal.",
    )
    response = forms.CharField(
        label="What is done then",
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": "Say what is done when it happens, and by whom."},
    )
    standard_work = forms.URLField(
        label="Link to the standard work",
        required=False,
        max_length=300,
        assume_scheme="https",
        help_text="Where it is written how the work is done now.",
    )


class NewControlPlanForm(ControlPlanForm):
    measure: forms.ModelChoiceField[Any] = forms.ModelChoiceField(
        None,
        label="Measure",
        empty_label="Choose a measure",
        error_messages={"required": "Choose the measure that is watched."},
    )

    field_order = ["measure"]

    def __init__(self, data: Any = None, *, measures: QuerySet[Any], **options: Any) -> None:
        super().__init__(data, **options)
        self.fields["measure"].queryset = measures  # type: ignore[attr-defined]


class FutureForm(_OwnedForm):
    """What becomes of a change when the project ends."""

    decision = forms.ChoiceField(
        label="What becomes of it",
        choices=PlanDecision.choices,
        widget=forms.RadioSelect,
        error_messages={"required": "Choose what becomes of it."},
    )
    replaces_step = forms.CharField(
        label="Which step does it replace?",
        required=False,
        max_length=200,
        help_text="A change that only adds work does not stay.",
    )
    owner = forms.ModelChoiceField(
        User.objects.none(),
        label="Who owns it",
        empty_label="Choose a person",
        error_messages={"required": "Choose who owns it from now on."},
    )
    reason = forms.CharField(
        label="Why",
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": "Give the reason in a sentence."},
    )


class CheckForm(forms.Form):
    note = forms.CharField(
        label="What you found and did",
        required=False,
        max_length=300,
        help_text="May stay empty while all is well. When the trigger has fired, say what was done.",
    )


def month_of(text: str) -> date | None:
    """The month in an address, "2026-05", as its first day; None for anything else."""
    try:
        year, month = text.split("-")
        return date(int(year), int(month), 1)
    except ValueError:
        return None
