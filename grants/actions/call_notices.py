"""Telling people about calls: that one is open, that a review is asked for, what was decided."""

from __future__ import annotations

from datetime import datetime

from django.urls import reverse
from django.utils import timezone

from grants.enums import ApplicationState
from grants.models import Application, Call, Review
from grants.policies.writing import takes_applications
from grants.queries.rules import list_users_of_group, list_users_with
from teams.actions.notifications import notify
from teams.enums import Topic
from teams.permissions import Permission


def tell_of_call(*, call: Call, as_of: datetime) -> int:
    """Tell those who write applications, from the first day of a call on; a new last day is told again.

    Who may apply is said in words only, so every group is told. Returns how many people were newly told.
    """
    today = timezone.localdate(as_of)
    if not takes_applications(call, today):
        return 0
    return notify(
        users=list_users_with(Permission.REPORT_GRANTS, on=today),
        topic=Topic.GRANTS,
        title=f"“{call.title}” takes applications until {call.closes_on:%-d %B %Y}.",
        text=f"Who may apply: {call.eligibility}",
        path=reverse("grants:call", args=[call.pk]),
        key=f"grant-call-{call.pk}-until-{call.closes_on}",
        as_of=as_of,
    )


def tell_reviewer(*, review: Review, as_of: datetime) -> None:
    application = review.application
    notify(
        users=[review.reviewer],
        topic=Topic.GRANTS,
        title=f"Please review the application of {application.team.name}: “{application}”.",
        text="You see the other reviews when all are in.",
        path=reverse("grants:application", args=[application.pk]),
        key=f"grant-review-{review.pk}",
        as_of=as_of,
    )


def tell_decision(*, application: Application, as_of: datetime) -> None:
    """The group hears the decision with its reasons."""
    said = "awarded" if application.state == ApplicationState.AWARDED else "declined"
    notify(
        users=list_users_of_group(application.team_id, on=timezone.localdate(as_of)),
        topic=Topic.GRANTS,
        title=f"Your application “{application}” was {said}.",
        text=f"The reasons: {application.decision_reason}",
        path=reverse("grants:application", args=[application.pk]),
        key=f"grant-decision-{application.pk}",
        as_of=as_of,
    )
