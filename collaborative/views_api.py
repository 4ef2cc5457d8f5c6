"""The API's own description: the OpenAPI 3.1 schema and a page that reads it out. For everybody who is signed in."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.views import SpectacularAPIView

from collaborative.api_reference import read_sections
from teams.authentication import RequirePermission
from teams.permissions import Permission, require


class TokenScheme(OpenApiAuthenticationExtension):
    """How a token is sent, for the schema."""

    target_class = "teams.authentication.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {
            "type": "apiKey",
            "in": "header",
            "name": "Authorization",
            "description": "Write the word Token, a space and the key: `Token abc…`",
        }


class SchemaView(SpectacularAPIView):
    permission_classes = [RequirePermission]
    required_permission = Permission.VIEW_HOME


@require(Permission.VIEW_HOME)
@require_safe
def docs_page(request: HttpRequest) -> HttpResponse:
    """Every endpoint on one page that needs no script."""
    return render(request, "api_docs.html", {"sections": read_sections()})
