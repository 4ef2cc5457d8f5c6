"""Forms of the programme's calendar: phases, sessions, feedback."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils import timezone

from learning.enums import PhaseKind, SessionKind
from learning.forms.coaching import MomentForm, zone_name
from learning.models import Session
from teams.file_field import AttachmentField
from teams.forms import DayField
from teams.models import Team


class PhaseForm(forms.Form):
    name = forms.CharField(label="Name", max_length=80)
    kind = forms.ChoiceField(label="Kind", choices=PhaseKind.choices)
    starts_on = DayField(label="First day")
    ends_on = DayField(label="Last day")

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        first, last = values.get("starts_on"), values.get("ends_on")
        if first and last and last < first:
            self.add_error("ends_on", "The last day cannot be before the first.")
        return values


class SessionForm(MomentForm):
    kind = forms.ChoiceField(label="Kind", choices=SessionKind.choices)
    title = forms.CharField(label="Title", max_length=120)
    minutes = forms.IntegerField(
        label="Length in minutes", min_value=5, max_value=24 * 60, initial=60
    )
    place = forms.CharField(label="Place", max_length=200, required=False)
    join_link = forms.URLField(
        label="Link to join", required=False, max_length=300, assume_scheme="https"
    )
    teams = forms.ModelMultipleChoiceField(
        Team.objects.none(),
        label="For",
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="Choose nobody to invite everybody.",
    )
    agenda = forms.CharField(
        label="Agenda", required=False, widget=forms.Textarea(attrs={"rows": 6})
    )
    pre_work = forms.CharField(
        label="Pre-work", required=False, widget=forms.Textarea(attrs={"rows": 4})
    )
    recording_link = forms.URLField(
        label="Link to the recording", required=False, max_length=300, assume_scheme="https"
    )
    notes = forms.CharField(label="Notes", required=False, widget=forms.Textarea(attrs={"rows": 6}))

    field_order = [
        "kind", "title", "on", "at", "minutes", "place", "join_link", "teams", "agenda", "pre_work",
        "notes", "recording_link",
    ]  # fmt: skip

    def __init__(
        self, data: Any = None, *, teams: QuerySet[Team], session: Session | None = None
    ) -> None:
        initial: dict[str, Any] = {}
        if session is not None:
            starts_at = timezone.localtime(session.starts_at)
            initial = {
                name: getattr(session, name) for name in self.base_fields if hasattr(session, name)
            }
            initial |= {
                "on": starts_at.date(),
                "at": starts_at.time(),
                "minutes": round((session.ends_at - session.starts_at).total_seconds() / 60),
                "teams": list(session.teams.all()),
            }
        super().__init__(data, initial=initial)
        self.fields["teams"].queryset = teams  # type: ignore[attr-defined]
        self.fields["at"].help_text = f"In the programme's time zone: {zone_name()}."

    def session_values(self) -> dict[str, Any]:
        """The checked values as fields of a session."""
        values = self.cleaned_data
        starts_at = values["moment"]
        names = (
            "kind",
            "title",
            "place",
            "join_link",
            "agenda",
            "pre_work",
            "notes",
            "recording_link",
        )
        return {
            **{name: values[name] for name in names},
            "starts_at": starts_at,
            "ends_at": starts_at + timedelta(minutes=values["minutes"]),
        }


class SessionFileForm(forms.Form):
    file = AttachmentField()


class LinkForm(forms.Form):
    title = forms.CharField(label="Title", max_length=120)
    address = forms.URLField(label="Address", max_length=300, assume_scheme="https")


_FIVE = [("1", "1 not at all"), ("2", "2"), ("3", "3"), ("4", "4"), ("5", "5 very much")]


class FeedbackForm(forms.Form):
    useful = forms.TypedChoiceField(
        label="How useful was it?", choices=_FIVE, coerce=int, widget=forms.RadioSelect
    )
    will_use = forms.TypedChoiceField(
        label="How much of it will you use?", choices=_FIVE, coerce=int, widget=forms.RadioSelect
    )
    best = forms.CharField(
        label="What was best?", required=False, widget=forms.Textarea(attrs={"rows": 3})
    )
    better = forms.CharField(
        label="What could be better?", required=False, widget=forms.Textarea(attrs={"rows": 3})
    )
