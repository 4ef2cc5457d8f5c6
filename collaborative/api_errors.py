"""Errors of the API as JSON: `{"error": code, "detail": sentence}`, plus `fields` where input was refused."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ObjectDoesNotExist
from django.core.exceptions import ValidationError as DjangoValidationError
from django.db import transaction
from django.http import Http404
from rest_framework.exceptions import (
    AuthenticationFailed,
    MethodNotAllowed,
    NotAuthenticated,
    NotFound,
    ParseError,
    PermissionDenied,
    Throttled,
    UnsupportedMediaType,
    ValidationError,
)
from rest_framework.response import Response
from rest_framework.views import exception_handler

from teams.errors import NotAllowed, StateRefused

_CODES: tuple[tuple[type[Exception], str], ...] = (
    (AuthenticationFailed, "sign_in_failed"),
    (NotAuthenticated, "sign_in_needed"),
    (PermissionDenied, "not_allowed"),
    (NotFound, "not_found"),
    (MethodNotAllowed, "method_not_allowed"),
    (UnsupportedMediaType, "media_type_not_supported"),
    (ParseError, "not_readable"),
    (Throttled, "too_many_requests"),
)


def handle_exception(exception: Exception, context: dict[str, Any]) -> Response | None:
    """A refusal undoes the request's transaction; what is not expected is left to Django."""
    if isinstance(exception, NotAllowed):
        return _refusal("not_allowed", str(exception), 403)
    if isinstance(exception, StateRefused):
        return _refusal("state_refused", str(exception), 409)
    if isinstance(exception, ObjectDoesNotExist | Http404):
        # The same answer for what is not there and for what belongs to another team.
        return _refusal("not_found", "There is nothing here that you can see.", 404)
    if isinstance(exception, DjangoValidationError):
        return _refusal("input_refused", " ".join(exception.messages), 400)
    response = exception_handler(exception, context)
    if response is None:
        return None
    if isinstance(exception, ValidationError):
        detail = "Some of what was sent cannot be accepted; see fields."
        response.data = {"error": "input_refused", "detail": detail, "fields": exception.detail}
        return response
    code = next((code for kind, code in _CODES if isinstance(exception, kind)), "refused")
    response.data = {"error": code, "detail": str(getattr(exception, "detail", exception))}
    return response


def _refusal(code: str, sentence: str, status: int) -> Response:
    if transaction.get_connection().in_atomic_block:
        transaction.set_rollback(True)
    return Response({"error": code, "detail": sentence}, status=status)
