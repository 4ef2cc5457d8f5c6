"""What the endpoints of every app have in common."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from drf_spectacular.utils import OpenApiResponse
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from teams.api.pagination import Pages
from teams.authentication import RequirePermission
from teams.scoping import Scope

ERRORS = {
    400: OpenApiResponse(description="A parameter is not known or does not fit."),
    403: OpenApiResponse(description="Your role does not include this."),
    404: OpenApiResponse(description="There is no such thing for you."),
}


class ScopedView(APIView):
    """An endpoint that sees what its reader sees. One without `required_permission` answers nobody."""

    permission_classes = [RequirePermission]

    @property
    def scope(self) -> Scope:
        return self.request._request.scope

    def paged(self, request: Request, items: Any, serializer: Any, **context: Any) -> Response:
        pages = Pages()
        page = pages.paginate_queryset(items, request, view=self)
        return pages.get_paginated_response(serializer(page, many=True, context=context).data)


def refuse_unknown(request: Request, known: Collection[str], *, pages: bool = True) -> None:
    """A mistyped filter must not quietly answer with everything. Raises ValidationError.

    pages: False where the whole is answered at once, whatever limit is asked for.
    """
    unknown = set(request.GET) - set(known) - {"format"}
    if pages:
        unknown -= {"limit", "offset"}
    if unknown:
        raise ValidationError({name: ["There is no such parameter."] for name in sorted(unknown)})


def refuse_other(request: Request, name: str, values: Collection[str]) -> str:
    """A parameter that is one of some values, or "" where it is not given. Raises ValidationError."""
    given = request.GET.get(name, "")
    if given and given not in values:
        raise ValidationError({name: ["Not one of " + ", ".join(values) + "."]})
    return given
