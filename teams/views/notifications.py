"""What a person was told, what the person wants to be told, and the e-mails that did not go out."""

from __future__ import annotations

from django.core import signing
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from teams.actions.notifications import (
    choose_notifications,
    read_notifications,
    resend_message,
    stop_emails,
)
from teams.enums import EMAIL_ONLY, TOPIC_MEANING, Topic
from teams.models import User
from teams.permissions import Permission, require
from teams.queries import (
    get_by_stop_link,
    list_own_choices,
    list_own_notifications,
    list_unsent_messages,
)
from teams.requests import ScopedRequest
from teams.views.acting import done


@require(Permission.VIEW_HOME)
@require_safe
def notifications_page(request: ScopedRequest) -> HttpResponse:
    page = Paginator(list_own_notifications(request.user), 25).get_page(request.GET.get("page"))
    return render(request, "teams/notifications.html", {"page": page})


@require(Permission.VIEW_HOME)
@require_POST
def read_all_notifications(request: ScopedRequest) -> HttpResponse:
    read_notifications(by=request.user, as_of=timezone.now())
    return done(request, "Everything is marked as read.", "teams:notifications")


@require(Permission.VIEW_HOME)
@require_POST
def open_notification(request: ScopedRequest, notification_id: int) -> HttpResponse:
    """Marks one as read and leads to what it is about."""
    notification = get_object_or_404(list_own_notifications(request.user), pk=notification_id)
    read_notifications(by=request.user, as_of=timezone.now(), only=notification.pk)
    return redirect(notification.path)


@require(Permission.VIEW_HOME)
@require_http_methods(["GET", "HEAD", "POST"])
def notification_preferences_page(request: ScopedRequest) -> HttpResponse:
    """Boxes and nothing else: there is nothing that could be typed wrong."""
    if request.method == "POST":
        choose_notifications(
            choices={
                topic: (f"{topic}-site" in request.POST, f"{topic}-email" in request.POST)
                for topic in Topic
            },
            by=request.user,
        )
        return done(request, "Your choice is saved.", "teams:notification_preferences")
    rows = [
        {
            "topic": topic,
            "meaning": TOPIC_MEANING[topic],
            "on_site": choice.on_site,
            "by_email": choice.by_email,
            "email_only": topic in EMAIL_ONLY,
        }
        for topic, choice in list_own_choices(request.user).items()
    ]
    return render(request, "teams/notification_preferences.html", {"rows": rows})


# The link is its own key, and mail programs send the POST of one click without a page before it.
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def stop_emails_page(request: HttpRequest, signed: str) -> HttpResponse:
    try:
        user, topic = get_by_stop_link(signed)
    except (signing.BadSignature, User.DoesNotExist) as problem:
        raise Http404("There is no such link.") from problem
    if request.method == "POST":
        stop_emails(by=user, topic=topic)
    return render(
        request, "teams/stop_emails.html", {"topic": topic, "stopped": request.method == "POST"}
    )


@require(Permission.MANAGE_MAIL)
@require_safe
def unsent_messages_page(request: ScopedRequest) -> HttpResponse:
    page = Paginator(list_unsent_messages(), 50).get_page(request.GET.get("page"))
    return render(request, "teams/unsent_messages.html", {"page": page})


@require(Permission.MANAGE_MAIL)
@require_POST
def resend_message_page(request: ScopedRequest, message_id: int) -> HttpResponse:
    message = get_object_or_404(list_unsent_messages(), pk=message_id)
    resend_message(message=message, by=request.user, as_of=timezone.now())
    return done(request, "The e-mail is tried again within a minute.", "teams:unsent_messages")
