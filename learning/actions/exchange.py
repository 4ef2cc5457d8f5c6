"""Writes about shared tests: nominations, "we tried this too", questions and answers."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from grants.enums import PlanDecision
from learning.enums import NominationState, PackageState, TriedOutcome
from learning.models import Contribution, GroupQuestion, Nomination, TriedToo
from learning.policies import check_can_answer, check_names, check_nomination_can
from learning.queries.effects import read_effects
from learning.queries.exchange import (
    TRIED_TYPE,
    get_nominable_cycle,
    may_speak_for,
)
from learning.queries.package import find_group_names
from pdsa.enums import Decision
from pdsa.queries.cycles import list_shared_cycles
from pdsa.sharing import group_name, names_in
from teams.actions.audit import record_event
from teams.actions.notifications import notify
from teams.enums import Topic
from teams.errors import StateRefused
from teams.models import Team, User
from teams.moderation import is_held
from teams.queries import list_staff
from teams.scoping import scope_of

#: Letters of a text that a notification repeats.
_SHORT = 160


def _shortened(text: str) -> str:
    return text if len(text) <= _SHORT else f"{text[: _SHORT - 1].rstrip()}…"


@transaction.atomic
def nominate_test(
    *,
    cycle_id: int,
    reason: str,
    afterwards: str,
    shows_effects: bool,
    by: User,
    as_of: datetime,
) -> Nomination:
    """Propose a shared test for the change package.

    shows_effects: the group lets others read what its measures did; only its own staff can say so.
    Effects: nomination, audit event, a notification to the group when somebody else nominates.
    Raises StateRefused for a test that is nominated already, and for numbers of another group.
    """
    scope = scope_of(by, on=timezone.localdate(as_of))
    cycle = get_nominable_cycle(scope, cycle_id)
    team = cycle.idea.project.team
    # Two people at once: the team's row lets them in one by one.
    Team.objects.select_for_update().get(pk=team.pk)
    alive = [NominationState.WAITING, NominationState.ACCEPTED]
    if Nomination.objects.filter(cycle_id=cycle_id, state__in=alive).exists():
        raise StateRefused("This test is nominated already.")
    if shows_effects and not may_speak_for(scope, team.pk):
        raise StateRefused("Only the group itself can say that others may read its numbers.")
    nomination = Nomination.objects.create(
        cycle_id=cycle_id,
        reason=reason,
        afterwards=PlanDecision(afterwards),
        effects=read_effects(scope, cycle, today=timezone.localdate(as_of))
        if shows_effects
        else [],
        nominated_by=by,
        nominated_at=as_of,
    )
    record_event(
        act="nominate_test",
        target=nomination,
        by=by,
        team=team,
        details={"cycle": cycle_id, "shows_effects": shows_effects},
    )
    if not may_speak_for(scope, team.pk):
        notify(
            users=list_staff(team, on=timezone.localdate(as_of)),
            topic=Topic.TESTS,
            title=f"{by.name} nominated your test for the change package",
            text=str(cycle),
            path=reverse("harvest:test", args=[cycle_id]),
            key=f"nomination-{nomination.pk}",
            as_of=as_of,
        )
    return nomination


@transaction.atomic
def take_nomination_back(*, nomination: Nomination, by: User) -> None:
    """The group, or whoever nominated, changes their mind. Effects: state, audit event."""
    nomination = _locked(nomination, "take_back")
    nomination.state, nomination.effects = NominationState.WITHDRAWN, []
    nomination.save(update_fields=["state", "effects"])
    record_event(act="take_nomination_back", target=nomination, by=by, team=_team(nomination))


@transaction.atomic
def decline_nomination(*, nomination: Nomination, note: str, by: User, as_of: datetime) -> None:
    """The faculty does not take it up and says why. Effects: state, audit event, a notification."""
    nomination = _locked(nomination, "decline")
    nomination.state, nomination.note = NominationState.DECLINED, note
    nomination.decided_by, nomination.decided_at = by, as_of
    nomination.save(update_fields=["state", "note", "decided_by", "decided_at"])
    record_event(act="decline_nomination", target=nomination, by=by, team=_team(nomination))
    notify(
        users=[
            nomination.nominated_by,
            *list_staff(_team(nomination), on=timezone.localdate(as_of)),
        ],
        topic=Topic.TESTS,
        title="The faculty answered your nomination",
        text=_shortened(note),
        path=reverse("harvest:test", args=[nomination.cycle_id]),
        key=f"nomination-{nomination.pk}-declined",
        as_of=as_of,
    )


def _locked(nomination: Nomination, act: str) -> Nomination:
    found = (
        Nomination.objects.select_for_update(of=("self",))
        .select_related("cycle__idea__project__team", "nominated_by")
        .get(pk=nomination.pk)
    )
    check_nomination_can(act, found)
    return found


def _team(nomination: Nomination) -> Team:
    return nomination.cycle.idea.project.team


def withdraw_shared_test(*, cycle: Any, by: User, as_of: datetime) -> None:
    """A group no longer shares a test: what was made of it goes with it.

    Effects: nominations are withdrawn, contributions leave drafts, those of published versions lose their
    words; audit events. Within the transaction of the act.
    """
    team = cycle.idea.project.team
    alive = [NominationState.WAITING, NominationState.ACCEPTED]
    for nomination in Nomination.objects.select_for_update().filter(cycle=cycle, state__in=alive):
        nomination.state, nomination.effects = NominationState.WITHDRAWN, []
        nomination.save(update_fields=["state", "effects"])
        record_event(act="withdraw_nomination", target=nomination, by=by, team=team)
    rows = Contribution.objects.filter(cycle=cycle, withdrawn_at=None)
    for row in rows.select_related("idea__chapter__version"):
        record_event(act="withdraw_contribution", target=row, by=by, team=team)
        if row.idea.chapter.version.state == PackageState.DRAFT:
            row.delete()
            continue
        row.title = row.summary = row.decision = ""
        row.afterwards, row.effects, row.withdrawn_at = PlanDecision.UNDECIDED, [], as_of
        row.save()


# --- we tried this too --------------------------------------------------------------------------------------------


@transaction.atomic
def report_tried(
    *,
    cycle: Any,
    team: Team,
    outcome: str,
    decision: str,
    text: str,
    is_named: bool,
    own_cycle: Any | None,
    by: User,
    as_of: datetime,
) -> TriedToo:
    """A group says that it tried what another one shared; a second report replaces its first.

    cycle: shared, read through the reader's scope. own_cycle: a test of the group, shared or not.
    Effects: the report, an audit event, a notification to the group that shared.
    Raises StateRefused where the text names a group, or the test is the group's own.
    """
    if cycle.idea.project.team_id == team.pk:
        raise StateRefused("This test is your own: log your next test of it instead.")
    check_names(find_group_names([text]))
    report, made = TriedToo.objects.update_or_create(
        cycle_id=cycle.pk,
        team=team,
        defaults={
            "outcome": TriedOutcome(outcome),
            "decision": Decision(decision),
            "text": text,
            "is_named": is_named,
            "own_cycle_id": own_cycle.pk if own_cycle is not None else None,
            "reported_by": by,
            "reported_at": as_of,
        },
    )
    record_event(
        act="report_tried",
        target=report,
        by=by,
        team=team,
        details={"cycle": cycle.pk, "outcome": str(report.outcome), "is_named": is_named},
    )
    if made:
        notify(
            users=list_staff(cycle.idea.project.team, on=timezone.localdate(as_of)),
            topic=Topic.CONVERSATION,
            title=f"{team.name if is_named else 'Another group'} tried your test too"[:200],
            text=f"{report.get_outcome_display()}. {_shortened(text)}",
            path=reverse("harvest:test", args=[cycle.pk]),
            key=f"tried-{report.pk}",
            as_of=as_of,
        )
    return report


@transaction.atomic
def take_report_of_try_back(*, report: TriedToo, by: User) -> None:
    """Raises StateRefused while a moderator has it hidden. Effects: the report is gone, an audit event."""
    if is_held(TRIED_TYPE, report.pk):
        raise StateRefused("This report is hidden. You can change its words; a moderator decides.")
    record_event(
        act="take_tried_back",
        target=report,
        by=by,
        team=report.team,
        details={"cycle": report.cycle_id},
    )
    report.delete()


# --- questions ----------------------------------------------------------------------------------------------------


@transaction.atomic
def ask_group(
    *, cycle: Any, team: Team | None, text: str, is_named: bool, by: User, as_of: datetime
) -> GroupQuestion:
    """Ask the group that shared a test. team: of the asker; None for the faculty.

    Effects: question, audit event, a notification to the group's people.
    Raises StateRefused where the text names a group.
    """
    check_names(find_group_names([text]))
    question = GroupQuestion.objects.create(
        cycle_id=cycle.pk,
        team=team,
        is_named=is_named and team is not None,
        text=text,
        asked_by=by,
        asked_at=as_of,
    )
    record_event(act="ask_group", target=question, by=by, team=team, details={"cycle": cycle.pk})
    if team is None:
        asker = by.name
    else:
        asker = team.name if is_named else "Another group"
    notify(
        users=list_staff(cycle.idea.project.team, on=timezone.localdate(as_of)),
        topic=Topic.CONVERSATION,
        title=f"{asker} asks about your test"[:200],
        text=_shortened(text),
        path=reverse("harvest:answer", args=[question.pk]),
        key=f"group-question-{question.pk}",
        as_of=as_of,
    )
    return question


@transaction.atomic
def answer_group_question(
    *, question: GroupQuestion, answer: str, by: User, as_of: datetime
) -> GroupQuestion:
    """The group answers; its name stands beside the answer as beside the test.

    Effects: answer, audit event, a notification to whoever asked.
    Raises StateRefused for a question that was answered, and for an answer that names the group or its people.
    """
    question = (
        GroupQuestion.objects.select_for_update(of=("self",))
        .select_related("cycle__idea__project__team", "cycle__owner", "cycle__site", "asked_by")
        .get(pk=question.pk)
    )
    check_can_answer(question)
    cycle = question.cycle
    check_names(sorted({*names_in(cycle, [answer]), *find_group_names([answer])}))
    question.answer, question.answered_by, question.answered_at = answer, by, as_of
    question.save(update_fields=["answer", "answered_by", "answered_at"])
    record_event(act="answer_group_question", target=question, by=by, team=cycle.idea.project.team)
    asker_scope = scope_of(question.asked_by, on=timezone.localdate(as_of))
    if list_shared_cycles(asker_scope).filter(pk=cycle.pk).exists():
        notify(
            users=[question.asked_by],
            topic=Topic.CONVERSATION,
            title=f"{group_name(cycle)} answered your question"[:200],
            text=_shortened(answer),
            path=reverse("harvest:test", args=[cycle.pk]),
            key=f"group-question-{question.pk}-answer",
            as_of=as_of,
        )
    return question
