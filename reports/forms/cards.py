"""Forms of report cards: which ones to list, which to draft, the commentary."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.http import QueryDict

from measures import queries as measures
from reports.enums import CardState
from reports.queries.cards import list_card_sources
from teams.scoping import Scope

#: What fits on the first page beside everything else.
COMMENTARY_LIMIT = 700

NOTHING_YET = "none"
RESTATED = "restated"
STATE_CHOICES = [
    ("", "Any state"),
    (NOTHING_YET, "No card yet"),
    (CardState.DRAFT.value, "Draft"),
    (CardState.REVIEWED.value, "Reviewed"),
    (CardState.PUBLISHED.value, "Published"),
    (RESTATED, "Data changed since publishing"),
]
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


class CardFilters(forms.Form):
    """Source, period and state of the list; what does not exist falls back to the default.

    source, period: None where there are no results yet.
    """

    period = forms.ChoiceField(label="Period", required=False)
    state = forms.ChoiceField(label="State", choices=STATE_CHOICES, required=False)
    source = forms.ChoiceField(label="Data from", required=False)

    def __init__(self, data: QueryDict, *, scope: Scope) -> None:
        super().__init__(auto_id="filter-%s")
        sources = list_card_sources(scope)
        self.source: Any = _chosen(sources, data.get("source"), lambda s: s.code)
        periods = list(measures.list_periods(self.source)) if self.source else []
        self.period: Any = _chosen(periods, data.get("period"), lambda p: p.label)
        states = {value for value, _ in STATE_CHOICES}
        self.state: str = data.get("state", "") if data.get("state", "") in states else ""
        self.fields["period"].choices = [(p.label, p.label) for p in periods]  # type: ignore[attr-defined]
        self.fields["source"].choices = [(s.code, s.name) for s in sources]  # type: ignore[attr-defined]
        self.initial = {
            "period": self.period.label if self.period else "",
            "source": self.source.code if self.source else "",
            "state": self.state,
        }
        if len(sources) < 2:
            del self.fields["source"]
        if len(periods) < 2:
            del self.fields["period"]


def _chosen(items: list[Any], wanted: str | None, key: Any) -> Any:
    return next((i for i in items if key(i) == wanted), items[0] if items else None)


class CommentaryForm(forms.Form):
    """The payer's words on a card: plain text, line breaks kept, control characters dropped."""

    commentary = forms.CharField(
        label="Words to the reader",
        required=False,
        max_length=COMMENTARY_LIMIT,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text=f"Plain text on the first page, up to {COMMENTARY_LIMIT} characters. Name no patients.",
    )

    def clean_commentary(self) -> str:
        text = self.cleaned_data["commentary"].replace("\r\n", "\n").replace("\r", "\n")
        return _CONTROL.sub("", text).strip()
