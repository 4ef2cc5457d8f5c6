"""Reads of calls and applications. A review is blind: until all are in, each reviewer sees the own one only."""

from __future__ import annotations

from datetime import date

from django.db.models import Q, QuerySet

from grants.enums import ApplicationState, CallState
from grants.models import Application, Call, Review
from teams.models import User
from teams.permissions import Permission
from teams.scoping import Scope


def list_calls(scope: Scope, *, on: date) -> QuerySet[Call]:
    """Calls that were opened; those who run grants see coming ones too."""
    if not scope.may(Permission.VIEW_GRANTS):
        return Call.objects.none()
    calls = Call.objects.exclude(state=CallState.DRAFT).select_related("fund")
    return calls if scope.may(Permission.MANAGE_GRANTS) else calls.filter(opens_on__lte=on)


def get_call(scope: Scope, call_id: int, *, on: date) -> Call:
    return list_calls(scope, on=on).get(pk=call_id)


def list_applications(scope: Scope) -> QuerySet[Application]:
    """The own group's; for who runs grants every one that was handed in; for a reviewer those to review."""
    applications = Application.objects.select_related(
        "call", "team", "submitted_by", "decided_by", "award"
    )
    own = Q(team__in=scope.staff_team_ids) if scope.may(Permission.REPORT_GRANTS) else Q(pk__in=[])
    seen = Q(reviews__reviewer=scope.user_id)
    if scope.may(Permission.MANAGE_GRANTS):
        seen |= ~Q(state=ApplicationState.DRAFT)
    return applications.filter(own | seen).distinct()


def get_application(scope: Scope, application_id: int) -> Application:
    return list_applications(scope).get(pk=application_id)


def get_own_application(scope: Scope, application_id: int) -> Application:
    """An application of the reader's own group."""
    return list_applications(scope).get(pk=application_id, team__in=scope.staff_team_ids)


def list_reviews(scope: Scope, application: Application) -> list[Review]:
    """Reviews that the reader may see: the own one; all of them once every one is in, for reviewers and for
    who decides. The group sees none: it gets the reasons of the decision."""
    if not scope.may(Permission.REVIEW_APPLICATIONS):
        return []
    reviews = list(application.reviews.select_related("reviewer"))
    part = scope.may(Permission.MANAGE_GRANTS) or any(
        r.reviewer_id == scope.user_id for r in reviews
    )
    if part and reviews and all(r.submitted_at for r in reviews):
        return reviews
    return [r for r in reviews if r.reviewer_id == scope.user_id]


def count_reviews(application: Application) -> tuple[int, int]:
    """How many reviews are in, and how many were asked for."""
    reviews = application.reviews.all()
    return sum(r.submitted_at is not None for r in reviews), len(reviews)


def list_possible_reviewers(application: Application, *, on: date) -> QuerySet[User]:
    from grants.queries.rules import list_users_with

    asked = application.reviews.values("reviewer")
    return list_users_with(Permission.REVIEW_APPLICATIONS, on=on).exclude(pk__in=asked)
