"""What every request carries, and the one place where expected errors become pages."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from django.conf import settings
from django.core.exceptions import ObjectDoesNotExist
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.functional import SimpleLazyObject

from teams.actions.audit import ORIGIN, RequestOrigin
from teams.errors import NotAllowed, StateRefused
from teams.scoping import scope_of


def client_address(request: HttpRequest) -> str | None:
    """Address of the client; X-Forwarded-For counts only as far as trusted proxies wrote it."""
    forwarded = [p.strip() for p in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",") if p]
    if settings.PROXY_COUNT and len(forwarded) >= settings.PROXY_COUNT:
        return forwarded[-settings.PROXY_COUNT]
    return request.META.get("REMOTE_ADDR") or None


class RequestContextMiddleware:
    """Gives a request its id and scope, and turns refusals into 403, 404 and 409 pages."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request_id = str(uuid.uuid4())
        request.request_id = request_id  # type: ignore[attr-defined]
        request.scope = SimpleLazyObject(  # type: ignore[attr-defined]
            lambda: scope_of(request.user, on=timezone.localdate())
        )
        token = ORIGIN.set(RequestOrigin(request_id, client_address(request)))
        try:
            response = self.get_response(request)
        finally:
            ORIGIN.reset(token)
        if request.headers.get("X-Draft") and "Location" in response:
            # A script that sends a draft leads its reader on itself, once it has let go of the draft.
            response.status_code, response.content = 204, b""
            response["X-Location"] = response["Location"]
            del response["Location"]
        response["X-Request-ID"] = request_id
        # Pages hold results of named groups: no shared cache may keep them.
        response.setdefault(
            "Cache-Control", "no-store" if request.user.is_authenticated else "no-cache"
        )
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if isinstance(exception, NotAllowed):
            return render(request, "403.html", {"reason": str(exception)}, status=403)
        if isinstance(exception, StateRefused):
            return render(request, "409.html", {"reason": str(exception)}, status=409)
        if isinstance(exception, ObjectDoesNotExist):
            # The same answer for what is not there and for what belongs to another team.
            return render(request, "404.html", status=404)
        return None
