"""Reads of the programme's calendar."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Avg, Count, Q, QuerySet
from django.urls import reverse

from learning.enums import SessionState
from learning.models import Attendance, Phase, PreWorkDone, Session, SessionFeedback
from teams.icalendar import Entry
from teams.models import Team, User
from teams.permissions import Permission
from teams.scoping import Scope

#: Fewer answers than this are not shown: they would tell who said what.
FEWEST_ANSWERS = 5


def list_phases() -> QuerySet[Phase]:
    """The programme's phases in order; the same for everybody."""
    return Phase.objects.all()


def get_phase(phase_id: int) -> Phase:
    return Phase.objects.get(pk=phase_id)


def list_sessions(scope: Scope) -> QuerySet[Session]:
    """Sessions that concern the reader: those for everybody, those for a team worked with, or all for who plans."""
    if not scope.may(Permission.VIEW_CALENDAR):
        return Session.objects.none()
    sessions = Session.objects.order_by("starts_at", "id")
    if scope.may(Permission.MANAGE_SESSIONS):
        return sessions
    theirs = Session.teams.through.objects.filter(team_id__in=scope.own_team_ids)
    return sessions.filter(Q(teams=None) | Q(pk__in=theirs.values("session_id")))


def get_session(scope: Scope, session_id: int) -> Session:
    return list_sessions(scope).get(pk=session_id)


def list_attendances(session: Session) -> QuerySet[Attendance]:
    return session.attendances.select_related("user", "team").order_by("user__name")


def has_checked_in(session: Session, user: User) -> bool:
    return session.attendances.filter(user=user).exists()


def list_pre_work_done(session: Session) -> QuerySet[PreWorkDone]:
    return session.pre_work_done.select_related("team", "by").order_by("team__name")


def list_invited_teams(session: Session) -> list[Team]:
    """The teams that a session is for; all of them where it is for everybody."""
    return list(session.teams.all()) or list(Team.objects.all())


def get_own_feedback(session: Session, user: User) -> SessionFeedback | None:
    return session.feedback.filter(user=user).first()


@dataclass(frozen=True)
class FeedbackSummary:
    """What people thought of a session. Means are from 1 to 5 and, like the texts, None or empty while there
    are fewer than FEWEST_ANSWERS answers. Texts come in the order of the alphabet, so that none tells its author.
    """

    count: int
    useful: float | None
    will_use: float | None
    best: tuple[str, ...]
    better: tuple[str, ...]


def summarise_feedback(session: Session) -> FeedbackSummary:
    numbers = session.feedback.aggregate(
        count=Count("id"), useful=Avg("useful"), will_use=Avg("will_use")
    )
    if numbers["count"] < FEWEST_ANSWERS:
        return FeedbackSummary(numbers["count"], None, None, (), ())
    texts = list(session.feedback.values_list("best", "better"))
    return FeedbackSummary(
        numbers["count"],
        numbers["useful"],
        numbers["will_use"],
        tuple(sorted(best for best, _ in texts if best)),
        tuple(sorted(better for _, better in texts if better)),
    )


def list_upcoming(scope: Scope, *, after: datetime, limit: int) -> list[Session]:
    """What comes next for the reader, without what was cancelled."""
    return list(list_sessions(scope).filter(ends_at__gte=after).exclude(state="cancelled")[:limit])


def session_entry(session: Session) -> Entry:
    """The session as an entry of somebody's calendar."""
    return Entry(
        key=f"session-{session.pk}",
        title=session.title,
        starts=session.starts_at,
        ends=session.ends_at,
        path=reverse("learning:session", args=[session.pk]),
        changed_at=session.changed_at,
        text=session.agenda,
        place=session.place or session.join_link,
        sequence=session.sequence,
        cancelled=session.state == SessionState.CANCELLED,
    )
