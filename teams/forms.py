"""Forms of people, groups, sites, coaches, the programme, tokens and the audit trail."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

from django import forms
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.utils import timezone

from teams.enums import ROLES_OF_KIND, OrganisationKind, Role
from teams.models import Organisation, Programme, Site, Team, User
from teams.queries import (
    list_acts,
    list_administered_teams,
    list_all_teams,
    list_coaches,
    list_managed_organisations,
)
from teams.scoping import Scope


class DayField(forms.DateField):
    """A day, typed or picked, with a refusal that says how to write it."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("widget", forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}))
        super().__init__(input_formats=["%Y-%m-%d", "%m/%d/%Y"], **options)
        self.error_messages["invalid"] = "Write the day as year-month-day, for example 2026-03-31."
        self.error_messages["required"] = "Choose a day."


class _PersonField(forms.ModelChoiceField):
    def label_from_instance(self, obj: User) -> str:
        return f"{obj.name} ({obj.email})"


def role_name(role: str, programme: Programme) -> str:
    """A role's name in the programme's words."""
    if role == Role.COACH:
        return programme.coach_word[:1].upper() + programme.coach_word[1:]
    return str(Role(role).label)


class PeopleFilterForm(forms.Form):
    text = forms.CharField(label="Name or e-mail", required=False)
    organisation = forms.ModelChoiceField(
        Organisation.objects.none(), label="Organisation", required=False, empty_label="All"
    )
    when = forms.ChoiceField(
        label="Memberships",
        choices=[("now", "Present and coming"), ("ended", "Ended"), ("", "All")],
        required=False,
        initial="now",
    )

    def __init__(self, data: Any, *, scope: Scope) -> None:
        super().__init__(data)
        organisations = list_managed_organisations(scope)
        if organisations.count() > 1:
            self.fields["organisation"].queryset = organisations  # type: ignore[attr-defined]
        else:
            del self.fields["organisation"]


class InvitationForm(forms.Form):
    email = forms.EmailField(label="E-mail address", max_length=254)
    name = forms.CharField(label="Name", max_length=150)
    organisation = forms.ModelChoiceField(
        Organisation.objects.none(), label="Organisation", empty_label="Choose"
    )
    role = forms.ChoiceField(label="Role")

    def __init__(
        self, data: Any = None, *, scope: Scope, programme: Programme, **options: Any
    ) -> None:
        super().__init__(data, **options)
        organisations = list_managed_organisations(scope)
        self.fields["organisation"].queryset = organisations  # type: ignore[attr-defined]
        kinds = [
            OrganisationKind(kind) for kind in set(organisations.values_list("kind", flat=True))
        ]
        # Grouped by kind of organisation, so that the fitting ones stand together without JavaScript.
        groups = [
            (
                str(kind.label),
                [(r.value, role_name(r, programme)) for r in Role if r in ROLES_OF_KIND[kind]],
            )
            for kind in OrganisationKind
            if kind in kinds
        ]
        self.fields["role"].choices = [  # type: ignore[attr-defined]
            ("", "Choose"),
            *(groups[0][1] if len(groups) == 1 else groups),
        ]
        if len(organisations) == 1:
            self.initial["organisation"] = organisations[0].pk

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        organisation, role = cleaned.get("organisation"), cleaned.get("role")
        if organisation and role and role not in ROLES_OF_KIND[OrganisationKind(organisation.kind)]:
            self.add_error(
                "role",
                f"{organisation.name} is of the kind “{organisation.get_kind_display()}”; "
                "choose one of the roles listed under it.",
            )
        return cleaned


class RegistrationForm(forms.Form):
    """Name and password of an invited person."""

    name = forms.CharField(
        label="Your name", max_length=150, widget=forms.TextInput(attrs={"autocomplete": "name"})
    )
    password = forms.CharField(
        label="Password",
        strip=False,
        help_text="At least 12 characters. A few words in a row are good and easy to keep in mind.",
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}, render_value=True),
    )
    password_again = forms.CharField(
        label="The same password again",
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}, render_value=True),
    )

    def __init__(self, data: Any = None, *, email: str, **options: Any) -> None:
        super().__init__(data, **options)
        self.email = email

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        password = cleaned.get("password")
        if password:
            try:
                validate_password(password, User(email=self.email, name=cleaned.get("name", "")))
            except ValidationError as problem:
                self.add_error("password", problem)
            if cleaned.get("password_again") and cleaned["password_again"] != password:
                self.add_error("password_again", "The two passwords are not the same.")
        return cleaned


class EndForm(forms.Form):
    """The last day of a membership or of a coach's work with a team."""

    ends_on = DayField(label="Last day", help_text="This day is still included.")


class RoleForm(forms.Form):
    role = forms.ChoiceField(label="New role")
    starts_on = DayField(
        label="From", help_text="The present role ends the day before and stays on record."
    )

    def __init__(
        self, data: Any = None, *, organisation: Organisation, programme: Programme, **options: Any
    ) -> None:
        super().__init__(data, **options)
        fitting = ROLES_OF_KIND[OrganisationKind(organisation.kind)]
        self.fields["role"].choices = [  # type: ignore[attr-defined]
            (role.value, role_name(role, programme)) for role in Role if role in fitting
        ]


class OrganisationForm(forms.ModelForm):
    team_code = forms.CharField(
        label="Code in data files",
        max_length=20,
        required=False,
        help_text="For a provider group only: what files call it, for example HARBOR. It cannot be changed later.",
        validators=[RegexValidator(r"^[A-Za-z0-9_-]+$", "Use letters, digits, - and _ only.")],
    )

    class Meta:
        model = Organisation
        fields = ["name", "kind"]
        labels = {"name": "Name", "kind": "Kind"}
        error_messages = {"name": {"unique": "There is an organisation of this name already."}}

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        is_group = cleaned.get("kind") == OrganisationKind.PROVIDER_GROUP
        code = cleaned.get("team_code", "")
        if is_group and not code and "team_code" not in self.errors:
            self.add_error(
                "team_code", "A provider group needs the code that data files use for it."
            )
        if code and not is_group:
            self.add_error("team_code", "Only a provider group has a code. Leave this empty.")
        if code and Team.objects.filter(code=code).exists():
            self.add_error("team_code", "Another group has this code.")
        return cleaned


class OrganisationNameForm(forms.ModelForm):
    class Meta:
        model = Organisation
        fields = ["name"]
        labels = {"name": "Name"}
        error_messages = {"name": {"unique": "There is an organisation of this name already."}}


class TeamForm(forms.ModelForm):
    class Meta:
        model = Team
        fields = ["name", "code"]
        labels = {"name": "Name", "code": "Code in data files"}
        help_texts = {"code": "It cannot be changed later: files carry it."}
        error_messages = {
            "name": {"unique": "Another group has this name."},
            "code": {"unique": "Another group has this code."},
        }


class TeamNameForm(forms.ModelForm):
    class Meta:
        model = Team
        fields = ["name"]
        labels = {"name": "Name"}
        error_messages = {"name": {"unique": "Another group has this name."}}


_ZIP_MESSAGE = "A ZIP code has five digits, for example 02118."


class SiteForm(forms.ModelForm):
    """Name and ZIP code of a site."""

    zip_code = forms.CharField(
        label="ZIP code",
        required=False,
        max_length=5,
        validators=[RegexValidator(r"^[0-9]{5}$", _ZIP_MESSAGE)],
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
    )

    class Meta:
        model = Site
        fields = ["name", "zip_code"]
        labels = {"name": "Name"}


class NewSiteForm(SiteForm):
    team = forms.ModelChoiceField(Team.objects.none(), label="Group", empty_label="Choose")
    starts_on = DayField(label="Belongs to it from")

    class Meta(SiteForm.Meta):
        fields = ["name", "code", "zip_code"]
        labels = {"name": "Name", "code": "Code in data files"}
        help_texts = {"code": "It cannot be changed later: files carry it."}
        error_messages = {"code": {"unique": "Another site has this code."}}

    def __init__(self, data: Any = None, *, scope: Scope, **options: Any) -> None:
        super().__init__(data, **options)
        self.fields["team"].queryset = list_administered_teams(scope)  # type: ignore[attr-defined]


class MoveSiteForm(forms.Form):
    """Nothing is chosen beforehand: to leave all groups is a choice like the others."""

    team = forms.ChoiceField(label="New group")
    starts_on = DayField(
        label="From", help_text="The stretch before ends the day before and stays on record."
    )

    def __init__(self, data: Any = None, *, scope: Scope, **options: Any) -> None:
        super().__init__(data, **options)
        self.teams = {str(team.pk): team for team in list_administered_teams(scope)}
        self.fields["team"].choices = [  # type: ignore[attr-defined]
            ("", "Choose"),
            *((key, team.name) for key, team in self.teams.items()),
            ("none", "None: the site closed or left"),
        ]

    def clean_team(self) -> Team | None:
        return self.teams.get(self.cleaned_data["team"])


class CoachForm(forms.Form):
    """Who works with which team from when."""

    team = forms.ModelChoiceField(Team.objects.none(), empty_label="Choose")
    coach = _PersonField(User.objects.none(), empty_label="Choose")
    starts_on = DayField(label="From")

    def __init__(
        self, data: Any = None, *, scope: Scope, programme: Programme, day: date, **options: Any
    ) -> None:
        super().__init__(data, **options)
        self.fields["team"].queryset = list_administered_teams(scope)  # type: ignore[attr-defined]
        self.fields["team"].label = programme.team_word.capitalize()
        self.fields["coach"].queryset = list_coaches(day=day)  # type: ignore[attr-defined]
        self.fields["coach"].label = programme.coach_word.capitalize()


class HandOverForm(forms.Form):
    to = _PersonField(User.objects.none(), label="Hand over to", empty_label="Choose")
    starts_on = DayField(
        label="Their first day", help_text="The last day of the one before is the day before."
    )

    def __init__(self, data: Any = None, *, day: date, besides: User, **options: Any) -> None:
        super().__init__(data, **options)
        self.fields["to"].queryset = list_coaches(day=day).exclude(pk=besides.pk)  # type: ignore[attr-defined]


class ProgrammeForm(forms.ModelForm):
    starts_on = DayField(label="First day", required=False)
    ends_on = DayField(label="Last day", required=False)

    class Meta:
        model = Programme
        fields = [
            "name",
            "payer_name",
            "institute_name",
            "team_word",
            "coach_word",
            "starts_on",
            "ends_on",
            "rejected_share_percent",
            "second_reference",
            "simulation_seed",
        ]
        labels = {
            "name": "Name of the programme",
            "payer_name": "Name of the payer",
            "institute_name": "Name of the improvement institute",
            "team_word": "Word for a team",
            "coach_word": "Word for a coach",
            "rejected_share_percent": "Largest share of bad rows in a file, in percent",
            "second_reference": "Compare also with",
            "simulation_seed": "Seed of simulated intervals",
        }
        help_texts = {
            "team_word": "One, in small letters: team, project, clinic.",
            "coach_word": "One, in small letters: coach, facilitator, improvement adviser.",
            "rejected_share_percent": (
                "A file with a larger share is rejected whole; otherwise its good rows are taken and the bad ones set aside."
            ),
            "second_reference": (
                "Beside the reference that each way of grouping people names in advance. Settle it before you "
                "look at results; measure pages print the rule."
            ),
            "simulation_seed": "A whole number. The same seed and counts give the same intervals.",
        }

    def clean_rejected_share_percent(self) -> int:
        share: int = self.cleaned_data["rejected_share_percent"]
        if share > 100:
            raise ValidationError("A share is 0 to 100 percent.")
        return share

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        starts_on, ends_on = cleaned.get("starts_on"), cleaned.get("ends_on")
        if starts_on and ends_on and ends_on < starts_on:
            self.add_error("ends_on", "The last day cannot be before the first one.")
        return cleaned


class TokenForm(forms.Form):
    name = forms.CharField(
        label="What it is for",
        max_length=80,
        help_text="So that you know later which one to revoke, for example “monthly upload”.",
    )
    days = forms.TypedChoiceField(
        label="Works for",
        coerce=int,
        choices=[(30, "30 days"), (90, "90 days"), (365, "one year")],
        initial=90,
    )


class ProfileForm(forms.Form):
    name = forms.CharField(
        label="Your name", max_length=150, widget=forms.TextInput(attrs={"autocomplete": "name"})
    )


class AuditFilterForm(forms.Form):
    act = forms.ChoiceField(label="Act", required=False)
    person = forms.CharField(label="Person", required=False)
    team = forms.ModelChoiceField(
        Team.objects.none(), label="Group", required=False, empty_label="All"
    )
    from_on = DayField(label="From", required=False)
    to_on = DayField(label="To", required=False)

    def __init__(self, data: Any) -> None:
        super().__init__(data)
        self.fields["act"].choices = [  # type: ignore[attr-defined]
            ("", "All"),
            *((act, act.replace("_", " ")) for act in list_acts()),
        ]
        self.fields["team"].queryset = list_all_teams()  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if (
            cleaned.get("from_on")
            and cleaned.get("to_on")
            and cleaned["to_on"] < cleaned["from_on"]
        ):
            self.add_error("to_on", "This day is before the first one.")
        return cleaned

    def filters(self) -> dict[str, Any]:
        """Arguments of `find_audit_events`; what cannot be read narrows nothing."""
        cleaned = self.cleaned_data if self.is_bound else {}
        to_on = cleaned.get("to_on")
        return {
            "act": cleaned.get("act", ""),
            "person": cleaned.get("person", "").strip(),
            "team": cleaned.get("team"),
            "after": _midnight(cleaned.get("from_on")),
            "before": _midnight(to_on + timedelta(days=1) if to_on else None),
        }


def _midnight(day: date | None) -> datetime | None:
    return timezone.make_aware(datetime.combine(day, time.min)) if day else None
