"""Calls, applications and reviews: from the invitation to the decision and its reasons."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal

from django.db import transaction
from django.utils import timezone

from grants.actions.call_notices import tell_decision, tell_of_call, tell_reviewer
from grants.chain import plain_json
from grants.enums import ApplicationState, AwardKind, CallState
from grants.models import Application, Award, Call, Fund, Review
from grants.policies.checks import (
    belongs_to_group,
    check_outside_all_groups,
    check_outside_group,
    check_reason,
)
from grants.policies.transitions import check_step
from grants.policies.writing import check_call_open
from grants.queries.awards import may_report
from grants.steps import checked_scope
from teams.actions.audit import record_event
from teams.actions.autosave import keep_text
from teams.errors import NotAllowed, StateRefused
from teams.formats import format_money
from teams.models import Team, User
from teams.permissions import Permission

_APPLIED = "which applied"


@transaction.atomic
def open_call(
    *,
    fund: Fund,
    kind: AwardKind,
    title: str,
    text: str,
    eligibility: str,
    largest_amount: Decimal,
    questions: Sequence[str],
    criteria: Sequence[str],
    opens_on: date,
    closes_on: date,
    by: User,
    as_of: datetime,
) -> Call:
    """Invite every group to apply. What is asked and how it is judged stays as it is from then on."""
    checked_scope(by, Permission.MANAGE_GRANTS, as_of)
    check_outside_all_groups(by, on=timezone.localdate(as_of))
    if not questions or not criteria:
        raise StateRefused("Ask at least one question, and say by what applications are judged.")
    call = Call.objects.create(
        fund=fund,
        kind=kind,
        title=title.strip(),
        text=text,
        eligibility=eligibility,
        largest_amount=largest_amount,
        questions=list(questions),
        criteria=list(criteria),
        opens_on=opens_on,
        closes_on=closes_on,
        state=CallState.OPEN,
        made_by=by,
    )
    record_event(
        act="open_call",
        target=call,
        by=by,
        details=plain_json({"title": call.title, "closes_on": closes_on}),
    )
    tell_of_call(call=call, as_of=as_of)
    return call


@transaction.atomic
def change_call_days(
    *, call: Call, opens_on: date, closes_on: date, by: User, as_of: datetime
) -> Call:
    """Extend a call or end it sooner. It never ends before the present day is over, so nobody who writes
    today is too late; its first day stays once it has come."""
    checked_scope(by, Permission.MANAGE_GRANTS, as_of)
    call = Call.objects.select_for_update().get(pk=call.pk)
    today = timezone.localdate(as_of)
    if call.state != CallState.OPEN:
        raise StateRefused("This call is decided. Open a new one.")
    if opens_on != call.opens_on and min(opens_on, call.opens_on) <= today:
        raise StateRefused(
            f"The first day of this call is {call.opens_on:%-d %b %Y}."
            " It can be moved only from one coming day to another."
        )
    if closes_on < max(today, opens_on):
        raise StateRefused(
            f"The last day is {max(today, opens_on):%-d %b %Y} at the earliest: that day still counts."
        )
    before = {"opens_on": call.opens_on, "closes_on": call.closes_on}
    call.opens_on, call.closes_on = opens_on, closes_on
    call.save(update_fields=["opens_on", "closes_on"])
    record_event(
        act="change_call_days",
        target=call,
        by=by,
        details=plain_json(
            {"before": before, "after": {"opens_on": opens_on, "closes_on": closes_on}}
        ),
    )
    tell_of_call(call=call, as_of=as_of)
    return call


@transaction.atomic
def settle_call(*, call: Call, as_of: datetime) -> bool:
    """A call whose last day is over and whose applications are all decided is decided. Returns whether it is
    so since now. Effects: the state, an audit event."""
    call = Call.objects.select_for_update().get(pk=call.pk)
    states = set(call.applications.values_list("state", flat=True))
    if (
        call.state != CallState.OPEN
        or timezone.localdate(as_of) <= call.closes_on
        or ApplicationState.SUBMITTED in states
        or not states & {ApplicationState.AWARDED, ApplicationState.DECLINED}
    ):
        return False
    call.state = CallState.DECIDED
    call.save(update_fields=["state"])
    record_event(act="settle_call", target=call, by=None)
    return True


@transaction.atomic
def write_application(
    *,
    call: Call,
    team: Team,
    title: str,
    amount: Decimal | None,
    answers: Sequence[str],
    by: User,
    as_of: datetime,
) -> Application:
    """Keep what a group has written so far; the first time begins the application."""
    scope = checked_scope(by, Permission.REPORT_GRANTS, as_of)
    if not may_report(scope, team.pk):
        raise NotAllowed(f"The application of {team.name} is written by {team.name}.")
    check_call_open(call, timezone.localdate(as_of))
    application, is_new = Application.objects.select_for_update().get_or_create(
        call=call, team=team, defaults={"changed_by": by, "changed_at": as_of}
    )
    check_step("write", application)
    said = [answer.strip() for answer in answers]
    old = [*application.answers, *[""] * len(said)]
    for name, before, after in (
        ("title", application.title, title.strip()),
        ("amount", application.amount, amount),
        *((f"answer-{n}", old[n], text) for n, text in enumerate(said)),
    ):
        keep_text(
            target=application,
            team=team,
            field=name,
            before=before,
            after=after,
            by=by,
            as_of=as_of,
        )
    application.title, application.amount = title.strip(), amount
    application.answers = said
    application.changed_by, application.changed_at = by, as_of
    application.save()
    if is_new:
        record_event(act="begin_application", target=application, by=by, team=team)
    else:
        record_event(act="write_application", target=application, by=by, team=team)
    return application


@transaction.atomic
def submit_application(*, application: Application, by: User, as_of: datetime) -> Application:
    """Hand it in, whole and in time. From then on its words stay as they are."""
    scope = checked_scope(by, Permission.REPORT_GRANTS, as_of)
    application = (
        Application.objects.select_for_update(of=["self"])
        .select_related("call", "team")
        .get(pk=application.pk)
    )
    call = application.call
    if not may_report(scope, application.team_id):
        raise NotAllowed(f"This application is handed in by {application.team.name}.")
    check_step("submit", application)
    check_call_open(call, timezone.localdate(as_of))
    missing = [
        question
        for n, question in enumerate(call.questions)
        if n >= len(application.answers) or not application.answers[n]
    ]
    if not application.title or application.amount is None:
        missing.insert(0, "title and amount")
    if missing:
        raise StateRefused(f"Still to answer: {'; '.join(missing)}")
    if application.amount is not None and application.amount > call.largest_amount:
        raise StateRefused(
            f"This call gives {format_money(call.largest_amount)} at most; you ask for "
            f"{format_money(application.amount)}."
        )
    application.state = ApplicationState.SUBMITTED
    application.submitted_by, application.submitted_at = by, as_of
    application.save()
    record_event(act="submit_application", target=application, by=by, team=application.team)
    return application


@transaction.atomic
def withdraw_application(*, application: Application, by: User, as_of: datetime) -> Application:
    scope = checked_scope(by, Permission.REPORT_GRANTS, as_of)
    application = (
        Application.objects.select_for_update(of=["self"])
        .select_related("team")
        .get(pk=application.pk)
    )
    if not may_report(scope, application.team_id):
        raise NotAllowed(f"This application is withdrawn by {application.team.name}.")
    check_step("withdraw", application)
    application.state = ApplicationState.WITHDRAWN
    application.save(update_fields=["state"])
    record_event(act="withdraw_application", target=application, by=by, team=application.team)
    settle_call(call=application.call, as_of=as_of)
    return application


@transaction.atomic
def ask_reviewer(*, application: Application, reviewer: User, by: User, as_of: datetime) -> Review:
    """Ask somebody to review: never one who belongs to the group or coaches it."""
    checked_scope(by, Permission.MANAGE_GRANTS, as_of)
    application = Application.objects.select_related("team").get(pk=application.pk)
    today = timezone.localdate(as_of)
    check_outside_group(by, application.team, whose=_APPLIED, on=today)
    if application.state != ApplicationState.SUBMITTED:
        raise StateRefused("Only an application that was handed in is reviewed.")
    inside = belongs_to_group(reviewer, application.team_id, on=today)
    if inside or application.team_id in reviewer.coached_team_ids_on(today):
        raise StateRefused(
            f"{reviewer} works with {application.team.name}. Ask somebody who does not."
        )
    checked_scope(reviewer, Permission.REVIEW_APPLICATIONS, as_of)
    review, is_new = Review.objects.get_or_create(
        application=application, reviewer=reviewer, defaults={"asked_by": by}
    )
    if not is_new:
        raise StateRefused(f"{reviewer} was asked already.")
    record_event(
        act="ask_reviewer",
        target=review,
        by=by,
        team=application.team,
        details={"reviewer": reviewer.email},
    )
    tell_reviewer(review=review, as_of=as_of)
    return review


@transaction.atomic
def submit_review(
    *, review: Review, scores: Sequence[int], reasons: Sequence[str], by: User, as_of: datetime
) -> Review:
    """A reviewer's scores, 1 to 5, each with a reason. They stay; others see them when all are in."""
    checked_scope(by, Permission.REVIEW_APPLICATIONS, as_of)
    review = (
        Review.objects.select_for_update(of=["self"])
        .select_related("application__call", "application__team", "reviewer")
        .get(pk=review.pk)
    )
    if review.reviewer_id != by.pk:
        raise NotAllowed(f"This review is {review.reviewer}'s.")
    check_outside_group(by, review.application.team, whose=_APPLIED, on=timezone.localdate(as_of))
    if review.submitted_at is not None:
        raise StateRefused("You have handed in this review already; it stays as it is.")
    if review.application.state != ApplicationState.SUBMITTED:
        raise StateRefused("This application is decided already.")
    criteria = review.application.call.criteria
    if len(scores) != len(criteria) or any(not 1 <= score <= 5 for score in scores):
        raise StateRefused("Give each criterion a score from 1 to 5.")
    bare = [c for c, reason in zip(criteria, reasons, strict=True) if not reason.strip()]
    if bare:
        raise StateRefused(f"Write a reason for each score: {', '.join(bare)}.")
    review.scores, review.reasons = list(scores), [reason.strip() for reason in reasons]
    review.submitted_at = as_of
    review.save()
    record_event(act="submit_review", target=review, by=by, team=review.application.team)
    return review


@transaction.atomic
def decide_application(
    *,
    application: Application,
    awarded: bool,
    reason: str,
    by: User,
    as_of: datetime,
    award: Award | None = None,
) -> Application:
    """Award or decline, when every review is in, with reasons that the group reads.

    award: the draft that carries it out, of the same group.
    """
    checked_scope(by, Permission.MANAGE_GRANTS, as_of)
    application = (
        Application.objects.select_for_update(of=["self"])
        .select_related("team")
        .get(pk=application.pk)
    )
    check_outside_group(by, application.team, whose=_APPLIED, on=timezone.localdate(as_of))
    check_step("award" if awarded else "decline", application)
    check_reason(reason, "what the group is told")
    reviews = list(application.reviews.select_related("reviewer"))
    waiting = [str(r.reviewer) for r in reviews if r.submitted_at is None]
    if not reviews:
        raise StateRefused("Nobody has reviewed this application. Ask somebody first.")
    if waiting:
        raise StateRefused(
            f"Still reviewing: {', '.join(waiting)}. Decide when every review is in."
        )
    if any(r.reviewer_id == by.pk for r in reviews):
        raise StateRefused("You reviewed this application, so another programme director decides.")
    if award is not None and award.team_id != application.team_id:
        raise StateRefused("The award belongs to another group.")
    application.state = ApplicationState.AWARDED if awarded else ApplicationState.DECLINED
    application.decided_by, application.decided_at = by, as_of
    application.decision_reason, application.award = reason.strip(), award
    application.save()
    record_event(
        act="decide_application",
        target=application,
        by=by,
        team=application.team,
        details={"awarded": awarded, "reason": reason},
    )
    tell_decision(application=application, as_of=as_of)
    settle_call(call=application.call, as_of=as_of)
    return application
