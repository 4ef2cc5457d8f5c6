"""Pages of the references: with whom each set of people is compared, since when, and why."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from measures.actions.references import set_reference_rule
from measures.enums import ReferenceStrategy
from measures.forms_references import ReferenceForm
from measures.models import ReferenceSetting, StratumSet
from measures.queries.axis import OWN_SETS
from measures.queries.definitions import list_definition_years, list_sets_with_strata
from measures.queries.references import (
    ReferenceUsed,
    list_reference_settings,
    named_in_definitions,
    rule_of,
)
from measures.tasks import enqueue_reference_rule
from teams.permissions import Permission, require
from teams.requests import ScopedRequest
from teams.views.acting import act_from_form, done, form_page


@dataclass(frozen=True)
class SetRules:
    """One stratum set with the rule of the latest version, and all versions, latest first."""

    stratum_set: StratumSet
    rule: ReferenceUsed
    versions: tuple[ReferenceSetting, ...]

    @property
    def latest(self) -> ReferenceSetting | None:
        return self.versions[0] if self.versions else None


def _sets() -> list[SetRules]:
    versions: dict[int, list[ReferenceSetting]] = {}
    for setting in list_reference_settings():
        versions.setdefault(setting.stratum_set_id, []).append(setting)
    return [
        SetRules(
            stratum_set,
            rule_of(versions[stratum_set.pk][0])
            if stratum_set.pk in versions
            else named_in_definitions(stratum_set.strata.all()),
            tuple(versions.get(stratum_set.pk, ())),
        )
        for stratum_set in list_sets_with_strata()
        if stratum_set.code not in {"all", *OWN_SETS}
    ]


@require(Permission.VIEW_HOME)
@require_safe
def references_page(request: ScopedRequest) -> HttpResponse:
    """Every set with its rule. While results are worked out anew, the page asks again by itself."""
    scope = request.scope
    sets = _sets()
    pending = [v for s in sets for v in s.versions if v.applied_at is None]
    context = {
        "sets": sets,
        "pending": pending,
        "may_change": scope.may(Permission.MANAGE_PROGRAMME),
    }
    if request.htmx:  # type: ignore[attr-defined]
        return render(request, "measures/reference_list.html", context)
    return render(request, "measures/references.html", context)


@require(Permission.MANAGE_PROGRAMME)
@require_http_methods(["GET", "HEAD", "POST"])
def reference_page(request: ScopedRequest, set_code: str) -> HttpResponse:
    """Settle the rule of one set."""
    found = next((s for s in _sets() if s.stratum_set.code == set_code), None)
    if found is None:
        raise Http404(f"There is no set {set_code}.")
    years = list_definition_years()
    last_year = timezone.localdate().year - 1
    form = ReferenceForm(
        request.POST or None,
        stratum_set=found.stratum_set,
        years=years,
        initial={
            "strategy": found.rule.strategy,
            "stratum": found.rule.stratum_id,
            "least_n": found.rule.least_n,
            "from_year": found.latest.from_year if found.latest else max(years, default=last_year),
        },
    )
    acted = act_from_form(
        request,
        form,
        lambda v: set_reference_rule(
            stratum_set=found.stratum_set,
            strategy=ReferenceStrategy(v["strategy"]),
            stratum=v["stratum"],
            least_n=v["least_n"],
            from_year=v["from_year"],
            reason=v["reason"],
            as_of=timezone.now(),
            by=request.user,
        ),
    )
    if acted:
        setting = acted.made
        enqueue_reference_rule(setting.pk)
        return done(
            request,
            f"{found.stratum_set.name}: version {setting.version} is settled. Results follow now.",
            "definitions:references",
        )
    return form_page(request, "measures/reference.html", form, of=found)
