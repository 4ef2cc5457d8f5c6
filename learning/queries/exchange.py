"""Reads of what groups say to each other about shared tests.

Everything hangs on a test that is shared on the day of reading: when its group takes the share back, nominations,
reports and questions about it are gone for everybody else with it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet

from grants.enums import PlanDecision
from grants.queries.plans import list_plans
from learning.enums import NominationState, PackageState, TriedOutcome
from learning.models import GroupQuestion, Nomination, PackageVersion, TriedToo
from pdsa.enums import Sharing
from pdsa.queries.cycles import list_cycles, list_shared_cycles
from pdsa.sharing import UNNAMED_GROUP, group_name
from teams.models import Team
from teams.moderation import held_ids
from teams.permissions import Permission
from teams.scoping import Scope

#: What is said, as posts that can be reported; an answer is a post of its own, by another group than the question.
TRIED_TYPE = "learning.triedtoo"
QUESTION_TYPE = "learning.groupquestion"
ANSWER_TYPE = "learning.groupanswer"


def _is_held(post_type: str) -> Exists:
    return Exists(held_ids(post_type).filter(post_id=OuterRef("pk")))


def list_shared_own_cycles(scope: Scope) -> QuerySet[Any]:
    """Shared tests of the teams that the reader works with."""
    return list_shared_cycles(scope).filter(idea__project__team_id__in=scope.own_team_ids)


def get_nominable_cycle(scope: Scope, cycle_id: int) -> Any:
    """A shared test of a team that the reader works with, for whoever may nominate."""
    if not scope.may(Permission.NOMINATE_TESTS):
        return list_cycles(scope).none().get()
    return list_shared_own_cycles(scope).get(pk=cycle_id)


def may_speak_for(scope: Scope, team_id: int) -> bool:
    """Whether the reader belongs to the team's staff: who lets its numbers out and answers for it."""
    return scope.may(Permission.EDIT_PROJECTS) and team_id in scope.staff_team_ids


def get_answerable_question(scope: Scope, question_id: int) -> GroupQuestion:
    """A question about a shared test of the reader's own group that nobody reported."""
    found = (
        GroupQuestion.objects.exclude(pk__in=held_ids(QUESTION_TYPE))
        .select_related("cycle__idea__project__team", "asked_by")
        .get(pk=question_id, cycle__in=list_shared_own_cycles(scope))
    )
    if not may_speak_for(scope, found.cycle.idea.project.team_id):
        raise GroupQuestion.DoesNotExist
    return found


def list_waiting_questions(scope: Scope, *, limit: int) -> list[GroupQuestion]:
    """Questions about shared tests of the reader's own group without an answer, the oldest first."""
    if not scope.may(Permission.EDIT_PROJECTS):
        return []
    return list(
        GroupQuestion.objects.filter(
            cycle__in=list_shared_cycles(scope),
            cycle__idea__project__team_id__in=scope.staff_team_ids,
            answered_at=None,
        )
        .exclude(pk__in=held_ids(QUESTION_TYPE))
        .select_related("cycle__idea")
        .order_by("asked_at", "id")[:limit]
    )


def get_own_report(scope: Scope, report_id: int) -> TriedToo:
    """A report of the reader's own group."""
    return TriedToo.objects.select_related("cycle__idea__project__team", "team").get(
        pk=report_id, team_id__in=scope.staff_team_ids, cycle__in=list_shared_cycles(scope)
    )


def find_own_report(scope: Scope, cycle_id: int) -> TriedToo | None:
    """What the reader's own group has said about a test before, to change it."""
    return TriedToo.objects.filter(cycle_id=cycle_id, team_id__in=scope.staff_team_ids).first()


# --- nominations --------------------------------------------------------------------------------------------------


def list_nominations(scope: Scope) -> QuerySet[Nomination]:
    """Nominations that the reader may see: all for the faculty, else those of the teams worked with.

    Only of tests that are shared; of the own ones also those that were taken back.
    """
    if not scope.may(Permission.NOMINATE_TESTS):
        return Nomination.objects.none()
    found = Nomination.objects.select_related(
        "cycle__idea__project__team", "cycle__owner", "cycle__site", "nominated_by", "decided_by"
    )
    if scope.may(Permission.EDIT_PACKAGE):
        return found.filter(cycle__in=list_shared_cycles(scope).order_by())
    return found.filter(cycle__idea__project__team_id__in=scope.own_team_ids)


def get_nomination(scope: Scope, nomination_id: int) -> Nomination:
    return list_nominations(scope).get(pk=nomination_id)


def get_decidable_nomination(scope: Scope, nomination_id: int) -> Nomination:
    """One that the reader may take into the draft or decline."""
    if not scope.may(Permission.EDIT_PACKAGE):
        raise Nomination.DoesNotExist
    return get_nomination(scope, nomination_id)


def count_waiting_nominations(scope: Scope) -> int:
    """How many wait for the reader to decide; 0 for whoever does not."""
    if not scope.may(Permission.EDIT_PACKAGE):
        return 0
    return list_nominations(scope).filter(state=NominationState.WAITING).count()


def find_plan_decision(scope: Scope, cycle: Any) -> str:
    """What the group's sustainability plan says of the change of a test, where it names the change so."""
    team_id = cycle.idea.project.team_id
    if team_id not in scope.own_team_ids:
        return PlanDecision.UNDECIDED
    decisions = (
        list_plans(scope)
        .filter(team_id=team_id, changes__title__iexact=cycle.idea.title)
        .order_by("-pk")
        .values_list("changes__decision", flat=True)
    )
    return decisions.first() or PlanDecision.UNDECIDED


# --- what is said about a test ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class SaidReport:
    """A "we tried this too" as others read it. own_cycle_id: of a shared test that may be opened.
    is_hidden: somebody reported it; only its group, the group's coach and moderators read it still.
    """

    report: TriedToo
    group: str
    own_cycle_id: int | None
    is_own: bool
    is_hidden: bool


@dataclass(frozen=True)
class SaidQuestion:
    """A question as others read it. asker and answerer: names as their groups chose.
    is_hidden: the question was reported; answer_is_hidden: its answer was. shows_answer: the reader reads that.
    """

    question: GroupQuestion
    asker: str
    answerer: str
    may_answer: bool
    is_hidden: bool
    answer_is_hidden: bool
    shows_answer: bool


@dataclass(frozen=True)
class Exchange:
    """Everything that is said about one shared test."""

    group: str
    reports: list[SaidReport]
    questions: list[SaidQuestion]
    tally_text: str
    nomination: Nomination | None
    may_nominate: bool
    may_report: bool
    may_ask: bool


def read_exchange(scope: Scope, cycle: Any) -> Exchange:
    """What is said about a shared test; five queries at most. The caller read the test through the scope."""
    team_id = cycle.idea.project.team_id
    reports = _said_reports(scope, cycle)
    works_with = team_id in scope.own_team_ids
    nomination = None
    if works_with or scope.may(Permission.EDIT_PACKAGE):
        nomination = list_nominations(scope).filter(cycle=cycle).first()
    is_staff = may_speak_for(scope, team_id)
    return Exchange(
        group=group_name(cycle),
        reports=reports,
        questions=_said_questions(scope, cycle, is_staff),
        tally_text=tally_text(Counter(row.report.outcome for row in reports if not row.is_hidden)),
        nomination=nomination,
        may_nominate=works_with
        and scope.may(Permission.NOMINATE_TESTS)
        and (nomination is None or nomination.state in _CAN_BE_NOMINATED_AGAIN),
        may_report=bool(scope.staff_team_ids - {team_id}) and scope.may(Permission.EDIT_PROJECTS),
        may_ask=not is_staff and scope.may(Permission.ASK_GROUPS),
    )


_CAN_BE_NOMINATED_AGAIN = (NominationState.DECLINED, NominationState.WITHDRAWN)


def _said_reports(scope: Scope, cycle: Any) -> list[SaidReport]:
    rows = [
        row
        for row in TriedToo.objects.filter(cycle=cycle)
        .select_related("team", "own_cycle", "reported_by")
        .annotate(is_hidden=_is_held(TRIED_TYPE))
        if not row.is_hidden or _reads_hidden(scope, row.team_id, row.reported_by_id)
    ]
    shared = dict(
        list_shared_cycles(scope)
        .filter(pk__in=[row.own_cycle_id for row in rows if row.own_cycle_id])
        .order_by()
        .values_list("pk", "sharing")
    )
    return [
        SaidReport(
            report=row,
            group=row.team.name if row.is_named else UNNAMED_GROUP,
            own_cycle_id=_linkable(row, shared),
            is_own=row.team_id in scope.staff_team_ids,
            is_hidden=row.is_hidden,
        )
        for row in rows
    ]


def _reads_hidden(scope: Scope, team_id: int | None, author_id: int | None) -> bool:
    """Who still reads what was reported: whoever wrote it, who works with that group, and who moderates."""
    return (
        author_id == scope.user_id
        or team_id in scope.own_team_ids
        or scope.may(Permission.MODERATE_POSTS)
    )


def _linkable(row: TriedToo, shared: dict[int, str]) -> int | None:
    """A link to a test that says its group's name would undo a report without the name."""
    if row.own_cycle_id is None or row.own_cycle_id not in shared:
        return None
    if not row.is_named and shared[row.own_cycle_id] == Sharing.NAMED:
        return None
    return row.own_cycle_id


def _said_questions(scope: Scope, cycle: Any, is_staff: bool) -> list[SaidQuestion]:
    rows = (
        GroupQuestion.objects.filter(cycle=cycle)
        .select_related("team", "asked_by")
        .annotate(is_hidden=_is_held(QUESTION_TYPE), answer_is_hidden=_is_held(ANSWER_TYPE))
    )
    answerer = group_name(cycle)
    team_id = cycle.idea.project.team_id
    return [
        SaidQuestion(
            question=row,
            asker=_asker(row),
            answerer=answerer,
            may_answer=is_staff and row.answered_at is None and not row.is_hidden,
            is_hidden=row.is_hidden,
            answer_is_hidden=row.answer_is_hidden,
            shows_answer=bool(row.answer)
            and (not row.answer_is_hidden or _reads_hidden(scope, team_id, row.answered_by_id)),
        )
        for row in rows
        if not row.is_hidden or _reads_hidden(scope, row.team_id, row.asked_by_id)
    ]


def _asker(row: GroupQuestion) -> str:
    if row.team is None:
        return f"{row.asked_by.name}, faculty"
    return row.team.name if row.is_named else UNNAMED_GROUP


def tally_text(outcomes: Counter[str]) -> str:
    """ "Tried by 3 more groups: worked 2, did not 1"; empty where nobody reported."""
    total = sum(outcomes.values())
    if not total:
        return ""
    words = {
        TriedOutcome.WORKED: "worked for",
        TriedOutcome.ADAPTED: "worked after a change for",
        TriedOutcome.DID_NOT: "did not work for",
    }
    parts = [f"{words[o]} {outcomes[o]}" for o in TriedOutcome if outcomes[o]]
    return f"Tried by {total} more group{'' if total == 1 else 's'}: {', '.join(parts)}"


def count_tried(cycle_ids: Iterable[int]) -> dict[int, Counter[str]]:
    """Test → how often which outcome was reported; one query. The caller knows that the tests are shared."""
    found: dict[int, Counter[str]] = {}
    for cycle_id, outcome in (
        TriedToo.objects.filter(cycle_id__in=list(cycle_ids))
        .exclude(pk__in=held_ids(TRIED_TYPE))
        .order_by()
        .values_list("cycle_id", "outcome")
    ):
        found.setdefault(cycle_id, Counter())[outcome] += 1
    return found


def get_readable_tried(scope: Scope, tried_id: int) -> TriedToo:
    """A report that nobody has reported, about a test that the reader may read."""
    return (
        TriedToo.objects.exclude(pk__in=held_ids(TRIED_TYPE))
        .select_related("cycle__idea__project__team", "team", "reported_by")
        .get(pk=tried_id, cycle__in=list_shared_cycles(scope))
    )


def get_readable_question(scope: Scope, question_id: int) -> GroupQuestion:
    """A question that nobody has reported, about a test that the reader may read."""
    return (
        GroupQuestion.objects.exclude(pk__in=held_ids(QUESTION_TYPE))
        .select_related("cycle__idea__project__team", "team", "asked_by", "answered_by")
        .get(pk=question_id, cycle__in=list_shared_cycles(scope))
    )


def get_team_of_writer(scope: Scope) -> Team | None:
    """The team in whose name the reader writes, where there is one."""
    return Team.objects.filter(pk__in=scope.staff_team_ids).order_by("name").first()


#: For how long the home page says that a version was published.
_STILL_NEW = timedelta(days=14)


def get_new_version(scope: Scope, *, now: datetime) -> PackageVersion | None:
    """The version that was published lately, for the home page."""
    if not scope.may(Permission.VIEW_SHARED_TESTS):
        return None
    return PackageVersion.objects.filter(
        state=PackageState.PUBLISHED, published_at__gte=now - _STILL_NEW
    ).first()
