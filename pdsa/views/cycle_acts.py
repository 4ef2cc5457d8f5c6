"""What is done with a test: steps between states, finishing, the next one, sharing, rows, comments.

Each is a plain form post that comes back to the page, to the part that it changed.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.forms import BaseForm
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from pdsa import editing
from pdsa.actions import cycle_rows, cycles, files
from pdsa.actions.measures import link_cycle
from pdsa.forms.cycles import (
    CancelForm,
    CommentForm,
    FileForm,
    FinishForm,
    FocusForm,
    ReadingForm,
    SharingForm,
)
from pdsa.forms.measures import MeasureChoiceForm
from pdsa.models import Cycle
from pdsa.policies.cycles import check_can
from pdsa.queries.cycles import (
    get_cycle,
    get_own_comment,
    get_removed_prediction,
    get_removed_reading,
    get_removed_task,
    get_writable_cycle,
    get_writable_prediction,
    get_writable_reading,
    get_writable_task,
    list_mentionable,
)
from teams.attachments import list_attachments
from teams.autosave import EditConflicts
from teams.permissions import Permission, require
from teams.requests import ScopedRequest
from teams.scoping import Scope
from teams.views.acting import act_from_form, done, form_page
from teams.views.autosave import autosave_view

#: What is said after a step.
_DONE = {
    "plan": "Planned.",
    "start": "Started. Write down what happens; it saves itself.",
    "study": "On to study: what did you learn?",
    "pause": "Paused. It stays where it is.",
    "resume": "It goes on.",
    "cancel": "Cancelled. What you wrote stays.",
    "restore": "It is planned again.",
    "reopen": "Reopened at study.",
}


def _page(cycle: Cycle, part: str = "") -> HttpResponseRedirect:
    address = reverse("pdsa:cycle", args=[cycle.pk])
    return HttpResponseRedirect(f"{address}#{part}" if part else address)


def _parts(request: ScopedRequest) -> tuple[Scope, Any]:
    return request.scope, request.user


def _form_page(
    request: ScopedRequest,
    form: BaseForm,
    cycle: Cycle,
    title: str,
    submit: str,
    part: str,
    *,
    draft: str = "",
) -> HttpResponse:
    """A form of the test's page on a page of its own, where what was typed stays and says what is wrong.

    draft: the name under which the test's page keeps what is typed there, so that it goes once it is sent.
    """
    return form_page(
        request,
        "pdsa/row_form.html",
        form,
        cycle=cycle,
        project=cycle.idea.project,
        title=title,
        submit=submit,
        part=part,
        draft=draft,
        has_file=form.is_multipart(),
    )


@require(Permission.EDIT_PROJECTS)
@require_POST
def move(request: ScopedRequest, cycle_id: int, act: str) -> HttpResponse:
    scope, user = _parts(request)
    cycle = get_writable_cycle(scope, cycle_id)
    form = CancelForm(request.POST)
    if not form.is_valid():
        return _form_page(request, form, cycle, "Cancel this test", "Cancel the test", "")
    cycles.move_cycle(
        cycle=cycle,
        act=act,
        by=user,
        as_of=timezone.localtime(),
        reason=form.cleaned_data["reason"],
    )
    return done(request, _DONE[act], "pdsa:cycle", cycle.pk)


@require(Permission.EDIT_PROJECTS)
@require_http_methods(["GET", "HEAD", "POST"])
def finish(request: ScopedRequest, cycle_id: int) -> HttpResponse:
    """What happened, did it hold, what now: and the next test is there.

    What somebody else wrote meanwhile comes back beside what was typed, with 409.
    """
    scope, user = _parts(request)
    cycle = get_writable_cycle(scope, cycle_id)
    if request.method != "POST":  # what was typed comes back with the refusal
        check_can("decide", cycle)
    form, now = FinishForm(request.POST or None, cycle=cycle), timezone.localtime()
    context: dict[str, Any] = {"form": form, "cycle": cycle, "project": cycle.idea.project}
    try:
        acted = act_from_form(request, form, lambda given: _decide(cycle, form, given, user, now))
    except EditConflicts as conflicts:
        form.show_both(conflicts.theirs)
        return render(request, "pdsa/finish.html", context, status=409)
    if acted:
        given = form.cleaned_data
        if given["plan_next"] and given["decision"] not in ("adopt", "abandon"):
            made = cycles.continue_cycle(cycle=cycle, by=user, as_of=now)
            said = f"Test {cycle.number} is closed, and here is the plan of the next one."
            return done(request, said, "pdsa:cycle", made.pk)
        said = "Closed. Others may learn from it too: choose below who can see it."
        return done(request, said, "pdsa:cycle", cycle.pk)
    return form_page(request, "pdsa/finish.html", **context)


def _decide(
    cycle: Cycle, form: FinishForm, given: dict[str, Any], user: Any, now: datetime
) -> None:
    cycles.decide_cycle(
        cycle=cycle,
        decision=given["decision"],
        values=form.texts,
        matches=form.matches,
        bases=form.bases,
        by=user,
        as_of=now,
    )


@require(Permission.EDIT_PROJECTS)
@require_POST
def decide(request: ScopedRequest, cycle_id: int, decision: str) -> HttpResponse:
    """One click on a decision closes the test."""
    scope, user = _parts(request)
    cycle = get_writable_cycle(scope, cycle_id)
    closed = cycles.decide_cycle(
        cycle=cycle, decision=decision, by=user, as_of=timezone.localtime()
    )
    messages.success(request, f"Closed: {closed.get_decision_display().lower()}.")
    return _page(closed, "act")


@require(Permission.EDIT_PROJECTS)
@require_POST
def continue_(request: ScopedRequest, cycle_id: int) -> HttpResponse:
    scope, user = _parts(request)
    cycle = get_writable_cycle(scope, cycle_id)
    made = cycles.continue_cycle(cycle=cycle, by=user, as_of=timezone.localtime())
    messages.success(request, "This is the next test, with the plan of the one before.")
    return _page(made)


@require(Permission.EDIT_PROJECTS)
@require_POST
def not_predicted(request: ScopedRequest, cycle_id: int) -> HttpResponse:
    scope, user = _parts(request)
    cycle = get_writable_cycle(scope, cycle_id)
    cycles.say_not_predicted(
        cycle=cycle,
        not_predicted=request.POST.get("value") == "1",
        by=user,
        as_of=timezone.localtime(),
    )
    return _page(cycle, "questions")


@require(Permission.EDIT_PROJECTS)
@require_POST
def focus(request: ScopedRequest, cycle_id: int) -> HttpResponse:
    scope, user = _parts(request)
    cycle = get_writable_cycle(scope, cycle_id)
    form = FocusForm(request.POST, cycle=cycle)
    if form.is_valid():
        cycles.set_focus(
            cycle=cycle, strata=form.cleaned_data["strata"], by=user, as_of=timezone.localtime()
        )
    return _page(cycle, "focus")


@require(Permission.EDIT_PROJECTS)
@require_POST
def share(request: ScopedRequest, cycle_id: int) -> HttpResponse:
    scope, user = _parts(request)
    cycle = get_writable_cycle(scope, cycle_id)
    form = SharingForm(request.POST)
    if form.is_valid():
        cycles.share_cycle(
            cycle=cycle,
            sharing=form.cleaned_data["sharing"],
            by=user,
            as_of=timezone.localtime(),
        )
    return _page(cycle, "sharing")


@require(Permission.EDIT_PROJECTS)
@require_POST
def link_measure(request: ScopedRequest, cycle_id: int) -> HttpResponse:
    """A measure of the project that the test is meant to move."""
    scope, user = _parts(request)
    cycle = get_writable_cycle(scope, cycle_id)
    form = MeasureChoiceForm(request.POST, cycle=cycle)
    if form.is_valid():
        link_cycle(measure=form.chosen, cycle=cycle, by=user, as_of=timezone.localdate())
        messages.success(request, "Linked. The test is drawn under the chart of the measure.")
    else:
        messages.error(request, "Choose a measure of this project.")
    return _page(cycle, "measures")


# --- rows -----------------------------------------------------------------------------------------------------


@require(Permission.EDIT_PROJECTS)
@require_POST
def add_prediction(request: ScopedRequest, cycle_id: int) -> HttpResponse:
    scope, user = _parts(request)
    cycle = get_writable_cycle(scope, cycle_id)
    cycle_rows.add_prediction(cycle=cycle, by=user, as_of=timezone.localtime())
    return _page(cycle, "questions")


@require(Permission.EDIT_PROJECTS)
@require_POST
def add_task(request: ScopedRequest, cycle_id: int) -> HttpResponse:
    scope, user = _parts(request)
    cycle = get_writable_cycle(scope, cycle_id)
    cycle_rows.add_task(cycle=cycle, by=user, as_of=timezone.localtime())
    return _page(cycle, "tasks")


@require(Permission.EDIT_PROJECTS)
@require_POST
def finish_task(request: ScopedRequest, pk: int) -> HttpResponse:
    scope, user = _parts(request)
    task = get_writable_task(scope, pk)
    done = request.POST.get("done") == "1"
    cycle_rows.finish_task(task=task, done=done, by=user, as_of=timezone.localtime())
    return _page(task.cycle, "tasks")


def _row_view(
    get: Callable[[Scope, int], Any], act: Callable[..., None], part: str
) -> Callable[..., HttpResponse]:
    @require(Permission.EDIT_PROJECTS)
    @require_POST
    def change(request: ScopedRequest, pk: int) -> HttpResponse:
        scope, user = _parts(request)
        row = get(scope, pk)
        act(row=row, by=user, as_of=timezone.localtime())
        return _page(row.cycle, part)

    return change


remove_prediction = _row_view(get_writable_prediction, cycle_rows.remove_row, "questions")
remove_task = _row_view(get_writable_task, cycle_rows.remove_row, "tasks")
remove_reading = _row_view(get_writable_reading, cycle_rows.remove_row, "readings")
put_back_prediction = _row_view(get_removed_prediction, cycle_rows.put_back_row, "questions")
put_back_task = _row_view(get_removed_task, cycle_rows.put_back_row, "tasks")
put_back_reading = _row_view(get_removed_reading, cycle_rows.put_back_row, "readings")


@require(Permission.EDIT_PROJECTS)
@require_POST
def add_reading(request: ScopedRequest, cycle_id: int) -> HttpResponse:
    scope, user = _parts(request)
    cycle = get_writable_cycle(scope, cycle_id)
    form = ReadingForm(request.POST)
    if not form.is_valid():
        title, submit = "Numbers from the test", "Add the numbers"
        draft = f"reading-{cycle.pk}"
        return _form_page(request, form, cycle, title, submit, "readings", draft=draft)
    cycle_rows.add_reading(cycle=cycle, by=user, as_of=timezone.localtime(), **form.kept)
    return _page(cycle, "readings")


# --- files ----------------------------------------------------------------------------------------------------


@require(Permission.EDIT_PROJECTS)
@require_POST
def add_file(request: ScopedRequest, cycle_id: int) -> HttpResponse:
    scope, user = _parts(request)
    cycle = get_writable_cycle(scope, cycle_id)
    form = FileForm(request.POST, request.FILES)

    def add(given: dict[str, Any]) -> None:
        file = given["file"]
        files.add_file(cycle=cycle, file=file, name=file.name, by=user, as_of=timezone.localtime())

    if not act_from_form(request, form, add):
        return _form_page(request, form, cycle, "Add a file", "Add the file", "files")
    return _page(cycle, "files")


@require(Permission.EDIT_PROJECTS)
@require_http_methods(["GET", "HEAD", "POST"])
def remove_file(request: ScopedRequest, cycle_id: int, attachment_id: int) -> HttpResponse:
    """Asks first: a removed file is no longer shown."""
    scope, user = _parts(request)
    cycle = get_writable_cycle(scope, cycle_id)
    attachment = list_attachments(cycle).get(pk=attachment_id)
    if request.method == "POST":
        files.remove_file(attachment=attachment, by=user, as_of=timezone.localtime())
        return _page(cycle, "files")
    return render(
        request,
        "pdsa/remove_file.html",
        {"cycle": cycle, "project": cycle.idea.project, "attachment": attachment},
    )


# --- comments -------------------------------------------------------------------------------------------------


@require(Permission.COMMENT_ON_TESTS)
@require_POST
def add_comment(request: ScopedRequest, cycle_id: int) -> HttpResponse:
    scope, user = _parts(request)
    cycle = get_cycle(scope, cycle_id)
    form = CommentForm(request.POST, people=list_mentionable(scope, cycle, on=timezone.localdate()))
    if not form.is_valid():
        draft, submit = f"comment-{cycle.pk}", "Send the comment"
        return _form_page(request, form, cycle, "Comment", submit, "comments", draft=draft)
    cycle_rows.add_comment(
        cycle=cycle,
        text=form.cleaned_data["text"],
        mentions=form.mentioned,
        by=user,
        as_of=timezone.localtime(),
    )
    return _page(cycle, "comments")


@require(Permission.COMMENT_ON_TESTS)
@require_POST
def take_back_comment(request: ScopedRequest, pk: int) -> HttpResponse:
    scope, user = _parts(request)
    comment = get_own_comment(scope, pk)
    cycle_rows.take_back_comment(comment=comment, by=user, as_of=timezone.localtime())
    return _page(comment.cycle, "comments")


# --- fields that save themselves ------------------------------------------------------------------------------

save_cycle = autosave_view(Permission.EDIT_PROJECTS, editing.editable_cycle)
save_prediction = autosave_view(Permission.EDIT_PROJECTS, editing.editable_prediction)
save_task = autosave_view(Permission.EDIT_PROJECTS, editing.editable_task)
