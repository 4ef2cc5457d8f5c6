"""Expected errors of the API as JSON: `{"error": code, "detail": sentence}`, like the pages' 403 and 409."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from rest_framework.response import Response
from rest_framework.views import exception_handler

from teams.errors import NotAllowed, StateRefused


def handle_exception(exception: Exception, context: dict[str, Any]) -> Response | None:
    if isinstance(exception, NotAllowed):
        transaction.set_rollback(True)
        return Response({"error": "not_allowed", "detail": str(exception)}, status=403)
    if isinstance(exception, StateRefused):
        transaction.set_rollback(True)
        return Response({"error": "state_refused", "detail": str(exception)}, status=409)
    return exception_handler(exception, context)
