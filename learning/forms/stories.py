"""Forms of stories."""

from __future__ import annotations

from typing import Any

from django import forms

from learning.enums import FollowKind
from learning.topics import library_topics
from measures.queries import list_patient_groups
from teams.file_field import AttachmentField


def _codes(kind: FollowKind) -> list[tuple[str, str]]:
    return [
        ("", "None in particular"),
        *((choice.value, choice.label) for choice in library_topics() if choice.kind == kind),
    ]


class StoryForm(forms.Form):
    """The words of a story, which save themselves."""

    title = forms.CharField(label="Title", required=False, max_length=120)
    what_we_changed = forms.CharField(
        label="What we changed", required=False, widget=forms.Textarea
    )
    for_whom = forms.CharField(label="For whom", required=False, widget=forms.Textarea)
    what_happened = forms.CharField(label="What happened", required=False, widget=forms.Textarea)


class StoryTopicsForm(forms.Form):
    """What a story is about: by this others find and follow it."""

    topic = forms.ChoiceField(
        label="Topic", required=False, choices=lambda: _codes(FollowKind.TOPIC)
    )
    driver = forms.ChoiceField(
        label="Driver", required=False, choices=lambda: _codes(FollowKind.DRIVER)
    )
    focus_stratum: Any = forms.ModelChoiceField(
        None, label="Group of patients", required=False, empty_label="None in particular"
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        stratum: Any = self.fields["focus_stratum"]
        stratum.queryset = list_patient_groups()
        stratum.label_from_instance = lambda row: row.label


class TellStoryForm(StoryTopicsForm):
    is_named = forms.ChoiceField(
        label="Who tells it",
        choices=[
            ("no", "A group of the programme, without our name"),
            ("yes", "Our group, by name"),
        ],
        initial="no",
        widget=forms.RadioSelect,
    )


class StoryFileForm(forms.Form):
    file = AttachmentField(label="Picture or document")


class SynthesisForm(forms.Form):
    """The texts of a monthly synthesis, which save themselves."""

    summary = forms.CharField(label="In short", required=False, widget=forms.Textarea)
    themes = forms.CharField(label="What many wrote about", required=False, widget=forms.Textarea)
    answers = forms.CharField(
        label="To what the groups asked help with", required=False, widget=forms.Textarea
    )
    next_month = forms.CharField(label="Next month", required=False, widget=forms.Textarea)
