"""The programme's calendar and the page of a session."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from learning.actions.sessions import (
    add_session_file,
    add_session_link,
    change_session,
    check_in,
    delete_phase,
    finish_pre_work,
    give_feedback,
    move_session_on,
    plan_session,
    remove_session_file,
    remove_session_link,
    save_phase,
    undo_check_in,
)
from learning.forms import FeedbackForm, LinkForm, PhaseForm, SessionFileForm, SessionForm
from learning.models import Phase
from learning.policies import (
    SESSION_TRANSITIONS,
    can_check_in,
    can_make_storyboard,
    session_acts,
)
from learning.queries.coaching import get_only_team
from learning.queries.sessions import (
    get_own_feedback,
    get_phase,
    get_session,
    has_checked_in,
    list_attendances,
    list_invited_teams,
    list_phases,
    list_pre_work_done,
    list_sessions,
    session_entry,
    summarise_feedback,
)
from learning.queries.storyboards import list_storyboards
from teams.attachments import list_attachments
from teams.icalendar import calendar_file
from teams.models import Team
from teams.permissions import Permission, require
from teams.queries import list_participants, list_teams, team_of
from teams.requests import ScopedRequest
from teams.views.acting import act_from_form, done, form_page
from teams.views.downloads import download

_ACT_WORDS = {
    "open": "Open for pre-work",
    "hold": "It was held",
    "publish": "Publish the notes",
    "cancel": "Cancel the session",
    "restore": "It takes place after all",
}


@require(Permission.VIEW_CALENDAR)
@require_safe
def calendar_page(request: ScopedRequest) -> HttpResponse:
    """What comes next, what was, and where the programme stands."""
    scope = request.scope
    now = timezone.now()
    sessions = list(list_sessions(scope))
    today = timezone.localdate()
    return render(
        request,
        "learning/calendar.html",
        {
            "upcoming": [s for s in sessions if s.ends_at >= now],
            "past": [s for s in reversed(sessions) if s.ends_at < now],
            "phases": [
                {"phase": phase, "now": phase.starts_on <= today <= phase.ends_on}
                for phase in list_phases()
            ],
            "may_manage": scope.may(Permission.MANAGE_SESSIONS),
            "tab_team": get_only_team(scope),
        },
    )


@require(Permission.VIEW_CALENDAR)
@require_safe
def session_page(request: ScopedRequest, session_id: int) -> HttpResponse:
    scope = request.scope
    session = get_session(scope, session_id)
    may_manage = scope.may(Permission.MANAGE_SESSIONS)
    now = timezone.now()
    done_by = list(list_pre_work_done(session))
    context: dict[str, Any] = {
        "session": session,
        "may_manage": may_manage,
        "links": list(session.links.all()),
        "files": list(list_attachments(session)),
        "storyboards": list(list_storyboards(scope, session)),
        "may_storyboard": scope.may(Permission.WRITE_REPORTS) and can_make_storyboard(session),
        "begun": session.starts_at <= now,
        "may_check_in": can_check_in(session, now),
        "checked_in": has_checked_in(session, request.user),
        "feedback": get_own_feedback(session, request.user),
        "own_team": team_of(request.user, on=timezone.localdate()),
        "pre_work_is_done": any(row.team_id in scope.staff_team_ids for row in done_by),
        "acts": [{"act": act, "label": _ACT_WORDS[act]} for act in session_acts(session)],
        "zone": timezone.localtime(session.starts_at).strftime("%Z"),
    }
    if may_manage or scope.may(Permission.COACH_TEAMS):
        context["summary"] = summarise_feedback(session)
    if may_manage:
        finished = {row.team_id for row in done_by}
        present = list(list_attendances(session))
        here = {row.user_id for row in present}
        context |= {
            "attendances": present,
            "absent": [
                person
                for person in list_participants(
                    session.teams.all(), on=timezone.localdate(session.starts_at)
                )
                if person.pk not in here
            ],
            "pre_work": [
                {"team": team, "done": team.pk in finished} for team in list_invited_teams(session)
            ],
            "link_form": LinkForm(),
            "file_form": SessionFileForm(),
        }
    return render(request, "learning/session.html", context)


@require(Permission.MANAGE_SESSIONS)
@require_http_methods(["GET", "HEAD", "POST"])
def plan_session_page(request: ScopedRequest) -> HttpResponse:
    form = SessionForm(request.POST or None, teams=list_teams(request.scope))
    acted = act_from_form(
        request,
        form,
        lambda v: plan_session(
            values=form.session_values(),
            teams=v["teams"],
            by=request.user,
            as_of=timezone.now(),
        ),
    )
    if acted:
        return done(
            request,
            "The session is planned, everybody is told.",
            "learning:session",
            acted.made.pk,
        )
    return form_page(request, "learning/plan_session.html", form)


@require(Permission.MANAGE_SESSIONS)
@require_http_methods(["GET", "HEAD", "POST"])
def change_session_page(request: ScopedRequest, session_id: int) -> HttpResponse:
    session = get_session(request.scope, session_id)
    form = SessionForm(request.POST or None, teams=list_teams(request.scope), session=session)
    if act_from_form(
        request,
        form,
        lambda v: change_session(
            session=session,
            values=form.session_values(),
            teams=v["teams"],
            by=request.user,
            as_of=timezone.now(),
        ),
    ):
        return done(request, "The session is changed.", "learning:session", session.pk)
    return form_page(request, "learning/change_session.html", form, session=session)


@require(Permission.MANAGE_SESSIONS)
@require_POST
def move_session_on_page(request: ScopedRequest, session_id: int, act: str) -> HttpResponse:
    if act not in SESSION_TRANSITIONS:
        raise Http404("There is no such act.")
    session = get_session(request.scope, session_id)
    session = move_session_on(session=session, act=act, by=request.user, as_of=timezone.now())
    state = session.get_state_display().lower()
    return done(request, f"The session is now: {state}.", "learning:session", session.pk)


@require(Permission.MANAGE_SESSIONS)
@require_POST
def add_link_page(request: ScopedRequest, session_id: int) -> HttpResponse:
    session = get_session(request.scope, session_id)
    form = LinkForm(request.POST)
    if act_from_form(
        request,
        form,
        lambda v: add_session_link(session=session, **v, by=request.user, as_of=timezone.now()),
    ):
        return done(request, "The material is added.", "learning:session", session.pk)
    return form_page(request, "learning/add_link.html", form, session=session)


@require(Permission.MANAGE_SESSIONS)
@require_POST
def remove_link_page(request: ScopedRequest, session_id: int, link_id: int) -> HttpResponse:
    session = get_session(request.scope, session_id)
    remove_session_link(link=session.links.get(pk=link_id), by=request.user)
    return done(request, "The link is taken off.", "learning:session", session.pk)


@require(Permission.MANAGE_SESSIONS)
@require_POST
def add_file_page(request: ScopedRequest, session_id: int) -> HttpResponse:
    session = get_session(request.scope, session_id)
    form = SessionFileForm(request.POST, request.FILES)
    if act_from_form(
        request,
        form,
        lambda v: add_session_file(
            session=session,
            file=v["file"],
            name=v["file"].name,
            by=request.user,
            as_of=timezone.now(),
        ),
    ):
        return done(request, "The file is added.", "learning:session", session.pk)
    return form_page(request, "learning/add_file.html", form, session=session)


@require(Permission.MANAGE_SESSIONS)
@require_http_methods(["GET", "HEAD", "POST"])
def remove_file_page(request: ScopedRequest, session_id: int, attachment_id: int) -> HttpResponse:
    session = get_session(request.scope, session_id)
    attachment = list_attachments(session).get(pk=attachment_id)
    if request.method == "POST":
        remove_session_file(attachment=attachment, by=request.user, as_of=timezone.now())
        return done(request, "The file is taken off.", "learning:session", session.pk)
    context = {"session": session, "file": attachment}
    return render(request, "learning/remove_file.html", context)


@require(Permission.VIEW_CALENDAR)
@require_POST
def check_in_page(request: ScopedRequest, session_id: int) -> HttpResponse:
    """The reader checks in; whoever runs the session can enter somebody else."""
    session = get_session(request.scope, session_id)
    person = request.user
    if (chosen := request.POST.get("person", "")) and request.scope.may(Permission.MANAGE_SESSIONS):
        day = timezone.localdate(session.starts_at)
        person = list_participants(session.teams.all(), on=day).get(
            pk=int(chosen) if chosen.isdecimal() else 0
        )
    check_in(session=session, person=person, by=request.user, as_of=timezone.now())
    who = "You are" if person == request.user else f"{person} is"
    return done(request, f"{who} checked in.", "learning:session", session.pk)


@require(Permission.MANAGE_SESSIONS)
@require_POST
def undo_check_in_page(request: ScopedRequest, session_id: int, person_id: int) -> HttpResponse:
    session = get_session(request.scope, session_id)
    attendance = list_attendances(session).get(user_id=person_id)
    undo_check_in(session=session, person=attendance.user, by=request.user)
    return done(request, f"{attendance.user} is taken off.", "learning:session", session.pk)


@require(Permission.WRITE_REPORTS)
@require_POST
def pre_work_page(request: ScopedRequest, session_id: int) -> HttpResponse:
    session = get_session(request.scope, session_id)
    team = team_of(request.user, on=timezone.localdate())
    if team is None:
        raise Team.DoesNotExist
    finish_pre_work(session=session, team=team, by=request.user, as_of=timezone.now())
    return done(request, "Your pre-work is done.", "learning:session", session.pk)


@require(Permission.VIEW_CALENDAR)
@require_http_methods(["GET", "HEAD", "POST"])
def feedback_page(request: ScopedRequest, session_id: int) -> HttpResponse:
    session = get_session(request.scope, session_id)
    own = get_own_feedback(session, request.user)
    initial = (
        {"useful": own.useful, "will_use": own.will_use, "best": own.best, "better": own.better}
        if own
        else {}
    )
    form = FeedbackForm(request.POST or None, initial=initial)
    if act_from_form(
        request,
        form,
        lambda v: give_feedback(session=session, **v, by=request.user, as_of=timezone.now()),
    ):
        return done(request, "Thank you. Your answer is kept.", "learning:session", session.pk)
    return form_page(request, "learning/feedback.html", form, session=session)


@require(Permission.VIEW_CALENDAR)
@require_safe
def session_calendar_file(request: ScopedRequest, session_id: int) -> HttpResponse:
    """The session for the reader's own calendar."""
    session = get_session(request.scope, session_id)
    return download(
        calendar_file([session_entry(session)], name=session.title), f"session-{session.pk}.ics"
    )


# --- phases ---------------------------------------------------------------------------------------------------


@require(Permission.MANAGE_SESSIONS)
@require_http_methods(["GET", "HEAD", "POST"])
def add_phase_page(request: ScopedRequest) -> HttpResponse:
    return _phase_page(request, None)


@require(Permission.MANAGE_SESSIONS)
@require_http_methods(["GET", "HEAD", "POST"])
def phase_page(request: ScopedRequest, phase_id: int) -> HttpResponse:
    return _phase_page(request, get_phase(phase_id))


def _phase_page(request: ScopedRequest, phase: Phase | None) -> HttpResponse:
    names = ("name", "kind", "starts_on", "ends_on")
    initial = {name: getattr(phase, name) for name in names} if phase else {}
    form = PhaseForm(request.POST or None, initial=initial)
    if act_from_form(request, form, lambda v: save_phase(**v, phase=phase, by=request.user)):
        return done(request, "The phase is saved.", "learning:calendar")
    return form_page(request, "learning/phase.html", form, phase=phase)


@require(Permission.MANAGE_SESSIONS)
@require_POST
def delete_phase_page(request: ScopedRequest, phase_id: int) -> HttpResponse:
    phase = get_phase(phase_id)
    delete_phase(phase=phase, by=request.user)
    messages.success(request, f"“{phase.name}” is gone from the calendar.")
    return redirect("learning:calendar")
