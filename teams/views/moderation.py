"""Reporting a post that may hold details of a patient, and deciding about it."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from teams.actions.moderation import decide_about_post, report_post
from teams.enums import HoldState
from teams.moderation import find_held, get_held, get_post, list_held
from teams.moderation_form import DecidePostForm, ReportPostForm
from teams.permissions import Permission, require
from teams.requests import ScopedRequest
from teams.views.acting import act_from_form, done, form_page


@require(Permission.VIEW_HOME)
@require_http_methods(["GET", "HEAD", "POST"])
def report_post_page(request: ScopedRequest, post_type: str, post_id: int) -> HttpResponse:
    post = get_post(request.scope, post_type, post_id)
    form = ReportPostForm(request.POST or None)
    if act_from_form(
        request,
        form,
        lambda v: report_post(post=post, by=request.user, as_of=timezone.now(), **v),
    ):
        return done(
            request,
            "Thank you. The post is hidden; a moderator looks at it.",
            "reports:home",
        )
    return form_page(request, "teams/report_post.html", form, post=post)


@require(Permission.MODERATE_POSTS)
@require_safe
def held_posts_page(request: ScopedRequest) -> HttpResponse:
    rows = list(list_held(request.scope))
    return render(
        request,
        "teams/held_posts.html",
        {
            "waiting": [row for row in rows if row.state == HoldState.HIDDEN],
            "decided": [row for row in rows if row.state != HoldState.HIDDEN],
        },
    )


@require(Permission.MODERATE_POSTS)
@require_http_methods(["GET", "HEAD", "POST"])
def held_post_page(request: ScopedRequest, held_id: int) -> HttpResponse:
    """One report, with the way to the post, which the moderator still reads."""
    held = get_held(request.scope, held_id)
    form = DecidePostForm(request.POST or None)
    if act_from_form(
        request,
        form,
        lambda v: decide_about_post(
            held=held,
            state=HoldState(v["state"]),
            decision=v["decision"],
            by=request.user,
            as_of=timezone.now(),
        ),
    ):
        return done(request, "Your decision is kept, the author is told.", "teams:held_posts")
    return form_page(request, "teams/held_post.html", form, held=held, post=find_held(held))
