"""The form in which the programme settles with whom a set of people is compared."""

from __future__ import annotations

from typing import Any

from django import forms

from measures.enums import ReferenceStrategy, StratumKind
from measures.models import Stratum, StratumSet
from measures.stats.references import ENOUGH
from measures.stats.reliability import LEAST_DENOMINATOR


class ReferenceForm(forms.Form):
    """years: measurement years that can be chosen, latest first."""

    strategy = forms.ChoiceField(
        label="Compare with",
        choices=ReferenceStrategy.choices,
        widget=forms.RadioSelect,
    )
    stratum = forms.ModelChoiceField(
        label="Group that is named",
        queryset=Stratum.objects.none(),
        required=False,
        empty_label="No group chosen",
        help_text="Only for “One group of people, named in advance”.",
    )
    least_n = forms.IntegerField(
        label="People that the best group needs",
        initial=ENOUGH,
        min_value=LEAST_DENOMINATOR,
        max_value=1_000_000,
        required=False,
        help_text="Only for the best rate. With few people the best rate is best by chance; 30 is the least.",
    )
    from_year = forms.TypedChoiceField(
        label="From measurement year",
        coerce=int,
        help_text="Results of this year and later follow the rule. Earlier years stay as they are.",
    )
    reason = forms.CharField(
        label="Why",
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Everybody can read it beside the rule.",
    )

    def __init__(
        self,
        data: Any = None,
        *,
        stratum_set: StratumSet,
        years: list[int],
        initial: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(data, initial=initial)
        self.fields["stratum"].queryset = stratum_set.strata.filter(  # type: ignore[attr-defined]
            kind=StratumKind.SPECIFIED
        )
        self.fields["stratum"].label_from_instance = lambda s: s.label  # type: ignore[attr-defined]
        self.fields["from_year"].choices = [(y, str(y)) for y in years]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        named = cleaned.get("strategy") == ReferenceStrategy.NAMED
        if named and cleaned.get("stratum") is None and "stratum" not in self.errors:
            self.add_error("stratum", "Choose the group that the others are compared with.")
        if not named:
            cleaned["stratum"] = None
        cleaned["least_n"] = cleaned.get("least_n") or ENOUGH
        return cleaned
