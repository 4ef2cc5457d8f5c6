"""Forms of calls, applications, reviews and decisions."""

from __future__ import annotations

from typing import Any

from django import forms

from grants.enums import AwardKind
from grants.forms.acts import MoneyInput
from grants.models import Application, Award, Call, Fund, Review
from teams.forms import DayField
from teams.models import User


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


class CallForm(forms.Form):
    fund = forms.ModelChoiceField(Fund.objects.none(), label="Fund", empty_label=None)
    kind = forms.ChoiceField(label="Kind of award", choices=AwardKind.choices)
    title = forms.CharField(label="Title", max_length=150)
    text = forms.CharField(label="What is it for?", widget=forms.Textarea(attrs={"rows": 4}))
    eligibility = forms.CharField(label="Who may apply?", widget=forms.Textarea(attrs={"rows": 2}))
    largest_amount = MoneyInput(label="Largest amount", min_value=1)
    questions = forms.CharField(
        label="Questions", widget=forms.Textarea(attrs={"rows": 4}), help_text="One a line; few."
    )
    criteria = forms.CharField(
        label="Judged by", widget=forms.Textarea(attrs={"rows": 3}), help_text="One a line."
    )
    opens_on = DayField(label="First day")
    closes_on = DayField(label="Last day")

    def __init__(self, data: Any = None, *, funds: Any) -> None:
        super().__init__(data)
        self.fields["fund"].queryset = funds  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        opens, closes = cleaned.get("opens_on"), cleaned.get("closes_on")
        if opens and closes and closes < opens:
            self.add_error("closes_on", "The last day cannot be before the first one.")
        for name in ("questions", "criteria"):
            if name in cleaned:
                cleaned[name] = _lines(cleaned[name])
        return cleaned


class CallDaysForm(forms.Form):
    """When a call takes applications."""

    opens_on = DayField(label="First day")
    closes_on = DayField(
        label="Last day", help_text="Included. A later day extends the call, today ends it."
    )

    def __init__(self, data: Any = None, *, call: Call) -> None:
        super().__init__(data, initial={"opens_on": call.opens_on, "closes_on": call.closes_on})


class ApplicationForm(forms.Form):
    """Nothing has to be complete until it is handed in."""

    title = forms.CharField(label="Title", max_length=150, required=False)
    amount = MoneyInput(label="Amount you ask for", required=False)

    def __init__(self, data: Any = None, *, call: Call, application: Application | None) -> None:
        super().__init__(data)
        self.names = [f"answer-{n}" for n in range(len(call.questions))]
        for n, question in enumerate(call.questions):
            said = application.answers[n] if application and n < len(application.answers) else ""
            self.fields[f"answer-{n}"] = forms.CharField(
                label=question,
                required=False,
                initial=said,
                widget=forms.Textarea(attrs={"rows": 5}),
            )
        if application is not None:
            self.fields["title"].initial = application.title
            self.fields["amount"].initial = application.amount

    def answers(self) -> list[str]:
        return [self.cleaned_data[name] for name in self.names]


class ReviewForm(forms.Form):
    def __init__(self, data: Any = None, *, review: Review) -> None:
        super().__init__(data)
        self.count = len(review.application.call.criteria)
        for n, criterion in enumerate(review.application.call.criteria):
            self.fields[f"score-{n}"] = forms.TypedChoiceField(
                label=f"{criterion}: score",
                coerce=int,
                choices=[("", "–"), *((str(s), str(s)) for s in range(1, 6))],
                help_text="1 weak, 5 strong.",
            )
            self.fields[f"reason-{n}"] = forms.CharField(
                label=f"{criterion}: reason", widget=forms.Textarea(attrs={"rows": 2})
            )

    def scores(self) -> list[int]:
        return [self.cleaned_data[f"score-{n}"] for n in range(self.count)]

    def reasons(self) -> list[str]:
        return [self.cleaned_data[f"reason-{n}"] for n in range(self.count)]


class ReviewerForm(forms.Form):
    reviewer = forms.ModelChoiceField(User.objects.none(), label="Reviewer")

    def __init__(self, data: Any = None, *, people: Any) -> None:
        super().__init__(data)
        self.fields["reviewer"].queryset = people  # type: ignore[attr-defined]


class DecisionForm(forms.Form):
    decision = forms.ChoiceField(
        label="Decision",
        choices=[("award", "Award"), ("decline", "Decline")],
        widget=forms.RadioSelect,
    )
    reason = forms.CharField(
        label="Reasons",
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="The group reads them.",
    )
    award = forms.ModelChoiceField(
        Award.objects.none(),
        label="The draft that carries it out",
        required=False,
        help_text="It can be drafted later too.",
    )

    def __init__(self, data: Any = None, *, awards: Any) -> None:
        super().__init__(data)
        self.fields["award"].queryset = awards  # type: ignore[attr-defined]
