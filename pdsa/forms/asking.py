"""Forms of staff training and of scripts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from django import forms
from django.db.models import QuerySet

from pdsa.enums import ScriptLanguage, Situation, StaffRole, TrainingTopic
from pdsa.models import AskingScript, AskingText, Project, StaffTraining
from teams.forms import DayField
from teams.models import Site
from teams.personal_details_form import AsksAboutPersonalDetails

#: Offered as the day from which a training has to be refreshed; groups change it as their rules say.
HOLDS_FOR = timedelta(days=365)


class _TextField(forms.ModelChoiceField):
    def label_from_instance(self, obj: Any) -> str:
        return str(obj)


def _versions_of(script: AskingScript) -> QuerySet[AskingText]:
    """Language by language, the newest first."""
    return script.texts.select_related("script").order_by("language", "-number")


class _VersionField(forms.ModelChoiceField):
    def label_from_instance(self, obj: Any) -> str:
        return f"{obj.get_language_display()}, version {obj.number}"


class TrainingForm(AsksAboutPersonalDetails):
    """One entry of the training log."""

    detail_fields = ("note",)
    site = forms.ModelChoiceField(Site.objects.none(), label="Site", empty_label=None)
    role = forms.ChoiceField(label="Role", choices=StaffRole.choices)
    topic = forms.ChoiceField(label="What it was about", choices=TrainingTopic.choices)
    trained_on = DayField(label="Day of the training")
    trained_count = forms.IntegerField(
        label="How many of this role are trained now", min_value=0, max_value=5000
    )
    staff_count = forms.IntegerField(
        label="How many work in this role at the site", min_value=1, max_value=5000
    )
    who = forms.CharField(
        label="Who",
        max_length=300,
        required=False,
        help_text="Names or initials of staff, if your group keeps them here. Never of patients.",
    )
    trainer = forms.CharField(label="Trained by", max_length=120, required=False)
    text = _TextField(
        AskingText.objects.none(), label="Script", required=False, empty_label="No script"
    )
    due_on = DayField(
        label="Refresh from", required=False, help_text="Empty: a year after the training."
    )
    note = forms.CharField(label="Note", max_length=300, required=False)

    def __init__(
        self,
        *args: Any,
        sites: Sequence[Site],
        texts: Any,
        training: StaffTraining | None = None,
        **kwargs: Any,
    ) -> None:
        if training is not None:
            kwargs["initial"] = {
                **{name: getattr(training, name) for name in self.base_fields if name != "details"},
                **kwargs.get("initial", {}),
            }
        super().__init__(*args, **kwargs)
        self.fields["site"].queryset = Site.objects.filter(  # type: ignore[attr-defined]
            pk__in=[site.pk for site in sites]
        )
        self.fields["text"].queryset = texts  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        day, due = cleaned.get("trained_on"), cleaned.get("due_on")
        if day is not None and due is None:
            cleaned["due_on"] = day + HOLDS_FOR
        elif day is not None and due is not None and due <= day:
            self.add_error("due_on", "Choose a day after the training, or leave it empty.")
        trained, staff = cleaned.get("trained_count"), cleaned.get("staff_count")
        if trained is not None and staff is not None and trained > staff:
            self.add_error(
                "trained_count",
                f"{trained} trained cannot be more than the {staff} who work there.",
            )
        return cleaned

    def values(self) -> dict[str, Any]:
        return {name: value for name, value in self.cleaned_data.items() if name != "details"}


class ScriptForm(forms.Form):
    """A script of the group's own, or its next version."""

    title = forms.CharField(label="Title", max_length=120)
    situation = forms.ChoiceField(label="When it is said", choices=Situation.choices)
    language = forms.ChoiceField(label="Language", choices=ScriptLanguage.choices)
    text = forms.CharField(
        label="The words",
        max_length=5000,
        widget=forms.Textarea(attrs={"rows": 10}),
        help_text="Say first why, then ask. End with what happens when somebody would rather not say.",
    )
    note = forms.CharField(
        label="What is new in it",
        max_length=200,
        required=False,
        help_text="For those who used the version before.",
    )

    def __init__(
        self,
        *args: Any,
        script: AskingScript | None = None,
        text: AskingText | None = None,
        **kw: Any,
    ) -> None:
        if script is not None:
            kw["initial"] = {
                "title": script.title,
                "situation": script.situation,
                "language": text.language if text else ScriptLanguage.ENGLISH,
                "text": text.text if text else "",
            }
        super().__init__(*args, **kw)


class UseForm(forms.Form):
    """Which site asks with which version from which day."""

    site = forms.ModelChoiceField(Site.objects.none(), label="Site", empty_label=None)
    text = _VersionField(AskingText.objects.none(), label="Version", empty_label=None)
    starts_on = DayField(label="From")

    def __init__(
        self, *args: Any, sites: Sequence[Site], script: AskingScript, today: date, **kwargs: Any
    ) -> None:
        kwargs.setdefault("initial", {"starts_on": today})
        kwargs.setdefault("auto_id", "use-%s")
        super().__init__(*args, **kwargs)
        self.fields["site"].queryset = Site.objects.filter(  # type: ignore[attr-defined]
            pk__in=[site.pk for site in sites]
        )
        self.fields["text"].queryset = _versions_of(script)  # type: ignore[attr-defined]


class AdoptScriptForm(forms.Form):
    """The project that takes a script over as a change idea."""

    project = forms.ModelChoiceField(Project.objects.none(), label="Project", empty_label=None)
    text = _VersionField(AskingText.objects.none(), label="Version", empty_label=None)

    def __init__(
        self,
        *args: Any,
        projects: Any,
        script: AskingScript,
        **kwargs: Any,
    ) -> None:
        kwargs.setdefault("auto_id", "adopt-%s")
        super().__init__(*args, **kwargs)
        self.fields["project"].queryset = projects  # type: ignore[attr-defined]
        self.fields["text"].queryset = _versions_of(script)  # type: ignore[attr-defined]
