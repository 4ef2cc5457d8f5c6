"""Money and outcome of one award together: page, PDF, CSV."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from grants.evidence.outcome import OUTCOME_COLUMNS, outcome_pdf, outcome_rows
from grants.outcomes import NO_CAUSE
from grants.queries.awards import get_award
from grants.queries.outcomes import AwardOutcome, list_outcomes
from teams.actions.audit import record_event
from teams.exports import csv_lines
from teams.permissions import Permission, require
from teams.requests import ScopedRequest
from teams.views.downloads import download


def _outcome(request: ScopedRequest, award_id: int) -> AwardOutcome:
    scope = request.scope
    award = get_award(scope, award_id)
    return list_outcomes(scope, [award], on=timezone.localdate())[award.pk]


@require(Permission.VIEW_GRANTS)
@require_safe
def outcome_page(request: ScopedRequest, award_id: int) -> HttpResponse:
    outcome = _outcome(request, award_id)
    return render(
        request,
        "grants/outcome.html",
        {
            "outcome": outcome,
            "award": outcome.award,
            "gaps": [{"gap": gap, "cost": outcome.cost_text(gap)} for gap in outcome.gaps],
            "no_cause": NO_CAUSE,
        },
    )


@require(Permission.VIEW_GRANTS)
@require_safe
def outcome_file(request: ScopedRequest, award_id: int, form: str) -> HttpResponse:
    """The page as pdf or csv."""
    outcome = _outcome(request, award_id)
    record_event(
        act="download_award_outcome",
        target=outcome.award,
        by=request.user,
        team=outcome.award.team,
        details={"form": form},
    )
    if form == "pdf":
        body = outcome_pdf(outcome, as_of=timezone.now())
    else:
        form = "csv"
        body = "".join(csv_lines(OUTCOME_COLUMNS, outcome_rows(outcome))).encode()
    return download(body, f"outcome-{outcome.award.number}.{form}")
