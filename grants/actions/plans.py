"""Writes about sustainability plans: each save is a version."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from grants.chain import plain_json
from grants.models import (
    PlanAssumption,
    PlanChange,
    PlanLine,
    PlanVersion,
    SustainabilityPlan,
)
from grants.policies.checks import is_sponsor_of
from grants.queries.awards import may_report
from grants.steps import checked_scope
from teams.actions.audit import record_event
from teams.errors import NotAllowed, StateRefused
from teams.models import Team, User
from teams.permissions import Permission


@transaction.atomic
def save_plan(
    *,
    team: Team,
    plan: SustainabilityPlan | None,
    content: dict[str, Any],
    by: User,
    as_of: datetime,
    read_version: int | None = None,
) -> SustainabilityPlan:
    """Write a scenario whole. content: name, first_year, grant_ends_in, staffing, and lists of rows:
    lines (fields of PlanLine), assumptions, changes.

    read_version: the version that the writer read. Where somebody has saved another one since, StateRefused
    is raised; None for who replaces whatever stands.

    Effects: a version; a sponsor's signature under what the plan said before falls away.
    """
    scope = checked_scope(by, Permission.REPORT_GRANTS, as_of)
    if not may_report(scope, team.pk):
        raise NotAllowed(f"The plan of {team.name} is written by {team.name}.")
    head = {k: content[k] for k in ("name", "first_year", "grant_ends_in", "staffing")}
    same = SustainabilityPlan.objects.filter(team=team, name=head["name"])
    if plan is not None:
        plan = SustainabilityPlan.objects.select_for_update().get(pk=plan.pk, team=team)
        same = same.exclude(pk=plan.pk)
        if read_version is not None and read_version != plan.version:
            raise StateRefused(
                f"{plan.changed_by} saved version {plan.version} of this plan while you were writing."
                " What you typed is still here. Read that version among the older ones, then save again"
                " to put yours above it."
            )
    if same.exists():
        raise StateRefused(f"There is a scenario “{head['name']}” already. Choose another name.")
    if plan is None:
        plan = SustainabilityPlan(team=team, version=0)
    for name, value in head.items():
        setattr(plan, name, value)
    plan.version += 1
    plan.changed_by, plan.changed_at = by, as_of
    plan.signed_by, plan.signed_at = None, None
    plan.save()
    tables: tuple[tuple[Any, str], ...] = (
        (PlanLine, "lines"),
        (PlanAssumption, "assumptions"),
        (PlanChange, "changes"),
    )
    for model, key in tables:
        model.objects.filter(plan=plan).delete()
        model.objects.bulk_create([model(plan=plan, **row) for row in content[key]])
    PlanVersion.objects.create(
        plan=plan, number=plan.version, content=plain_json(content), saved_by=by, saved_at=as_of
    )
    record_event(
        act="save_sustainability_plan",
        target=plan,
        by=by,
        team=team,
        details={"version": plan.version, "name": plan.name},
    )
    return plan


@transaction.atomic
def sign_plan(*, plan: SustainabilityPlan, by: User, as_of: datetime) -> SustainabilityPlan:
    """The group's senior sponsor agrees to what the plan says now."""
    checked_scope(by, Permission.VIEW_GRANTS, as_of)
    if not is_sponsor_of(by, plan.team_id, on=timezone.localdate(as_of)):
        raise NotAllowed(f"A plan is signed by the senior sponsor of {plan.team.name}.")
    plan = SustainabilityPlan.objects.select_for_update(of=["self"]).get(pk=plan.pk)
    if plan.signed_at is not None:
        raise StateRefused(f"This plan was signed on {plan.signed_at:%-d %b %Y} already.")
    plan.signed_by, plan.signed_at = by, as_of
    plan.save(update_fields=["signed_by", "signed_at"])
    record_event(
        act="sign_sustainability_plan",
        target=plan,
        by=by,
        team=plan.team,
        details={"version": plan.version},
    )
    return plan
