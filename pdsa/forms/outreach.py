"""Forms of the outreach list: what to look at, and whom to make part of which test."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.http import QueryDict

from measures.queries import (
    NOT_LISTED,
    OUTREACH_SETS,
    list_outreach_slices,
    list_outreach_strata,
)
from pdsa.models import Cycle
from pdsa.queries.outreach import NO_TEST, OutreachChoice, list_open_tests, list_tests_with_members
from teams.models import Team
from teams.queries import list_sites
from teams.scoping import Scope


class OutreachForm(forms.Form):
    """The filter bar; `choice` is what it resolves to, None where the group has no file of members.

    What does not exist (an old bookmark) falls back to the default; the form shows what is really used.
    """

    use_required_attribute = False

    measure = forms.ChoiceField(label="Has not met")
    strata = forms.ChoiceField(label="Compare people by")
    group = forms.ChoiceField(label="Group of people")
    site = forms.ChoiceField(label="Site")
    test = forms.ChoiceField(label="Test")

    def __init__(self, data: QueryDict, *, scope: Scope, team: Team) -> None:
        super().__init__(auto_id="filter-%s")
        self.choice: OutreachChoice | None = None
        slices = list_outreach_slices(team)
        if not slices:
            self.fields.clear()
            return
        chosen = next((s for s in slices if s.key == data.get("measure")), slices[0])
        sets = list_outreach_strata()
        names = {stratum_set.code: stratum_set.name for stratum_set, _ in sets}
        code = data.get("strata", "")
        code = code if code in names else OUTREACH_SETS[0]
        strata = next((found for stratum_set, found in sets if stratum_set.code == code), [])
        stratum = next((s for s in strata if s.code == data.get("group")), None)
        sites = [(str(s.pk), s.name) for s in list_sites(scope, team.code)]
        sites.append((str(NOT_LISTED), "Site not listed"))
        site = data.get("site", "")
        site = site if site in dict(sites) else ""
        tests = [(str(c.pk), str(c)) for c in list_tests_with_members(team)]
        test = data.get("test", "")
        test = test if test == NO_TEST or test in dict(tests) else ""
        self.choice = OutreachChoice(
            of=chosen,
            stratum_set=code,
            stratum=stratum,
            site_id=int(site) if site else None,
            test=test,
        )
        self._offer(
            "measure",
            [(s.key, f"{s.definition.short_name}, {s.period.label}") for s in slices],
            chosen.key,
        )
        self._offer("strata", list(names.items()), code)
        self._offer(
            "group",
            [("", "Everybody"), *((s.code, s.label) for s in strata)],
            stratum.code if stratum else "",
        )
        self._offer("site", [("", "All sites"), *sites], site)
        self._offer("test", [("", "In a test or not"), (NO_TEST, "In no test"), *tests], test)

    def _offer(self, name: str, choices: Sequence[tuple[str, str]], chosen: str) -> None:
        self.fields[name].choices = choices  # type: ignore[attr-defined]
        self.initial[name] = chosen

    def query(self, **changes: str) -> str:
        """`?measure=CBP.2024&strata=race`: what is chosen, as the end of an address."""
        query = QueryDict(mutable=True)
        query.update({n: v for n, v in {**self.initial, **changes}.items() if v})
        return f"?{query.urlencode()}" if query else ""


class MembersForm(forms.Form):
    """Which members of the page (or all that were found) go into which test, or out of it."""

    test = forms.ChoiceField(label="Test")
    everyone = forms.BooleanField(required=False)

    def __init__(self, *args: Any, team: Team, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._tests: dict[str, Cycle] = {str(c.pk): c for c in list_open_tests(team)}
        self.fields["test"].choices = [(key, str(c)) for key, c in self._tests.items()]  # type: ignore[attr-defined]

    @property
    def has_tests(self) -> bool:
        return bool(self._tests)

    @property
    def cycle(self) -> Cycle:
        return self._tests[self.cleaned_data["test"]]

    def keys(self) -> list[bytes]:
        """Members ticked; whatever is no key is nobody's."""
        sent = self.data.getlist("member") if isinstance(self.data, QueryDict) else []
        found = []
        for text in sent:
            try:
                found.append(bytes.fromhex(text))
            except ValueError:
                continue
        return found
