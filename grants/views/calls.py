"""Pages of calls: apply, review without seeing the others, decide."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from grants.actions.calls import (
    ask_reviewer,
    change_call_days,
    decide_application,
    open_call,
    submit_application,
    submit_review,
    withdraw_application,
    write_application,
)
from grants.enums import AwardKind, AwardState, CallState
from grants.forms.calls import (
    ApplicationForm,
    CallDaysForm,
    CallForm,
    DecisionForm,
    ReviewerForm,
    ReviewForm,
)
from grants.queries.awards import get_reporting_team, list_awards, may_report
from grants.queries.calls import (
    count_reviews,
    get_application,
    get_call,
    list_applications,
    list_calls,
    list_possible_reviewers,
    list_reviews,
)
from grants.queries.money import list_funds
from grants.views.autosave import show_versions
from teams.autosave import versions_of
from teams.errors import StateRefused
from teams.permissions import Permission, require
from teams.queries import list_teams
from teams.requests import ScopedRequest
from teams.views.acting import act_from_form, done, form_page


@require(Permission.VIEW_GRANTS)
@require_safe
def calls_page(request: ScopedRequest) -> HttpResponse:
    scope = request.scope
    today = timezone.localdate()
    return render(
        request,
        "grants/calls.html",
        {
            "calls": list_calls(scope, on=today),
            "applications": list_applications(scope).order_by("-call__closes_on", "team__name"),
            "today": today,
            "section": "calls",
        },
    )


@require(Permission.VIEW_GRANTS)
@require_safe
def call_page(request: ScopedRequest, call_id: int) -> HttpResponse:
    scope = request.scope
    today = timezone.localdate()
    call = get_call(scope, call_id, on=today)
    applications = list_applications(scope).filter(call=call).prefetch_related("reviews")
    return render(
        request,
        "grants/call.html",
        {
            "call": call,
            "is_open": call.opens_on <= today <= call.closes_on,
            "can_change": call.state == CallState.OPEN and scope.may(Permission.MANAGE_GRANTS),
            "applications": [(a, count_reviews(a)) for a in applications],
            "teams": list_teams(scope).filter(pk__in=scope.staff_team_ids)
            if scope.may(Permission.REPORT_GRANTS)
            else [],
        },
    )


@require(Permission.MANAGE_GRANTS)
@require_http_methods(["GET", "HEAD", "POST"])
def add_call_page(request: ScopedRequest) -> HttpResponse:
    form = CallForm(request.POST or None, funds=list_funds())
    acted = act_from_form(
        request,
        form,
        lambda v: open_call(
            **{**v, "kind": AwardKind(v["kind"])},
            by=request.user,
            as_of=timezone.now(),
        ),
    )
    if acted:
        return done(request, "The call is open on its first day.", "grants:call", acted.made.pk)
    return form_page(
        request,
        "grants/form.html",
        form,
        title="Open a call",
        verb="Open the call",
        back="grants:calls",
    )


@require(Permission.MANAGE_GRANTS)
@require_http_methods(["GET", "HEAD", "POST"])
def call_days_page(request: ScopedRequest, call_id: int) -> HttpResponse:
    """Extend a call, or end it sooner."""
    call = get_call(request.scope, call_id, on=timezone.localdate())
    form = CallDaysForm(request.POST or None, call=call)
    if act_from_form(
        request,
        form,
        lambda v: change_call_days(call=call, **v, by=request.user, as_of=timezone.now()),
    ):
        return done(request, "The days are changed. The groups are told.", "grants:call", call.pk)
    return form_page(
        request,
        "grants/form.html",
        form,
        title=f"When “{call.title}” is open",
        verb="Change the days",
        back="grants:call",
        back_pk=call.pk,
    )


@require(Permission.REPORT_GRANTS)
@require_http_methods(["GET", "HEAD", "POST"])
def apply_page(request: ScopedRequest, call_id: int, code: str) -> HttpResponse:
    """Write the application of the own group; hand it in when it is whole."""
    scope = request.scope
    call = get_call(scope, call_id, on=timezone.localdate())
    team = get_reporting_team(scope, code)
    application = list_applications(scope).filter(call=call, team=team).first()
    if application is not None and application.state != "draft":
        return redirect("grants:application", application.pk)
    form = ApplicationForm(request.POST or None, call=call, application=application)
    if application is not None:
        show_versions(form, versions_of(application))
    if request.method == "POST" and form.is_valid():
        common: dict[str, Any] = {"by": request.user, "as_of": timezone.now()}
        try:
            application = write_application(
                call=call, team=team, title=form.cleaned_data["title"],
                amount=form.cleaned_data["amount"], answers=form.answers(), **common,
            )  # fmt: skip
            if request.POST.get("then") == "submit":
                submit_application(application=application, **common)
                messages.success(request, "Handed in. You hear the decision with its reasons.")
                return redirect("grants:application", application.pk)
        except StateRefused as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, "Saved. Nothing is handed in yet.")
            return redirect("grants:apply", call.pk, team.code)
    return render(
        request,
        "grants/apply.html",
        {"form": form, "call": call, "team": team, "application": application},
        status=422 if form.errors else 200,
    )


@require(Permission.VIEW_GRANTS)
@require_http_methods(["GET", "HEAD", "POST"])
def application_page(request: ScopedRequest, application_id: int) -> HttpResponse:
    """What a group applied with; the reader's own part: reviewing, asking reviewers or deciding."""
    scope = request.scope
    application = get_application(scope, application_id)
    manages = scope.may(Permission.MANAGE_GRANTS)
    reviews = list_reviews(scope, application)
    own = next((r for r in reviews if r.reviewer_id == scope.user_id), None)
    forms = _forms(request, scope, application, own, manages)
    if request.method == "POST":
        done = _act(request, application, own, forms)
        if done:
            messages.success(request, done)
            return redirect("grants:application", application.pk)
    return render(
        request,
        "grants/application.html",
        {
            "application": application,
            "call": application.call,
            "answers": list(
                zip(
                    application.call.questions,
                    [*application.answers, *[""] * len(application.call.questions)],
                    strict=False,
                )
            ),
            "reviews": [
                (r, list(zip(application.call.criteria, r.scores, r.reasons, strict=False)))
                for r in reviews
                if r.submitted_at
            ],
            "counted": count_reviews(application),
            "forms": forms,
            "can_withdraw": may_report(scope, application.team_id)
            and application.state in ("draft", "submitted"),
        },
        status=422 if any(form.errors for form in forms.values()) else 200,
    )


def _forms(
    request: ScopedRequest, scope: Any, application: Any, own: Any, manages: bool
) -> dict[str, Any]:
    """The forms of what this reader can do now, by name; the one that was sent is bound."""
    sent = request.POST.get("do", "") if request.method == "POST" else ""

    def data(name: str) -> Any:
        return request.POST if sent == name else None

    found: dict[str, Any] = {}
    if application.state != "submitted":
        return found
    if own is not None and own.submitted_at is None:
        found["review"] = ReviewForm(data("review"), review=own)
    if manages:
        people = list_possible_reviewers(application, on=timezone.localdate())
        found["ask"] = ReviewerForm(data("ask"), people=people)
        drafts = list_awards(scope).filter(team=application.team, state=AwardState.DRAFT)
        found["decide"] = DecisionForm(data("decide"), awards=drafts)
    return found


def _act(request: ScopedRequest, application: Any, own: Any, forms: dict[str, Any]) -> str:
    """Do what was sent; the sentence that says so, empty when the form needs another look."""
    name = request.POST.get("do", "")
    form = forms.get(name)
    if form is None:
        raise Http404("There is nothing like this to do here.")
    if not form.is_valid():
        return ""
    common: dict[str, Any] = {"by": request.user, "as_of": timezone.now()}
    try:
        if name == "review":
            submit_review(review=own, scores=form.scores(), reasons=form.reasons(), **common)
            return "Your review is in."
        if name == "ask":
            ask_reviewer(application=application, reviewer=form.cleaned_data["reviewer"], **common)
            return "Asked."
        decide_application(
            application=application,
            awarded=form.cleaned_data["decision"] == "award",
            reason=form.cleaned_data["reason"],
            award=form.cleaned_data["award"],
            **common,
        )
    except StateRefused as refusal:
        form.add_error(None, str(refusal))
        return ""
    return "Decided. The group reads the reasons."


@require(Permission.REPORT_GRANTS)
@require_POST
def withdraw_application_page(request: ScopedRequest, application_id: int) -> HttpResponse:
    application = get_application(request.scope, application_id)
    withdraw_application(application=application, by=request.user, as_of=timezone.now())
    messages.success(request, "The application is withdrawn.")
    return redirect("grants:calls")
